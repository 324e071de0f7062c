/* SPDX-License-Identifier: MIT */
/*
 * A change of units, users, tokens or freezes: units that it names are found, it is in the audit, then it is
 * told to Redis until that has answered, and kept in the journal with its time, so that a Redis that
 * came back older gets it again.
 *
 *   account_act_new → account_act_find → ready → account_act_do → answered
 */
#pragma once

#include "dispatcher/api/private.h"

#define ACT_UNITS_MAX 2u

struct account_act {
	struct api *api;
	struct http_exchange *x;
	json_t *body;			       /* NULL = none */
	const char *unit_words[ACT_UNITS_MAX]; /* numbers or names; NULL = not said */
	uint64_t units[ACT_UNITS_MAX];	       /* found; 0 = not said */
	void (*ready)(struct account_act *t);
	char id[17];	  /* of the act */
	char object[160]; /* "user:an" */
	const char *function;
	struct argv args; /* but the time, which comes first */
	int status;
	json_t *answer; /* when it is done */
	/* Puts more into the answer from what Redis said; NULL = nothing. */
	void (*on_done)(struct account_act *t, const struct reply *r);
	/* Answers what Redis said instead of done, and frees; NULL = as of units, users and tokens. */
	void (*on_refused)(struct account_act *t, const struct reply *r);
	char secret[88]; /* made here, shown once */
	char extra[204];
};

/* What there is of the asker's unit and those below, by a Lua function; its answer is the callback's. */
void account_ls(struct http_exchange *x, struct api *a, const char *function,
		redis_reply_cb on_answer);

/* has_body: NULL when it is no JSON object: the exchange was answered. */
struct account_act *account_act_new(struct http_exchange *x, struct api *a, bool has_body);
void account_act_free(struct account_act *t);
/* Answers with the error and frees. */
void account_act_fail(struct account_act *t, const struct err_ctx *e);
/* Finds the units, then calls ready. */
void account_act_find(struct account_act *t, void (*ready)(struct account_act *t));
/* audit: "user.add"; details are taken. */
void account_act_do(struct account_act *t, const char *audit, json_t *take_details);
