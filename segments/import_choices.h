/* SPDX-License-Identifier: MIT */
/*
 * What an importer decides about a file's columns, as JSON members of a request and
 * as it is remembered for the next file with the same titles. Pure.
 *
 *   "phone": "SĐT mẹ", "map": ["Nơi công tác=don_vi", "Ghi chú=-"],
 *   "keep": ["Dân tộc=Kế hoạch 12/KH-UBND"], "language_from": "Dân tộc"
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

#define CHOICES_MAX 64u
#define CHOICE_BYTES_MAX 400u

/* One column and what is said of it; both are the struct's own. */
struct choice {
	char *column; /* title or name */
	char *value;  /* of map: a name, "-" = leave it out; of keep: the reason */
};

/* Zero-initialised = none. */
struct import_choices {
	char *phone;	     /* title or name of the phone column; NULL = by its title */
	char *language_from; /* column of peoples from which `language` is derived; NULL = none */
	struct choice maps[CHOICES_MAX], keeps[CHOICES_MAX];
	size_t map_count, keep_count;
};

void import_choices_clear(struct import_choices *c);
bool import_choices_is_empty(const struct import_choices *c);
void import_choices_copy(struct import_choices *to, const struct import_choices *from);
/* Add "Column=name" (the last = divides). ERR_INPUT: no =, an empty half, no name, too many. */
MUST_CHECK enum err import_choices_map(struct import_choices *c, const char *word,
				       struct err_ctx *e);
/* Add "Column=reason" (the first = divides). */
MUST_CHECK enum err import_choices_keep(struct import_choices *c, const char *word,
					struct err_ctx *e);
/* The four members of an object; others are not looked at. */
MUST_CHECK enum err import_choices_read(struct import_choices *c, const struct json_at *at,
					struct err_ctx *e);
/* What may be remembered: all but `keep`, whose reason is given each time. The caller's. */
char *import_choices_to_json(const struct import_choices *c);
