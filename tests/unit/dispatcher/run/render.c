/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/run/render.h"

/* A list of one row: so_con is a column of numbers, lop one of texts. */
struct fixture {
	struct schema schema;
	struct block block;
	struct buf bytes;
};

static struct fixture *
fixture_new(const char *so_con, const char *lop)
{
	struct fixture *f = xcalloc(1, sizeof(*f));
	struct slice cells[] = {slice_of(so_con), slice_of(lop)};
	struct block_builder *b;
	struct err_ctx e;

	f->schema = (struct schema){.count = 2, .phone = -1};
	snprintf(f->schema.columns[0].name, sizeof(f->schema.columns[0].name), "so_con");
	snprintf(f->schema.columns[1].name, sizeof(f->schema.columns[1].name), "lop");
	f->schema.columns[0].type = COLUMN_NUMBER;
	b = block_builder_new(&f->schema);
	block_builder_add(b, cells, 84912345678ull, 0, 1);
	block_builder_finish(b, &f->bytes);
	block_builder_free(b);
	assert_int_equal(block_open(buf_slice(&f->bytes), &f->block, &e), ERR_OK);
	return f;
}

static void
fixture_free(struct fixture *f)
{
	block_close(&f->block);
	buf_free(&f->bytes);
	free(f);
}

static void
expect(struct fixture *f, const char *source, const char *wanted)
{
	struct carrier_map map = {{0}};
	struct rendering_place place = {&f->schema, &map, 20000, NULL};
	struct rendering *r;
	struct rendered out;
	struct err_ctx e;

	if (rendering_new(slice_of(source), &place, &r, &e) != ERR_OK)
		fail_msg("%s: %s", source, e.why);
	assert_int_equal(render_row(r, &f->block, 0, 1, &out), REASON_NONE);
	if (!slice_is(out.text, wanted))
		fail_msg("%s: %.*s", source, (int)out.text.n, out.text.p);
	rendering_free(r);
}

static void
cells_of_a_column_of_numbers_compare_as_numbers_and_print_as_they_are(void **state)
{
	struct fixture *f = fixture_new("2.50", "5");

	(void)state;
	expect(f,
	       "{{ so_con }}: {% if so_con == 2.5 %}a{% endif %}{% if so_con > 10 %}b{% endif %}",
	       "2.50: a");
	expect(f, "{% if so_con == '2.50' %}a{% endif %}{% if lop == '5' %}b{% endif %}", "ab");
	/* a class is a text, though it looks like a number */
	expect(f, "{% if lop == 5 %}a{% else %}b{% endif %}", "b");
	fixture_free(f);
}

static void
a_slip_of_the_pen_in_a_column_of_numbers_is_a_text(void **state)
{
	struct fixture *f = fixture_new("hai", "5");

	(void)state;
	expect(f, "{{ so_con }}{% if so_con == 2 or so_con > 1 or so_con < 1 %}a{% endif %}",
	       "hai");
	fixture_free(f);
	f = fixture_new("", "5");
	expect(f, "{{ lop }}{% if so_con %}a{% endif %}{% if so_con == 0 %}b{% endif %}", "5");
	fixture_free(f);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(
			cells_of_a_column_of_numbers_compare_as_numbers_and_print_as_they_are),
		cmocka_unit_test(a_slip_of_the_pen_in_a_column_of_numbers_is_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
