/* SPDX-License-Identifier: MIT */
#include "dispatcher/limit_config.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"

static const char *const of_names[] = {"provider", "brandname", "unit"};
static const char *const counts_names[] = {"messages", "parts", "requests"};
static const char *const per_names[] = {"second", "minute", "day", "month"};

void
limit_brandname(const char *name, char out[32])
{
	size_t i = 0;

	for (; name[i] != '\0' && i < 31; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
}

static enum err
read_counted(struct limit *l, const struct json_at *at, struct err_ctx *e)
{
	struct json_at counts = json_get(at, "counts"), per = json_get(at, "per");
	struct json_at most = json_get(at, "most");
	int counts_at = COUNTS_MESSAGES, per_at = -1;
	enum err rc;

	if ((rc = json_read_choice(&counts, counts_names, ARRAY_LEN(counts_names), &counts_at,
				   e)) != ERR_OK ||
	    (rc = json_read_choice(&per, per_names, ARRAY_LEN(per_names), &per_at, e)) != ERR_OK ||
	    (rc = json_read_int(&most, 1, 1000000000, &l->most, e)) != ERR_OK)
		return rc;
	if (per_at < 0)
		return err_set(e, ERR_INPUT, per.path, "write second, minute, day or month",
			       "is missing");
	if (most.v == NULL)
		return err_set(e, ERR_INPUT, most.path, "write how many at most", "is missing");
	l->counts = (enum counts)counts_at;
	l->per = (enum limit_per)per_at;
	return ERR_OK;
}

/* The same thing counted per the same time twice: which one was meant? */
static enum err
check_different(const struct limit *limits, size_t i, const struct json_at *at, struct err_ctx *e)
{
	const struct limit *l = &limits[i];

	for (size_t k = 0; k < i; k++)
		if (limits[k].of == l->of && limits[k].counts == l->counts &&
		    limits[k].per == l->per && limits[k].unit == l->unit &&
		    strcmp(limits[k].name, l->name) == 0)
			return err_set(e, ERR_INPUT, at->path, "keep one of them",
				       "there is another limit of %s per %s for the same",
				       counts_names[l->counts], per_names[l->per]);
	return ERR_OK;
}

enum err
limits_read(const struct json_at *at, struct limit *limits, size_t *count, struct err_ctx *e)
{
	static const char *const keys[] = {"counts", "per", "most", "of"};
	enum err rc = json_want_array(at, e);

	*count = 0;
	if (rc == ERR_OK && json_array_size(at->v) > LIMITS_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "more than %d", LIMITS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i), of_at = json_get(&one, "of");
		int of = LIMIT_PROVIDER;

		limits[i] = (struct limit){.of = LIMIT_PROVIDER};
		if ((rc = json_only_keys(&one, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
		    (rc = json_read_choice(&of_at, of_names, ARRAY_LEN(of_names), &of, e)) !=
			    ERR_OK ||
		    (rc = read_counted(&limits[i], &one, e)) != ERR_OK ||
		    (rc = check_different(limits, i, &one, e)) != ERR_OK)
			return rc;
		if (of != LIMIT_PROVIDER)
			return err_set(
				e, ERR_INPUT, of_at.path, "write it into the file's own \"limits\"",
				"what a %s may send is counted over all providers", of_names[of]);
		(*count)++;
	}
	return rc;
}

static enum err
read_whose(struct limit *l, const struct json_at *at, struct err_ctx *e)
{
	struct json_at of_at = json_get(at, "of"), name = json_get(at, "brandname");
	struct json_at unit = json_get(at, "unit");
	const char *brandname = "";
	int of = LIMIT_PROVIDER;
	enum err rc;

	if ((rc = json_read_choice(&of_at, of_names, ARRAY_LEN(of_names), &of, e)) != ERR_OK ||
	    (rc = json_read_string(&name, &brandname, e)) != ERR_OK ||
	    (rc = json_read_int(&unit, 1, 1000000, &l->unit, e)) != ERR_OK)
		return rc;
	l->of = (enum limit_of)of;
	if (of == LIMIT_PROVIDER)
		return err_set(
			e, ERR_INPUT, of_at.path,
			"write \"brandname\" or \"unit\"; a provider's stand in its \"limits\"",
			"says nobody's");
	if ((of == LIMIT_BRANDNAME) != (name.v != NULL) ||
	    (of == LIMIT_BRANDNAME && unit.v != NULL))
		return err_set(e, ERR_INPUT, at->path,
			       of == LIMIT_BRANDNAME ? "write \"brandname\": its name"
						     : "write \"unit\": its number, or neither",
			       "does not say of which %s", of_names[of]);
	if (of == LIMIT_BRANDNAME && (brandname[0] == '\0' || strlen(brandname) > 11))
		return err_set(e, ERR_INPUT, name.path, "", "must have 1 to 11 characters");
	limit_brandname(brandname, l->name);
	return ERR_OK;
}

enum err
shared_limits_read(const struct json_at *at, struct limit *limits, size_t *count, struct err_ctx *e)
{
	static const char *const keys[] = {"of", "brandname", "unit", "counts", "per", "most"};
	enum err rc = json_want_array(at, e);

	*count = 0;
	if (rc == ERR_OK && json_array_size(at->v) > SHARED_LIMITS_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "more than %d", SHARED_LIMITS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i), counts = json_get(&one, "counts");

		limits[i] = (struct limit){.unit = 0};
		if ((rc = json_only_keys(&one, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
		    (rc = read_whose(&limits[i], &one, e)) != ERR_OK ||
		    (rc = read_counted(&limits[i], &one, e)) != ERR_OK ||
		    (rc = check_different(limits, i, &one, e)) != ERR_OK)
			return rc;
		if (limits[i].counts == COUNTS_REQUESTS)
			return err_set(e, ERR_INPUT, counts.path, "count messages or parts",
				       "requests are what a provider counts");
		(*count)++;
	}
	return rc;
}

bool
limit_is_of_unit(const struct limit *limits, size_t count, size_t i, int64_t unit)
{
	const struct limit *l = &limits[i];

	if (l->of != LIMIT_UNIT || (l->unit != 0 && l->unit != unit))
		return false;
	for (size_t k = 0; l->unit == 0 && k < count; k++)
		if (limits[k].of == LIMIT_UNIT && limits[k].unit == unit && unit != 0 &&
		    limits[k].counts == l->counts && limits[k].per == l->per)
			return false;
	return true;
}

double
limit_per_second(const struct limit *l)
{
	if (l->per == LIMIT_SECOND)
		return (double)l->most;
	return l->per == LIMIT_MINUTE ? (double)l->most / 60 : 0;
}

void
limit_write(const struct limit *l, struct buf *out)
{
	buf_addf(out, "%s %s %s %" PRId64 "%s%s\n", of_names[l->of], counts_names[l->counts],
		 per_names[l->per], l->most, l->name[0] != '\0' ? " " : "", l->name);
}
