/* SPDX-License-Identifier: MIT */
/*
 * An answer held back until some receipts came back. Shared between the
 * connection (which may go first) and each receipt that it waits for.
 */
#pragma once

struct hold {
	unsigned refs;
	unsigned waiting;		/* receipts still under way */
	void (*on_released)(void *ctx); /* once waiting is 0 again */
	void *ctx;			/* NULL = the connection is gone */
};

struct hold *hold_new(void);
/* One receipt more; ended by hold_done. */
void hold_wait(struct hold *h);
void hold_done(struct hold *h);
void hold_unref(struct hold *h);
