#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A gateway that answers in 20 ms and one that answers in 500 ms are sent as much in the same time, with no more
# connections than were allowed. Both at once and counted in their ledgers: with others at work on it this machine is
# late for both.
. "$(dirname "$0")/lib.sh"

slow_pid=''
stop_all() {
	[ -z "$slow_pid" ] || { kill "$slow_pid" 2>/dev/null; wait "$slow_pid" 2>/dev/null; }
	clean_up
}
trap stop_all EXIT

of_lane() { # NAME LANE: one metric of a lane, rounded down
	metrics | sed -n "s/^loa_lane_$1{lane=\"$2\"} \([0-9]*\).*/\1/p"
}
slow_lines() { wc -l <"$dir/slow.ledger"; }

start_gateway --dedupe forever --latency 20
"$B/gateway" --listen 127.0.0.1:0 --port-file "$dir/slow.port" --ledger "$dir/slow.ledger" --key k \
	--dedupe forever --latency 500 >>"$dir/gateway.out" 2>&1 &
slow_pid=$!
until_true test -s "$dir/slow.port"
slow_port=$(cat "$dir/slow.port")
write_config -e 's/"rate": 100/"rate": 50/' -e 's/"concurrency": 4/"concurrency": 40/' -e 's/"mo-phong"/"quick"/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cp "$dir/loa.json" "$dir/one.json"
one=$(sed -n '/^    {$/,/^    }$/p' "$dir/one.json")
{
	sed '/^    {$/,$d' "$dir/one.json"
	echo "$one"
	echo ,
	echo "$one" | sed -e 's/"name": "quick"/"name": "slow"/' -e "s|:$gateway_port/|:$slow_port/|"
	echo '], "route": { "vinaphone": "slow", "*": "quick" } }'
} >"$dir/loa.json"
start_loa
{
	echo 'Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 1200; i++) printf "Nguyễn Văn Thử;0%s%07d\n", i % 2 ? "91" : "97", 1000000 + i * 7 }'
} >"$dir/list.csv"
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
# A report would keep the server from its slots: the ledgers are looked at, until one is complete.
has_all() { [ "$(lines)" -ge 600 ] || [ "$(slow_lines)" -ge 600 ]; }
until_true has_all
quick=$(lines) slow=$(slow_lines)
quick_lost=$(of_lane unmarked_total quick) slow_lost=$(of_lane unmarked_total slow)
quick_may=$(of_lane in_flight_max quick) slow_may=$(of_lane in_flight_max slow)
# A slot that this machine was too late for was given, and nothing left in it.
ok $(((slow + slow_lost) * 100 < (quick + quick_lost) * 95)) \
	"the slow one gets at least 95 % of the slots that the quick one gets ($slow and $slow_lost lost; $quick and $quick_lost)"
ok $((quick < 500)) "which is as quick, or nearly ($quick of 600)"
# 49.6 a second for half a second.
ok $((slow_may < 25)) "for which 25 must be on the wire at a time ($slow_may may)"
ok $((quick_may >= slow_may)) "of the quick one fewer ($quick_may)"
# One of those that are open is that of the question.
open=$(http "127.0.0.1:$slow_port" GET /stats | grep -o '"connections_open":[0-9]*' | cut -d: -f2)
ok $((open > 40 + 1)) "with no more connections than requests may be on the wire (40; $open)"
until_true is_finished
is "$(lines) $(slow_lines)" '600 600' 'everybody gets it once'
is "$(report counters)" agree 'the counters agree with the records'
done_testing
