/* SPDX-License-Identifier: MIT */
/*
 * Where a row of a run's list stands in its audience: in which partition, at which rank, and what
 * its record says now. The bitmaps of one slice are read, and one record.
 */
#pragma once

#include "dispatcher/run/view.h"

struct member_place {
	bool is_frozen; /* the frontier is past the row; false: nobody knows yet */
	bool is_in;	/* the segments have matched it */
	unsigned p;
	uint32_t rank;
	struct record record;
	/* Of an attempt, from the first on: its phase and tariff; also where only the record says it. */
	uint8_t phase[ATTEMPTS_MAX], tariff[ATTEMPTS_MAX];
	bool has_earlier; /* several attempts have said something; else all but the newest is a guess */
};

/* cb runs once, never before this returns: NULL and why. */
typedef void (*member_find_cb)(void *arg, const struct member_place *m, const struct err_ctx *e);
/* v must live until then. */
void member_find(struct engine *e, struct run_views *vs, struct run_view *v, uint32_t row,
		 member_find_cb cb, void *arg);
/* The same of a place that is known: a single message. */
void member_read(struct engine *e, struct run_view *v, unsigned p, uint32_t rank, member_find_cb cb,
		 void *arg);
