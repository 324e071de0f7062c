#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An ordinary day: two campaigns side by side, one of them paused and resumed, the other cancelled;
# fifty urgent notices meanwhile; a citizen who refuses; receipts that come late, twice and out of order;
# Redis restarted at noon. In the evening the reports add up, and our books and the gateway's ledger say
# the same of every message.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --latency 20 --latency-jitter 10 --receipts mixed --receipt-delay 1500 \
	--receipt-jitter 1000 --receipt-duplicate 0.3 --receipt-reorder --receipt-early 0.05 --receipt-batch 50 \
	--receipt-tries 1000 --refuse-rate 0.01 --error-rate 0.01
write_config -e 's/"rate": 100/"rate": 800/' -e 's/"concurrency": 4/"concurrency": 16/' -e 's/"deadline_s": 10/"deadline_s": 8/'
start_loa
make_list 8000
loa list import l "$dir/list.csv" >/dev/null
loa segment save hai-huyen l "xa LIKE 'Xã số 1%' OR xa LIKE 'Xã số 2%'" >/dev/null &&
	loa segment save tat-ca l "so_dien_thoai != ''" >/dev/null
ok $? 'a list of eight thousand and two groups'
campaign() { # NAME SEGMENT TEXT
	printf '%s' "$3" >"$dir/$1.txt"
	loa template save "$1" "$dir/$1.txt" >/dev/null &&
		echo "{\"name\":\"$1\",\"template\":\"$1\",\"segments\":[\"$2\"],\"class\":\"notice\"}" >"$dir/$1.json" &&
		loa campaign create "$dir/$1.json" >/dev/null
}
campaign ho-so hai-huyen 'Kính gửi {{ ho_ten }}, hồ sơ nộp trực tuyến.' &&
	campaign bhyt tat-ca 'Kính gửi {{ ho_ten }}, thẻ bảo hiểm y tế.'
ok $? 'and two campaigns'

accepted() { grep -c "\"event\":\"accepted\".*$1" "$dir/ledger"; }
has_accepted() { [ "$(accepted "$1")" -ge "$2" ]; }

# ---- the morning ----
loa campaign launch ho-so >/dev/null && loa campaign launch bhyt >/dev/null
until_true has_accepted 'trực tuyến' 300 && until_true has_accepted 'bảo hiểm' 300
ok $? 'both are under way at the same time'
loa campaign pause ho-so --reason 'đợi ý kiến lãnh đạo' >/dev/null
sleep 1
paused_at=$(accepted 'trực tuyến')
awk 'BEGIN { for (i = 0; i < 50; i++) printf "{\"to\":\"0988%06d\",\"text\":\"Hồ sơ số %d đã có kết quả.\"}\n", i, i }' >"$dir/notices.jsonl"
loa send --file "$dir/notices.jsonl" >"$dir/ids"
is "$(wc -l <"$dir/ids")" 50 'fifty urgent notices are taken'
day=$(TZ=Asia/Ho_Chi_Minh date +%F)
open_of() { echo $(($(report_of "$1" waiting) + $(report_of "$1" sending) + $(report_of "$1" retry))); }
has_none_open() { [ "$(report_of "$1" audience)" = "$2" ] && [ "$(open_of "$1")" = 0 ]; }
until_true has_none_open "notices-personal-$day" 50
ok $? 'and sent while the campaign goes on'
is "$(report_of bhyt state)" running '(it does)'
# The last of the list: not yet asked for.
last=$(tail -n 1 "$dir/list.csv" | cut -d';' -f3)
loa suppress add "$last" --reason 'gọi điện từ chối' >/dev/null
ok $? 'a citizen refuses'

# ---- noon ----
is "$(accepted 'trực tuyến')" "$paused_at" 'what is paused has sent nothing more'
kill "$(redis_pid)"
is_back() { loa campaign report bhyt --json >/dev/null 2>&1; }
until_false is_back
until_true is_back
ok $? 'Redis is restarted and the server is back'
loa campaign resume ho-so >/dev/null
ok $? 'the paused campaign is resumed'

# ---- the afternoon ----
before=$(accepted 'bảo hiểm')
until_true has_accepted 'bảo hiểm' $((before + 200))
loa campaign cancel bhyt --reason 'sai nội dung' --yes >"$dir/cancel"
ok $? 'the other one is cancelled'
sleep 1
cancelled_at=$(accepted 'bảo hiểm')
until_true is_finished ho-so
ok $? 'the first one is finished'
is "$(accepted 'bảo hiểm')" "$cancelled_at" 'the cancelled one has sent nothing more'
until_true has_none_open bhyt 8000
ok $? 'each of its messages has an end'
all_told() { [ "$(gateway_stat receipts_pending)" = 0 ]; }
until_true all_told
ok $? 'the last receipt has come'

# ---- the evening ----
books() { # CAMPAIGN PART-OF-ITS-TEXT: our accepted ones and the gateway's
	loa campaign results "$1" --full --token-file "$dir/token" >"$dir/$1.csv"
	awk -F, '$3 ~ /^(accepted|delivered|undeliverable)$/ { print $2 }' "$dir/$1.csv" | sort >"$dir/ours"
	sed -n "/\"event\":\"accepted\"/{ /$2/s/.*\"to\":\"84\([0-9]*\)\".*/0\1/p }" "$dir/ledger" | sort >"$dir/theirs"
	is "$(uniq -d <"$dir/theirs" | wc -l)" 0 "$1: nobody got it twice"
	is "$(diff "$dir/ours" "$dir/theirs" | head -n 5)" '' "$1: our books and the ledger name the same people"
	is "$(report_of "$1" counters)" agree "$1: counters and records agree"
	is "$(tail -n +2 "$dir/$1.csv" | wc -l)" "$(report_of "$1" audience)" "$1: everybody of the audience is in the results"
	is "$(report_of "$1" unknown)" 0 "$1: nothing is in doubt"
}
books ho-so 'trực tuyến'
books bhyt 'bảo hiểm'
# 22 of the 50 communes
is "$(report_of ho-so audience)" 3520 'the group is the audience of the first one'
is "$(report_of bhyt audience)" 8000 'the whole list is the audience of the cancelled one'
ok $(($(report_of bhyt cancelled) > 1000 ? 0 : 1)) "$(report_of bhyt cancelled) of it were cancelled"
is "$(grep -c "\"event\":\"accepted\".*\"to\":\"84${last#0}\"" "$dir/ledger")" 0 'who refused got nothing'
is "$(report_of "notices-personal-$day" audience)" 50 'the notices of the day are fifty'
is "$(report_of "notices-personal-$day" counters)" agree 'and their counters agree'
sed -n '/"event":"accepted"/{ /đã có kết quả/s/.*"to":"\([0-9]*\)".*/\1/p }' "$dir/ledger" | sort >"$dir/theirs"
is "$(uniq -d <"$dir/theirs" | wc -l)" 0 'no notice was sent twice'
refused=$(report_of "notices-personal-$day" refused)
is "$(wc -l <"$dir/theirs")" "$((50 - refused))" 'all were sent but those that the gateway refused'
is "$(gateway_stat accepted_again)" 0 'the gateway counts no double'
done_testing
