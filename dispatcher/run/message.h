/* SPDX-License-Identifier: MIT */
/*
 * What became of one message, found by its place in its run: from the record,
 * the payload as long as it is kept, and the newest lines of the detail log.
 */
#pragma once

#include "base/err.h"
#include "dispatcher/run/payload.h"
#include "dispatcher/run/reference.h"
#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"
#include "providers/provider.h"

struct message_status {
	struct reference at; /* as asked for */
	uint64_t campaign;
	char class[16];
	char provider[40];
	int64_t launched_s; /* of the run; the record's time counts from here */
	struct record record;
	enum record_state state; /* the record's, or cancelled with its run */
	bool has_payload;
	struct payload payload; /* its slices live for the callback */
	char gateway_id[GATEWAY_ID_MAX], gateway_code[GATEWAY_CODE_MAX]; /* "" = none known */
	char receipt_code[GATEWAY_CODE_MAX];
};

/* cb runs once, never before this returns: with a status, or NULL and why. */
typedef void (*message_status_cb)(void *arg, const struct message_status *s,
				  const struct err_ctx *e);
void message_status_load(struct engine *e, const struct reference *at, message_status_cb cb,
			 void *arg);
