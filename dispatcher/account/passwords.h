/* SPDX-License-Identifier: MIT */
/*
 * Making and comparing hashes of passwords, in forked helper processes: each burns a processor and
 * 64 MiB for some hundred milliseconds. Two at a time; the others wait their turn, sixteen at most.
 */
#pragma once

#include "base/loop.h"
#include "base/random.h"

struct passwords;

struct passwords *passwords_new(struct loop *l);
/* What is under way is called back first, as failed. */
void passwords_free(struct passwords *p);

/* is_done false: it could not be worked out. hash: of passwords_hash; is_right: of passwords_compare. */
typedef void (*passwords_cb)(void *arg, bool is_done, bool is_right, const char *hash);
/* False: too many wait already; cb is not called. Else it runs once, never inside this call. */
bool passwords_hash(struct passwords *p, struct slice password, passwords_cb cb, void *arg);
/* hash "" = of nobody: it takes as long as with one, and is wrong. */
bool passwords_compare(struct passwords *p, const char *hash, struct slice password,
		       passwords_cb cb, void *arg);
