/* SPDX-License-Identifier: MIT */
/*
 * Single messages beside the registered patterns. Expected words come from the
 * patterns as they are written below; which texts match is pattern.h's business.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "tests/unit/dispatcher/campaign/notice_fixture.h"

static struct pattern_book *book;
static bool is_trial;

#define COMPARED(name, setting) \
	PROVIDER(name, ",\"brandname\":\"A\",\"registered_texts\":\"" setting "\"", "")

#define STRICT COMPARED("strict", "refuse")
#define MILD COMPARED("mild", "warn")
#define SILENT COMPARED("silent", "off")

/* 097 Viettel, 090 MobiFone, 091 VinaPhone */
static int
set_up(void **state)
{
	(void)state;
	return load_config(
		"{\"providers\":[" STRICT "," MILD "," SILENT "],\"route\":{"
		"\"viettel\":\"strict\",\"mobifone\":\"mild\",\"vinaphone\":\"silent\"}}");
}

static int
new_book(void **state)
{
	(void)state;
	is_trial = false;
	book = pattern_book_new(NULL, NULL);
	return 0;
}

static int
free_book(void **state)
{
	(void)state;
	pattern_book_free(book);
	return 0;
}

static void
save(const char *record)
{
	assert_true(pattern_book_take(book, slice_of(record)));
}

#define PATTERN(name, text, extra) \
	"{\"name\":\"" name "\",\"brandname\":\"A\",\"text\":\"" text "\"" extra "}"

/* "" = taken without a word; "! detail" = refused; "? warning" */
static const char *
judge(const char *to, const char *text)
{
	json_t *v = json_pack("{s:s, s:s}", "to", to, "text", text);
	const struct notice *m;

	assert_int_equal(read_notices(v), ERR_OK);
	fx.notices->patterns = book;
	fx.notices->is_trial = is_trial;
	judge_notices();
	m = &fx.notices->list[0];
	buf_reset(&fx.words);
	buf_adds(&fx.words, "");
	if (m->refusal != NULL) {
		assert_string_equal(json_string_value(json_object_get(m->refusal, "code")),
				    "unregistered");
		buf_addf(&fx.words, "! %s",
			 json_string_value(json_object_get(m->refusal, "detail")));
	} else if (m->warning.len > 0) {
		buf_addf(&fx.words, "? %.*s", (int)m->warning.len, m->warning.data);
	}
	return fx.words.data;
}

static void
without_saved_patterns_nothing_is_compared(void **state)
{
	(void)state;
	assert_string_equal(judge("0971234567", "Hồ sơ đã xong"), "");
}

static void
the_provider_decides_what_a_text_without_a_pattern_means(void **state)
{
	(void)state;
	save(PATTERN("xong", "Ho so {P1:10} da xong", ""));
	assert_string_equal(judge("0971234567", "Hồ sơ 4711 đã xong"), "");
	assert_string_equal(judge("0971234567", "Hồ sơ 4711 chưa xong"),
			    "! matches no registered pattern of A at viettel; nearest is xong: "
			    "character 12: \"chưa\" instead of \"da\"");
	assert_string_equal(judge("0901234567", "Hồ sơ 4711 chưa xong"),
			    "? matches no registered pattern of A at mobifone; nearest is xong: "
			    "character 12: \"chưa\" instead of \"da\"");
	assert_string_equal(judge("0911234567", "Hồ sơ 4711 chưa xong"), "");
}

static void
a_slot_that_is_too_short_is_named(void **state)
{
	(void)state;
	save(PATTERN("xong", "Ho so {P1:4} da xong", ""));
	assert_string_equal(judge("0971234567", "Hồ sơ 47110 đã xong"),
			    "! matches no registered pattern of A at viettel; nearest is xong: "
			    "character 7: {P1:4} takes at most 4 characters, \"47110\" has 5");
}

static void
a_pattern_that_is_pending_or_over_lets_no_text_through(void **state)
{
	(void)state;
	save(PATTERN("cho", "Ho so da xong", ",\"state\":\"pending\""));
	assert_string_equal(
		judge("0971234567", "Hồ sơ đã xong"),
		"! matches no registered pattern of A at viettel; cho, which it matches, "
		"is pending");
	save(PATTERN("cu", "Moi nop ho so", ",\"until\":\"2020-12-31\""));
	assert_string_equal(judge("0971234567", "Mời nộp hồ sơ"),
			    "! matches no registered pattern of A at viettel");
}

static void
patterns_of_another_class_or_carrier_do_not_count(void **state)
{
	(void)state;
	save(PATTERN("hop", "Moi du hop", ",\"classes\":[\"notice\"]"));
	assert_string_equal(judge("0971234567", "Mời dự họp"), "");
	save(PATTERN("xong", "Ho so da xong", ",\"carriers\":[\"viettel\"]"));
	assert_string_equal(judge("0901234567", "Mời dự họp"), "");
	assert_string_equal(judge("0971234567", "Mời dự họp"),
			    "! matches no registered pattern of A at viettel");
	/* A campaign's text to one's own phone is of the campaign's class. */
	is_trial = true;
	assert_string_equal(judge("0971234567", "Mời dự họp"), "");
}

static void
a_record_that_cannot_be_read_is_left_out(void **state)
{
	(void)state;
	assert_false(pattern_book_take(book, SLICE("{")));
	assert_false(pattern_book_take(book, SLICE("{\"name\":\"x\"}")));
	assert_string_equal(judge("0971234567", "Hồ sơ đã xong"), "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, new_book, free_book)
		T(without_saved_patterns_nothing_is_compared),
		T(the_provider_decides_what_a_text_without_a_pattern_means),
		T(a_slot_that_is_too_short_is_named),
		T(a_pattern_that_is_pending_or_over_lets_no_text_through),
		T(patterns_of_another_class_or_carrier_do_not_count),
		T(a_record_that_cannot_be_read_is_left_out),
#undef T
	};

	return cmocka_run_group_tests(tests, set_up, free_all);
}
