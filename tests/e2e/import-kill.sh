#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Fifty imports into one list, each ended by kill -9 of the server or of Redis (in turn) at a random
# moment. Afterwards the list is the old one or the new one, whole; a new one if the client was told
# so, and the third of its rows that share a phone with an earlier one know it. seed=N in the environment
# repeats the moments of a run.
. "$(dirname "$0")/lib.sh"

seed=${seed:-$RANDOM}
RANDOM=$seed
echo "# seed=$seed"
gateway_port=1 # nobody sends anything
write_config -e 's/"log_level": "info"/"log_level": "warn"/'
start_loa

# Two files, told apart by their length; a segment counts the rows that can really be read.
make_households() { # ROWS FILE
	make_list "$1"
	awk -F ';' -v OFS=';' -v third="$(($1 / 3))" 'NR == 1 { print; next }
		NR - 1 <= third { phones[NR - 1] = $3 } NR - 1 > 2 * third { $3 = phones[NR - 1 - 2 * third] } { print }' \
		"$dir/list.csv" >"$2"
}
make_households 9000 "$dir/a.csv"
make_households 6000 "$dir/b.csv"
loa list import l "$dir/a.csv" >/dev/null
ok $? 'the first import is done'
loa segment save all l "so_dien_thoai != ''" >/dev/null
began=${EPOCHREALTIME/[.,]/}
loa list import l "$dir/b.csv" >/dev/null
took_us=$((${EPOCHREALTIME/[.,]/} - began))
echo "# an import takes $((took_us / 1000)) ms"

serves() { loa list show l >/dev/null 2>&1; }
# "VERSION ROWS", rows as they are counted in the blocks, and different phones: by the distances between rows
what_is_there() {
	until_true serves || return 1
	loa list show l --json >"$dir/show" && loa segment count all --json >"$dir/count" || return 1
	echo "$(json_field version <"$dir/show") $(json_field rows <"$dir/show") $(json_field count <"$dir/count")" \
		"$(json_field phones <"$dir/count")"
}

# The moments stay about the end of an import, however busy the machine is: later after one that was
# too early, earlier after one that was not.
version=2 rows=6000 bad=0 whole=0 absent=0 lied=0
for i in $(seq 50); do
	file=a new=9000
	[ "$rows" = 6000 ] || file=b new=6000
	kill_in_the_middle "$i" list import l "$dir/$file.csv"
	read -r now now_rows counted phones <<<"$(what_is_there)"
	if [ "$now $now_rows $counted $phones" = "$version $rows $rows $((rows / 3 * 2))" ]; then
		absent=$((absent + 1))
		took_us=$((took_us * 5 / 4))
		[ "$told" -ne 0 ] || lied=$((lied + 1))
	elif [ "$now_rows $counted $phones" = "$new $new $((new / 3 * 2))" ] && [ "$now" -gt "$version" ]; then
		whole=$((whole + 1))
		took_us=$((took_us * 4 / 5))
	else
		bad=$((bad + 1))
		echo "# kill $i after $delay s: version $now rows $now_rows counted $counted phones $phones; was $version $rows"
	fi
	version=$now rows=$now_rows
done
echo "# whole $whole, absent $absent"
is "$bad" 0 'after each of fifty kills the list is whole, the old one or the new one'
is "$lied" 0 'no import that was said to be done is absent'
ok $((whole == 0 || absent == 0)) 'the kills fell before the end and behind it'
loa list import l "$dir/a.csv" >/dev/null
ok $? 'afterwards an import is done as ever'
done_testing
