/* SPDX-License-Identifier: MIT */
/* What a synopsis says, and that something is said about everything in it. */
#include "dispatcher/cli/manual.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/random.h"

/* "--phone=COLUMN --json" of a local verb with this synopsis. */
static const char *
options_of(const char *synopsis)
{
	static char out[400];
	const struct verb v = {"text", synopsis, "", NULL};
	struct verb_option options[VERB_OPTIONS_MAX];
	size_t n = verb_options(&v, options), at = 0;

	out[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(out + at, sizeof(out) - at, "%s%s%s%s", i > 0 ? " " : "",
				       options[i].name, options[i].value[0] != '\0' ? "=" : "",
				       options[i].value);
	return out;
}

static void
options_are_found_in_a_synopsis(void **state)
{
	(void)state;
	assert_string_equal(options_of(""), "");
	assert_string_equal(options_of("NAME FILE"), "");
	assert_string_equal(options_of("NAME FILE [--phone COLUMN]"), "--phone=COLUMN");
	assert_string_equal(options_of("[--plain] [--json]"), "--plain --json");
	assert_string_equal(options_of("FILE --data DIR [--force]"), "--data=DIR --force");
	assert_string_equal(options_of("SPEC [--from TIME] [-n N]"), "--from=TIME -n=N");
	assert_string_equal(options_of("[--roles api,send] -"), "--roles=api,send");
	assert_string_equal(options_of("[--a | --b]"), "--a --b");
	assert_string_equal(options_of("[--state S[,S]] [--full]"), "--state=S[,S] --full");
	assert_string_equal(options_of("[--wait [--timeout S]]"), "--wait --timeout=S");
	assert_string_equal(options_of("PHONE TEXT | --file F.jsonl [--key K]"),
			    "--file=F.jsonl --key=K");
	assert_string_equal(options_of("[--scope all|unit:N] --reason R"),
			    "--scope=all|unit:N --reason=R");
}

static void
something_is_said_about_every_option(void **state)
{
	struct verb_option options[VERB_OPTIONS_MAX];

	(void)state;
	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		size_t n = verb_options(v, options);

		assert_true(n < VERB_OPTIONS_MAX);
		for (size_t i = 0; i < n; i++)
			if (verb_option_help(v, options[i].name) == NULL)
				fail_msg("loa %s %s: add a line to manual_words.c", v->words,
					 options[i].name);
	}
}

static void
no_words_are_about_what_is_not_there(void **state)
{
	(void)state;
	for (const struct verb_words *w = verb_words; w->words != NULL; w++) {
		const struct verb *v = cli_verbs;

		while (v->words != NULL && strcmp(v->words, w->words) != 0)
			v++;
		if (v->words == NULL)
			fail_msg("manual_words.c: %s is no verb", w->words);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_found_in_a_synopsis),
		cmocka_unit_test(something_is_said_about_every_option),
		cmocka_unit_test(no_words_are_about_what_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
