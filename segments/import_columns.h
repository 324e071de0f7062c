/* SPDX-License-Identifier: MIT */
/*
 * From the titles of a table to the columns of a list: names, which one is the
 * phone, what is left out, what is derived from what. Pure.
 *
 *   cells      STT | Họ và tên | Năm sinh       | SĐT           | Dân tộc
 *                              | Nam    | Nữ    |
 *   columns    stt | ho_ten    | nam_sinh, gioi_tinh | so_dien_thoai | (left out)
 *              and where the rows need them: nhom, phone_2, phone_3 … at the end
 */
#pragma once

#include "segments/import_choices.h"
#include "segments/phone.h"
#include "segments/table_shape.h"

enum column_from {
	FROM_CELL,
	FROM_BIRTH,    /* of two cells, for men and women, the one that is filled */
	FROM_SEX,      /* which one of them is */
	FROM_LANGUAGE, /* of the people in a cell */
	FROM_GROUP,    /* the group row above */
	FROM_PHONES,   /* the second, third … number of the phone's cell */
};

struct column_source {
	enum column_from from;
	uint32_t cell;	/* FROM_PHONES: which number, from 1 */
	uint32_t other; /* BIRTH, SEX: the women's cell; cell is the men's */
	enum header_hint hint;
	bool is_untitled, is_hidden;
};

/* A column by its title that was left out, or kept although it is sensitive. */
struct column_note {
	char title[128];
	const char *sensitive; /* why; NULL = the importer left it out */
	char *reason;	       /* why it is kept; NULL = left out */
};

enum cell_use {
	CELL_WITHOUT_TITLE, /* its values are dropped, and counted */
	CELL_USED,
	CELL_LEFT_OUT,
};

struct import_columns {
	struct schema schema;
	struct column_source sources[COLUMNS_MAX];
	uint8_t *use;	 /* [width] enum cell_use */
	size_t width;	 /* cells of the titles */
	const char *key; /* with this column there may be none of phones; NULL = there must be */
	struct column_note notes[CHOICES_MAX];
	size_t note_count;
	int group;			/* column of the groups; -1 = none yet */
	int phones[PHONES_IN_CELL_MAX]; /* [k] column of the number k+1; 0 = none yet */
	char fingerprint[17];		/* of the titles */
};

/*
 * ERR_INPUT with what is wrong: no phone column, two that look like it, too many, a
 * choice that names none. Zero-initialised before; free in any case.
 */
MUST_CHECK enum err import_columns_read(struct import_columns *c, const struct table_shape *t,
					const struct headers *h,
					const struct import_choices *choices, const char *file,
					const char *row_word, struct err_ctx *e);
/* The fingerprint of a table's titles: what was chosen for them is remembered by it. */
void import_columns_fingerprint(const struct table_shape *t, char out[17]);
void import_columns_free(struct import_columns *c);
/* One more column at the end; -1 = there are 128. */
int import_columns_add(struct import_columns *c, const char *title, const char *name,
		       struct column_source source);
/* Take away column i. */
void import_columns_remove(struct import_columns *c, uint32_t i);
