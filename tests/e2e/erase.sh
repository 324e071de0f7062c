#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A person in two lists and several versions, in rejected rows, as a second phone of somebody else,
# in a finished and in a paused campaign, in doubt, in single messages, suppressed: erased. Judges are
# an export, the gateway's ledger, and grep over a dump of Redis and over the data folder.
. "$(dirname "$0")/lib.sh"

who=0910000021 # row 4 of make_list, "Nguyễn Văn Thử 3"
erase() { loa erase "$who" --yes --token-file "$dir/token" "$@"; }
found() { loa erase "$who" --dry-run --json --token-file "$dir/token"; }
is_gone() { # nothing is found, and nothing is under way
	[ "$(found | json_field rows)" = 0 ] && [ "$(redis hlen loa:erasing)" = 0 ]
}

# 84910000021 = 0x13c507c795: little endian, as a block has it (5 bytes) and a payload (8).
number=$(printf '%010x' "84${who#0}" | sed 's/\(..\)\(..\)\(..\)\(..\)\(..\)/\\x\5\\x\4\\x\3\\x\2\\x\1/')
names_it() { # FILE…: how many lines of bytes have it in one of its forms
	LC_ALL=C grep -acP "$who|${who#0}|$number" "$@" | awk -F: '{ n += $NF } END { print n + 0 }'
}
dump() {
	redis-cli -s "$dir/data/redis.sock" --rdb "$dir/dump.rdb" >/dev/null 2>&1
	names_it "$dir/dump.rdb"
}
folder() { find "$dir/data" -type f ! -name '*.sock' -exec cat {} + | names_it -; }

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2500/' -e 's/"batch": { "max": 100 }/"batch": { "max": 10 }/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
redis config set rdbcompression no >/dev/null

# ---- where a person may stand ----
make_list 600
make_campaign "so_dien_thoai != ''"
{
	cat "$dir/list.csv"
	echo 'Người khác;01/01/1950;0910099999 / 0910000021;Xã số 1'
	echo 'Không số;01/01/1950;12;gọi 0910000021'
} >"$dir/second.csv"
loa list import l "$dir/second.csv" >/dev/null
cp "$dir/second.csv" "$dir/third.csv"
echo 'Thêm;02/02/1950;0910088888;Xã số 2' >>"$dir/third.csv"
loa list import l "$dir/third.csv" >/dev/null
loa list import m "$dir/second.csv" >/dev/null
has "$(loa list show m --rejects)" 0910000021 'a rejected row names the person'
loa campaign launch c >/dev/null
until_true is_finished
ok $? 'a campaign is finished'
loa send "$who" 'Hồ sơ đã có kết quả' --wait >/dev/null
loa send 0910077777 "Liên hệ số $who để nhận" --wait >/dev/null
loa suppress add "$who" --scope class:personal --reason 'asked at the counter' >/dev/null

gateway_control '{"reset-after":1}' >/dev/null
loa segment save three l "ho_ten = 'Nguyễn Văn Thử 3'" >/dev/null
sed 's/"c"/"d"/; s/"s"/"three"/' "$dir/c.json" >"$dir/d.json"
loa campaign create "$dir/d.json" >/dev/null
loa campaign launch d >/dev/null
in_doubt() { [ "$(report_of d unknown)" = 1 ]; }
until_true in_doubt
ok $? 'a message is in doubt'
loa campaign pause d >/dev/null
gateway_control '{"reset-after":0}' >/dev/null

sed 's/"c"/"r"/' "$dir/c.json" >"$dir/r.json"
loa campaign create "$dir/r.json" >/dev/null
redis hset loa:lane:gateway not_before 99999999999999 not_since 0 >/dev/null
lane=$(redis --scan --pattern 'loa:lane:*' | grep -v ':busy' | grep -v ':gateway$' | head -n 1)
redis hset "$lane" not_before 99999999999999 not_since 0 why 'held by the test' >/dev/null
loa campaign launch r >/dev/null
is_frozen() { [ "$(redis hget "loa:run:$(redis hget loa:seq run)" frozen)" = 1 ]; }
until_true is_frozen
loa campaign pause r >/dev/null
redis hset "$lane" not_before 0 >/dev/null
redis del loa:lane:gateway >/dev/null

loa backup "$dir/before.backup" >/dev/null
loa list export l "$dir/before.csv" --full --token-file "$dir/token" >/dev/null
ok "$([ "$(dump)" -gt 0 ]; echo $?)" 'grep finds the person in a dump of Redis'
lines_before=$(grep -c "84${who#0}" "$dir/ledger")

# ---- only find ----
loa erase "$who" --yes >/dev/null 2>&1
is $? 4 'without the token it is refused'
out=$(found)
is "$(json_field rows <<<"$out")" 4 'a dry run finds a row in each of three versions, and one in the other list'
is "$(json_field cells <<<"$out")" 6 'and two cells of another row, three times'
is "$(json_field lists <<<"$out")" 2 'in two lists'
is "$(json_field versions <<<"$out")" 4 'in four versions'
is "$(json_field messages <<<"$out")" 2 'and two single messages'
ok "$([ "$(dump)" -gt 0 ]; echo $?)" 'it changes nothing'

loa segment save own l "so_dien_thoai = '$who'" >/dev/null
has "$(found)" 'loa:segment:own' 'what somebody wrote is named, to be changed by hand'
loa segment save own l "so_dien_thoai = ''" >/dev/null

# ---- erase ----
head -n 50 "$dir/list.csv" >"$dir/under-way.csv"
import=$(api POST /imports '{"list":"w"}' | sed 's/.*"import": *"\([0-9a-f]*\)".*/\1/')
api PUT "/imports/$import?offset=0" "$(cat "$dir/under-way.csv")" >/dev/null
is "$(status)" 200 'an import is under way'
printf 'SET x %s\n' "$who" >"$dir/data/torn.aof" # what a torn write of before left
out=$(erase --reason "asked for it, $who" --json)
ok $? 'the person is erased'
is "$(json_field rows <<<"$out")" 4 'four rows'
is "$(json_field cells <<<"$out")" 6 'six cells'
is "$(json_field rejects <<<"$out")" 3 'three rejected rows'
is "$(json_field messages <<<"$out")" 2 'two messages'
is "$(json_field remaining <<<"$out")" 0 'nothing remains'
is "$(json_field file <<<"$out")" rewritten 'the append-only file is written anew'
is "$(dump)" 0 'a dump of Redis has no form of the number'
until_gone() { [ "$(folder)" = 0 ]; }
until_true until_gone
is "$(folder)" 0 'nor has any file of the data folder'
is "$(names_it "$dir/loa.log")" 0 'nor the log'
loa audit verify >/dev/null
ok $? 'the audit is whole'
has "$(loa audit ls)" 'erase              person' 'and says that somebody was erased'

has "$(api POST "/imports/$import/commit")" 'somebody is erased, or was meanwhile' 'the import that was under way does not bring the person back'
is "$(status)" 409 'it is refused'
loa list show w >/dev/null 2>&1
ok "$([ $? -ne 0 ]; echo $?)" 'and nothing is kept of it'
is "$(dump)" 0 'nor of the person'

# ---- everybody else ----
loa list export l "$dir/after.csv" --full --token-file "$dir/token" >/dev/null
is "$(diff <(grep -v -e 'Thử 3,' -e 'Người khác' "$dir/before.csv") <(grep -v 'Người khác' "$dir/after.csv") | wc -l)" 0 'the other rows are what they were'
has "$(grep 'Người khác' "$dir/after.csv")" 0910099999 'whose second phone it was keeps the first'
is "$(grep -c 'Thử 3,' "$dir/after.csv")" 0 'the row is gone'
loa list undo l >/dev/null && loa list undo l >/dev/null
is "$(loa list export l - --full --token-file "$dir/token" | grep -c 'Thử 3,')" 0 'also in the first version'
loa list redo l >/dev/null && loa list redo l >/dev/null
results=$(loa campaign results c --full --token-file "$dir/token")
is "$(wc -l <<<"$results")" 603 'the results of the finished campaign have all rows'
has "$(sed -n 5p <<<"$results")" 'the person was erased' 'the row says why it is empty'
is "$(report accepted)" 602 'its counts stay'
is "$(report counters)" agree 'counters and records agree'

# ---- what was under way ----
loa campaign resume d >/dev/null
loa campaign resume r >/dev/null
until_true is_finished r
ok $? 'the paused campaign is finished'
is "$(report_of r accepted)" 601 'all but the person'
is "$(report_of r skipped)" 1 'whose message was skipped'
has "$(loa campaign results r --state skipped)" 'the person was erased' 'with the reason'
is "$(report_of r counters)" agree 'counters and records agree there too'
is_held() { [ "$(report_of d held)" = 1 ]; }
until_true is_held
ok $? 'the message in doubt is left to a person'
is "$(grep -c "84${who#0}" "$dir/ledger")" "$lines_before" 'nothing more was said to the person'

# ---- suppressed still ----
has "$(loa suppress ls "$who")" class:personal 'the suppression holds, by a hash'
has "$(loa suppress ls)" 'people who were erased' 'and is counted'
loa list import l "$dir/list.csv" >/dev/null
sed 's/"c"/"p"/; s/notice/personal/' "$dir/c.json" >"$dir/p.json"
loa campaign create "$dir/p.json" >/dev/null
preview=$(loa campaign preview p --json)
is "$(json_field 'suppressed for this class of messages' <<<"$preview")" 1 'imported again, the person is suppressed for that class'
is "$(json_field messages <<<"$preview")" 599 'and gets no message of it'
has "$(loa suppress rm "$who" --scope class:personal --reason 'wants them again')" 'no more' 'that can be taken back'
is "$(json_field messages <<<"$(loa campaign preview p --json)")" 600 'then the person gets one'

# ---- killed at each step ----
for point in filed begun scrubbed looked rewritten; do
	loa list import m "$dir/second.csv" >/dev/null
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	LOA_CRASH_AT="erase.$point:1" start_loa
	redis config set rdbcompression no >/dev/null
	erase >/dev/null 2>&1
	ok "$([ $? -ne 0 ]; echo $?)" "killed when it is $point it says that it is not done"
	wait "$loa_pid" 2>/dev/null
	start_loa
	until_true is_gone
	ok $? 'the next start goes on'
	is "$(dump)" 0 'to the end'
done

# ---- a backup of before ----
kill "$loa_pid"
wait "$loa_pid" 2>/dev/null
"$B/loa" restore "$dir/before.backup" --data "$dir/data" --force >/dev/null
ok $? 'an older backup is restored'
rm -rf "$dir"/data/before-restore-*
start_loa
redis config set rdbcompression no >/dev/null
until_true is_gone
ok $? 'whom it brought back is erased again'
is "$(dump)" 0 'from all of it'
has "$(loa suppress ls "$who")" class:personal 'what was suppressed then is suppressed by a hash'
done_testing
