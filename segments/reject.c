/* SPDX-License-Identifier: MIT */
#include "segments/reject.h"

#include <assert.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/json.h"
#include "base/mem.h"

/* Stable names of the import's own reasons and of segments/phone.h, in words. */
static const struct {
	const char *name, *vi, *en;
} reasons[] = {
	{"key-twice", "Có cùng khóa với dòng", "has the same key as row"},
	{"no-key", "Không có giá trị khóa", "has no value of the key"},
	{"ambiguous", "Nhiều dòng của danh sách có khóa này; hãy nhập lại với --key",
	 "several rows of the list have this key; import again with --key"},
	{"above-titles", "Nằm trên dòng tiêu đề của bảng",
	 "stands above the titles of the columns"},
	{"too-many-cells", "Nhiều ô hơn dòng tiêu đề", "more cells than the header has"},
	{"cell-too-long", "Có ô dài quá 1000 byte", "a cell is longer than 1000 bytes"},
	{"empty", "Không có số điện thoại", "no phone number"},
	{"no-digits", "Ô số điện thoại không có chữ số", "the phone cell has no digits"},
	{"letters", "Số điện thoại có chữ cái", "letters in the phone number"},
	{"unreadable", "Không đọc được số điện thoại", "the phone number cannot be read"},
	{"too-short", "Số điện thoại thiếu chữ số", "the phone number has too few digits"},
	{"too-long", "Số điện thoại thừa chữ số", "the phone number has too many digits"},
	{"too-many", "Ô có quá nhiều số điện thoại", "too many phone numbers in one cell"},
	{"unknown-prefix", "Đầu số không có thật", "no mobile network has this prefix"},
	{"service-number", "Là số dịch vụ, không nhận được tin nhắn",
	 "a service number, which gets no messages"},
	{"fixed-line", "Là số cố định, không nhận được tin nhắn",
	 "a fixed line, which gets no messages"},
	{"foreign", "Là số nước ngoài", "a foreign number"},
	{"lost-digits", "Excel đã làm mất chữ số; hãy nhập lại số dạng văn bản",
	 "Excel has dropped digits; type the number again as text"},
};

void
tally_add(struct tally *t, const char *name, uint64_t n)
{
	size_t i = 0;

	while (i < t->used && strcmp(t->names[i], name) != 0)
		i++;
	if (i == t->used) {
		assert(t->used < TALLY_MAX);
		t->names[t->used++] = name;
	}
	t->counts[i] += n;
}

void
tally_add_json(const struct tally *t, struct buf *out)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < t->used; i++) {
		buf_adds(out, i == 0 ? "" : ",");
		json_add_string(out, slice_of(t->names[i]));
		buf_addf(out, ":%llu", (unsigned long long)t->counts[i]);
	}
	buf_addc(out, '}');
}

/* What a spreadsheet would compute; a phone with its plus is none. */
static bool
is_formula(struct slice s)
{
	if (s.n == 0 || memchr("=+-@\t\r", s.p[0], 6) == NULL)
		return false;
	for (size_t i = 1; i < s.n && (s.p[0] == '+' || s.p[0] == '-'); i++)
		if (memchr("0123456789 .()-", s.p[i], 15) == NULL)
			return true;
	return s.p[0] != '+' && s.p[0] != '-';
}

/* As it came, for it is corrected and imported again; but staff open it in a spreadsheet. */
static void
add_cell(struct rejects *r, struct slice text)
{
	struct buf defused = {0};

	if (is_formula(text)) {
		buf_addc(&defused, '\'');
		buf_add_slice(&defused, text);
		text = buf_slice(&defused);
	}
	csv_add_cell(&r->csv, text, r->separator);
	buf_free(&defused);
}

void
tally_add_words(const struct tally *t, struct buf *out)
{
	for (size_t i = 0; i < t->used; i++)
		buf_addf(out, "%s%s %llu", i == 0 ? "" : ", ", t->names[i],
			 (unsigned long long)t->counts[i]);
}

void
rejects_begin(struct rejects *r, const struct import_cells *header,
	      const struct import_cells *lower, char separator)
{
	static const char *const titles_all[] = {"Tệp", "Dòng", "Lý do", "Reason"};
	const char *const *titles = titles_all + (r->file == NULL);
	size_t count = header->count, own = ARRAY_LEN(titles_all) - (r->file == NULL);

	if (lower != NULL && lower->count > count)
		count = lower->count;
	r->separator = separator;
	r->titles = (uint32_t)count;
	r->is_hidden = xcalloc(count + 1, 1);
	buf_adds(&r->csv, "\xEF\xBB\xBF");
	for (size_t i = 0; i < count; i++) {
		if (i < header->count)
			add_cell(r, header->cells[i].text);
		buf_addc(&r->csv, separator);
	}
	for (size_t i = 0; i < own; i++) {
		if (i > 0)
			buf_addc(&r->csv, separator);
		buf_adds(&r->csv, titles[i]);
	}
	buf_adds(&r->csv, "\r\n");
	for (size_t i = 0; lower != NULL && i < count + own; i++) {
		if (i > 0)
			buf_addc(&r->csv, separator);
		if (i < lower->count)
			add_cell(r, lower->cells[i].text);
	}
	if (lower != NULL)
		buf_adds(&r->csv, "\r\n");
	r->titles_bytes = r->csv.len;
}

static void
add_words(struct rejects *r, const char *words, struct slice place)
{
	struct buf text = {0};

	buf_adds(&text, words);
	if (place.n > 0)
		buf_addc(&text, ' ');
	buf_add_slice(&text, place);
	csv_add_cell(&r->csv, buf_slice(&text), r->separator);
	buf_free(&text);
}

static void
add_reason(struct rejects *r, const char *reason, struct slice place)
{
	const char *vi = reason, *en = reason;

	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (strcmp(reasons[i].name, reason) == 0) {
			vi = reasons[i].vi;
			en = reasons[i].en;
		}
	add_words(r, vi, place);
	buf_addc(&r->csv, r->separator);
	add_words(r, en, place);
}

static bool
take_room(struct rejects *r)
{
	struct reject_room own = {r->listed, r->csv.len}, *room = r->room != NULL ? r->room : &own;

	if (room->rows >= REJECTS_ROWS_MAX || room->bytes >= REJECTS_BYTES_MAX)
		return false;
	room->rows++;
	r->listed++;
	return true;
}

void
rejects_add(struct rejects *r, const struct import_cells *row, const char *reason)
{
	rejects_add_about(r, row, reason, (struct slice){NULL, 0});
}

void
rejects_add_about(struct rejects *r, const struct import_cells *row, const char *reason,
		  struct slice place)
{
	size_t before = r->csv.len;

	tally_add(&r->reasons, reason, 1);
	r->rows++;
	if (!take_room(r))
		return;
	for (size_t i = 0; i < r->titles; i++) {
		if (i < row->count && !r->is_hidden[i])
			add_cell(r, row->cells[i].text);
		buf_addc(&r->csv, r->separator);
	}
	if (r->file != NULL) {
		csv_add_cell(&r->csv, slice_of(r->file), r->separator);
		buf_addc(&r->csv, r->separator);
	}
	buf_addf(&r->csv, "%u%c", row->line, r->separator);
	add_reason(r, reason, place);
	for (size_t i = r->titles; i < row->count; i++) {
		buf_addc(&r->csv, r->separator);
		add_cell(r, row->cells[i].text);
	}
	buf_adds(&r->csv, "\r\n");
	if (r->room != NULL)
		r->room->bytes += r->csv.len - before;
}

void
rejects_join(struct buf *a, struct slice *titles_before, const struct rejects *b)
{
	static const char mark[] = "\xEF\xBB\xBF";
	struct slice titles = {b->csv.data, b->titles_bytes}, rest = buf_slice(&b->csv);

	if (titles.n == 0 || b->listed == 0)
		return;
	if (slice_eq(titles, *titles_before))
		rest = (struct slice){rest.p + titles.n, rest.n - titles.n};
	else if (a->len > 0)
		rest = (struct slice){rest.p + sizeof(mark) - 1, rest.n - sizeof(mark) + 1};
	*titles_before = titles;
	buf_add_slice(a, rest);
}

void
rejects_hide(struct rejects *r, size_t column)
{
	r->is_hidden[column] = 1;
}

void
rejects_free(struct rejects *r)
{
	free(r->is_hidden);
	buf_free(&r->csv);
}
