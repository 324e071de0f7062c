/* SPDX-License-Identifier: MIT */
/*
 * The embedded Redis's file before Redis reads it. For the forked process that becomes Redis: it waits.
 *
 * A write that was torn within a transaction (power, a kill): Redis 7.0 keeps the beginning of the
 * transaction in its file and reads it back together with what is written behind it. Its own tool,
 * redis-check-aof, cuts before the transaction. But that tool cuts behind the first thing that it
 * cannot read, wherever that is: one damaged byte in the middle would take years with it, and say
 * nothing. So only what one write can have torn is cut, it is kept beside (the last one, as torn.aof, until
 * somebody is erased), and it is said.
 */
#pragma once

#include <stdbool.h>

#include "base/buf.h"

#define AOF_TORN_MAX (4 << 20) /* bytes that Redis writes before it syncs; more is no torn write */

struct aof_verdict {
	char file[64];	      /* in appendonlydir; "" = nothing was said of one */
	long long size, good; /* bytes; good: from the beginning on */
};

/* What redis-check-aof says of the last file that it looked at. False: nothing that can be read. */
bool aof_read_verdict(struct slice output, struct aof_verdict *out);

/* False: it is damaged, and Redis must not read it; the log says where. */
bool aof_mend(const char *folder);
/* What was kept may name people. */
void aof_forget_torn(const char *folder);
