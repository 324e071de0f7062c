/* SPDX-License-Identifier: MIT */
/* What the tests of templates share: some values, and what a source renders to or is refused for. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "templates/template.h"

static struct buf out;
static struct template_error error;

static inline int
free_out(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* The values that the templates here may read; an unknown name is missing. */
static inline struct template_value
value_of(const char *name)
{
	static const struct {
		const char *name, *text;
		enum template_kind kind;
	} values[] = {
		{"ten", "T", TEMPLATE_TEXT},	     {"họ_tên", "Nguyễn An", TEMPLATE_TEXT},
		{"2024_x", "y", TEMPLATE_TEXT},	     {"a-b", "c", TEMPLATE_TEXT},
		{"rong", "", TEMPLATE_TEXT},	     {"trang", "  ", TEMPLATE_TEXT},
		{"khong", "0", TEMPLATE_NUMBER},     {"sai", "false", TEMPLATE_FALSE},
		{"dung", "true", TEMPLATE_TRUE},     {"chu_sai", "false", TEMPLATE_TEXT},
		{"dau", "\u0301x", TEMPLATE_TEXT},   {"nfd", "e\u0302\u0301", TEMPLATE_TEXT},
		{"hong", "a\xFFz", TEMPLATE_TEXT},   {"vo_hinh", "\u200B\u00A0", TEMPLATE_TEXT},
		{"cum", "{{ ten }}", TEMPLATE_TEXT}, {"nam", "nam", TEMPLATE_TEXT},
		{"so", "7", TEMPLATE_NUMBER},	     {"chu_so", "7", TEMPLATE_TEXT},
		{"le", "2.5", TEMPLATE_NUMBER},	     {"ds", "a,b,,c,,", TEMPLATE_TEXT},
		{"vui", "😀ab", TEMPLATE_TEXT},	     {"ngay", "2026-10-10", TEMPLATE_TEXT},
		{"o2", "2", TEMPLATE_CELL},	     {"o10", "10", TEMPLATE_CELL},
		{"o2_0", "2.0", TEMPLATE_CELL},
	};

	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		if (strcmp(values[i].name, name) == 0)
			return (struct template_value){values[i].kind, slice_of(values[i].text),
						       strtod(values[i].text, NULL)};
	return (struct template_value){0};
}

static inline enum render_result
render(const char *source)
{
	struct template *t = template_compile(slice_of(source), &error);
	struct template_value values[TEMPLATE_FIELDS_MAX];
	enum render_result rc;

	if (t == NULL)
		fail_msg("%s: %d:%d: %s", source, error.line, error.column, error.message);
	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = value_of(template_field(t, i));
	buf_reset(&out);
	buf_adds(&out, "");
	rc = template_render_values(t, 20000, values, &out, &error);
	template_free(t);
	return rc;
}

static inline void
expect(const char *source, const char *text)
{
	assert_int_equal(render(source), RENDER_OK);
	assert_string_equal(out.data, text);
}

static inline void
expect_missing(const char *source, const char *field, int line, int column)
{
	assert_int_equal(render(source), RENDER_MISSING);
	assert_int_equal(out.len, 0);
	assert_string_equal(error.code, "missing");
	assert_string_equal(error.field, field);
	assert_int_equal(error.line, line);
	assert_int_equal(error.column, column);
}

/* The message must contain `words`. */
static inline void
refuse(const char *source, const char *code, int line, int column, const char *words)
{
	struct template *t = template_compile(slice_of(source), &error);

	assert_null(t);
	if (strcmp(error.code, code) != 0 || error.line != line || error.column != column ||
	    strstr(error.message, words) == NULL)
		fail_msg("%s: %s %d:%d: %s", source, error.code, error.line, error.column,
			 error.message);
}

struct rendered {
	const char *source, *text;
};

static inline void
expect_all(const struct rendered *all, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		enum render_result rc = render(all[i].source);

		if (rc != RENDER_OK || strcmp(out.data, all[i].text) != 0)
			fail_msg("%s: %s, not %s", all[i].source,
				 rc == RENDER_OK ? out.data : error.message, all[i].text);
	}
}
