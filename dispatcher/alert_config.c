/* SPDX-License-Identifier: MIT */
#include "dispatcher/alert_config.h"

#include <stdio.h>

#include "base/mem.h"
#include "segments/phone.h"

#define SECRET_MIN 16u /* bytes: fewer could be guessed */

static const struct kind {
	const char *name;
	bool is_urgent;
} kinds[] = {
#define X(kind, urgent) {#kind, urgent},
	ALERT_KINDS(X)
#undef X
};

int
alert_kind_find(struct slice name)
{
	for (int i = 0; i < ALERT_KIND_COUNT; i++)
		if (slice_is(name, kinds[i].name))
			return i;
	return -1;
}

const char *
alert_kind_name(enum alert_kind kind)
{
	return kinds[kind].name;
}

static enum err
need_minute(const struct json_at *at, int *out, struct err_ctx *e)
{
	const char *s = "";
	int h, m, n = 0;
	enum err rc = json_need_string(at, &s, e);

	if (rc != ERR_OK)
		return rc;
	if (sscanf(s, "%2d:%2d%n", &h, &m, &n) != 2 || s[n] != '\0' || h < 0 || h > 23 || m < 0 ||
	    m > 59)
		return err_set(e, ERR_INPUT, at->path, "write 07:00", "\"%s\" is no time of day",
			       s);
	*out = h * 60 + m;
	return ERR_OK;
}

static enum err
read_quiet(struct alert_config *c, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"from", "to"};
	struct json_at from = json_get(at, "from"), to = json_get(at, "to");
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = need_minute(&from, &c->quiet_from, e)) != ERR_OK ||
	    (rc = need_minute(&to, &c->quiet_to, e)) != ERR_OK)
		return rc;
	if (c->quiet_from == c->quiet_to)
		return err_set(e, ERR_INPUT, at->path, "leave it out for none",
			       "ends when it begins");
	return ERR_OK;
}

static enum err
read_urgent(struct alert_config *c, const struct json_at *at, struct err_ctx *e)
{
	const char *names[ALERT_KIND_COUNT];
	enum err rc = json_want_array(at, e);

	for (int i = 0; i < ALERT_KIND_COUNT; i++) {
		names[i] = kinds[i].name;
		c->is_urgent[i] = at->v == NULL && kinds[i].is_urgent;
	}
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		int kind = 0;

		rc = json_read_choice(&one, names, ALERT_KIND_COUNT, &kind, e);
		c->is_urgent[kind] = c->is_urgent[kind] || rc == ERR_OK;
	}
	return rc;
}

static enum err
read_phones(struct alert_oncall *o, const struct json_at *at, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);

	if (rc == ERR_OK && (at->v == NULL || json_array_size(at->v) == 0 ||
			     json_array_size(at->v) > ALERT_PHONES_MAX))
		return err_set(e, ERR_INPUT, at->path, "write [\"0912345678\"]",
			       "must have 1 to %u phones", ALERT_PHONES_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		const char *text = "";
		struct phone_cell cell;

		rc = json_need_string(&one, &text, e);
		if (rc != ERR_OK)
			return rc;
		phone_parse(slice_of(text), &cell);
		if (cell.count != 1)
			return err_set(e, ERR_INPUT, one.path, "write it as 0912345678",
				       "is no mobile number of Vietnam");
		o->phones[o->count++] = cell.phones[0];
	}
	return rc;
}

static enum err
read_oncall(struct alert_config *c, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"unit", "phones"};
	enum err rc = json_want_array(at, e);

	if (rc == ERR_OK && json_array_size(at->v) > ALERT_UNITS_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %u units",
			       ALERT_UNITS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i), unit = json_get(&one, "unit");
		struct json_at phones = json_get(&one, "phones");
		struct alert_oncall *o = &c->oncall[i];

		o->unit = 1;
		if ((rc = json_only_keys(&one, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
		    (rc = json_read_int(&unit, 1, 1000000, &o->unit, e)) != ERR_OK ||
		    (rc = read_phones(o, &phones, e)) != ERR_OK)
			return rc;
		for (size_t k = 0; k < i; k++)
			if (c->oncall[k].unit == o->unit)
				return err_set(e, ERR_INPUT, one.path, "put them together",
					       "unit %lld is there twice", (long long)o->unit);
		c->oncall_count = i + 1;
	}
	return rc;
}

static enum err
read_hook(struct alert_config *c, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"url", "secret"};
	struct json_at url = json_get(at, "url"), secret = json_get(at, "secret");
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&url, &c->hook_url, e)) != ERR_OK ||
	    (rc = json_need_string(&secret, &c->hook_secret, e)) != ERR_OK)
		return rc;
	if (strncmp(c->hook_url, "https://", 8) != 0 && strncmp(c->hook_url, "http://", 7) != 0)
		return err_set(e, ERR_INPUT, url.path, "write https://host/path",
			       "is no address of the web");
	if (strlen(c->hook_secret) < SECRET_MIN)
		return err_set(e, ERR_INPUT, secret.path, "make it with openssl rand -hex 32",
			       "has fewer than %u characters", SECRET_MIN);
	return ERR_OK;
}

enum err
alert_config_read(const struct json_at *at, struct alert_config *c, struct err_ctx *e)
{
	static const char *const keys[] = {"every_minutes", "most",	   "quiet",    "urgent",
					   "oncall",	    "expiry_days", "language", "webhook"};
	static const char *const languages[] = {"vi", "en"};
	struct json_at every = json_get(at, "every_minutes"), most = json_get(at, "most");
	struct json_at quiet = json_get(at, "quiet"), urgent = json_get(at, "urgent");
	struct json_at oncall = json_get(at, "oncall"), expiry = json_get(at, "expiry_days");
	struct json_at language = json_get(at, "language"), hook = json_get(at, "webhook");
	int which = 0;
	enum err rc = json_want_object(at, e);

	*c = (struct alert_config){.every_minutes = 30,
				   .most = 4,
				   .expiry_days = 30,
				   .hook_url = "",
				   .hook_secret = ""};
	if (rc != ERR_OK ||
	    (at->v != NULL && (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK) ||
	    (rc = json_read_int(&every, 1, 1440, &c->every_minutes, e)) != ERR_OK ||
	    (rc = json_read_int(&most, 0, 100, &c->most, e)) != ERR_OK ||
	    (rc = json_read_int(&expiry, 0, 366, &c->expiry_days, e)) != ERR_OK ||
	    (rc = json_read_choice(&language, languages, ARRAY_LEN(languages), &which, e)) !=
		    ERR_OK ||
	    (rc = read_quiet(c, &quiet, e)) != ERR_OK ||
	    (rc = read_urgent(c, &urgent, e)) != ERR_OK ||
	    (rc = read_oncall(c, &oncall, e)) != ERR_OK || (rc = read_hook(c, &hook, e)) != ERR_OK)
		return rc;
	c->is_english = which == 1;
	return ERR_OK;
}

const struct alert_oncall *
alert_config_oncall(const struct alert_config *c, struct slice units)
{
	while (units.n > 0) {
		struct slice one = slice_take_until(&units, ',');
		int64_t unit = 0;

		if (!slice_to_i64(one, &unit))
			continue;
		for (size_t i = 0; i < c->oncall_count; i++)
			if (c->oncall[i].unit == unit)
				return &c->oncall[i];
	}
	return NULL;
}
