/* SPDX-License-Identifier: MIT */
#include "tests/gateway/hold.h"

#include <stdlib.h>

#include "tests/gateway/bytes.h"

struct hold *
hold_new(void)
{
	struct hold *h = must_alloc(sizeof(*h));

	h->refs = 1;
	return h;
}

void
hold_wait(struct hold *h)
{
	h->refs++;
	h->waiting++;
}

void
hold_done(struct hold *h)
{
	h->waiting--;
	if (h->waiting == 0 && h->ctx != NULL)
		h->on_released(h->ctx);
	hold_unref(h);
}

void
hold_unref(struct hold *h)
{
	if (--h->refs == 0)
		free(h);
}
