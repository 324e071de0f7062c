#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Torture (docs/CHAOS.md), as much of it as fits into 35 seconds: the n-th Redis command or the n-th
# request of a small run fails. Which of them, the seed says that is printed; `make torture` walks all.
cd "$(dirname "$0")/../.." || exit 2
exec "${B:-build}/torture" --build "${B:-build}" --seconds 35 --rigs 8 --seed "${SEED:-$RANDOM$RANDOM}"
