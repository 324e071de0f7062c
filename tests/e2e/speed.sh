#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign with a speed beside one without: the slow one is paced and holds up nobody, and is slowed
# down or let go while it runs. Caps: how many messages of a class a phone gets, over two campaigns
# and single messages that leave at the same time.
. "$(dirname "$0")/lib.sh"

texts() { grep '"event":"accepted"' "$dir/ledger" | grep -c "\"text\":\"$1"; }
has_texts() { [ "$(texts "$1")" -ge "$2" ]; }
most_in_a_second() { # TEXT
	grep '"event":"accepted"' "$dir/ledger" | grep "\"text\":\"$1" | sed -n 's/.*"at_us":\([0-9]*\).*/\1/p' | sort -n | awk '
		{ at[NR] = $1; while (at[NR] - at[from + 1] >= 1000000) from++; if (NR - from > most) most = NR - from }
		END { print most + 0 }'
}
campaign() { # NAME CLASS FROM TO [MORE]: its text begins with its name
	loa segment save "$1" l "stt >= $3 and stt < $4" >/dev/null &&
		printf '%s: moi {{ ho_ten }} den xa.' "$1" >"$dir/t.txt" &&
		loa template save "$1" "$dir/t.txt" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"$1\",\"segments\":[\"$1\"],\"class\":\"$2\"${5:-}}" >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null
}

start_gateway --dedupe forever --latency 20
write_config -e 's/"rate": 100/"rate": 300/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cat >"$dir/policy.json" <<'JSON'
{ "classes": [ { "class": "notice", "priority": 3 },
               { "class": "personal", "priority": 1, "caps": { "day": 1 } },
               { "class": "advert", "priority": 5, "caps": { "day": 1, "week": 2 } },
               { "class": "duty", "priority": 3, "caps": { "day": 1, "over": "later" } } ] }
JSON
start_loa
{
	echo 'STT;Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 2000; i++) printf "%d;Nguyễn Văn Thử;091%07d\n", i, 1000000 + i * 7 }'
} >"$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null

# ---- speed ----
campaign slow notice 0 400 ',"speed":20'
campaign fast notice 0 1200
loa campaign launch slow >/dev/null
until_true has_texts slow 5
loa campaign launch fast >/dev/null
until_true is_finished fast
slow=$(texts slow)
ok $((slow >= 400)) "the fast one ends while the slow one goes on ($slow of 400)"
most=$(most_in_a_second slow)
ok $((most > 21)) "no second has more than twenty of the slow one, and one that came late (most: $most)"
has "$(loa campaign show slow --json)" '"speed": 20' 'it says its speed'
loa campaign speed slow 2 >/dev/null
before=$(texts slow)
sleep 2
now=$(texts slow)
ok $((now - before > 12)) "slowed down while it goes ($((now - before)) in two seconds)"
is "$(loa campaign speed slow 0)" 'speed: as its providers allow' 'and let go'
until_true is_finished slow
is "$(report_of slow accepted)" 400 'all of it is accepted'
is "$(loa campaign speed slow x 2>&1 | grep -c 'is no number')" 1 'a speed that is no number is refused'

# ---- caps ----
campaign first advert 0 600
campaign second advert 300 900
loa campaign launch first >/dev/null
loa campaign launch second >/dev/null
until_true is_finished first
until_true is_finished second
is "$(sed -n '/"event":"accepted"/s/.*"to":"\([0-9]*\)".*"text":"\(first\|second\).*/\1/p' "$dir/ledger" | sort | uniq -d | wc -l)" 0 \
	'of two campaigns at the same time nobody gets more than one advert a day'
is "$(($(report_of first accepted) + $(report_of second accepted)))" 900 'and everybody one'
is "$(($(report_of first skipped) + $(report_of second skipped)))" 300 'the others are left out'
has "$(loa campaign results second --state skipped; loa campaign results first --state skipped)" \
	'has had as many messages as the policy allows' 'the results say why'
campaign third duty 0 50
campaign fourth duty 0 60
loa campaign launch third >/dev/null
until_true is_finished third
loa campaign launch fourth >/dev/null
until_true has_texts fourth 10
is "$(texts fourth)" 10 'with "later" who has had his waits'
is "$(report_of fourth state)" running 'and the run is not over'
redis HSET loa:meta clock_offset_ms 87000000 >/dev/null # a day and ten minutes on
redis PUBLISH loa:tick run >/dev/null
until_true is_finished fourth
is "$(texts fourth)" 60 'until his day is over'
for c in slow fast first second third fourth; do
	is "$(report_of $c counters)" agree "the counters of $c agree with its records"
done
redis HSET loa:meta clock_offset_ms 0 >/dev/null

# ---- single messages ----
for i in 1 2; do
	loa send 0912345678 "rieng: so $i" --class personal >/dev/null
done
until_true has_texts rieng 1
sleep 0.5
is "$(texts rieng)" 1 'single messages count, too'
done_testing
