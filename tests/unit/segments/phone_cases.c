/* SPDX-License-Identifier: MIT */
/*
 * tests/cases/phone/cells.case: a cell ("in:", a JSON string) and what must come of it ("out:"):
 * its phones and in brackets what was repaired, or "none: " and the reason. By hand.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "segments/phone.h"

#define CASES "tests/cases/phone/cells.case"

static struct buf
answer_of(struct slice cell)
{
	struct phone_cell got;
	struct buf b = {0};

	phone_parse(cell, &got);
	if (got.count == 0) {
		buf_addf(&b, "none: %s", got.reason);
		return b;
	}
	for (size_t i = 0; i < got.count; i++)
		buf_addf(&b, "%s%" PRIu64, i > 0 ? " " : "", got.phones[i]);
	for (size_t i = 0; i < got.repair_count; i++)
		buf_addf(&b, "%s%s", i > 0 ? " " : " [", got.repairs[i]);
	if (got.repair_count > 0)
		buf_addc(&b, ']');
	return b;
}

/* How many cases are wrong; each is shown. */
static int
play(FILE *f, int *count)
{
	json_t *cell = NULL;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;
	int wrong = 0;

	for (int number = 1; (n = getline(&line, &room, f)) > 0; number++) {
		struct slice s = slice_trim((struct slice){line, (size_t)n});
		struct buf got;

		if (s.n > 4 && memcmp(s.p, "in: ", 4) == 0) {
			cell = json_loadb(s.p + 4, s.n - 4, JSON_DECODE_ANY, NULL);
			if (!json_is_string(cell))
				fail_msg("%s:%d: no JSON string", CASES, number);
			continue;
		}
		if (s.n == 0 || s.p[0] == '#')
			continue;
		if (s.n < 5 || memcmp(s.p, "out: ", 5) != 0 || cell == NULL)
			fail_msg("%s:%d: neither in: nor out: behind one", CASES, number);
		got = answer_of((struct slice){json_string_value(cell), json_string_length(cell)});
		if (got.len != s.n - 5 || memcmp(got.data, s.p + 5, got.len) != 0) {
			print_error("%s:%d: got %.*s\n", CASES, number, (int)got.len, got.data);
			wrong++;
		}
		++*count;
		buf_free(&got);
		json_decref(cell);
		cell = NULL;
	}
	json_decref(cell);
	free(line);
	return wrong;
}

static void
cells_from_outside_are_read_as_worked_out_by_hand(void **state)
{
	FILE *f = fopen(CASES, "r");
	int count = 0, wrong;

	(void)state;
	if (f == NULL)
		fail_msg("%s cannot be opened; run from the top of the tree", CASES);
	wrong = play(f, &count);
	fclose(f);
	assert_int_equal(wrong, 0);
	assert_true(count > 50);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cells_from_outside_are_read_as_worked_out_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
