#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Brandnames, registered patterns and content rules: what a preview says, what a launch refuses,
# what is sent then.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
configure() { # KEYS of the provider, written before "rate"
	write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
		-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
		-e "s/\"driver\": \"generic\",/\"driver\": \"generic\", $1/"
	cat >"$dir/policy.json" <<-'JSON'
		{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "advert", "priority": 5 },
			{ "class": "personal", "priority": 2 } ] }
	JSON
}
configure '"registered_texts": "refuse",'
start_loa
make_list 60 # every phone is of MobiFone or of nobody known: 0910… to 09…
# campaign NAME CLASS TEXT
campaign() {
	printf '%s' "$3" >"$dir/$1.txt"
	loa template save "t-$1" "$dir/$1.txt" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"t-$1\",\"segments\":[\"s\"],\"class\":\"$2\"}" >"$dir/$1.json" &&
		loa campaign create "$dir/$1.json" >/dev/null
}
make_campaign 'xa IS NOT NULL'
ok $? 'a campaign is made'

# ---- nothing is registered ----
out=$(loa campaign preview c --json)
has "$out" '"unmatched": 0' 'without patterns nothing is compared'

# ---- brandnames ----
today=$(TZ=Asia/Ho_Chi_Minh date +%F)
soon=$(TZ=Asia/Ho_Chi_Minh date -d '+10 days' +%F)
echo '{"name":"UBND-ANGIANG","holder":"x"}' >"$dir/b.json"
out=$(loa brandname save "$dir/b.json" 2>&1)
is "$?" 1 'a name of twelve characters is refused'
has "$out" 'more than 11 characters' 'it says why'
echo '{"name":"19001096"}' >"$dir/b.json"
has "$(loa brandname save "$dir/b.json" 2>&1)" 'digits only' 'a name of digits only is refused'
cat >"$dir/b.json" <<JSON
{ "name": "Ubnd-AG", "holder": "UBND tỉnh An Giang", "certificate": "12/GCN", "valid_from": "2024-01-01",
  "valid_to": "$soon", "traffic": "cskh",
  "carriers": { "viettel": { "state": "active", "since": "2024-02-01" }, "vinaphone": { "state": "pending" } } }
JSON
is "$(loa brandname save "$dir/b.json")" saved 'a brandname is saved'
is "$(loa brandname save "$dir/b.json")" 'is as it was' 'saved again it is the same'
has "$(loa brandname ls)" 'ends in 10 days: renew it' 'ls says that it ends soon'
has "$(loa brandname show UBND-ag)" '12/GCN' 'a name is found whatever its case'
out=$(loa campaign preview c)
has "$out" "the certificate of the brandname Ubnd-AG ends on $soon" 'the preview says that it ends soon'
has "$out" 'pending at vinaphone' 'the preview names the carrier where it is not active'

# ---- patterns ----
cat >"$dir/p.csv" <<'CSV'
name;brandname;carriers;text;state;partner_id
moi-nop;ubnd-ag;;Kinh gui {P1:25}, moi ong/ba nop ho so truc tuyen.;registered;A-1
nhac;UBND-AG;viettel,vinaphone;"Nhac lich hen; Ong/Ba {P1:30} luc {P2:5:A}";registered;A-2
cho;UBND-AG;;Kinh chao {P1:25};pending;A-3
CSV
is "$(loa pattern import "$dir/p.csv")" '3 new, 0 changed, 0 as they were' 'patterns are imported from a CSV'
is "$(loa pattern import "$dir/p.csv")" '0 new, 0 changed, 3 as they were' 'imported again they are the same'
is "$(loa pattern ls | wc -l)" 3 'ls has them'
has "$(loa pattern show moi-nop)" 'A-1' 'show has the partner'"'"'s id'
sed 's/{P1:25}, moi/{P1:}, moi/' "$dir/p.csv" >"$dir/bad.csv"
out=$(loa pattern import "$dir/bad.csv" 2>&1)
is "$?" 1 'a file with a mistake is refused'
has "$out" 'patterns[0].text: character 10 of "moi-nop": a slot is {NAME:LENGTH}' 'it says where'
has "$(loa pattern show moi-nop)" '{P1:25}, moi' 'nothing of it is saved'

loa pattern check 'Kính gửi Ông An, mời ông/bà nộp hồ sơ trực tuyến.' >"$dir/out"
is "$?" 0 'a text that matches is good, accents or not'
has "$(cat "$dir/out")" 'matches moi-nop (registered)' 'it names the pattern'
out=$(loa pattern check 'Kính gửi Ông An, xin mời ông/bà nộp hồ sơ tại nhà.' --carrier mobifone)
is "$?" 1 'one that matches none is not'
has "$out" '"xin" is too much' 'it says which word is too much'
has "$out" '"tại nhà" instead of "truc tuyen"' 'and which differ'
has "$(loa pattern check 'Nhắc lịch hẹn; Ông/Bà An lúc 8.30h')" '{P2:5:A} does not take' 'and what a slot does not take'
out=$(loa pattern check 'Kính gửi Ông Nguyễn Văn Thử Nghiệm Rất Dài, mời ông/bà nộp hồ sơ trực tuyến.')
has "$out" '{P1:25} takes at most 25 characters' 'and which slot is too long'

# ---- the preview and the launch ----
out=$(loa campaign preview c)
has "$out" 'match no registered pattern of UBND-AG' 'the preview counts who matches none'
has "$out" '"tại nhà" instead of "truc tuyen"' 'it shows which words differ'
has "$out" 'about 2 working days' 'it says how long a registration takes'
out=$(loa campaign launch c 2>&1)
is "$?" 4 'the launch is refused'
has "$out" 'match no registered pattern' 'it says why'
is "$(loa campaign show c --json | json_field state)" draft 'it stays a draft'
is "$(lines)" 0 'nothing was sent'
campaign good notice 'Kính gửi {{ ho_ten }}, mời ông/bà nộp hồ sơ trực tuyến.'
loa campaign launch good >/dev/null
ok $? 'one whose texts are registered is launched'
until_true is_finished good
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 60 'and sent'
campaign waits notice 'Kính chào {{ ho_ten }}'
has "$(loa campaign preview waits)" '60 one that is pending' 'a pattern that is pending counts as none, and is told'

# ---- single messages ----
out=$(loa send 0971234567 'Kính gửi Ông An, xin mời ông/bà nộp hồ sơ trực tuyến.' 2>&1)
is "$?" 1 'a single message that matches none is refused'
has "$out" 'matches no registered pattern of UBND-AG at viettel' 'it says why'
has "$out" 'nearest is moi-nop: character 18: "xin" is too much' 'and which word differs'
out=$(loa send 0971234567 'Kính gửi Ông An, mời ông/bà nộp hồ sơ trực tuyến.' 2>&1)
is "$?" 0 'one that matches is taken'
# A pattern that is saved later is seen by the next message.
api POST /patterns '{"patterns":[{"name":"moi","brandname":"UBND-AG","text":"Tin thu nghiem"}]}' >/dev/null
loa send 0971234567 'Tin thử nghiệm' >/dev/null
is "$?" 0 'a new pattern holds at once'
loa pattern rm moi >/dev/null
loa send 0971234567 'Tin thử nghiệm' >/dev/null 2>&1
is "$?" 1 'and no longer when it is removed'
printf '%s\n' '{"to":"0971234567","text":"a"}' \
	'{"to":"0971234568","text":"Kính gửi Ông An, mời ông/bà nộp hồ sơ trực tuyến."}' >"$dir/many"
out=$(loa send --file "$dir/many" --json)
has "$out" '"code": "unregistered"' 'in a file one is refused'
has "$out" '"accepted": 1' 'and the other is taken'

# ---- the setting ----
configure '"registered_texts": "warn",'
kill -HUP "$loa_pid"
warned() { loa campaign preview c --json | grep -q '"mode": "warn"'; }
until_true warned
loa campaign launch c >/dev/null
ok $? 'with "warn" it is launched'
until_true is_finished c
is "$(report accepted)" 60 'and sent'

out=$(loa send 0971234567 'Kính gửi Ông An, xin mời ông/bà nộp hồ sơ trực tuyến.' 2>"$dir/err")
is "$?" 0 'with "warn" a single message is taken'
has "$(cat "$dir/err")" 'warning: it matches no registered pattern of UBND-AG at viettel' 'and warns'
key=$(date +%s%N)-again
out=$(loa send 0971234567 'Kính gửi Ông An, mời nộp.' --key "$key" --json)
has "$out" '"warning": "matches no registered pattern' 'the answer has the warning'

# ---- content rules ----
campaign links notice 'Kính gửi {{ ho_ten }}, mời ông/bà xem bit.ly/abc hoặc dichvucong.gov.vn'
out=$(loa campaign launch links 2>&1)
is "$?" 4 'a text with a foreign link is refused'
has "$out" '60 messages break the rule links' 'all messages are counted'
has "$out" 'bit.ly/abc' 'the link is named'
out=$(loa campaign preview links --json)
has "$out" '"rule": "shorteners"' 'the preview has the rules that are broken'
has "$out" 'rút gọn' 'with their Vietnamese words'
# Only one person's text is wrong, by what stands in the list.
sed '2s/Nguyễn Văn Thử 0/Xem evil.com/' "$dir/list.csv" >"$dir/one.csv"
loa list import one "$dir/one.csv" >/dev/null && loa segment save one one 'xa IS NOT NULL' >/dev/null
sed 's/"good"/"one"/; s/\["s"\]/["one"]/' "$dir/good.json" >"$dir/one.json"
loa campaign create "$dir/one.json" >/dev/null
out=$(loa campaign launch one 2>&1)
is "$?" 4 'one message of sixty is enough'
has "$out" '1 messages break the rule links' 'it is counted'
campaign words notice 'Kính gửi {{ ho_ten }}, không chuyển khoản cho ai.'
has "$(loa campaign preview words)" 'warn warning-words: 60 messages' 'a word that warns is told'
loa campaign preview words >/dev/null
checked=$(redis HGET "loa:campaign:$(loa campaign show words --json | json_field id)" checked)
is "${#checked}" 32 'a good preview is remembered'
loa campaign launch words >/dev/null
ok $? 'and does not hinder a launch'

# One that gets a time is looked at then, and again when the time has come.
at=$(TZ=Asia/Ho_Chi_Minh date -d '+2 minutes' +%FT%H:%M)
out=$(loa campaign launch links --at "$at" 2>&1)
is "$?" 4 'it gets no time either'
campaign later notice 'Kính gửi {{ ho_ten }}, mời ông/bà xem dichvucong.gov.vn'
loa campaign launch later --at "$at" >/dev/null
ok $? 'a good one gets its time'
loa template save t-later "$dir/links.txt" >/dev/null
redis HSET loa:meta clock_offset_ms 180000 >/dev/null
is_missed() { loa campaign show later --json | grep -q '"state": "missed"'; }
until_true is_missed
ok $? 'a campaign that would break a rule is missed at its time'
has "$(loa campaign show later --json)" 'break the rule links' 'it says why'

# ---- adverts ----
campaign ad advert 'Mời xem lớp học số.'
has "$(loa campaign preview ad --json)" '"text": "[QC] Mời xem lớp học số."' 'an advert gets its label'
loa campaign launch ad >/dev/null
until_true is_finished ad
is "$(grep '"event":"accepted"' "$dir/ledger" | grep -c '\[QC\] Mời xem')" 60 'it is sent with it'
campaign typed advert '[QC] Mời xem lớp học số.'
has "$(loa campaign launch typed 2>&1)" 'typed-label' 'a label that was typed is refused'
# Such traffic takes no Unicode: a text with accents would be skipped.
configure '"traffic": "qc", "accents": "plain",'
kill -HUP "$loa_pid"
campaign ad2 advert 'Mời xem lớp học.'
bare() { loa campaign preview ad2 --json | grep -q '"text": "Moi xem'; }
until_true bare
ok $? 'where the carriers add it Loa does not'
has "$(loa campaign launch typed 2>&1)" 'typed-label' 'a label that was typed is refused there too'

# ---- the template alone ----
printf 'Kính gửi {{ ten }},\nxem http://evil.com/a hoặc chuyển khoản' >"$dir/c.txt"
out=$("$B/loa" template check "$dir/c.txt")
is "$?" 1 'template check finds what would be refused, without a server'
has "$out" "c.txt:2:5: links: \"http://evil.com/a\"" 'with its place'
has "$out" 'warning: warning-words: "chuyển khoản"' 'and what warns'
out=$(loa template check "$dir/c.txt" --list l)
has "$out" 'ten' 'against a list: its unknown field'
has "$out" 'links' 'and the rules of the server'

# ---- a template beside the patterns ----
loa_check() { "$B/loa" template check "$@" 2>"$dir/err"; }
printf 'Kính gửi {{ ho_ten }}, mời ông/bà nộp hồ sơ trực tuyến.' >"$dir/fits.txt"
printf 'Kính gửi {{ ho_ten }}, xin mời ông/bà nộp hồ sơ tại nhà.' >"$dir/differs.txt"
out=$(loa template check "$dir/fits.txt" --list l)
is "$?" 0 'a template whose messages match is good'
has "$out" '0 of 60 messages match none' 'its messages are those of the list'
has "$out" '60 match moi-nop (registered)' 'it names the pattern'
out=$(loa template check "$dir/differs.txt" --list l --brandname ubnd-ag --class notice)
is "$?" 1 'one whose messages match none is not'
has "$out" '60 of 60 messages match none' 'all are counted'
has "$out" 'row 1 (vi): Kính gửi Nguyễn Văn Thử 0, xin mời' 'an example is a row of the list'
has "$out" '"xin" is too much' 'it says which word is too much'
has "$out" '"tại nhà" instead of "truc tuyen"' 'and which differ'
has "$out" 'about 2 working days' 'and how long a registration takes'
has "$(loa template check "$dir/differs.txt" --list l --carrier viettel)" '60 of 60' \
	'patterns of one carrier are asked for by its name'
out=$(loa template check "$dir/differs.txt" --list l --brandname NOBODY)
is "$?" 0 'where no pattern is saved nothing is compared'
loa template check "$dir/differs.txt" --brandname ubnd-ag >/dev/null 2>"$dir/err"
is "$?" 0 'without a list placeholders cannot be compared'
has "$(cat "$dir/err")" '--list names a list' 'it says so'
printf 'Kính chào quý vị' >"$dir/same.txt"
has "$(loa template check "$dir/same.txt" --brandname ubnd-ag)" '1 match cho (pending)' \
	'a text without placeholders needs none'
is "$(loa_check "$dir/differs.txt"; echo $?)" 0 'without a server nothing is compared'
# One row of sixty differs: a name that the slot does not take.
has "$(loa template check "$dir/fits.txt" --list one)" '60 match moi-nop' 'a value that fits is no difference'
sed '2s/Nguyễn Văn Thử 0/Nguyễn Thị Thử Nghiệm Tên Rất Dài/' "$dir/list.csv" >"$dir/long.csv"
loa list import long "$dir/long.csv" >/dev/null
out=$(loa template check "$dir/fits.txt" --list long)
has "$out" '1 of 60 messages match none' 'one message of sixty is found'
has "$out" '{P1:25} takes at most 25 characters' 'and the slot that is too short for it'
api POST /patterns/check '{"template":"{{ x }}","text":"a"}' >"$dir/out"
is "$(status)" 422 'a text or a template, not both'
api POST /patterns/check '{"template":"{{ x"}' >"$dir/out"
is "$(status)" 422 'a template with an error is refused'
api POST /patterns/check '{"template":"{{ x }}"}' >"$dir/out"
is "$(status)" 422 'placeholders need a list'
api POST /patterns/check '{"template":"{{ x }}","list":"l"}' >"$dir/out"
is "$(status)" 422 'whose columns they are'
api POST /patterns/check '{"template":"{{ x }}","list":"nobody"}' >"$dir/out"
is "$(status)" 404 'and which exists'

# ---- the audit ----
acts() { loa audit ls -n 500 | grep -c " $1 "; }
is "$(acts brandname.save) $(acts pattern.save)" '2 3' 'who saved brandnames and patterns is in the audit'
ok $(($(acts template.save) < 9)) 'and who saved templates'

# ---- removing ----
has "$(loa pattern rm cho)" 'removed' 'a pattern is removed'
out=$(loa pattern rm cho 2>&1)
is "$?" 1 'removed twice it is not there'
loa brandname rm UBND-AG >/dev/null
out=$(loa brandname show UBND-AG 2>&1)
has "$out" 'see loa brandname ls' 'a brandname is removed'
is "$(acts brandname.remove) $(acts pattern.remove)" '1 3' 'who removed them is in the audit'
is "$(api GET /patterns/nobody >/dev/null; status)" 404 'over HTTP it is 404'
api POST /patterns '{"patterns":[{"name":"x","brandname":"A","text":"a","carriers":["nokia"]}]}' >"$dir/out"
is "$(status)" 422 'a carrier that is none is refused'
done_testing
