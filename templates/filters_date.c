/* SPDX-License-Identifier: MIT */
/*
 * The filter date: strftime as liquidjs has it, English names and all, always in
 * Vietnam's time. What is read differs where a Vietnamese list does: 10/2/2026 is
 * in February, 2026 is a year, a day without a time begins at midnight here, and
 * "now" is the day that the rendering was given. What is no date stays as it is.
 */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "templates/program.h"
#include "templates/vi_date.h"

#define DAY_S 86400
#define SECONDS_MIN (-6000000000LL) /* 1779 */
#define SECONDS_MAX 17000000000LL   /* 2508 */
#define WIDTH_MAX 64

struct moment {
	int64_t unix_s;
	int ms;
	struct date date; /* in Vietnam, as the following */
	int hour, minute, second;
	int yday, wday; /* from 0: January 1, Sunday */
};

/* ---- reading ---- */

/* min to max digits; false when fewer stand there. */
static bool
take_digits(struct slice *s, size_t min, size_t max, int *value)
{
	size_t n = 0;

	for (*value = 0; n < s->n && n < max && s->p[n] >= '0' && s->p[n] <= '9'; n++)
		*value = *value * 10 + (s->p[n] - '0');
	if (n < min)
		return false;
	s->p += n;
	s->n -= n;
	return true;
}

static bool
read_text(struct slice s, struct moment *m)
{
	struct slice day = s, time = s;
	struct date_time t = {0};
	struct date d;

	while (time.n > 0 && *time.p != ' ' && *time.p != 'T')
		time = (struct slice){time.p + 1, time.n - 1};
	day.n -= time.n;
	if (!vi_date_read(day, &d) || (d.day == 0 && time.n > 0))
		return false;
	if (time.n > 0 && !date_read_time((struct slice){time.p + 1, time.n - 1}, &t))
		return false;
	d.month += d.month == 0;
	d.day += d.day == 0;
	m->unix_s = date_to_days(d) * DAY_S - VN_UTC_OFFSET_S + t.second;
	m->ms = t.ms;
	return true;
}

/* 9 to 11 digits are seconds since 1970, as machines write them. */
static bool
read_seconds(struct slice s, struct moment *m)
{
	if (s.n < 9 || s.n > 11)
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return slice_to_i64(s, &m->unix_s);
}

static void
fill(struct moment *m)
{
	int64_t local = m->unix_s + VN_UTC_OFFSET_S;
	int64_t days = local / DAY_S - (local % DAY_S < 0);
	int second = (int)(local - days * DAY_S);

	m->date = date_of_days(days);
	m->hour = second / 3600;
	m->minute = second / 60 % 60;
	m->second = second % 60;
	m->yday = (int)(days - date_to_days((struct date){m->date.year, 1, 1}));
	m->wday = (int)(((days + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
}

static bool
read_moment(struct template_value in, int64_t today, struct moment *m)
{
	struct slice s = slice_trim(in.text);

	*m = (struct moment){0};
	if (in.kind != TEMPLATE_TEXT && in.kind != TEMPLATE_NUMBER)
		return false;
	if (slice_is(in.text, "now") || slice_is(in.text, "today"))
		m->unix_s = today * DAY_S - VN_UTC_OFFSET_S;
	else if (!read_seconds(s, m) && !read_text(s, m))
		return false;
	if (m->unix_s < SECONDS_MIN || m->unix_s > SECONDS_MAX)
		return false;
	fill(m);
	return true;
}

/* ---- writing ---- */

struct conversion {
	char letter;
	int width;	       /* that it has without flags */
	char pad;	       /* what fills that width */
	bool has_small_in_alt; /* %#p is small where all others become capitals */
};

static const struct conversion conversions[] = {
	{'a', 0, ' ', 0}, {'A', 0, ' ', 0}, {'b', 0, ' ', 0}, {'B', 0, ' ', 0}, {'c', 0, ' ', 0},
	{'C', 2, '0', 0}, {'d', 2, '0', 0}, {'e', 2, ' ', 0}, {'h', 0, '-', 0}, {'H', 2, '0', 0},
	{'I', 2, '0', 0}, {'j', 3, '0', 0}, {'k', 2, ' ', 0}, {'l', 2, ' ', 0}, {'L', 3, '0', 0},
	{'m', 2, '0', 0}, {'M', 2, '0', 0}, {'N', 9, '0', 0}, {'p', 0, ' ', 1}, {'P', 0, ' ', 0},
	{'q', 0, '0', 0}, {'s', 0, '0', 0}, {'S', 2, '0', 0}, {'u', 0, '0', 0}, {'U', 2, '0', 0},
	{'w', 0, '0', 0}, {'W', 2, '0', 0}, {'x', 0, '0', 0}, {'X', 0, '0', 0}, {'y', 2, '0', 0},
	{'Y', 4, '0', 0}, {'z', 0, '0', 0}, {'Z', 0, ' ', 0}, {'t', 0, '0', 0}, {'n', 0, '0', 0},
	{'%', 0, '0', 0},
};

static const char *const days[] = {"Sunday",   "Monday", "Tuesday", "Wednesday",
				   "Thursday", "Friday", "Saturday"};
static const char *const months[] = {"January",	  "February", "March",	  "April",
				     "May",	  "June",     "July",	  "August",
				     "September", "October",  "November", "December"};

#define PIECE_MAX 64

static int
hour12(const struct moment *m)
{
	return m->hour % 12 == 0 ? 12 : m->hour % 12;
}

static const char *
ordinal(int day)
{
	if (day / 10 == 1)
		return "th";
	return day % 10 == 1 ? "st" : day % 10 == 2 ? "nd" : day % 10 == 3 ? "rd" : "th";
}

/* What is a number; false for letters that name none. */
static bool
number_of(char letter, const struct moment *m, long long *n)
{
	const struct {
		char letter;
		long long n;
	} numbers[] = {
		{'C', m->date.year / 100},
		{'d', m->date.day},
		{'e', m->date.day},
		{'H', m->hour},
		{'I', hour12(m)},
		{'j', m->yday + 1},
		{'k', m->hour},
		{'l', hour12(m)},
		{'L', m->ms},
		{'m', m->date.month},
		{'M', m->minute},
		{'s', (long long)m->unix_s},
		{'S', m->second},
		{'u', m->wday == 0 ? 7 : m->wday},
		{'U', (m->yday + 7 - m->wday) / 7},
		{'w', m->wday},
		{'W', (m->yday + 7 - (m->wday + 6) % 7) / 7},
		{'y', m->date.year % 100},
		{'Y', m->date.year},
	};

	for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
		if (numbers[i].letter != letter)
			continue;
		*n = numbers[i].n;
		return true;
	}
	return false;
}

/* %x, %X and %c are as JavaScript's toLocaleString of en-US. */
static void
print_locale(char letter, const struct moment *m, char out[PIECE_MAX])
{
	int n = 0;

	if (letter != 'X')
		n = snprintf(out, PIECE_MAX, "%d/%d/%d", m->date.month, m->date.day, m->date.year);
	if (letter == 'c')
		n += snprintf(out + n, PIECE_MAX - (size_t)n, ", ");
	if (letter != 'x')
		snprintf(out + n, PIECE_MAX - (size_t)n, "%d:%02d:%02d %s", hour12(m), m->minute,
			 m->second, m->hour < 12 ? "AM" : "PM");
}

static void
print_words(char letter, const struct moment *m, bool has_colon, char out[PIECE_MAX])
{
	const char *word = "%";

	switch (letter) {
	case 'a':
	case 'A':
		word = days[m->wday];
		break;
	case 'b':
	case 'B':
	case 'h':
		word = months[m->date.month - 1];
		break;
	case 'p':
		word = m->hour < 12 ? "AM" : "PM";
		break;
	case 'P':
		word = m->hour < 12 ? "am" : "pm";
		break;
	case 'q':
		word = ordinal(m->date.day);
		break;
	case 'z':
		word = has_colon ? "+07:00" : "+0700";
		break;
	case 'Z':
		word = "Asia/Ho_Chi_Minh";
		break;
	case 't':
		word = "\t";
		break;
	case 'n':
		word = "\n";
		break;
	}
	snprintf(out, PIECE_MAX, "%.*s", letter == 'a' || letter == 'b' || letter == 'h' ? 3 : 60,
		 word);
}

struct format {
	char left, space, zero, up, alt, colon; /* flags: - _ 0 ^ # : */
	int width;				/* 0 = none is given */
	const struct conversion *conversion;
};

static const struct conversion *
conversion_of(char letter)
{
	for (size_t i = 0; i < ARRAY_LEN(conversions); i++)
		if (conversions[i].letter == letter)
			return &conversions[i];
	return NULL;
}

/* Behind a %: flags, width, letter. False when that is no conversion. */
static bool
take_format(struct slice *s, struct format *f)
{
	struct slice rest = *s;

	*f = (struct format){0};
	for (; rest.n > 0; rest.p++, rest.n--) {
		char c = *rest.p;
		char *flag = c == '-'	? &f->left
			     : c == '_' ? &f->space
			     : c == '0' ? &f->zero
			     : c == '^' ? &f->up
			     : c == '#' ? &f->alt
			     : c == ':' ? &f->colon
					: NULL;

		if (flag == NULL)
			break;
		*flag = 1;
	}
	if (rest.n > 0 && *rest.p >= '1' && *rest.p <= '9')
		take_digits(&rest, 1, 4, &f->width);
	if (!slice_take_char(&rest, 'E'))
		slice_take_char(&rest, 'O');
	f->conversion = rest.n > 0 ? conversion_of(*rest.p) : NULL;
	if (f->conversion == NULL)
		return false;
	f->width = f->width > WIDTH_MAX ? WIDTH_MAX : f->width;
	*s = (struct slice){rest.p + 1, rest.n - 1};
	return true;
}

static void
change_letters(const struct format *f, char *text)
{
	bool is_small = f->alt && f->conversion->has_small_in_alt;

	for (; (f->up || f->alt) && *text != '\0'; text++) {
		if (is_small && *text >= 'A' && *text <= 'Z')
			*text = (char)(*text + 32);
		else if (!is_small && *text >= 'a' && *text <= 'z')
			*text = (char)(*text - 32);
	}
}

/* Milliseconds in so many digits; zeros behind. */
static void
print_fraction(const struct moment *m, int width, char out[PIECE_MAX + 1])
{
	int rest = m->ms, unit = 100;

	for (int i = 0; i < width; i++, unit /= 10) {
		out[i] = unit > 0 ? (char)('0' + rest / unit) : '0';
		rest %= unit > 0 ? unit : 1;
	}
	out[width] = '\0';
}

static char *
put_conversion(char *p, const struct format *f, const struct moment *m)
{
	char text[PIECE_MAX + 1], letter = f->conversion->letter;
	int width = f->width > 0 ? f->width : f->conversion->width;
	char pad = f->conversion->pad;
	long long n;

	if (letter == 'N')
		print_fraction(m, width, text);
	else if (letter == 'c' || letter == 'x' || letter == 'X')
		print_locale(letter, m, text);
	else if (number_of(letter, m, &n))
		snprintf(text, sizeof(text), "%lld", n);
	else
		print_words(letter, m, f->colon, text);
	change_letters(f, text);
	pad = f->space ? ' ' : f->zero ? '0' : pad;
	for (int i = (int)strlen(text); i < width && !f->left; i++)
		*p++ = pad;
	memcpy(p, text, strlen(text));
	return p + strlen(text);
}

/* Bytes that a format may become: each conversion has at least two of its own. */
static size_t
most_bytes(struct slice format)
{
	size_t n = format.n;

	for (size_t i = 0; i < format.n; i++)
		n += format.p[i] == '%' ? WIDTH_MAX : 0;
	return n;
}

static struct template_value
apply_date(const struct filter_call *c, struct template_value in)
{
	bool is_given = c->count > 0 && c->args[0].kind != TEMPLATE_NIL;
	struct slice format = is_given ? c->args[0].text : SLICE("%A, %B %-e, %Y at %-l:%M %P %z");
	struct moment m;
	struct format f;
	char *out, *p;

	if (!read_moment(in, c->today, &m))
		return in;
	p = out = scratch_take(c->scratch, most_bytes(format));
	if (out == NULL)
		return (struct template_value){.kind = TEMPLATE_NIL};
	while (format.n > 0) {
		bool is_conversion = slice_take_char(&format, '%');

		if (is_conversion && take_format(&format, &f)) {
			p = put_conversion(p, &f, &m);
		} else if (is_conversion) {
			*p++ = '%';
		} else {
			*p++ = *format.p++;
			format.n--;
		}
	}
	c->scratch->at = p;
	return (struct template_value){TEMPLATE_TEXT, {out, (size_t)(p - out)}, 0};
}

/* nil is as if not given. Letters alone, as dd/mm/yyyy, would go out to everybody as they are. */
static const char *
check_date(size_t i, struct template_value arg)
{
	struct slice s = arg.text;
	struct format f;
	size_t count = 0;

	(void)i;
	if (arg.kind == TEMPLATE_NIL)
		return NULL;
	while (s.n > 0) {
		if (!slice_take_char(&s, '%')) {
			s = (struct slice){s.p + 1, s.n - 1};
			continue;
		}
		if (!take_format(&s, &f))
			return "a % stands before what is no part of a date: known are %d %m %Y "
			       "%H %M …; for the sign write %%";
		count++;
	}
	return count > 0 ? NULL
			 : "the format names no part of a date: write it as \"%d/%m/%Y\", or use "
			   "date_vi";
}

const struct filter date_filters[] = {{"date", 0, 1, true, apply_date, check_date}};
const size_t date_filter_count = ARRAY_LEN(date_filters);
