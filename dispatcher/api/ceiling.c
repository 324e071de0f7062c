/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/ceiling.h"

#include "dispatcher/campaign/approval.h"
#include "dispatcher/campaign/series.h"

/* Does its estimate say nothing of what a run will need? Then an approver says the ceiling himself. */
static bool
is_unforeseen(const struct campaign *c, const struct review *counted, const struct calendar *days)
{
	return counted->messages == 0 || review_is_too_few(counted) || series_differs(c, days);
}

json_t *
ceiling_warnings(const struct campaign *c, const struct review *counted,
		 const struct calendar *days)
{
	json_t *out = json_array();

	if (is_unforeseen(c, counted, days))
		json_array_append_new(
			out, json_string("what was counted says little of what a run will need: "
					 "who approves it must say the ceiling of a run "
					 "(--ceiling-parts N --ceiling-cost VND)"));
	if (c->schedule[0] != '\0')
		json_array_append_new(
			out, json_string("it is sent again and again: who approves it must say the "
					 "ceiling of all its runs together (--all-parts N "
					 "--all-cost VND)"));
	return out;
}

static int64_t
with_percent(int64_t n)
{
	return n + (n * CEILING_PERCENT + 99) / 100;
}

static enum err
read_both(const struct json_at *at, int64_t *out_parts, int64_t *out_cost, struct err_ctx *e)
{
	struct json_at parts = json_get(at, "parts"), cost = json_get(at, "cost");
	enum err rc = json_read_int(&parts, 1, INT64_C(1000000000000), out_parts, e);

	return rc != ERR_OK ? rc : json_read_int(&cost, 1, INT64_C(1000000000000000), out_cost, e);
}

/* "all", of a campaign with a schedule, and of no other. */
static enum err
read_all(const struct campaign *c, const struct json_at *at, struct ceiling *out, struct err_ctx *e)
{
	static const char *const keys[] = {"parts", "cost"};
	struct json_at all = json_get(at, "all");
	bool is_series = c->schedule[0] != '\0';
	enum err rc;

	if (all.v != NULL && !is_series)
		return err_set(e, ERR_INPUT, all.path, "leave it out", "is for a schedule only");
	if ((rc = json_want_object(&all, e)) != ERR_OK ||
	    (rc = json_only_keys(&all, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_both(&all, &out->all_parts, &out->all_cost, e)) != ERR_OK)
		return rc;
	if (is_series && (out->all_parts == 0 || out->all_cost == 0))
		return err_set(e, ERR_INPUT, "ceiling.all",
			       "say what all of it may spend together: --all-parts N --all-cost "
			       "VND",
			       "is missing, and it is sent again and again by its schedule");
	return ERR_OK;
}

enum err
ceiling_read(json_t *body, const struct campaign *c, const struct calendar *days,
	     struct ceiling *out, struct err_ctx *e)
{
	static const char *const keys[] = {"parts", "cost", "all"};
	const struct review *v = &c->review;
	struct json_at root = json_root(body), at = json_get(&root, "ceiling");
	struct json_at parts = json_get(&at, "parts"), cost = json_get(&at, "cost");
	enum err rc;

	*out = (struct ceiling){.parts = with_percent((int64_t)v->parts),
				.cost = with_percent(v->cost)};
	if ((rc = json_want_object(&at, e)) != ERR_OK ||
	    (rc = json_only_keys(&at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_both(&at, &out->parts, &out->cost, e)) != ERR_OK)
		return rc;
	if ((parts.v == NULL || cost.v == NULL) && is_unforeseen(c, v, days))
		return err_set(e, ERR_INPUT, "ceiling",
			       "say what a run may spend at most: --ceiling-parts N "
			       "--ceiling-cost VND",
			       "is missing, and what was counted says little of what a run will "
			       "need (each day another number of people, or too few)");
	return read_all(c, &at, out, e);
}

json_t *
ceiling_json(const struct review *v, const struct ceiling *c)
{
	json_t *out = review_ceiling_json(v, c->parts, c->cost);

	if (c->all_parts > 0)
		json_object_set_new(out, "all",
				    json_pack("{s:I, s:I}", "parts", (json_int_t)c->all_parts,
					      "cost", (json_int_t)c->all_cost));
	return out;
}
