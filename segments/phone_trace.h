/* SPDX-License-Identifier: MIT */
/*
 * Finding phones in any bytes: in texts, logs, records. A phone is found in each way in which it may
 * be written: 0912345678, 84912345678, +84912345678, 0084912345678, 912345678 (a workbook took the
 * zero), the numbers of before 2018, each with blanks, dots, hyphens or brackets between its digits,
 * and inside longer rows of digits when it begins with 0 or 84. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

/* Is it one of those that are looked for? phone = 84912345678. */
typedef bool (*phone_wanted_cb)(void *arg, uint64_t phone);

struct phone_trace {
	phone_wanted_cb is_wanted;
	void *arg;
};

/* How often one of them is named. */
size_t phone_trace_count(const struct phone_trace *t, struct slice text);
/*
 * Write an asterisk over each digit of what is found, nothing else: lengths stay. Returns how often
 * one was named.
 */
size_t phone_trace_mask(const struct phone_trace *t, char *text, size_t n);
/* Does a whole cell name one? Also as numbers that a workbook has spelt (8.4912345678E10). */
bool phone_trace_in_cell(const struct phone_trace *t, struct slice cell);
