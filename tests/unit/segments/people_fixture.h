/* SPDX-License-Identifier: MIT */
/* Eight people of four columns, for what is asked of them. */
#pragma once

#include <stdio.h>

#include "base/mem.h"
#include "segments/block.h"

#define TODAY 20736 /* 2026-10-10: 56 years, 14 leap days, 273 + 9 days since 1970-01-01 */

static inline void
add_column(struct schema *s, const char *name, const char *title, enum column_type type)
{
	struct column *c = &s->columns[s->count++];

	snprintf(c->name, sizeof(c->name), "%s", name);
	snprintf(c->title, sizeof(c->title), "%s", title);
	c->type = type;
}

static inline struct schema *
people_schema(void)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	s->phone = -1;
	add_column(s, "ho_ten", "Họ và tên", COLUMN_TEXT);
	add_column(s, "ngay_sinh", "Ngày sinh", COLUMN_DATE);
	add_column(s, "tinh", "Tỉnh", COLUMN_TEXT);
	add_column(s, "diem", "Điểm", COLUMN_NUMBER);
	return s;
}

#define PEOPLE 8
static const char *const people[PEOPLE][4] = {
	{"Nguyễn Văn An", "1958-03-15", "An Giang", "7.5"},
	{"Trần Thị Bình", "1966-10-10", "Hà Nội", "10"},
	{"Lê Cường", "1966-10-11", "HÀ NỘI", "9"},
	{"Phạm Dung", "1966", "Cần Thơ", ""},
	{"", "", "", ""},
	{"Đỗ Em", "2004-02-29", "An Giang", "0"},
	{"Vũ Giang", "2026", "Huế", "-3"},
	{"Hoàng Hà", "1958", "An Giang", "7.50"},
};

static inline struct buf
people_block(const struct schema *s)
{
	struct block_builder *b = block_builder_new(s);
	struct buf out = {0};

	for (int r = 0; r < PEOPLE; r++) {
		struct slice cells[4];

		for (int c = 0; c < 4; c++)
			cells[c] = slice_of(people[r][c]);
		block_builder_add(b, cells, 0, 0, 0);
	}
	block_builder_finish(b, &out);
	block_builder_free(b);
	return out;
}
