/* SPDX-License-Identifier: MIT */
/*
 * The sparse table of a run: what several attempts of a message have said. Loaded whole, for who goes
 * over all records and wants those attempts that were taken, and are paid for, beside the one that is
 * shown. 32 bytes a message that has them.
 */
#pragma once

#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"

struct earlier_attempts {
	uint8_t n;
	uint8_t phase[ATTEMPTS_MAX], tariff[ATTEMPTS_MAX];
};

struct earlier_table;
void earlier_table_free(struct earlier_table *t); /* NULL is fine */
/* False: there is nothing of this message. */
bool earlier_table_get(const struct earlier_table *t, unsigned p, uint32_t rank,
		       struct earlier_attempts *out);

/* cb runs once, never before this returns: with a table that is its own, or NULL and why. */
typedef void (*earlier_table_cb)(void *arg, struct earlier_table *t, const struct err_ctx *e);
void earlier_table_load(struct engine *e, uint64_t run, earlier_table_cb cb, void *arg);
