/* SPDX-License-Identifier: MIT */
/*
 * The cases of tests/cases/text/: a JSON object a line is a test, "name" its
 * sentence, "text" what is given (a string, or pieces: a string, or [string,
 * times]); each other key is something to be so. Lines that begin with # are
 * for the reader.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/sms_table.h"
#include "templates/accents.h"
#include "templates/invisible.h"
#include "templates/vietnamese.h"

#define FOLDER "tests/cases/text"
#define CASES_MAX 1000
#define FOUND_MAX 64

static struct sms_table table;

struct given {
	const json_t *v;
	struct buf nfc;
	const struct sms_rules *rules; /* NULL = the standard */
};

static void
add_text(struct buf *out, const json_t *v)
{
	const json_t *piece;
	size_t i;

	if (json_is_string(v)) {
		buf_add(out, json_string_value(v), json_string_length(v));
		return;
	}
	json_array_foreach (v, i, piece) {
		json_int_t times =
			json_is_array(piece) ? json_integer_value(json_array_get(piece, 1)) : 1;

		for (json_int_t k = 0; k < times; k++)
			add_text(out, json_is_array(piece) ? json_array_get(piece, 0) : piece);
	}
}

static void
expect_text(const json_t *wanted, struct slice got)
{
	struct buf b = {0};

	add_text(&b, wanted);
	if (!slice_eq(buf_slice(&b), got))
		fail_msg("got \"%.*s\", wanted \"%.*s\"", (int)got.n, got.p, (int)b.len, b.data);
	buf_free(&b);
}

static uint32_t
first_of(const json_t *string)
{
	struct slice s = slice_of(json_string_value(string));

	return (uint32_t)text_next(&s);
}

/* ---- what may be said of a text ---- */

static void
expect_verdict(const struct given *g, const json_t *wanted)
{
	struct sms_bill b = sms_count_by(g->rules, buf_slice(&g->nfc));

	assert_string_equal(sms_verdict_name(b.verdict), json_string_value(wanted));
}

static void
expect_encoding(const struct given *g, const json_t *wanted)
{
	struct sms_bill b = sms_count_by(g->rules, buf_slice(&g->nfc));

	assert_string_equal(sms_encoding_name(b.count.encoding), json_string_value(wanted));
}

static void
expect_units(const struct given *g, const json_t *wanted)
{
	struct sms_bill b = sms_count_by(g->rules, buf_slice(&g->nfc));

	assert_int_equal(b.count.units, json_integer_value(wanted));
	if (g->rules == NULL)
		assert_int_equal(sms_count(buf_slice(&g->nfc)).units, b.count.units);
}

static void
expect_parts(const struct given *g, const json_t *wanted)
{
	struct sms_bill b = sms_count_by(g->rules, buf_slice(&g->nfc));

	assert_int_equal(b.count.parts, json_integer_value(wanted));
	if (g->rules == NULL)
		assert_int_equal(sms_count(buf_slice(&g->nfc)).parts, b.count.parts);
}

static void
expect_plain(const struct given *g, const json_t *wanted)
{
	struct buf plain = {0};

	plain_add(&plain, buf_slice(&g->nfc), NULL, 0);
	expect_text(wanted, buf_slice(&plain));
	buf_free(&plain);
}

static void
expect_lost(const struct given *g, const json_t *wanted)
{
	struct plain_lost lost[FOUND_MAX];
	struct buf plain = {0};
	size_t n = plain_add(&plain, buf_slice(&g->nfc), lost, FOUND_MAX);

	assert_int_equal(n, json_array_size(wanted));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(wanted, i);

		assert_int_equal(lost[i].code_point, first_of(json_array_get(one, 0)));
		assert_int_equal(lost[i].at, json_integer_value(json_array_get(one, 1)));
	}
	buf_free(&plain);
}

static void
expect_invisible(const struct given *g, const json_t *wanted)
{
	struct invisible found[FOUND_MAX];
	size_t n = invisible_find(buf_slice(&g->nfc), found, FOUND_MAX);

	assert_int_equal(n, json_array_size(wanted));
	for (size_t i = 0; i < n; i++) {
		const json_t *one = json_array_get(wanted, i);

		assert_string_equal(invisible_name(found[i].code_point),
				    json_string_value(json_array_get(one, 0)));
		assert_int_equal(found[i].at, json_integer_value(json_array_get(one, 1)));
	}
}

static void
expect_clean(const struct given *g, const json_t *wanted)
{
	struct buf clean = {0}, nfc = {0};

	invisible_clean(&clean, buf_slice(&g->nfc));
	assert_true(text_add_nfc(&nfc, buf_slice(&clean)));
	expect_text(wanted, buf_slice(&nfc));
	buf_free(&clean);
	buf_free(&nfc);
}

/* With the case's "sent", "sent_parts" and "sent_plain". */
static void
expect_accents(const struct given *g, const json_t *mode)
{
	struct buf plain = {0};
	struct accents_choice c;
	int k = 0;

	while (strcmp(accents_names[k], json_string_value(mode)) != 0)
		assert_true(++k < 3);
	c = accents_choose((enum accents)k, g->rules, buf_slice(&g->nfc), &plain);
	expect_text(json_object_get(g->v, "sent"), c.text);
	assert_int_equal(c.bill.count.parts,
			 json_integer_value(json_object_get(g->v, "sent_parts")));
	assert_int_equal(c.is_plain, json_is_true(json_object_get(g->v, "sent_plain")));
	buf_free(&plain);
}

static void
expect_nothing(const struct given *g, const json_t *wanted)
{
	(void)g;
	(void)wanted;
}

static const struct {
	const char *key;
	void (*expect)(const struct given *g, const json_t *wanted);
} keys[] = {
	{"name", expect_nothing},	{"text", expect_nothing},
	{"traffic", expect_nothing},	{"sent", expect_nothing},
	{"sent_parts", expect_nothing}, {"sent_plain", expect_nothing},
	{"accents", expect_accents},	{"clean", expect_clean},
	{"encoding", expect_encoding},	{"invisible", expect_invisible},
	{"lost", expect_lost},		{"parts", expect_parts},
	{"plain", expect_plain},	{"units", expect_units},
	{"verdict", expect_verdict},
};

/* ---- running ---- */

static const struct sms_rules *
rules_of(const json_t *traffic)
{
	if (traffic == NULL)
		return NULL;
	for (int k = 0; k < 3; k++)
		if (strcmp(sms_traffic_names[k], json_string_value(traffic)) == 0)
			return sms_table_today(&table, 0, (enum sms_traffic)k);
	fail_msg("no such traffic: %s", json_string_value(traffic));
	return NULL;
}

static void
play_case(void **state)
{
	json_t *v = *state, *wanted;
	struct given g = {.v = v, .rules = rules_of(json_object_get(v, "traffic"))};
	struct buf text = {0};
	const char *key;
	size_t said = 0;

	add_text(&text, json_object_get(v, "text"));
	assert_true(text_add_nfc(&g.nfc, buf_slice(&text)));
	json_object_foreach (v, key, wanted) {
		size_t k = 0;

		while (strcmp(keys[k].key, key) != 0)
			if (++k == ARRAY_LEN(keys))
				fail_msg("a case has no \"%s\"", key);
		keys[k].expect(&g, wanted);
		said += keys[k].expect != expect_nothing;
	}
	assert_true(said > 0);
	buf_free(&text);
	buf_free(&g.nfc);
}

static size_t
read_cases(const char *file, json_t **cases, size_t n)
{
	char path[300], *line = NULL;
	size_t cap = 0;
	ssize_t len;
	FILE *f;

	snprintf(path, sizeof(path), FOLDER "/%s", file);
	f = fopen(path, "r");
	assert_non_null(f);
	while ((len = getline(&line, &cap, f)) > 0 && n < CASES_MAX) {
		struct err_ctx e;

		if (line[0] == '#')
			continue;
		if (json_parse((struct slice){line, (size_t)len}, 1u << 20, path, &cases[n++],
			       &e) != ERR_OK) {
			fprintf(stderr, "%s: %s\n%s", path, e.why, line);
			exit(1);
		}
	}
	free(line);
	fclose(f);
	return n;
}

static size_t
read_folder(json_t **cases)
{
	struct dirent **entries;
	int files = scandir(FOLDER, &entries, NULL, alphasort);
	size_t n = 0;

	for (int i = 0; i < files; i++) {
		const char *dot = strrchr(entries[i]->d_name, '.');

		if (dot != NULL && strcmp(dot, ".jsonl") == 0)
			n = read_cases(entries[i]->d_name, cases, n);
		free(entries[i]);
	}
	if (files > 0)
		free(entries);
	return n;
}

int
main(void)
{
	static json_t *cases[CASES_MAX];
	static struct CMUnitTest tests[CASES_MAX];
	size_t n = read_folder(cases);
	struct err_ctx e;
	int failed;

	if (n == 0) {
		fprintf(stderr, "there are no cases in " FOLDER "; run from the top of the tree\n");
		return 1;
	}
	if (sms_table_load(NULL, &table, &e) != ERR_OK) {
		fprintf(stderr, "config/sms.json: %s: %s\n", e.what, e.why);
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){
			.name = json_string_value(json_object_get(cases[i], "name")),
			.test_func = play_case,
			.initial_state = cases[i]};
	failed = _cmocka_run_group_tests("text cases", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++)
		json_decref(cases[i]);
	return failed;
}
