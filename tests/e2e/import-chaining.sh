#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# An import over HTTP whose rows share phones: while those are chained who asks is told so each second,
# and in the end gets the report, once. Redis is held still meanwhile, so that it takes long.
. "$(dirname "$0")/lib.sh"

start_gateway
write_config
start_loa

# 3,000 rows, three of each of 1,000 phones, a thousand rows apart: in other blocks.
awk 'BEGIN { print "Tên;SĐT"; for (i = 0; i < 3000; i++) printf "A %d;0962%06d\n", i, i % 1000 }' >"$dir/rows.csv"
field() { grep -o "\"$1\": *[0-9\"a-z]*" "$dir/answer" | sed 's/.*: *//; s/"//g'; }
begin() { # into $import; the rows are all there, and written
	import=$(api POST /imports '{"list":"l"}' | sed 's/.*"import": *"\([0-9a-f]*\)".*/\1/')
	# (without the last newline)
	api PUT "/imports/$import?offset=0" "$(cat "$dir/rows.csv")" >"$dir/answer"
	is "$(status) $(field offset)" "200 $(($(wc -c <"$dir/rows.csv") - 1))" 'the rows are taken'
}
commit() { api POST "/imports/$import/commit" >"$dir/answer"; }
hold() { kill -STOP "$(redis_pid)"; }
let_go() { kill -CONT "$(redis_pid)"; }
end_test() { # a Redis that is held does not end
	[ -z "$(redis_pid)" ] || let_go 2>/dev/null
	clean_up
}
trap end_test EXIT

begin
hold
commit
is "$(status) $(field state)" '202 chaining' 'after a second the commit says that rows are chained'
is "$(field rows_kept)" 3000 'and how many there are'
commit
is "$(status) $(field state)" '202 chaining' 'asked again it says so again'
let_go
is_done() { commit && [ "$(status)" = 200 ]; }
until_true is_done
ok $? 'when it can go on, the report comes'
is "$(field rows_kept) $(field shared_phones) $(field rows_repeated) $(field version)" '3000 1000 2000 1' 'with who shares a phone'
commit
is "$(status)" 404 'the import is over then'
loa segment save s l 'ten IS NOT NULL' >/dev/null
printf 'Xin chao {{ ten }}' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
preview=$(loa campaign preview c --json)
is "$(json_field messages <<<"$preview")" 1000 'each phone gets one message'
has "$(tr -d ' \n' <<<"$preview")" '"samephoneasanearlierrow":2000' 'two rows of three are chained to the first'

# ---- given up meanwhile ----
begin
hold
commit
is "$(status) $(field state)" '202 chaining' 'another import is chained'
api DELETE "/imports/$import" >/dev/null
is "$(status)" 200 'and given up'
let_go
no_writer() { [ "$(redis hlen loa:writing)" = 0 ] && [ "$(redis --scan --pattern 'loa:block:1:*' | wc -l)" = 12 ]; }
until_true no_writer
ok $? 'nothing is kept of it: the twelve blocks of the first are left'
is "$(redis hget loa:list:l version)" 1 'whose version is the current one'
done_testing
