# SPDX-License-Identifier: MIT
# Shared by the end-to-end tests: a folder of their own, a gateway, a server, TAP. Sourced.
set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
B=${B:-build}
dir=$(mktemp -d "${TMPDIR:-/tmp}/loa-e2e.XXXXXX")
tests=0 failed=0 gateway_pid='' loa_pid='' token=''

redis_pid() { sed -n '1p' "$dir/data/redis.pid" 2>/dev/null; }

clean_up() {
	trap - EXIT INT TERM
	[ -z "$loa_pid" ] || { kill "$loa_pid" 2>/dev/null; wait "$loa_pid" 2>/dev/null; }
	[ -z "$gateway_pid" ] || { kill "$gateway_pid" 2>/dev/null; wait "$gateway_pid" 2>/dev/null; }
	stop_orphan
	rm -rf "$dir"
}
# A Redis that a killed server left behind.
stop_orphan() {
	local pid
	pid=$(redis_pid)
	[ -z "$pid" ] || ! kill -0 "$pid" 2>/dev/null || { kill "$pid"; until_false kill -0 "$pid"; }
}
trap clean_up EXIT
trap 'exit 130' INT TERM

ok() { # ok CONDITION-RC SENTENCE
	tests=$((tests + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $tests - $2"
	else
		failed=$((failed + 1))
		echo "not ok $tests - $2"
	fi
}
is() { # is GOT WANTED SENTENCE
	if [ "$1" = "$2" ]; then
		ok 0 "$3"
	else
		ok 1 "$3"
		printf '# got:    %s\n# wanted: %s\n' "$1" "$2"
	fi
}
has() { # has TEXT PART SENTENCE
	case $1 in
	*"$2"*) ok 0 "$3" ;;
	*)
		ok 1 "$3"
		printf '# got:  %s\n# part: %s\n' "$1" "$2"
		;;
	esac
}
done_testing() {
	echo "1..$tests"
	[ "$failed" -eq 0 ] || tail -n 30 "$dir/loa.log" 2>/dev/null | sed 's/^/# /'
	[ "$failed" -eq 0 ]
	exit
}

# Wait until a command succeeds (fails), at most 60 s.
until_true() {
	local until_tries=0
	until "$@" >/dev/null 2>&1; do
		until_tries=$((until_tries + 1))
		[ $until_tries -lt 1200 ] || return 1
		sleep 0.05
	done
}
until_false() {
	local until_tries=0
	while "$@" >/dev/null 2>&1; do
		until_tries=$((until_tries + 1))
		[ $until_tries -lt 1200 ] || return 1
		sleep 0.05
	done
}

start_gateway() { # flags…
	rm -f "$dir/port"
	"$B/gateway" --listen "127.0.0.1:${gateway_port:-0}" --port-file "$dir/port" \
		--ledger "$dir/ledger" --key k "$@" >>"$dir/gateway.out" 2>&1 &
	gateway_pid=$!
	until_true test -s "$dir/port" || { cat "$dir/gateway.out"; exit 1; }
	gateway_port=$(cat "$dir/port")
}
gateway_control() { # {"flag":value}
	http "127.0.0.1:$gateway_port" POST /control "$1"
}
gateway_stat() { # NAME
	http "127.0.0.1:$gateway_port" GET /stats | grep -o "\"$1\":[0-9]*" | cut -d: -f2
}

lines() { wc -l <"$dir/ledger"; }
has_lines() { [ "$(lines)" -ge "$1" ]; }

# How many redis-servers work on this socket? (pgrep is not on every machine.)
redis_count() { # SOCKET
	local n=0 f words
	for f in /proc/[0-9]*/cmdline; do
		words=$(tr '\0' ' ' <"$f" 2>/dev/null)
		case $words in redis-server*"$1"*) n=$((n + 1)) ;; esac
	done
	echo "$n"
}

# http HOST:PORT METHOD PATH [BODY] [HEADER]…: the answer's body; its status in $dir/status
http() {
	local host=${1%:*} port=${1##*:} method=$2 path=$3 body=${4:-}
	shift 3
	[ $# -eq 0 ] || shift
	exec 7<>"/dev/tcp/$host/$port" || return 1
	{
		printf '%s %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n' "$method" "$path" "$host:$port"
		for header in "$@"; do printf '%s\r\n' "$header"; done
		printf 'Content-Type: application/json\r\nContent-Length: %s\r\n\r\n%s' "$(printf %s "$body" | wc -c)" "$body"
	} >&7
	tr -d '\r' <&7 | {
		read -r _ status _
		echo "$status" >"$dir/status"
		while IFS= read -r line && [ -n "$line" ]; do :; done
		cat
	}
	exec 7<&- 7>&-
}

# The configuration of a list gateway on $gateway_port; arguments are sed scripts over it.
write_config() {
	cat >"$dir/policy.json" <<-'JSON'
		{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "personal", "priority": 1 } ] }
	JSON
	sed -e "s|@GATEWAY@|http://127.0.0.1:$gateway_port|; s|@POLICY@|$dir/policy.json|; s|demo-key|k|" \
		"$@" config/demo/loa.json >"$dir/loa.json"
}
start_loa() { # words of loa serve…
	spawn_loa "$@" && return
	tail -n 30 "$dir/loa.log"
	exit 1
}
# The same; fails when it ends before it serves.
spawn_loa() {
	: >"$dir/loa.out"
	"$B/loa" serve --config "$dir/loa.json" --data "$dir/data" --listen "127.0.0.1:${loa_port:-0}" "$@" \
		>"$dir/loa.out" 2>>"$dir/loa.log" &
	loa_pid=$!
	until_true is_serving_or_gone
	grep -q 'once: ' "$dir/loa.out" && token=$(sed -n 's/.*once: //p' "$dir/loa.out") && echo "$token" >"$dir/token"
	loa_port=$(sed -n 's|.*http://127.0.0.1:\([0-9]*\) .*|\1|p' "$dir/loa.out" | head -n 1)
	grep -q serving "$dir/loa.out"
}
is_serving_or_gone() {
	grep -q serving "$dir/loa.out" || ! kill -0 "$loa_pid" 2>/dev/null
}
loa() { "$B/loa" "$@" --data "$dir/data"; }
kill_server() { # and start it again
	kill -9 "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	start_loa
}
# kill_in_the_middle I WORDS…: `loa WORDS` runs, and after a while of up to 5/4 of took_us Redis (I even) or the
# server (I odd; it is started again) is killed. Sets delay, and told: what loa ended with.
kill_in_the_middle() {
	local i=$1 us client
	shift
	loa "$@" >/dev/null 2>&1 &
	client=$!
	us=$(((RANDOM * 32768 + RANDOM) % (took_us * 5 / 4)))
	printf -v delay '%d.%06d' $((us / 1000000)) $((us % 1000000))
	sleep "$delay"
	if [ $((i % 2)) -eq 0 ]; then
		kill -9 "$(redis_pid)"
	else
		kill -9 "$loa_pid"
		wait "$loa_pid" 2>/dev/null
	fi
	wait "$client"
	told=$?
	[ $((i % 2)) -eq 0 ] || start_loa
}
redis() { redis-cli -s "$dir/data/redis.sock" --raw "$@"; }
# api METHOD PATH [BODY] [KEY]: of /api/v1, with the token that the first start showed
api() {
	http "127.0.0.1:$loa_port" "$1" "/api/v1$2" "${3:-}" "Authorization: Bearer $token" ${4:+"Idempotency-Key: $4"}
}
metrics() { http "127.0.0.1:$loa_port" GET /metrics '' "Authorization: Bearer $token"; }
status() { cat "$dir/status"; } # of the last answer

# make_list ROWS: name, birth date, phone, commune; every phone differs
make_list() {
	awk -v n="$1" 'BEGIN {
		print "Họ và tên;Ngày sinh;Số điện thoại;Xã"
		for (i = 0; i < n; i++)
			printf "Nguyễn Văn Thử %d;0%d/1%d/19%d;09%08d;Xã số %d\n", i, i % 9 + 1, i % 3, 40 + i % 60, 10000000 + i * 7, i % 50
	}' >"$dir/list.csv"
}
# A campaign "c" to the rows that fit QUERY of the list "l".
make_campaign() { # QUERY
	loa list import l "$dir/list.csv" >/dev/null &&
		loa segment save s l "$1" >/dev/null &&
		printf 'Kính gửi {{ ho_ten }}, mời ông/bà nộp hồ sơ tại nhà.' >"$dir/t.txt" &&
		loa template save t "$dir/t.txt" >/dev/null &&
		echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json" &&
		loa campaign create "$dir/c.json" >/dev/null
}
# json_field NAME: the first member NAME, a number or a word, of the indented JSON on standard input
json_field() { sed -n "s/^ *\"$1\": \"*\([a-z0-9]*\)\"*,*\$/\1/p" | head -n 1; }
# report_of CAMPAIGN FIELD; report FIELD: the same of "c"
# (counters: asked for again while receipts move them)
report_of() {
	local value n=0
	while value=$(loa campaign report "$1" --json 2>/dev/null | json_field "$2") &&
		[ "$value" = moving ] && [ $n -lt 600 ]; do
		n=$((n + 1))
		sleep 0.1
	done
	echo "$value"
}
report() { report_of c "$1"; }
is_state() { [ "$(report_of "$1" state)" = "$2" ]; } # CAMPAIGN STATE
is_finished() { is_state "${1:-c}" finished; }     # [CAMPAIGN]
