/* SPDX-License-Identifier: MIT */
/*
 * Merged areas (18.3.1.55) stand behind the rows. To get there, the bytes are
 * searched for the end of the rows without being read as XML, ten times as fast;
 * the reader then gets the root element and what follows. Where no end is found
 * (UTF-16, unusual blanks in tags) everything is read as XML.
 */
#include "base/xlsx_parts.h"

#include <stdlib.h>

#define AREAS_MAX 1000000
#define PIECE 65536
#define MARK_MAX 100

enum { SHEET = 1, MERGES, MERGE };

static const struct xml_rule rules[] = {
	{MERGES, MERGE, "mergeCell"},
	{SHEET, MERGES, "mergeCells"},
	{0, SHEET, "worksheet"},
};

struct collecting {
	const struct xlsx *x;
	const char *sheet;
	uint32_t rows_max;
	struct xlsx_merges *out;
	size_t cap;
};

static enum err
on_begin(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct collecting *c = arg;
	const char *ref = state == MERGE ? xml_attr(attrs, "ref") : NULL;
	struct xlsx_area area;

	if (state != MERGE)
		return ERR_OK;
	if (ref == NULL || !xlsx_area_of_name(ref, &area))
		return err_set(
			e, ERR_INPUT, c->x->file,
			"open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)",
			"sheet %.120s: there is no merged area \"%.40s\"", c->sheet,
			ref != NULL ? ref : "");
	if ((c->rows_max > 0 && area.first_row > c->rows_max) ||
	    (area.first_row == area.last_row && area.first_column == area.last_column))
		return ERR_OK;
	if (c->out->count >= AREAS_MAX)
		return err_set(e, ERR_INPUT, c->x->file, "undo the merging in Excel (bỏ trộn ô)",
			       "sheet %.120s: more than %d merged areas", c->sheet, AREAS_MAX);
	if (c->out->count == c->cap) {
		c->cap = c->cap > 0 ? c->cap * 2 : 64;
		c->out->areas = xrealloc(c->out->areas, c->cap * sizeof(area));
	}
	c->out->areas[c->out->count++] = area;
	return ERR_OK;
}

static enum err
on_end(void *arg, unsigned state, struct err_ctx *e)
{
	(void)arg;
	(void)state;
	(void)e;
	return ERR_OK;
}

static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_begin, on_end, NULL};

static int
compare_areas(const void *a, const void *b)
{
	const struct xlsx_area *x = a, *y = b;

	if (x->first_row != y->first_row)
		return x->first_row < y->first_row ? -1 : 1;
	return x->first_column < y->first_column ? -1 : x->first_column > y->first_column;
}

/* ---- the end of the rows ---- */

/* Where the marks "</sheetData>" and "<sheetData/>" end in the bytes; 0 = they do not. */
static size_t
find_end(const char *p, size_t n, const char *prefix, size_t prefix_n)
{
	static const char name[] = "sheetData";
	size_t name_n = sizeof(name) - 1;

	for (const char *at = p; (at = memmem(at, n - (size_t)(at - p), name, name_n)) != NULL;
	     at += name_n) {
		const char *tag = at - prefix_n, *end = at + name_n;
		size_t left = n - (size_t)(end - p);

		if (tag - p < 2 || memcmp(tag, prefix, prefix_n) != 0)
			continue;
		if (tag[-1] == '/' && tag[-2] == '<' && left >= 1 && end[0] == '>')
			return (size_t)(end - p) + 1;
		if (tag[-1] == '<' && left >= 2 && end[0] == '/' && end[1] == '>')
			return (size_t)(end - p) + 2;
	}
	return 0;
}

/* A reader of what follows the rows; it begins inside the root. */
static enum err
feed_root(const struct sheet *s, struct xml *xml, struct err_ctx *e)
{
	struct buf root = {0};
	enum err err;

	buf_addf(&root, "<%s>", s->root);
	err = xml_feed(xml, buf_slice(&root), false, e);
	buf_free(&root);
	return err;
}

/* *is_found: the end of the rows was; otherwise nothing was read as XML. */
static enum err
read_tail(struct xlsx *x, const struct sheet *s, struct xml *xml, bool *is_found, struct err_ctx *e)
{
	const char *colon = strchr(s->root, ':');
	size_t prefix_n = colon != NULL ? (size_t)(colon + 1 - s->root) : 0, kept = 0, n = 1, end;
	struct archive_limits limits = xlsx_limits(x, true);
	struct archive_part *part;
	char *piece;
	enum err err = archive_part_open(x->archive, s->part, &limits, &part, e);

	*is_found = false;
	if (err != ERR_OK)
		return err;
	piece = xmalloc(MARK_MAX + PIECE);
	while (err == ERR_OK && n > 0 && !xml_is_stopped(xml)) {
		err = archive_part_read(part, piece + kept, PIECE, &n, e);
		if (err != ERR_OK)
			break;
		n += kept;
		if (*is_found) {
			err = xml_feed(xml, (struct slice){piece, n}, n == 0, e);
			continue;
		}
		if (n == kept)
			break;
		end = find_end(piece, n, s->root, prefix_n);
		if (end > 0) {
			*is_found = true;
			err = feed_root(s, xml, e);
			if (err == ERR_OK)
				err = xml_feed(xml, (struct slice){piece + end, n - end}, false, e);
			kept = 0;
			continue;
		}
		kept = n < MARK_MAX ? n : MARK_MAX;
		memmove(piece, piece + n - kept, kept);
	}
	free(piece);
	archive_part_close(part);
	return err;
}

static enum err
read_all(struct xlsx *x, const struct sheet *s, struct xml *xml, struct err_ctx *e)
{
	struct xlsx_pass p = {.part = s->part, .is_large = true, .xml = xml};

	return xlsx_pass_run(x, &p, e);
}

enum err
xlsx_merges(struct xlsx *x, size_t sheet, uint32_t rows_max, struct xlsx_merges *out,
	    struct err_ctx *e)
{
	const struct sheet *s = &x->sheets[sheet];
	struct collecting c = {.x = x, .sheet = s->name, .rows_max = rows_max, .out = out};
	struct xml *xml = xml_new(&grammar, x->file, &c);
	bool is_found = false;
	enum err err;

	*out = (struct xlsx_merges){0};
	err = read_tail(x, s, xml, &is_found, e);
	if (err == ERR_OK && !is_found)
		err = read_all(x, s, xml, e);
	if (xml_is_malformed(xml) && e != NULL) {
		struct err_ctx was = *e;

		/* behind the rows lines count anew: they would mislead */
		if (is_found && strchr(was.why, ':') != NULL)
			err_set(e, ERR_INPUT, x->file, was.todo, "sheet %.120s, behind its rows%s",
				s->name, strchr(was.why, ':'));
		else
			err_set(e, ERR_INPUT, x->file, was.todo, "sheet %.120s: %s", s->name,
				was.why);
	}
	xml_free(xml);
	if (err == ERR_OK && out->count > 0)
		qsort(out->areas, out->count, sizeof(*out->areas), compare_areas);
	return err;
}

void
xlsx_merges_free(struct xlsx_merges *m)
{
	free(m->areas);
	*m = (struct xlsx_merges){0};
}
