#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two releases on one Redis while a campaign runs: the old processes send, the new ones join, the old
# ones stop. The other release is the same program with another text of its Lua library.
. "$(dirname "$0")/lib.sh"

[ -x "$B/loa-next" ] || { echo "# $B/loa-next is missing: make unit-build"; exit 1; }
redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --appendonly yes --appendfsync always \
	--save '' --logfile "$dir/redis.log" --daemonize no >/dev/null 2>&1 &
own_redis=$!
others=()
stop_all() {
	local pid
	for pid in "${others[@]}"; do kill "$pid" 2>/dev/null; done
	[ -z "$loa_pid" ] || kill "$loa_pid" 2>/dev/null
	for pid in "${others[@]}" $loa_pid; do wait "$pid" 2>/dev/null; done
	kill "$own_redis"
	wait "$own_redis" 2>/dev/null
	clean_up
}
trap stop_all EXIT
cli() { redis-cli -s "$dir/redis.sock" --raw "$@"; }
until_true cli PING
mkdir "$dir/data" "$dir/sender"

n=4000
start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-batch 50 --receipt-tries 1000 --latency 5
write_config -e 's/"rate": 100/"rate": 800/' -e 's/"deadline_s": 10/"deadline_s": 60/' \
	-e "s|\"log_level\"|\"redis_socket\": \"$dir/redis.sock\", \"log_level\"|"
# start PROGRAM WORDS…: another process, into $started
start() {
	local program=$1
	shift
	"$program" serve --config "$dir/loa.json" --data "$dir/sender" "$@" >"$dir/out.$program_count" 2>>"$dir/loa.log" &
	started=$!
	others+=("$started")
	until_true grep -q serving "$dir/out.$program_count"
	program_count=$((program_count + 1))
}
program_count=0
stop() { # PID
	kill "$1"
	wait "$1"
}
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
library() { "$1" help >/dev/null && cli FUNCTION LIST | grep -A1 library_name | grep '^loa_' | sort; }

start_loa --roles api,schedule,receive
port=$loa_port
sed -i "s|\"log_level\"|\"public_url\": \"http://127.0.0.1:$port\", \"log_level\"|" "$dir/loa.json"
start "$B/loa" --roles send
old_sender=$started
make_list $n
make_campaign "so_dien_thoai != ''"
old_library=$(library "$B/loa")
loa campaign launch c >/dev/null

some() { [ "$(accepted)" -ge 600 ]; }
until_true some
start "$B/loa-next" --roles send
new_sender=$started
is "$(library "$B/loa" | wc -l)" 2 'the new release brings its own functions beside the old ones'
kill -0 "$old_sender" && kill -0 "$new_sender"
ok $? 'both releases send at the same time'
more() { [ "$(accepted)" -ge 1400 ]; }
until_true more
stop "$old_sender"
is $? 0 'the old sender stops in order'
# The part that people speak to: the old one ends, the new one takes its port.
stop "$loa_pid"
is $? 0 'and so does the rest of the old release'
loa_pid=
ok $(($(accepted) >= n)) 'while messages are left to be sent'
start_new() {
	: >"$dir/loa.out"
	"$B/loa-next" serve --config "$dir/loa.json" --data "$dir/data" --listen "127.0.0.1:$port" \
		--roles api,schedule,receive >"$dir/loa.out" 2>>"$dir/loa.log" &
	loa_pid=$!
	until_true grep -q serving "$dir/loa.out"
}
start_new
loa campaign ls | grep -q running
ok $? 'the new release goes on with the campaign'
timeout 90 "$B/loa" campaign watch c --data "$dir/data" >/dev/null
ok $? 'and finishes it'
is "$(accepted)" $n 'the gateway has every message'
is "$(grep '"event":"accepted"' "$dir/ledger" | sed 's/.*"to":"\([0-9]*\)".*/\1/' | sort | uniq -d | wc -l)" 0 'and none twice'
is "$(report delivered)" $n 'every receipt is in its record, whichever release took it'
is "$(report counters)" agree 'counters and records agree'

out=$(loa backup "$dir/b.loa" 2>&1)
is $? 4 'a Redis of one'"'"'s own is not backed up from here'
has "$out" 'by its own means' 'and says how'

# ---- what the old release leaves behind ----
day_ago=$((($(date +%s) - 90000) * 1000))
cli ZADD loa:libraries $day_ago "$old_library" >/dev/null
stop "$loa_pid"
start_new
one_left() { [ "$(library "$B/loa" | wc -l)" = 1 ]; }
until_true one_left
ok $? 'functions that nobody has used for a day are deleted'
ok $(($(library "$B/loa" | grep -c "$old_library"))) 'those of the old release, not those in use'
start "$B/loa" --roles send
is "$(library "$B/loa" | wc -l)" 2 'an old process that comes back brings its own again'
done_testing
