#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Receipts that come while Redis is away are on the disk before the gateway gets its 200. They are
# told when Redis is back, and also when the server and Redis were killed meanwhile.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 400/' -e 's/"name": "mo-phong",/& "token": "0123456789abcdef",/' \
	-e 's/"deadline_s": 10/"deadline_s": 600/'
start_loa
make_list 300
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
accepted() { [ "$(report accepted)" = 300 ]; }
until_true accepted
ok $? 'all are accepted'
sed -n 's/.*"event":"accepted".*"ref":"\([^"]*\)".*/\1/p' "$dir/ledger" >"$dir/refs"

# push FROM TO: receipts for these lines of refs, 25 in a push
push() {
	local at body
	for ((at = $1; at <= $2; at += 25)); do
		body=$(sed -n "$at,$((at + 24))p" "$dir/refs" | sed 's/.*/{"ref":"&","status":"DELIVRD"}/' | paste -sd,)
		http "127.0.0.1:$loa_port" POST /hooks/receipt/mo-phong/0123456789abcdef "{\"receipts\":[$body]}" >/dev/null
		echo "$(status)"
	done | sort | uniq -c | tr -s ' '
}
delivered() { [ "$(report delivered)" = "$1" ]; }
no_spool() { ! compgen -G "$dir/data/receipts.*.spool" >/dev/null; }

is "$(push 1 50)" ' 2 200' 'receipts are taken'
until_true delivered 50
ok $? 'and merged'
no_spool
ok $? 'there is no spool'

kill -STOP "$(redis_pid)"
is "$(push 51 100)" ' 2 200' 'they are taken, too, when Redis does not answer'
[ -s "$dir/data/receipts.0.spool" ]
ok $? 'and are on the disk'
kill -CONT "$(redis_pid)"
until_true delivered 100
ok $? 'when Redis answers again they are merged'
until_true no_spool
ok $? 'and the spool is gone'

kill -STOP "$(redis_pid)"
is "$(push 101 200)" ' 4 200' 'once more'
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
kill -9 "$(redis_pid)"
until_false kill -0 "$(redis_pid)"
[ -s "$dir/data/receipts.0.spool" ]
ok $? 'server and Redis are killed, the spool is there'
# A last record that was being written.
printf 'LRS1\377\000\000\000torn' >>"$dir/data/receipts.0.spool"
start_loa
until_true delivered 200
ok $? 'after the restart all that was taken is merged'
until_true no_spool
ok $? 'and the spool is gone'

# Killed again and again while it tells.
kill -STOP "$(redis_pid)"
is "$(push 201 300)" ' 4 200' 'and once more'
for i in 1 2 3; do
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	kill -CONT "$(redis_pid)"
	start_loa
done
until_true delivered 300
ok $? 'a server that is killed while it tells loses nothing'
is "$(report counters)" agree 'counters and records agree'
until_true no_spool
ok $? 'and nothing is left'
done_testing
