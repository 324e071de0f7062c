/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "providers/wire.h"

static struct arena arena;

static int
free_arena(void **state)
{
	(void)state;
	arena_free(&arena);
	return 0;
}

static const char *
base64(const char *s)
{
	struct wire_out o = wire_out_new(&arena, 0);

	wire_add_base64(&o, slice_of(s));
	return wire_text(&o);
}

/* RFC 4648, section 10. */
static void
base64_gives_the_vectors_of_its_standard(void **state)
{
	(void)state;
	assert_string_equal(base64(""), "");
	assert_string_equal(base64("f"), "Zg==");
	assert_string_equal(base64("fo"), "Zm8=");
	assert_string_equal(base64("foo"), "Zm9v");
	assert_string_equal(base64("foob"), "Zm9vYg==");
	assert_string_equal(base64("fooba"), "Zm9vYmE=");
	assert_string_equal(base64("foobar"), "Zm9vYmFy");
	assert_string_equal(base64("\xfb\xff\xfe"), "+//+");
}

/* RFC 3986, sections 2.2 and 2.3; the WHATWG form percent-encode set. */
static void
percent_and_form_keep_what_their_standards_keep(void **state)
{
	struct wire_out p = wire_out_new(&arena, 0), f = wire_out_new(&arena, 0);
	struct slice s = SLICE("aZ09-._~ *+&=/?%\x7f\xc3\xa9");

	(void)state;
	wire_add_percent(&p, s);
	assert_string_equal(wire_text(&p), "aZ09-._~%20%2A%2B%26%3D%2F%3F%25%7F%C3%A9");
	wire_add_form(&f, s);
	assert_string_equal(wire_text(&f), "aZ09-._%7E+*%2B%26%3D%2F%3F%25%7F%C3%A9");
}

/* Whatever bytes go in, Jansson reads the string, and well-formed text reads as itself. */
static void
json_text_is_read_back_by_a_parser(void **state)
{
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		char in[24];
		struct wire_out o = wire_out_new(&arena, 0);
		json_t *v, *as_text;
		size_t n = (size_t)round % sizeof(in);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1103515245u + 12345u;
			in[i] = (char)(seed >> 16);
			if (in[i] == '\0')
				in[i] = '"';
		}
		wire_addc(&o, '"');
		wire_add_json(&o, (struct slice){in, n});
		wire_addc(&o, '"');
		v = json_loadb(o.p, o.len, JSON_DECODE_ANY, NULL);
		assert_non_null(v);
		as_text = json_stringn(in, n);
		if (as_text != NULL)
			assert_true(json_equal(v, as_text));
		json_decref(v);
		json_decref(as_text);
		arena_reset(&arena);
	}
}

/* Unicode 15, table 3-7: each row's neighbours just outside. */
static void
json_text_replaces_malformed_utf8(void **state)
{
	static const char *const bad[] = {"\x80",	  "\xc1\xbf",	      "\xe0\x9f\xbf",
					  "\xed\xa0\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
					  "\xf5",	  "\xe1\xba"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct wire_out o = wire_out_new(&arena, 0);
		size_t n = strlen(bad[i]);

		wire_add_json(&o, slice_of(bad[i]));
		assert_int_equal(o.len, 3 * n);
		for (size_t k = 0; k < n; k++)
			assert_memory_equal(o.p + 3 * k, "\xef\xbf\xbd", 3);
	}
}

static void
out_grows_from_the_smallest_guess(void **state)
{
	struct wire_out o = wire_out_new(&arena, 0);

	(void)state;
	for (int i = 0; i < 10000; i++)
		wire_add(&o, SLICE("0123456789"));
	assert_int_equal(o.len, 100000);
	for (size_t i = 0; i < o.len; i++)
		assert_int_equal(o.p[i], '0' + (char)(i % 10));
}

static void
form_decodes_as_its_standard_says(void **state)
{
	json_t *v = wire_form_decode(SLICE("a=1+2&b=%41%zz%&c&a=3&&%E1%BA%BF=x&bad=%ff&d==&n=%00"));

	(void)state;
	assert_string_equal(json_string_value(json_object_get(v, "a")), "1 2");
	assert_string_equal(json_string_value(json_object_get(v, "b")), "A%zz%");
	assert_string_equal(json_string_value(json_object_get(v, "c")), "");
	assert_string_equal(json_string_value(json_object_get(v, "ế")), "x");
	assert_string_equal(json_string_value(json_object_get(v, "d")), "=");
	assert_null(json_object_get(v, "bad"));
	assert_null(json_object_get(v, "n"));
	assert_int_equal(json_object_size(v), 5);
	json_decref(v);
	v = wire_form_decode(SLICE(""));
	assert_int_equal(json_object_size(v), 0);
	json_decref(v);
}

static void
form_with_too_many_fields_is_refused(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < WIRE_FORM_FIELDS + 1; i++)
		buf_addf(&b, "k%d=v&", i);
	assert_null(wire_form_decode(buf_slice(&b)));
	buf_free(&b);
}

static const char *
at(const char *path, const json_t *v)
{
	static char out[40];
	struct wire_path p;
	struct err_ctx e;

	assert_int_equal(wire_path_parse(path, "test", &p, &e), ERR_OK);
	if (!wire_value_text(wire_path_get(&p, v), out, sizeof(out), NULL))
		return "-";
	return out;
}

static void
path_walks_keys_and_indexes(void **state)
{
	json_t *v = json_loads(
		"{\"a\":{\"b\":[{\"c\":7},{\"d\":true}]},\"x\":[[1,2],[3]],\"é\":1.5}", 0, NULL);
	json_t *all[8];
	struct wire_path p;

	(void)state;
	assert_string_equal(at("a.b[0].c", v), "7");
	assert_string_equal(at("a.b[1].d", v), "true");
	assert_string_equal(at("a.b[*].d", v), "true");
	assert_string_equal(at("x[1][0]", v), "3");
	assert_string_equal(at("é", v), "1.5");
	assert_string_equal(at("a.b[2].c", v), "-");
	assert_string_equal(at("a.b.c", v), "-");
	assert_string_equal(at("x.y", v), "-");
	assert_string_equal(at("a", v), "-");
	assert_int_equal(wire_path_parse("x[*][*]", "t", &p, NULL), ERR_OK);
	assert_int_equal(wire_path_all(&p, v, all, 8), 3);
	assert_int_equal(json_integer_value(all[2]), 3);
	assert_int_equal(wire_path_all(&p, v, all, 2), 2);
	assert_int_equal(wire_path_parse("", "t", &p, NULL), ERR_OK);
	assert_ptr_equal(wire_path_get(&p, v), v);
	json_decref(v);
}

static void
bad_path_is_refused(void **state)
{
	static const char *const bad[] = {"a..b",
					  ".a",
					  "a.",
					  "a[",
					  "a[]",
					  "a[x]",
					  "a]",
					  "a[1]b",
					  "a.[0]",
					  "a[-1]",
					  "a[1",
					  "a[12345678]",
					  "a.b.c.d.e.f.g.h.i.j.k.l.m"};
	char long_path[300];
	struct wire_path p;
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(wire_path_parse(bad[i], "answer.code", &p, &e), ERR_INPUT);
	assert_string_equal(e.what, "answer.code");
	memset(long_path, 'a', sizeof(long_path) - 1);
	long_path[sizeof(long_path) - 1] = '\0';
	assert_int_equal(wire_path_parse(long_path, "x", &p, &e), ERR_INPUT);
}

static void
value_is_cut_between_characters_and_kept_on_one_line(void **state)
{
	json_t *v = json_string("aếếế"), *line = json_string("a\nb\tc");
	char out[9];
	bool is_cut;

	(void)state;
	assert_true(wire_value_text(v, out, sizeof(out), &is_cut)); /* 1 + 3 + 3 + 3 bytes */
	assert_true(is_cut);
	assert_string_equal(out, "aếế");
	assert_true(wire_value_text(v, out, 8, &is_cut)); /* exactly two fit */
	assert_string_equal(out, "aếế");
	assert_true(wire_value_text(v, out, 7, &is_cut));
	assert_string_equal(out, "aế");
	assert_true(wire_value_text(line, out, sizeof(out), &is_cut));
	assert_false(is_cut);
	assert_string_equal(out, "a b c");
	assert_false(wire_value_text(NULL, out, sizeof(out), NULL));
	json_decref(v);
	json_decref(line);
}

static enum err
secret(const char *json, struct wire_secret *out, struct err_ctx *e)
{
	json_t *v = json_loads(json, JSON_DECODE_ANY, NULL);
	struct json_at where = json_root(v);
	enum err rc = wire_secret_read(&where, out, e);

	json_decref(v);
	return rc;
}

static void
secret_comes_from_text_file_or_environment(void **state)
{
	const char *folder = getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp";
	char path[140], json[180];
	int fd;
	struct wire_secret s = {0};
	struct err_ctx e = {0};

	(void)state;
	snprintf(path, sizeof(path), "%.100s/loa-wire-XXXXXX", folder);
	fd = mkstemp(path);
	assert_int_equal(write(fd, "s3cret\r\n", 8), 8);
	close(fd);
	snprintf(json, sizeof(json), "{\"file\": \"%s\"}", path);
	assert_int_equal(secret("\"plain\"", &s, &e), ERR_OK);
	assert_string_equal(s.bytes, "plain");
	assert_int_equal(secret(json, &s, &e), ERR_OK);
	assert_string_equal(s.bytes, "s3cret");
	assert_int_equal(s.n, 6);
	assert_int_equal(setenv("LOA_TEST_SECRET", "from-env", 1), 0);
	assert_int_equal(secret("{\"env\": \"LOA_TEST_SECRET\"}", &s, &e), ERR_OK);
	assert_string_equal(s.bytes, "from-env");
	unlink(path);
	assert_int_equal(secret(json, &s, &e), ERR_INPUT);
	assert_string_equal(e.what, path);
	assert_string_equal(s.bytes, "from-env"); /* a failure changes nothing */
	wire_secret_clear(&s);
	assert_null(s.bytes);
}

static void
bad_secret_is_refused_and_not_shown(void **state)
{
	static const char *const bad[] = {"{}",
					  "\"\"",
					  "7",
					  "{\"file\": \"/tmp/x\", \"env\": \"Y\"}",
					  "{\"env\": \"LOA_NOT_THERE\"}",
					  "{\"fil\": \"/tmp/x\"}",
					  "{\"file\": \"/dev/zero\"}",
					  "{\"file\": \"/tmp\"}"};
	struct wire_secret s = {0};
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_int_not_equal(secret(bad[i], &s, &e), ERR_OK);
		assert_null(s.bytes);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(base64_gives_the_vectors_of_its_standard),
		cmocka_unit_test(percent_and_form_keep_what_their_standards_keep),
		cmocka_unit_test(json_text_is_read_back_by_a_parser),
		cmocka_unit_test(json_text_replaces_malformed_utf8),
		cmocka_unit_test(out_grows_from_the_smallest_guess),
		cmocka_unit_test(form_decodes_as_its_standard_says),
		cmocka_unit_test(form_with_too_many_fields_is_refused),
		cmocka_unit_test(path_walks_keys_and_indexes),
		cmocka_unit_test(bad_path_is_refused),
		cmocka_unit_test(value_is_cut_between_characters_and_kept_on_one_line),
		cmocka_unit_test(secret_comes_from_text_file_or_environment),
		cmocka_unit_test(bad_secret_is_refused_and_not_shown),
	};

	return cmocka_run_group_tests(tests, NULL, free_arena);
}
