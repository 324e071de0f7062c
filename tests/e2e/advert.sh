#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Adverts under the built-in policy (Decree 91/2020): refused without a way to refuse them and without a column of
# consent, label and footer counted, at their hours only, to whom consents only, three in 24 hours; each "not now"
# and "not to this person" with its rule.
. "$(dirname "$0")/lib.sh"

day=$(TZ=Asia/Ho_Chi_Minh date -d 'next monday' +%F)
move_clock_to() { # WORDS of date, of the day
	local target
	target=$(TZ=Asia/Ho_Chi_Minh date -d "$day $1" +%s)
	redis HSET loa:meta clock_offset_ms $(((target - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
waits() { timeout 3 "$B/loa" campaign watch "$1" --json --data "$dir/data" | head -n 1; }
advert() { # NAME [TEMPLATE [SEGMENT]]: a draft
	echo "{\"name\":\"$1\",\"template\":\"${2:-t}\",\"segments\":[\"${3:-s}\"],\"class\":\"advert\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
}
launch() { # NAME: what it says, and how it ends
	loa campaign launch "$@" 2>&1
	echo "exit $?"
}
restart() {
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	start_loa
}
rule='policy.json: advert since 2025-01-01: Nghị định 91/2020/NĐ-CP, Điều'

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cp config/policy.json "$dir/policy.json"
start_loa
move_clock_to 09:00
cat >"$dir/list.csv" <<-'CSV'
	Họ và tên;Số điện thoại;Đồng ý
	An;0912000001;có
	Bình;0912000002;Có
	Chi;0912000003;x
	Dũng;0912000004;không
	Em;0912000005;
	Giang;0912000006;chưa
	An;0912000004;có
CSV
loa list import l "$dir/list.csv" >/dev/null && loa segment save s l "ho_va_ten != '' OR ho_ten != ''" >/dev/null 2>&1 ||
	loa segment save s l "ho_ten != ''" >/dev/null
# 7 units of the label, each bracket 2; 25 of the footer: 128 are one part, 129 are two
awk 'BEGIN { printf "Moi {{ ho_ten }}"; for (i = 0; i < 122; i++) printf "a" }' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
advert a
ok $? 'an advert is written down'

# ---- no way to refuse ----
has "$(launch a)" "loa: refusal: its messages do not say by which number people refuse them ($rule 16): write refusal.number of the class into the policy
exit 4" 'without a number of refusals it is not launched'
has "$(launch a --at "$(TZ=Asia/Ho_Chi_Minh date -d "$day 12:00" +%FT%T)")" 'by which number people refuse them' 'nor given a time'
has "$(loa campaign preview a)" "it cannot be launched: refusal: its messages do not say by which number" 'the preview says so'
out=$(loa template check "$dir/t.txt" --list l --class advert)
is "$?" 1 'the check of its template is not good'
has "$out" 'refuse: refusal: its messages do not say by which number' 'and says so'
has "$(loa pattern check 'Moi An' --class advert)" 'refuse: refusal: its messages do not say' 'the check of a text, too'
sed -i 's/"number": ""/"number": "18001096"/' "$dir/policy.json"
restart
loa template check "$dir/t.txt" --list l --class advert >/dev/null
is "$?" 0 'with a number it is good'
echo '{"patterns":[{"name":"moi","brandname":"UBND-AG","text":"[QC] Moi {P1:200} Tu choi QC: goi 18001096"}]}' >"$dir/p.json"
loa pattern import "$dir/p.json" >/dev/null
has "$(loa pattern check 'Moi Anh' --class advert)" 'matches moi' 'patterns are compared with label and footer'

# ---- parts ----
preview=$(loa campaign preview a)
has "$preview" '[QC] Moi An' 'the label stands in front'
has "$preview" ' Tu choi QC: goi 18001096' 'the number at the end'
has "$preview" 'of   1 part' 'a text of 128 units is one part with both'
has "$preview" 'of   2 parts' 'one of 130 is two'
has "$preview" "not sent: no consent                   3 ($rule 11)" 'who has not consented is left out, with the rule'

# ---- hours ----
move_clock_to 06:59:00
has "$(launch a)" "the hours of its class begin ${day}T07:00:00+07:00 ($rule 13)" 'before seven it is told when it goes, and by which rule'
waits_for_hours() { waits a | grep -qF "\"waiting_for\":\"outside the hours of its class: $rule 13\""; }
until_true waits_for_hours
ok $? 'watch says the rule'
has "$(waits a)" "\"until\":\"${day}T07:00:00+07:00\"" 'and the next time'
has "$(loa campaign report a)" "waiting: outside the hours of its class: $rule 13, until ${day}T07:00:00+07:00" 'the report, too'
is "$(lines)" 0 '(nothing left)'
move_clock_to 06:59:59
until_true is_finished a
ok $? 'at seven it goes'
is "$(report_of a accepted)" 4 'to whom consents'
is "$(grep -c '"text":"\[QC\] .* Tu choi QC: goi 18001096"' "$dir/ledger")" 4 'with label and number'
results=$(loa campaign results a)
has "$results" "no consent: $rule 11" 'the results name the rule'
is "$(grep -c 'no consent' <<<"$results")" 3 'of each of the three'
has "$(loa campaign report a)" "skipped: no consent ($rule 11): 3" 'and the report'

# ---- three in 24 hours ----
for name in b c; do
	advert $name && launch $name >/dev/null
	until_true is_finished $name
done
is "$(lines)" 12 'a second and a third may go on the same day'
move_clock_to 21:59:30
advert d && launch d >/dev/null
until_true is_finished d
is "$(report_of d accepted)" 0 'no more the same day'
has "$(loa campaign results d)" "has had as many messages as the policy allows: $rule 13" 'the results name the rule'
move_clock_to 'tomorrow 07:06:30'
advert e && launch e >/dev/null
until_true is_finished e
is "$(report_of e accepted)" 4 '24 hours after the first, and the six minutes of a tick, again'

# ---- what else is refused ----
move_clock_to '+3 days 21:59:30'
printf '[QC] Moi {{ ho_ten }} dung dich vu cong.' >"$dir/u.txt"
loa template save u "$dir/u.txt" >/dev/null && advert f u
has "$(launch f)" 'typed-label' 'a label that was typed would stand twice'
printf 'Họ và tên;Số điện thoại\nAn;0912000001\n' >"$dir/m.csv"
loa list import m "$dir/m.csv" >/dev/null && loa segment save sm m "ho_ten != ''" >/dev/null && advert g t sm
has "$(launch g)" "loa: m: cannot be asked who consents: dong_y is no column of the list ($rule 11)" 'a list without the column is refused'
is "$(loa campaign preview g --json | sed -n 's/^ *"messages": \([0-9]*\),$/\1/p' | head -n 1)" 0 'its preview has nobody'
refused=$(loa suppress add 0912000001 --scope class:advert --reason 'gọi điện từ chối' --confirm)
has "$refused" ': Da nhan yeu cau tu choi tin quang cao luc ' 'who refuses is told so'
confirmed() { grep -c '"event":"accepted".*"to":"[0-9]*912000001".*Da nhan yeu cau tu choi tin quang cao luc [0-9][0-9]:[0-9][0-9] [0-9/]*. ' "$dir/ledger"; }
is_confirmed() { [ "$(confirmed)" = 1 ]; }
until_true is_confirmed
ok $? 'by a message'
has "$(loa suppress add 0912000001 --scope class:advert --reason 'gọi lần nữa' --confirm)" 'was suppressed already' 'who refuses again'
sleep 0.5
is "$(confirmed)" 1 'is told nothing again'
has "$(loa audit ls)" 'Da nhan yeu cau' 'the audit has what was said'
has "$(loa suppress add 0912000002 --reason x --confirm 2>&1)" 'loa: confirm: nothing is told to who refuses all' 'of another scope nothing is told'
is "$(loa suppress ls | grep -c '0912')" 1 '(and nothing was changed)'
advert h && launch h >/dev/null
until_true is_finished h
is "$(report_of h accepted)" 3 'who has refused gets none'
move_clock_to '+3 days 22:00:00'
advert i && launch i >/dev/null
before=$(lines)
sleep 1.5
is "$(lines)" "$before" 'at ten in the evening nothing leaves'

# ---- fields that the policy wants ----
sed -i 's/"class": "advert", "since": "2025-01-01",/"class": "advert", "since": "2025-01-01", "required": ["goal"],/' "$dir/policy.json"
restart
advert j
has "$(launch j)" 'loa: goal: is missing, and the policy wants it (policy.json: advert since 2025-01-01: Nghị định 91/2020/NĐ-CP)' 'a field that the policy wants'
has "$(launch j)" 'edit it, and say it in the file' '… and what to do'
out=$(loa campaign submit j 2>&1)
is $? 4 'what the law forbids is not submitted'
has "$out" 'loa: goal: is missing, and the policy wants it' '… by the same words'
has "$(loa campaign show j)" '"state": "draft"' 'it stays a draft, which can be edited'
loa campaign edit j <(echo '{"name":"j","template":"t","segments":["s"],"class":"advert","goal":"dvc"}') >/dev/null
has "$(loa campaign submit j)" 'submitted: ' 'with the field it is submitted'
sed -i 's/"required": \["goal"\]/"required": ["goal", "event"]/' "$dir/policy.json"
restart
loa user add duyet --roles approver >/dev/null && loa token add duyet --user duyet --rights view,approve | sed 's/.*: //' >"$dir/token.duyet"
out=$(loa campaign approve j --token-file "$dir/token.duyet" 2>&1)
is $? 4 'what became forbidden meanwhile is not approved'
sed -i 's/goi {number}/goi ban/' "$dir/policy.json"
has "$("$B/loa" config check "$dir/loa.json" 2>&1)" 'does not say how to refuse: write {number}' 'a footer without the number is no policy'
done_testing
