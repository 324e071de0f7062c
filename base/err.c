/* SPDX-License-Identifier: MIT */
#include "base/err.h"

#include <stdio.h>

#include "base/text.h"

static const struct {
	enum err code;
	int exit_code, http_status;
	const char *name;
} table[] = {
	{ERR_OK, 0, 200, "ok"},
	{ERR_INPUT, 1, 422, "input"},
	{ERR_USAGE, 2, 400, "usage"},
	{ERR_UNREACHABLE, 3, 503, "unreachable"},
	{ERR_REFUSED, 4, 403, "refused"},
	{ERR_NOT_FOUND, 1, 404, "not-found"},
	{ERR_CONFLICT, 1, 409, "conflict"},
	{ERR_SYSTEM, 3, 500, "system"},
};

/*
 * Words that were cut to fit end in a whole character, and a byte that is none,
 * as a parser may quote it, becomes '?': the line also goes into JSON.
 */
static void
mend(char *words)
{
	ptrdiff_t at;

	while ((at = text_find_malformed(slice_of(words))) >= 0) {
		const char *rest = words + at + 1;

		while ((*rest & 0xC0) == 0x80)
			rest++;
		words[at] = *rest == '\0' ? '\0' : '?';
	}
}

enum err
err_set(struct err_ctx *e, enum err code, const char *what, const char *todo, const char *why_fmt,
	...)
{
	va_list ap;

	if (e == NULL)
		return code;
	*e = (struct err_ctx){.code = code};
	snprintf(e->what, sizeof(e->what), "%s", what ? what : "");
	snprintf(e->todo, sizeof(e->todo), "%s", todo ? todo : "");
	va_start(ap, why_fmt);
	vsnprintf(e->why, sizeof(e->why), why_fmt, ap);
	va_end(ap);
	mend(e->what);
	mend(e->why);
	mend(e->todo);
	return code;
}

void
err_print(const struct err_ctx *e, struct buf *out)
{
	const char *sep = "";

	for (int i = 0; i < 3; i++) {
		const char *s = i == 0 ? e->what : i == 1 ? e->why : e->todo;

		if (s[0] == '\0')
			continue;
		buf_addf(out, "%s%s", sep, s);
		sep = ": ";
	}
}

int
err_exit_code(enum err code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].exit_code;
	return 3;
}

int
err_http_status(enum err code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].http_status;
	return 500;
}

const char *
err_name(enum err code)
{
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].code == code)
			return table[i].name;
	return "system";
}

#define NEAREST_MAX 64

/* Optimal string alignment distance over bytes; `limit` ends it early. */
static size_t
edit_distance(const char *a, size_t an, const char *b, size_t bn)
{
	size_t d[3][NEAREST_MAX + 1];

	for (size_t j = 0; j <= bn; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= an; i++) {
		size_t *cur = d[i % 3], *prev = d[(i + 2) % 3], *prev2 = d[(i + 1) % 3];

		cur[0] = i;
		for (size_t j = 1; j <= bn; j++) {
			size_t cost = a[i - 1] != b[j - 1];
			size_t best = prev[j - 1] + cost;

			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (cur[j - 1] + 1 < best)
				best = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    prev2[j - 2] + 1 < best)
				best = prev2[j - 2] + 1;
			cur[j] = best;
		}
	}
	return d[an % 3][bn];
}

const char *
nearest_name(const char *word, const char *const *names, size_t count)
{
	size_t n = strlen(word), best = SIZE_MAX;
	const char *found = NULL;

	if (n == 0 || n > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t m = strlen(names[i]);
		size_t d;

		if (m > NEAREST_MAX)
			continue;
		d = edit_distance(word, n, names[i], m);
		if (d < best) {
			best = d;
			found = names[i];
		}
	}
	return best <= (n <= 4 ? 1 : n / 3 + 1) ? found : NULL;
}
