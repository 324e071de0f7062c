#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A gateway that takes a request on a kept connection and closes without an answer: libcurl would
# send it again by itself. The gateway must have one copy and we must say that we do not know.
. "$(dirname "$0")/lib.sh"

try() { # FLAG NAME
	rm -rf "$dir/data" "$dir/ledger"
	gateway_port=0
	start_gateway --dedupe none "$1" 2
	# One message a request over one connection; no dedupe is promised: nothing may be repeated.
	write_config -e 's/"rate": 100/"rate": 500/' -e 's/"concurrency": 4/"concurrency": 1/' \
		-e 's/"batch": { "max": 100 }/"batch": { "max": 1 }/' -e '/"dedupe"/d' \
		-e '/"30": "duplicate"/s/"30": "duplicate", //'
	loa_port=0
	start_loa
	make_list 6
	make_campaign "so_dien_thoai != ''"
	loa campaign launch c >/dev/null
	all_tried() { [ "$(report audience):$(report waiting):$(report sending):$(report retry)" = 6:0:0:0 ]; }
	until_true all_tried
	ok $? "$2: all six are tried"
	is "$(grep -c '"event":"accepted"' "$dir/ledger")" 6 "$2: the gateway has each message once"
	is "$(gateway_stat accepted_again)" 0 "$2: none came twice"
	# Three on an idle machine; fewer when a connection was given up meanwhile for another reason.
	closed=$(grep -c '"event":"fault"' "$dir/ledger")
	[ "$closed" -ge 1 ]
	ok $? "$2: the gateway closed without an answer"
	is "$(report unknown)" "$closed" "$2: as often as it did we say that we do not know"
	is "$(report held)" "$closed" "$2: and leave it to a person"
	is "$(report counters)" agree "$2: counters and records agree"
	kill "$loa_pid"
	wait "$loa_pid" 2>/dev/null
	kill "$gateway_pid"
	wait "$gateway_pid" 2>/dev/null
	loa_pid='' gateway_pid=''
}

try --close-after FIN
try --close-after-rst RST
done_testing
