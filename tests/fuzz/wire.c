/* SPDX-License-Identifier: MIT */
/*
 * Paths into JSON answers, and values as text. Input: a path, a line end, a JSON
 * document. Says: what a path finds is in the document and in bounds; a value's
 * text fits, is one line of UTF-8, and is cut only when it says so; escaped text
 * reads back.
 */
#include "providers/wire.h"

#include <stdlib.h>

#include "base/text.h"
#include "tests/fuzz/fuzz.h"

#define FOUND_MAX 5

static bool
is_inside(const json_t *root, const json_t *v)
{
	const char *key;
	json_t *child;
	size_t i;

	if (root == v)
		return true;
	json_array_foreach (root, i, child)
		if (is_inside(child, v))
			return true;
	json_object_foreach ((json_t *)root, key, child)
		if (is_inside(child, v))
			return true;
	return false;
}

static void
check_value(const json_t *v)
{
	static const size_t sizes[] = {1, 2, 5, 40};

	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		char *out = xmalloc(sizes[i]);
		bool is_cut = false, is_text = wire_value_text(v, out, sizes[i], &is_cut);

		must_fit(out, sizes[i]);
		must(is_text == (json_is_string(v) || json_is_number(v) || json_is_boolean(v)),
		     "text or none?");
		must(is_text || out[0] == '\0', "text of what has none");
		for (const char *p = out; *p != '\0'; p++)
			must((unsigned char)*p >= 0x20 && *p != 0x7F, "a control character");
		if (json_is_string(v))
			must(is_cut == (strlen(json_string_value(v)) >= sizes[i]), "cut or not?");
		free(out);
	}
}

static void
check_path(const struct wire_path *path, const json_t *root)
{
	json_t *found[FOUND_MAX];
	size_t n = wire_path_all(path, root, found, FOUND_MAX);
	json_t *first = wire_path_get(path, root);

	must(n <= FOUND_MAX, "%zu found", n);
	must(first == (n > 0 ? found[0] : NULL), "the first is another");
	for (size_t i = 0; i < n; i++) {
		must(is_inside(root, found[i]), "found outside");
		check_value(found[i]);
	}
}

static void
check_escapes(struct slice s)
{
	struct arena a = {0};
	struct wire_out o = wire_out_new(&a, 1);
	struct err_ctx e = {0};
	json_t *v;

	wire_addc(&o, '"');
	wire_add_json(&o, s);
	wire_addc(&o, '"');
	must(text_find_malformed(wire_slice(&o)) < 0, "escaped text is not UTF-8");
	if (memchr(s.p, '\0', s.n) == NULL) {
		must(json_parse(wire_slice(&o), o.len, "text", &v, &e) == ERR_OK, "%s: %s", e.why,
		     wire_text(&o));
		if (text_find_malformed(s) < 0)
			must_be_equal(slice_of(json_string_value(v)), s, "texts");
		json_decref(v);
	}
	o = wire_out_new(&a, 1);
	wire_add_base64(&o, s);
	must(o.len == (s.n + 2) / 3 * 4, "%zu letters of base64 for %zu bytes", o.len, s.n);
	arena_free(&a);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice s = {(const char *)data, n};
	const char *end = n > 0 ? memchr(s.p, '\n', n) : NULL;
	struct wire_path path;
	struct err_ctx e = {0};
	json_t *root;
	char *text;

	if (end == NULL)
		return 0;
	text = xmemdup0(s.p, (size_t)(end - s.p));
	s = (struct slice){end + 1, n - (size_t)(end + 1 - s.p)};
	if (wire_path_parse(text, "a setting", &path, &e) != ERR_OK)
		must_be_words(e.why);
	else if (json_parse(s, n, "document", &root, NULL) == ERR_OK) {
		check_path(&path, root);
		json_decref(root);
	}
	if (s.n > 0)
		check_escapes(s);
	free(text);
	return 0;
}
