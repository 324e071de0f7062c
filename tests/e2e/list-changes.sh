#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Lists that change: several files and sheets into one, rows filled, overwritten, appended and taken
# away, columns added and dropped. The expected exports are written by hand.
. "$(dirname "$0")/lib.sh"

gateway_port=1 # nobody sends anything
write_config
start_loa
cases=tests/cases/lists

field() { loa list show "$1" --json | json_field "$2"; }
rows_of() { loa list export "$1" - --full --token-file "$dir/token" 2>"$dir/why" | tr -d '\r'; }
# blocks and snapshots in Redis, by name
blocks() { redis KEYS 'loa:block:*' | sort; }

# ---- several files ----
printf 'Họ và tên;SĐT;Xã\nAn;0912345678;Xã A\nBé;0912345679;Xã A\n' >"$dir/a.csv"
printf '\xef\xbb\xbfSĐT,Thôn,Họ và tên\n0912345678,Thôn 1,Cúc\n123,Thôn 2,Dê\n' >"$dir/b.csv"
out=$(loa list import nhieu "$dir/a.csv" "$dir/b.csv" --dry-run)
has "$out" 'a.csv, b.csv: 4 rows read, 3 kept; a dry run' 'a dry run of two files has their sum'
is "$(redis EXISTS loa:list:nhieu)" 0 'and stores nothing'
out=$(loa list import nhieu "$dir/a.csv" "$dir/b.csv")
has "$out" 'a.csv, b.csv: 4 rows read, 3 kept: version 1' 'two files become one version'
has "$out" 'a.csv: 2 rows read, 2 kept' 'with the rows of each'
has "$out" 'b.csv: 2 rows read, 1 kept' 'of the second too'
is "$(rows_of nhieu)" 'Họ và tên,SĐT,Xã,Thôn
An,0912345678,Xã A,
Bé,0912345679,Xã A,
Cúc,0912345678,,Thôn 1' 'columns are matched by their names, the union is kept'
is "$(loa list show nhieu --rejects | tr -d '\r' | sed '1s/^\xef\xbb\xbf//')" 'SĐT;Thôn;Họ và tên;Tệp;Dòng;Lý do;Reason
123;Thôn 2;Dê;b.csv;3;Số điện thoại thiếu chữ số;the phone number has too few digits' 'a rejected row names its file'
is "$(field nhieu shared_phones) $(field nhieu rows_repeated)" '1 1' 'a phone of two files is known as one'
printf 'Họ và tên;Ghi\nX;1\n' >"$dir/bad.csv"
out=$(loa list import nhieu "$dir/a.csv" "$dir/bad.csv" 2>&1)
is $? 1 'a file that fails makes the whole import fail'
has "$out" 'bad.csv' 'with its name'
is "$(field nhieu version)" 1 'and the list stays as it is'
loa list import mot "$dir/a.csv" >/dev/null
is "$(field mot rows)" 2 'one file is read as ever'
out=$(loa list import nhieu "$dir/a.csv" "$dir/none.csv" 2>&1)
is $? 1 'a file that is not there is told'
has "$out" 'none.csv' 'by its name, before anything is sent'

# The same over HTTP, where an answer may be lost.
id=$(api POST /imports '{"list":"nhieu","file":"a.csv","files":2}' | sed 's/.*"import": *"\([0-9a-f]*\)".*/\1/')
api PUT "/imports/$id?offset=0" "$(cat "$dir/a.csv")" >/dev/null
api POST "/imports/$id/commit" >/dev/null
is "$(status)" 409 'a commit before the last file is refused'
api POST "/imports/$id/next?number=3" '{"file":"c.csv"}' >/dev/null
is "$(status)" 409 'so is a file that is not the next one'
once=$(api POST "/imports/$id/next?number=2" '{"file":"b.csv"}')
is "$(api POST "/imports/$id/next?number=2" '{"file":"b.csv"}')" "$once" 'the next file begins once, however often it is said'
api PUT "/imports/$id?offset=0" "$(cat "$dir/b.csv")" >/dev/null
has "$(api POST "/imports/$id/commit")" '"rows_kept":3' 'then both are one version'
loa list undo nhieu >/dev/null

# ---- sheets ----
out=$(loa list import to "$cases/moi-to-mot-sheet.xlsx" --sheet all)
has "$out" '4 rows read, 3 kept: version 1' 'all sheets become one version'
has "$out" 'moi-to-mot-sheet.xlsx, sheet Tổ 2: 2 rows read, 1 kept' 'with the rows of each'
is "$(rows_of to)" 'Họ và tên,Điện thoại,Xã,Thôn
Phan Thị Giang,0933123123,Xã A,
Bùi Tiến Hải,0944234234,Xã A,
Phan Văn Sơn,0933123123,,Thôn Hạ' 'the visible ones that are lists'
has "$(loa list show to --rejects)" 'moi-to-mot-sheet.xlsx, Tổ 2;3;' 'a rejected row names its sheet'
out=$(loa list import to "$cases/nhieu-sheet.xlsx" --sheet all 2>&1)
is $? 1 'a sheet that fails makes the whole import fail'
has "$out" 'sheet Tổ 2 & 3' 'with its name'
out=$(loa list import to "$cases/moi-to-mot-sheet.xlsx" "$dir/a.csv" "$cases/moi-to-mot-sheet.xlsx" --sheet all)
has "$out" '10 rows read, 8 kept: version 2' 'files and workbooks mix'
is "$(redis KEYS 'loa:snap:*' | wc -l) $(field to rows)" '5 8' 'each import is one version'

# ---- rows of a list are filled, overwritten, added ----
printf 'Mã hộ;Họ và tên;SĐT;Xã\nH1;An;0912345678;Xã A\nH2;Bé;0912345679;\nH3;Cúc;0912345678;Xã C\n' >"$dir/ho.csv"
loa list import ho "$dir/ho.csv" >/dev/null
old=$(blocks)
printf 'Mã hộ;Thôn;Xã\n h1 ;Thôn 1;Xã X\nH2;Thôn 2;Xã B\nH9;Thôn 9;\nh2;Thôn 3;\n;Thôn 4;Xã 4\n' >"$dir/thon.csv"
out=$(loa list import ho "$dir/thon.csv" --mode fill --key 'Mã hộ' --dry-run)
has "$out" '5 rows read, 2 kept; a dry run' 'a dry run of an update reads the file'
has "$out" 'rows updated 2, unchanged 0, appended 0; the list had 3 rows and would have 3' 'and says what it would change'
has "$out" 'columns added: thon' 'and which columns come'
is "$(blocks)" "$old" 'it leaves no block behind'
out=$(loa list import ho "$dir/thon.csv" --mode fill --key 'Mã hộ')
has "$out" 'rows updated 2, unchanged 0, appended 0; the list had 3 rows and has 3' 'a column is added by a file with the key and the column'
is "$(rows_of ho)" 'Mã hộ,Họ và tên,SĐT,Xã,Thôn
H1,An,0912345678,Xã A,Thôn 1
H2,Bé,0912345679,Xã B,Thôn 2
H3,Cúc,0912345678,Xã C,' 'empty cells are filled, others stay; keys are compared without case and blanks'
is "$(loa list show ho --rejects | tr -d '\r' | sed '1s/^\xef\xbb\xbf//')" 'Mã hộ;Thôn;Xã;Dòng;Lý do;Reason
;Thôn 4;Xã 4;6;Không có giá trị khóa;has no value of the key
H9;Thôn 9;;4;Không có số điện thoại;no phone number
h2;Thôn 3;;5;Có cùng khóa với dòng 3;has the same key as row 3' 'what cannot be used is told with its reason'
printf 'Mã hộ,SĐT,Xã,Họ và tên\nH2,0912345678,,Bé Hai\nH4,0987654321,Xã D,Dê\nH1,0912 345 678,Xã A,An\n' >"$dir/moi.csv"
out=$(loa list import ho "$dir/moi.csv" --mode overwrite)
has "$out" 'key ma_ho' 'the key is kept with the list'
has "$out" 'rows updated 1, unchanged 1, appended 1; the list had 3 rows and has 4' 'rows read are updated, unchanged, appended'
is "$(rows_of ho)" 'Mã hộ,Họ và tên,SĐT,Xã,Thôn
H1,An,0912345678,Xã A,Thôn 1
H2,Bé Hai,0912345678,Xã B,Thôn 2
H3,Cúc,0912345678,Xã C,
H4,Dê,0987654321,Xã D,' 'values that are given replace; rows keep their places, new ones come behind'
is "$(field ho shared_phones) $(field ho rows_repeated)" '1 2' 'the phone that changed is known as the same'
printf 'Mã hộ,SĐT,Xã\nH4,0900000001,Xã Z\nH5,0900000002,Xã E\n' >"$dir/them.csv"
out=$(loa list import ho "$dir/them.csv" --mode new)
has "$out" 'rows updated 0, unchanged 1, appended 1' 'mode new appends unknown keys only'
is "$(rows_of ho | tail -2)" 'H4,Dê,0987654321,Xã D,
H5,,0900000002,Xã E,' 'and leaves what is there'
has "$(loa list undo ho)" 'version 3 is current again, 4 rows' 'an undo takes it back'
has "$(loa list redo ho)" 'version 4 is current again, 5 rows' 'a redo brings it back'

# ---- the phone as key: households ----
printf 'Họ và tên;SĐT;Xã\nAn;0912345678;\nBé;0912345678;\nCúc;0912345679;\nDê;0912345670;\n' >"$dir/nha.csv"
loa list import nha "$dir/nha.csv" >/dev/null
printf 'Họ và tên;SĐT;Xã\n  BÉ;84912345678;Xã 1\n;0912345678;Xã 2\nTý;0912345678;Xã 3\nkhác tên;0912345679;Xã 4\nX;0912345670;Xã 5\nY;0912345670;Xã 6\n' >"$dir/xa.csv"
out=$(loa list import nha "$dir/xa.csv" --mode fill)
has "$out" '6 rows read, 5 kept' 'one phone, several rows: by the name'
has "$out" 'rows updated 2, unchanged 0, appended 3; the list had 4 rows and has 7' 'whose name is not there is added'
is "$(rows_of nha)" 'Họ và tên,SĐT,Xã
An,0912345678,
Bé,0912345678,Xã 1
Cúc,0912345679,Xã 4
Dê,0912345670,
Tý,0912345678,Xã 3
X,0912345670,Xã 5
Y,0912345670,Xã 6' 'a phone that one row has is enough by itself'
has "$(loa list show nha --rejects)" ';0912345678;Xã 2;3;"Nhiều dòng của danh sách có khóa này; hãy nhập lại với --key' 'who cannot be told apart is rejected with what to do'

# ---- a replacement with a key ----
printf 'Mã hộ;SĐT\nA;0912345678\nb;0912345679\n B;0912345670\n' >"$dir/khoa.csv"
out=$(loa list import khoa "$dir/khoa.csv" --key ma_ho)
has "$out" '3 rows read, 2 kept' 'in a replacement a key is there once'
has "$(loa list show khoa --rejects)" 'Có cùng khóa với dòng 3' 'the later row is rejected'
printf 'Mã hộ;SĐT\na;0912345671\nc;0912345672\n' >"$dir/khoa2.csv"
has "$(loa list import khoa "$dir/khoa.csv" "$dir/khoa2.csv" --key ma_ho)" '5 rows read, 3 kept' 'also of another file'
has "$(loa list show khoa --rejects)" 'a;0912345671;khoa2.csv;2;Có cùng khóa với dòng 2 (khoa.csv)' 'which is named'
has "$(loa list import khoa "$dir/khoa.csv" --mode new)" 'key ma_ho' 'and it is the key of the next update'
out=$(loa list import khoa "$dir/a.csv" --mode new --key 'Mã số' 2>&1)
is $? 1 'a key that the list does not have is refused'
has "$out" 'has no column "Mã số"' 'by its name'
out=$(loa list import kho-co "$dir/a.csv" --mode fill 2>&1)
is $? 1 'there is nothing to fill in a list that is not there'

# ---- blocks are shared ----
make_list 2000 && mv "$dir/list.csv" "$dir/big.csv"
loa list import lon "$dir/big.csv" >/dev/null
n=$(blocks | wc -l)
printf 'Số điện thoại;Thôn\n0910003500;Thôn X\n0990000000;Thôn Y\n' >"$dir/one.csv" # row 500, and a new one
has "$(loa list import lon "$dir/one.csv" --mode fill)" 'rows updated 1, unchanged 0, appended 1; the list had 2000 rows and has 2001' 'one row of many'
is $(($(blocks | wc -l) - n)) 2 'two blocks are new: that of the row, and the last one'
is "$(rows_of lon | sed -n '502p')" 'Nguyễn Văn Thử 500,1960-12-06,0910003500,Xã số 0,Thôn X' 'the row has its value'
loa list undo lon >/dev/null
loa segment save lon-xa lon "xa = 'Xã số 0'" >/dev/null
has "$(loa segment count lon-xa)" '40 of 2000' 'the old version is whole after an undo'
is "$(redis HLEN loa:writing)" 0 'nothing is being written any more'

# ---- rows are taken away ----
printf 'Họ và tên;SĐT;Xã\nAn;0912345678;A\nBé;0912345679;B\nCúc;0912345678;A\nDê;0912345670;B\nÉn;0912345678;B\n' >"$dir/bot.csv"
loa list import bot "$dir/bot.csv" >/dev/null
loa segment save bot-a bot "xa = 'A'" >/dev/null
out=$(loa list prune bot --where "ho_ten = 'An'" 2>&1)
is $? 2 'where nobody can be asked it needs --yes'
has "$out" 'bot: 1 of 5 rows fit' 'but says how many'
is "$(field bot version)" 1 'and nothing is done'
out=$(loa list prune bot --where "ho_ten = 'An'" --yes)
has "$out" '1 rows removed, 4 are left: version 2' 'rows that fit a query are taken out'
is "$(rows_of bot)" 'Họ và tên,SĐT,Xã
Bé,0912345679,B
Cúc,0912345678,A
Dê,0912345670,B
Én,0912345678,B' 'an export has the others'
is "$(field bot rows) $(loa segment count bot-a --json | json_field count)" '4 1' 'counts leave them out'
is "$(field bot rows_repeated)" 1 'a phone whose first row is gone is one of fewer rows'
printf '0912 345 679\n0912345670\nkhông có\n' >"$dir/phones"
out=$(loa list prune bot --phones "$dir/phones" --yes)
has "$out" '2 rows removed, 2 are left: version 3' 'rows of phones in a file, too'
printf 'Họ và tên;SĐT;Xã\nBé;0912345679;C\nÉn;0912345678;C\n' >"$dir/lai.csv"
out=$(loa list import bot "$dir/lai.csv" --mode fill)
has "$out" 'rows updated 0, unchanged 1, appended 1; the list had 2 rows and has 3' 'who was taken away is new again'
is "$(rows_of bot | tail -n +2)" 'Cúc,0912345678,A
Én,0912345678,B
Bé,0912345679,C' 'behind the others'
loa list undo bot >/dev/null
loa list undo bot >/dev/null
has "$(loa list undo bot)" 'version 1 is current again, 5 rows' 'an undo brings them back'
is "$(rows_of bot | sed -n 2p)" 'An,0912345678,A' 'with their values'
has "$(loa audit ls)" 'list.rows.remove' 'who takes rows away is written down'
api POST "/lists/bot/rows/remove" '{"where":"ho_ten = '"'An'"'","version":2}' >"$dir/answer"
is "$(status)" 409 'of another version than was looked at nothing is taken'
out=$(loa list prune bot --where 'xxa = 1' --yes 2>&1)
is $? 1 'a query that is wrong is refused'
has "$(loa list prune bot --where "ho_ten = 'Không'")" '0 of 5 rows fit' 'nobody is nobody'

# Household of one phone, a campaign over all of them: the chain goes past who is gone.
make_list 600
awk -F';' 'NR > 1 { $3 = "09" (10000000 + int((NR - 2) / 3)) } { print $1 ";" $2 ";" $3 ";" $4 }' "$dir/list.csv" >"$dir/l" && mv "$dir/l" "$dir/list.csv"
make_campaign "so_dien_thoai != ''"
loa campaign preview c --json >"$dir/before"
printf '0910000000\n' >"$dir/phones"
loa list prune l --phones "$dir/phones" --yes >/dev/null
loa list prune l --where "ho_ten ~ 'Thử 3' AND NOT ho_ten ~ 'Thử 30'" --yes >/dev/null
loa campaign preview c --json >"$dir/after"
is "$(json_field list_rows <"$dir/before") $(json_field audience <"$dir/before")" '600 600' 'a campaign is to all rows'
rows=$(field l rows)
is "$(json_field list_rows <"$dir/after") $(json_field audience <"$dir/after")" "$rows $rows" 'and to those that are left'
is "$(loa list export l - | tail -n +2 | wc -l)" "$rows" 'as the export has them'

# ---- columns ----
has "$(loa list column bot add 'Ngày hẹn' --value 15/10/2026)" 'column ngay_hen, version 5' 'a column is added'
is "$(rows_of bot | sed -n '1,2p')" 'Họ và tên,SĐT,Xã,Ngày hẹn
An,0912345678,A,2026-10-15' 'with a value of its type'
loa list column bot rename ngay_hen 'Hẹn ngày' >/dev/null
is "$(rows_of bot | head -n 1)" 'Họ và tên,SĐT,Xã,Hẹn ngày' 'a title is another one'
n=$(blocks | wc -l)
loa list column bot add 'Ghi chú' >/dev/null
is $(($(blocks | wc -l) - n)) 0 'a column without a value needs no block'
loa list column bot drop 'Xã' >/dev/null
is "$(rows_of bot | sed -n '1,3p')" 'Họ và tên,SĐT,Hẹn ngày,Ghi chú
An,0912345678,2026-10-15,
Bé,0912345679,2026-10-15,' 'a column is dropped, the others keep their values'
loa list column bot drop so_dien_thoai 2>"$dir/why"
is $? 1 'a list needs its phones'
out=$(loa list column bot add 'Dân tộc' 2>&1)
has "$out" 'is sensitive' 'a sensitive column wants a reason'

# ---- block numbers ----
id=$(redis HGET loa:list:bot id)
n=$(redis HGET loa:seq:block "$id")
for i in 1 2 3; do
	printf 'SĐT,Ghi chú\n0912345679,lần %d\n' "$i" >"$dir/moi.csv"
	loa list import bot "$dir/moi.csv" --mode overwrite >/dev/null
done
is $(($(redis HGET loa:seq:block "$id") - n)) 3 'an update uses up the numbers of the blocks that it writes, no others'
redis HSET loa:seq:block "$id" 4294705152 >/dev/null # 262,143 of 2^32 are left
out=$(loa list import bot "$dir/moi.csv" --mode fill 2>&1)
is $? 3 'without numbers an update is refused'
has "$out" 'its block numbers are used up: take another name' 'and says why'
is "$(redis HGET loa:seq:block "$id")" 4294705152 'no number is used up by that'
is "$(redis HLEN loa:writing)" 0 'nothing is being written any more'

done_testing
