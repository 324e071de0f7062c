#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Campaigns that share a lane: the more urgent goes first and the other one says so.
. "$(dirname "$0")/lib.sh"

texts() { grep '"event":"accepted"' "$dir/ledger" | grep -c "\"text\":\"$1"; }
has_texts() { [ "$(texts "$1")" -ge "$2" ]; }
campaign() { # NAME CLASS FROM TO [MORE]: its text begins with its name
	loa segment save "$1" l "stt >= $3 and stt < $4" >/dev/null &&
		printf '%s: moi {{ ho_ten }} den xa.' "$1" >"$dir/t.txt" &&
		loa template save "$1" "$dir/t.txt" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"$1\",\"segments\":[\"$1\"],\"class\":\"$2\"${5:-}}" >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null
}
says() { # NAME WORDS
	timeout 3 "$B/loa" campaign watch "$1" --json --data "$dir/data" | head -n 1 | grep -q "\"waiting_for\":\"$2"
}
# How many of the texts of FIRST and of SECOND stand among the first N of both in the ledger.
among() { # N FIRST SECOND
	grep '"event":"accepted"' "$dir/ledger" | grep -E "\"text\":\"($2|$3):" | head -n "$1" | awk -v a="\"text\":\"$2:" \
		'index($0, a) { n++ } END { print n + 0, NR - n }'
}

start_gateway --dedupe forever --latency 20
write_config -e 's/"rate": 100/"rate": 200/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
{
	echo 'STT;Họ và tên;Số điện thoại'
	awk 'BEGIN { for (i = 0; i < 4000; i++) printf "%d;Nguyễn Văn Thử;091%07d\n", i, 1000000 + i * 7 }'
} >"$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null

# ---- the urgent first ----
campaign gap personal 0 1000
campaign thuong notice 1000 1200
loa campaign launch gap >/dev/null
until_true has_texts gap 20
loa campaign launch thuong >/dev/null
until_true says thuong 'other campaigns of the lane go first'
ok $? 'a campaign that waits for a more urgent one says so'
until_true is_finished gap
until_true is_finished thuong
read -r first second <<<"$(among 1000 gap thuong)"
ok $((second > 30)) "it gets nothing while the other has work ($second of the first 1,000)"
is "$(report_of thuong accepted)" 200 'and all of it afterwards'

done_testing
