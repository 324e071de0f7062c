#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Every recipient's result, against the report and message by message against the gateway's ledger.
. "$(dirname "$0")/lib.sh"

start_gateway --moods --dedupe forever --error-rate 0.03 --receipts mixed --receipt-delay 20 \
	--receipt-duplicate 0.1 --receipt-reorder --receipt-early 0.05 --receipt-batch 20 --shuffle
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10/"deadline_s": 2/'
start_loa

# Three carriers at three prices; a household shares a phone; names are missing; the last four digits
# decide at the gateway: 0001 is refused, 0003 undeliverable, 0004 expired. No name has a line break.
awk 'BEGIN {
	print "Họ và tên;Số điện thoại;Xã;Tỉnh"
	split("098 090 091", prefix, " ")
	split("0001 0003 0004", mood, " ")
	for (i = 0; i < 1500; i++) {
		last = i % 30 < 3 ? mood[i % 30 + 1] : sprintf("%04d", 2000 + i)
		if (i % 40 != 5)
			phone = prefix[int(i / 7) % 3 + 1] sprintf("%03d", i % 1000) last
		name = i % 50 == 7 ? "" : i % 100 == 12 ? "=HYPERLINK(\"x\",A" i ")" : "Người thử " i
		gsub(/"/, "\"\"", name)
		printf "\"%s\";%s;Xã số %d;%s\n", name, phone, i % 23, i % 3 == 0 ? "Tỉnh An Giang" : i % 3 == 1 ? "AN GIANG" : "TP. Huế"
	}
}' >"$dir/list.csv"
printf 'Kính gửi {{ ho_ten }}, mời nộp hồ sơ tại nhà.' >"$dir/t.txt"
echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa list import l "$dir/list.csv" >/dev/null && loa segment save s l "xa != 'Xã số 22'" >/dev/null &&
	loa template save t "$dir/t.txt" >/dev/null && loa campaign create "$dir/c.json" >/dev/null
ok $? 'list, segment, template and campaign are saved'
out=$(loa campaign results c 2>&1)
is $? 1 'before the launch there are no results'
has "$out" 'launch it first' 'the error says so'
loa campaign launch c >/dev/null
loa campaign watch c >/dev/null
ok $? 'the campaign is finished'
# Receipts may come behind their deadline, too: what is compared below must not move.
no_receipt_waits() { [ "$(gateway_stat receipts_pending)" = 0 ]; }
until_true no_receipt_waits

# ---- masked by default ----
loa campaign results c >"$dir/masked.csv"
ok $? 'results are printed'
is "$(head -n 1 "$dir/masked.csv")" $'row,phone,state,reason,attempt,changed,parts,price,provider,id,code\r' 'the first line names the columns'
is "$(awk -F, 'NR > 1 && $2 !~ /^0[0-9][0-9][0-9]\*\*\*[0-9][0-9][0-9]$/' "$dir/masked.csv" | wc -l)" 0 'every phone is masked'
is "$(grep -cE '(84|0)[35789][0-9]{8}' "$dir/masked.csv")" 0 'no phone stands anywhere else'
loa campaign results c --full >/dev/null 2>&1
is $? 4 'in full they need the token, on the socket too'
loa campaign results c --full --token-file "$dir/token" >"$dir/full.csv"
tr -d '\r' <"$dir/full.csv" | sed 1d >"$dir/rows"
is "$(awk -F, '{ print substr($2, 1, 4) "***" substr($2, 8) }' "$dir/rows" | sort)" \
	"$(tr -d '\r' <"$dir/masked.csv" | sed 1d | cut -d, -f2 | sort)" 'in full it is the same phones'
out=$(loa campaign results c --columns so_dien_thoai 2>&1)
is $? 4 'the column of the phones is refused while phones are masked'
has "$out" '--full' 'and the error says how to have it'

# ---- the audience in row order ----
awk -F';' 'NR > 1 && $3 != "Xã số 22" { print NR - 1 }' "$dir/list.csv" >"$dir/wanted-rows"
is "$(cut -d, -f1 "$dir/rows" | cmp - "$dir/wanted-rows" && echo same)" same 'each member of the audience has its line, in row order'
awk -F'[";]+' 'NR > 1 { print $0 }' "$dir/list.csv" | awk '{ n = split($0, c, ";"); print NR "," c[n - 2] }' >"$dir/phones"
is "$(cut -d, -f1,2 "$dir/rows" | grep -vxFf "$dir/phones" | wc -l)" 0 'with the phone of its row'

# ---- against the report ----
loa campaign report c --json >"$dir/report.json"
cost() { sed -n 's/^  "cost": \([0-9]*\),*$/\1/p' "$dir/report.json"; }
of() { json_field "$1" <"$dir/report.json"; }
for state in accepted delivered undeliverable refused skipped waiting unknown; do
	is "$(awk -F, -v s=$state '$3 == s' "$dir/rows" | wc -l)" "$(of $state)" "the lines that are $state are as many as the report says"
done
is "$(of counters)" agree 'counters and records agree'
echo "# refused $(of refused), undeliverable $(of undeliverable), skipped $(of skipped)"
ok $(($(of refused) > 0 && $(of undeliverable) > 0 && $(of delivered) > 0 && $(of skipped) > 0 ? 0 : 1)) 'there are refused, undeliverable, delivered and skipped ones'
is "$(awk -F, '{ n += $8 } END { print n }' "$dir/rows")" "$(cost)" 'the prices add up to the cost of the report'
is "$(awk -F, '$3 ~ /^(refused|skipped)$/ { n += $8 } END { print n + 0 }' "$dir/rows")" 0 'what was not taken costs nothing'
# Viettel 430, Mobifone 440, the others 450 VND a part, by the prefixes of the list.
is "$(awk -F, '$8 > 0 && $8 != $7 * ($2 ~ /^098/ ? 430 : $2 ~ /^090/ ? 440 : 450)' "$dir/rows" | wc -l)" 0 'each price is parts times the price of the carrier'
is "$(awk -F, '$4 == "missing field" && $1 % 50 != 8' "$dir/rows" | wc -l)" 0 'only those without a name miss a field'
is "$(awk -F, '$4 == "same phone as an earlier row" && $3 != "skipped"' "$dir/rows" | wc -l)" 0 'who shares a phone is skipped'
ok $(($(grep -c 'same phone' "$dir/rows") > 20 ? 0 : 1)) 'and there are such'

# ---- against the ledger, message by message ----
member() { sed -n "/\"event\":\"$1\"/{ s/.*\"$2\":\"\([^\"]*\)\".*/\1/p }" "$dir/ledger"; }
paste -d, <(member accepted to | sed 's/^84/0/') <(member accepted id) | sort >"$dir/theirs"
awk -F, '$3 ~ /^(accepted|delivered|undeliverable)$/ { print $2 "," $10 }' "$dir/rows" | sort >"$dir/ours"
is "$(diff "$dir/theirs" "$dir/ours" | head -n 5)" '' 'phone and id of each message are those of the ledger'
paste -d, <(member receipt id) <(member receipt status) | sort -u >"$dir/receipts"
is "$(diff <(sed -n 's/,DELIVRD$//p' "$dir/receipts") <(awk -F, '$3 == "delivered" { print $10 }' "$dir/rows" | sort) | head -n 5)" '' 'delivered are those whose receipt says so'
is "$(awk -F, '$3 == "delivered" && $11 != "DELIVRD"' "$dir/rows" | wc -l)" 0 'and that is their last code'
sed -n 's/,DELIVRD$//p' "$dir/receipts" >"$dir/delivered"
is "$(diff <(grep -E ',(UNDELIV|EXPIRED)$' "$dir/receipts" | grep -vFf <(sed 's/$/,/' "$dir/delivered") | sort) \
	<(awk -F, '$3 == "undeliverable" { print $10 "," $11 }' "$dir/rows" | sort) | head -n 5)" '' 'undeliverable are those whose receipt says so, with its code'
is "$(awk -F, '$3 == "refused" && $11 == 10 { print $2 }' "$dir/rows" | sort)" \
	"$(sed -n '/"event":"refused"/{ /"code":"10"/s/.*"to":"84\([0-9]*\)".*/0\1/p }' "$dir/ledger" | sort -u)" 'the refused are those that the gateway refused, with its code'

# ---- columns, states, forms ----
loa campaign results c --columns ho_ten,xa --state refused,skipped --bom >"$dir/some.csv"
is "$(head -c 3 "$dir/some.csv" | od -An -tx1 | tr -d ' ')" efbbbf 'with --bom the mark stands in front'
is "$(sed 1d "$dir/some.csv" | cut -d, -f3 | sort -u | tr '\n' ' ')" 'refused skipped ' 'only the states that were asked for'
is "$(sed 1d "$dir/some.csv" | wc -l)" "$(($(of refused) + $(of skipped)))" 'and all of them'
loa campaign results c --columns ho_ten,Xã >"$dir/names.csv"
formula="\"'=HYPERLINK(\"\"x\"\",A[0-9]*)\",Xã số"
is "$(grep -c "$formula" "$dir/names.csv")" 14 'formulas are defused, quoted as the standard has it'
is "$(grep -cE '(^|,)"?[=+@]' "$dir/names.csv")" 0 'no cell begins as a formula'
loa campaign results c --json --columns ho_ten >"$dir/rows.json"
is "$(wc -l <"$dir/rows.json")" "$(wc -l <"$dir/rows")" 'as JSON there are as many lines'
is "$(grep -c '"columns":{"ho_ten":"=HYPERLINK(\\"x\\",A[0-9]*)"}}$' "$dir/rows.json")" 14 'in which nothing is defused'
is "$(grep -c '"columns":{"ho_ten":null}}$' "$dir/rows.json")" "$(awk -F, '$1 % 50 == 8' "$dir/rows" | wc -l)" 'and what is missing is null'
out=$(loa campaign results c --columns ho_tem 2>&1)
is $? 1 'an unknown column is refused'
has "$out" 'did you mean ho_ten' 'with the nearest one'
out=$(loa campaign results c --state delivred 2>&1)
has "$out" 'did you mean delivered' 'an unknown state too'
loa campaign results nobody >/dev/null 2>&1
is $? 1 'an unknown campaign is an error'
is "$(loa campaign results c | head -n 2 | wc -l)" 2 'who has read enough may leave'

# ---- over TCP ----
http "127.0.0.1:$loa_port" GET '/api/v1/campaigns/c/results?full=1' >/dev/null
is "$(status)" 401 'without a token nothing is shown'
has "$(api GET '/campaigns/c/results?full=1&state=refused')" \
	"$(awk -F, '$3 == "refused" { print $2; exit }' "$dir/rows")" 'with the administrator'"'"'s token phones are in full'

# ---- the report broken down ----
values() { # value|messages of a breakdown, sorted
	awk -F'": ' '/^      *"value": / { v = $2; gsub(/^"|",$|,$/, "", v) } /^      *"messages": / && v != "" { m = $2; sub(/,$/, "", m); print v "|" m; v = "" }' "$1" | sort
}
breakdown() { # WORD: agrees, costs as much
	loa campaign report c --by "$1" --json >"$dir/by.json"
	is "$(sed -n 's/^ *"records": "\([a-z]*\)",*$/\1/p' "$dir/by.json")" agree "by $1 the sums are those of the records"
	is "$(awk '/"cost":/ { c = $2 } /"records": "/ { sub(/,/, "", c); print c }' "$dir/by.json")" "$(cost)" 'and the cost is the same'
}
tr -d '\r' <"$dir/names.csv" | sed 1d | sed 's/.*,//' | sort | uniq -c | awk '{ n = $1; sub(/^ *[0-9]* /, ""); print $0 "|" n }' | sort >"$dir/wanted"
breakdown xa
is "$(values "$dir/by.json")" "$(cat "$dir/wanted")" 'each commune has as many messages as the results have lines'
breakdown carrier
is "$(values "$dir/by.json")" "$(awk -F, '{ n[$2 ~ /^098/ ? "viettel" : $2 ~ /^090/ ? "mobifone" : "vinaphone"]++ } END { for (c in n) print c "|" n[c] }' "$dir/rows" | sort)" 'each carrier has those of its prefixes'
has "$(loa campaign report c --by carrier)" 'by carrier (theo đầu số)' 'which the report says is a guess'
breakdown provider
is "$(values "$dir/by.json")" "$(awk -F, '{ n[$9 == "" ? "null" : $9]++ } END { for (c in n) print c "|" n[c] }' "$dir/rows" | sort)" 'the provider has those that were given to it'
breakdown province
is "$(values "$dir/by.json" | cut -d'|' -f1 | tr '\n' '/')" 'TP. Huế/Tỉnh An Giang/' 'a province is the same however it is written'
breakdown ho_ten
is "$(values "$dir/by.json" | wc -l)" 1000 'of many names the thousand largest are named'
has "$(loa campaign report c --by ho_ten)" '(others)' 'and the others are summed'
out=$(loa campaign report c --by tuoi 2>&1)
is $? 1 'an unknown column is refused'
has "$out" 'ho_ten, so_dien_thoai, xa, tinh' 'the error names the columns'
loa campaign report c --by so_dien_thoai >/dev/null 2>&1
is $? 4 'the column of the phones is refused'

# ---- two hundred thousand rows, and somebody who reads slowly ----
awk 'BEGIN {
	print "Họ và tên;Số điện thoại;Địa chỉ"
	for (i = 0; i < 200000; i++)
		printf "Nguyễn Văn Thử %d;09%08d;Tổ %d, ấp Bình Hòa Đông, xã Bình Hòa Trung, huyện Châu Thành\n", i, 10000000 + i * 7, i % 50
}' >"$dir/big.csv"
echo '{"name":"big","template":"t","segments":["all"],"class":"notice"}' >"$dir/c.json"
loa list import big "$dir/big.csv" >/dev/null && loa segment save all big "ho_ten IS NOT NULL" >/dev/null &&
	loa campaign create "$dir/c.json" >/dev/null && loa campaign launch big >/dev/null
has_some() { loa campaign results big >"$dir/early.csv" && [ "$(wc -l <"$dir/early.csv")" -gt 1 ]; }
until_true has_some
ok $? 'a run that is still being frozen gives what there is'
is "$(sed 1d "$dir/early.csv" | cut -d, -f1 | awk '$1 != NR' | wc -l)" 0 'from the first row on, without a hole'
is_frozen() { loa campaign report big --json | grep -q '"audience": 200000'; }
until_true is_frozen
ok $? 'all of it is frozen'
loa campaign pause big >/dev/null
out=$(loa campaign report big --by province 2>&1)
has "$out" 'ho_ten, so_dien_thoai, dia_chi' 'without a province the error names the columns'
# Receipts of what was sent before the pause come still: until then it says that the run moves.
adds_up() { loa campaign report big --by ho_ten --json | grep -q '"records": "agree"'; }
until_true adds_up
ok $? 'two hundred thousand different names add up'

rss() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$loa_pid/status"; }
loa campaign results big --columns ho_ten,dia_chi >/dev/null # what a first time needs
limit=8192
grep -q __asan_init "$B/loa" && limit=300000 # freed memory is kept there on purpose
before=$(rss)
mkfifo "$dir/slow"
loa campaign results big --columns ho_ten,dia_chi >"$dir/slow" 2>"$dir/slow.err" &
reader=$!
most=0
exec 8<"$dir/slow"
for _ in $(seq 15); do
	head -c 65536 <&8 >>"$dir/big-out.csv"
	now=$(rss)
	[ "$now" -le "$most" ] || most=$now
	sleep 0.1
done
echo "# VmRSS $before kB before, at most $most kB under a slow reader"
ok $((most - before < limit ? 0 : 1)) 'the memory of the server does not grow with what a slow reader leaves'
cat <&8 >>"$dir/big-out.csv"
exec 8<&-
wait "$reader"
is $? 0 'the slow reader gets to the end'
is "$(wc -l <"$dir/big-out.csv")" 200001 'and has every row'
ok $(($(stat -c %s "$dir/big-out.csv") > 3 * limit * 1024 || limit > 8192 ? 0 : 1)) 'which is several times what memory may grow'

# ---- a reader that dies takes nothing with it ----
loa campaign results big >"$dir/cut.csv" &
reader=$!
until_true test -s "$dir/cut.csv"
kill -9 "$reader"
wait "$reader" 2>/dev/null
is "$(loa campaign results big | sed 1d | wc -l)" 200000 'after a reader was killed the next one gets all'

# ---- how far it is, and when it breaks off ----
loa campaign results c >"$dir/quick.csv" 2>"$dir/quick.err"
is "$(cat "$dir/quick.err")" '' 'what takes less than a second says nothing'
kill -STOP "$loa_pid"
loa campaign results c >"$dir/late.csv" 2>"$dir/late.err" &
reader=$!
until_true test -s "$dir/late.err"
ok $? 'what takes longer says on stderr how far it is'
kill -CONT "$loa_pid"
wait "$reader"
is $? 0 'and ends well'
is "$(cmp "$dir/late.csv" "$dir/quick.csv" && echo same)" same 'with nothing of it in the table'
loa campaign results big --columns dia_chi >"$dir/slow" 2>"$dir/slow.err" &
reader=$!
exec 8<"$dir/slow"
head -c 65536 <&8 >/dev/null
kill -9 "$loa_pid"
cat <&8 >/dev/null
exec 8<&-
wait "$reader"
is $? 3 'an answer that breaks off is an error'
has "$(cat "$dir/slow.err")" 'what was printed is not all' 'which says that it is not all'

done_testing
