/* SPDX-License-Identifier: MIT */
/*
 * What the files of the imports share: requests (imports.c), the file's way to rows and blocks
 * (import_session.c).
 */
#pragma once

#include "dispatcher/api/private.h"
#include "dispatcher/receive/book.h"
#include "segments/import.h"

#define SESSIONS_MAX 8
#define SHEET_MAX 128u /* bytes of a sheet's name */

/* A file on its way in. */
struct session {
	struct imports *imports;
	char id[33]; /* "" = free */
	char list[LIST_NAME_MAX + 1];
	char file[128];
	char sheet[SHEET_MAX]; /* asked for; "" = none */
	struct import_choices choices;
	const char *encoding;	  /* of a CSV: a literal; NULL = by content */
	struct buf head;	  /* first bytes, while they are not read yet */
	struct import *import;	  /* NULL = it is not known yet what the file is */
	struct book *book;	  /* NULL = it is none */
	bool is_reading, is_read; /* the workbook's rows: they come; all are here */
	bool has_failed;	  /* without an exchange to tell it to */
	struct err_ctx failed;
	struct list_writer *writer; /* NULL = a dry run */
	bool is_dry;
	bool is_fresh;	    /* nothing is recalled; nothing chosen = forget it */
	json_t *remembered; /* fingerprint of titles → choices as JSON text; NULL = not asked */
	uint64_t offset;    /* bytes taken */
	struct http_exchange *x; /* piece or commit being worked on; NULL = none */
	size_t fed;		 /* of its body */
	bool is_committing;
	int64_t touched_ms;
	struct timer step;
	struct timer idle; /* of a workbook */
};

struct imports {
	struct api *api;
	struct headers *headers; /* of all imports */
	struct books *books;
	struct session sessions[SESSIONS_MAX];
};

/* What is fed next is worked on in s->step; idle gives a workbook up. */
void import_session_start(struct session *s);
/* A piece, or the commit: x is answered when it is done. */
void import_session_work(struct session *s, struct http_exchange *x, bool is_commit);
/* Nothing of it is left; its exchange, if any, was answered. */
void import_session_clear(struct session *s);
