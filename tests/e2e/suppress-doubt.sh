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

# ---- requests of ten that are ready, when every second of their people is suppressed ----
make_list 8000
loa list import l "$dir/list.csv" >/dev/null
sed 's/"c"/"b"/' "$dir/c.json" >"$dir/b.json"
loa campaign create "$dir/b.json" >/dev/null
from=$(lines)
loa campaign launch b >/dev/null
until_true has_lines $((from + 500))
awk 'BEGIN { for (i = 0; i < 8000; i += 2) printf "09%08d\n", 10000000 + i * 7 }' >"$dir/refused.txt"
loa suppress import "$dir/refused.txt" --reason 'list of the commune' >/dev/null
sleep 1
line=$(lines)
timeout 60 "$B/loa" campaign watch b --data "$dir/data" >/dev/null
loa campaign report b --json >"$dir/b.out"
of_b() { json_field "$1" <"$dir/b.out"; }
is "$(($(of_b accepted) + $(of_b suppressed)))" 8000 'everybody is accepted or suppressed'
ok $(($(of_b suppressed) > 1000 ? 0 : 1)) "$(of_b suppressed) are suppressed"
is "$(of_b counters)" agree 'counters and records agree'
tail -n +$((line + 1)) "$dir/ledger" | sed -n '/"event":"accepted"/s/.*"to":"84\([0-9]*\)".*/0\1/p' | sort >"$dir/late"
is "$(sort "$dir/refused.txt" | comm -12 - "$dir/late" | wc -l)" 0 'a second later none of them is in any request'
is "$(gateway_stat accepted_again)" 0 'nobody got two'
done_testing
