#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Campaigns over several lists: two small ones counted by hand, with households that are in both; then
# two of 20,000 rows that share 5,000 phones, killed while their audience is frozen. The ledger of the
# gateway names each phone once, or with per: row each row once.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-batch 100 --receipt-tries 1000
write_config -e 's/"rate": 100/"rate": 6000/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' -e 's/"log_level": "info"/"log_level": "warn", "lease_ms": 1000/'
start_loa

# Parents: the second child of row 2 is row 4, and row 6 is row 1 again.
cat >"$dir/ph.csv" <<-'CSV'
	Họ tên;Số điện thoại;Lớp;Số
	Nguyễn An;0961000001;3A;7
	Trần Bình;0961000002;3A;8
	Lê Chi;0961000003;4B;9
	Trần Bình;0961000002;4B;10
	Đỗ Em;0901000006;5C;12
	Nguyễn An;0961000001;3A;13
CSV
# Members: row 1 is a parent, row 2 one of a class that is not asked; rows 3 and 4 share a phone.
# Other columns, in another order; Số is a text here.
cat >"$dir/dv.csv" <<-'CSV'
	SĐT;Họ tên;Chi bộ;Số
	0961 000 002;Trần Bình;1;A-1
	0901 000 006;Đỗ Em;1;A-2
	0911 000 008;Vũ Giang;2;A-3
	0911 000 008;Vũ Hà;2;A-4
	0961 000 003;Lê Chi;3;A-5
CSV
loa list import ph "$dir/ph.csv" >/dev/null
loa list import dv "$dir/dv.csv" >/dev/null
loa segment save cha-me ph "lop != '5C' AND so < 100" >/dev/null &&
	loa segment save dang-vien dv "chi_bo < 3 AND so ~ 'A-'" >/dev/null
ok $? 'a segment of each list, over a column that is a number in one and a text in the other'
text() { # NAME TEXT
	printf '%s' "$2" >"$dir/t.txt" && loa template save "$1" "$dir/t.txt" >/dev/null
}
create() { # NAME TEMPLATE SEGMENTS PER
	echo "{\"name\":\"$1\",\"template\":\"$2\",\"segments\":[$3],\"class\":\"notice\",\"per\":\"$4\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json"
}
text t 'Kinh gui {{ ho_ten }} ({{ so }}){% if lop %}, lop {{ lop }}{% endif %}.'
both='"cha-me","dang-vien"'
create a t "$both" phone >/dev/null
ok $? 'a campaign may be over segments of two lists'
show=$(loa campaign show a --json | tr -d ' \n')
has "$show" '"lists":["ph","dv"]' 'it shows both lists'
has "$show" '"name":"dang-vien","query":"chi_bo<3ANDso~'"'A-'"'","list":"dv"' 'and of which each segment is'

# ---- the preview, by hand ----
# Of the parents 1 2 3 4 6 are asked, of the members 1 2 3 4: nine. Written to: parents 1 2 3,
# members 2 3. The phones of parents 4 6 and members 1 4 are used by then.
compact() { tr -d ' \n'; }
loa campaign preview a --json >"$dir/a.json"
all=$(compact <"$dir/a.json")
has "$all" '"list_rows":11,"audience":9,"messages":5,' 'everybody is in it, and five get a message'
has "$all" '"skipped":{"samephoneasanearlierrow":4}' 'the others are left out, and it says why'
has "$all" '"rows":[{"list":"ph","row":4},{"list":"ph","row":6},{"list":"dv","row":1},{"list":"dv","row":4}]' 'rows are named by list and row'
has "$all" '"lists":[{"list":"ph","version":1,"rows":6},{"list":"dv","version":1,"rows":5}]' 'it names the lists'
has "$all" 'thelistdvhasnocolumnlop,whichthetextreads' 'it warns of a column that one of them has not'
has "$(loa campaign preview a)" '9 of 11 rows of ph (version 1, 6 rows), dv (version 1, 5 rows)' 'so does the table'
has "$(loa campaign preview a)" '(rows ph 4, ph 6, dv 1, dv 4)' 'with the rows'
create a-row t "$both" row >/dev/null
all=$(loa campaign preview a-row --json | compact)
has "$all" '"audience":9,"messages":9,' 'per row nine get one'
create back t '"dang-vien","cha-me"' phone >/dev/null
all=$(loa campaign preview back --json | compact)
has "$all" '"audience":9,"messages":5,' 'the other way round as many'
has "$all" '{"list":"dv","row":4},{"list":"ph","row":2},{"list":"ph","row":4},{"list":"ph","row":6}' 'the first list goes first'

text must 'Lop {{ lop }} moi hop.'
create must must "$both" phone >/dev/null
all=$(loa campaign preview must --json | compact)
has "$all" '"messages":3,' 'who has no such column is left out'
has "$all" '"missing_fields":[{"field":"lop","count":2,"rows":[{"list":"dv","row":2},{"list":"dv","row":3}]}]' 'as one whose value is missing'
text wrong 'Xin chao {{ lopp }}'
create wrong wrong "$both" phone >/dev/null
has "$(loa campaign preview wrong 2>&1)" 'lopp' 'a field of no list is a mistake'

# ---- one's own phone ----
has "$(loa campaign test a 0912345678 --row 2 2>&1)" 'is of 2 lists' 'a row is of one of them'
has "$(loa campaign test a 0912345678 --row 2 --list dv 2>&1)" 'Kinh gui Đỗ Em (A-2).' 'which is named'
has "$(loa campaign test a 0912345678 --row 2 --list x 2>&1)" 'x is no list of the campaign' 'and must be one of it'
has "$(loa campaign test a 0912345678 --row 257 --list ph 2>&1)" '257 is not in the campaign' 'a row that a list has not is not one of the next list'

# ---- sent ----
# The phones of the ledger that a campaign wrote to since line FROM, sorted
phones() { tail -n +"$1" "$dir/ledger" | grep '"event":"accepted"' | sed 's/.*"to":"\([0-9]*\)".*/\1/' | sort; }
from=$(($(lines) + 1))
loa campaign launch a >/dev/null && until_true is_finished a
ok $? 'it is sent'
is "$(phones $from | tr '\n' ' ')" '84901000006 84911000008 84961000001 84961000002 84961000003 ' 'each phone is written to once'
is "$(report_of a audience) $(report_of a records) $(report_of a counters)" '9 9 agree' 'the sums hold'
has "$(loa campaign report a)" 'list ph version 1 (6 rows); list dv version 1 (5 rows)' 'the report names both lists'
loa campaign results a --columns ho_ten,lop,chi_bo,so | tr -d '\r' >"$dir/a.csv"
is "$(head -n 1 "$dir/a.csv")" 'row,phone,state,reason,attempt,changed,parts,price,provider,id,code,list,ho_ten,lop,chi_bo,so' 'results have a column of the list'
is "$(sed 1d "$dir/a.csv" | cut -d, -f1,12- | tr '\n' '|')" \
	'1,ph,Nguyễn An,3A,,7|2,ph,Trần Bình,3A,,8|3,ph,Lê Chi,4B,,9|4,ph,Trần Bình,4B,,10|6,ph,Nguyễn An,3A,,13|1,dv,Trần Bình,,1,A-1|2,dv,Đỗ Em,,1,A-2|3,dv,Vũ Giang,,2,A-3|4,dv,Vũ Hà,,2,A-4|' \
	'with the rows of each, its columns beside its own'
has "$(loa campaign results a --json | tail -n 1)" '"list":"dv"' 'the JSON has it, too'
has "$(loa campaign report a --by lop --json | compact)" '"value":"3A"' 'a breakdown goes by a column of one of them'
loa segment save chua ph "NOT reached_by('a')" >/dev/null
is "$(loa segment count chua | cut -d' ' -f1)" 0 'who was reached is known of both: all parents were, the one of class 5C as a member'
from=$(($(lines) + 1))
loa campaign launch a-row >/dev/null && until_true is_finished a-row
is "$(phones $from | wc -l)" 9 'per row each row is written to'
is "$(phones $from | uniq | wc -l)" 5 'of five phones'

# ---- lists that are used ----
out=$(loa list rm dv --yes 2>&1)
ok "$((!$?))" 'the second list is used'
has "$out" 'back' 'by a campaign that is named'
loa list set dv --retain-until 2001-01-01 >/dev/null
has "$(loa campaign preview back 2>&1)" 'dv' 'a list that is locked locks the campaign'
loa campaign preview back >/dev/null 2>&1
ok "$((!$?))" 'which cannot be previewed'
loa list set dv --retain-until 2099-01-01 --reason 'it goes on' >/dev/null
loa campaign preview back >/dev/null
ok $? 'until it is open again'

# What holds for one of them holds for the campaign: here the second alone tells what is sensitive, and
# the second alone has no purpose.
cat >"$dir/dt.csv" <<-'CSV'
	SĐT;Họ tên;Dân tộc
	0911000021;Giàng A;Mông
CSV
loa list import dt "$dir/dt.csv" --keep 'Dân tộc=Kế hoạch 15/KH-UBND' >/dev/null
loa segment save dan-toc dt 'ho_ten IS NOT NULL' >/dev/null
text tells 'Kinh gui {{ ho_ten }}{% if dan_toc %} ({{ dan_toc }}){% endif %}'
create tells tells '"cha-me","dan-toc"' phone >/dev/null
has "$(loa campaign launch tells 2>&1)" 'its text reads dan_toc, which the law calls sensitive' 'what is sensitive in one list is refused'
has "$(loa campaign results a --columns sdt 2>&1)" 'has no column "sdt"' 'the column of the phones is that of the first list'
has "$(loa campaign results a --columns so_dien_thoai 2>&1)" 'is the column of the phones' 'which is not shown'
loa list set ph --purpose P --legal-basis B --source S >/dev/null
cp "$dir/loa.json" "$dir/before.json"
sed -i 's|"lease_ms": 1000|"lease_ms": 1000, "lists_require_purpose": true|' "$dir/loa.json"
kill -HUP "$loa_pid"
wants() { loa campaign preview back | grep -q 'it cannot be launched: dv: has no purpose'; }
until_true wants
ok $? 'a list without a purpose forbids the launch where one is wanted'
loa campaign launch back >/dev/null 2>&1
is $? 4 'which is refused'
cp "$dir/before.json" "$dir/loa.json"
kill -HUP "$loa_pid"
until_false wants

# ---- many, and killed while they are frozen ----
awk 'BEGIN { print "Tên;SĐT"; for (i = 0; i < 20000; i++) printf "A %d;09620%05d\n", i, i }' >"$dir/x.csv"
awk 'BEGIN { print "SĐT;Tên;Tổ"; for (i = 15000; i < 35000; i++) printf "09620%05d;B %d;%d\n", i, i, i % 9 }' >"$dir/y.csv"
loa list import x "$dir/x.csv" >/dev/null && loa list import y "$dir/y.csv" >/dev/null
loa segment save x x 'ten IS NOT NULL' >/dev/null && loa segment save y y 'ten IS NOT NULL' >/dev/null
text u 'Xin chao {{ ten }}'
create many u '"x","y"' phone >/dev/null
has "$(loa campaign preview many --json | compact)" '"list_rows":40000,"audience":40000,"messages":35000,' 'of 20,000 and 20,000 with 5,000 in both, 35,000 get one'
crash_at() { # POINT: the server is started with it
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	export LOA_CRASH_AT=$1
	start_loa
	unset LOA_CRASH_AT
}
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
from=$(($(lines) + 1))
# A slice is 16,384 rows: the second holds the end of x and the beginning of y, the third the rest.
crash_at freeze.ask:2
loa campaign launch many >/dev/null 2>&1
until_true is_gone
wait "$loa_pid" 2>/dev/null
run=$(redis HGET "loa:campaign:$(redis HGET loa:names:campaign many)" run)
is "$(redis HGET "loa:run:$run" slice)" 1 'killed while it is frozen, a slice is there'
is "$(redis HGET "loa:run:$run" list)" '' 'a release that knows nothing of several lists finds none'
export LOA_CRASH_AT=freeze.reply:2
start_loa
unset LOA_CRASH_AT
until_true is_gone
wait "$loa_pid" 2>/dev/null
start_loa
until_true is_finished many
ok $? 'by others it is frozen to its end, and sent'
is "$(phones $from | wc -l) $(phones $from | uniq | wc -l)" '35000 35000' 'each phone is written to once'
is "$(report_of many audience) $(report_of many records) $(report_of many counters) $(report_of many skipped)" '40000 40000 agree 5000' 'the sums hold'
loa campaign results many | sed 1d | tr -d '\r' >"$dir/many.csv"
is "$(wc -l <"$dir/many.csv")" 40000 'the results have the rows of both'
is "$(grep -c ',skipped,same phone.*,y$' "$dir/many.csv")" 5000 'the second list skips those of the first'
is "$(cut -d, -f1,12 "$dir/many.csv" | sort -u | wc -l)" 40000 'each row is named once'

# ---- in doubt ----
# The members first: 1 2 3; of the parents 1 3. No dedupe is promised, and no answer can be read.
kill "$loa_pid"
wait "$loa_pid" 2>/dev/null
sed -i -e '/"dedupe"/d' -e 's/"30": "duplicate", //' "$dir/loa.json"
start_loa
gateway_control '{"html502-after":1,"receipts":"none"}' >/dev/null
loa campaign launch back >/dev/null
all_in_doubt() { [ "$(report_of back unknown)" = 5 ]; }
until_true all_in_doubt
ok $? 'all five are in doubt'
gateway_control '{"html502-after":0}' >/dev/null
in_doubt() { # row, list, row of it, phone of each
	loa doubt ls back --json | sed 's/.*"row": *\([0-9]*\).*"phone": *"\([^"]*\)".*"list": *"\([a-z]*\)", *"list_row": *\([0-9]*\).*/\1 \3 \4 \2/' | sort -n | tr '\n' '|'
}
is "$(in_doubt)" '1 dv 1 0961***002|2 dv 2 0901***006|3 dv 3 0911***008|257 ph 1 0961***001|259 ph 3 0961***003|' 'each is named by a number, its list and its row'
marked() { # as soon as it may be: its request may be under way still
	loa doubt mark back --row 259 --as not-sent --reason 'asked by phone'
	loa campaign results back --state refused | grep -q refused
}
until_true marked
is "$(loa campaign results back --state refused | tail -n 1 | tr -d '\r' | cut -d, -f1,3,12)" '3,refused,ph' 'what is marked by the number is that row'

# ---- a list is deleted when all is over ----
loa segment rm y --yes >/dev/null
out=$(loa list rm y --yes 2>&1)
ok $? 'the second list may go then'
has "$out" '1 campaigns that are over' 'which is of the campaign, too'
has "$(loa campaign results many 2>&1 | head -n 3)" 'the list y was deleted on' 'there are no results without it'
has "$(api POST /campaigns/many/retry '' retry-of-many-1)" 'its list was deleted' 'and nobody is tried again'
is "$(report_of many audience) $(report_of many delivered)" '40000 35000' 'the figures stay'
done_testing
