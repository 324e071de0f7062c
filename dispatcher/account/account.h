/* SPDX-License-Identifier: MIT */
/*
 * Who asks, as it was found out for one request: its rights, its unit, which units it sees; the text
 * of tokens; and the rule for each object that a request names. Pure.
 *
 * A user sees what is of its unit and of the units below. Templates and segments of the units above
 * are there to be read. The rest is as if it were not there.
 */
#pragma once

#include "base/buf.h"
#include "dispatcher/account/rights.h"

#define UNIT_ROOT 1
#define UNIT_MAX 1000000 /* the highest number */
#define USER_NAME_MAX 32u
#define ACCOUNT_WHO_MAX 160u

struct account {
	char who[ACCOUNT_WHO_MAX];    /* for the audit, people, the log: "alice (token web)" */
	char user[USER_NAME_MAX + 1]; /* "" = the server's user, or the administrator */
	char display[200];
	char deputy_of[USER_NAME_MAX +
		       1]; /* in whose place he has the right approve; "" = his own */
	uint64_t unit;
	unsigned rights;
	bool is_session;
	bool is_all;		       /* sees every unit */
	const uint64_t *below, *above; /* its own is in below, unless nobody asked for them */
	size_t below_count, above_count;
};

bool account_sees(const struct account *a, uint64_t unit);
/* Templates and segments: those of the units above, too. */
bool account_reads(const struct account *a, uint64_t unit);

/* a-z, 0-9, and inside "." "_" "-": 1 to 32 of them; not "administrator". */
MUST_CHECK enum err user_name_check(struct slice name, struct err_ctx *e);
/* 10 to 200 bytes, not the name. */
MUST_CHECK enum err password_check(struct slice password, const char *user, struct err_ctx *e);

/* ---- tokens ---- */

#define SECRET_ID_HEX 12u
#define SECRET_TEXT_MAX 80u
#define SECRET_HASH_HEX 65u

enum secret_kind { SECRET_NONE, SECRET_TOKEN, SECRET_SESSION };

/* "loa_0123456789ab_…" of a token, "loas_…" of a session: its id, and the hash of all of it. */
struct secret {
	enum secret_kind kind;
	char id[SECRET_ID_HEX + 1];
	char hash[SECRET_HASH_HEX];
};
/* text is shown once and kept nowhere. */
void secret_make(enum secret_kind kind, struct secret *out, char text[SECRET_TEXT_MAX]);
/* kind is SECRET_NONE when it looks like neither. */
void secret_read(struct slice text, struct secret *out);

/* ---- objects ---- */

enum use {
	USE_READ,  /* looks at it */
	USE_OWN,   /* changes it, or looks at what is not shared */
	USE_MAKE,  /* makes one of this name, or changes the one that is there */
	USE_PLACE, /* of a unit: something comes to it */
	USE_ROWS,  /* of a segment: whoever it selects is looked at or written to */
};

enum use_verdict {
	MAY,
	NO_RIGHT,     /* 403 */
	FOREIGN,      /* 404, as if it were not there */
	OF_ABOVE,     /* 403: to be read only */
	NAME_TAKEN,   /* 409 */
	LIST_FOREIGN, /* 403: its list is another unit's */
	ROOT_ONLY,    /* 403 */
};

/*
 * kind: "list", "segment" …; letter: what Lua's account_facts says of it: o its own or below, a above,
 * f another's, s its list is another's, - there is none (which the handler will say).
 */
enum use_verdict use_judge(const char *kind, enum use use, char letter);
