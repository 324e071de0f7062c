#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# A hundred thousand recipients; kill -9 of the server three times and of Redis once, at random
# moments of the sending. Afterwards our records and the gateway's ledger are compared message by
# message. seed=N in the environment repeats the moments of a run. The promised dedupe window lets doubt be repeated
# under its reference, so nobody may be left out and nobody written to twice.
. "$(dirname "$0")/lib.sh"

n=${1:-100000}
seed=${seed:-$RANDOM}
RANDOM=$seed
echo "# seed=$seed"
start_gateway --dedupe forever --latency 10 --latency-jitter 10 --receipts delivered --receipt-delay 50 \
	--receipt-duplicate 0.02 --receipt-early 0.02 --receipt-batch 100 --reset-after 0.002 --html502-before 0.002 \
	--html502-after 0.002 --error-rate 0.002 --receipt-tries 1000
write_config -e 's/"rate": 100/"rate": 6000/' -e 's/"concurrency": 4/"concurrency": 16/' \
	-e 's/"deadline_s": 10/"deadline_s": 600/' -e 's/"log_level": "info"/"log_level": "warn"/'
start_loa
make_list "$n"
make_campaign "so_dien_thoai != ''"
ok $? 'a hundred thousand rows are imported'
loa campaign launch c >/dev/null

pause() { sleep "$((RANDOM % 3)).$((RANDOM % 10))"; }
kill_redis() { kill -9 "$(redis_pid)"; }
steps=(kill_server kill_server kill_server kill_redis)
while [ ${#steps[@]} -gt 0 ]; do
	sleep 1
	pause
	i=$((RANDOM % ${#steps[@]}))
	"${steps[i]}"
	echo "# ${steps[i]} at $(lines) lines of the ledger"
	unset "steps[i]"
	steps=("${steps[@]}")
done
finished_in_time() {
	for _ in 1 2 3 4; do until_true is_finished && return; done
}
finished_in_time
ok $? 'the run is finished'
is "$(redis_count "$dir/data/redis.sock")" 1 'there is one Redis'

# (partition, rank) of each accepted message of the ledger: the last 40 bits of the reference's numbers
awk -F'"ref":"' '/"event":"accepted"/ {
	ref = substr($2, 1, 15); v = 0
	for (i = 8; i <= 15; i++) v = v * 32 + index("0123456789abcdefghjkmnpqrstvwxyz", substr(ref, i, 1)) - 1
	attempt = v % 16; v = (v - attempt) / 16; rank = v % 1073741824
	print (v - rank) / 1073741824 % 8, rank }' "$dir/ledger" | sort >"$dir/theirs"
# (partition, rank) of each record that says accepted, delivered or undeliverable
for key in $(redis KEYS 'loa:run:1:rec:*'); do
	part=${key#loa:run:1:rec:}
	redis GET "$key" | od -An -v -tu1 -w8 |
		awk -v p="${part%:*}" -v j="${part#*:}" 'NF == 8 { s = $1 % 16; if (s == 3 || s == 5 || s == 6) print p, j * 4096 + NR - 1 }'
done | sort >"$dir/ours"
is "$(uniq -d <"$dir/theirs" | wc -l)" 0 'nobody was written to twice'
is "$(wc -l <"$dir/theirs")" "$n" 'nobody was left out'
cmp -s "$dir/ours" "$dir/theirs"
ok $? 'our records and the ledger agree message by message'
is "$(report records)" "$n" 'the records are the audience'
is "$(report counters)" agree 'counters and records agree'
is "$(report delivered)" "$n" 'all receipts have come in'
is "$(gateway_stat accepted_again)" 0 'the gateway counts no double'
done_testing
