#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Campaigns under a person's hand: cancel, pause and resume while messages leave. After the answer no
# byte leaves (the gateway's ledger is the witness), sums hold, what is with the partner is merged on.
. "$(dirname "$0")/lib.sh"

campaign() { # NAME: a campaign like "c", launched
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"notice\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null && loa campaign launch "$1" >/dev/null
}
open_messages() { echo $(($(report_of "$1" waiting) + $(report_of "$1" sending) + $(report_of "$1" retry))); }
nothing_is_open() { [ "$(report_of "$1" audience)" = "$2" ] && [ "$(open_messages "$1")" = 0 ]; }
now_us() { date +%s%6N; }
# Lines of the ledger that came more than a second after $1
later_than() { awk -F'"at_us":' -v t="$(($1 + 1000000))" '{ split($2, v, ","); n += v[1] + 0 > t } END { print n + 0 }' "$dir/ledger"; }
# Of one report, the states (the first block of it) added up, and the audience.
states_and_audience() {
	loa campaign report "$1" --json | awk '/"states"/ { inside = 1; next } inside && /}/ { inside = 0 }
		inside { gsub(/[^0-9]/, "", $2); n += $2 } /"audience"/ { gsub(/[^0-9]/, "", $2); print n, $2 }'
}

start_gateway --dedupe forever --latency 20 --receipts delivered --receipt-delay 1500 --receipt-batch 100
write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"deadline_s": 10/"deadline_s": 600/'
start_loa
make_list 60000
make_campaign "so_dien_thoai != ''"
ok $? 'a list of sixty thousand'

# ---- cancel midway ----
loa campaign launch c >/dev/null
until_true has_lines 1500
loa campaign cancel c </dev/null >/dev/null 2>"$dir/err"
is "$?" 2 'where nobody can be asked a cancel needs --yes'
has "$(cat "$dir/err")" '--yes' 'and says so'
loa campaign cancel c --reason 'wrong text' --yes >"$dir/cancel"
rc=$?
at=$(now_us)
is $rc 0 'cancelled midway'
has "$(cat "$dir/cancel")" 'will not be sent' 'it says how many will not be sent'
has "$(cat "$dir/cancel")" 'already with the partner: accepted' 'and what is with the partner'
sums=$(states_and_audience c)
is "${sums% *}" "${sums#* }" 'the states are the audience while it is swept'
until_true nothing_is_open c 60000
ok $? 'every message of the list has come to its end'
is "$(later_than "$at")" 0 'no byte left more than a second after the answer'
is "$(report_of c counters)" agree 'counters and records agree'
sent=$(grep -c '"event":"accepted"' "$dir/ledger")
all_received() { [ "$(report_of c delivered)" = "$sent" ]; }
until_true all_received
ok $? 'receipts of what was sent are merged after the cancel'
is "$(report_of c cancelled)" $((60000 - sent)) 'the others are cancelled'
loa campaign cancel c --yes | head -n 1 >"$dir/again"
has "$(cat "$dir/again")" 'will not be sent' 'cancelled again it says the same'
has "$(loa campaign resume c 2>&1)" 'is cancelled' 'it cannot be resumed'
has "$(loa campaign ls)" '(person: wrong text)' 'the list of campaigns says why'
has "$(loa campaign report c)" 'stopped: person: wrong text' 'so does the report'
put_away() { [ "$(redis ZCARD loa:runs)" = 0 ]; }
until_true put_away
ok $? 'the run is put away'
timeout 20 "$B/loa" campaign watch c --data "$dir/data" >"$dir/watch"
has "$(tail -n 1 "$dir/watch")" 'cancelled' 'watch ends'

# ---- cancel while the list is counted ----
campaign early
loa campaign cancel early --yes >/dev/null
until_true nothing_is_open early 60000
ok $? 'cancelled while it is frozen everybody gets a record'
is "$(($(report_of early cancelled) + $(report_of early delivered) + $(report_of early accepted)))" 60000 'with its end'
is "$(report_of early counters)" agree 'counters and records agree'

# ---- pause and resume; the server is killed after each ----
campaign p
until_true has_lines $(($(lines) + 1000))
is "$(loa campaign pause p --reason 'the hotline is down')" paused 'paused'
at=$(now_us)
kill_server
is "$(loa campaign pause p --reason other)" paused 'pausing a paused one is fine'
has "$(loa campaign show p)" 'the hotline is down' 'the first reason stays'
sleep 1.5
is "$(later_than "$at")" 0 'no byte left more than a second after the answer'
no_lease() { [ "$(redis HLEN loa:run:3:lease)" = 0 ]; }
is "$(loa campaign resume p)" running 'resumed'
is "$(loa campaign resume p)" running 'resuming a running one is fine'
until_true has_lines $(($(lines) + 500))
ok $? 'it goes on'
loa campaign pause p >/dev/null
until_true no_lease
ok $? 'a paused run leases nothing'
loa campaign resume p >/dev/null
loa campaign cancel p --yes >/dev/null
at=$(now_us)
kill_server
until_true nothing_is_open p 60000
ok $? 'a server that is killed right after the cancel goes on with its sweep'
is "$(later_than "$at")" 0 'and sends nothing'
is "$(report_of p counters)" agree 'counters and records agree'
is "$(gateway_stat accepted_again)" 0 'nothing was sent twice'

# ---- a lane that rests asks for nothing: it hears of the pause all the same ----
campaign r
until_true has_lines $(($(lines) + 200))
kill -9 "$gateway_pid"
wait "$gateway_pid" 2>/dev/null
gateway_pid=''
leases() { redis HLEN loa:run:4:lease; }
rests() { loa provider ls | grep -q 'cannot be reached'; }
until_true rests
sleep 8 # 1 s, 2 s, 4 s: the next look is far away
loa campaign pause r >/dev/null
sleep 1
is "$(leases)" 0 'within a second all that was claimed is given back'
loa campaign cancel r --yes >/dev/null
until_true nothing_is_open r 60000
ok $? 'and cancelled everything ends'
is "$(report_of r counters)" agree 'counters and records agree'
done_testing
