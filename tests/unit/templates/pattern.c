/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "templates/pattern.h"

/* ---- helpers ---- */

static struct pattern *
compile(const char *text, enum compare_mode mode)
{
	struct pattern_error e;
	struct pattern *p = pattern_compile(slice_of(text), mode, &e);

	if (p == NULL)
		fail_msg("%s: character %d: %s", text, e.column, e.message);
	return p;
}

static bool
matches_as(const char *pattern, const char *text, enum compare_mode mode)
{
	struct pattern *p = compile(pattern, mode);
	const struct pattern *list[] = {p};
	struct pattern_set *s = pattern_set_new(list, 1);
	int found = pattern_set_match(s, slice_of(text));

	pattern_set_free(s);
	pattern_free(p);
	assert_in_range(found + 1, 0, 1);
	return found == 0;
}

static bool
matches(const char *pattern, const char *text)
{
	return matches_as(pattern, text, COMPARE_PLAIN);
}

/* The differences as one line: kind[expected|found] … */
static const char *
differences(const char *pattern, const char *text, enum compare_mode mode)
{
	static char out[2000];
	struct pattern *p = compile(pattern, mode);
	const struct pattern *list[] = {p};
	struct pattern_set *s = pattern_set_new(list, 1);
	struct arena a = {0};
	struct pattern_near near;
	int n = 0;

	assert_int_equal(pattern_set_match(s, slice_of(text)), -1);
	pattern_set_nearest(s, slice_of(text), &a, &near);
	assert_int_equal(near.index, 0);
	out[0] = '\0';
	for (size_t i = 0; i < near.gap_count; i++) {
		const struct pattern_gap *g = &near.gaps[i];

		n += snprintf(out + n, sizeof(out) - (size_t)n, "%s%s[%.*s|%.*s]", i > 0 ? " " : "",
			      gap_kind_name(g->kind), (int)g->expected.n, g->expected.p,
			      (int)g->found.n, g->found.p);
		if (g->kind == GAP_SLOT_LONG || g->kind == GAP_SLOT_SHORT)
			n += snprintf(out + n, sizeof(out) - (size_t)n, "%u/%u", g->length,
				      g->limit);
	}
	pattern_set_free(s);
	pattern_free(p);
	arena_free(&a);
	return out;
}

/* ---- matching ---- */

static void
a_text_without_slots_matches_itself_only(void **state)
{
	(void)state;
	assert_true(matches("UBND xa moi hop", "UBND xa moi hop"));
	assert_false(matches("UBND xa moi hop", "UBND xa moi hop."));
	assert_false(matches("UBND xa moi hop", "UBND xa moi"));
	assert_false(matches("UBND xa moi hop", ""));
	assert_true(matches("{{P1}} va {{}}", "{P1} va {}"));
}

static void
a_slot_takes_up_to_its_length(void **state)
{
	const char *p = "UBND xa {P1:6} kinh moi Ong/Ba {P2:14} du hop";

	(void)state;
	assert_true(matches(p, "UBND xa An Phu kinh moi Ong/Ba Nguyen Van Anh du hop"));
	assert_true(matches(p, "UBND xa A kinh moi Ong/Ba B du hop"));
	assert_false(matches(p, "UBND xa An Phuoc kinh moi Ong/Ba Nguyen Van Anh du hop"));
	assert_false(matches(p, "UBND xa An Phu kinh moi Ong/Ba Nguyen Van Thanh du hop"));
	assert_false(matches(p, "UBND xa An Phu kinh moi Ong Nguyen Van Anh du hop"));
}

static void
an_empty_slot_matches_only_where_it_may_be_empty(void **state)
{
	(void)state;
	assert_false(matches("ma {P1:5} het", "ma  het"));
	assert_false(matches("ma{P1:5}het", "mahet"));
	assert_true(matches("ma{P1:0-5}het", "mahet"));
	assert_true(matches("ma{P1:0-5}het", "ma12345het"));
	assert_false(matches("ma{P1:0-5}het", "ma123456het"));
	assert_false(matches("ma{P1:3-5}het", "ma12het"));
	assert_true(matches("ma{P1:3-5}het", "ma123het"));
}

static void
slots_may_stand_at_both_ends(void **state)
{
	(void)state;
	assert_true(matches("{P1:10}, moi nhan ho so {P2:8}", "Ong An, moi nhan ho so H-12"));
	assert_false(matches("{P1:5}, moi nhan ho so {P2:8}", "Ong An, moi nhan ho so H-12"));
	assert_false(matches("{P1:10}, moi nhan ho so {P2:8}", ", moi nhan ho so H-12"));
	assert_false(matches("{P1:10}, moi nhan ho so {P2:8}", "Ong An, moi nhan ho so"));
	assert_true(matches("{P1:3}", "abc"));
	assert_false(matches("{P1:3}", "abcd"));
	assert_false(matches("{P1:3}", ""));
	assert_true(matches("{P1:0-3}", ""));
}

static void
slots_may_be_neighbours(void **state)
{
	(void)state;
	assert_true(matches("a{P1:2}{P2:3}z", "a12345z"));
	assert_true(matches("a{P1:2}{P2:3}z", "a12z"));
	assert_false(matches("a{P1:2}{P2:3}z", "a123456z"));
	assert_false(matches("a{P1:2}{P2:3}z", "a1z"));
	/* Only one split is right: two digits, then what is no digit. */
	assert_true(matches("{P1:4:digits}{P2:4:no-dot}!", "12ab!"));
	assert_false(matches("{P1:4:digits}{P2:4:no-dot}!", "a.b!"));
}

/* The first "va" is not the one that the pattern means. */
static void
a_literal_is_found_where_it_fits_not_where_it_is_first(void **state)
{
	(void)state;
	assert_true(matches("{P1:20} va {P2:2}", "a va b va cd"));
	assert_false(matches("{P1:4} va {P2:2}", "a va b va cd"));
	assert_true(matches("x{P1:5}x{P2:1}x{P3:9}", "xxxxxx"));
	assert_true(matches("{P1:3}aa{P2:3}aa", "baaaaaa"));
	assert_false(matches("{P1:1}aa{P2:1}aa", "baaaaaaa"));
}

static void
a_type_says_what_a_slot_takes(void **state)
{
	(void)state;
	assert_true(matches("ngay {P1:10:A}", "ngay 10/10/2026"));
	assert_false(matches("ngay {P1:10:no-dot}", "ngay 10.10.2026"));
	assert_true(matches("ngay {P1:10:B}", "ngay 10.10.2026"));
	assert_true(matches("ma {P1:6:digits} la", "ma 123456 la"));
	assert_false(matches("ma {P1:6:digits} la", "ma 12a456 la"));
	assert_true(matches("xem {P1:30:C} nhe", "xem https://x.gov.vn/a?b=1 nhe"));
	assert_false(matches("xem {P1:30:url} nhe", "xem https://x.gov.vn va nhe"));
	assert_true(matches("a {P1,5} b", "a 12345 b"));
}

static void
plain_looks_over_accents_and_case_in_any_normal_form(void **state)
{
	const char *p = "Kính mời Ông/Bà {P1:20} đến UBND";

	(void)state;
	assert_true(matches(p, "Kinh moi Ong/Ba Nguyen Thi Hoa den UBND"));
	assert_true(matches(p, "KÍNH MỜI ÔNG/BÀ Nguyễn Thị Hoa ĐẾN ubnd"));
	/* "Kính mời Ông/Bà An đến UBND" with combining marks */
	assert_true(matches(p, "Ki\u0301nh mo\u031B\u0300i O\u0302ng/Ba\u0300 An "
			       "đe\u0302\u0301n UBND"));
	assert_true(matches("Ki\u0301nh mo\u031B\u0300i {P1:5}", "Kính mời An"));
	assert_false(matches(p, "Kinh moi Ong/Ba Nguyen Thi Hoa toi UBND"));
}

static void
ignore_case_minds_accents_and_exact_minds_both(void **state)
{
	(void)state;
	assert_true(matches_as("Kính mời {P1:5}", "KÍNH MỜI An", COMPARE_IGNORE_CASE));
	assert_false(matches_as("Kính mời {P1:5}", "Kinh moi An", COMPARE_IGNORE_CASE));
	assert_true(matches_as("Kính mời {P1:5}", "Ki\u0301nh mo\u031B\u0300i An", COMPARE_EXACT));
	assert_false(matches_as("Kính mời {P1:5}", "kính mời An", COMPARE_EXACT));
}

static void
blanks_of_any_kind_and_number_are_one(void **state)
{
	(void)state;
	assert_true(matches("a b {P1:5} c", " a\u00A0\t b   An \n c "));
	assert_true(matches("  a   b {P1:5}  ", "a b An"));
	assert_false(matches("a b", "ab"));
	assert_false(matches("ab", "a b"));
}

static void
a_length_is_in_characters_not_in_bytes(void **state)
{
	(void)state;
	assert_true(matches_as("tên {P1:4}", "tên Hiếu", COMPARE_EXACT));
	assert_false(matches_as("tên {P1:3}", "tên Hiếu", COMPARE_EXACT));
	/* No letter is cut in two: the slot is one character of three bytes. */
	assert_true(matches_as("{P1:1}{P2:1}", "ếế", COMPARE_EXACT));
	assert_false(matches_as("{P1:1}{P2:1}", "ế", COMPARE_EXACT));
}

/* What needs exponential time of an engine that goes back. */
static void
nothing_is_tried_twice(void **state)
{
	char pattern[400], text[4000];
	size_t n = 0;

	(void)state;
	for (int i = 0; i < 30; i++)
		n += (size_t)snprintf(pattern + n, sizeof(pattern) - n, "{P:0-999}a");
	snprintf(pattern + n, sizeof(pattern) - n, "b");
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(matches(pattern, text));
	text[sizeof(text) - 2] = 'b';
	assert_true(matches(pattern, text));
}

/* ---- sets ---- */

/* One of four kinds: some begin alike, some differ only at the end, some begin with a slot. */
static void
one_of_many(int i, bool is_pattern, char out[100])
{
	static const char *const before[] = {"UBND xa ", "Phuong ", "", "UBND xa bao tin "};
	static const char *const between[] = {" thong bao so ", " kinh moi ", " nhan ho so ", ""};
	static const char *const after[] = {"", " du hop", " tai mot cua", ""};
	const char *slot = is_pattern ? "{P1:20}" : "An Phu";
	char number[12];
	int kind = i % 4;

	snprintf(number, sizeof(number), "%d", i);
	snprintf(out, 100, "%s%s%s%s%s", before[kind], kind == 1 || kind == 3 ? number : slot,
		 between[kind],
		 kind == 1   ? slot
		 : kind == 3 ? ""
			     : number,
		 after[kind]);
}

static void
each_of_five_hundred_patterns_is_found(void **state)
{
	const struct pattern *list[500];
	struct pattern *own[500];
	struct pattern_set *s;
	char text[100];

	(void)state;
	for (int i = 0; i < 500; i++) {
		one_of_many(i, true, text);
		list[i] = own[i] = compile(text, i % 3 == 0 ? COMPARE_EXACT : COMPARE_PLAIN);
	}
	s = pattern_set_new(list, 500);
	assert_int_equal(pattern_set_count(s), 500);
	for (int i = 0; i < 500; i++) {
		one_of_many(i, false, text);
		assert_int_equal(pattern_set_match(s, slice_of(text)), i);
	}
	assert_int_equal(pattern_set_match(s, SLICE("UBND xa An Phu thong bao so 501")), -1);
	assert_int_equal(pattern_set_match(s, SLICE("UBND")), -1);
	assert_int_equal(pattern_set_match(s, SLICE("")), -1);
	pattern_set_free(s);
	for (int i = 0; i < 500; i++)
		pattern_free(own[i]);
}

static void
an_empty_set_matches_nothing(void **state)
{
	struct pattern_set *s = pattern_set_new(NULL, 0);
	struct pattern_near near;
	struct arena a = {0};

	(void)state;
	assert_int_equal(pattern_set_match(s, SLICE("a")), -1);
	pattern_set_nearest(s, SLICE("a"), &a, &near);
	assert_int_equal(near.index, -1);
	pattern_set_free(s);
	arena_free(&a);
}

/* ---- the nearest ---- */

/* The slot may well be "An Phú trân". */
static void
other_words_are_told_as_they_were_written(void **state)
{
	(void)state;
	assert_string_equal(differences("UBND xã {P1:20} kính mời Ông/Bà dự họp",
					"UBND xã An Phú trân trọng mời Ông/Bà dự họp",
					COMPARE_PLAIN),
			    "words[kính|trọng]");
	assert_string_equal(differences("Moi Ong/Ba nop ho so tai nha",
					"Moi Ong/Ba nop ho so truc tuyen", COMPARE_PLAIN),
			    "words[tai nha|truc tuyen]");
}

static void
words_that_are_missing_or_too_many_are_told(void **state)
{
	(void)state;
	assert_string_equal(
		differences("Moi Ong/Ba nop ho so tai nha", "Moi Ong/Ba nop ho so", COMPARE_PLAIN),
		"words[tai nha|]");
	assert_string_equal(
		differences("Moi Ong/Ba nop ho so", "Xin moi Ong/Ba nop ho so ngay", COMPARE_PLAIN),
		"words[|Xin] words[|ngay]");
	assert_string_equal(differences("Moi nop ho so.", "Moi nop ho so", COMPARE_PLAIN),
			    "words[.|]");
}

static void
a_slot_that_is_too_long_is_told_with_its_length(void **state)
{
	(void)state;
	assert_string_equal(
		differences("UBND xa {P1:6} moi hop", "UBND xa An Phuoc moi hop", COMPARE_PLAIN),
		"slot-too-long[{P1:6}|An Phuoc]8/6");
	assert_string_equal(differences("ma {P1:3-5} la", "ma ab la", COMPARE_PLAIN),
			    "slot-too-short[{P1:3-5}|ab]2/3");
	assert_string_equal(differences("ngay {P1:10:A} nhe", "ngay 10.10.2026 nhe", COMPARE_PLAIN),
			    "slot-type[{P1:10:A}|10.10.2026]");
	assert_string_equal(differences("xa {P1:9} moi", "xa moi", COMPARE_PLAIN),
			    "slot-too-short[{P1:9}|]0/1");
}

static void
a_blank_too_few_is_told_with_the_words_around_it(void **state)
{
	(void)state;
	assert_string_equal(differences("gio: 8, phong 2", "gio: 8,phong 2", COMPARE_PLAIN),
			    "words[, phong|,phong]");
}

static void
case_counts_where_the_pattern_says_so(void **state)
{
	(void)state;
	assert_string_equal(differences("Kính mời Ông {P1:9}", "Kính Mời Ông An", COMPARE_EXACT),
			    "words[mời|Mời]");
}

static void
the_nearest_of_many_needs_the_fewest_changes(void **state)
{
	static const char *const texts[] = {
		"Moi Ong/Ba {P1:20} nhan ket qua tai bo phan mot cua",
		"Moi Ong/Ba {P1:20} nop ho so truc tuyen tai {P2:30}",
		"{P1:999}",
		"Nhac bao cao truoc ngay {P1:10}",
	};
	struct pattern *own[4];
	const struct pattern *list[4];
	struct pattern_set *s;
	struct pattern_near near;
	struct arena a = {0};

	(void)state;
	for (int i = 0; i < 4; i++)
		list[i] = own[i] = compile(texts[i], i == 2 ? COMPARE_EXACT : COMPARE_PLAIN);
	s = pattern_set_new(list, 2);
	pattern_set_nearest(s, SLICE("Moi Ong/Ba Tran Van B nop ho so online tai dvc.gov.vn"), &a,
			    &near);
	assert_int_equal(near.index, 1);
	assert_int_equal(near.gap_count, 1);
	assert_memory_equal(near.gaps[0].found.p, "online", 6);
	assert_int_equal(near.gaps[0].at, 32);
	pattern_set_nearest(s, SLICE("hoan toan khac"), &a, &near);
	assert_int_equal(near.index, -1);
	pattern_set_free(s);
	for (int i = 0; i < 4; i++)
		pattern_free(own[i]);
	arena_free(&a);
}

static void
no_more_than_eight_differences_are_told(void **state)
{
	struct pattern *p = compile("a 1 b 1 c 1 d 1 e 1 f 1 g 1 h 1 i 1 j 1", COMPARE_PLAIN);
	const struct pattern *list[] = {p};
	struct pattern_set *s = pattern_set_new(list, 1);
	struct pattern_near near;
	struct arena a = {0};

	(void)state;
	pattern_set_nearest(s, SLICE("a 2 b 2 c 2 d 2 e 2 f 2 g 2 h 2 i 2 j 2"), &a, &near);
	assert_int_equal(near.gap_count, PATTERN_GAPS_MAX);
	assert_true(near.has_more);
	pattern_set_free(s);
	pattern_free(p);
	arena_free(&a);
}

/* ---- mistakes ---- */

static void
a_mistake_is_told_with_its_place(void **state)
{
	static const struct {
		const char *text;
		int column;
	} cases[] = {
		{"", 1},
		{"mời {P1}", 5},
		{"mời {P1:}", 5},
		{"mời {P1:0}", 5},
		{"mời {P1:5-3}", 5},
		{"mời {P1:1001}", 5},
		{"mời {P1:-1}", 5},
		{"mời {P1:5:số}", 5},
		{"mời {P1:5", 5},
		{"mời } ai", 5},
		{"mời {:5}", 5},
		{"{P1:5} {P2:x}", 8},
		{"mời {P1 {P2:5}", 5},
		{"\xC3\x28", 1},
	};
	struct pattern_error e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_null(pattern_compile(slice_of(cases[i].text), COMPARE_PLAIN, &e));
		assert_int_equal(e.column, cases[i].column);
		assert_true(e.message[0] != '\0');
	}
}

static void
a_pattern_has_no_more_than_its_bounds(void **state)
{
	struct buf b = {0};
	struct pattern_error e;
	struct pattern *p;

	(void)state;
	for (int i = 0; i < 32; i++)
		buf_adds(&b, "{P:1}x");
	p = compile(b.data, COMPARE_PLAIN);
	assert_int_equal(pattern_slot_count(p), 32);
	pattern_free(p);
	buf_adds(&b, "{P:1}");
	assert_null(pattern_compile(buf_slice(&b), COMPARE_PLAIN, &e));
	buf_reset(&b);
	for (int i = 0; i < 2001; i++)
		buf_addc(&b, 'a');
	assert_null(pattern_compile(buf_slice(&b), COMPARE_PLAIN, &e));
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_text_without_slots_matches_itself_only),
		cmocka_unit_test(a_slot_takes_up_to_its_length),
		cmocka_unit_test(an_empty_slot_matches_only_where_it_may_be_empty),
		cmocka_unit_test(slots_may_stand_at_both_ends),
		cmocka_unit_test(slots_may_be_neighbours),
		cmocka_unit_test(a_literal_is_found_where_it_fits_not_where_it_is_first),
		cmocka_unit_test(a_type_says_what_a_slot_takes),
		cmocka_unit_test(plain_looks_over_accents_and_case_in_any_normal_form),
		cmocka_unit_test(ignore_case_minds_accents_and_exact_minds_both),
		cmocka_unit_test(blanks_of_any_kind_and_number_are_one),
		cmocka_unit_test(a_length_is_in_characters_not_in_bytes),
		cmocka_unit_test(nothing_is_tried_twice),
		cmocka_unit_test(each_of_five_hundred_patterns_is_found),
		cmocka_unit_test(an_empty_set_matches_nothing),
		cmocka_unit_test(other_words_are_told_as_they_were_written),
		cmocka_unit_test(words_that_are_missing_or_too_many_are_told),
		cmocka_unit_test(a_slot_that_is_too_long_is_told_with_its_length),
		cmocka_unit_test(a_blank_too_few_is_told_with_the_words_around_it),
		cmocka_unit_test(case_counts_where_the_pattern_says_so),
		cmocka_unit_test(the_nearest_of_many_needs_the_fewest_changes),
		cmocka_unit_test(no_more_than_eight_differences_are_told),
		cmocka_unit_test(a_mistake_is_told_with_its_place),
		cmocka_unit_test(a_pattern_has_no_more_than_its_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
