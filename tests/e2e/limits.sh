#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Limits beside the rate, seen at the gateway: parts, requests, a day that ends at midnight in Vietnam,
# a brandname that two providers share, a unit; new limits of a running server count at once.
. "$(dirname "$0")/lib.sh"

accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
has_accepted() { [ "$(accepted)" -ge "$1" ]; }
# The most events NAME in any second at the gateway.
most_in_a_second() {
	sed -n 's/.*"event":"'"$1"'","at_us":\([0-9]*\).*/\1/p' "$dir/ledger" | sort -n | awk '
		{ at[NR] = $1; while (at[NR] - at[from + 1] >= 1000000) from++; if (NR - from > most) most = NR - from }
		END { print most + 0 }'
}
provider() { # NAME LIMITS: of the sandbox of config/demo, 500 a second
	sed -n '/^    {$/,/^    }$/p' "$dir/one.json" | sed -e "s/\"name\": \"mo-phong\"/\"name\": \"$1\", \"limits\": [$2]/"
}
# config LIMITS-OF-THE-FILE LIMITS-OF-a [LIMITS-OF-b]: one provider, or two that share the carriers
config() {
	local route='"*": "a"'
	{
		sed '/"providers"/,$d' "$dir/one.json"
		echo "\"limits\": [$1],\"providers\": ["
		provider a "$2"
		if [ $# -gt 2 ]; then
			echo ,
			provider b "$3"
			route='"viettel": "b", "*": "a"'
		fi
		echo "],\"route\": { $route } }"
	} >"$dir/loa.json"
}
reload() {
	local n
	n=$(grep -c 'config=reload result=done' "$dir/loa.log")
	kill -HUP "$loa_pid"
	until_true eval '[ "$(grep -c "config=reload result=done" "$dir/loa.log")" -gt '"$n"' ]'
}
campaign() { # NAME FROM TO: rows of the list
	loa segment save "$1" l "stt >= $2 and stt < $3" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"$1\"],\"class\":\"notice\"}" >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null && loa campaign launch "$1" >/dev/null
}
says() { timeout 5 "$B/loa" provider ls --json --data "$dir/data" | grep -qF "$1"; }
set_clock() { # seconds since 1970 that Redis's clock shows; whatever waits looks again
	redis HSET loa:meta clock_offset_ms $((($1 - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 500/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
mv "$dir/loa.json" "$dir/one.json"

# ---- mistakes ----
config '{"of":"brandname","brandname":"UBND-AG","per":"day","most":9}' '{"of":"unit","per":"day","most":9}'
has "$("$B/loa" serve --config "$dir/loa.json" --data "$dir/data" 2>&1)" 'providers[0].limits[0].of' \
	"a unit's limit in a provider's list is refused with its place"
config '{"of":"brandnam","per":"day","most":9}' ''
has "$("$B/loa" serve --config "$dir/loa.json" --data "$dir/data" 2>&1)" 'limits[0].of' 'a misspelt word, too'

# ---- parts ----
config '' '{"counts":"parts","per":"second","most":60}'
start_loa
{
	echo 'STT;Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 1000; i++) printf "%d;Nguyễn Văn Thử;0%s%07d\n", i, i % 2 ? "97" : "91", 1000000 + i * 7 }'
} >"$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null
printf 'Kính gửi {{ ho_ten }}, mời ông/bà đến nộp hồ sơ tại trung tâm hành chính công của xã, thời gian từ 8 giờ.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
campaign parts 0 120
until_true is_finished parts
is "$(report_of parts accepted)" 120 'all of a run under a limit of parts is accepted'
most=$(most_in_a_second accepted)
ok $((most > 31)) "of two parts each no second has more than thirty, and one that came late (most: $most)"

# ---- requests, taken over by HUP ----
before=$(accepted)
config '' '{"counts":"requests","per":"second","most":10}'
reload
campaign requests 200 240
until_true is_finished requests
is "$(($(accepted) - before))" 40 'after HUP other limits count'
requests=$(tail -n 40 "$dir/ledger" | sed -n 's/.*"at_us":\([0-9]*\).*"request":\([0-9]*\).*/\1 \2/p' | sort -u -k2,2 | awk '{ print $1 }' | sort -n |
	awk '{ at[NR] = $1; while (at[NR] - at[from + 1] >= 1000000) from++; if (NR - from > most) most = NR - from } END { print most + 0 }')
ok $((requests > 11)) "no second has more than ten requests, and one that came late (most: $requests)"

# ---- a day ----
config '' '{"counts":"messages","per":"day","most":50}'
reload
set_clock 1798736100 # 2026-12-31T23:55+07:00
before=$(accepted)
campaign day 300 400
until_true says "the day's 50 messages of provider a are used up"
ok $? 'a day that is used up is what the lane waits for'
until_true has_accepted $((before + 50)) # some were not let go when the clock was set
is "$(($(accepted) - before))" 50 'and exactly fifty have left'
set_clock 1798736390
sleep 0.2
is "$(($(accepted) - before))" 50 'ten seconds before midnight in Vietnam it is the same'
set_clock 1798736401
until_true has_accepted $((before + 100))
ok $? 'after midnight the others leave'
set_clock 1798822801

# ---- a brandname over two providers ----
config '{"of":"brandname","brandname":"ubnd-ag","counts":"messages","per":"day","most":60}' '' ''
reload
before=$(accepted)
campaign brandname 400 600
until_true says "the day's 60 messages of brandname ubnd-ag are used up"
ok $? 'a brandname is used up over both providers'
until_true has_accepted $((before + 60)) # the last ones may be on the wire still
is "$(($(accepted) - before))" 60 'and exactly sixty have left'
config '{"of":"brandname","brandname":"ubnd-ag","counts":"messages","per":"day","most":80}' '' ''
reload
until_true has_accepted $((before + 80))
sleep 0.2
is "$(($(accepted) - before))" 80 'raised by twenty while they wait, twenty more leave'
config '' '' ''
reload
until_true is_finished brandname
ok $? 'taken out, the rest leaves'

# ---- a unit ----
config '{"of":"unit","counts":"messages","per":"day","most":30}' '' ''
reload
before=$(accepted)
campaign unit 600 700
until_true has_accepted $((before + 30))
sleep 0.3
is "$(($(accepted) - before))" 30 'a unit sends what it may'
until_true says "the day's 30 messages of unit 1 are used up"
ok $? 'and the lane says why the rest waits'
config '' '' ''
reload
until_true is_finished unit
ok $? 'without the limit it ends'
for c in parts requests day brandname unit; do
	is "$(report_of $c counters)" agree "the counters of $c agree with its records"
done
done_testing
