#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A list of people who read different languages, and a template set: everybody gets the text that the
# order of languages says, also when the server is killed in the middle and the template is saved anew
# meanwhile. Versions, their differences, what a preview tells about languages and missing fields.
. "$(dirname "$0")/lib.sh"

n=${1:-3000}
# The tags of the texts that people get whose language is, in turn: vi, Khmer, tiếng Tày, H'Mông,
# km-KH, không rõ, nothing, Chăm.
texts=(vi km tyz vi km vi vi cjm)
awk -v n="$n" 'BEGIN {
	split("vi|Khmer|tiếng Tày|H'"'"'Mông|km-KH|không rõ||Chăm", l, "|")
	print "Họ và tên;Số điện thoại;Ngôn ngữ;Xã"
	for (i = 0; i < n; i++)
		printf "Người %d;09%08d;%s;%s\n", i, 10000000 + i * 7, l[i % 8 + 1], i % 100 == 0 ? "" : "Xã " i % 50
}' >"$dir/list.csv"
cat >"$dir/set.json" <<'JSON'
{
  "texts": {
    "vi": { "sms": "vi: Kính gửi {{ ho_ten }}" },
    "km": { "sms": "km: សួស្តី {{ ho_ten }}" },
    "tyz": { "sms": "tyz: Chào {{ ho_ten }}" },
    "cjm": { "sms": "cjm: {{ ho_ten }} ({{ xa }})" }
  },
  "zalo": { "template_id": "123456", "parameters": { "ten": "{{ ho_ten }}" } }
}
JSON

# rendered OBJECT: the language of its text
rendered() { echo "$1" | "$B/loa" template render "$dir/set.json" | sed 's/.*"language":"\([a-z]*\)".*/\1/'; }

# ---- pure verbs ----
is "$(rendered '{"ho_ten":"An","Ngôn ngữ":"Khmer"}')" km \
	'a set is rendered in the language of the recipient'
is "$(rendered '{"ho_ten":"An","language":"hmn"}')" vi \
	'or in Vietnamese, where there is no text in it'
printf 'Chào {{ a }}\n{%% x %%}' >"$dir/vi.txt"
printf 'km {{ b | y }}' >"$dir/km.txt"
out=$("$B/loa" template check "vi=$dir/vi.txt" "km=$dir/km.txt")
is $? 1 'errors of several files are found'
has "$out" "$dir/vi.txt:2:" 'each in its file'
has "$out" "$dir/km.txt:1:" 'all of them at once'

# ---- saving ----
start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-batch 50 --receipt-tries 1000 --latency 5
write_config -e 's/"rate": 100/"rate": 600/' -e 's/"deadline_s": 10/"deadline_s": 120/'
start_loa
loa list import l "$dir/list.csv" >/dev/null
loa segment save s l "so_dien_thoai != ''" >/dev/null
is "$(loa template save t "$dir/set.json")" 'template t: version 1 (vi, cjm, km, tyz)' 'a set is saved'
is "$(loa template save t "$dir/set.json")" 'template t: version 1, as before (vi, cjm, km, tyz)' 'the same again is the same version'
out=$(sed 's/ho_ten }}" },$/ho_ten | nope }}" },/' "$dir/set.json" >"$dir/bad.json"; loa template save t "$dir/bad.json" 2>&1)
is $? 1 'a set with errors is not saved'
is "$(echo "$out" | grep -c "bad.json:[345]:")" 3 'all errors of all languages are told with their places'
out=$(loa template check "$dir/set.json" --list l)
is "$out" '' 'fields are those of the list'
out=$(sed 's/{{ xa }}/{{ xaa }}/' "$dir/set.json" >"$dir/bad.json"; loa template check "$dir/bad.json" --list l)
has "$out" 'bad.json:6:' 'a field that is none is found in its language'
api PUT /templates/t '{"texts":{"vi":{"sms":"{{ a"},"km":{"sms":"{% b %}"}}}' >"$dir/answer"
is "$(status)" 422 'the API refuses a set with errors'
is "$(grep -o '"path":' "$dir/answer" | wc -l)" 2 'and tells all of them'

# ---- preview ----
echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
preview=$(loa campaign preview c --json | tr -d ' \n')
count_of() { # LANGUAGE: rows of the list that get this text
	local i sum=0
	for i in 0 1 2 3 4 5 6 7; do
		[ "${texts[i]}" != "$1" ] || sum=$((sum + (n - i + 7) / 8))
	done
	echo $sum
}
# Only rows without a commune can be skipped; their numbers are multiples of 4, those of Chăm are odd.
for l in vi km tyz cjm; do
	has "$preview" "{\"language\":\"$l\",\"messages\":$(count_of $l)," "so many get $l"
done
has "$preview" "{\"why\":\"missing\",\"count\":$(((n + 1) / 8)),\"rows\":[7,15,23,31,39]}" 'who has no language is counted, with the first rows'
has "$preview" "{\"why\":\"unknown\",\"count\":$(((n + 2) / 8)),\"rows\":[6,14,22,30,38]}" 'and whose is not understood'
has "$preview" "\"untranslated\":[{\"language\":\"hmn\",\"count\":$(((n + 4) / 8)),\"rows\":[4,12,20,28,36]}]" 'and who reads one that has no text'

# ---- a run ----
loa campaign launch c >/dev/null
some() { has_lines $((n / 4)); }
until_true some
printf 'NEW %s' 'Kính gửi {{ ho_ten }}' >"$dir/new.txt"
is "$(loa template save t "$dir/new.txt")" 'template t: version 2 (vi)' 'the template is saved anew while it is sent'
kill_server
until_true is_finished
ok $? 'the run is finished'
sed -n 's/.*"event":"accepted".*"to":"\([0-9]*\)".*"text":"\([^"]*\)".*/\1 \2/p' "$dir/ledger" | sort >"$dir/got"
awk -v n="$n" 'BEGIN {
	split("vi: Kính gửi |km: សួស្តី |tyz: Chào |vi: Kính gửi |km: សួស្តី |vi: Kính gửi |vi: Kính gửi |cjm: ", before, "|")
	for (i = 0; i < n; i++)
		printf "849%08d %sNgười %d%s\n", 10000000 + i * 7, before[i % 8 + 1], i, i % 8 == 7 ? " (Xã " i % 50 ")" : ""
}' | sort >"$dir/wanted"
diff "$dir/wanted" "$dir/got" | head -n 5 | sed 's/^/# /'
cmp -s "$dir/wanted" "$dir/got"
ok $? 'everybody got exactly the text in his language, once'
is "$(report counters)" agree 'counters and records agree'

# ---- versions ----
is "$(loa campaign show c --json | json_field template_version)" 1 'the campaign names the version that was sent'
is "$(loa template show t)" 'NEW Kính gửi {{ ho_ten }}' 'the newest version is shown'
is "$(loa template show t --version 1 --language tyz)" 'tyz: Chào {{ ho_ten }}' 'a language of an old version'
has "$(loa template show t --version 1)" '-- vi zalo 123456' 'and all of it'
out=$(loa template diff t)
has "$out" '- [-vi:-] Kính gửi {{ ho_ten }}' 'a difference marks the words that went'
has "$out" '+ {+NEW+} Kính gửi {{ ho_ten }}' 'and those that came'
has "$out" '-- km sms: removed' 'by language'
is "$(loa template diff t 1 1)" 'version 1 and version 1 say the same' 'a version is the same as itself'
has "$(loa template ls)" 't  version 2  vi  saved 20' 'ls shows version, languages and last change'
loa template show t --version 9 2>"$dir/err"
is $? 1 'a version that is not there is not shown'

# ---- what is missing ----
printf '{{ xa }}: {{ ho_ten }}' >"$dir/m.txt"
loa template save m "$dir/m.txt" >/dev/null
echo '{"name":"m","template":"m","segments":["s"],"class":"notice","accents":"plain"}' >"$dir/m.json"
loa campaign create "$dir/m.json" >/dev/null
preview=$(loa campaign preview m --json | tr -d ' \n')
has "$preview" "\"missing_fields\":[{\"field\":\"xa\",\"count\":$(((n + 99) / 100)),\"rows\":[1,101,201,301,401]}]" 'a preview tells which field is missing, and where'
has "$preview" "\"plain\":$((n - (n + 99) / 100))," 'and whose accents are taken off'
has "$preview" '"longest":{"text":"Xa' 'as the texts show'

# ---- a record from before there were sets; Zalo; notices ----
redis HSET loa:template:old version 1 source1 'Cũ {{ ho_ten }}' unit 1 saved1 1700000000 >/dev/null
redis SADD loa:names:template old >/dev/null
is "$(loa template show old)" 'Cũ {{ ho_ten }}' 'a record from before there were sets is read'
has "$(loa template ls)" 'old  version 1  vi  saved 2023-11-15' 'and listed'
echo '{"zalo":{"template_id":"9","parameters":{"ten":"{{ ho_ten }}"}}}' >"$dir/z.json"
loa template save z "$dir/z.json" >/dev/null
ok $? 'a Zalo text alone is saved'
echo '{"name":"z","template":"z","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
out=$(loa campaign launch z 2>&1)
is $? 4 'a campaign of it is refused'
has "$out" 'no driver for Zalo' 'and says what is missing'
loa template save t "$dir/set.json" >/dev/null
api POST /messages '{"to":"0912000001","template":"t","fields":{"ho_ten":"An"},"language":"Khmer"}' languages-1 >/dev/null
is "$(status)" 202 'a single message in a language is accepted'
in_ledger() { grep -q 'km: សួស្តី An' "$dir/ledger"; }
until_true in_ledger
ok $? 'and sent in it'
api POST /messages '{"to":"0912000001","template":"t","fields":{"ho_ten":"An"},"language":"???"}' languages-2 >"$dir/answer"
is "$(status)" 422 'a language that is none is refused'
done_testing
