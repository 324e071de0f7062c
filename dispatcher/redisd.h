/* SPDX-License-Identifier: MIT */
/*
 * The embedded Redis: one redis-server on a unix socket in the data folder.
 *
 * Two locks keep it single. `server.lock` is ours: a second `loa serve` on the
 * folder is refused. `redis.lock` is inherited by redis-server and lives as
 * long as it does: held while nobody holds ours means an orphan, which is
 * adopted instead of started a second time on the same file.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"
#include "base/loop.h"

struct redisd;

/*
 * Make the folder (mode 0700) if need be, take server.lock, then start or adopt
 * Redis. Blocks only for local file calls. The folder's path is copied.
 */
MUST_CHECK enum err redisd_open(struct loop *l, const char *folder, int64_t max_mb,
				struct redisd **out, struct err_ctx *e);
/*
 * For a restore: make the folder if need be and hold both locks, so that neither a
 * server nor a Redis works in it until they are closed. *absolute is the caller's.
 */
MUST_CHECK enum err redisd_claim_folder(const char *folder, int locks[2], char **absolute,
					struct err_ctx *e);
/* How often Redis was started: more than once = it did not stay. */
int redisd_starts(const struct redisd *d);
/* The path to connect to. */
const char *redisd_socket(const struct redisd *d);
/* The connection was lost: look now and then whether Redis is gone, and start it again. */
void redisd_check(struct redisd *d);
/* Has the folder so little room left that Redis cannot write? */
bool redisd_is_disk_full(const struct redisd *d);
/* The connection is there: stop looking. */
void redisd_ready(struct redisd *d);
/* The server could not start after all: end the Redis that this process started, if it did. */
void redisd_kill(struct redisd *d);
/* Give up the locks; Redis goes on. The caller has asked it to shut down, or wants it to stay. */
void redisd_close(struct redisd *d);
