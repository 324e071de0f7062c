/* SPDX-License-Identifier: MIT */
/*
 * The gateway's settings: one table drives the command line, POST and GET
 * /control, --help. A setting is read from text, so all ways in check alike.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define OPTION_TEXT_MAX 256

enum receipts_mode { RECEIPTS_NONE, RECEIPTS_DELIVERED, RECEIPTS_MIXED };

/* How a yes or no is written in GetSmsReceiverStatus_get. */
enum esms_result { ESMS_RESULT_NUMBER, ESMS_RESULT_BOOL, ESMS_RESULT_TEXT };

#define DEDUPE_NONE 0
#define DEDUPE_FOREVER (-1)

struct settings {
	/* at start only */
	char listen[OPTION_TEXT_MAX];
	char port_file[OPTION_TEXT_MAX];
	char ledger[OPTION_TEXT_MAX];
	int64_t seed;

	char key[OPTION_TEXT_MAX];     /* "" = no key asked for */
	char senders[OPTION_TEXT_MAX]; /* A,B; "" = every well-formed sender */
	char callback[OPTION_TEXT_MAX];
	int64_t batch_max, bulk_max, text_max, body_max, connections_max;
	int64_t idle_ms; /* 0 = kept connections stay */
	bool shuffle, moods;
	int64_t dedupe; /* seconds, DEDUPE_NONE or DEDUPE_FOREVER */
	bool dedupe_text;

	int64_t latency_ms, latency_jitter_ms;
	int64_t rate; /* messages a second; 0 = no limit */
	bool rate_strict;

	double error_rate, refuse_rate, throttle_rate;
	double reset_before, html502_before, hang;
	double reset_after, fin_after, html502_after, half_answer, garbage, hang_after;
	int64_t close_after, close_after_rst; /* 0 = never */
	int64_t fault_in; /* requests until one meets the fault; 0 = none will */
	int64_t fault;	  /* nth_at */

	int64_t receipts; /* enum receipts_mode */
	int64_t receipt_delay_ms, receipt_jitter_ms;
	double receipt_duplicate, receipt_early;
	bool receipt_reorder;
	int64_t receipt_batch, receipt_connections, receipt_tries;
	int64_t inbox_status; /* what POST /inbox answers */

	/* of the dialect of eSMS.vn */
	char esms_api_key[OPTION_TEXT_MAX], esms_secret_key[OPTION_TEXT_MAX]; /* "" = any */
	char esms_templates[OPTION_TEXT_MAX]; /* beginnings A|B; "" = every text fits */
	int64_t esms_account;		      /* code for all that is asked; 0 = none */
	int64_t esms_processing_ms, esms_status_lag_ms, esms_approval_ms;
	int64_t esms_result;  /* enum esms_result */
	int64_t esms_balance; /* falls with what is sent */
	int64_t esms_price;   /* of a part */
	bool esms_prepaid, esms_same_text;
	double esms_reject;
};

struct option;

/* Behind the last one: NULL. */
const struct option *option_at(size_t i);
const struct option *option_find(const char *name);
const char *option_name(const struct option *o);
bool option_is_switch(const struct option *o);
bool option_is_fixed(const struct option *o); /* at start only */
/* false: why says what belongs there. */
bool option_set(const struct option *o, struct settings *s, const char *value, const char **why);
/* The value as option_set would read it. */
void option_show(const struct option *o, const struct settings *s, char *out, size_t cap);
void options_default(struct settings *s);
void options_help(FILE *f);
