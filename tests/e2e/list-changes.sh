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
is "$(redis KEYS 'loa:snap:*' | wc -l) $(field to rows)" '4 8' 'each import is one version'

done_testing
