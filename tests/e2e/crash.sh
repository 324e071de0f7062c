#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A run of six messages, killed at every crash point that it passes (base/crash.h), each time that
# it passes it: before and after each call of the library, before the bytes leave, before an answer
# is acted upon. After each the server is started again; nobody may be left out, nobody written to
# twice, and the counters must agree with the records.
. "$(dirname "$0")/lib.sh"

write() {
	write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"deadline_s": 10/"deadline_s": 600/' \
		-e 's/"log_level": "info"/"log_level": "error", "lease_ms": 1000/'
}
# The whole job, by somebody who repeats what was not answered.
stubborn() {
	local n=0
	until "$@" >/dev/null 2>"$dir/why"; do
		grep -qs 'already' "$dir/why" && return
		n=$((n + 1))
		[ $n -lt 400 ] || { cat "$dir/why"; return 1; }
		revive
		sleep 0.05
	done
}
revive() {
	kill -0 "$loa_pid" 2>/dev/null && return
	wait "$loa_pid" 2>/dev/null
	killed=$((killed + 1))
	unset LOA_CRASH_AT
	start_loa
}
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
# The job is done; what the server is to die at may come a moment later, and must not come while we look at
# the books. A first passing is waited for; a later one, which depends on the machine, is given up.
# (`bye` comes when the server is stopped.)
disarm() { # POINT
	case $1 in bye.*) return ;; unmark.*) ;; *:1) until_true is_gone ;; esac
	is_gone && return
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	unset LOA_CRASH_AT
	start_loa
}
finished() {
	revive
	[ "$(report state)" = finished ]
}
whole_job() {
	stubborn loa list import l "$dir/list.csv" &&
		stubborn loa segment save s l "so_dien_thoai != ''" &&
		stubborn loa template save t "$dir/t.txt" &&
		stubborn loa campaign create "$dir/c.json" &&
		stubborn loa campaign launch c &&
		until_true finished
}
stop_all() {
	kill "$loa_pid" 2>/dev/null
	wait "$loa_pid" 2>/dev/null
	stop_orphan
	kill "$gateway_pid"
	wait "$gateway_pid" 2>/dev/null
	rm -rf "$dir/data" "$dir/ledger"
	gateway_port='' loa_port=''
}
killed=0
one_job() {
	start_gateway --dedupe forever --receipts delivered --receipt-delay 10 --receipt-batch 100 --receipt-tries 1000
	write
	spawn_loa
	whole_job
}
printf 'Kính gửi {{ ho_ten }}, mời ông/bà nộp hồ sơ tại nhà.' >"$dir/t.txt"
echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
make_list 6

export LOA_CRASH_TRACE=$dir/trace
one_job
ok $? 'the run is finished when nothing happens'
stop_all
unset LOA_CRASH_TRACE
# NAME:N for the N-th passing; of what goes on for ever (heartbeats, idle claims, looks at the report)
# the first ones.
sort "$dir/trace" | uniq -c | awk '{
	n = $2 ~ /^hello\./ ? 1 : $2 ~ /^(progress|reconcile|claim|campaign_get|due|step|poll_take|alerts_look)\./ && $1 > 2 ? 2 : $1
	for (i = 1; i <= n; i++) print $2 ":" i }' >"$dir/points"
ok "$((!($(wc -l <"$dir/points") > 30)))" 'more than thirty moments are walked'

# (`bye` is passed while the server is being stopped; `unmark` where a slot was missed, as happens on a
# busy machine; `waits` where a report is asked for while something waits.) How often something is passed depends a little on
# the machine: only a first passing must be reached.
bad=0 missed=''
while IFS= read -r point; do
	before=$killed
	export LOA_CRASH_AT=$point
	one_job || echo "# $point: not finished"
	[ "$killed" -gt "$before" ] || disarm "$point"
	unset LOA_CRASH_AT
	revive
	got="$(report records) $(report counters) $(report delivered) $(gateway_stat accepted_again)"
	accepted=$(grep -c '"event":"accepted"' "$dir/ledger")
	if [ "$got $accepted" != '6 agree 6 0 6' ]; then
		bad=$((bad + 1))
		echo "# $point: records, counters, delivered, again, accepted: $got $accepted"
	fi
	[ "$killed" -gt "$before" ] || case $point in bye.* | unmark.* | waits.*) ;; *) missed="$missed $point" ;; esac
	stop_all
done <"$dir/points" 2>/dev/null
echo "# $(wc -l <"$dir/points") moments, not reached:${missed:- none}"
case "$missed " in *:1\ *) false ;; esac
ok $? 'the server is killed at each point'
is "$bad" 0 'at no moment of it a kill leaves anybody out or writes to anybody twice'
done_testing
