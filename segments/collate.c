/* SPDX-License-Identifier: MIT */
/*
 * A key has the weights of three levels, each level ended by a 0:
 *
 *   1  two bytes a letter or sign: its place in `signs`, or of a letter, and a finer one
 *   2  PLAIN for each letter, and behind it its tone or mark, if it has one
 *   3  SMALL or CAPITAL for each letter, SMALL for each mark
 *
 * and then the text itself. That is the Unicode Collation Algorithm (UTS #10) with the
 * tailoring of CLDR for Vietnamese, in which ă â đ ê ô ơ ư are letters of their own.
 */
#include "segments/collate.h"

#include "base/mem.h"
#include "base/text.h"

/* In CLDR's order; letters follow. */
static const char signs[] = "\t\n\v\f\r _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789";

#define FIRST_LETTER (sizeof(signs))	/* place of a */
#define OTHERS (FIRST_LETTER + 33u + 1) /* place of all other scripts */
enum { PLAIN = 5, MARK_OTHER = 15, MARK_TONE = 16, SMALL = 5, CAPITAL = 32 };

/* Letters in their order; 0 ends. */
static const uint16_t alphabet[] = {'a',   0x103, 0xe2,	 'b', 'c', 'd', 0x111, 'e', 0xea,
				    'f',   'g',	  'h',	 'i', 'j', 'k', 'l',   'm', 'n',
				    'o',   0xf4,  0x1a1, 'p', 'q', 'r', 's',   't', 'u',
				    0x1b0, 'v',	  'w',	 'x', 'y', 'z'};

/* Vowels without a tone, and with huyền, hỏi, ngã, sắc, nặng. */
static const uint16_t vowels[][6] = {
	{'a', 0xe0, 0x1ea3, 0xe3, 0xe1, 0x1ea1},
	{0x103, 0x1eb1, 0x1eb3, 0x1eb5, 0x1eaf, 0x1eb7},
	{0xe2, 0x1ea7, 0x1ea9, 0x1eab, 0x1ea5, 0x1ead},
	{'e', 0xe8, 0x1ebb, 0x1ebd, 0xe9, 0x1eb9},
	{0xea, 0x1ec1, 0x1ec3, 0x1ec5, 0x1ebf, 0x1ec7},
	{'i', 0xec, 0x1ec9, 0x129, 0xed, 0x1ecb},
	{'o', 0xf2, 0x1ecf, 0xf5, 0xf3, 0x1ecd},
	{0xf4, 0x1ed3, 0x1ed5, 0x1ed7, 0x1ed1, 0x1ed9},
	{0x1a1, 0x1edd, 0x1edf, 0x1ee1, 0x1edb, 0x1ee3},
	{'u', 0xf9, 0x1ee7, 0x169, 0xfa, 0x1ee5},
	{0x1b0, 0x1eeb, 0x1eed, 0x1eef, 0x1ee9, 0x1ef1},
	{'y', 0x1ef3, 0x1ef7, 0x1ef9, 0xfd, 0x1ef5},
};

/* Signs beyond ASCII that stand right behind one of ASCII. */
static const struct {
	uint16_t sign;
	char behind;
	uint8_t how_far;
} others[] = {
	{0xa0, ' ', 0},	   {0x2010, '-', 1}, {0x2011, '-', 2}, {0x2012, '-', 3},
	{0x2013, '-', 4},  {0x2014, '-', 5}, {0x2026, '.', 1}, {0x2018, '\'', 1},
	{0x2019, '\'', 2}, {0x201c, '"', 1}, {0x201d, '"', 2},
};

/* The three levels of one text, or of one word of a name. */
struct levels {
	struct buf first, second, third;
};

static void
levels_free(struct levels *l)
{
	buf_free(&l->first);
	buf_free(&l->second);
	buf_free(&l->third);
}

/* A letter's small form, of those that Vietnamese is written with. */
static int32_t
small_of(int32_t c)
{
	if ((c >= 'A' && c <= 'Z') || (c >= 0xc0 && c <= 0xde && c != 0xd7))
		return c + 32;
	if (c >= 0x1ea0 && c <= 0x1ef9)
		return c | 1;
	if (c == 0x102 || c == 0x110 || c == 0x128 || c == 0x168 || c == 0x1a0 || c == 0x1af)
		return c + 1;
	return c;
}

static void
add_weights(struct levels *l, unsigned place, unsigned finer, unsigned mark, bool is_capital)
{
	buf_addc(&l->first, (char)(place + 1));
	buf_addc(&l->first, (char)finer);
	buf_addc(&l->second, PLAIN);
	buf_addc(&l->third, is_capital ? CAPITAL : SMALL);
	if (mark == 0)
		return;
	buf_addc(&l->second, (char)mark);
	buf_addc(&l->third, SMALL);
}

/* A letter of the alphabet with a mark (0 = none); false: it is none. */
static bool
add_letter(struct levels *l, int32_t c, unsigned mark, bool is_capital)
{
	for (unsigned i = 0; i < ARRAY_LEN(alphabet); i++)
		if (alphabet[i] == c) {
			add_weights(l, FIRST_LETTER + i, 0, mark, is_capital);
			return true;
		}
	return false;
}

static bool
add_vowel_with_tone(struct levels *l, int32_t c, bool is_capital)
{
	for (size_t v = 0; v < ARRAY_LEN(vowels); v++)
		for (unsigned tone = 1; tone < 6; tone++)
			if (vowels[v][tone] == c)
				return add_letter(l, vowels[v][0], MARK_TONE + tone, is_capital);
	return false;
}

static bool
add_sign(struct levels *l, int32_t c)
{
	const char *at = c > 0 && c < 0x80 ? strchr(signs, c) : NULL;

	for (size_t i = 0; i < ARRAY_LEN(others) && at == NULL; i++)
		if (others[i].sign == c) {
			add_weights(l, (unsigned)(strchr(signs, others[i].behind) - signs),
				    others[i].how_far, 0, false);
			return true;
		}
	if (at != NULL)
		add_weights(l, (unsigned)(at - signs), 0, 0, false);
	return at != NULL;
}

/* Letters with marks that Vietnamese has not, and other scripts. */
static void
add_foreign(struct levels *l, struct slice letter, int32_t c)
{
	struct buf bare = {0};
	bool is_known = text_add_unaccented_folded(&bare, letter) && bare.len == 1 &&
			add_letter(l, bare.data[0], MARK_OTHER, false);

	buf_free(&bare);
	if (is_known)
		return;
	add_weights(l, OTHERS, c >> 16 & 0xff, 0, false);
	buf_addc(&l->first, (char)(c >> 8 & 0xff));
	buf_addc(&l->first, (char)(c & 0xff));
}

/* s is NFC, or malformed: such bytes stand by themselves. */
static void
add_levels(struct levels *l, struct slice s)
{
	while (s.n > 0) {
		struct slice letter = s;
		int32_t c = text_next(&s), small;

		letter.n -= s.n;
		if (c < 0)
			c = (uint8_t)letter.p[0];
		if (c < 0x20 && (c < '\t' || c > '\r'))
			continue; /* control characters count for nothing */
		small = small_of(c);
		if (!add_letter(l, small, 0, small != c) &&
		    !add_vowel_with_tone(l, small, small != c) && !add_sign(l, c))
			add_foreign(l, letter, c);
	}
}

static struct slice
normal_of(struct buf *nfc, struct slice s)
{
	return text_add_nfc(nfc, s) ? buf_slice(nfc) : s;
}

static void
end_level(struct buf *out, const struct buf *level)
{
	buf_add_slice(out, buf_slice(level));
	buf_addc(out, '\0');
}

/* What is equal so far is told apart by its bytes; 01 keeps a 0 in them from ending the key. */
static void
end_key(struct buf *out, struct slice s)
{
	for (size_t i = 0; i < s.n; i++) {
		if ((uint8_t)s.p[i] < 2)
			buf_addc(out, '\1');
		buf_addc(out, (char)((uint8_t)s.p[i] + ((uint8_t)s.p[i] < 2)));
	}
	buf_addc(out, '\0');
}

void
collate_add_key(struct buf *out, struct slice s)
{
	struct buf nfc = {0};
	struct slice text = normal_of(&nfc, s);
	struct levels l = {{0}, {0}, {0}};

	add_levels(&l, text);
	end_level(out, &l.first);
	end_level(out, &l.second);
	end_level(out, &l.third);
	end_key(out, text);
	levels_free(&l);
	buf_free(&nfc);
}

/* The next word, without blanks around it; n = 0: there is none. */
static struct slice
next_word(struct slice *s)
{
	struct slice word;

	*s = slice_trim(*s);
	word = *s;
	while (s->n > 0 && strchr(" \t\r\n", *s->p) == NULL)
		*s = (struct slice){s->p + 1, s->n - 1};
	word.n -= s->n;
	return word;
}

void
collate_add_person_key(struct buf *out, struct slice name)
{
	struct buf nfc = {0};
	struct slice text = normal_of(&nfc, name), rest = text, family, given, middle, word;
	struct slice parts[3];
	struct levels l[3] = {{{0}, {0}, {0}}};

	family = next_word(&rest);
	middle = given = rest = slice_trim(rest);
	while ((word = next_word(&rest)).n > 0)
		given = word;
	if (given.n == 0) { /* a name of one word is a given name */
		given = family;
		family.n = 0;
	}
	middle.n = middle.n > given.n ? middle.n - given.n : 0;
	parts[0] = given;
	parts[1] = family;
	parts[2] = slice_trim(middle);
	for (int i = 0; i < 3; i++) {
		add_levels(&l[i], parts[i]);
		end_level(out, &l[i].first);
		end_level(out, &l[i].second);
	}
	for (int i = 0; i < 3; i++) {
		end_level(out, &l[i].third);
		levels_free(&l[i]);
	}
	end_key(out, text);
	buf_free(&nfc);
}

static int
compare_keys(void (*add_key)(struct buf *out, struct slice s), struct slice a, struct slice b)
{
	struct buf x = {0}, y = {0};
	size_t n;
	int c;

	add_key(&x, a);
	add_key(&y, b);
	n = x.len < y.len ? x.len : y.len;
	c = memcmp(x.data, y.data, n);
	c = c != 0 ? c : (x.len > y.len) - (x.len < y.len);
	buf_free(&x);
	buf_free(&y);
	return c;
}

int
collate_compare(struct slice a, struct slice b)
{
	return compare_keys(collate_add_key, a, b);
}

int
collate_compare_people(struct slice a, struct slice b)
{
	return compare_keys(collate_add_person_key, a, b);
}
