#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Asking a gateway what became of its messages, killed at every crash point (base/crash.h) on the way:
# before and after a question is taken from the queue, before it leaves, when its answer is there, when
# what it says is kept. A question that a dead process took is asked again when its lease is over.
. "$(dirname "$0")/lib.sh"

start_gateway --receipts delivered --receipt-delay 10 --esms-approval 50 --esms-status-lag 10
write_config
cat >"$dir/loa.json" <<JSON
{
  "policy": "$dir/policy.json", "log_level": "error", "lease_ms": 1000, "public_url": "http://127.0.0.1:1",
  "providers": [
    { "name": "esms-qc", "driver": "esms", "rate": 50, "brandname": "UBND-AG", "polls_per_s": 20, "timeout_ms": 1000,
      "settings": { "url": "http://127.0.0.1:$gateway_port/MainService.svc/json", "type": "qc",
        "api_key": "K0", "secret_key": "S0", "counts": "requests", "poll_after_s": 1, "poll_every_s": 1,
        "receipt_deadline_s": 600, "receiver_states": { "1/1": "delivered", "1/0": "undeliverable" } } }
  ]
}
JSON
start_loa
make_list 30 # the fewest of an advertisement
make_campaign 'xa IS NOT NULL' && printf '(QC) Moi ong ba nop ho so tai nha.' >"$dir/t.txt" &&
	loa template save t "$dir/t.txt" >/dev/null
ok $? 'a campaign with one text is made'
state() { # CAMPAIGN FIELD
	loa campaign report "$1" --json 2>/dev/null | sed -n "s/^ *\"$2\": \"*\([a-z0-9]*\)\"*,*\$/\1/p" | head -n 1
}
loa_dies() {
	kill -9 "$loa_pid"
	wait "$loa_pid"
} 2>/dev/null
left() { [ "$(($(state "$1" accepted) + $(state "$1" delivered)))" = 30 ]; }
all_delivered() { [ "$(state "$1" delivered)" = 30 ]; }
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
# A campaign's messages leave, from a server that asks for nothing; then another one, with the environment,
# asks for them: until it dies, or all are delivered.
one_job() { # CAMPAIGN
	local crash=${LOA_CRASH_AT:-} trace=${LOA_CRASH_TRACE:-}
	unset LOA_CRASH_AT LOA_CRASH_TRACE
	is_gone || loa_dies
	spawn_loa --roles api,schedule,send
	sed "s/\"c\"/\"$1\"/" "$dir/c.json" >"$dir/$1.json"
	loa campaign create "$dir/$1.json" >/dev/null && loa campaign launch "$1" >/dev/null
	until_true left "$1" || return
	loa_dies
	[ -z "$crash" ] || export LOA_CRASH_AT=$crash
	[ -z "$trace" ] || export LOA_CRASH_TRACE=$trace
	spawn_loa
	if [ -n "$crash" ]; then until_true is_gone; else until_true all_delivered "$1"; fi
	unset LOA_CRASH_AT LOA_CRASH_TRACE
}
export LOA_CRASH_TRACE=$dir/trace
one_job d0
unset LOA_CRASH_TRACE
all_delivered d0
ok $? 'all are delivered when nothing happens'
# Of the looks into the queue that go on for ever the first ones.
grep -E '^(poll|poll_take|poll_done|receipts|receipt)\.' "$dir/trace" | sort | uniq -c |
	awk '{ for (i = 1; i <= ($1 > 2 ? 2 : $1); i++) print $2 ":" i }' >"$dir/points"
ok "$((!($(wc -l <"$dir/points") > 10)))" 'more than ten moments are walked'

killed=0 n=0
while read -r point; do
	n=$((n + 1))
	export LOA_CRASH_AT=$point
	one_job "d$n"
	kill -0 "$loa_pid" 2>/dev/null || killed=$((killed + 1))
done <"$dir/points" 2>/dev/null
is "$killed" "$n" 'the server is killed at each of them'
kill -0 "$loa_pid" 2>/dev/null || start_loa
bad=0
for ((i = 0; i <= n; i++)); do
	until_true all_delivered "d$i"
	[ "$(state "d$i" delivered) $(state "d$i" counters)" = '30 agree' ] && continue
	bad=$((bad + 1))
	echo "# d$i, $(sed -n "${i}p" "$dir/points"): delivered $(state "d$i" delivered), counters $(state "d$i" counters)"
done
is "$bad" 0 'in the end each message is delivered, and counted once'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" "$((30 * n + 30))" 'the gateway got each once'
done_testing
