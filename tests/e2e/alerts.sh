#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What needs a person: raised once, told once by message and by a signed post whatever is killed,
# acknowledged, over by itself.
. "$(dirname "$0")/lib.sh"

# A receiver of posts, by another program: a line each, "ID-N STATUS SIGNATURE KIND". Its first two
# answers are 500. The right signature is worked out by Node's own library.
cat >"$dir/receiver.cjs" <<'END'
const http = require('http'), crypto = require('crypto'), fs = require('fs');
const [, , port_file, log] = process.argv;
let n = 0;
const server = http.createServer((q, a) => {
	const body = [];
	q.on('data', d => body.push(d));
	q.on('end', () => {
		const text = Buffer.concat(body), at = q.headers['loa-timestamp'], status = n++ < 2 ? 500 : 204;
		const right = 'sha256=' + crypto.createHmac('sha256', 'khoa-bi-mat-cua-tram').update(at + '.').update(text).digest('hex');
		const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 60;
		fs.appendFileSync(log, [q.headers['loa-alert'], status, right === q.headers['loa-signature'] && fresh ? 'right' : 'wrong',
			JSON.parse(text).kind].join(' ') + '\n');
		a.writeHead(status).end();
	});
});
server.listen(0, '127.0.0.1', () => fs.writeFileSync(port_file, String(server.address().port)));
END
node "$dir/receiver.cjs" "$dir/hook-port" "$dir/hooks" &
receiver_pid=$!
trap 'kill $receiver_pid 2>/dev/null; clean_up' EXIT
until_true test -s "$dir/hook-port"
: >"$dir/hooks"

start_gateway --moods --latency 5 --receipts delivered --receipt-delay 20 --receipt-batch 100
write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"12": "bad-account"/"12": "bad-message"/' \
	-e 's/"batch": { "max": 100 }/"batch": { "max": 1 }/' -e 's/"deadline_s": 10/"deadline_s": 600/' \
	-e "1a\\  \"alerts\": { \"every_minutes\": 10, \"most\": 2, \"oncall\": [ { \"unit\": 1, \"phones\": [\"0986665555\"] } ], \"webhook\": { \"url\": \"http://127.0.0.1:$(cat "$dir/hook-port")/loa\", \"secret\": \"khoa-bi-mat-cua-tram\" } },"
cat >"$dir/policy.json" <<'JSON'
{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "personal", "priority": 1 },
               { "class": "duty", "priority": 1 },
               { "class": "emergency", "priority": 0, "approval": "second-person" } ] }
JSON
start_loa
awk 'BEGIN {
	print "Họ và tên;Số điện thoại"
	for (i = 0; i < 100; i++) printf "Trần Văn Thử %d;091%03d0016\n", i, i
}' >"$dir/list.csv"
make_campaign "so_dien_thoai != ''"
ok $? 'a hundred whose sender this gateway does not know'
alerts() { loa alert ls "$@"; }
has_alert() { alerts | grep -q "$1"; } # WORDS
told() { grep '"event":"accepted"' "$dir/ledger" | grep -c '"to":"84986665555"'; }
is_told() { [ "$(told)" = "$1" ]; } # TIMES
is "$(alerts)" '' 'nothing needs a person'

# ---- waiting for approval ----
echo '{"name":"khan","template":"t","segments":["s"],"class":"emergency"}' >"$dir/k.json"
loa campaign create "$dir/k.json" >/dev/null
loa campaign submit khan >/dev/null
is $? 0 'one that needs a second person is submitted'
until_true has_alert 'open  *approval .* khan'
ok $? 'it waits for approval'
id=$(alerts | awk '/approval/ { print $1 }')
until_true test "$(metrics | sed -n 's/^loa_alerts //p')" = 1
ok $? 'the gauge counts it'
until_true is_told 1
ok $? 'who is on call gets a message'
has "$(grep 84986665555 "$dir/ledger")" 'Loa, cảnh báo 1: chiến dịch \"khan\" đang chờ duyệt (từ ' 'in Vietnamese'
until_true grep -q '^1-1 204 right approval$' "$dir/hooks"
ok $? 'and a signed post is taken, after two that failed'
is "$(grep -c '^1-1 500 right' "$dir/hooks")" 2 'each of which was signed'
loa alert ack "$id" >/dev/null
is $? 0 'somebody has seen it'
has "$(loa alert show "$id")" 'acknowledged 20' 'which is said, with who it was'
has "$(loa audit ls)" alert.ack 'and written down'
kill_server
sleep 4
is "$(alerts | grep -c approval)" 1 'after a kill it is there once'
has "$(loa alert ls --json)" '"state": "acknowledged"' 'and acknowledged'
is "$(told)" 1 'told once'
loa campaign return khan --note 'sai số văn bản' >/dev/null 2>&1
until_true has_alert 'open  *returned .* khan'
ok $? 'returned it is another alert'
has "$(alerts)" 'sai số văn bản' 'which tells the note'
is "$(alerts | grep -c approval)" 0 'that it waits is over by itself'
has "$(alerts --all)" "over" 'and kept'
loa campaign rm khan >/dev/null 2>&1
until_false has_alert returned
ok $? 'removed, nothing of it is left'
loa alert ack "$id" >"$dir/out" 2>&1
is $? 1 'what is over is not acknowledged'
has "$(cat "$dir/out")" 'over by itself' 'it says so'
loa alert ack 999 >/dev/null 2>&1
is $? 1 'nor what never was'

# ---- braked, and the server is killed at every moment after it ----
before=$(told)
sent=$(redis HGET loa:seq alert)
loa campaign launch c >/dev/null
is_raised() { [ "$(redis HGET loa:seq alert)" -gt "$sent" ]; }
until_true is_raised
for pause in 0 0.01 0.03; do
	kill_server
	sleep "$pause"
done
until_true has_alert 'open  *braked .* c: .*text or sender refused'
ok $? 'a brake is an alert with its reason'
until_true is_told $((before + 1))
ok $? 'which is told'
id=$(alerts | awk '/braked/ { print $1 }')
until_true grep -q "^$id-1 204 right braked$" "$dir/hooks"
ok $? 'and posted'
sleep 7
is "$(told)" $((before + 1)) 'once, whatever was killed'

# ---- again after ten minutes, twice at most; not when somebody has seen it ----
later() { # SECONDS
	redis HSET loa:meta clock_offset_ms $(($1 * 1000)) >/dev/null
}
later 600
until_true is_told $((before + 2))
ok $? 'ten minutes later it is told again'
has "$(grep '"event":"accepted"' "$dir/ledger" | grep 84986665555 | tail -n 1)" 'nhắc lần 2)' 'as a reminder'
until_true grep -q "^$id-2 204 right braked$" "$dir/hooks"
ok $? 'and posted as the second'
later 1300
sleep 7
is "$(told)" $((before + 2)) 'two times are enough'
loa campaign cancel c --yes >/dev/null
until_false has_alert braked
ok $? 'and over with the campaign'

# ---- in doubt, acknowledged before it would be told again ----
kill "$loa_pid" && wait "$loa_pid"
kill "$gateway_pid" && wait "$gateway_pid"
rm -rf "$dir/data" "$dir/ledger"
gateway_port=0 loa_port=0
start_gateway --dedupe none --close-after 2
sed -i -e 's|http://127.0.0.1:[0-9]*/batch|http://127.0.0.1:'"$gateway_port"'/batch|' \
	-e 's/"concurrency": 4/"concurrency": 1/' -e '/"dedupe"/d' -e 's/"30": "duplicate", //' \
	-e 's/"oncall": .*"webhook"/"webhook"/' -e 's/"deadline_s": 600/"deadline_s": 2/' "$dir/loa.json"
start_loa
make_list 6
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
until_true has_alert 'open  *doubt .* c: [1-3]  (run:1'
ok $? 'what is in doubt when the run has ended is to be decided'
until_true grep -q '^1-1 204 right doubt$' "$dir/hooks"
ok $? 'posted; nobody is on call'
loa alert ack 1 >/dev/null
later 700
sleep 7
is "$(grep -c '^1-2' "$dir/hooks")" 0 'acknowledged, it is told no more'
loa doubt mark c --row "$(loa doubt ls c --json | sed -n 's|.*"row":\([0-9]*\).*|\1|p' | paste -sd,)" --as sent --reason "sao kê của nhà mạng" >/dev/null
until_false has_alert doubt
ok $? 'decided, it is over'
done_testing
