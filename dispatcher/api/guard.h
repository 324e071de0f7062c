/* SPDX-License-Identifier: MIT */
/*
 * What a request names: lists, segments, campaigns, units …, in its path, its query, its body, and in
 * the text of a segment query in it. One place for all routes; who may see what is asked about in one
 * step (admission.c).
 */
#pragma once

#include "dispatcher/account/account.h"
#include "dispatcher/api/http.h"

#define GUARD_OBJECTS_MAX 96u

enum guard {
	GUARD_NONE,
	GUARD_LISTED,	     /* what its unit sees is told */
	GUARD_ROOT,	     /* concerns the whole installation */
	GUARD_LIST,	     /* {name} */
	GUARD_LIST_WHERE,    /* {name}, and a query in "where" */
	GUARD_IMPORT,	     /* "list", "unit" */
	GUARD_SEGMENT,	     /* {name}, to be read */
	GUARD_SEGMENT_RM,    /* {name} */
	GUARD_SEGMENT_ROWS,  /* {name}, whose rows are counted or shown */
	GUARD_SEGMENT_SAVE,  /* {name}, "list", "query", "unit" */
	GUARD_QUERY,	     /* list and query, of the query or of the body */
	GUARD_TEMPLATE,	     /* {name}, to be read */
	GUARD_TEMPLATE_SAVE, /* {name}, ?unit= */
	GUARD_PATTERN_CHECK, /* "list" */
	GUARD_CAMPAIGN,	     /* {id} */
	GUARD_CAMPAIGN_EDIT, /* {id}, "template", "segments", "unit" */
	GUARD_CAMPAIGN_MAKE, /* "template", "segments", "unit" */
	GUARD_MESSAGE,	     /* {id}: its run */
	GUARD_MESSAGE_MAKE,  /* "unit", templates */
	GUARD_SCOPE,	     /* "scope" */
	GUARD_USER,	     /* {name}, and "unit" */
	GUARD_USER_MAKE,     /* "unit" */
	GUARD_DEPUTY,	     /* "deputy", "of" */
	GUARD_UNIT,	     /* {id}, and "under" */
	GUARD_UNIT_MAKE,     /* "under" */
	GUARD_UNIT_GIVE,     /* {id}, "kind", "name" */
	GUARD_FREEZE,	     /* {id} */
	GUARD_FREEZE_MAKE,   /* "unit" */
	GUARD_ALERT,	     /* {id} */
	GUARD_TOKEN,	     /* {id} */
	GUARD_TOKEN_MAKE,    /* "user" */
	GUARD_EXPLAIN,	     /* ?campaign=; without it what its unit sees is told */
	GUARDS,
};

struct guard_object {
	const char *kind; /* as account_facts knows it */
	enum use use;
	const char *name; /* lives as long as the exchange */
};

struct guard_objects {
	size_t n;
	bool is_full; /* there were more */
	struct guard_object v[GUARD_OBJECTS_MAX];
};

/* key: of references in messages' numbers. */
void guard_collect(struct http_exchange *x, const uint8_t key[32], struct guard_objects *out);
/* Are units below wanted, for a filter? */
bool guard_wants_below(unsigned guard);
