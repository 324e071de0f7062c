#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Users, units, rights, tokens, sessions: every operation × role × own, lower, upper and foreign unit over
# HTTP, then what stands in bodies, tokens that end, and logging in.
. "$(dirname "$0")/lib.sh"

start_gateway
write_config
start_loa
loa unit add 'Tỉnh' >/dev/null && loa unit add 'Sở' >/dev/null && loa unit add 'Phường' --under 'Tỉnh' >/dev/null || exit 1
is "$(loa unit ls | tr -s ' ' | tr '\n' '|')" ' 1 (root) (0 users)| 2 Tỉnh (0 users)| 4 Phường (0 users)| 3 Sở (0 users)|' 'units are a tree'

# ---- users, and a token with all rights for each ----
token_of() { # NAME ROLE UNIT: its token
	loa user add "$1" --roles "$2" --unit "$3" >"$dir/password.$1" || return 1
	loa token add "all-$1" --user "$1" --rights view,author,approve,operate,personal,admin | sed 's/.*: //' | tee "$dir/token.$1"
}
declare -A tokens
for role in viewer author approver operator administrator; do
	tokens[$role]=$(token_of "$role-2" "$role" 2) || exit 1
done
for unit in 1 3 4; do
	tokens[author-$unit]=$(token_of "author-$unit" author "$unit")
	tokens[administrator-$unit]=$(token_of "administrator-$unit" administrator "$unit")
done
has "$(cat "$dir/password.viewer-2")" 'first password, shown this once: ' 'a user gets a first password'

api() { # TOKEN METHOD PATH [BODY]: the answer; its status in $dir/status
	http "127.0.0.1:$loa_port" "$2" "/api/v1$3" "${4:-}" "Authorization: Bearer $1"
}
status() { api "$@" >"$dir/answer"; cat "$dir/status"; }

# ---- things of each unit: 1 above, 2 own, 4 below, 3 foreign ----
for unit in 1 2 3 4; do
	author=${tokens[author]}
	[ "$unit" = 2 ] || author=${tokens[author-$unit]}
	echo "$author" >"$dir/author"
	printf 'Họ và tên;Số điện thoại\nAn %s;091200000%s\n' "$unit" "$unit" >"$dir/$unit.csv"
	as() { loa "$@" --server "http://127.0.0.1:$loa_port" --token-file "$dir/author"; }
	as list import "l$unit" "$dir/$unit.csv" >/dev/null || exit 1
	as segment save "s$unit" "l$unit" "ho_ten != 'x'" >/dev/null || exit 1
	printf 'Chào {{ ho_ten }}' >"$dir/t.txt"
	as template save "t$unit" "$dir/t.txt" >/dev/null || exit 1
	echo "{\"name\":\"c$unit\",\"template\":\"t$unit\",\"segments\":[\"s$unit\"],\"class\":\"notice\"}" >"$dir/c.json"
	as campaign create "$dir/c.json" >/dev/null || exit 1
done
is "$(loa list ls --json | grep -A99 lists | tr -d ' \n' | grep -o '"unit":[0-9]*' | sort | uniq -c | tr -s ' ' | tr '\n' ',')" \
	' 1 "unit":1, 1 "unit":2, 1 "unit":3, 1 "unit":4,' 'what somebody makes is of his unit'

# ---- the table: v viewer, a author, p approver, o operator, A administrator ----
# Bodies are broken, so whoever is let in is told so and nothing changes. What may be done with things of
# a unit above: - nothing, r it is read, w it may be read and this is more than reading.
table() {
	cat <<-'END'
		GET /lists/l@ vapoA -
		PATCH /lists/l@ aA -
		GET /lists/l@/uses vapoA -
		GET /lists/l@/rejects aA -
		GET /lists/l@/rows vapoA -
		POST /lists/l@/rows/remove aA -
		POST /lists/l@/columns aA -
		GET /segments/s@ vapoA r
		PUT /segments/s@ aA w
		GET /segments/s@/count vapoA w
		GET /segments/s@/sample vapoA w
		GET /segments/s@/breakdown vapoA w
		GET /templates/t@ vapoA r
		GET /templates/t@/set vapoA r
		GET /templates/t@/diff vapoA r
		GET /campaigns/c@ vapoA -
		POST /campaigns/c@/test aA -
		POST /campaigns/c@/submit aA -
		POST /campaigns/c@/approve pA -
		POST /campaigns/c@/return apA -
		POST /campaigns/c@/launch pA -
		POST /campaigns/c@/speed oA -
		POST /campaigns/c@/pause apoA -
		POST /campaigns/c@/retry pA -
		GET /campaigns/c@/retry vapoA -
		POST /campaigns/c@/clone aA -
		GET /campaigns/c@/report vapoA -
		GET /campaigns/c@/doubt vapoA -
		POST /campaigns/c@/doubt/resend oA -
		POST /campaigns/c@/doubt/mark oA -
		POST /campaigns/c@/doubt/import oA -
		GET /campaigns/c@/results vapoA -
		GET /explain?phone=0912000000&reason=r&campaign=c@ vapoA -
		PATCH /units/@ A -
		GET /users/author-@ A -
		PATCH /users/author-@ A -
	END
}
declare -A letters=([viewer]=v [author]=a [approver]=p [operator]=o [administrator]=A)
# What comes of it, into $want: 403, 404, 409, or `in` for whatever is answered by who does it.
set_wanted() { # ROLES ABOVE LETTER UNIT METHOD
	want=in
	case $1 in
	*"$3"*) ;;
	*) want=403; return ;;
	esac
	case $4$2 in
	1-) want=404 ;;
	1w) want=403 ;;
	3*) [ "$5" = PUT ] && want=409 || want=404 ;;
	esac
}
# The status alone, into $got: hundreds are asked for, so nothing is forked.
quick() { # TOKEN METHOD PATH
	exec 8<>"/dev/tcp/127.0.0.1/$loa_port"
	printf '%s /api/v1%s HTTP/1.1\r\nHost: loa\r\nConnection: close\r\nAuthorization: Bearer %s\r\nContent-Length: 1\r\n\r\nx' \
		"$2" "$3" "$1" >&8
	read -r _ got _ <&8
	exec 8<&- 8>&-
}
asked=0 wrong=''
while read -r method path roles above; do
	for role in viewer author approver operator administrator; do
		for unit in 2 4 1 3; do
			quick "${tokens[$role]}" "$method" "${path/@/$unit}"
			set_wanted "$roles" "$above" "${letters[$role]}" "$unit" "$method"
			case $got in 401 | 403 | 404) ;; 409) [ "$want" = 409 ] || got=in ;; [2-5]*) got=in ;; esac
			asked=$((asked + 1))
			# what was never launched has no report: a 404 of its own
			[ "$got$want" != 404in ] || { status "${tokens[$role]}" "$method" "${path/@/$unit}" x >/dev/null && grep -q 'launched' "$dir/answer" && got=in; }
			[ "$got" = "$want" ] || wrong="$wrong $role:$method:${path/@/$unit}=$got,not-$want"
		done
	done
done < <(table)
is "$asked" "$(($(table | wc -l) * 20))" 'each operation was asked for by each role for each unit'
is "$wrong" '' 'and let in, refused, or told that nothing is there, as the table says'
status "${tokens[viewer]}" PATCH /lists/l2 x >/dev/null
has "$(cat "$dir/answer")" 'this needs the right author' 'a refusal names the right'
has "$(cat "$dir/answer")" 'ask one who is author, administrator' 'and who has it'

# ---- what concerns all units ----
wrong=''
while read -r method path; do
	[ "$(status "${tokens[administrator]}" "$method" "$path" x)" = 403 ] || wrong="$wrong $method:$path"
	case $(status "${tokens[administrator-1]}" "$method" "$path" x) in 401 | 403 | 404) wrong="$wrong root:$method:$path" ;; esac
done <<-'END'
	GET /config
	GET /audit
	PUT /brandnames
	POST /patterns
	POST /erase
END
is "$wrong" '' 'what concerns all units is for the root unit only'

# ---- lists of things ----
names() { api "$1" GET "$2" | grep -o '"name":"[lstc][1-4]"' | sort -u | tr -d '\n'; }
is "$(names "${tokens[viewer]}" /lists)" '"name":"l2""name":"l4"' 'lists of its own unit and below are shown'
is "$(names "${tokens[viewer]}" /campaigns)" '"name":"c2""name":"c4"' 'campaigns, too'
is "$(names "${tokens[viewer]}" /templates)" '"name":"t1""name":"t2""name":"t4"' 'templates of those above, too'
is "$(names "${tokens[viewer]}" /segments)" '"name":"s1""name":"s2""name":"s4"' 'and segments'
is "$(names "${tokens[administrator-1]}" /lists)" '"name":"l1""name":"l2""name":"l3""name":"l4"' 'the root sees all'
is "$(api "${tokens[administrator]}" GET /users | grep -o '"name":"[a-z]*-[0-9]"' | grep -c -- '-[13]')" 0 'no users of others'

# ---- what stands in bodies ----
author=${tokens[author]}
campaign() { echo "{\"name\":\"n\",\"class\":\"notice\",\"template\":\"$1\",\"segments\":[\"$2\"]${3:-}}"; }
is "$(status "$author" POST /campaigns "$(campaign t3 s2)")" 404 "a campaign with a foreign template is refused"
is "$(status "$author" POST /campaigns "$(campaign t2 s3)")" 404 'with a foreign segment'
is "$(status "$author" POST /campaigns "$(campaign t2 s1)")" 403 'with a segment over a list of the unit above'
is "$(status "$author" POST /campaigns "$(campaign t2 s2 ',"unit":3')")" 404 'or for a foreign unit'
is "$(status "$author" POST /campaigns "$(campaign t1 s4 ',"unit":4')")" 201 "with the shared template, for the unit below, it is made"
is "$(status "$author" POST /count '{"list":"l3","query":"true = true"}')" 404 'a foreign list is not counted'
is "$(status "$author" POST /count '{"list":"l2","query":"in_list(\"l3\")"}')" 404 'nor asked about in a query'
is "$(status "$author" POST /count '{"list":"l2","query":"reached_by(\"c3\")"}')" 404 'nor a foreign campaign'
is "$(status "$author" POST /count '{"list":"l2","query":"segment(\"s3\")"}')" 404 'nor a foreign segment'
is "$(status "$author" POST /count '{"list":"l2","query":"in_list(\"l4\")"}')" 200 'one of the unit below is'
is "$(status "$author" POST /imports '{"list":"l3"}')" 409 'a foreign list is not written over'
is "$(status "$author" POST /imports '{"list":"l9","unit":3}')" 404 'nor made for a foreign unit'
is "$(status "$author" PUT /templates/t1 'Mới')" 403 'a shared template is not changed'
is "$(status "$author" PUT /templates/t3 'Mới')" 409 'nor a foreign one'
operator=${tokens[operator]}
suppress() { echo "{\"phones\":[\"0912345678\"],\"scope\":\"$1\",\"reason\":\"xin ngừng\"}"; }
is "$(status "$operator" POST /suppressions "$(suppress unit:2)")" 200 'a unit may be told that somebody wants no more of its messages'
is "$(status "$operator" POST /suppressions "$(suppress unit:3)")" 404 'not another one'
is "$(status "$operator" POST /suppressions "$(suppress all)")" 403 'all units only by the root'
loa suppress add 0912345677 --scope unit:3 --reason r >/dev/null
is "$(api "$operator" GET /suppressions | grep -o 'unit:[0-9]' | tr '\n' ' ')" 'unit:2 ' 'and sees its own'
admin=${tokens[administrator]}
is "$(status "$admin" POST /users '{"name":"la","roles":["viewer"],"unit":3}')" 404 'no user is made in a foreign unit'
is "$(status "$admin" PATCH /users/viewer-2 '{"unit":"Sở"}')" 404 'or moved there'
is "$(status "$admin" POST /tokens '{"name":"x","user":"author-3","rights":["view"]}')" 404 'no token for its users'
is "$(status "$admin" POST /units '{"name":"x","under":3}')" 404 'no unit below it'
has "$(api "$admin" POST /units '{"name":"Tổ 1"}')" '"unit":5' 'its own grows'

is "$(status "$admin" POST /units/3/things '{"kind":"list","name":"l2"}')" 404 'its things are not given away'
is "$(status "$admin" POST /units/2/things '{"kind":"list","name":"l3"}')" 404 'and foreign ones not taken'
is "$(loa unit give Sở list l1)" 'list l1 is of unit 3 now' 'the root gives a list to a unit'
is "$(names "${tokens[author-3]}" /lists)" '"name":"l1""name":"l3"' 'which sees it then'
loa unit give Sở list l2 >/dev/null
for what in 'campaign preview c2' 'campaign launch c2' 'campaign test c2 0912000009'; do
	has "$(loa $what 2>&1)" 'l2: is a list of another unit' "after that, $what is refused, whoever asks"
done
loa unit give Tỉnh list l2 >/dev/null
loa campaign preview c2 >/dev/null
is $? 0 'it can be given back'

# ---- whole phones ----
is "$(status "${tokens[viewer]}" GET '/lists/l2/rows?full=1')" 403 'whole phones want the right'
loa user set viewer-2 --personal yes >/dev/null
has "$(api "${tokens[viewer]}" GET '/lists/l2/rows?full=1&format=csv')" '0912000002' 'which a user may have besides its role'

# ---- who did it ----
has "$(loa audit ls -n 400 | tr -s ' ')" 'viewer-2 (token all-viewer-2) personal.read list:l2' 'who looked at whole phones is in the audit'
is "$(loa audit ls -n 400 | grep -c personal.read)" 1 'and nobody who was refused'
has "$(loa audit ls -n 400)" 'author-2 (token all-author-2)' 'the audit says who, and by which token'
is "$(loa audit verify >/dev/null; echo $?)" 0 'and is whole'

# ---- tokens ----
small=$(loa token add small --user administrator-1 --rights view | sed 's/.*: //')
is "$(status "$small" GET /lists)" 200 'a token has the rights that it was given'
is "$(status "$small" GET /users)" 403 'and no more of its user'
id=$(loa token ls | sed -n 's/ *small .*//p')
loa token rm "$id" >/dev/null
is "$(status "$small" GET /lists)" 401 'removed it is worth nothing'
is "$(loa token ls | grep -c small)" 0 'and shown no more'
is "$(status "${author%?}0" GET /lists)$(status "${author%?}1" GET /lists)" "$([ "${author: -1}" = 0 ] && echo 200401 || { [ "${author: -1}" = 1 ] && echo 401200 || echo 401401; })" 'another secret is not known'
loa user disable author-3 >/dev/null
is "$(status "${tokens[author-3]}" GET /lists)" 401 'a disabled user is out'
has "$(cat "$dir/answer")" 'the account is disabled' 'and told why'
loa user enable author-3 >/dev/null
is "$(status "${tokens[author-3]}" GET /lists)" 200 'and in again'
is "$(loa token add old --user author-3 --rights view --until 2020-01-01 2>&1 | grep -c 'is over')" 1 'no token for a day that is over'

# ---- sessions ----
password=$(sed 's/.*: //' "$dir/password.viewer-2")
login() { http "127.0.0.1:$loa_port" POST /api/v1/session "{\"user\":\"$1\",\"password\":\"$2\"${3:-}}" "X-Forwarded-For: ${4:-192.0.2.1}"; }
login_status() { login "$@" >"$dir/answer"; cat "$dir/status"; }
is "$(login_status viewer-2 "$password")" 403 'a first password only serves to be changed'
is "$(login_status viewer-2 "$password" ',"new":"ngắn"')" 422 'for one that is long enough'
is "$(login_status viewer-2 "$password" ',"new":"tám con voi đi học"')" 201 'changed it lets in'
session=$(grep -o 'loas_[0-9a-f_]*' "$dir/answer")
has "$(api "$session" GET /session)" '"user":"viewer-2"' 'and says who one is'
is "$(status "$session" GET /lists)" 200 'a session has the rights of its user'
is "$(status "$session" PATCH /lists/l2 x)" 403 'and no more'
is "$(login_status viewer-2 "$password")" 401 'the first password is dead'
is "$(login_status viewer-2 'tám con voi đi học')" 201 'the new one is not'
second=$(grep -o 'loas_[0-9a-f_]*' "$dir/answer")
is "$(status "$second" DELETE /session)" 200 'a session is ended by its user'
is "$(status "$second" GET /lists)" 401 'and dead'
login nobody-here 'tám con voi đi học' >"$dir/unknown"
login viewer-2 'sai mật khẩu rồi' >"$dir/wrong"
is "$(sed 's/"request":"[^"]*"//' "$dir/unknown")" "$(sed 's/"request":"[^"]*"//' "$dir/wrong")" 'who is not there is told the same as who is wrong'
for i in 2 3 4 5; do login_status viewer-2 'sai mật khẩu rồi' >/dev/null; done
is "$(login_status viewer-2 'tám con voi đi học')" 429 'after five wrong ones one must wait'
is "$(login_status viewer-2 'tám con voi đi học' '' 192.0.2.2)" 201 'but not somebody elsewhere'
is "$(status "$session" GET /lists)" 200 'who was in is in'
has "$(loa audit ls -n 400)" 'login.failed' 'the audit has it'
has "$(loa audit ls -n 400)" '"locked_s":60' 'with the lock'
loa user password viewer-2 >"$dir/password.viewer-2"
is "$(status "$session" GET /lists)" 401 'a new password ends the sessions'

# ---- a restart, and secrets ----
kill -9 "$loa_pid"; wait "$loa_pid" 2>/dev/null
start_loa
is "$(status "$author" GET /lists)" 200 'tokens outlive a kill'
is "$(status "$small" GET /lists)" 401 'and those that were removed stay dead'
is "$(grep -cF -e "$password" -e 'voi đi học' -e "${author#loa_*_}" -e "${session#loas_*_}" "$dir/loa.log")" 0 'no secret is in the log'
is "$(grep -rlaF -e 'voi đi học' -e "${author#loa_*_}" "$dir/data" | wc -l)" 0 'nor in the data'
is "$(loa unit rm 'Phường' 2>&1 | grep -c 'still has')" 1 'a unit that has something stays'

done_testing
