/* SPDX-License-Identifier: MIT */
/*
 * Counting by value with bounded memory: exact for as many different values as
 * fit; beyond that the rarest half goes into "others" each time the table is
 * full. Whoever wants exact counts of the largest then counts once more with
 * only those (groups_keep). The sums over all are exact in any case. Pure.
 */
#pragma once

#include "base/buf.h"
#include "dispatcher/store/record.h"

#define GROUPS_MAX 8192u

struct group {
	struct slice key, label; /* owned by the table; key.n = 0: no value */
	uint64_t messages;
	uint64_t states[RECORD_STATE_COUNT];
	uint64_t parts;
	int64_t cost;
};

struct groups;

/* most: different values before the rarest go; at most GROUPS_MAX. */
struct groups *groups_new(size_t most);
void groups_free(struct groups *g);
/*
 * The group of a value; a new one is shown as label. After groups_keep a value that is not
 * kept gets the others. Valid until the next call.
 */
struct group *groups_get(struct groups *g, struct slice key, struct slice label);
/* Something went into others while counting: counts of values may be too low. */
bool groups_has_folded(const struct groups *g);
struct group *groups_others(struct groups *g);
/* Keep only the n largest and count anew: all counts begin at 0. */
void groups_keep(struct groups *g, size_t n);
/*
 * The n largest, largest first, ties in Vietnamese order; the rest goes into others. Returns how many;
 * out has room for n. *folded: how many values went into others by this call.
 */
size_t groups_top(struct groups *g, size_t n, const struct group **out, size_t *folded);
