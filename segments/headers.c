/* SPDX-License-Identifier: MIT */
#include "segments/headers.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"

#define FILE_BYTES_MAX (256u << 10)

extern const char headers_json_start[], headers_json_end[];
extern const char loa_languages_start[], loa_languages_end[];

struct title {
	struct slice words, plain; /* folded; the same without accents */
	bool needs_accents;
	struct header_known known;
};

struct word {
	struct slice words, plain;
};

struct word_list {
	struct word *items; /* [count] */
	size_t count;
};

struct hint {
	struct slice words; /* a title that begins with them */
	enum header_hint hint;
};

struct language {
	struct word_list names;
	const char *code;
};

struct headers {
	struct arena memory; /* of everything below */
	struct title *titles;
	size_t title_count;
	struct word_list phone_words, phone_never;
	struct word_list lists[WORDS_LISTS];
	struct hint *hints;
	size_t hint_count;
	struct language *languages;
	size_t language_count;
};

/* ---- words ---- */

static bool
is_word_letter(int32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	return c >= 0xC0 && c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2070) &&
	       !(c >= 0x3000 && c < 0x3040);
}

void
headers_add_words(struct buf *out, struct slice title)
{
	struct buf folded = {0};
	size_t before = out->len;
	struct slice rest;
	bool is_between = false;
	int32_t c;

	if (!text_add_folded(&folded, title))
		buf_reset(&folded);
	for (rest = buf_slice(&folded); (c = text_next(&rest)) >= 0;) {
		if (c == 0xF0 || c == 0x256) /* ð and ɖ stand for đ */
			c = 0x111;
		if (!is_word_letter(c)) {
			is_between = true;
			continue;
		}
		if (is_between && out->len > before)
			buf_addc(out, ' ');
		is_between = false;
		text_add_code_point(out, c);
	}
	buf_free(&folded);
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((signed char)s.p[i] < 0)
			return false;
	return true;
}

bool
headers_is_same(struct slice a, struct slice b)
{
	struct buf x = {0}, y = {0}, plain = {0};
	bool is_same;

	headers_add_words(&x, a);
	headers_add_words(&y, b);
	is_same = x.len > 0 && slice_eq(buf_slice(&x), buf_slice(&y));
	if (!is_same && y.len > 0 && is_ascii(buf_slice(&y)))
		is_same = text_add_unaccented_folded(&plain, buf_slice(&x)) &&
			  slice_eq(buf_slice(&plain), buf_slice(&y));
	buf_free(&x);
	buf_free(&y);
	buf_free(&plain);
	return is_same;
}

static bool
is_word(const struct word *w, struct slice words, bool is_plain)
{
	return slice_eq(words, w->words) || (is_plain && slice_eq(words, w->plain));
}

/* Whole words at the beginning of words. */
static bool
begins(struct slice words, struct slice with)
{
	return with.n > 0 && words.n >= with.n && memcmp(words.p, with.p, with.n) == 0 &&
	       (words.n == with.n || words.p[with.n] == ' ');
}

/* Whole words anywhere in words. */
static bool
contains(struct slice words, struct slice part)
{
	for (size_t i = 0; i + part.n <= words.n; i++)
		if ((i == 0 || words.p[i - 1] == ' ') &&
		    begins((struct slice){words.p + i, words.n - i}, part))
			return true;
	return false;
}

static bool
contains_any(const struct word_list *l, struct slice words, bool is_plain)
{
	for (size_t i = 0; i < l->count; i++)
		if (contains(words, l->items[i].words) ||
		    (is_plain && contains(words, l->items[i].plain)))
			return true;
	return false;
}

/* ---- the file ---- */

static struct slice
keep(struct headers *h, struct buf *b)
{
	struct slice kept = {arena_memdup0(&h->memory, b->len > 0 ? b->data : "", b->len), b->len};

	buf_reset(b);
	return kept;
}

static struct word
read_word(struct headers *h, const json_t *v)
{
	struct buf b = {0};
	struct word w;

	headers_add_words(&b, slice_of(json_string_value(v)));
	w.words = keep(h, &b);
	if (!text_add_unaccented_folded(&b, w.words))
		buf_reset(&b);
	w.plain = keep(h, &b);
	buf_free(&b);
	return w;
}

static struct word_list
read_words(struct headers *h, const json_t *array)
{
	struct word_list l = {.count = json_array_size(array)};

	l.items = arena_alloc(&h->memory, l.count * sizeof(*l.items) + 1);
	for (size_t i = 0; i < l.count; i++)
		l.items[i] = read_word(h, json_array_get(array, i));
	return l;
}

static enum header_hint
hint_of(const char *type)
{
	static const char *const names[] = {[HINT_TEXT] = "text",
					    [HINT_DATE] = "date",
					    [HINT_BOOL] = "bool",
					    [HINT_TAGS] = "tags"};

	for (size_t i = HINT_TEXT; type != NULL && i < ARRAY_LEN(names); i++)
		if (strcmp(type, names[i]) == 0)
			return (enum header_hint)i;
	return HINT_NONE;
}

static const char *
keep_string(struct headers *h, const json_t *v)
{
	return json_is_string(v)
		       ? arena_memdup0(&h->memory, json_string_value(v), json_string_length(v))
		       : NULL;
}

static struct header_known
read_known(struct headers *h, const json_t *c)
{
	json_int_t phone = json_integer_value(json_object_get(c, "phone"));

	return (struct header_known){
		.name = keep_string(h, json_object_get(c, "name")),
		.phone = phone > 0 ? (enum header_phone)(HEADER_PHONE_WORDS + phone)
				   : HEADER_PHONE_NO,
		.hint = hint_of(json_string_value(json_object_get(c, "type"))),
		.sensitive = keep_string(h, json_object_get(c, "sensitive")),
		.is_birth = json_is_true(json_object_get(c, "birth")),
		.is_masked = json_is_true(json_object_get(c, "masked")),
	};
}

static void
read_titles(struct headers *h, const json_t *columns)
{
	static const char *const kinds[] = {"titles", "accented"};
	size_t count = 0, i, k, j;
	json_t *c, *v;

	json_array_foreach ((json_t *)(uintptr_t)columns, i, c)
		for (k = 0; k < ARRAY_LEN(kinds); k++)
			count += json_array_size(json_object_get(c, kinds[k]));
	h->titles = arena_alloc(&h->memory, count * sizeof(*h->titles));
	json_array_foreach ((json_t *)(uintptr_t)columns, i, c) {
		struct header_known known = read_known(h, c);

		for (k = 0; k < ARRAY_LEN(kinds); k++)
			json_array_foreach (json_object_get(c, kinds[k]), j, v) {
				struct word w = read_word(h, v);

				h->titles[h->title_count++] =
					(struct title){w.words, w.plain, k == 1, known};
			}
	}
}

static void
read_hints(struct headers *h, const json_t *types)
{
	h->hint_count = json_array_size(types);
	h->hints = arena_alloc(&h->memory, h->hint_count * sizeof(*h->hints) + 1);
	for (size_t i = 0; i < h->hint_count; i++) {
		const json_t *t = json_array_get(types, i);

		h->hints[i].words = read_word(h, json_object_get(t, "title")).words;
		h->hints[i].hint = hint_of(json_string_value(json_object_get(t, "type")));
	}
}

static void
read_languages(struct headers *h, const json_t *languages)
{
	h->language_count = json_array_size(languages);
	h->languages = arena_alloc(&h->memory, h->language_count * sizeof(*h->languages) + 1);
	for (size_t i = 0; i < h->language_count; i++) {
		const json_t *l = json_array_get(languages, i);

		h->languages[i].code = keep_string(h, json_object_get(l, "tag"));
		h->languages[i].names = read_words(h, json_object_get(l, "names"));
	}
}

/* A document of ours inside the binary. */
static json_t *
built_in(const char *name, const char *start, const char *end)
{
	struct err_ctx e;
	json_t *root;

	if (json_parse((struct slice){start, (size_t)(end - start)}, FILE_BYTES_MAX, name, &root,
		       &e) != ERR_OK)
		fatalx("%s: %s", name, e.why);
	return root;
}

struct headers *
headers_new(void)
{
	static const char *const rows[] = {"total", "note", "signature", "group", "title"};
	struct headers *h = xcalloc(1, sizeof(*h));
	json_t *root = built_in("headers.json", headers_json_start, headers_json_end), *part;

	read_titles(h, json_object_get(root, "columns"));
	part = json_object_get(root, "phone");
	h->phone_words = read_words(h, json_object_get(part, "words"));
	h->phone_never = read_words(h, json_object_get(part, "never"));
	read_hints(h, json_object_get(root, "types"));
	part = json_object_get(root, "sex");
	h->lists[WORDS_MALE] = read_words(h, json_object_get(part, "male"));
	h->lists[WORDS_FEMALE] = read_words(h, json_object_get(part, "female"));
	h->lists[WORDS_YES] = read_words(h, json_object_get(root, "yes"));
	h->lists[WORDS_NO] = read_words(h, json_object_get(root, "no"));
	part = json_object_get(root, "rows");
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		h->lists[WORDS_TOTAL + i] = read_words(h, json_object_get(part, rows[i]));
	json_decref(root);
	root = built_in("languages.json", loa_languages_start, loa_languages_end);
	read_languages(h, json_object_get(root, "languages"));
	json_decref(root);
	return h;
}

void
headers_free(struct headers *h)
{
	if (h == NULL)
		return;
	arena_free(&h->memory);
	free(h);
}

/* ---- asking ---- */

static const struct title *
find_title(const struct headers *h, struct slice words, bool is_plain)
{
	for (size_t i = 0; i < h->title_count; i++)
		if (slice_eq(words, h->titles[i].words))
			return &h->titles[i];
	for (size_t i = 0; i < h->title_count && is_plain; i++)
		if (!h->titles[i].needs_accents && slice_eq(words, h->titles[i].plain))
			return &h->titles[i];
	return NULL;
}

/* A title that is not known may speak of a phone, or of what is sensitive ("Hộ dân tộc thiểu số"). */
static struct header_known
find_words(const struct headers *h, struct slice words, bool is_plain)
{
	struct header_known known = {0};

	if (contains_any(&h->phone_words, words, is_plain) &&
	    !contains_any(&h->phone_never, words, is_plain))
		known.phone = HEADER_PHONE_WORDS;
	for (size_t i = 0; i < h->title_count && known.sensitive == NULL; i++) {
		const struct title *t = &h->titles[i];

		if (t->known.sensitive != NULL &&
		    (contains(words, t->words) ||
		     (is_plain && !t->needs_accents && contains(words, t->plain))))
			known.sensitive = t->known.sensitive;
	}
	return known;
}

struct header_known
headers_find(const struct headers *h, struct slice title)
{
	struct header_known known = {0};
	struct buf b = {0};
	struct slice words;
	const struct title *t;
	bool is_plain;

	headers_add_words(&b, title);
	words = buf_slice(&b);
	is_plain = is_ascii(words);
	t = find_title(h, words, is_plain);
	if (t != NULL)
		known = t->known;
	else
		known = find_words(h, words, is_plain);
	for (size_t i = 0; i < h->hint_count && known.hint == HINT_NONE; i++)
		if (begins(words, h->hints[i].words))
			known.hint = h->hints[i].hint;
	if (known.phone != HEADER_PHONE_NO)
		known.hint = HINT_TEXT;
	buf_free(&b);
	return known;
}

bool
headers_is_word(const struct headers *h, enum header_words list, struct slice words)
{
	bool is_plain = is_ascii(words);

	for (size_t i = 0; i < h->lists[list].count; i++)
		if (is_word(&h->lists[list].items[i], words, is_plain))
			return true;
	return false;
}

size_t
headers_begins(const struct headers *h, enum header_words list, struct slice words)
{
	const struct word_list *l = &h->lists[list];
	bool is_plain = is_ascii(words);
	size_t best = 0;

	for (size_t i = 0; i < l->count; i++) {
		const struct word *w = &l->items[i];

		if (w->words.n > best && begins(words, w->words))
			best = w->words.n;
		if (is_plain && w->plain.n > best && begins(words, w->plain))
			best = w->plain.n;
	}
	return best;
}

const char *
headers_language(const struct headers *h, struct slice people)
{
	const char *code = NULL;
	struct buf words = {0};

	headers_add_words(&words, people);
	for (size_t i = 0; i < h->language_count && code == NULL; i++) {
		const struct word_list *l = &h->languages[i].names;

		for (size_t k = 0; k < l->count && code == NULL; k++)
			if (is_word(&l->items[k], buf_slice(&words), is_ascii(buf_slice(&words))))
				code = h->languages[i].code;
	}
	buf_free(&words);
	return code;
}

/* ---- names ---- */

/* Words of the query and template languages: no name of a column. */
static bool
is_taken(const char *name)
{
	static const char *const words[] = {"and",   "or",	"not",	 "in",	  "is",
					    "like",  "null",	"has",	 "true",  "nil",
					    "false", "between", "empty", "blank", "contains"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(name, words[i]) == 0)
			return true;
	return false;
}

bool
headers_is_name(struct slice name)
{
	char copy[HEADER_NAME_MAX + 1];

	if (name.n == 0 || name.n > HEADER_NAME_MAX || (name.p[0] >= '0' && name.p[0] <= '9'))
		return false;
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'))
			return false;
	}
	slice_copy(copy, sizeof(copy), name);
	return !is_taken(copy);
}

void
headers_make_name(char out[HEADER_NAME_MAX + 1], struct slice title, uint32_t number)
{
	struct buf words = {0}, plain = {0};
	size_t n = 0;

	headers_add_words(&words, title);
	if (!text_add_unaccented_folded(&plain, buf_slice(&words)))
		buf_reset(&plain);
	if (plain.len > 0 && plain.data[0] >= '0' && plain.data[0] <= '9')
		n = (size_t)snprintf(out, HEADER_NAME_MAX + 1, "cot_");
	for (size_t i = 0; i < plain.len && n < HEADER_NAME_MAX; i++) {
		char c = plain.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
		else if (c == ' ' && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	out[n] = '\0';
	if (n == 0 || is_taken(out))
		snprintf(out, HEADER_NAME_MAX + 1, "cot_%u", number);
	buf_free(&words);
	buf_free(&plain);
}

static bool
has_name(const struct schema *s, const struct column *self, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (&s->columns[i] != self && strcmp(s->columns[i].name, name) == 0)
			return true;
	return false;
}

void
headers_set_name(const struct schema *s, struct column *c, const char *name)
{
	char wanted[sizeof(c->name)];

	snprintf(wanted, sizeof(wanted), "%.*s", (int)HEADER_NAME_MAX, name);
	snprintf(c->name, sizeof(c->name), "%s", wanted);
	for (unsigned i = 2; has_name(s, c, c->name); i++)
		snprintf(c->name, sizeof(c->name), "%.58s_%u", wanted, i);
}

void
headers_set_title(struct column *c, struct slice title, uint32_t number)
{
	size_t n = title.n < sizeof(c->title) ? title.n : sizeof(c->title) - 1;

	while (n < title.n && n > 0 && ((uint8_t)title.p[n] & 0xC0) == 0x80)
		n--;
	if (n > 0)
		memcpy(c->title, title.p, n);
	c->title[n] = '\0';
	if (n == 0)
		snprintf(c->title, sizeof(c->title), "Cột %u", number);
}

void
headers_read(struct schema *s, const struct slice *titles, uint32_t count)
{
	struct headers *h = headers_new();
	enum header_phone best = HEADER_PHONE_WORDS; /* those are for a person to choose */

	*s = (struct schema){.phone = -1};
	for (uint32_t i = 0; i < count && i < COLUMNS_MAX; i++) {
		struct column *c = &s->columns[i];
		struct header_known known = headers_find(h, titles[i]);
		char name[HEADER_NAME_MAX + 1];

		headers_make_name(name, titles[i], i + 1);
		headers_set_name(s, c, known.name != NULL ? known.name : name);
		headers_set_title(c, titles[i], i + 1);
		c->type = COLUMN_TEXT;
		if (known.phone > best) {
			best = known.phone;
			s->phone = (int)i;
		}
		s->count = i + 1;
	}
	headers_free(h);
}
