/* SPDX-License-Identifier: MIT */
/*
 * The Vietnamese filters: names, forms of address, numbers, money, dates, phones
 * as people read them, and text without accents. An absent value stays absent,
 * and so becomes one that cannot be understood: the strict rule then leaves the
 * person out, rather than a wrong text go out. Only honorific has a form for
 * those of whom nothing is known.
 */
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/person_name.h"
#include "templates/program.h"
#include "templates/vi_date.h"
#include "templates/vietnamese.h"

static const struct template_value nil = {.kind = TEMPLATE_NIL};

static bool
is_absent(struct template_value v)
{
	return v.kind == TEMPLATE_NIL || is_blank_text(v.text);
}

/* A small whole number; false when it is none, or beyond max. */
static bool
read_small(struct template_value v, unsigned max, unsigned *out)
{
	struct slice s = slice_trim(v.text);

	*out = 0;
	if (s.n == 0 || s.n > 3)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*out = *out * 10 + (unsigned)(s.p[i] - '0');
	}
	return *out <= max;
}

/* ---- plain ---- */

static struct template_value
apply_plain(const struct filter_call *c, struct template_value in)
{
	/*
	 * The result is at most half as long again as the value (® → (R)), so the buffer never
	 * grows; the rest is for what plain_add may reserve in one piece.
	 */
	size_t room = 3 * in.text.n + 16;
	struct buf out = {.cap = room};

	if (is_absent(in))
		return nil;
	if (text_find_malformed(in.text) >= 0)
		return in; /* the rendering says so */
	out.data = scratch_take(c->scratch, room);
	if (out.data == NULL || plain_add(&out, in.text, NULL, 0) > 0)
		return nil;
	c->scratch->at = out.data + out.len;
	return (struct template_value){TEMPLATE_TEXT, buf_slice(&out), 0};
}

/* ---- names ---- */

static struct template_value
apply_given_name(const struct filter_call *c, struct template_value in)
{
	(void)c;
	if (is_absent(in))
		return nil;
	return (struct template_value){TEMPLATE_TEXT, person_given_name(in.text), 0};
}

static struct template_value
apply_name_case(const struct filter_call *c, struct template_value in)
{
	size_t room = 2 * in.text.n, n;
	char *out;

	if (is_absent(in))
		return nil;
	out = scratch_take(c->scratch, room);
	if (out == NULL)
		return nil;
	n = person_name_case(in.text, out);
	c->scratch->at = out + n;
	return (struct template_value){TEMPLATE_TEXT, {out, n}, 0};
}

/* ---- forms of address ---- */

#define ELDER_FROM 30 /* years: Ông, Bà; the law on youth ends with 30 */
#define ADULT_FROM 18 /* years: Anh, Chị; below: Em */
#define AGE_MAX 130

enum sex { SEX_UNKNOWN, SEX_MALE, SEX_FEMALE };

static enum sex
read_sex(struct template_value v)
{
	static const struct {
		const char *word;
		enum sex sex;
	} words[] = {
		{"nam", SEX_MALE},	 {"nam gioi", SEX_MALE}, {"trai", SEX_MALE},
		{"con trai", SEX_MALE},	 {"ong", SEX_MALE},	 {"anh", SEX_MALE},
		{"dan ong", SEX_MALE},	 {"male", SEX_MALE},	 {"man", SEX_MALE},
		{"m", SEX_MALE},	 {"1", SEX_MALE},	 {"nu", SEX_FEMALE},
		{"nu gioi", SEX_FEMALE}, {"gai", SEX_FEMALE},	 {"con gai", SEX_FEMALE},
		{"ba", SEX_FEMALE},	 {"chi", SEX_FEMALE},	 {"co", SEX_FEMALE},
		{"phu nu", SEX_FEMALE},	 {"dan ba", SEX_FEMALE}, {"female", SEX_FEMALE},
		{"woman", SEX_FEMALE},	 {"f", SEX_FEMALE},	 {"0", SEX_FEMALE},
		{"2", SEX_FEMALE},
	};
	char bare[12];

	if (!text_bare_word(slice_trim(v.text), bare, sizeof(bare)))
		return SEX_UNKNOWN;
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcmp(words[i].word, bare) == 0)
			return words[i].sex;
	return SEX_UNKNOWN;
}

/* From a birth date, a year of birth, or an age in years; -1 = unknown. A year alone counts whole. */
static int
read_age(struct template_value v, int64_t today)
{
	struct date birth, now = date_of_days(today);
	struct slice s = slice_trim(v.text);
	unsigned years;
	int age;

	if (read_small(v, AGE_MAX, &years) && s.p[0] != '0') /* "05" is a year */
		return (int)years;
	if (!vi_date_read(v.text, &birth))
		return -1;
	age = now.year - birth.year;
	if (now.month < birth.month || (now.month == birth.month && now.day < birth.day))
		age--;
	return age >= 0 && age <= AGE_MAX ? age : -1;
}

/* honorific [: birth [, years of Ông and Bà [, years of Anh and Chị]]] */
static struct template_value
apply_honorific(const struct filter_call *c, struct template_value in)
{
	static const char *const elders[] = {"Ông/Bà", "Ông", "Bà"};
	static const char *const adults[] = {"Anh/Chị", "Anh", "Chị"};
	unsigned elder_from = ELDER_FROM, adult_from = ADULT_FROM;
	enum sex sex = read_sex(in);
	const char *word;
	int age = -1;

	if (c->count > 1 && !read_small(c->args[1], AGE_MAX, &elder_from))
		return nil;
	if (c->count > 2 && !read_small(c->args[2], AGE_MAX, &adult_from))
		return nil;
	if (c->count > 0)
		age = read_age(c->args[0], c->today);
	if (age < 0 || (unsigned)age >= elder_from)
		word = elders[sex];
	else
		word = (unsigned)age >= adult_from ? adults[sex] : "Em";
	return (struct template_value){TEMPLATE_TEXT, slice_of(word), 0};
}

/* ---- numbers ---- */

#define DIGITS_MAX 24
#define DECIMALS_MAX 9u
#define GROUPS_MAX (DIGITS_MAX / 3 + 1)
#define NUMBER_MAX (3 * DIGITS_MAX) /* bytes of a printed number */

/* A number by its digits, so that nothing is lost: whole has at least one, without zeros before it. */
struct decimal {
	bool is_negative;
	char whole[DIGITS_MAX + 1], fraction[DIGITS_MAX]; /* room for a carry */
	size_t whole_n, fraction_n;
};

/* Runs of digits and the signs between them: 1.234,5 = 3 runs, signs '.' and ','. */
struct runs {
	struct slice digits[GROUPS_MAX + 1];
	char signs[GROUPS_MAX];
	size_t count; /* of digits */
};

static bool
split_runs(struct slice s, struct runs *r)
{
	r->count = 0;
	for (;;) {
		size_t n = 0;
		int32_t c;

		while (n < s.n && s.p[n] >= '0' && s.p[n] <= '9')
			n++;
		if (n == 0 || n > DIGITS_MAX)
			return false;
		r->digits[r->count++] = (struct slice){s.p, n};
		s = (struct slice){s.p + n, s.n - n};
		if (s.n == 0)
			return true;
		c = text_next(&s);
		if (r->count > GROUPS_MAX || (c != '.' && c != ',' && !is_blank_char(c)))
			return false;
		r->signs[r->count - 1] = (char)(c == '.' || c == ',' ? c : ' ');
	}
}

/* 1 to 3 digits, then groups of 3 with one sign between them, up to run `end`. */
static bool
is_grouped(const struct runs *r, size_t end)
{
	if (r->digits[0].n > 3)
		return false;
	for (size_t i = 1; i < end; i++)
		if (r->digits[i].n != 3 || r->signs[i - 1] != r->signs[0])
			return false;
	return true;
}

/*
 * How many of the runs are the whole part: all, or all but the last; 0 = unreadable.
 * One sign before three digits (1.234) may mean either in a list: unreadable, unless no
 * thousands can stand before it (0.234, 1234.567). A computed number is written with a point.
 */
static size_t
whole_runs(const struct runs *r, bool is_computed)
{
	char last = r->count > 1 ? r->signs[r->count - 2] : '\0';
	struct slice first = r->digits[0];

	if (r->count == 1)
		return 1;
	if (is_computed)
		return r->count == 2 && last == '.' ? 1 : 0;
	if (r->count == 2 && last != ' ') {
		bool is_thousands = r->digits[1].n == 3 && first.n <= 3 && first.p[0] != '0';

		return is_thousands ? 0 : 1;
	}
	if (last == r->signs[0])
		return is_grouped(r, r->count) ? r->count : 0;
	return last != ' ' && is_grouped(r, r->count - 1) ? r->count - 1 : 0;
}

static bool
read_decimal(struct template_value v, struct decimal *d)
{
	struct slice s = slice_trim(v.text);
	struct runs r;
	size_t whole;

	*d = (struct decimal){.is_negative = slice_take_char(&s, '-')};
	if (v.kind != TEMPLATE_NUMBER && v.kind != TEMPLATE_TEXT)
		return false;
	if (!split_runs(s, &r))
		return false;
	whole = whole_runs(&r, v.kind == TEMPLATE_NUMBER);
	if (whole == 0)
		return false;
	for (size_t i = 0; i < whole; i++) {
		if (d->whole_n + r.digits[i].n > DIGITS_MAX)
			return false;
		memcpy(d->whole + d->whole_n, r.digits[i].p, r.digits[i].n);
		d->whole_n += r.digits[i].n;
	}
	if (whole < r.count) {
		d->fraction_n = r.digits[whole].n;
		memcpy(d->fraction, r.digits[whole].p, d->fraction_n);
	}
	return d->whole_n == 1 || d->whole[0] != '0'; /* 007 is a code */
}

/* Add one to the digits; true when it was carried beyond them. */
static bool
carry(char *digits, size_t n)
{
	while (n > 0) {
		if (digits[n - 1] != '9') {
			digits[n - 1]++;
			return false;
		}
		digits[--n] = '0';
	}
	return true;
}

/* Half away from zero. */
static void
round_to(struct decimal *d, size_t decimals)
{
	bool is_up = d->fraction_n > decimals && d->fraction[decimals] >= '5';

	while (d->fraction_n < decimals)
		d->fraction[d->fraction_n++] = '0';
	d->fraction_n = decimals;
	if (!is_up || !carry(d->fraction, decimals) || !carry(d->whole, d->whole_n))
		return;
	memmove(d->whole + 1, d->whole, d->whole_n);
	d->whole[0] = '1';
	d->whole_n++;
}

static void
drop_zeros(struct decimal *d)
{
	while (d->fraction_n > 0 && d->fraction[d->fraction_n - 1] == '0')
		d->fraction_n--;
}

static bool
is_zero(const struct decimal *d)
{
	for (size_t i = 0; i < d->fraction_n; i++)
		if (d->fraction[i] != '0')
			return false;
	return d->whole_n == 1 && d->whole[0] == '0';
}

/* 1.234.567,5; returns its bytes. */
static size_t
print_decimal(const struct decimal *d, char out[NUMBER_MAX])
{
	size_t n = 0;

	if (d->is_negative && !is_zero(d))
		out[n++] = '-';
	for (size_t i = 0; i < d->whole_n; i++) {
		if (i > 0 && (d->whole_n - i) % 3 == 0)
			out[n++] = '.';
		out[n++] = d->whole[i];
	}
	if (d->fraction_n > 0)
		out[n++] = ',';
	memcpy(out + n, d->fraction, d->fraction_n);
	return n + d->fraction_n;
}

/* number_vi [: decimals] */
static struct template_value
apply_number(const struct filter_call *c, struct template_value in)
{
	struct decimal d;
	unsigned decimals;
	char out[NUMBER_MAX];

	if (is_absent(in) || !read_decimal(in, &d))
		return nil;
	if (c->count == 0)
		drop_zeros(&d);
	else if (read_small(c->args[0], DECIMALS_MAX, &decimals))
		round_to(&d, decimals);
	else
		return nil;
	return scratch_text(c->scratch, (struct slice){out, print_decimal(&d, out)});
}

/* currency_vi [: unit [, decimals]]; a unit of one letter stands without a blank: 50.000đ */
static struct template_value
apply_currency(const struct filter_call *c, struct template_value in)
{
	struct slice unit = c->count > 0 ? c->args[0].text : SLICE("đồng");
	unsigned decimals = 0;
	struct decimal d;
	char number[NUMBER_MAX], *out;
	size_t n, gap = text_length(unit) > 1;

	if (is_absent(in) || is_blank_text(unit) || !read_decimal(in, &d))
		return nil;
	if (c->count > 1 && !read_small(c->args[1], DECIMALS_MAX, &decimals))
		return nil;
	round_to(&d, decimals);
	n = print_decimal(&d, number);
	out = scratch_take(c->scratch, n + gap + unit.n);
	if (out == NULL)
		return nil;
	memcpy(out, number, n);
	memcpy(out + n, " ", gap);
	memcpy(out + n + gap, unit.p, unit.n);
	return (struct template_value){TEMPLATE_TEXT, {out, n + gap + unit.n}, 0};
}

/* ---- dates ---- */

static bool
read_form(struct template_value v, enum vi_date_form *form)
{
	static const struct {
		const char *word;
		enum vi_date_form form;
	} words[] = {
		{"ngan", VI_DATE_SHORT},  {"short", VI_DATE_SHORT}, {"dai", VI_DATE_LONG},
		{"long", VI_DATE_LONG},	  {"thu", VI_DATE_WEEKDAY}, {"weekday", VI_DATE_WEEKDAY},
		{"day du", VI_DATE_FULL}, {"full", VI_DATE_FULL},   {"ngay thang", VI_DATE_DAY},
		{"day", VI_DATE_DAY},
	};
	char bare[16];

	if (!text_bare_word(slice_trim(v.text), bare, sizeof(bare)))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		if (strcmp(words[i].word, bare) != 0)
			continue;
		*form = words[i].form;
		return true;
	}
	return false;
}

/* date_vi [: form] */
static struct template_value
apply_date(const struct filter_call *c, struct template_value in)
{
	enum vi_date_form form = VI_DATE_SHORT;
	struct slice s = slice_trim(in.text);
	char out[VI_DATE_MAX];
	struct date d;

	if (is_absent(in) || (c->count > 0 && !read_form(c->args[0], &form)))
		return nil;
	if (slice_is(s, "now") || slice_is(s, "today"))
		d = date_of_days(c->today);
	else if (!vi_date_read(s, &d))
		return nil;
	if (!vi_date_print(d, form, out))
		return nil;
	return scratch_text(c->scratch, slice_of(out));
}

/* ---- phones ---- */

#define PHONE_DIGITS_MAX 15

/* The digits; false for anything but digits and what people put between them. */
static bool
read_phone(struct slice s, char digits[PHONE_DIGITS_MAX + 1], bool *has_plus)
{
	size_t n = 0;

	s = slice_trim(s);
	*has_plus = slice_take_char(&s, '+');
	while (s.n > 0) {
		int32_t c = text_next(&s);

		if (c == '.' || c == '-' || c == '(' || c == ')' || is_blank_char(c))
			continue;
		if (c < '0' || c > '9' || n == PHONE_DIGITS_MAX)
			return false;
		digits[n++] = (char)c;
	}
	digits[n] = '\0';
	return n > 0;
}

/* What stands behind the 0 or the 84 of a number; NULL when there is neither. */
static const char *
national_part(const char *digits, bool has_plus)
{
	if (has_plus && strncmp(digits, "84", 2) != 0)
		return NULL;
	if (strncmp(digits, "0084", 4) == 0)
		digits += 4;
	else if (strncmp(digits, "84", 2) == 0 && (has_plus || strlen(digits) > 10))
		digits += 2;
	else
		return digits[0] == '0' ? digits + 1 : strlen(digits) == 9 ? digits : NULL;
	return digits[0] == '0' ? digits + 1 : digits; /* +84 (0)912 … */
}

/* By the second digit: which third ones there are. Numbering plan of 2018, and of 2017 for lines. */
static const char *const mobile_next[10] = {
	['3' - '0'] = "23456789",  ['5' - '0'] = "25689",     ['7' - '0'] = "06789",
	['8' - '0'] = "123456789", ['9' - '0'] = "012346789",
};
static const char *const line_next[10] = {
	"3456789",  "012345689", "01256789", "23456789", "2345678",
	"12456789", "01239",	 "01234567", "23456789", "01234679",
};

static bool
is_in(const char *digits, char c)
{
	return digits != NULL && c >= '0' && c <= '9' && strchr(digits, c) != NULL;
}

/* 0912 345 678, 024 3825 3536, 0296 3852 123 */
static bool
print_national(const char *d, char out[24])
{
	size_t n = strlen(d);

	if (n == 9 && is_in(mobile_next[d[0] - '0'], d[1]))
		snprintf(out, 24, "0%.3s %.3s %.3s", d, d + 3, d + 6);
	else if (n != 10 || d[0] != '2' || !is_in(line_next[d[1] - '0'], d[2]))
		return false;
	else if (d[1] == '4' || d[1] == '8') /* Hà Nội, Thành phố Hồ Chí Minh */
		snprintf(out, 24, "0%.2s %.4s %.4s", d, d + 2, d + 6);
	else
		snprintf(out, 24, "0%.3s %.4s %.3s", d, d + 3, d + 7);
	return true;
}

/* 1800 1096, 1900 599 920, 113, 1022 */
static bool
print_service(const char *d, char out[24])
{
	size_t n = strlen(d);

	if (d[0] == '1' && (n == 3 || n == 4))
		snprintf(out, 24, "%.4s", d);
	else if (n < 8 || n > 10 || (strncmp(d, "1800", 4) != 0 && strncmp(d, "1900", 4) != 0))
		return false;
	else if (n == 10)
		snprintf(out, 24, "%.4s %.3s %.3s", d, d + 4, d + 7);
	else
		snprintf(out, 24, "%.4s %.5s", d, d + 4);
	return true;
}

static struct template_value
apply_phone(const struct filter_call *c, struct template_value in)
{
	char digits[PHONE_DIGITS_MAX + 1], out[24];
	const char *national;
	bool has_plus;

	if (is_absent(in) || !read_phone(in.text, digits, &has_plus))
		return nil;
	national = national_part(digits, has_plus);
	if ((national == NULL || !print_national(national, out)) &&
	    (has_plus || !print_service(digits, out)))
		return nil;
	return scratch_text(c->scratch, slice_of(out));
}

/* ---- arguments that are constants ---- */

static const char *
check_honorific(size_t i, struct template_value arg)
{
	struct date birth;
	unsigned years;

	if (i == 0)
		return arg.kind == TEMPLATE_NIL || read_age(arg, 0) >= 0 ||
				       vi_date_read(arg.text, &birth)
			       ? NULL
			       : "the first argument is a birth date, a year of birth or an age";
	return read_small(arg, AGE_MAX, &years) ? NULL : "an age is a whole number up to 130";
}

static const char *
check_decimals(struct template_value arg)
{
	unsigned decimals;

	return read_small(arg, DECIMALS_MAX, &decimals)
		       ? NULL
		       : "the places behind the comma are a whole number up to 9";
}

static const char *
check_number(size_t i, struct template_value arg)
{
	(void)i;
	return check_decimals(arg);
}

static const char *
check_currency(size_t i, struct template_value arg)
{
	if (i > 0)
		return check_decimals(arg);
	return is_blank_text(arg.text) ? "the unit is blank: write it, as \"đồng\"" : NULL;
}

static const char *
check_date(size_t i, struct template_value arg)
{
	enum vi_date_form form;

	(void)i;
	return read_form(arg, &form) ? NULL
				     : "no such form of a date: known are \"ngắn\", \"dài\", "
				       "\"thứ\", \"đầy đủ\", \"ngày tháng\"";
}

const struct filter vi_filters[] = {
	{"plain", 0, 0, false, apply_plain, NULL},
	{"honorific", 0, 3, true, apply_honorific, check_honorific},
	{"given_name", 0, 0, false, apply_given_name, NULL},
	{"name_case", 0, 0, false, apply_name_case, NULL},
	{"number_vi", 0, 1, false, apply_number, check_number},
	{"currency_vi", 0, 2, false, apply_currency, check_currency},
	{"date_vi", 0, 1, true, apply_date, check_date},
	{"phone_vi", 0, 0, false, apply_phone, NULL},
};
const size_t vi_filter_count = ARRAY_LEN(vi_filters);
