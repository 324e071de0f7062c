/* SPDX-License-Identifier: MIT */
/*
 * A name is walked word by word; words are compared without case and accents
 * (bare), so that no normal form matters.
 */
#include "templates/person_name.h"

#include "base/mem.h"
#include "base/text.h"
#include "templates/program.h"

#define WORDS_MAX 16 /* longer ones are no name of one person */
#define BARE_MAX 12  /* bytes of the longest word of the tables, with its NUL */

static bool
is_apostrophe(int32_t c)
{
	return c == '\'' || c == '`' || c == 0xB4 || c == 0x2BC || c == 0x2018 || c == 0x2019;
}

static bool
is_cased(int32_t c)
{
	return text_upper(c) != c || text_lower(c) != c;
}

/* Combining marks, and what no eye sees. */
static bool
is_mark(int32_t c)
{
	return text_bare(c) == 0 || (c >= 0x200B && c <= 0x200F) || c == 0xFEFF;
}

/* Without blanks at the ends. */
static struct slice
trim(struct slice s)
{
	struct slice rest = s;
	const char *begin = NULL, *end = s.p;

	while (rest.n > 0) {
		const char *at = rest.p;

		if (is_blank_char(text_next(&rest)))
			continue;
		if (begin == NULL)
			begin = at;
		end = rest.p;
	}
	return begin == NULL ? (struct slice){s.p, 0}
			     : (struct slice){begin, (size_t)(end - begin)};
}

/* ---- the given name ---- */

static bool
is_among(struct slice word, const char *const *table, size_t count)
{
	char bare[BARE_MAX];

	if (!text_bare_word(word, bare, sizeof(bare)))
		return false;
	for (size_t i = 0; i < count; i++)
		if (strcmp(bare, table[i]) == 0)
			return true;
	return false;
}

/* Clans of the Ê Đê and Mnông, which stand behind the given name. */
static bool
is_clan(struct slice word)
{
	static const char *const clans[] = {
		"adrong", "ayun",  "bkrong", "bya",    "eban", "enuol", "eya", "hdok",
		"hmok",	  "hwing", "kbuor",  "kdam",   "kdoh", "knul",	"kpa", "kpor",
		"krieng", "ksor",  "ktla",   "mdrang", "mlo",  "nie",
	};

	return is_among(word, clans, ARRAY_LEN(clans));
}

/* A word of its own before the given names of some peoples. */
static bool
is_forename_mark(struct slice word)
{
	static const char *const marks[] = {"y", "a", "h", "k", "ka"};

	return is_among(word, marks, ARRAY_LEN(marks));
}

static bool
has_apostrophe(struct slice word)
{
	while (word.n > 0)
		if (is_apostrophe(text_next(&word)))
			return true;
	return false;
}

/* Nothing but letters, accents, apostrophes, hyphens and dots, and no word that joins or counts. */
static bool
is_name_word(struct slice word)
{
	static const char *const others[] = {"ii", "iii", "iv"};
	struct slice rest = word;

	if (text_find_malformed(word) >= 0)
		return false;
	while (rest.n > 0) {
		int32_t c = text_next(&rest);

		if (!is_cased(c) && !is_mark(c) && !is_apostrophe(c) && c != '-' && c != '.')
			return false;
	}
	return !is_among(word, others, ARRAY_LEN(others)) && !slice_is(word, "và") &&
	       !slice_is(word, "VÀ") && !slice_is(word, "va\u0300") && !slice_is(word, "VA\u0300");
}

/* The words of a trimmed name; 0 when it has too many or one that is none. */
static size_t
split_words(struct slice name, struct slice words[WORDS_MAX])
{
	size_t count = 0;
	const char *begin = name.p;

	for (struct slice rest = name; begin != NULL;) {
		const char *at = rest.p;
		int32_t c = text_next(&rest);

		if (c != -1 && !is_blank_char(c))
			continue;
		if (at > begin) {
			if (count == WORDS_MAX)
				return 0;
			words[count] = (struct slice){begin, (size_t)(at - begin)};
			if (!is_name_word(words[count++]))
				return 0;
		}
		begin = c == -1 ? NULL : rest.p;
	}
	return count;
}

/* Is the last word surely the given name? Not behind a clan's order, nor next to a mark. */
static bool
ends_with_given_name(const struct slice *words, size_t count)
{
	if (has_apostrophe(words[0]) || is_clan(words[count - 1]))
		return false;
	for (size_t i = 0; i < count - 1; i++)
		if (is_forename_mark(words[i]))
			return false;
	return true;
}

struct slice
person_given_name(struct slice name)
{
	struct slice words[WORDS_MAX], whole = trim(name);
	size_t count = split_words(whole, words), kept = count, own;

	if (count <= 1)
		return whole;
	if (ends_with_given_name(words, count))
		return words[count - 1];
	/* H'Hen Niê, Y Moan Êñuôl: what stands before the clan, when that is a name by its form. */
	own = has_apostrophe(words[0]) ? 1 : is_forename_mark(words[0]) ? 2 : count;
	while (kept > own && is_clan(words[kept - 1]))
		kept--;
	if (kept != own)
		return whole;
	return (struct slice){whole.p, (size_t)(words[kept - 1].p + words[kept - 1].n - whole.p)};
}

/* ---- capitals ---- */

struct letters {
	bool has_upper, has_lower, has_lower_ascii;
	bool has_upper_run; /* two capitals side by side, accents aside */
};

static struct letters
look_at(struct slice name)
{
	struct letters l = {0};
	bool is_after_upper = false;

	while (name.n > 0) {
		int32_t c = text_next(&name);
		bool is_upper = text_lower(c) != c;

		if (is_mark(c))
			continue;
		l.has_upper |= is_upper;
		if (text_upper(c) != c && !is_upper) {
			l.has_lower = true;
			l.has_lower_ascii |= text_bare(c) == c;
			continue; /* NGUYễN: a letter between capitals */
		}
		l.has_upper_run |= is_upper && is_after_upper;
		is_after_upper = is_upper;
	}
	return l;
}

/* II, III, IV …; but VI and XI are words: Vi, Xi. */
static bool
is_numeral(struct slice word)
{
	if (word.n < 2 || slice_is(word, "VI") || slice_is(word, "XI"))
		return false;
	for (size_t i = 0; i < word.n; i++)
		if (memchr("IVX", word.p[i], 3) == NULL)
			return false;
	return true;
}

/* The word at the start of s: up to what is neither letter nor accent. */
static struct slice
word_at(struct slice s)
{
	struct slice rest = s;

	while (rest.n > 0) {
		const char *at = rest.p;
		int32_t c = text_next(&rest);

		if (!is_cased(c) && !is_mark(c))
			return (struct slice){s.p, (size_t)(at - s.p)};
	}
	return s;
}

static size_t
put_word(char *out, struct slice word)
{
	bool is_first = true;
	size_t n = 0;

	while (word.n > 0) {
		int32_t c = text_next(&word);

		n += text_put(out + n, is_first ? text_upper(c) : text_lower(c));
		is_first = is_first && !is_cased(c);
	}
	return n;
}

size_t
person_name_case(struct slice name, char *out)
{
	bool is_good = text_find_malformed(name) < 0;
	struct letters l = is_good ? look_at(name) : (struct letters){0};
	bool is_broken_upper = l.has_upper_run && !l.has_lower_ascii;
	size_t n = 0;

	if (!is_good || (l.has_upper && l.has_lower && !is_broken_upper)) {
		memcpy(out, name.p, name.n);
		return name.n;
	}
	while (name.n > 0) {
		struct slice word = word_at(name);

		if (word.n == 0) { /* a sign, a blank, a letter without case */
			const char *at = name.p;

			text_next(&name);
			memcpy(out + n, at, (size_t)(name.p - at));
			n += (size_t)(name.p - at);
			continue;
		}
		if (is_numeral(word)) {
			memcpy(out + n, word.p, word.n);
			n += word.n;
		} else {
			n += put_word(out + n, word);
		}
		name = (struct slice){name.p + word.n, name.n - word.n};
	}
	return n;
}
