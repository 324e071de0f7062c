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
redis SET before 1 >/dev/null
kill_all
printf '*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$5\r\nnever\r\n$1\r\n1\r\n*3\r\n$3\r\nSET\r\n$5\r\nnev' \
	>>"$(ls "$dir"/data/appendonlydir/*.incr.aof | tail -n 1)"
start_loa
is "$(redis MGET before never | tr '\n' ' ')" '1  ' 'the beginning of a transaction is not read back'
redis SET after 1 >/dev/null
kill_all
start_loa
is "$(redis MGET before never after | tr '\n' ' ')" '1  1 ' 'nor with what was written behind it, and that is there'
done_testing
