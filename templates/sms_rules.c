/* SPDX-License-Identifier: MIT */
/*
 * Where a text of several parts breaks follows from where its parts end: the
 * ends are the breaks, but for the first, which is not at end[0] (a text alone
 * has more room) but one part's room, 153 septets or 67 UTF-16 units, before
 * end[1]. A character of two units on a break moves behind it.
 */
#include "templates/sms_rules.h"

#include <stdio.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/text.h"

#define PARTS_OF_STANDARD 255 /* TS 23.040 section 9.2.3.24.1: one octet says how many */

const char *const sms_traffic_names[3] = {"standard", "cskh", "qc"};

static const struct {
	uint16_t alone, part;
} room[] = {[SMS_GSM7] = {160, 153}, [SMS_UCS2] = {70, 67}};

const struct sms_rules sms_rules_standard = {
	.since = "0001-01-01",
	.carrier = "*",
	.traffic = SMS_STANDARD,
	.plain = {.is_allowed = true, .max = UINT32_MAX},
	.unicode = {.is_allowed = true, .max = UINT32_MAX},
};

/* ---- reading ---- */

static enum err
wrong(const struct json_at *at, const char *todo, const char *why, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, at->path, todo, "%s", why);
}

/* A list of ends, each within what so many parts can hold. */
static enum err
read_end_list(const struct json_at *at, enum sms_encoding encoding, struct sms_ends *out,
	      struct err_ctx *e)
{
	size_t count = json_array_size(at->v);
	int64_t before = 0, end = 0;

	if (count == 0 || count > SMS_ENDS_MAX)
		return wrong(at, "give the units after which part 1, 2, … ends",
			     "must have 1 to 16 numbers", e);
	for (size_t i = 0; i < count; i++) {
		struct json_at item = json_item(at, i);
		int64_t part = room[encoding].part, most = (int64_t)(i + 1) * part;
		enum err rc = json_read_int(&item, i == 1 ? part + 1 : 1,
					    i == 0 ? room[encoding].alone : most, &end, e);

		if (rc != ERR_OK)
			return rc;
		if (end <= before || (i > 0 && end - before > part))
			return wrong(&item, "a part holds 1 to 153 units, of Unicode 1 to 67",
				     "cannot be where the next part ends", e);
		out->end[i] = (uint16_t)end;
		before = end;
	}
	out->is_allowed = true;
	out->count = (uint8_t)count;
	out->max = (uint32_t)end;
	return ERR_OK;
}

/* A list, "standard" or "not allowed"; and the longest text, if that is shorter. */
static enum err
read_ends(const struct json_at *at, const struct json_at *max, enum sms_encoding encoding,
	  struct sms_ends *out, struct err_ctx *e)
{
	static const char *const words[] = {"standard", "not allowed"};
	int64_t most = room[encoding].part * PARTS_OF_STANDARD;
	enum err rc = ERR_OK;
	int word = 0;

	if (json_is_array(at->v)) {
		rc = read_end_list(at, encoding, out, e);
	} else if (json_is_string(at->v)) {
		rc = json_read_choice(at, words, ARRAY_LEN(words), &word, e);
		*out = (struct sms_ends){.is_allowed = word == 0,
					 .max = word == 0 ? (uint32_t)most : 0};
	} else {
		rc = wrong(at, "give the units after which part 1, 2, … ends",
			   "must be a list of numbers, \"standard\" or \"not allowed\"", e);
	}
	if (rc != ERR_OK || max->v == NULL)
		return rc;
	most = out->max;
	rc = json_read_int(max, 1, most, &most, e);
	out->max = (uint32_t)most;
	return rc;
}

static enum err
read_refused(const struct json_at *at, struct sms_rules *r, struct err_ctx *e)
{
	const char *list = "";
	enum err rc = json_read_string(at, &list, e);

	if (rc != ERR_OK)
		return rc;
	if (!text_is_ascii(slice_of(list)))
		return wrong(at, "for others see \"alphabet\" and \"unicode\"",
			     "may name ASCII characters only", e);
	if (strlen(list) >= sizeof(r->refused))
		return wrong(at, "name each once", "has more than 39 characters", e);
	snprintf(r->refused, sizeof(r->refused), "%s", list);
	return ERR_OK;
}

static enum err
read_names(const struct json_at *at, struct sms_rules *r, struct err_ctx *e)
{
	struct json_at since = json_get(at, "since"), carrier = json_get(at, "carrier");
	const char *s_since = "", *s_carrier = "*";
	struct date day;
	enum err rc;

	if ((rc = json_need_string(&since, &s_since, e)) != ERR_OK ||
	    (rc = json_need_string(&carrier, &s_carrier, e)) != ERR_OK)
		return rc;
	if (!date_read_day(slice_of(s_since), &day))
		return wrong(&since, "write it like 2026-07-01", "is no date", e);
	if (s_carrier[0] == '\0' || strlen(s_carrier) >= sizeof(r->carrier))
		return wrong(&carrier, "name one, or \"*\" for all", "is no name of a carrier", e);
	snprintf(r->since, sizeof(r->since), "%.10s", s_since);
	snprintf(r->carrier, sizeof(r->carrier), "%s", s_carrier);
	return ERR_OK;
}

static enum err
read_entry(const struct json_at *at, struct sms_rules *r, struct err_ctx *e)
{
	static const char *const keys[] = {"since",	"carrier", "traffic",  "plain",
					   "plain_max", "unicode", "alphabet", "unicode_max",
					   "refused",	"source"};
	static const char *const alphabets[] = {"gsm7", "ascii"};
	struct json_at traffic = json_get(at, "traffic"), alphabet = json_get(at, "alphabet");
	struct json_at plain = json_get(at, "plain"), plain_max = json_get(at, "plain_max");
	struct json_at unicode = json_get(at, "unicode"), unicode_max = json_get(at, "unicode_max");
	struct json_at refused = json_get(at, "refused"), source = json_get(at, "source");
	int kind = -1, billed = 0;
	const char *words;
	enum err rc;

	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_names(at, r, e)) != ERR_OK ||
	    (rc = json_read_choice(&traffic, sms_traffic_names, 3, &kind, e)) != ERR_OK ||
	    (rc = read_ends(&plain, &plain_max, SMS_GSM7, &r->plain, e)) != ERR_OK ||
	    (rc = read_ends(&unicode, &unicode_max, SMS_UCS2, &r->unicode, e)) != ERR_OK ||
	    (rc = json_read_choice(&alphabet, alphabets, 2, &billed, e)) != ERR_OK ||
	    (rc = read_refused(&refused, r, e)) != ERR_OK ||
	    (rc = json_read_string(&source, &words, e)) != ERR_OK)
		return rc;
	if (kind < 0)
		return wrong(&traffic, "say \"standard\", \"cskh\" or \"qc\"", "is missing", e);
	r->traffic = (enum sms_traffic)kind;
	r->is_ascii_only = billed == 1;
	return ERR_OK;
}

static bool
is_same_entry(const struct sms_rules *a, const struct sms_rules *b)
{
	return a->traffic == b->traffic && strcmp(a->since, b->since) == 0 &&
	       strcmp(a->carrier, b->carrier) == 0;
}

enum err
sms_rules_read(const struct json_at *root, struct sms_table *out, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "rules"};
	struct json_at list = json_get(root, "rules");
	enum err rc;

	*out = (struct sms_table){0};
	if ((rc = json_want_object(root, e)) != ERR_OK ||
	    (rc = json_only_keys(root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_want_array(&list, e)) != ERR_OK)
		return rc;
	if (json_array_size(list.v) > SMS_RULES_MAX)
		return wrong(&list, "drop those that are no longer needed",
			     "has more than 64 entries", e);
	for (size_t i = 0; i < json_array_size(list.v); i++) {
		struct json_at at = json_item(&list, i);

		if ((rc = json_want_object(&at, e)) != ERR_OK ||
		    (rc = read_entry(&at, &out->rules[i], e)) != ERR_OK)
			return rc;
		for (size_t k = 0; k < i; k++)
			if (is_same_entry(&out->rules[k], &out->rules[i]))
				return wrong(&at, "give each its own date",
					     "has carrier, traffic and date of an earlier one", e);
		out->count = i + 1;
	}
	return ERR_OK;
}

const struct sms_rules *
sms_rules_find(const struct sms_table *t, const char *carrier, enum sms_traffic traffic,
	       const char *day)
{
	const struct sms_rules *best = NULL;
	bool is_best_own = false;

	for (size_t i = 0; i < t->count; i++) {
		const struct sms_rules *r = &t->rules[i];
		bool is_own = carrier != NULL && strcmp(r->carrier, carrier) == 0;

		if (r->traffic != traffic || strcmp(r->since, day) > 0 ||
		    !(is_own || strcmp(r->carrier, "*") == 0) || (is_best_own && !is_own))
			continue;
		if (best == NULL || (is_own && !is_best_own) || strcmp(r->since, best->since) > 0) {
			best = r;
			is_best_own = is_own;
		}
	}
	return best;
}

/* ---- counting ---- */

/* Parts of a text of several; units <= ends->max. */
static uint32_t
count_parts(const struct sms_ends *ends, enum sms_encoding encoding, struct slice nfc)
{
	uint32_t part = room[encoding].part, used = 0, parts = 1;
	uint32_t end = ends->count == 0 ? part : (uint32_t)(ends->end[1] - part);

	while (nfc.n > 0) {
		int32_t c = text_next(&nfc);
		unsigned n = sms_units_of(encoding, c < 0 ? 0xFFFD : (uint32_t)c);

		if (used + n > end) {
			used = end;
			parts++;
			if (ends->count > 0 && parts > ends->count)
				return 0;
			end = ends->count == 0 ? end + part : ends->end[parts - 1];
		}
		used += n;
	}
	return parts;
}

/* The same where no character is two units. */
static uint32_t
count_parts_by_units(const struct sms_ends *ends, enum sms_encoding encoding, uint32_t units)
{
	uint32_t part = room[encoding].part, parts = 1;

	if (ends->count == 0)
		return (units + part - 1) / part;
	while (units > ends->end[parts - 1])
		parts++;
	return parts;
}

static void
bill_by_ends(const struct sms_ends *ends, bool has_doubles, struct slice nfc, struct sms_bill *b)
{
	enum sms_encoding encoding = b->count.encoding;
	uint32_t units = b->count.units;

	b->max = ends->max;
	if (!ends->is_allowed && units > 0)
		b->verdict = SMS_UNICODE_NOT_ALLOWED;
	else if (units > ends->max)
		b->verdict = SMS_TOO_LONG;
	else if (units <= (ends->count == 0 ? room[encoding].alone : ends->end[0]))
		b->count.parts = units > 0;
	else if (!has_doubles)
		b->count.parts = count_parts_by_units(ends, encoding, units);
	else if ((b->count.parts = count_parts(ends, encoding, nfc)) == 0)
		b->verdict = SMS_TOO_LONG;
}

static void
find_refused(const char *refused, struct slice nfc, struct sms_bill *b)
{
	const char *first = NULL;
	struct slice before = nfc;

	for (; nfc.n > 0 && *refused != '\0'; refused++) {
		const char *p = memchr(nfc.p, *refused, before.n);

		if (p == NULL)
			continue;
		first = p;
		before.n = (size_t)(p - nfc.p);
	}
	if (first == NULL)
		return;
	b->verdict = SMS_CHARACTER_REFUSED;
	b->refused = (unsigned char)*first;
	b->refused_at = (uint32_t)text_length(before);
}

struct sms_bill
sms_count_by(const struct sms_rules *r, struct slice nfc)
{
	struct sms_bill b = {.verdict = SMS_FITS};
	bool has_doubles;
	size_t pairs;

	if (r == NULL)
		r = &sms_rules_standard;
	b.count.units = (uint32_t)sms_count_units(nfc, &b.count.encoding, &has_doubles);
	if (r->is_ascii_only && b.count.encoding == SMS_GSM7 && !text_is_ascii(nfc)) {
		b.count.encoding = SMS_UCS2;
		b.count.units = (uint32_t)text_utf16_length(nfc, &pairs);
		has_doubles = pairs > 0;
	}
	bill_by_ends(b.count.encoding == SMS_GSM7 ? &r->plain : &r->unicode, has_doubles, nfc, &b);
	if (b.verdict == SMS_FITS)
		find_refused(r->refused, nfc, &b);
	return b;
}

bool
sms_forces_unicode(const struct sms_rules *r, uint32_t c)
{
	return sms_gsm7_septets(c) == 0 || (r != NULL && r->is_ascii_only && c >= 0x80);
}

const char *
sms_verdict_name(enum sms_verdict v)
{
	switch (v) {
	case SMS_FITS:
		return "fits";
	case SMS_TOO_LONG:
		return "too-long";
	case SMS_UNICODE_NOT_ALLOWED:
		return "unicode-not-allowed";
	case SMS_CHARACTER_REFUSED:
		return "character-refused";
	}
	return "";
}
