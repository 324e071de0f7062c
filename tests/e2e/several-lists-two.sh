#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two servers on one Redis freeze the same run, over three lists that share phones: at once, then with one
# of them killed between two slices, then both, one after the other. The ledger of the gateway names
# each phone once. What each server passes is traced: both did freeze.
. "$(dirname "$0")/lib.sh"

redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --appendonly yes --appendfsync always \
	--save '' --logfile "$dir/redis.log" --daemonize no >/dev/null 2>&1 &
own_redis=$!
second=''
clean_up_all() {
	[ -z "$second" ] || { kill "$second" 2>/dev/null; wait "$second" 2>/dev/null; }
	[ -z "$loa_pid" ] || { kill "$loa_pid" 2>/dev/null; wait "$loa_pid" 2>/dev/null; }
	kill "$own_redis" 2>/dev/null
	wait "$own_redis" 2>/dev/null
	clean_up
}
trap clean_up_all EXIT
redis() { redis-cli -s "$dir/redis.sock" --raw "$@"; }
until_true redis PING
mkdir -p "$dir/data" "$dir/data2"

start_gateway --dedupe forever --receipts none
write_config -e 's/"rate": 100/"rate": 10000/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
	-e "s|\"log_level\": \"info\"|\"log_level\": \"info\", \"lease_ms\": 1000, \"redis_socket\": \"$dir/redis.sock\"|"

# start_both POINT-OF-THE-FIRST POINT-OF-THE-SECOND: where they die; '' = they do not. What they pass: trace.1, trace.2
start_both() {
	rm -f "$dir/trace.1" "$dir/trace.2"
	if [ -n "$1" ]; then export LOA_CRASH_AT=$1; fi
	export LOA_CRASH_TRACE=$dir/trace.1
	start_loa
	unset LOA_CRASH_AT
	if [ -n "$2" ]; then export LOA_CRASH_AT=$2; fi
	export LOA_CRASH_TRACE=$dir/trace.2
	: >"$dir/second.out"
	"$B/loa" serve --config "$dir/loa.json" --data "$dir/data2" --listen 127.0.0.1:0 >"$dir/second.out" 2>>"$dir/loa.log" &
	second=$!
	unset LOA_CRASH_AT LOA_CRASH_TRACE
	until_true grep -q serving "$dir/second.out"
}
end_both() {
	kill "$loa_pid" "$second" 2>/dev/null
	wait "$loa_pid" "$second" 2>/dev/null
	second=''
}
passed() { grep -c "^$2\$" "$dir/trace.$1"; } # WHOSE POINT: how often
is_gone() { ! kill -0 "$1" 2>/dev/null; }
phones() { tail -n +"$1" "$dir/ledger" | grep '"event":"accepted"' | sed 's/.*"to":"\([0-9]*\)".*/\1/' | sort; }
finished_in_time() {
	for _ in 1 2 3; do until_true is_finished "$1" && return; done
}

# 80,000 rows each, a quarter of which is asked: so many slices that nobody is through with them before
# the other has begun. Of who is asked y has 5,000 phones of x, z 5,000 of x and 5,000 of y: 45,000 in 60,000 rows.
rows() { # FROM TO
	awk -v from="$1" -v to="$2" 'BEGIN { for (i = from; i < to; i++) printf "A %d;0962%06d;%d\n", i, i, i % 4 }'
}
{ echo 'Tên;SĐT;Số' && rows 0 80000; } >"$dir/x.csv"
{ echo 'Tên;SĐT;Số' && rows 60000 140000; } >"$dir/y.csv"
{ echo 'Tên;SĐT;Số' && rows 0 20000 && rows 120000 180000; } >"$dir/z.csv"
start_both '' ''
for l in x y z; do
	loa list import $l "$dir/$l.csv" >/dev/null && loa segment save $l $l 'so = 0' >/dev/null
done
printf 'Xin chao {{ ten }}' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
for c in both one each; do
	echo "{\"name\":\"$c\",\"template\":\"t\",\"segments\":[\"x\",\"y\",\"z\"],\"class\":\"notice\",\"per\":\"phone\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
done
has "$(loa campaign preview both --json | tr -d ' \n')" '"list_rows":240000,"audience":60000,"messages":45000,' 'of 60,000 rows that are asked, of three lists, 45,000 get a message'

# nobody_twice_nobody_lost CAMPAIGN FROM
nobody_twice_nobody_lost() {
	finished_in_time "$1"
	ok $? 'it is finished'
	is "$(phones "$2" | wc -l) $(phones "$2" | uniq | wc -l)" '45000 45000' 'each phone is written to once'
	is "$(report_of "$1" audience) $(report_of "$1" records) $(report_of "$1" counters) $(report_of "$1" skipped)" \
		'60000 60000 agree 15000' 'the sums hold'
	loa campaign results "$1" | sed 1d | tr -d '\r' >"$dir/results.csv"
	is "$(cut -d, -f1,12 "$dir/results.csv" | sort -u | wc -l) $(wc -l <"$dir/results.csv")" '60000 60000' 'each row of each list is named once'
	is "$(grep ',skipped,' "$dir/results.csv" | cut -d, -f12 | sort | uniq -c | tr -s ' \n' ' ')" ' 5000 y 10000 z ' 'later lists skip those of earlier ones'
}

# ---- both at once ----
# 240,000 rows are fifteen slices of 16,384. The tick of the launch wakes both servers; Redis writes nothing
# for a moment then, so that they wait with the same slice.
launch() {
	loa campaign launch "$1" >/dev/null 2>&1
	redis CLIENT PAUSE 500 WRITE >/dev/null
}
from=$(($(lines) + 1))
launch both
nobody_twice_nobody_lost both "$from"
echo "# slices asked for: $(passed 1 freeze.ask) by the first, $(passed 2 freeze.ask) by the second"
[ "$(passed 1 freeze.ask)" -ge 1 ] && [ "$(passed 2 freeze.ask)" -ge 1 ]
ok $? 'both servers froze it'
[ "$(($(passed 1 freeze.ask) + $(passed 2 freeze.ask)))" -gt 15 ]
ok $? 'some slice was asked for by both'
end_both

# ---- one is killed between two slices ----
start_both '' freeze.ask:2
from=$(($(lines) + 1))
launch one
until_true is_gone "$second"
ok $? 'the second server is killed before its second slice'
wait "$second" 2>/dev/null
nobody_twice_nobody_lost one "$from"
end_both

# ---- both, one after the other ----
start_both freeze.reply:1 freeze.ask:2
from=$(($(lines) + 1))
launch each
until_true is_gone "$loa_pid" && until_true is_gone "$second"
ok $? 'the first is killed when its first slice is stored, the second before its second'
wait "$loa_pid" "$second" 2>/dev/null
run=$(redis HGET "loa:campaign:$(redis HGET loa:names:campaign each)" run)
is "$(redis HGET "loa:run:$run" frozen)" '' 'nobody is left, and it is not frozen to its end'
start_both '' ''
nobody_twice_nobody_lost each "$from"
end_both
done_testing
