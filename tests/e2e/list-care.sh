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
keys() { redis KEYS 'loa:*' | grep -vE '^loa:(audit|meta|incarnations|libraries|lane|choices|seq:list|tick)' | sort; }

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

# Nothing but the finished run uses l: its segment and drafts go.
redis DEL loa:segment:s >/dev/null
redis SREM loa:names:segment s >/dev/null
for name in later again; do
	redis DEL "loa:campaign:$(redis HGET loa:names:campaign $name)" >/dev/null
	redis HDEL loa:names:campaign $name >/dev/null
done
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
