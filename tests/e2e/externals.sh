#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Segments that ask for other lists and campaigns: counts by hand arithmetic and beside the results,
# mistakes with their place, and a run whose people stay those of its launch, whatever is killed
# and whatever changes.
. "$(dirname "$0")/lib.sh"

start_gateway --moods --dedupe forever --receipts delivered --receipt-delay 10 --receipt-batch 100 --receipt-tries 1000
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"log_level": "info"/"log_level": "info", "brake_refused_pct": 0/'
start_loa

# 400 people: a hundred are refused at the gateway, a hundred not delivered, two hundred delivered.
# 20 further rows share the phone of one who is delivered to.
awk 'BEGIN {
	print "Họ và tên;Số điện thoại;Xã"
	for (i = 0; i < 420; i++) {
		k = i < 400 ? i : (i - 400) * 4 + 2
		last = k % 4 == 0 ? "0001" : k % 4 == 1 ? "0003" : 2000 + k
		printf "Người thử %d;0912%02d%s;Xã số %d\n", i, k / 4, last, i % 7
	}
}' >"$dir/list.csv"
# Of them the first 50 who are delivered to, as others write phones, and 30 who are not in the list.
awk 'BEGIN {
	print "Tên;SĐT"
	for (i = 0; i < 50; i++) { k = int(i / 2) * 4 + 2 + i % 2; printf "A;+84 912 %02d%s\n", k / 4, 2000 + k }
	for (i = 0; i < 30; i++) printf "B;09330000%02d\n", i
}' >"$dir/m.csv"
make_campaign "so_dien_thoai != ''"
loa list import m "$dir/m.csv" >/dev/null
loa campaign clone c a >/dev/null && loa campaign launch a >/dev/null && until_true is_finished a
ok $? 'a campaign is sent to 420 rows'

count() { # QUERY: rows of l
	loa segment save q l "$1" >/dev/null && loa segment count q | cut -d' ' -f1
}
save() { loa segment save q l "$1" 2>&1; }
results() { loa campaign results a --state "$1" | sed 1d | wc -l; } # STATE

# ---- counts ----
is "$(count 'reached_by("a")')" 220 'reached are 200, and the 20 rows with their phones'
is "$(count 'NOT reached_by("a")')" 200 'not reached are all others'
is "$(count 'reached_by("a") OR NOT reached_by("a")')" 420 'together they are the list'
is "$(count "reached_by('$(redis HGET loa:names:campaign a)')")" 220 'a campaign goes by its number too'
for state in refused undeliverable; do
	is "$(count "state('a', '$state')")" "$(results $state)" "who is $state is as many as in the results"
	is "$(results $state)" 100 'a hundred'
done
is "$(results delivered)" 200 'delivered are 200 messages'
is "$(count "state('a', 'delivered')")" 220 'to the phones of 220 rows'
is "$(results skipped)" 20 'skipped are 20 rows, as their phones had been written to'
is "$(count "state('a', 'skipped')")" 0 'they are nobody whose message was skipped'
is "$(count "state('a', 'waiting')")" 0 'nobody waits'
is "$(count "state('a', 'refused') OR state('a', 'undeliverable')")" 200 'two states of one campaign are both'
is "$(count "state('a', 'refused') AND state('a', 'undeliverable')")" 0 'nobody is in both'
is "$(count "in_list('m')")" 70 'of the other list are 50, and the 20 rows that share their phones'
is "$(count "NOT in_list('m')")" 350 'the others are not'
is "$(count "reached_by('a') AND in_list('m')")" 70 'all of these were reached'
is "$(count "NOT reached_by('a') OR in_list('m')")" 270 'not reached or of the other list are 200 and 70'
loa list import m "$dir/list.csv" >/dev/null
is "$(count "in_list('m')")" 420 'of a list its newest version counts'
loa list undo m >/dev/null
is "$(count "in_list('m')")" 70 'taken back, the one before'

# ---- mistakes ----
loa campaign clone c never >/dev/null
out=$(save "in_list('m') AND in_list('mm')")
is $? 1 'a list that is not there is refused'
has "$out" $'AND in_list(\'mm\')\n                         ^ there' 'with its place'
has "$out" 'there is no list "mm": did you mean "m"?' 'and the nearest name'
has "$(save "reached_by('nevr')")" 'there is no campaign "nevr": did you mean "never"?' 'a campaign, too'
has "$(save "reached_by('không có chiến dịch này')")" 'see loa campaign ls' 'or where to look'
has "$(save "state('a', 'refusd')")" 'there is no state "refusd": did you mean "refused"?' 'and a state'
has "$(save "state('a', 'refused') AND khong_co = 1")" 'khong_co' 'and a column, before anything is read'
has "$(save "in_list('a/b:c')")" 'there is no list' 'what can be no name is none'
save "reached_by('never')" >/dev/null
ok $? 'a campaign that has not been launched may be named'
out=$(loa segment count q 2>&1)
is $? 1 'but not be counted'
has "$out" 'has not been launched yet' 'and it says why'
loa send 0912345678 'Hồ sơ của ông/bà đã có kết quả.' >/dev/null
save "reached_by('$(loa campaign ls | grep -o 'notices-[^ ]*' | head -n 1)')" >/dev/null
has "$(loa segment count q 2>&1)" 'single messages' 'single messages have no list'

# ---- frozen at its launch ----
# Not reached are the 100 who were refused and the 100 who were not delivered to; of the other list
# are 50, and 20 rows that share phones of them.
people="NOT reached_by('a') OR in_list('m')"
run_of() { redis HGET "loa:campaign:$(redis HGET loa:names:campaign "$1")" run; }
crash_at() { # POINT: the server is started with it
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	export LOA_CRASH_AT=$1
	start_loa
	unset LOA_CRASH_AT
}
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
loa segment save who l "$people" >/dev/null
echo '{"name":"b","template":"t","segments":["who"],"class":"notice"}' >"$dir/b.json"
loa campaign create "$dir/b.json" >/dev/null
loa list import m "$dir/list.csv" >/dev/null # its version 2
loa list undo m >/dev/null
has "$(loa campaign preview b)" '270' 'the preview has 270 rows'

crash_at sets.written:1
loa campaign launch b >/dev/null 2>&1
until_true is_gone
wait "$loa_pid" 2>/dev/null
is "$(run_of b)" '' 'killed before the launch there is no run'
left=$(redis KEYS 'loa:run:*:set:*' | head -n 1)
ok "$((!($(redis TTL "$left") > 0)))" 'what was written for it expires'
start_loa
crash_at freeze.ask:1
loa campaign launch b >/dev/null 2>&1
until_true is_gone
wait "$loa_pid" 2>/dev/null
run=$(run_of b)
ok "$((!(run > 0)))" 'killed while it is frozen there is one'
is "$(redis HGET "loa:run:$run" slice)" 0 'of which nothing is frozen'
is "$(redis TTL "loa:run:$run:set:0:0") $(redis TTL "loa:run:$run:set:1:0")" '-1 -1' 'its sets stay'
is "$(redis HGET "loa:run:$run" sets)" '[["reached_by","a","",1,200],["in_list","m","",1,80]]' 'it says what they are'
redis HSET loa:list:m version 2 >/dev/null # all are in it now
start_loa
is "$(count "$people")" 420 'the list that it asks for is another now'
until_true is_finished b
ok $? 'it is finished'
is "$(report_of b audience)" 270 'its people are those of the launch'
is "$(report_of b skipped) $(report_of b refused) $(report_of b undeliverable) $(report_of b delivered)" '20 100 100 50' 'each of them once'
ok "$((!($(redis TTL "loa:run:$run:set:0:0") > 0)))" 'when it is frozen its sets may go'
is "$(loa campaign report b --json | json_field records) $(loa campaign report b --json | json_field counters)" '270 agree' 'the sums hold'
redis HSET loa:list:m version 1 >/dev/null

# Killed before, and behind the step of the launch.
for point in launch.ask:1 launch.reply:1; do
	next=b-${point%:*}
	loa campaign clone b "$next" >/dev/null
	crash_at $point
	loa campaign launch "$next" >/dev/null 2>&1
	until_true is_gone
	wait "$loa_pid" 2>/dev/null
	start_loa
	loa campaign launch "$next" >/dev/null
	until_true is_finished "$next"
	is "$(report_of "$next" audience)" 270 "killed at $point, launched again, it has its people"
done

# ---- of more than one piece ----
# 150,000 others, and all of the list but the ten last of the 400, who share their phones with nobody.
{
	sed -n '1,391p' "$dir/list.csv"
	awk 'BEGIN { for (i = 0; i < 150000; i++) printf "C;098%07d;X\n", i * 61 }'
} >"$dir/big.csv"
loa list import big "$dir/big.csv" >/dev/null
loa segment save few l "NOT in_list('big')" >/dev/null
echo '{"name":"few","template":"t","segments":["few"],"class":"notice"}' >"$dir/few.json"
loa campaign create "$dir/few.json" >/dev/null && loa campaign launch few >/dev/null && until_true is_finished few
is "$(report_of few audience)" 10 'who is not in a large list is written to'
is "$(redis HGET "loa:run:$(run_of few)" sets)" '[["in_list","big","",2,150390]]' 'its set is written in two pieces'

# ---- a time ----
loa segment save next l "reached_by('never')" >/dev/null
echo '{"name":"next","template":"t","segments":["next"],"class":"notice"}' >"$dir/next.json"
loa campaign create "$dir/next.json" >/dev/null
has "$(loa campaign launch next 2>&1)" 'segment next: character 12: this campaign has not been launched' 'what has reached nobody yet cannot be launched after it'
loa campaign launch next --at "$(TZ=Asia/Ho_Chi_Minh date -d '+30 minutes' +%Y-%m-%dT%H:%M)" >/dev/null
ok $? 'but be given a time'
loa campaign launch never >/dev/null
until_true is_finished never
redis HSET loa:meta clock_offset_ms 1900000 >/dev/null
redis PUBLISH loa:tick run >/dev/null
until_true is_finished next
ok $? 'at its time it is sent'
is "$(report_of next audience) $(report_of next delivered)" '220 200' 'to who was reached until then'
done_testing
