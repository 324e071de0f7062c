/* SPDX-License-Identifier: MIT */
/*
 * The tests' own tables: how Vietnamese letters are written in each encoding, from the standards
 * (TCVN 5712:1993, RFC 1456, Microsoft's table of code page 1258) and the tables of VNI keyboards,
 * typed in the order of the alphabet and not from segments/charset.c.
 */
#pragma once

#include "base/buf.h"

/* Without a tone, then grave, hook, tilde, acute, dot. */
static const char *const vowels[12][6] = {
	{"a", "à", "ả", "ã", "á", "ạ"}, {"ă", "ằ", "ẳ", "ẵ", "ắ", "ặ"},
	{"â", "ầ", "ẩ", "ẫ", "ấ", "ậ"}, {"e", "è", "ẻ", "ẽ", "é", "ẹ"},
	{"ê", "ề", "ể", "ễ", "ế", "ệ"}, {"i", "ì", "ỉ", "ĩ", "í", "ị"},
	{"o", "ò", "ỏ", "õ", "ó", "ọ"}, {"ô", "ồ", "ổ", "ỗ", "ố", "ộ"},
	{"ơ", "ờ", "ở", "ỡ", "ớ", "ợ"}, {"u", "ù", "ủ", "ũ", "ú", "ụ"},
	{"ư", "ừ", "ử", "ữ", "ứ", "ự"}, {"y", "ỳ", "ỷ", "ỹ", "ý", "ỵ"},
};
static const char *const capitals[12][6] = {
	{"A", "À", "Ả", "Ã", "Á", "Ạ"}, {"Ă", "Ằ", "Ẳ", "Ẵ", "Ắ", "Ặ"},
	{"Â", "Ầ", "Ẩ", "Ẫ", "Ấ", "Ậ"}, {"E", "È", "Ẻ", "Ẽ", "É", "Ẹ"},
	{"Ê", "Ề", "Ể", "Ễ", "Ế", "Ệ"}, {"I", "Ì", "Ỉ", "Ĩ", "Í", "Ị"},
	{"O", "Ò", "Ỏ", "Õ", "Ó", "Ọ"}, {"Ô", "Ồ", "Ổ", "Ỗ", "Ố", "Ộ"},
	{"Ơ", "Ờ", "Ở", "Ỡ", "Ớ", "Ợ"}, {"U", "Ù", "Ủ", "Ũ", "Ú", "Ụ"},
	{"Ư", "Ừ", "Ử", "Ữ", "Ứ", "Ự"}, {"Y", "Ỳ", "Ỷ", "Ỹ", "Ý", "Ỵ"},
};

/* TCVN 5712, small letters: the standard goes through them in a row. */
static const unsigned char tcvn_small[12][6] = {
	{'a', 0xB5, 0xB6, 0xB7, 0xB8, 0xB9},  {0xA8, 0xBB, 0xBC, 0xBD, 0xBE, 0xC6},
	{0xA9, 0xC7, 0xC8, 0xC9, 0xCA, 0xCB}, {'e', 0xCC, 0xCE, 0xCF, 0xD0, 0xD1},
	{0xAA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6}, {'i', 0xD7, 0xD8, 0xDC, 0xDD, 0xDE},
	{'o', 0xDF, 0xE1, 0xE2, 0xE3, 0xE4},  {0xAB, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9},
	{0xAC, 0xEA, 0xEB, 0xEC, 0xED, 0xEE}, {'u', 0xEF, 0xF1, 0xF2, 0xF3, 0xF4},
	{0xAD, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9}, {'y', 0xFA, 0xFB, 0xFC, 0xFD, 0xFE},
};
/* RFC 1456, small letters. */
static const unsigned char viscii_small[12][6] = {
	{'a', 0xE0, 0xE4, 0xE3, 0xE1, 0xD5},  {0xE5, 0xA2, 0xC6, 0xC7, 0xA1, 0xA3},
	{0xE2, 0xA5, 0xA6, 0xE7, 0xA4, 0xA7}, {'e', 0xE8, 0xEB, 0xA8, 0xE9, 0xA9},
	{0xEA, 0xAB, 0xAC, 0xAD, 0xAA, 0xAE}, {'i', 0xEC, 0xEF, 0xEE, 0xED, 0xB8},
	{'o', 0xF2, 0xF6, 0xF5, 0xF3, 0xF7},  {0xF4, 0xB0, 0xB1, 0xB2, 0xAF, 0xB5},
	{0xBD, 0xB6, 0xB7, 0xDE, 0xBE, 0xFE}, {'u', 0xF9, 0xFC, 0xFB, 0xFA, 0xF8},
	{0xDF, 0xD7, 0xD8, 0xE6, 0xD1, 0xF1}, {'y', 0xCF, 0xD6, 0xDB, 0xFD, 0xDC},
};
/* Code page 1258: the vowel, then one of the tones. */
static const unsigned char cp1258_small[12] = {'a', 0xE3, 0xE2, 'e', 0xEA, 'i',
					       'o', 0xF4, 0xF5, 'u', 0xFD, 'y'};
static const unsigned char cp1258_capital[12] = {'A', 0xC3, 0xC2, 'E', 0xCA, 'I',
						 'O', 0xD4, 0xD5, 'U', 0xDD, 'Y'};
static const unsigned char cp1258_tones[6] = {0, 0xCC, 0xD2, 0xDE, 0xEC, 0xF2};
/* VNI-Windows. */
static const char *const vni_small[12][6] = {
	{"a", "a\xF8", "a\xFB", "a\xF5", "a\xF9", "a\xEF"},
	{"a\xEA", "a\xE8", "a\xFA", "a\xFC", "a\xE9", "a\xEB"},
	{"a\xE2", "a\xE0", "a\xE5", "a\xE3", "a\xE1", "a\xE4"},
	{"e", "e\xF8", "e\xFB", "e\xF5", "e\xF9", "e\xEF"},
	{"e\xE2", "e\xE0", "e\xE5", "e\xE3", "e\xE1", "e\xE4"},
	{"i", "\xEC", "\xE6", "\xF3", "\xED", "\xF2"},
	{"o", "o\xF8", "o\xFB", "o\xF5", "o\xF9", "o\xEF"},
	{"o\xE2", "o\xE0", "o\xE5", "o\xE3", "o\xE1", "o\xE4"},
	{"\xF4", "\xF4\xF8", "\xF4\xFB", "\xF4\xF5", "\xF4\xF9", "\xF4\xEF"},
	{"u", "u\xF8", "u\xFB", "u\xF5", "u\xF9", "u\xEF"},
	{"\xF6", "\xF6\xF8", "\xF6\xFB", "\xF6\xF5", "\xF6\xF9", "\xF6\xEF"},
	{"y", "y\xF8", "y\xFB", "y\xF5", "y\xF9", "\xEE"},
};
