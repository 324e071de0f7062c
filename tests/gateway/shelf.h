/* SPDX-License-Identifier: MIT */
/*
 * What was sent to eSMS.vn's address, by SMSID, so that a client can look up
 * what became of it. What will be known of each message is settled when it is
 * accepted; a look is at what is known by then. All times are of the wall.
 */
#pragma once

#include "tests/gateway/receipts.h"

struct shelf_phone {
	char to[12];
	uint8_t reports[2]; /* enum report; the second counts more */
	uint64_t due_us[2];
};

/* All that has one SMSID. */
struct shelf_sms {
	uint64_t id;
	uint64_t at_us;
	uint64_t approved_us; /* until then it waits for approval */
	uint64_t sent_us;     /* until then it waits to be sent */
	bool is_rejected;     /* from approved_us on */
	int type;	      /* 1 QC, 2 CSKH */
	uint64_t price;	      /* of all */
	struct shelf_phone *phones;
	size_t count, cap;
};

struct shelf {
	struct shelf_sms **places; /* by id - first */
	uint64_t first;
	size_t cap;
};

/* SendStatus, as eSMS.vn counts */
enum send_status {
	SEND_STATUS_APPROVAL = 1,
	SEND_STATUS_QUEUED = 2,
	SEND_STATUS_REFUSED = 4,
	SEND_STATUS_FINISHED = 5,
	SEND_STATUS_AWAITED = 7,
};

struct totals {
	enum send_status status;
	uint64_t success, failed, sent, receivers, price;
};

/* The one of that id, a new one with nothing but the id if there was none. */
struct shelf_sms *shelf_put(struct shelf *s, uint64_t id);
/* NULL = there is none. */
struct shelf_sms *shelf_find(const struct shelf *s, uint64_t id);
struct shelf_phone *shelf_add_phone(struct shelf_sms *m, struct text to);
/* What is known of one number at a time; REPORT_NONE = nothing yet. */
enum report shelf_known(const struct shelf_phone *p, uint64_t wall_us);
struct totals shelf_totals(const struct shelf_sms *m, uint64_t wall_us);
void shelf_free(struct shelf *s);
