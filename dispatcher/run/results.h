/* SPDX-License-Identifier: MIT */
/*
 * Results: a line a member of a run's audience, as CSV or as JSON. Columns and
 * their meaning are in docs/FORMATS.md, "Results columns". Pure.
 */
#pragma once

#include "dispatcher/run/details.h"
#include "dispatcher/run/report.h"
#include "dispatcher/run/walk.h"

#define RESULTS_COLUMNS_MAX 16

struct results_format {
	bool is_json;	 /* a JSON object a line, else CSV */
	bool has_bom;	 /* CSV only */
	bool is_full;	 /* phones are not masked */
	uint32_t states; /* a bit a wanted state; 0 = all */
	/* of the run: */
	int64_t launched_s;
	uint8_t tariffs;
	char lane[TARIFFS_MAX][40];
	int64_t price[TARIFFS_MAX];
	/* Reasons that come from a rule, with it. */
	char over_cap[RUN_RULE_MAX + 80], no_consent[RUN_RULE_MAX + 80];
	/* of the list, or of all of them: */
	const struct list *list;     /* borrowed */
	const struct schema *schema; /* its columns */
	uint32_t columns[RESULTS_COLUMNS_MAX];
	size_t column_count;
	/* the time that was formatted last */
	int64_t time_s;
	char time[32];
};

/* "delivered,unknown" → states. ERR_INPUT names the nearest state. */
MUST_CHECK enum err results_parse_states(struct slice list, struct results_format *f,
					 struct err_ctx *e);
/*
 * "ho_ten,xa" → columns. Needs schema and is_full. ERR_INPUT names the columns that there are;
 * ERR_REFUSED for the column of the phone unless is_full.
 */
MUST_CHECK enum err results_parse_columns(struct slice list, struct results_format *f,
					  struct err_ctx *e);
/* Is one of the columns sensitive? */
bool results_has_sensitive(const struct results_format *f);
void results_of_run(struct results_format *f, const struct run_status *s);

static inline bool
results_wants(const struct results_format *f, enum record_state s)
{
	return f->states == 0 || (f->states >> s & 1) != 0;
}
/* Accepted, delivered or undeliverable: it is paid for. */
static inline bool
record_is_paid(const struct record *r)
{
	return r->state == RECORD_ACCEPTED || r->state == RECORD_DELIVERED ||
	       r->state == RECORD_UNDELIVERABLE;
}
/* The tariff it went by, or the first of its route; -1 = none was asked and none will be. */
int results_tariff(const struct walk_row *r);

void results_add_header(const struct results_format *f, struct buf *out);
void results_add_row(struct results_format *f, const struct walk_row *r, const struct detail *d,
		     struct buf *out);

/* The list's column called name; ERR_INPUT names the nearest and those that there are. */
MUST_CHECK enum err results_find_column(const struct schema *s, struct slice name, int *out,
					struct err_ctx *e);
/* "; it has ho_ten, xa, …" goes into errors: at most cap - 1 bytes. */
void results_name_columns(const struct schema *s, char *out, size_t cap);
