# SPDX-License-Identifier: MIT
# A server, a sink and what was counted on both sides. Sourced after tests/e2e/lib.sh by bench/engine,
# flat, pace, urgent, receipts. Every figure has a second count: `tallies` compares what the sink was
# given with what Loa says was accepted, phone by phone (a sum over their hashes).
sink_pid='' sink_port='' redis_socket='' extra_pids=()

stop_line() {
	local pid
	for pid in $sink_pid "${extra_pids[@]}"; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	sink_pid='' extra_pids=()
	clean_up
}
trap stop_line EXIT

machine() { # what was measured on, with what
	printf '# %s; %s cores (%s), load %s; Redis %s; libcurl %s; loa %s\n' "$(uname -sr)" "$(nproc)" \
		"$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" "$(cut -d' ' -f1-3 /proc/loadavg)" \
		"$(redis-server --version | sed 's/.*v=\([^ ]*\).*/\1/')" "$(curl --version | sed -n '1s/.*libcurl.\([^ ]*\).*/\1/p')" \
		"$(git describe --always --dirty 2>/dev/null)"
}
now_us() { date +%s%6N; }
now_ms() { date +%s%3N; }

start_sink() { # words of bench/sink…: sets sink_port
	rm -f "$dir/sink.port"
	"$B/bench/sink" --port-file "$dir/sink.port" "$@" &
	sink_pid=$!
	until_true test -s "$dir/sink.port" || exit 1
	sink_port=$(cat "$dir/sink.port")
}
stop_sink() {
	kill "$sink_pid"
	wait "$sink_pid" 2>/dev/null
	sink_pid=''
}
sink() { curl -s "http://127.0.0.1:$sink_port/$1"; }
sink_has() { local n; n=$(sink_field messages); [ "${n:-0}" -ge "$1" ]; }
sink_field() { sink count | sed 's/.*"'"$1"'":"\{0,1\}\([0-9a-f]*\).*/\1/'; }
expected_sum() { "$B/bench/sink" --expect 84910000000 7 "$1"; } # of make_list's phones

# wait_for_sink COUNT [SECONDS]: until so many messages came; gives up when none come any more
wait_for_sink() {
	local before='' now still=0
	until sink_has "$1"; do
		sleep 0.1
		now=$(sink_field messages)
		[ "$now" = "$before" ] && still=$((still + 1)) || still=0
		before=$now
		[ $still -lt $((${2:-20} * 10)) ] || { echo "only $now of $1 messages came; $(api GET /providers 2>/dev/null | grep -A 6 "\"lane\"" | tr -d "\n ")" >&2; return 1; }
	done
}

# line_config RATE CONCURRENCY SHAPE BATCH COUNTS [ITEMS]: $dir/loa.json for the sink. SHAPE one or list;
# ITEMS: the sink answers each message.
line_config() {
	local message='"to": "${phone}", "text": "${text}", "ref": "${reference}"' body answer
	body="{ $message }" answer='"code": "code"'
	[ "$3" = one ] || body="{ \"messages\": { \"\$each\": { $message } } }"
	[ -z "${6:-}" ] || answer="$answer, \"items\": { \"at\": \"results\", \"reference\": \"ref\", \"code\": \"code\" }"
	cat >"$dir/policy.json" <<-'JSON'
		{ "classes": [ { "class": "notice", "priority": 3 }, { "class": "personal", "priority": 1 } ] }
	JSON
	cat >"$dir/loa.json" <<-JSON
		{ "policy": "$dir/policy.json", "log_level": "error", "embedded_max_mb": 8192, ${redis_socket:+"\"redis_socket\": \"$redis_socket\","}
		  "providers": [ { "name": "sink", "driver": "generic", "rate": $1, "concurrency": $2, "price": { "*": 1 },
		    "settings": { "url": "http://127.0.0.1:$sink_port/", "sandbox": true, "body": $body,
		      "shape": "$3", "batch": { "max": $4 }, "counts": "$5", "answer": { $answer },
		      "dedupe": { "by": "reference", "window_s": 86400, "meaning": "accepted" },
		      "codes": { "0": "accepted" }${line_receipts:+, $line_receipts} } } ] }
	JSON
}

# audience ROWS: the list "l" of make_list's people, a segment "s" of all, a template "t" with three placeholders
audience() {
	make_list "$1"
	printf '{{ ho_ten }} ({{ ngay_sinh }}), {{ xa }}: mời nộp hồ sơ tại nhà.' >"$dir/t.txt"
	loa list import l "$dir/list.csv" >/dev/null && loa segment save s l "so_dien_thoai != ''" >/dev/null &&
		loa template save t "$dir/t.txt" >/dev/null || { echo 'the audience was not made' >&2; exit 1; }
	rm "$dir/list.csv"
}
campaign() { # NAME [SEGMENT]
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"${2:-s}\"],\"class\":\"notice\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null || exit 1
}
launch() { loa campaign launch "$1" >/dev/null || exit 1; }
has_accepted() { [ "$(report_of "$1" accepted)" = "$2" ]; }

# tallies CAMPAIGN COUNT: the sink had these COUNT people once each, and Loa says so, too
tallies() {
	local sum
	sum=$(sink_field sum)
	[ "$(sink_field messages)" = "$2" ] || { echo "$1: the sink counts $(sink_field messages), not $2" >&2; return 1; }
	[ "$sum" = "$(expected_sum "$2")" ] || { echo "$1: the sink had other people, or some twice" >&2; return 1; }
	until_true has_accepted "$1" "$2" || { echo "$1: Loa says $(report_of "$1" accepted) accepted, not $2" >&2; return 1; }
}

# start_redis NAME APPENDFSYNC: one of one's own on $dir/NAME.sock, with the embedded one's settings
start_redis() {
	mkdir "$dir/$1"
	redis-server --port 0 --unixsocket "$dir/$1.sock" --dir "$dir/$1" --appendonly yes --appendfsync "$2" --save '' \
		--maxmemory 8gb --maxmemory-policy noeviction --loglevel warning >"$dir/$1.log" 2>&1 &
	extra_pids+=($!)
	until_true redis-cli -s "$dir/$1.sock" ping || { cat "$dir/$1.log"; exit 1; }
}
median() { sort -n | awk '{ v[NR] = $1 } END { if (NR > 0) print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }
cpu_us() { # PID…: processor time that these have taken
	local pid sum=0 ticks
	for pid in "$@"; do
		ticks=$(sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null | awk '{ print $12 + $13 }')
		sum=$((sum + ${ticks:-0}))
	done
	echo $((sum * 1000000 / $(getconf CLK_TCK)))
}
pid_of_redis() { redis-cli -s "$1" info server | tr -d '\r' | sed -n 's/^process_id://p'; } # SOCKET
loa_redis() { redis-cli -s "${redis_socket:-$dir/data/redis.sock}" --raw "$@"; }
loa_redis_pid() { pid_of_redis "${redis_socket:-$dir/data/redis.sock}"; }
