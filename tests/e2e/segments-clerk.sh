#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Segments as a clerk works with them: put together, counted, looked into, removed. All figures are
# worked out by hand from the twelve people below.
. "$(dirname "$0")/lib.sh"

y=$(date -u -d '+7 hours' +%Y) # in Vietnam
born() { echo "01/01/$((y - $1))"; } # whoever turned AGE on the first day of this year
cat >"$dir/list.csv" <<-CSV
	Họ và tên;Số điện thoại;Ngày sinh;Giới tính;Thôn;CCCD;Dân tộc
	Nguyễn Văn An;0912000001;$(born 76);Nam;Thôn 1;001050000001;Kinh
	Trần Thị Bình;0912000002;$((y - 60));Nữ;Thôn 1;;Tày
	Lê Văn Cường;0912000003;$(born 16);Nam;Thôn 2;;Kinh
	Phạm Thị Dung;0912000001;$(born 36);Nữ;Thôn 2;;Kinh
	Đặng Văn Đức;0912000005;$(born 36);Nam;Thôn 10;;Kinh
	Hoàng Thị Em;0912000006;;Nữ;;;Kinh
	Đỗ Văn Giáp;0912000007;$((y - 36));Nam;Thôn 1;;Kinh
	Vũ Thị Hà;0912000008;$(born 86);Nữ;;;Kinh
	Bùi Văn Ích;0912000002;$(born 41);Nam;Thôn 2;;Kinh
	Ngô Thị Kim;0912000010;$(born 4);Nữ;Thôn 1;;Kinh
	Dương Văn Ân;0912000011;$(born 23);Nam;Thôn 2;;Kinh
	Lý Thị Ánh;0912000012;$(born 66);Nữ;Thôn 1;;Kinh
CSV

start_gateway
write_config
start_loa
loa list import l "$dir/list.csv" --keep 'Dân tộc=kế hoạch số 5' >/dev/null || exit 1
loa list import m "$dir/list.csv" >/dev/null || exit 1
count() { loa segment count "$1" --json | json_field count; }
fails() { out=$(loa "$@" 2>&1); }
squeeze() { tr -s ' '; }

# ---- put together ----
loa segment save gia l 'age(ngay_sinh) >= 60' >/dev/null
loa segment save thon-1 l "thon = 'Thôn 1'" >/dev/null
has "$(loa segment save gia-thon-1 l 'segment("gia") and segment("thon-1")')" \
	"that is: (age(ngay_sinh) >= 60) and (thon = 'Thôn 1')" 'a segment may be made of others'
loa segment save khac l "NOT segment('gia')" >/dev/null
is "$(count gia) $(count thon-1) $(count gia-thon-1) $(count khac)" '4 5 3 8' 'it counts as if they stood in parentheses'
is "$(loa segment count --list l --query "segment('gia') OR segment('thon-1')" --json | json_field count)" 6 \
	'so does a query that is not saved'
loa segment save ca-hai l "in_list('m') AND segment('gia')" >/dev/null
is "$(loa segment count --list l --query "NOT segment('ca-hai')" --json | json_field count)" 8 \
	'what asks for another list may stand inside of another'
loa segment rm ca-hai --yes >/dev/null
fails segment save gia l "segment('gia-thon-1')"
is $? 1 'a segment inside of itself is refused'
has "$out" 'cannot contain itself: gia > gia-thon-1 > gia' 'with the chain'
fails segment save x m "segment('gia')"
has "$out" 'the segment gia is of the list l' 'so is one of another list'
fails segment count --list l --query "tuoi = 1 OR segment('la')"
has "$out" "^ the list has no column tuoi" 'an error has a caret under its place'
fails segment save gia m 'age(ngay_sinh) >= 60'
has "$out" 'the segment gia-thon-1 uses it' 'a segment that others use stays on its list'

out=$(loa segment show gia-thon-1)
has "$out" "by the server's user" 'it is shown who saved it'
has "$(loa segment show gia)" 'used by segment gia-thon-1' 'and who uses it'
has "$(loa segment ls)" "author=the server's user" 'names have it beside them'
has "$(loa audit ls)" 'segment.save' 'saving is in the audit'

# ---- counted ----
loa suppress add 0912000002 --reason 'xin ngừng' >/dev/null
loa suppress add 0912000003 --reason 'xin ngừng' >/dev/null
loa suppress add 0912000005 --scope class:notice --reason 'không nhận loại này' >/dev/null
loa segment save tat-ca l "so_dien_thoai != ''" >/dev/null
out=$(loa segment count tat-ca | squeeze)
has "$out" '12 of 12 rows of l' 'all are counted'
has "$out" 'rows with a phone 12' 'those with a phone'
has "$out" 'different phones 10' 'each phone once: two are of two people'
has "$out" 'not sent: same phone as an earlier row 2 rows 4 9' 'those of an earlier row, with the rows'
has "$out" 'not sent: suppressed 2 rows 2 3' 'those who are suppressed for all, not for a class'
has "$out" 'would be written to 8' 'the rest would be written to: 12 - 2 - 2'
out=$(loa segment count --list l --query "thon != 'Thôn 1' AND age(ngay_sinh) < 200" | squeeze)
has "$out" '5 of 12 rows' 'who has no value is not counted by !='
has "$out" 'no value in thon 2' 'and it is said how many that are'
has "$out" 'no value in ngay_sinh 1' 'of each column that the query names'
api GET '/segments/tat-ca/count?details=1&progress=1' >"$dir/answer"
has "$(cat "$dir/answer")" '{"answer":{"list":"l"' 'with progress the answer is a line of JSON'

# ---- nobody ----
has "$(loa segment count --list l --query "thon = 'thon 2'")" 'no row has thon = "thon 2": did you mean "Thôn 2"?' \
	'of nobody it is said which value was probably meant'
out=$(loa segment count --list l --query "thon = 'Thôn 1' AND age(ngay_sinh) > 200")
is "$out" "${out/did you mean/}" 'a value that is there is not'
out=$(loa segment count --list l --query "dan_toc = 'Tay'")
is "$out" "${out/did you mean/}" 'nor one that is sensitive'
out=$(loa segment count --list l --query "thon = 'thon 2' AND dan_toc = 'Tày'")
has "$out" '<5 of 12 rows' 'of a small group beside it nothing is told'
is "$out" "${out/did you mean/}" 'nor, by a hint, that it is nobody'

# ---- looked into ----
out=$(loa segment sample tat-ca -n 100 --seed 7)
is "$(sed -n 's/^  row //p' <<<"$out" | paste -sd' ')" '1 12 11 2 3 4 5 6 7 8 9 10' \
	'people stand by given name: An Ánh Ân Bình Cường Dung Đức Em Giáp Hà Ích Kim'
has "$out" '0912***001' 'phones are masked'
is "$(grep -c '0912000\|001050000001\|Kinh\|Tày' <<<"$out")" 0 'nothing of a phone, a personal number or a people is seen'
fails segment sample tat-ca --full
is $? 4 'in full it wants the token of the administrator'
fails segment sample tat-ca --full --token-file "$dir/token"
is $? 4 'and a reason'
has "$(loa segment sample tat-ca -n 100 --full --token-file "$dir/token" --reason 'kiểm tra')" 'Tày' 'and has it all then'
has "$(loa audit ls 2>/dev/null || api GET /audit)" 'segment:tat-ca' 'which the audit has'
is "$(loa segment sample tat-ca -n 3 --seed 5 --json)" "$(loa segment sample tat-ca -n 3 --seed 5 --json)" \
	'the same seed gives the same rows'
is "$(loa segment sample gia --json | grep -c '"row":')" 4 'of fewer all'
fails segment sample tat-ca -n 101
is $? 1 'at most a hundred'
# 240 samples of 3 of 12: each row is expected 60 times. Of draws without putting back, the sum of
# squares over 60 · (12 - 3) / (12 - 1) is chi-square of 11 degrees; beyond 31.26 is one in a thousand.
for seed in $(seq 240); do api GET "/segments/tat-ca/sample?n=3&seed=$seed"; done >"$dir/samples"
is "$(grep -o '"row":[0-9]*' "$dir/samples" | sort | uniq -c | awk '{ n++; sum += $1; x += ($1 - 60) ^ 2 / 60 }
	END { print n, sum, x * 11 / 9 < 31.26 ? "even" : x }')" '12 720 even' 'each row is drawn as often as others'

# ---- broken down ----
out=$(loa segment breakdown tat-ca thon | squeeze)
has "$out" 'Thôn 1 5 41.7 %' 'rows by the values of a column'
is "$(awk '$1 == "Thôn" || /no value/ { print $1 $2, ($1 == "Thôn" ? $3 : $3) }' <<<"$out" | paste -sd,)" \
	'Thôn1 5,Thôn2 4,Thôn10 1,(novalue) 2' 'the most frequent first, those without at the end'
out=$(loa segment breakdown tat-ca 'Ngày sinh' | squeeze)
has "$out" "$((y - 36)) 3 25.0 %" 'dates by their year'
has "$out" '60-79 3 25.0 %' 'and births by age'
is "$(sed -n '/by age/,$p' <<<"$out" | grep -v 'by age' | sed 's/(no age)/none/' | awk '{ print $1 ":" $2 }' | paste -sd' ')" \
	'0-5:1 6-17:1 18-24:1 25-34:0 35-49:4 50-59:0 60-79:3 80+:1 none:1' 'in their groups, those without beside them'
sum() { # of the numbers ROWS in the lists VALUES of a breakdown
	api GET "/segments/$1/breakdown?column=$2" | grep -o '"rows":[0-9]*\|"no_value":[0-9]*\|"ages"' |
		awk -F: '/ages/ { exit } NR > 1 { n += $2 } END { print n }'
}
is "$(sum tat-ca thon) $(sum tat-ca ngay_sinh) $(sum gia ho_ten)" '12 12 4' 'all parts together are the count'
fails segment breakdown tat-ca dan_toc
is $? 4 'a sensitive column is for the administrator'
has "$(loa segment breakdown tat-ca dan_toc --full --token-file "$dir/token" --reason 'kiểm tra' | squeeze)" 'Kinh 11 91.7 %' 'who may see it'
fails segment breakdown tat-ca so_dien_thoai
is $? 4 'the phones are for nobody'

# ---- many values: more than are kept apart at once ----
awk 'BEGIN { print "Họ tên;Số điện thoại;Nhóm"
	for (i = 0; i < 30000; i++) printf "A;09%08d;%s\n", i, i % 10 < 3 ? "lớn" : "riêng " i }' >"$dir/many.csv"
loa list import many "$dir/many.csv" >/dev/null && loa segment save many many "nhom != ''" >/dev/null
out=$(loa segment breakdown many nhom | squeeze)
has "$out" 'lớn 9.000 30.0 %' 'the large ones are exact among very many'
has "$out" 'more different values than can be kept apart' 'and it is said that there were too many'
is "$(sum many nhom)" 30000 'their sum is still the count'

# ---- frozen ----
printf 'Kính gửi {{ ho_ten }}.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
echo '{"name":"c","template":"t","segments":["gia-thon-1"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
fails segment rm gia-thon-1
is $? 2 'nothing is removed without asking'
fails segment rm gia-thon-1 --yes
is $? 1 'a segment that a draft uses is not removed'
has "$out" 'the campaign c (draft) uses it' 'and it is said which'
has "$(loa segment show gia-thon-1)" 'used by campaign c (draft)' 'show says it before'
has "$(loa campaign preview c | squeeze)" '3 ' 'a preview asks the whole query'
loa campaign launch c >/dev/null
is "$(redis HGET loa:run:1 queries)" "[\"(age(ngay_sinh) >= 60) and (thon = 'Thôn 1')\"]" 'a run keeps the text, no name of a segment'
loa segment save gia l 'age(ngay_sinh) >= 0' >/dev/null
is "$(count gia-thon-1)" 5 'the segment changes with the one inside'
until_true is_finished
is "$(report audience)" 3 'the run that was launched before does not'
fails campaign report c --by cccd
is $? 4 'a report is not broken down by personal numbers'

# ---- long counts: Redis lets them wait ----
redis CLIENT PAUSE 1500 >/dev/null
api POST '/count?progress=1' '{"list":"l","query":"in_list(\"m\")"}' >"$dir/answer"
has "$(cat "$dir/answer")" '"total":1000,"step":"sets"}}' 'while other lists are loaded for more than a second it is said how far that is'
has "$(sed '1,/"step"/d' "$dir/answer")" '{"answer":{"list":"l"' 'before the answer'
redis CLIENT PAUSE 1500 >/dev/null
fails segment count --list l --query "in_list('m') AND in_list('khong-co')"
is $? 1 'a mistake that is found then is one of the query'
has "$out" "                         ^ there is no list \"khong-co\"" 'with its place'
loa segment save trong-m l "in_list('m')" >/dev/null
echo '{"name":"trong-m","template":"t","segments":["trong-m"],"class":"notice"}' >"$dir/m.json"
loa campaign create "$dir/m.json" >/dev/null
redis CLIENT PAUSE 1500 >/dev/null
api POST /campaigns/trong-m/preview '{}' >"$dir/answer"
has "$(cat "$dir/answer")" '"step":"sets"}}' 'a preview says it, too'
has "$(sed '1,/"step"/d' "$dir/answer")" '{"preview":{' 'before its answer'
answers() { cat "$dir"/count.* 2>/dev/null | grep -o "$1" | wc -l; } # with this text
are_refused() { [ "$(answers 'exports and counts are under way')" -eq 4 ]; }
pids=()
redis CLIENT PAUSE 4000 >/dev/null
for i in $(seq 12); do
	(api POST /count '{"list":"l","query":"in_list(\"m\")"}' >"$dir/count.$i") &
	pids+=($!)
done
until_true are_refused
ok $? 'of twelve counts at once that ask for other lists four are refused'
redis CLIENT UNPAUSE >/dev/null
wait "${pids[@]}"
is "$(answers '"count":12') $(answers 'exports and counts are under way')" '8 4' 'the other eight are answered'
api POST /count '{"list":"l","query":"in_list(\"m\")"}' >"$dir/answer"
is "$(status)" 200 'and then the next one'

# ---- removed ----
fails segment rm gia --yes
is $? 1 'a segment that others use is not removed'
loa segment rm gia-thon-1 --yes >/dev/null
is $? 0 'one that only launched campaigns used is'
loa segment rm khac --yes >/dev/null
has "$(loa segment rm gia --yes)" 'gia is removed' 'and then the one that was inside'
fails segment rm gia --yes
has "$out" 'there is no segment of this name' 'once'

# ---- in Vietnamese order ----
for name in 'đặc biệt' dân bản; do loa segment save "$name" l "thon = 'x'" >/dev/null; done
is "$(loa segment ls --json | sed -n 's/^ *"name": "\(.*\)",*$/\1/p' | paste -sd,)" \
	'bản,dân,đặc biệt,many,tat-ca,thon-1,trong-m' 'names stand in Vietnamese order'
for name in 'đợt 1' 'dự án' ấp; do
	loa template save "$name" "$dir/t.txt" >/dev/null
	echo "{\"name\":\"$name\",\"template\":\"t\",\"segments\":[\"dân\"],\"class\":\"notice\"}" >"$dir/d.json"
	loa campaign create "$dir/d.json" >/dev/null
done
is "$(loa template ls --json | sed -n 's/^ *"name": "\(.*\)",*$/\1/p' | paste -sd,)" 'ấp,dự án,đợt 1,t' 'those of templates too'
is "$(loa campaign ls --json | sed -n 's/^ *"name": "\(.*\)",*$/\1/p' | paste -sd,)" 'ấp,c,dự án,đợt 1,trong-m' 'and of campaigns'
done_testing
