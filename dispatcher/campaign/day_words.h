/* SPDX-License-Identifier: MIT */
/*
 * What day an occurrence falls on, for who should think twice about it: a
 * weekend, a holiday, a feast. Pure.
 */
#pragma once

#include "dispatcher/calendar.h"

/*
 * Append "Sunday", "Thursday, a holiday: Quốc khánh", "Saturday, a working day", "Friday: Ngày Nhà giáo
 * Việt Nam" of the Vietnamese day of a unix time. True: it is no ordinary working day.
 */
bool day_add_words(const struct calendar *c, int64_t unix_s, struct buf *out);
/* The names of its holidays and feasts. */
void day_add_names(const struct calendar *c, int64_t unix_s, struct buf *out);
