/* SPDX-License-Identifier: MIT */
/*
 * What became of a run: from the counters (cheap, for watching) or recounted
 * from the records (for the report; both must agree when nothing moves).
 */
#pragma once

#include "base/err.h"
#include "dispatcher/run/lists.h"
#include "dispatcher/run/run_route.h"
#include "dispatcher/store/engine.h"
#include "dispatcher/store/record.h"

#define RUN_RULE_MAX 260

struct run_status {
	uint64_t run, campaign;
	char state[16];
	char class[16];
	char list[80]; /* the first one; "" = of single messages */
	uint32_t list_version;
	uint64_t list_rows; /* of all of them, in their versions */
	struct run_lists lists;
	int64_t launched_s, over_s; /* unix time; over_s 0 = something is left to send */
	bool is_frozen;
	uint64_t audience; /* as far as it is frozen */
	uint8_t partitions;
	uint64_t front[PARTITIONS_MAX];
	struct route_choice choice[PARTITIONS_MAX];
	/* By which tariffs a partition is sent ("3", of shares "3,5"), if not as its route says first. */
	struct run_via {
		char tariffs[16]; /* "" = as usual */
		int64_t since_s;  /* unix time */
		char why[160];
	} via[PARTITIONS_MAX];
	uint8_t tariffs; /* providers of partitions, see campaign/route_plan.h */
	char lane[TARIFFS_MAX][40];
	int64_t price[TARIFFS_MAX];	     /* VND per part */
	uint64_t states[RECORD_STATE_COUNT]; /* WAITING holds waiting and sending together */
	uint64_t parts[TARIFFS_MAX];	     /* of accepted, delivered and undeliverable */
	uint64_t parts_again[TARIFFS_MAX];   /* of their other attempts that were taken */
	int hours_from, hours_to;
	char carrier_map[17]; /* per carrier index the digit of its partition, '-' = not served */
	char brake[TARIFFS_MAX][96]; /* why the tariff was stopped; "" = it was not */
	/* Why it is paused or cancelled; "" = it is not. */
	char why[24], reason[400], why_by[40];
	int64_t why_s; /* since when, unix time */
	/* The rules that leave people out, of its launch; "" = it has none. */
	char caps_rule[RUN_RULE_MAX], consent_rule[RUN_RULE_MAX];
	bool is_sandbox[TARIFFS_MAX]; /* nothing leaves for real people */
};

/* The rule by which people are left out for that reason; "" = none is known. */
const char *run_rule(const struct run_status *s, uint8_t reason);

typedef void (*run_status_cb)(void *arg, const struct run_status *s, const struct err_ctx *e);
void run_status_load(struct engine *e, uint64_t run, run_status_cb cb, void *arg);

/* From the records. */
struct run_report {
	struct run_status status; /* counters before the recount */
	uint64_t messages;	  /* records counted */
	uint64_t states[RECORD_STATE_COUNT];
	uint64_t reasons[RECORD_STATE_COUNT][256];
	uint64_t parts[TARIFFS_MAX];
	/* By reason: undeliverable or refused, with an attempt left. */
	struct run_failed {
		uint64_t messages, parts;
		int64_t cost; /* VND, if all of them are accepted */
	} failed[256];
	uint64_t held;	     /* in doubt, and for a person to decide */
	bool has_moved;	     /* the counters changed while counting: compare when it rests */
	bool does_agree;     /* counters and records; meaningful unless has_moved */
	char difference[80]; /* the first one; "" = none */
};
typedef void (*run_report_cb)(void *arg, const struct run_report *r, const struct err_ctx *e);
void run_report_load(struct engine *e, uint64_t run, run_report_cb cb, void *arg);
