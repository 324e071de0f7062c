#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Advertising through eSMS.vn: one text to many, reports that only have totals, asking for each number.
. "$(dirname "$0")/lib.sh"

start_gateway --receipts mixed --receipt-delay 20 --esms-approval 200 --esms-status-lag 500
write_config
cat >"$dir/loa.json" <<JSON
{
  "policy": "$dir/policy.json",
  "providers": [
    { "name": "esms-qc", "driver": "esms", "rate": 5, "brandname": "UBND-AG", "polls_per_s": 20,
      "settings": { "url": "http://127.0.0.1:$gateway_port/MainService.svc/json", "type": "qc",
        "api_key": "K0", "secret_key": "S0", "counts": "requests", "poll_after_s": 1, "poll_every_s": 1,
        "receipt_deadline_s": 15, "receiver_states": { "1/1": "delivered", "1/0": "undeliverable" } } }
  ]
}
JSON
start_loa
make_list 300
make_campaign 'xa IS NOT NULL' && printf '(QC) Moi ong ba nop ho so tai nha.' >"$dir/t.txt" &&
	loa template save t "$dir/t.txt" >/dev/null
ok $? 'a campaign with one text is made'
loa campaign launch c >/dev/null
timeout 100 "$B/loa" campaign watch c --data "$dir/data" >/dev/null
ok $? 'it ends'
outlook() { grep '"event":"accepted"' "$dir/ledger" | grep -cE "\"outlook\":\"($1)\""; }
is "$(outlook '.*')" 300 'every number got its message'
is "$(sed -n '/"event":"accepted"/s/.*"to":"\([0-9]*\)".*/\1/p' "$dir/ledger" | sort | uniq -d | wc -l)" 0 'and no number got two'
is "$(grep '"event":"accepted"' "$dir/ledger" | grep -o '"id":"[^"]*"' | sort -u | wc -l)" 1 'in one request'
ok $(($(grep -c '"status":"TOTALS"' "$dir/ledger") == 0)) 'reports had totals only'
is "$(report delivered)" "$(outlook DELIVRD)" 'delivered is what the gateway delivered, number by number'
is "$(report undeliverable)" "$(outlook 'UNDELIV|EXPIRED')" 'undeliverable is what it could not'
is "$(report accepted)" "$(outlook 'ACCEPTD|NONE')" 'the others are accepted without a last word'
is "$(report counters)" agree 'counters and records agree'
is "$(grep -cE 'ApiKey|SecretKey' "$dir/loa.log")" 0 'the addresses of questions, which have the keys, are not in the log'
done_testing
