#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Routes over two gateways: in order, with the first one killed in the middle and back again; by
# shares; the cheapest; a brake that stops one of them. Nobody is written to by both.
. "$(dirname "$0")/lib.sh"

a_pid='' b_pid='' a_port=0 b_port=0
stop_all() {
	for pid in $a_pid $b_pid; do kill "$pid" 2>/dev/null; wait "$pid" 2>/dev/null; done
	clean_up
}
trap stop_all EXIT

# start_one NAME FLAGS…: its port stays the same, its ledger is NAME.ledger
start_one() {
	local name=$1
	shift
	gateway_port=$([ "$name" = a ] && echo "$a_port" || echo "$b_port")
	start_gateway --dedupe forever --latency 20 "$@" --ledger "$dir/$name.ledger"
	if [ "$name" = a ]; then a_pid=$gateway_pid a_port=$gateway_port; else b_pid=$gateway_pid b_port=$gateway_port; fi
	gateway_pid=''
}
control() { http "127.0.0.1:$1" POST /control "$2" >/dev/null; }
# numbers NAME: whom that gateway has accepted something for, once each
numbers() { sed -n 's/.*"event":"accepted".*"to":"\([0-9]*\)".*/\1/p' "$dir/$1.ledger" 2>/dev/null | sort -u; }
accepted() { grep -c '"event":"accepted"' "$dir/$1.ledger" 2>/dev/null; }
has_accepted() { [ "$(accepted "$1")" -ge "$2" ]; }

# write_route ROUTE [PRICE of a]: providers a and b, alike but for that; ROUTE "b": b alone
write_route() {
	gateway_port=$a_port
	write_config -e 's/"rate": 100/"rate": 400/' -e 's/"mo-phong"/"a"/' -e '/"receipts": {/,/^        }/d' \
		-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/' -e "s/\"\*\": 450/\"*\": ${2:-450}/" \
		-e '/"viettel": 430/s/"viettel": 430, "mobifone": 440, //'
	cp "$dir/loa.json" "$dir/one.json"
	one=$(sed -n '/^    {$/,/^    }$/p' "$dir/one.json")
	{
		sed '/^    {$/,$d' "$dir/one.json"
		[ "$1" = '"b"' ] || { echo "$one" && echo ,; }
		echo "$one" | sed -e 's/"name": "a"/"name": "b"/' -e "s|\"url\": \"[^\"]*\"|\"url\": \"http://127.0.0.1:$b_port/batch\"|" \
			-e 's/"\*": [0-9]*/"*": 450/'
		echo "], \"route_return_s\": 2, \"route\": { \"*\": $1 } }"
	} >"$dir/loa.json"
}
reload() {
	local n
	n=$(grep -c 'config=reload result=done' "$dir/loa.log")
	kill -HUP "$loa_pid"
	until_true eval '[ "$(grep -c "config=reload result=done" "$dir/loa.log")" -gt '"$n"' ]'
}
# new NAME: a campaign to all, launched
new() {
	echo "{\"name\":\"$1\",\"template\":\"t\",\"segments\":[\"some\"],\"class\":\"notice\"}" >"$dir/c.json"
	loa campaign create "$dir/c.json" >/dev/null && loa campaign launch "$1" >/dev/null
}
is_over() { [ "$(report_of "$1" waiting)" = 0 ]; }
settled() { [ "$(report_of "$1" accepted)" = "$2" ]; }
empty() { : >"$dir/a.ledger"; : >"$dir/b.ledger"; }

start_one a
start_one b

# ---- what cannot be a route ----
write_route '{"order":["a","a"]}'
has "$("$B/loa" config check "$dir/loa.json" 2>&1)" 'route.*.order[1]: "a" stands there twice' 'twice the same is refused'

# ---- in order; the first one dies ----
write_route '{"order":["a","b"]}'
start_loa
awk 'BEGIN { print "STT;Họ và tên;Số điện thoại"
	for (i = 0; i < 4000; i++) printf "%d;Nguyễn Văn Thử;097%07d\n", i, 1000000 + i * 7 }' >"$dir/list.csv"
make_campaign "so_dien_thoai != ''"
loa segment save some l 'stt < 1000' >/dev/null
loa campaign launch c >/dev/null
until_true has_accepted a 600
kill -9 "$a_pid" && wait "$a_pid" 2>/dev/null
mv "$dir/a.ledger" "$dir/dead.ledger"
until_true has_accepted b 600
ok $? 'the first of the route is killed: the next one takes over'
unknown=$(report unknown)
has "$(loa campaign report c)" 'viettel → b since ' 'the report says through whom'
has "$(loa campaign report c)" 'because a: the gateway cannot be reached' 'and why'
numbers b | comm -12 - <(numbers dead) >"$dir/both"
is "$(wc -l <"$dir/both")" 0 'nobody that the first one accepted gets it from the second'
start_one a
until_true has_accepted a $((unknown + 400))
ok $? 'it works again: the run comes back to it'
until_true settled c 4000
ok $? 'all four thousand are accepted'
is "$(report counters)" agree 'counters and records agree'
sort -u <(numbers a) <(numbers dead) >"$dir/of-a"
numbers b | comm -12 - "$dir/of-a" >"$dir/both"
is "$(wc -l <"$dir/both")" 0 "nobody is written to by both; $unknown in doubt when it died were repeated by it"
is "$(numbers b | sort -u - "$dir/of-a" | wc -l)" 4000 'and everybody by one'
is "$(http "127.0.0.1:$b_port" GET /stats | grep -o '"accepted_again":[0-9]*')" '"accepted_again":0' 'b was asked for nothing twice'

# ---- single messages take the same way ----
kill -9 "$a_pid" && wait "$a_pid" 2>/dev/null
empty
loa send 0981234567 'Mời nhận hồ sơ' --class personal >/dev/null
until_true has_accepted b 1
ok $? 'a single message goes by the next one when the first is dead'
is "$(accepted b)" 1 'once'
start_one a

# ---- what the second one must not get ----
echo '{"adverts":[],"rules":[{"rule":"of-b","since":"2025-01-01","kind":"links","severity":"refuse","providers":["b"],
	"domains":["*.gov.vn"],"endings":["com"],"vi":"không","en":"not through b"}]}' >"$dir/content.json"
sed -i "s|\"log_level\"|\"content\": \"$dir/content.json\", \"log_level\"|" "$dir/loa.json"
kill "$loa_pid" && wait "$loa_pid" 2>/dev/null
start_loa
printf 'Xem trang.com' >"$dir/t2.txt"
loa template save t2 "$dir/t2.txt" >/dev/null
echo '{"name":"link","template":"t2","segments":["some"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
has "$(loa campaign launch link 2>&1)" 'not through b' 'a rule of content of any provider of the route refuses'

# ---- shares ----
empty
write_route '{"share":{"a":70,"b":30}}'
reload
new shares
until_true settled shares 1000
# To the message: what a provider may have is its share of who is frozen, rounded up.
is "$(accepted a)" 700 'of 70 and 30 per cent of a thousand the first one has 700'
is "$(accepted b)" 300 'and the other 300'

# ---- the cheapest ----
empty
write_route '{"cheapest":["a","b"]}' 451
reload
echo '{"name":"price","template":"t","segments":["some"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
loa campaign preview price --json >"$dir/price.json"
# A thousand of one part, at 450 and at 451.
is "$(json_field cost_least <"$dir/price.json") $(json_field cost_most <"$dir/price.json")" '450000 451000' \
	'a preview says what it costs at least and at most'
new cheap
until_true settled cheap 1000
is "$(accepted a) $(accepted b)" '0 1000' 'the cheapest has all'

# ---- a brake stops one of them ----
empty
write_route '{"order":["a","b"]}'
reload
control "$a_port" '{"key":"another"}'
new brake
until_true settled brake 1000
ok $? 'a refused account stops that provider, the other goes on'
is "$(accepted a) $(accepted b)" '0 1000' 'and sends all of it'
has "$(loa campaign report brake)" 'the gateway refuses the account' 'the report says why'

# ---- a provider is taken out ----
empty
control "$a_port" '{"key":""}'
write_route '{"order":["a","b"]}'
reload
new gone && loa campaign pause gone >/dev/null
kill "$loa_pid" && wait "$loa_pid" 2>/dev/null
write_route '"b"'
start_loa
before=$(accepted a)
loa campaign resume gone >/dev/null
until_true settled gone 1000
ok $? 'its server was started again without the first provider: what was left goes by the next one'
is "$(accepted a) $(($(accepted a) + $(accepted b)))" "$before 1000" 'each by one of them'
has "$(loa campaign report gone)" 'no running server has it in its configuration' 'and the report says why'
done_testing
