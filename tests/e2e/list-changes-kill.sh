#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Forty updates of a list, each ended by kill -9 of the server or of Redis (in turn) at a random moment.
# Afterwards the list is the old one or the new one, whole, and no block is left that no version has.
# seed=N in the environment repeats the moments of a run.
. "$(dirname "$0")/lib.sh"

seed=${seed:-$RANDOM}
RANDOM=$seed
echo "# seed=$seed"
gateway_port=1 # nobody sends anything
write_config -e 's/"log_level": "info"/"log_level": "warn"/'
start_loa

# Two files that say something else of the same 3000 of 9000 people.
make_list 9000
loa list import l "$dir/list.csv" >/dev/null
ok $? 'the list is there'
for w in A B; do
	awk -F';' -v w="$w" 'NR == 1 { print "Số điện thoại;Ghi chú" } NR > 1 && NR % 3 == 0 { print $3 ";" w }' \
		"$dir/list.csv" >"$dir/$w.csv"
	loa list import l "$dir/$w.csv" --mode overwrite >/dev/null
	loa segment save "is$w" l "ghi_chu = '$w'" >/dev/null
done
loa segment save all l "so_dien_thoai != ''" >/dev/null
began=${EPOCHREALTIME/[.,]/}
loa list import l "$dir/A.csv" --mode overwrite >/dev/null
took_us=$((${EPOCHREALTIME/[.,]/} - began))
echo "# an update takes $((took_us / 1000)) ms"

serves() { loa list show l >/dev/null 2>&1; }
count() { loa segment count "$1" --json | json_field count; }
# "rows A B", as they are counted in the blocks
what_is_there() {
	until_true serves || return 1
	echo "$(count all) $(count isA) $(count isB)"
}

now=A bad=0 whole=0 absent=0 lied=0
for i in $(seq ${kills:-40}); do
	new=B
	[ "$now" = A ] || new=A
	kill_in_the_middle "$i" list import l "$dir/$new.csv" --mode overwrite
	there=$(what_is_there)
	a='9000 3000 0' b='9000 0 3000'
	[ "$now" = A ] || { a='9000 0 3000' b='9000 3000 0'; }
	if [ "$there" = "$a" ]; then
		absent=$((absent + 1))
		took_us=$((took_us * 5 / 4))
		[ "$told" -ne 0 ] || lied=$((lied + 1))
	elif [ "$there" = "$b" ]; then
		whole=$((whole + 1))
		took_us=$((took_us * 4 / 5))
		now=$new
	else
		bad=$((bad + 1))
		echo "# kill $i after $delay s: rows, A, B are $there; was $now"
	fi
done
echo "# whole $whole, absent $absent"
is "$bad" 0 'after each of the kills the list is whole, the old one or the new one'
is "$lied" 0 'no update that was said to be done is absent'
ok $((whole == 0 || absent == 0)) 'the kills fell before the end and behind it'

# What dead writers had written goes when they are known to be dead.
writes_nothing() { [ "$(redis HLEN loa:writing)" = 0 ]; }
until_true writes_nothing
ok $? 'nobody is thought to be writing any more'
for snap in $(redis KEYS 'loa:snap:1:*'); do
	redis GET "$snap" | head -c -1 | od -An -v -tu4 | tr -s ' ' '\n' | grep .
done | sort -un >"$dir/wanted"
redis KEYS 'loa:block:*' | sed 's/loa:block:1://' | sort -n >"$dir/got"
cmp -s "$dir/wanted" "$dir/got"
ok $? "no block is there that no version has, and none is missing ($(wc -l <"$dir/wanted") blocks)"

# Back to the first import, then away with it.
while loa list undo l 2>/dev/null | grep -q 'current again'; do :; done
is "$(loa list show l --json | json_field version)" 1 'all of them can be taken back'
for name in all isA isB; do redis DEL "loa:segment:$name" >/dev/null && redis SREM loa:names:segment "$name" >/dev/null; done
loa list undo l >/dev/null
no_block() { [ -z "$(redis KEYS 'loa:block:*')$(redis KEYS 'loa:snap:1:*')" ]; }
until_true no_block
ok $? 'with the list its shared blocks go, too'
done_testing
