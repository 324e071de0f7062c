#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The main job through the command line, and what it says to wrong input.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --error-rate 0.02 --refuse-rate 0.01 --receipts mixed --receipt-delay 20 \
	--receipt-duplicate 0.1 --receipt-reorder --receipt-batch 20 --shuffle
write_config -e 's/"rate": 100/"rate": 2000/' -e 's/"deadline_s": 10/"deadline_s": 2/'
start_loa
has "$(cat "$dir/loa.out")" "administrator's token, shown this once" 'the first start shows a token'

make_list 3000
make_campaign "age(ngay_sinh) >= 60"
ok $? 'list, segment, template and campaign are saved'
is "$(loa list show l | head -n 1 | cut -d, -f1-2)" 'l: version 1, 3000 rows' 'the list has all its rows'

# 1940 + i % 60: people born in 1966 or before are 60 at the end of 2026; compared with the file itself.
today=$(TZ=Asia/Ho_Chi_Minh date +%Y%m%d)
wanted=$(awk -F';' -v today="$today" 'NR > 1 { split($2, d, "/"); n += (today - ((d[3] d[2] d[1]) + 0) >= 600000) } END { print n }' "$dir/list.csv")
is "$(loa segment count s | cut -d' ' -f1)" "$wanted" 'the segment counts what the file has'

loa campaign preview c --json >"$dir/preview.json"
is "$(sed -n 's/^ *"messages": \([0-9]*\),*$/\1/p' "$dir/preview.json" | head -n 1)" "$wanted" 'the preview counts the messages'
# "Kính gửi Nguyễn Văn Thử 123, mời …" needs Unicode and stays below 70 characters: one part each.
is "$(sed -n 's/^ *"parts": \([0-9]*\),*$/\1/p' "$dir/preview.json" | tail -n 1)" 1 'the longest text is one part'

loa campaign launch c >/dev/null
is "$(loa campaign launch c)" 'launched: run 1' 'launched twice it is one run'
loa campaign watch c >/dev/null
ok $? 'watch ends when the run is finished'
is "$(report audience)" "$wanted" 'the audience is the segment'
is "$(report counters)" agree 'counters and records agree'
# (of one report: receipts may move messages still)
loa campaign report c --json >"$dir/report"
of_c() { json_field "$1" <"$dir/report"; }
ours=$(($(of_c accepted) + $(of_c delivered) + $(of_c undeliverable)))
is "$ours" "$(grep -c '"event":"accepted"' "$dir/ledger")" 'the ledger has what we report'
is "$(gateway_stat accepted_again)" 0 'nothing was sent twice'
is "$((ours + $(of_c refused)))" "$wanted" 'every message has come to its end'
sed -n '/"event":"accepted"/s/.*"to":"\([0-9]*\)".*/\1/p' "$dir/ledger" | sort >"$dir/phones"
is "$(uniq -d <"$dir/phones" | wc -l)" 0 'no phone got two messages'

# ---- a run keeps the version that it was launched with ----
echo '{"name":"pinned","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
loa campaign launch pinned >/dev/null && loa campaign pause pinned >/dev/null
before=$(lines)
awk -F';' '{ print $4 ";" $3 ";" $2 ";" $1 }' "$dir/list.csv" >"$dir/other.csv"
loa list import l "$dir/other.csv" >/dev/null
loa campaign resume pinned >/dev/null
timeout 60 "$B/loa" campaign watch pinned --data "$dir/data" >/dev/null
after=$(sed -n "$((before + 1)),\$p" "$dir/ledger" | grep -c '"event":"accepted"')
ok $((after < wanted / 2)) 'most of the second run is sent after the list was imported anew'
is "$(grep '"event":"accepted"' "$dir/ledger" | grep -vc 'Kính gửi Nguyễn Văn Thử [0-9]*, mời')" 0 'with the columns of its own version'
is "$(loa list show l | head -n 1 | cut -d, -f1-2)" 'l: version 2, 3000 rows' 'the list itself has moved on'

# ---- over TCP ----
has "$(http "127.0.0.1:$loa_port" GET /api/v1/lists)" '"code":"refused"' 'without a token nothing is shown'
is "$(status)" 401 'it is a 401'
has "$(api GET /lists)" '"l"' 'with the token it is'
has "$(metrics)" 'loa_lane_accepted_total{lane="mo-phong"}' 'metrics name the lane'
http "127.0.0.1:$loa_port" GET /readyz >/dev/null
is "$(status)" 200 'it is ready'
http "127.0.0.1:$loa_port" POST /hooks/receipt/mo-phong/wrong '{}' >/dev/null
is "$(status)" 404 'a wrong hook token finds nothing'

# ---- bad input ----
printf 'Họ tên,Tuổi\nA,1\n' >"$dir/bad.csv"
out=$(loa list import bad "$dir/bad.csv" 2>&1)
is $? 1 'a file without a phone column is refused'
has "$out" 'Tuổi' 'the error names the headers that were found'
has "$out" '--phone' 'and says how to map one'
printf 'Số điện thoại\n0912345678\n\xff\xfe\n' >"$dir/bad.csv"
out=$(loa list import bad "$dir/bad.csv" 2>&1)
has "$out" '3' 'malformed UTF-8 is refused with its line'
has "$(loa list ls)" 'l' 'the good list is still there'
case $(loa list ls) in *bad*) ok 1 'of a refused file nothing is kept' ;; *) ok 0 'of a refused file nothing is kept' ;; esac
out=$(loa segment save s2 l "xa != '' AND in_list('k')" 2>&1)
has "$out" 'there is no list "k": did you mean "l"?' 'a query of a list that is not there is refused'
out=$(loa segment save s2 l 'ngay_sin > 3' 2>&1)
has "$out" 'ngay_sinh' 'a misspelt column gets the nearest one suggested'
has "$out" '^' 'and a caret under its place'
printf 'A {{ ho_tn }}' >"$dir/bad.txt"
has "$(loa template check "$dir/bad.txt" --list l)" 'did you mean ho_ten' 'a template is checked against the columns of a list'
printf '{{ ho_ten' >"$dir/bad.txt"
loa template save bad "$dir/bad.txt" >/dev/null 2>&1
is $? 1 'a broken template is refused'
echo '{"name":"d","template":"t","segmants":["s"],"class":"notice"}' >"$dir/bad.json"
has "$(loa campaign create "$dir/bad.json" 2>&1)" 'segments' 'a misspelt key gets the nearest one suggested'
echo '{"name":"d","template":"t","segments":["s"],"class":"notice","approval":"second-person"}' >"$dir/bad.json"
loa campaign create "$dir/bad.json" >/dev/null 2>&1 && loa campaign launch d >/dev/null 2>&1
is $? 4 'one that asks for a second person is not launched without'
has "$("$B/loa" lst import 2>&1)" 'did you mean "list import"' 'a misspelt verb gets the nearest one suggested'
loa campaign report nobody >/dev/null 2>&1
is $? 1 'an unknown campaign is an error'
"$B/loa" list ls --data "$dir/nowhere" >/dev/null 2>&1
is $? 3 'without a server the exit code is 3'

done_testing
