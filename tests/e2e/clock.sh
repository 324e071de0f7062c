#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Redis's clock is set forward and back by hours while messages leave: nothing waits for the moment
# that was, and nothing is sent twice.
. "$(dirname "$0")/lib.sh"

set_clock() { # ms
	redis-cli -s "$dir/data/redis.sock" HSET loa:meta clock_offset_ms "$1" >/dev/null
}
has_sent() { [ "$(wc -l <"$dir/ledger")" -ge "$1" ]; }
is_over() { [ "$(report accepted)" = 3000 ]; }
start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 300/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
make_list 3000
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
until_true has_sent 300
set_clock 3600000
ok $? 'the clock of Redis is set forward by an hour'
sleep 2
before=$(wc -l <"$dir/ledger")
until_true has_sent $((before + 300))
ok $? 'messages go on leaving'
set_clock 0
ok $? 'it is set back'
sleep 2
before=$(wc -l <"$dir/ledger")
until_true has_sent $((before + 300))
ok $? 'messages go on leaving'
set_clock -25200000
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
start_loa
until_true is_over
ok $? 'set back further, and the server killed: all is accepted'
is "$(report counters)" agree 'counters and records agree'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 3000 'each was accepted once'
done_testing
