/* SPDX-License-Identifier: MIT */
/*
 * tests/cases/import: NAME.csv is a file as officials have it, NAME.report says what
 * comes of it. A report is JSON; every member of it must be so in ours:
 *   choices   what the importer chose (phone, map, keep, language_from)
 *   error     {line, column, says}: the import fails so; otherwise
 *   report    members of the import report; counts are complete: left_out, rejects
 *   names     "name:type …" of all columns
 *   rows      the kept rows' cells, "phone: cell|cell…"
 *   rejected  parts of the file of rejects
 * The counts were made by hand. Each file is read whole and byte by byte.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/import.h"

#define FOLDER "tests/cases/import/"

struct outcome {
	struct buf rows, report, names, rejects;
	enum err err;
	struct err_ctx e;
};

static void
print_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct outcome *o = arg;
	struct block b;

	assert_int_equal(block_open(bytes, &b, NULL), ERR_OK);
	for (uint32_t i = 0; i < rows; i++) {
		buf_addf(&o->rows, "%llu:", (unsigned long long)block_phone(&b, i));
		for (uint32_t c = 0; c < b.columns; c++) {
			buf_addc(&o->rows, c == 0 ? ' ' : '|');
			buf_add_slice(&o->rows, block_cell(&b, i, c));
		}
		buf_addc(&o->rows, '\n');
	}
	block_close(&b);
}

static struct buf
read_file(const char *name, const char *end)
{
	char path[200];
	struct buf b = {0};
	FILE *f;
	int c;

	snprintf(path, sizeof(path), FOLDER "%s%s", name, end);
	f = fopen(path, "r");
	if (f == NULL)
		fail_msg("%s cannot be read", path);
	while ((c = fgetc(f)) != EOF)
		buf_addc(&b, (char)c);
	fclose(f);
	return b;
}

static struct outcome
run(struct slice text, const json_t *want, size_t piece)
{
	struct outcome o = {0};
	struct import_choices choices = {0};
	struct json_at at = json_root(json_object_get(want, "choices"));
	struct import_options options = {
		.file = "t.csv", .choices = &choices, .on_block = print_block, .arg = &o};
	struct import *im;

	if (at.v != NULL && import_choices_read(&choices, &at, &o.e) != ERR_OK)
		fail_msg("choices: %s", o.e.why);
	im = import_new(&options);
	for (size_t i = 0; i < text.n && o.err == ERR_OK; i += piece)
		o.err = import_feed(
			im, (struct slice){text.p + i, text.n - i < piece ? text.n - i : piece},
			&o.e);
	if (o.err == ERR_OK)
		o.err = import_finish(im, &o.e);
	import_report(im, &o.report);
	buf_add_slice(&o.rejects, import_rejects(im));
	buf_addc(&o.rejects, '\0');
	for (uint32_t i = 0; i < import_schema(im)->count; i++)
		buf_addf(&o.names, "%s%s:%s", i > 0 ? " " : "", import_schema(im)->columns[i].name,
			 column_type_name(&import_schema(im)->columns[i]));
	import_free(im);
	import_choices_clear(&choices);
	return o;
}

static void
outcome_free(struct outcome *o)
{
	buf_free(&o->rows);
	buf_free(&o->report);
	buf_free(&o->names);
	buf_free(&o->rejects);
}

static json_int_t
sum_of(const json_t *counts)
{
	const char *key;
	json_t *v;
	json_int_t sum = 0;

	json_object_foreach ((json_t *)counts, key, v)
		sum += json_integer_value(v);
	return sum;
}

static void
check_report(const char *name, const struct outcome *o, const json_t *want)
{
	json_t *got = json_loadb(o->report.data, o->report.len, JSON_REJECT_DUPLICATES, NULL), *v;
	const char *key;

	assert_non_null(got);
	assert_int_equal(json_integer_value(json_object_get(got, "rows_read")),
			 json_integer_value(json_object_get(got, "rows_kept")) +
				 sum_of(json_object_get(got, "left_out")) +
				 sum_of(json_object_get(got, "rejects")));
	json_object_foreach (json_object_get(want, "report"), key, v) {
		json_t *have = json_object_get(got, key);

		if (!json_equal(have, v))
			fail_msg("%s: %s: %s", name, key,
				 have != NULL
					 ? json_dumps(have, JSON_ENCODE_ANY | JSON_PRESERVE_ORDER)
					 : "none");
	}
	json_decref(got);
}

static void
check_rows(const char *name, const struct outcome *o, const json_t *want)
{
	const json_t *rows = json_object_get(want, "rows");
	struct buf all = {0};
	json_t *v;
	size_t i;

	json_array_foreach (rows, i, v)
		buf_addf(&all, "%s\n", json_string_value(v));
	if (rows != NULL && !slice_eq(buf_slice(&all), buf_slice(&o->rows)))
		fail_msg("%s: rows:\n%s", name, o->rows.data);
	buf_free(&all);
	json_array_foreach (json_object_get(want, "rejected"), i, v)
		if (strstr(o->rejects.data, json_string_value(v)) == NULL)
			fail_msg("%s: rejects:\n%s", name, o->rejects.data);
}

static void
check_error(const char *name, const struct outcome *o, const json_t *error)
{
	const char *says = json_string_value(json_object_get(error, "says"));

	if (o->err != ERR_INPUT || strstr(o->e.why, says) == NULL)
		fail_msg("%s: error %d: %s", name, (int)o->err,
			 o->err != ERR_OK ? o->e.why : "none");
	assert_int_equal(o->e.line, json_integer_value(json_object_get(error, "line")));
	assert_int_equal(o->e.column, json_integer_value(json_object_get(error, "column")));
}

static void
check_case(const char *name)
{
	struct buf text = read_file(name, ".csv"), report = read_file(name, ".report");
	json_error_t where;
	json_t *want = json_loadb(report.data, report.len, JSON_REJECT_DUPLICATES, &where);
	const char *names = json_string_value(json_object_get(want, "names"));

	if (want == NULL)
		fail_msg("%s.report:%d: %s", name, where.line, where.text);
	for (int i = 0; i < 2; i++) {
		struct outcome o = run(buf_slice(&text), want, i == 0 ? text.len + 1 : 1);

		if (json_object_get(want, "error") != NULL) {
			check_error(name, &o, json_object_get(want, "error"));
		} else {
			if (o.err != ERR_OK)
				fail_msg("%s: %s", name, o.e.why);
			check_report(name, &o, want);
			check_rows(name, &o, want);
			if (names != NULL && strcmp(names, o.names.data) != 0)
				fail_msg("%s: names: %s", name, o.names.data);
		}
		outcome_free(&o);
	}
	json_decref(want);
	buf_free(&text);
	buf_free(&report);
}

static void
one_case(void **state)
{
	check_case(*state);
}

static int
by_name(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return n > 7 && strcmp(d->d_name + n - 7, ".report") == 0;
}

int
main(void)
{
	struct dirent **files;
	int count = scandir(FOLDER, &files, by_name, alphasort), rc;
	struct CMUnitTest *tests;

	if (count <= 0)
		return 1;
	tests = xcalloc((size_t)count, sizeof(*tests));
	for (int i = 0; i < count; i++) {
		files[i]->d_name[strlen(files[i]->d_name) - 7] = '\0';
		tests[i] = (struct CMUnitTest){.name = files[i]->d_name,
					       .test_func = one_case,
					       .initial_state = files[i]->d_name};
	}
	rc = _cmocka_run_group_tests("import cases", tests, (size_t)count, NULL, NULL);
	for (int i = 0; i < count; i++)
		free(files[i]);
	free(files);
	free(tests);
	return rc;
}
