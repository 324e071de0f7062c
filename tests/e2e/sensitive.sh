#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A restricted column is not asked about by a way round: neither by a preview, a test or an import of one
# guessed value is it told whose it is. With the right and a reason all is told, and the audit has it.
. "$(dirname "$0")/lib.sh"

# Persons 0 to 2 of 40 are Rơmăm, the others Jrai; 0 has no phone that can be written to.
awk 'BEGIN {
	print "Mã hộ;Họ và tên;Số điện thoại;Thôn;Dân tộc"
	for (i = 0; i < 40; i++)
		printf "H%d;Người Thử %d;09%08d;Thôn %d;%s\n", i, i, 20000000 + i, i % 2, i < 3 ? "Rơmăm" : "Jrai"
}' >"$dir/people.csv"
start_gateway
write_config
start_loa
loa list import people "$dir/people.csv" --key 'Mã hộ' --keep 'Dân tộc=Kế hoạch 15/KH-UBND' >/dev/null || exit 1
loa list set people --purpose p --legal-basis b --source s >/dev/null
printf 'Mời {{ ho_ten }} đến họp.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
campaign() { # NAME SEGMENT
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"$2\"],\"class\":\"notice\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
}
full() { loa "$@" --full --token-file "$dir/token" --reason 'Đối chiếu với UBND xã'; }
preview() { loa campaign preview "$1" --json | grep -vE '"campaign"|"opens_in_s"'; }
readings() { loa audit ls | grep -c ' list.read '; }

# ---- a preview of one person ----
loa segment save la-romam people "dan_toc = 'Rơmăm'" >/dev/null
for i in 1 7; do
	loa segment save "nguoi-$i" people "ho_ten = 'Người Thử $i' AND segment('la-romam')" >/dev/null
	campaign "nguoi-$i" "nguoi-$i"
	preview "nguoi-$i" >"$dir/preview.$i"
done
has "$(cat "$dir/preview.1")" '"audience": "<5"' 'a preview of one who is found by something sensitive tells of fewer than 5'
is "$(cat "$dir/preview.1")" "$(cat "$dir/preview.7")" 'and nothing by which one who is it is told from one who is not'
is "$(grep -c 'Người Thử' "$dir/preview.1")" 0 'no text of a person is in it'
out=$(loa campaign preview nguoi-1 | tr -s ' ')
has "$out" 'nguoi-1: <5 of 40 rows' 'for people, too'
has "$out" 'to be sent <5 messages - parts - VND' 'without a price'
has "$out" 'rows and texts of persons are not told' 'and it says that something is left out, and what to do'
for i in 1 7; do
	loa campaign test "nguoi-$i" 0912345678 >"$dir/test.$i" 2>&1
	is $? 4 'a test is refused'
	loa campaign test "nguoi-$i" 0912345678 --row $((i + 1)) >"$dir/row.$i" 2>&1
done
is "$(cat "$dir/test.1" "$dir/row.1")" "$(cat "$dir/test.7" "$dir/row.7")" 'of one who is it and one who is not alike'
has "$(cat "$dir/test.1")" 'is for the administrator' 'and it says for whom it is'
is "$(lines)" 0 'nothing was sent'

# ---- many ----
loa suppress add 0920000009 --reason 'xin ngừng' >/dev/null
loa segment save jrai people "dan_toc = 'Jrai'" >/dev/null
campaign jrai jrai
out=$(preview jrai)
has "$out" '"audience": 37' 'a larger audience is told exactly'
has "$out" '"messages": 36' 'with what would be sent'
has "$out" '"cost": ' 'and its price'
is "$(grep -c '"cost": null' <<<"$out")" 0 'as it is'
is "$(grep -c 'suppressed\|"row"\|Người Thử' <<<"$out")" 0 'but who of them is left out, and texts, are not told'

# ---- with the right ----
is "$(readings)" 0 'nothing of this was a reading in full'
loa campaign preview nguoi-1 --full >"$dir/out" 2>&1
is $? 4 'in full it wants the token of the administrator'
loa campaign preview nguoi-1 --full --token-file "$dir/token" >"$dir/out" 2>&1
is $? 4 'and a reason'
has "$(cat "$dir/out")" 'are read in full only by who says why' 'it says so'
out=$(full campaign preview nguoi-1)
has "$out" 'nguoi-1: 1 of 40 rows' 'with both it is all there'
has "$out" 'Mời Người Thử 1 đến họp.' 'with the text'
has "$(full campaign preview jrai)" 'suppressed' 'and who is left out'
is "$(readings)" 2 'each is in the audit'
has "$(loa audit ls --json)" 'campaign:nguoi-1' 'with what was looked at'
loa campaign test nguoi-1 0912345678 --full --token-file "$dir/token" >"$dir/out" 2>&1
is $? 4 'a test wants a reason, too'
has "$(full campaign test nguoi-1 0912345678)" 'Mời Người Thử 1 đến họp.' 'with one it is sent'
is "$(readings)" 3 'and in the audit'
loa segment save thon people "thon = 'Thôn 1'" >/dev/null
campaign thon thon
has "$(preview thon)" 'Người Thử' 'a campaign that asks for nothing sensitive is told as ever'

# ---- a count ----
for i in 1 7; do
	loa suppress add "092000000$i" --reason 'xin ngừng' >/dev/null
	loa segment count "nguoi-$i" >"$dir/count.$i"
done
is "$(cat "$dir/count.1")" "$(cat "$dir/count.7")" 'why one would not be written to does not tell that one is found'

# ---- an import of a guess ----
guess() { # MODE ROW PEOPLE WORDS…: the report
	printf 'Mã hộ;Dân tộc\nH%d;%s\n' "$2" "$3" >"$dir/guess.csv"
	loa list import people "$dir/guess.csv" --mode "$1" --keep 'Dân tộc=x' "${@:4}" | sed "s/version [0-9]*//; s/H$2/H/"
}
for mode in fill overwrite; do
	is "$(guess $mode 1 'Rơmăm' --dry-run)" "$(guess $mode 7 'Rơmăm' --dry-run)" "a dry run of $mode does not tell whether a guess is right"
done
has "$(guess overwrite 1 'Rơmăm' --dry-run)" 'updated 0, unchanged 0, with nothing new but perhaps a sensitive value 1' 'it says what is not told'
right=$(guess overwrite 1 'Rơmăm')
loa list undo people >/dev/null
wrong=$(guess overwrite 7 'Rơmăm')
loa list undo people >/dev/null
is "$right" "$wrong" 'nor does the import, which is then undone'
printf 'Dân tộc;Số điện thoại\nRơmăm;0920000050\n' >"$dir/key.csv"
loa list import people "$dir/key.csv" --mode new --key 'Dân tộc' --keep 'Dân tộc=x' --dry-run >"$dir/out" 2>&1
is $? 4 'rows are not looked for by a sensitive column'
printf 'Mã hộ;Thôn;Dân tộc\nH1;Thôn 9;Kinh\nH2;Thôn 0;\n' >"$dir/guess.csv"
out=$(loa list import people "$dir/guess.csv" --mode overwrite --keep 'Dân tộc=x' --json)
is "$(json_field updated <<<"$out") $(json_field unchanged <<<"$out") $(json_field not_told <<<"$out")" '1 1 0' \
	'what other columns change is counted'
full list export people "$dir/full.csv"
has "$(cat "$dir/full.csv")" 'Người Thử 1,0920000001,Thôn 9,Kinh' 'and the value is written'
done_testing
