/* SPDX-License-Identifier: MIT */
#include "segments/headers.h"

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"

#define NAME_MAX_BYTES 58u /* leaves room for _2 */

/*
 * Titles are compared folded, punctuation as blanks. A title typed without any
 * accent fits too, unless it would mean something else ("DT" is Dân tộc as well).
 */
static const struct title {
	const char *words;
	const char *name;
	uint8_t phone; /* how much it looks like mobile numbers; 0 = not at all */
	bool needs_accents;
} titles_known[] = {
	{"họ và tên", "ho_ten", 0, false},
	{"họ tên", "ho_ten", 0, false},
	{"tên và họ", "ho_ten", 0, false},
	{"họ và tên công dân", "ho_ten", 0, false},
	{"họ và tên người nhận", "ho_ten", 0, false},
	{"họ chữ đệm và tên", "ho_ten", 0, false},
	{"họ chữ đệm tên", "ho_ten", 0, false},
	{"họ chữ đệm và tên khai sinh", "ho_ten", 0, false},
	{"full name", "ho_ten", 0, false},
	{"số điện thoại", "so_dien_thoai", 2, false},
	{"điện thoại", "so_dien_thoai", 2, false},
	{"sđt", "so_dien_thoai", 2, false},
	{"số đt", "so_dien_thoai", 2, false},
	{"đt", "so_dien_thoai", 2, true},
	{"số điện thoại liên hệ", "so_dien_thoai", 2, false},
	{"điện thoại liên hệ", "so_dien_thoai", 2, false},
	{"sđt liên hệ", "so_dien_thoai", 2, false},
	{"số liên lạc", "so_dien_thoai", 1, false},
	{"điện thoại liên lạc", "so_dien_thoai", 2, false},
	{"số điện thoại liên lạc", "so_dien_thoai", 2, false},
	{"di động", "so_dien_thoai", 3, false},
	{"số di động", "so_dien_thoai", 3, false},
	{"điện thoại di động", "so_dien_thoai", 3, false},
	{"số điện thoại di động", "so_dien_thoai", 3, false},
	{"đtdđ", "so_dien_thoai", 3, false},
	{"số đtdđ", "so_dien_thoai", 3, false},
	{"đt di động", "so_dien_thoai", 3, false},
	{"phone", "so_dien_thoai", 2, false},
	{"phone number", "so_dien_thoai", 2, false},
	{"mobile", "so_dien_thoai", 3, false},
	{"mobile phone", "so_dien_thoai", 3, false},
	{"tel", "so_dien_thoai", 1, false},
	{"telephone", "so_dien_thoai", 1, false},
	{"ngày sinh", "ngay_sinh", 0, false},
	{"ngày tháng năm sinh", "ngay_sinh", 0, false},
	{"ngày tháng sinh", "ngay_sinh", 0, false},
	{"sinh ngày", "ngay_sinh", 0, false},
	{"năm sinh", "nam_sinh", 0, false},
	{"giới tính", "gioi_tinh", 0, false},
	{"giới", "gioi_tinh", 0, true},
	{"phái", "gioi_tinh", 0, true},
	{"nam nữ", "gioi_tinh", 0, false},
	{"xã phường", "xa", 0, false},
	{"phường xã", "xa", 0, false},
	{"xã phường đặc khu", "xa", 0, false},
	{"xã phường thị trấn", "xa", 0, false},
	{"xã", "xa", 0, true},
	{"phường", "xa", 0, false},
	{"thôn", "thon", 0, false},
	{"ấp", "thon", 0, true},
	{"khóm", "thon", 0, false},
	{"ấp khóm", "thon", 0, false},
	{"khóm ấp", "thon", 0, false},
	{"thôn ấp", "thon", 0, false},
	{"thôn ấp khóm", "thon", 0, false},
	{"thôn bản", "thon", 0, false},
	{"khu phố", "thon", 0, false},
	{"tổ dân phố", "thon", 0, false},
	{"thôn tổ dân phố", "thon", 0, false},
	{"thôn tổ", "thon", 0, false},
	{"huyện", "huyen", 0, false},
	{"quận huyện", "huyen", 0, false},
	{"huyện quận", "huyen", 0, false},
	{"tỉnh", "tinh", 0, false},
	{"tỉnh thành", "tinh", 0, false},
	{"tỉnh thành phố", "tinh", 0, false},
	{"tỉnh tp", "tinh", 0, false},
	{"cccd", "cccd", 0, false},
	{"số cccd", "cccd", 0, false},
	{"cmnd", "cccd", 0, false},
	{"số cmnd", "cccd", 0, false},
	{"cccd cmnd", "cccd", 0, false},
	{"cmnd cccd", "cccd", 0, false},
	{"số cccd cmnd", "cccd", 0, false},
	{"căn cước", "cccd", 0, false},
	{"số căn cước", "cccd", 0, false},
	{"căn cước công dân", "cccd", 0, false},
	{"số căn cước công dân", "cccd", 0, false},
	{"số định danh", "cccd", 0, false},
	{"số định danh cá nhân", "cccd", 0, false},
	{"số thứ tự", "stt", 0, false},
	{"e mail", "email", 0, false},
	{"thư điện tử", "email", 0, false},
};

/* Words of the query and template languages: no name of a column. */
static const char *const words_taken[] = {"and",   "or",      "not",   "in",	"is",
					  "like",  "null",    "has",   "true",	"nil",
					  "false", "between", "empty", "blank", "contains"};

static bool
is_word_letter(int32_t c)
{
	if (c < 0x80)
		return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
	return c >= 0xC0 && c != 0xD7 && c != 0xF7 && !(c >= 0x2000 && c < 0x2070) &&
	       !(c >= 0x3000 && c < 0x3040);
}

/* Folded words with one blank between them: "Xã/Phường (*)" → "xã phường". */
static void
add_words(struct buf *out, struct slice title)
{
	struct buf folded = {0};
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
		if (is_between && out->len > 0)
			buf_addc(out, ' ');
		is_between = false;
		text_add_code_point(out, c);
	}
	buf_free(&folded);
}

/* Is the title, without accents, the words without theirs? */
static bool
is_same_unaccented(struct slice words, const char *known)
{
	struct buf plain = {0};
	bool is_same = text_add_unaccented_folded(&plain, slice_of(known)) &&
		       slice_eq(buf_slice(&plain), words);

	buf_free(&plain);
	return is_same;
}

static const struct title *
find_title(struct slice words)
{
	bool has_accents = false;

	for (size_t i = 0; i < words.n; i++)
		has_accents |= (signed char)words.p[i] < 0;
	for (size_t i = 0; i < ARRAY_LEN(titles_known); i++)
		if (slice_is(words, titles_known[i].words))
			return &titles_known[i];
	for (size_t i = 0; i < ARRAY_LEN(titles_known) && !has_accents; i++)
		if (!titles_known[i].needs_accents &&
		    is_same_unaccented(words, titles_known[i].words))
			return &titles_known[i];
	return NULL;
}

/* Words → name: accents off, '_' between, ASCII letters and digits only. */
static void
make_name(char out[NAME_MAX_BYTES + 1], struct slice words, uint32_t number)
{
	struct buf plain = {0};
	size_t n = 0;

	if (!text_add_unaccented_folded(&plain, words))
		buf_reset(&plain);
	if (plain.len > 0 && plain.data[0] >= '0' && plain.data[0] <= '9')
		n = (size_t)snprintf(out, NAME_MAX_BYTES + 1, "cot_");
	for (size_t i = 0; i < plain.len && n < NAME_MAX_BYTES; i++) {
		char c = plain.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
		else if (c == ' ' && n > 0 && out[n - 1] != '_')
			out[n++] = '_';
	}
	while (n > 0 && out[n - 1] == '_')
		n--;
	out[n] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(words_taken); i++)
		if (strcmp(out, words_taken[i]) == 0)
			n = 0;
	if (n == 0)
		snprintf(out, NAME_MAX_BYTES + 1, "cot_%u", number);
	buf_free(&plain);
}

static bool
has_name(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (strcmp(s->columns[i].name, name) == 0)
			return true;
	return false;
}

static void
set_unique_name(struct schema *s, struct column *c, const char *name)
{
	snprintf(c->name, sizeof(c->name), "%s", name);
	for (unsigned i = 2; has_name(s, c->name); i++)
		snprintf(c->name, sizeof(c->name), "%s_%u", name, i);
}

/* As much of the title as there is room for, whole characters. */
static void
set_title(struct column *c, struct slice title, uint32_t number)
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
	uint8_t best = 0;

	*s = (struct schema){.phone = -1};
	for (uint32_t i = 0; i < count && i < COLUMNS_MAX; i++) {
		struct column *c = &s->columns[i];
		struct buf words = {0};
		const struct title *known;
		char name[NAME_MAX_BYTES + 1];

		add_words(&words, titles[i]);
		known = find_title(buf_slice(&words));
		make_name(name, buf_slice(&words), i + 1);
		set_unique_name(s, c, known != NULL ? known->name : name);
		set_title(c, titles[i], i + 1);
		c->type = COLUMN_TEXT;
		if (known != NULL && known->phone > best) {
			best = known->phone;
			s->phone = (int)i;
		}
		s->count = i + 1;
		buf_free(&words);
	}
}

enum header_hint
headers_hint(const char *name)
{
	static const struct {
		const char *begin;
		enum header_hint hint;
	} table[] = {
		{"ngay_", HINT_DATE}, {"nam_sinh", HINT_DATE}, {"cccd", HINT_TEXT},
		{"ma_", HINT_TEXT},   {"so_nha", HINT_TEXT},   {"so_dien_thoai", HINT_TEXT},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strncmp(name, table[i].begin, strlen(table[i].begin)) == 0)
			return table[i].hint;
	return HINT_NONE;
}
