#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a run does by itself when the gateway says no: one carrier stops, the others go on; a person
# lets it go on. And a run that begins with a few messages.
. "$(dirname "$0")/lib.sh"

# Refused by name: the numbers of Vinaphone end in 0016, "unknown sender" to this gateway.
start_gateway --moods --latency 5 --receipts delivered --receipt-delay 20 --receipt-batch 100
write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"12": "bad-account"/"12": "bad-message"/' \
	-e 's/"batch": { "max": 100 }/"batch": { "max": 1 }/' -e 's/"deadline_s": 10/"deadline_s": 600/'
start_loa
awk 'BEGIN {
	print "Họ và tên;Số điện thoại"
	for (i = 0; i < 300; i++) printf "Nguyễn Thị Thử %d;098%03d5555\n", i, i
	for (i = 0; i < 300; i++) printf "Trần Văn Thử %d;091%03d0016\n", i, i
}' >"$dir/list.csv"
make_campaign "so_dien_thoai != ''"
ok $? 'three hundred of Viettel, three hundred of Vinaphone'
loa campaign launch c >/dev/null
is_sent() { [ "$(report delivered)" = "$1" ]; }
is_stopped() { loa campaign report c | grep -q 'mo-phong (vinaphone): '; }
until_true is_stopped
ok $? 'Vinaphone is stopped'
until_true is_sent 300
ok $? 'all of Viettel are delivered'
refused=$(report refused)
ok $((refused >= 10 && refused <= 40 ? 0 : 1)) "Vinaphone was stopped after $refused refusals"
is "$(report waiting)" "$((300 - refused))" 'the rest of Vinaphone waits'
has "$(loa campaign report c)" 'text or sender refused' 'and the reason'
is "$(report state)" running 'the run is still open'
sleep 1
is "$(report refused)" "$refused" 'nothing more leaves to Vinaphone'
gateway_control '{"moods":false}' >/dev/null
loa campaign resume c >/dev/null
is $? 0 'a person lets it go on'
until_true is_sent $((600 - refused))
ok $? 'and the rest is delivered'
is "$(report counters)" agree 'counters and records agree'

# ---- the account ----
gateway_control '{"key":"another"}' >/dev/null
echo '{"name":"k","template":"t","segments":["s"],"class":"notice"}' >"$dir/k.json"
loa campaign create "$dir/k.json" >/dev/null
before=$(gateway_stat requests)
loa campaign launch k >/dev/null
is_refused() { loa campaign report k | grep -q 'the gateway refuses the account'; }
until_true is_refused
ok $? 'a refused account stops'
is "$(report_of k refused)" 0 'nobody is lost by it'
sleep 1
ok $(($(gateway_stat requests) - before <= 16 ? 0 : 1)) "after $(($(gateway_stat requests) - before)) requests"

# ---- begin with ten ----
stop() {
	kill "$loa_pid" && wait "$loa_pid"
	loa_pid=''
}
stop
gateway_control '{"key":"k"}' >/dev/null
start_loa
loa campaign cancel k --yes >/dev/null
echo '{"name":"d","template":"t","segments":["s"],"class":"notice","canary":{"messages":10,"then":"person"}}' >"$dir/d.json"
loa campaign create "$dir/d.json" >/dev/null
redis HDEL loa:lane:mo-phong not_before >/dev/null # of the refused account
before=$(grep -c '"event":"accepted"' "$dir/ledger")
loa campaign launch d >/dev/null
until_true is_state d paused
ok $? 'a run pauses after its first messages'
sent=$(($(grep -c '"event":"accepted"' "$dir/ledger") - before))
tail -n "$sent" "$dir/ledger" | grep -q '"to":"8491' && tail -n "$sent" "$dir/ledger" | grep -q '"to":"8498'
ok $? 'of each carrier some'
is "$sent" 10 'with ten messages'
has "$(loa campaign show d)" canary 'it says why'
loa campaign resume d >/dev/null
is_all() { [ "$(report_of d delivered)" = 600 ]; }
until_true is_all
ok $? 'and goes on by a person'

# ---- a provider that is taken out of the configuration ----
echo '{"name":"e","template":"t","segments":["s"],"class":"notice","canary":{"messages":10,"then":"person"}}' >"$dir/e.json"
loa campaign create "$dir/e.json" >/dev/null && loa campaign launch e >/dev/null
is_paused_e() { loa campaign report e --json | grep -q '"state": "paused"'; }
until_true is_paused_e
stop
sed -i 's/"name": "mo-phong"/"name": "doi-tac-moi"/' "$dir/loa.json"
start_loa
loa campaign resume e >/dev/null
says_why() { timeout 1 "$B/loa" campaign watch e --json --data "$dir/data" | grep -q 'a provider that is not in the server.s configuration'; }
until_true says_why
ok $? 'what waits for it says so'
done_testing
