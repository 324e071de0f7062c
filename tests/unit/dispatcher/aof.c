/* SPDX-License-Identifier: MIT */
/* What redis-check-aof 7.0.15 printed of files that were made for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dispatcher/aof.h"

static void
a_torn_transaction_ends_where_the_last_whole_one_did(void **state)
{
	struct aof_verdict v;

	(void)state;
	assert_true(aof_read_verdict(
		SLICE("Start to check INCR files.\n"
		      "0x            3682: Reached EOF before reading EXEC for MULTI\n"
		      "AOF analyzed: filename=appendonly.aof.1.incr.aof, size=13957, "
		      "ok_up_to=13915, "
		      "ok_up_to_line=1416, diff=42\n"
		      "AOF appendonly.aof.1.incr.aof is not valid. Use the --fix option to try "
		      "fixing it.\n"),
		&v));
	assert_string_equal(v.file, "appendonly.aof.1.incr.aof");
	assert_int_equal(v.size, 13957);
	assert_int_equal(v.good, 13915);
}

static void
of_several_files_the_last_one_is_meant(void **state)
{
	struct aof_verdict v;

	(void)state;
	assert_true(aof_read_verdict(
		SLICE("AOF analyzed: filename=appendonly.aof.2.base.aof, size=88, ok_up_to=88, "
		      "ok_up_to_line=1, diff=0\nBASE AOF appendonly.aof.2.base.aof is valid\n"
		      "AOF analyzed: filename=appendonly.aof.2.incr.aof, size=9, ok_up_to=9, "
		      "ok_up_to_line=1, diff=0\nAll AOF files and manifest are valid\n"),
		&v));
	assert_string_equal(v.file, "appendonly.aof.2.incr.aof");
	assert_int_equal(v.size, v.good);
}

static void
what_says_nothing_of_a_file_is_no_verdict(void **state)
{
	struct aof_verdict v;

	(void)state;
	assert_false(aof_read_verdict(SLICE(""), &v));
	assert_false(aof_read_verdict(SLICE("Cannot open file\n"), &v));
	assert_false(
		aof_read_verdict(SLICE("AOF analyzed: filename=../x, size=1, ok_up_to=0"), &v));
	assert_false(aof_read_verdict(SLICE("AOF analyzed: filename=a, size=1"), &v));
	assert_false(aof_read_verdict(SLICE("AOF analyzed: filename=a, size=1, ok_up_to=2"), &v));
	assert_string_equal(v.file, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_torn_transaction_ends_where_the_last_whole_one_did),
		cmocka_unit_test(of_several_files_the_last_one_is_meant),
		cmocka_unit_test(what_says_nothing_of_a_file_is_no_verdict),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
