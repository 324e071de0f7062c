# SPDX-License-Identifier: MIT
# Kannel between us and the sink: poster → smsbox (sendsms) → bearerbox → HTTP SMSC → sink. Memory store, no
# delivery reports. Sourced after bench/line.sh. It installs nothing: tests/deps --bench does.
kannel_pids=()
for kannel_program in bearerbox smsbox; do
	PATH=$PATH:/usr/sbin command -v $kannel_program >/dev/null || {
		echo "$0: Kannel is not installed: tests/deps --bench installs it" >&2
		exit 3
	}
done

is_port_used() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
free_ports() { # the first of four in a row, below those that the system gives out
	local port i
	while :; do
		port=$((20000 + RANDOM % 12000))
		for i in 0 1 2 3; do is_port_used $((port + i)) && continue 2; done
		echo "$port" && return
	done
}
kannel_admin() { http "127.0.0.1:$kannel_port" GET "/$1?password=p"; }
kannel_is_up() { kannel_admin status.txt | grep -q 'smsbox.*on-line'; }

# start_kannel [MAX-PENDING-SUBMITS]; Kannel's own default is 10. Somebody may take its ports meanwhile: once more.
start_kannel() {
	try_kannel "${1:-}" || { stop_kannel && try_kannel "${1:-}"; } || { tail -n 5 "$dir/bearerbox.log" "$dir/smsbox.log"; exit 1; }
}
try_kannel() {
	local boxes sends receives
	kannel_port=$(free_ports)
	boxes=$((kannel_port + 1)) sends=$((kannel_port + 2)) receives=$((kannel_port + 3))
	cat >"$dir/kannel.conf" <<-CONF
		group = core
		admin-port = $kannel_port
		admin-password = p
		status-password = p
		admin-interface = 127.0.0.1
		smsbox-port = $boxes
		smsbox-interface = 127.0.0.1
		box-allow-ip = "127.0.0.1"
		dlr-storage = internal
		sms-outgoing-queue-limit = 10000000
		log-level = 4

		group = smsc
		smsc = http
		smsc-id = sink
		system-type = generic
		port = $receives
		connect-allow-ip = 127.0.0.1
		send-url = "http://127.0.0.1:$sink_port/kannel?from=%P&to=%p&text=%b"
		status-success-regex = "code"
		${1:+max-pending-submits = $1}

		group = smsbox
		bearerbox-host = 127.0.0.1
		bearerbox-port = $boxes
		sendsms-port = $sends
		sendsms-interface = 127.0.0.1
		global-sender = 1900
		log-level = 4

		group = sendsms-user
		username = u
		password = p
		max-messages = 10
		concatenation = true

		group = sms-service
		keyword = default
		max-messages = 0
		text = ""
	CONF
	# A blank line ends a group
	[ -n "${1:-}" ] || sed -i '/^status-success-regex/{n;d}' "$dir/kannel.conf"
	PATH=$PATH:/usr/sbin bearerbox -v 4 "$dir/kannel.conf" >"$dir/bearerbox.log" 2>&1 &
	kannel_pids=($!)
	until_true kannel_admin status.txt
	PATH=$PATH:/usr/sbin smsbox -v 4 "$dir/kannel.conf" >"$dir/smsbox.log" 2>&1 &
	kannel_pids+=($!)
	kannel_url="http://127.0.0.1:$sends/cgi-bin/sendsms?username=u&password=p"
	until_true kannel_is_up
}
# It has nothing to lose, and bearerbox does not always heed a SIGTERM.
stop_kannel() {
	local pid
	for pid in "${kannel_pids[@]}"; do
		kill -9 "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
	kannel_pids=()
}
trap 'stop_kannel; stop_line' EXIT
