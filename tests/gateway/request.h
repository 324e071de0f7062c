/* SPDX-License-Identifier: MIT */
/*
 * The bodies of the gateway's own dialects, read. Only shapes are judged here: an object of
 * exactly the known fields, texts where texts belong. What a number, a text or
 * a reference must look like is asked of each message afterwards.
 *
 *   /send   {"to","text","from","ref"?,"callback"?}
 *   /batch  {"from","callback"?,"messages":[{"to","text","ref"?}, …]}
 *   /bulk   {"from","text","ref"?,"callback"?,"to":["849…", …]}
 */
#pragma once

#include "tests/gateway/scan.h"

enum dialect {
	DIALECT_SEND,
	DIALECT_BATCH,
	DIALECT_BULK,
	DIALECT_ESMS_CSKH, /* these three: esms.h */
	DIALECT_ESMS_QC,
	DIALECT_ESMS_POLL,
};

const char *dialect_name(enum dialect d);

struct message {
	struct text to, text, ref;
};

/* Used again for every request; messages keeps its memory. Texts point into the body. */
struct request {
	enum dialect dialect;
	struct text from, callback;
	struct text text, ref; /* of /bulk */
	struct message *messages;
	size_t count, cap;
	size_t max; /* messages that may come */
};

/* false: s says why and where. */
/* d: one of the first three. */
bool request_read(struct request *r, enum dialect d, size_t max, struct text body, struct scan *s);
/* A message more; NULL and s says so, when there are max already. */
struct message *request_add(struct request *r, struct scan *s);
void request_free(struct request *r);

/* 84, then nine digits of which the first is 3, 5, 7, 8 or 9. */
bool number_is_good(struct text to);
/* 1 … max characters, of the control characters only line feed and carriage return. */
bool text_is_good(struct text t, size_t max);
/* Absent, or 1 … 64 visible ASCII characters but " and \. */
bool ref_is_good(struct text ref);
/* 1 … 11 of letters, digits, blank . - _ & with a letter or digit first. */
bool sender_is_good(struct text from);
