/* SPDX-License-Identifier: MIT */
/*
 * Reads ZIP archives from outside, part by part, streaming (by libzip). Names
 * are looked up as packages of office programs write them: letters of any case,
 * "\" like "/". Nothing is ever written to a file.
 *
 * Bounded: the number of parts before their list is read, and what a part
 * inflates to, absolutely and compared with its packed bytes. A damaged,
 * locked or cut archive is ERR_INPUT with the part's name.
 */
#pragma once

#include "base/err.h"

#define ARCHIVE_PARTS_MAX 10000

struct archive;
struct archive_part;

/* `file` is its name in errors; copied. ERR_SYSTEM: the file cannot be read. */
MUST_CHECK enum err archive_open(const char *path, const char *file, struct archive **out,
				 struct err_ctx *e);
void archive_close(struct archive *a);

/* The part of this name ("xl/workbook.xml"); -1 = none. */
int archive_find(const struct archive *a, struct slice name);

struct archive_limits {
	uint64_t inflated_max;	/* bytes of the part */
	uint32_t inflation_max; /* bytes from one packed byte … */
	uint64_t inflation_min; /* … looked at beyond so many bytes */
};

/* Parts of one archive may be open at the same time; close them before it. */
MUST_CHECK enum err archive_part_open(struct archive *a, int part,
				      const struct archive_limits *limits,
				      struct archive_part **out, struct err_ctx *e);
/* Up to cap bytes; *n = 0 at the end, when its check sum was right. */
MUST_CHECK enum err archive_part_read(struct archive_part *p, char *out, size_t cap, size_t *n,
				      struct err_ctx *e);
void archive_part_close(struct archive_part *p);
