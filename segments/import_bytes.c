/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file on their way to the CSV: held back until their encoding is known.
 *
 *   ASCII ─▶ passed on; it is the same in all of them but UTF-16
 *   the first other byte ─▶ CHARSET_HEAD_MAX bytes from there on are judged together
 *   from then on ─▶ the decoder
 */
#include <stdlib.h>

#include "segments/import_inside.h"

enum { SAMPLE_SHOWN = 48 }; /* bytes */

void
import_bytes_free(struct import_bytes *b)
{
	buf_free(&b->head);
	buf_free(&b->text);
	buf_free(&b->sample);
}

/* Files that are no text, by their first bytes. */
static enum err
check_magic(const struct import *im, struct err_ctx *e)
{
	static const struct {
		const char *bytes, *what;
	} table[] = {
		{"PK\3\4", "this is an Excel workbook (.xlsx), not a CSV file"},
		{"\xD0\xCF\x11\xE0", "this is an old Excel workbook (.xls), not a CSV file"},
		{"%PDF", "this is a PDF, not a CSV file"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		size_t n = strlen(table[i].bytes);

		if (im->bytes.head.len < n || memcmp(im->bytes.head.data, table[i].bytes, n) != 0)
			continue;
		err_set(e, ERR_INPUT, im->file,
			"open it in Excel, save it as \"CSV UTF-8\" and import that",
			"line 1, column 1: %s", table[i].what);
		return import_set_place(e, 1, 1);
	}
	return ERR_OK;
}

/* Text of a cell for a person, not too long. */
static void
add_shown(struct import *im, const struct charset_guess *g, enum charset c, struct buf *out)
{
	struct buf raw = {0};
	size_t before = out->len, n;

	charset_add_sample(&raw, buf_slice(&im->bytes.head), g->first, c);
	cell_clean(out, buf_slice(&raw));
	buf_free(&raw);
	n = out->len - before;
	if (n <= SAMPLE_SHOWN)
		return;
	n = SAMPLE_SHOWN;
	while (n > 0 && ((uint8_t)out->data[before + n] & 0xC0) == 0x80)
		n--;
	out->len = before + n;
	out->data[out->len] = '\0';
}

/* Where byte `at` of the head stands in the file. */
static enum err
set_place(const struct import *im, size_t at, struct err_ctx *e)
{
	uint32_t line = im->bytes.line, column = im->bytes.column;

	for (size_t i = 0; i < at; i++) {
		bool is_end = im->bytes.head.data[i] == '\n';

		line += is_end;
		column = is_end ? 0 : column + 1;
	}
	return import_set_place(e, line + 1, column + 1);
}

static enum err
ask(struct import *im, const struct charset_guess *g, struct err_ctx *e)
{
	struct buf shown = {0}, place = {0};
	bool has_any = g->candidates[0].valid > 0;
	struct err_ctx at = {0};

	set_place(im, g->first, &at);
	for (size_t i = 0; i < g->count; i++) {
		if (has_any && g->candidates[i].valid == 0)
			continue;
		buf_addf(&shown, "%s%s \"", shown.len > 0 ? ", " : "",
			 charset_name(g->candidates[i].charset));
		add_shown(im, g, g->candidates[i].charset, &shown);
		buf_addc(&shown, '"');
	}
	buf_addf(&place, "%s %d, column %d", im->row_word, at.line, at.column);
	err_set(e, ERR_INPUT, im->file,
		"say which one it is with --encoding NAME, or save it as \"CSV UTF-8\"",
		"%s: the text is not UTF-8, and too little of it tells its encoding: %s",
		place.data, shown.data);
	buf_free(&shown);
	buf_free(&place);
	return set_place(im, g->first, e);
}

static enum err
fail_given(const struct import *im, const struct charset_guess *g, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, im->file,
		       "leave the encoding away; text of old fonts in it is found by itself",
		       "the file is %s, not %s", charset_name(g->best),
		       charset_name(im->bytes.given));
}

/* The first n bytes of the head are ASCII. */
static enum err
pass_ascii(struct import *im, size_t n, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	enum err rc = import_csv_feed(im, (struct slice){b->head.data, n}, e);

	for (size_t i = 0; i < n; i++) {
		bool is_end = b->head.data[i] == '\n';

		b->line += is_end;
		b->column = is_end ? 0 : b->column + 1;
	}
	buf_consume(&b->head, n);
	b->has_begun = true;
	return rc;
}

/* The bytes before the first word that is not all ASCII. */
static size_t
count_ascii(struct slice head)
{
	size_t n = 0;

	while (n < head.n && (uint8_t)head.p[n] < 0x80)
		n++;
	for (size_t k = 0; n < head.n && n > 0 && k < 16 && (head.p[n - 1] | 0x20) >= 'a' &&
			   (head.p[n - 1] | 0x20) <= 'z';
	     k++)
		n--;
	return n;
}

static enum err
decode(struct import *im, struct slice bytes, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	enum err rc;

	if (b->decoder.charset == CHARSET_UTF8)
		return import_csv_feed(im, bytes, e);
	buf_reset(&b->text);
	rc = charset_decode(&b->decoder, bytes, &b->text, e);
	if (rc != ERR_OK) {
		if (e != NULL)
			slice_copy(e->what, sizeof(e->what), slice_of(im->file));
		return rc;
	}
	return import_csv_feed(im, buf_slice(&b->text), e);
}

static enum err
start(struct import *im, enum charset c, const struct charset_guess *g, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	enum err rc;

	b->is_known = true;
	charset_decoder_init(&b->decoder, c);
	free(im->encoding);
	im->encoding = xstrdup(charset_name(c));
	if (g->count > 0 && im->sample_rows > 0)
		add_shown(im, g, c, &b->sample);
	rc = decode(im, buf_slice(&b->head), e);
	buf_free(&b->head);
	return rc;
}

/* Enough bytes, or all of them, are there. */
static enum err
judge(struct import *im, bool is_whole, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	struct charset_guess g = {0};
	bool is_of_bytes = b->given >= CHARSET_WINDOWS_1258;
	size_t ascii;

	if (!b->has_begun && check_magic(im, e) != ERR_OK)
		return ERR_INPUT;
	if (b->is_given && (b->given == CHARSET_UTF16LE || b->given == CHARSET_UTF16BE))
		return start(im, b->given, &g, e);
	charset_detect(buf_slice(&b->head), !b->has_begun, is_whole, &g);
	ascii = count_ascii(buf_slice(&b->head));
	if (g.is_ascii || (g.count > 0 && !is_whole && ascii > 0))
		return pass_ascii(im, ascii, e);
	if (b->is_given && is_of_bytes && g.count == 0)
		return fail_given(im, &g, e);
	if (b->is_given)
		return start(im, b->given, &g, e);
	return g.is_sure ? start(im, g.best, &g, e) : ask(im, &g, e);
}

enum err
import_bytes_feed(struct import *im, struct slice bytes, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	enum err rc = ERR_OK;

	while (bytes.n > 0 && rc == ERR_OK) {
		size_t n = CHARSET_HEAD_MAX - b->head.len;

		if (b->is_known)
			return decode(im, bytes, e);
		n = n < bytes.n ? n : bytes.n;
		buf_add(&b->head, bytes.p, n);
		bytes = (struct slice){bytes.p + n, bytes.n - n};
		if (b->head.len == CHARSET_HEAD_MAX)
			rc = judge(im, false, e);
	}
	return rc;
}

enum err
import_bytes_end(struct import *im, struct err_ctx *e)
{
	struct import_bytes *b = &im->bytes;
	enum err rc = ERR_OK;

	if (!b->is_known && b->head.len > 0)
		rc = judge(im, true, e);
	if (rc != ERR_OK || !b->is_known)
		return rc;
	buf_reset(&b->text);
	rc = charset_decode_end(&b->decoder, &b->text, e);
	if (b->decoder.words_of_capitals > 0)
		tally_add(&im->repairs, "capitals-unknown", b->decoder.words_of_capitals);
	return rc == ERR_OK ? import_csv_feed(im, buf_slice(&b->text), e) : rc;
}
