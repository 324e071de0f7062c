# SPDX-License-Identifier: MIT
# Shared by the gateway's own tests, tests/e2e/gateway*.sh: a gateway, HTTP through bash's /dev/tcp,
# so that a reset, a closed and a silent connection can be told apart, TAP. Sourced.
set -u
export LC_ALL=C
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
gateway=$PWD/${B:-build}/gateway
case ${B:-build} in /*) gateway=$B/gateway ;; esac
dir=$(mktemp -d "${TMPDIR:-/tmp}/gateway.XXXXXX") || exit 2
ledger=$dir/ledger
pid=
number=0

finish() {
	[ -z "$pid" ] || kill -KILL "$pid" 2>/dev/null
	rm -rf "$dir"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# ---- TAP ----

# check SENTENCE COMMAND…
check() {
	local sentence=$1

	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number - $sentence"
	else
		echo "not ok $number - $sentence"
		echo "# $*"
		echo "# status=${status:-} end=${end:-} body=${body:-}"
	fi
}

is() { [ "$1" = "$2" ] || { echo "# is \"$1\", should be \"$2\""; false; }; }
has() { case $1 in *"$2"*) ;; *) echo "# \"$1\" has no \"$2\""; false ;; esac; }

# until_true COMMAND…: at most 10 s
until_true() {
	local i

	for ((i = 0; i < 200; i++)); do
		"$@" >/dev/null && return 0
		read -r -t 0.05 <>"$dir/never"
	done
	"$@"
}
mkfifo "$dir/never"

# ---- the gateway ----

start() {
	rm -f "$dir/port"
	"$gateway" --port-file "$dir/port" --ledger "$ledger" "$@" >"$dir/out" 2>"$dir/err" &
	pid=$!
	until_true test -s "$dir/port" || { cat "$dir/err"; exit 1; }
	port=$(<"$dir/port")
	self=http://127.0.0.1:$port/inbox
}

stop() {
	kill "-${1:-TERM}" "$pid"
	wait "$pid" 2>/dev/null
	rc=$?
	pid=
}

# raw BYTES: sends, reads to the end. Sets status, body, end (closed, reset, silent).
raw() {
	local answer

	exec 3<>"/dev/tcp/127.0.0.1/$port" || return
	printf '%b' "$1" >&3 2>/dev/null
	answer=$(timeout "${patience:-20}" cat <&3 2>"$dir/cat" | tr -d '\0'; exit "${PIPESTATUS[0]}")
	case $? in
	0) end=closed ;;
	124) end=silent ;;
	*) end=reset ;;
	esac
	exec 3>&-
	status=${answer#HTTP/1.1 }
	[ "$status" != "$answer" ] && status=${status%% *} || status=
	head=${answer%%$'\r\n\r\n'*}
	body=${answer#*$'\r\n\r\n'}
}

# ask METHOD PATH [BODY [HEADERS]]
ask() {
	local b=${3-} h=${4-Content-Type: application/json\\r\\n}

	raw "$1 $2 HTTP/1.1\r\nHost: here\r\nConnection: close\r\nContent-Length: ${#b}\r\n$h\r\n${b//\\/\\\\}"
}

with() { ask POST /control "$1"; [ "$status" = 200 ] || echo "# /control: $body"; }
stat_of() { ask GET /stats; sed -E "s/.*\"$1\":([0-9]+).*/\1/" <<<"$body"; }
stat_is() { is "$(stat_of "$1")" "$2"; }
# lines EVENT [WORDS]: lines of the ledger of that kind that have the words
lines() { grep -F "{\"event\":\"$1\"" "$ledger" | grep -cF -- "${2-}"; }
lines_are() { is "$(lines "$1" "$2")" "$3"; }
