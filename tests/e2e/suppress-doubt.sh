#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Two requests of ten are in doubt; one of the twenty people is suppressed before they may be said
# again. The request that holds him is left to a person, whole; the other one is repeated.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --reset-after 1
# At 2,500 a second a request takes ten messages.
write_config -e 's/"rate": 100/"rate": 2500/' -e 's/"batch": { "max": 100 }/"batch": { "max": 10 }/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
make_list 20
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
all_in_doubt() { [ "$(report unknown)" = 20 ]; }
until_true all_in_doubt
ok $? 'all twenty are in doubt'
before=$(grep -c '"event":"accepted"' "$dir/ledger")
loa suppress add 0910000021 --reason 'asked at the counter' >/dev/null # row 3
gateway_control '{"reset-after":0}' >/dev/null
is_over() { [ "$(report accepted):$(report unknown)" = 10:10 ]; }
until_true is_over
ok $? 'the request without him is repeated and accepted'
is "$(report held)" 10 'the one that holds him is held, whole'
sleep 3 # longer than the next repeat would have waited
is "$(report unknown)" 10 'and stays so'
is "$before" 20 'the gateway had taken all the first time'
is "$(grep -c '"event":"duplicate".*"to":"84910000021"' "$dir/ledger")" 0 'nothing more was said to him'
is "$(report suppressed)" 0 'what is in doubt is not called suppressed'
is "$(report counters)" agree 'counters and records agree'
done_testing
