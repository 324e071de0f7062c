/* SPDX-License-Identifier: MIT */
/*
 * The report of a run broken down: states, parts and cost by carrier, by
 * provider, or by the values of a column of its list; checked against the
 * report, which counts the same records another way.
 */
#pragma once

#include "dispatcher/run/groups.h"
#include "dispatcher/run/report.h"
#include "dispatcher/run/view.h"

#define BREAKDOWN_TOP 1000
#define BREAKDOWN_VALUE_MAX \
	120u /* bytes of a value; longer ones are told apart by their beginning */

struct breakdown {
	char by[64];	   /* carrier, provider, province, or the column's name */
	char column[64];   /* the list's column; "" = none */
	bool is_sensitive; /* the law calls the column so: small groups are not shown */
	const struct group *top[BREAKDOWN_TOP]; /* largest first */
	size_t count;
	struct group others; /* all that are not among them */
	size_t other_values; /* how many; meaningful unless is_many */
	bool is_many;	     /* more different values than could be counted at once */
	struct group sum;    /* of all */
	bool does_agree;     /* with the records as the report counted them */
	bool has_moved;	     /* the run changed meanwhile: compare when it rests */
	char difference[80];
	struct groups *groups; /* owns what top points to */
};

struct breakdown_callbacks {
	void (*on_progress)(void *arg, uint64_t done, uint64_t total); /* a few times a second */
	/* Once: NULL and why, or both. They live during the call. Not inside breakdown_start. */
	void (*on_done)(void *arg, const struct breakdown *b, const struct run_report *r,
			const struct err_ctx *e);
	void *arg;
};

struct breakdown_job;
/* ERR_INPUT: no such column; ERR_REFUSED: the column of the phones. */
struct breakdown_job *breakdown_start(struct loop *l, struct engine *e, struct run_views *vs,
				      uint64_t run, const char *by,
				      const struct breakdown_callbacks *cbs);
/* Stop without calling back. */
void breakdown_cancel(struct breakdown_job *j);
/* The values of a column for provinces: without accents, case and "Tỉnh", "Thành phố". */
void breakdown_province_key(struct slice cell, struct buf *out);
