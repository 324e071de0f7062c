/* SPDX-License-Identifier: MIT */
/*
 * What is known of the titles and the words of lists, as staff write them
 * (config/headers.json, inside the binary). Titles become names for queries and
 * templates: a known one ("Họ và tên", "SĐT") the name it has there, others
 * accents off and blanks to '_'. Pure.
 *
 * Titles and words are compared folded, punctuation as blanks ("Xã/Phường (*)" is
 * "xã phường"). What was typed without any accent fits too, unless it would mean
 * something else ("DT" is Dân tộc as well).
 */
#pragma once

#include "segments/block.h"

#define HEADER_NAME_MAX 58u /* bytes of a name; leaves room for _2 */
#define HEADER_PHONE_NAME "so_dien_thoai"

struct headers;

struct headers *headers_new(void);
void headers_free(struct headers *h);

/* What the values of a column should be, whatever they look like. */
enum header_hint { HINT_NONE, HINT_TEXT, HINT_DATE, HINT_BOOL, HINT_TAGS };

/* How much a title looks like the one of the numbers that messages go to. */
enum header_phone {
	HEADER_PHONE_NO,
	HEADER_PHONE_WORDS, /* it speaks of a phone: "SĐT phụ huynh" */
	HEADER_PHONE_LOW,   /* a known title, from here on: "Tel" */
	HEADER_PHONE_MAIN,  /* "Số điện thoại" */
	HEADER_PHONE_MOBILE /* "Di động" */
};

struct header_known {
	const char *name; /* NULL = the title is not known */
	enum header_phone phone;
	enum header_hint hint;
	const char *sensitive; /* why, by the law on personal data; NULL = it is not */
	bool is_birth;
	bool is_masked; /* a personal number: not shown in full */
};
struct header_known headers_find(const struct headers *h, struct slice title);

/* Append the folded words of a title with one blank between them. */
void headers_add_words(struct buf *out, struct slice title);
/* Is b the words of the title a, or its words without any accent? */
bool headers_is_same(struct slice a, struct slice b);
/* A name of title: accents off, '_' between; cot_NUMBER when nothing is left of it. */
void headers_make_name(char out[HEADER_NAME_MAX + 1], struct slice title, uint32_t number);
/* a-z, 0-9 and _, not beginning with a digit, no word of the query or template language. */
bool headers_is_name(struct slice name);
/* Set name, or the next name_2, name_3 … that no other column of s has. */
void headers_set_name(const struct schema *s, struct column *c, const char *name);
/* As much of the title as there is room for, whole characters; an empty one becomes "Cột NUMBER". */
void headers_set_title(struct column *c, struct slice title, uint32_t number);

/* Lists of words in the file. */
enum header_words {
	WORDS_MALE,
	WORDS_FEMALE,
	WORDS_YES,
	WORDS_NO,
	WORDS_TOTAL,
	WORDS_NOTE,
	WORDS_SIGNATURE,
	WORDS_GROUP,
	WORDS_TITLE,
	WORDS_LISTS
};
/* Are the folded words one of the list? */
bool headers_is_word(const struct headers *h, enum header_words list, struct slice words);
/* Do they begin with one of the list? Returns how many bytes it has, 0 = no. */
size_t headers_begins(const struct headers *h, enum header_words list, struct slice words);
/* The language of a people ("Khmer" → km); NULL = not known. */
const char *headers_language(const struct headers *h, struct slice people);

/*
 * Fill s from titles[count], clean cells in NFC, count ≤ COLUMNS_MAX. A name used
 * twice gets _2, _3 …; an empty title becomes "Cột N", cot_N. All types are TEXT;
 * s->phone is the column that looks most like mobile numbers, or -1.
 */
void headers_read(struct schema *s, const struct slice *titles, uint32_t count);
