#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign with a schedule: two servers on one Redis, the clock moved in Redis. Each occurrence fires once,
# as a run of its own, whatever is killed; one that comes due while the run before it goes on waits for its
# end; what nobody fired is put off or missed, as its policy says, and told.
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
redis() { redis-cli -s "$dir/redis.sock" --raw "$@"; }
until_true redis PING

start_second() {
	: >"$dir/second.out"
	"$B/loa" serve --config "$dir/loa.json" --data "$dir/data2" --listen 127.0.0.1:0 >"$dir/second.out" 2>>"$dir/loa.log" &
	second=$!
	until_true grep -q serving "$dir/second.out"
}
kill_both() {
	kill -9 "$loa_pid" "$second"
	wait "$loa_pid" "$second" 2>/dev/null
}
start_both() { start_loa && start_second; }
# The clock of the servers stays; Redis's, by which is fired, is set.
clock_to() { # TIME in Vietnam
	offset_s=$(($(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s) - $(date +%s)))
	redis HSET loa:meta clock_offset_ms $((offset_s * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
show() { loa campaign show "$1"; }
state() { show "$1" | sed -n 's/^    *"state": "\([a-z]*\)".*/\1/p;s/^  "state": "\([a-z]*\)".*/\1/p' | head -n 1; }
due() { show "$1" | sed -n 's/^  "due": "\([^"]*\)".*/\1/p'; }
field() { show "$1" | sed -n "s/^  \"$2\": \([0-9]*\).*/\1/p"; }
is_in() { [ "$(state "$1")" = "$2" ]; }
has_fired() { [ "$(field "$1" fired)" = "$2" ] && is_in "$1" "$3"; } # CAMPAIGN N STATE
has_missed() { [ "$(field "$1" missed)" = "$2" ] && is_in "$1" "$3"; }
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
runs() { redis KEYS 'loa:run:*' | grep -c '^loa:run:[0-9]*$'; }

mkdir -p "$dir/data" "$dir/data2"
start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
	-e "s|\"log_level\": \"info\"|\"log_level\": \"info\", \"redis_socket\": \"$dir/redis.sock\"|"
start_both
make_list 200
make_campaign "so_dien_thoai != ''"
campaign() { # NAME MORE: a campaign with a schedule
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"notice\",$2}" >"$dir/$1.json"
	loa campaign create "$dir/$1.json"
}

# ---- what is refused ----
has "$(campaign x '"schedule":{"at":"2020-01-01T08:00"}' 2>&1)" 'no occurrence from now on' 'a schedule that is over is refused'
has "$(campaign x '"schedule":{"rrule":"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30","time":"08:00"}' 2>&1)" \
	'no occurrence' 'one that never fires, too'
has "$(campaign x '"schedule":{"rrule":"FREQ=MINUTELY"}' 2>&1)" 'ten minutes' 'one that fires each minute, too'
has "$(campaign x '"schedule":{"anchor":"noel","time":"08:00"}' 2>&1)" 'schedule.anchor' 'a feast that there is not, with its place'
has "$(campaign x '"schedule":{"anchor":"10-10","time":"08:00"},"late":{"then":"later"}' 2>&1)" 'late.then' 'so is a policy that is none'

# ---- -7d, -1d, 0d of 10 October ----
clock_to '2027-09-20 12:00'
campaign y '"schedule":{"anchor":"10-10","offsets":["-7d","-1d","0d"],"time":"08:00"}' >/dev/null
loa campaign launch y >"$dir/said"
is "$(head -n 1 "$dir/said")" 'scheduled: 2027-10-03T08:00:00+07:00' 'the first occurrence is next'
has "$(cat "$dir/said")" 'then: 2027-10-09T08:00:00+07:00, Saturday' 'the others are told, with their days'
has "$(cat "$dir/said")" 'note: 2027-10-10 is a Sunday: Ngày Chuyển đổi số quốc gia' 'who falls on a weekend is warned of'
has "$(loa campaign launch y --at 2027-12-01T08:00 2>&1)" 'contradicts its schedule' 'another time besides is refused'
clock_to '2027-10-03 08:00:01'
until_true has_fired y 1 scheduled
ok $? 'it fires, and is scheduled again when its run has ended'
is "$(accepted)" 200 'everybody was written to'
is "$(due y)" '2027-10-09T08:00:00+07:00' 'its next time is the day before'
first=$(show y | sed -n 's/^ *"run": \([0-9]*\).*/\1/p' | head -n 1)

# New people are in the next run; killed at its time it fires once.
make_list 260 && loa list import l "$dir/list.csv" >/dev/null
kill_both
clock_to '2027-10-09 08:20'
start_both
until_true has_fired y 2 scheduled
ok $? 'a time that passed while all were killed fires when they are back'
is "$(accepted)" 460 'once, with the list as it is now'
is "$(runs)" 2 'each occurrence is a run of its own'
is "$(loa campaign report y --run "$first" --json | json_field audience)" 200 'the report of the first run is there still'
is "$(loa campaign report y --json | json_field audience)" 260 'by itself the newest is reported'
is "$(loa campaign results y --run "$first" | wc -l)" 201 'results are of the run that was asked for'
has "$(loa campaign report y --run 999 2>&1)" 'no run of y' 'another is none of its runs'
has "$(loa campaign report y --run x 2>&1)" 'no number' 'and a word is none'
# Fewer people in the last one: who was reached at all is asked of all runs.
loa list import a "$dir/list.csv" >/dev/null
make_list 100 && loa list import l "$dir/list.csv" >/dev/null
clock_to '2027-10-10 08:00:05'
until_true has_fired y 3 scheduled
ok $? 'the day itself'
is "$(due y)" '2028-10-03T08:00:00+07:00' 'then comes the next year'
is "$(accepted)" 560 'three reminders'
is "$(gateway_stat accepted_again)" 0 'the gateway counts no double'
is "$(loa explain 0910000000 --reason r | grep -c '^Chiến dịch “y”, gửi lúc 08:')" 3 'a person is told of each of its runs'
has "$(loa explain 0910000000 y --run "$first" --reason r | tr '\n' ' ')" 'ngày 03/10/2027; hiện nay: đã xong.' 'and of the one that was asked for'
loa report --by campaign --from 2027-10 --to 2027-10 --json >"$dir/report.json"
is "$(sed -n '/"sums"/,/}/p' "$dir/report.json" | grep -oE '"(phones|messages)": [0-9]*' | tr -d '\n')" '"phones": 260"messages": 560' 'a report over campaigns has all its runs, each phone once'
loa segment save r a "reached_by('y')" >/dev/null
has "$(loa segment count r)" '260 of 260' 'reached_by asks all its runs'
make_list 260 && loa list import l "$dir/list.csv" >/dev/null
loa list set l --retain-until 2001-01-01 >/dev/null
out=$(api POST /campaigns/y/retry '')
has "$out" 2001-01-01 'a retry of its run, which is over, is refused while the list is locked'
is "$(cat "$dir/status")" 403 'though the campaign goes on'
loa list set l --retain-until 2099-01-01 --reason 'it goes on' >/dev/null
is "$(loa campaign unschedule y)" draft 'it can be stopped'
echo '{"name":"y","template":"t","segments":["s"],"class":"notice"}' >"$dir/plain.json"
out=$(loa campaign edit y "$dir/plain.json" 2>&1)
ok "$((!$?))" 'its schedule is not taken away'
has "$out" 'has runs: keep a schedule, or clone' 'and it says what to do'
loa campaign edit y "$dir/y.json" >/dev/null
ok $? 'with a schedule it is edited'
has "$(loa campaign rm y 2>&1)" 'has runs' 'but not removed: what was sent is kept'

# ---- a rule that ends ----
clock_to '2027-11-01 12:00'
campaign e '"schedule":{"rrule":"FREQ=DAILY;COUNT=2","time":"08:00","start":"2027-11-02"}' >/dev/null
loa campaign launch e >/dev/null
clock_to '2027-11-02 08:00:01'
until_true has_fired e 1 scheduled
clock_to '2027-11-03 08:00:01'
until_true has_fired e 2 finished
ok $? 'after its last occurrence it is finished'
has "$(loa campaign launch e 2>&1)" 'finished' 'and is not launched again'

# ---- the run before it goes on ----
campaign o '"schedule":{"rrule":"FREQ=DAILY","time":"08:00","start":"2027-11-04"},"speed":1,"late":{"then":"send","within_min":1440}' >/dev/null
loa campaign launch o >/dev/null
before=$(accepted)
clock_to '2027-11-04 08:00:01'
until_true has_fired o 1 running
loa campaign pause o >/dev/null
clock_to '2027-11-05 08:00:01'
is_waiting() { show o | grep -q '"waits_for_run": true'; }
until_true is_waiting
ok $? 'an occurrence whose time comes while the run before it is paused waits'
is "$(field o fired)" 1 'it does not fire beside it'
loa campaign speed o 2000 >/dev/null
loa campaign resume o >/dev/null
until_true has_fired o 2 scheduled
ok $? 'when that run has ended it fires'
is "$(accepted)" $((before + 520)) 'each sent to everybody once'
# Longer than its policy allows: the next one is missed, and says so.
loa campaign unschedule o >/dev/null
clock_to '2027-11-10 12:00'
campaign p '"schedule":{"rrule":"FREQ=DAILY","time":"08:00","start":"2027-11-11"},"late":{"then":"drop"}' >/dev/null
loa campaign launch p >/dev/null
clock_to '2027-11-11 08:00:01'
until_true has_fired p 1 scheduled
loa campaign speed p 1 >/dev/null
clock_to '2027-11-12 08:00:01'
until_true has_fired p 2 running
loa campaign pause p >/dev/null
clock_to '2027-11-13 08:30'
sleep 0.5
loa campaign speed p 2000 >/dev/null
loa campaign resume p >/dev/null
until_true has_missed p 1 scheduled
ok $? 'one that waited longer than its policy allows is missed'
has "$(show p)" 'the run before it went on for more than 5 minutes' 'and says why'
is "$(due p)" '2027-11-14T08:00:00+07:00' 'the next one is scheduled'

# ---- nobody was there: drop, next window ----
clock_to '2027-11-13 20:00'
loa campaign clone p q >/dev/null
loa campaign unschedule p >/dev/null
campaign w '"schedule":{"rrule":"FREQ=WEEKLY","time":"08:00","start":"2027-11-14"},"late":{"then":"next-window"}' >/dev/null
loa campaign launch w >/dev/null
loa campaign launch q >/dev/null
before=$(accepted)
kill_both
clock_to '2027-11-16 09:00'
start_both
until_true has_missed q 3 scheduled
ok $? 'what was dropped while nobody was there is counted: three days'
is "$(due q)" '2027-11-17T08:00:00+07:00' 'then it goes on'
has "$(show q)" 'no server was running' 'each with its reason'
is_put_off() { [ "$(due w)" = '2027-11-17T08:00:00+07:00' ]; }
until_true is_put_off
ok $? 'the weekly one is put off until the next window'
has "$(show w)" '"put_off_from": "2027-11-14T08:00:00+07:00"' 'and keeps its own time'
is "$(accepted)" "$before" 'nothing was sent meanwhile'
clock_to '2027-11-17 08:00:01'
until_true has_fired w 1 scheduled
ok $? 'then it fires'
is "$(due w)" '2027-11-21T08:00:00+07:00' 'the rule goes on as it was'

# ---- cancelled: for good ----
until_true loa campaign unschedule q # its run of the same time may go on
clock_to '2027-11-20 12:00'
loa campaign speed w 1 >/dev/null
clock_to '2027-11-21 08:00:01'
until_true has_fired w 2 running
loa campaign cancel w --yes >/dev/null
until_true is_in w cancelled
is "$(due w)" '' 'a cancelled one has no next time'
clock_to '2027-11-28 09:00'
sleep 1
is "$(field w fired)" 2 'and fires no more'

# ---- what cannot be launched, but might a moment later ----
campaign g '"schedule":{"rrule":"FREQ=DAILY","time":"08:00","start":"2027-11-30"}' >/dev/null
loa campaign launch g >/dev/null
id=$(redis HGET loa:names:campaign g)
redis HSET "loa:campaign:$id" segments '' >/dev/null
clock_to '2027-11-30 08:00:01'
is_tried() { show g | grep -q '"problem": "campaign: is made of single messages' && is_in g scheduled; }
until_true is_tried
ok $? 'what is in no state to be launched is tried again, and says why'
is "$(field g missed)" 0 'it is not missed'
redis HSET "loa:campaign:$id" segments s >/dev/null
until_true has_fired g 1 scheduled
ok $? 'it fires when it can'
redis HSET "loa:campaign:$id" segments '' >/dev/null
clock_to '2027-12-01 08:00:01'
until_true is_tried
kill_both
clock_to '2027-12-01 09:00:02'
start_both
until_true has_missed g 1 scheduled
ok $? 'after the hour it is missed'
has "$(redis ZREVRANGE "loa:occurrences:$id" 0 0)" 'missed campaign: is made of single messages' 'for what it was tried with'
loa campaign unschedule g >/dev/null

# ---- receipts that never come ----
kill_both
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10$/"deadline_s": 259200/' \
	-e "s|\"log_level\": \"info\"|\"log_level\": \"info\", \"redis_socket\": \"$dir/redis.sock\"|"
clock_to '2028-10-01 12:00'
start_both
campaign n '"schedule":{"anchor":"10-10","offsets":["-7d","-1d","0d"],"time":"08:00"}' >/dev/null
loa campaign launch n >/dev/null
clock_to '2028-10-03 08:00:01'
is_sent() { redis HEXISTS "loa:run:$(redis HGET "loa:campaign:$(redis HGET loa:names:campaign n)" run)" over_s | grep -q 1; }
until_true is_sent
clock_to '2028-10-09 08:00:01'
until_true has_fired n 2 running
until_true is_sent
ok $? 'the day before it fires'
kill_both
clock_to '2028-10-10 08:10'
start_both
until_true has_fired n 3 running
ok $? 'and so does the day itself, beside the run of the day before, which still awaits its receipts'
until_true is_sent
is "$(redis ZCARD loa:runs)" 2 'which goes on'
is "$(loa campaign report n --json | json_field audience)" 260 'the newest run speaks for the campaign'
clock_to '2028-10-14 09:00'
until_true is_in n scheduled
no_run_is_open() { [ "$(redis ZCARD loa:runs)" = 0 ]; }
until_true no_run_is_open
ok $? 'without receipts both end when their deadline has passed'
is "$(gateway_stat accepted_again)" 0 'and nobody was sent anything twice'
done_testing
