#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The cases of tests/cases/template/*.case by `loa template render`. A case is a template on one line
# (\n is a line break), then recipients, each with what must come of it:
#   out: the text (as JSON has it) · missing: FIELD LINE:COL · error: CODE
# or, with no recipient, refused: LINE:COL.
set -u
cd "$(dirname "$0")/../.." || exit 2
loa=${B:-build}/loa
dir=$(mktemp -d "${TMPDIR:-/tmp}/template-cases.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
count=0
failures=0

# is NAME GOT WANTED
is() {
	count=$((count + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $count - $1"
	else
		failures=$((failures + 1))
		echo "not ok $count - $1"
		printf '#   got    %s\n#   wanted %s\n' "$2" "$3"
	fi
}

for file in tests/cases/template/*.case; do
	number=0 recipient=
	while IFS= read -r line; do
		number=$((number + 1))
		word=${line%%: *} rest=${line#*: }
		case $line in
		'' | '#'*) continue ;;
		esac
		name=${file#tests/cases/}:$number
		case $word in
		template) printf '%s' "${rest//\\n/$'\n'}" >"$dir/t" ;;
		in) recipient=$rest ;;
		refused)
			"$loa" template check "$dir/t" >"$dir/out" 2>/dev/null
			is "$name" "$? $(sed -n "1s|^$dir/t:\([0-9]*:[0-9]*\): .*|\1|p" "$dir/out")" "1 $rest"
			;;
		*)
			got=$(printf '%s\n' "$recipient" | "$loa" template render "$dir/t" 2>&1)
			case $word in
			out)
				got=${got#'{"text":"'}
				rest=${rest//\"/\\\"}
				is "$name" "${got%'","language":'*}" "$rest"
				;;
			missing)
				read -r field place <<<"$rest"
				is "$name" "$got" "{\"error\":{\"code\":\"missing\",\"field\":\"$field\",\"line\":${place%:*},\"column\":${place#*:}}}"
				;;
			error) is "$name" "$(grep -o '"code":"[a-z-]*"' <<<"$got")" "\"code\":\"$rest\"" ;;
			*) is "$name is a case" "$word" 'template, in, out, missing, error or refused' ;;
			esac
			;;
		esac
	done <"$file"
done
echo "1..$count"
[ "$failures" -eq 0 ]
