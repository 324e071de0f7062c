#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `loa serve --demo` from nothing: what it prints works as printed, the sandbox does what its table says,
# a restart keeps everything, and the demo list goes to no provider that is no sandbox.
. "$(dirname "$0")/lib.sh"

bin=$PWD/$B/loa
mkdir "$dir/home" "$dir/a folder"
ln -s "$dir/a folder/loa-demo" "$dir/data"
start_demo() {
	: >"$dir/loa.out"
	(cd "$dir/a folder" && exec env -i PATH="$PATH" HOME="$dir/home" "$bin" serve --demo >"$dir/loa.out" 2>>"$dir/loa.log") &
	loa_pid=$!
	until_true grep -q 'campaign watch' "$dir/loa.out"
	loa_port=$(sed -n 's|.*serving on http://127.0.0.1:\([0-9]*\) .*|\1|p' "$dir/loa.out")
}
stop_loa() {
	kill "$loa_pid"
	wait "$loa_pid"
}
printed() { sed -n "s/^  \(.* campaign $1 .*\)/\1/p" "$dir/loa.out"; }
as_printed() { (cd / && timeout 200 sh -c "$(printed "$1")"); }
of() { json_field "$2" <"$1"; } # FILE FIELD

"$bin" serve --demo --config config/demo/loa.json >/dev/null 2>&1
is $? 2 'it takes no configuration'
start_demo
is $? 0 'the demonstration starts with an empty home and an empty folder'
token=$(sed -n 's/^  token *\([0-9a-f]\{40\}\) .*/\1/p' "$dir/loa.out")
is "${#token}" 40 "it prints the administrator's token"
is "$(cat "$dir/data/token")" "$token" 'and keeps it beside the data'
has "$(cat "$dir/loa.out")" "$dir/a folder/loa-demo" 'it says where its data is'
is "$(find "$dir/home" | wc -l)" 1 'nothing is left in the home folder'
answer=$(api GET /lists/dan-cu)
has "$answer" '"demo":true' 'the token works, and the list is marked as a demo'
has "$answer" '"rows_read":2401' "the list has its import's report"

# ---- as printed ----
out=$(as_printed preview)
is $? 0 'preview works as printed'
has "$out" 'sandbox: nothing leaves' 'it says that nothing leaves'
has "$(as_printed launch)" 'launched: run 1' 'launch works as printed'

# ---- against the table: women of the list, by their phones' last digits ----
loa segment save nu dan-cu "gioi_tinh = 'Nữ'" >/dev/null
echo '{"name":"nu","template":"nhac-dvc","segments":["nu"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
loa campaign launch nu >/dev/null
as_printed watch >"$dir/watch"
is $? 0 'watch works as printed'
has "$(tail -n 1 "$dir/watch")" 'finished' 'until the run is finished'
loa campaign report dvc-10-10-tu-60-tuoi --json >"$dir/report"
is "$(of "$dir/report" counters)" agree 'counters and records agree'
has "$(cat "$dir/report")" '"sandbox": true' 'the report says that it was a sandbox'
timeout 200 "$bin" campaign watch nu --data "$dir/data" >/dev/null
loa campaign report nu --json >"$dir/report"
awk -F';' '$4 == "Nữ" { print $5 }' config/demo/an-giang.csv | "$bin" phone |
	sed -n 's/.*"phones":\["\([0-9]*\)".*/\1/p' | sort -u |
	awk '{
		two = substr($1, length($1) - 1); one = two % 10
		if (two == 99) state = "refused"
		else if (two == 97) state = "unknown"
		else if (two >= 93) state = "delivered"
		else if (one == 7) state = "undeliverable"
		else if (one == 9) state = "accepted"
		else state = "delivered"
		n[state]++
	} END { for (s in n) print s, n[s] }' >"$dir/table"
for state in delivered undeliverable accepted unknown refused; do
	wanted=$(sed -n "s/^$state //p" "$dir/table")
	ok $((wanted < 3)) "$wanted phones should end as $state"
	is "$(of "$dir/report" "$state")" "$wanted" 'and as many do'
done
is "$(of "$dir/report" held)" "$(sed -n 's/^unknown //p' "$dir/table")" 'what was never answered is left to a person'
is "$(of "$dir/report" counters)" agree 'counters and records agree'

# ---- a test on one's own phone ----
json() { sed -n "s/^ *\"$1\": \"\{0,1\}\([^\"]*\)\"\{0,1\},*\$/\1/p" "$2"; }
loa campaign preview nu --json >"$dir/preview"
loa campaign test nu '0912 345 670' >"$dir/out"
is $? 0 'a campaign is tried on a phone'
for which in shortest longest; do
	text=$(sed -n "/\"$which\"/,/}/s/^ *\"text\": \"\(.*\)\",*\$/\1/p" "$dir/preview")
	is "$(grep -A 1 "($which)" "$dir/out" | tail -n 1)" "  $text" "with the $which text of its preview"
done
has "$(cat "$dir/out")" '2 parts in Unicode, 900 VND' 'parts and price are shown'
ids=$(sed -n 's/^row [0-9]*: message //p' "$dir/out")
is "$(echo "$ids" | wc -l)" 3 'three messages are named'
message() { api GET "/messages/$1"; }
has_come() { for id in $ids; do case $(message "$id") in *'"state":"delivered"'*) ;; *) return 1 ;; esac; done; }
until_true has_come
ok $? 'and come'
has "$(message "${ids%%$'\n'*}")" '"label":"test"' 'with the label of a test'
has "$(message "${ids%%$'\n'*}")" '"class":"personal"' 'as personal messages'
is "$(loa campaign report nu --json | grep -c "\"audience\": $(of "$dir/report" audience)")" 1 'the campaign does not count them'
loa campaign test nu 0912345670 --row 2 --json >"$dir/out"
is "$(json why "$dir/out"):$(of "$dir/out" row)" row:2 'a certain row can be tried'
has "$(json text "$dir/out")" 'Trương Kim Phượng' 'it is the row of that number in the file'
loa campaign test nu 0912345670 --longest -n 2 --json >"$dir/out"
is "$(json why "$dir/out" | tr '\n' ' ')" 'longest longest ' 'the two longest, too'
out=$(loa campaign test nu 0912345670 --row 5 2>&1)
is $? 1 "a row that is not in the audience is refused"
has "$out" "row: 5 is not in the campaign's audience" 'with the reason'
loa campaign test nu '02963 123 456' >/dev/null 2>&1
is $? 1 'and a phone that is none'
loa campaign test nu 0912345670 --row 1 --shortest >/dev/null 2>&1
is $? 2 'two choices are a mistake'

# ---- its address ----
hook=$(http "127.0.0.1:$loa_port" POST /sandbox/sandbox/0123456789abcdef0123456789abcdef '{"to":"84912345678","text":"x","ref":"r1"}')
has "$hook" 'there is no such sandbox' 'without the token there is no sandbox'

# ---- again ----
for n in a b; do
	sed "s/\"nu\",\"template/\"$n\",\"template/" "$dir/c.json" >"$dir/$n.json"
	loa campaign create "$dir/$n.json" >/dev/null
done
stop_loa
is $? 0 'the server stops'
start_demo
is "$(sed -n 's/^  token *\([0-9a-f]*\) .*/\1/p' "$dir/loa.out")" "$token" 'a restart shows the same token'
is "$(loa campaign ls | awk '!/notices/ { print $2, $NF }' | tr '\n' ' ')" 'draft a draft b finished dvc-10-10-tu-60-tuoi finished nu ' 'it keeps the campaigns'
has "$(loa list show dan-cu)" 'version 1,' 'and does not import again'
is "$(of "$dir/report" delivered)" "$(loa campaign report nu --json >"$dir/report"; of "$dir/report" delivered)" 'the report stays'

# ---- by a provider that is no sandbox ----
loa campaign launch a >/dev/null
loa campaign pause a >/dev/null
stop_loa
is $? 0 'the server stops with work under way'
start_gateway
loa_port=0
write_config -e 's/mo-phong/sandbox/' -e '/"sandbox": true/d'
start_loa
out=$(loa campaign launch b 2>&1)
is $? 4 'a demo list is refused by a real provider'
has "$out" 'dan-cu: is a demo list, and the provider sandbox of the route is no sandbox' 'with the reason'
has "$(loa campaign preview b)" 'it cannot be launched: dan-cu: is a demo list' 'the preview warns of it'
loa campaign test b 0912345670 >/dev/null 2>&1
is $? 4 'nor is it tried by it'
is "$(loa campaign ls | awk '$NF == "b" { print $2 }')" draft 'the campaign stays a draft'
loa campaign resume a >/dev/null
over() {
	loa campaign report a --json >"$dir/report"
	[ "$(of "$dir/report" audience)" -gt 1000 ] && [ "$(of "$dir/report" waiting)" = 0 ]
}
until_true over
ok $? 'a run that was launched by a sandbox of the same name ends'
has "$(cat "$dir/report")" 'a demo list goes to sandbox providers only' 'its messages are skipped, and say why'
is "$(gateway_stat requests)" 0 'the gateway gets nothing'
loa list import dan-cu config/demo/an-giang.csv >/dev/null
loa campaign preview b | grep -q 'demo list'
is $? 1 'a version that is no demo may go by it'
loa campaign test b 0912345670 --shortest --json >"$dir/out"
is $? 0 'and be tried by it'
has_arrived() { grep '"event":"accepted"' "$dir/ledger" | grep '"to":"84912345670"' | grep -qF "$(json text "$dir/out")"; }
until_true has_arrived
ok $? 'its text arrives at the gateway'
done_testing
