/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/sensitive.h"

/* A text reads a column if it has something unknown once that column is. */
static bool
reads(const struct template_set *set, const struct schema *s, uint32_t column)
{
	const char *others[COLUMNS_MAX];
	size_t n = 0;

	for (uint32_t i = 0; i < s->count; i++)
		if (i != column)
			others[n++] = s->columns[i].name;
	return set_each_unknown(set, others, n, NULL, NULL) > 0;
}

bool
sensitive_is_told(const struct template_set *set, const struct schema *s)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (s->columns[i].is_sensitive && reads(set, s, i))
			return true;
	return false;
}

bool
sensitive_is_read(const struct ready_campaign *r, uint32_t column)
{
	return reads(rendering_set(r->rendering), &r->list->schema, column);
}

static bool
is_asked(const struct ready_campaign *r, uint32_t column)
{
	for (size_t i = 0; i < r->campaign->segment_count; i++)
		if (query_reads(r->queries[i], (int)column))
			return true;
	return false;
}

static void
add_columns(const struct ready_campaign *r,
	    bool (*is_used)(const struct ready_campaign *r, uint32_t column), struct buf *out)
{
	const struct schema *s = &r->list->schema;
	const char *comma = "";

	for (uint32_t i = 0; i < s->count; i++) {
		if (!s->columns[i].is_sensitive || !is_used(r, i))
			continue;
		buf_addf(out, "%s%s", comma, s->columns[i].name);
		comma = ", ";
	}
}

void
sensitive_add_read(const struct ready_campaign *r, struct buf *out)
{
	add_columns(r, sensitive_is_read, out);
}

void
sensitive_add_asked(const struct ready_campaign *r, struct buf *out)
{
	add_columns(r, is_asked, out);
}

bool
sensitive_is_asked(const struct ready_campaign *r)
{
	const struct schema *s = &r->list->schema;

	for (uint32_t i = 0; i < s->count; i++)
		if (s->columns[i].is_sensitive && is_asked(r, i))
			return true;
	return false;
}

bool
sensitive_is_open(const struct ready_campaign *r)
{
	struct err_ctx e;

	return !sensitive_is_asked(r) && sensitive_check(r, &e) == ERR_OK;
}

enum err
sensitive_check(const struct ready_campaign *r, struct err_ctx *e)
{
	struct buf columns = {0};
	enum err rc = ERR_OK;

	if (r->campaign->sensitive[0] == '\0')
		sensitive_add_read(r, &columns);
	if (columns.len > 0)
		rc = err_set(e, ERR_REFUSED, r->campaign->template,
			     "leave it out of the text, or say why in the campaign: \"sensitive\": "
			     "\"REASON\"",
			     "its text reads %.200s, which the law calls sensitive", columns.data);
	buf_free(&columns);
	return rc;
}

json_t *
sensitive_details(const struct ready_campaign *r)
{
	struct buf read = {0}, asked = {0}, lists = {0};
	json_t *out = NULL;

	list_add_names(r->list, &lists);

	sensitive_add_read(r, &read);
	sensitive_add_asked(r, &asked);
	if (read.len > 0 || asked.len > 0)
		out = json_pack("{s:s, s:s, s:s, s:s}", "list", lists.data, "asked",
				asked.len > 0 ? asked.data : "", "read",
				read.len > 0 ? read.data : "", "reason", r->campaign->sensitive);
	buf_free(&read);
	buf_free(&asked);
	buf_free(&lists);
	return out;
}
