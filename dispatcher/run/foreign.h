/* SPDX-License-Identifier: MIT */
/*
 * Receipts that bring no reference of one message of ours: by the gateway's own
 * id, or by one reference or id for a whole request. What is kept of ids and
 * phones is a keyed hash; the table itself is dispatcher/lua/ids.lua.
 */
#pragma once

#include "dispatcher/run/reference.h"
#include "providers/provider.h"

#define FOREIGN_ID_BYTES 11u   /* of the hash of a lane's id: eight to compare, three to place it */
#define FOREIGN_PHONE_BYTES 5u /* to tell the members of one request apart */

/* What must be kept of a lane's answers, so that its receipts find their messages. */
struct foreign {
	bool has_ids;	    /* by the gateway's ids */
	bool is_by_request; /* a reference stands for all members of a request */
	int64_t deadline_s; /* of its receipts */
	int64_t keep_s;	    /* so long; 0 = nothing is kept */
	int64_t poll_ms;    /* ask about an accepted id for the first time; 0 = never */
};

struct foreign foreign_of(const struct driver *d, const struct capability *cap);
void foreign_id(const char *lane, const char *id, const uint8_t key[REFERENCE_KEY_BYTES],
		uint8_t out[FOREIGN_ID_BYTES]);
void foreign_phone(struct slice phone, const uint8_t key[REFERENCE_KEY_BYTES],
		   uint8_t out[FOREIGN_PHONE_BYTES]);
