/* SPDX-License-Identifier: MIT */
/*
 * Limits beside a provider's contracted rate, as the configuration has them
 * (docs/FORMATS.md, "Limits"): what is counted, per which time, at most how
 * many, and what is counted together. How they are kept is in
 * dispatcher/lua/limits.lua; this only reads them, and writes them down for it.
 */
#pragma once

#include "base/buf.h"
#include "base/json.h"
#include "providers/provider.h"

#define LIMITS_MAX 8	     /* that one message can meet beside the contracted rate */
#define SHARED_LIMITS_MAX 64 /* of brandnames and units */

enum limit_of { LIMIT_PROVIDER, LIMIT_BRANDNAME, LIMIT_UNIT };
enum limit_per { LIMIT_SECOND, LIMIT_MINUTE, LIMIT_DAY, LIMIT_MONTH };

struct limit {
	enum limit_of of;
	enum counts counts; /* requests: of a provider only */
	enum limit_per per;
	int64_t most;
	char name[32]; /* of the brandname, in small letters */
	int64_t unit;  /* 0 = each unit that has none of its own of this kind */
};

/* A provider's own, or absent. limits has room for LIMITS_MAX. */
MUST_CHECK enum err limits_read(const struct json_at *at, struct limit *limits, size_t *count,
				struct err_ctx *e);
/* Those of brandnames and units, or absent. limits has room for SHARED_LIMITS_MAX. */
MUST_CHECK enum err shared_limits_read(const struct json_at *at, struct limit *limits,
				       size_t *count, struct err_ctx *e);
/* Is it of this unit: its own, or of each and the unit has none of its own of its kind? */
bool limit_is_of_unit(const struct limit *limits, size_t count, size_t i, int64_t unit);
/* A paced one? How many in that time; 0 = it is no rate. */
double limit_per_second(const struct limit *l);
/* "OF COUNTS PER MOST NAME" and a line end. */
void limit_write(const struct limit *l, struct buf *out);
/* The name of a brandname as limits compare it. */
void limit_brandname(const char *name, char out[32]);
