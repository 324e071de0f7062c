/* SPDX-License-Identifier: MIT */
/*
 * Numbers as Liquid reads and prints them, which is as JavaScript does (ECMA-262
 * Number::toString and StringToNumber). Numbers of up to fifteen digits, which
 * are all that people write, need neither printf nor strtod.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "templates/program.h"

#define EXACT_MAX 9007199254740992.0 /* 2^53: integers up to it are exact */
#define DIGITS_SURE 15		     /* so many digits make one double */
#define POWER_MAX 22		     /* 10^22 is the last exact one */
#define READ_MAX 400		     /* bytes of a number that is read */

static const double powers[POWER_MAX + 1] = {1e0,  1e1,	 1e2,  1e3,  1e4,  1e5,	 1e6,  1e7,
					     1e8,  1e9,	 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

/* ---- printing ---- */

static size_t
put_digits(uint64_t n, char digits[20])
{
	char tmp[20];
	size_t count = 0;

	do {
		tmp[count++] = (char)('0' + n % 10);
		n /= 10;
	} while (n > 0);
	for (size_t i = 0; i < count; i++)
		digits[i] = tmp[count - 1 - i];
	return count;
}

/* As below, for x with at most fifteen digits and no great exponent; 0 for others. */
static size_t
short_digits(double x, char digits[20], int *point)
{
	size_t n;

	if (x >= 1e15 || x < 1e-7)
		return 0;
	for (int places = 0; places <= DIGITS_SURE; places++) {
		double scaled = x * powers[places], whole = nearbyint(scaled);

		if (whole >= 1e15)
			return 0;
		/* a division of two exact numbers rounds to what the decimal is read as */
		if (whole / powers[places] != x)
			continue;
		n = put_digits((uint64_t)whole, digits);
		*point = (int)n - places;
		while (n > 1 && digits[n - 1] == '0')
			n--;
		return n;
	}
	return 0;
}

static bool
reads_as(uint64_t digits, int exponent, double x)
{
	char text[48];

	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits, exponent);
	return strtod(text, NULL) == x;
}

/* The shortest digits that read back as x > 0; x = 0.DIGITS × 10^point. Returns how many. */
static size_t
shortest_digits(double x, char digits[20], int *point)
{
	char tmp[40];
	size_t n = short_digits(x, digits, point);

	if (n > 0)
		return n;
	for (int precision = 0; precision < 17; precision++) {
		uint64_t whole = 0;

		snprintf(tmp, sizeof(tmp), "%.*e", precision, x);
		for (const char *p = tmp; *p != 'e'; p++)
			if (*p >= '0' && *p <= '9')
				whole = whole * 10 + (uint64_t)(*p - '0');
		*point = (int)strtol(strchr(tmp, 'e') + 1, NULL, 10) + 1;
		/* below a power of two doubles are closer: there only the next one may read back */
		if (strtod(tmp, NULL) != x && !reads_as(++whole, *point - precision - 1, x))
			continue;
		n = put_digits(whole, digits);
		*point += (int)n - precision - 1; /* 9 has become 10 */
		while (n > 1 && digits[n - 1] == '0')
			n--;
		return n;
	}
	return 0;
}

static char *
put(char *out, const char *p, size_t n)
{
	memcpy(out, p, n);
	return out + n;
}

static char *
put_zeros(char *out, int n)
{
	for (; n > 0; n--)
		*out++ = '0';
	return out;
}

static char *
put_decimal(char *out, const char *digits, size_t n, int point)
{
	if (point > 21 || point < -5) {
		char exponent[8];
		int length = snprintf(exponent, sizeof(exponent), "e%c%d", point > 0 ? '+' : '-',
				      abs(point - 1));

		*out++ = digits[0];
		if (n > 1) {
			*out++ = '.';
			out = put(out, digits + 1, n - 1);
		}
		return put(out, exponent, (size_t)length);
	}
	if (point <= 0)
		return put(put_zeros(put(out, "0.", 2), -point), digits, n);
	if ((int)n <= point)
		return put_zeros(put(out, digits, n), point - (int)n);
	out = put(out, digits, (size_t)point);
	*out++ = '.';
	return put(out, digits + point, n - (size_t)point);
}

size_t
number_print(double x, char out[NUMBER_BYTES])
{
	char digits[20], *p = out;
	const char *word = isnan(x) ? "NaN" : x < 0 ? "-Infinity" : "Infinity";
	int point = 0;
	size_t n;

	if (x == 0 || !isfinite(x))
		return (size_t)(put(out, x == 0 ? "0" : word, x == 0 ? 1 : strlen(word)) - out);
	if (x < 0)
		*p++ = '-';
	x = fabs(x);
	if (x < EXACT_MAX && x == (double)(uint64_t)x)
		return (size_t)(p - out) + put_digits((uint64_t)x, p);
	n = shortest_digits(x, digits, &point);
	return (size_t)(put_decimal(p, digits, n, point) - out);
}

void
template_add_number(struct buf *out, double x)
{
	char text[NUMBER_BYTES];

	buf_add(out, text, number_print(x, text));
}

struct template_value
number_value(struct scratch *s, double x)
{
	char text[NUMBER_BYTES];
	struct template_value v;

	if (!isfinite(x))
		return (struct template_value){.kind = TEMPLATE_NIL};
	v = scratch_text(s, (struct slice){text, number_print(x, text)});
	if (v.kind == TEMPLATE_TEXT)
		v = (struct template_value){TEMPLATE_NUMBER, v.text, x};
	return v;
}

/* ---- reading ---- */

static struct slice
trim_spaces(struct slice s)
{
	struct slice rest = s, next = s;
	const char *end;
	int32_t c;

	while (is_space_char(text_next(&next)))
		rest = next;
	end = rest.p;
	for (next = rest; (c = text_next(&next)) != -1;)
		if (!is_space_char(c))
			end = next.p;
	return (struct slice){rest.p, (size_t)(end - rest.p)};
}

/* -?digits[.digits] of at most fifteen digits, from behind the sign; false for all else. */
static bool
read_plainly(struct slice s, double *out)
{
	uint64_t n = 0;
	size_t digits = 0, places = 0;
	bool has_point = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '.' && !has_point) {
			has_point = true;
			continue;
		}
		if (s.p[i] < '0' || s.p[i] > '9' || ++digits > DIGITS_SURE)
			return false;
		n = n * 10 + (uint64_t)(s.p[i] - '0');
		places += has_point;
	}
	*out = (double)n / powers[places];
	return digits > 0;
}

/* 0x, 0o, 0b; they have no sign. */
static double
read_radix(struct slice s)
{
	unsigned radix = (s.p[1] | 0x20) == 'x' ? 16 : (s.p[1] | 0x20) == 'o' ? 8 : 2;
	double x = 0;

	if (s.n < 3)
		return NAN;
	for (size_t i = 2; i < s.n; i++) {
		int digit = hex_value(s.p[i]);

		if (digit < 0 || (unsigned)digit >= radix)
			return NAN;
		x = x * radix + digit;
	}
	return x;
}

static double
read_slowly(struct slice s)
{
	char text[READ_MAX + 1], *end;
	double x;

	if (s.n > READ_MAX)
		return NAN;
	for (size_t i = 0; i < s.n; i++) {
		text[i] = s.p[i];
		if ((s.p[i] < '0' || s.p[i] > '9') && strchr("+-.eE", s.p[i]) == NULL)
			return NAN;
	}
	text[s.n] = '\0';
	if (strspn(text, "0123456789.") == 0 || text[0] == '\0')
		return NAN;
	x = strtod(text, &end);
	return *end == '\0' ? x : NAN;
}

double
number_read(struct slice s)
{
	bool is_negative;
	double x;

	s = trim_spaces(s);
	if (s.n == 0)
		return 0;
	if (s.n >= 2 && s.p[0] == '0' && strchr("xXoObB", s.p[1]) != NULL && s.p[1] != '\0')
		return read_radix(s);
	is_negative = s.p[0] == '-';
	if (is_negative || s.p[0] == '+') {
		s.p++;
		s.n--;
	}
	if (slice_is(s, "Infinity"))
		x = INFINITY;
	else if (!read_plainly(s, &x))
		x = read_slowly(s);
	return is_negative ? -x : x;
}

/* ---- rounding ---- */

/* 0.DIGITS × 10^point */
static double
assemble(uint64_t digits, int exponent)
{
	char text[48];

	if ((double)digits < EXACT_MAX && abs(exponent) <= POWER_MAX)
		return exponent < 0 ? (double)digits / powers[-exponent]
				    : (double)digits * powers[exponent];
	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits, exponent);
	return strtod(text, NULL);
}

double
number_round(double x, int places)
{
	char digits[20];
	uint64_t kept = 0;
	int point = 0, keep;
	size_t n;

	if (!isfinite(x) || x == 0 || places > 400)
		return x;
	if (places < -400)
		return 0;
	n = shortest_digits(fabs(x), digits, &point);
	keep = point + places;
	if (keep >= (int)n)
		return x;
	if (keep < 0)
		return 0;
	for (int i = 0; i < keep; i++)
		kept = kept * 10 + (uint64_t)(digits[i] - '0');
	kept += digits[keep] >= '5';
	return (x < 0 ? -1 : 1) * assemble(kept, -places);
}
