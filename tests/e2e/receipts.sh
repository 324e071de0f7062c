#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Receipts that bring the gateway's id only, of each message or of a whole request: early ones,
# doubled and reordered ones find their messages. The gateway's ledger says what is right.
. "$(dirname "$0")/lib.sh"

stop_all() {
	kill "$loa_pid" "$gateway_pid"
	wait "$loa_pid" "$gateway_pid" 2>/dev/null
	loa_pid='' gateway_pid=''
	rm -rf "$dir/data" "$dir/ledger"
	gateway_port=0 loa_port=0
}
# How many numbers have a receipt of this status, and none of the others that is worth more?
told() { # STATUS
	grep '"event":"receipt"' "$dir/ledger" | grep -o '"to":"[0-9]*".*"status":"[A-Z]*"\|"status":"[A-Z]*".*"to":"[0-9]*"' |
		sed 's/.*"to":"\([0-9]*\)".*"status":"\([A-Z]*\)".*/\1 \2/; s/.*"status":"\([A-Z]*\)".*"to":"\([0-9]*\)".*/\2 \1/' |
		awk -v want="$1" '{ v = $2 == "DELIVRD" ? 3 : $2 == "UNDELIV" || $2 == "EXPIRED" ? 2 : 1
			if (v > best[$1]) best[$1] = v }
			END { for (p in best) n += best[p] == want; print n + 0 }'
}
all_told() { [ "$(gateway_stat receipts_pending)" = 0 ] && [ "$(report accepted)" = "$(($(report audience) - $(told 3) - $(told 2)))" ]; }
compare() { # NAME
	until_true all_told
	ok $? "$1: every receipt is merged"
	is "$(report delivered)" "$(told 3)" "$1: as many are delivered as the gateway says"
	is "$(report undeliverable)" "$(told 2)" "$1: as many are undeliverable"
	is "$(report counters)" agree "$1: counters and records agree"
}
run_campaign() {
	make_list 400
	make_campaign "so_dien_thoai != ''"
	[ -z "${text:-}" ] || { echo "$text" >"$dir/t.txt"; loa template save t "$dir/t.txt" >/dev/null; }
	loa campaign launch c >/dev/null
	all_sent() { [ "$(report audience):$(report waiting):$(report sending):$(report retry)" = 400:0:0:0 ]; }
	until_true all_sent
	ok $? "$1: all are sent"
}

# ---- an id for each message ----

start_gateway --dedupe forever --receipts mixed --receipt-early 0.3 --receipt-duplicate 0.3 \
	--receipt-reorder --receipt-batch 7
write_config -e 's/"rate": 100/"rate": 400/' -e 's/"items": "receipts", "reference": "ref", /"items": "receipts", /' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' -e 's/"name": "mo-phong",/& "token": "0123456789abcdef",/'
start_loa
run_campaign 'id of a message'
compare 'id of a message'
# Nobody's: kept, counted, shown. Two of them, and one that waits for its answer.
push() { http "127.0.0.1:$loa_port" POST "/hooks/receipt/mo-phong/$1" "$2" >/dev/null; }
push 0123456789abcdef '{"receipts":[{"id":"","ref":"x","status":"DELIVRD"}]}'
is "$(status)" 422 'a receipt that names no message is refused'
push 0123456789abcdee '{"receipts":[{"id":"nobody","status":"DELIVRD"}]}'
is "$(status)" 404 'and one with a wrong token'
push 0123456789abcdef '{"receipts":[{"id":"nobody","status":"DELIVRD"}]}'
is "$(status)" 200 'one whose id is not known is kept'
metric() { metrics | sed -n "s/^loa_receipts_total{result=\"$1\"} //p"; }
[ "$(metric parked)" -ge 1 ]
ok $? 'it is parked'
id=$(sed -n 's/.*"event":"accepted".*"id":"\([^"]*\)".*/\1/p' "$dir/ledger" | head -n 1)
push 0123456789abcdef "{\"receipts\":[{\"id\":\"$id\",\"status\":\"WHATEVER\"}]}"
is "$(metric unknown-code)" 1 'a status that nobody knows is counted'
is "$(api GET /providers/mo-phong/receipts/unknown)" '{"total":0,"receipts":[]}' 'nothing is unknown yet'
is "$(api GET /providers/nobody/receipts/unknown >/dev/null; cat "$dir/status")" 404 'there is no list for a provider that is not there'

# ---- a provider that a reload takes out ----

cp "$dir/loa.json" "$dir/before.json"
sed -i 's/"mo-phong"/"another"/' "$dir/loa.json"
kill -HUP "$loa_pid"
says_another() { api GET /providers | grep -q another; }
until_true says_another
push 0123456789abcdef "{\"receipts\":[{\"id\":\"$id\",\"status\":\"DELIVRD\"}]}"
is "$(status)" 200 'the hook of a provider that a reload took out goes on answering'
stop_all

# ---- one id for a request ----

start_gateway --dedupe forever --receipts mixed --receipt-duplicate 0.3 --receipt-reorder
write_config -e 's/"rate": 100/"rate": 400/' -e 's|@GATEWAY@/batch|&|; s|/batch",|/bulk",|' \
	-e 's|"messages": { "$each".*|"to": { "$each": "${phone}" }, "text": "${text}", "ref": "${request_reference}"|' \
	-e 's/"shape": "list"/"shape": "one_text", "reference_scope": "request"/' \
	-e 's/"code": "code",$/"code": "code", "id": "id", "refused_phones": "refused"/' \
	-e '/"items": { "at": "results"/d' -e 's/"batch": {/& "min": 20,/' \
	-e 's/"items": "receipts", "reference": "ref", "id": "id", /"id": "id", "phone": "to", /' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' -e 's/"name": "mo-phong",/& "token": "0123456789abcdef",/'
start_loa
text='Mời ông/bà nộp hồ sơ tại nhà.'
run_campaign 'id of a request'
[ "$(gateway_stat requests)" -lt 100 ]
ok $? 'id of a request: many went in one request'
compare 'id of a request'
done_testing
