#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a person does to a campaign (go on, stop, begin later, try again, refuse, send again, mark),
# each killed at every crash point that it passes (base/crash.h), started again, and told
# again by a person who got no answer. It is done once, and nobody is written to twice.
. "$(dirname "$0")/lib.sh"

write() {
	write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"concurrency": 4/"concurrency": 1, "timeout_ms": 1000/' \
		-e 's/"deadline_s": 10/"deadline_s": 1/' \
		-e 's/"log_level": "info"/"log_level": "error", "lease_ms": 1000/' "$@"
}
end() { # PID
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
}
revive() {
	kill -0 "$loa_pid" 2>/dev/null && return
	wait "$loa_pid" 2>/dev/null
	killed=$((killed + 1))
	unset LOA_CRASH_AT
	start_loa
}
# The command, by somebody who repeats what was not answered and believes a server that says that it
# was done ("already", "nothing to …", "no … in doubt").
stubborn() {
	local n=0
	until "$@" >"$dir/out" 2>"$dir/why" </dev/null; do
		[ $n -eq 0 ] || ! grep -qsE "$done_words" "$dir/why" || return 0
		n=$((n + 1))
		[ $n -lt 400 ] || { sed 's/^/# /' "$dir/why"; return 1; }
		revive
		sleep 0.05
	done
}
done_words='already|nothing to|is (paused|running|cancelled|finished|scheduled)|is in doubt'
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
twice() { # phones that the gateway took more than once
	sed -n 's/.*"event":"accepted".*"to":"\([0-9]*\)".*/\1/p' "$dir/ledger" | sort | uniq -d | wc -l
}
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
# The act is done; what the server is to die at may come a moment later, and must not come while we look at
# the books. A first passing is waited for; a later one, which depends on the machine, is given up.
disarm() { # POINT
	case $1 in *:1) until_true is_gone ;; esac
	is_gone && return
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	unset LOA_CRASH_AT
	start_loa
}
settled() { revive; is_finished; }
is_at() { revive; [ "$(report "$1")" = "$2" ]; } # FIELD VALUE

# ---- the acts: what is there before, what is done, what must be true then ----
with_canary() { # a campaign of six of which two are sent, and which waits for a person
	make_list 6
	make_campaign "so_dien_thoai != ''"
	echo '{"name":"d","template":"t","segments":["s"],"class":"notice","canary":{"messages":2,"then":"person"}}' >"$dir/d.json"
	loa campaign create "$dir/d.json" >/dev/null
	loa campaign launch d >/dev/null
	until_true eval '[ "$(report_of d delivered):$(report_of d state)" = 2:paused ]'
}
report() { report_of "${campaign:-c}" "$1"; }
is_finished() { is_state "${campaign:-c}" finished; }

before_resume() { campaign=d; with_canary; }
# (Receipts may come after their deadline, when the run is finished already.)
resume() { stubborn loa campaign resume d && until_true is_at delivered 6 && until_true settled; }
after_resume() { [ "$(report delivered) $(accepted) $(twice)" = '6 6 0' ]; }

before_cancel() { campaign=d; with_canary; }
cancel() { stubborn loa campaign cancel d --yes && until_true is_at cancelled 4; }
after_cancel() { [ "$(report delivered) $(report cancelled) $(accepted)" = '2 4 2' ]; }

before_suppress() { campaign=d; with_canary; }
suppress() {
	stubborn loa suppress add 0910000035 --reason 'asked by phone' &&
		stubborn loa campaign resume d && until_true is_at delivered 5 && until_true settled
}
after_suppress() { [ "$(report delivered) $(report suppressed) $(accepted)" = '5 1 5' ]; }

before_later() { campaign=c; make_list 6; make_campaign "so_dien_thoai != ''"; }
in_a_while() { loa campaign launch c --at "$(TZ=UTC-7 date -d '+4 seconds' +%Y-%m-%dT%H:%M:%S)"; }
later() { stubborn in_a_while && until_true is_at delivered 6 && until_true settled; } # (each time a new time)
after_later() { [ "$(report delivered) $(accepted) $(twice)" = '6 6 0' ]; }

before_retry() {
	campaign=c
	make_list 6
	make_campaign "so_dien_thoai != ''"
	gateway_control '{"refuse-rate":1}' >/dev/null
	loa campaign launch c >/dev/null
	until_true eval '[ "$(report refused)" = 6 ] && is_finished'
}
retry() { stubborn loa campaign retry c --reasons bad-recipient --yes && until_true is_at delivered 6 && until_true settled; }
after_retry() { [ "$(report refused) $(accepted) $(twice)" = '0 6 0' ]; }

before_doubt() {
	campaign=c
	gateway_control '{"close-after":1}' >/dev/null
	make_list 4
	make_campaign "so_dien_thoai != ''"
	loa campaign launch c >/dev/null
	may() { [ "$(loa doubt ls c --json | grep -c '"may":"new-attempt"')" = 4 ]; }
	until_true may
}
before_resend() { before_doubt; }
resend() {
	stubborn loa doubt resend c --row 4 --new-attempt --yes --reason 'asked by phone' && until_true is_at accepted 1
}
# Told again it may only be refused: the gateway has row 4 twice, whatever the moment.
after_resend() { [ "$(accepted) $(twice)" = '5 1' ]; }
before_mark() { before_doubt; }
mark() { stubborn loa doubt mark c --row 2 --as sent --reason 'the citizen has it'; }
after_mark() { [ "$(report accepted) $(report unknown) $(accepted)" = '1 3 4' ]; }

# ---- each of them, from the same beginning, killed at each moment ----
gateway() { start_gateway --dedupe none --receipts "$receipts" --receipt-delay 10 --receipt-batch 100 --receipt-tries 1000; }
keep() { rm -rf "$dir/kept" && mkdir "$dir/kept" && cp -a "$dir/data" "$dir/ledger" "$dir/kept/"; }
again() { rm -rf "$dir/data" "$dir/ledger" && cp -a "$dir/kept/data" "$dir/kept/ledger" "$dir/"; }
stop_all() {
	end "$loa_pid"
	stop_orphan
	end "$gateway_pid"
}
walk() { # ACT
	local act=$1 point bad=0 missed='' n=0 before

	rm -rf "$dir/data" "$dir/ledger"
	gateway_port='' loa_port=''
	receipts=delivered
	case $act in resend | mark) receipts=none ;; esac # of what is in doubt they would tell the truth
	gateway
	if [ $receipts = none ]; then
		write -e '/"dedupe"/d' -e '/"30": "duplicate"/s/"30": "duplicate", //' -e 's/"batch": { "max": 100 }/"batch": { "max": 10 }/'
	else
		write
	fi
	start_loa
	"before_$act" >"$dir/why" 2>&1 || { ok 1 "$act: what comes before it"; sed "s/^/# /" "$dir/why"; return; }
	stop_all
	keep

	gateway
	rm -f "$dir/trace"
	LOA_CRASH_TRACE=$dir/trace start_loa
	until_true test -s "$dir/trace"
	: >"$dir/trace"
	"$act"
	ok $? "$act: done when nothing happens"
	sort "$dir/trace" | uniq -c | awk '{
		if ($2 ~ /^(hello|beat|progress|reconcile|claim|campaign_get|due|poll_take|unused|unmark|bytes|outcome|permit|receipts?|release|suppress_check|registered_all|audit_head|waits|alerts_look)\./) next
		n = $2 ~ /^(step|control)\./ ? 1 : $1 > 2 ? 2 : $1
		for (i = 1; i <= n; i++) print $2 ":" i }' >"$dir/points"
	stop_all
	while IFS= read -r point; do
		again
		gateway
		before=$killed n=$((n + 1))
		export LOA_CRASH_AT=$point
		spawn_loa || { wait "$loa_pid"; loa_pid=$!; revive; }
		"$act" || { bad=$((bad + 1)); echo "# $act, $point: not done"; }
		[ "$killed" -gt "$before" ] || disarm "$point"
		unset LOA_CRASH_AT
		revive
		"after_$act" || { bad=$((bad + 1)); echo "# $act, $point: $(report state) accepted $(accepted), twice $(twice)"; }
		[ -z "$campaign" ] || [ "$(report counters)" = agree ] || { bad=$((bad + 1)); echo "# $act, $point: counters $(report counters)"; }
		[ "$killed" -gt "$before" ] || missed="$missed $point"
		stop_all
	done <"$dir/points" 2>/dev/null
	echo "# $act: $n moments, not reached:${missed:- none}"
	case "$missed " in *:1\ *) false ;; *) [ $n -ge 4 ] ;; esac
	ok $? "$act: the server is killed at each"
	is "$bad" 0 "$act: at no moment a kill does it half or twice"
}
killed=0
for act in ${ACTS:-resume cancel suppress later retry resend mark}; do walk "$act"; done
done_testing
