/* SPDX-License-Identifier: MIT */
/*
 * What a driver is: functions over plain data that speak one gateway's
 * dialect. Bytes in, bytes out: no sockets, no clock, no Redis. A driver turns
 * a batch into one HTTP request, an HTTP answer into one outcome per message,
 * and a pushed report into receipts. What the gateway can do stands in a
 * struct capability; what it did stands in an enum outcome_class.
 *
 * The one rule: an answer that the driver cannot read completely is
 * OUTCOME_IN_DOUBT. Temporary and throttled only on an explicit, documented
 * code; a bare 500, 502 or 504 says nothing about the message.
 */
#pragma once

#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/json.h"
#include "base/mem.h"

#define BATCH_MAX 5000	    /* messages in a request; what any known gateway takes */
#define REFERENCE_MAX 48    /* bytes of a client reference with its NUL */
#define GATEWAY_ID_MAX 64   /* bytes of a gateway's own id that we keep */
#define GATEWAY_CODE_MAX 40 /* bytes of a raw code that we keep, with its NUL */
#define PHONE_TEXT_MAX 16   /* bytes of a phone in digits with its NUL */

enum outcome_class {
	OUTCOME_ACCEPTED, /* the gateway has taken it over */
	OUTCOME_DUPLICATE, /* reference seen before; capability.duplicate_means says what it proves */
	OUTCOME_AUTH_EXPIRED,	/* not looked at: renew the credentials and send again */
	OUTCOME_THROTTLED,	/* not taken, too fast: documented code only */
	OUTCOME_TEMPORARY,	/* not taken, try later: documented code only */
	OUTCOME_BAD_RECIPIENT,	/* this number never */
	OUTCOME_BAD_MESSAGE,	/* this text (template, brandname, keyword, length) never */
	OUTCOME_BAD_ACCOUNT,	/* keys, balance, address list: stop the lane */
	OUTCOME_QUOTA_TOMORROW, /* not taken today */
	OUTCOME_CLOSED_HOURS,	/* not taken at this hour */
	OUTCOME_IN_DOUBT,	/* may or may not have been taken */
	OUTCOME_CLASSES
};
/* "accepted", "duplicate", "auth-expired", "throttled", … as configuration files spell them. */
const char *outcome_name(enum outcome_class c);
bool outcome_parse(const char *name, enum outcome_class *out);

enum batch_shape {
	SHAPE_ONE,	/* one message a request */
	SHAPE_ONE_TEXT, /* one text to many numbers */
	SHAPE_LIST,	/* a list of numbers, each with its text */
};
enum dedupe { DEDUPE_NONE, DEDUPE_BY_REFERENCE, DEDUPE_BY_TEXT };
enum duplicate_means { DUPLICATE_ACCEPTED, DUPLICATE_SEEN };
enum reference_scope { REFERENCE_PER_MESSAGE, REFERENCE_PER_REQUEST };
enum counts { COUNTS_MESSAGES, COUNTS_PARTS, COUNTS_REQUESTS };
enum receipt_echo { ECHO_NOTHING, ECHO_REFERENCE, ECHO_ID };

struct capability {
	enum batch_shape shape;
	uint32_t batch_min;  /* smallest request it takes; 1 = any */
	uint32_t batch_max;  /* largest; 1..BATCH_MAX */
	bool has_unicode;    /* false: texts must be unaccented */
	const char *channel; /* "sms" */
	enum reference_scope reference_scope;
	enum dedupe dedupe;
	uint32_t dedupe_window_s; /* it forgets a reference after this long; 0 without dedupe */
	enum duplicate_means duplicate_means;
	enum receipt_echo echo; /* what a receipt brings back */
	/* With REFERENCE_PER_REQUEST: it brings the reference of its own message all the same. */
	bool is_echo_of_message;
	bool has_receipts;
	uint32_t receipt_deadline_s; /* no receipt by then: settled as "accepted, no report" */
	/* Asking about what was accepted and has no receipt; all 0 without driver.poll. */
	uint32_t poll_after_s; /* first time, so long after the acceptance; 0 = never asked */
	uint32_t poll_every_s; /* while the answer is "not yet" */
	enum counts counts;    /* what the contracted rate counts */
	bool is_sandbox;       /* nothing leaves for real people */
	bool is_advertising;   /* adverts: the carriers add label and refusal text */
};

struct header {
	struct slice name, value;
};

/* A message as a driver sees it. All slices are borrowed for the call. */
struct out_message {
	struct slice phone;	/* digits with country code: 849… */
	struct slice text;	/* UTF-8, NFC */
	struct slice reference; /* ours, unique for (run, member, attempt) */
	uint8_t parts;
	bool is_unicode; /* needs UCS-2 */
};

struct batch {
	const struct out_message *messages;
	size_t count;		  /* within the capability's batch_min..batch_max */
	struct slice reference;	  /* of the request: that of its first message */
	struct slice brandname;	  /* sender name */
	struct slice receipt_url; /* where the gateway may push reports; n = 0: nowhere */
	struct slice campaign;	  /* label for the partner's books */
};

/* Everything allocated in the arena given to encode. */
struct http_request {
	const char *method; /* "POST", "GET" */
	const char *url;    /* absolute */
	struct header *headers;
	size_t header_count;
	struct slice body;
};

struct http_answer {
	int status; /* 200… */
	const struct header *headers;
	size_t header_count;
	struct slice body; /* complete: shorter than announced never gets here */
};

struct message_outcome {
	enum outcome_class class;
	char code[GATEWAY_CODE_MAX]; /* raw, for people; "" = none */
	char id[GATEWAY_ID_MAX];     /* the gateway's own; "" = none */
};

struct batch_outcome {
	struct message_outcome *messages; /* [batch.count], in order; allocated in the arena */
	uint32_t retry_after_s;		  /* asked for by the gateway; 0 = not said */
	bool has_unknown_code;		  /* some code was not in the table: log it, count it */
};

enum receipt_state { RECEIPT_DELIVERED, RECEIPT_UNDELIVERABLE, RECEIPT_ACCEPTED, RECEIPT_UNKNOWN };

/*
 * What is known of one message; where the gateway has one reference or id for a
 * whole request, of one of its messages (phone), or of all of them (phone "").
 */
struct receipt {
	char reference[REFERENCE_MAX]; /* ours; "" when the gateway does not echo it */
	char id[GATEWAY_ID_MAX];       /* the gateway's; "" = none */
	char phone[PHONE_TEXT_MAX];    /* digits with country code; "" = not said */
	enum receipt_state state;      /* UNKNOWN: a code we do not know; kept, changes nothing */
	char code[GATEWAY_CODE_MAX];
};

/* A question about what became of the messages under one gateway id. */
struct poll {
	struct slice id;	/* the gateway's */
	struct slice reference; /* ours, of the request's first message */
	size_t count;		/* messages that the id stands for */
};

enum poll_result {
	POLL_DONE,	 /* the receipts are its last word */
	POLL_AGAIN,	 /* not all is known yet; the receipts are what is */
	POLL_UNKNOWN_ID, /* it does not know the id: asking again is of no use */
	POLL_REFUSED,	 /* account or address list: the operator must act */
	POLL_UNREADABLE, /* not a complete answer of this dialect */
};

struct balance {
	char amount[32]; /* as the gateway says it: "36693" */
	char unit[8];	 /* "VND" */
};

struct provider; /* one account: a driver and its settings; made by the driver's open */

struct driver {
	const char *name; /* "generic" */

	/*
	 * Read the account's settings (the object at `settings`). Unknown keys
	 * are errors with the nearest known one. On success *out is owned by the
	 * caller (close).
	 */
	enum err (*open)(const struct json_at *settings, struct provider **out, struct err_ctx *e);
	void (*close)(struct provider *p);
	const struct capability *(*capability)(const struct provider *p);

	/* One request for the whole batch. ERR_INPUT: this batch cannot be said to this gateway. */
	enum err (*encode)(const struct provider *p, const struct batch *b, struct arena *a,
			   struct http_request *out, struct err_ctx *e);
	/*
	 * Never fails: what cannot be read is in doubt. out->messages has one entry
	 * per message of the batch that was encoded.
	 */
	void (*decode)(const struct provider *p, const struct batch *b, const struct http_answer *r,
		       struct arena *a, struct batch_outcome *out);
	/*
	 * A pushed report: method, query string and body as they came. *count may be
	 * 0 (a ping). ERR_INPUT when it is no report of this dialect.
	 */
	enum err (*receipt)(const struct provider *p, struct slice query, struct slice body,
			    struct arena *a, struct receipt **out, size_t *count,
			    struct err_ctx *e);

	/* NULL: this gateway cannot be asked. */
	enum err (*poll)(const struct provider *p, const struct poll *q, struct arena *a,
			 struct http_request *out, struct err_ctx *e);
	enum poll_result (*polled)(const struct provider *p, const struct poll *q,
				   const struct http_answer *r, struct arena *a,
				   struct receipt **out, size_t *count);

	/* NULL: this gateway does not tell. */
	enum err (*balance)(const struct provider *p, struct arena *a, struct http_request *out,
			    struct err_ctx *e);
	/* ERR_REFUSED: keys or address list; ERR_INPUT: not an answer of this dialect. */
	enum err (*read_balance)(const struct provider *p, const struct http_answer *r,
				 struct balance *out, struct err_ctx *e);
};

/* The driver of that name, or NULL with the nearest one suggested in e. */
const struct driver *driver_find(const char *name, struct err_ctx *e);
