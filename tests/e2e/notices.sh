#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Single messages: alone, beside a campaign that fills the lane, asked twice, a thousand at once, wrong
# ones, emergencies, through kill -9 of the server and of Redis, and over midnight.
. "$(dirname "$0")/lib.sh"

today=$(TZ=Asia/Ho_Chi_Minh date +%F)
start_gateway --dedupe forever --latency 100 --receipts delivered --receipt-delay 50 --receipt-batch 20
write_config -e 's/"rate": 100/"rate": 500/' -e 's/"concurrency": 4/"concurrency": 8/' -e 's/"deadline_s": 10/"deadline_s": 2/' \
	-e 's|"log_level"|"standing_orders": [ { "name": "bao-lu", "since": "2026-01-01", "until": "2099-12-31", "classes": ["emergency"] }, { "name": "cu", "since": "2020-01-01", "until": "2020-12-31", "classes": ["emergency"] } ], "log_level"|'
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "personal", "priority": 1 }, { "class": "emergency", "priority": 0 } ] }
JSON
start_loa
post() { # BODY KEY
	api POST /messages "$1" "${2:-}"
}
sent_to() { grep '"event":"accepted"' "$dir/ledger" | grep -c "\"to\":\"$1\""; }
run_of_today() { redis HGETALL loa:notices | awk -v f="$1:1:" 'is_next { print; exit } index($0, f) == 1 { is_next = 1 }'; }

# ---- alone ----
id=$(loa send '0912 345 678' 'Hồ sơ của ông/bà đã có kết quả.' --wait --label hs-17 | head -n 1)
is "${#id}" 22 'a message gets an id'
is "$(sent_to 84912345678)" 1 'it is sent, its phone mended'
has "$(grep 84912345678 "$dir/ledger")" 'Hồ sơ của ông/bà đã có kết quả.' 'with its text'
shown=$(api GET "/messages/$id")
has "$shown" '"to":"0912***678"' 'its state shows the phone masked'
has "$shown" '"label":"hs-17"' 'the label that came with it'
has "$shown" '"gateway_code":"0"' "the gateway's code"
has "$shown" '"provider":"mo-phong"' 'and the provider'
is "$(loa campaign ls | awk '{ print $2, $3, $NF }')" "running personal notices-personal-$today" 'its run is a campaign of the day'
case $id in *0) made=${id%?}1 ;; *) made=${id%?}0 ;; esac
api GET "/messages/$made" >/dev/null
is "$(status)" 404 'an id that was made up is not found'

out=$(loa doubt ls "notices-personal-$today" 2>&1)
is $? 1 'what is in doubt of single messages has no rows'
has "$out" 'ask for a message by its id' 'it says what to do instead'

# ---- the same key ----
one='{"to":"0912000001","text":"một"}'
first=$(post "$one" key-00001)
is "$(status)" 202 'a request is taken'
is "$(post '{ "text": "một", "to": "0912000001" }' key-00001)" "$first" 'asked again with its key it is answered the same'
post '{"to":"0912000001","text":"hai"}' key-00001 >/dev/null
is "$(status)" 409 'the key with another body is a conflict'
post "$one" >/dev/null
is "$(status)" 422 'without a key it is refused'

# ---- wrong ones ----
printf 'Chào {{ ho_ten }}, mã hồ sơ {{ ma }}.' >"$dir/t.txt"
loa template save chao "$dir/t.txt" >/dev/null
cat >"$dir/f.jsonl" <<-'JSON'
	{"to":"0912000002","template":"chao","fields":{"ho_ten":"An","ma":17}}
	{"to":"02963 123 456","text":"x"}
	{"to":"0912000003","template":"chao","fields":{"ho_ten":"An"}}
	{"to":"0912000003","template":"khong-co","fields":{}}
	{"to":"0912000003","text":"x","lable":"y"}
	{"to":"0912000003"}

	{"to":"0912000004","text":"đủ"}
JSON
loa send --file "$dir/f.jsonl" >"$dir/out" 2>"$dir/err"
is $? 1 'a file with wrong messages exits with 1'
is "$(cut -d' ' -f1 "$dir/out" | tr '\n' ' ')" '0 6 ' 'the good ones are taken'
is "$(sed 's/^loa: \(messages\[[0-9]\][a-z_.]*\):.*/\1/' "$dir/err" | tr '\n' ' ')" \
	'messages[1].to messages[2].fields.ma messages[3].template messages[4].lable messages[5].text ' 'the others are told with their place'
until_true sh -c "grep -q 'Chào An, mã hồ sơ 17.' '$dir/ledger'"
ok $? 'a template is filled'
out=$(loa send 0296 x 2>&1)
is $? 1 'a wrong phone exits with 1'
has "$out" 'loa: to: ' 'and names the place'
loa send 0912000005 x --class notice >/dev/null 2>&1
is $? 1 'campaign classes are not for single messages'

# ---- emergency ----
loa send 0912000006 'Sơ tán ngay' --class emergency >/dev/null 2>&1
is $? 4 'an emergency without a standing order is refused'
loa send 0912000006 'Sơ tán ngay' --class emergency --order cu >/dev/null 2>&1
is $? 4 'under an order that is over, too'
loa send 0912000006 'Sơ tán ngay' --class emergency --order bao-lu --wait >/dev/null
is $? 0 'under a standing order it is sent'
is "$(sent_to 84912000006)" 1 'once'

# ---- a thousand at once ----
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "{\"to\":\"0913%06d\",\"text\":\"số %d\"}\n", i, i }' >"$dir/thousand"
is "$(loa send --file "$dir/thousand" | wc -l)" 1000 'a thousand are taken at once'
has_thousand() { [ "$(grep '"event":"accepted"' "$dir/ledger" | grep -c '"to":"84913')" -ge 1000 ]; }
until_true has_thousand
ok $? 'and sent'

# ---- beside a campaign ----
make_list 20000
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
bulk() { [ "$(grep -c 'mời ông/bà' "$dir/ledger")" -ge "$1" ]; }
until_true bulk 500
for i in $(seq 10 29); do
	date +%s%N >"$dir/at$i"
	loa send "09140000$i" 'gấp' >/dev/null
done
sent_urgent() { [ "$(grep '"event":"accepted"' "$dir/ledger" | grep -c '"to":"8491400')" -eq 20 ]; }
until_true sent_urgent
ok $? 'beside a campaign that fills the lane they are sent'
# Milliseconds from the start of the verb to the gateway's ledger, of the slowest.
slowest=$(for i in $(seq 10 29); do
	echo "$(cat "$dir/at$i") $(sed -n "/accepted.*\"849140000$i\"/s/.*\"wall_us\":\([0-9]*\).*/\1/p" "$dir/ledger")"
done | awk '{ d = ($2 * 1000 - $1) / 1e6; if (d > m) m = d } END { printf "%d", m }')
echo "# slowest after $slowest ms"
ok $((slowest > 1000)) 'within a second'
ok "$(bulk 15000 && echo 1 || echo 0)" 'while most of the campaign waits'
loa campaign pause c >/dev/null

# ---- paused; and a text that is not kept any more ----
personal=notices-personal-$today
loa campaign pause "$personal" >/dev/null
id=$(loa send 0917000001 'chờ')
is "${#id}" 22 'while its run is paused a message is taken'
out=$(loa send 0917000002 'chờ' --wait --timeout 1)
is $? 3 'waiting for one that waits ends with 3'
has "$out" ': waiting' 'and says that it waits'
redis KEYS "loa:run:$(run_of_today personal):pay:*" | while read -r key; do redis DEL "$key"; done >/dev/null
loa campaign resume "$personal" >/dev/null
says_gone() { api GET "/messages/$id" | grep -q '"state":"skipped","reason":"its text is not kept any more"'; }
until_true says_gone
ok $? 'one whose text is gone ends so'
loa suppress add 0917000009 --reason 'yêu cầu của công dân' >/dev/null
has "$(loa send 0917000009 x 2>&1)" 'loa: to: ' 'one whose phone is suppressed is refused'
has "$(loa campaign results "$personal" 2>&1)" 'single messages' 'there is no list to show results of'
has "$(loa campaign preview "$personal" 2>&1)" 'single messages' 'there is nothing to preview'

# ---- killed before and after each step of taking one ----
for point in notices_known.ask notices_known.reply notices.ask notices.reply; do
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	LOA_CRASH_AT=$point:1 start_loa
	loa send 0918000001 "chết ở $point" --key "key-$point" >/dev/null 2>"$dir/why"
	is $? 3 "killed at $point the server gives no answer"
	has "$(cat "$dir/why")" "--key key-$point" 'the verb says how to ask again'
	wait "$loa_pid" 2>/dev/null
	start_loa
	loa send 0918000001 "chết ở $point" --key "key-$point" --wait >/dev/null
	is $? 0 'asked again it is sent'
	is "$(grep '"event":"accepted"' "$dir/ledger" | grep -c "chết ở $point")" 1 'once'
done

# ---- kill -9: whoever got no answer asks again with the same key ----
send_all() {
	for i in $(seq 100 159); do
		until loa send "0915000$i" "giết $i" --key "kill-key-$i" 2>/dev/null; do sleep 0.1; done
	done
}
send_all >"$dir/ids" &
sender=$!
has_ids() { [ "$(wc -l <"$dir/ids")" -ge "$1" ]; }
until_true has_ids 10
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
start_loa
until_true has_ids 25
kill -9 "$(redis_pid)"
until_true has_ids 40
kill -9 "$loa_pid"
kill -9 "$(redis_pid)"
wait "$loa_pid" 2>/dev/null
start_loa
wait "$sender"
is "$(sort -u "$dir/ids" | wc -l)" 60 'through kill -9 of the server and of Redis all are answered'
all_killed() { [ "$(grep '"event":"accepted"' "$dir/ledger" | grep -o '"to":"84915000[0-9]*"' | sort -u | wc -l)" -eq 60 ]; }
until_true all_killed
ok $? 'all are sent'
is "$(grep '"event":"accepted"' "$dir/ledger" | grep -o '"to":"84915000[0-9]*"' | sort | uniq -d | wc -l)" 0 'none of them twice'
is "$(gateway_stat accepted_again)" 0 'the gateway counts no double'

# ---- over midnight ----
# The server is started anew: a process that runs takes a clock that jumps by a day for a fault of Redis.
redis HSET loa:meta clock_offset_ms 86400000 >/dev/null
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
start_loa
tomorrow=$(TZ=Asia/Ho_Chi_Minh date -d '+1 day' +%F)
old=$(run_of_today personal)
until loa send 0916000001 'ngày mai' --key tomorrow-1 >/dev/null 2>&1; do sleep 0.2; done
is "$(loa campaign ls | awk '/notices-personal/ { print $NF }' | tail -n 1)" "notices-personal-$tomorrow" 'the next day has a run of its own'
is "$(redis HGET "loa:run:$old" frozen)" 1 'nothing is added to the one of yesterday'
day_over() { [ "$(redis HGET "loa:run:$old" state)" = finished ] && [ "$(redis HGET "loa:run:$(run_of_today emergency)" state)" = finished ]; }
until_true day_over
ok $? 'and it is finished when all is settled, without a message of its class, too'
is "$(redis HGET "loa:run:$(run_of_today personal)" state)" running 'while that of today stays open'
until_true sh -c "grep accepted '$dir/ledger' | grep -q 84916000001"
ok $? 'what came after midnight is sent'

# ---- both books ----
theirs=$(grep '"event":"accepted"' "$dir/ledger" | grep -vc 'mời ông/bà')
ours=0
for day in "personal-$today" "emergency-$today" "personal-$tomorrow"; do
	loa campaign report "notices-$day" --json >"$dir/report"
	is "$(sed -n 's/^ *"counters": "\([a-z]*\)",*$/\1/p' "$dir/report")" agree "$day: counters and records agree"
	for state in accepted delivered; do
		ours=$((ours + $(sed -n "s/^ *\"$state\": \([0-9]*\),*\$/\1/p" "$dir/report" | head -n 1)))
	done
done
is "$ours" "$theirs" 'our reports and the ledger have the same messages'
done_testing
