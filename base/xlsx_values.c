/* SPDX-License-Identifier: MIT */
/*
 * What the numbers of cells mean. A date is a number whose number format (18.8.30)
 * shows days, months or years; 18.17.4 says how days are counted. Excel shows at
 * most 15 digits of a number, and so do we: what a double has beyond them (7.8 is
 * stored as 7.8000000000000007) nobody has typed.
 */
#include "base/xlsx_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define DIGITS_MAX 15
#define STYLES_MAX 65536  /* 64,000 in Excel */
#define FORMATS_MAX 65536 /* different formats */

/* ---- number formats ---- */

/* Go over what is no letter of the format: "text", \c, _c, *c; [h] is kept, other brackets not. */
static size_t
skip_quoted(struct slice s, bool *is_duration)
{
	const char *end;

	switch (s.p[0]) {
	case '"':
		end = memchr(s.p + 1, '"', s.n - 1);
		return end != NULL ? (size_t)(end - s.p) + 1 : s.n;
	case '\\':
	case '_':
	case '*':
		return s.n > 1 ? 2 : 1;
	case '[':
		end = memchr(s.p, ']', s.n);
		if (end != NULL && end - s.p >= 2 && strchr("hHmMsS", s.p[1]) != NULL &&
		    s.p[1] == s.p[end - s.p - 1])
			*is_duration = true;
		return end != NULL ? (size_t)(end - s.p) + 1 : s.n;
	default:
		return 0;
	}
}

enum xlsx_style
xlsx_style_of_code(struct slice s)
{
	bool is_duration = false, has_day = false, has_time = false, has_month = false;

	if (s.n >= 7 && strncasecmp(s.p, "General", 7) == 0)
		return STYLE_NUMBER;
	while (s.n > 0 && s.p[0] != ';') {
		size_t n = skip_quoted(s, &is_duration);

		if (n == 0) {
			char c = (char)(s.p[0] | 0x20);

			n = 1;
			if (s.n >= 5 && strncasecmp(s.p, "AM/PM", 5) == 0)
				n = 5;
			else if (c == 'e' && s.n > 1 && (s.p[1] == '+' || s.p[1] == '-'))
				n = 2; /* of scientific numbers */
			has_day |= n == 1 && (c == 'd' || c == 'y' || c == 'e' || c == 'b');
			has_time |= n == 5 || c == 'h' || c == 's';
			has_month |= n == 1 && c == 'm';
		}
		s = (struct slice){s.p + n, s.n - n};
	}
	if (has_day || (has_month && !has_time && !is_duration))
		return has_time ? STYLE_MOMENT : STYLE_DATE;
	return is_duration ? STYLE_DURATION : has_time ? STYLE_TIME : STYLE_NUMBER;
}

/* Formats that are in no file: 18.8.30, and those of East Asian editions, which are dates. */
static enum xlsx_style
style_built_in(int64_t id)
{
	if (id == 22)
		return STYLE_MOMENT;
	if ((id >= 14 && id <= 17) || (id >= 27 && id <= 31) || id == 36 || (id >= 50 && id <= 58))
		return STYLE_DATE;
	if (id == 46)
		return STYLE_DURATION;
	if ((id >= 18 && id <= 21) || (id >= 32 && id <= 35) || id == 45 || id == 47)
		return STYLE_TIME;
	return STYLE_NUMBER;
}

enum { SHEET = 1, FORMATS, FORMAT, CELLS, CELL };

struct format {
	int64_t id;
	enum xlsx_style style;
};

struct reading {
	struct xlsx *x;
	struct format *formats;
	size_t count, cap;
};

static void
add_format(struct reading *r, const char **attrs)
{
	const char *code = xml_attr(attrs, "formatCode");

	if (r->count == r->cap) {
		r->cap = r->cap > 0 ? r->cap * 2 : 16;
		r->formats = xrealloc(r->formats, r->cap * sizeof(*r->formats));
	}
	r->formats[r->count++] = (struct format){
		.id = xml_number(xml_attr(attrs, "numFmtId"), INT32_MAX),
		.style = xlsx_style_of_code(slice_of(code)),
	};
}

static int
compare_formats(const void *a, const void *b)
{
	const struct format *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

static enum xlsx_style
style_of_id(const struct reading *r, int64_t id)
{
	struct format key = {.id = id};
	const struct format *f =
		r->count == 0 ? NULL
			      : bsearch(&key, r->formats, r->count, sizeof(key), compare_formats);

	return f != NULL ? f->style : style_built_in(id);
}

static enum err
on_begin(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct reading *r = arg;
	struct xlsx *x = r->x;

	if (state == CELLS && r->count > 0)
		qsort(r->formats, r->count, sizeof(*r->formats), compare_formats);
	if (state != FORMAT && state != CELL)
		return ERR_OK;
	if (r->count >= FORMATS_MAX || x->styles_count >= STYLES_MAX)
		return err_set(e, ERR_INPUT, x->file,
			       "copy the list into a new workbook (chép danh sách sang tệp mới)",
			       "it has too many cell styles");
	if (state == FORMAT) {
		add_format(r, attrs);
		return ERR_OK;
	}
	if (x->styles_count == x->styles_cap) {
		x->styles_cap = x->styles_cap > 0 ? x->styles_cap * 2 : 64;
		x->styles = xrealloc(x->styles, x->styles_cap);
	}
	x->styles[x->styles_count++] =
		(uint8_t)style_of_id(r, xml_number(xml_attr(attrs, "numFmtId"), INT32_MAX));
	return ERR_OK;
}

static enum err
on_end(void *arg, unsigned state, struct err_ctx *e)
{
	(void)arg;
	(void)state;
	(void)e;
	return ERR_OK;
}

enum err
xlsx_styles_read(struct xlsx *x, int part, struct err_ctx *e)
{
	static const struct xml_rule rules[] = {{0, SHEET, "styleSheet"},
						{SHEET, FORMATS, "numFmts"},
						{FORMATS, FORMAT, "numFmt"},
						{SHEET, CELLS, "cellXfs"},
						{CELLS, CELL, "xf"}};
	static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_begin, on_end, NULL};
	struct reading r = {.x = x};
	struct xlsx_pass p = {.part = part};
	enum err err;

	p.xml = xml_new(&grammar, x->file, &r);
	err = xlsx_pass_run(x, &p, e);
	if (xml_is_malformed(p.xml) && e != NULL) {
		struct err_ctx was = *e;

		err_set(e, ERR_INPUT, x->file, was.todo, "its cell styles, %s", was.why);
	}
	xml_free(p.xml);
	free(r.formats);
	return err;
}

/* ---- numbers and dates ---- */

static size_t
digits_at(const char *p, const char *end)
{
	const char *begin = p;

	while (p < end && *p >= '0' && *p <= '9')
		p++;
	return (size_t)(p - begin);
}

/* -12, 1.5, .5, 8.49E+10; *is_plain: a whole number of at most 15 digits, without an exponent. */
static bool
is_number(struct slice s, bool *is_plain)
{
	const char *p = s.p, *end = s.p + s.n;
	size_t whole, part = 0;

	if (s.n == 0 || s.n > 60)
		return false;
	if (*p == '-' || *p == '+')
		p++;
	whole = digits_at(p, end);
	p += whole;
	*is_plain = p == end && whole > 0 && whole <= DIGITS_MAX && s.p[0] != '+';
	if (p < end && *p == '.') {
		part = digits_at(++p, end);
		p += part;
	}
	if (whole + part == 0)
		return false;
	if (p < end && (*p == 'e' || *p == 'E')) {
		p++;
		if (p < end && (*p == '-' || *p == '+'))
			p++;
		if (digits_at(p, end) == 0)
			return false;
		p += digits_at(p, end);
	}
	return p == end;
}

/* "yyyy-mm-dd" of a day of the calendar; false when the epoch has no such day, or nobody has. */
static bool
day_text(int64_t day, enum xlsx_epoch epoch, char out[40])
{
	int64_t first = epoch == EPOCH_1904 ? 0 : 1, base;
	time_t seconds;
	struct tm tm;

	if (day < first || day > 2958465 || (epoch == EPOCH_1900 && day == 60))
		return false;
	base = epoch == EPOCH_1904 ? -24107 : -25569; /* days from 1970-01-01 to day 0 */
	if (epoch == EPOCH_1900 && day < 60)
		base++;
	seconds = (time_t)((base + day) * 86400);
	if (gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 9999 - 1900)
		return false;
	return strftime(out, 40, "%Y-%m-%d", &tm) == 10;
}

static void
time_text(int64_t seconds, char *out, size_t cap)
{
	snprintf(out, cap, "%02lld:%02d:%02d", (long long)(seconds / 3600),
		 (int)(seconds / 60 % 60), (int)(seconds % 60));
}

/* False: it is no date that can be written, so it stays a number. */
static bool
date_text(double d, enum xlsx_style style, enum xlsx_epoch epoch, char out[40],
	  enum xlsx_kind *kind)
{
	int64_t seconds, day;

	if (!(d >= 0 && d < 2958466))
		return false;
	seconds = (int64_t)floor(d * 86400 + 0.5);
	day = seconds / 86400;
	if (style == STYLE_DATE) /* shows the day before midnight, however near */
		day = (int64_t)floor(d);
	*kind = XLSX_TIME;
	if (style == STYLE_DURATION || style == STYLE_TIME || (style == STYLE_MOMENT && d < 1)) {
		time_text(style == STYLE_DURATION ? seconds : seconds % 86400, out, 40);
		return true;
	}
	*kind = XLSX_DATE;
	if (!day_text(day, epoch, out))
		return false;
	if (style == STYLE_MOMENT && seconds % 86400 != 0) {
		out[10] = ' ';
		time_text(seconds % 86400, out + 11, 29);
	}
	return true;
}

enum xlsx_kind
xlsx_number(struct slice raw, enum xlsx_style style, enum xlsx_epoch epoch, char out[40],
	    struct slice *text)
{
	enum xlsx_kind kind;
	bool is_plain;
	double d;

	*text = raw;
	if (!is_number(raw, &is_plain))
		return XLSX_TEXT;
	if (is_plain && style == STYLE_NUMBER)
		return XLSX_NUMBER;
	slice_copy(out, 40, raw);
	d = raw.n < 40 ? strtod(out, NULL) : NAN;
	if (style != STYLE_NUMBER && date_text(d, style, epoch, out, &kind)) {
		*text = slice_of(out);
		return kind;
	}
	if (is_plain || !(fabs(d) < 1e15) || (d != 0 && fabs(d) < 1e-4))
		return XLSX_NUMBER;
	snprintf(out, 40, "%.*g", DIGITS_MAX, d);
	if (strcmp(out, "-0") == 0)
		snprintf(out, 40, "0");
	/* 999999999999999.9 has been rounded to 1e+15 */
	if (strchr(out, 'e') == NULL)
		*text = slice_of(out);
	return XLSX_NUMBER;
}

/* "dd" at p, at most max. */
static bool
two_digits(const char *p, int max)
{
	return digits_at(p, p + 2) == 2 && (p[0] - '0') * 10 + (p[1] - '0') <= max;
}

static bool
is_clock(struct slice s)
{
	return s.n >= 8 && two_digits(s.p, 24) && s.p[2] == ':' && two_digits(s.p + 3, 59) &&
	       s.p[5] == ':' && two_digits(s.p + 6, 60) &&
	       (s.n == 8 || strchr(".,Z+-", s.p[8]) != NULL);
}

enum xlsx_kind
xlsx_iso_date(struct slice raw, char out[40], struct slice *text)
{
	struct slice rest = raw.n > 11 ? (struct slice){raw.p + 11, raw.n - 11} : (struct slice){0};
	bool has_day = raw.n >= 10 && digits_at(raw.p, raw.p + 4) == 4 && raw.p[4] == '-' &&
		       two_digits(raw.p + 5, 12) && raw.p[7] == '-' && two_digits(raw.p + 8, 31);

	*text = raw;
	if (is_clock(raw)) {
		*text = (struct slice){raw.p, 8};
		return XLSX_TIME;
	}
	if (!has_day || (raw.n > 10 && (raw.p[10] != 'T' || !is_clock(rest))))
		return XLSX_TEXT;
	*text = (struct slice){raw.p, 10};
	if (rest.n > 0 && memcmp(rest.p, "00:00:00", 8) != 0) {
		snprintf(out, 40, "%.10s %.8s", raw.p, rest.p);
		*text = slice_of(out);
	}
	return XLSX_DATE;
}

/* ---- names of cells ---- */

void
xlsx_column_name(uint32_t column, char out[8])
{
	char turned[8];
	size_t n = 0;

	for (; column > 0 && n < 7; column = (column - 1) / 26)
		turned[n++] = (char)('A' + (column - 1) % 26);
	for (size_t i = 0; i < n; i++)
		out[i] = turned[n - 1 - i];
	out[n] = '\0';
}

bool
xlsx_cell_of_name(struct slice name, uint32_t *row, uint32_t *column)
{
	uint32_t r = 0, c = 0;

	slice_take_char(&name, '$');
	for (; name.n > 0 && ((name.p[0] | 0x20) >= 'a' && (name.p[0] | 0x20) <= 'z'); name.n--) {
		c = c * 26 + (uint32_t)((*name.p++ | 0x20) - 'a' + 1);
		if (c > XLSX_COLUMNS_MAX)
			return false;
	}
	slice_take_char(&name, '$');
	for (; name.n > 0 && name.p[0] >= '0' && name.p[0] <= '9'; name.n--) {
		r = r * 10 + (uint32_t)(*name.p++ - '0');
		if (r > XLSX_ROWS_MAX)
			return false;
	}
	*row = r;
	*column = c;
	return name.n == 0 && r > 0 && c > 0;
}

bool
xlsx_area_of_name(const char *ref, struct xlsx_area *out)
{
	struct slice rest = slice_of(ref);
	struct slice first = slice_take_until(&rest, ':');

	if (rest.n == 0)
		rest = first;
	return xlsx_cell_of_name(first, &out->first_row, &out->first_column) &&
	       xlsx_cell_of_name(rest, &out->last_row, &out->last_column) &&
	       out->first_row <= out->last_row && out->first_column <= out->last_column;
}
