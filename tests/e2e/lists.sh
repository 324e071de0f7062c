#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A list as officials have it: looked at first, imported, taken back and forth; what was chosen for its
# titles is remembered; what the law calls sensitive stays out.
. "$(dirname "$0")/lib.sh"

gateway_port=1 # nobody sends anything
write_config
start_loa

keys() { redis KEYS 'loa:*' | grep -E '^loa:(list|lists|block|snap|rejects|seq:list|seq:block|choices)' | sort | tr '\n' ' '; }
field() { loa list show "$1" --json | json_field "$2"; }

# ---- a dry run ----
motto=tests/cases/import/motto.csv
before=$(keys)
out=$(loa list import can-bo $motto --dry-run)
ok $? 'a dry run reads the file'
has "$out" '24 rows read, 4 kept; a dry run: nothing is stored' 'it has the sum'
has "$out" 'separator ;, titles in line 7' 'it says where the table begins'
has "$out" 'nhom                     text     Nhóm  from group rows' 'it says where a column comes from'
has "$out" 'ngay_sinh                1990-03-05' 'it shows rows as they are understood'
has "$out" 'Không có số điện thoại' 'it shows the rejected rows'
is "$(keys)" "$before" 'nothing of it is stored'
out=$(loa list import can-bo $motto --dry-run --json)
is "$(json_field rows_read <<<"$out") $(json_field dry_run <<<"$out")" '24 true' 'the same as JSON'

# ---- versions ----
out=$(loa list import can-bo $motto)
has "$out" '24 rows read, 4 kept: version 1' 'an import says which version it made'
has "$(loa list show can-bo --rejects)" 'Không có số điện thoại' 'its rejects can be read'
printf 'Họ tên;SĐT\nAn;0912345678\nBé;0912345679\n' >"$dir/two.csv"
has "$(loa list import can-bo "$dir/two.csv")" ': version 2' 'the next one the next version'
has "$(loa list undo can-bo)" 'can-bo: version 1 is current again, 4 rows (was 2)' 'an undo goes back to the version before'
is "$(field can-bo version) $(field can-bo rows)" '1 4' 'which is current'
loa segment save nhom-1 can-bo "nhom = 'Thôn 1'" >/dev/null
has "$(loa segment count nhom-1)" '2 of 4 rows' 'with its rows and columns'
has "$(loa list redo can-bo)" 'version 2 is current again, 2 rows' 'a redo takes the undo back'
out=$(loa list redo can-bo 2>&1)
is $? 1 'once'
has "$out" 'no import of it was taken back' 'and says so'
loa list undo can-bo >/dev/null
has "$(loa list import can-bo "$dir/two.csv")" ': version 3' 'an import after an undo is a version of its own'
has "$(loa list undo can-bo)" 'version 1 is current again' 'and goes back to what was current before it'
api POST "/lists/can-bo/undo?version=3" >"$dir/answer"
is "$(status)" 409 'an undo that was asked for twice is done once'

# ---- the first version ----
out=$(loa list undo can-bo 2>&1)
is $? 1 'a first import that is needed stays'
has "$out" 'segment nhom-1 uses it' 'and it is said for what'
before=$(keys)
loa list import nhap "$dir/two.csv" >/dev/null
loa list import nhap "$dir/two.csv" >/dev/null
loa list undo nhap >/dev/null
has "$(loa list undo nhap)" 'the list is removed' 'a first import that nobody needs is removed'
loa list show nhap >/dev/null 2>&1
is $? 1 'there is no such list then'
gone() { [ -z "$(redis KEYS 'loa:block:2:*')$(redis KEYS 'loa:snap:2:*')$(redis KEYS 'loa:rejects:2:*')" ]; }
until_true gone
ok $? 'and nothing is left of its people'
has "$(loa list import nhap "$dir/two.csv")" ': version 1' 'its name is free again'

# ---- choices ----
printf 'Tên gọi;Liên hệ;Dân tộc\nAn;0912345678;Khmer\n' >"$dir/odd.csv"
out=$(loa list import odd "$dir/odd.csv" 2>&1)
is $? 1 'a table without a phone column is refused'
has "$out" '--phone' 'with what to do'
out=$(loa list import odd "$dir/odd.csv" --map 'Liên hệ=so_dien_thoai' --map 'Tên gọi=ho_ten' --language-from 'Dân tộc')
has "$out" 'left out: Dân tộc: sensitive (ethnic origin)' 'what is sensitive stays out'
has "$out" 'language                 text     Ngôn ngữ  from people' 'the language is derived from it'
printf 'Tên gọi;Liên hệ;Dân tộc\nBé;0912345679;Kinh\nCả;0912345670;Chăm\n' >"$dir/odd2.csv"
out=$(loa list import odd2 "$dir/odd2.csv")
ok $? 'the next table with these titles is read the same way'
has "$out" 'read as the last table with these titles' 'and it says so'
has "$(loa list show odd2)" 'Ngôn ngữ' 'with all its columns'
loa list import odd3 "$dir/odd2.csv" --fresh >/dev/null 2>&1
is $? 1 '--fresh reads it anew'
out=$(loa list import odd "$dir/odd.csv" --phone 'Liên hệ' --keep 'Dân tộc=Kế hoạch 12/KH-UBND' --json)
has "$out" '"reason": "Kế hoạch 12/KH-UBND"' 'the reason for keeping it is in the report'
has "$(loa list show odd)" 'Dân tộc  (sensitive)' 'and the column is marked'
out=$(loa list import odd "$dir/odd.csv" --map 'Liên hệ=in' 2>&1)
is $? 1 'a word of queries is no name'
out=$(loa list import odd tests/cases/import/two-phones.csv 2>&1)
has "$out" '--phone "SĐT" or --phone "Số điện thoại"' 'of two phones it asks which one it is'

# ---- blocks ----
block=$(redis KEYS "loa:block:$(redis HGET loa:list:nhap id):*")
is "$(redis HKEYS "$block" | sort | tr '\n' ' ')" '0 1 m p ' 'a block has a field for each of its pieces'
loa segment save nhap-ten nhap "ho_ten = 'An'" >/dev/null
loa segment save nhap-so nhap "so_dien_thoai LIKE '%5678'" >/dev/null
has "$(loa segment count nhap-ten)" '1 of 2 rows' 'a query reads its column'
redis HDEL "$block" 0 >/dev/null
has "$(loa segment count nhap-so)" '1 of 2 rows' 'and no other'
has "$(loa segment count nhap-ten 2>&1)" 'a column is gone' 'a piece that is missing is told, not counted as empty'
redis DEL "$block" >/dev/null
has "$(loa segment count nhap-so 2>&1)" 'a block is gone' 'a block that is missing too'
redis SET "$block" 'as it was' >/dev/null
has "$(loa segment count nhap-so 2>&1)" 'written by an older Loa: import it again' 'an older form is refused with advice'
done_testing
