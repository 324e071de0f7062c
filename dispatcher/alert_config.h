/* SPDX-License-Identifier: MIT */
/*
 * Who is told of what needs a person, how often, and when not (docs/FORMATS.md, "Alerts"). Read from
 * the member "alerts" of the configuration; what a kind means is in dispatcher/lua/alerts.lua.
 */
#pragma once

#include "base/json.h"

/* X(kind, is it told in quiet hours unless the file says otherwise) */
#define ALERT_KINDS(X)      \
	X(approval, false)  \
	X(returned, false)  \
	X(braked, true)     \
	X(ceiling, true)    \
	X(brandname, false) \
	X(lane, true)       \
	X(doubt, false)     \
	X(missed, false)

enum alert_kind {
#define X(kind, urgent) ALERT_##kind,
	ALERT_KINDS(X)
#undef X
		ALERT_KIND_COUNT
};

#define ALERT_UNITS_MAX 64u
#define ALERT_PHONES_MAX 20u

struct alert_oncall {
	int64_t unit;
	uint64_t phones[ALERT_PHONES_MAX]; /* as of segments/phone.h */
	size_t count;
};

struct alert_config {
	int64_t every_minutes, most; /* most 0 = nobody is told */
	int64_t expiry_days;	     /* a brandname's last day is told so long before */
	int quiet_from, quiet_to;    /* minutes of the day; the same = none */
	bool is_urgent[ALERT_KIND_COUNT];
	bool is_english; /* the messages; else Vietnamese */
	struct alert_oncall oncall[ALERT_UNITS_MAX];
	size_t oncall_count;
	const char *hook_url, *hook_secret; /* "" = none; the document's */
};

/* Index of the kind, or -1. */
int alert_kind_find(struct slice name);
const char *alert_kind_name(enum alert_kind kind);
/* An object, or absent: defaults. */
MUST_CHECK enum err alert_config_read(const struct json_at *at, struct alert_config *out,
				      struct err_ctx *e);
/* Who is on call for the first of the units "7,3,1" that has somebody; NULL = nobody. */
const struct alert_oncall *alert_config_oncall(const struct alert_config *c, struct slice units);
