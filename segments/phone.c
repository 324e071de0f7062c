/* SPDX-License-Identifier: MIT */
/*
 * A cell is read in three steps: `clean` writes it as ASCII in which labels and
 * words like "hoặc" have become ';' and what cannot belong to a number a mark;
 * `judge` reads one number of that and says what was repaired or why it is
 * none; `phone_parse` tries the whole cell first, then the pieces between
 * strong separators (; , / | &), then each piece's groups of digits put together
 * so that every group is a number: "0912 345 678 0987 654 321".
 *
 * The invariant: no digit is invented or dropped but a country code, a leading
 * 0 and zeros behind a decimal point; a part of the cell left out shows as the
 * repair "part-dropped".
 */
#include "segments/phone.h"

#include <strings.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/block.h"
#include "segments/numbering.h"

#define NUMBER_DIGITS 9	   /* of a mobile number, behind the 0 */
#define LANDLINE_DIGITS 10 /* of a fixed line, behind the 0 */
#define GROUPS_MAX 32	   /* groups of digits in one piece */
#define COUNTRY_CODE_MAX 8 /* bytes, with its + and what stands around it */
#define MARK_LETTER 'x'
#define MARK_OTHER '?'

/* A cell or a piece of it being read. */
struct number {
	uint64_t phone; /* 0: see reason */
	const char *reason;
	const char *repairs[PHONE_REPAIRS_MAX];
	size_t repair_count;
};

static void
add_repair(struct number *n, const char *name)
{
	for (size_t i = 0; i < n->repair_count; i++)
		if (strcmp(n->repairs[i], name) == 0)
			return;
	if (n->repair_count < PHONE_REPAIRS_MAX)
		n->repairs[n->repair_count++] = name;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool
begins_with(struct slice s, const char *prefix)
{
	size_t n = strlen(prefix);

	return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

static struct slice
slice_from(struct slice s, size_t at)
{
	return (struct slice){s.p + at, s.n - at};
}

/* ---- clean ---- */

/* Words that say "a phone follows", and whose it is; folded, as typed with and without accents. */
static const char *const labels[] = {
	"tel",	"telephone", "phone", "mobile", "cell",	 "hotline", "zalo", "viber", "call",
	"đt",	"dt",	     "sđt",   "sdt",	"đtdđ",	 "dtdd",    "dđ",   "dd",    "đtlh",
	"dtlh", "điện",	     "dien",  "thoại",	"thoai", "số",	    "so",   "di",    "động",
	"dong", "liên",	     "lien",  "hệ",	"he",	 "lh",	    "bố",   "mẹ",    "cha",
	"vợ",	"chồng",     "con",   "no",	"mob",
};
/* Words between two numbers. */
static const char *const joiners[] = {"và", "va", "hoặc", "hoac", "hay", "or", "and"};

static bool
is_among(struct slice word, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (slice_is(word, names[i]))
			return true;
	return false;
}

/* The ASCII character that c stands for in a phone cell: digits, separators; 0 = delete. */
static int32_t
plain_of(int32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e) /* full-width forms */
		return c - 0xff01 + 0x21;
	if (c >= 0x660 && c <= 0x669) /* Arabic-Indic digits */
		return c - 0x660 + '0';
	if (c >= 0x6f0 && c <= 0x6f9)
		return c - 0x6f0 + '0';
	if (c >= 0x2010 && c <= 0x2015)
		return '-';
	if ((c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || c == 0x2060 ||
	    c == 0xfeff || c == 0xad)
		return 0; /* zero width, directions, soft hyphen */
	if ((c >= 0x2000 && c <= 0x200a) || c == 0xa0 || c == 0x202f || c == 0x3000)
		return ' ';
	switch (c) {
	case 0x2212:
		return '-';
	case 0xb7:
	case 0x2022:
		return '.';
	case 0x2018:
	case 0x2019:
	case 0x201c:
	case 0x201d:
		return '\'';
	case 0x260e: /* pictures of telephones */
	case 0x1f4de:
	case 0x1f4f1:
	case 0xfe0f:
		return ' ';
	case 0x2044:
		return '/';
	case '\\':
		return '/';
	case '\n':
	case '\r':
		return ';';
	}
	return c;
}

/* Is the letter run at the end of `done` the E of 8.49E+10? */
static bool
is_exponent(struct slice done, struct slice word, struct slice rest)
{
	if (!slice_is(word, "e") || done.n == 0 || !is_digit(done.p[done.n - 1]) || rest.n == 0)
		return false;
	return is_digit(rest.p[0]) ||
	       (rest.n > 1 && (rest.p[0] == '+' || rest.p[0] == '-') && is_digit(rest.p[1]));
}

/* "SĐT 1:" and "SĐT2:": the number of a label is not one of the phone's digits. */
static void
skip_label_number(struct slice *rest)
{
	size_t i = 0;

	while (i < rest->n && rest->p[i] == ' ')
		i++;
	if (i + 1 >= rest->n || !is_digit(rest->p[i]))
		return;
	i++;
	while (i < rest->n && rest->p[i] == ' ')
		i++;
	if (i < rest->n && rest->p[i] == ':')
		*rest = slice_from(*rest, i + 1);
}

static bool
is_letter(int32_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
}

/* A run of letters at the head of rest. */
static void
clean_word(struct slice *rest, struct buf *out, struct number *n)
{
	struct slice after = *rest, look = *rest;
	struct buf folded = {0};
	struct slice word;

	while ((look = after, is_letter(text_next(&look))) && after.n > 0)
		after = look;
	if (!text_add_folded(&folded, (struct slice){rest->p, rest->n - after.n}))
		buf_addc(&folded, MARK_LETTER);
	*rest = after;
	word = buf_slice(&folded);
	if (is_exponent(buf_slice(out), word, after)) {
		buf_addc(out, 'E');
	} else if (is_among(word, joiners, ARRAY_LEN(joiners))) {
		buf_addc(out, ';');
	} else if (is_among(word, labels, ARRAY_LEN(labels))) {
		add_repair(n, "label");
		buf_addc(out, ';');
		skip_label_number(rest);
	} else {
		buf_addc(out, MARK_LETTER);
	}
	buf_free(&folded);
}

/* Quotes around it, as in '0912345678 and ="0912345678". */
static struct slice
strip_quotes(struct slice s, struct number *n)
{
	struct slice t = slice_trim(s);

	while (t.n > 0 && strchr("'\"=`", t.p[0]) != NULL && t.p[0] != '\0')
		t = slice_from(t, 1);
	while (t.n > 0 && strchr("'\"`", t.p[t.n - 1]) != NULL && t.p[t.n - 1] != '\0')
		t.n--;
	if (t.n < slice_trim(s).n)
		add_repair(n, "quotes");
	return slice_trim(t);
}

/* The cell in ASCII: digits + separators E and the two marks. */
static void
clean(struct slice cell, struct buf *out, struct number *n)
{
	struct buf plain = {0};
	struct slice rest = cell;
	int32_t c;

	while ((c = text_next(&rest)) >= 0) {
		int32_t p = plain_of(c);

		if (p != c && p >= '0' && p <= '9')
			add_repair(n, "digits");
		if (p != 0)
			text_add_code_point(&plain, p);
	}
	rest = strip_quotes(buf_slice(&plain), n);
	while (rest.n > 0) {
		char ch = rest.p[0];

		if (is_letter((unsigned char)ch)) {
			clean_word(&rest, out, n);
			continue;
		}
		if (ch == '\t')
			ch = ';';
		buf_addc(out, is_digit(ch) || (ch != '\0' && strchr(" .-_()[]:;,/|&+", ch) != NULL)
				      ? ch
				      : MARK_OTHER);
		rest = slice_from(rest, 1);
	}
	buf_free(&plain);
}

/* ---- judge ---- */

static int
carrier_of_national(struct slice nine)
{
	return numbering_now()->carrier[(nine.p[0] - '0') * 10 + nine.p[1] - '0'];
}

static uint64_t
phone_of(struct slice nine)
{
	uint64_t v = 84;

	for (size_t i = 0; i < nine.n; i++)
		v = v * 10 + (uint64_t)(nine.p[i] - '0');
	return v;
}

/* The digits behind the 0. */
static void
judge_national(struct slice s, struct number *n)
{
	const struct numbering *plan = numbering_now();

	if (s.n == NUMBER_DIGITS + 1) {
		int old = (s.p[0] - '0') * 100 + (s.p[1] - '0') * 10 + s.p[2] - '0';

		if (plan->now[old] != RENUMBERED_NONE) {
			char now[NUMBER_DIGITS];

			now[0] = (char)('0' + plan->now[old] / 10);
			now[1] = (char)('0' + plan->now[old] % 10);
			memcpy(now + 2, s.p + 3, 7);
			add_repair(n, "renumbered");
			n->phone = phone_of((struct slice){now, sizeof(now)});
			return;
		}
	}
	for (size_t i = 0; i < plan->service_count; i++)
		if (begins_with(s, plan->services[i].prefix) && s.n >= plan->services[i].min &&
		    s.n <= plan->services[i].max)
			n->reason = "service-number";
	if (n->reason != NULL)
		return;
	if (begins_with(s, "2") && s.n == LANDLINE_DIGITS)
		n->reason = "fixed-line";
	else if (s.n < NUMBER_DIGITS)
		n->reason = "too-short";
	else if (s.n > NUMBER_DIGITS)
		n->reason = "too-long";
	else if (carrier_of_national(s) == CARRIER_UNKNOWN)
		n->reason = "unknown-prefix";
	else
		n->phone = phone_of(s);
}

/* Country code and leading 0 off. */
static void
judge_digits(struct slice s, bool has_plus, struct number *n)
{
	bool has_country = true;

	if (has_plus && begins_with(s, "0")) {
		add_repair(n, "extra-plus");
		has_plus = false;
	}
	if (begins_with(s, "0084"))
		s = slice_from(s, 4);
	else if (begins_with(s, "084") && s.n == 3 + NUMBER_DIGITS) {
		add_repair(n, "extra-zero");
		s = slice_from(s, 3);
	} else if (begins_with(s, "84") && (has_plus || s.n > NUMBER_DIGITS))
		s = slice_from(s, 2);
	else
		has_country = false;
	if (!has_country && (has_plus || (begins_with(s, "00") && s.n > 10))) {
		n->reason = has_plus && s.n < 7 ? "too-short" : "foreign";
		return;
	}
	if (begins_with(s, "0")) {
		if (has_country)
			add_repair(n, "extra-zero");
		s = slice_from(s, 1);
	} else if (!has_country) {
		struct number with_zero = *n;

		add_repair(&with_zero, "leading-zero");
		judge_national(s, &with_zero);
		*n = with_zero;
		return;
	}
	judge_national(s, n);
}

/*
 * A number as a spreadsheet prints it: 912345678.0, 8.4912345678E10. Appends its
 * digits to out. *is_one false: it is written otherwise.
 */
static const char *
expand_number(struct slice s, struct buf *out, bool *is_one)
{
	size_t whole = 0, fraction, exponent = 0, zeros = 0, i;
	bool has_exponent = false;

	*is_one = false;
	while (whole < s.n && is_digit(s.p[whole]))
		whole++;
	i = whole;
	if (i < s.n && (s.p[i] == '.' || s.p[i] == ','))
		for (i++; i < s.n && is_digit(s.p[i]); i++)
			zeros = s.p[i] == '0' ? zeros + 1 : 0;
	fraction = i > whole ? i - whole - 1 : 0;
	if (i < s.n && s.p[i] == 'E') {
		has_exponent = true;
		for (i += i + 1 < s.n && s.p[i + 1] == '+' ? 2 : 1; i < s.n && is_digit(s.p[i]);
		     i++)
			exponent = exponent < 100 ? exponent * 10 + (size_t)(s.p[i] - '0') : 100;
	}
	if (i != s.n || whole == 0 || (!has_exponent && (fraction == 0 || zeros != fraction)))
		return has_exponent ? "lost-digits" : NULL;
	/* 0912345.000 is grouped by hand: no spreadsheet's number begins with 0. */
	if (!has_exponent && s.p[0] == '0' && fraction > 1)
		return NULL;
	*is_one = true;
	if (exponent > fraction || fraction - zeros > exponent)
		return "lost-digits";
	buf_add(out, s.p, whole);
	buf_add(out, s.p + whole + 1, exponent);
	return NULL;
}

/* One number, written in s of the cleaned cell. Keeps n's repairs and adds to them. */
static void
judge(struct slice s, struct number *n)
{
	struct buf digits = {0};
	bool has_plus = false, is_number, is_separated = false;
	const char *lost;

	while (s.n > 0 && strchr(" .-_:;,/|&()[]", s.p[0]) != NULL)
		s = slice_from(s, 1);
	while (s.n > 0 && strchr(" .-_:;,/|&()[]", s.p[s.n - 1]) != NULL)
		s.n--;
	lost = expand_number(s, &digits, &is_number);
	if (is_number && lost == NULL)
		add_repair(n, memchr(s.p, 'E', s.n) != NULL ? "exponent" : "decimal");
	for (size_t i = 0; i < s.n && !is_number; i++) {
		if (is_digit(s.p[i]))
			buf_addc(&digits, s.p[i]);
		else if (s.p[i] == '+' && digits.len == 0 && !has_plus)
			has_plus = true;
		else if (s.p[i] == MARK_LETTER || s.p[i] == 'E')
			n->reason = "letters";
		else if ((s.p[i] == MARK_OTHER || s.p[i] == '+') && n->reason == NULL)
			n->reason = "unreadable";
		else
			is_separated = true;
	}
	if (lost != NULL)
		n->reason = lost;
	else if (digits.len == 0)
		n->reason = "no-digits";
	if (n->reason == NULL) {
		if (is_separated)
			add_repair(n, "separators");
		judge_digits(buf_slice(&digits), has_plus, n);
	}
	buf_free(&digits);
}

/* ---- a cell ---- */

struct reading {
	struct number base; /* what cleaning repaired */
	struct phone_cell *out;
	bool is_dropped; /* a part was no mobile number */
	bool is_full;
	const char *reason; /* of the first part that was none; NULL = none yet */
};

static void
take_number(struct reading *r, const struct number *n)
{
	struct phone_cell *out = r->out;

	if (n->phone == 0) {
		r->is_dropped = true;
		if (r->reason == NULL)
			r->reason = n->reason;
		return;
	}
	for (size_t i = 0; i < out->count; i++)
		if (out->phones[i] == n->phone)
			return;
	if (out->count == PHONES_IN_CELL_MAX) {
		r->is_full = true;
		return;
	}
	if (out->count == 0) {
		memcpy(out->repairs, n->repairs, sizeof(out->repairs));
		out->repair_count = n->repair_count;
		out->carrier = carrier_of(n->phone);
	}
	out->phones[out->count++] = n->phone;
}

static bool
is_whole_number(const struct number *n)
{
	return n->phone != 0 || (n->reason != NULL && strcmp(n->reason, "fixed-line") == 0);
}

/*
 * Where groups of digits begin (a + belongs to the digits behind it); at[count] = the end. None, if
 * a word or a sign stands in front of them: "CMND 912 345 678" is no phone.
 */
static size_t
find_groups(struct slice s, size_t at[GROUPS_MAX + 1])
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; i++) {
		bool is_start = (is_digit(s.p[i]) || s.p[i] == '+') &&
				(i == 0 || !(is_digit(s.p[i - 1]) || s.p[i - 1] == '+'));

		if (count == 0 && (s.p[i] == MARK_LETTER || s.p[i] == MARK_OTHER))
			return 0;
		if (s.p[i] == '+' && i > 0 && is_digit(s.p[i - 1]))
			is_start = true;
		if (is_start && count == GROUPS_MAX)
			return 0;
		if (is_start)
			at[count++] = i;
	}
	at[count] = s.n;
	return count;
}

/*
 * Put neighbouring groups together so that each is a whole number; shortest
 * first from the left. Ends: length[i] = groups of the number that begins at
 * group i. False: there is no such way.
 */
static bool
put_together(struct slice s, const size_t *at, size_t count, size_t *length)
{
	bool can_end[GROUPS_MAX + 1] = {false};

	can_end[count] = true;
	for (size_t i = count; i-- > 0;) {
		length[i] = 0;
		for (size_t k = 1; i + k <= count && k <= 6 && length[i] == 0; k++) {
			struct number n = {0};

			if (!can_end[i + k])
				continue;
			judge((struct slice){s.p + at[i], at[i + k] - at[i]}, &n);
			if (is_whole_number(&n))
				length[i] = k;
		}
		can_end[i] = length[i] > 0;
	}
	return count > 0 && can_end[0];
}

static void
read_piece(struct reading *r, struct slice s)
{
	size_t at[GROUPS_MAX + 1], length[GROUPS_MAX], count;
	struct number n = r->base;

	add_repair(&n, "split");
	judge(s, &n);
	count = n.phone == 0 ? find_groups(s, at) : 0;
	if (count < 2 || !put_together(s, at, count, length)) {
		/* What is left of a label is no part; a name is one, though it has no digit. */
		if (n.phone != 0 || strcmp(n.reason, "no-digits") != 0 ||
		    memchr(s.p, MARK_LETTER, s.n) != NULL)
			take_number(r, &n);
		return;
	}
	for (size_t i = 0; i < count; i += length[i]) {
		n = r->base;
		add_repair(&n, "split");
		judge((struct slice){s.p + at[i], at[i + length[i]] - at[i]}, &n);
		take_number(r, &n);
	}
}

/*
 * Is it a country's code alone, as in "+81/0359658756"? What is behind the separator is a number of
 * that country, however Vietnamese it looks.
 */
static bool
is_country_code(struct slice s)
{
	size_t digits = 0;

	while (s.n > 0 && strchr(" ([", s.p[0]) != NULL)
		s = slice_from(s, 1);
	if (s.n == 0 || s.n > COUNTRY_CODE_MAX || s.p[0] != '+')
		return false;
	for (size_t i = 1; i < s.n; i++)
		if (is_digit(s.p[i]))
			digits++;
	return digits >= 1 && digits <= 3;
}

static void
read_pieces(struct reading *r, struct slice s)
{
	while (s.n > 0) {
		size_t n = 0;

		while (n < s.n &&
		       (strchr(";,/|&", s.p[n]) == NULL || is_country_code((struct slice){s.p, n})))
			n++;
		if (n > 0)
			read_piece(r, (struct slice){s.p, n});
		s = slice_from(s, n < s.n ? n + 1 : n);
	}
}

static void
finish(struct reading *r, const char *whole_reason)
{
	struct phone_cell *out = r->out;

	if (r->is_full) {
		*out = (struct phone_cell){.reason = "too-many"};
		return;
	}
	if (out->count == 0) {
		/* A fixed line between words is better said than the length of all of it. */
		out->reason = r->reason != NULL && strcmp(whole_reason, "too-long") == 0
				      ? r->reason
				      : whole_reason;
		return;
	}
	if (r->is_dropped && out->repair_count < PHONE_REPAIRS_MAX)
		out->repairs[out->repair_count++] = "part-dropped";
}

void
phone_parse(struct slice cell, struct phone_cell *out)
{
	struct reading r = {.out = out};
	struct buf text = {0};
	struct number whole;

	*out = (struct phone_cell){0};
	cell = slice_trim(cell);
	if (cell.n == 0 || cell.n > CELL_MAX || text_find_malformed(cell) >= 0) {
		out->reason = cell.n == 0 ? "empty" : cell.n > CELL_MAX ? "too-long" : "unreadable";
		return;
	}
	clean(cell, &text, &r.base);
	whole = r.base;
	judge(buf_slice(&text), &whole);
	if (is_whole_number(&whole)) {
		out->reason = whole.reason;
		take_number(&r, &whole);
	} else {
		read_pieces(&r, buf_slice(&text));
		finish(&r, whole.reason);
	}
	buf_free(&text);
}

/* ---- carriers ---- */

static const char *const carrier_names[CARRIER_COUNT] = {
	[CARRIER_VIETTEL] = "viettel",	   [CARRIER_MOBIFONE] = "mobifone",
	[CARRIER_VINAPHONE] = "vinaphone", [CARRIER_VIETNAMOBILE] = "vietnamobile",
	[CARRIER_GMOBILE] = "gmobile",	   [CARRIER_ITEL] = "itel",
	[CARRIER_WINTEL] = "wintel",
};

const char *
carrier_name(int carrier)
{
	return carrier > 0 && carrier < CARRIER_COUNT ? carrier_names[carrier] : NULL;
}

int
carrier_find(struct slice name)
{
	for (int i = 1; i < CARRIER_COUNT; i++)
		if (strlen(carrier_names[i]) == name.n &&
		    strncasecmp(carrier_names[i], name.p, name.n) == 0)
			return i;
	return -1;
}

int
carrier_of(uint64_t phone)
{
	char two[2];

	if (phone / 1000000000u != 84)
		return CARRIER_UNKNOWN;
	two[0] = (char)('0' + phone / 100000000u % 10);
	two[1] = (char)('0' + phone / 10000000u % 10);
	return carrier_of_national((struct slice){two, 2});
}
