/* SPDX-License-Identifier: MIT */
/*
 * Vietnamese order, as CLDR's collation "vi" has it for what Vietnamese lists are
 * written with: a ă â b c d đ e ê … by letters first (blanks and signs before
 * digits before letters), then by tones (ngang huyền hỏi ngã sắc nặng), then small
 * before capital. Other scripts stand behind, by code point. Texts that are equal
 * so far are ordered by their bytes, so that no two different ones are equal.
 *
 * People are ordered by given name (the last word), then family name (the first),
 * then what stands between, as lists of people in Vietnam are. Pure.
 */
#pragma once

#include "base/buf.h"

/* Append bytes that order by memcmp as the texts do; none is a beginning of another. */
void collate_add_key(struct buf *out, struct slice s);
void collate_add_person_key(struct buf *out, struct slice name);

/* < 0, 0, > 0; for many comparisons of the same texts make keys. */
int collate_compare(struct slice a, struct slice b);
int collate_compare_people(struct slice a, struct slice b);
