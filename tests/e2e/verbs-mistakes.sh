#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The mistakes that a clerk makes at the command line: each has its exit code, and one line on stderr
# that says what, why, and what to do.
. "$(dirname "$0")/lib.sh"
loa() { "$B/loa" "$@" --data "$dir/data" </dev/null; }
# fails RC PART WORD…: the verb ends with RC, and its error holds PART and at least three pieces
fails() {
	local rc=$1 part=$2 out got
	shift 2
	out=$(loa "$@" 2>&1 >/dev/null)
	got=$?
	is "$got: $(grep -c '^loa: ..*: ..*: ..*$' <<<"$out")" "$rc: 1" "$*: ends with $rc and an error of what, why, what to do"
	has "$out" "$part" "and it says: $part"
}

fails 3 'no server works there: start it with loa serve' campaign ls
out=$("$B/loa" campaign 2>&1)
is "$?" 2 'a first word alone is an error of usage'
has "$out" 'needs one more word: create, ls, show, preview' 'which names the second ones'
is "$(wc -l <<<"$out")" 1 'in one line'
has "$("$B/loa" camapign ls 2>&1)" 'did you mean "campaign ls"?' 'a misspelt verb is recognised'

start_gateway --receipts delivered --receipt-delay 20 --receipt-batch 10
write_config
"$B/loa" serve --config "$dir/loa.json" --data "$dir/data" --listen 127.0.0.1:0 >"$dir/loa.out" 2>"$dir/loa.log" &
loa_pid=$!
until_true loa campaign ls
ok $? 'the server is up'
address=$(sed -n 's|.*serving on \(http://[0-9.:]*\).*|\1|p' "$dir/loa.out")

# ---- who may not ----
fails 4 'a token is needed: give the administrator' campaign ls --server "$address"
echo nonsense >"$dir/token"
fails 4 '--token-file FILE' campaign ls --server "$address" --token-file "$dir/token"
fails 1 'No such file' campaign ls --server "$address" --token-file "$dir/none"
if [ "$(id -u)" -eq 0 ] && command -v runuser >/dev/null; then
	cp "$B/loa" "$dir/loa" && chmod 755 "$dir"
	out=$(runuser -u nobody -- "$dir/loa" campaign ls --data "$dir/data" 2>&1)
	is $? 4 'somebody else on the machine is refused'
	has "$out" 'use sudo, or --server URL with --token-file FILE' 'and told how it is done'
fi

# ---- lists ----
printf 'Họ và tên;Số điện thoại;Xã\nAn;0912345678;Châu Phong\nBình;0387654321;Long Xuyên\n' >"$dir/good.csv"
printf 'Họ và tên;Số điện thoại\nAn;09abc\n' >"$dir/letters.csv"
printf 'Họ và tên;Số điện thoại\n' >"$dir/titles.csv"
: >"$dir/empty.csv"
fails 1 'check the path' list import l "$dir/none.csv"
fails 1 'name a file that can be read' list import l "$dir"
fails 1 'the file is empty' list import l "$dir/empty.csv"
fails 1 'no row under them' list import l "$dir/titles.csv"
fails 1 'none of 1 rows could be used: letters 1: check the column' list import l "$dir/letters.csv"
fails 1 'no column "Di động" among: Họ và tên' list import l "$dir/good.csv" --phone 'Di động'
fails 2 'usage: loa list import NAME FILE' list import l
loa list import l "$dir/good.csv" >/dev/null
ok $? 'a good list is taken'
fails 1 'see loa list ls' list show other

# ---- segments and templates ----
fails 1 'did you mean xa?' segment save s l "xaa = 'x'"
fails 2 'a word is missing: usage: loa segment save' segment save s l
fails 2 'a word is too many (quote what has blanks): usage' segment save s l xa = x
fails 1 'see loa segment ls' segment count other
loa segment save s l "xa = 'Châu Phong'" >/dev/null
ok $? 'a good segment is taken'
printf 'Kính gửi\n{{ ho_ten }, mời' >"$dir/broken.txt"
out=$(loa template save t "$dir/broken.txt" 2>&1)
is $? 1 'a broken template is refused'
has "$out" 'broken.txt:2:11: "}" is not expected here' 'with file, line and column'
fails 1 'write the message into the file' template save t "$dir/empty.csv"
printf 'Kính gửi {{ ho_ten }}, mời nộp hồ sơ.' >"$dir/t.txt"
loa template save t "$dir/t.txt" >/dev/null
ok $? 'a good template is taken'

# ---- campaigns ----
write() { printf '{"name":"c","template":"t","segments":["s"],"class":"notice"}' | sed "$1" >"$dir/c.json"; }
write 's/notice/notices/'
fails 1 'the policy has notice, personal' campaign create "$dir/c.json"
write 's/"s"/"other"/'
fails 1 'see loa segment ls' campaign create "$dir/c.json"
write 's/segments/segment/'
fails 1 'did you mean "segments"?' campaign create "$dir/c.json"
write 's/}$//'
fails 1 'correct the JSON' campaign create "$dir/c.json"
write ''
loa campaign create "$dir/c.json" >/dev/null
ok $? 'a good campaign is taken'
fails 1 'choose another name' campaign create "$dir/c.json"
fails 1 'give an earlier time' campaign launch c --at 2099-01-01T08:00
fails 1 'give a later time' campaign launch c --at 2020-01-01T08:00
fails 1 'nothing was sent; loa campaign launch sends it' campaign pause c
fails 1 'nothing was sent' campaign cancel c --yes
fails 2 'add it if you are sure' campaign cancel c
fails 1 'see loa campaign ls' campaign launch other
fails 2 'a word is missing' campaign launch
fails 2 'did you mean --at?' campaign launch c --att 2027-10-10T08:00
loa campaign launch c >/dev/null && loa campaign watch c >/dev/null
ok $? 'the campaign is finished'
fails 1 'nothing of it is left to send' campaign pause c
fails 1 'nothing of it is left to send' campaign cancel c --yes
report=$(loa campaign report c)
has "$report" 'class notice; list l version 1' 'the report does not name a goal and an event that there are not'
has "$(loa campaign report c --by xa)" "    Châu Phong                              1 messages" 'columns are as wide as letters, not as bytes'

# ---- single messages and suppressions ----
fails 1 'write it as 0912345678' send 09abc 'Chào ông/bà'
fails 1 'write what is to be sent' send 0912345678 ''
fails 2 '--key has 8 to 128 characters' send 0912345678 'Chào ông/bà' --key k
fails 1 'write it as 0912345678' suppress add 09abc --reason x
fails 2 'needs --reason' suppress add 0912345678
done_testing
