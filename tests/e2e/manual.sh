#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Help, manual pages, completion, what make install puts where, and the alert rules: nothing that the
# program can do is missing from them, and nothing stands in them that it cannot.
. "$(dirname "$0")/lib.sh"

for page in loa.1 loa-serve.8 loa-config.5; do
	"$B/loa" help --man $page >"$dir/$page"
	ok $? "there is a page $page"
	awk '/^\./ && !/^\.(TH|SH|TP|PP|RS|RE|br|EX|EE|\\")/ { print "# unknown macro: " $0; bad = 1 } END { exit bad }' "$dir/$page"
	ok $? 'it has no line that is a macro by mistake'
	# An option without a word about it is an empty line behind its tag.
	awk '/^$/ { print "# nothing is said about: " last "; add it to dispatcher/cli/manual_words.c"; bad = 1 } { last = $0 } END { exit bad }' "$dir/$page"
	ok $? 'something is said about everything in it'
	if command -v groff >/dev/null; then
		is "$(groff -K utf8 -man -ww -Tutf8 "$dir/$page" 2>&1 >/dev/null)" '' 'groff finds nothing wrong with it'
	fi
done
"$B/loa" help --man loa.2 >/dev/null 2>&1
is $? 2 'a page that is not there is an error'

# The tables as text: what is in the source must be in the pages.
plain() { sed 's/\\-/-/g; s/\\f[BIR]//g' "$dir/loa.1" "$dir/loa-serve.8"; }
plain >"$dir/plain"
"$B/loa" help --completion >"$dir/completion"
bash -n "$dir/completion"
ok $? 'the completion is a script'
missing=$(awk -f tests/lint/verbs.awk dispatcher/cli/*.c | cut -f2 | sort -u |
	grep -vxE -e '--(man|completion|help)' | while read -r what; do
	grep -qF -e "$what" "$dir/plain" || echo "$what"
done)
is "$missing" '' 'every verb and every option of the source is in the manual'
missing=$(sed -nE 's/^\t(STRING|SECRET|INT)\(([a-z_]+),.*/\2/p' dispatcher/config.c | while read -r what; do
	grep -qxF "\\fB$what\\fR \\fItext\\fR" "$dir/loa-config.5" || grep -qxF "\\fB$what\\fR \\fInumber\\fR" "$dir/loa-config.5" || echo "$what"
done)
is "$missing" '' 'every option of the configuration is in the manual'

# The other way round: each option that help names is one that the verb knows.
verbs() { "$B/loa" help | sed -n 's/^  loa //p' | grep -oE '^[a-z]+( [a-z]+)?' | grep -v '^help'; }
wrong=$(verbs | while read -r first second; do
	"$B/loa" help $first $second | sed -nE 's/^  (-[-a-z]+) ?(.*)$/\1 \2/p' | while read -r option value; do
		"$B/loa" $first $second $option ${value:+x} --none-such </dev/null 2>&1 | grep -q '^loa: --none-such: is not an option' ||
			echo "$first $second $option"
	done
done)
is "$wrong" '' 'every option that help names is taken'
has "$("$B/loa" campaign launch --help)" '--token-file FILE' 'VERB --help shows the options'
has "$("$B/loa" help campaign)" 'usage: loa campaign report' 'a first word alone shows all its verbs'

# ---- completion, as bash calls it ----
. "$dir/completion"
complete_words() { # WORD…: what is offered for the last one
	COMP_WORDS=("$@")
	COMP_CWORD=$(($# - 1))
	_loa
	echo "${COMPREPLY[*]}"
}
is "$(complete_words loa cam)" campaign 'a first word is completed'
is "$(complete_words loa campaign la)" launch 'a second word is completed'
is "$(complete_words loa serve --ro)" --roles 'an option is completed'
is "$(complete_words loa serve --roles rec)" receive 'a value is completed'
is "$(complete_words loa serve --config config/polic)" config/policy.json 'a file is completed behind its option'
is "$(complete_words loa backup config/polic)" config/policy.json 'a file is completed where the verb takes one'
is "$(complete_words loa list ls --data tests/e2)" tests/e2e 'a folder is completed'
missing=$(verbs | while read -r first second; do
	case " $(complete_words loa $first ${second:+''}) " in *" ${second:-$first} "*) ;; *) echo "$first $second" ;; esac
done)
is "$missing" '' 'every verb is offered'

# ---- make install ----
root=$dir/root
install_to() { make -s install B="$B" DESTDIR="$root" PREFIX=/usr "$@" >"$dir/make.out" 2>&1; }
install_to
ok $? 'make install works without being root'
missing=
for f in usr/bin/loa usr/share/man/man1/loa.1 usr/share/man/man5/loa-config.5 usr/share/man/man8/loa-serve.8 \
	usr/share/bash-completion/completions/loa usr/share/doc/loa/OPERATIONS.md usr/share/doc/loa/FORMATS.md \
	usr/share/doc/loa/examples/loa-alerts.yml usr/lib/systemd/system/loa.service usr/lib/systemd/system/loa-backup.timer usr/lib/sysusers.d/loa.conf \
	usr/lib/tmpfiles.d/loa.conf etc/loa/loa.json etc/loa/policy.json etc/loa/content.json; do
	[ -s "$root/$f" ] || missing="$missing $f"
done
is "$missing" '' 'everything is in its place'
sed -i "s|\"/etc/loa|\"$root/etc/loa|" "$root/etc/loa/loa.json"
"$root/usr/bin/loa" config check "$root/etc/loa/loa.json" >/dev/null
ok $? 'the configuration that it brings is a good one'
is "$(stat -c %a "$root/etc/loa/loa.json")" 640 'the configuration is not for everybody'
echo '{ "log_level": "warn" }' >"$root/etc/loa/loa.json"
install_to
is "$(cat "$root/etc/loa/loa.json")" '{ "log_level": "warn" }' 'a configuration that is there stays'
make -s uninstall B="$B" DESTDIR="$root" PREFIX=/usr >/dev/null
is "$(cd "$root" && find . -type f | sort | tr '\n' ' ')" './etc/loa/content.json ./etc/loa/loa.json ./etc/loa/policy.json ' \
	'make uninstall takes away all but the configuration'
install_to PREFIX=/opt/loa SYSCONFDIR=/opt/etc
grep -q '^ExecStart=/opt/loa/bin/loa serve --config /opt/etc/loa/loa.json$' "$root/opt/loa/lib/systemd/system/loa.service"
ok $? 'the unit names where things were put'

if command -v systemd-analyze >/dev/null; then
	install_to DESTDIR= PREFIX="$dir/usr" SYSCONFDIR="$dir/etc"
	is "$(systemd-analyze verify --man=no "$dir"/usr/lib/systemd/system/loa* 2>&1 | grep 'loa[a-z-]*\.[a-z]*:')" '' \
		'systemd finds nothing wrong with the units'
fi

# ---- alert rules ----
named=$(sed 's/#.*//' config/loa-alerts.yml | grep -oE 'loa_[a-z_]+' | sed -E 's/_(bucket|count)$//' | sort -u)
unknown=$(for name in $named; do grep -q "^| \`$name[\`{]" docs/FORMATS.md || echo "$name"; done)
is "$unknown" '' 'the alert rules name metrics that there are'
unsaid=$(sed -n '/^## Metrics/,$s/^| `\(loa_[a-z_]*\).*/\1/p' docs/FORMATS.md | while read -r name; do grep -q "\`$name\`" docs/OPERATIONS.md || echo "$name"; done)
is "$unsaid" '' 'why to look at each metric is written down'
unsaid=$(sed -n 's/^ *- alert: //p' config/loa-alerts.yml | while read -r name; do grep -q "$name" docs/OPERATIONS.md || echo "$name"; done)
is "$unsaid" '' 'what to do about each alert is written down'
done_testing
