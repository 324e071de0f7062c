#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loa text, loa template render, loa template check, as a person runs them. Expected values by hand.
set -u
loa=$(realpath "${B:-build}")/loa
dir=$(mktemp -d "${TMPDIR:-/tmp}/verbs-text.XXXXXX") || exit 2
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 2
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
		printf '# got:\n%s\n# wanted:\n%s\n' "$2" "$3" | sed 's/^\([^#]\)/#   \1/'
	fi
}

# run INPUT WORDS…: standard output, then standard error, then the exit code, to compare at once
run() {
	local input=$1
	shift
	printf '%s' "$input" | "$loa" "$@" 2>err
	local rc=$?
	cat err
	echo "exit $rc"
}

repeat() {
	local i
	for ((i = 0; i < $2; i++)); do printf '%s' "$1"; done
}

# ---- text ----

is "a plain text is counted in septets" "$(run $'Chao ban\n' text)" \
	'{"text":"Chao ban","encoding":"gsm7","units":8,"parts":1,"unicode_because":[],"invisible":[]}
exit 0'

is "extension characters count two" "$(run $'[QC]\n' text)" \
	'{"text":"[QC]","encoding":"gsm7","units":6,"parts":1,"unicode_because":[],"invisible":[]}
exit 0'

is "every character that forces unicode is named with its place" "$(run $'Lễ hội\n' text)" \
	'{"text":"Lễ hội","encoding":"ucs2","units":6,"parts":1,"unicode_because":[{"char":"ễ","at":1,"suggestion":"e"},{"char":"ộ","at":4,"suggestion":"o"}],"invisible":[]}
exit 0'

is "decomposed text is counted in its NFC form" "$(run $'Le\xcc\x82\xcc\x83\n' text)" \
	'{"text":"Lễ","encoding":"ucs2","units":2,"parts":1,"unicode_because":[{"char":"ễ","at":1,"suggestion":"e"}],"invisible":[]}
exit 0'

is "an emoji is two units and one place" "$(run $'🎉đ\n' text)" \
	'{"text":"🎉đ","encoding":"ucs2","units":3,"parts":1,"unicode_because":[{"char":"🎉","at":0},{"char":"đ","at":1,"suggestion":"d"}],"invisible":[]}
exit 0'

is "an empty line is an empty message, a last line needs no line end" "$(run $'\na' text)" \
	'{"text":"","encoding":"gsm7","units":0,"parts":0,"unicode_because":[],"invisible":[]}
{"text":"a","encoding":"gsm7","units":1,"parts":1,"unicode_because":[],"invisible":[]}
exit 0'

is "161 septets are two parts" \
	"$(repeat a 161 | "$loa" text | grep -o '"units":161,"parts":2')" '"units":161,"parts":2'

is "an escape on the border costs a part more" \
	"$( (repeat a 152; printf '€'; repeat a 152; printf x) | "$loa" text |
		grep -o '"units":307,"parts":3')" '"units":307,"parts":3'

is "a line break comes as JSON" "$(run $'"a\\nb \\u1ec5"\n' text --json)" \
	'{"text":"a\nb ễ","encoding":"ucs2","units":5,"parts":1,"unicode_because":[{"char":"ễ","at":4,"suggestion":"e"}],"invisible":[]}
exit 0'

is "a line in error has its error in its place, and the stream goes on" \
	"$(run $'"a"\n5\n"b"\n' text --json)" \
	'{"text":"a","encoding":"gsm7","units":1,"parts":1,"unicode_because":[],"invisible":[]}
{"error":{"code":"input","message":"the line is no JSON string"}}
{"text":"b","encoding":"gsm7","units":1,"parts":1,"unicode_because":[],"invisible":[]}
exit 1'

is "a line that is no UTF-8 is refused with its place" "$(run $'ab\xff\nc\n' text)" \
	'{"error":{"code":"not-utf8","message":"the line is not UTF-8: see byte 3"}}
{"text":"c","encoding":"gsm7","units":1,"parts":1,"unicode_because":[],"invisible":[]}
exit 1'

is "the listing of characters is bounded, and says how many there are" \
	"$(repeat ế 300 | "$loa" text | grep -o '{"char"' | wc -l) $(repeat ế 300 | "$loa" text |
		grep -o '"unicode_because_total":300')" '200 "unicode_because_total":300'

is "the plain form needs no unicode" "$(run $'Đồng Tháp – 50.000₫\n' text --plain)" \
	'{"text":"Dong Thap - 50.000d","encoding":"gsm7","units":19,"parts":1,"unicode_because":[],"lost":[],"invisible":[]}
exit 0'

is "what the plain form lost is named with its place in the message" \
	"$(run $'Lễ 🎉 hội 中\n' text --plain)" \
	'{"text":"Le  hoi ","encoding":"gsm7","units":8,"parts":1,"unicode_because":[],"lost":[{"char":"🎉","at":3},{"char":"中","at":9}],"invisible":[]}
exit 0'

is "plain takes JSON too" "$(run $'"“a”\\nế"\n' text --plain --json)" \
	'{"text":"\"a\"\ne","encoding":"gsm7","units":5,"parts":1,"unicode_because":[],"lost":[],"invisible":[]}
exit 0'

is "invisible characters are named with their places, and stay" \
	"$(run $'a\u200bb\u00a0c\n' text)" \
	$'{"text":"a\u200bb\u00a0c","encoding":"ucs2","units":5,"parts":1,"unicode_because":[{"char":"\u200b","at":1,"suggestion":""},{"char":"\u00a0","at":3,"suggestion":" "}],"invisible":[{"char":"\u200b","name":"zero-width space","at":1},{"char":"\u00a0","name":"no-break space","at":3}]}
exit 0'

is "they go where the author says so" "$(run $'a\u200bb\u00a0c\n' text --clean)" \
	$'{"text":"ab c","encoding":"gsm7","units":4,"parts":1,"unicode_because":[],"invisible":[{"char":"\u200b","name":"zero-width space","at":1},{"char":"\u00a0","name":"no-break space","at":3}]}
exit 0'

is "accents go where that saves a part, and only there" \
	"$( (repeat ế 71; echo; repeat ế 70; echo; repeat ế 70; echo 中) | "$loa" text --accents save |
		sed -E 's/^\{"text":"(.).*("encoding".*"parts":[0-9]*).*("accents".*)\}/\1 \2 \3/')" \
	'e "encoding":"gsm7","units":71,"parts":1 "accents":"plain"
ế "encoding":"ucs2","units":70,"parts":1 "accents":"kept"
ế "encoding":"ucs2","units":71,"parts":2 "accents":"kept"'

is "a carrier counts by its table, and may refuse" \
	"$( (repeat a 122; echo; repeat a 123; echo; repeat a 422; echo; echo Lễ; echo 'a#') |
		"$loa" text --carrier viettel --traffic qc | sed -E 's/^\{"text":"a*//')" \
	'","encoding":"gsm7","units":122,"parts":1,"unicode_because":[],"invisible":[],"carrier":"viettel","traffic":"qc","verdict":"fits"}
","encoding":"gsm7","units":123,"parts":2,"unicode_because":[],"invisible":[],"carrier":"viettel","traffic":"qc","verdict":"fits"}
","encoding":"gsm7","units":422,"parts":0,"unicode_because":[],"invisible":[],"carrier":"viettel","traffic":"qc","verdict":"too-long","max":421}
Lễ","encoding":"ucs2","units":2,"parts":0,"unicode_because":[{"char":"ễ","at":1,"suggestion":"e"}],"invisible":[],"carrier":"viettel","traffic":"qc","verdict":"unicode-not-allowed"}
#","encoding":"gsm7","units":2,"parts":1,"unicode_because":[],"invisible":[],"carrier":"viettel","traffic":"qc","verdict":"character-refused","refused":{"char":"#","at":1}}'

printf '{"rules":[{"since":"2025-01-01","carrier":"vietel","traffic":"qc","plain":[160],"unicode":"standard"}]}' >parts.json
is "a table in error is refused with its place" "$(run '' text --rules parts.json)" \
	'loa: rules[0].carrier: "vietel" is no carrier: did you mean viettel?
exit 1'

is "half a surrogate and NUL are errors in their places" \
	"$( (printf '"\\ud800"\n"a\\u0000"\n"\\udc00\\ud800"\n"ok"\n' | "$loa" text --json; printf 'a\0b\nok\n' |
		"$loa" text) | sed -E 's/^\{"(error|text)":("[^"]*")?.*/\1:\2/')" \
	'error:
error:
error:
text:"ok"
error:
text:"ok"'

is "a line of 1 MiB is counted, a longer one is an error in its place" \
	"$( (head -c 1048576 /dev/zero | tr '\0' a; echo; head -c 1048577 /dev/zero | tr '\0' a; echo; echo ok) |
		"$loa" text | sed -E 's/^\{"text":"a+/{"text":"/')" \
	'{"text":"","encoding":"gsm7","units":1048576,"parts":6854,"unicode_because":[],"invisible":[]}
{"error":{"code":"too-long","message":"the line has more than 1 MiB"}}
{"text":"ok","encoding":"gsm7","units":2,"parts":1,"unicode_because":[],"invisible":[]}'

# peak N: the most memory, in KiB, that loa text has had after N lines
peak() {
	local pid

	rm -f in && mkfifo in
	"$loa" text --accents save <in >/dev/null &
	pid=$!
	exec 3>in
	awk -v n="$1" 'BEGIN{for (i = 0; i < n; i++) print "Kính mời ông/bà", i, "đến bộ phận một cửa 😀"}' >&3
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$pid/status"
	exec 3>&-
	wait "$pid"
}

few=$(peak 2000)
many=$(peak 200000)
is "its memory does not grow with the lines" \
	"$([ "$few" -gt 0 ] && [ $((many - few)) -le 1024 ] && echo flat || echo "$few KiB, then $many KiB")" flat

is "an unknown option of text is a usage error" "$(run '' text --plan)" \
	'loa: --plan: is not an option of this verb: did you mean --plain?
exit 2'

# ---- template render ----

printf 'Kính gửi {{ ho_ten | default: "Ông/Bà" }}, xã {{ xã }}.\n' >invite.txt

is "a template is filled, its default used for null and the empty text" \
	"$(run $'{"ho_ten":"Lê An","xã":"Ea Drăng"}\n{"ho_ten":null,"Xã":"A"}\n{"ho_ten":"","xa\xcc\x83":"B"}\n' \
		template render invite.txt)" \
	'{"text":"Kính gửi Lê An, xã Ea Drăng.","language":"vi","encoding":"ucs2","units":28,"parts":1}
{"text":"Kính gửi Ông/Bà, xã A.","language":"vi","encoding":"ucs2","units":22,"parts":1}
{"text":"Kính gửi Ông/Bà, xã B.","language":"vi","encoding":"ucs2","units":22,"parts":1}
exit 0'

is "a missing field is named with its place" \
	"$(run $'{"ho_ten":"An"}\n{"xã":" "}\n{"xã":"A"}\n' template render invite.txt)" \
	'{"error":{"code":"missing","field":"xã","line":1,"column":50}}
{"error":{"code":"missing","field":"xã","line":1,"column":50}}
{"text":"Kính gửi Ông/Bà, xã A.","language":"vi","encoding":"ucs2","units":22,"parts":1}
exit 1'

printf '{{ a }}{{ b }} {{ c | default: "x" }}' >values.txt
is "numbers and booleans print as in Liquid" \
	"$(run $'{"a":1.50,"b":true,"c":false}\n{"a":0,"b":123456789012,"c":0}\n' \
		template render values.txt)" \
	'{"text":"1.5true x","language":"vi","encoding":"gsm7","units":9,"parts":1}
{"text":"0123456789012 0","language":"vi","encoding":"gsm7","units":15,"parts":1}
exit 0'

is "what is no recipient is an error of its line" \
	"$(run $'{"a":[1],"b":"x"}\n[]\n{"A":"1","a":"2","b":"3"}\n{"a":"1","a":"2"}\n{"a":"1","b":"2"}\n' \
		template render values.txt)" \
	'{"error":{"code":"input","message":"\"a\" is an object or array: a value is a string, a number, true, false or null"}}
{"error":{"code":"input","message":"the line is no JSON object"}}
{"error":{"code":"input","message":"\"a\" stands twice, in capitals and small letters or in two forms of its accents"}}
{"error":{"code":"input","message":"line 1 column 12: duplicate object key near '\''\"a\"'\''"}}
{"text":"12 x","language":"vi","encoding":"gsm7","units":4,"parts":1}
exit 1'

is "a text beyond 8192 bytes is refused, the place named" \
	"$(printf '{"a":"%s","b":"x"}\n' "$(repeat y 8192)" | "$loa" template render values.txt)" \
	'{"error":{"code":"too-long","message":"the text becomes longer than 8192 bytes here","line":1,"column":11}}'

printf 'a\n{{ ten | hoa }}\n' >bad.txt
is "a template in error is refused before any recipient" \
	"$(run $'{}\n' template render bad.txt)" \
	'loa: bad.txt:2:10: there is no filter hoa: known are default, upcase, downcase, capitalize, strip, lstrip, rstrip, truncate, truncatewords, replace, replace_first, remove, append, prepend, split, first, last, join, size, plus, minus …
exit 1'

is "a template that is not there is refused" "$(run '' template render none.txt)" \
	'loa: none.txt: No such file or directory: check the path and its permissions
exit 1'

is "render needs its file" "$(run '' template render)" \
	'loa: template render: needs a file: usage: loa template render FILE | vi=FILE km=FILE …
exit 2'

# ---- template check ----

is "a good template has nothing to say" "$(run '' template check invite.txt)" 'exit 0'
is "fields are compared after folding" \
	"$(run '' template check invite.txt --fields 'HO_TEN, XÃ,other')" 'exit 0'
is "a syntax error has file, line and column" "$(run '' template check bad.txt)" \
	'bad.txt:2:10: there is no filter hoa: known are default, upcase, downcase, capitalize, strip, lstrip, rstrip, truncate, truncatewords, replace, replace_first, remove, append, prepend, split, first, last, join, size, plus, minus …
{{ ten | hoa }}
         ^
exit 1'
is "each unknown field has file, line and column" \
	"$(run '' template check invite.txt --fields ho_tn,phone)" \
	'invite.txt:1:13: there is no field ho_ten: did you mean ho_tn?
invite.txt:1:50: there is no field xã: known are ho_tn, phone
Kính gửi {{ ho_ten | default: "Ông/Bà" }}, xã {{ xã }}.
            ^
Kính gửi {{ ho_ten | default: "Ông/Bà" }}, xã {{ xã }}.
                                                 ^
exit 1'
is "what is not of the subset is refused, not passed through" \
	"$(run '{% for a in b %}{% endfor %}' template check - 2>/dev/null)" \
	'-:1:4: the tag for is not known: known are if, unless, case, assign, capture, comment and raw
{% for a in b %}{% endfor %}
   ^
exit 1'
repeat 'a' 1048576 >big.txt
is "a megabyte is refused by its size" "$(run '' template check big.txt 2>&1 | sed '/^a*$/d')" \
	'big.txt:1:65537: the template has more than 65536 bytes, which end here: make it shorter
                                                           ^
exit 1'
repeat '{%if a%}' 8000 >deep.txt
is "eight thousand blocks inside each other are refused at the first too many" \
	"$(run '' template check deep.txt 2>&1 | head -n 1)" \
	'deep.txt:1:259: if is inside 32 others: no more than that may be nested'
printf 'a\0b' >nul.txt
is "a NUL has its place" "$(run '' template check nul.txt | sed -n 1p)" \
	'nul.txt:1:2: a NUL stands here, which is no text: remove it, or save the file as UTF-8'
printf '\xc3\xa1\xff' >latin.txt
is "what is no UTF-8 has its place" "$(run '' template check latin.txt | sed -n 1p)" \
	'latin.txt:1:2: the template is not UTF-8 here: save it with that encoding'
is "half a surrogate in a recipient is an error in its line" \
	"$(run '{"ho_ten":"\ud83d"}' template render invite.txt | grep -o 'line 1 column 18: invalid Unicode\|exit 1')" \
	'line 1 column 18: invalid Unicode
exit 1'
is "without a server its lists cannot be asked for" \
	"$(run '' template check invite.txt --list dan --data /nowhere | sed 's/server at .*/server/')" \
	'loa: server
exit 3'

# ---- template samples ----

is "the sample library is listed with parts and fields" \
	"$(run '' template samples | sed -n -e 's/  */ /g' -e '1p' -e '/^giup-nguoi-cao-tuoi/p' -e '/^exit/p')" \
	'name title class parts plain fields
giup-nguoi-cao-tuoi Giúp người cao tuổi tại nhà notice 2 1 gioi_tinh ho_ten [don_vi] [dien_thoai]
exit 0'
run '' template samples ho-so-co-ket-qua | sed '/^exit/d' >sample.txt
is "a sample can be checked and filled like any template" \
	"$(run '{"don_vi":"UBND xã A","ma_ho_so":7,"gioi_tinh":"nam","ho_ten":"LÊ VĂN BA","noi_tra":"Bưu điện"}' \
		template render sample.txt)" \
	'{"text":"UBND xã A: hồ sơ 7 của Ông Lê Văn Ba đã có kết quả. Kính mời nhận tại Bưu điện.","language":"vi","encoding":"ucs2","units":79,"parts":2}
exit 0'
is "the library as JSON has each text" \
	"$("$loa" template samples --json | grep -c '^    "text": ') $("$loa" template samples doanh-nghiep --json |
		grep -c '"name": "ten_doanh_nghiep"')" '22 1'
is "a misspelt sample is not guessed" "$(run '' template samples canh-bao-lua-da)" \
	'loa: template samples: there is no sample canh-bao-lua-da: did you mean canh-bao-lua-dao?: loa template samples lists them
exit 1'

echo "1..$count"
[ "$failures" -eq 0 ]
