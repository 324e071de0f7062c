#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Receipts that come while Redis is dead, and a kill at every crash point (base/crash.h) on their way
# through the spool: in the server, in the helper that writes them, in the process that reads a large
# push, and in the next server that finds the file. After each the rows that are delivered are
# compared with what was answered 200: all of these, and nothing that was not told.
. "$(dirname "$0")/lib.sh"

redis() {
	redis-server --port 0 --unixsocket "$dir/redis.sock" --dir "$dir" --appendonly yes \
		--appendfsync always --save '' >>"$dir/redis.out" 2>&1 &
	redis_server=$!
	until_true redis-cli -s "$dir/redis.sock" ping
}
redis_dies() {
	kill -9 "$redis_server"
	wait "$redis_server"
} 2>/dev/null
loa_dies() {
	kill -9 "$loa_pid"
	wait "$loa_pid"
} 2>/dev/null
trap 'kill "$redis_server" 2>/dev/null; clean_up' EXIT
mkdir "$dir/data"
redis
start_gateway --dedupe forever
write_config -e 's/"rate": 100/"rate": 1000/' -e 's/"name": "mo-phong",/& "token": "0123456789abcdef",/' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' \
	-e "s|\"log_level\": \"info\"|\"log_level\": \"error\", \"lease_ms\": 1000, \"redis_socket\": \"$dir/redis.sock\"|"
start_loa
make_list 400
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
accepted() { [ "$(report accepted)" = 400 ]; }
until_true accepted
ok $? 'all are accepted'
# reference and phone of each
sed -n 's/.*"event":"accepted".*"ref":"\([^"]*\)".*"to":"84\([0-9]*\)".*/\1 0\2/p; t
	s/.*"event":"accepted".*"to":"84\([0-9]*\)".*"ref":"\([^"]*\)".*/\2 0\1/p' "$dir/ledger" >"$dir/refs"
is "$(wc -l <"$dir/refs")" 400 'and known by their references'
loa_dies

# push FROM PAD: receipts of two messages; 0 = they were answered 200. They stand in told, or in doubt.
push() {
	local body
	body=$(sed -n "$1,$(($1 + 1))p" "$dir/refs" | sed 's/ .*//; s/.*/{"ref":"&","status":"DELIVRD"}/' | paste -sd,)
	: >"$dir/status"
	http "127.0.0.1:$loa_port" POST /hooks/receipt/mo-phong/0123456789abcdef "{\"pad\":\"$2\",\"receipts\":[$body]}" >/dev/null
	if [ "$(cat "$dir/status")" = 200 ]; then
		sed -n "$1,$(($1 + 1))s/.* //p" "$dir/refs" >>"$dir/told"
	else
		echo "$1" >>"$dir/doubt"
		false
	fi
} 2>/dev/null
again() { # what was not answered, by a gateway that repeats it
	local at
	while read -r at; do
		until push "$at" ''; do sleep 0.05; done
	done < <(cat "$dir/doubt" && : >"$dir/doubt")
}
no_spool() { ! compgen -G "$dir/data/receipts.*.spool" >/dev/null; }
delivered() { loa campaign results c --full --token-file "$dir/token" --state delivered | tr -d '\r' | sed 1d | cut -d, -f2 | sort; }
# Nothing that was told is missing, nothing is there that was not told or in doubt.
is_right() { # POINT
	local missing more
	until_true no_spool || echo "# $1: the spool stays"
	delivered >"$dir/delivered"
	sort -u "$dir/told" >"$dir/wanted"
	missing=$(comm -23 "$dir/wanted" "$dir/delivered" | wc -l)
	more=$(comm -13 "$dir/wanted" "$dir/delivered" | wc -l)
	[ "$missing" = 0 ] && [ "$more" -le $((2 * $(wc -l <"$dir/doubt"))) ] && return
	echo "# $1: $missing missing, $more too many"
	return 1
}
revive() {
	# The last point is behind the removal of the file that was waited for.
	[ -z "${LOA_CRASH_AT:-}" ] || until_true is_gone
	unset LOA_CRASH_AT LOA_CRASH_TRACE
	kill -0 "$loa_pid" 2>/dev/null && return
	wait "$loa_pid" 2>/dev/null
	killed=$((killed + 1))
	spawn_loa
}
pad=$(printf '%033000d' 0)
# Redis dies, a small push and a large one come, Redis is back.
first_half() {
	spawn_loa
	redis_dies
	push $((at)) ''
	push $((at + 2)) "$pad"
	# A helper that was killed: its server, too, before it starts another.
	case ${LOA_CRASH_AT:-} in spooler.* | reader.*) loa_dies ;; esac
	redis
	until_true settled
}
is_gone() { ! kill -0 "$loa_pid" 2>/dev/null; }
settled() { no_spool || is_gone; }
# The same, and the server is killed before Redis is back; the next one finds the file, with a torn end.
second_half() {
	local crash=${LOA_CRASH_AT:-} trace=${LOA_CRASH_TRACE:-}
	unset LOA_CRASH_AT LOA_CRASH_TRACE
	spawn_loa
	redis_dies
	push $((at)) ''
	push $((at + 2)) ''
	loa_dies
	printf 'LRS1\377\000\000\000torn' >>"$dir/data/receipts.0.spool"
	redis
	[ -z "$crash" ] || export LOA_CRASH_AT=$crash
	[ -z "$trace" ] || export LOA_CRASH_TRACE=$trace
	spawn_loa
	until_true settled
}
: >"$dir/told"
: >"$dir/doubt"
killed=0 at=1
for half in first second; do
	export LOA_CRASH_TRACE=$dir/trace.$half
	${half}_half
	unset LOA_CRASH_TRACE
	is_right nothing && [ ! -s "$dir/doubt" ]
	ok $? "the $half half is right when nothing happens"
	loa_dies
	at=$((at + 4))
	grep -E '^(spool|spooler|reader|receipt|receipts)\.' "$dir/trace.$half" | sort | uniq -c |
		awk -v half=$half '{ for (i = 1; i <= $1; i++) print half, $2 ":" i }' >>"$dir/points"
done
ok "$((!($(wc -l <"$dir/points") > 30)))" 'more than thirty moments are walked'

bad=0 walked=0
while read -r half point; do
	export LOA_CRASH_AT=$point
	killed=0
	${half}_half
	revive
	[ "$killed" = 1 ] || echo "# $half $point: not killed"
	walked=$((walked + killed))
	is_right "$half $point" || bad=$((bad + 1))
	again
	is_right "$half $point, repeated" || bad=$((bad + 1))
	loa_dies
	at=$((at + 4))
done <"$dir/points" 2>/dev/null
start_loa
is "$walked" "$(wc -l <"$dir/points")" 'a process is killed at each of them'
is "$bad" 0 'at no moment of it a kill loses what was answered, or tells what was not said'
is "$(report counters)" agree 'counters and records agree'
is "$(report delivered)" "$(sort -u "$dir/told" | wc -l)" 'each is counted once'
done_testing
