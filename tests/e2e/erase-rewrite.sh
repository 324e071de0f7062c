#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A person is erased while Redis cannot write its append-only file anew, in both ways in which it may
# say so: it is tried again, more and more seldom, who waits is told, the log has it once; when it can, the erasing ends.
. "$(dirname "$0")/lib.sh"

start_gateway
write_config
start_loa
make_list 50
loa list import l "$dir/list.csv" >/dev/null

calls() { # of BGREWRITEAOF, refused ones too
	redis info commandstats | tr -d '\r' | sed -n 's/^cmdstat_bgrewriteaof:calls=\([0-9]*\),.*/\1/p' | grep . || echo 0
}
has_calls() { [ "$(calls)" -ge "$1" ]; }
log_lines() { grep -c 'erase=rewriting result=failed' "$dir/loa.log"; }
last_of() { # KIND: number of the last file of the kind
	ls -d "$dir"/data/appendonlydir/*."$1".* | sed 's/.*\.aof\.\([0-9]*\)\..*/\1/' | sort -n | tail -n 1
}
# in_the_way KIND NAME-END: where Redis would write the next one there is a folder
in_the_way() {
	obstacle=$dir/data/appendonlydir/appendonly.aof.$(($(last_of "$1") + 1)).$2
	mkdir "$obstacle"
}
while_it_cannot() { # PHONE SENTENCE
	local before begun eraser logged
	logged=$(log_lines)
	before=$(calls)
	: >"$dir/steps"
	api POST /erase "{\"phone\":\"$1\"}" >"$dir/steps" &
	eraser=$!
	until_true has_calls $((before + 4))
	ok $? "$2: it is tried again"
	begun=$(date +%s%N)
	until_true has_calls $((before + 6))
	# after the fourth 0.8 s, after the fifth 1.6 s: half of it, for who looks late
	ok "$([ $((($(date +%s%N) - begun) / 1000000)) -ge 1200 ]; echo $?)" 'the pauses grow'
	is "$(($(log_lines) - logged))" 1 'the log says it once'
	# The first piece may come before Redis has said so; those behind it do not.
	import=$(api POST /imports '{"list":"w"}' | sed 's/.*"import": *"\([0-9a-f]*\)".*/\1/')
	api PUT "/imports/$import?offset=0" 'Họ và tên;Điện thoại' >"$dir/answer"
	[ "$(status)" != 200 ] || api PUT "/imports/$import?offset=$(json_field offset <"$dir/answer")" x >"$dir/answer"
	is "$(status)" 409 'an import meanwhile is refused before it is read'
	has "$(cat "$dir/answer")" 'somebody is erased' 'and told why'
	rmdir "$obstacle"
	wait "$eraser"
	has "$(cat "$dir/steps")" '"rewriting again: Redis could not, see redis.log"' 'who waits is told'
	is "$(grep -c '"file": *"rewritten"' "$dir/steps")" 1 'when it can, it is done'
	is "$(redis hlen loa:erasing)" 0 'and nothing is under way'
	[ "$(calls)" -le $((before + 9)) ]
	ok $? 'Redis was not asked often'
}
in_the_way base base.rdb
while_it_cannot 0910000021 'the rewriting fails in the end'
in_the_way incr incr.aof
while_it_cannot 0910000028 'it does not begin'
done_testing
