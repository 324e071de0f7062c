/* SPDX-License-Identifier: MIT */
/*
 * Texts as somebody else compares them: a carrier with what it has registered, a
 * rule with its words. The form is made one code point at a time, so each byte of
 * it can be led back to where it came from. Blanks of any kind count as one, and
 * as none at both ends. Pure.
 *
 * A comparer keeps the forms of characters that it has met, so it is made once
 * for many texts.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum compare_mode {
	COMPARE_EXACT,	     /* as written, in NFC */
	COMPARE_IGNORE_CASE, /* case folded */
	COMPARE_PLAIN,	     /* neither accents nor case: the unaccented text, folded */
};
#define COMPARE_MODES 3

/* "exact", "ignore-case", "plain" */
extern const char *const compare_mode_names[COMPARE_MODES];

struct comparer;
struct comparer *comparer_new(enum compare_mode mode);
void comparer_free(struct comparer *c);

/* Where a form is put. Zero-initialised but for text: nothing was added yet. */
struct compare_form {
	struct buf *text;
	struct buf
		*from;	/* u32 for each byte of text: its place in the source; NULL = not wanted */
	bool has_begun; /* something stands before: a blank counts */
	bool has_blank; /* one that is put down if something follows */
	uint32_t blank_at;
};
/* Append the form of one code point that stands at `at` in the source. */
void compare_add_code_point(struct comparer *c, struct compare_form *f, int32_t code_point,
			    uint32_t at);
/* Put a pending blank down now: what follows is no text. */
void compare_flush(struct compare_form *f);
/* Append the form of a whole text in NFC. Malformed bytes stay as they are. */
void compare_add(struct comparer *c, struct slice nfc, struct buf *text, struct buf *from);

/* Does it have marks that NFC might join to a letter? Then it must be made NFC first. */
bool compare_has_marks(struct slice text);

/* A run of letters and digits, or one other character. */
struct compare_token {
	uint32_t at, n;	 /* in the form */
	bool has_blank;	 /* before it */
	bool is_word;	 /* letters and digits */
	uint32_t length; /* code points */
};
/* Cut a form into at most max tokens; returns how many. has_blank: one stands before its start. */
size_t compare_tokens(struct slice form, bool has_blank, struct compare_token *out, size_t max);
