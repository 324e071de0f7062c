/* SPDX-License-Identifier: MIT */
/* The policy: dated entries, what each class may do. */
#include <time.h>

#include "base/clock.h"
#include "tests/unit/dispatcher/config_fixture.h"

static const char *
load_policy(const char *policy)
{
	char text[128];

	write_file(fx.policy_path, policy);
	snprintf(text, sizeof(text), "{\"policy\": \"%s\"}", fx.policy_path);
	return load(text);
}

/* Move the clock to noon in Vietnam of a day (5:00 UTC). */
static void
set_day(int year, int month, int day)
{
	struct tm tm = {.tm_year = year - 1900, .tm_mon = month - 1, .tm_mday = day, .tm_hour = 5};

	clock_advance_ms((int64_t)timegm(&tm) * 1000 - clock_wall_ms());
}

static void
the_policy_in_force_is_the_last_that_has_begun(void **state)
{
	static const char *const policy =
		"{\"classes\": ["
		"{\"class\": \"notice\", \"since\": \"2027-01-01\", \"priority\": 3,"
		" \"hours\": {\"from\": \"07:00\", \"to\": \"22:00\"}},"
		"{\"class\": \"notice\", \"since\": \"2027-06-01\", \"priority\": 4,"
		" \"hours\": {\"from\": \"08:30\", \"to\": \"20:15\"}},"
		"{\"class\": \"duty\", \"priority\": 0}]}";
	const struct class_policy *c;

	(void)state;
	set_day(2026, 12, 31);
	assert_string_equal(load_policy(policy), "");
	assert_null(config_class(fx.config, "notice"));
	c = config_class(fx.config, "duty");
	assert_true(c->priority == 0 && c->hours_from == 0 && c->hours_to == 1440);
	set_day(2027, 1, 1);
	assert_string_equal(load_policy(policy), "");
	c = config_class(fx.config, "notice");
	assert_true(c->priority == 3 && c->hours_from == 420 && c->hours_to == 1320);
	set_day(2027, 5, 31); /* no reload: the entry in force changes with the day */
	assert_int_equal(config_class(fx.config, "notice")->priority, 3);
	/* the day is Vietnam's: 2027-06-01 begins at 17:00 UTC of the day before */
	clock_advance_ms(12 * 3600000 - 1000);
	assert_string_equal(load_policy(policy), "");
	assert_int_equal(config_class(fx.config, "notice")->priority, 3);
	clock_advance_ms(2000);
	assert_string_equal(load_policy(policy), "");
	c = config_class(fx.config, "notice");
	assert_true(c->priority == 4 && c->hours_from == 510 && c->hours_to == 1215);
	assert_int_equal(fx.config->class_count,
			 3); /* all entries are kept: tomorrow is another day */
}

static void
an_error_of_the_policy_names_its_path(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"{\"classes\": {}}", "classes: must be a list"},
		{"{\"classes\": [{}]}", "classes[0].class: is missing"},
		{"{\"classes\": [{\"class\": \"a\", \"priority\": 10}]}",
		 "classes[0].priority: must be between 0 and 9"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"from\": \"7 o'clock\"}}]}",
		 "classes[0].hours.from: \"7 o'clock\" is no time of day"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"from\": \"07:00x\"}}]}",
		 "classes[0].hours.from:"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"to\": \"24:01\"}}]}",
		 "classes[0].hours.to:"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"to\": \"12:60\"}}]}",
		 "classes[0].hours.to:"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"to\": 22}}]}",
		 "classes[0].hours.to: must be a text"},
		{"{\"classes\": [{\"class\": \"a\", \"wait_min\": 0}]}",
		 "classes[0].wait_min: must be between 1 and 10080"},
		{"{\"classes\": [{\"class\": \"a\", \"caps\": {}}]}",
		 "classes[0].caps: says no number"},
		{"{\"classes\": [{\"class\": \"a\", \"caps\": {\"day\": 101}}]}",
		 "classes[0].caps.day: must be between 1 and 100"},
		{"{\"classes\": [{\"class\": \"a\", \"caps\": {\"day\": 1, \"over\": \"wait\"}}]}",
		 "classes[0].caps.over: "},
		{"{\"classes\": [{\"class\": \"a\", \"consent\": {}}]}",
		 "classes[0].consent.column: is no name of a column"},
		{"{\"classes\": [{\"class\": \"a\", \"refusal\": {\"number\": \"1800 1096\"}}]}",
		 "classes[0].refusal.number: is no number"},
		{"{\"classes\": [{\"class\": \"a\", \"refusal\": {\"number\": \"18001096\"}}]}",
		 "classes[0].footer: does not say how to refuse"},
		{"{\"classes\": [{\"class\": \"a\", \"label\": \"{{ x }}\"}]}",
		 "classes[0].label: has a brace"},
		{"{\"classes\": [{\"class\": \"a\", \"label\": \"a\\nb\"}]}",
		 "classes[0].label: has a control character"},
		{"{\"classes\": [{\"class\": \"a\", \"required\": [\"goals\"]}]}",
		 "classes[0].required[0]: "},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strncmp(load_policy(cases[i].text), cases[i].words, strlen(cases[i].words)) !=
		    0)
			fail_msg("%s: %s", cases[i].text, fx.words.data);
	assert_string_equal(
		load_policy("{\"classes\": [{\"class\": \"a\", \"hours\": {\"to\": \"24:00\"}}]}"),
		"");
	assert_int_equal(config_class(fx.config, "a")->hours_to, 1440);
}

static void
the_law_is_data(void **state)
{
	const struct class_policy *c;
	struct content_frame f;
	char rule[RULE_TEXT_MAX];

	(void)state;
	set_day(2027, 1, 1);
	assert_string_equal(
		load_policy(
			"{\"classes\": [{\"class\": \"ad\", \"since\": \"2026-01-01\", \"source\": "
			"\"ND 91\", \"label\": \"[QC] \", \"footer\": \" TC {number}.\", "
			"\"consent\": "
			"{\"column\": \"dong_y\", \"source\": \"ND 91, 11\"}, \"refusal\": "
			"{\"number\": "
			"\"18001096\", \"confirm\": \"Da ngung\"}, \"required\": [\"goal\"]}]}"),
		"");
	c = config_class(fx.config, "ad");
	assert_string_equal(c->label, "[QC] ");
	assert_string_equal(c->footer, " TC 18001096.");
	assert_string_equal(c->consent, "dong_y");
	assert_string_equal(c->refusal_number, "18001096");
	assert_string_equal(c->refusal_confirm, "Da ngung");
	assert_true(c->wants_refusal && c->required[FIELD_GOAL] && !c->required[FIELD_EVENT]);
	assert_string_equal(class_rule(c, c->consent_source, rule),
			    "policy.json: ad since 2026-01-01: ND 91, 11");
	assert_string_equal(class_rule(c, c->caps_source, rule),
			    "policy.json: ad since 2026-01-01: ND 91");
	/* the texts get them */
	f = content_frame(fx.config->content_rules, "ad", "2027-01-01");
	assert_string_equal(f.label, "[QC] ");
	assert_string_equal(f.footer, " TC 18001096.");
	assert_string_equal(content_frame(fx.config->content_rules, "notice", "2027-01-01").label,
			    "");
}

static void
the_built_in_policy_has_the_rules_for_adverts(void **state)
{
	const struct class_policy *c;

	(void)state;
	set_day(2027, 1, 1);
	assert_string_equal(load("{}"), "");
	c = config_class(fx.config, "advert");
	/* Decree 91/2020: 07:00 to 22:00 and 3 in 24 hours (article 13), consent (11), refusal (16) */
	assert_true(c->hours_from == 420 && c->hours_to == 1320 && c->cap_day == 3);
	assert_string_equal(c->label, "[QC] ");
	assert_true(c->consent[0] != '\0' && c->wants_refusal && c->refusal_number[0] == '\0');
	assert_non_null(strstr(c->hours_source, "91/2020"));
}

static void
the_policy_has_at_most_sixty_four_entries(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 65; i++)
		buf_addf(&b, "%s{\"class\": \"c%d\"}", i == 0 ? "{\"classes\": [" : ",", i % 8);
	buf_adds(&b, "]}");
	assert_int_equal(strncmp(load_policy(b.data), "classes[64]: more than 64", 25), 0);
	buf_free(&b);
}

static void
what_the_policy_does_not_know_is_refused(void **state)
{
	static const struct {
		const char *text, *words;
	} cases[] = {
		{"{\"clases\": []}", "clases"},
		{"{\"classes\": [{\"class\": \"a\", \"hour\": {}}]}", "classes[0].hour"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": \"07:00-22:00\"}]}",
		 "classes[0].hours"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"form\": \"07:00\"}}]}",
		 "classes[0].hours.form"},
		{"{\"classes\": [{\"class\": \"a\", \"since\": \"01/06/2027\"}]}",
		 "classes[0].since: \"01/06/2027\" is no day"},
		{"{\"classes\": [{\"class\": \"a-name-of-more-than-15\"}]}", "classes[0].class"},
		{"{\"classes\": [{\"class\": \"a\", \"hours\": {\"from\": \"07:00\", \"to\": "
		 "\"07:00\"}}]}",
		 "classes[0].hours"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strncmp(load_policy(cases[i].text), cases[i].words, strlen(cases[i].words)) !=
		    0)
			fail_msg("%s: %s", cases[i].text, fx.words.data);
}

static void
hours_may_go_over_midnight(void **state)
{
	struct class_policy day = {.hours_from = 420, .hours_to = 1320};
	struct class_policy night = {.hours_from = 1320, .hours_to = 420};

	(void)state;
	assert_true(class_is_open(&day, 420) && !class_is_open(&day, 1320) &&
		    !class_is_open(&day, 0));
	assert_true(class_is_open(&night, 1320) && !class_is_open(&night, 420) &&
		    class_is_open(&night, 0));
}

/* ---- show and reload ---- */

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_policy_in_force_is_the_last_that_has_begun),
		T(an_error_of_the_policy_names_its_path),
		T(the_law_is_data),
		T(the_built_in_policy_has_the_rules_for_adverts),
		T(the_policy_has_at_most_sixty_four_entries),
		T(what_the_policy_does_not_know_is_refused),
		T(hours_may_go_over_midnight),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
