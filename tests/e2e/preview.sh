#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The preview of a whole audience: a list of twelve rows counted by hand, the sums of a larger one,
# the same numbers in the report afterwards, and a reader who goes away in the middle.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-batch 50
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10/"deadline_s": 2/'
start_loa

times() { printf "%.s$2" $(seq "$1"); } # times N LETTER
cat >"$dir/list.csv" <<CSV
Số điện thoại;Lời
0961000001;$(times 10 a)
0961000002;$(times 160 a)
0961000003;$(times 161 a)
0901000004;$(times 306 a)
0901000005;$(times 307 a)
0901000006;$(times 70 ê)
0911000007;$(times 71 ê)
0911000008;$(times 134 ê)
0911000009;$(times 135 ê)
0961000010;$(times 80 a) – $(times 10 a)
0961000010;the same phone
0911000012;
CSV
loa list import l "$dir/list.csv" >/dev/null
loa segment save s l 'so_dien_thoai IS NOT NULL' >/dev/null
printf '{{ loi }}' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
for mode in keep plain save; do
	echo "{\"name\":\"$mode\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"notice\",\"accents\":\"$mode\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
	loa campaign preview "$mode" --json >"$dir/$mode.json"
done

# compact FILE: the preview on one line, without blanks
compact() { tr -d ' \n' <"$1"; }
# sums FILE: messages parts unicode cost of all of it
sums() { for f in messages parts unicode cost; do json_field $f <"$1"; done | tr '\n' ' '; }

# ---- by hand ----
# Parts end at 160, 306, 459 of plain, 70, 134, 201 of Unicode: 1 1 2 2 3 1 2 2 3 2 = 19.
# Viettel (096) 430 × (1+1+2+2), MobiFone (090) 440 × (2+3+1), VinaPhone (091) 450 × (2+2+3) = 8370.
is "$(sums "$dir/keep.json")" '10 19 5 8370 ' 'messages, parts, Unicode and price are those by hand'
all=$(compact "$dir/keep.json")
has "$all" '"list_rows":12,"audience":12' 'everybody is in the audience'
has "$all" '"skipped":{"samephoneasanearlierrow":1,"missingfield":1}' 'the others are left out, and it says why'
has "$all" '{"reason":"missingfield","count":1,"rows":[12]}' 'with the first rows of each reason'
has "$all" '"missing_fields":[{"field":"loi","count":1,"rows":[12]}]' 'and which field is missing'
has "$all" '"opens_in_s":0,"histogram":[{"parts":1,"messages":3,"gsm7":2,"ucs2":1},{"parts":2,"messages":5,"gsm7":2,"ucs2":3},{"parts":3,"messages":2,"gsm7":1,"ucs2":1}]' \
	'so many have one part, two, three'
has "$all" '"mobifone":{"messages":3,"parts":6,"cost":2640,"provider":"mo-phong","traffic":"cskh","price":440,"histogram":[{"parts":1,"messages":1,"gsm7":0,"ucs2":1},{"parts":2,"messages":1,"gsm7":1,"ucs2":0},{"parts":3,"messages":1,"gsm7":1,"ucs2":0}]}' \
	'each carrier with its price, provider and parts'
has "$all" '"vinaphone":{"messages":3,"parts":7,"cost":3150' 'what the second carrier costs'
has "$all" '"viettel":{"messages":4,"parts":6,"cost":2580' 'what the third costs'
has "$all" '"traffic":{"cskh":{"messages":10,"parts":19,"cost":8370}}' 'and it is summed by kind of traffic'
has "$all" '"distinct_texts":{"count":10,"exact":true}' 'no text is like another'
has "$all" '"alone":1,"suggestion":"-"' 'a dash makes one text Unicode alone'
has "$all" '{"character":"ê","code_point":"U+00EA","messages":4,"row":6,"alone":4,"suggestion":"e"}' 'a letter four'
has "$all" '"unicode_by_signs":1' 'one is Unicode without any letter that asks for it'
has "$all" '"invisible":{"messages":0,"count":0,"characters":[]}' 'nothing is hidden'
is "${all##*\"shortest\"}" ":{\"text\":\"aaaaaaaaaa\",\"parts\":1,\"units\":10,\"encoding\":\"gsm7\",\"row\":1},\"longest\":{\"text\":\"$(times 307 a)\",\"parts\":3,\"units\":307,\"encoding\":\"gsm7\",\"row\":5}}" \
	'the shortest and the longest are shown, with their rows'

# Taken off, rows 7, 8, 9 and 10 are one part: 430 × 5 + 440 × 6 + 450 × 3 = 6140 for 14 parts.
ways='"by_accents":{"keep":{"messages":10,"parts":19,"cost":8370,"unicode":5,"skipped":0},"plain":{"messages":10,"parts":14,"cost":6140,"unicode":0,"skipped":0},"save":{"messages":10,"parts":14,"cost":6140,"unicode":1,"skipped":0}}'
for mode in keep plain save; do
	has "$(compact "$dir/$mode.json")" "$ways" "$mode: the three ways stand beside each other"
done
is "$(sums "$dir/plain.json")" '10 14 0 6140 ' 'and a campaign of the second way costs that'
is "$(sums "$dir/save.json")" '10 14 1 6140 ' 'one of the third, too'

loa campaign preview keep >"$dir/out"
has "$(cat "$dir/out")" 'of   1 part ' 'a person reads the parts'
has "$(cat "$dir/out")" '1 messages need Unicode only because of “–”: write “-”' 'and what to write instead'
has "$(cat "$dir/out")" 'not sent: missing field                1 (rows 12)' 'and which rows get nothing'
has "$(cat "$dir/out")" '10 different texts' 'and how many texts there are'

# ---- who is suppressed costs nothing in any way ----
loa suppress add 0911000009 --reason 'asked at the counter' >/dev/null
loa campaign preview keep --json >"$dir/again.json"
is "$(sums "$dir/again.json")" '9 16 4 7020 ' 'three parts less at 450'
has "$(compact "$dir/again.json")" '"by_accents":{"keep":{"messages":9,"parts":16,"cost":7020,"unicode":4,"skipped":0},"plain":{"messages":9,"parts":13' \
	'and less in each way'
loa suppress rm 0911000009 --reason 'a mistake' >/dev/null
loa campaign preview keep --json >"$dir/again.json"
is "$(sums "$dir/again.json")" '10 19 5 8370 ' 'taken back it is as before'

# ---- the same afterwards ----
loa campaign launch keep >/dev/null && loa campaign watch keep >/dev/null
ok $? 'it is launched'
loa campaign report keep --json >"$dir/report.json"
is "$(json_field audience <"$dir/report.json")" 12 'the report has the audience of the preview'
report=$(compact "$dir/report.json")
is "$(echo "${report##*\"providers\":}" | grep -o '"parts":[0-9]*' | awk -F: '{ n += $2 } END { print n }')" 19 'and its parts'
has "$(echo "$report" | sed 's/"providers":\[[^]]*\]//')" '"cost":8370' 'and its price'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 10 'ten messages have left'

# ---- many ----
n=${1:-60000}
awk -v n="$n" 'BEGIN {
	print "Số điện thoại;Họ tên;Xã"
	for (i = 0; i < n; i++)
		printf "09%08d;Người thứ %d;%s\n", 10000000 + int(i / 2) * 7, i, i % 10 == 0 ? "" : "Xã " i % 50
}' >"$dir/many.csv"
loa list import m "$dir/many.csv" >/dev/null
loa segment save sm m 'so_dien_thoai IS NOT NULL' >/dev/null
printf 'Kính gửi {{ ho_ten }}, {{ xa }}: mời nhận kết quả.' >"$dir/t.txt"
loa template save tm "$dir/t.txt" >/dev/null
echo '{"name":"m","template":"tm","segments":["sm"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
loa suppress add 0910000007 --reason 'asked at the counter' >/dev/null # from here Redis is asked about everybody
exec 8<>"/dev/tcp/127.0.0.1/$loa_port"
printf 'POST /api/v1/campaigns/m/preview HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\nContent-Length: 0\r\n\r\n' "$token" >&8
line=''
until [ "${line#*progress}" != "$line" ]; do IFS= read -r -t 30 line <&8 || break; done
has "$line" '"progress"' 'progress is told on the way'
exec 8<&- 8>&-
loa campaign preview m --json >"$dir/m.json"
ok $? 'after a reader went away in the middle, the next one gets it all'
skipped=$(compact "$dir/m.json" | sed 's/.*"skipped":{\([^}]*\)}.*/\1/' | grep -o ':[0-9]*' | awk -F: '{ n += $2 } END { print n }')
messages=$(json_field messages <"$dir/m.json")
is "$((messages + skipped))" "$n" 'messages and those who are skipped are the audience'
histogram=$(compact "$dir/m.json" | sed 's/.*"opens_in_s":[0-9]*,"histogram":\(\[[^]]*\]\).*/\1/')
is "$(echo "$histogram" | grep -o '"messages":[0-9]*' | awk -F: '{ n += $2 } END { print n }')" "$messages" 'the histogram has each message'
is "$(echo "$histogram" | sed 's/},{/\n/g' | awk -F'[:,]' '{ n += $2 * $4 } END { print n }')" "$(json_field parts <"$dir/m.json")" 'its parts are the parts'
is "$(compact "$dir/m.json" | grep -o '"cost":[0-9]*,"provider":"mo-phong","traffic":"cskh","price":[0-9]*' | awk -F'[:,]' '{ n += $2 } END { print n }')" \
	"$(json_field cost <"$dir/m.json")" 'the carriers cost what all of it costs'
# Of each pair of rows with one phone the first has an even number; every tenth row has no commune.
is "$messages" "$((n / 2 - n / 10 - 1))" 'as many as there are phones, but for a tenth of the rows and one who asked'
count=$(compact "$dir/m.json" | sed 's/.*"distinct_texts":{"count":\([0-9]*\),.*/\1/')
ok $((count > messages * 97 / 100 && count < messages * 103 / 100 ? 0 : 1)) "every text differs: $messages, estimated $count"

# ---- values that a filter makes nothing of ----
cat >"$dir/tien.csv" <<'CSV'
Số điện thoại;Tiền;CCCD;Hạn
0961000001;50000;089123456789;5.2.2026
0961000002;50.000;089123456789;5.2.2026
0961000003;;089123456789;5.2.2026
0961000004;năm mươi;089123456789;5.2.2026
0961000005;60000;089123456789;31.2.2026
0961000006;1.5;089123456789;5.2.2026
0961000007;50.000;089123456789;5.2.2026
0961000008;15 tr;089123456789;5.2.2026
CSV
loa list import tien "$dir/tien.csv" --map 'Tiền=tien' --map 'CCCD=cccd' --map 'Hạn=han' >/dev/null
loa segment save tien tien 'so_dien_thoai IS NOT NULL' >/dev/null
printf 'Nộp {{ tien | currency_vi }} trước {{ han | date_vi }}' >"$dir/tien.txt"
loa template save tien "$dir/tien.txt" >/dev/null
printf 'Số {{ cccd | number_vi }}' >"$dir/cccd.txt"
loa template save cccd "$dir/cccd.txt" >/dev/null
for t in tien cccd; do
	echo "{\"name\":\"$t\",\"template\":\"$t\",\"segments\":[\"tien\"],\"class\":\"notice\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
done
loa campaign preview tien --json >"$dir/tien.json"
all=$(compact "$dir/tien.json")
is "$(json_field messages <"$dir/tien.json")" 2 'two of eight have a sum and a day'
has "$all" '"missing_fields":[{"field":"tien","count":1,"rows":[3]}]' 'one cell is empty'
has "$all" '{"filter":"currency_vi","field":"tien","count":4,"examples":[{"row":2,"value":"50.000"},{"row":4,"value":"nămmươi"},{"row":7,"value":"50.000"}]' \
	'four are not, and are not understood'
has "$all" '{"filter":"date_vi","field":"han","count":1,"examples":[{"row":5,"value":"31.2.2026"}]' 'and one day that there is not'
out=$(loa campaign preview tien)
has "$out" '4 people are left out: currency_vi makes nothing of their tien' 'it warns'
has "$out" 'row 2 "50.000", row 4 "năm mươi"' 'and shows what stands there'
has "$out" 'it reads 50000, 1.250.000' 'and what would be understood'
all=$(loa campaign preview cccd --json | tr -d ' \n')
has "$all" '{"filter":"number_vi","field":"cccd","count":8,"examples":[{"row":1,"value":"***"}' 'a personal number is not shown'

done_testing
