#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Reminders by a column of dates: each day at its time those whose date and offset fall on that day, once for
# each of them, whatever is done to the list meanwhile; and 29 February.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
start_loa
clock_to() { # TIME in Vietnam
	redis HSET loa:meta clock_offset_ms $((($(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s) - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
field() { loa campaign show "$1" | sed -n "s/^  \"$2\": \([0-9]*\).*/\1/p"; }
state() { loa campaign show "$1" | sed -n 's/^  "state": "\([a-z]*\)".*/\1/p'; }
has_fired() { [ "$(field "$1" fired)" = "$2" ] && [ "$(state "$1")" = scheduled ]; }
wrote_to() { sed -n '/"event":"accepted"/s/.*"to":"84\([0-9]*\)".*/0\1/p' "$dir/ledger" | sort | uniq -c | awk '{ print $2 ":" $1 }' | tr '\n' ' '; }

cat >"$dir/list.csv" <<'CSV'
Họ và tên;Số điện thoại;Hạn nộp;Ngày sinh
Nguyễn An;0912000001;01/03/2028;29/02/1960
Trần Bình;0912000002;02/03/2028;28/02/1961
Lê Chi;0912000003;03/03/2028;01/03/1962
Phạm Dung;0912000004;2028;1960
Vũ Em;0912000005;;28/02/1964
CSV
loa list import l "$dir/list.csv" >/dev/null
loa segment save s l "so_dien_thoai != ''" >/dev/null
printf 'Kính gửi {{ ho_ten }}, sắp đến hạn nộp hồ sơ.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
campaign() { # NAME SCHEDULE [MORE]
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"notice\",\"schedule\":$2${3:-}}" >"$dir/$1.json"
	loa campaign create "$dir/$1.json" && loa campaign launch "$1"
}
has "$(campaign n '{"column":"han","time":"08:00"}' 2>&1)" 'han' 'a column that the list does not have is refused'

# ---- three days before, over 29 February ----
clock_to '2028-02-26 12:00'
campaign r '{"column":"han_nop","offsets":["-3d"],"time":"08:00"}' >/dev/null
has "$(loa campaign show r)" '"due": "2028-02-27T08:00:00+07:00"' 'it has an occurrence each day'
clock_to '2028-02-27 08:00:01'
until_true has_fired r 1
is "$(wrote_to)" '0912000001:1 ' '27 February: three days before 1 March of a leap year'
is "$(loa campaign report r --json | json_field audience)" 1 'the others are not in its audience'
# The list is imported again the same day, a date is moved: nobody is reminded twice on that day.
sed -i 's|02/03/2028|01/03/2028|' "$dir/list.csv"
loa list import l "$dir/list.csv" >/dev/null
kill_server
clock_to '2028-02-27 08:30'
sleep 1
is "$(field r fired)" 1 'after an update, and a kill, the day is over'
clock_to '2028-02-28 08:00:01'
until_true has_fired r 2
is "$(wrote_to)" '0912000001:1 ' 'the next day nobody has a date in three days'
clock_to '2028-02-29 08:00:01'
until_true has_fired r 3
is "$(wrote_to)" '0912000001:1 0912000003:1 ' '29 February: three days before 3 March'
is "$(field r missed)" 0 'no day was missed'
sed -i 's|03/03/2028|04/03/2028|' "$dir/list.csv" && loa list import l "$dir/list.csv" >/dev/null
is "$(loa campaign preview r --json | json_field audience)" 1 'a preview is of the next one'

# ---- each year by month and day ----
loa campaign unschedule r >/dev/null
clock_to '2029-02-27 12:00'
campaign y '{"column":"ngay_sinh","yearly":true,"time":"08:00"}' >/dev/null
clock_to '2029-02-28 08:00:01'
until_true has_fired y 1
is "$(loa campaign results y --full --token-file "$dir/token" | awk -F, 'NR > 1 { print $2 }' | sort | tr '\n' ' ')" \
	'0912000001 0912000002 0912000005 ' 'born on 29 February: on the 28th in a year without one; a year alone is no day'
clock_to '2029-03-01 08:00:01'
until_true has_fired y 2
is "$(loa campaign results y --full --token-file "$dir/token" | awk -F, 'NR > 1 { print $2 }')" 0912000003 'and not again on 1 March'
loa campaign unschedule y >/dev/null
clock_to '2032-02-28 07:00'
loa campaign launch y >/dev/null
clock_to '2032-02-28 08:00:01'
until_true has_fired y 3
is "$(loa campaign results y --full --token-file "$dir/token" | awk -F, 'NR > 1 { print $2 }' | sort | tr '\n' ' ')" \
	'0912000002 0912000005 ' 'in a leap year the 28th is of its own'
clock_to '2032-02-29 08:00:01'
until_true has_fired y 4
is "$(loa campaign results y --full --token-file "$dir/token" | awk -F, 'NR > 1 { print $2 }')" 0912000001 'and the 29th, too'
done_testing
