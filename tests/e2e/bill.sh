#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What a campaign costs is counted on what the gateway got: label and footer around each text, two languages,
# accents that are taken off where that saves a part, carriers that count in two ways, four prices. Preview,
# report and results must say the same, also when the configuration changes and the server is killed meanwhile.
. "$(dirname "$0")/lib.sh"

n=${1:-1600}
# Viettel by provider a (from an ordinary number: as the standard counts), the others by b (cskh). Half of the
# rows say nothing in letters beyond ASCII; lengths go over every border; each 200th is too long for b.
awk -v n="$n" 'BEGIN {
	split("097 090 091 092", prefix, " ")
	print "Họ và tên;Số điện thoại;Ngôn ngữ;Việc"
	for (i = 0; i < n; i++) {
		word = i % 2 ? "viễn " : "vien "
		text = ""
		for (k = i % 200 == 199 ? 120 : (i * 7) % 83; k > 0; k--) text = text word
		printf "Nguoi %d;%s%07d;%s;%sxong\n", i, prefix[i % 4 + 1], 1000000 + i * 7, i % 16 == 5 ? "km" : "", text
	}
}' >"$dir/list.csv"
cat >"$dir/content.json" <<'JSON'
{ "adverts": [ { "since": "2025-01-01", "classes": ["advert"], "label": "[QC] ", "footer": " Tu choi: TC" } ],
  "rules": [ { "rule": "long", "since": "2025-01-01", "kind": "parts", "severity": "warn", "max": 200, "vi": "dài", "en": "long" } ] }
JSON
cat >"$dir/set.json" <<'JSON'
{ "texts": { "vi": { "sms": "{{ ho_ten }} {% if viec != 'xong' %}{{ viec }}{% endif %}" }, "km": { "sms": "សួស្តី {{ ho_ten }}" } } }
JSON
start_gateway --dedupe forever --latency 5
configure() { # ACCENTS TRAFFIC of provider b
	write_config -e 's/"rate": 100/"rate": 400/' -e '/"receipts": {/,/^        }/d' \
		-e 's/"http": { "429": "throttled" },/"http": { "429": "throttled" }/'
	cat >"$dir/policy.json" <<-'JSON'
		{ "classes": [ { "class": "advert", "priority": 5 } ] }
	JSON
	awk -v content="$dir/content.json" -v accents="$1" -v traffic="$2" '
	/"policy"/ { print; printf "  \"content\": \"%s\",\n  \"route\": { \"viettel\": \"a\", \"*\": \"b\" },\n", content; next }
	/^    [{]/ { in_provider = 1 }
	in_provider { a = a $0 "\n"; if (/^    }/) { in_provider = 0; finish() } next }
	{ print }
	function finish(    b) {
		b = a
		sub(/"mo-phong"/, "\"a\"", a)
		sub(/"price": [{][^}]*}/, "\"price\": { \"viettel\": 430 }, \"traffic\": \"standard\"", a)
		sub(/"mo-phong"/, "\"b\"", b)
		sub(/"price": [{][^}]*}/, "\"price\": { \"mobifone\": 441, \"vinaphone\": 452, \"*\": 463 }, \"traffic\": \"" traffic "\", \"accents\": \"" accents "\"", b)
		sub(/}\n$/, "},\n", a)
		printf "%s%s", a, b
	}' "$dir/loa.json" >"$dir/two.json" && mv "$dir/two.json" "$dir/loa.json"
}
configure save cskh
start_loa
loa list import l "$dir/list.csv" >/dev/null && loa segment save s l "so_dien_thoai != ''" >/dev/null &&
	loa template save t "$dir/set.json" >/dev/null &&
	echo '{"name":"c","template":"t","segments":["s"],"class":"advert"}' >"$dir/c.json" &&
	loa campaign create "$dir/c.json" >/dev/null
ok $? 'a campaign is made'
loa campaign preview c --json >"$dir/preview"
ok $? 'it is previewed'
loa campaign launch c >/dev/null
ok $? 'it is launched'

# ---- everything changes meanwhile ----
some() { has_lines $((n / 4)); }
until_true some
printf 'NEW {{ ho_ten }}' >"$dir/new.txt"
loa template save t "$dir/new.txt" >/dev/null
sed -i 's/\[QC\]/[NEW]/; s/TC"/NEW"/' "$dir/content.json"
configure plain qc
kill_server
until_true is_finished
ok $? 'the run is finished, with another template and other rules in force'

# ---- what the gateway got ----
# In bytes: a character is a byte that continues none, two UTF-16 units where it has four bytes; a text in
# ASCII has [ and ] as two septets each (3GPP TS 23.038). Borders: docs/FORMATS.md, "SMS parts".
sed -n 's/.*"event":"accepted".*"to":"\([0-9]*\)".*"text":"\([^"]*\)".*/\1 \2/p' "$dir/ledger" |
	LC_ALL=C awk '
	function upto(u, ends,    e, k, i) { k = split(ends, e, " "); for (i = 1; i <= k; i++) if (u <= e[i]) return i; return 999 }
	function each(u, one, more) { return u <= one ? 1 : int((u + more - 1) / more) }
	{
		phone = $1; text = substr($0, length(phone) + 2)
		rest = text; units = gsub(/[^\200-\277]/, "", rest)
		rest = text; units += gsub(/[\360-\367]/, "", rest)
		rest = text; is_ascii = !gsub(/[\200-\377]/, "", rest)
		rest = text; brackets = gsub(/[][]/, "", rest)
		is_a = phone ~ /^8497/
		parts = is_a ? (is_ascii ? each(units + brackets, 160, 153) : each(units, 70, 67)) \
			: (is_ascii ? upto(units + brackets, "160 306 459 495") : upto(units, "70 134 201 268 335"))
		plain = upto(units + brackets, "160 306 459 495")
		if (!is_a && !is_ascii && text !~ /\341\236/ && plain < parts) print "# dearer than plain: " text > "/dev/stderr"
		if (!is_a && !is_ascii) kept++
		price = is_a ? 430 : phone ~ /^8490/ ? 441 : phone ~ /^8491/ ? 452 : 463
		if (substr(text, 1, 5) != "[QC] " || text !~ / Tu choi: TC$/) wrong++
		print "0" substr(phone, 3), parts, parts * price > "'"$dir"'/counted"
		messages++; sum += parts; cost += parts * price
	}
	END { print messages, sum, cost, wrong + 0, (kept > 0) }' >"$dir/sums" 2>"$dir/dearer"
read -r messages parts cost wrong kept <"$dir/sums"
echo "# $messages messages, $parts parts, $cost VND"
is "$wrong" 0 'label and footer of the launch are around each text, in each language'
is "$(wc -l <"$dir/dearer")" 0 'where accents cost a part they are taken off'
is "$kept" 1 'and elsewhere they stay'
is "$(cut -d' ' -f1 "$dir/counted" | sort -u | wc -l)" "$messages" 'nobody got two'
field() { json_field "$2" <"$dir/$1"; } # of the preview: its own come before those of carriers
is "$(field preview messages) $(field preview parts) $(field preview cost)" "$messages $parts $cost" 'the preview counted exactly that'
sum_of() { tr -d ' \n' <"$dir/preview" | sed "s/.*\"$1\":[[{]//; s/[]}],\"[a-z_]*\":[[\"0-9tf{].*//" | grep -o "\"$2\":[0-9]*" | awk -F: '{ s += $2 } END { print s + 0 }'; }
is "$(sum_of languages messages) $(sum_of languages parts) $(sum_of languages cost)" "$messages $parts $cost" 'so did its languages'
loa campaign report c --by carrier --json | tr -d ' \n' | sed 's/.*"breakdown"://' >"$dir/report"
has "$(cat "$dir/report")" "\"parts\":$parts,\"cost\":$cost," 'the report says so'
loa campaign results c --full --token-file "$dir/token" --state accepted,delivered |
	tr -d '\r' | awk -F, 'NR > 1 { print $2, $7, $8 }' | sort >"$dir/results"
sort "$dir/counted" >"$dir/wanted"
cmp -s "$dir/wanted" "$dir/results"
ok $? 'and the results, for each person'
diff "$dir/wanted" "$dir/results" | head -n 5 | sed 's/^/# /'
is "$((messages + $(loa campaign results c --state skipped | tail -n +2 | wc -l)))" "$n" 'who got nothing was skipped, with a reason'
done_testing
