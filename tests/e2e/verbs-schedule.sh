#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# `loa schedule next` from outside. Expected times are the contract's, cal(1)'s and RFC 5545's.
set -u
cd "$(dirname "$0")/../.." || exit 2
loa=${B:-build}/loa
tmp=$(mktemp -d) || exit 2
trap 'rm -rf "$tmp"' EXIT
n=0

result() {
	n=$((n + 1))
	if [ "$1" -eq 0 ]; then echo "ok $n - $2"; else echo "not ok $n - $2"; fi
}

# prints SENTENCE EXPECTED ARGS…: exit 0, exactly these lines, silence on stderr
prints() {
	local sentence=$1 expected=$2 rc
	shift 2
	timeout 20 "$loa" schedule next "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ "$rc" -eq 0 ] && [ "$(cat "$tmp/out")" = "$expected" ] && [ ! -s "$tmp/err" ]
	result $? "$sentence"
}

# refuses SENTENCE CODE PATTERN ARGS…: exit CODE, no output, one line that matches on stderr
refuses() {
	local sentence=$1 code=$2 pattern=$3 rc
	shift 3
	timeout 20 "$loa" schedule next "$@" >"$tmp/out" 2>"$tmp/err"
	rc=$?
	[ "$rc" -eq "$code" ] && [ ! -s "$tmp/out" ] && [ "$(wc -l <"$tmp/err")" -eq 1 ] &&
		grep -q "^loa: .*$pattern" "$tmp/err"
	result $? "$sentence"
}

echo 1..23
at='{"at":"2027-10-10T08:00"}'
yearly='{"rrule":"FREQ=YEARLY;BYMONTH=10;BYMONTHDAY=10","time":"08:00","start":"2026-09-01"}'
anchor='{"anchor":"10-10","offsets":["-7d","-1d","0d"],"time":"08:00"}'

prints "a time is printed with its zone" 2027-10-10T08:00:00+07:00 "$at" --from 2027-01-01
prints "from is inclusive" 2027-10-10T08:00:00+07:00 "$at" --from 2027-10-10T08:00
prints "from may name UTC" 2027-10-10T08:00:00+07:00 "$at" --from=2027-10-10T01:00:00Z
prints "what is past gives nothing" "" "$at" --from 2027-10-10T08:00:01+07:00
prints "a rule gives n times" "2027-10-10T08:00:00+07:00
2028-10-10T08:00:00+07:00" "$yearly" --from 2026-10-11 -n 2
prints "an anchor gives its offsets every year" "2027-10-03T08:00:00+07:00
2027-10-09T08:00:00+07:00
2027-10-10T08:00:00+07:00
2028-10-03T08:00:00+07:00" "$anchor" --from 2027-01-01 -n 4
prints "a rule that ends gives fewer" "2027-10-10T08:00:00+07:00
2027-10-11T08:00:00+07:00" '{"rrule":"FREQ=DAILY;COUNT=2","time":"08:00"}' --from 2027-10-10
prints "a rule that never matches ends" "" \
	'{"rrule":"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30","time":"08:00"}' -n 3

[ "$("$loa" schedule next "$yearly" --from 2027-01-01 | wc -l)" -eq 10 ]
result $? "ten times are the default"
[ "$("$loa" schedule next "$yearly" --from 2027-01-01 -n 1000 | tail -n 1)" = \
	3026-10-10T08:00:00+07:00 ]
result $? "a thousand times are the most"

echo "$at" >"$tmp/spec.json"
prints "a spec comes from a file" 2027-10-10T08:00:00+07:00 "@$tmp/spec.json" --from 2027-01-01
[ "$("$loa" schedule next - --from 2027-01-01 <"$tmp/spec.json")" = 2027-10-10T08:00:00+07:00 ]
result $? "a spec comes from the standard input"

refuses "a misspelt key is named" 1 'did you mean "rrule"' '{"rule":"FREQ=DAILY"}'
refuses "a text that is no JSON is refused" 1 'SPEC: line 1' '{"at":'
refuses "a missing file is named" 1 "$tmp/none" "@$tmp/none"
refuses "a bad count is a matter of usage" 2 '-n: must be 1 to 1000' "$at" -n 1001
refuses "a bad from is a matter of usage" 2 '--from: "tomorrow"' "$at" --from tomorrow
refuses "a spec is needed" 2 'needs a SPEC'

# ---- feasts: dates of the almanac for UTC+7 ----
prints "an anchor names a feast of the calendar" "2026-08-26T08:00:00+07:00
2027-08-15T08:00:00+07:00" '{"anchor":"Vu Lan","offsets":["-1d"],"time":"08:00"}' --from 2026-08-01 -n 2
prints "the day of each is explained" "2027-10-09T08:00:00+07:00  Saturday
2027-10-10T08:00:00+07:00  Sunday: Ngày Chuyển đổi số quốc gia" "$anchor" --from 2027-10-09 -n 2 --explain
[ "$("$loa" schedule next '{"anchor":"tet","time":"08:00"}' --from 2031-01-01 2>"$tmp/err")" = 2031-01-23T08:00:00+07:00 ] &&
	grep -q 'no further occurrence, the calendar has this feast until 2031' "$tmp/err"
result $? "where the calendar ends is said"
refuses "a feast that the calendar does not have is refused with those that it has" 1 'anchor: "noel" is .*vu-lan' \
	'{"anchor":"noel","time":"08:00"}'
echo '{"days":[{"name":"Lễ hội xã","kind":"feast","yearly":"03-15"}]}' >"$tmp/calendar.json"
prints "a calendar of one's own" 2027-03-15T08:00:00+07:00 '{"anchor":"le-hoi-xa","time":"08:00"}' \
	--calendar "$tmp/calendar.json" --from 2027-01-01 -n 1
