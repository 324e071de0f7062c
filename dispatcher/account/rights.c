/* SPDX-License-Identifier: MIT */
#include "dispatcher/account/rights.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

struct word {
	const char *name;
	unsigned rights;
};

static const struct word rights[] = {
	{"view", RIGHT_VIEW},	    {"author", RIGHT_AUTHOR},	  {"approve", RIGHT_APPROVE},
	{"operate", RIGHT_OPERATE}, {"personal", RIGHT_PERSONAL}, {"admin", RIGHT_ADMIN},
};

#define X(name, bits) {#name, bits},
static const struct word roles[] = {ROLES(X)};
#undef X

/* The next word of a text with commas between; false: there is none. */
static bool
next_word(struct slice *rest, struct slice *out)
{
	const char *comma = rest->n > 0 ? memchr(rest->p, ',', rest->n) : NULL;
	size_t n = comma != NULL ? (size_t)(comma - rest->p) : rest->n;

	if (rest->n == 0)
		return false;
	*out = slice_trim((struct slice){rest->p, n});
	n += comma != NULL;
	rest->p += n;
	rest->n -= n;
	return true;
}

static const struct word *
find(const struct word *words, size_t count, struct slice name)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(name, words[i].name))
			return &words[i];
	return NULL;
}

static const char *
names_of(const struct word *words, size_t count, unsigned wanted, char *out)
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < count; i++)
		if ((words[i].rights & wanted) != 0)
			n += (size_t)snprintf(out + n, RIGHTS_TEXT_MAX - n, "%s%s",
					      n > 0 ? ", " : "", words[i].name);
	return out;
}

static enum err
parse(const struct word *words, size_t count, const char *what, struct slice text, unsigned *out,
      struct err_ctx *e)
{
	char known[RIGHTS_TEXT_MAX];
	struct slice word;

	*out = 0;
	while (next_word(&text, &word)) {
		const struct word *w = find(words, count, word);

		if (w == NULL)
			return err_set(e, ERR_INPUT, what, names_of(words, count, ~0u, known),
				       "\"%.*s\" is none", (int)(word.n < 60 ? word.n : 60),
				       word.p);
		*out |= w->rights;
	}
	return ERR_OK;
}

static unsigned
known(const struct word *words, size_t count, struct slice text)
{
	unsigned out = 0;
	struct slice word;

	while (next_word(&text, &word)) {
		const struct word *w = find(words, count, word);

		out |= w != NULL ? w->rights : 0;
	}
	return out;
}

enum err
rights_parse(const char *what, struct slice text, unsigned *out, struct err_ctx *e)
{
	return parse(rights, ARRAY_LEN(rights), what, text, out, e);
}

enum err
roles_parse(const char *what, struct slice text, unsigned *out, struct err_ctx *e)
{
	return parse(roles, ARRAY_LEN(roles), what, text, out, e);
}

unsigned
roles_rights(struct slice text)
{
	return known(roles, ARRAY_LEN(roles), text);
}

unsigned
rights_known(struct slice text)
{
	return known(rights, ARRAY_LEN(rights), text);
}

const char *
rights_text(unsigned wanted, char *out)
{
	return names_of(rights, ARRAY_LEN(rights), wanted, out);
}

const char *
roles_with(unsigned wanted, char *out)
{
	return names_of(roles, ARRAY_LEN(roles), wanted, out);
}
