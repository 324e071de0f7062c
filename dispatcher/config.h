/* SPDX-License-Identifier: MIT */
/*
 * The server's configuration: one JSON file (docs/FORMATS.md has a worked
 * example). Scalar options stand in one table that drives parsing, --show,
 * reload and the check against the docs; providers and routes are objects.
 * Every error names the path in the file; a misspelt key gets the nearest one.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/alert_config.h"
#include "dispatcher/calendar.h"
#include "dispatcher/class_policy.h"
#include "dispatcher/limit_config.h"
#include "dispatcher/route_config.h"
#include "dispatcher/standing_order.h"
#include "providers/provider.h"
#include "segments/numbering.h"
#include "templates/accents.h"
#include "templates/content.h"
#include "templates/language.h"

#define PROVIDERS_MAX 16
#define CARRIERS_MAX 16 /* carriers by index as in segments/phone.h; 0 = unknown */
#define CLASS_ENTRIES_MAX 64

/* What a text that matches no registered pattern means; auto = warn where one is saved. */
enum registered_texts { REGISTERED_AUTO, REGISTERED_OFF, REGISTERED_WARN, REGISTERED_REFUSE };

struct provider_config {
	char name[40];
	int64_t unit; /* owner */
	const struct driver *driver;
	struct provider *account; /* opened by the driver */
	double rate;		  /* contracted, per second, in what capability.counts says */
	int64_t concurrency;	  /* most requests in flight over all processes */
	int64_t timeout_ms;	  /* of a request, after its bytes left */
	/* Messages on the wire at once where none is repeated by itself; 0 = a second of the rate. */
	int64_t doubt_cap;
	uint32_t batch_max;  /* messages in a request: the driver's, or fewer by agreement */
	bool is_one_carrier; /* a request holds numbers of one carrier only */
	double polls_per_s;  /* questions about what has no receipt, over all processes */
	char brandname[32];
	/* By which rules its carriers count parts. QC: they put label and refusal text in themselves. */
	enum sms_traffic traffic;
	enum accents accents; /* no more than this is kept of accents, whatever a campaign says */
	enum registered_texts registered_texts;
	char token[64]; /* in the URL of its receipts; made from the install key when empty */
	int64_t price[CARRIERS_MAX]; /* VND per part, by carrier index */
	/* Beside the rate: its own, and those of its brandname; not those of units. */
	struct limit limits[LIMITS_MAX];
	size_t limit_count;
};

struct config {
	/* scalar options, see the table in config.c */
	const char *data;	   /* folder of the embedded Redis, the socket, the token */
	const char *listen;	   /* "127.0.0.1:8088"; port 0 = any */
	const char *public_url;	   /* how gateways reach us for receipts; "" = http://LISTEN */
	const char *redis_socket;  /* "" = embedded */
	const char *redis_address; /* "host:port"; "" = none */
	const char *redis_password;
	const char *policy;    /* file; "" = the built-in policy */
	const char *content;   /* file; "" = the built-in content rules */
	const char *calendar;  /* file; "" = the built-in one */
	const char *numbering; /* file; "" = the built-in plan */
	const char *sms;       /* file; "" = the built-in parts of carriers */
	const char *log_level;
	int64_t max_attempts; /* explicit "try later" answers before a message is refused */
	int64_t lease_ms;
	int64_t embedded_max_mb;       /* maxmemory of the embedded Redis */
	int64_t notice_retention_days; /* what single messages say to whom is kept so long */
	int64_t spool_max_mb;	       /* of receipts that wait for Redis */
	bool lists_require_purpose; /* no launch to a list that nobody says what it is held for */
	int64_t session_idle_minutes, session_hours; /* the longest that a login lasts */
	int64_t lists_retention_days; /* of a new list, unless its import says it; 0 = no limit */
	int64_t registration_days;    /* working days until a carrier has registered a text */
	/* When a run's partition is stopped by itself; percentages of answers, 0 = never for that. */
	/* Until a run leaves a provider that does not work, and after which it comes back to it. */
	int64_t route_wait_ms, route_return_s;
	int64_t brake_min, brake_window, brake_message_pct, brake_refused_pct, brake_doubt_pct;

	struct provider_config providers[PROVIDERS_MAX];
	size_t provider_count;
	struct limit limits[SHARED_LIMITS_MAX]; /* of brandnames and units */
	size_t limit_count;
	struct route route[CARRIERS_MAX]; /* by carrier index */
	struct class_policy classes[CLASS_ENTRIES_MAX];
	size_t class_count;
	struct standing_order standing_orders[STANDING_ORDERS_MAX];
	size_t standing_order_count;
	struct alert_config alerts;

	int64_t read_mono_us; /* when */
	/* The same by Redis's clock; 0 = its limits were not published yet, and it is set then. */
	int64_t published_us;

	bool is_demo;	  /* of `loa serve --demo`: with its own policy built in */
	json_t *document; /* owns the strings */
	json_t *policy_document;
	json_t *content_document;
	struct content *content_rules;
	struct calendar *days; /* holidays */
	json_t *numbering_document;
	struct numbering plan; /* of plan_day; numbering_set puts it in force */
	int64_t plan_day;      /* since 1970-01-01 */
	struct sms_table sms_table;
	json_t *sms_document;
	struct languages *languages; /* what lists call them */
	json_t *languages_document;
};

/* path NULL = all defaults. The caller frees *out with config_free. */
MUST_CHECK enum err config_load(const char *path, struct config **out, struct err_ctx *e);
/* That of `loa serve --demo`, from inside the binary. */
MUST_CHECK enum err config_load_demo(struct config **out, struct err_ctx *e);
void config_free(struct config *c);
/* The calendar of a file, or with "" the built-in one, alone: for who has no server. */
MUST_CHECK enum err config_load_calendar(const char *file, struct calendar **out,
					 struct err_ctx *e);
/*
 * The numbering plan becomes that of a day; what is in force changes with it. After an error, which
 * names the entry, it stays as it was; the day counts as begun all the same.
 */
MUST_CHECK enum err config_set_day(struct config *c, int64_t today, struct err_ctx *e);
/* The options as JSON, secrets as "***". */
void config_show(const struct config *c, struct buf *out);
/* What the manual says about option number i; false = there are no more. */
struct config_words {
	const char *name, *kind, *help;
	char text[32]; /* its default */
	bool is_reloadable;
};
bool config_option_words(size_t i, struct config_words *out);
/* Names in a difference that a running server cannot take over; "" = all can be. */
void config_diff_fixed(const struct config *from, const struct config *to, struct buf *out);

/* The entry that is in force today in Vietnam; NULL = no such class. */
const struct class_policy *config_class(const struct config *c, const char *name);
/* Index of the provider, or -1. */
int config_provider(const struct config *c, struct slice name);
