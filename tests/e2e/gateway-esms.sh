#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The gateway simulator's dialect of eSMS.vn from outside: codes, callbacks, looking up, money,
# moods and faults. TAP.
# The gateway's own /inbox is the CallbackUrl; what comes there stands in the ledger.
. "$(dirname "$0")/../gateway/lib.sh"
folder=/MainService.svc/json
keys='"ApiKey":"K0","SecretKey":"S0"'
query='ApiKey=K0&SecretKey=S0'

# cskh PHONE REQUESTID [MORE]; the text is $content or a plain one
cskh() {
	ask POST $folder/SendMultipleMessage_V4_post_json/ \
		"{$keys,\"Phone\":\"$1\",\"Content\":\"${content-Xin chao}\",\"Brandname\":\"BRAND\",\"SmsType\":\"2\",\"RequestId\":\"$2\"${3-}}"
}
# phones N [LAST…]: N numbers from 84900000100 on, then those
phones() {
	local i n=$1

	shift
	for ((i = 0; i < n; i++)); do printf '"849%08d",' $((100 + i)); done
	for i in "$@"; do printf '"%s",' "$i"; done
}
# qc REQUESTID PHONES [MORE]
qc() {
	ask POST $folder/SendMultipleSMSBrandname_json/ \
		"{$keys,\"Phones\":[${2%,}],\"Content\":\"${content-(QC) Giam gia}\",\"Brandname\":\"BRAND\",\"SmsType\":\"1\",\"RequestId\":\"$1\"${3-}}"
}
look() { ask GET "$folder/$1?RefId=$2&$query"; }
balance() { ask POST $folder/GetBalance_json "{$keys}"; }
code() { is "$(sed -nE 's/^\{"Code(Result|Response)":"([0-9]+)".*/\2/p' <<<"$body")" "$1"; }
id_now() { grep -o 'gw-[0-9]*' <<<"$body" | head -n 1; }
field() { is "$(grep -oE "\"$1\":(\"[^\"]*\"|[^,}]*)" <<<"$body" | head -n 1 | cut -d: -f2- | tr -d '"')" "$2"; }
# callbacks REQUESTID: SendStatus/SendSuccess/SendFailed of each that came, in order
callbacks() {
	grep -F '{"event":"inbox"' "$ledger" | grep -F "\"RequestId\":\"$1\"" |
		sed -E 's/.*"SendStatus":"([0-9]*)","SendSuccess":"([0-9]*)","SendFailed":"([0-9]*)".*/\1\/\2\/\3/' | tr '\n' ' '
}
outlooks() { grep -F "\"ref\":\"$1\"" "$ledger" | grep -cF "\"outlook\":\"$2\""; }
callbacks_are() { is "$(callbacks "$1")" "$2"; }
status_becomes() { look GetSendStatus "$1"; field SendStatus "$2"; }

# ---- one message ----

test_cskh() {
	cskh 84912345678 r1
	check 'a message is taken over with an SMSID' is "$status $body" \
		'200 {"CodeResult":"100","CountRegenerate":0,"SMSID":"gw-1"}'
	check 'the ledger has the message' has "$(grep '"ref":"r1"' "$ledger")" \
		'"dialect":"esms-cskh","ref":"r1","id":"gw-1","to":"84912345678","from":"BRAND","text":"Xin chao","parts":1,"price":500,"outlook":"DELIVRD"}'
	cskh 0912345678 r2
	check 'a number may begin with 0' lines_are accepted '"ref":"r2","id":"gw-2","to":"84912345678"' 1
	ask POST $folder/SendMultipleMessage_V4_post_json/ "{$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"BRAND\",\"SmsType\":2}"
	check 'SmsType may be a number, RequestId may be left out' code 100
	cskh 84912345678 r3 ',"IsUnicode":"0","campaignid":"thang-11","Sandbox":"0","CallbackUrl":"http://127.0.0.1:1/x?token=y"'
	check 'all members of the documentation are known' code 100
	content='Xin chào' cskh 84912345678 r4 ',"IsUnicode":"1"'
	check 'accents go with IsUnicode 1' code 100
	cskh 84912345678 sand ',"Sandbox":"1"'
	check 'Sandbox 1: all is well' code 100
	check 'Sandbox 1: nothing is sent' is "$(lines accepted '"sand"')$(lines sandbox '"sand"')" 01
	cskh 84912345678 sand
	check 'Sandbox 1: its RequestId is not kept' code 100
}

# refused CODE WHAT BODY-MEMBERS: a CSKH body of just these members
refused() {
	ask POST $folder/SendMultipleMessage_V4_post_json/ "{$3}"
	check "$1: $2" code "$1"
}

test_strictness() {
	local before rest='"Content":"a","Brandname":"BRAND","SmsType":"2"' m

	before=$(stat_of accepted)
	m="\"Phone\":\"84912345678\",$rest"
	refused 101 'no keys' "$m"
	refused 101 'an empty key' "\"ApiKey\":\"\",\"SecretKey\":\"S0\",$m"
	refused 108 'a number with a plus' "$keys,\"Phone\":\"+84912345678\",$rest"
	refused 108 'two numbers' "$keys,\"Phone\":\"84912345678,84912345679\",$rest"
	refused 210 'a number that is no text' "$keys,\"Phone\":84912345678,$rest"
	refused 210 'no number' "$keys,$rest"
	check 'the answer names the member' has "$body" 'Phone is missing'
	refused 210 'no text' "$keys,\"Phone\":\"84912345678\",\"Brandname\":\"BRAND\",\"SmsType\":\"2\""
	refused 210 'an empty text' "$keys,\"Phone\":\"84912345678\",\"Content\":\"\",\"Brandname\":\"BRAND\",\"SmsType\":\"2\""
	refused 300 'no SmsType' "$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"BRAND\""
	refused 118 'SmsType 99' "$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"BRAND\",\"SmsType\":\"99\""
	refused 118 'SmsType 1 where 2 belongs' "$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"BRAND\",\"SmsType\":1"
	refused 104 'a brand name too long' "$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"TWELVE-CHARS\",\"SmsType\":\"2\""
	refused 210 'an unknown member' "$keys,$m,\"Priority\":\"1\""
	refused 210 'a member twice' "$keys,$m,\"Content\":\"b\""
	refused 210 'a member of the other address' "$keys,$m,\"Phones\":[\"84912345678\"]"
	refused 210 'IsUnicode that is neither' "$keys,$m,\"IsUnicode\":\"2\""
	refused 210 'IsUnicode as a number' "$keys,$m,\"IsUnicode\":0"
	refused 210 'accents without IsUnicode' "$keys,\"Phone\":\"84912345678\",\"Content\":\"chào\",\"Brandname\":\"BRAND\",\"SmsType\":\"2\""
	refused 210 'a RequestId of 51 characters' "$keys,$m,\"RequestId\":\"$(printf '%051d' 0)\""
	refused 100 'a RequestId of 50 characters' "$keys,$m,\"RequestId\":\"$(printf '%050d' 0)\""
	refused 210 'a campaignid of 255 characters' "$keys,$m,\"campaignid\":\"$(printf '%0255d' 0)\""
	refused 210 'a SendDate in another form' "$keys,$m,\"SendDate\":\"25/11/2026 09:00\""
	refused 210 'a SendDate that is no day' "$keys,$m,\"SendDate\":\"2026-02-30 09:00:00\""
	refused 210 'a CallbackUrl that is none' "$keys,$m,\"CallbackUrl\":\"me.example/dlr\""
	ask POST $folder/SendMultipleMessage_V4_post_json/ "{$keys"
	check 'a body that is no JSON' is "$status $body" '200 {"error":"Invalid request"}'
	ask POST $folder/SendMultipleMessage_V4_post_json/ "{$keys,$m}" 'Content-Type: text/plain\r\n'
	check 'a body that is not said to be JSON' is "$body" '{"error":"Invalid request"}'
	check 'nothing of this was accepted but the one' stat_is accepted $((before + 1))
	ask GET $folder/SendMultipleMessage_V4_post_json/
	check 'another method is not allowed' is "$status" 405
	ask POST $folder/SendMultipleMessage_V4_post_json "{$keys,$m}"
	check 'the slash at the end belongs to the address' is "$status" 404
	with '{"senders":"ONE,TWO"}'
	cskh 84912345678 brand
	check '104: a brand name that is not known' code 104
	check 'what is refused is in the ledger' lines_are refused '"code":"104","ref":"brand","to":"84912345678"' 1
	with '{"senders":"","esms-api-key":"K1"}'
	cskh 84912345678 key
	check '101: another ApiKey' code 101
	with '{"esms-api-key":"K0","esms-secret-key":"S0"}'
	cskh 84912345678 key
	check 'the right keys open' code 100
	with '{"esms-api-key":"","esms-secret-key":"","esms-account":143}'
	cskh 84912345678 locked
	check 'esms-account: all is refused with its code' code 143
	with '{"esms-account":0}'
}

test_contract() {
	cskh 84912345678 once
	first=$(id_now)
	cskh 84912345679 once
	check '124: a RequestId is used once' code 124
	check '124: no SMSID is told' is "$(id_now)" ''
	check '124: there is no second message' is "$(lines accepted '"ref":"once"')" 1
	check '124: the ledger says of which' lines_are duplicate "\"code\":\"124\",\"ref\":\"once\",\"id\":\"$first\"" 1
	qc once "$(phones 30)"
	check '124: of one address on the other' code 124
	with '{"esms-processing":60000}'
	cskh 84912345678 once
	check '199: a request that is being processed' code 199
	with '{"esms-processing":0,"esms-templates":"Kinh gui |Ma xac nhan"}'
	cskh 84912345678 template
	check '146: a text that fits no template' code 146
	check '146: an SMSID comes along' is "$(id_now)" "$(grep '"code":"146"' "$ledger" | grep -o 'gw-[0-9]*')"
	content='Kinh gui ong' cskh 84912345678 template
	check 'a text that fits a template is accepted' code 100
	with '{"esms-templates":"","esms-same-text":true}'
	cskh 84912345611 same1
	cskh 84912345611 same2
	check 'esms-same-text: not the same again' code 99
	content=other cskh 84912345611 same3
	check 'esms-same-text: but another text' code 100
	cskh 84912345612 same4
	check 'esms-same-text: and another number' code 100
	with '{"esms-same-text":false}'
}

# ---- many ----

test_qc() {
	qc q1 "$(phones 29)"
	check '107: fewer than 30 numbers' code 107
	check '107: each number is in the ledger' lines_are refused '"code":"107","ref":"q1"' 29
	qc q1 "$(phones 29 84900000100 0900000101 84212345678)"
	check '107: only different, good numbers count' code 107
	qc q1 "$(phones 30 84900000100 84212345678)"
	check 'a list has one SMSID' code 100
	check 'a list has a line for each number' lines_are accepted "\"ref\":\"q1\",\"id\":\"$(id_now)\"" 30
	check 'a number that stands twice gets one message' lines_are refused '"code":"twice","ref":"q1"' 1
	check 'a number that is none gets none' lines_are refused '"code":"108","ref":"q1","to":"84212345678"' 1
	check 'the lines have the dialect' lines_are accepted '"dialect":"esms-qc"' 30
	qc q2 "$(phones 5001)"
	check '120: more than 5000 numbers' code 120
	check '120: one line of the ledger has the RequestId' lines_are refused '"code":"120","ref":"q2"' 1
	qc q2 "$(phones 5000)"
	check '5000 numbers are accepted' is "$(lines accepted '"ref":"q2"')" 5000
	qc q3 "$(phones 30)1"
	check '210: a number that is no text' code 210
	ask POST $folder/SendMultipleSMSBrandname_json/ "{$keys,\"Phone\":\"84912345678\",\"Content\":\"a\",\"Brandname\":\"BRAND\",\"SmsType\":\"1\"}"
	check '210: one number where a list belongs' code 210
	with "{\"esms-approval\":300,\"receipts\":\"delivered\",\"receipt-delay\":10,\"callback\":\"$self\"}"
	qc q4 "$(phones 31)"
	q4=$(id_now)
	look GetSendStatus "$q4"
	check 'a list waits for approval' field SendStatus 1
	check 'then it is sent, and all are delivered' until_true status_becomes "$q4" 5
	check 'its totals can be looked up' is "$body" \
		"{\"CodeResponse\":\"100\",\"SMSID\":\"$q4\",\"SendStatus\":5,\"SendSuccess\":31,\"SendFailed\":0,\"TotalPrice\":15500,\"TotalReceiver\":31,\"TotalSent\":31}"
	check 'its totals are called back, once' until_true callbacks_are q4 '5/31/0 '
	check 'no number is called back' lines_are inbox '"TotalReceiver":"31","TotalPrice":"15500","TypeId":"1","telcoid":"","phonenumber":""' 1
	look GetSmsReceiverStatus_get "$q4"
	check 'its numbers can be looked up' is "$(grep -o '"IsSent":1,"SentResult":1' <<<"$body" | wc -l)" 31
	with '{"esms-reject":1,"esms-approval":0}'
	qc q5 "$(phones 30)"
	check 'esms-reject: it is called back' until_true callbacks_are q5 '4/0/0 '
	look GetSendStatus "$(grep '"ref":"q5"' "$ledger" | grep -o 'gw-[0-9]*' | head -n 1)"
	check 'esms-reject: nothing is sent or charged' is "$(grep -o '"SendStatus.*' <<<"$body")" \
		'"SendStatus":4,"SendSuccess":0,"SendFailed":0,"TotalPrice":0,"TotalReceiver":30,"TotalSent":0}'
	with '{"esms-reject":0,"receipts":"none","callback":""}'
}

# ---- callbacks ----

test_callbacks() {
	with '{"receipts":"delivered","receipt-delay":10}'
	cskh 84912345678 'c1&=+' ",\"CallbackUrl\":\"$self?token=t%201\""
	c1=$(id_now)
	check 'a message is called back by GET' until_true callbacks_are 'c1&=+' '5/1/0 '
	check 'with all the parameters, and those of the address' has "$(grep '"event":"inbox"' "$ledger" | grep c1)" \
		"\"body\":{\"token\":\"t 1\",\"SMSID\":\"$c1\",\"RequestId\":\"c1&=+\",\"SendStatus\":\"5\",\"SendSuccess\":\"1\",\"SendFailed\":\"0\",\"TotalSent\":\"1\",\"TotalReceiver\":\"1\",\"TotalPrice\":\"500\",\"TypeId\":\"2\",\"telcoid\":\"3\",\"phonenumber\":\"84912345678\",\"switchsmsid\":\"\"}}"
	check 'a callback is in the ledger' until_true lines_are receipt "\"id\":\"$c1\",\"to\":\"84912345678\",\"status\":\"DELIVRD\",\"tries\":1,\"acknowledged\":true" 1
	with "{\"inbox-status\":500,\"callback\":\"$self\"}"
	cskh 84912345678 c2
	check 'a callback that is answered is not repeated, whatever the answer' until_true \
		lines_are receipt '"ref":"c2","id":"'"$(id_now)"'","to":"84912345678","status":"DELIVRD","tries":1,"acknowledged":false' 1
	with '{"inbox-status":200,"callback":"http://127.0.0.1:1/"}'
	cskh 84912345678 c3
	check 'one that nobody takes is given up after five tries' until_true \
		lines_are receipt '"ref":"c3","id":"'"$(id_now)"'","to":"84912345678","status":"DELIVRD","tries":5,"acknowledged":false' 1
	with "{\"callback\":\"$self\",\"receipt-duplicate\":1}"
	cskh 84912345678 c4
	check 'receipt-duplicate: it comes twice' until_true callbacks_are c4 '5/1/0 5/1/0 '
	with '{"receipt-duplicate":0,"receipt-early":1,"receipt-delay":60000}'
	cskh 84912345678 c5
	check 'receipt-early: it is there before the answer' callbacks_are c5 '5/1/0 '
	qc c6 "$(phones 30)"
	check 'receipt-early: that of a list, too' callbacks_are c6 '5/30/0 '
	with '{"receipt-early":0,"receipt-delay":0,"receipt-batch":10}'
	cskh 84912345678 c7 ",\"SendDate\":\"$(TZ=UTC-7 date -d '+2 seconds' '+%F %T')\""
	c7=$(id_now)
	look GetSendStatus "$c7"
	check 'SendDate: it waits to be sent' field SendStatus 2
	check 'SendDate: nothing is called back yet' callbacks_are c7 ''
	check 'SendDate: then it is sent' until_true callbacks_are c7 '5/1/0 '
	cskh 84912345678 c8 ',"SendDate":"2020-01-01 00:00:00"'
	check 'SendDate: of the past is now' until_true callbacks_are c8 '5/1/0 '
	with '{"receipt-batch":1,"receipts":"mixed"}'
	qc c9 "$(phones 1000)"
	until_true stat_is receipts_pending 0
	check 'mixed: the totals are those of the ledger' is "$(callbacks c9 | grep -o '7/[0-9]*/[0-9]* $')" \
		"7/$(outlooks c9 DELIVRD)/$(($(outlooks c9 UNDELIV) + $(outlooks c9 EXPIRED))) "
	with '{"receipts":"none","callback":""}'
}

# ---- looking up ----

test_look_up() {
	with '{"receipt-delay":60000}'
	cskh 84962345678 l1
	l1=$(id_now)
	look GetSendStatus "$l1"
	check 'a message that was sent awaits its report' is "$body" \
		"{\"CodeResponse\":\"100\",\"SMSID\":\"$l1\",\"SendStatus\":7,\"SendSuccess\":0,\"SendFailed\":0,\"TotalPrice\":500,\"TotalReceiver\":1,\"TotalSent\":1}"
	look GetSmsReceiverStatus_get "$l1"
	check 'of its number nothing is known yet' is "$body" \
		'{"CodeResult":"100","ReceiverList":[{"Phone":"84962345678","IsSent":1,"SentResult":2,"NetworkName":"Viettel","Retry":0}]}'
	with '{"esms-result":"bool"}'
	look GetSmsReceiverStatus_get "$l1"
	check 'esms-result bool' has "$body" '"IsSent":true,"SentResult":false'
	with '{"esms-result":"text"}'
	look GetSmsReceiverStatus_get "$l1"
	check 'esms-result text' has "$body" '"IsSent":"1","SentResult":"2"'
	with '{"esms-result":"number","esms-status-lag":60000}'
	look GetSendStatus "$l1"
	check '105: just after sending' code 105
	look GetSmsReceiverStatus_get "$l1"
	check '105: by number, too' code 105
	with '{"esms-status-lag":0,"receipt-delay":100}'
	look GetSendStatus gw-999999
	check '105: an SMSID that nobody had' is "$body" '{"CodeResponse":"105","ErrorMessage":"SMSID not found"}'
	ask GET "$folder/GetSendStatus?$query"
	check '851: no RefId' code 851
	ask GET "$folder/GetSendStatus?RefId=$l1"
	check '101: no keys' code 101
	ask GET "$folder/GetSendStatus?RefId=$l1&$query&x=1"
	check '210: an unknown parameter' code 210
	ask GET "$folder/GetSendStatus?RefId=%zz&$query"
	check '210: a broken escape' code 210
	ask POST $folder/GetSmsSentData_V2 "{$keys,\"From\":\"2020-01-01 00:00:00\",\"To\":\"2099-01-01 00:00:00\",\"SmsType\":\"2\",\"Page\":1,\"PageSize\":2}"
	check 'a page of what was sent' is "$(grep -o '"ReferenceId":"gw-[0-9]*"' <<<"$body" | tr '\n' ' ')" '"ReferenceId":"gw-1" "ReferenceId":"gw-2" '
	check 'of so many' field CountTotal "$(lines accepted '"esms-cskh"')"
	ask POST $folder/GetSmsSentData_V2 "{$keys,\"From\":\"2020-01-01 00:00:00\",\"To\":\"2099-01-01 00:00:00\",\"SmsType\":\"2\",\"Page\":1,\"PageSize\":501}"
	check '210: a page of more than 500' code 210
}

# ---- money ----

# priced TEXT UNICODE PARTS
priced() {
	content=$1 cskh 84912345678 "price-$number" ",\"IsUnicode\":\"$2\""
	check "${#1} characters, IsUnicode $2: $3 parts" lines_are accepted "\"parts\":$3,\"price\":$(($3 * 800)),\"outlook\"" "${4-1}"
}

test_money() {
	local long

	with '{"esms-balance":36693,"esms-price":0}'
	balance
	check 'the balance' is "$body" '{"Balance":36693,"CodeResponse":"100","UserID":1}'
	ask POST $folder/GetBalance_json '{"ApiKey":"K0"}'
	check 'the balance: no keys' is "$body" '{"CodeResponse":"101","ErrorMessage":"Authorize Failed"}'
	with '{"esms-price":800,"esms-balance":100000}'
	long=$(printf '%0800d' 0)
	priced "${long:0:160}" 0 1
	priced "${long:0:161}" 0 2
	priced "${long:0:159}^" 0 2 2
	priced "${long:0:307}" 0 3
	priced "${long:0:152}^${long:0:152}^" 0 3 2
	priced "${long:0:70}" 1 1 2
	priced "${long:0:135}" 1 3 3
	balance
	check 'it falls by the price of each part' field Balance $((100000 - 15 * 800))
	with '{"esms-balance":24000}'
	qc m1 "$(phones 31)"
	balance
	check 'without esms-prepaid it falls below nothing' field Balance $((24000 - 31 * 800))
	with '{"esms-balance":24000,"esms-prepaid":true}'
	qc m2 "$(phones 31)"
	check '103: a list that cannot be paid' code 103
	check '103: nothing of it is accepted' lines_are accepted '"ref":"m2"' 0
	qc m2 "$(phones 30)"
	check 'one that can just be paid is accepted' code 100
	cskh 84912345678 m3
	check '103: nothing is left' code 103
	cskh 84912345678 m2
	check '124 comes before 103' code 124
	with '{"esms-balance":100000000,"esms-prepaid":false,"esms-price":500}'
}

# ---- misbehaviour ----

# fault FLAG ACCEPTED END STATUS WHAT: with chance 1
fault() {
	with "{\"$1\":1}"
	patience=1 cskh 84912345678 "fault-$1"
	check "$1: $5" is "$end $status $(lines accepted "\"ref\":\"fault-$1\"")" "$3 $4 $2"
	with "{\"$1\":0}"
}

test_misbehaviour() {
	fault reset-before 0 reset '' 'the connection is reset, nothing accepted'
	fault html502-before 0 closed 502 'a proxy answers, nothing accepted'
	fault hang 0 silent '' 'no answer, nothing accepted'
	fault reset-after 1 reset '' 'accepted, the connection is reset'
	fault fin-after 1 closed '' 'accepted, the connection is closed'
	fault html502-after 1 closed 502 'accepted, a proxy answers'
	fault half-answer 1 closed 200 'accepted, half an answer'
	fault hang-after 1 silent '' 'accepted, no answer'
	check 'faults are in the ledger with the dialect' lines_are fault '"dialect":"esms-cskh","why":"reset","when":"after"' 1
	with '{"half-answer":1}'
	look GetSendStatus gw-1
	check 'looking up meets them, too' lines_are fault '"dialect":"esms-poll","why":"half-answer"' 1
	with '{"half-answer":0,"error-rate":1}'
	cskh 84912345678 e1
	check 'error-rate: HTTP 503' is "$status $(lines refused '"code":"503","ref":"e1"')" '503 1'
	with '{"error-rate":0,"refuse-rate":1}'
	cskh 84912345678 e2
	check 'refuse-rate: 99' code 99
	qc e3 "$(phones 30)"
	check 'refuse-rate: 99 for a list of which nothing is left' code 99
	with '{"refuse-rate":0,"throttle-rate":1}'
	cskh 84912345678 e4
	check 'throttle-rate: 160' is "$status $(code 160 && echo 160)" '200 160'
	with '{"throttle-rate":0,"rate":20,"rate-strict":true}'
	for i in {1..21}; do cskh 84912345678 "rate-$i"; done
	check 'rate: 160' lines_are refused '"code":"160","ref":"rate-' "$(stat_of rate_violations)"
	with '{"rate":0,"rate-strict":false}'
}

test_moods() {
	with "{\"moods\":true,\"receipts\":\"delivered\",\"receipt-delay\":0,\"callback\":\"$self\"}"
	cskh 84910000001 mood1
	check 'mood 0001: refused' code 99
	cskh 84910000002 mood2
	check 'mood 0002: temporary at first' is "$status" 503
	cskh 84910000002 mood2
	check 'mood 0002: then accepted' code 100
	cskh 84910000003 mood3
	check 'mood 0003: not delivered' until_true callbacks_are mood3 '5/0/1 '
	cskh 84910000005 mood5
	mood5=$(id_now)
	check 'mood 0005: under way, then delivered' until_true callbacks_are mood5 '7/0/0 5/1/0 '
	cskh 84910000008 mood8
	check 'mood 0008: reports that contradict each other' until_true callbacks_are mood8 '5/0/1 5/1/0 '
	look GetSmsReceiverStatus_get "$(id_now)"
	check 'mood 0008: the last one counts' has "$body" '"SentResult":1'
	with '{"receipt-reorder":true,"receipt-delay":200}'
	cskh 84910000005 swapped
	with '{"receipt-reorder":false,"receipt-delay":0}'
	cskh 84910000007 mood7
	cskh 84910000009 mood9
	check 'mood 0009: a callback twice' until_true callbacks_are mood9 '5/1/0 5/1/0 '
	cskh 84910000010 mood10
	check 'mood 0010: a callback before the answer' callbacks_are mood10 '5/1/0 '
	cskh 84910000011 mood11
	check 'mood 0011: accepted, then reset' is "$end $(lines accepted '"mood11"')" 'reset 1'
	cskh 84910000012 mood12
	check 'mood 0012: reset at first' is "$end $(lines accepted '"mood12"')" 'reset 0'
	cskh 84910000012 mood12
	check 'mood 0012: then accepted' code 100
	patience=1 cskh 84910000013 mood13
	check 'mood 0013: accepted, no answer' is "$end $(lines accepted '"mood13"')" 'silent 1'
	patience=1 cskh 84910000013 mood13
	check 'mood 0013: asked again, there is no second message' is "$(lines accepted '"mood13"') $(lines duplicate '"mood13"')" '1 1'
	cskh 84910000014 mood14
	check 'mood 0014: accepted, 502' is "$status $(lines accepted '"mood14"')" '502 1'
	cskh 84910000015 mood15
	check 'mood 0015: too fast at first' code 160
	cskh 84910000016 mood16
	check 'mood 0016: brand name unknown' code 104
	cskh 84910000018 mood18
	check 'mood 0018: accepted, half an answer' is "$end $(lines accepted '"mood18"')" 'closed 1'
	cskh 84910000019 mood19
	check 'mood 0019: accepted, then closed' is "$end$status $(lines accepted '"mood19"')" 'closed 1'
	cskh 84910000020 mood20
	check 'mood 0020: 502 at first, nothing accepted' is "$status $(lines accepted '"mood20"')" '502 0'
	qc mq-reset "$(phones 30 84910000011)"
	check 'a mood of one number is for the whole list' is "$end $(lines accepted '"mq-reset"')" 'reset 31'
	qc mq "$(phones 29 84910000001 84910000003 84910000007 84910000008)"
	mq=$(id_now)
	check 'moods act in a list: totals as they become known' until_true callbacks_are mq '7/29/2 7/30/1 '
	look GetSmsReceiverStatus_get "$mq"
	check 'a number that is refused is not in the list' is "$(grep -o '"Phone":' <<<"$body" | wc -l)$(grep -c 84910000001 <<<"$body")" 320
	check 'each number can be looked up' is "$(grep -oE '"8491000000[378]","IsSent":1,"SentResult":[012]' <<<"$body" | cut -d: -f3 | tr '\n' ' ')" '0 2 1 '
	check 'receipt-reorder: the last state comes first' until_true callbacks_are swapped '5/1/0 7/0/0 '
	check 'mood 0007: no callback' callbacks_are mood7 ''
	with '{"moods":false,"receipts":"none","callback":""}'
}

# ---- life ----

test_crash() {
	with '{"receipts":"mixed","receipt-delay":0,"esms-approval":0}'
	qc before-crash "$(phones 200)"
	id=$(id_now)
	all_known() { look GetSendStatus "$id"; field SendSuccess "$(outlooks before-crash DELIVRD)"; }
	until_true all_known
	was=$body
	look GetSmsReceiverStatus_get "$id"
	was+=$body
	stop KILL
	start
	look GetSendStatus "$id"
	now=$body
	look GetSmsReceiverStatus_get "$id"
	check 'a gateway that crashed can still be asked' is "$now$body" "$was"
	cskh 84912345678 before-crash
	check 'it knows the RequestIds' code 124
	ask POST /send '{"to":"84912345678","text":"a","from":"B","ref":"before-crash"}'
	check 'but not as references of its own dialects' has "$body" '{"code":"0"'
}

test_end() {
	stop TERM
	check 'TERM ends it cleanly' is "$rc $(cat "$dir/err")" '0 '
	check 'each line of the ledger is whole' is "$(grep -cvE '^\{"event":"[a-z]+",.*\}$' "$ledger")" 0
}

start
test_cskh
test_strictness
test_contract
test_qc
test_callbacks
test_look_up
test_money
test_misbehaviour
test_moods
test_crash
test_end
echo "1..$number"
