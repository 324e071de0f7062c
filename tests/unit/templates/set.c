/* SPDX-License-Identifier: MIT */
/* Order of languages: RFC 4647 section 3.4 (lookup) and docs/FORMATS.md, "Template set". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>

#include "base/mem.h"
#include "templates/set.h"

static struct buf errors, out;
static struct template_set *set;

static int
forget(void **state)
{
	(void)state;
	set_free(set);
	set = NULL;
	buf_free(&errors);
	buf_free(&out);
	return 0;
}

static void
note(void *arg, const struct set_error *e)
{
	const struct slice *document = arg;
	int line, column;

	set_place(*document, e, &line, &column);
	buf_addf(&errors, "%d:%d %s\n", line, column, e->path);
}

/* The set of a text or document; NULL, and its errors are in `errors`. */
static struct template_set *
read_set(const char *bytes)
{
	struct slice s = slice_of(bytes);

	set_free(set);
	buf_reset(&errors);
	buf_adds(&errors, "");
	set = set_read(s, note, &s);
	return set;
}

/* The tag of the text that somebody with this tag gets. */
static const char *
chosen(const char *tag)
{
	return set->texts[set_choose(set, tag)].tag;
}

static void
exact_tag_then_wider_tags_then_the_fallback_list_then_vi(void **state)
{
	(void)state;
	assert_non_null(read_set("{\"texts\":{\"vi\":{\"sms\":\"v\"},\"hmn\":{\"sms\":\"h\"},"
				 "\"hmn-Latn\":{\"sms\":\"l\"},\"km\":{\"sms\":\"k\"},"
				 "\"en\":{\"zalo\":{\"template_id\":\"1\"}}},"
				 "\"fallback\":[\"km\"]}"));
	assert_string_equal(chosen("hmn-Latn"), "hmn-Latn");
	assert_string_equal(chosen("hmn-Latn-VN"), "hmn-Latn");
	assert_string_equal(chosen("hmn-Hmng"), "hmn");
	assert_string_equal(chosen("hmn"), "hmn");
	assert_string_equal(chosen("cjm"), "km"); /* known, no text: the list */
	assert_string_equal(chosen("en"), "km");  /* it has no SMS text */
	assert_string_equal(chosen("vi-VN"), "vi");
	assert_string_equal(chosen(""), "vi"); /* nothing is known: not the list */
}

static void
without_a_list_everybody_else_gets_vi(void **state)
{
	(void)state;
	assert_non_null(read_set("{\"texts\":{\"km\":{\"sms\":\"k\"},\"vi\":{\"sms\":\"v\"}}}"));
	assert_string_equal(chosen("km-KH"), "km");
	assert_string_equal(chosen("tyz"), "vi");
	assert_true(set_is_own(set, set_choose(set, "km-KH"), "km-KH"));
	assert_false(set_is_own(set, set_choose(set, "tyz"), "tyz"));
	assert_string_equal(set->texts[0].tag, "vi");
}

static void
a_plain_text_is_written_down_as_it_is(void **state)
{
	static const char text[] = "Kính gửi {{ ho_ten }}.\n";

	(void)state;
	assert_non_null(read_set(text));
	set_encode(set, &out);
	assert_string_equal(out.data, text);
	/* and a document that says no more is the same set */
	buf_reset(&out);
	assert_non_null(read_set("{\"texts\":{\"vi\":{\"sms\":\"Kính gửi {{ ho_ten }}.\\n\"}}}"));
	set_encode(set, &out);
	assert_string_equal(out.data, text);
}

static void
the_same_set_in_another_order_is_written_down_the_same(void **state)
{
	struct buf other = {0};

	(void)state;
	assert_non_null(read_set("{\"texts\":{\"km\":{\"sms\":\"k\"},\"vi\":{\"sms\":\"v\"}},"
				 "\"zalo\":{\"parameters\":{\"b\":\"2\",\"a\":\"1\"},"
				 "\"template_id\":\"7\"},\"fallback\":[\"km\",\"vi\"]}"));
	set_encode(set, &out);
	assert_non_null(read_set("{ \"fallback\": [\"km\"], \"texts\": { \"vi\": { \"zalo\": "
				 "{\"template_id\":\"7\",\"parameters\":{\"a\":\"1\",\"b\":\"2\"}},"
				 " \"sms\": \"v\" }, \"KM\": {\"sms\":\"k\"} } }"));
	set_encode(set, &other);
	assert_string_equal(out.data, other.data);
	assert_string_equal(
		out.data,
		"{%set 1%}{\"texts\":{\"vi\":{\"sms\":\"v\",\"zalo\":{\"template_id\":\"7\","
		"\"parameters\":{\"a\":\"1\",\"b\":\"2\"}}},\"km\":{\"sms\":\"k\"}},"
		"\"fallback\":[\"km\"]}");
	/* and read again it is the same set */
	buf_reset(&other);
	assert_non_null(read_set(out.data));
	set_encode(set, &other);
	assert_string_equal(out.data, other.data);
	buf_free(&other);
}

static void
a_release_without_sets_refuses_what_is_written_down(void **state)
{
	struct template_error te;

	(void)state;
	assert_null(template_compile(SLICE(SET_MARK "{\"texts\":{}}"), &te));
	assert_null(template_compile(SLICE("{%run 1%}{\"source\":\"\"}"), &te));
}

static void
all_errors_of_all_languages_are_told_with_their_places(void **state)
{
	(void)state;
	assert_null(read_set("{\"texts\": {\n"
			     "  \"vi\": {\"sms\": \"ông {{ a }\"},\n"
			     "  \"km\": {\"sms\": \"\\u0111\\n\\ud83d\\ude00 {% nope %}\"}\n"
			     "}}"));
	/* ông {{ a } begins in column 18: the brace that should be two is the tenth. In km the
	   text begins in column 18; \u0111 is 6 columns, \n 2, the pair 12, then a blank, {%, a blank:
	   nope stands in column 42. */
	assert_string_equal(errors.data, "2:27 texts.vi.sms\n3:42 texts.km.sms\n");
}

static void
what_is_no_set_is_refused_where_it_stands(void **state)
{
	static const struct {
		const char *document, *wanted;
	} cases[] = {
		{"{\"texts\":{}}", "1:10 texts\n"},
		{"{\"texts\":{\"km\":{\"sms\":\"k\"}}}", "1:10 texts\n"},
		{"{\"texts\":{\"vi\":{\"sms\":\"v\",\"fax\":\"f\"}}}", "1:33 texts.vi.fax\n"},
		{"{\"texts\":{\"vi\":{\"sms\":\"v\"},\"khmer\":{\"sms\":\"k\"}}}",
		 "1:36 texts.khmer\n"},
		{"{\"texts\":{\"vi\":{\"sms\":\"v\"}},\"fallback\":[\"vi\",\"km\"]}",
		 "1:46 fallback[1]\n"},
		{"{\"texts\":{\"vi\":{\"sms\":7}}}", "1:23 texts.vi.sms\n"},
		{"{\"texts\":{\"vi\":{\"sms\":\"v\"}}", "1:28 \n"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_null(read_set(cases[i].document));
		print_message("%s", errors.data);
		if (i + 1 < ARRAY_LEN(cases))
			assert_string_equal(errors.data, cases[i].wanted);
		else
			assert_true(errors.len > 0);
	}
}

static void
unknown_fields_are_told_for_every_text_and_parameter(void **state)
{
	static const char document[] =
		"{\"texts\":{\"vi\":{\"sms\":\"{{ ho_ten }} {{ tuoi }}\"},"
		"\"km\":{\"sms\":\"{{ hoten }}\",\"zalo\":{\"template_id\":\"1\","
		"\"parameters\":{\"ten\":\"{{ ho_ten }}{{ xa }}\"}}}}}";
	static const char *const known[] = {"ho_ten"};
	struct slice s = slice_of(document);

	(void)state;
	assert_non_null(read_set(document));
	assert_int_equal(set_each_unknown(set, known, 1, note, &s), 3);
	assert_non_null(strstr(errors.data, "texts.vi.sms\n"));
	assert_non_null(strstr(errors.data, "texts.km.sms\n"));
	assert_non_null(strstr(errors.data, "texts.km.zalo.parameters.ten\n"));
}

static void
a_label_goes_around_each_text(void **state)
{
	struct template_set *framed;

	(void)state;
	assert_non_null(read_set("{\"texts\":{\"vi\":{\"sms\":\"v\\n\"},\"km\":{\"sms\":\"k\"}}}"));
	framed = set_framed(set, "[QC] ", " TC: 1", NULL, NULL);
	assert_string_equal(framed->texts[0].sms, "[QC] v TC: 1");
	assert_string_equal(framed->texts[1].sms, "[QC] k TC: 1");
	set_free(framed);
}

static void
a_text_that_begins_with_a_tag_is_no_document(void **state)
{
	(void)state;
	assert_false(set_is_document(SLICE("{{ ho_ten }}")));
	assert_false(set_is_document(SLICE("{% if a %}b{% endif %}")));
	assert_false(set_is_document(SLICE("{x")));
	assert_true(set_is_document(SLICE("\xEF\xBB\xBF\n {\n\"texts\":{}}")));
	assert_true(set_is_document(SLICE("{}")));
	assert_true(set_is_document(SLICE(" { } \n")));
	assert_false(set_is_document(SLICE("{ } % của {{ tong }}")));
	assert_false(set_is_document(SLICE("{ chú ý }")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, forget)
		T(exact_tag_then_wider_tags_then_the_fallback_list_then_vi),
		T(without_a_list_everybody_else_gets_vi),
		T(a_plain_text_is_written_down_as_it_is),
		T(the_same_set_in_another_order_is_written_down_the_same),
		T(a_release_without_sets_refuses_what_is_written_down),
		T(all_errors_of_all_languages_are_told_with_their_places),
		T(what_is_no_set_is_refused_where_it_stands),
		T(unknown_fields_are_told_for_every_text_and_parameter),
		T(a_label_goes_around_each_text),
		T(a_text_that_begins_with_a_tag_is_no_document),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
