#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a list is held for and how long; what a locked list no longer does; its end, also when the server
# is killed on the way; what is sensitive in it is read in full only by who says why.
. "$(dirname "$0")/lib.sh"

offset_s=0
move_clock() { # seconds
	offset_s=$((offset_s + $1))
	redis HSET loa:meta clock_offset_ms $((offset_s * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
day() { TZ=Asia/Ho_Chi_Minh date -d "@$(($(date +%s) + offset_s + $1 * 86400))" +%F; } # days from now
refused() { # SENTENCE WORDS…: exit code 4, and it says that the list is locked, and what to do
	local sentence=$1 out rc
	shift
	out=$(loa "$@" 2>&1)
	rc=$?
	case $rc:$out in
	4:*'is locked: the last day it may be used was'*'loa list set'*) ok 0 "$sentence" ;;
	*)
		ok 1 "$sentence"
		printf '# %s: %s\n' "$rc" "$out"
		;;
	esac
}
audited() { loa audit ls | grep -c " $1 "; }
keys() { redis KEYS 'loa:*' | grep -vE '^loa:(audit|meta|incarnations|libraries|lane|landed|later|ready|waited|owners|owned|choices|served|alerts|seq:list|tick)' | sort; }

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
	-e 's|"log_level": "info"|"log_level": "info", "lists_retention_days": 30|'
start_loa
make_list 400
none=$(keys)

# ---- what it is held for ----
loa list import other "$dir/list.csv" --retain-until 2027-02-30 >"$dir/out" 2>&1
is $? 1 'a day that the calendar does not have is refused'
has "$(cat "$dir/out")" '"2027-02-30" is no day' 'and named'
loa list import other "$dir/list.csv" --retain-until 2020-01-01 >"$dir/out" 2>&1
is $? 1 'a list is not imported to be locked at once'
loa list import other "$dir/list.csv" --purpose 'Mời dùng dịch vụ công trực tuyến' --source 'KH 12/KH-UBND' >/dev/null
out=$(loa list show other)
has "$out" 'purpose: Mời dùng dịch vụ công trực tuyến' 'the purpose is shown'
has "$out" 'source: KH 12/KH-UBND' 'the source, too'
has "$out" "last day of use: $(day 30)" 'a new list has the last day of the configuration'
has "$out" 'not known: legal_basis' 'what is missing is named'
out=$(loa list set other --legal-basis 'QĐ 1588/QĐ-TTg')
has "$out" 'legal basis: QĐ 1588/QĐ-TTg' 'it is said later'
loa list import other "$dir/list.csv" --retain-until "$(day 10)" >/dev/null
out=$(loa list show other)
has "$out" 'purpose: Mời dùng' 'a new import keeps what was said'
has "$out" "last day of use: $(day 10)" 'and takes what it says itself'
has "$(loa list ls)" "other  version 2, 400 rows  until $(day 10)" 'the lists say until when'
is "$(audited list.set)" 3 'each of these is in the audit'
make_campaign "so_dien_thoai != ''"
loa list set l --retain-until "$(day 2)" >/dev/null
has "$(loa list ls | grep '^l ')" 'not known: purpose, legal_basis, source' 'of a list without a purpose they say it'
has "$(loa campaign preview c)" 'legal_basis, source of the list l is not known' 'a preview warns'

# ---- the policy ----
sed -i 's|"lists_retention_days": 30|"lists_retention_days": 30, "lists_require_purpose": true|' "$dir/loa.json"
kill -HUP "$loa_pid"
wants() { loa campaign preview c | grep -q 'it cannot be launched: l: has no purpose'; }
until_true wants
ok $? 'where the configuration wants a purpose, the preview says that it cannot be launched'
loa campaign launch c >"$dir/out" 2>&1
is $? 4 'and a launch is refused'
has "$(cat "$dir/out")" 'has no purpose, legal_basis, source, and lists_require_purpose wants it' 'with what is missing'
loa list set l --purpose 'Nhắc hồ sơ' --legal-basis 'NĐ 356/2025' --source 'CV 7' >/dev/null
is "$(loa list ls | grep -c 'l  version 1.*not known')" 0 'nothing is missing'

# ---- a run under way when the last day is over ----
loa campaign clone c later >/dev/null
loa campaign clone c again >/dev/null
due=$(($(date +%s) / 60 * 60 + 5 * 86400))
loa campaign launch later --at "$(TZ=Asia/Ho_Chi_Minh date -d "@$due" +%Y-%m-%dT%H:%M)" >/dev/null
ok $? 'a campaign gets a time after the last day'
loa campaign launch c >/dev/null
ok $? 'another is launched on the day'
loa campaign pause c >/dev/null
move_clock $((3 * 86400))
has "$(loa list ls)" "l  version 1, 400 rows  LOCKED since" 'the day after the last one the list is locked'
has "$(loa list ls | grep '^l ')" 'loa list rm "l"' 'its deletion is offered'
is "$(loa list ls --expired | cut -d' ' -f1)" l 'only what is locked is asked for'
refused 'there is no preview' campaign preview again
refused 'no test' campaign test again 0912345678
refused 'no launch' campaign launch again
refused 'no export' list export l "$dir/export.csv"
refused 'no count' segment count s
refused 'and no import' list import l "$dir/list.csv"
api GET /lists/l/rows >"$dir/answer"
is "$(status)" 403 'over HTTP it is forbidden'
refused 'nor are its rejected rows read' list show l --rejects
refused 'nor rows removed' list prune l --where "ho_ten = 'x'" --yes
metrics >/dev/null
has "$(metrics)" 'loa_lists_locked 1' 'a gauge counts it'
loa campaign resume c >/dev/null
until_true is_finished c
ok $? 'the run under way is sent'
is "$(report accepted)" 400 'all of it'
move_clock $((due + 2 - $(date +%s) - offset_s))
is_missed() { loa campaign show later | grep -q '"state": "missed"'; }
until_true is_missed
ok $? 'the campaign whose time comes is not launched'
has "$(loa campaign show later)" 'is locked: the last day it may be used was' 'and says why'

# ---- unlocked ----
out=$(loa list set l --retain-until "$(day 20)" 2>&1)
is $? 4 'a later day needs a reason'
has "$out" 'add --reason' 'it says so'
loa list set l --retain-until "$(day 20)" --reason 'Gia hạn theo CV 8' >/dev/null
ok $? 'with one the list is free again'
has "$(loa audit ls --json)" 'Gia hạn theo CV 8' 'the reason is in the audit'
has "$(loa segment count s)" '400 of 400' 'it is counted again'

# ---- what is sensitive ----
awk 'BEGIN {
	print "Họ và tên;Số điện thoại;Dân tộc"
	for (i = 0; i < 40; i++)
		printf "Người Thử %d;09%08d;%s\n", i, 20000000 + i, i < 3 ? "Rơmăm" : "Jrai"
	print "Không Có Số;12;Rơmăm"
}' >"$dir/people.csv"
tells() { grep -cE 'Rơmăm|Jrai' "$1"; } # lines that tell somebody's people
loa list import people "$dir/people.csv" --keep 'Dân tộc=Kế hoạch 15/KH-UBND' --dry-run >"$dir/out"
is "$(tells "$dir/out")" 0 'a dry run tells nothing of what is sensitive'
loa list import people "$dir/people.csv" --keep 'Dân tộc=Kế hoạch 15/KH-UBND' --json >"$dir/out"
is "$(tells "$dir/out")" 0 'nor does the report of the import'
loa list show people --rejects >"$dir/out"
is "$(tells "$dir/out")" 0 'nor do the rejected rows'
has "$(loa list show people)" '(sensitive)  Kế hoạch 15/KH-UBND' 'why it is kept is shown'
loa list export people "$dir/export.csv"
is "$(tells "$dir/export.csv")" 0 'an export has stars'
loa list export people "$dir/full.csv" --full --token-file "$dir/token" >"$dir/out" 2>&1
is $? 4 'in full it needs a reason'
has "$(cat "$dir/out")" 'are read in full only by who says why' 'it says so'
is "$(ls "$dir"/full.csv* 2>/dev/null)" '' 'and no file is left'
loa list export people "$dir/full.csv" --full --token-file "$dir/token" --reason 'Đối chiếu với UBND xã'
is "$(tells "$dir/full.csv")" 40 'with one it is all there'
has "$(loa audit ls --json)" 'Đối chiếu với UBND xã' 'and the reason is in the audit'
loa segment save romam people "dan_toc = 'Rơmăm'" >/dev/null
loa segment save jrai people "dan_toc = 'Jrai'" >/dev/null
loa segment save none people "ho_ten = 'Người Thử 7' AND dan_toc = 'Rơmăm'" >/dev/null
has "$(loa segment count romam)" '<5 of 40 rows' 'a small group is not counted exactly'
has "$(loa segment count none)" '<5 of 40 rows' 'nor is it told that one is not of it'
has "$(loa segment count jrai)" '37 of 40 rows' 'a larger one is counted'
for who in 1 7; do
	api POST /lists/people/rows/remove "{\"where\":\"ho_ten = 'Người Thử $who' AND dan_toc = 'Rơmăm'\",\"dry_run\":true}" >"$dir/out.$who"
done
has "$(cat "$dir/out.1")" '"<5"' 'nor does a look before rows are removed tell of one'
is "$(cat "$dir/out.1")" "$(cat "$dir/out.7")" 'whether it is of it or not'
has "$(loa list prune people --where "dan_toc = 'Rơmăm'" </dev/null 2>/dev/null)" 'people: <5 of 40 rows fit' 'the command says so'
printf 'Kính gửi {{ ho_ten }}, mời đồng bào {{ dan_toc }} đến họp.' >"$dir/t2.txt"
loa template save tells "$dir/t2.txt" >/dev/null
campaign() { # NAME TEMPLATE MORE
	echo "{\"name\":\"$1\",\"template\":\"$2\",\"segments\":[\"romam\",\"jrai\"],\"class\":\"notice\"$3}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null
}
out=$(loa template check "$dir/t2.txt" --list people)
is $? 0 'a check of a text that tells what is sensitive'
has "$out" 't2.txt:1:40: warning: this column is sensitive' 'warns at its place'
loa list set people --purpose p --legal-basis b --source s >/dev/null
campaign leaks tells ''
loa campaign preview leaks >"$dir/out"
has "$(cat "$dir/out")" 'its text reads dan_toc, which the law calls sensitive' 'a preview says that a text tells what is sensitive'
is "$(tells "$dir/out")" 0 'without telling it'
printf 'name;brandname;carriers;text;state;partner_id\nmoi;UBND-AG;;Kinh gui {P1:25}, moi hop.;registered;A-1\n' >"$dir/p.csv"
loa pattern import "$dir/p.csv" >/dev/null
loa campaign preview leaks >"$dir/out"
has "$(cat "$dir/out")" 'match no registered pattern of UBND-AG' 'a preview counts texts that match no pattern'
is "$(tells "$dir/out")" 0 'and has no example of them'
loa campaign preview leaks --json >"$dir/out"
is "$(tells "$dir/out")" 0 'in JSON neither'
loa template check "$dir/t2.txt" --list people >"$dir/out" 2>&1
has "$(cat "$dir/out")" '40 of 40 messages match none' 'a check counts them, too'
is "$(tells "$dir/out")" 0 'without an example'
printf 'Mời {{ ho_ten }} đến.' >"$dir/t3.txt"
api POST /patterns/check '{"template":"Dân tộc: {{ dan_toc }}","list":"people"}' >"$dir/out"
is "$(tells "$dir/out")" 0 'nor has one whoever asks over HTTP'
loa template check "$dir/t3.txt" --list people >"$dir/out" 2>&1
has "$(cat "$dir/out")" 'Người Thử' 'a text that tells nothing sensitive has one'
loa pattern rm moi >/dev/null
loa campaign test leaks 0912345678 >"$dir/out" 2>&1
is $? 4 'there is no test of it'
loa campaign launch leaks >"$dir/out" 2>&1
is $? 4 'and no launch'
has "$(cat "$dir/out")" '"sensitive": "REASON"' 'but what to do'
campaign told tells ',"sensitive":"Họp theo mời của già làng"'
loa campaign preview told >"$dir/out"
is "$(grep -c 'cannot be launched' "$dir/out")" 0 'with a reason of its own it may'
campaign asks t ''
has "$(loa campaign preview asks)" 'its segments ask for dan_toc' 'what segments ask for is only said'
loa campaign launch asks >/dev/null
ok $? 'and launched'
is "$(audited campaign.sensitive)" 1 'and in the audit'
until_true is_finished asks
loa campaign results asks --columns ho_ten,dan_toc >"$dir/out"
is "$(tells "$dir/out") $(grep -c 'Người Thử' "$dir/out")" '0 40' 'results have stars'
loa campaign results asks --columns dan_toc --json >"$dir/out"
is "$(tells "$dir/out")" 0 'as JSON, too'
loa campaign results asks --columns dan_toc --full --token-file "$dir/token" >"$dir/out" 2>&1
is $? 4 'in full they need a reason'
loa campaign results asks --columns dan_toc --full --token-file "$dir/token" --reason 'Báo cáo UBDT' >"$dir/out"
is "$(tells "$dir/out")" 40 'with one they are all there'
is "$(audited list.read)" 2 'each reading is in the audit'
out=$(loa campaign report asks --by dan_toc)
has "$out" '<5 messages' 'in a breakdown a small group is not counted exactly'
has "$out" '37 messages' 'a larger one is'

# ---- its end ----
out=$(loa list rm nobody 2>&1)
is $? 1 'a list that is not there is not deleted'
out=$(loa list rm l --yes 2>&1)
is $? 1 'a list that is used is not deleted'
has "$out" 'segment s' 'its segment is named'
has "$out" 'campaign again' 'the draft, too'
api DELETE /lists/l >"$dir/answer"
is "$(status)" 409 'over HTTP it is a conflict'
is "$(loa list rm l --yes 2>&1 | grep -c 'campaign c')" 0 'a campaign that is finished does not use it'
loa list rm other </dev/null >"$dir/out" 2>&1
is $? 2 'where nobody can be asked, --yes is needed'
has "$(cat "$dir/out")" 'other: 400 rows, 2 versions' 'it says how much it is'
has "$(loa list rm other --yes --reason 'Hết mục đích' 2>/dev/null)" 'other is deleted: 400 rows, 2 versions' 'then it is deleted'
has "$(loa audit ls --json)" 'Hết mục đích' 'and it is in the audit why'
loa list show other >/dev/null 2>&1
is $? 1 'it is not there any more'
is "$(redis KEYS 'loa:*:1:*' | grep -cE 'block|snap|rejects')" 0 'and nothing of its rows'

# Nothing but finished runs use the lists: segments and drafts go.
for name in s romam jrai none; do
	redis DEL "loa:segment:$name" >/dev/null
	redis SREM loa:names:segment "$name" >/dev/null
done
loa campaign rm c >"$dir/out" 2>&1
is $? 1 'a campaign that was sent is not removed'
loa campaign rm later >"$dir/out" 2>&1
has "$(cat "$dir/out")" 'unschedule it first' 'nor one that had a time'
loa campaign unschedule later >/dev/null
rc=0
for name in later again leaks told; do loa campaign rm "$name" >/dev/null || rc=1; done
ok $rc 'drafts are'
api POST /imports '{"list":"people"}' import-under-way-1 >"$dir/answer"
import=$(sed -n 's/.*"import": *"\([0-9a-f]*\)".*/\1/p' "$dir/answer")
api PUT "/imports/$import?offset=0" "$(cat "$dir/people.csv")" >/dev/null
loa list rm people --yes >/dev/null 2>&1
ok $? 'the list of people is deleted'
api POST "/imports/$import/commit" >"$dir/answer"
is "$(status)" 409 'an import that was under way does not bring it back'
has "$(loa list rm l --yes 2>&1)" '1 campaigns that are over keep their figures and lose its rows' 'it says what a finished campaign loses'
is "$(report accepted)" 400 'its report is there still'
out=$(loa campaign results c 2>&1)
is $? 1 'its results are not'
has "$out" "the list l was deleted on $(day 0)" 'and it says why'
loa campaign report c --by carrier >"$dir/out" 2>&1
has "$(cat "$dir/out")" 'the list l was deleted on' 'no breakdown either'
api POST /campaigns/c/retry '' retry-of-c-1 >"$dir/answer"
has "$(cat "$dir/answer")" 'its list was deleted' 'nobody is tried again'
left() { keys | grep -vE '^loa:(run|campaign|template|names:(campaign|template)|seq|idempotency)'; }
is "$(left)" "$none" 'no other key is left behind'

# ---- killed on the way ----
loa list import l "$dir/list.csv" >/dev/null
kill "$loa_pid"
wait "$loa_pid" 2>/dev/null
for point in list-gone.noted list-gone.keys list-gone.swept; do
	LOA_CRASH_AT=$point:1 spawn_loa
	[ "$(loa list ls | grep -c '^l ')" -gt 0 ] || loa list import l "$dir/list.csv" >/dev/null
	loa list rm l --yes >/dev/null 2>&1
	wait "$loa_pid" 2>/dev/null
	is "$(redis HGET loa:list:l id)" '' "killed at $point, the list is not there"
	is "$(redis SCARD loa:lists:gone)" 1 'but noted as gone'
	start_loa
	swept() { [ "$(left)" = "$none" ]; }
	until_true swept
	ok $? 'the next server deletes the rest'
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
done
done_testing
