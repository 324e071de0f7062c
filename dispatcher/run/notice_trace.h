/* SPDX-License-Identifier: MIT */
/*
 * The single messages to one phone in a run of them, as long as their payload is kept: each payload
 * is looked at, some hundred at a time.
 */
#pragma once

#include "dispatcher/run/log_trace.h"
#include "dispatcher/run/report.h"

#define NOTICE_TRACE_MAX 32u /* messages that are told */

struct notices_found {
	struct log_place at[NOTICE_TRACE_MAX];
	int64_t accepted_s[NOTICE_TRACE_MAX]; /* unix time */
	size_t count;
	bool has_more;
};
/* Once, never inside notice_trace; f NULL = could not be read. */
typedef void (*notice_trace_cb)(void *arg, const struct notices_found *f, const struct err_ctx *e);
/* s: of the run; borrowed for this call. */
void notice_trace(struct engine *e, const struct run_status *s, uint64_t phone, notice_trace_cb cb,
		  void *arg);
