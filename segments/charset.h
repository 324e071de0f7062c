/* SPDX-License-Identifier: MIT */
/*
 * Character encodings of the text files that Vietnamese offices have: which one it is, by
 * its bytes, and UTF-8 out of it. Own tables: the same on every machine. Pure.
 *
 *   utf-8          with or without its mark
 *   utf-16le, -be  with a mark, or found by the NULs of ASCII
 *   windows-1258   Excel's "CSV" on a Vietnamese Windows: a letter, then its tone
 *   tcvn3          TCVN 5712:1993 (ABC, fonts .Vn…): one byte a letter
 *   vni            VNI-Windows: a letter, then its accents, in the places of Windows-1252
 *   viscii         RFC 1456
 *
 * What is not UTF-8 is read in each of the last four ways, and the words are judged
 * (syllable.h). Where too little speaks for one of them, nobody guesses: a person is asked.
 */
#pragma once

#include "base/err.h"

enum charset {
	CHARSET_UTF8,
	CHARSET_UTF16LE,
	CHARSET_UTF16BE,
	CHARSET_WINDOWS_1258,
	CHARSET_TCVN3,
	CHARSET_VNI,
	CHARSET_VISCII,
};
enum { CHARSETS = CHARSET_VISCII + 1, CHARSETS_OF_BYTES = 4 };

/* Bytes from the first one that is not ASCII on that the judgement is made of. */
#define CHARSET_HEAD_MAX 65536u

const char *charset_name(enum charset c);
/* Also by other names people use (abc, tcvn, cp1258, utf8 …), in any case. */
bool charset_by_name(struct slice name, enum charset *out);
/* charset_by_name, or ERR_INPUT that lists the names. what: the option or key it came from. */
MUST_CHECK enum err charset_read_name(const char *name, const char *what, enum charset *out,
				      struct err_ctx *e);

/* ---- which one ---- */

struct charset_guess {
	enum charset best;
	bool is_sure;  /* else: ask */
	bool is_ascii; /* nothing but ASCII so far: any of them but UTF-16 */
	/* Of those of bytes, the likeliest first; count = 0 when the text is Unicode. */
	struct charset_candidate {
		enum charset charset;
		uint32_t words, valid; /* different ones with accents; those that are Vietnamese */
		int score;	       /* half bits */
	} candidates[CHARSETS_OF_BYTES];
	size_t count;
	size_t first; /* byte of the head that is not UTF-8; only if count > 0 */
};

/*
 * By the first bytes of a file, or of what follows ASCII (is_begin false: no mark, no UTF-16).
 * is_whole: no more bytes come.
 */
void charset_detect(struct slice head, bool is_begin, bool is_whole, struct charset_guess *g);
/* Append what stands at head's byte g->first, read in an encoding: a few words, as UTF-8. */
void charset_add_sample(struct buf *out, struct slice head, size_t first, enum charset c);

/* ---- UTF-8 out of it ---- */

#define CHARSET_PENDING_MAX 8u

/* Bytes may be cut anywhere. Only what charset_decoder_init makes is one; it owns no memory. */
struct charset_decoder {
	enum charset charset;
	bool has_begun;			      /* a mark can no longer come */
	uint32_t line;			      /* 1-based, of the next character */
	int32_t pending[CHARSET_PENDING_MAX]; /* a letter and its accents: more may follow */
	size_t count;
	uint8_t half; /* of UTF-16: the first byte of a unit */
	bool has_half;
	uint16_t surrogate; /* of UTF-16: the first of a pair; 0 = none */
	/*
	 * Of TCVN3: words in capitals with small accented letters in them, "NGUYễN". Fonts of
	 * capitals (.VnTimeH) show small letters as capitals, so that the case is not in the text.
	 */
	uint64_t words_of_capitals;
	uint8_t word; /* what the word being read has: capitals, small ASCII, small accented */
};

void charset_decoder_init(struct charset_decoder *d, enum charset c);
/*
 * Append: in NFC where the encoding is one of bytes (but for letters with more accents than
 * CHARSET_PENDING_MAX, which are no text), else as it came. A byte that stands for
 * nothing in Windows-1258 becomes a control character (WHATWG). ERR_INPUT with a line: UTF-16 whose
 * surrogates are no pairs. UTF-8 is not checked.
 */
MUST_CHECK enum err charset_decode(struct charset_decoder *d, struct slice bytes, struct buf *out,
				   struct err_ctx *e);
/* What is still pending; then it may begin again. ERR_INPUT: half a character of UTF-16. */
MUST_CHECK enum err charset_decode_end(struct charset_decoder *d, struct buf *out,
				       struct err_ctx *e);
