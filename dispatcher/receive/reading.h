/* SPDX-License-Identifier: MIT */
/*
 * Reading a large push in a forked process: a megabyte of JSON would hold the loop for 25 ms. The
 * driver runs there; what it found comes back as items.
 */
#pragma once

#include "base/err.h"
#include "base/loop.h"
#include "dispatcher/config.h"

#define READING_FROM_BYTES (32u << 10) /* smaller ones are read at once */

struct reading;

/* e NULL = items (take them) and their number. Runs once, never inside reading_start. */
typedef void (*reading_cb)(void *arg, const struct err_ctx *e, struct buf *items, size_t count);
/* NULL: no process can be started now, e says why. */
struct reading *reading_start(struct loop *l, const struct provider_config *p, struct slice query,
			      struct slice body, reading_cb cb, void *arg, struct err_ctx *e);
/* Its callback will not run. */
void reading_cancel(struct reading *r);
