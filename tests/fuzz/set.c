/* SPDX-License-Identifier: MIT */
/*
 * Template sets and wordings. Input: the bytes. Says: what is read is written down so that it is read
 * again as the same, somebody in any language gets a text, and every error has its place in the bytes.
 */
#include "templates/set.h"

#include <stdlib.h>

#include "dispatcher/run/wording.h"
#include "tests/fuzz/fuzz.h"

static size_t
line_count(struct slice s)
{
	size_t n = 1;

	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

static void
check_error(void *arg, const struct set_error *e)
{
	const struct slice *input = arg;
	int line, column;

	must_fit(e->path, sizeof(e->path));
	must_fit(e->message, sizeof(e->message));
	set_place(*input, e, &line, &column);
	must(line >= 1 && column >= 1, "the place is %d:%d", line, column);
	if (set_is_document(*input) && !e->is_syntax)
		must((size_t)line <= line_count(*input), "line %d is behind the end", line);
}

static void
check_set(const struct template_set *s)
{
	static const char *const tags[] = {"", "vi", "km-KH", "hmn-Latn-VN", "xx"};
	struct buf first = {0}, second = {0};
	struct template_set *again;

	set_encode(s, &first);
	again = set_read(buf_slice(&first), NULL, NULL);
	must(again != NULL, "what was written down is not read");
	set_encode(again, &second);
	must_be_equal(buf_slice(&first), buf_slice(&second), "a set and the same read again");
	for (size_t i = 0; set_has_sms(s) && i < sizeof(tags) / sizeof(tags[0]); i++)
		must(s->texts[set_choose(s, tags[i])].template != NULL, "nobody speaks %s",
		     tags[i]);
	set_free(again);
	buf_free(&first);
	buf_free(&second);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice input = {(const char *)data, n}, copy = fuzz_copy(input);
	struct template_set *s = set_read(copy, check_error, &copy);
	struct wording_opened w;
	struct err_ctx e;

	if (s != NULL)
		check_set(s);
	set_free(s);
	if (wording_open(copy, &w, &e) == ERR_OK)
		wording_clear(&w);
	free((char *)(uintptr_t)copy.p);
	return 0;
}
