/* SPDX-License-Identifier: MIT */
/*
 * Templates. Input: the source, then the fields' values. Says: a rendered text
 * is NFC, within its bound, behind what was there; one that failed leaves it.
 */
#include "templates/template.h"

#include "base/mem.h"
#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define BEFORE "e" /* an accent at the text's beginning must not join it */

static void
check_error(const struct template_error *e)
{
	must(e->code != NULL && e->line >= 1 && e->column >= 1, "an error without code or place");
	must_fit(e->field, sizeof(e->field));
	must_fit(e->message, sizeof(e->message));
	must_be_words(e->message);
}

static void
check_text(struct slice text)
{
	struct buf nfc = {0};

	must(text.n <= TEMPLATE_OUTPUT_MAX, "%zu bytes of text", text.n);
	must(text_add_nfc(&nfc, text), "the text is not UTF-8");
	must_be_equal(text, buf_slice(&nfc), "the text and its NFC");
	buf_free(&nfc);
}

static void
check_result(enum render_result rc, struct buf *out, const struct template_error *e)
{
	const size_t before = sizeof(BEFORE) - 1;

	must(out->len >= before && memcmp(out->data, BEFORE, before) == 0, "what was there is not");
	if (rc == RENDER_OK) {
		check_text((struct slice){out->data + before, out->len - before});
	} else {
		must(out->len == before, "a failed text is left there");
		check_error(e);
	}
	buf_free(out);
}

/* A value of the kind that its length says, with the text that such a value has. */
static struct template_value
value_of(struct slice s)
{
	static const char *const texts[] = {
		[TEMPLATE_NIL] = "", [TEMPLATE_FALSE] = "false", [TEMPLATE_TRUE] = "true"};
	enum template_kind kind =
		(enum template_kind)(s.n % 5) /* the kinds that come from outside */;

	if (kind == TEMPLATE_NUMBER || kind == TEMPLATE_TEXT)
		return (struct template_value){kind, s, 0};
	return (struct template_value){kind, slice_of(texts[kind]), 0};
}

static void
check_fields(const struct template *t)
{
	const char *names[TEMPLATE_FIELDS_MAX];
	size_t count = template_field_count(t);
	struct template_error e = {0};

	must(count <= TEMPLATE_FIELDS_MAX, "%zu fields", count);
	for (size_t i = 0; i < count; i++) {
		names[i] = template_field(t, i);
		must_be_words(names[i]);
	}
	must(template_field(t, count) == NULL, "a field too many");
	must(template_check_fields(t, names, count, &e), "its own fields are unknown");
	if (count > 0) {
		must(!template_check_fields(t, names, count - 1, &e), "an unknown field is known");
		check_error(&e);
	}
}

/* The same values give the same text, whatever stands on the stack. */
static void
check_repeats(const struct template *t, const struct template_value *values)
{
	struct template_error first_error = {0}, again_error = {0};
	struct buf first = {0}, again = {0};
	enum render_result a = template_render_values(t, 20000, values, &first, &first_error);
	enum render_result b = template_render_values(t, 20000, values, &again, &again_error);

	must(a == b && first.len == again.len, "two renderings differ");
	must_be_equal(buf_slice(&first), buf_slice(&again), "two renderings");
	must(a == RENDER_OK || strcmp(first_error.message, again_error.message) == 0,
	     "two errors differ");
	buf_free(&first);
	buf_free(&again);
}

static void
check_caret(struct slice source, const struct template_error *e)
{
	struct buf out = {0};

	template_add_caret(source, e, &out);
	must(out.len >= 3 && out.len < 2048 && out.data[out.len - 2] == '^', "no caret");
	buf_free(&out);
}

static void
check_template(const struct template *t, const struct parts *p)
{
	struct slice values[TEMPLATE_FIELDS_MAX] = {{NULL, 0}};
	struct template_value kinds[TEMPLATE_FIELDS_MAX];
	struct template_error e = {0};
	struct buf out = {0};
	enum render_result rc;

	for (size_t i = 0; i < TEMPLATE_FIELDS_MAX; i++) {
		if (p->n > 1)
			values[i] = p->v[1 + i % (p->n - 1)];
		kinds[i] = value_of(values[i]);
	}
	buf_adds(&out, BEFORE);
	rc = template_render(t, 20000, values, &out, &e);
	check_result(rc, &out, &e);
	buf_adds(&out, BEFORE);
	rc = template_render_values(t, 20000, kinds, &out, &e);
	check_result(rc, &out, &e);
	check_repeats(t, kinds);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct parts p = parts_split(data, n);
	struct template_error e = {0};
	struct template *t = template_compile(p.v[0], &e);

	if (t == NULL) {
		check_error(&e);
		check_caret(p.v[0], &e);
	} else {
		check_fields(t);
		check_template(t, &p);
	}
	template_free(t);
	parts_free(&p);
	return 0;
}
