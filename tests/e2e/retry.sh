#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A new attempt for what failed, and for nobody else: the gateway's ledger says who got a second one.
# Also clones.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --receipts mixed --receipt-delay 20 --receipt-batch 20 --refuse-rate 0.05
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10/"deadline_s": 2/'
start_loa
make_list 2000
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
# Finished, and told all: on a busy machine receipts come behind their deadline, too.
is_told() { is_finished "$1" && [ "$(gateway_stat receipts_pending)" = 0 ]; }
until_true is_told c
ok $? 'the first run is finished'
failed_before=$(report undeliverable) refused=$(report refused) delivered=$(report delivered) lines=$(lines)
cost=$(report cost)
ok $((failed_before == 0 || refused == 0)) 'some were not delivered, some were refused'
phones() { sed -n "s/.*\"event\":\"$1\".*\"to\":\"\\([0-9]*\\)\".*/\\1/p"; }
grep '"event":"receipt"' "$dir/ledger" | grep -E '"status":"(UNDELIV|EXPIRED)"' | phones receipt | sort -u >"$dir/failed"
is "$(wc -l <"$dir/failed")" "$failed_before" 'the ledger knows who was not delivered'

loa campaign retry c </dev/null >/dev/null 2>"$dir/err"
is $? 2 'where nobody can be asked a retry needs --yes'
has "$(cat "$dir/err")" "$failed_before messages get a new attempt" 'it says how many first'
has "$(cat "$dir/err")" "not   bad-recipient" 'and that numbers that are none are left out'
has "$(loa campaign retry c --reasons nonsense --yes 2>&1)" '"nonsense" is no reason' 'an unknown reason is refused'
gateway_control '{"receipts":"delivered","refuse-rate":0}' >/dev/null
loa campaign retry c --yes >"$dir/out" 2>/dev/null
is $? 0 'retried'
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
start_loa
tried_again() { [ "$(report delivered)" = $((delivered + failed_before)) ] && is_finished; }
until_true tried_again
ok $? 'those who failed are delivered, though the server was killed'
tail -n +$((lines + 1)) "$dir/ledger" | grep '"event":"accepted"' | phones accepted | sort >"$dir/second"
cmp -s "$dir/failed" "$dir/second"
ok $? 'exactly those got a second message'
is "$(gateway_stat accepted_again)" 0 'under a reference of its own'
is "$(report undeliverable)" 0 'nobody is undelivered any more'
is "$(report refused)" "$refused" 'who was refused stays so'
is "$(report counters)" agree 'counters and records agree'
ok $(($(report cost) <= cost)) 'a second attempt that was taken costs again'

lines=$(lines)
loa campaign retry c --reasons bad-recipient --yes >/dev/null 2>&1
tried_too() { [ "$(report refused)" = 0 ] && is_finished; }
until_true tried_too
ok $? 'who was refused is tried again when that is asked for'
is "$(tail -n +$((lines + 1)) "$dir/ledger" | grep -c '"event":"accepted"')" "$refused" 'the ledger has as many'
is "$(report counters)" agree 'counters and records agree'
has "$(loa campaign retry c --yes 2>&1)" 'nothing to retry' 'then there is nothing to retry'

# ---- clone ----
is "$(loa campaign clone c again)" 'campaign 2 created' 'a campaign is cloned'
shape() { loa campaign show "$1" | grep -E '"(class|goal|event|list|per|template|query)"'; }
is "$(shape again)" "$(shape c)" 'with all that it sends'
has "$(loa campaign show again)" '"state": "draft"' 'it is a draft'
has "$(loa campaign clone c again 2>&1)" 'already' 'a name is taken once'
has "$(loa campaign clone c 77 2>&1)" 'letter' 'and is no number'

# ---- over HTTP, with a key: an answer that was lost is asked for again ----
post() { # PATH BODY KEY
	api POST "/campaigns/$1" "$2" "$3"
}
is "$(post c/clone '{"name":"third"}' key-number-1)" '{"campaign":3}' 'cloned with a key'
is "$(status)" 201 'it is a 201'
is "$(post c/clone '{"name":"third"}' key-number-1)" '{"campaign":3}' 'asked again it is the same one'
is "$(status)" 200 'it is a 200'
gateway_control '{"receipts":"mixed"}' >/dev/null
loa campaign launch third >/dev/null
until_true is_told third
failed_before=$(report_of third undeliverable) lines=$(lines)
has "$(post third/retry '' key-number-2)" '"state":"running"' 'retried with a key'
has "$(post third/retry '' key-number-2)" '"run"' 'asked again'
until_true is_finished third
post third/retry '' key-number-2 >/dev/null
sleep 1
is "$(tail -n +$((lines + 1)) "$dir/ledger" | grep -c '"event":"accepted"')" "$failed_before" 'each of them is tried once'
has "$(post third/retry '{"reason":"x"}' key-number-3)" '"code":"input"' 'a misspelt member is refused'
has "$(api POST /campaigns/third/cancel)" 'is finished' 'a finished one is not cancelled'
done_testing
