/* SPDX-License-Identifier: MIT */
/*
 * What differs between two texts: by lines, or by words within a line. The longest
 * common subsequence (by dynamic programming over what common beginnings and ends
 * leave; beyond DIFF_CELLS_MAX cells the middle is told as one change). Pure.
 */
#pragma once

#include "base/buf.h"

#define DIFF_CELLS_MAX (4u << 20)

enum diff_kind { DIFF_SAME, DIFF_OUT, DIFF_IN };

/* piece: of `before` unless it came in; lines come without their ends, words with blanks as pieces. */
typedef void (*diff_cb)(void *arg, enum diff_kind kind, struct slice piece);
void diff_lines(struct slice before, struct slice after, diff_cb cb, void *arg);
void diff_words(struct slice before, struct slice after, diff_cb cb, void *arg);
