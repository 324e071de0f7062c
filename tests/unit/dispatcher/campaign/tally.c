/* SPDX-License-Identifier: MIT */
/* Twelve rows, counted by hand with the parts of 3GPP TS 23.038: 160/153 and 70/67. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/campaign/tally.h"

enum { VIETTEL = 1, MOBIFONE = 2 };
static const int64_t prices[] = {[VIETTEL] = 430, [MOBIFONE] = 440};

/* n times the letter; parts with accents, taken off, taken off where that saves. */
static const struct {
	const char *letter;
	unsigned n, carrier, kept, plain, save;
	bool is_unicode;
} rows[12] = {
	{"a", 1, VIETTEL, 1, 1, 1, false},    {"a", 160, VIETTEL, 1, 1, 1, false},
	{"a", 161, VIETTEL, 2, 2, 2, false},  {"a", 306, MOBIFONE, 2, 2, 2, false},
	{"a", 307, MOBIFONE, 3, 3, 3, false}, {"[", 80, VIETTEL, 1, 1, 1, false},
	{"[", 81, VIETTEL, 2, 2, 2, false},   {"ễ", 70, VIETTEL, 1, 1, 1, true},
	{"ễ", 71, MOBIFONE, 2, 1, 1, true},   {"ễ", 134, MOBIFONE, 2, 1, 1, true},
	{"ễ", 135, VIETTEL, 3, 1, 1, true},   {"ễ", 161, VIETTEL, 3, 2, 2, true},
};

static void
count_row(struct tally *t, size_t i)
{
	struct accents_choice c[3];
	struct tally_modes m;
	struct buf text = {0}, plain = {0};

	for (unsigned k = 0; k < rows[i].n; k++)
		buf_adds(&text, rows[i].letter);
	accents_compare(NULL, buf_slice(&text), &plain, c);
	for (size_t k = 0; k < 3; k++) {
		m.parts[k] = (uint8_t)c[k].bill.count.parts;
		m.is_unicode[k] = c[k].bill.count.encoding == SMS_UCS2;
	}
	assert_int_equal(m.parts[ACCENTS_KEPT], rows[i].kept);
	assert_int_equal(m.parts[ACCENTS_PLAIN], rows[i].plain);
	assert_int_equal(m.parts[ACCENTS_SAVE], rows[i].save);
	assert_int_equal(m.is_unicode[ACCENTS_KEPT], rows[i].is_unicode);
	tally_message(t, rows[i].carrier, c[ACCENTS_KEPT].bill.count, prices[rows[i].carrier]);
	tally_modes_add(t, &m, prices[rows[i].carrier]);
	buf_free(&text);
	buf_free(&plain);
}

static void
assert_json(json_t *take, const char *wanted)
{
	char *text = json_dumps(take, JSON_COMPACT);

	assert_string_equal(text, wanted);
	free(text);
	json_decref(take);
}

static void
twelve_rows_come_to_what_they_do_by_hand(void **state)
{
	struct tally *t = xcalloc(1, sizeof(*t));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		count_row(t, i);
	/* Viettel 1+1+2+1+2+1+3+3 = 14 at 430 = 6020; MobiFone 2+3+2+2 = 9 at 440 = 3960. */
	assert_json(tally_sum_json(&t->sum), "{\"messages\":12,\"parts\":23,\"cost\":9980}");
	assert_json(tally_sum_json(&t->carrier[VIETTEL]),
		    "{\"messages\":8,\"parts\":14,\"cost\":6020}");
	assert_json(tally_sum_json(&t->carrier[MOBIFONE]),
		    "{\"messages\":4,\"parts\":9,\"cost\":3960}");
	assert_json(tally_histogram_json(t, CARRIERS_MAX),
		    "[{\"parts\":1,\"messages\":4,\"gsm7\":3,\"ucs2\":1},"
		    "{\"parts\":2,\"messages\":5,\"gsm7\":3,\"ucs2\":2},"
		    "{\"parts\":3,\"messages\":3,\"gsm7\":1,\"ucs2\":2}]");
	assert_json(tally_histogram_json(t, MOBIFONE),
		    "[{\"parts\":2,\"messages\":3,\"gsm7\":1,\"ucs2\":2},"
		    "{\"parts\":3,\"messages\":1,\"gsm7\":1,\"ucs2\":0}]");
	assert_json(tally_histogram_json(t, 5), "[]");
	/* Off: Viettel 1+1+2+1+2+1+1+2 = 11 = 4730; MobiFone 2+3+1+1 = 7 = 3080. */
	assert_json(tally_modes_json(t),
		    "{\"keep\":{\"messages\":12,\"parts\":23,\"cost\":9980,\"unicode\":5,"
		    "\"skipped\":0},"
		    "\"plain\":{\"messages\":12,\"parts\":18,\"cost\":7810,\"unicode\":0,"
		    "\"skipped\":0},"
		    "\"save\":{\"messages\":12,\"parts\":18,\"cost\":7810,\"unicode\":1,"
		    "\"skipped\":0}}");
	free(t);
}

static void
what_cannot_be_sent_in_a_mode_is_skipped_there_alone(void **state)
{
	struct tally *t = xcalloc(1, sizeof(*t));
	struct tally_modes m = {.parts = {0, 2, 2}};

	(void)state;
	tally_modes_add(t, &m, 100);
	assert_json(tally_modes_json(t),
		    "{\"keep\":{\"messages\":0,\"parts\":0,\"cost\":0,\"unicode\":0,\"skipped\":1},"
		    "\"plain\":{\"messages\":1,\"parts\":2,\"cost\":200,\"unicode\":0,"
		    "\"skipped\":0},"
		    "\"save\":{\"messages\":1,\"parts\":2,\"cost\":200,\"unicode\":0,"
		    "\"skipped\":0}}");
	free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(twelve_rows_come_to_what_they_do_by_hand),
		cmocka_unit_test(what_cannot_be_sent_in_a_mode_is_skipped_there_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
