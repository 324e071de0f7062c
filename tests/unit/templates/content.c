/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "templates/content.h"
#include "templates/sms.h"

static json_t *document;
static struct content *rules;

static void
use(const char *json)
{
	struct err_ctx e;

	content_free(rules);
	json_decref(document);
	document = NULL;
	assert_int_equal(json_parse(slice_of(json), 100000, "rules", &document, &e), ERR_OK);
	if (content_read(document, &rules, &e) != ERR_OK)
		fail_msg("%s: %s", e.what, e.why);
}

static int
set_up(void **state)
{
	(void)state;
	rules = NULL;
	document = NULL;
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	content_free(rules);
	json_decref(document);
	return 0;
}

struct place {
	const char *class, *provider, *day;
	bool is_framed;
};

/* "rule[found]@at …" */
static const char *
found_at(const char *text, unsigned parts, struct place p)
{
	static char out[4000];
	struct content_finding f[CONTENT_FINDINGS_MAX];
	struct content_view *v = content_view_new(rules, p.class, p.provider, p.day, p.is_framed);
	size_t n = content_check(v, slice_of(text), parts, f);
	int len = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		len += snprintf(out + len, sizeof(out) - (size_t)len, "%s%s[%.*s]@%u",
				i > 0 ? " " : "", content_rule_words(v, f[i].rule).rule,
				(int)f[i].found.n, f[i].found.p, f[i].at);
	content_view_free(v);
	return out;
}

static const char *
found(const char *text)
{
	return found_at(text, 1, (struct place){"notice", "p", "2026-11-01", false});
}

#define RULE(name, kind, more)                                                               \
	"{\"rule\":\"" name "\",\"kind\":\"" kind "\",\"severity\":\"refuse\",\"vi\":\"v\"," \
	"\"en\":\"e\"," more "}"

#define LINKS                                                         \
	"{\"rules\":[" RULE("l", "links",                             \
			    "\"domains\":[\"*.gov.vn\",\"zalo.me\"]," \
			    "\"endings\":[\"vn\",\"com\",\"net\"]") "]}"

static void
links_of_listed_domains_are_none(void **state)
{
	(void)state;
	use(LINKS);
	assert_string_equal(found("xem https://dichvucong.gov.vn/a?b nhe"), "");
	assert_string_equal(found("xem dichvucong.gov.vn."), "");
	assert_string_equal(found("xem gov.vn"), "");
	assert_string_equal(found("zalo.me/123 hoac HTTPS://ZALO.ME/1"), "");
	assert_string_equal(found("https://x.gov.vn:8443/a"), "");
}

static void
other_links_are_found_with_their_place(void **state)
{
	(void)state;
	use(LINKS);
	assert_string_equal(found("Mời xem http://abc.com/x. Cảm ơn"), "l[http://abc.com/x.]@8");
	assert_string_equal(found("xem abc.com, nhe"), "l[abc.com]@4");
	assert_string_equal(found("xem (www.a-b.net)"), "l[www.a-b.net]@5");
	assert_string_equal(found("xem la.co/x"), "l[la.co/x]@4");
	assert_string_equal(found("xemftp://a.b"), "l[xemftp://a.b]@0");
	assert_string_equal(found("vnpt.zalo.me"), "");
}

static void
what_only_looks_like_a_listed_domain_is_found(void **state)
{
	(void)state;
	use(LINKS);
	assert_string_equal(found("https://dichvucong.gov.vn@evil.zz/"),
			    "l[https://dichvucong.gov.vn@evil.zz/]@0");
	assert_string_equal(found("https://evil.zz/dichvucong.gov.vn"),
			    "l[https://evil.zz/dichvucong.gov.vn]@0");
	assert_string_equal(found("https://evil.zz\\@x.gov.vn"), "l[https://evil.zz\\@x.gov.vn]@0");
	assert_string_equal(found("xgov.vn"), "l[xgov.vn]@0");
	assert_string_equal(found("dichvucong.gov.vn.com"), "l[dichvucong.gov.vn.com]@0");
	/* The o is Cyrillic. */
	assert_string_equal(found("dichvucong.g\u043Ev.vn"), "l[dichvucong.g\u043Ev.vn]@0");
}

static void
what_is_no_link_is_not_taken_for_one(void **state)
{
	(void)state;
	use(LINKS);
	assert_string_equal(found("Xin chao.Moi ong ba. Ngay 10.10.2026, TP.HCM, v.v."), "");
	assert_string_equal(found("Goi 1800.1096 hoac 0912.345.678"), "");
	assert_string_equal(found("Thu toi a.b@abc.com nhe"), "");
	assert_string_equal(found("gia 1.000.000/thang"), "");
}

static void
shorteners_are_found_also_with_www(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE("s", "shorteners", "\"domains\":[\"bit.ly\"]") "]}");
	assert_string_equal(found("xem bit.ly/abc va https://www.bit.ly/x va rabbit.ly/x"),
			    "s[bit.ly/abc]@4 s[https://www.bit.ly/x]@18");
}

static void
words_are_found_on_borders_without_accents_and_case(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE(
		"w", "words",
		"\"words\":[\"trúng thưởng\",\"OTP\",\"vay\",\"chuyển khoản\"]") "]}");
	assert_string_equal(found("Bạn đã TRÚNG THƯỞNG lớn"), "w[TRÚNG THƯỞNG]@7");
	assert_string_equal(found("ban trung  thuong"), "w[trung  thuong]@4");
	assert_string_equal(found("ma otp: 12"), "w[otp]@3");
	assert_string_equal(found("chuyen-khoan ngay"), "w[chuyen-khoan]@0");
	assert_string_equal(found("Da chuyen. Khoan da"), "");
	assert_string_equal(found("potpourri, vayne, trung dai thuong"), "");
	/* With combining marks the place is that of the text as it is. */
	assert_string_equal(found("tru\u0301ng thu\u031Bo\u031B\u0309ng"),
			    "w[tru\u0301ng thu\u031Bo\u031B\u0309ng]@0");
}

static void
words_may_be_compared_with_their_accents(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE("w", "words",
				"\"compare\":\"ignore-case\",\"words\":[\"lô đề\"]") "]}");
	assert_string_equal(found("chơi LÔ ĐỀ"), "w[LÔ ĐỀ]@5");
	assert_string_equal(found("lo de va lò dê"), "");
}

static void
characters_and_parts_are_counted(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE("c", "characters",
				"\"characters\":\"#&₫\"") "," RULE("p", "parts", "\"max\":3") "]}");
	assert_string_equal(found("a & b 5₫"), "c[&]@2 c[₫]@7");
	assert_string_equal(found_at("a", 4, (struct place){"notice", "p", "2026-01-01", false}),
			    "p[]@0");
	assert_string_equal(found_at("a", 3, (struct place){"notice", "p", "2026-01-01", false}),
			    "");
}

static void
a_rule_holds_for_its_classes_and_providers(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE("c", "characters",
				"\"characters\":\"#\",\"classes\":[\"advert\"],\"providers\":"
				"[\"a\",\"b\"]") "]}");
	assert_string_equal(found_at("#", 1, (struct place){"advert", "b", "2026-01-01", false}),
			    "c[#]@0");
	assert_string_equal(found_at("#", 1, (struct place){"notice", "b", "2026-01-01", false}),
			    "");
	assert_string_equal(found_at("#", 1, (struct place){"advert", "c", "2026-01-01", false}),
			    "");
}

static void
of_rules_with_one_name_the_last_whose_date_has_come_holds(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE(
		"c", "characters",
		"\"since\":\"2026-01-01\",\"characters\":\"#\"") "," RULE("c", "characters",
									  "\"since\":\"2027-01-"
									  "01\",\"characters\":\"&"
									  "\"") "]}");
	assert_string_equal(found_at("#&", 1, (struct place){"", "", "2025-12-31", false}), "");
	assert_string_equal(found_at("#&", 1, (struct place){"", "", "2026-12-31", false}),
			    "c[#]@0");
	assert_string_equal(found_at("#&", 1, (struct place){"", "", "2027-01-01", false}),
			    "c[&]@1");
}

static void
no_rule_hides_another_by_many_findings(void **state)
{
	(void)state;
	use("{\"rules\":[" RULE("a", "characters", "\"characters\":\"#\"") "," RULE(
		"b", "characters", "\"characters\":\"&\"") "]}");
	assert_string_equal(found("##########&"), "a[#]@0 a[#]@1 a[#]@2 a[#]@3 b[&]@10");
}

static void
a_label_that_was_added_is_no_finding_and_a_typed_one_is(void **state)
{
	struct place added = {"advert", "p", "2026-01-01", true}, typed = added;

	(void)state;
	use("{\"adverts\":[{\"since\":\"2025-01-01\",\"classes\":[\"advert\"],\"label\":\"[QC] \","
	    "\"footer\":\" TC: STOP\"}],\"rules\":[" RULE("t", "labels",
							  "\"labels\":[\"[QC]\"]") "]}");
	typed.is_framed = false;
	assert_string_equal(found_at("[QC] Moi xem", 1, added), "");
	assert_string_equal(found_at("[QC]Moi xem", 1, added), "");
	assert_string_equal(found_at("[QC] [qc] Moi xem", 1, added), "t[[qc]]@5");
	assert_string_equal(found_at("[QC] Moi xem", 1, typed), "t[[QC]]@0");
	assert_string_equal(content_frame(rules, "advert", "2026-01-01").label, "[QC] ");
	assert_string_equal(content_frame(rules, "advert", "2026-01-01").footer, " TC: STOP");
	assert_string_equal(content_frame(rules, "advert", "2024-12-31").label, "");
	assert_string_equal(content_frame(rules, "notice", "2026-01-01").label, "");
}

/* 3GPP TS 23.038: the brackets are extension characters. */
static void
the_label_costs_seven_units_with_its_blank(void **state)
{
	(void)state;
	assert_int_equal(sms_count(SLICE("[QC]")).units, 6);
	assert_int_equal(sms_count(SLICE("[QC] ")).units, 7);
}

static void
a_wrong_document_is_refused_with_its_place(void **state)
{
	static const struct {
		const char *json, *what;
	} cases[] = {
		{"{\"rule\":[]}", "rule"},
		{"{\"rules\":[{\"rule\":\"a\"}]}", "rules[0].vi"},
		{"{\"rules\":[" RULE("a", "linkz", "\"max\":1") "]}", "rules[0].kind"},
		{"{\"rules\":[" RULE("a", "links", "\"max\":1") "]}", "rules[0].domains"},
		{"{\"rules\":[" RULE("a", "words", "\"words\":[\"  \"]") "]}", "rules[0].words"},
		{"{\"rules\":[" RULE("a", "words", "\"words\":[1]") "]}", "rules[0].words[0]"},
		{"{\"rules\":[" RULE("a", "parts", "\"max\":0") "]}", "rules[0].max"},
		{"{\"rules\":[" RULE("a", "parts", "\"vi\":\"x\"") "]}", NULL},
		{"{\"rules\":[" RULE("a", "parts", "\"max\":1,\"since\":\"1/1/2026\"") "]}",
		 "rules[0].since"},
		{"{\"adverts\":[{\"classes\":[\"advert\"],\"label\":\"{{ x }}\"}]}",
		 "adverts[0].label"},
		{"{\"adverts\":[{\"label\":\"x\"}]}", "adverts[0].classes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct content *c = NULL;
		struct err_ctx e;
		json_t *v = NULL;

		if (json_parse(slice_of(cases[i].json), 10000, "x", &v, &e) != ERR_OK)
			continue; /* a key twice */
		assert_int_equal(content_read(v, &c, &e), ERR_INPUT);
		assert_null(c);
		if (cases[i].what != NULL)
			assert_string_equal(e.what, cases[i].what);
		json_decref(v);
	}
}

static void
words_behind_thousands_of_signs_are_found_too(void **state)
{
	struct buf b = {0};

	(void)state;
	use("{\"rules\":[" RULE("w", "words", "\"words\":[\"casino\"]") "]}");
	for (int i = 0; i < 8000; i++)
		buf_addc(&b, '!');
	buf_adds(&b, "casino");
	assert_string_equal(found(b.data), "w[casino]@8000");
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(links_of_listed_domains_are_none, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(other_links_are_found_with_their_place, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(what_only_looks_like_a_listed_domain_is_found,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_no_link_is_not_taken_for_one, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(shorteners_are_found_also_with_www, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(words_are_found_on_borders_without_accents_and_case,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(words_may_be_compared_with_their_accents, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(characters_and_parts_are_counted, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(a_rule_holds_for_its_classes_and_providers, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			of_rules_with_one_name_the_last_whose_date_has_come_holds, set_up,
			tear_down),
		cmocka_unit_test_setup_teardown(no_rule_hides_another_by_many_findings, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(
			a_label_that_was_added_is_no_finding_and_a_typed_one_is, set_up, tear_down),
		cmocka_unit_test_setup_teardown(words_behind_thousands_of_signs_are_found_too,
						set_up, tear_down),
		cmocka_unit_test(the_label_costs_seven_units_with_its_blank),
		cmocka_unit_test(a_wrong_document_is_refused_with_its_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
