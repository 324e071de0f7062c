#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demonstration's campaign at half past eleven at night, under the built-in policy: it waits, says
# why, and goes on in the morning. The clock is moved in Redis, where permits are dated.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"policy"/d' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
move_clock_to() { # HH:MM in Vietnam
	local now target
	now=$(TZ=Asia/Ho_Chi_Minh date +%s)
	target=$(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s)
	redis HSET loa:meta clock_offset_ms $(((target - now + ${2:-0}) * 1000)) >/dev/null
}
move_clock_to 23:30
make_list 50
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
status=
until_true sh -c "timeout 3 '$B/loa' campaign watch c --json --data '$dir/data' | head -n 3 | grep -q 'outside the hours of its class'"
ok $? 'it says that it is outside the hours of its class'
is "$(report waiting)" 50 'all messages wait'
is "$(lines)" 0 'the gateway got nothing'
move_clock_to 07:30 86400
redis PUBLISH loa:tick run >/dev/null
until_true sh -c "'$B/loa' campaign report c --json --data '$dir/data' | grep -q '\"accepted\": 50'"
ok $? 'in the morning it is sent'
done_testing
