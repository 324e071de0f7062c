#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A backup of a server that sends, put back elsewhere: every message is still in one state, nothing
# leaves before a person has said so, and a damaged file is never half restored.
. "$(dirname "$0")/lib.sh"

start_gateway --dedupe forever --receipts delivered --receipt-delay 20 --receipt-batch 20
write_config -e 's/"rate": 100/"rate": 500/' -e 's/"deadline_s": 10/"deadline_s": 2/'
start_loa
n=2500
make_list $n
make_campaign "so_dien_thoai != ''"
loa campaign launch c >/dev/null
there() { "$B/loa" "$@" --data "$dir/there"; }
accepted() { grep -c '"event":"accepted"' "$dir/ledger"; }
report_there() { there campaign report c --json 2>/dev/null | json_field "$1"; }

half() { [ "$(accepted)" -ge 400 ]; }
until_true half
# Redis takes its time: a twentieth of a second a key.
redis CONFIG SET rdb-key-save-delay 50000 >/dev/null
before=$(accepted)
loa backup "$dir/b.loa" >"$dir/out" 2>&1 &
pid=$!
saving() { redis INFO persistence | grep -q 'rdb_bgsave_in_progress:1'; }
until_true saving
out=$(loa backup "$dir/second.loa" 2>&1)
is $? 1 'a second backup at the same time is refused'
has "$out" 'another one is being made' 'and says why'
during=$(accepted)
wait "$pid"
is $? 0 'a server that is sending can be backed up'
after=$(accepted)
ok $((after <= during)) 'it goes on sending meanwhile'
out=$(cat "$dir/out")
redis CONFIG SET rdb-key-save-delay 0 >/dev/null
has "$out" '1 open runs' 'it says what is in it'
head -n 1 "$dir/b.loa" | grep -q '"loa_backup":1'
ok $? 'the file begins with what it is'
is "$(stat -c %a "$dir/b.loa")" 600 'nobody else may read it'
# The sum over all but the last line, by another program.
size=$(stat -c %s "$dir/b.loa")
is "$(tail -c 73 "$dir/b.loa")" "blake2b:$(head -c $((size - 73)) "$dir/b.loa" | b2sum -l 256 | cut -d' ' -f1)" \
	'it ends with the checksum of the rest'
[ ! -e "$dir/data/dump.rdb" ] && [ ! -e "$dir/b.loa.part" ] && [ ! -e "$dir/second.loa.part" ]
ok $? 'nothing is left beside it'
out=$(loa backup "$dir/b.loa" 2>&1)
is $? 1 'a file that is there is not written over'
has "$(metrics | grep ^loa_backup)" \
	"loa_backup_seconds $(date +%s | cut -c1-5)" 'the metrics say when'

# ---- no room: nothing half-done ----
(
	trap '' XFSZ
	ulimit -f 8
	loa backup "$dir/small.loa"
) >"$dir/out" 2>&1
is $? 3 'a disk that is full is an error'
has "$(cat "$dir/out")" 'make room' 'and says what to do'
is "$(ls "$dir" | grep -c small)" 0 'no half file is left'
mkdir "$dir/data/dump.rdb"
out=$(loa backup "$dir/c.loa" 2>&1)
is $? 3 'Redis that cannot write its file is an error'
has "$out" 'could not write' 'and says so'
rmdir "$dir/data/dump.rdb"
loa backup "$dir/c.loa" >/dev/null
ok $? 'the next one works again'

# ---- the old server goes on: all the rest is sent ----
out=$("$B/loa" restore "$dir/b.loa" --data "$dir/data" 2>&1)
is $? 1 'a folder in which a server works is refused'
has "$out" 'a loa serve works in this folder' 'and says why'
kill -9 "$loa_pid"
wait "$loa_pid" 2>/dev/null
out=$("$B/loa" restore "$dir/b.loa" --data "$dir/data" --force 2>&1)
is $? 1 'a folder in which a Redis was left behind is refused, too'
has "$out" 'a killed server left' 'and says why'
start_loa
timeout 60 "$B/loa" campaign watch c --data "$dir/data" >/dev/null
is "$(accepted)" $n 'the old server has sent all after the backup'
kill "$loa_pid"
wait "$loa_pid"
loa_pid=

# ---- damaged, cut, foreign, newer ----
mkdir "$dir/there"
refused() { # FILE PART SENTENCE
	out=$("$B/loa" restore "$1" --data "$dir/there" 2>&1)
	is $? 1 "$3 is refused"
	has "$out" "$2" 'and says why'
	is "$(ls "$dir/there" | grep -v lock)" '' 'the folder is as it was'
}
cp "$dir/b.loa" "$dir/bad.loa"
printf 'X' | dd of="$dir/bad.loa" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
cmp -s "$dir/b.loa" "$dir/bad.loa" && printf 'Y' | dd of="$dir/bad.loa" bs=1 seek=$((size / 2)) conv=notrunc 2>/dev/null
refused "$dir/bad.loa" 'checksum is wrong' 'a damaged file'
head -c $((size - 100)) "$dir/b.loa" >"$dir/bad.loa"
refused "$dir/bad.loa" 'its end is missing' 'a file that is cut'
cp "$dir/list.csv" "$dir/bad.loa"
refused "$dir/bad.loa" 'is no backup of Loa' 'a file of another kind'
sed '1s/"version":"[^"]*"/"version":"999.0.0"/' "$dir/b.loa" >"$dir/bad.loa"
refused "$dir/bad.loa" 'newer' 'a file of a newer release'

# A good file around something that this Redis does not understand.
{
	head -n 1 "$dir/b.loa" | sed 's/"bytes":[0-9]*/"bytes":14/'
	printf 'REDIS9999xxxxx'
} >"$dir/bad.loa"
printf 'blake2b:%s\n' "$(b2sum -l 256 <"$dir/bad.loa" | cut -d' ' -f1)" >>"$dir/bad.loa"
out=$("$B/loa" restore "$dir/bad.loa" --data "$dir/there" 2>&1)
is $? 3 'a file that Redis cannot load is refused'
has "$out" 'Redis cannot load it' 'and says why'
is "$(ls "$dir/there" | grep -v lock)$(redis_count "$dir/there")" 0 'nothing is left of the attempt'

# ---- restored elsewhere ----
out=$("$B/loa" restore "$dir/b.loa" --data "$dir/there" 2>&1)
is $? 0 'the backup is restored into another folder'
has "$out" 'open runs, paused now: 1' 'it says that the run is paused'
is "$(ls "$dir/there" | grep -v lock)" appendonlydir 'nothing but the data is put there'
out=$("$B/loa" restore "$dir/b.loa" --data "$dir/there" 2>&1)
is $? 1 'a folder that has data is refused'
has "$out" '--force' 'and says how to do it all the same'
"$B/loa-next" restore "$dir/b.loa" --data "$dir/there" --force >/dev/null 2>&1
ok $? 'with --force it is done, also by another release'
ls -d "$dir/there"/before-restore-*/appendonlydir >/dev/null
ok $? 'and what was there is kept aside'

loa_port=0
start_loa --data "$dir/there"
is "$(cat "$dir/loa.out" | grep -c token)" 0 'the token is the old one'
is "$(there campaign show c | sed -n 's/^ *"state": "\(.*\)",*$/\1/p')" paused 'the campaign is paused'
is "$(report_there audience)" $n 'its audience is whole'
is "$(report_there counters)" agree 'counters and records agree'
known=$(($(report_there accepted) + $(report_there delivered)))
open=$(($(report_there sending) + $(report_there unknown)))
ok $((known > after)) 'it knows of no message that was sent after the backup'
ok $((known + open < before)) 'it knows of every message that was sent before, if only as in doubt'
sleep 1.2
is "$(accepted)" $n 'nothing leaves by itself'
out=$(there campaign resume c 2>&1)
is $? 4 'to resume is refused'
has "$out" 'a second time' 'because of what was sent since'
has "$out" '--after-restore' 'and says how it is done'
there campaign resume c --after-restore >/dev/null
ok $? 'with --after-restore it goes on'
timeout 240 "$B/loa" campaign watch c --data "$dir/there" >/dev/null
is "$(($(report_there accepted) + $(report_there delivered)))" $n 'every message has come to its end'
is "$(accepted)" $n 'by the reference the gateway knows what it had: nothing was taken twice'

# A run of the new life must not use the references of one that the backup does not know.
echo '{"name":"d","template":"t","segments":["s"],"class":"notice"}' >"$dir/c.json"
there campaign create "$dir/c.json" >/dev/null
run=$(there campaign launch d | sed 's/.*run //')
ok $((run <= 1000)) 'run numbers that the lost time may have used are not used again'

# ---- the administrator's token ----
new=$(there token renew | sed -n 's/.*once: //p')
http "127.0.0.1:$loa_port" GET /api/v1/lists '' "Authorization: Bearer $new" >/dev/null
is "$(status)" 200 'a renewed token is right'
out=$(http "127.0.0.1:$loa_port" POST /api/v1/token '' "Authorization: Bearer $new")
is "$(status)" 403 'it is renewed on the server only'
there token renew >/dev/null
http "127.0.0.1:$loa_port" GET /api/v1/lists '' "Authorization: Bearer $new" >/dev/null
is "$(status)" 401 'and then the old one is wrong'
done_testing
