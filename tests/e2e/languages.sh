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
    "vi": { "sms": "vi: Kính gửi {{ ho_va_ten }}" },
    "km": { "sms": "km: សួស្តី {{ ho_va_ten }}" },
    "tyz": { "sms": "tyz: Chào {{ ho_va_ten }}" },
    "cjm": { "sms": "cjm: {{ ho_va_ten }} ({{ xa }})" }
  },
  "zalo": { "template_id": "123456", "parameters": { "ten": "{{ ho_va_ten }}" } }
}
JSON

# json_member NAME: of the JSON on standard input
json_member() { python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$1"; }

# ---- pure verbs ----
is "$(echo '{"ho_va_ten":"An","Ngôn ngữ":"Khmer"}' | "$B/loa" template render "$dir/set.json" | json_member language)" km \
	'a set is rendered in the language of the recipient'
is "$(echo '{"ho_va_ten":"An","language":"hmn"}' | "$B/loa" template render "$dir/set.json" | json_member language)" vi \
	'or in Vietnamese, where there is no text in it'
printf 'Chào {{ a }}\n{%% x %%}' >"$dir/vi.txt"
printf 'km {{ b | y }}' >"$dir/km.txt"
out=$("$B/loa" template check "vi=$dir/vi.txt" "km=$dir/km.txt")
is $? 1 'errors of several files are found'
has "$out" "$dir/vi.txt:2:" 'each in its file'
has "$out" "$dir/km.txt:1:" 'all of them at once'

# ---- saving ----
start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-tries 1000 --latency 5
write_config -e 's/"rate": 100/"rate": 600/' -e 's/"deadline_s": 10/"deadline_s": 120/' -e 's/"brandname": "[^"]*"/"brandname": ""/'
start_loa
loa list import l "$dir/list.csv" >/dev/null
loa segment save s l "so_dien_thoai != ''" >/dev/null
is "$(loa template save t "$dir/set.json")" 'template t: version 1 (vi, cjm, km, tyz)' 'a set is saved'
is "$(loa template save t "$dir/set.json")" 'template t: version 1, as before (vi, cjm, km, tyz)' 'the same again is the same version'
out=$(sed 's/ho_va_ten }}" },$/ho_va_ten | nope }}" },/' "$dir/set.json" >"$dir/bad.json"; loa template save t "$dir/bad.json" 2>&1)
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
preview=$(loa campaign preview c --json)
count_of() { # LANGUAGE: rows of the list that get this text
	local i sum=0
	for i in 0 1 2 3 4 5 6 7; do
		[ "${texts[i]}" != "$1" ] || sum=$((sum + (n - i + 7) / 8))
	done
	echo $sum
}
# rows 7 mod 8 that have no commune: i % 100 == 0 is never 7 mod 8, so nobody is skipped
for l in vi km tyz cjm; do
	is "$(echo "$preview" | python3 -c '
import json, sys
p = json.load(sys.stdin)
print([x["messages"] for x in p["languages"] if x["language"] == sys.argv[1]][0])' $l)" "$(count_of $l)" "so many get $l"
done
is "$(echo "$preview" | python3 -c '
import json, sys
p = json.load(sys.stdin)
print(sorted((x["why"], x["count"], x["rows"][0]) for x in p["no_language"]), [(x["language"], x["count"]) for x in p["untranslated"]])')" \
	"[('missing', $(((n + 1) / 8)), 7), ('unknown', $(((n + 2) / 8)), 6)] [('hmn', $(((n + 4) / 8)))]" 'who has no language, or one without a text, is counted'

# ---- a run ----
loa campaign launch c >/dev/null
some() { has_lines $((n / 4)); }
until_true some
printf 'NEW %s' 'Kính gửi {{ ho_va_ten }}' >"$dir/new.txt"
is "$(loa template save t "$dir/new.txt")" 'template t: version 2 (vi)' 'the template is saved anew while it is sent'
kill_server
until_true is_finished
ok $? 'the run is finished'
python3 - "$dir" "$n" <<'PY' >"$dir/verdict"
import json, sys
dir, n = sys.argv[1], int(sys.argv[2])
want = ["vi: Kính gửi %s", "km: សួស្តី %s", "tyz: Chào %s", "vi: Kính gửi %s", "km: សួស្តី %s", "vi: Kính gửi %s", "vi: Kính gửi %s", "cjm: %s (%s)"]
got = {}
for line in open(dir + "/ledger"):
    v = json.loads(line)
    if v.get("event") == "accepted":
        got.setdefault(v["to"], []).append(v["text"])
bad = 0
for i in range(n):
    name, xa = "Người %d" % i, "Xã %d" % (i % 50)
    text = want[i % 8] % ((name, xa) if i % 8 == 7 else name)
    if got.get("849%08d" % (10000000 + i * 7)) != [text]:
        bad += 1
        if bad < 4: print("#", i, text, got.get("849%08d" % (10000000 + i * 7)))
print("bad", bad, "people", len(got))
PY
grep '^#' "$dir/verdict"
is "$(tail -n 1 "$dir/verdict")" "bad 0 people $n" 'everybody got exactly the text in his language, once'
is "$(report counters)" agree 'counters and records agree'

# ---- versions ----
is "$(loa template show t)" 'NEW Kính gửi {{ ho_va_ten }}' 'the newest version is shown'
is "$(loa template show t --version 1 --language tyz)" 'tyz: Chào {{ ho_va_ten }}' 'a language of an old version'
has "$(loa template show t --version 1)" '-- vi zalo 123456' 'and all of it'
out=$(loa template diff t)
has "$out" '- [-vi:-] Kính gửi {{ ho_va_ten }}' 'a difference marks the words that went'
has "$out" '+ {+NEW+} Kính gửi {{ ho_va_ten }}' 'and those that came'
has "$out" '-- km sms: removed' 'by language'
is "$(loa template diff t 1 1)" 'version 1 and version 1 say the same' 'a version is the same as itself'
has "$(loa template ls)" 't  version 2  vi  saved 20' 'ls shows version, languages and last change'
loa template show t --version 9 2>"$dir/err"
is $? 1 'a version that is not there is not shown'

# ---- what is missing ----
loa template save m "vi=$dir/new.txt" >/dev/null
printf '{{ xa }}: {{ ho_va_ten }}' >"$dir/m.txt"
loa template save m "$dir/m.txt" >/dev/null
echo '{"name":"m","template":"m","segments":["s"],"class":"notice","accents":"plain"}' >"$dir/m.json"
loa campaign create "$dir/m.json" >/dev/null
preview=$(loa campaign preview m --json)
is "$(echo "$preview" | python3 -c 'import json, sys; print(json.load(sys.stdin)["missing_fields"])')" \
	"[{'field': 'xa', 'count': $(((n + 99) / 100)), 'rows': [1, 101, 201, 301, 401]}]" 'a preview tells which field is missing, and where'
is "$(echo "$preview" | python3 -c 'import json, sys; print(json.load(sys.stdin)["longest"]["text"][:4])')" 'Xa 4' 'with accents taken off'

# ---- a record from before there were sets; Zalo; notices ----
redis HSET loa:template:old version 1 source1 'Cũ {{ ho_va_ten }}' unit 1 saved1 1700000000 >/dev/null
redis SADD loa:names:template old >/dev/null
is "$(loa template show old)" 'Cũ {{ ho_va_ten }}' 'a record from before there were sets is read'
has "$(loa template ls)" 'old  version 1  vi  saved 2023-11-15' 'and listed'
echo '{"zalo":{"template_id":"9","parameters":{"ten":"{{ ho_va_ten }}"}}}' >"$dir/z.json"
loa template save z "$dir/z.json" >/dev/null
ok $? 'a Zalo text alone is saved'
echo '{"name":"z","template":"z","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa campaign create "$dir/c.json" >/dev/null
out=$(loa campaign launch z --yes 2>&1)
is $? 4 'a campaign of it is refused'
has "$out" 'no driver for Zalo' 'and says what is missing'
loa template save t "$dir/set.json" >/dev/null
api POST /messages '{"to":"0912000001","template":"t","fields":{"ho_va_ten":"An"},"language":"Khmer"}' languages-1 >/dev/null
is "$(status)" 202 'a single message in a language is accepted'
in_ledger() { grep -q 'km: សួស្តី An' "$dir/ledger"; }
until_true in_ledger
ok $? 'and sent in it'
api POST /messages '{"to":"0912000001","template":"t","fields":{"ho_va_ten":"An"},"language":"???"}' languages-2 >"$dir/answer"
is "$(status)" 422 'a language that is none is refused'
done_testing
