#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Redis's file ends within a transaction, as after a power cut: neither is its beginning ever read back, nor
# is anything lost that was written after it.
. "$(dirname "$0")/lib.sh"

kill_all() {
	local redis

	redis=$(redis_pid)
	kill -9 "$loa_pid" "$redis"
	wait "$loa_pid" 2>/dev/null
	until_false kill -0 "$redis"
}
start_gateway
write_config
start_loa
redis SET kfirst 1 >/dev/null
kill_all
printf '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$5\r\nnever\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$5\r\nnev' \
	>>"$(ls "$dir"/data/appendonlydir/*.incr.aof | tail -n 1)"
start_loa
is "$(redis MGET kfirst never | tr '\n' ' ')" '1  ' 'the beginning of a transaction is not read back'
redis SET after 1 >/dev/null
kill_all
start_loa
is "$(redis MGET kfirst never after | tr '\n' ' ')" '1  1 ' 'nor with what was written behind it, and that is there'
ok $([ "$(cat "$dir"/data/torn.aof | tail -c 3)" = nev ]; echo $?) 'and what was cut is kept'

# One byte in the middle is no torn write: what stands behind it must not be thrown away.
redis EVAL "for i = 1, 5000 do redis.call('SET', 'filler' .. i, string.rep('x', 1000)) end" 0 >/dev/null
kill_all
file=$(ls "$dir"/data/appendonlydir/*.incr.aof | tail -n 1)
at=$(grep -abo 'kfirst' "$file" | head -n 1 | cut -d: -f1)
printf '$9' | dd of="$file" bs=1 seek=$((at - 4)) conv=notrunc 2>/dev/null
size=$(stat -c %s "$file")
"$B/loa" serve --config "$dir/loa.json" --data "$dir/data" --listen 127.0.0.1:0 >>"$dir/loa.log" 2>&1 &
loa_pid=$!
until_true grep -q 'result=file-damaged' "$dir/loa.log"
ok $? 'a file that is damaged in the middle is not read, and the log says where'
is "$(stat -c %s "$file")" "$size" 'and nothing of it is cut'
done_testing
