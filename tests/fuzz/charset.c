/* SPDX-License-Identifier: MIT */
/*
 * Encodings of files, and text of old fonts in Unicode cells. Input: a byte chooses the
 * encoding (or the rows), a byte says where the text is cut, then the text.
 * Says: what is told of a head lies in it and its sample is UTF-8; decoded whole, cut or byte
 * by byte a text is the same, UTF-8, and NFC where the encoding is one of bytes; rows go
 * through in their order, none is lost, and cells change only where old text was found.
 */
#include "segments/charset.h"

#include <stdlib.h>

#include "base/text.h"
#include "segments/hidden_text.h"
#include "tests/fuzz/fuzz.h"

/* ---- which one ---- */

static void
check_guess(struct slice head, bool is_begin, bool is_whole)
{
	struct charset_guess g;
	unsigned seen = 0;

	charset_detect(head, is_begin, is_whole, &g);
	must(g.count <= CHARSETS_OF_BYTES && (int)g.best < CHARSETS, "best %d of %zu", (int)g.best,
	     g.count);
	must(is_begin || (g.best != CHARSET_UTF16LE && g.best != CHARSET_UTF16BE),
	     "UTF-16 in the middle");
	for (size_t i = 0; i < g.count; i++) {
		const struct charset_candidate *c = &g.candidates[i];

		must(c->charset >= CHARSET_WINDOWS_1258 && (int)c->charset < CHARSETS,
		     "candidate %d", (int)c->charset);
		must((seen >> c->charset & 1) == 0, "%s twice", charset_name(c->charset));
		must(c->valid <= c->words, "%u of %u words", c->valid, c->words);
		must(i == 0 || g.candidates[i - 1].score >= c->score, "not by score");
		seen |= 1u << c->charset;
	}
	if (g.count == 0)
		return;
	must(g.first < head.n, "the first strange byte is %zu of %zu", g.first, head.n);
	for (size_t i = 0; i < g.count; i++) {
		struct buf sample = {0};

		charset_add_sample(&sample, head, g.first, g.candidates[i].charset);
		must(text_find_malformed(buf_slice(&sample)) < 0, "the sample is no UTF-8");
		buf_free(&sample);
	}
}

/* ---- UTF-8 out of it ---- */

struct decoded {
	struct buf text;
	enum err rc;
	struct err_ctx e;
};

/* Marks one behind the other: no more than the decoder keeps for a letter. */
static bool
has_many_marks(struct slice text)
{
	unsigned run = 0;

	while (text.n > 0 && run < CHARSET_PENDING_MAX / 2) {
		int32_t c = text_next(&text);

		run = c >= 0x300 && c < 0x370 ? run + 1 : 0;
	}
	return run >= CHARSET_PENDING_MAX / 2;
}

/* step 0: all at once. */
static void
decode(enum charset c, struct slice s, size_t first, size_t step, struct decoded *out)
{
	struct charset_decoder d;
	size_t at = 0, n = step > 0 ? step : s.n;

	*out = (struct decoded){.rc = ERR_OK};
	charset_decoder_init(&d, c);
	if (first > 0 && first < s.n)
		n = first;
	while (out->rc == ERR_OK && at < s.n) {
		struct slice piece;

		n = n < s.n - at ? n : s.n - at;
		piece = fuzz_copy((struct slice){s.p + at, n});
		out->rc = charset_decode(&d, piece, &out->text, &out->e);
		free((char *)(uintptr_t)piece.p);
		at += n;
		n = step > 0 ? step : s.n;
	}
	if (out->rc == ERR_OK)
		out->rc = charset_decode_end(&d, &out->text, &out->e);
}

static void
check_decoding(enum charset c, struct slice s, size_t cut)
{
	struct decoded whole, halves, bytes;
	struct slice text;

	decode(c, s, 0, 0, &whole);
	decode(c, s, cut, 0, &halves);
	decode(c, s, 0, 1, &bytes);
	must(whole.rc == halves.rc && whole.rc == bytes.rc, "whole %d, cut %d, bytes %d",
	     (int)whole.rc, (int)halves.rc, (int)bytes.rc);
	if (whole.rc == ERR_OK) {
		text = buf_slice(&whole.text);
		must_be_equal(text, buf_slice(&halves.text), "cut");
		must_be_equal(text, buf_slice(&bytes.text), "byte by byte");
		must(c == CHARSET_UTF8 || text_find_malformed(text) < 0, "no UTF-8");
		if (c >= CHARSET_WINDOWS_1258 && !has_many_marks(text)) {
			struct buf nfc = {0};

			must(text_add_nfc(&nfc, text), "no NFC");
			must_be_equal(text, buf_slice(&nfc), "NFC");
			buf_free(&nfc);
		}
	} else {
		must(whole.e.line == halves.e.line && whole.e.line == bytes.e.line,
		     "lines %d, %d, %d", whole.e.line, halves.e.line, bytes.e.line);
		must_be_words(whole.e.why);
	}
	buf_free(&whole.text);
	buf_free(&halves.text);
	buf_free(&bytes.text);
}

/* ---- old fonts in rows ---- */

struct row {
	struct import_cell cells[16];
	size_t count;
	uint32_t line;
};

struct rows {
	struct row *v;
	size_t count, out, changed;
};

static enum err
on_row(void *arg, const struct import_cells *row, struct err_ctx *e)
{
	struct rows *r = arg;
	const struct row *was = &r->v[r->out];

	(void)e;
	must(r->out < r->count, "more rows than there were");
	must(row->count == was->count && row->line == was->line, "row %u is %u", was->line,
	     row->line);
	for (size_t i = 0; i < row->count; i++) {
		must(text_find_malformed(row->cells[i].text) < 0, "a cell is no UTF-8");
		r->changed += !slice_eq(row->cells[i].text, was->cells[i].text);
	}
	r->out++;
	return ERR_OK;
}

/* Bytes that are no UTF-8 as what an old font makes of them: the letter of Latin-1. */
static void
as_unicode(struct slice s, struct buf *out)
{
	if (text_find_malformed(s) < 0) {
		buf_add_slice(out, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++)
		text_add_code_point(out, (unsigned char)s.p[i]);
}

static void
split_row(struct slice line, struct row *row)
{
	do
		row->cells[row->count++].text = slice_take_until(&line, ';');
	while (line.n > 0 && row->count < 16);
}

static void
check_rows(struct slice s)
{
	struct hidden_text h = {0};
	struct buf text = {0};
	struct rows r = {0};
	struct slice rest;
	struct err_ctx e;

	as_unicode(s, &text);
	rest = buf_slice(&text);
	r.v = calloc(rest.n + 1, sizeof(*r.v));
	must(r.v != NULL, "memory");
	hidden_text_init(&h, on_row, &r);
	while (rest.n > 0) {
		struct row *row = &r.v[r.count++];
		struct import_cells cells;

		row->line = (uint32_t)r.count;
		split_row(slice_take_until(&rest, '\n'), row);
		cells = (struct import_cells){row->cells, row->count, row->line};
		must(hidden_text_row(&h, &cells, &e) == ERR_OK, "a row is refused");
	}
	must(hidden_text_end(&h, &e) == ERR_OK, "the end is refused");
	must(r.out == r.count, "%zu of %zu rows", r.out, r.count);
	must(r.changed == 0 || (h.is_decided && h.is_found), "cells change, and nothing was found");
	must(r.changed <= h.decoded, "%zu cells changed, %llu were decoded", r.changed,
	     (unsigned long long)h.decoded);
	hidden_text_free(&h);
	free(r.v);
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s;
	size_t cut;

	if (n < 2)
		return 0;
	s = fuzz_copy((struct slice){(const char *)data + 2, n - 2});
	cut = s.n > 0 ? data[1] * s.n / 256 : 0;
	if (data[0] % (CHARSETS + 1) == CHARSETS) {
		check_rows(s);
	} else {
		check_guess(s, true, true);
		check_guess(s, true, false);
		check_guess(s, false, data[1] % 2 != 0);
		check_decoding((enum charset)(data[0] % (CHARSETS + 1)), s, cut);
	}
	free((char *)(uintptr_t)s.p);
	return 0;
}
