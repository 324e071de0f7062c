#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What nobody knows, in a person's hand: a gateway takes messages and closes without an answer. A
# person sends one again, marks two, takes the gateway's list for two more; the audit has all of it
# before it happens, also when the server is killed in between.
. "$(dirname "$0")/lib.sh"

# One request takes all: a lane rests longer after each that is not answered. Small waiting times: a lease of 1 s, a time-out of 3 s, and the margin of 2 s.
config() {
	write_config -e 's/"rate": 100/"rate": 2500/' -e 's/"concurrency": 4/"concurrency": 1, "timeout_ms": 3000/' \
		-e 's/"batch": { "max": 100 }/"batch": { "max": 10 }/' -e 's/"deadline_s": 10/"deadline_s": 1/' \
		-e 's/"log_level": "info"/"log_level": "info", "lease_ms": 1000/' "$@"
}
fail() { # CODE SENTENCE words…: they end so, and say why in $dir/err
	local code=$1 sentence=$2
	shift 2
	"$@" >"$dir/out" 2>"$dir/err"
	is $? "$code" "$sentence"
}
accepted() { grep -c '"event":"accepted".*"to":"'"$1"'"' "$dir/ledger"; } # PHONE
reference() { sed -n '/"event":"accepted"/s/.*"ref":"\([^"]*\)".*"to":"'"$1"'".*/\1/p' "$dir/ledger" | head -n 1; }
phone() { printf '849%08d' $((10000000 + ($1 - 1) * 7)); } # of ROW
state_of() { # ROW
	loa campaign results c --json | sed -n "s/^{\"row\":$1,.*\"state\":\"\([a-z]*\)\".*/\1/p"
}
may_all() { [ "$(loa doubt ls c --json | grep -c "\"may\":\"$1\"")" = "$2" ]; }
is_state() { [ "$(state_of "$1")" = "$2" ]; }
acts() { loa audit ls -n 500 | grep -c " $1 "; }
restart() {
	kill "$loa_pid" 2>/dev/null
	wait "$loa_pid" 2>/dev/null
	start_loa
}

# ---- a gateway without dedupe ----
start_gateway --dedupe none --fin-after 1
config -e '/"dedupe"/d' -e '/"30": "duplicate"/s/"30": "duplicate", //'
start_loa
make_list 7
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
all_in_doubt() { [ "$(report unknown):$(report held)" = 7:7 ]; }
until_true all_in_doubt
ok $? 'all seven are in doubt and held'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 7 'though the gateway has taken each once'
gateway_control '{"fin-after":0}' >/dev/null
loa doubt ls c --json >"$dir/ls"
is "$(wc -l <"$dir/ls")" 7 'doubt ls has a line for each'
has "$(head -n 1 "$dir/ls")" '"row":1,"phone":"0910***000","attempt":1,' 'with its row, its masked phone, its attempt'
fail 1 'right after it nothing is sent again' loa doubt resend c --row 7 --new-attempt --yes --reason 'asked by phone'
has "$(cat "$dir/err")" 'not before 20' 'and the earliest time is said'
fail 1 'nor is it marked as not sent' loa doubt mark c --row 7 --as not-sent --reason 'says the partner'
until_true may_all new-attempt 7
ok $? 'after lease, time-out and margin a new attempt is what is left'
fail 4 'it must be allowed' loa doubt resend c --row 1 --yes --reason 'asked by phone'
has "$(cat "$dir/err")" '--new-attempt' 'by name'
fail 2 'and agreed to' loa doubt resend c --row 1 --new-attempt --reason 'asked by phone'
fail 2 'with a reason' loa doubt resend c --row 1 --new-attempt --yes
is "$(acts doubt.resend)" 0 'what was refused is no act'
finished() { [ "$(report state)" = finished ]; }
until_true finished
ok $? 'the campaign is finished meanwhile'

loa doubt resend c --row 1 --new-attempt --yes --reason 'asked by phone' >"$dir/out"
ok $? 'row 1 is sent again'
has "$(cat "$dir/out")" '1 are sent in a new attempt: these may reach the person twice' 'and what that means is said'
until_true is_state 1 accepted
ok $? 'and accepted'
is "$(accepted "$(phone 1)")" 2 'the gateway has it twice'
is "$(grep -c '"event":"accepted"' "$dir/ledger")" 8 'and all others once'
fail 1 'who is not in doubt is not sent again' loa doubt resend c --row 1 --new-attempt --yes --reason again

loa doubt mark c --row 2 --as sent --reason 'the citizen has it' >/dev/null
is "$(state_of 2)" accepted 'marked as sent it is accepted'
loa doubt mark c --row 3 --as not-sent --reason 'says the partner' >/dev/null
is "$(state_of 3)" refused 'marked as not sent it is refused'

# ---- the gateway's list ----
{
	printf '\357\273\277Mã tham chiếu;Số máy;Trạng thái;Mã\r\n'
	printf '%s;;2;gw-4\r\n' "$(reference "$(phone 4)")"
	printf ';0%s;3;gw-5\r\n' "$(phone 5 | cut -c 3-)"
	printf '%s;;2;gw-2\r\n%s;;2;gw-2\r\n' "$(reference "$(phone 2)")" "$(reference "$(phone 2)")"
	printf 'zzz;;2;\r\n;0912345678;2;\r\n;;2;\r\n%s;;77;\r\n' "$(reference "$(phone 6)")"
} >"$dir/list-of-gateway.csv"
import() { loa doubt import c "$dir/list-of-gateway.csv" --reference 'Mã tham chiếu' --phone 'Số máy' \
	--status 'Trạng thái' --id 'Mã' --map 2=delivered --map 3=undeliverable "$@"; }
fail 2 'without a yes it is only looked at' import
has "$(tr -s ' ' <"$dir/out" | tr '\n' ',')" '8 rows read, would match 4, already 0, unknown 3, unreadable 1,' 'and what it would change is said'
is "$(state_of 4)" unknown 'nothing has changed'
import --yes --json >"$dir/import"
ok $? 'with a yes it is evidence'
number() { sed -n "s/^ *\"$1\": \([0-9]*\),*\$/\1/p" "$dir/import" | head -n 1; }
is "$(number rows_read) $(number matched) $(number already) $(number unknown) $(number unreadable)" '8 3 1 3 1' 'rows read = matched + already + unknown + unreadable'
is "$(number 77)" 1 'a status that is not known is listed'
is "$(state_of 4) $(state_of 5) $(state_of 2) $(state_of 6)" 'delivered undeliverable delivered unknown' 'by reference, by phone, over a mark, and not at all'
has "$(loa campaign results c --json | grep '^{"row":4,')" '"id":"gw-4","code":"2"' 'its id and code are kept'
is "$(report counters)" agree 'counters and records agree'

# ---- killed between the audit and the act ----
kill "$loa_pid"
wait "$loa_pid" 2>/dev/null
LOA_CRASH_AT=doubt_resend.ask:1 start_loa
fail 3 'the server is killed when the audit has it and nothing was done' loa doubt resend c --row 6 --new-attempt --yes --reason 'asked again'
wait "$loa_pid" 2>/dev/null
start_loa
is "$(state_of 6) $(accepted "$(phone 6)")" 'unknown 1' 'nothing was done'
is "$(acts doubt.resend) $(acts doubt.resend.done)" '2 1' 'the audit says that it was decided, and not that it came to it'
loa doubt resend c --row 6 --new-attempt --yes --reason 'asked again' >/dev/null
until_true is_state 6 accepted
is "$(accepted "$(phone 6)")" 2 'decided again it is done, once'
is "$(acts doubt.resend) $(acts doubt.resend.done)" '3 2' 'and the audit says so'

# ---- the audit ----
loa audit verify >"$dir/out"
ok $? 'the audit is whole'
is "$(for a in genesis campaign.launch doubt.resend doubt.mark doubt.import; do acts $a; done | tr '\n' ' ')" '1 1 3 2 1 ' 'it begins with the installation and has each act'
loa audit export "$dir/audit.json" >/dev/null
ok $? 'it can be exported'
is "$(grep -c '849[0-9]\{8\}' "$dir/audit.json")" 0 'no phone is in clear in it'
loa audit verify "$dir/audit.json" >"$dir/out2"
ok $? 'an exported audit is whole by itself'
is "$(cat "$dir/out2")" "$(cat "$dir/out")" 'and has the same end'
sed 's/the citizen has it/the citizen has not/' "$dir/audit.json" >"$dir/forged.json"
fail 1 'a changed reason is found' loa audit verify "$dir/forged.json"
has "$(cat "$dir/err")" 'is not as it was written' 'and where'
last=$(wc -l <"$dir/audit.json")
redis() { redis-cli -s "$dir/data/redis.sock" "$@" >/dev/null; }
redis XDEL loa:audit "$last-0"
fail 1 'an entry that was taken from the end is missed' loa audit verify
has "$(cat "$dir/err")" "entries $last to $last are missing at the end" 'with its number'
redis XDEL loa:audit 3-0
fail 1 'an entry that was taken from the middle is missed' loa audit verify
has "$(cat "$dir/err")" 'entry 3 is missing' 'with its number'
kill "$loa_pid" "$gateway_pid"
wait "$loa_pid" "$gateway_pid" 2>/dev/null
loa_pid='' gateway_pid=''

# ---- a gateway that knows its references: one request of three ----
rm -rf "$dir/data" "$dir/ledger"
gateway_port=0 loa_port=0
start_gateway --dedupe forever --fin-after 1
config
start_loa
make_list 3
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
all_in_doubt() { [ "$(report unknown):$(grep -c '"event":"accepted"' "$dir/ledger")" = 3:3 ]; }
until_true all_in_doubt
ok $? 'the gateway has taken all three, and all are in doubt'
loa suppress add 0910000007 --reason 'asked at the counter' >/dev/null # row 2
gateway_control '{"fin-after":0}' >/dev/null
all_held() { [ "$(report held)" = 3 ]; }
until_true all_held
ok $? 'one of them is suppressed, so the request is held'
loa suppress rm 0910000007 --reason 'an error' >/dev/null
until_true may_all repeat 3
ok $? 'while the gateway knows its reference, repeating it is what may be done'
loa doubt resend c --row 2 --new-attempt --yes --reason 'was an error' >"$dir/out"
has "$(cat "$dir/out")" '1 are repeated under the same reference' 'a new attempt is not needed and not made'
all_accepted() { [ "$(report accepted)" = 3 ]; }
until_true all_accepted
ok $? 'the request is said again as it was, the gateway says duplicate, all three are accepted'
is "$(grep -c '"event":"accepted"' "$dir/ledger"):$(gateway_stat accepted_again)" 3:0 'it has one copy of each'
is "$(loa campaign results c --json | grep -c '"attempt":1,')" 3 'all at their first attempt'
is "$(report counters)" agree 'counters and records agree'
loa audit verify >/dev/null
ok $? 'the audit is whole'
done_testing
