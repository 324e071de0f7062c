/* SPDX-License-Identifier: MIT */
/*
 * Notices: single messages that other systems hand over (docs/FORMATS.md,
 * "Single messages"). A request holds one or up to a thousand; each is judged on
 * its own; the good ones are kept in one step before anybody is answered, as rows
 * of the day's run of their class and unit.
 *
 *   known already? → read → templates → patterns → judge → keep → answer
 *
 * read and judge are pure; notices_send is the way through all of it.
 */
#pragma once

#include "base/json.h"
#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/pattern_book.h"
#include "dispatcher/config.h"
#include "dispatcher/run/payload.h"
#include "dispatcher/store/engine.h"
#include "templates/set.h"

#define NOTICES_MAX 1000u
#define NOTICE_TEMPLATES_MAX 16u /* different ones in a request */
#define NOTICE_KEY_MIN 8u
#define NOTICE_KEY_MAX 128u /* bytes of an idempotency key */

struct notice {
	char path[32]; /* "messages[3]", "" when the request is one message */
	/* as asked; borrowed from the document */
	const char *to, *text, *label;
	const char *language; /* as asked: a tag or a name; NULL = vi */
	json_t *fields;
	int template; /* index in notices.templates; -1 = it has a text */
	/* as judged */
	json_t *refusal;    /* {"code","what","detail","todo"}; NULL = good so far */
	struct buf warning; /* it is taken; empty = nothing to say */
	uint8_t carrier;
	struct payload payload; /* its text is in `rendered` */
	struct buf rendered, plain;
};

struct notices {
	json_t *document; /* a reference */
	bool is_batch;
	const char *class, *order;
	int64_t unit;
	const struct class_policy *policy;
	struct route_plan route;
	/* The content rules by provider, made when a message is for it; NULL = not yet. */
	struct content_view *rules[PROVIDERS_MAX];
	/* What the texts are compared with, while they are judged; NULL = nothing. */
	struct pattern_book *patterns;
	bool is_trial;	    /* a campaign's texts: patterns of every class hold */
	unsigned unmatched; /* texts that were told with the nearest pattern */
	char *templates[NOTICE_TEMPLATES_MAX];
	struct template_set *sets[NOTICE_TEMPLATES_MAX]; /* NULL: there is none of this name */
	size_t template_count;
	size_t count;
	struct notice list[];
};

/* What concerns the whole request is an error of it, the rest a refusal of one message. */
MUST_CHECK enum err notices_read(const struct config *c, json_t *document, struct notices **out,
				 struct err_ctx *e);
void notices_free(struct notices *n);
/* Phones, texts and routes, once the templates are there. */
void notices_judge(struct notices *n, const struct config *c, int64_t now_ms);
/* Of one message: code and words, and which of its members; the first refusal stays. */
void notice_refuse(struct notice *m, const char *code, const char *member, const char *detail,
		   const char *todo);
/* The same words whatever the order of keys and blanks: what an idempotency key stands for. */
void notices_hash(const json_t *document, uint8_t out[16]);
/* {"code","what","detail","todo"} */
json_t *notice_refusal(const char *code, const char *what, const char *detail, const char *todo);

/* ---- the whole way ---- */

struct notice_result {
	bool is_accepted;
	uint8_t partition;
	uint32_t rank;
	struct slice refusal; /* JSON; unless accepted */
	struct slice warning; /* for a person; empty when it is answered again */
};

MUST_CHECK enum err notice_key_check(const char *key, struct err_ctx *e);

struct notices_answer {
	bool is_again; /* this key has asked the same before: the answer of then */
	bool is_batch;
	uint64_t run, campaign; /* 0 = no message was accepted */
	struct slice freeze;	/* that they wait for, in words; empty = none */
	size_t count;
	struct notice_result *list; /* borrowed for the callback */
};

/*
 * key: the asker's idempotency key, checked by notice_key_check. cb runs once, never before this returns:
 * with an answer, or NULL and why. On ERR_UNREACHABLE it is not known whether
 * they were accepted: the same key tells.
 */
typedef void (*notices_cb)(void *arg, const struct notices_answer *a, const struct err_ctx *e);
struct notices_desk {
	struct engine *engine;
	const struct config *config;
	struct pattern_book *patterns;
	bool is_trial; /* texts of a campaign, to somebody's own phone */
	uint64_t unit; /* theirs, unless the document says another */
};
void notices_send(const struct notices_desk *d, json_t *document, const char *key, notices_cb cb,
		  void *arg);
