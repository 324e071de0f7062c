#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two processes and a gateway in trouble: "too fast" slows them down once a round trip, what it asks for
# is obeyed, a gateway that fails is tried by one request at a time, and another lane goes on meanwhile.
. "$(dirname "$0")/lib.sh"

other_pid=''
stop_all() {
	[ -z "$other_pid" ] || { kill "$other_pid" 2>/dev/null; wait "$other_pid" 2>/dev/null; }
	clean_up
}
trap stop_all EXIT

# From line N of the ledger on: bursts of events that match, "how many, then the milliseconds to the next".
bursts() { # FROM PATTERN
	tail -n "+$1" "$dir/ledger" | grep -E "$2" | sed -n 's/.*"at_us":\([0-9]*\).*/\1/p' | sort -n | awk '
		NR > 1 && $1 - last > 500000 { printf "%d %d\n", n, ($1 - last) / 1000; n = 0 }
		{ n++; last = $1 }
		END { if (n) print n, 0 }'
}
has_bursts() { [ "$(bursts "$1" "$2" | wc -l)" -ge "$3" ]; }
lane() { redis HGET loa:lane:a "$1"; }

start_gateway --dedupe forever --latency 100
write_config -e 's/"rate": 100/"rate": 200/' -e 's/"concurrency": 4/"concurrency": 32/' -e 's/"mo-phong"/"a"/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
# A second provider for one carrier, where nobody listens.
cp "$dir/loa.json" "$dir/one.json"
one=$(sed -n '/^    {$/,/^    }$/p' "$dir/one.json")
{
	sed '/^    {$/,$d' "$dir/one.json"
	echo "$one"
	echo ,
	echo "$one" | sed -e 's/"name": "a"/"name": "dead"/' -e 's|"url": "[^"]*"|"url": "http://127.0.0.1:9/batch"|'
	echo '], "route": { "vinaphone": "dead", "*": "a" } }'
} >"$dir/loa.json"
start_loa
sed "s|\"log_level\"|\"redis_socket\": \"$dir/data/redis.sock\", \"log_level\"|" "$dir/loa.json" >"$dir/other.json"
mkdir "$dir/other"
"$B/loa" serve --config "$dir/other.json" --data "$dir/other" --roles send >"$dir/other.out" 2>"$dir/other.log" &
other_pid=$!
until_true grep -q serving "$dir/other.out"
{
	echo 'Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 4200; i++) printf "Nguyễn Văn Thử;0%s%07d\n", i < 200 ? "91" : "97", 1000000 + i * 7 }'
} >"$dir/list.csv"
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null

# ---- one lane is dead, the other goes on ----
until_true has_lines 400
ok $? 'a lane whose gateway cannot be reached holds up no other'
until_true eval '[ "$(redis HGET loa:lane:dead opens)" -ge 2 ]'
ok $? 'it is tried again, ever more rarely'
# (Between two rests it says that one request tries.)
until_true eval 'loa provider ls --json | grep -q "the gateway cannot be reached"'
ok $? 'and says why'

# ---- too fast ----
from=$(($(lines) + 1))
gateway_control '{"throttle-rate":1}' >/dev/null
until_true has_bursts "$from" '"code":"20"' 3
gateway_control '{"throttle-rate":0}' >/dev/null
sleep 0.3
factor=$(lane factor)
bursts "$from" '"code":"20"' >"$dir/bursts"
answers=$(awk '{ n += $1 } END { print n }' "$dir/bursts")
n=$(wc -l <"$dir/bursts")
ok $((answers < 2 * n)) "$answers times \"too fast\" in $n round trips"
# Each round trip cuts it to 0.7 of what it is, and it grows by a hundredth a second meanwhile.
ok "$(awk -v f="$factor" -v n="$n" 'BEGIN { low = 0.7 ^ n; print !(f >= low * 0.98 && f < low + 0.1) }')" \
	"the factor was cut once for each: $factor"
ok "$(awk 'NR > 0 && $2 > 0 && $2 < 950 { bad = 1 } END { print bad + 0 }' "$dir/bursts")" \
	'and for a second, as it asked, nobody asked again'

# ---- no answer that can be read ----
until_true eval '[ "$(tail -n 1 "$dir/ledger" | grep -c accepted)" = 1 ]'
from=$(($(lines) + 1))
gateway_control '{"html502-before":1}' >/dev/null
until_true has_bursts "$from" '"why":"html502"' 4
gateway_control '{"html502-before":0}' >/dev/null
bursts "$from" '"why":"html502"' >"$dir/bursts"
is "$(sed -n '2,$p' "$dir/bursts" | cut -d' ' -f1 | sort -u)" 1 'once the breaker is open exactly one request tries at a time'
ok "$(awk '$2 > 0 && $2 < 950 * 2 ^ (NR - 1) { bad = 1 } END { print bad + 0 }' "$dir/bursts")" \
	"after rests of 1, 2, 4 s at least: $(cut -d' ' -f2 "$dir/bursts" | paste -sd' ') ms"
until_true eval '[ -z "$(lane opens)" ]'
ok $? 'one answer closes it'
accepted_all() { [ "$(report accepted)" = 4000 ]; }
until_true accepted_all
ok $? 'and the rest is accepted'
is "$(report counters)" agree 'counters and records agree'
is "$(gateway_stat accepted_again)" 0 'nothing was accepted twice'
done_testing
