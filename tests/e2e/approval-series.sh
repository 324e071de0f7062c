#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign with a schedule is approved once for all its occurrences: each is sent as it was approved, whatever
# was saved meanwhile, to the newest rows, and all together spend no more than was approved for all. What
# cannot be kept as it was makes an occurrence missed.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"sandbox": true/"sandbox": false/' -e 's/"rate": 100/"rate": 2000/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3, "approval": "second-person" } ] }
JSON
start_loa
loa user add binh --roles approver >/dev/null
loa token add cua-binh --user binh --rights view,approve | sed 's/.*: //' >"$dir/token.binh"
binh() { loa "$@" --token-file "$dir/token.binh"; }
clock_to() { # TIME in Vietnam
	redis HSET loa:meta clock_offset_ms $((($(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s) - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
show() { loa campaign show "$1"; }
state() { show "$1" | sed -n 's/^  "state": "\([a-z]*\)".*/\1/p' | head -n 1; }
field() { show "$1" | sed -n "s/^  \"$2\": \([0-9]*\).*/\1/p"; }
has_fired() { [ "$(field "$1" fired)" = "$2" ] && [ "$(state "$1")" = "$3" ]; }
has_missed() { [ "$(field "$1" missed)" = "$2" ]; }
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }

make_list 40
sed -i '1s/$/;Hạn nộp/; 2,$s/$/;2027-10-28/' "$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null && loa segment save s l "so_dien_thoai != ''" >/dev/null || exit 1
printf 'Kính gửi {{ ho_ten }}, lời đã duyệt.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
make() { # NAME SCHEDULE
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"notice\",\"schedule\":$2}" >"$dir/$1.json"
	loa campaign create "$dir/$1.json" >/dev/null
}

clock_to '2027-10-01 12:00'
make y '{"anchor":"10-10","offsets":["-7d","-1d","0d"],"time":"08:00"}'
has "$(binh campaign launch y 2>&1)" 'needs the approval of a second person' 'a schedule is not launched without approval either'
has "$(loa campaign submit y --at 2027-10-03T08:00 2>&1)" 'contradicts its schedule' 'nor submitted for another time'
has "$(loa campaign submit y)" 'submitted: 40 messages' 'submitted it is counted for the next occurrence'
has "$(binh campaign approve y --ceiling-parts 90 --all-parts 100 --all-cost 1000000)" 'may spend 90 parts' 'approved for each run, and for all'
has "$(show y)" '"all": {' 'which it shows'
has "$(binh campaign launch y | head -n 1)" 'scheduled: 2027-10-03T08:00:00+07:00' 'launched it is scheduled'

printf 'Kính gửi {{ ho_ten }}, lời khác.' >"$dir/t2.txt"
loa template save t "$dir/t2.txt" >/dev/null
make_list 50
sed -i '1s/$/;Hạn nộp/; 2,$s/$/;2027-10-28/' "$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null
clock_to '2027-10-03 08:00:30'
until_true has_fired y 1 scheduled
ok $? 'the first occurrence is sent by itself'
is "$(accepted)" 50 'to the newest rows'
is "$(grep -c 'lời đã duyệt' "$dir/ledger")" "$(grep -c '"event":"accepted"' "$dir/ledger")" 'in the words that were approved'
clock_to '2027-10-09 08:00:30'
until_true has_fired y 2 scheduled
is "$(accepted)" 100 'the second, too: that is what was approved for all'
clock_to '2027-10-10 08:00:30'
until_true has_missed y 1
ok $? 'for the third nothing is left: it is missed'
has "$(show y)" 'have spent what was approved for all of them' 'and says so'
is "$(accepted)" 100 'nothing was sent'

# ---- a column of dates: what was submitted are the queries, not those of a day ----
clock_to '2027-10-20 12:00'
make r '{"column":"han_nop","offsets":["-3d","-1d"],"time":"08:00"}'
has "$(loa campaign submit r)" 'submitted: 50 messages' 'reminders by a column are counted for all rows: no day has more'
binh campaign approve r >/dev/null
ok $? 'and approved'
is "$(show r | grep -c 'han_nop >\|han_nop =')" 0 'as their segment says, whatever the day'
binh campaign launch r >/dev/null
clock_to '2027-10-25 08:00:30'
until_true has_fired r 1 scheduled
ok $? 'its first day is sent'
is "$(accepted)" 150 'to those whose day it is'

# ---- the price is another: not what was approved ----
sed -i 's/"\*": 450/"*": 451/' "$dir/loa.json"
kill -HUP "$loa_pid"
has_price() { loa campaign preview y --json | grep -q '"price": 451'; }
until_true has_price
clock_to '2027-10-27 08:00:30'
says_why() { show r | grep -q 'the providers or prices of '; }
until_true says_why
ok $? 'with another price an occurrence is missed, and says why'
is "$(accepted)" 150 'nothing was sent'
done_testing
