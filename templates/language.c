/* SPDX-License-Identifier: MIT */
#include "templates/language.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"

#define NAMES_MAX 512u
#define NAME_MAX_BYTES 64u

struct language_name {
	char *name;  /* as normal() makes it */
	char *plain; /* the same without accents */
	char tag[LANGUAGE_MAX];
};

struct languages {
	char *columns[LANGUAGE_COLUMNS_MAX + 1];
	struct language_name *names;
	size_t count;
};

/* ---- tags ---- */

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static char
upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 32) : c;
}

/* A subtag that follows, in its letters: Latn, VN, 1996. */
static bool
add_subtag(char *out, struct slice part)
{
	if (part.n < 2 || part.n > 8)
		return false;
	for (size_t i = 0; i < part.n; i++) {
		bool is_big = part.n == 2 || (part.n == 4 && i == 0);

		if (!is_letter(part.p[i]) && (part.p[i] < '0' || part.p[i] > '9'))
			return false;
		out[i] = is_big ? upper(part.p[i]) : lower(part.p[i]);
	}
	return true;
}

static bool
read_tag(struct slice s, char *out)
{
	size_t at = 0, n = 0;

	if (s.n >= LANGUAGE_MAX)
		return false;
	while (n < s.n && s.p[n] != '-' && s.p[n] != '_')
		n++;
	if (n < 2 || n > 3)
		return false;
	for (; at < n; at++) {
		if (!is_letter(s.p[at]))
			return false;
		out[at] = lower(s.p[at]);
	}
	while (at < s.n) {
		size_t begin = ++at;

		while (at < s.n && s.p[at] != '-' && s.p[at] != '_')
			at++;
		out[begin - 1] = '-';
		if (!add_subtag(out + begin, (struct slice){s.p + begin, at - begin}))
			return false;
	}
	out[at] = '\0';
	return true;
}

bool
language_tag(struct slice s, char out[LANGUAGE_MAX])
{
	if (read_tag(slice_trim(s), out))
		return true;
	out[0] = '\0';
	return false;
}

bool
language_widen(char tag[LANGUAGE_MAX])
{
	char *last = strrchr(tag, '-');

	if (last == NULL)
		return false;
	*last = '\0';
	return true;
}

/* ---- names ---- */

static bool
take_word(struct slice *s, const char *word)
{
	size_t n = strlen(word);

	if (s->n <= n || memcmp(s->p, word, n) != 0)
		return false;
	*s = (struct slice){s->p + n, s->n - n};
	return true;
}

/* Folded, every sign a blank, no two blanks, none at the ends. False: malformed, or too long. */
static bool
add_normal(struct buf *out, struct slice s, bool is_plain)
{
	struct buf folded = {0};
	bool is_good =
		s.n <= NAME_MAX_BYTES * 2 &&
		(is_plain ? text_add_unaccented_folded(&folded, s) : text_add_folded(&folded, s));

	buf_adds(out, "");
	for (size_t i = 0; is_good && i < folded.len; i++) {
		char c = folded.data[i];
		bool is_sign = (unsigned char)c < 0x80 && !is_letter(c) && (c < '0' || c > '9');

		/* ’ and ʼ, as word processors write H’Mông */
		if (folded.len - i >= 3 && memcmp(folded.data + i, "\xE2\x80\x99", 3) == 0) {
			is_sign = true;
			i += 2;
		} else if (folded.len - i >= 2 && memcmp(folded.data + i, "\xCA\xBC", 2) == 0) {
			is_sign = true;
			i++;
		}
		if (!is_sign)
			buf_addc(out, c);
		else if (out->len > 0 && out->data[out->len - 1] != ' ')
			buf_addc(out, ' ');
	}
	while (out->len > 0 && out->data[out->len - 1] == ' ')
		out->data[--out->len] = '\0';
	buf_free(&folded);
	return is_good;
}

/* What stands before a name in lists: "tiếng Khmer". */
static struct slice
bare(const struct buf *b)
{
	static const char *const words[] = {"tiếng ",	"tieng ", "dân tộc ",
					    "dan toc ", "người ", "nguoi "};
	struct slice s = {b->data, b->len};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		take_word(&s, words[i]);
	return s;
}

static const char *
find_name(const struct languages *t, struct slice cell, bool is_plain)
{
	struct buf b = {0};
	const char *found = NULL;

	if (add_normal(&b, cell, is_plain)) {
		struct slice s = bare(&b);

		for (size_t i = 0; i < t->count && found == NULL; i++)
			if (slice_is(s, is_plain ? t->names[i].plain : t->names[i].name))
				found = t->names[i].tag;
		/* without accents Hán and Hàn are one word: it says neither */
		for (size_t i = 0; i < t->count && found != NULL && is_plain; i++)
			if (slice_is(s, t->names[i].plain) && strcmp(t->names[i].tag, found) != 0)
				found = NULL;
	}
	buf_free(&b);
	return found;
}

bool
language_find(const struct languages *t, struct slice cell, char out[LANGUAGE_MAX])
{
	const char *found = find_name(t, cell, false);

	if (found == NULL)
		found = find_name(t, cell, true);
	if (found == NULL)
		return language_tag(cell, out);
	memcpy(out, found, strlen(found) + 1);
	return true;
}

/* ---- the table ---- */

static enum err
read_name(struct languages *t, const struct json_at *at, const char *tag, struct err_ctx *e)
{
	struct language_name *n = &t->names[t->count];
	struct buf name = {0}, plain = {0};
	const char *text = "";
	enum err rc = json_need_string(at, &text, e);

	if (rc != ERR_OK)
		return rc;
	if (t->count == NAMES_MAX || strlen(text) > NAME_MAX_BYTES ||
	    !add_normal(&name, slice_of(text), false) ||
	    !add_normal(&plain, slice_of(text), true) || name.len == 0) {
		rc = err_set(e, ERR_INPUT, at->path, "", "is no name, too long, or one too many");
	} else {
		n->name = buf_take(&name);
		n->plain = buf_take(&plain);
		memcpy(n->tag, tag, LANGUAGE_MAX);
		t->count++;
	}
	buf_free(&name);
	buf_free(&plain);
	return rc;
}

static enum err
read_language(struct languages *t, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"tag", "names"};
	struct json_at tag = json_get(at, "tag"), names = json_get(at, "names");
	char canonical[LANGUAGE_MAX] = "";
	const char *text = "";
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&tag, &text, e)) != ERR_OK ||
	    (rc = json_want_array(&names, e)) != ERR_OK)
		return rc;
	if (!language_tag(slice_of(text), canonical))
		return err_set(e, ERR_INPUT, tag.path, "", "\"%.40s\" is no language tag", text);
	for (size_t i = 0; i < json_array_size(names.v) && rc == ERR_OK; i++) {
		struct json_at one = json_item(&names, i);

		rc = read_name(t, &one, canonical, e);
	}
	return rc;
}

static enum err
read_columns(struct languages *t, const struct json_at *root, struct err_ctx *e)
{
	struct json_at columns = json_get(root, "columns");
	enum err rc = json_want_array(&columns, e);

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(columns.v); i++) {
		struct json_at one = json_item(&columns, i);
		const char *text = "";

		if (i == LANGUAGE_COLUMNS_MAX)
			return err_set(e, ERR_INPUT, one.path, "", "is one too many");
		rc = json_need_string(&one, &text, e);
		if (rc == ERR_OK)
			t->columns[i] = xstrdup(text);
	}
	return rc;
}

enum err
languages_read(const struct json_at *root, struct languages **out, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "columns", "languages"};
	struct json_at list = json_get(root, "languages");
	struct languages *t = xcalloc(1, sizeof(*t));
	enum err rc;

	t->names = xcalloc(NAMES_MAX + 1, sizeof(*t->names));
	if ((rc = json_want_object(root, e)) == ERR_OK &&
	    (rc = json_only_keys(root, keys, ARRAY_LEN(keys), e)) == ERR_OK &&
	    (rc = read_columns(t, root, e)) == ERR_OK)
		rc = json_want_array(&list, e);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);

		rc = read_language(t, &one, e);
	}
	if (rc != ERR_OK) {
		languages_free(t);
		return rc;
	}
	*out = t;
	return ERR_OK;
}

void
languages_free(struct languages *t)
{
	if (t == NULL)
		return;
	for (size_t i = 0; i < LANGUAGE_COLUMNS_MAX; i++)
		free(t->columns[i]);
	for (size_t i = 0; i < t->count; i++) {
		free(t->names[i].name);
		free(t->names[i].plain);
	}
	free(t->names);
	free(t);
}

const char *const *
languages_columns(const struct languages *t)
{
	return (const char *const *)t->columns;
}
