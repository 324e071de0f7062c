#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign through eSMS.vn: care messages, a gateway that loses answers, reports by GET.
. "$(dirname "$0")/lib.sh"

start_gateway --receipts none --receipt-delay 20 --receipt-duplicate 0.1 --refuse-rate 0.02 \
	--reset-after 0.05 --half-answer 0.05 --html502-after 0.05 \
	--esms-api-key K0 --esms-secret-key S0
write_config
cat >"$dir/loa.json" <<JSON
{
  "policy": "$dir/policy.json",
  "providers": [
    { "name": "esms", "driver": "esms", "rate": 1000, "concurrency": 8, "timeout_ms": 2000, "brandname": "UBND-AG",
      "settings": { "url": "http://127.0.0.1:$gateway_port/MainService.svc/json/", "type": "cskh",
        "api_key": "K0", "secret_key": { "env": "LOA_ESMS_SECRET" }, "unicode": true,
        "codes": { "99": "bad-recipient" }, "receipt_deadline_s": 2 } }
  ]
}
JSON
out=$(LOA_ESMS_SECRET='' "$B/loa" config check "$dir/loa.json" 2>&1)
has "$out" 'secret_key' 'an empty secret is refused when the configuration is read'
export LOA_ESMS_SECRET=S0
start_loa
make_list 600
make_campaign 'xa IS NOT NULL'
ok $? 'a campaign is made'
loa campaign launch c >/dev/null
timeout 100 "$B/loa" campaign watch c --data "$dir/data" >/dev/null
ok $? 'it ends although answers were lost: what is in doubt is sent again'
is "$(report audience)" 600 'the audience is the whole list'
is "$(report counters)" agree 'counters and records agree'
is "$(report accepted)" "$(grep -c '"event":"accepted"' "$dir/ledger")" 'the ledger has what we report'
is "$(($(report accepted) + $(report refused)))" 600 'every message has come to its end'
ok $(($(grep -c '"event":"duplicate"' "$dir/ledger") == 0)) 'a repeated request was told to be one'
is "$(sed -n '/"event":"accepted"/s/.*"to":"\([0-9]*\)".*/\1/p' "$dir/ledger" | sort | uniq -d | wc -l)" 0 'no phone got two messages'
is "$(grep '"event":"accepted"' "$dir/ledger" | grep -vc 'Kính gửi Nguyễn Văn Thử [0-9]*, mời')" 0 'the texts have their accents'

# ---- the gateway is well again ----
gateway_control '{"receipts":"mixed","reset-after":0,"half-answer":0,"html502-after":0,"refuse-rate":0}' >/dev/null

# ---- money ----
left=$(http "127.0.0.1:$gateway_port" GET /control | sed -n 's/.*"esms-balance":"\([0-9]*\)".*/\1/p')
ok $((left < 100000000 ? 0 : 1)) "the gateway has charged $((100000000 - left)) VND"
is "$(loa provider balance esms)" "esms: $left VND" 'the balance is what the gateway says'
out=$(loa provider balance nobody 2>&1)
is "$?" 1 'of a provider that is not there'
has "$out" 'see loa provider ls' 'it says what to do'

# ---- reports ----
before=$(lines)
echo '{"name":"d","template":"t","segments":["s"],"class":"notice"}' >"$dir/d.json"
loa campaign create "$dir/d.json" >/dev/null && loa campaign launch d >/dev/null
timeout 100 "$B/loa" campaign watch d --data "$dir/data" >/dev/null
ok $? 'a campaign with reports ends'
states() { loa campaign report d --json | json_field "$1"; }
outlook() { sed -n "$((before + 1)),\$p" "$dir/ledger" | grep '"event":"accepted"' | grep -cE "\"outlook\":\"($1)\""; }
is "$(states delivered)" "$(outlook DELIVRD)" 'delivered is what the gateway delivered'
is "$(states undeliverable)" "$(outlook 'UNDELIV|EXPIRED')" 'undeliverable is what it could not'
is "$(states accepted)" "$(outlook 'ACCEPTD|NONE')" 'the others are accepted without a last word'
is "$(grep -c 'S0' "$dir/loa.log")" 0 'the secret is not in the log'
done_testing
