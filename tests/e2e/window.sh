#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# In what time a run is sent: spread until a time of the day, and by when it must be sent; what is not ends as
# expired, with its reason, whatever is killed. At night it waits, and goes on in order in the morning.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 2000/' -e '/"receipts": {/,/^        }/d' \
	-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
cat >"$dir/policy.json" <<-'JSON'
	{ "classes": [ { "class": "notice", "priority": 3 },
		{ "class": "duty", "priority": 1, "hours": { "from": "07:00", "to": "22:00" } } ] }
JSON
start_loa
clock_to() { # TIME in Vietnam
	redis HSET loa:meta clock_offset_ms $((($(TZ=Asia/Ho_Chi_Minh date -d "$1" +%s) - $(date +%s)) * 1000)) >/dev/null
	redis PUBLISH loa:tick run >/dev/null
}
make_list 60
make_campaign "so_dien_thoai != ''"
campaign() { # NAME CLASS MORE
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"s\"],\"class\":\"$2\",$3}" >"$dir/$1.json"
	loa campaign create "$dir/$1.json"
}
accepted() { report_of "$1" accepted; }
has_accepted() { [ "$(accepted "$1")" -ge "$2" ]; }

# ---- what is refused ----
has "$(campaign x notice '"finish_by":"25:00"' 2>&1)" 'finish_by' 'a time that is none is refused'
has "$(campaign x notice '"smooth":{"to":"17:00"}' 2>&1)" 'smooth.to' 'so is what is not known'
has "$(campaign x notice '"smooth":{}' 2>&1)" 'smooth.until' 'and what is missing'
campaign never duty '"schedule":{"at":"2030-01-01T22:30"},"finish_by":"23:30"' >/dev/null
has "$(loa campaign launch never 2>&1)" 'may not leave (07:00 to 22:00)' 'a window that never opens is refused, with the reason'
is "$(loa campaign launch never >/dev/null 2>&1; echo $?)" 4 'by policy'

# ---- spread ----
clock_to '2027-10-10 08:00:30'
campaign even notice '"smooth":{"until":"08:01"}' >/dev/null
loa campaign launch even >/dev/null
until_true has_accepted even 5
sleep 10
n=$(accepted even)
[ "$n" -ge 15 ] && [ "$n" -le 45 ]
ok $? "sixty messages over half a minute: $n after a third of it"
[ "$(loa campaign show even | grep -c '"until": "08:01"')" = 1 ]
ok $? 'the campaign shows it'
until_true is_finished even
is "$(accepted even)" 60 'all of them are sent'
took=$(($(date +%s) + $(redis HGET loa:meta clock_offset_ms) / 1000 - $(redis HGET "loa:run:$(loa campaign show even | json_field run)" launched_s)))
[ "$took" -ge 22 ] && [ "$took" -le 40 ]
ok $? "in the time that it had, half a minute ($took s)"

# ---- finish by ----
make_list 400 && loa list import l "$dir/list.csv" >/dev/null
campaign slow notice '"schedule":{"at":"2030-01-01T09:00"},"finish_by":"09:01","speed":5' >/dev/null
has "$(loa campaign preview slow)" 'some 100 messages would not be sent, and end as expired' \
	'a preview warns where the time will not do: 400 messages, 5 a second, a minute'
clock_to '2027-10-10 09:00:45'
campaign late notice '"finish_by":"09:01","speed":10' >/dev/null
loa campaign launch late >/dev/null
until_true has_accepted late 30
kill_server
until_true is_finished late
ok $? 'when its time is over it is finished'
sent=$(accepted late)
[ "$sent" -ge 30 ] && [ "$sent" -lt 250 ]
ok $? "some were sent: $sent"
is "$(report_of late expired)" $((400 - sent)) 'the others are expired'
has "$(loa campaign report late)" 'was not sent by the time it had to be' 'with the reason'
is "$(report_of late counters)" agree 'counters and records agree'
is "$(report_of late waiting)" 0 'nobody waits'
before=$(lines)
sleep 2
is "$(lines)" "$before" 'nothing more leaves'
is "$(loa campaign results late | awk -F, '$3 == "expired" { print $4 }' | sort -u)" 'was not sent by the time it had to be' 'the results name it'
# Paused over its time it ends, too.
clock_to '2027-10-10 10:00:50'
campaign paused notice '"finish_by":"10:01","speed":10' >/dev/null
loa campaign launch paused >/dev/null
until_true has_accepted paused 5
loa campaign pause paused >/dev/null
until_true is_finished paused
ok $? 'one that was paused over its time is finished'
is "$(report_of paused counters)" agree 'its counters agree'
# Fired too late to be sent at all.
clock_to '2027-10-10 10:59'
campaign gone notice '"schedule":{"at":"2027-10-10T11:00"},"finish_by":"11:01","late":{"then":"send","within_min":60}' >/dev/null
loa campaign launch gone >/dev/null
kill -9 "$loa_pid" && wait "$loa_pid" 2>/dev/null
clock_to '2027-10-10 11:20'
start_loa
is_missed() { loa campaign show gone | grep -q '"state": "missed"'; }
until_true is_missed
ok $? 'what could only begin after its time is missed'
has "$(loa campaign show gone)" 'the time is over by which it must be sent' 'and says so'

# ---- over night, in order ----
make_list 40 && loa list import l "$dir/list.csv" >/dev/null
clock_to '2027-10-10 21:59:50'
campaign night duty '"speed":2' >/dev/null
loa campaign launch night >/dev/null
until_true has_accepted night 6
clock_to '2027-10-10 22:00:00'
sleep 1
n=$(accepted night)
sleep 2
is "$(accepted night)" "$n" 'at the end of its hours it stops'
loa campaign speed night 0 >/dev/null
clock_to '2027-10-11 06:59:58'
is "$(accepted night)" "$n" 'before they open nothing leaves'
until_true is_finished night
is "$(accepted night)" 40 'in the morning the rest is sent'
sed -n '/"event":"accepted"/s/.*"to":"84\([0-9]*\)".*/0\1/p' "$dir/ledger" | tail -n 40 >"$dir/order"
is "$(diff <(tail -n +2 "$dir/list.csv" | cut -d';' -f3 | head -n "$n" | sort) <(head -n "$n" "$dir/order" | sort) | wc -l)" 0 \
	'in the order of the list: the first in the evening, the others in the morning'
is "$(gateway_stat accepted_again)" 0 'nobody twice'
done_testing
