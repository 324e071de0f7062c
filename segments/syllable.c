/* SPDX-License-Identifier: MIT */
#include "segments/syllable.h"

#include "base/mem.h"
#include "base/text.h"

/* Half bits: what a word is worth that is a syllable, or is none. */
enum { WORD_IS_SYLLABLE = 5, WORD_IS_NONE = -8 };

enum { TONES = 6, TONE_ACUTE = 4, TONE_DOT = 5 };

/*
 * Vowels without and with each tone, and how much more frequent than by chance each is (half
 * bits; counted in texts of the administration, names of people and of communes).
 */
static const struct vowel {
	int32_t letters[TONES];
	int8_t weights[TONES];
} vowels[] = {
	{{'a', 0xE0, 0x1EA3, 0xE3, 0xE1, 0x1EA1}, {0, 4, 1, 0, 2, 2}},
	{{0x103, 0x1EB1, 0x1EB3, 0x1EB5, 0x1EAF, 0x1EB7}, {1, -2, -6, -6, 0, -2}},
	{{0xE2, 0x1EA7, 0x1EA9, 0x1EAB, 0x1EA5, 0x1EAD}, {2, -1, -6, -3, -1, -1}},
	{{'e', 0xE8, 0x1EBB, 0x1EBD, 0xE9, 0x1EB9}, {0, -5, -6, -6, -5, -6}},
	{{0xEA, 0x1EC1, 0x1EC3, 0x1EC5, 0x1EBF, 0x1EC7}, {2, -2, -3, 1, 2, 1}},
	{{'i', 0xEC, 0x1EC9, 0x129, 0xED, 0x1ECB}, {0, -1, -1, -4, 0, 2}},
	{{'o', 0xF2, 0x1ECF, 0xF5, 0xF3, 0x1ECD}, {0, -1, -4, -2, -1, 0}},
	{{0xF4, 0x1ED3, 0x1ED5, 0x1ED7, 0x1ED1, 0x1ED9}, {2, 1, -2, -2, 2, 1}},
	{{0x1A1, 0x1EDD, 0x1EDF, 0x1EE1, 0x1EDB, 0x1EE3}, {2, 1, -3, -6, -1, 0}},
	{{'u', 0xF9, 0x1EE7, 0x169, 0xFA, 0x1EE5}, {0, 0, -1, -1, -1, -2}},
	{{0x1B0, 0x1EEB, 0x1EED, 0x1EEF, 0x1EE9, 0x1EF1}, {4, -2, -1, -2, -2, -1}},
	{{'y', 0x1EF3, 0x1EF7, 0x1EF9, 0xFD, 0x1EF5}, {0, -3, -6, -3, 0, -6}},
};
enum { D_WITH_STROKE = 0x111, D_WEIGHT = 5 };

/* Longer ones before their beginnings. */
static const char *const onsets[] = {"ngh", "ng", "nh", "gh", "gi", "kh", "ph", "qu", "th", "tr",
				     "ch",  "b",  "c",	"d",  "đ",  "g",  "h",	"k",  "l",  "m",
				     "n",   "p",  "r",	"s",  "t",  "v",  "x",	""};

static const char rhymes[] =
	" a ac ach ai am an ang anh ao ap at au ay ăc ăm ăn ăng ăp ăt âc âm ân âng âp ât âu ây"
	" e ec em en eng eo ep et ê êch êm ên ênh êp êt êu i ia ich im in inh ip it iu iêc iêm iên"
	" iêng iêp iêt iêu yêm yên yêng yêt yêu o oc oi om on ong op ot oong ooc oa oac oach oai"
	" oam oan oang oanh oao oap oat oay oăc oăm oăn oăng oăp oăt oe oen oeo oet ô ôc ôi ôm ôn"
	" ông ôp ôt ơ ơi ơm ơn ơp ơt u ua uc ui um un ung up ut uôc uôi uôm uôn uông uôt uân uâng"
	" uât uây uê uêch uên uênh uơ uy uya uych uyên uyêt uyn uynh uyp uyt uyu ư ưa ưc ưi ưm ưn"
	" ưng ưt ưu ươc ươi ươm ươn ương ươp ươt ươu y ";

bool
letter_is_vietnamese(int32_t c)
{
	return (c >= 0x1EA0 && c <= 0x1EF9) || c == 0x102 || c == 0x103 || c == 0x110 ||
	       c == D_WITH_STROKE || c == 0x128 || c == 0x129 || c == 0x168 || c == 0x169 ||
	       c == 0x1A0 || c == 0x1A1 || c == 0x1AF || c == 0x1B0 || c == 0x300 || c == 0x301 ||
	       c == 0x303 || c == 0x309 || c == 0x323;
}

/* c without its tone; *tone is set if it has one. 0: no letter of Vietnamese. */
static int32_t
take_tone(int32_t c, int *tone, int *weight)
{
	if ((c >= 'a' && c <= 'z') || c == D_WITH_STROKE) {
		*weight = c == D_WITH_STROKE ? D_WEIGHT : 0;
		return c;
	}
	for (size_t i = 0; i < ARRAY_LEN(vowels); i++)
		for (int k = 0; k < TONES; k++)
			if (vowels[i].letters[k] == c) {
				*tone = k > 0 ? k : *tone;
				*weight = vowels[i].weights[k];
				return vowels[i].letters[0];
			}
	return 0;
}

/* c, k; g, gh; ng, ngh: by the vowel that follows. */
static bool
is_spelled(struct slice onset, struct slice rhyme)
{
	bool is_front = rhyme.p[0] == 'e' || rhyme.p[0] == 'i' || rhyme.p[0] == 'y' ||
			strncmp(rhyme.p, "ê", 2) == 0;

	if (slice_is(onset, "k") || slice_is(onset, "gh") || slice_is(onset, "ngh"))
		return is_front;
	if (slice_is(onset, "c") || slice_is(onset, "ng"))
		return !is_front;
	if (slice_is(onset, "g"))
		return !is_front || rhyme.p[0] == 'i';
	return true;
}

static bool
is_rhyme(struct slice s, int tone)
{
	char padded[40];
	char last = s.n > 0 ? s.p[s.n - 1] : '\0';
	bool is_stopped = last == 'c' || last == 'p' || last == 't' ||
			  (s.n > 1 && last == 'h' && s.p[s.n - 2] == 'c');

	if (s.n == 0 || s.n + 3 > sizeof(padded) ||
	    (is_stopped && tone != TONE_ACUTE && tone != TONE_DOT))
		return false;
	padded[0] = ' ';
	memcpy(padded + 1, s.p, s.n);
	padded[s.n + 1] = ' ';
	padded[s.n + 2] = '\0';
	return strstr(rhymes, padded) != NULL;
}

bool
syllable_is_valid(const int32_t *letters, size_t n, int *weight)
{
	char bare[4 * SYLLABLE_LETTERS_MAX + 1];
	size_t len = 0;
	int tone = 0, tones = 0;

	*weight = 0;
	if (n == 0 || n > SYLLABLE_LETTERS_MAX)
		return false;
	for (size_t i = 0; i < n; i++) {
		int of_letter = 0, more;
		int32_t c = take_tone(text_lower(letters[i]), &of_letter, &more);

		if (c == 0)
			return false;
		*weight += more;
		tones += of_letter > 0;
		tone = of_letter > 0 ? of_letter : tone;
		len += text_put(bare + len, c);
	}
	bare[len] = '\0';
	for (size_t i = 0; tones <= 1 && i < ARRAY_LEN(onsets); i++) {
		struct slice onset = slice_of(onsets[i]), rhyme;

		if (onset.n > len || memcmp(bare, onset.p, onset.n) != 0)
			continue;
		rhyme = (struct slice){bare + onset.n, len - onset.n};
		if (is_rhyme(rhyme, tone) && is_spelled(onset, rhyme))
			return true;
	}
	return false;
}

/* ---- words of a text ---- */

/* Blanks, and signs of typography that stand beside words. */
static bool
is_between(int32_t c)
{
	if (c < 0x80)
		return !((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'));
	return c == 0xA0 || (c >= 0x2000 && c <= 0x206F) || c == 0xFEFF;
}

static bool
mark(struct word_marks *marks, const int32_t *letters, size_t n)
{
	uint32_t h = 2166136261u;
	uint64_t bit;
	bool was;

	if (marks == NULL)
		return true;
	for (size_t i = 0; i < n; i++)
		h = (h ^ (uint32_t)text_lower(letters[i])) * 16777619u;
	h ^= h >> 16;
	bit = 1ull << (h & 63);
	was = (marks->bits[h >> 6 & 1023] & bit) != 0;
	marks->bits[h >> 6 & 1023] |= bit;
	return !was;
}

static void
add_word(struct word_tally *t, struct word_marks *marks, const int32_t *letters, size_t n)
{
	int weight;

	if (!mark(marks, letters, n < SYLLABLE_LETTERS_MAX + 1 ? n : SYLLABLE_LETTERS_MAX + 1))
		return;
	t->words++;
	if (syllable_is_valid(letters, n, &weight)) {
		t->valid++;
		t->score += WORD_IS_SYLLABLE + weight;
	} else {
		t->score += WORD_IS_NONE;
	}
}

void
word_tally_add(struct word_tally *t, struct word_marks *marks, struct slice s)
{
	int32_t letters[SYLLABLE_LETTERS_MAX + 1];
	size_t n = 0;
	bool is_ascii = true;

	for (;;) {
		int32_t c = text_next(&s);

		if (c == -1 || (c >= 0 && is_between(c))) {
			if (n > 0 && !is_ascii)
				add_word(t, marks, letters, n);
			if (c == -1)
				return;
			n = 0;
			is_ascii = true;
			continue;
		}
		if (n <= SYLLABLE_LETTERS_MAX)
			letters[n++] = c;
		is_ascii = is_ascii && c >= 0 && c < 0x80;
	}
}
