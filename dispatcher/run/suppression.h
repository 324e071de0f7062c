/* SPDX-License-Identifier: MIT */
/*
 * Suppressing phones and taking it back: one Lua step for many phones, repeated
 * until Redis has answered, and kept in the journal with the time that Redis
 * gave it: a suppression that was forgotten would be a scandal.
 */
#pragma once

#include "base/err.h"
#include "dispatcher/config.h"
#include "dispatcher/store/engine.h"

#define SUPPRESSION_REASON_MAX 200u  /* bytes */
#define SUPPRESSION_SCOPE_MAX 64u    /* bytes */
#define SUPPRESSION_PHONES_MAX 4096u /* of one act; a few hundred are a good size */

enum suppression_source { BY_PERSON, BY_IMPORT, BY_REPLY, BY_GATEWAY };

/* "all", "unit:N" (N from 1 on), "class:NAME" (one of the policy's). */
MUST_CHECK enum err suppression_check_scope(const struct config *c, const char *scope,
					    struct err_ctx *e);
/* 1 to 200 bytes of UTF-8 without control characters, not only blanks. */
MUST_CHECK enum err suppression_check_reason(const char *reason, struct err_ctx *e);

struct suppression_act {
	bool is_removal;
	const char *
		id; /* at most 32 letters: done once, asked again it answers the same; NULL = new */
	enum suppression_source source;
	const char *scope, *reason; /* checked */
	const uint64_t *phones;
	size_t count; /* 1 … SUPPRESSION_PHONES_MAX */
};

struct suppression_done {
	int64_t epoch; /* after it */
	/* [count] what became of each phone: '+' added, '-' removed, '=' nothing to do, 'x' has
	 * too many scopes already */
	const char *letters;
};

/* cb runs once, never before this returns; d NULL = the process stops before Redis answered. */
typedef void (*suppression_cb)(void *arg, const struct suppression_done *d,
			       const struct err_ctx *e);
/* Everything in a is copied. cb may be NULL. */
void suppression_apply(struct engine *e, const struct suppression_act *a, suppression_cb cb,
		       void *arg);
