#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A campaign's way to its launch: submitted, returned with a note, mended, approved by a second person,
# launched as it was approved; who may not, what is stale, what was changed meanwhile; the ceiling; the
# server killed after the approval; two approvers or a standing order.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --latency 20
write_config -e 's/"sandbox": true/"sandbox": false/' -e 's/"rate": 100/"rate": 400/' \
	-e '/"receipts": {/,/^        }/d' -e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' \
	-e 's|"log_level": "info"|"log_level": "info", "standing_orders": [ { "name": "bao-lu", "since": "2026-01-01", "until": "2099-12-31", "classes": ["emergency"], "note": "Công văn 12" } ]|'
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3, "approval": "second-person" },
	               { "class": "duty", "priority": 1 },
	               { "class": "emergency", "priority": 0, "approval": "two-approvers" } ] }
JSON
start_loa
make_list 300
as() { # USER WORDS…: with a token of that user
	local user=$1
	shift
	loa "$@" --token-file "$dir/token.$user"
}
for user in an binh chi; do
	roles=approver
	[ $user != an ] || roles=author,approver
	loa user add $user --roles $roles >/dev/null || exit 1
	loa token add "cua-$user" --user $user --rights view,author,approve | sed 's/.*: //' >"$dir/token.$user"
done
loa token add 'khac' --user an --rights view,approve | sed 's/.*: //' >"$dir/token.an-2"
cp "$dir/token.an" "$dir/token"
state() { loa campaign show "$1" | sed -n 's/^ *"state": "\([a-z]*\)".*/\1/p'; }
revision() { loa campaign show "$1" --json | json_field revision; }
is_in() { [ "$(state "$1")" = "$2" ]; }
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
fails() { # RC PART SENTENCE WORDS…
	local want=$1 part=$2 sentence=$3 out rc
	shift 3
	out=$("$@" 2>&1)
	rc=$?
	is "$rc" "$want" "$sentence"
	has "$out" "$part" '… and it is said why'
}
make() { # NAME [CLASS [MEMBERS]]: a draft of an's
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"${2:-notice}\"${3:-}}" >"$dir/$1.json"
	as an campaign create "$dir/$1.json" >/dev/null
}
as an list import l "$dir/list.csv" >/dev/null && as an segment save s l "so_dien_thoai != ''" >/dev/null || exit 1
printf 'Kính gửi {{ ho_ten }}, mời ông/bà nộp hồ sơ tại nhà.' >"$dir/t.txt"
as an template save t "$dir/t.txt" >/dev/null
make c
ok $? 'a draft'

# ---- not without a second person ----
fails 4 'needs the approval of a second person' 'a draft is not launched' as binh campaign launch c
fails 4 'cannot lower' 'a campaign cannot ask for less than its class' \
	as an campaign create <(echo '{"name":"less","template":"t","segments":["s"],"class":"notice","approval":"none"}')
fails 1 'is draft' 'a draft is not approved' as binh campaign approve c
fails 1 'is draft' 'nor returned' as binh campaign return c --note x

# ---- submit, return, mend, submit ----
out=$(as an campaign submit c)
has "$out" 'submitted: 300 messages, ' 'submitted: it says how many'
has "$out" 'another user approves it now' 'and who is next'
is "$(revision c)" 2 'the revision has grown'
fails 1 'is submitted' 'what is submitted is not edited' as an campaign edit c "$dir/c.json"
fails 1 'is submitted' 'nor launched' as binh campaign launch c
fails 1 'return it first' 'nor removed' as an campaign rm c
is "$(as binh campaign return c --note 'Sai lời chào')" returned 'returned with a note'
has "$(loa campaign show c)" 'Sai lời chào' 'which it shows'
has "$(loa campaign ls)" 'Sai lời chào' 'and the list of campaigns'
fails 1 'is returned' 'what was returned is not launched' as binh campaign launch c
fails 1 'was changed on' 'a stale draft is refused' as an campaign edit c "$dir/c.json" --revision 2
has "$(as an campaign edit c "$dir/c.json" --revision 2 2>&1)" 'by binh' 'it says by whom it was changed'
sed -i 's/"class"/"goal":"dvc","class"/' "$dir/c.json"
is "$(as an campaign edit c "$dir/c.json")" 'draft: revision 4' 'mended it is a draft again'
has "$(loa campaign show c)" '"goal": "dvc"' 'as it was written'
fails 1 'it is revision 4 now, not 3' 'a submission of an older one is refused' as an campaign submit c --revision 3
as an campaign submit c --revision 4 >/dev/null
ok $? 'submitted again'

# ---- who approves ----
fails 4 'an has written or submitted it' 'its author does not approve it' as an campaign approve c
fails 4 'an has written or submitted it' 'nor by another token' as an-2 campaign approve c
fails 4 "is nobody's name" 'nor the server'"'"'s own user' loa campaign approve c
fails 1 'not 4' 'nor whoever has seen an older one' as binh campaign approve c --revision 4
printf 'Phê duyệt' >"$dir/quyet-dinh.pdf"
hash=$(loa campaign show c | sed -n 's/^ *"hash": "\([0-9a-f]*\)".*/\1/p' | head -n 1)
fails 1 'something else was submitted' 'nor something else' as binh campaign approve c --hash "${hash/?/x}"
has "$(as binh campaign approve c --revision 5 --document 12/QĐ-UBND --scan "$dir/quyet-dinh.pdf")" \
	'approved: it may spend 315 parts' 'a second person approves it, 5 % more than was counted'
shown=$(loa campaign show c)
has "$shown" '"document": "12/QĐ-UBND"' 'with the number of the document'
has "$shown" "\"sha256\": \"$(sha256sum "$dir/quyet-dinh.pdf" | cut -d' ' -f1)\"" 'and the hash of its scan'
has "$shown" '"scan": "quyet-dinh.pdf"' 'and its name'
kill_server
is "$(state c)" approved 'killed after the approval the server still has it'

# ---- what was changed meanwhile ----
printf 'Kính gửi {{ ho_ten }}, lời khác.' >"$dir/t2.txt"
as an template save t "$dir/t2.txt" >/dev/null
fails 4 'the template t was changed on' 'a template that was changed is told at the launch' as binh campaign launch c
has "$(as binh campaign launch c 2>&1)" 'by an (token cua-an) (version 2, submitted was 1)' 'and by whom'
is "$(accepted)" 0 'nothing has left'
has "$(as binh campaign launch c --as-approved)" 'launched' 'what was approved can be sent all the same'
until_true is_finished c
ok $? 'it is sent'
is "$(accepted)" 300 'to everybody'
is "$(grep -c 'lời khác' "$dir/ledger")" 0 'in the words that were approved'
is "$(loa campaign show c --json | json_field template_version)" 1 'it says which version that was'
loa audit export "$dir/audit" >/dev/null
is "$(grep -o '"act":"campaign\.[a-z]*"' "$dir/audit" | cut -d. -f2 | tr -d '"' | sort -u | tr '\n' ' ')" \
	'approve edit launch return rm submit ' 'the audit has each step'

# ---- the ceiling ----
make dear
as an campaign submit dear >/dev/null
has "$(as binh campaign approve dear --ceiling-parts 100)" 'may spend 100 parts' 'an approver sets the ceiling'
before=$(accepted)
as binh campaign launch dear >/dev/null
until_true is_in dear paused
ok $? 'a run that has spent it pauses'
has "$(loa campaign ls)" 'ceiling: ' 'and says so'
has "$(loa campaign report dear)" 'of 100 parts' 'with how much'
no_lease() { [ "$(redis HLEN "loa:run:$(loa campaign show dear --json | json_field run):lease")" = 0 ]; }
until_true no_lease
sent=$(($(accepted) - before))
[ $sent -ge 100 ] && [ $sent -le 500 ]
ok $? "it goes over by no more than what is on the wire ($sent of 100; 4 requests of 100)"
if [ $sent -lt 300 ]; then
	fails 4 'are spent' 'nobody resumes it without raising it' as chi campaign resume dear
	fails 4 'another person must raise it' 'its author does not raise it' as an campaign resume dear --raise-parts 500
	is "$(as chi campaign resume dear --raise-parts 500)" running 'another approver does'
fi
until_true is_finished dear
ok $? 'then it is sent to its end'
is "$(($(accepted) - before))" 300 'to everybody'

# ---- a reminder by a column: what was counted says nothing of the days to come ----
printf 'Họ và tên;Số điện thoại;Hạn nộp\nAn;0912000001;01/03/2031\n' >"$dir/due.csv"
as an list import due "$dir/due.csv" >/dev/null && as an segment save due due "so_dien_thoai != ''" >/dev/null
echo '{"name":"remind","template":"t","segments":["due"],"class":"notice","schedule":{"column":"han_nop","offsets":["-3d"],"time":"08:00"}}' >"$dir/remind.json"
as an campaign create "$dir/remind.json" >/dev/null
has "$(as an campaign submit remind)" 'must say the ceiling of a run' 'a reminder by a column: the submission says that its approver says the ceiling'
fails 1 'ceiling: is missing' 'without one it is not approved' as binh campaign approve remind
fails 1 'ceiling: is missing' 'nor with half of one' as binh campaign approve remind --ceiling-parts 50
is "$(state remind)" submitted 'it waits on'
fails 1 'ceiling.all: is missing' 'nor without one of all its occurrences' as binh campaign approve remind --ceiling-parts 50 --ceiling-cost 50000
has "$(as binh campaign approve remind --ceiling-parts 50 --ceiling-cost 50000 --all-parts 900 --all-cost 900000)" \
	'approved: it may spend 50 parts and 50' 'with both it is'
has "$(loa campaign show remind | tr -d ' \n')" '"ceiling":{"parts":50,"cost":50000,"all":{"parts":900,"cost":900000}}' 'show tells both'
as an segment save nobody l "so_dien_thoai = 'x'" >/dev/null
echo '{"name":"none","template":"t","segments":["nobody"],"class":"notice","audience":"newest"}' >"$dir/none.json"
as an campaign create "$dir/none.json" >/dev/null && as an campaign submit none >/dev/null
fails 1 'ceiling: is missing' 'so it is where nobody was counted' as binh campaign approve none
fails 1 'is for a schedule only' 'one of all occurrences is for a schedule' as binh campaign approve none --ceiling-parts 1 --ceiling-cost 1 --all-parts 1 --all-cost 1

# ---- taken back; a time ----
make back
as an campaign submit back --at 2099-01-01T08:00 >/dev/null
is "$(as an campaign return back --note 'chưa xong')" returned 'an author takes back what he has submitted'
as an campaign edit back "$dir/back.json" >/dev/null && as an campaign submit back >/dev/null && as binh campaign approve back >/dev/null
is "$(state back)" approved 'approved'
is "$(as binh campaign launch back --at "$(TZ=Asia/Ho_Chi_Minh date -d '+1 day' +%Y-%m-%dT%H:%M)" | cut -d: -f1)" scheduled 'given a time'
fails 1 'is scheduled' 'what has a time is not returned' as binh campaign return back --note x
is "$(as an campaign unschedule back)" approved 'its time taken away it is approved'
is "$(as binh campaign return back --note 'đổi ý')" returned 'what is approved can be returned'

# ---- a class that needs nobody; more than its class needs ----
make free duty
as binh campaign launch free >/dev/null
ok $? 'a class without approval is launched at once'
make more duty ',"approval":"second-person"'
fails 4 'needs the approval of a second person' 'a campaign may ask for more' as binh campaign launch more
as an campaign submit more >/dev/null
fails 4 'an has written' 'then its author does not approve it' as an campaign approve more

# ---- ký thay ----
loa user add dung --roles author >/dev/null
loa token add cua-dung --user dung --rights view,approve | sed 's/.*: //' >"$dir/token.dung"
fails 4 'needs the right approve' 'an author approves nothing' as dung campaign approve more
today=$(TZ=Asia/Ho_Chi_Minh date +%F) tomorrow=$(TZ=Asia/Ho_Chi_Minh date -d tomorrow +%F)
fails 1 'is over' 'a deputy for days that are over' as binh deputy add dung --from 2020-01-01 --until 2020-01-02
is "$(as binh deputy add dung --from "$tomorrow" --until "$tomorrow")" "dung signs for binh from $tomorrow to $tomorrow" 'a deputy from tomorrow on'
fails 4 'needs the right approve' 'approves nothing today' as dung campaign approve more
as binh deputy add dung --until "$today" --reason 'Đi công tác' >/dev/null
is "$(loa deputy ls)" "dung signs for binh from $today to $today" 'a deputy of today'
fails 1 'signs for binh already' 'is nobody else'"'"'s' as chi deputy add dung --until "$today"
fails 4 'only who has the right approve himself' 'and makes no deputy' as dung deputy add chi --until "$today"
has "$(as dung campaign approve more)" 'approved: ' 'approves in his place'
has "$(loa campaign show more)" '"by": "dung (token cua-dung, ký thay binh)"' 'which is written down'
has "$(loa campaign show more)" '"for": "binh"' 'with for whom'
loa deputy rm dung >/dev/null
fails 4 'needs the right approve' 'and no more when it is taken back' as dung campaign launch more
loa deputy add dung --of an --until "$today" >/dev/null
make mine
as an campaign submit mine >/dev/null
fails 4 'an has written' 'what the other has written a deputy does not approve' as dung campaign approve mine
loa deputy rm dung >/dev/null

# ---- emergency: two approvers, or a standing order with a reason ----
make bao emergency
fails 4 'two approvers, or a standing order' 'an emergency needs two' as binh campaign launch bao
as an campaign submit bao >/dev/null
fails 1 'reason: is missing' 'who say why' as binh campaign approve bao
has "$(as binh campaign approve bao --reason 'lũ về')" 'another approver must agree' 'one is not enough'
fails 4 'was approved by you' 'not the same twice' as binh campaign approve bao --reason 'lũ về'
fails 1 'is submitted' 'it is not launched yet' as binh campaign launch bao
has "$(as chi campaign approve bao --reason 'lũ về')" 'approved: ' 'two are'
as binh campaign launch bao >/dev/null
ok $? 'and it is launched'
make bao2 emergency
fails 4 'there is no standing order' 'an order that is none' as binh campaign launch bao2 --order x --reason 'lũ về'
fails 1 'is missing' 'an order without a reason' as binh campaign launch bao2 --order bao-lu
as binh campaign launch bao2 --order bao-lu --reason 'lũ về' >/dev/null
ok $? 'a standing order stands for both'
make notice-order
fails 4 'is not for class notice' 'but not for another class' as binh campaign launch notice-order --order bao-lu --reason x

# ---- a schedule: the ceiling of all its occurrences ----
clock_to() {
	redis HSET loa:meta clock_offset_ms $((($(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s) - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
clock_to 'tomorrow 07:00'
make daily notice ',"schedule":{"rrule":"FREQ=DAILY","time":"08:00"}'
has "$(as an campaign submit daily)" 'the ceiling of all its runs together' 'a schedule is submitted: it says that its approver says the ceiling of all'
has "$(as binh campaign approve daily --all-parts 300 --all-cost 100000000)" 'all its runs together: 300 parts and 100' 'approved for one day'"'"'s parts in all'
as binh campaign launch daily >/dev/null
clock_to 'tomorrow 08:00:01'
has_sent_all() { [ "$(report_of daily accepted)" = 300 ] && is_in daily scheduled; }
until_true has_sent_all
ok $? 'the first occurrence is sent to its end'
clock_to '2 days 08:00:01'
has_missed() { loa campaign show daily | grep -q '"missed": 1'; }
until_true has_missed
ok $? 'the next one is missed'
has "$(loa campaign show daily)" '300 of 300 parts and ' 'with how much of the ceiling of all is spent'
is "$(loa campaign show daily --json | json_field fired)" 1 'nothing of it was sent'
done_testing
