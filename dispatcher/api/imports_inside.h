/* SPDX-License-Identifier: MIT */
/*
 * What the files of the imports share: requests (imports.c), the file's way to rows and blocks
 * (import_session.c), several of them (import_tables.c).
 */
#pragma once

#include "dispatcher/api/import_tables.h"
#include "dispatcher/api/list_merge.h"
#include "dispatcher/api/private.h"
#include "dispatcher/receive/book.h"
#include "segments/import.h"

#define SESSIONS_MAX 8
#define SHEET_MAX 128u /* bytes of a sheet's name */

/* A file on its way in. */
struct session {
	struct imports *imports;
	char id[33];		      /* "" = free */
	char user[USER_NAME_MAX + 1]; /* who began it; "" = who sees all */
	char list[LIST_NAME_MAX + 1];
	char file[128];
	char sheet[SHEET_MAX]; /* asked for; "" = none */
	struct import_choices choices;
	const char *encoding;	      /* of a CSV: a literal; NULL = by content */
	struct buf head;	      /* first bytes, while they are not read yet */
	struct import *import;	      /* NULL = it is not known yet what the file is */
	struct import_tables *tables; /* that import is one of; NULL = it stands alone */
	uint32_t files, number;	      /* how many there are; which one this is, from 1 */
	char next_file[128];	      /* that comes when this one is read; "" = it is the last */
	struct book *book;	      /* NULL = it is none */
	bool is_reading, is_read;     /* the workbook's rows: they come; all are here */
	bool is_named;		      /* its table has the name of its sheet */
	bool has_failed;	      /* without an exchange to tell it to */
	struct err_ctx failed;
	struct list_writer *writer; /* NULL = a dry run */
	struct list_writer *stage;  /* of an update: the rows of the files; NULL = it is none */
	uint32_t base;		    /* version that is updated */
	bool has_key;		    /* it was named: the version has it, too */
	struct list_merge *merge;   /* NULL = not begun */
	bool is_chaining; /* rows of the same phone are chained, all of which are written */
	bool is_ready;	  /* merged, or chained: all is written */
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
	struct timer clean;
};

/* A block of the list (arg: the session). */
void import_session_on_block(void *arg, struct slice bytes, uint32_t rows);
/* What is fed next is worked on in s->step; idle gives a workbook up. */
void import_session_start(struct session *s);
/* A piece, or the commit: x is answered when it is done. */
void import_session_work(struct session *s, struct http_exchange *x, bool is_commit);
/* {"offset","rows_read","rows_kept"} */
json_t *import_session_progress(const struct session *s);
/* Nothing of it is left; its exchange, if any, was answered. */
void import_session_clear(struct session *s);
