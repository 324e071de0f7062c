/* SPDX-License-Identifier: MIT */
#include "segments/numbering.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/date.h"
#include "base/mem.h"
#include "segments/phone.h"

#define TABLE_BYTES_MAX (1u << 20)

extern const char loa_numbering_start[], loa_numbering_end[];

/* ---- reading ---- */

/* "032" → 32; exactly `digits` of them behind the 0. -1: it is not so. */
static int
prefix_of(const char *s, size_t digits)
{
	int v = 0;

	if (s == NULL || strlen(s) != digits + 1 || s[0] != '0')
		return -1;
	for (size_t i = 1; i <= digits; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	return v;
}

/* An optional day. */
static enum err
read_day(const struct json_at *at, const char *key, int64_t absent, int64_t *out, struct err_ctx *e)
{
	struct json_at one = json_get(at, key);
	const char *text = NULL;
	struct date d;
	enum err rc = json_read_string(&one, &text, e);

	*out = absent;
	if (rc != ERR_OK || text == NULL)
		return rc;
	if (!date_read_day(slice_of(text), &d))
		return err_set(e, ERR_INPUT, one.path, "write 2027-01-31", "\"%.40s\" is no day",
			       text);
	*out = date_to_days(d);
	return ERR_OK;
}

/* Does the entry hold on the day? */
static enum err
read_days(const struct json_at *at, int64_t today, bool *holds, struct err_ctx *e)
{
	int64_t since, until;
	enum err rc = read_day(at, "since", INT64_MIN, &since, e);

	if (rc == ERR_OK)
		rc = read_day(at, "until", INT64_MAX, &until, e);
	if (rc == ERR_OK)
		*holds = since <= today && today <= until;
	return rc;
}

static enum err
read_carrier(const struct json_at *at, int *out, struct err_ctx *e)
{
	const char *names[CARRIER_COUNT] = {NULL}, *name, *near;
	enum err rc = json_need_string(at, &name, e);

	if (rc != ERR_OK)
		return rc;
	*out = carrier_find(slice_of(name));
	if (*out > 0)
		return ERR_OK;
	for (int i = 1; i < CARRIER_COUNT; i++)
		names[i - 1] = carrier_name(i);
	near = nearest_name(name, names, CARRIER_COUNT - 1);
	return err_set(e, ERR_INPUT, at->path, "", "\"%.40s\" is no carrier%s%s%s", name,
		       near == NULL ? "" : ": did you mean ", near == NULL ? "" : near,
		       near == NULL ? "" : "?");
}

/* {"carrier", "prefixes": ["032", …]} */
static enum err
read_mobile(const struct json_at *at, int64_t today, struct numbering *out, struct err_ctx *e)
{
	static const char *const keys[] = {"carrier", "prefixes", "since", "until", "source"};
	struct json_at carrier = json_get(at, "carrier"), list = json_get(at, "prefixes");
	int which = 0;
	bool holds = false;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_carrier(&carrier, &which, e)) != ERR_OK ||
	    (rc = read_days(at, today, &holds, e)) != ERR_OK ||
	    (rc = json_want_array(&list, e)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);
		int p = prefix_of(json_string_value(one.v), 2);

		if (p < 0)
			return err_set(e, ERR_INPUT, one.path, "write it as \"032\"",
				       "is no prefix: a 0 and two digits");
		if (p / 10 == 2)
			return err_set(e, ERR_INPUT, one.path, "",
				       "is no prefix of mobile numbers: 02 is of fixed lines");
		if (!holds)
			continue;
		if (out->carrier[p] != CARRIER_UNKNOWN)
			return err_set(e, ERR_INPUT, one.path, "give it to one carrier a day",
				       "0%02d is also of %s", p, carrier_name(out->carrier[p]));
		out->carrier[p] = (uint8_t)which;
	}
	return ERR_OK;
}

/* {"now": {"0162": "032", …}} */
static enum err
read_renumbering(const struct json_at *at, int64_t today, struct numbering *out, struct err_ctx *e)
{
	static const char *const keys[] = {"now", "since", "until", "source"};
	struct json_at now = json_get(at, "now");
	const char *before;
	bool holds = false;
	json_t *v;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_days(at, today, &holds, e)) != ERR_OK ||
	    (rc = json_want_object(&now, e)) != ERR_OK)
		return rc;
	json_object_foreach (now.v, before, v) {
		struct json_at one = json_get(&now, before);
		int from = prefix_of(before, 3), to = prefix_of(json_string_value(v), 2);

		if (from < 0 || to < 0)
			return err_set(e, ERR_INPUT, one.path, "write \"0162\": \"032\"",
				       "is no change from four digits to three");
		/* both may be of a day to come */
		if (!holds)
			continue;
		if (out->carrier[to] == CARRIER_UNKNOWN)
			return err_set(e, ERR_INPUT, one.path, "add it to \"mobile\"",
				       "becomes 0%02d, which is in no use", to);
		out->now[from] = (uint8_t)to;
	}
	return ERR_OK;
}

/* {"prefix", "min", "max"} */
static enum err
read_service(const struct json_at *at, int64_t today, struct numbering *out, struct err_ctx *e)
{
	static const char *const keys[] = {"prefix", "min", "max", "what", "since", "until"};
	struct json_at prefix = json_get(at, "prefix"), min = json_get(at, "min");
	struct json_at max = json_get(at, "max");
	struct service_prefix *s = &out->services[out->service_count];
	const char *text = "";
	int64_t from = 0, to = 0;
	bool holds = false;
	enum err rc;

	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&prefix, &text, e)) != ERR_OK ||
	    (rc = read_days(at, today, &holds, e)) != ERR_OK ||
	    (rc = json_read_int(&min, 1, 20, &from, e)) != ERR_OK ||
	    (rc = json_read_int(&max, 1, 20, &to, e)) != ERR_OK)
		return rc;
	text += text[0] == '0';
	if (text[0] == '\0' || strlen(text) >= sizeof(s->prefix) ||
	    strspn(text, "0123456789") != strlen(text))
		return err_set(e, ERR_INPUT, prefix.path, "write it as \"1800\"",
			       "has no digits, or more than %zu", sizeof(s->prefix) - 1);
	if (from == 0 || to < from)
		return err_set(e, ERR_INPUT, at->path, "give \"min\" and \"max\"",
			       "has no lengths, or the longest is the shorter");
	if (!holds)
		return ERR_OK;
	if (out->service_count == SERVICES_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "is one service more than %d",
			       SERVICES_MAX);
	snprintf(s->prefix, sizeof(s->prefix), "%s", text);
	s->min = (uint8_t)from;
	s->max = (uint8_t)to;
	out->service_count++;
	return ERR_OK;
}

typedef enum err (*read_entry_cb)(const struct json_at *at, int64_t today, struct numbering *out,
				  struct err_ctx *e);

static enum err
read_list(const struct json_at *root, const char *key, read_entry_cb read, int64_t today,
	  struct numbering *out, struct err_ctx *e)
{
	struct json_at list = json_get(root, key);
	enum err rc = json_want_array(&list, e);

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);

		rc = read(&one, today, out, e);
	}
	return rc;
}

enum err
numbering_read(json_t *document, int64_t today, struct numbering *out, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "as_of", "mobile", "renumbering", "services"};
	struct json_at root = json_root(document);
	enum err rc;

	*out = (struct numbering){0};
	memset(out->now, RENUMBERED_NONE, sizeof(out->now));
	if ((rc = json_want_object(&root, e)) != ERR_OK ||
	    (rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_list(&root, "mobile", read_mobile, today, out, e)) != ERR_OK ||
	    (rc = read_list(&root, "renumbering", read_renumbering, today, out, e)) != ERR_OK ||
	    (rc = read_list(&root, "services", read_service, today, out, e)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < ARRAY_LEN(out->carrier); i++)
		if (out->carrier[i] != CARRIER_UNKNOWN)
			return ERR_OK;
	return err_set(e, ERR_INPUT, "mobile", "begin with the built-in file",
		       "has no prefix that is in use today");
}

/* ---- in force ---- */

static const struct numbering *in_force; /* NULL = the built-in one, not read yet */

json_t *
numbering_builtin(void)
{
	struct slice text = {loa_numbering_start,
			     (size_t)(loa_numbering_end - loa_numbering_start)};
	json_t *v = NULL;
	enum err rc = json_parse(text, TABLE_BYTES_MAX, "built-in numbering", &v, NULL);

	assert(rc == ERR_OK); /* the unit tests read it */
	(void)rc;
	return v;
}

const struct numbering *
numbering_now(void)
{
	static struct numbering builtin;
	json_t *v;
	enum err rc;

	if (in_force != NULL)
		return in_force;
	v = numbering_builtin();
	rc = numbering_read(v, clock_today_vn(), &builtin, NULL);
	json_decref(v);
	assert(rc == ERR_OK);
	(void)rc;
	in_force = &builtin;
	return in_force;
}

void
numbering_set(const struct numbering *n)
{
	in_force = n;
}
