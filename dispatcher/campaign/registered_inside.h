/* SPDX-License-Identifier: MIT */
/* Inside of what a campaign's texts are compared with: loading and looking, telling. */
#pragma once

#include "dispatcher/campaign/campaign.h"
#include "dispatcher/campaign/registered.h"
#include "templates/content.h"

#define REGISTERED_EXAMPLES 2 /* for each carrier */
#define RULE_TALLIES (CONTENT_RULES_MAX * 2)

/* A saved pattern that may stand for texts of some carrier. */
struct registered_pattern {
	struct pattern_record record; /* strings are of the documents */
	struct pattern *pattern;
};

struct registered_example {
	struct slice text;
	struct pattern_near near; /* index among the side's patterns */
	bool is_pending;	  /* it matches one that is not registered yet */
};

/* What its brandname's texts are registered as: what is no advert is care. */
static inline enum sms_traffic
registered_traffic(const struct provider_config *p)
{
	return p->traffic == SMS_QC ? SMS_QC : SMS_CSKH;
}

/* One carrier of the route. */
struct registered_side {
	const struct provider_config *provider;	  /* NULL = not served */
	enum registered_texts mode;		  /* never AUTO; OFF where none is saved */
	struct pattern_set *good, *all;		  /* registered; these, then pending ones */
	const struct registered_pattern **of_all; /* by index in `all` */
	size_t good_count, all_count;
	/* Rules may be of a provider: those of each that its route has. */
	struct content_view *contents[ROUTE_PROVIDERS_MAX];
	size_t content_count;
	uint64_t messages, unmatched, pending; /* pending are unmatched too */
	struct registered_example examples[REGISTERED_EXAMPLES];
	size_t example_count;
};

/* What a side is made for: texts of this class to this carrier, through this provider. */
struct registered_wish {
	const struct provider_config *provider;
	unsigned carrier;
	const char *class; /* NULL = patterns of any class */
	int64_t day;
};
/* Fills a zeroed side, but for `content`; the patterns are borrowed. */
void registered_side_fill(struct registered_side *s, const struct registered_pattern *patterns,
			  size_t count, const struct registered_wish *w);
void registered_side_clear(struct registered_side *s);
/* False: it was logged why. Strings are borrowed from the document, the pattern is out's. */
bool registered_pattern_open(json_t *document, struct registered_pattern *out);

/* One rule over all carriers. */
struct rule_tally {
	struct content_words words;
	uint64_t messages, last;  /* last: number of the message that was counted last */
	struct slice text, found; /* of the first */
	uint32_t at;
};

struct registered {
	const struct config *config;
	json_t **documents; /* of patterns, then of brandnames */
	size_t document_count;
	struct registered_pattern *patterns;
	size_t pattern_count;
	struct brandname *brandnames;
	size_t brandname_count;
	struct registered_side sides[CARRIERS_MAX];
	struct rule_tally tallies[RULE_TALLIES];
	size_t tally_count;
	uint64_t looked;    /* messages */
	int64_t today, day; /* day: when it is launched, if it has a time */
	char fingerprint[33];
	struct arena memory; /* of examples */
};
