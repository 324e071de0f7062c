/* SPDX-License-Identifier: MIT */
/* Inside of sets: what one is. */
#pragma once

#include "dispatcher/run/sets.h"
#include "segments/phone_set.h"

struct one_set {
	enum query_external_kind kind;
	char *args[2];	 /* as written; [1] "" where there is none */
	unsigned states; /* of messages: a bit each; 0 = of a list */
	struct phone_set *phones;
	bool is_loaded;
	uint32_t pieces;	/* as written */
	size_t query, external; /* where it stands first; while they are loaded */
};

struct sets {
	unsigned refs;
	size_t count;
	struct one_set all[SETS_MAX];
};

const char *set_kind_name(enum query_external_kind kind);
struct sets *sets_new(void); /* with one reference */
/* The one that a query asks for; NULL = none of these. */
struct one_set *sets_find(struct sets *s, const struct query_external *x);
