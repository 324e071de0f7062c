#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Freezes: announced beforehand, in force in the middle of a run from one second to the next, over hours
# and midnight, ended early, with a person's word; whatever is killed. The clock is moved in Redis, where
# permits are dated.
. "$(dirname "$0")/lib.sh"

day=$(TZ=Asia/Ho_Chi_Minh date -d 'next monday' +%F) # 09:00 of it is now, unless said otherwise
of_day() { TZ=Asia/Ho_Chi_Minh date -d "$day $1" "+%FT%T"; }
move_clock_to() { # WORDS of date, of the day
	local now target
	now=$(date +%s)
	target=$(TZ=Asia/Ho_Chi_Minh date -d "$day $1" +%s)
	redis HSET loa:meta clock_offset_ms $(((target - now) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
freeze() { # what a freeze's verb says, and how it ends
	loa freeze "$@" 2>&1
	echo "exit $?"
}
id_of() { loa freeze ls --json | sed -n 's/^ *"id": \([0-9]*\),*$/\1/p' | tail -n 1; }
waits() { timeout 3 "$B/loa" campaign watch "$1" --json --data "$dir/data" | head -n 1; }
until_says() { # CAMPAIGN WORDS: why it does not move, after some seconds at most
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
		waits "$1" | grep -qF "$2" && return
		sleep 0.3
	done
	return 1
}
is_quiet() { # nothing leaves for a while
	local before
	sleep 0.5
	before=$(lines)
	sleep 1.5
	[ "$(lines)" = "$before" ]
}

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 200/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3, "hours": { "from": "07:00", "to": "22:00" } },
		{ "class": "personal", "priority": 1 }, { "class": "emergency", "priority": 0 } ] }
JSON
sed -i 's|"policy":|"standing_orders": [ { "name": "bao-lu", "since": "2025-01-01", "until": "2099-12-31", "classes": ["emergency"] } ],\n  "policy":|' "$dir/loa.json"
start_loa
move_clock_to 09:00

# ---- what is refused ----
has "$(freeze add --from "$(of_day '08:00')" --to "$(of_day '12:00')" --reason x)" \
	'loa: from: is past: it is ' 'a beginning that is past is refused'
has "$(freeze add --to "$(of_day '08:00')" --reason x)" 'loa: to: is past: it is ' 'an end that is past, too'
has "$(freeze add --from "$(of_day '12:00')" --to "$(of_day '11:00')" --reason x)" \
	'loa: to: must be later than from' 'and an end before the beginning'
has "$(freeze add --to 2027-02-30T08:00 --reason x)" 'loa: to: "2027-02-30T08:00" ' 'and a day that there is not'
has "$(freeze add --to "${day}" --reason x)" 'has no time of day' 'and a day without a time'
has "$(freeze add --to "$(of_day '12:00')")" 'loa: reason: is missing' 'and one without a reason'
has "$(freeze add --to "$(of_day '12:00')" --reason x --exempt nobody)" 'there is no class "nobody"' 'and a class that is none'
has "$(freeze add --to "$(of_day '12:00')" --reason x --then never)" 'loa: then: ' 'and what is neither wait nor ask'
has "$(freeze end 7)" 'there is none "7"' 'and what is not there'
is "$(loa audit ls | grep -c freeze)" 0 'nothing of it is in the audit'

# ---- announced ----
made=$(freeze add --from "$(of_day '10:00')" --to "$(of_day '11:30')" --reason 'quốc tang')
has "$made" 'announced' 'a freeze is announced'
has "$made" 'not for emergency' 'by itself not for emergencies'
id=$(id_of)
has "$(freeze add --from "$(of_day '11:00')" --to "$(of_day '13:00')" --reason khac)" \
	"overlaps the freeze $id from $(of_day '10:00')+07:00 to $(of_day '11:30')+07:00: quốc tang" \
	'one that overlaps is refused, with the other'
freeze add --from "$(of_day '11:30')" --to "$(of_day '11:40')" --reason 'ngay sau' >/dev/null
next=$(id_of)
ok $(("$next" != id + 1)) 'one that begins when the other ends is none that overlaps'
has "$(freeze end "$next")" 'ended' 'it is taken back'
has "$(freeze end "$next")" 'is over' 'once'
has "$(loa audit ls)" 'freeze.end' 'the audit has it'
is "$(loa freeze ls | wc -l)" 1 'one is left'
is "$(loa freeze ls --all | wc -l)" 2 '(two with what is over)'

make_list 3000
make_campaign "so_dien_thoai != ''"
at=$(of_day '10:15')
scheduled=$(loa campaign launch c --at "$at")
has "$scheduled" "scheduled: $at+07:00; sends from $(of_day '11:30')+07:00" 'a campaign that is to go within it is told when it does'
has "$scheduled" "falls into the freeze $id from " 'and which freeze it falls into'
has "$(loa campaign show c)" '"until": "'"$(of_day '11:30')" 'show says it, too'
has "$(loa campaign preview c)" "falls into the freeze $id from $(of_day '10:00')+07:00 until $(of_day '11:30')+07:00: quốc tang" 'and the preview'
has "$(loa freeze set "$id" --reason 'quốc tang 2 ngày')" 'into it fall: c' 'who changes a freeze is told what falls into it'
loa campaign unschedule c >/dev/null

# A time by which it must be sent, before the freeze is over: nothing of it would ever leave.
echo '{"name":"by","template":"t","segments":["s"],"class":"notice","finish_by":"11:00"}' >"$dir/by.json"
loa campaign create "$dir/by.json" >/dev/null
out=$(loa campaign launch by --at "$(of_day '10:15')" 2>&1)
is $? 4 'what must be sent before a freeze ends is given no time in it'
has "$out" "finish_by: nothing may leave by then: the freeze $id until $(of_day '11:30')+07:00: quốc tang 2 ngày" 'with the freeze'
has "$(loa campaign show by)" '"state": "draft"' 'it stays as it is'
has "$(loa campaign launch by --at "$(of_day '09:50')")" "scheduled: $(of_day '09:50')+07:00" 'a time before it is good'
loa freeze add --from "$(of_day '09:40')" --to "$(of_day '10:00')" --reason 'trước đó' >/dev/null
other=$((next + 1))
has "$(loa campaign show by)" '"expires": "'"$(of_day '11:00')" 'of one that a later freeze holds to its end show says that it expires'
ok $(($(loa campaign show by | grep -c sends_from) == 0 ? 0 : 1)) 'and no time from which it sends'
has "$(loa campaign preview by)" 'at its time nothing of it is sent: because of a freeze' 'the preview warns'
move_clock_to 09:50
is_by_missed() { loa campaign show by | grep -q '"state": "missed"'; }
until_true is_by_missed
ok $? 'at its time it is missed'
has "$(loa campaign show by)" 'nothing may leave by then: the freeze' 'and says why'
out=$(loa campaign launch by 2>&1)
is $? 4 'nor is it launched in the freeze'
has "$out" 'finish_by: nothing may leave by then: the freeze' 'with the freeze'
loa freeze end "$other" >/dev/null
is "$(lines)" 0 '(nothing left)'

# ---- in the middle of a run ----
move_clock_to 09:59:55
begins_us=$((($(date +%s) + 5) * 1000000))
loa campaign launch c >/dev/null
until_true has_lines 200
ok $? 'a run is under way'
sleep 6
is_quiet
ok $? 'from the second on in which the freeze begins nothing leaves'
sent=$(lines)
ok $((sent >= 3000)) '(in the middle of it)'
has "$(waits c)" "\"waiting_for\":\"the freeze $id until $(of_day '11:30')+07:00: quốc tang 2 ngày\"" 'watch names it, and its end'
late=$(awk -v from="$begins_us" -F'"wall_us":' '$2 + 0 > from + 1000000' "$dir/ledger" | wc -l)
is "$late" 0 'the gateway got nothing later than a second after it began'
# single messages are taken, and wait
taken=$(loa send 0912345678 'Hồ sơ đã có kết quả.' 2>&1)
has "$taken" "it waits for its end: the freeze $id until" 'a single message is told that it waits'
is_quiet
ok $? 'it does'
loa send 0912345679 'Sơ tán ngay.' --class emergency --order bao-lu >/dev/null 2>"$dir/err"
is "$(cat "$dir/err")" '' 'an emergency is not held'
until_true has_lines $((sent + 1))
ok $? 'and leaves'
# whatever is killed
kill_server
kill -9 "$(redis_pid)"
is_back() { loa campaign report c --json >/dev/null 2>&1; }
until_true is_back
has "$(loa freeze ls)" "in force" 'it is there after the server and Redis were killed'
is_quiet
ok $? 'and holds'
is "$(lines)" $((sent + 1)) '(nothing left meanwhile)'
# ended early
loa freeze end "$id" >/dev/null
until_true has_lines $((sent + 3))
ok $? 'ended early, things leave at once'
until_true is_state c finished
ok $? 'all of them'
is "$(report accepted)" 3000 'each once'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 3002 'by the gateway, too'

# ---- hours across its end ----
move_clock_to '21:00'
loa freeze add --to "$(of_day '23:00')" --reason 'sự cố' >/dev/null
id=$(id_of)
loa campaign clone c d >/dev/null
launched=$(loa campaign launch d)
has "$launched" "; sends from $(TZ=Asia/Ho_Chi_Minh date -d "$day + 1 day 07:00" +%FT%T)+07:00" 'after the freeze comes the night: it goes in the morning'
until_says d "the freeze $id until"
ok $? 'it waits for the freeze'
move_clock_to '23:00:02'
until_says d 'outside the hours of its class'
ok $? 'then for its hours'
# caps of the night: a freeze in the morning
loa freeze add --from "$(of_day 'tomorrow 06:30')" --to "$(of_day 'tomorrow 07:30')" --reason 'bảo trì' >/dev/null
before=$(lines)
move_clock_to 'tomorrow 07:00:05'
until_says d 'bảo trì'
ok $? 'in the morning a freeze holds it'
is "$(lines)" "$before" '(nothing left)'
move_clock_to 'tomorrow 07:29:58'
is "$(lines)" "$before" 'two seconds before its end nothing has left'
until_true has_lines $((before + 100))
ok $? 'at its end it goes on'
loa campaign cancel d --yes >/dev/null

# ---- a person's word ----
move_clock_to 'tomorrow 09:00'
loa freeze add --to "$(of_day 'tomorrow 10:00')" --reason 'sự cố' --then ask >/dev/null
id=$(id_of)
loa campaign clone c e >/dev/null
loa campaign launch e >/dev/null
until_true is_state e paused
ok $? 'a campaign that meets a freeze which asks is paused'
has "$(loa campaign ls)" "(freeze: the freeze $id until $(of_day 'tomorrow 10:00')+07:00: sự cố)" 'and says why'
has "$(loa send 0912345678 'Chào bạn' 2>&1; echo "exit $?")" 'exit 4' 'a single message is refused'
has "$(loa send 0912345678 'Chào bạn' 2>&1)" "loa: freeze: nothing of this class leaves: the freeze $id until" 'with the freeze'
before=$(lines)
loa campaign resume e >/dev/null
until_says e "the freeze $id until"
ok $? 'resumed, it waits for the end'
sleep 2
is "$(report_of e state)" running 'and is not asked again'
is "$(lines)" "$before" '(nothing left)'
move_clock_to 'tomorrow 10:00:01'
until_true has_lines $((before + 100))
ok $? 'then it goes on'
loa campaign clone c f >/dev/null
loa campaign launch f >/dev/null
until_true is_state f running
sleep 1.5
is "$(report_of f state)" running 'what is launched afterwards is asked nothing'

# ---- whose ----
loa unit add y-te >/dev/null
loa freeze add --to "$(of_day 'tomorrow 23:00')" --reason 'kiểm kê' --unit y-te >/dev/null
loa segment save s2 l "so_dien_thoai != ''" >/dev/null
loa unit give y-te campaign f >/dev/null
loa campaign clone c g >/dev/null
loa unit give y-te campaign g >/dev/null
launched=$(loa campaign launch g)
has "$launched" 'kiểm kê' 'a freeze of a unit holds its campaigns'
is "$(loa campaign clone c h >/dev/null; loa campaign launch h | grep -c 'kiểm kê')" 0 'and no others'
loa user add van.hanh --unit y-te --roles operator >"$dir/pw"
token_of=$(loa token add vh --user van.hanh --rights view,operate | grep -o 'loa_[0-9a-f]*_[0-9a-f]*')
as_unit() { http "127.0.0.1:$loa_port" "$1" "/api/v1$2" "${3:-}" "Authorization: Bearer $token_of"; }
as_unit POST /freezes '{"to":"'"$(of_day 'tomorrow 23:00')"'","reason":"x","unit":1}' >"$dir/a"
is "$(status)" 404 'who is of a unit adds none for the root'
loa freeze add --from "$(of_day '+3 days 08:00')" --to "$(of_day '+3 days 09:00')" --reason 'cả tỉnh' >/dev/null
as_unit PATCH "/freezes/$(id_of)" '{"reason":"y"}' >"$dir/a"
is "$(status)" 403 'nor changes one of it'
has "$(as_unit GET /freezes)" 'cả tỉnh' 'but sees it'
as_unit POST /freezes '{"from":"'"$(of_day '+5 days 08:00')"'","to":"'"$(of_day '+5 days 09:00')"'","reason":"x"}' >"$dir/a"
is "$(status)" 201 'it adds its own'
has "$(cat "$dir/a")" '"unit":2' '(of its unit)'
done_testing
