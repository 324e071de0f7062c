/* SPDX-License-Identifier: MIT */
/* Expected values: the numbering plan and the conversion table of 2018, worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/numbering.h"
#include "segments/phone.h"

#define A 84912345678ull
#define Z 84987654321ull

struct expected {
	const char *cell;
	uint64_t phones[3];
	const char *repairs; /* joined by blanks; NULL = not looked at */
	const char *reason;
};

static void
check(const struct expected *x)
{
	struct phone_cell got;
	struct buf repairs = {0};
	size_t count = 0;

	phone_parse(slice_of(x->cell), &got);
	while (count < ARRAY_LEN(x->phones) && x->phones[count] != 0)
		count++;
	if (got.count != count || (got.reason == NULL) != (x->reason == NULL))
		fail_msg("%s: %zu phones, reason %s", x->cell, got.count,
			 got.reason != NULL ? got.reason : "none");
	for (size_t i = 0; i < count; i++)
		if (got.phones[i] != x->phones[i])
			fail_msg("%s: phone %zu is %llu", x->cell, i,
				 (unsigned long long)got.phones[i]);
	if (x->reason != NULL)
		assert_string_equal(got.reason, x->reason);
	buf_adds(&repairs, "");
	for (size_t i = 0; i < got.repair_count; i++)
		buf_addf(&repairs, "%s%s", i > 0 ? " " : "", got.repairs[i]);
	if (x->repairs != NULL && !slice_is(buf_slice(&repairs), x->repairs))
		fail_msg("%s: repairs are %s", x->cell, repairs.data);
	buf_free(&repairs);
}

static void
check_all(const struct expected *x, size_t n)
{
	for (size_t i = 0; i < n; i++)
		check(&x[i]);
}

static void
the_written_forms_of_a_number_need_no_repair(void **state)
{
	const struct expected x[] = {
		{"0912345678", {A}, "", NULL},	  {" 0912345678 ", {A}, "", NULL},
		{"+84912345678", {A}, "", NULL},  {"84912345678", {A}, "", NULL},
		{"0084912345678", {A}, "", NULL}, {"0841234567", {84841234567}, "", NULL},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
typing_is_repaired_and_named_in_order(void **state)
{
	const struct expected x[] = {
		{"0912.345.678", {A}, "separators", NULL},
		{"0912-345-678", {A}, "separators", NULL},
		{"(091) 234 5678", {A}, "separators", NULL},
		{"0912\xc2\xa0"
		 "345\xe2\x80\x93"
		 "678",
		 {A},
		 "separators",
		 NULL},
		{"０９１２３４５６７８", {A}, "digits", NULL},
		{"+84 (0)912345678", {A}, "separators extra-zero", NULL},
		{"84 0912345678", {A}, "separators extra-zero", NULL},
		{"084912345678", {A}, "extra-zero", NULL},
		{"+0912345678", {A}, "extra-plus", NULL},
		{"912345678", {A}, "leading-zero", NULL},
		{"841234567", {84841234567}, "leading-zero", NULL},
		{"'0912345678", {A}, "quotes", NULL},
		{"=\"0912345678\"", {A}, "quotes", NULL},
		{"\xe2\x80\x8b"
		 "0912345678",
		 {A},
		 "",
		 NULL},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
labels_are_dropped_and_other_words_are_not(void **state)
{
	const struct expected x[] = {
		{"Tel: 0912345678", {A}, "label", NULL},
		{"ĐT:0912345678", {A}, "label", NULL},
		{"D\xcc\xa3T 0912345678", {0}, NULL, "letters"}, /* ḌT is no label */
		{"SĐT: 0912 345 678", {A}, "label separators", NULL},
		{"số điện thoại: 0912345678", {A}, "label", NULL},
		{"SO DIEN THOAI 0912345678", {A}, "label", NULL},
		{"0912345678 (Zalo)", {A}, "label", NULL},
		{"SĐT1: 0912345678, SĐT2: 0987654321", {A, Z}, "label split", NULL},
		{"SĐT 1: 0912345678", {A}, "label", NULL},
		{"CMND 912345678", {0}, NULL, "letters"},
		{"Anh Nam 0912345678", {0}, NULL, "letters"},
		{"09abc45678", {0}, NULL, "letters"},
		{"O912345678", {0}, NULL, "letters"},
		{"không có", {0}, NULL, "no-digits"},
		{"Tel:", {0}, NULL, "no-digits"},
		{"-", {0}, NULL, "no-digits"},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
a_spreadsheets_numbers_are_expanded_exactly_or_refused(void **state)
{
	const struct expected x[] = {
		{"912345678.0", {A}, "decimal leading-zero", NULL},
		{"84912345678.00", {A}, "decimal", NULL},
		{"84912345678,0", {A}, "decimal", NULL},
		{"0912345678.0", {A}, "decimal", NULL},
		{"0912345.000", {84912345000}, "separators", NULL},
		{"091234567.0", {0}, NULL, "too-short"},
		{"8.4912345678E10", {A}, "exponent", NULL},
		{"8.4912345678E+10", {A}, "exponent", NULL},
		{"8,4912345678e+10", {A}, "exponent", NULL},
		{"8.49123456780E10", {A}, "exponent", NULL},
		{"9.12345678E8", {A}, "exponent leading-zero", NULL},
		{"8.49123E+10", {0}, "", "lost-digits"},
		{"8.491234567E10", {0}, "", "lost-digits"},
		{"8E10", {0}, "", "lost-digits"},
		{"8.49123456785E10", {0}, "", "lost-digits"},
		{"8.4912345678E-10", {0}, "", "lost-digits"},
		{"8.4912345678E99999999999999999999", {0}, "", "lost-digits"},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
a_cell_is_tried_whole_and_then_split(void **state)
{
	const struct expected x[] = {
		{"0912/345/678", {A}, "separators", NULL},
		{"0912345678/0987654321", {A, Z}, "split", NULL},
		{"0912345678; 0987654321", {A, Z}, "split", NULL},
		{"0912345678-0987654321", {A, Z}, "split", NULL},
		{"0912345678 0987654321", {A, Z}, "split", NULL},
		{"0912345678\n0987654321", {A, Z}, "split", NULL},
		{"0912 345 678 0987 654 321", {A, Z}, "split separators", NULL},
		{"0912345678 hoặc 0987654321", {A, Z}, "split", NULL},
		{"+84912345678+84987654321", {A, Z}, "split", NULL},
		{"0912345678, 0912.345.678", {A}, "split", NULL},
		{"028.38123456 - 0912345678", {A}, "split part-dropped", NULL},
		{"0912345678, 098765432", {A}, "split part-dropped", NULL},
		{"0912345 / 0987654", {0}, NULL, "too-short"},
		{"0912345678 12", {0}, NULL, "too-long"},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
what_is_no_mobile_number_has_its_reason(void **state)
{
	const struct expected x[] = {
		{"", {0}, "", "empty"},
		{" \t ", {0}, "", "empty"},
		{"0912345", {0}, "", "too-short"},
		{"8491234567", {0}, "", "too-short"},
		{"113", {0}, "", "too-short"},
		{"09123456789", {0}, "", "too-long"},
		{"02838123456", {0}, "", "fixed-line"},
		{"(024) 3812 3456", {0}, NULL, "fixed-line"},
		{"+84 296 3812345", {0}, NULL, "fixed-line"},
		{"18001096", {0}, "", "service-number"},
		{"1900 1234", {0}, NULL, "service-number"},
		{"0691234567", {0}, NULL, "unknown-prefix"},
		{"069123456", {0}, NULL, "service-number"},
		{"0951234567", {0}, "", "unknown-prefix"},
		{"0301234567", {0}, "", "unknown-prefix"},
		{"+12025550147", {0}, "", "foreign"},
		{"+855 12 345 678", {0}, NULL, "foreign"},
		{"0085512345678", {0}, "", "foreign"},
		{"0912***678", {0}, "", "unreadable"},
		{"0912\xff"
		 "345678",
		 {0},
		 "",
		 "unreadable"},
	};

	(void)state;
	check_all(x, ARRAY_LEN(x));
}

static void
more_numbers_than_a_cell_may_have_are_refused_not_cut(void **state)
{
	struct buf cell = {0};
	struct phone_cell got;

	(void)state;
	for (int i = 0; i < PHONES_IN_CELL_MAX; i++)
		buf_addf(&cell, "091234567%d,", i);
	phone_parse(buf_slice(&cell), &got);
	assert_int_equal(got.count, PHONES_IN_CELL_MAX);
	buf_adds(&cell, "0912345679");
	phone_parse(buf_slice(&cell), &got);
	assert_int_equal(got.count, 0);
	assert_string_equal(got.reason, "too-many");
	for (int i = 0; i < 200; i++)
		buf_adds(&cell, "0912345");
	phone_parse(buf_slice(&cell), &got);
	assert_string_equal(got.reason, "too-long");
	buf_free(&cell);
}

/* The conversion of 2018, written out again from the press: old → new. */
static void
old_numbers_are_converted_as_in_2018(void **state)
{
	static const struct {
		int before, after;
		const char *carrier;
	} x[] = {
		{162, 32, "viettel"},	   {163, 33, "viettel"},      {164, 34, "viettel"},
		{165, 35, "viettel"},	   {166, 36, "viettel"},      {167, 37, "viettel"},
		{168, 38, "viettel"},	   {169, 39, "viettel"},      {120, 70, "mobifone"},
		{121, 79, "mobifone"},	   {122, 77, "mobifone"},     {126, 76, "mobifone"},
		{128, 78, "mobifone"},	   {123, 83, "vinaphone"},    {124, 84, "vinaphone"},
		{125, 85, "vinaphone"},	   {127, 81, "vinaphone"},    {129, 82, "vinaphone"},
		{186, 56, "vietnamobile"}, {188, 58, "vietnamobile"}, {199, 59, "gmobile"},
	};
	size_t changes = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(numbering_now()->now); i++)
		changes += numbering_now()->now[i] != RENUMBERED_NONE;
	assert_int_equal(changes, ARRAY_LEN(x));
	for (size_t i = 0; i < ARRAY_LEN(x); i++) {
		struct buf cell = {0};
		struct phone_cell got;

		buf_addf(&cell, "0%d4567890", x[i].before);
		phone_parse(buf_slice(&cell), &got);
		assert_int_equal(got.count, 1);
		assert_int_equal(got.phones[0],
				 84000000000ull + (uint64_t)x[i].after * 10000000u + 4567890u);
		assert_string_equal(got.repairs[0], "renumbered");
		assert_string_equal(carrier_name(got.carrier), x[i].carrier);
		buf_free(&cell);
	}
	check(&(struct expected){"+84 168 1234567", {84381234567}, "separators renumbered", NULL});
	check(&(struct expected){"1681234567", {84381234567}, "leading-zero renumbered", NULL});
	check(&(struct expected){"01871234567", {0}, "", "too-long"});
}

/* (3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9]): the prefixes in public use. */
static void
exactly_the_prefixes_in_use_are_mobile(void **state)
{
	static const char *const second[10] = {"",	"", "",	     "23456789",  "",
					       "25689", "", "06789", "123456789", "012346789"};

	(void)state;
	for (int prefix = 0; prefix < 100; prefix++) {
		char digit = (char)('0' + prefix % 10);
		bool is_used = strchr(second[prefix / 10], digit) != NULL;

		if ((carrier_of(84001234567ull + (uint64_t)prefix * 10000000u) != 0) != is_used)
			fail_msg("0%02d", prefix);
	}
}

static void
carriers_are_found_by_name_and_number(void **state)
{
	(void)state;
	assert_string_equal(carrier_name(carrier_of(84321234567)), "viettel");
	assert_string_equal(carrier_name(carrier_of(84861234567)), "viettel");
	assert_string_equal(carrier_name(carrier_of(84891234567)), "mobifone");
	assert_string_equal(carrier_name(carrier_of(84881234567)), "vinaphone");
	assert_string_equal(carrier_name(carrier_of(84921234567)), "vietnamobile");
	assert_string_equal(carrier_name(carrier_of(84991234567)), "gmobile");
	assert_string_equal(carrier_name(carrier_of(84871234567)), "itel");
	assert_string_equal(carrier_name(carrier_of(84551234567)), "wintel");
	assert_int_equal(carrier_of(912345678), 0);
	assert_int_equal(carrier_of(1912345678), 0);
	assert_null(carrier_name(0));
	assert_null(carrier_name(CARRIER_COUNT));
	assert_null(carrier_name(-1));
	assert_int_equal(carrier_find(SLICE("Viettel")), 1);
	assert_int_equal(carrier_find(SLICE("wintel")), 7);
	assert_int_equal(carrier_find(SLICE("viet")), -1);
	assert_int_equal(carrier_find((struct slice){NULL, 0}), -1);
}

/* Any bytes give phones or a reason, and each phone is a mobile number. */
static void
any_bytes_give_a_phone_or_a_reason(void **state)
{
	static const char alphabet[] = "0189234 567.-+(),;/E\xc4\x90T:x*\xef\xbc\x91";
	uint32_t seed = 20261010;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char cell[40];
		struct phone_cell got;
		size_t n;

		for (n = 0; n < sizeof(cell) - 1 && (n == 0 || seed >> 24 > 6); n++) {
			seed = seed * 1664525u + 1013904223u;
			cell[n] = alphabet[(seed >> 8) % (sizeof(alphabet) - 1)];
		}
		phone_parse((struct slice){cell, n}, &got);
		assert_true((got.count == 0) == (got.reason != NULL));
		for (size_t i = 0; i < got.count; i++)
			assert_int_not_equal(carrier_of(got.phones[i]), 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_written_forms_of_a_number_need_no_repair),
		cmocka_unit_test(typing_is_repaired_and_named_in_order),
		cmocka_unit_test(labels_are_dropped_and_other_words_are_not),
		cmocka_unit_test(a_spreadsheets_numbers_are_expanded_exactly_or_refused),
		cmocka_unit_test(a_cell_is_tried_whole_and_then_split),
		cmocka_unit_test(what_is_no_mobile_number_has_its_reason),
		cmocka_unit_test(more_numbers_than_a_cell_may_have_are_refused_not_cut),
		cmocka_unit_test(old_numbers_are_converted_as_in_2018),
		cmocka_unit_test(exactly_the_prefixes_in_use_are_mobile),
		cmocka_unit_test(carriers_are_found_by_name_and_number),
		cmocka_unit_test(any_bytes_give_a_phone_or_a_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
