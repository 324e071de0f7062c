/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static struct err_ctx last;

static const char *
words(void)
{
	static struct buf out;

	buf_reset(&out);
	err_print(&last, &out);
	return out.data;
}

static enum err
parse(struct slice text, json_t **out)
{
	last = (struct err_ctx){0};
	return json_parse(text, 1000, "file", out, &last);
}

static json_t *
document(const char *text)
{
	json_t *v;

	if (parse(slice_of(text), &v) != ERR_OK)
		fail_msg("%s", words());
	return v;
}

static void
errors_of_syntax_have_their_line_and_column(void **state)
{
	json_t *v = (json_t *)&last;

	(void)state;
	assert_int_equal(parse(SLICE("{\n \"a\": 1,\n \"b\": x\n}"), &v), ERR_INPUT);
	assert_null(v);
	assert_int_equal(last.line, 3);
	assert_string_equal(last.what, "file");
	assert_non_null(strstr(words(), "line 3"));
	assert_int_equal(parse(SLICE(""), &v), ERR_INPUT);
	assert_int_equal(parse((struct slice){NULL, 0}, &v), ERR_INPUT);
	assert_int_equal(parse(SLICE("1 2"), &v), ERR_INPUT);
	assert_int_equal(parse(SLICE("\"\xff\""), &v), ERR_INPUT);
	assert_int_equal(parse(SLICE("\"a\\u0000\""), &v), ERR_INPUT);
	assert_int_equal(json_parse(SLICE("{"), 10, "file", &v, NULL), ERR_INPUT);
	parse(SLICE("{\"to\":\"84912345678\" x"), &v);
	assert_non_null(strstr(words(), "line 1 column"));
	json_hide_text(&last);
	assert_non_null(strstr(words(), "line 1 column"));
	parse(SLICE("{\"to\":\"84912345678"), &v);
	json_hide_text(&last);
	assert_null(strstr(words(), "8491234"));
}

static void
a_key_stands_once_at_its_level(void **state)
{
	json_t *v;

	(void)state;
	assert_int_equal(parse(SLICE("{\"a\": 1,\n \"a\": 2}"), &v), ERR_INPUT);
	assert_non_null(strstr(words(), "uplicate"));
	assert_int_equal(last.line, 2);
	assert_int_equal(parse(SLICE("[{\"a\": 1}, {\"a\": {\"a\": 2}}]"), &v), ERR_OK);
	json_decref(v);
}

static void
a_text_is_at_most_as_long_as_allowed(void **state)
{
	json_t *v;

	(void)state;
	assert_int_equal(json_parse(SLICE("[1, 2]"), 6, "file", &v, &last), ERR_OK);
	json_decref(v);
	assert_int_equal(json_parse(SLICE("[1, 2]"), 5, "file", &v, &last), ERR_INPUT);
	assert_string_equal(words(), "file: has more than 5 bytes: make it smaller");
}

static enum err
parse_nested(size_t levels, const char *inside)
{
	struct buf b = {0};
	json_t *v;
	enum err rc;

	for (size_t i = 0; i < levels; i++)
		buf_adds(&b, i % 2 ? "[" : "{\"a\":");
	buf_adds(&b, inside);
	for (size_t i = levels; i-- > 0;)
		buf_adds(&b, i % 2 ? "]" : "}");
	rc = parse(buf_slice(&b), &v);
	json_decref(v);
	buf_free(&b);
	return rc;
}

static void
a_document_has_at_most_64_levels(void **state)
{
	json_t *v;
	char many[600];

	(void)state;
	assert_int_equal(parse_nested(64, "1"), ERR_OK);
	assert_int_equal(parse_nested(65, "1"), ERR_INPUT);
	assert_string_equal(words(), "file: is nested deeper than 64 levels");
	/* brackets in texts are no levels, also behind an escaped quote */
	assert_int_equal(parse_nested(64, "\"[[[{{{\\\"[[[\\\\\""), ERR_OK);
	/* neighbours are no levels */
	strncpy(many, "[", sizeof(many));
	for (size_t i = 0; i < 100; i++)
		memcpy(many + 1 + 3 * i, "[],", 3);
	memcpy(many + 301, "1]", 3);
	assert_int_equal(parse(slice_of(many), &v), ERR_OK);
	json_decref(v);
}

static void
errors_name_the_path(void **state)
{
	json_t *v =
		document("{\"providers\": [{\"rate\": 1}, {\"rate\": \"x\", \"n\": {\"b\": 3}}]}");
	struct json_at root = json_root(v), list = json_get(&root, "providers");
	struct json_at one = json_item(&list, 1), rate = json_get(&one, "rate");
	struct json_at n = json_get(&one, "n"), b = json_get(&n, "b");
	struct json_at none = json_get(&one, "none"), deep = json_get(&none, "deep");
	struct json_at beyond = json_item(&list, 2);
	int64_t i = 7;
	const char *s = "unchanged";

	(void)state;
	assert_int_equal(json_read_int(&rate, 0, 9, &i, &last), ERR_INPUT);
	assert_string_equal(words(), "providers[1].rate: must be a whole number, is a text");
	assert_int_equal(json_read_string(&b, &s, &last), ERR_INPUT);
	assert_string_equal(words(), "providers[1].n.b: must be a text, is a number");
	assert_int_equal(json_need_string(&deep, &s, &last), ERR_INPUT);
	assert_string_equal(words(), "providers[1].none.deep: is missing: add it");
	assert_null(beyond.v);
	assert_string_equal(beyond.path, "providers[2]");
	assert_int_equal(json_want_array(&root, &last), ERR_INPUT);
	assert_string_equal(words(), "document: must be a list, is an object");
	assert_int_equal(json_want_object(&list, &last), ERR_INPUT);
	assert_string_equal(words(), "providers: must be an object, is a list");
	assert_int_equal(i, 7);
	assert_string_equal(s, "unchanged");
	json_decref(v);
}

static void
a_path_of_any_length_stays_in_its_place(void **state)
{
	char key[500];
	json_t *v = json_object();
	struct json_at at = json_root(v);

	(void)state;
	memset(key, 'k', sizeof(key) - 1);
	key[sizeof(key) - 1] = '\0';
	for (int i = 0; i < 5; i++) {
		at = json_get(&at, key);
		at = json_item(&at, SIZE_MAX);
		assert_true(strlen(at.path) < sizeof(at.path));
	}
	assert_null(at.v);
	json_decref(v);
}

static void
numbers_stay_within_their_bounds(void **state)
{
	json_t *v = document("[5, 6, 4, 1.5, true, 5.0]");
	struct json_at root = json_root(v), five = json_item(&root, 0), six = json_item(&root, 1);
	struct json_at four = json_item(&root, 2), part = json_item(&root, 3);
	struct json_at yes = json_item(&root, 4), real = json_item(&root, 5);
	int64_t i = 0;
	double d = 0;
	bool is_yes = false;

	(void)state;
	assert_int_equal(json_read_int(&five, 5, 5, &i, &last), ERR_OK);
	assert_int_equal(i, 5);
	assert_int_equal(json_read_int(&six, 5, 5, &i, &last), ERR_INPUT);
	assert_string_equal(words(), "[1]: must be between 5 and 5, is 6");
	assert_int_equal(json_read_int(&four, 5, 5, &i, &last), ERR_INPUT);
	assert_int_equal(json_read_int(&part, 0, 9, &i, &last), ERR_INPUT);
	assert_int_equal(json_read_int(&real, 0, 9, &i, &last), ERR_INPUT);
	assert_int_equal(json_read_int(&yes, 0, 9, &i, &last), ERR_INPUT);
	assert_int_equal(i, 5);
	assert_int_equal(json_read_number(&part, 1.5, 2, &d, &last), ERR_OK);
	assert_true(d == 1.5);
	assert_int_equal(json_read_number(&five, 0, 5, &d, &last), ERR_OK);
	assert_true(d == 5);
	assert_int_equal(json_read_number(&six, 0, 5.5, &d, &last), ERR_INPUT);
	assert_string_equal(words(), "[1]: must be between 0 and 5.5, is 6");
	assert_int_equal(json_read_bool(&yes, &is_yes, &last), ERR_OK);
	assert_true(is_yes);
	assert_int_equal(json_read_bool(&five, &is_yes, &last), ERR_INPUT);
	json_decref(v);
	assert_int_equal(parse(SLICE("99999999999999999999"), &v), ERR_INPUT);
	assert_int_equal(parse(SLICE("1e999"), &v), ERR_INPUT);
}

static void
what_is_absent_changes_nothing_and_null_is_a_wrong_type(void **state)
{
	static const char *const names[] = {"a", "b"};
	json_t *v = document("{\"nil\": null, \"empty\": \"\"}");
	struct json_at root = json_root(v), none = json_get(&root, "none");
	struct json_at nil = json_get(&root, "nil"), empty = json_get(&root, "empty");
	const char *s = "s";
	int64_t i = 1;
	int c = 1;
	double d = 1;
	bool b = true;

	(void)state;
	assert_int_equal(json_read_string(&none, &s, &last), ERR_OK);
	assert_int_equal(json_read_int(&none, 5, 9, &i, &last), ERR_OK);
	assert_int_equal(json_read_number(&none, 5, 9, &d, &last), ERR_OK);
	assert_int_equal(json_read_bool(&none, &b, &last), ERR_OK);
	assert_int_equal(json_read_choice(&none, names, 2, &c, &last), ERR_OK);
	assert_int_equal(json_want_object(&none, &last), ERR_OK);
	assert_int_equal(json_want_array(&none, &last), ERR_OK);
	assert_int_equal(json_only_keys(&none, names, 2, &last), ERR_OK);
	assert_true(strcmp(s, "s") == 0 && i == 1 && c == 1 && d == 1 && b);
	assert_int_equal(json_read_string(&nil, &s, &last), ERR_INPUT);
	assert_string_equal(words(), "nil: must be a text, is null");
	assert_int_equal(json_read_string(&empty, &s, &last), ERR_OK);
	assert_string_equal(s, "");
	assert_int_equal(json_need_string(&empty, &s, &last), ERR_INPUT);
	assert_string_equal(words(), "empty: is empty: fill it in");
	json_decref(v);
}

static void
a_choice_is_one_of_its_names(void **state)
{
	static const char *const names[] = {"POST", "GET"};
	json_t *v = document("[\"GET\", \"get\", 1]");
	struct json_at root = json_root(v), get = json_item(&root, 0), low = json_item(&root, 1);
	struct json_at one = json_item(&root, 2);
	int c = 0;

	(void)state;
	assert_int_equal(json_read_choice(&get, names, COUNT(names), &c, &last), ERR_OK);
	assert_int_equal(c, 1);
	assert_int_equal(json_read_choice(&low, names, COUNT(names), &c, &last), ERR_INPUT);
	assert_string_equal(words(), "[1]: \"get\" is none of: POST, GET");
	assert_int_equal(json_read_choice(&one, names, COUNT(names), &c, &last), ERR_INPUT);
	json_decref(v);
}

static void
unknown_keys_are_refused_with_the_nearest_known_one(void **state)
{
	static const char *const names[] = {"rate", "concurrency"};
	json_t *v = document("{\"p\": {\"rate\": 1, \"concurency\": 2}, \"q\": {\"zzzz\": 1}}");
	struct json_at root = json_root(v), p = json_get(&root, "p"), q = json_get(&root, "q");
	struct json_at rate = json_get(&p, "rate");

	(void)state;
	assert_int_equal(json_only_keys(&p, names, COUNT(names), &last), ERR_INPUT);
	assert_string_equal(words(),
			    "p.concurency: is not a known key: did you mean \"concurrency\"?");
	assert_int_equal(json_only_keys(&q, names, COUNT(names), &last), ERR_INPUT);
	assert_string_equal(words(), "q.zzzz: is not a known key: known here: rate, concurrency");
	assert_int_equal(json_only_keys(&q, names, 0, &last), ERR_INPUT);
	assert_string_equal(words(), "q.zzzz: is not a known key: known here: none");
	assert_int_equal(json_only_keys(&rate, names, COUNT(names), &last), ERR_INPUT);
	assert_string_equal(words(), "p.rate: must be an object, is a number");
	json_decref(v);
}

static void
files_are_read_up_to_their_bound(void **state)
{
	char path[] = "/tmp/loa-json.XXXXXX";
	int fd = mkstemp(path);
	json_t *v;

	(void)state;
	assert_int_equal(write(fd, "{\"a\": 1}", 8), 8);
	close(fd);
	assert_int_equal(json_read_file(path, 8, &v, &last), ERR_OK);
	json_decref(v);
	assert_int_equal(json_read_file(path, 7, &v, &last), ERR_INPUT);
	assert_string_equal(last.what, path);
	unlink(path);
	assert_int_equal(json_read_file(path, 8, &v, &last), ERR_NOT_FOUND);
	assert_null(v);
	assert_int_equal(json_read_file("/tmp", 8, &v, &last), ERR_SYSTEM);
}

static void
texts_are_written_so_that_any_reader_takes_them(void **state)
{
	struct buf out = {0};
	json_t *v;

	(void)state;
	json_add_string(&out, SLICE("a\"\\\n\t\r\b\0\x1f\x7f/Việt"));
	assert_string_equal(out.data, "\"a\\\"\\\\\\n\\t\\r\\u0008\\u0000\\u001f\\u007f/Việt\"");
	buf_reset(&out);
	json_add_string(&out, SLICE("a\xff"
				    "b\xe1\xbb"));
	assert_string_equal(out.data, "\"a\xef\xbf\xbd"
				      "b\xef\xbf\xbd\xef\xbf\xbd\"");
	buf_reset(&out);
	v = document("{\"z\": [1, true, null], \"a\": \"x\"}");
	json_add_value(&out, v);
	assert_string_equal(out.data, "{\"z\":[1,true,null],\"a\":\"x\"}");
	json_decref(v);
	buf_free(&out);
}

static void
a_slice_becomes_a_text_unless_it_is_malformed(void **state)
{
	json_t *v = json_of_slice(SLICE("Việt"));

	(void)state;
	assert_string_equal(json_string_value(v), "Việt");
	json_decref(v);
	v = json_of_slice((struct slice){NULL, 0});
	assert_string_equal(json_string_value(v), "");
	json_decref(v);
	assert_null(json_of_slice(SLICE("\xc0\x80")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(errors_of_syntax_have_their_line_and_column),
		cmocka_unit_test(a_key_stands_once_at_its_level),
		cmocka_unit_test(a_text_is_at_most_as_long_as_allowed),
		cmocka_unit_test(a_document_has_at_most_64_levels),
		cmocka_unit_test(errors_name_the_path),
		cmocka_unit_test(a_path_of_any_length_stays_in_its_place),
		cmocka_unit_test(numbers_stay_within_their_bounds),
		cmocka_unit_test(what_is_absent_changes_nothing_and_null_is_a_wrong_type),
		cmocka_unit_test(a_choice_is_one_of_its_names),
		cmocka_unit_test(unknown_keys_are_refused_with_the_nearest_known_one),
		cmocka_unit_test(files_are_read_up_to_their_bound),
		cmocka_unit_test(texts_are_written_so_that_any_reader_takes_them),
		cmocka_unit_test(a_slice_becomes_a_text_unless_it_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
