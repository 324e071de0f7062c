#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The server process: locks, adoption of an orphaned Redis, signals, configuration.
. "$(dirname "$0")/lib.sh"

gateway_port=9
write_config
start_loa
pid=$(redis_pid)
kill -0 "$pid"
ok $? 'the server starts its own Redis'

out=$("$B/loa" serve --config "$dir/loa.json" --data "$dir/data" --listen 127.0.0.1:0 2>&1)
is $? 1 'a second server on the folder is refused'
has "$out" 'another loa serve' 'and says why'
out=$("$B/loa" serve --config "$dir/loa.json" --data "$dir/data2" --listen "127.0.0.1:$loa_port" 2>&1)
is $? 3 'a port in use is an error'
has "$out" 'in use' 'and says so'
none_left() { [ "$(redis_count "$dir/data2/redis.sock")" = 0 ]; }
until_true none_left
ok $? 'it leaves no Redis behind'
touch "$dir/file"
"$B/loa" serve --config "$dir/loa.json" --data "$dir/file" >/dev/null 2>&1
is $? 3 'a folder that is a file is an error'
if [ "$(id -u)" -ne 0 ]; then
	mkdir -m 500 "$dir/closed"
	out=$("$B/loa" serve --config "$dir/loa.json" --data "$dir/closed" 2>&1)
	has "$out" 'Permission denied' 'a folder that may not be written is an error'
else
	out=$("$B/loa" serve --config "$dir/loa.json" --data /proc/loa 2>&1)
	has "$out" 'cannot be made' 'a folder that cannot be made is an error'
fi

sed 's/"rate": 100/"rat": 100/' "$dir/loa.json" >"$dir/bad.json"
out=$("$B/loa" serve --config "$dir/bad.json" --data "$dir/data2" 2>&1)
is $? 1 'a misspelt key in the configuration is refused'
has "$out" 'rate' 'with the nearest known one'
has "$("$B/loa" serve --rolls api 2>&1)" 'did you mean --roles' 'a misspelt option gets the nearest one suggested'
has "$("$B/loa" config check "$dir/loa.json")" '"lease_ms": 5000' 'config check prints what would be used'

# ---- kill -9: Redis goes on and is adopted ----
make_list 100
loa list import l "$dir/list.csv" >/dev/null
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
kill -0 "$pid"
ok $? 'Redis outlives a killed server'
start_loa
is "$(redis_pid)" "$pid" 'the restarted server adopts it'
has "$(cat "$dir/loa.log")" 'result=adopted' 'and says so'
is "$(redis_count "$dir/data/redis.sock")" 1 'there is one Redis'
is "$(loa list ls | cut -d" " -f1)" l 'what was acknowledged is there'
case $(cat "$dir/loa.out") in *token*) ok 1 'the token is not shown again' ;; *) ok 0 'the token is not shown again' ;; esac

# ---- kill -9 of Redis: it is started again ----
kill -9 "$pid"
until_true sh -c "[ \"\$(sed -n 1p '$dir/data/redis.pid')\" != $pid ] && kill -0 \$(sed -n 1p '$dir/data/redis.pid')"
ok $? 'a killed Redis is started again'
until_true loa list ls
is "$(loa list ls | cut -d" " -f1)" l 'nothing acknowledged was lost'

# ---- HUP ----
sed 's/"rate": 100/"rate": 77/' "$dir/loa.json" >"$dir/new.json" && mv "$dir/new.json" "$dir/loa.json"
kill -HUP "$loa_pid"
until_true sh -c "'$B/loa' provider ls --json --data '$dir/data' | grep -q '\"rate\": 77'"
ok $? 'HUP takes a new rate over'
echo '{' >"$dir/loa.json"
kill -HUP "$loa_pid"
until_true grep -q 'config=reload result=refused' "$dir/loa.log"
ok $? 'a broken configuration is refused and the old one kept'
is "$(loa list ls | cut -d" " -f1)" l 'the server goes on'

# ---- TERM ----
pid=$(redis_pid)
kill "$loa_pid"
wait "$loa_pid"
is $? 0 'TERM ends it in order'
until_false kill -0 "$pid"
ok $? 'and its Redis with it'
loa_pid=
done_testing
