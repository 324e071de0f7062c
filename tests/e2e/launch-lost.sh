#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Redis comes back as it was before a campaign was launched and began to be sent (docs/CHAOS.md): the
# run is told again under its references; nobody is written to twice, nothing is lost.
set -u
cd "$(dirname "$0")/../.." || exit 2
dir=$(mktemp -d "${TMPDIR:-/tmp}/loa-lost.XXXXXX")
trap 'rm -rf "$dir"' EXIT
printf '300 mark\n350 launch 1\n360 sent 400\n370 restore\n400 disk good\n' >"$dir/plan"
PLAN=$dir/plan MESSAGES=4000 ROWS="none reference-24h" SEED=${SEED:-7} tests/chaos/run --short >"$dir/out" 2>&1
rc=$?
sed 's/^#* */# /' "$dir/out"
[ $rc -eq 0 ] && echo 'ok 1 - a launch that Redis lost is mended' || echo 'not ok 1 - a launch that Redis lost is mended'
[ "$(grep -c ': 1 kills, 0 stops, 1 restores' "$dir/out")" = 2 ] && echo 'ok 2 - and it was lost' || echo 'not ok 2 - and it was lost'
echo 1..2
