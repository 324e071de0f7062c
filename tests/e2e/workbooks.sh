#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Workbooks through the server: those of tests/cases/lists against their .report files (README.md
# there), the choice of the sheet, hostile files, a helper or a server that dies in the middle.
. "$(dirname "$0")/lib.sh"

gateway_port=1 # nobody sends anything
write_config
start_loa
cases=tests/cases/lists

# The helpers of this server: its children of that name.
helpers() {
	local f
	for f in $(grep -lsx loa-workbook /proc/[0-9]*/comm); do
		sed -n "s/^\([0-9]*\) (loa-workbook) [^Z] $loa_pid .*/\1/p" "${f%comm}stat" 2>/dev/null
	done
}
# The commit of the import $id is answered with its report.
committed() {
	api POST "/imports/$id/commit" >"$dir/answer"
	[ "$(status)" = 200 ]
}
has_helper() { [ -n "$(helpers)" ]; }
has_list() { loa list show "$1" >/dev/null 2>&1; }
# What an import leaves in the data folder, or holds open there without a name
leftovers() {
	find "$dir/data" -name 'workbook*'
	local f
	for f in /proc/[0-9]*/fd/*; do
		case $(readlink "$f" 2>/dev/null) in "$dir/data/"*"(deleted)") echo "$f" ;; esac
	done
}
count() { # LIST QUERY
	loa segment save q "$1" "$2" >/dev/null && loa segment count q --json | json_field count
}

# ---- the files of officials ----
for report in "$cases"/*.report; do
	name=$(basename "$report" .report)
	file=$(echo "$cases/$name".xls[xm])
	out=$(loa list import "$name" "$file" 2>&1)
	code=$?
	if grep -q '^! ' "$report"; then
		is $code 1 "$name: is refused"
		has "$out" "$(sed -n 's/^! //p' "$report")" "$name: with the sheet and the row"
		has_list "$name"
		is $? 1 "$name: leaves no list"
		continue
	fi
	is "$(sed "1s/^[^:]*: //; 1s/: version 1\$//; s/^ *//; s/  */ /g; s/ \$//; /^columns:/,/^left out: .*: sensitive/{/^left out:/!d}" <<<"$out")" \
		"$(grep -v '^[#?]' "$report")" "$name: what was found is what is there"
	while IFS= read -r line; do
		query=${line#? }
		is "$(count "$name" "${query% : *}")" "${query##* : }" "$name: ${query% : *}"
	done < <(grep '^? ' "$report")
done

# ---- the sheet ----
# (The only phone of that sheet is one of nobody: 0955 was never given out.)
for sheet in 'Tổ 2 & 3' 'TO 2 3' 3; do
	has "$(loa list import s "$cases/nhieu-sheet.xlsx" --sheet "$sheet" 2>&1)" \
		'sheet Tổ 2 & 3: none of 1 rows could be used: unknown-prefix 1' "the sheet $sheet is read when it is asked for"
done
has "$(loa list import s "$cases/nhieu-sheet.xlsx" --sheet 2)" 'sheet Tổ 1' 'or by its number'
out=$(loa list import s "$cases/nhieu-sheet.xlsx" --sheet 'Tổ 9' 2>&1)
is $? 1 'one that is not there is an error'
has "$out" 'has no sheet "Tổ 9"; it has: 1 Hướng dẫn, 2 Tổ 1, 3 Tổ 2 & 3, 4 DM' 'which names those that are'
out=$(loa list import s "$cases/refused/csv-goi-la.xlsx" --sheet 1 2>&1)
is $? 1 'a text has no sheets'
out=$(loa list import d "$cases/ho-gia-dinh.xlsx" --dry-run)
has "$out" 'a dry run: nothing is stored' 'a dry run says what it found'
has "$out" 'titles in row 1' 'with the row of the titles'
has_list d
is $? 1 'and leaves no list'
has "$(loa list import pipe - <"$cases/google.xlsx")" '2 rows read, 2 kept' 'a workbook comes from standard input too'
loa list import p "$cases/phu-huynh.xlsx" --phone 'SĐT mẹ' >/dev/null
is "$(loa list show p --rejects | tr -d '\r' | cut -d';' -f2,8,10 | sed -n 2p)" 'Đoàn Gia Hân;5;no phone number' 'a reject names its row of the sheet'
has "$(loa list import p "$cases/phu-huynh.xlsx")" 'read as the last table with these titles' 'the choice is remembered for a workbook with these titles'
has "$(loa list import c "$cases/refused/csv-goi-la.xlsx")" '1 kept' 'a CSV that is called a workbook is read as what it is'

# ---- hostile files ----
refused() { # FILE PART SENTENCE
	local out
	out=$(loa list import bad "$1" 2>&1)
	is $? 1 "$3"
	has "$out" "$2" "$3: says why"
	has_list bad
	is $? 1 "$3: leaves no list"
}
for n in 100 1000 4000; do
	head -c $n "$cases/thon-ho-dan.xlsx" >"$dir/cut.xlsx"
	refused "$dir/cut.xlsx" 'the end of this ZIP file is missing' "a workbook of its first $n bytes"
done
{ head -c 3000 "$cases/thon-ho-dan.xlsx"; head -c 500 /dev/zero | tr '\0' 'U'; tail -c +3501 "$cases/thon-ho-dan.xlsx"; } >"$dir/holed.xlsx"
refused "$dir/holed.xlsx" 'is damaged or was cut off' 'a workbook with other bytes in the middle'
refused "$cases/refused/danh-sach.xls" '.xls' 'a workbook of Excel 97'
refused "$cases/refused/danh-sach.ods" 'OpenDocument' 'a table of OpenDocument'
refused "$cases/refused/trang-web-goi-la.xls" 'web page' 'a web page that is called .xls'
# A ZIP of its own making: gzip's deflate between the headers of PKWARE's APPNOTE, 4.3.
le() { # BYTES NUMBER
	local i text=''
	for ((i = 0; i < $1; i++)); do printf -v text '%s\\x%02x' "$text" $((($2 >> (8 * i)) & 255)); done
	printf "$text"
}
zip_begin() { zip=$1 entries=0; : >"$zip"; : >"$zip.central"; }
zip_part() { # NAME: its bytes on standard input
	local at crc size packed
	at=$(wc -c <"$zip")
	gzip -n9 >"$dir/part.gz"
	packed=$(($(wc -c <"$dir/part.gz") - 18))
	read -r crc size <<<"$(tail -c 8 "$dir/part.gz" | od -An -tu4)"
	{ printf 'PK\3\4'; le 2 20; le 2 0; le 2 8; le 4 0; le 4 "$crc"; le 4 "$packed"; le 4 "$size"; le 2 ${#1}; le 2 0
		printf %s "$1"; tail -c +11 "$dir/part.gz" | head -c "$packed"; } >>"$zip"
	{ printf 'PK\1\2'; le 2 20; le 2 20; le 2 0; le 2 8; le 4 0; le 4 "$crc"; le 4 "$packed"; le 4 "$size"; le 2 ${#1}
		le 2 0; le 2 0; le 2 0; le 2 0; le 4 0; le 4 "$at"; printf %s "$1"; } >>"$zip.central"
	entries=$((entries + 1))
}
zip_end() {
	local at size
	at=$(wc -c <"$zip") size=$(wc -c <"$zip.central")
	cat "$zip.central" >>"$zip"
	{ printf 'PK\5\6'; le 2 0; le 2 0; le 2 $entries; le 2 $entries; le 4 "$size"; le 4 "$at"; le 2 0; } >>"$zip"
}
make_book() { # FILE: a workbook whose sheet is standard input
	local office=http://schemas.openxmlformats.org
	zip_begin "$1"
	zip_part '[Content_Types].xml' <<<"<Types xmlns='$office/package/2006/content-types'><Default Extension='xml' ContentType='application/xml'/><Override PartName='/xl/workbook.xml' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml'/><Override PartName='/xl/worksheets/sheet1.xml' ContentType='application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml'/></Types>"
	zip_part _rels/.rels <<<"<Relationships xmlns='$office/package/2006/relationships'><Relationship Id='r1' Type='$office/officeDocument/2006/relationships/officeDocument' Target='xl/workbook.xml'/></Relationships>"
	zip_part xl/workbook.xml <<<"<workbook xmlns='$office/spreadsheetml/2006/main' xmlns:r='$office/officeDocument/2006/relationships'><sheets><sheet name='S' sheetId='1' r:id='r1'/></sheets></workbook>"
	zip_part xl/_rels/workbook.xml.rels <<<"<Relationships xmlns='$office/package/2006/relationships'><Relationship Id='r1' Type='$office/officeDocument/2006/relationships/worksheet' Target='worksheets/sheet1.xml'/></Relationships>"
	zip_part xl/worksheets/sheet1.xml
	zip_end
}
sheet_begin="<worksheet xmlns='http://schemas.openxmlformats.org/spreadsheetml/2006/main'><sheetData><row r='1'><c r='A1' t='inlineStr'><is><t>SĐT</t></is></c></row>"
row2="<row r='2'><c r='A2'><v>912345678</v></c></row>"
echo "$sheet_begin$row2</sheetData></worksheet>" | make_book "$dir/good.xlsx"
has "$(loa list import good "$dir/good.xlsx")" '1 rows read, 1 kept' 'a workbook made by hand is read'
{ echo "$sheet_begin$row2"; head -c 100000000 /dev/zero | tr '\0' ' '; echo '</sheetData></worksheet>'; } | make_book "$dir/bomb.xlsx"
echo "# a bomb of $(wc -c <"$dir/bomb.xlsx") bytes"
refused "$dir/bomb.xlsx" 'unpacks to so much more than it is packed' 'a bomb of 100 MB'
echo "<!DOCTYPE x [<!ENTITY a 'aaaaaaaaaa'>]>$sheet_begin$row2</sheetData></worksheet>" | make_book "$dir/entity.xlsx"
refused "$dir/entity.xlsx" 'document type declaration' 'a sheet with entities of its own'
: >"$dir/empty.xlsx"
refused "$dir/empty.xlsx" 'empty' 'a file of nothing'
until_false has_helper
ok $? 'no helper is left'
is "$(leftovers)" '' 'and no file'

# ---- a large one, there and back ----
kill_server
make_list 100000
sed -i '2s/[^;]*/=1+1/' "$dir/list.csv"
loa list import big "$dir/list.csv" >/dev/null
loa list export big "$dir/big.xlsx" --full --token-file "$dir/token"
ok $? 'a list of 100,000 rows is written as a workbook'
is "$(stat -c %a "$dir/big.xlsx")" 600 'which only its owner can read'
began=${EPOCHREALTIME/[.,]/}
out=$(loa list import back "$dir/big.xlsx")
us=$((${EPOCHREALTIME/[.,]/} - began))
echo "# $(wc -c <"$dir/big.xlsx") bytes: $us us, $((100000 * 1000000 / us)) rows/s"
has "$out" '100000 rows read, 100000 kept' 'and imported again'
for list in big back; do loa list export $list "$dir/$list.csv" --full --token-file "$dir/token"; done
is "$(cmp "$dir/big.csv" "$dir/back.csv" && echo same)" same 'row by row and cell by cell it is the same list'
is "$(sed -n 2p "$dir/back.csv" | tr -d '\r')" "'=1+1,1940-10-01,0910000000,Xã số 0" 'what a program would run is defused in the CSV'
longest=$(metrics | sed -n 's/^loa_loop_longest_turn_seconds //p')
echo "# the longest turn of the loop: $longest s"
ok "$(awk -v s="$longest" 'BEGIN { print (s >= 0.1) }')" 'no turn of the loop was long'

# ---- exports ----
loa list export back "$dir/none.csv" --full >/dev/null 2>&1
is $? 4 'phones in full need the token'
is "$(ls "$dir" | grep -c none)" 0 'and nothing is left of the file'
is "$(loa list export back - | sed -n 2p | tr -d '\r')" "'=1+1,1940-10-01,0910***000,Xã số 0" 'else they are masked'
is "$(loa list export back - | grep -cE '(84|0)[35789][0-9]{8}')" 0 'all of them'
loa list export nobody "$dir/none.xlsx" >/dev/null 2>&1
is $? 1 'a list that is not there is an error'
# No room for the file: a device that is always full, then a limit of 1,024 bytes for each file.
out=$(loa list export back - 2>&1 >/dev/full)
is $? 3 'a standard output that is full is an error'
has "$out" 'No space left on device' 'it says why'
full() { # the export to FILE where no file may be longer than 1,024 bytes
	(
		trap '' XFSZ
		ulimit -f 1
		loa list export back "$1" 2>&1 >/dev/null
	)
}
for name in full.csv full.xlsx; do
	out=$(full "$dir/$name")
	is $? 3 "$name: a disk that is full is an error"
	has "$out" 'cannot be written' "$name: it says so"
	is "$(ls "$dir" | grep -c '^full')" 0 "$name: and nothing is left of the file"
done

# ---- dying in the middle: an upload that is not committed ----
begin_upload() {
	id=$(api POST /imports '{"list":"half","file":"half.xlsx"}' | sed -n 's/.*"import": *"\([0-9a-f]*\)".*/\1/p')
	exec 8<>"/dev/tcp/127.0.0.1/$loa_port"
	{
		printf 'PUT /api/v1/imports/%s?offset=0 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Length: %s\r\n\r\n' \
			"$id" "$token" "$(wc -c <"$cases/thon-ho-dan.xlsx")"
		cat "$cases/thon-ho-dan.xlsx"
	} >&8
	cat <&8 >/dev/null
	exec 8<&- 8>&-
	until_true has_helper
}
begin_upload
ok $? 'while a workbook comes there is a helper'
has "$(leftovers)" "/fd/" 'which holds it in a file without a name'
kill -9 "$(helpers)"
until_false has_helper
api POST "/imports/$id/commit" >"$dir/answer"
is "$(status)" 422 'when the helper dies the import fails'
has "$(cat "$dir/answer")" 'has died' 'and says so'
has_list half
is $? 1 'there is no list'
begin_upload
api DELETE "/imports/$id" >/dev/null
until_false has_helper
is "$(status) $(leftovers)" '200 ' 'given up, helper and file are gone'
# While the bytes or the rows come.
for delay in 0 0.1 0.2; do
	loa list import half "$dir/big.xlsx" >"$dir/out" 2>&1 &
	client=$!
	until helper=$(helpers) && [ -n "$helper" ] || ! kill -0 $client 2>/dev/null; do :; done
	sleep $delay
	kill -9 "$helper" 2>/dev/null
	wait $client
	is $? 1 "a helper that dies after $delay s ends the import"
	has_list half
	is $? 1 'without a list'
done
begin_upload
helper=$(helpers)
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
until_false kill -0 "$helper"
ok $? 'a helper dies with its server'
is "$(find "$dir/data" -name 'workbook*')" '' 'its file is gone'
start_loa
has_list half
is $? 1 'and there is no list'

# ---- a commit that takes its time ----
begin_upload
helper=$(helpers)
kill -STOP "$helper"
for time in first second; do
	answer=$(api POST "/imports/$id/commit" | tr -d ' \n')
	is "$(status)" 202 "while the rows come a commit is answered, the $time time"
	has "$answer" '"state":"reading"' 'and says that it reads on'
	has "$answer" '"rows_kept":0' 'and how far it is'
done
has_list half
is $? 1 'there is no list yet'
kill -CONT "$helper"
until_true committed
has "$(tr -d ' \n' <"$dir/answer")" '"rows_read":17,"rows_kept":4' 'asked again it gives the report'
has_list half
ok $? 'and there is the list'
done_testing
