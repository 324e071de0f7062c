/* SPDX-License-Identifier: MIT */
/*
 * ZIP archives and workbooks made in memory, as valid or as hostile as a test
 * wants. Parts are stored, or one text repeated is packed by one deflate block of
 * fixed codes (RFC 1951, 3.2.6): 13 bits for 258 bytes, a bomb of 158 to 1.
 */
#pragma once

#include "base/buf.h"

struct made {
	struct buf zip;
	struct buf list; /* the central directory */
	unsigned count;
};

static inline uint32_t
made_crc(uint32_t crc, const char *p, size_t n)
{
	crc = ~crc;
	for (size_t i = 0; i < n; i++) {
		crc ^= (uint8_t)p[i];
		for (int k = 0; k < 8; k++)
			crc = crc >> 1 ^ (0xEDB88320u & (0 - (crc & 1)));
	}
	return ~crc;
}

/* The bytes `packed` are what `n` bytes with this check sum became by the method. */
static inline void
made_add_packed(struct made *m, const char *name, struct slice packed, uint16_t method,
		const uint32_t crc_and_size[2])
{
	size_t at = m->zip.len;

	for (int is_list = 0; is_list < 2; is_list++) {
		struct buf *b = is_list ? &m->list : &m->zip;

		buf_add(b, is_list ? "PK\1\2\24\0" : "PK\3\4", is_list ? 6 : 4);
		buf_add_u16(b, 20);
		buf_add_u16(b, 0);
		buf_add_u16(b, method);
		buf_add_u32(b, 0x00210000); /* 1980-01-01 */
		buf_add_u32(b, crc_and_size[0]);
		buf_add_u32(b, (uint32_t)packed.n);
		buf_add_u32(b, crc_and_size[1]);
		buf_add_u16(b, (uint16_t)strlen(name));
		buf_add_u16(b, 0);
		if (is_list) {
			buf_add(b, "\0\0\0\0\0\0\0\0\0\0", 10);
			buf_add_u32(b, (uint32_t)at);
		}
		buf_adds(b, name);
	}
	buf_add_slice(&m->zip, packed);
	m->count++;
}

static inline void
made_add(struct made *m, const char *name, struct slice text)
{
	uint32_t sums[2] = {made_crc(0, text.p, text.n), (uint32_t)text.n};

	made_add_packed(m, name, text, 0, sums);
}

struct made_bits {
	struct buf out;
	uint32_t bits;
	unsigned count;
};

static inline void
made_put(struct made_bits *b, uint32_t value, unsigned n)
{
	b->bits |= value << b->count;
	for (b->count += n; b->count >= 8; b->count -= 8, b->bits >>= 8)
		buf_addc(&b->out, (char)b->bits);
}

/* Codes go in with their first bit first. */
static inline void
made_put_code(struct made_bits *b, uint32_t code, unsigned n)
{
	while (n-- > 0)
		made_put(b, code >> n & 1, 1);
}

static inline void
made_put_literals(struct made_bits *b, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned c = (uint8_t)p[i];

		made_put_code(b, c < 144 ? 0x30 + c : 0x190 + c - 144, c < 144 ? 8 : 9);
	}
}

/* The same 258 bytes that stood `back` bytes before, 5 to 32768. */
static inline void
made_put_match(struct made_bits *b, uint32_t back)
{
	unsigned extra = 30 - (unsigned)__builtin_clz(back - 1);

	made_put_code(b, 0xC5, 8);
	made_put_code(b, 2 * (extra + 1) + ((back - 1) >> extra & 1), 5);
	made_put(b, (back - 1) & ((1u << extra) - 1), extra);
}

/* head, `unit` (of at least 5 bytes) so often, tail. */
static inline void
made_add_repeated(struct made *m, const char *name, const char *const parts[3], uint32_t times)
{
	size_t n = strlen(parts[1]);
	uint64_t left = (uint64_t)n * times - n;
	struct made_bits b = {0};
	uint32_t sums[2] = {0, 0};

	made_put(&b, 1 | 1 << 1, 3); /* the last block, of fixed codes */
	made_put_literals(&b, parts[0], strlen(parts[0]));
	made_put_literals(&b, parts[1], n);
	for (; left >= 258; left -= 258)
		made_put_match(&b, (uint32_t)n);
	for (size_t at = n - left % n; left > 0; left--, at++)
		made_put_literals(&b, parts[1] + at % n, 1);
	made_put_literals(&b, parts[2], strlen(parts[2]));
	made_put_code(&b, 0, 7);
	made_put(&b, 0, 7);
	sums[0] = made_crc(0, parts[0], strlen(parts[0]));
	for (uint32_t i = 0; i < times; i++)
		sums[0] = made_crc(sums[0], parts[1], n);
	sums[0] = made_crc(sums[0], parts[2], strlen(parts[2]));
	sums[1] = (uint32_t)(strlen(parts[0]) + n * times + strlen(parts[2]));
	made_add_packed(m, name, buf_slice(&b.out), 8, sums);
	buf_free(&b.out);
}

/* Behind the last part; frees what is not in m->zip. */
static inline void
made_finish(struct made *m)
{
	size_t at = m->zip.len;

	buf_add_slice(&m->zip, buf_slice(&m->list));
	buf_add(&m->zip, "PK\5\6\0\0\0\0", 8);
	buf_add_u16(&m->zip, (uint16_t)m->count);
	buf_add_u16(&m->zip, (uint16_t)m->count);
	buf_add_u32(&m->zip, (uint32_t)m->list.len);
	buf_add_u32(&m->zip, (uint32_t)at);
	buf_add_u16(&m->zip, 0);
	buf_free(&m->list);
}

/* ---- a workbook of one sheet "Danh sách"; what is NULL is as it should be ---- */

#define MADE_TYPE "application/vnd.openxmlformats-officedocument.spreadsheetml."
#define MADE_RELATION "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"

struct made_book {
	const char *content_types, *root_relations, *workbook, *relations, *styles, *strings;
};

/* All but xl/worksheets/sheet1.xml, which the caller adds before or behind. */
static inline void
made_add_book(struct made *m, struct made_book b)
{
	const char *types =
		"<Types><Default Extension='xml' ContentType='" MADE_TYPE "worksheet+xml'/>"
		"<Override PartName='/xl/workbook.xml' ContentType='" MADE_TYPE
		"sheet.main+xml'/></Types>";
	const char *root = "<Relationships><Relationship Id='a' Type='" MADE_RELATION
			   "officeDocument' Target='xl/workbook.xml'/></Relationships>";
	const char *book = "<workbook><sheets><sheet name='Danh sách' sheetId='1' r:id='a'/>"
			   "</sheets></workbook>";
	const char *relations =
		"<Relationships><Relationship Id='a' Type='" MADE_RELATION
		"worksheet' Target='worksheets/sheet1.xml'/>"
		"<Relationship Id='b' Type='" MADE_RELATION "styles' Target='styles.xml'/>"
		"<Relationship Id='c' Type='" MADE_RELATION
		"sharedStrings' Target='sharedStrings.xml'/></Relationships>";

	made_add(m, "[Content_Types].xml",
		 slice_of(b.content_types != NULL ? b.content_types : types));
	made_add(m, "_rels/.rels", slice_of(b.root_relations != NULL ? b.root_relations : root));
	made_add(m, "xl/workbook.xml", slice_of(b.workbook != NULL ? b.workbook : book));
	made_add(m, "xl/_rels/workbook.xml.rels",
		 slice_of(b.relations != NULL ? b.relations : relations));
	if (b.styles != NULL)
		made_add(m, "xl/styles.xml", slice_of(b.styles));
	if (b.strings != NULL)
		made_add(m, "xl/sharedStrings.xml", slice_of(b.strings));
}
