/* SPDX-License-Identifier: MIT */
/*
 * What is known of one person in one run, and the sentences that say it, in Vietnamese or English, a
 * line each. Pure: dispatcher/run/explain finds the facts, this says them, and the same facts go out
 * as JSON beside the sentences.
 */
#pragma once

#include "dispatcher/run/report.h"
#include "providers/provider.h"
#include "segments/query_why.h"

enum explain_language { EXPLAIN_VI, EXPLAIN_EN };

#define EXPLAIN_MESSAGES 16u
#define EXPLAIN_CONDITIONS 12u
#define EXPLAIN_SEGMENTS 16u

struct explain_condition {
	char *text;
	char missing[64]; /* column of the list that has no value; "" = none */
	enum query_answer answer;
	bool is_hidden; /* it asks for a sensitive column, and that is not told: no text */
};

struct explain_segment {
	char name[80];
	enum query_answer answer;
	struct explain_condition conditions[EXPLAIN_CONDITIONS];
	size_t count;
	bool has_more;
};

struct explain_attempt {
	char provider[40];
	enum record_state phase;
	bool is_guess; /* how it ended, and by whom, is worked out of what came after it */
	char id[GATEWAY_ID_MAX], code[GATEWAY_CODE_MAX], receipt[GATEWAY_CODE_MAX];
	bool has_receipt;
	int64_t answered_s, receipt_s; /* unix time; 0 = not known */
};

struct explain_doubt {
	bool is_known;
	char choice;  /* of enum doubt_choice */
	int64_t at_s; /* unix time; 0 = none belongs to it */
};

struct explain_message {
	char list[80];		 /* "" = a single message */
	uint64_t row;		 /* from 1 */
	char carrier[16];	 /* as its prefix says; "" = not known */
	int64_t taken_s;	 /* of a single message: when it was accepted, unix time */
	bool is_frozen;		 /* the run has come to the row */
	bool is_in;		 /* of its audience */
	bool is_erased;		 /* the row is empty since */
	struct record record;	 /* meaningless unless is_in, as all below up to the segments */
	enum record_state state; /* the record's, or cancelled with its run */
	int64_t changed_s;	 /* unix time */
	unsigned p;
	char provider[40];	    /* whom it went by, or will; "" = nobody */
	char field[64], filter[24]; /* of a missing field; "" = not known */
	bool is_field_hidden;
	char same_list[80];		     /* of the row that has the message in its place */
	uint64_t same_row;		     /* 0 = not known */
	char scope[80], why_suppressed[204]; /* as it is now; "" = it is not any more */
	int64_t suppressed_s;
	struct explain_attempt attempts[ATTEMPTS_MAX];
	size_t attempt_count;
	struct explain_doubt doubt;
	struct explain_segment segments[EXPLAIN_SEGMENTS];
	size_t segment_count;
};

struct explain_list {
	char name[80];
	uint32_t version; /* that the run has */
	uint64_t rows;	  /* of the phone in it */
	/* Where it has none: rows of the phone in the version of now. */
	uint64_t rows_now;
	uint32_t version_now;
};

struct explain_run {
	char campaign[80];
	char state[16], class[16];
	int64_t launched_s;	  /* unix time; 0 = it was not launched */
	int64_t due_s;		  /* of one that has a time; 0 = none */
	struct run_status status; /* of the run; zero where it was not launched */
	uint64_t cap_day, cap_week;
	bool is_closed;	   /* now, by the hours of its class */
	char waiting[120]; /* what the run waits for, as `campaign watch` says it; "" = nothing */
	bool is_single;	   /* single messages */
	struct explain_list lists[LIST_PARTS_MAX];
	size_t list_count;
	struct explain_message messages[EXPLAIN_MESSAGES];
	size_t count;
	bool has_more; /* rows */
};
void explain_run_free(struct explain_run *r);

/* "08:00:05 ngày 10/10/2027", "2027-10-10 08:00:05": Vietnam's time. out has room for 48 bytes. */
const char *explain_time(char out[48], enum explain_language l, int64_t unix_s);
/* Why, as the end of a sentence behind "vì", "because"; "" only of REASON_NONE. */
const char *explain_reason(enum explain_language l, uint8_t reason);
/* What a lane or a run waits for (docs/FORMATS.md, "Limits"); what is not known there stays as it is. */
const char *explain_waiting(enum explain_language l, const char *why);

/* The same, and whose rule it is. */
void explain_add_waiting(struct buf *out, enum explain_language l, const char *why);

/* Of the phone itself: "0912***678", its carrier by prefix ("" = not known). */
void explain_add_phone(struct buf *out, enum explain_language l, const char *phone,
		       const char *carrier);
struct explain_suppression {
	const char *scope, *reason;
	int64_t since_s;
};
void explain_add_suppression(struct buf *out, enum explain_language l,
			     const struct explain_suppression *s);
/* Without a campaign: in which rows of a list's newest version it is. rows[count], from 1. */
void explain_add_rows(struct buf *out, enum explain_language l, const struct explain_list *list,
		      const uint64_t *rows, size_t count);
void explain_add_no_list(struct buf *out, enum explain_language l);
/* Without a campaign: a run in a line, or that none had the phone. */
void explain_add_line(struct buf *out, enum explain_language l, const struct explain_run *r);
void explain_add_no_run(struct buf *out, enum explain_language l);

/* Everything that is to be said of it. */
void explain_add_run(struct buf *out, enum explain_language l, const struct explain_run *r);
/* Of one message: what became of it. The first sentence of those above. */
void explain_add_state(struct buf *out, enum explain_language l, const struct explain_run *r,
		       const struct explain_message *m);
