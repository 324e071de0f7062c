#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Campaigns that have a time: two servers on one Redis, the clock moved in Redis. A date fires once
# whatever is killed; what nobody fired, or could not be launched, is shown and left to a person.
. "$(dirname "$0")/lib.sh"

redis-server --port 0 --unixsocket "$dir/redis.sock" --save '' --appendonly no --dir "$dir" >"$dir/redis.out" 2>&1 &
own_redis=$!
second=''
clean_up_all() {
	[ -z "$second" ] || { kill "$second" 2>/dev/null; wait "$second" 2>/dev/null; }
	kill "$own_redis" 2>/dev/null
	wait "$own_redis" 2>/dev/null
	clean_up
}
trap clean_up_all EXIT
redis() { redis-cli -s "$dir/redis.sock" "$@"; }
until_true redis PING

start_second() {
	: >"$dir/second.out"
	"$B/loa" serve --config "$dir/loa.json" --data "$dir/data2" --listen 127.0.0.1:0 >"$dir/second.out" 2>>"$dir/loa.log" &
	second=$!
	until_true grep -q serving "$dir/second.out"
}
kill_second() {
	kill -9 "$second"
	wait "$second" 2>/dev/null
}
kill_first() {
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
}
offset_s=0
move_clock() { # seconds
	offset_s=$((offset_s + $1))
	redis HSET loa:meta clock_offset_ms $((offset_s * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
in_minutes() { # N: that time in Vietnam, as it is written on the command line
	TZ=Asia/Ho_Chi_Minh date -d "@$(($(date +%s) + offset_s + $1 * 60))" +%Y-%m-%dT%H:%M
}
state() { loa campaign show "$1" | sed -n 's/^ *"state": "\([a-z]*\)".*/\1/p'; }
is_in() { [ "$(state "$1")" = "$2" ]; }
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }

mkdir -p "$dir/data" "$dir/data2"
start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
	-e "s|\"log_level\": \"info\"|\"log_level\": \"info\", \"redis_socket\": \"$dir/redis.sock\"|"
start_loa
start_second
make_list 300
make_campaign "so_dien_thoai != ''"
ok $? 'two servers on one Redis'

has "$(loa campaign launch c --at 2020-01-01T08:00 2>&1)" 'not in the future' 'a time that is past is refused'
has "$(loa campaign launch c --at 2099-01-01T08:00 2>&1)" 'two years' 'one that is too far, too'
has "$(loa campaign launch c --at 2027-02-30T08:00 2>&1)" 'loa: at' 'one that the calendar does not have, too'
at=$(in_minutes 30)
is "$(loa campaign launch c --at "$at")" "scheduled: $at:00+07:00" 'it is given a time'
has "$(loa campaign ls)" "(at $at:00+07:00)" 'the list of campaigns shows it'
has "$(loa campaign show c)" "\"due\": \"$at:00+07:00\"" 'so does the campaign'
has "$(loa campaign preview c)" "goes at $at:00+07:00" 'and its preview'
has "$(loa campaign launch c 2>&1)" 'unschedule it first' 'launched besides it would go early: refused'
has "$(loa campaign cancel c --yes 2>&1)" 'unschedule' 'a cancel says what to do'
kill_second
start_second
is "$(accepted)" 0 'nothing has left'
move_clock 1810
until_true is_in c finished
ok $? 'at its time it is sent'
is "$(accepted)" 300 'to everybody'
is "$(gateway_stat accepted_again)" 0 'once'
is "$(redis KEYS 'loa:run:*' | grep -c '^loa:run:[0-9]*$')" 1 'there is one run'

# ---- nobody was there ----
loa campaign clone c late >/dev/null
loa campaign launch late --at "$(in_minutes 10)" >/dev/null
loa campaign clone c soon >/dev/null
loa campaign launch soon --at "$(in_minutes 100)" >/dev/null
kill_first
kill_second
move_clock 7200
start_loa
start_second
until_true is_in late missed
ok $? 'two hours late it is missed'
has "$(loa campaign ls)" 'no server was running' 'and says so'
until_true is_in soon finished
ok $? 'what is less than an hour late is sent'
is "$(accepted)" 600 'and only that'
has "$(loa campaign launch late)" 'launched' 'a person launches what was missed'
until_true is_in late finished
is "$(accepted)" 900 'then it is sent'

# ---- taken back; not to be launched any more ----
loa campaign clone c back >/dev/null
loa campaign launch back --at "$(in_minutes 10)" >/dev/null
is "$(loa campaign unschedule back)" draft 'a time is taken back'
loa campaign clone c broken >/dev/null
loa campaign launch broken --at "$(in_minutes 10)" >/dev/null
sed 's/^Họ và tên/Tên/' "$dir/list.csv" >"$dir/other.csv"
loa list import l "$dir/other.csv" >/dev/null
move_clock 660
until_true is_in broken missed
ok $? 'what does not fit its list any more is missed'
has "$(loa campaign show broken)" 'ho_ten' 'its problem names the field'
has "$(grep 'result=missed' "$dir/loa.log")" 'ho_ten' 'the log has it'
is "$(state back)" draft 'what was taken back stays a draft'
is "$(accepted)" 900 'nothing more was sent'
done_testing
