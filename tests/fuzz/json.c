/* SPDX-License-Identifier: MIT */
/*
 * JSON. Input: any text. Says: a document printed and read again is the same,
 * and Jansson reads our print too; any bytes become one sound JSON string.
 */
#include "base/json.h"

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define BYTES_MAX (1u << 20)

static bool
is_within(const json_t *v, size_t levels)
{
	const char *key;
	json_t *child;
	size_t i;

	if (levels == 0)
		return !json_is_array(v) && !json_is_object(v);
	json_array_foreach (v, i, child)
		if (!is_within(child, levels - 1))
			return false;
	json_object_foreach ((json_t *)v, key, child)
		if (!is_within(child, levels - 1))
			return false;
	return true;
}

static void
check_again(const json_t *v)
{
	struct err_ctx e = {0};
	struct buf out = {0}, twice = {0};
	json_t *back, *theirs;

	json_add_value(&out, v);
	must(text_find_malformed(buf_slice(&out)) < 0, "printed JSON is not UTF-8");
	must(json_parse(buf_slice(&out), BYTES_MAX * 8, "again", &back, &e) == ERR_OK,
	     "our own print is refused: %s: %s", e.why, out.data);
	must(json_equal(v, back), "read again it is another: %s", out.data);
	json_add_value(&twice, back);
	must_be_equal(buf_slice(&out), buf_slice(&twice), "prints");
	theirs = json_loadb(out.data, out.len, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	must(json_equal(v, theirs), "Jansson reads another: %s", out.data);
	json_decref(theirs);
	json_decref(back);
	buf_free(&out);
	buf_free(&twice);
}

/* Reads that must not fall over, whatever is there. */
static void
read_typed(json_t *v)
{
	static const char *const names[] = {"name", "rate", "a"};
	struct json_at root = json_root(v), at = json_get(&root, "name"),
		       item = json_item(&root, 0);
	struct err_ctx e = {0};
	const char *s = "";
	int64_t i = 7;
	double d = 7;

	if (json_only_keys(&root, names, 3, &e) != ERR_OK)
		must_be_words(e.why);
	if (json_read_string(&at, &s, &e) == ERR_OK)
		must(text_find_malformed(slice_of(s)) < 0, "a string is not UTF-8");
	else
		must_be_words(e.why);
	if (json_read_int(&item, 0, 100, &i, &e) == ERR_OK)
		must(i >= 0 && i <= 100, "%lld", (long long)i);
	if (json_read_number(&item, 0, 100, &d, &e) == ERR_OK)
		must(d >= 0 && d <= 100, "%g", d);
}

static void
check_string(struct slice s)
{
	struct buf out = {0};
	struct err_ctx e = {0};
	json_t *v;

	json_add_string(&out, s);
	if (memchr(s.p, '\0', s.n) == NULL) {
		must(json_parse(buf_slice(&out), BYTES_MAX * 8, "string", &v, &e) == ERR_OK,
		     "%s: %s", e.why, out.data);
		must(json_is_string(v), "no string: %s", out.data);
		if (text_find_malformed(s) < 0)
			must_be_equal((struct slice){json_string_value(v), json_string_length(v)},
				      s, "strings");
		json_decref(v);
	}
	v = json_of_slice(s);
	must((v == NULL) == (text_find_malformed(s) >= 0), "json_of_slice says otherwise");
	json_decref(v);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice text = {(const char *)data, n};
	struct err_ctx e = {0};
	json_t *v = NULL;

	if (json_parse(text, BYTES_MAX, "input", &v, &e) == ERR_OK) {
		must(is_within(v, 64), "more than 64 levels");
		check_again(v);
		read_typed(v);
		must(json_parse(text, n - 1, "input", &(json_t *){NULL}, NULL) != ERR_OK,
		     "longer than it may be");
	} else {
		must(v == NULL, "an error and a document");
		must_fit(e.why, sizeof(e.why));
		must_be_words(e.why);
	}
	json_decref(v);
	if (n > 0)
		check_string(text);
	return 0;
}
