/* SPDX-License-Identifier: MIT */
/*
 * Shared strings (18.4): one text behind the other in one buffer, with their
 * ends. Both count against the limit; what the file says of their number is not
 * believed.
 */
#include "base/xlsx_parts.h"

#include <stdlib.h>

enum { SST = 1, SI, RUN, TEXT };

static const struct xml_rule rules[] = {
	{SI, TEXT, "t"}, {SI, RUN, "r"}, {RUN, TEXT, "t"}, {SST, SI, "si"}, {0, SST, "sst"},
};

struct loading {
	struct xlsx *x;
	struct xlsx_strings *s;
	size_t begin; /* of the string that is read */
	bool is_long;
};

static enum err
fail_memory(const struct loading *l, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, l->x->file,
		       "divide the list into several files, or save it as CSV UTF-8 "
		       "(chia danh sách ra nhiều tệp, hoặc lưu dạng CSV UTF-8)",
		       "the texts of the workbook need more than %llu MiB of memory",
		       (unsigned long long)(l->x->o.strings_max >> 20));
}

static enum err
on_begin(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct loading *l = arg;

	(void)attrs;
	(void)e;
	if (state == SI) {
		l->begin = l->s->text.len;
		l->is_long = false;
	}
	return ERR_OK;
}

static enum err
on_text(void *arg, unsigned state, struct slice text, struct err_ctx *e)
{
	struct loading *l = arg;
	struct xlsx_strings *s = l->s;

	if (state != TEXT || l->is_long)
		return ERR_OK;
	if (s->text.len - l->begin + text.n > XLSX_TEXT_BYTES_MAX) {
		l->is_long = true;
		return ERR_OK;
	}
	if (s->text.len + text.n + s->count * sizeof(*s->ends) > l->x->o.strings_max)
		return fail_memory(l, e);
	buf_add_slice(&s->text, text);
	return ERR_OK;
}

static enum err
on_end(void *arg, unsigned state, struct err_ctx *e)
{
	struct loading *l = arg;
	struct xlsx_strings *s = l->s;

	if (state != SI)
		return ERR_OK;
	if (s->count == s->cap) {
		if (s->text.len + (s->count + 1) * sizeof(*s->ends) > l->x->o.strings_max)
			return fail_memory(l, e);
		s->cap = s->cap > 0 ? s->cap * 2 : 256;
		s->ends = xrealloc(s->ends, s->cap * sizeof(*s->ends));
	}
	if (s->text.len > l->begin)
		s->text.len =
			l->begin + xlsx_unescape(s->text.data + l->begin, s->text.len - l->begin);
	if (!l->is_long && s->text.len > l->begin)
		l->is_long = xlsx_text_is_long(
			(struct slice){s->text.data + l->begin, s->text.len - l->begin});
	if (l->is_long)
		s->text.len = l->begin;
	s->ends[s->count++] = (uint32_t)s->text.len | (l->is_long ? STRING_TOO_LONG : 0);
	return ERR_OK;
}

enum err
xlsx_strings_load(struct xlsx *x, struct err_ctx *e)
{
	static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_begin, on_end,
						   on_text};
	struct loading l = {.x = x, .s = &x->strings};
	struct xlsx_pass p = {.is_large = true};
	enum err err;

	if (x->has_strings || x->strings_part < 0)
		return ERR_OK;
	p.part = x->strings_part;
	p.xml = xml_new(&grammar, x->file, &l);
	err = xlsx_pass_run(x, &p, e);
	if (xml_is_malformed(p.xml) && e != NULL) {
		struct err_ctx was = *e;

		err_set(e, ERR_INPUT, x->file, was.todo, "its shared texts, %s", was.why);
	}
	xml_free(p.xml);
	if (err != ERR_OK) {
		buf_free(&x->strings.text);
		free(x->strings.ends);
		x->strings = (struct xlsx_strings){0};
	}
	x->has_strings = err == ERR_OK;
	return err;
}

bool
xlsx_string(const struct xlsx_strings *s, uint64_t index, struct slice *out, bool *is_long)
{
	uint32_t begin, end;

	if (index >= s->count)
		return false;
	begin = index > 0 ? s->ends[index - 1] & ~STRING_TOO_LONG : 0;
	end = s->ends[index] & ~STRING_TOO_LONG;
	*is_long = (s->ends[index] & STRING_TOO_LONG) != 0;
	*out = (struct slice){end > begin ? s->text.data + begin : "", end - begin};
	return true;
}

/* ---- texts ---- */

/* The code unit of "_xHHHH_" at p, or -1. */
static int32_t
escape_at(const char *p, const char *end)
{
	int32_t unit = 0;

	if (end - p < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_')
		return -1;
	for (int i = 2; i < 6; i++) {
		int v = hex_value(p[i]);

		if (v < 0)
			return -1;
		unit = unit * 16 + v;
	}
	return unit;
}

/* The character that begins at p, two escapes for one outside the BMP; -1 = no escape, or none. */
static int32_t
character_at(const char *p, const char *end, size_t *length)
{
	int32_t c = escape_at(p, end), low;

	*length = 7;
	if (c <= 0 || c == 0xFFFE || c == 0xFFFF || (c >= 0xDC00 && c <= 0xDFFF))
		return -1;
	if (c < 0xD800 || c > 0xDBFF)
		return c;
	low = escape_at(p + 7, end);
	if (low < 0xDC00 || low > 0xDFFF)
		return -1;
	*length = 14;
	return 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
}

static char *
put_utf8(char *out, int32_t c)
{
	if (c < 0x80) {
		*out++ = (char)c;
	} else if (c < 0x800) {
		*out++ = (char)(0xC0 | c >> 6);
		*out++ = (char)(0x80 | (c & 0x3F));
	} else if (c < 0x10000) {
		*out++ = (char)(0xE0 | c >> 12);
		*out++ = (char)(0x80 | (c >> 6 & 0x3F));
		*out++ = (char)(0x80 | (c & 0x3F));
	} else {
		*out++ = (char)(0xF0 | c >> 18);
		*out++ = (char)(0x80 | (c >> 12 & 0x3F));
		*out++ = (char)(0x80 | (c >> 6 & 0x3F));
		*out++ = (char)(0x80 | (c & 0x3F));
	}
	return out;
}

size_t
xlsx_unescape(char *p, size_t n)
{
	const char *in = memmem(p, n, "_x", 2), *end = p + n;
	char *out;

	if (in == NULL)
		return n;
	out = p + (in - p);
	while (in < end) {
		size_t length;
		int32_t c = *in == '_' ? character_at(in, end, &length) : -1;

		if (c < 0) {
			*out++ = *in++;
		} else {
			out = put_utf8(out, c); /* never longer than its escape */
			in += length;
		}
	}
	return (size_t)(out - p);
}

bool
xlsx_text_is_long(struct slice s)
{
	size_t units = 0;

	if (s.n <= XLSX_TEXT_MAX)
		return false;
	for (size_t i = 0; i < s.n; i++)
		units += ((s.p[i] & 0xC0) != 0x80) + ((uint8_t)s.p[i] >= 0xF0);
	return units > XLSX_TEXT_MAX;
}
