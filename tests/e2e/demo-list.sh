#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The demonstration's list is what its generator prints, and has what the demonstration needs.
set -u
cd "$(dirname "$0")/../.." || exit 2
loa=${B:-build}/loa
demo=config/demo
dir=$(mktemp -d "${TMPDIR:-/tmp}/demo-list.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
count=0
failures=0

# ok NAME COMMAND…
ok() {
	local name=$1
	shift
	count=$((count + 1))
	if "$@"; then
		echo "ok $count - $name"
	else
		failures=$((failures + 1))
		echo "not ok $count - $name"
	fi
}

"$demo/generate" >"$dir/list.csv"
ok 'the committed list is what the generator prints' cmp "$dir/list.csv" "$demo/an-giang.csv"

# share of people of 60 and over in 2026 among those whose year is known, in per mille
LC_ALL=C awk -F';' 'NR > 1 && match($3, /[0-9][0-9][0-9][0-9]$/) {
	n++
	old += 2026 - substr($3, RSTART) >= 60
} END { print n + 0, int(old * 1000 / n) }' "$demo/an-giang.csv" >"$dir/old"
read -r people old <"$dir/old"
ok 'it has at least 2,000 people' [ "$people" -ge 2000 ]
ok '15 to 20 in 100 are 60 or older' [ $((old / 10 >= 15 && old <= 200)) -eq 1 ]

# the names, as the import would give them to the template; nobody's message is cut or has three parts
LC_ALL=C awk -F';' 'NR > 1 && $2 != "" {
	gsub(/^ +| +$|\302\240/, "", $2)
	printf "{\"ho_ten\":\"%s\"}\n", $2
} END { print "{}" }' "$demo/an-giang.csv" >"$dir/names"
"$loa" template render "$demo/template.txt" <"$dir/names" >"$dir/texts"
ok 'every name fits the template' [ "$(grep -c '"parts":[12]}' "$dir/texts")" -eq "$(wc -l <"$dir/names")" ]
ok 'the segment is a query' [ "$("$loa" segment check "$(cat "$demo/segment.txt")")" = 'age(ngay_sinh) >= 60' ]
echo "1..$count"
[ "$failures" -eq 0 ]
