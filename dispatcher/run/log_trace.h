/* SPDX-License-Identifier: MIT */
/*
 * What the detail log of a run says of a few messages, in the order in which it came. The log is read
 * from its beginning, some hundred lines at a time; a line that does not name one of them is left
 * after a look at its bytes.
 */
#pragma once

#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"
#include "providers/provider.h"

#define LOG_TRACE_MAX 64u

struct log_place {
	unsigned p;
	uint32_t rank;
};

struct log_event {
	size_t of; /* which of the places */
	bool is_answer;
	unsigned attempt;
	int64_t at_s; /* since the launch; -1 = the line does not say (an older release wrote it) */
	int tariff;   /* -1 = the line does not say */
	const char *id, *code; /* "" = none */
};

struct log_trace_callbacks {
	void (*on_event)(void *arg, const struct log_event *ev);
	/* Lines; false = nobody waits any more, and it ends as if all were read. May be NULL. */
	bool (*on_progress)(void *arg, uint64_t done, uint64_t total);
	/* Once, never inside log_trace; e NULL = all was read. */
	void (*on_done)(void *arg, const struct err_ctx *e);
	void *arg;
};
/* places[count ≤ LOG_TRACE_MAX] are copied. */
void log_trace(struct engine *e, uint64_t run, const struct log_place *places, size_t count,
	       const struct log_trace_callbacks *cbs);
