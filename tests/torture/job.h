/* SPDX-License-Identifier: MIT */
/*
 * A small run that passes nearly everything: a list is imported, two campaigns to it are
 * launched (a, which is paused and resumed; b, which pauses by itself behind its canary and is
 * cancelled then), a single message is sent. Some of its people refuse, come back, or are reported twice
 * (tests/gateway/README.md, moods).
 *
 * It is done by somebody who asks again, in the same words, until there is an answer.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "tests/torture/rig.h"

#define JOB_ROWS_A 24
#define JOB_ROWS_B 10

struct job {
	struct rig *rig;
	unsigned number;
	bool may_repeat; /* requests may be in doubt, and said again: see moods in job.c */
	char token[16];	 /* of all its names */
	long run_a, run_b;
	char message[64];    /* id of the single message */
	char message_to[16]; /* its phone */
	long ledger_from;    /* what the gateway had written before */
	char why[400];	     /* what went wrong, "" = nothing yet */
};

void job_init(struct job *j, struct rig *r, bool may_repeat);
/* The phone of a row, from 0; a has the first ones. */
void job_phone(const struct job *j, unsigned row, char out[16]);
/* false: why says which of its steps had no good answer in a minute, or that the server ended. */
bool job_prepare(struct job *j); /* until both campaigns are launched */
bool job_act(struct job *j);	 /* the rest of what people do */
bool job_wait(struct job *j);	 /* until nothing is left to be done by itself */

/* Say what is wrong: why is set, false is returned. */
bool job_wrong(struct job *j, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* GET, asked again until it is answered 200. */
bool job_get(struct job *j, const char *path, struct bytes *out);
