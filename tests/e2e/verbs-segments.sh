#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loa phone, loa segment eval, loa segment check from outside: output, exit codes, streaming.
set -u
cd "$(dirname "$0")/../.." || exit 2
loa=${B:-build}/loa
n=0

# is NAME EXPECTED GOT
is() {
	n=$((n + 1))
	if [ "$2" = "$3" ]; then
		echo "ok $n - $1"
	else
		echo "not ok $n - $1"
		printf '%s\n' "expected: $2" "got: $3" | sed 's/^/# /'
	fi
}

is "a clean number has no repairs" \
	'{"input":"0912345678","phones":["84912345678"],"carrier":"vinaphone","repairs":[],"reason":null}' \
	"$(echo 0912345678 | "$loa" phone)"
is "a label and separators are dropped and named" \
	'{"input":"SĐT: 0912 345.678","phones":["84912345678"],"carrier":"vinaphone","repairs":["label","separators"],"reason":null}' \
	"$(echo 'SĐT: 0912 345.678' | "$loa" phone)"
is "lost digits are refused" \
	'{"input":"8.49123E+10","phones":[],"carrier":null,"repairs":[],"reason":"lost-digits"}' \
	"$(echo '8.49123E+10' | "$loa" phone)"
is "an empty line is an empty cell" \
	'{"input":"","phones":[],"carrier":null,"repairs":[],"reason":"empty"}' \
	"$(echo | "$loa" phone)"
is "a refused number is an outcome, not an error" 0 "$(echo 02838123456 | "$loa" phone >/dev/null; echo $?)"
is "a line that is not UTF-8 is an error in its place and the stream goes on" \
	'1 error 84912345678' \
	"$(printf '\xff\n0912345678\n' | "$loa" phone | tr '\n' ' ' | sed -E 's/.*"(error)".*"phones":\["([0-9]+)"\].*/1 \1 \2/')"
is "and it ends with 1" 1 "$(printf '\xff\n0912345678\n' | "$loa" phone >/dev/null; echo $?)"
is "one line in is one line out" 1000 "$(seq -f '09%08.0f' 1000 | "$loa" phone | wc -l)"
is "phone takes no words" 2 "$("$loa" phone 0912345678 2>/dev/null </dev/null; echo $?)"

is "a province's old name is explained beside the normal form" \
	"province('Thái Bình') loa: note: province('Thái Bình') finds rows that say Thái Bình: it is part of Hưng Yên" \
	"$("$loa" segment check 'Province("Thái Bình")' 2>&1 | tr '\n' ' ' | sed 's/ since.*//')"
is "today's name finds rows of before and a row in Saigon is in Ho Chi Minh City" 'true false' \
	"$(printf '{"tinh":"Bình Dương"}\n{"tinh":"Hà Nội"}\n' | "$loa" segment eval 'province("TP. HCM")' | paste -sd' ')"
is "what needs a server is refused without one" 1 \
	"$("$loa" segment eval "in_list('x')" </dev/null >/dev/null 2>&1; echo $?)"

query="tinh = 'an giang' AND age(ngay_sinh) >= 60"
is "rows are true or false" "true false false" "$(printf '%s\n' \
	'{"tinh":"An Giang","ngay_sinh":"1950-01-31"}' '{"tinh":"Huế","ngay_sinh":"1950"}' '{"tinh":null}' |
	"$loa" segment eval "$query" | xargs)"
is "a number in JSON compares as one" "true false true" "$(printf '%s\n' '{"tuoi":67}' '{"tuoi":9}' '{"tuoi":"60"}' |
	"$loa" segment eval 'tuoi >= 60' | xargs)"
is "names are found in any case and with blanks" true \
	"$(echo '{"Họ và tên":"An"}' | "$loa" segment eval '`họ và tên` = "AN"')"
is "a list of tags has one" "true false" "$(printf '%s\n' '{"the":["a","B"]}' '{"the":["c"]}' |
	"$loa" segment eval "the HAS 'b'" | xargs)"
is "a line that is no object is an error in its place" "error error true" \
	"$(printf '%s\n' 'x' '[1]' '{"a":1}' | "$loa" segment eval 'a = 1' | sed -E 's/^\{"(error)".*/\1/' | xargs)"
is "and it ends with 1 too" 1 "$(printf 'x\n' | "$loa" segment eval 'a = 1' >/dev/null; echo $?)"
is "a query in error is one line with its place" \
	"loa: query: at character 8: the quote ' is not closed: add another ': see loa segment check" \
	"$("$loa" segment eval "tinh = 'x" 2>&1 </dev/null)"
is "and it ends with 1 as well" 1 "$("$loa" segment eval "tinh = 'x" 2>/dev/null </dev/null; echo $?)"
is "the query is missing" 2 "$("$loa" segment eval 2>/dev/null </dev/null; echo $?)"

is "a query is normalised" "tinh = 'An Giang' AND (a >= 60 OR NOT b = 'x')" \
	"$("$loa" segment check 'tinh="An Giang" and (a>=60 or not (b="x"))')"
is "a normalised query stays as it is" "tinh = 'An Giang' AND (a >= 60 OR NOT b = 'x')" \
	"$("$loa" segment check "tinh = 'An Giang' AND (a >= 60 OR NOT b = 'x')")"
is "an error has a caret under it" "$(printf 'tỉnh == 1\n     ^ write = instead of ==')" \
	"$("$loa" segment check 'tỉnh == 1')"
is "check ends with 1 on an error" 1 "$("$loa" segment check 'a =' >/dev/null; echo $?)"
is "check takes one query" 2 "$("$loa" segment check a = 1 2>/dev/null; echo $?)"
echo "1..$n"
