#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Campaigns that share a lane: the more urgent goes first and the other one says so; equals share.
. "$(dirname "$0")/lib.sh"

texts() { grep '"event":"accepted"' "$dir/ledger" | grep -c "\"text\":\"$1"; }
has_texts() { [ "$(texts "$1")" -ge "$2" ]; }
campaign() { # NAME CLASS FROM TO [MORE]: its text begins with its name
	loa segment save "$1" l "stt >= $3 and stt < $4" >/dev/null &&
		printf '%s: moi {{ ho_ten }} den xa.' "$1" >"$dir/t.txt" &&
		loa template save "$1" "$dir/t.txt" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"$1\",\"segments\":[\"$1\"],\"class\":\"$2\"${5:-}}" >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null
}
says() { # NAME WORDS
	timeout 3 "$B/loa" campaign watch "$1" --json --data "$dir/data" | head -n 1 | grep -q "\"waiting_for\":\"$2"
}
# How many of the texts of FIRST and of SECOND stand among the first N of both in the ledger.
among() { # N FIRST SECOND
	grep '"event":"accepted"' "$dir/ledger" | grep -E "\"text\":\"($2|$3):" | head -n "$1" | awk -v a="\"text\":\"$2:" \
		'index($0, a) { n++ } END { print n + 0, NR - n }'
}

start_gateway --dedupe forever --latency 20
write_config -e 's/"rate": 100/"rate": 200/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
{
	echo 'STT;Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 4000; i++) printf "%d;Nguyễn Văn Thử;091%07d\n", i, 1000000 + i * 7 }'
} >"$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null

# ---- the urgent first ----
campaign gap personal 0 1000
campaign thuong notice 1000 1200
loa campaign launch gap >/dev/null
until_true has_texts gap 20
loa campaign launch thuong >/dev/null
until_true says thuong 'other campaigns of the lane go first'
ok $? 'a campaign that waits for a more urgent one says so'
until_true is_finished gap
until_true is_finished thuong
read -r first second <<<"$(among 1000 gap thuong)"
ok $((second > 30)) "it gets nothing while the other has work ($second of the first 1,000)"
is "$(report_of thuong accepted)" 200 'and all of it afterwards'

# Two that have work at the same time, however long a launch takes.
launch_both() { # FIRST SECOND
	loa campaign launch "$1" >/dev/null
	until_true has_texts "$1" 1
	loa campaign pause "$1" >/dev/null
	loa campaign launch "$2" >/dev/null
	until_true has_texts "$2" 1
	loa campaign resume "$1" >/dev/null
	until_true has_texts "$1" $(($(texts "$1") + 20))
}

# ---- equals share ----
campaign mot notice 0 1600
campaign hai notice 1600 3200
launch_both mot hai
first=$(texts mot) second=$(texts hai)
until_true has_texts hai $((second + 600))
n=$(($(texts mot) - first))
ok $((n < 350 || n > 850)) "both share, a second's worth more or less ($n beside 600)"
until_true is_finished mot
until_true is_finished hai
is "$(report_of mot accepted) $(report_of hai accepted)" '1600 1600' 'both get to their end'

# ---- weights ----
campaign ba notice 0 1200
campaign bon notice 1200 3200 ',"weight":50'
has "$(loa campaign show ba --json)" '"weight": 100' 'a campaign has the usual weight'
has "$(loa campaign show bon --json)" '"weight": 50' 'or what its definition says'
launch_both ba bon
is "$(loa campaign weight bon 400)" 'weight: 400 (100 is usual)' 'a weight is changed while it goes'
has "$(loa campaign show bon --json)" '"weight": 400' 'and shown'
until_true has_texts bon $(($(texts bon) + 400)) # what was claimed before is sent
before=$(texts ba)
until_true has_texts bon $(($(texts bon) + 800))
n=$(($(texts ba) - before))
ok $((n < 50 || n > 420)) "four times as much for it ($n of the other beside 800)"
has "$(loa audit ls)" 'campaign.weight' 'the audit says who did it'
is "$(loa campaign weight bon 0 2>&1 | grep -c 'must be between 1 and 1000')" 1 'a weight of nothing is refused'
is "$(loa campaign weight bon x 2>&1 | grep -c 'is no number')" 1 'and one that is no number'
until_true is_finished ba
until_true is_finished bon
is "$(report_of ba accepted) $(report_of bon accepted)" '1200 2000' 'both get to their end'

done_testing
