#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loa report: what several campaigns came to together, against a recount of the gateway's ledger with awk
# and sort; as a table, CSV and workbook, which are opened and compared.
. "$(dirname "$0")/lib.sh"

start_gateway --moods --dedupe forever --receipts delivered --receipt-batch 20 --receipt-delay 20 --error-rate 0.02
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10/"deadline_s": 3/'
start_loa

# Two lists that share half of their phones; of the last four digits 0001 is refused, 0003 undeliverable.
make() { # FROM TO
	awk -v from="$1" -v to="$2" 'BEGIN {
		print "Họ và tên;Số điện thoại;Xã;Dân tộc"
		split("098 090 091", prefix, " ")
		for (i = from; i < to; i++)
			printf "Nguoi %d;%s%03d%s;Xã số %d;%s\n", i, prefix[i % 3 + 1], i % 1000,
				i % 50 == 3 ? "0001" : i % 50 == 4 ? "0003" : sprintf("%04d", 2000 + i), i % 7, i == from ? "Khmer" : "Kinh"
	}'
}
make 0 600 >"$dir/a.csv"
make 300 900 >"$dir/b.csv"
# One part; and of 200 letters and more two (160, 306 by the table of care traffic).
printf 'A {{ ho_ten }}' >"$dir/ta.txt"
printf 'B {{ ho_ten }} %0200d' 0 >"$dir/tb.txt"
for x in a b; do
	loa list import "$x" "$dir/$x.csv" --keep 'Dân tộc=Kế hoạch 12' >/dev/null && loa segment save "$x" "$x" "ho_ten != ''" >/dev/null &&
		loa template save "$x" "$dir/t$x.txt" >/dev/null || exit 1
done
campaign() { # NAME LIST GOAL EVENT
	echo "{\"name\":\"$1\",\"template\":\"$2\",\"segments\":[\"$2\"],\"class\":\"notice\",\"goal\":\"$3\",\"event\":\"$4\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null && loa campaign launch "$1" >/dev/null
}
campaign c1 a dvc 10-10 && campaign c2 b dvc 10-10 && campaign c3 a an-toan tet
ok $? 'three campaigns are launched'
for c in c1 c2 c3; do until_true is_finished $c; done
# What could not be delivered is sent once more, and is paid for once more.
loa campaign retry c1 --yes >/dev/null
until_true is_finished c1
for i in 1 2 3; do loa send "098100200$i" 'A tin le' --class personal >/dev/null; done
no_receipt_waits() { [ "$(gateway_stat receipts_pending)" = 0 ]; }
until_true no_receipt_waits
settled() { [ "$(loa report --by goal --json | json_field records)" = agree ] && [ "$(loa explain 0981002003 --reason r | grep -c 'Đã đến máy')" = 1 ]; }
until_true settled
ok $? 'records and counters agree'

# ---- the ledger, recounted ----
# Of each message that was accepted: reference, phone, how its text begins; what was not delivered is told by
# its receipt.
field() { sed -n "s/.*\"event\":\"$1\".*/&/p" "$dir/ledger"; }
field accepted | sed 's/.*"ref":"\([^"]*\)".*"to":"\([^"]*\)".*"text":"\(.\).*/\1 \2 \3/' >"$dir/accepted"
field receipt | grep '"status":"UNDELIV"' | sed 's/.*"ref":"\([^"]*\)".*/\1/' | sort -u >"$dir/undelivered"
# A reference is a number in base 32: run, partition (3 bits), rank (30), attempt (4). Of its fifteen signs the
# first eight are four times the run and something; the last one has 16 and the attempt.
awk '{
	run = 0
	for (i = 1; i <= 8; i++) run = run * 32 + index("0123456789abcdefghjkmnpqrstvwxyz", substr($1, i, 1)) - 1
	last = index("0123456789abcdefghjkmnpqrstvwxyz", substr($1, 15, 1)) - 1
	print substr($1, 1, 14) (last >= 16), int(run / 4), $0
}' "$dir/accepted" >"$dir/of-message"
parts() { awk '{ n += $NF == "B" ? 2 : 1 } END { print n + 0 }' "$@"; }
reached() { grep -vFf "$dir/undelivered" "$dir/accepted" | awk '{ print $2 }' | sort -u | wc -l; }
loa report --by goal --json >"$dir/goal.json"
sums() { sed -n '/"sums"/,/}/p' "$1" | json_field "$2"; }
is "$(sums "$dir/goal.json" phones)" "$(reached)" 'phones that were reached, each once, over all campaigns'
is "$(sums "$dir/goal.json" messages)" "$(cut -d' ' -f1 "$dir/of-message" | sort -u | wc -l)" 'messages'
is "$(sums "$dir/goal.json" parts)" "$(parts "$dir/accepted")" 'parts, those of second attempts too'
ok $(($(parts "$dir/accepted") > $(cut -d' ' -f1,5 "$dir/of-message" | sort -u | parts) ? 0 : 1)) 'and there are such'

# value_of FILE.csv VALUE COLUMN
value_of() { awk -F, -v v="$2" -v c="$3" 'NR > 1 && $1 == v { sub("\r", ""); print $c }' "$1"; }
loa report "$dir/goal.csv" --by goal
ok $? 'a CSV is written'
is "$(head -n 1 "$dir/goal.csv")" $'goal,phones,messages,delivered,undeliverable,parts,cost\r' 'its first line names the columns'
# c1 and c2 are of one goal; runs are numbered in the order of their launch.
of_runs() { awk -v a="$1" -v b="${2:-0}" '$2 == a || $2 == b' "$dir/of-message" | cut -d' ' -f3-; }
phones_of() { grep -vFf "$dir/undelivered" | awk '{ print $2 }' | sort -u | wc -l; }
is "$(value_of "$dir/goal.csv" dvc 2)" "$(of_runs 1 2 | phones_of)" 'of a goal with two campaigns each phone counts once'
is "$(value_of "$dir/goal.csv" dvc 6)" "$(of_runs 1 2 | parts)" 'its parts'
is "$(value_of "$dir/goal.csv" an-toan 2)" "$(of_runs 3 | phones_of)" 'of the other goal'
loa report "$dir/event.csv" --by event --goal dvc
is "$(cut -d, -f1 "$dir/event.csv" | tr '\n' ' ')" 'event 10-10 ' 'only campaigns of a goal, by event'
loa report "$dir/campaign.csv" --by campaign
is "$(value_of "$dir/campaign.csv" c2 2)" "$(of_runs 2 | phones_of)" 'by campaign'

# ---- by a column: the communes, joined from the lists ----
cat "$dir/a.csv" "$dir/b.csv" | awk -F';' '{ print "84" substr($2, 2), $3 }' | sort -u >"$dir/communes"
loa report "$dir/xa.csv" --by xa
grep -vFf "$dir/undelivered" "$dir/accepted" | awk '{ print $2 }' | sort -u | join "$dir/communes" - | cut -d' ' -f2- |
	sort | uniq -c | awk '{ n = $1; $1 = ""; print substr($0, 2) "," n }' | sort >"$dir/wanted"
sed 1d "$dir/xa.csv" | cut -d, -f1,2 | grep -v '^,' | sort | cmp - "$dir/wanted"
ok $? 'different phones by commune are those of the ledger joined with the lists'
is "$(value_of "$dir/xa.csv" '' 3)" 3 'single messages have no commune'
has "$(loa report --by khong_co 2>&1)" 'no list of these campaigns has a column "khong_co"' 'a column that no list has is an error'
loa report --by so_dien_thoai >/dev/null 2>&1
is $? 4 'phones are not shown'
is "$(loa report "$dir/dt.csv" --by dan_toc; grep -c 'Khmer,,<5,,,,' "$dir/dt.csv")" 1 'of a sensitive column small groups are not told'

# ---- what a partner's invoice is compared with ----
month=$(TZ=Asia/Ho_Chi_Minh date +%Y-%m)
loa report "$dir/partner.csv" --by partner
is "$(head -n 1 "$dir/partner.csv")" $'month,provider,carrier,phones,messages,delivered,undeliverable,parts,cost\r' 'by month, provider and carrier'
wrong=''
for one in 98:viettel:430 90:mobifone:440 91:vinaphone:450; do
	IFS=: read -r prefix carrier price <<<"$one"
	wanted=$(grep " 84$prefix" "$dir/accepted" | parts)
	got=$(tr -d '\r' <"$dir/partner.csv" | awk -F, -v c="$carrier" '$3 == c { p += $8; v += $9; m = m $1 } END { print m, p, v }')
	[ "$got" = "$month $wanted $((wanted * price))" ] || wrong="$wrong $carrier: $got, not $month $wanted $((wanted * price))"
done
is "$wrong" '' "each carrier's parts and money are those of the ledger"
is "$(loa report --by partner --to 2020-12 --from 2020-01 --json | json_field messages)" 0 'in another time there is nothing'
is "$(loa report --by goal --from "$(date +%Y)-01" --to "$month" --json | json_field messages)" "$(sums "$dir/goal.json" messages)" 'months may be named'
loa report --by goal --from 2027-02-30 >/dev/null 2>&1
is $? 1 'a day that there is not is refused'
loa report --by goal --from 2027-03 --to 2027-01 >/dev/null 2>&1
is $? 1 'and an end before the beginning'

# ---- a workbook has what the CSV has ----
loa report "$dir/partner.xlsx" --by partner
ok $? 'a workbook is written'
# Read by another program: the cells of the sheet, texts inline or shared.
unpack() { # FILE.xlsx: its rows with commas
	node - "$1" <<-'END'
		const zlib = require('zlib'), zip = require('fs').readFileSync(process.argv[2]);
		const parts = {};
		let at = zip.readUInt32LE(zip.lastIndexOf('PK\x05\x06') + 16);
		while (zip.readUInt32LE(at) === 0x02014b50) { // the directory at the end of the file
			const n = zip.readUInt16LE(at + 28), size = zip.readUInt32LE(at + 20), from = zip.readUInt32LE(at + 42);
			const data = from + 30 + zip.readUInt16LE(from + 26) + zip.readUInt16LE(from + 28);
			const bytes = zip.subarray(data, data + size);
			parts[zip.toString('utf8', at + 46, at + 46 + n)] = (zip.readUInt16LE(at + 10) ? zlib.inflateRawSync(bytes) : bytes).toString();
			at += 46 + n + zip.readUInt16LE(at + 30) + zip.readUInt16LE(at + 32);
		}
		const texts = x => [...x.matchAll(/<t[^>]*>([^<]*)<\/t>/g)].map(m => m[1]).join('');
		const shared = [...(parts['xl/sharedStrings.xml'] ?? '').matchAll(/<si>(.*?)<\/si>/gs)].map(m => texts(m[1]));
		for (const row of parts['xl/worksheets/sheet1.xml'].matchAll(/<row [^>]*>(.*?)<\/row>/gs)) {
			const cells = Array(9).fill('');
			for (const c of row[1].matchAll(/<c r="([A-Z])\d+"([^>]*)>(.*?)<\/c>/gs)) {
				const v = (c[3].match(/<v>([^<]*)<\/v>/) ?? [])[1];
				cells[c[1].charCodeAt(0) - 65] = /t="s"/.test(c[2]) ? shared[v] : /t="inlineStr"/.test(c[2]) ? texts(c[3]) : v;
			}
			console.log(cells.join(','));
		}
	END
}
unpack "$dir/partner.xlsx" >"$dir/unpacked"
tr -d '\r' <"$dir/partner.csv" | cmp - "$dir/unpacked"
ok $? 'and has the same cells'
api GET '/report?by=partner&format=csv' >"$dir/http.csv"
tr -d '\r' <"$dir/partner.csv" | cmp - "$dir/http.csv"
ok $? 'over HTTP the CSV is the same'
has "$(loa report --by partner)" 'all together, each phone once' 'for people there is a table'

# ---- a run in a later month ----
before=$(lines)
redis HSET loa:meta clock_offset_ms $((40 * 86400000)) >/dev/null
later=$(TZ=Asia/Ho_Chi_Minh date -d '40 days' +%Y-%m)
campaign c4 b later later
until_true is_finished c4
until_true no_receipt_waits
sed "1,${before}d" "$dir/ledger" | grep '"event":"accepted"' | sed 's/.*"to":"\([^"]*\)".*"text":"\(.\).*/\1 \2/' >"$dir/accepted-later"
loa report "$dir/months.csv" --by partner --from "$month" --to "$later"
is "$(tr -d '\r' <"$dir/months.csv" | grep "^$later," | awk -F, '{ n += $8 } END { print n }')" "$(parts "$dir/accepted-later")" 'parts of the later month'
is "$(tr -d '\r' <"$dir/months.csv" | grep "^$month," | awk -F, '{ n += $8 } END { print n }')" "$(parts "$dir/accepted")" 'and of the month before'
is "$(loa report --by goal --from "$later" --to "$later" --json | json_field parts)" "$(parts "$dir/accepted-later")" 'a period has what was taken in it'

# ---- other units ----
loa unit add 'Sở' >/dev/null && loa user add nguoi.xem --unit 'Sở' --roles viewer >/dev/null &&
	loa token add xem --user nguoi.xem --rights view | sed 's/.*: //' >"$dir/token.xem"
is "$(loa report --by goal --json --server "http://127.0.0.1:$loa_port" --token-file "$dir/token.xem" | json_field messages)" 0 "other units' campaigns are not in it"
done_testing
