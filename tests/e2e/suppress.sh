#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Who is suppressed gets no message: before the launch, while a run is being sent, by unit and by
# class, also when Redis is killed right after it was acknowledged. The gateway's ledger is the judge.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 80/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
make_list 400
make_campaign "so_dien_thoai != ''"
ok $? 'four hundred rows are imported'

phone() { printf '09%08d' $((10000000 + $1 * 7)); } # of row N
sent_to() { grep -c "\"event\":\"accepted\".*\"to\":\"84${1#0}\"" "$dir/ledger"; }
add() { loa suppress add "$(phone "$1")" --scope "$2" --reason 'asked at the counter'; }

# ---- wrong words ----
loa suppress add "$(phone 0)" >/dev/null 2>&1
is $? 2 'without a reason nothing is done'
has "$(loa suppress add 02963852369 --reason r 2>&1)" 'fixed-line' 'a fixed line is refused with the reason'
has "$(loa suppress add "$(phone 0)" --scope class:notise --reason r 2>&1)" 'did you mean class:notice' 'a misspelt class gets the nearest one suggested'
loa suppress add "$(phone 0)" --scope unit:0 --reason r >/dev/null 2>&1
is $? 1 'unit 0 is no scope'
loa suppress add "$(phone 0)" --reason "$(printf 'x%.0s' {1..201})" >/dev/null 2>&1
is $? 1 'a reason of 201 bytes is too long'
is "$(loa suppress ls)" '' 'after all that nobody is suppressed'

# ---- before the launch ----
has "$(add 0 all)" 'suppressed: no more messages' 'a phone is suppressed'
has "$(add 0 all)" 'already' 'a second time it is already'
add 1 unit:1 >/dev/null
add 2 class:notice >/dev/null
add 3 class:personal >/dev/null # another class
add 4 unit:2 >/dev/null         # another unit
add 5 all >/dev/null
has "$(loa suppress rm "$(phone 5)" --reason 'asked to be written to')" 'suppressed no more' 'it is taken back'
out=$(loa suppress ls "$(phone 5)")
has "$out" 'not suppressed' 'then the phone is free'
has "$out" 'asked to be written to' 'and its history says why'
is "$(loa suppress ls | wc -l)" 5 'ls shows an entry a line'
case $(loa suppress ls) in *0910000000*) ok 1 'phones are masked' ;; *) ok 0 'phones are masked' ;; esac
loa suppress ls --full >/dev/null 2>&1
is $? 4 'in full they need the token'
has "$(loa suppress ls --full --token-file "$dir/token")" "0910000000" 'with it they are shown'

preview=$(loa campaign preview c --json)
is "$(json_field messages <<<"$preview")" 397 'the preview leaves three out'
is "$(json_field suppressed <<<"$preview")" 1 'one wholly'
is "$(json_field 'suppressed for this unit' <<<"$preview")" 1 'one by its unit'
is "$(json_field 'suppressed for this class of messages' <<<"$preview")" 1 'one by its class'

# ---- while it is sent: a file of phones, half of which are prepared already ----
{
	echo 'Họ tên;Số điện thoại'
	for ((i = 70; i < 400; i += 2)); do echo "Người $i;$(phone $i)"; done
	echo "Người 71;$(phone 70)"
	echo 'A;12'
	echo 'B;'
	echo 'C;02963852369'
} >"$dir/refused.csv"
loa campaign launch c >/dev/null
until_true has_lines 60
report=$(loa suppress import "$dir/refused.csv" --reason 'list of the commune' --json)
ok $? 'a file is imported while the run goes on'
acknowledged=$(grep -c '"event":"accepted"' "$dir/ledger")
sleep 1
line=$(lines)
# 165 phones, one of them twice, three rejects: 169 rows.
is "$(json_field rows_read <<<"$report")" 169 'its rows are counted'
is "$(json_field added <<<"$report")" 165 'and those that were added'
is "$(json_field already <<<"$report")" 1 'one was there already'
for kind in too-short empty fixed-line; do
	is "$(json_field $kind <<<"$report")" 1 "one is rejected as $kind"
done
until_true is_finished
ok $? 'the run is finished'
late=0
for ((i = 70; i < 400; i += 2)); do
	tail -n +$((line + 1)) "$dir/ledger" | grep -q "\"to\":\"84$(phone $i | cut -c 2-)\"" && late=$((late + 1))
done
is "$late" 0 'a second later nothing goes to them any more'
ok "$((acknowledged < 200 ? 0 : 1))" 'most of the run was still to come then'
suppressed=$(report suppressed)
accepted=$(report accepted)
is "$((suppressed + accepted))" 400 'everybody has come to an end'
is "$accepted" "$(grep -c '"event":"accepted"' "$dir/ledger")" 'the ledger has what we report'
sent=0
for ((i = 70; i < 400; i += 2)); do
	grep -q "\"event\":\"accepted\".*\"to\":\"84$(phone $i | cut -c 2-)\"" "$dir/ledger" && sent=$((sent + 1))
done
ok "$((suppressed + sent >= 165 ? 0 : 1))" "each of the 165 was kept back, but $sent whose bytes had left"
is "$(report counters)" agree 'counters and records agree'
is "$(sent_to "$(phone 0)"):$(sent_to "$(phone 1)"):$(sent_to "$(phone 2)")" 0:0:0 'who was suppressed before the launch got nothing'
is "$(sent_to "$(phone 3)"):$(sent_to "$(phone 4)"):$(sent_to "$(phone 5)")" 1:1:1 'another class, another unit, and who was freed got theirs'
is "$(gateway_stat accepted_again)" 0 'nobody got two'

# ---- rows that share a phone ----
printf 'Tên,SĐT\nA,0387654321\nB,0387654321\nC,0387654322\n' >"$dir/shared.csv"
loa list import shared "$dir/shared.csv" >/dev/null
loa segment save shared shared "ten != ''" >/dev/null
printf 'Mời {{ ten }}' >"$dir/shared.txt"
loa template save shared "$dir/shared.txt" >/dev/null
loa suppress add 0387654321 --reason r >/dev/null
counts() { # CAMPAIGN: suppressed, skipped, accepted
	loa campaign report "$1" --json | awk -F'[:,]' '/"suppressed":/ && !a { a = $2 } /"skipped":/ && !b { b = $2 } /"accepted":/ && !c { c = $2 }
		END { print a + 0, b + 0, c + 0 }'
}
for per in phone row; do
	echo "{\"name\":\"$per\",\"template\":\"shared\",\"segments\":[\"shared\"],\"class\":\"notice\",\"per\":\"$per\"}" >"$dir/c2.json"
	loa campaign create "$dir/c2.json" >/dev/null
	loa campaign launch "$per" >/dev/null
	timeout 60 "$B/loa" campaign watch "$per" --data "$dir/data" >/dev/null
done
is "$(counts phone)" '1 1 1' 'per phone: one suppressed, its other row the same phone, one sent'
is "$(counts row)" '2 0 1' 'per row: both suppressed, one sent'

# ---- Redis is killed right after the answer ----
before=$(lines)
echo '{"name":"k","template":"t","segments":["s"],"class":"notice"}' >"$dir/c3.json"
loa campaign create "$dir/c3.json" >/dev/null
loa campaign launch k >/dev/null && loa campaign pause k >/dev/null
loa suppress add "$(phone 399)" --reason 'asked at the counter' >/dev/null && kill -9 "$(redis_pid)"
is_back() { loa suppress ls "$(phone 399)" | grep -q 'asked at the counter'; }
until_true is_back
ok $? 'what was acknowledged is there when Redis is back'
until_true loa campaign resume k
timeout 60 "$B/loa" campaign watch k --data "$dir/data" >/dev/null
is "$(tail -n +$((before + 1)) "$dir/ledger" | grep -c "\"to\":\"84$(phone 399 | cut -c 2-)\"")" 0 'and holds'
ok "$(($(tail -n +$((before + 1)) "$dir/ledger" | grep -c accepted) > 150 ? 0 : 1))" 'the others got theirs'

# ---- an import that is stopped ----
awk 'BEGIN { for (i = 0; i < 30000; i++) printf "03%08d\n", 20000000 + i }' >"$dir/many.txt"
"$B/loa" suppress import "$dir/many.txt" --reason many --data "$dir/data" >"$dir/stopped.out" 2>"$dir/stopped.err" &
import_pid=$!
some_there() { [ "$(redis HLEN loa:suppress)" -gt 2000 ]; }
until_true some_there
kill -INT "$import_pid" 2>/dev/null || kill -TERM "$import_pid"
wait "$import_pid"
is $? 1 'an import that is stopped fails'
has "$(cat "$dir/stopped.out")" 'not to its end' 'and says so'
has "$(cat "$dir/stopped.err")" 'run it again' 'and what to do'
first=$(awk '/added:/ { print $2 }' "$dir/stopped.out")
report=$(loa suppress import "$dir/many.txt" --reason many --json)
is "$(json_field rows_read <<<"$report"):$(json_field already <<<"$report")" "30000:$first" 'run again, it goes on where it was'
is "$(($(json_field added <<<"$report") + first))" 30000 'and nobody is missing'
is "$(loa suppress ls --json | grep -c '"source":"import"')" 30165 'ls streams them all'

# ---- over TCP ----
post() { # PATH BODY KEY
	api POST "/suppressions$1" "$2" "$3"
}
body='{"phones":["0356 111 222"],"reason":"asked by letter","scope":"unit:9"}'
has "$(post '' "$body" first-try)" '"added":1,"already":0' 'a phone is suppressed over TCP'
has "$(post '' "$body" first-try)" '"added":1,"already":0' 'with the same key the answer is the same'
has "$(post '' "$body" other-key)" '"added":0,"already":1' 'with another one it says already'
post '' '{"phones":["0356111223","12"],"reason":"r"}' third-key >/dev/null
is "$(status)" 422 'of two phones one of which is none'
get() { api GET "/suppressions?$1"; }
has "$(get phone=0356111223)" '"suppressions":[]' 'not even the good one is suppressed'
has "$(post /remove "$body" fourth-key)" '"removed":1' 'and it can be removed'
has "$(get 'phone=0356111222')" '"act":"rm"' 'its history tells'
get 'cursor=x' >/dev/null
is "$(status)" 422 'a cursor is what next said'
done_testing
