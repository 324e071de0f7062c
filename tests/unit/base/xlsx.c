/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/base/xlsx_print.h"

#define FOLDER "tests/cases/lists"

static void
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

/* The .expected file without notes and what is for the program that makes the workbooks. */
static void
read_expected(const char *path, struct buf *out)
{
	struct buf all = {0};
	struct slice rest;

	read_file(path, &all);
	rest = buf_slice(&all);
	while (rest.n > 0) {
		struct slice line = slice_take_until(&rest, '\n');

		if (line.n == 0 || line.p[0] == '~' || (line.p[0] == '#' && line.p[1] == ' '))
			continue;
		buf_add_slice(out, line);
		buf_addc(out, '\n');
	}
	buf_free(&all);
}

static void
check_list(const char *name)
{
	struct buf path = {0}, want = {0}, got = {0};

	buf_addf(&path, FOLDER "/%s.expected", name);
	read_expected(path.data, &want);
	buf_reset(&path);
	buf_addf(&path, FOLDER "/%s.xlsx", name);
	if (access(path.data, F_OK) != 0)
		path.data[path.len - 1] = 'm';
	print_workbook(path.data, (struct xlsx_options){0}, &got);
	if (strcmp(want.data, got.data) != 0)
		print_error("%s\n", path.data);
	assert_string_equal(got.data, want.data);
	buf_free(&path);
	buf_free(&want);
	buf_free(&got);
}

static void
workbooks_of_several_programs_are_read_as_written_down_by_hand(void **state)
{
	DIR *d = opendir(FOLDER);
	struct dirent *f;
	int count = 0;

	(void)state;
	assert_non_null(d);
	while ((f = readdir(d)) != NULL) {
		char *ending = strstr(f->d_name, ".expected");

		if (ending == NULL)
			continue;
		*ending = '\0';
		check_list(f->d_name);
		count++;
	}
	closedir(d);
	assert_true(count >= 16);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workbooks_of_several_programs_are_read_as_written_down_by_hand),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
