#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What needs a person: raised once, seen by its unit, acknowledged, over by itself.
. "$(dirname "$0")/lib.sh"

start_gateway --moods --latency 5 --receipts delivered --receipt-delay 20 --receipt-batch 100
write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"12": "bad-account"/"12": "bad-message"/' \
	-e 's/"batch": { "max": 100 }/"batch": { "max": 1 }/' -e 's/"deadline_s": 10/"deadline_s": 600/'
cat >"$dir/policy.json" <<'JSON'
{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "personal", "priority": 1 },
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
loa alert ack "$id" >/dev/null
is $? 0 'somebody has seen it'
has "$(loa alert show "$id")" 'acknowledged 20' 'which is said, with who it was'
has "$(loa audit ls)" alert.ack 'and written down'
kill_server
sleep 4
is "$(alerts | grep -c approval)" 1 'after a kill it is there once'
has "$(loa alert ls --json)" '"state": "acknowledged"' 'and acknowledged'
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

# ---- braked ----
loa campaign launch c >/dev/null
until_true has_alert 'open  *braked .* c: .*text or sender refused'
ok $? 'a brake is an alert with its reason'
loa campaign cancel c --yes >/dev/null
until_false has_alert braked
ok $? 'and over with the campaign'
done_testing
