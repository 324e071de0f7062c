/* SPDX-License-Identifier: MIT */
/*
 * An uploaded workbook on its way to rows. A helper process of its own, one for each, takes the bytes
 * into a file without a name, finds the sheet, and writes its rows to us; what a hostile file can do
 * is done to it, within limits of memory and time. It dies with the server, and the file with it.
 *
 *   book_start ─▶ book_send … ─▶ book_read ─▶ on_row … ─▶ on_end
 *        pieces of the upload │               │                ▲
 *                             ▼               ▼                │
 *                  helper:  file ──────▶ which sheet ──▶ rows, what it saw
 *
 * The sheet is the one asked for, else the first visible one with titles of a list, else the first
 * visible one with anything in it. A value that is merged over rows below the titles stands in each
 * of them (the phone of a household, the name of a hamlet). Values that are errors ("#N/A") are none.
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"
#include "segments/headers.h"
#include "segments/import_choices.h"
#include "segments/table_row.h"

#define BOOK_BYTES_MAX (512u << 20)	/* of an upload */
#define BOOK_ROW_BYTES_MAX (256u << 10) /* of a row's texts */
#define BOOK_CPU_S 300
/* Every visible sheet with titles of a list, in order; unless a sheet is called so. */
#define SHEET_ALL "all"

/* All that are under way in this process. */
struct books;
struct books *books_new(struct loop *l);
/* Ends their helpers, without calling back. */
void books_free(struct books *all);

struct book_options {
	const char *folder; /* for the file */
	const char *file;   /* its name in errors */
	const char *sheet;  /* name or number from 1; "" = see above; "all" = SHEET_ALL */
	const struct headers *headers;
	const struct import_choices *choices;
	/* Was something chosen before for a table with these titles? Asked in the helper. */
	bool (*is_remembered)(void *arg, const char *fingerprint);
	/* All of the last piece was taken. */
	void (*on_sent)(void *arg);
	/* May more rows come now? If not it is asked again a millisecond later. */
	bool (*may_go_on)(void *arg);
	/*
	 * Of SHEET_ALL, the rows of a sheet are over and another comes; seen as book_seen has it for
	 * the last one. Anything but ERR_OK is what on_end gets.
	 */
	enum err (*on_sheet)(void *arg, struct slice seen, struct err_ctx *e);
	/* Anything but ERR_OK is what on_end gets. */
	enum err (*on_row)(void *arg, const struct import_cells *row, struct err_ctx *e);
	/* Once, also before book_read when it fails; e NULL = that were all rows. */
	void (*on_end)(void *arg, const struct err_ctx *e);
	void *arg;
};

struct book;
/* All but the strings is borrowed. ERR_SYSTEM; *out is NULL then. */
MUST_CHECK enum err book_start(struct books *all, const struct book_options *o, struct book **out,
			       struct err_ctx *e);
/* The next bytes; they stay where they are until on_sent, which always comes unless on_end does. */
void book_send(struct book *w, struct slice bytes);
/* No more bytes come: read them. */
void book_read(struct book *w);
/* The sheet's name, "" as long as it is not known. */
const char *book_sheet(const struct book *w);
/* After the last row: what was seen, a JSON object (docs/FORMATS.md, "workbook" of the import report). */
struct slice book_seen(const struct book *w);
/* At any time, also in a callback; nothing is called back any more. NULL is fine. */
void book_close(struct book *w);
