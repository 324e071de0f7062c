#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gateway simulator from outside: dialects, ledger, each fault, receipts, moods. TAP.
# The gateway's own /inbox is the receiver of its receipts.
. "$(dirname "$0")/../gateway/lib.sh"

# one NUMBER REF [MORE]: a single message
one() { ask POST /send "{\"to\":\"$1\",\"text\":\"Xin chào\",\"from\":\"BRAND\",\"ref\":\"$2\"${3-}}"; }
code() { is "$(sed -nE 's/^\{"code":"([0-9]+)".*/\1/p' <<<"$body")" "$1"; }
reports_are() { is "$(lines inbox "\"ref\":\"$1\",\"status\":\"$2\"")" "$3"; }

# ---- input ----

test_dialects() {
	check 'it says where it listens' is "$(cat "$dir/out")" "gateway: listening on 127.0.0.1:$port"
	one 84912345678 r1
	check 'a message is accepted with an id' is "$body" '{"code":"0","id":"gw-1"}'
	check 'the ledger has the message' has "$(grep '"ref":"r1"' "$ledger")" \
		'"ref":"r1","id":"gw-1","to":"84912345678","from":"BRAND","text":"Xin chào"}'
	ask POST /send '{"to":"84312345678","text":"\u1ea1\ud83d\ude00\n\"\\","from":"A","ref":"r2"}'
	check 'escapes are read' lines_are accepted '"text":"ạ😀\n\"\\"' 1
	ask POST /batch '{"from":"B","messages":[{"to":"84512345678","text":"a","ref":"b1"},{"to":"0912345678","text":"a","ref":"b2"},{"to":"84712345678","text":"","ref":"b3"},{"to":"84812345678","text":"b","ref":"b4"}]}'
	check 'a batch is answered in its order, each message with its code' is "$body" \
		'{"code":"0","results":[{"ref":"b1","code":"0","id":"gw-3"},{"ref":"b2","code":"10"},{"ref":"b3","code":"11"},{"ref":"b4","code":"0","id":"gw-4"}]}'
	ask POST /bulk '{"from":"B","text":"c","ref":"k1","to":["84912345678","84212345678","84912345679"]}'
	check 'one text to many has one id and a list of the refused' is "$body" \
		'{"code":"0","id":"gw-5","refused":["84212345678"]}'
	check 'each of the many has its line' lines_are accepted '"ref":"k1","id":"gw-5"' 2
	check 'the refused one has its line' lines_are refused '"code":"10","ref":"k1","to":"84212345678"' 1
	with '{"batch-max":2}'
	ask POST /batch '{"from":"B","messages":[{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"}]}'
	check 'a batch longer than the contract is refused' code 11
	with '{"batch-max":500,"shuffle":true}'
	ask POST /batch "{\"from\":\"B\",\"messages\":[$(for i in {1..20}; do
		[ "$i" = 1 ] || printf ,
		printf '{"to":"84512345678","text":"a","ref":"s%d"}' "$i"
	done)]}"
	order=$(grep -o '"s[0-9]*"' <<<"$body")
	check 'a shuffled answer has every reference' is "$(wc -l <<<"$(sort -u <<<"$order")")" 20
	check 'a shuffled answer is out of order' [ "$(sort -V <<<"$order")" != "$order" ]
	with '{"shuffle":false}'
}

# refused CODE PATH BODY WHAT
refused() {
	ask POST "$2" "$3"
	check "code $1: $4" code "$1"
}

test_strictness() {
	local before

	before=$(stat_of accepted)
	refused 10 /send '{"to":"+84912345678","text":"a","from":"B"}' 'a number with a plus'
	refused 10 /send '{"to":"849123456789","text":"a","from":"B"}' 'a number too long'
	refused 10 /send '{"to":"84612345678","text":"a","from":"B"}' 'no such range'
	refused 11 /send '{"to":84912345678,"text":"a","from":"B"}' 'a number that is no text'
	refused 11 /send '{"to":"84912345678","text":"","from":"B"}' 'an empty text'
	refused 11 /send '{"to":"84912345678","text":"a\u0000b","from":"B"}' 'a NUL in the text'
	refused 11 /send '{"to":"84912345678","text":"\ud83d","from":"B"}' 'half a surrogate pair'
	refused 11 /send $'{"to":"84912345678","text":"\xc0\xaf","from":"B"}' 'overlong UTF-8'
	refused 11 /send '{"to":"84912345678","text":"a","from":"B","ref":"a b"}' 'a blank in the reference'
	refused 11 /send '{"to":"84912345678","text":"a"}' 'a field is missing'
	check 'the answer names the field' has "$body" "'from'"
	refused 11 /send '{"to":"84912345678","text":"a","from":"B","x":"y"}' 'an unknown field'
	refused 11 /send '{"to":"84912345678","text":"a","from":"B","to":"84912345678"}' 'a field twice'
	refused 11 /send '{"to":"84912345678","text":"a","from":"B"} x' 'something behind the end'
	refused 11 /send '{"to":"84912345678","text":"a","from":"B"' 'no end'
	refused 11 /batch '{"from":"B","messages":[]}' 'an empty batch'
	refused 11 /send '{"to":"84912345678","text":"a","from":"B","callback":"ftp://x/"}' 'a callback that is none'
	refused 12 /send '{"to":"84912345678","text":"a","from":"TWELVE-CHARS"}' 'a sender too long'
	with '{"senders":"ONE,TWO"}'
	refused 12 /send '{"to":"84912345678","text":"a","from":"TW"}' 'a sender that is not known'
	with '{"senders":"","key":"secret"}'
	refused 40 /send '{"to":"84912345678","text":"a","from":"B"}' 'no key'
	ask POST /send '{"to":"84912345678","text":"a","from":"B"}' 'Content-Type: application/json\r\nX-Api-Key: secret\r\n'
	check 'the right key opens' code 0
	with '{"key":""}'
	ask POST /send '{"to":"84912345678","text":"a","from":"B"}' 'Content-Type: text/plain\r\n'
	check 'code 11: another Content-Type' code 11
	check 'nothing of this was accepted but the one' stat_is accepted $((before + 1))
}

# http STATUS BYTES WHAT
http() {
	raw "$2"
	check "$1: $3" is "$status" "$1"
}

test_http() {
	http 400 'POST /send HTTP/1.1\r\nContent-Length: 0\r\n\r\n' 'no Host'
	http 400 'GET /stats HTTP/1.1\nHost: a\n\r\n\r\n' 'lines that end in LF only'
	http 400 'POST /send HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n' 'two lengths'
	http 411 'POST /send HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n' 'a body in chunks'
	http 413 'POST /send HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n' 'a body too long'
	http 431 "GET /stats HTTP/1.1\r\nHost: a\r\nX: $(printf '%17000s' x)\r\n\r\n" 'a head too long'
	http 404 'GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' 'no such address'
	http 405 'GET /send HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' 'the wrong method'
	patience=1 raw 'POST /inbox HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n'
	check 'it says go on to who asks before a body' is "$status" 100
	raw 'GET /stats HTTP/1.1\r\nHost: a\r\n\r\nGET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
	check 'a kept connection is answered request by request' is "$(grep -ao 'HTTP/1.1 [0-9]*' <<<"$head$body" | tr '\n' ' ')" 'HTTP/1.1 200 HTTP/1.1 404 '
	ask GET /ledger
	check 'GET /ledger is the file' is "$body" "$(cat "$ledger")"
}

test_control() {
	ask POST /control '{"latency":5,"no-such-flag":1}'
	check 'an unknown flag is refused' is "$status" 400
	ask POST /control '{"latency":5,"hang":1.5}'
	check 'a chance over 1 is refused' has "$body" 'hang: a chance from 0 to 1'
	ask GET /control
	check 'a refused change changes nothing' has "$body" '"latency":"0"'
	ask POST /control '{"ledger":"x"}'
	check 'the ledger stays where it is' is "$status" 400
}

# ---- faults ----

# fault FLAG ACCEPTED END STATUS WHAT: with chance 1
fault() {
	with "{\"$1\":1}"
	patience=1 one 84912345678 "fault-$1"
	check "$1: $5" is "$end $status" "$3 $4"
	check "$1: $([ "$2" = 1 ] && echo 'it was accepted' || echo 'nothing was accepted')" \
		lines_are accepted "\"ref\":\"fault-$1\"" "$2"
	with "{\"$1\":0}"
}

test_faults() {
	fault reset-before 0 reset '' 'the connection is reset'
	fault html502-before 0 closed 502 'a proxy answers'
	fault hang 0 silent '' 'no answer'
	fault reset-after 1 reset '' 'the connection is reset'
	fault fin-after 1 closed '' 'the connection is closed without an answer'
	fault html502-after 1 closed 502 'a proxy answers'
	with '{"html502-after":1}'
	one 84912345678 html
	check 'the 502 is HTML' has "$head" 'text/html'
	with '{"html502-after":0,"half-answer":1}'
	one 84912345678 half
	check 'half-answer: less comes than was promised' \
		[ "${#body}" -lt "$(sed -nE 's/Content-Length: ([0-9]+)\r?/\1/p' <<<"$head")" ]
	check 'half-answer: it was accepted' lines_are accepted '"ref":"half"' 1
	with '{"half-answer":0,"garbage":1}'
	for i in 1 2 3 4 5 6 7 8; do
		one 84912345678 "garbage-$i"
		grep -qaE '^\{"code":"0","id":"gw-[0-9]+"\}$' <<<"$body" && break
	done
	check 'garbage: never a whole answer' is "$i" 8
	check 'garbage: all were accepted' lines_are accepted '"ref":"garbage-' 8
	with '{"garbage":0}'
	fault hang-after 1 silent '' 'no answer'
	check 'each fault is in the ledger' lines_are fault '"why":"reset","when":"after"' 1
	with '{"error-rate":1}'
	one 84912345678 e1
	check 'error-rate: code 21' code 21
	with '{"error-rate":0,"refuse-rate":1}'
	one 84912345678 e2
	check 'refuse-rate: code 10' code 10
	with '{"refuse-rate":0,"throttle-rate":1}'
	one 84912345678 e3
	check 'throttle-rate: 429' is "$status" 429
	check 'throttle-rate: code 20' code 20
	check 'throttle-rate: it says when to come again' has "$head" 'Retry-After: 1'
	with '{"throttle-rate":0}'
	check 'temporary, refused and throttled messages are in the ledger' is \
		"$(lines refused '"code":"21","ref":"e1"')$(lines refused '"code":"10","ref":"e2"')$(lines refused '"code":"20","ref":"e3"')" 111
}

# kept REF…: several messages on one connection; the answers' codes and how it ended
kept() {
	local all= b

	for ref in "$@"; do
		b="{\"to\":\"84912345678\",\"text\":\"a\",\"from\":\"B\",\"ref\":\"$ref\"}"
		all+="POST /send HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: ${#b}\r\n\r\n$b"
	done
	patience=1 raw "$all"
	answers=$(grep -ao '"code":"0"' <<<"$head$body" | wc -l)
}

test_closing() {
	with '{"close-after":2}'
	kept c1 c2
	check 'close-after: the second request of a connection gets no answer' is "$answers $end" '1 closed'
	check 'close-after: it was accepted' lines_are accepted '"ref":"c2"' 1
	with '{"close-after":0,"close-after-rst":2}'
	kept d1 d2
	check 'close-after-rst: the connection is reset' is "$end" reset
	check 'close-after-rst: both were accepted' lines_are accepted '"ref":"d' 2
	with '{"close-after-rst":0}'
	kept f1 f2 f3
	check 'without them a connection stays' is "$answers $end" '3 silent'
	with '{"idle-timeout":200}'
	patience=5 raw 'GET /stats HTTP/1.1\r\nHost: a\r\n\r\n'
	check 'idle-timeout: a quiet connection is closed' is "$end" closed
	with '{"idle-timeout":60000}'
}

test_nth() {
	with '{"fault-in":2,"fault":"fin-before"}'
	one 84912345678 n1
	check 'fault-in: the request before the second is answered' has "$body" '"code":"0"'
	one 84912345678 n2
	check 'the second is closed without an answer' is "$end $status" 'closed '
	check 'and was not accepted' lines_are accepted '"ref":"n2"' 0
	one 84912345678 n3
	check 'the third is answered' has "$body" '"code":"0"'
	with '{"fault-in":1,"fault":"http500-after"}'
	one 84912345678 n4
	check 'http500-after: an answer that says nothing' is "$status" 500
	check 'it was accepted' lines_are accepted '"ref":"n4"' 1
	with '{"fault-in":1,"fault":"throttle"}'
	one 84912345678 n5
	check 'throttle: too many requests' is "$status" 429
	check 'when to come again is said' has "$head" 'Retry-After: 1'
	with '{"fault-in":1,"fault":"gone"}'
	one 84912345678 n6
	check 'gone: the connection is reset' is "$end" reset
	check 'new ones are refused' is "$(exec 2>/dev/null; exec 4<>"/dev/tcp/127.0.0.1/$port" && echo taken)" ''
	until_true eval 'exec 2>/dev/null 4<>"/dev/tcp/127.0.0.1/$port"'
	check 'a moment later it is back' stat_is faults "$(grep -c '"event":"fault"' "$ledger")"
	exec 4>&-
	check 'nothing was accepted meanwhile' lines_are accepted '"ref":"n6"' 0
}

test_latency() {
	local from

	with '{"latency":300}'
	from=${EPOCHREALTIME/[.,]/}
	one 84912345678 late
	check 'latency: the answer waits' [ $((${EPOCHREALTIME/[.,]/} - from)) -ge 300000 ]
	ask POST /control '{"latency":0}'
}

# ---- contract ----

test_dedupe() {
	one 84912345678 twice
	one 84912345678 twice
	check 'dedupe none: a repeated reference is accepted again' code 0
	check 'dedupe none: and counted' stat_is accepted_again 1
	with '{"dedupe":"forever"}'
	one 84912345678 once
	first=$(grep -o 'gw-[0-9]*' <<<"$body")
	one 84912345679 once
	check 'dedupe forever: code 30 with the first id' has "$body" "{\"code\":\"30\",\"id\":\"$first\""
	check 'dedupe forever: it is not accepted again' lines_are accepted '"ref":"once"' 1
	check 'dedupe forever: the repetition is in the ledger' lines_are duplicate '"ref":"once"' 1
	ask POST /batch '{"from":"B","messages":[{"to":"84512345678","text":"a","ref":"in"},{"to":"84512345678","text":"a","ref":"in"}]}'
	check 'dedupe acts inside a batch' has "$body" '"ref":"in","code":"30"'
	ask POST /bulk '{"from":"B","text":"c","ref":"once","to":["84912345678"]}'
	check 'dedupe acts on a bulk as a whole' code 30
	with '{"refuse-rate":1}'
	one 84912345678 later
	with '{"refuse-rate":0}'
	one 84912345678 later
	check 'a refused reference may come again' code 0
	with '{"dedupe":1}'
	one 84912345678 window
	one 84912345678 window
	check 'dedupe 1: inside the second it is a repetition' code 30
	accepted_now() { one 84912345678 window; code 0; }
	check 'dedupe 1: after the second it is accepted' until_true accepted_now
	with '{"dedupe":"forever","dedupe-text":true}'
	one 84912345670 text-1
	first=$(grep -o 'gw-[0-9]*' <<<"$body")
	one 84912345670 text-2
	check 'dedupe-text: the same text to the same number is a repetition' has "$body" "{\"code\":\"30\",\"id\":\"$first\""
	one 84912345671 text-1
	check 'dedupe-text: to another number it is none, whatever the reference' code 0
	ask POST /send '{"to":"84912345670","text":"other","from":"BRAND","ref":"text-1"}'
	check 'dedupe-text: nor is another text' code 0
	ask POST /bulk '{"from":"BRAND","text":"other","to":["84912345670","84912345672"]}'
	check 'dedupe-text: of a bulk it is refused to that number alone' has "$body" '"refused":["84912345670"]'
	with '{"dedupe":"none","dedupe-text":false}'
}

test_rate() {
	local five='{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"},{"to":"84512345678","text":"a"}'

	with '{"rate":5,"rate-strict":true}'
	ask POST /batch "{\"from\":\"B\",\"messages\":[$five]}"
	check 'rate 5: five at once pass' is "$status" 200
	one 84912345678 sixth
	check 'rate 5: the sixth is too fast' is "$status" 429
	check 'rate 5: with code 20' code 20
	check 'rate 5: the violation is counted' stat_is rate_violations 1
	passes() { one 84912345678 sixth; is "$status" 200; }
	check 'rate 5: a second later it passes' until_true passes
	ask POST /batch "{\"from\":\"B\",\"messages\":[$five,$five]}"
	check 'rate 5: ten at once need two seconds of silence' is "$status" 429
	ten_pass() { ask POST /batch "{\"from\":\"B\",\"messages\":[$five,$five]}"; is "$status" 200; }
	check 'rate 5: after the silence ten at once pass' until_true ten_pass
	with '{"rate":0,"rate-strict":false}'
}

# ---- receipts ----

test_receipts() {
	local i

	with '{"receipts":"delivered","receipt-delay":10}'
	one 84912345678 rc1 ",\"callback\":\"$self\""
	check 'a receipt comes to the callback' until_true reports_are rc1 DELIVRD 1
	check 'a receipt that was taken is in the ledger' until_true lines_are receipt '"ref":"rc1"' 1
	check 'a receipt has id, ref, status and number' has "$(grep '"event":"inbox"' "$ledger")" '"ref":"rc1","status":"DELIVRD","to":"84912345678"}'
	with '{"inbox-status":500}'
	one 84912345678 rc2 ",\"callback\":\"$self\""
	check 'a receipt that is not taken comes again' until_true has_two rc2
	check 'it still is pending' stat_is receipts_pending 1
	with '{"inbox-status":200}'
	check 'until it is taken' until_true lines_are receipt '"ref":"rc2"' 1
	with '{"receipt-tries":2,"inbox-status":500}'
	one 84912345678 rc3 ",\"callback\":\"$self\""
	check 'after the last try it is given up' until_true stat_is receipts_given_up 1
	with '{"receipt-tries":30,"inbox-status":200,"receipt-duplicate":1}'
	one 84912345678 rc4 ",\"callback\":\"$self\""
	check 'receipt-duplicate: it comes twice' until_true reports_are rc4 DELIVRD 2
	with '{"receipt-duplicate":0,"receipt-early":1,"receipt-delay":60000}'
	one 84912345678 rc5 ",\"callback\":\"$self\""
	check 'receipt-early: it is there before the answer' reports_are rc5 DELIVRD 1
	with "{\"receipt-early\":0,\"receipt-delay\":50,\"receipt-batch\":10,\"callback\":\"$self\"}"
	ask POST /batch '{"from":"B","messages":[{"to":"84512345678","text":"a","ref":"m1"},{"to":"84512345679","text":"a","ref":"m2"},{"to":"84512345670","text":"a","ref":"m3"}]}'
	check 'receipt-batch: several come in one' until_true lines_are inbox '"body":{"receipts":[{' 1
	check 'receipt-batch: with all of them' is "$(grep '"receipts":\[' "$ledger" | grep -o '"ref":"m[123]"' | sort -u | wc -l)" 3
	with '{"receipts":"mixed","receipt-batch":100,"receipt-delay":0}'
	ask POST /batch "{\"from\":\"B\",\"messages\":[$(for i in {1..400}; do
		[ "$i" = 1 ] || printf ,
		printf '{"to":"84512345678","text":"a","ref":"x%d"}' "$i"
	done)]}"
	until_true stat_is receipts_pending 0
	check 'mixed: every status occurs' is "$(grep '"ref":"x' "$ledger" | grep -o '"status":"[A-Z]*"' | sort -u | tr -d '\n')" \
		'"status":"ACCEPTD""status":"DELIVRD""status":"EXPIRED""status":"UNDELIV"'
	with '{"receipts":"delivered","receipt-batch":1,"callback":""}'
	failed=$(failed_tries)
	one 84912345678 rc6 ',"callback":"http://127.0.0.1:1/"'
	check 'a receiver that is not there is tried again and again' until_true tried_thrice
	check 'and holds nobody else up' until_true_report rc7
	with '{"receipts":"none"}'
}
has_two() { [ "$(lines inbox "$1")" -ge 2 ]; }
failed_tries() { echo $(($(stat_of receipts_sent) - $(stat_of receipts_acknowledged))); }
tried_thrice() { [ "$(failed_tries)" -ge $((failed + 3)) ]; }
until_true_report() {
	one 84912345678 "$1" ",\"callback\":\"$self\""
	until_true reports_are "$1" DELIVRD 1
}

# order_of REF STATUSES: the order in which the reports of a reference came
order_of() { is "$(grep -F "\"ref\":\"$1\"" "$ledger" | grep '"event":"inbox"' | grep -oE '(DELIVRD|UNDELIV|ACCEPTD|EXPIRED)' | tr '\n' ' ')" "$2"; }

test_moods() {
	with "{\"moods\":true,\"receipts\":\"delivered\",\"receipt-delay\":0,\"callback\":\"$self\"}"
	one 84910000001 mood1
	check 'mood 0001: refused' code 10
	one 84910000002 mood2
	check 'mood 0002: temporary at first' code 21
	one 84910000002 mood2
	check 'mood 0002: then accepted' code 0
	one 84910000003 mood3
	check 'mood 0003: not delivered' until_true order_of mood3 'UNDELIV '
	one 84910000004 mood4
	check 'mood 0004: expired' until_true order_of mood4 'EXPIRED '
	one 84910000005 mood5
	check 'mood 0005: under way, then delivered' until_true order_of mood5 'ACCEPTD DELIVRD '
	one 84910000008 mood8
	check 'mood 0008: reports that contradict each other' until_true order_of mood8 'UNDELIV DELIVRD '
	with '{"receipt-reorder":true,"receipt-delay":400}'
	one 84910000005 swapped
	with '{"receipt-reorder":false,"receipt-delay":0}'
	one 84910000009 mood9
	check 'mood 0009: a receipt twice' until_true order_of mood9 'DELIVRD DELIVRD '
	one 84910000010 mood10
	check 'mood 0010: a receipt before the answer' order_of mood10 'DELIVRD '
	one 84910000011 mood11
	check 'mood 0011: accepted, then reset' is "$end $(lines accepted mood11)" 'reset 1'
	one 84910000012 mood12
	check 'mood 0012: reset at first' is "$end $(lines accepted mood12)" 'reset 0'
	one 84910000012 mood12
	check 'mood 0012: then accepted' code 0
	patience=1 one 84910000013 mood13
	check 'mood 0013: accepted, no answer' is "$end $(lines accepted mood13)" 'silent 1'
	one 84910000014 mood14
	check 'mood 0014: accepted, 502' is "$status $(lines accepted mood14)" '502 1'
	one 84910000015 mood15
	check 'mood 0015: too fast at first' is "$status" 429
	one 84910000016 mood16
	check 'mood 0016: sender unknown' code 12
	one 84910000018 mood18
	check 'mood 0018: half an answer' is "$end $(lines accepted mood18)" 'closed 1'
	one 84910000019 mood19
	check 'mood 0019: accepted, then closed' is "$end$status $(lines accepted mood19)" 'closed 1'
	one 84910000020 mood20
	check 'mood 0020: 502 at first, nothing accepted' is "$status $(lines accepted mood20)" '502 0'
	ask POST /bulk '{"from":"B","text":"c","ref":"mb","to":["84910000001","84910000000"]}'
	check 'moods act in a bulk' has "$body" '"refused":["84910000001"]'
	check 'receipt-reorder: both reports come' until_true both_came
	with '{"moods":false,"receipts":"none","callback":""}'
}
both_came() { is "$(lines inbox '"ref":"swapped"')" 2; }

# ---- life ----

test_crash() {
	with '{"dedupe":"forever"}'
	one 84912345678 before-crash
	id=$(grep -o 'gw-[0-9]*' <<<"$body")
	stop KILL
	printf '{"event":"accepted","at_us":1,"ref":"torn' >>"$ledger"
	start --dedupe forever
	one 84912345678 before-crash
	check 'a gateway that crashed remembers what it accepted' has "$body" "{\"code\":\"30\",\"id\":\"$id\""
	check 'the line that the crash tore is gone' lines_are accepted torn 0
	with '{"dedupe-text":true}'
	one 84912345678 another-reference
	check 'it remembers the text, too' has "$body" "{\"code\":\"30\",\"id\":\"$id\""
	with '{"dedupe-text":false}'
	one 84912345678 after-crash
	check 'its ids go on' is "$(grep -o '[0-9]*"}' <<<"$body")" "$((${id#gw-} + 1))\"}"
}

test_end() {
	local flag

	stop TERM
	check 'TERM ends it cleanly' is "$rc" 0
	check 'it had nothing to complain about' is "$(cat "$dir/err")" ''
	check 'each line of the ledger is whole' is "$(grep -cvE '^\{"event":"[a-z]+",.*\}$' "$ledger")" 0
	"$gateway" --no-such-flag 1 2>"$dir/err"
	check 'an unknown flag is refused' is "$? $(head -n 1 "$dir/err")" '2 gateway: --no-such-flag: no such flag'
	"$gateway" --hang 2 2>"$dir/err"
	check 'a bad value is refused with what belongs there' has "$(cat "$dir/err")" 'a chance from 0 to 1'
	"$gateway" --help | sed -nE 's/^  (--[a-z0-9-]+) .*/\1/p' >"$dir/flags"
	missing=$(while read -r flag; do
		grep -qF -- "\`$flag" tests/gateway/README.md || echo "$flag"
	done <"$dir/flags")
	check 'every flag is documented' is "$(wc -l <"$dir/flags") $missing" "$(wc -l <"$dir/flags") "
}

start
test_dialects
test_strictness
test_http
test_control
test_faults
test_closing
test_nth
test_latency
test_dedupe
test_rate
test_receipts
test_moods
test_crash
test_end
echo "1..$number"
