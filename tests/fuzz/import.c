/* SPDX-License-Identifier: MIT */
/*
 * Imports. Input: two bytes say where the file is cut and what the importer chooses, one how
 * often what follows is repeated (so that short inputs reach the limits) and whether it is
 * fed byte by byte too, then the CSV.
 * Says: cut or not, the same error, report, rejects and blocks; rows read = kept
 * + left out + rejects; as many columns as the blocks have at most.
 */
#include "segments/import.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

static struct headers *headers; /* read once */

struct result {
	struct buf blocks, report, rejects;
	enum err err;
	struct err_ctx e;
};

static void
keep_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct result *r = arg;
	struct block b;

	must(block_open(bytes, &b, NULL) == ERR_OK && b.rows == rows, "a bad block");
	buf_add_slice(&r->blocks, bytes);
}

static uint64_t
sum_of(json_t *counts)
{
	uint64_t sum = 0;
	const char *key;
	json_t *v;

	json_object_foreach (counts, key, v)
		sum += (uint64_t)json_integer_value(v);
	return sum;
}

static void
check_sums(const struct import *im, struct slice report)
{
	uint64_t rejected;
	json_t *root;

	must(json_parse(report, report.n, "report", &root, NULL) == ERR_OK, "no JSON: %.*s",
	     (int)report.n, report.p);
	rejected = sum_of(json_object_get(root, "rejects")) +
		   sum_of(json_object_get(root, "left_out"));
	must(json_array_size(json_object_get(root, "columns")) <= COLUMNS_MAX, "too many columns");
	must(import_rows_read(im) == import_rows_kept(im) + rejected,
	     "%llu read, %llu kept, %llu no", (unsigned long long)import_rows_read(im),
	     (unsigned long long)import_rows_kept(im), (unsigned long long)rejected);
	must((uint64_t)json_integer_value(json_object_get(root, "rows_read")) ==
		     import_rows_read(im),
	     "the report says otherwise");
	json_decref(root);
}

static enum err
feed(struct import *im, struct slice s, struct err_ctx *e)
{
	struct slice copy = fuzz_copy(s);
	enum err rc = import_feed(im, copy, e);

	free((char *)copy.p);
	return rc;
}

static void
choose(struct import_choices *c, unsigned what)
{
	static const char *const maps[] = {"Tên=ho_ten", "Liên hệ=so_dien_thoai", "cot_2=-"};

	if ((what & 1) != 0)
		must(import_choices_map(c, maps[what / 8 % 3], NULL) == ERR_OK, "a map");
	if ((what & 2) != 0)
		must(import_choices_keep(c, "Dân tộc=có lý do", NULL) == ERR_OK, "a keep");
	if ((what & 4) != 0)
		c->language_from = xstrdup("dan_toc");
	if ((what & 24) == 24)
		c->phone = xstrdup("sdt");
}

/* In pieces: `first` bytes, then `piece` each. */
static struct result
import(struct slice text, size_t first, size_t piece, unsigned what)
{
	struct result r = {.err = ERR_OK};
	struct import_choices choices = {0};
	struct import_options o = {.file = "t.csv",
				   .headers = headers,
				   .choices = &choices,
				   .sample = what % 4,
				   .on_block = keep_block,
				   .arg = &r};
	struct import *im;
	size_t n = first;

	choose(&choices, what);
	im = import_new(&o);
	import_choices_clear(&choices);
	do {
		n = n < text.n ? n : text.n;
		r.err = feed(im, (struct slice){text.p, n}, &r.e);
		text = (struct slice){text.p + n, text.n - n};
		n = piece;
	} while (r.err == ERR_OK && text.n > 0);
	if (r.err == ERR_OK)
		r.err = import_finish(im, &r.e);
	if (r.err != ERR_OK) {
		must(r.err == ERR_INPUT, "error %d", (int)r.err);
		must_be_words(r.e.why);
	}
	import_report(im, &r.report);
	check_sums(im, buf_slice(&r.report));
	buf_add_slice(&r.rejects, import_rejects(im));
	import_free(im);
	return r;
}

static void
result_free(struct result *r)
{
	buf_free(&r->blocks);
	buf_free(&r->report);
	buf_free(&r->rejects);
}

static void
compare(const struct result *a, const struct result *b)
{
	must(a->err == b->err && a->e.line == b->e.line && a->e.column == b->e.column,
	     "another error: %s\n%s", a->e.why, b->e.why);
	must_be_equal(slice_of(a->e.why), slice_of(b->e.why), "errors");
	must_be_equal(buf_slice(&a->report), buf_slice(&b->report), "reports");
	must_be_equal(buf_slice(&a->rejects), buf_slice(&b->rejects), "rejects");
	must_be_equal(buf_slice(&a->blocks), buf_slice(&b->blocks), "blocks");
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice csv = {(const char *)data + 3, n - 3};
	struct buf text = {0};
	struct result whole, cut;
	unsigned what;
	size_t at;

	if (n < 3)
		return 0;
	if (headers == NULL)
		headers = headers_new();
	for (int i = 0; i == 0 || i < data[2] - 200; i++)
		buf_add_slice(&text, csv);
	at = (data[0] | (size_t)data[1] << 8) % (text.len + 1);
	what = data[1] >= 128 ? data[1] % 32u : 0;
	whole = import(buf_slice(&text), text.len, 1, what);
	cut = import(buf_slice(&text), at, text.len, what);
	compare(&whole, &cut);
	result_free(&cut);
	if (data[2] % 2 != 0 && text.len < 512) { /* and byte by byte */
		cut = import(buf_slice(&text), 1, 1, what);
		compare(&whole, &cut);
		result_free(&cut);
	}
	result_free(&whole);
	buf_free(&text);
	return 0;
}
