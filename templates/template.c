/* SPDX-License-Identifier: MIT */
/* What can be asked of a compiled template, and helpers of the files beside this one. */
#include <stdio.h>
#include <stdlib.h>

#include "base/err.h"
#include "base/text.h"
#include "templates/program.h"

void
template_free(struct template *t)
{
	if (t == NULL)
		return;
	arena_free(&t->memory);
	free(t);
}

size_t
template_field_count(const struct template *t)
{
	return t->field_count;
}

const char *
template_field(const struct template *t, size_t i)
{
	return i < t->field_count ? t->fields[i].name : NULL;
}

bool
template_is_constant(const struct template *t)
{
	return t->field_count == 0;
}

/* ---- unknown fields ---- */

struct known {
	const char *const *names;
	size_t count;
	struct arena memory;
	const char **folded;	 /* of each name */
	const char **unaccented; /* made when first needed */
	char message_list[120];	 /* the first few names */
};

static const char *
mapped(struct arena *a, const char *name, bool (*add)(struct buf *out, struct slice s))
{
	struct buf b = {0};
	const char *r;

	if (!add(&b, slice_of(name)))
		buf_adds(&b, name);
	r = arena_memdup0(a, b.len > 0 ? b.data : "", b.len);
	buf_free(&b);
	return r;
}

static const char **
mapped_names(struct known *k, bool (*add)(struct buf *out, struct slice s))
{
	const char **r = arena_alloc(&k->memory, (k->count + 1) * sizeof(*r));

	for (size_t i = 0; i < k->count; i++)
		r[i] = mapped(&k->memory, k->names[i], add);
	return r;
}

/* Which of names[] nearest_name means; the name as it was given. */
static const char *
nearest_of(const struct known *k, const char *word, const char **names)
{
	const char *near_name = nearest_name(word, names, k->count);

	for (size_t i = 0; near_name != NULL && i < k->count; i++)
		if (names[i] == near_name)
			return k->names[i];
	return NULL;
}

/* A misspelling, or the same letters with other accents. */
static const char *
nearest_known(struct known *k, const struct field *f)
{
	const char *near_name = nearest_of(k, f->folded.p, k->folded);

	if (near_name != NULL)
		return near_name;
	if (k->unaccented == NULL)
		k->unaccented = mapped_names(k, text_add_unaccented_folded);
	return nearest_of(k, mapped(&k->memory, f->name, text_add_unaccented_folded),
			  k->unaccented);
}

static bool
is_known(const struct known *k, const struct field *f)
{
	for (size_t i = 0; i < k->count; i++)
		if (slice_is(f->folded, k->folded[i]))
			return true;
	return false;
}

static void
describe_unknown(struct known *k, const struct field *f, const struct instruction *i,
		 struct template_error *e)
{
	bool is_variable = i->op == OP_EITHER;
	struct place at = i->at;
	const char *near_name = nearest_known(k, f);

	if (is_variable)
		template_fail(
			e, "unknown-field", at,
			"%s has no value on some ways to this place, and there is no field of "
			"that name: assign it before the condition too",
			f->name);
	else if (near_name != NULL)
		template_fail(e, "unknown-field", at, "there is no field %s: did you mean %s?",
			      f->name, near_name);
	else
		template_fail(e, "unknown-field", at, "there is no field %s: known are %s", f->name,
			      k->message_list);
	copy_short(e->field, sizeof(e->field), slice_of(f->name));
}

static void
list_names(struct known *k)
{
	struct buf b = {0};
	size_t i;

	for (i = 0; i < k->count && b.len < 80; i++)
		buf_addf(&b, "%s%.60s", i > 0 ? ", " : "", k->names[i]);
	buf_adds(&b, k->count == 0 ? "none" : i < k->count ? ", …" : "");
	copy_short(k->message_list, sizeof(k->message_list), buf_slice(&b));
	buf_free(&b);
}

size_t
template_each_unknown(const struct template *t, const char *const *known, size_t count,
		      void (*on_error)(void *arg, const struct template_error *e), void *arg)
{
	struct known k = {.names = known, .count = count};
	size_t found = 0;

	k.folded = mapped_names(&k, text_add_folded);
	list_names(&k);
	for (const struct instruction *i = t->program; i->op != OP_END; i++) {
		struct template_error e;

		if (field_read(i) == NO_FIELD || is_known(&k, &t->fields[field_read(i)]))
			continue;
		describe_unknown(&k, &t->fields[field_read(i)], i, &e);
		found++;
		on_error(arg, &e);
	}
	arena_free(&k.memory);
	return found;
}

static void
keep_first(void *arg, const struct template_error *e)
{
	struct template_error *first = arg;

	if (first->code == NULL)
		*first = *e;
}

bool
template_check_fields(const struct template *t, const char *const *known, size_t count,
		      struct template_error *e)
{
	struct template_error first = {0};

	if (template_each_unknown(t, known, count, keep_first, &first) == 0)
		return true;
	*e = first;
	return false;
}

/* ---- where an error is ---- */

#define SHOWN_BEFORE 60 /* characters of the line before the place, and at most so many behind */

static struct slice
line_of(struct slice s, int line)
{
	struct slice one = {"", 0};

	for (; line > 0 && s.n > 0; line--)
		one = slice_take_until(&s, '\n');
	return one;
}

void
template_add_caret(struct slice source, const struct template_error *e, struct buf *out)
{
	struct buf nfc = {0}, marks = {0};
	struct slice rest;
	int32_t c;

	if (source.n >= 3 && memcmp(source.p, "\xEF\xBB\xBF", 3) == 0)
		source = (struct slice){source.p + 3, source.n - 3};
	rest = line_of(source, e->line);
	if (!text_add_nfc(&nfc, rest)) /* columns count its characters */
		buf_add_slice(&nfc, rest);
	rest = buf_slice(&nfc);
	for (int column = 1; (c = text_next(&rest)) != -1 && column < e->column + SHOWN_BEFORE;
	     column++) {
		bool is_mark = c >= 0x300 && c <= 0x36F; /* stands above the letter before it */

		if (column <= e->column - SHOWN_BEFORE || c == '\r')
			continue;
		text_add_code_point(out, c == -2 ? 0xFFFD : c < ' ' ? ' ' : c);
		if (column < e->column && !is_mark)
			buf_addc(&marks, ' ');
	}
	buf_addc(out, '\n');
	buf_add_slice(out, buf_slice(&marks));
	buf_adds(out, "^\n");
	buf_free(&nfc);
	buf_free(&marks);
}

/* ---- helpers ---- */

void
copy_short(char *out, size_t size, struct slice s)
{
	size_t n = s.n < size ? s.n : size - 1;

	while (n < s.n && n > 0 && ((unsigned char)s.p[n] & 0xC0) == 0x80)
		n--;
	if (n > 0)
		memcpy(out, s.p, n);
	out[n] = '\0';
}

bool
template_fail(struct template_error *e, const char *code, struct place at, const char *fmt, ...)
{
	struct buf b = {0};
	va_list ap;

	if (e == NULL)
		return false;
	*e = (struct template_error){.code = code, .line = at.line, .column = at.column};
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < b.len; i++)
		if ((unsigned char)b.data[i] < 0x20)
			b.data[i] = ' '; /* a message is one line */
	copy_short(e->message, sizeof(e->message), buf_slice(&b));
	buf_free(&b);
	return false;
}

bool
is_blank_char(int32_t c)
{
	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r');
	return c == 0x85 || c == 0xA0 || c == 0x1680 || c == 0x180E ||
	       (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F ||
	       c == 0x205F || c == 0x3000;
}

bool
is_blank_text(struct slice s)
{
	while (s.n > 0) {
		int32_t c = text_next(&s);
		bool is_invisible = (c >= 0x200B && c <= 0x200F) || (c >= 0x2060 && c <= 0x2064) ||
				    c == 0xFEFF || c == 0xAD;

		if (!is_blank_char(c) && !is_invisible)
			return false;
	}
	return true;
}
