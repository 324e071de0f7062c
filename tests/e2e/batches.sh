#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A gateway that takes one text for at least five numbers: those with equal texts are found wherever they stand
# in the list; who is one of too few is told, not sent; one who drops out does not take others along; a request
# holds one carrier where that was agreed on.
. "$(dirname "$0")/lib.sh"

config() { # MORE KEYS of the provider
	cat >"$dir/loa.json" <<-JSON
		{ "policy": "$dir/policy.json",
		  "providers": [ { "name": "bulk", "driver": "generic", "rate": 100, "brandname": "UBND-AG", $1
		    "settings": { "url": "http://127.0.0.1:$gateway_port/bulk", "headers": { "X-Api-Key": "k" }, "sandbox": true,
		      "body": { "from": "\${brandname}", "text": "\${text}", "ref": "\${request_reference}",
		                "to": { "\$each": "\${phone}" } },
		      "shape": "one_text", "batch": { "min": 5, "max": 50 }, "reference_scope": "request",
		      "dedupe": { "by": "reference", "window_s": 86400, "meaning": "accepted" },
		      "answer": { "code": "code", "id": "id", "refused_phones": "refused" },
		      "codes": { "0": "accepted", "10": "bad-recipient", "11": "bad-message", "12": "bad-account",
		                 "20": "throttled", "21": "temporary", "30": "duplicate", "40": "bad-account" },
		      "http": { "429": "throttled" } } } ] }
	JSON
}
# Of the ledger from a line on: "so many requests × messages, carriers (the first four digits)".
requests() { # FROM-LINE
	tail -n "+$(($1 + 1))" "$dir/ledger" | grep '"event":"accepted"' | awk '
		{
			match($0, /"request":[0-9]+/); r = substr($0, RSTART + 10, RLENGTH - 10)
			match($0, /"to":"[0-9]+/); c = substr($0, RSTART + 6, 4)
			n[r]++
			if (c == "8491") a[r] = "8491"; else b[r] = "8496"
		}
		END { for (r in n) print n[r], a[r] b[r] }' | sort | uniq -c | awk '{ printf "%s%s×%s %s", (NR > 1 ? ", " : ""), $1, $2, $3 }'
}
campaign() { # NAME QUERY
	loa segment save "$1" l "$2" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"$1\"],\"class\":\"notice\"}" >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null
}

start_gateway --dedupe forever
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3 } ] }
JSON
config ''
start_loa
# 40 communes, 12 people of each, one behind the other: of a hundred there are two or three of each. Half of each
# commune is Viettel's, half is VinaPhone's. Of commune 50 there are three people.
{
	echo 'STT;Số điện thoại;Xã'
	awk 'BEGIN {
		for (i = 0; i < 480; i++) printf "%d;0%s%07d;%d\n", i, int(i / 40) % 2 ? "96" : "91", 1000000 + i * 7, 10 + i % 40
		for (i = 480; i < 483; i++) printf "%d;091%07d;50\n", i, 1000000 + i * 7
	}'
} >"$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null
printf 'Moi ba con xa {{ xa }} den nop ho so.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null

campaign all 'stt IS NOT NULL'
loa campaign preview all --json | tr -d ' \n' >"$dir/preview.json"
has "$(cat "$dir/preview.json")" '"too_few":[{"provider":"bulk","smallest_batch":5,"messages":3,"groups":1}]' \
	'the preview knows who will be too few'
has "$(cat "$dir/preview.json")" '"messages":480,"parts":480' 'and does not count what they would cost'
has "$(loa campaign preview all)" '3 people are left out: bulk takes no fewer than 5 numbers in a request' 'it says why'
loa campaign launch all >/dev/null
until_true is_finished all
is "$(report_of all accepted)" 480 'who are enough of one commune are sent to'
is "$(report_of all skipped)" 3 'who are too few are not'
has "$(loa campaign results all --state skipped)" "fewer than the gateway's smallest batch" 'and it is said why'
# Twelve are five and seven: the seven would leave two.
is "$(requests 0)" '40×5 84918496, 40×7 84918496' 'each request has those of one commune, of either carrier'
is "$(report_of all counters)" agree 'the counters agree with the records'

# ---- one drops out: of commune 49, which comes last ----
before=$(lines)
campaign out 'stt IS NOT NULL'
loa campaign launch out >/dev/null
until_true has_lines $((before + 5))
loa suppress add 0911000273 --reason 'he asked' >/dev/null
ok $? 'somebody is suppressed while it is sent'
until_true is_finished out
is "$(report_of out accepted) $(report_of out suppressed)" '479 1' 'nobody else is left out for it'
is "$(requests "$before")" '40×5 84918496, 1×6 84918496, 39×7 84918496' 'the other eleven are grouped again'
is "$(report_of out counters)" agree 'the counters agree with the records'
loa suppress rm 0911000273 --reason test >/dev/null

# ---- six at most, and of one carrier ----
config '"batch_size": 6, "one_carrier": true,'
kill -HUP "$loa_pid"
until_true grep -q 'config=reload result=done' "$dir/loa.log"
before=$(lines)
campaign one 'stt IS NOT NULL'
loa campaign launch one >/dev/null
until_true is_finished one
is "$(report_of one accepted) $(report_of one skipped)" '480 3' 'six of each carrier are enough'
is "$(requests "$before")" '40×6 8491, 40×6 8496' 'and each request has one carrier'
has "$(loa provider ls --json | tr -d ' \n')" '"batch_min":5,"batch_max":6,"one_carrier":true' 'the provider says so'
is "$(report_of one counters)" agree 'the counters agree with the records'
done_testing
