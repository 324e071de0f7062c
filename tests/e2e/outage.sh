#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gateway is killed and comes back; Redis stops answering and goes on; a process is stopped
# beyond its lease. The run waits, says why, and ends with both books equal.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 200/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
make_list 2000
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null

until_true has_lines 300

kill -9 "$gateway_pid"
wait "$gateway_pid" 2>/dev/null
says() { timeout 2 "$B/loa" campaign watch c --json --data "$dir/data" | grep -q "$1"; }
until_true says 'the gateway cannot be reached'
ok $? 'with the gateway down the run waits and says so'
before=$(report accepted)
start_gateway --dedupe forever
until_true has_lines $((before + 100))
ok $? 'when it is back the run goes on'

kill -STOP "$(redis_pid)"
status_is() { http "127.0.0.1:$loa_port" GET /readyz >/dev/null && [ "$(status)" = "$1" ]; }
until_true status_is 503
ok $? 'with Redis out of reach the server is not ready'
http "127.0.0.1:$loa_port" GET /healthz >/dev/null
is "$(status)" 200 'but it lives'
out=$(loa list ls 2>&1)
is $? 3 'a verb exits with 3'
has "$out" 'Redis is out of reach' 'and says why'
kill -CONT "$(redis_pid)"
until_true status_is 200
ok $? 'when Redis answers again it is ready'

until_true has_lines 1200
kill -STOP "$loa_pid"
sleep 6 # beyond the lease, and beyond the age of every permit
kill -CONT "$loa_pid"
until_true is_finished
ok $? 'a process that was stopped beyond its lease goes on, and the run is finished'

is "$(report accepted)" 2000 'all messages are accepted'
is "$(report counters)" agree 'counters and records agree'
is "$(gateway_stat accepted_again)" 0 'none was sent twice'
is "$(sed -n '/"event":"accepted"/s/.*"to":"\([0-9]*\)".*/\1/p' "$dir/ledger" | sort -u | wc -l)" 2000 'everybody got one'
done_testing
