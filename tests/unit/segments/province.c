/* SPDX-License-Identifier: MIT */
/*
 * The table of provinces against the facts of Resolution 202/2025/QH15 (63 units
 * became 34; 11 stayed as they were, 23 were formed of 52), Resolution 30/2026/QH16
 * (Đồng Nai is the seventh city) and the codes of Decision 19/2025/QĐ-TTg.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/mem.h"
#include "segments/province.h"

static int
set_up(void **state)
{
	*state = provinces_builtin();
	return 0;
}

static int
tear_down(void **state)
{
	free(*state);
	return 0;
}

static void
sixty_three_units_became_thirty_four(void **state)
{
	const struct provinces *p = *state;
	size_t sizes[5] = {0}, cities = 0, old_cities = 0, today = 0;

	assert_int_equal(p->unit_count, 34);
	assert_int_equal(p->place_count, 63);
	for (size_t u = 0; u < p->unit_count; u++) {
		size_t n = 0;

		for (size_t i = 0; i < p->place_count; i++)
			n += p->unit_of[i] == u;
		assert_in_range(n, 1, 3);
		sizes[n]++;
		cities += p->units[u].is_city;
	}
	for (size_t i = 0; i < p->place_count; i++) {
		old_cities += p->places[i].is_city;
		today += province_is_today(p, (int)i);
	}
	assert_int_equal(sizes[1], 11);
	assert_int_equal(sizes[2], 17); /* 17 * 2 + 6 * 3 = 52 */
	assert_int_equal(sizes[3], 6);
	assert_int_equal(cities, 7);
	assert_int_equal(old_cities, 6);
	assert_int_equal(today, 34);
}

/* No code and no name twice on either side. */
static void
each_unit_is_there_once(void **state)
{
	const struct provinces *p = *state;

	for (size_t i = 0; i < p->place_count; i++)
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(p->places[i].code, p->places[k].code);
			assert_string_not_equal(p->places[i].name, p->places[k].name);
		}
	for (size_t i = 0; i < p->unit_count; i++)
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(p->units[i].code, p->units[k].code);
			assert_string_not_equal(p->units[i].name, p->units[k].name);
		}
}

/* A unit of today has the code of one that it was formed of: the Decision gave no new ones. */
static void
codes_are_those_of_the_decision(void **state)
{
	const struct provinces *p = *state;
	char other[64] = "";

	for (size_t u = 0; u < p->unit_count; u++) {
		bool has_code = false;

		for (size_t i = 0; i < p->place_count; i++) {
			if (strcmp(p->places[i].code, p->units[u].code) != 0)
				continue;
			has_code = p->unit_of[i] == u;
			if (strcmp(p->places[i].name, p->units[u].name) != 0)
				snprintf(other + strlen(other), sizeof(other) - strlen(other),
					 "%s ", p->units[u].code);
		}
		assert_true(has_code);
	}
	/* codes that belong to a unit of another name than before */
	assert_string_equal(other, "15 24 44 52 80 82 91 ");
}

static void
names_are_found_however_they_are_written(void **state)
{
	static const char *const same[][2] = {
		{"Thái Bình", "tỉnh Thái Bình"},
		{"Thái Bình", "THAI BINH"},
		{"Thái Bình", "T. Thái Bình"},
		{"Thái Bình", "Tha\xcc\x81i Bi\xcc\x80nh"}, /* marks apart */
		{"Hòa Bình", "Hoà Bình"},
		{"Thanh Hóa", "Tỉnh Thanh Hoá"},
		{"Hồ Chí Minh", "TP. HCM"},
		{"Hồ Chí Minh", "TPHCM"},
		{"Hồ Chí Minh", "Tp.Hồ Chí Minh"},
		{"Hồ Chí Minh", "T.P Hồ Chí Minh"},
		{"Hồ Chí Minh", "thành phố  Hồ Chí Minh"},
		{"Hồ Chí Minh", "Sài Gòn"},
		{"Huế", "TP Huế"},
		{"Huế", "Thừa Thiên - Huế"},
		{"Huế", "tỉnh Thừa Thiên–Huế"},
		{"Bà Rịa - Vũng Tàu", "Bà Rịa – Vũng Tàu"},
		{"Bà Rịa - Vũng Tàu", "BR-VT"},
		{"Đắk Lắk", "Đăk Lăk"},
		{"Đắk Lắk", "ĐẮC LẮC"},
		{"Đắk Lắk", "Daklak"},
		{"Đắk Nông", "Đắc Nông"},
		{"Kon Tum", "Kontum"},
		{"Bắc Kạn", "Bắc Cạn"},
		{"Tây Ninh", "Tây  Ninh "},
		{"Tuyên Quang", "tuyên quang"},
	};
	static const char *const none[] = {"",	  " ",	 "tỉnh",
					   "34",  "Hà",	 "xã Tân An, tỉnh Long An",
					   "TP.", "Lào", "Hà Nội Hà Nội"};
	const struct provinces *p = *state;

	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		int place = province_find(p, slice_of(same[i][1]));

		if (place < 0)
			fail_msg("%s is not found", same[i][1]);
		assert_string_equal(p->places[place].name, same[i][0]);
	}
	for (size_t i = 0; i < ARRAY_LEN(none); i++)
		if (province_find(p, slice_of(none[i])) >= 0)
			fail_msg("%s is found", none[i]);
	for (int i = 0; i < (int)p->place_count; i++)
		assert_int_equal(province_find(p, slice_of(p->places[i].name)), i);
	assert_string_equal(province_nearest(p, SLICE("Thái Bin")), "Thái Bình");
	assert_null(province_nearest(p, SLICE("Paris")));
}

static void
a_name_of_today_stands_for_its_whole_area_and_an_old_one_for_itself(void **state)
{
	const struct provinces *p = *state;
	int hung_yen = province_find(p, SLICE("Hưng Yên"));
	int thai_binh = province_find(p, SLICE("Thái Bình"));
	int ha_noi = province_find(p, SLICE("Hà Nội"));

	assert_true(province_places(p, hung_yen) ==
		    (UINT64_C(1) << hung_yen | UINT64_C(1) << thai_binh));
	assert_true(province_places(p, thai_binh) == UINT64_C(1) << thai_binh);
	assert_true(province_places(p, ha_noi) == UINT64_C(1) << ha_noi);
	assert_int_equal(
		__builtin_popcountll(province_places(p, province_find(p, SLICE("Hồ Chí Minh")))),
		3);
}

static void
the_column_is_found_by_its_name(void **state)
{
	struct schema *s = xcalloc(1, sizeof(*s));

	(void)state;
	s->count = 3;
	snprintf(s->columns[0].name, sizeof(s->columns[0].name), "xa");
	snprintf(s->columns[1].name, sizeof(s->columns[1].name), "ten_tinh");
	snprintf(s->columns[2].name, sizeof(s->columns[2].name), "Tỉnh/Thành");
	assert_int_equal(province_find_column(s), 2);
	s->count = 2;
	assert_int_equal(province_find_column(s), 1);
	s->count = 1;
	assert_int_equal(province_find_column(s), -1);
	free(s);
}

static void
a_table_that_is_none_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{\"provinces\":1}",
		"{\"provinces\":[{}]}",
		"{\"provinces\":[{\"code\":\"1\",\"name\":\"A\",\"from\":[]}]}",
		"{\"provinces\":[{\"code\":\"1\",\"name\":\"A\",\"from\":[{\"code\":\"1\",\"name\":"
		"\"A\"},"
		"{\"code\":\"2\",\"name\":\"Á\"}]}]}",
		"{\"provinces\":[{\"code\":\"1\",\"name\":\"A\",\"from\":[{\"code\":\"1\",\"name\":"
		"\"…\"}]}]}",
	};
	struct provinces *p = xmalloc(sizeof(*p));

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		if (provinces_parse(slice_of(bad[i]), p, NULL) != ERR_INPUT)
			fail_msg("accepted: %s", bad[i]);
	free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sixty_three_units_became_thirty_four),
		cmocka_unit_test(each_unit_is_there_once),
		cmocka_unit_test(codes_are_those_of_the_decision),
		cmocka_unit_test(names_are_found_however_they_are_written),
		cmocka_unit_test(
			a_name_of_today_stands_for_its_whole_area_and_an_old_one_for_itself),
		cmocka_unit_test(the_column_is_found_by_its_name),
		cmocka_unit_test(a_table_that_is_none_is_refused),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
