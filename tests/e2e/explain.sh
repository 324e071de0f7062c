#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# loa explain: why one person got a message or not, by each end, in sentences and as JSON; who may ask,
# what stands in the audit, and that other units' things are as if they were not there.
. "$(dirname "$0")/lib.sh"

# No dedupe is promised, so what is in doubt is left to a person.
start_gateway --moods --dedupe none --receipts delivered --receipt-batch 20 --receipt-delay 50
write_config -e 's/"rate": 100/"rate": 500/' -e '/"dedupe"/d' -e 's/"30": "duplicate", //' -e 's/"deadline_s": 10/"deadline_s": 2/' \
	-e 's/"batch": { "max": 100 }/"batch": { "max": 1 }/' -e 's/"counts": "messages",/"counts": "messages", /' \
	-e 's/"concurrency": 4/"concurrency": 4, "timeout_ms": 1000, "doubt_cap": 4/'
start_loa

# The last four digits decide at the gateway.
cat >"$dir/list.csv" <<'END'
Họ và tên;Ngày sinh;Số điện thoại;Xã
Nguyễn Văn Được;01/02/1950;0981112000;Tân An
Trần Thị Chặn;01/02/1950;0981112002;Tân An
Nguyễn Văn Trùng;01/02/1950;0981112000;Tân An
;01/02/1950;0981112004;Tân An
Lê Bị Từ Chối;01/02/1950;0981110001;Tân An
Lê Không Đến;01/02/1950;0981110003;Tân An
Phạm Trẻ Quá;01/02/2000;0981112007;Tân An
Phạm Không Tuổi;;0981112008;Tân An
Hồ Xã Khác;01/02/1950;0981112009;Phú Mỹ
END
printf 'Kính gửi {{ ho_ten }}, mời nộp hồ sơ tại nhà.' >"$dir/t.txt"
echo '{"name":"c","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
loa list import l "$dir/list.csv" >/dev/null &&
	loa segment save s l "age(ngay_sinh) >= 60 AND xa = 'Tân An'" >/dev/null &&
	loa template save t "$dir/t.txt" >/dev/null && loa campaign create "$dir/c.json" >/dev/null &&
	loa suppress add 0981112002 --reason 'xin ngừng' >/dev/null
ok $? 'list, segment, template, campaign and suppression are saved'
explain() { loa explain "$@" --reason 'đơn hỏi số 7' 2>&1; }

# ---- who may ask ----
out=$(loa explain 0981112000 c 2>&1)
is $? 4 'without the right personal and without a reason nobody is looked at'
has "$out" '--reason' 'and the error says how'
out=$(explain 'không phải số' c)
is $? 1 'what is no phone is judged wrong'
has "$out" 'is no mobile number of Vietnam: no-digits' 'with why'
explain 0981112000 khong-co >/dev/null
ok $(($? != 0 ? 0 : 1)) 'a campaign that is not there is an error'
out=$(explain 0981112000 c --language fr)
is $? 1 'there are no words in French'
has "$(explain 0981112000 c)" 'Chiến dịch “c” (loại tin notice) chưa gửi: bản nháp.' 'of a draft it says that it was not sent'
has "$(explain 0981112000 c)" 'Danh sách “l” (phiên bản 1) có số này ở 2 dòng: 1, 3.' 'and in which rows of its list the phone is'

loa campaign launch c >/dev/null
all_ended() { [ "$(report waiting):$(report sending):$(report retry):$(report accepted)" = 0:0:0:0 ]; }
until_true all_ended
is $? 0 'every message has its end, or is in doubt'

# ---- each end, in Vietnamese ----
out=$(explain '+84 981 112 000' c)
ok $? 'a phone is read as people write it'
has "$out" 'Số 0981***000, nhà mạng theo đầu số: viettel.' 'it is masked, its carrier is guessed'
has "$out" 'có số này ở 2 dòng: 1, 3.' 'both rows of it are told'
has "$out" 'Dòng 1 của danh sách “l”: Đã đến máy lúc ' 'who got it: delivered'
has "$out" 'Thuộc nhóm “s”.' 'found by the segment'
has "$out" 'Nhà mạng: viettel (theo đầu số); đối tác: mo-phong, đối tác duy nhất của tuyến này.' 'by which provider, and why that'
has "$out" 'Lần 1 qua mo-phong: đã đến máy; mã trả lời 0; mã tin của đối tác ' 'the attempt, the code and id of the answer'
has "$out" 'báo cáo phát DELIVRD lúc ' 'and the receipt'
id=$(grep '"event":"accepted"' "$dir/ledger" | grep 84981112000 | sed 's/.*"id":"\([^"]*\)".*/\1/')
has "$out" "$id" "the id is the gateway's"
has "$out" 'Dòng 3 của danh sách “l”: Không gửi, vì số điện thoại này trùng với một dòng đứng trước: dòng 1 của danh sách “l”; tin gửi cho dòng đó.' 'the row that shares a phone says which one has the message'
has "$(explain 0981112002 c)" 'Không gửi, vì số này nằm trong sổ từ chối nhận mọi tin (phạm vi all, từ ' 'who is suppressed'
has "$(explain 0981112002 c)" 'lý do: xin ngừng)' 'and why'
has "$(explain 0981112004 c)" 'Không gửi, vì thiếu thông tin mà mẫu tin cần: ho_ten.' 'whose name is missing: the field is named'
out=$(explain 0981110001 c)
has "$out" 'Không gửi được qua mo-phong, lúc ' 'who was refused'
has "$out" ', vì đối tác từ chối số điện thoại này.' 'and by whom'
has "$out" 'Lần 1 qua mo-phong: bị từ chối; mã trả lời 10; trả lời lúc ' 'with the raw code'
has "$(explain 0981110003 c)" 'mo-phong đã nhận tin nhưng không phát được, lúc ' 'who could not be reached'
out=$(explain 0981112007 c)
has "$out" 'Không gửi, vì không nhóm nào của chiến dịch chọn dòng này.' 'who is in no segment'
has "$out" 'Không thuộc nhóm “s”, vì không đúng điều kiện: age(ngay_sinh) >= 60.' 'by the one condition that fails'
has "$(explain 0981112008 c)" 'age(ngay_sinh) >= 60 (cột ngay_sinh để trống).' 'or whose column is empty'
has "$(explain 0981112009 c)" "không đúng điều kiện: xa = 'Tân An'." 'or the other condition'
# 0019: accepted, and closed without an answer; no receipt will say what became of it.
gateway_control '{"receipts":"none"}' >/dev/null
printf 'Họ và tên;Số điện thoại\nVõ Nghi Ngờ;0981110019\nLê Thử Lại;0981110002\n' >"$dir/q.csv"
loa list import q "$dir/q.csv" >/dev/null && loa segment save q q "ho_ten != ''" >/dev/null
sed 's/"name":"c"/"name":"q"/; s/\["s"\]/["q"]/' "$dir/c.json" >"$dir/q.json"
loa campaign create "$dir/q.json" >/dev/null && loa campaign launch q >/dev/null
is_in_doubt() { explain 0981110019 q | grep -q 'chờ một người quyết định'; }
until_true is_in_doubt
out=$(explain 0981110019 q)
has_second() { explain 0981110002 q | grep -q '^Lần 2 qua mo-phong: được nhận; mã trả lời 0; '; }
until_true has_second
ok $? 'who was taken at the second attempt has both'
has "$(explain 0981110002 q)" 'Lần 1 qua mo-phong: được yêu cầu gửi lại sau; mã trả lời 21; trả lời lúc ' 'the first with what was answered, and when'
gateway_control '{"receipts":"delivered"}' >/dev/null
has "$out" 'Chưa rõ mo-phong đã nhận tin hay chưa, từ ' 'who is in doubt'
has "$out" 'chờ một người quyết định (loa doubt): đối tác không nhận ra mã tham chiếu cũ' 'and why it is not repeated'
has "$(explain 0981119999 c)" 'Danh sách “l” (phiên bản 1) không có số này.' 'who is not in the list'

# ---- English, JSON ----
has "$(explain 0981112007 c --language en)" 'It was not sent, because no segment of the campaign found this row.' 'English can be chosen'
explain 0981112002 c --json >"$dir/x.json"
is "$(json_field state <"$dir/x.json")" finished 'as JSON: the state of the campaign'
has "$(tr -d ' \n' <"$dir/x.json")" '"suppressed":{"scope":"all","reason":"xinngừng"' 'what it was suppressed by'
explain 0981112007 c --json >"$dir/x.json"
has "$(tr -d ' \n' <"$dir/x.json")" '"conditions":[{"condition":"age(ngay_sinh)>=60","holds":"no","missing":null}]' 'the condition that fails'
explain 0981110001 c --json >"$dir/x.json"
has "$(tr -d ' \n' <"$dir/x.json")" '"attempts":[{"attempt":1,"provider":"mo-phong","state":"refused","code":"10"' 'the attempts'

# ---- without a campaign ----
sed 's/"name":"c"/"name":"d"/' "$dir/c.json" >"$dir/d.json"
loa campaign create "$dir/d.json" >/dev/null && loa campaign launch d >/dev/null && loa campaign watch d >/dev/null
loa send 0981112000 'Hồ sơ đã xong.' --class personal >/dev/null
is_told() { loa explain 0981112000 --reason r | grep -q 'notices-personal.*Đã đến máy'; }
until_true is_told
out=$(explain 0981112000)
has "$out" 'Danh sách “l” (phiên bản 1) có số này ở 2 dòng: 1, 3.' 'lists that have the phone'
is "$(grep -c '^Chiến dịch “' <<<"$out")" 3 'each run that had the phone is a line, single messages too'
is "$(grep '^Chiến dịch “' <<<"$out" | sed 's/^[^“]*“\(.\).*/\1/' | tr -d '\n')" ndc 'the newest first'
has "$out" 'Chiến dịch “c”, gửi lúc ' 'with its time'
is "$(explain 0981119999 | tail -n 2 | tr '\n' '|')" 'Không danh sách nào đang có số này.|Không đợt gửi nào có số này.|' 'who is nowhere'
# 22 more campaigns: a page has 20 runs.
for i in $(seq 22); do
	sed "s/\"name\":\"c\"/\"name\":\"n$i\"/" "$dir/c.json" >"$dir/n.json"
	loa campaign create "$dir/n.json" >/dev/null && loa campaign launch "n$i" >/dev/null
done
out=$(explain 0981112000)
is "$(grep -c '^Chiến dịch “' <<<"$out")" 20 'a page has the newest twenty'
before=$(sed -n 's/^Còn đợt gửi cũ hơn: loa explain 0981112000 --before \([0-9]*\)$/\1/p' <<<"$out")
out=$(explain 0981112000 --before "$before")
is "$(grep -c '^Chiến dịch “' <<<"$out")" 5 'and the next one the rest'
has "$out" 'Chiến dịch “c”, gửi lúc ' 'to the first'

# ---- a list that came later ----
{ cat "$dir/list.csv"; echo 'Mai Đến Sau;01/02/1950;0981115555;Tân An'; } >"$dir/later.csv"
loa list import l "$dir/later.csv" >/dev/null
has "$(explain 0981115555 c)" 'không có số này; nó có trong phiên bản 2, nhập sau khi gửi.' 'who was imported after the launch is told so'
has "$(explain 0981112000 c)" 'Dòng 1 của danh sách “l”: Đã đến máy lúc ' 'and the run has the rows of its launch'

# ---- sensitive columns ----
printf 'Họ và tên;Số điện thoại;Dân tộc\nAn;0981116001;Khmer\nBình;0981116002;Kinh\n' >"$dir/k.csv"
loa list import k "$dir/k.csv" --keep 'Dân tộc=Kế hoạch 12' >/dev/null && loa segment save k k "dan_toc = 'Khmer'" >/dev/null
sed 's/"name":"c"/"name":"k"/; s/\["s"\]/["k"]/' "$dir/c.json" >"$dir/k.json"
loa campaign create "$dir/k.json" >/dev/null && loa campaign launch k >/dev/null && loa campaign watch k >/dev/null
out=$(explain 0981116002 k)
has "$out" 'một điều kiện về cột nhạy cảm, không nêu ở đây' 'a condition on a sensitive column is not told'
is "$(grep -c 'Khmer' <<<"$out")" 0 'nor what it compares with'
out=$(loa explain 0981116002 k --full --token-file "$dir/token" 2>&1)
is $? 4 'in full it wants a reason, too'
has "$(loa explain 0981116002 k --full --reason 'đơn 8' --token-file "$dir/token")" "không đúng điều kiện: dan_toc = 'Khmer'." 'with both it is told'

# ---- the audit ----
out=$(loa audit ls --json -n 500 | tr -d ' \n\\')
has "$out" '"act":"person.explain"' 'each look is in the audit'
has "$out" '"object":"campaign:k"' 'of which campaign'
has "$out" '"reason":"đơn8"' 'with why'
is "$(grep -c 0981116002 <<<"$out")" 0 'and without the phone'
loa audit verify >/dev/null
ok $? 'the chain is whole'

# ---- other units ----
loa unit add 'Sở' >/dev/null && loa user add nguoi.xem --unit 'Sở' --roles viewer >/dev/null &&
	loa token add xem --user nguoi.xem --rights view | sed 's/.*: //' >"$dir/token.xem"
foreign() { loa explain "$@" --reason r --server "http://127.0.0.1:$loa_port" --token-file "$dir/token.xem" 2>&1; }
out=$(foreign 0981112000 c)
ok $(($? != 0 ? 0 : 1)) "another unit's campaign"
has "$out" 'there is no campaign "c"' 'is as if it were not there'
is "$(foreign 0981112000 | tail -n 2 | tr '\n' '|')" 'Không danh sách nào đang có số này.|Không đợt gửi nào có số này.|' 'so are its lists and runs'
loa suppress add 0981112000 --scope unit:1 --reason riêng >/dev/null
is "$(foreign 0981112000 | grep -c riêng)" 0 'and what its people have asked for'
has "$(explain 0981112000)" 'phạm vi unit:1' 'which its own are told'
# The same phone in a list of its own.
printf 'Họ và tên;Số điện thoại\nAn;0981112000\n' >"$dir/m.csv"
loa user add tac.gia --unit 'Sở' --roles author >/dev/null && loa token add viet --user tac.gia --rights view,author | sed 's/.*: //' >"$dir/token.viet"
loa list import m "$dir/m.csv" --server "http://127.0.0.1:$loa_port" --token-file "$dir/token.viet" >/dev/null
has "$(foreign 0981112000)" 'Danh sách “m” (phiên bản 1) có số này ở 1 dòng: 1.' 'its own list is told'

# A campaign of its own over a list that is another unit's: what stands in that one now is not told.
sed 's/"name":"c"/"name":"u"/' "$dir/c.json" >"$dir/u.json"
loa campaign create "$dir/u.json" >/dev/null && loa unit give 'Sở' campaign u >/dev/null
has "$(explain 0981112000 u)" '“l”' 'of a campaign that was not launched its list is told to who sees it'
out=$(foreign 0981112000 u)
is $? 0 'another unit has the campaign'
is "$(grep -c '“l”' <<<"$out")" 0 'but is told nothing of the list'
loa campaign launch u >/dev/null && loa campaign watch u >/dev/null
{ cat "$dir/later.csv"; echo 'Mới Đến;01/02/1950;0981115556;Tân An'; } >"$dir/newest.csv"
loa list import l "$dir/newest.csv" >/dev/null
has "$(explain 0981115556 u)" 'nó có trong phiên bản 3, nhập sau khi gửi.' 'who was imported after the launch is told to who sees the list'
out=$(foreign 0981115556 u)
is $? 0 'the campaign is told to its unit'
is "$(grep -c 'phiên bản 3' <<<"$out")" 0 'the versions of now are not'

# ---- a deleted list, an erased person ----
loa erase 0981112009 --reason r --yes --token-file "$dir/token" >/dev/null
has "$(explain 0981112009 c)" 'không có số này.' 'an erased person is in no list'
done_testing
