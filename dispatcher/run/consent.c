/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/consent.h"

#include "base/buf.h"

static const struct column *
find_column(const struct schema *s, const char *name)
{
	for (uint32_t i = 0; i < s->count; i++)
		if (strcmp(s->columns[i].name, name) == 0)
			return &s->columns[i];
	return NULL;
}

struct query *
consent_query(const char *column, const struct schema *s, struct err_ctx *e)
{
	static const char yes[] = " IN ('có', 'co', 'x', 'v', '✓', '✔', 'đúng', 'rồi', 'đồng ý', "
				  "'dong y', 'yes', 'y', 'true', '1')";
	const struct column *c = find_column(s, column);
	struct query_error qe;
	struct query *q;
	struct buf text = {0};

	if (c == NULL || c->type == COLUMN_DATE) {
		err_set(e, ERR_REFUSED, column,
			"import a list whose column says có of who consents",
			c == NULL ? "is no column of the list" : "is a column of dates");
		return NULL;
	}
	buf_addf(&text, "`%s`%s", column, c->type == COLUMN_NUMBER ? " = 1" : yes);
	q = query_parse(buf_slice(&text), &qe);
	if (q == NULL || !query_bind(q, s, &qe)) {
		err_set(e, ERR_REFUSED, column, "", "cannot be asked: %s", qe.message);
		query_free(q);
		q = NULL;
	}
	buf_free(&text);
	return q;
}
