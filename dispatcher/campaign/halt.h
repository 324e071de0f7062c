/* SPDX-License-Identifier: MIT */
/*
 * Freezes, as people call them: times in which nothing leaves, for a unit and those below, but for
 * classes that are exempt. (In the code `freeze` is what is done to the audience of a run.) Redis holds
 * them in force (dispatcher/lua/hours.lua); here they are read, to say beforehand what falls into one.
 */
#pragma once

#include "base/json.h"
#include "dispatcher/class_policy.h"
#include "dispatcher/store/engine.h"

#define HALTS_MAX 64u	     /* that are not over: MOST in dispatcher/lua/halts.lua */
#define HALT_REASON_MAX 200u /* bytes */

struct halt {
	uint64_t id, unit;
	int64_t from_s, to_s; /* to is the first second in which things leave again */
	int64_t ended_s;      /* when a person ended it before its time; 0 = nobody did */
	bool is_asking;	      /* what falls inside pauses until a person says more; else it waits */
	char reason[HALT_REASON_MAX + 1];
	char by[164];
	json_t *exempt; /* names of classes: a reference */
};

struct halts {
	int64_t now_s; /* by Redis's clock */
	size_t count;
	struct halt list[HALTS_MAX]; /* the first to begin first */
};

/* A record as Redis has it; false: it is none. */
bool halt_read(uint64_t id, struct slice record, struct halt *out);
void halt_clear(struct halt *h);
/* {"id","unit","from","to","reason","exempt","then","by","state","ended"} */
json_t *halt_json(const struct halt *h, int64_t now_s);
/* What is told of one beside what it holds: {"id","from","until","reason","then"}. */
json_t *halt_told(const struct halt *h);

/* Those that are not over and hold messages of the class and unit; h lives during the callback. */
typedef void (*halts_cb)(void *arg, const struct halts *h, const struct err_ctx *e);
void halts_ask(struct engine *e, const char *class, uint64_t unit, halts_cb cb, void *arg);
/* The one that holds at that moment, of several the one that ends last; NULL = none. */
const struct halt *halts_at(const struct halts *h, int64_t at_s);
/* The first moment from at_s on that lies in the hours of the class and in no freeze. c NULL = any hour. */
int64_t halts_open_s(const struct halts *h, const struct class_policy *c, int64_t at_s);
/* The first freeze that something meets which would begin at at_s, within the hours; NULL = none. */
const struct halt *halts_met(const struct halts *h, const struct class_policy *c, int64_t at_s);
