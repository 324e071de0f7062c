/* SPDX-License-Identifier: MIT */
/*
 * The order of Vietnamese dictionaries and of lists of people; tests/peers/collate.mjs
 * compares with ICU. usage: collate words|people   reads "a TAB b" a line, prints -1, 0 or 1
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/collate.h"

typedef int (*compare_cb)(struct slice a, struct slice b);

static void
in_order(compare_cb compare, const char *const *texts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < n; k++) {
			int c = compare(slice_of(texts[i]), slice_of(texts[k]));

			if ((c > 0) - (c < 0) != (i > k) - (i < k))
				fail_msg("%s and %s: %d", texts[i], texts[k], c);
		}
}

/* hoà before hòa: whether a letter has a tone is asked from the left, as in CLDR. */
static void
letters_and_tones_have_the_order_of_dictionaries(void **state)
{
	static const char *const texts[] = {
		"",   " ",   "-",   "–",  "1",	 "10",	"2",   "a",   "A",  "à",  "À",	"ả",  "ã",
		"á",  "ạ",   "a b", "ab", "ă",	 "ằ",	"ặ",   "â",   "ấ",  "b",  "d",	"dz", "đ",
		"Đ",  "đa",  "e",   "ê",  "hoa", "hoà", "hoạ", "hòa", "ma", "mà", "mả", "mã", "má",
		"mạ", "mai", "o",   "oz", "ô",	 "ộ",	"ơ",   "u",   "ư",  "y",  "ỹ",	"z",  "я",
	};

	(void)state;
	in_order(collate_compare, texts, ARRAY_LEN(texts));
}

static void
words_count_before_tones_of_earlier_words(void **state)
{
	static const char *const texts[] = {
		"An Giang",   "Bà Rịa - Vũng Tàu", "Bạc Liêu", "Bắc Giang", "Bắc Ninh",	 "Bến Tre",
		"Bình Dương", "Bình Định",	   "Đà Nẵng",  "Đắk Lắk",   "Đồng Tháp", "Hà Nam",
		"Hà Nội",     "Hải Dương",	   "Huế",      "Hưng Yên",  "Quảng Nam"};

	(void)state;
	in_order(collate_compare, texts, ARRAY_LEN(texts));
}

static void
people_are_ordered_by_given_family_and_middle_name(void **state)
{
	static const char *const names[] = {
		"",
		"An",
		"Lê An",
		"Nguyễn An",
		"nguyễn Văn An",
		"Nguyễn Văn  An", /* the same name: by bytes */
		"Nguyễn Văn An",
		"Trần An",
		"Bùi Thị Ân",
		"Võ Bình",
		"Đỗ Bính",
		"Phạm Đức",
	};

	(void)state;
	in_order(collate_compare_people, names, ARRAY_LEN(names));
}

static void
any_bytes_have_an_order(void **state)
{
	uint32_t seed = 1;
	char a[8], b[8], c[8];

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct slice x, y, z;
		uint32_t n[3];

		for (int i = 0; i < 24; i++) {
			char *to = i < 8 ? a : i < 16 ? b : c;

			seed = seed * 1664525u + 1013904223u;
			to[i % 8] = "aA\xc3\xa0\xcc\x80 \x01\x02\xff\0b"[seed >> 20 & 7];
			n[i / 8] = seed >> 28 & 7;
		}
		x = (struct slice){a, n[0]};
		y = (struct slice){b, n[1]};
		z = (struct slice){c, n[2]};
		assert_true((collate_compare(x, y) < 0) == (collate_compare(y, x) > 0));
		if (collate_compare(x, y) < 0 && collate_compare(y, z) < 0)
			assert_true(collate_compare(x, z) < 0);
		if (collate_compare_people(x, y) < 0 && collate_compare_people(y, z) < 0)
			assert_true(collate_compare_people(x, z) < 0);
		assert_int_equal(collate_compare(x, x), 0);
	}
}

static int
compare_lines(compare_cb compare)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		struct slice b = {line, strcspn(line, "\n")}, a = slice_take_until(&b, '\t');
		int c = compare(a, b);

		printf("%d\n", (c > 0) - (c < 0));
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(letters_and_tones_have_the_order_of_dictionaries),
		cmocka_unit_test(words_count_before_tones_of_earlier_words),
		cmocka_unit_test(people_are_ordered_by_given_family_and_middle_name),
		cmocka_unit_test(any_bytes_have_an_order),
	};

	if (argc == 2)
		return compare_lines(strcmp(argv[1], "people") == 0 ? collate_compare_people
								    : collate_compare);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
