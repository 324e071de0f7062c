#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Follows docs/OPERATIONS.md: its `sh` blocks are run in their order by one shell that stops at the first
# command that fails, against the gateway simulator. Paths of the machine are moved into a folder of
# the test; sudo and what wants root are stood in for. Blocks marked `systemd` or `machine` are
# not run: they would change this machine.
. "$(dirname "$0")/lib.sh"

root=$dir/root
mkdir -p "$dir/bin" "$dir/here" "$root/etc/loa"
stand_in() { # NAME SCRIPT
	printf '#!/bin/sh\n%s\n' "$2" >"$dir/bin/$1"
	chmod +x "$dir/bin/$1"
}
stand_in sudo '[ "$1" != -u ] || shift 2
exec "$@"'
stand_in runuser 'shift 3; exec "$@"'
stand_in useradd :
stand_in chown :
stand_in chgrp :
command -v curl >/dev/null || stand_in curl :
stand_in pkill "kill -HUP \$(cat '$dir/loa.pid')"

# It must pass at any hour: the policy that is there stays.
echo '{ "classes": [ { "class": "duty", "priority": 1 }, { "class": "notice", "priority": 3 } ] }' >"$root/etc/loa/policy.json"
free_port() { # FROM: the first one from there on
	port=$1
	while (exec 7<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
	echo "$port"
}
gateway_port=$(free_port $((20000 + RANDOM % 10000)))
port=$(free_port $((30000 + RANDOM % 2000)))

{
	echo 'set -euo pipefail'
	awk '/^```sh( simulator)?$/ { on = 1; n++; printf "echo \"== block %d (line %d)\"\n", n, NR; next } /^```/ { on = 0 } on' docs/OPERATIONS.md
} | sed -e "s|/etc/loa|$root/etc/loa|g; s|/var/lib/loa|$dir/data|g; s|/var/log/loa|$dir/log|g" \
	-e "s|/var/backups/loa|$dir/backups|g; s|127.0.0.1:8090|127.0.0.1:$gateway_port|g" \
	-e "s|127.0.0.1:8088|127.0.0.1:$port|g" \
	-e "s|^build/gateway |$(realpath "$B")/gateway |; s|^\t--receipts .*&\$|& echo \$! >'$dir/gateway.pid'|" \
	-e "s|^make deps$|tests/deps|; s|^make$|make -s B='$B' all manual|" \
	-e "s|make install$|make -s B='$B' DESTDIR='$root' install; cp README.md '$dir/here'; cd '$dir/here'|" \
	-e "s|\(^sudo runuser .*&\)\$|\1 echo \$! >'$dir/loa.pid'|" >"$dir/script"
is "$(grep -c '^echo "== block' "$dir/script")" "$(grep -cE '^```sh( simulator)?$' docs/OPERATIONS.md)" 'every block of commands is found'
PATH=$dir/bin:$root/usr/local/bin:$PATH LOA_DATA=$dir/data timeout 240 bash "$dir/script" >"$dir/out" 2>&1 </dev/null
rc=$?
ok $rc 'every command of the page works'
[ "$rc" -eq 0 ] || tail -n 25 "$dir/out" | sed 's/^/# /'
is "$(grep -c '"event":"accepted"' "$dir/here/ledger")" 2 'the gateway has the two first messages'
is "$(grep '"event":"accepted"' "$dir/here/ledger" | grep -c 'Kính gửi Nguyễn Văn An, mời')" 1 'with their words'
has "$(tr -s ' \n' ' ' <"$dir/out")" ' delivered 2 audience 2 ' 'the report says that they were delivered'
has "$(cat "$dir/log/loa.log")" 'config=reload result=done' 'HUP was understood'
is "$(ls "$dir"/backups/*.loa | wc -l)" 1 'there is a backup'
[ ! -e "$dir/data-drill" ]
ok $? 'the drill leaves nothing behind'
gateway_pid=$(cat "$dir/gateway.pid" 2>/dev/null)
loa_pid=
pid=$(cat "$dir/loa.pid" 2>/dev/null) && kill "$pid" 2>/dev/null && until_false kill -0 "$pid"
ok $? 'TERM ends the server that was started by hand'
done_testing
