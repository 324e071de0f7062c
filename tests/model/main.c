/* SPDX-License-Identifier: MIT */
/*
 * usage: model [--deep] [--trace] [PART]
 *
 * Without arguments: the layouts with small bounds on faults, then the seeded
 * bugs, each of which must be found. TAP on stdout. --deep: the same layouts
 * with one fault more, and progress. --trace: the way to each violation.
 * PART: only the tests whose sentence contains it.
 */
#include "tests/model/model.h"

#include <stdio.h>
#include <string.h>

#define STATES_MAX 4000000u
#define STATES_MAX_DEEP 40000000u

enum layout { ONE, TWO_SINGLE, TWO_TOGETHER, TWO_CHUNKS, THREE };

static const struct {
	const char *text;
	uint8_t messages, chunk_members[CHUNKS], batch;
} layouts[] = {
	[ONE] = {"one message", 1, {1, 0}, 1},
	[TWO_SINGLE] = {"two in a chunk, one a request", 2, {3, 0}, 1},
	[TWO_TOGETHER] = {"two in a chunk, two a request", 2, {3, 0}, 2},
	[TWO_CHUNKS] = {"two in two chunks", 2, {1, 2}, 1},
	[THREE] = {"three in two chunks, two a request", 3, {3, 4}, 2},
};

enum { PER_REQUEST = 1, MEANS_SEEN = 2, CONTRADICTS = 4, TWO_LANES = 8 };

static const char *const dedupe_texts[] = {
	[DEDUPE_NONE] = "no dedupe",
	[DEDUPE_UNLIMITED] = "unlimited dedupe",
	[DEDUPE_WINDOW] = "dedupe with a window",
};

/* Searches that must find nothing. */
static const struct row {
	enum layout layout;
	enum dedupe dedupe;
	unsigned how;
	unsigned lost_writes, faults;
} rows[] = {
	{ONE, DEDUPE_NONE, CONTRADICTS, 0, 5},
	{ONE, DEDUPE_UNLIMITED, CONTRADICTS, 0, 4},
	{ONE, DEDUPE_UNLIMITED, MEANS_SEEN, 0, 4},
	{ONE, DEDUPE_WINDOW, CONTRADICTS, 0, 4},
	{ONE, DEDUPE_NONE, 0, 2, 5},
	{ONE, DEDUPE_UNLIMITED, 0, 1, 4},
	{ONE, DEDUPE_UNLIMITED, 0, 2, 4},
	{ONE, DEDUPE_WINDOW, 0, 2, 4},
	{TWO_SINGLE, DEDUPE_NONE, 0, 0, 3},
	{TWO_SINGLE, DEDUPE_UNLIMITED, 0, 0, 3},
	{TWO_TOGETHER, DEDUPE_NONE, CONTRADICTS, 0, 3},
	{TWO_TOGETHER, DEDUPE_NONE, 0, 2, 3},
	{TWO_TOGETHER, DEDUPE_UNLIMITED, MEANS_SEEN, 0, 3},
	{TWO_TOGETHER, DEDUPE_UNLIMITED, 0, 2, 3},
	{TWO_TOGETHER, DEDUPE_WINDOW, 0, 2, 3},
	{TWO_TOGETHER, DEDUPE_UNLIMITED, PER_REQUEST, 2, 3},
	{TWO_TOGETHER, DEDUPE_WINDOW, PER_REQUEST, 0, 3},
	{TWO_CHUNKS, DEDUPE_NONE, 0, 2, 2},
	{TWO_CHUNKS, DEDUPE_UNLIMITED, 0, 0, 3},
	{THREE, DEDUPE_NONE, 0, 2, 2},
	{THREE, DEDUPE_UNLIMITED, 0, 0, 2},
	{THREE, DEDUPE_WINDOW, PER_REQUEST, 0, 2},
	{ONE, DEDUPE_UNLIMITED, TWO_LANES, 0, 3},
	{ONE, DEDUPE_UNLIMITED, TWO_LANES, 2, 3},
	{ONE, DEDUPE_WINDOW, TWO_LANES | CONTRADICTS, 0, 3},
	{ONE, DEDUPE_NONE, TWO_LANES, 2, 3},
	{TWO_TOGETHER, DEDUPE_UNLIMITED, TWO_LANES, 0, 2},
	{TWO_TOGETHER, DEDUPE_UNLIMITED, TWO_LANES, 2, 2},
	{TWO_SINGLE, DEDUPE_UNLIMITED, TWO_LANES, 0, 2},
};

#define NO_STOP (1u << FAULT_STOP)

/* Searches that must find what the bug does. */
static const struct seed {
	enum bug bug;
	struct row row;
	enum violation found;
	unsigned without;
} seeds[] = {
	{BUG_NO_AGE_CHECK, {ONE, DEDUPE_NONE, 0, 0, 2}, AFTER_A_STOP, 0},
	{BUG_NO_AGE_CHECK, {ONE, DEDUPE_WINDOW, 0, 0, 3}, TWICE, NO_STOP},
	{BUG_ORPHAN_IS_WAITING, {ONE, DEDUPE_NONE, 0, 0, 1}, TWICE, 0},
	{BUG_CURL_RESENDS, {ONE, DEDUPE_NONE, 0, 0, 1}, TWICE, 0},
	{BUG_NO_RECONCILER, {ONE, DEDUPE_NONE, 0, 0, 1}, STUCK, 0},
	{BUG_C1_NEGATIVE, {ONE, DEDUPE_UNLIMITED, 0, 0, 2}, SILENT, 0},
	{BUG_C1_NEGATIVE, {ONE, DEDUPE_UNLIMITED, 0, 0, 3}, TWICE, NO_STOP},
	{BUG_C1_UNMARK, {TWO_TOGETHER, DEDUPE_UNLIMITED, PER_REQUEST, 0, 3}, NEVER_SENT, 0},
	{BUG_C2_CANCEL, {ONE, DEDUPE_NONE, 0, 0, 2}, SILENT, 0},
	{BUG_C2_RUNNING, {ONE, DEDUPE_NONE, 0, 0, 2}, STUCK, 0},
	{BUG_C3_ENDS, {ONE, DEDUPE_NONE, 0, 0, 3}, SILENT, 0},
	{BUG_C4_NEWEST, {ONE, DEDUPE_NONE, 0, 0, 3}, SILENT, 0},
	{BUG_C5_AGAIN, {ONE, DEDUPE_NONE, 0, 0, 2}, AFTER_A_STOP, 0},
	{BUG_C6_REBUILT, {TWO_TOGETHER, DEDUPE_UNLIMITED, PER_REQUEST, 0, 2}, TWICE, 0},
	{BUG_C7_MEANING, {ONE, DEDUPE_UNLIMITED, MEANS_SEEN, 0, 2}, NEVER_SENT, 0},
	{BUG_C8_PREDICATE, {ONE, DEDUPE_UNLIMITED, 0, 0, 2}, LIVELOCK, 0},
	{BUG_C9_RESEND, {ONE, DEDUPE_UNLIMITED, 0, 0, 2}, TWICE, 0},
	{BUG_C10_MARGIN, {ONE, DEDUPE_WINDOW, 0, 0, 2}, TWICE, 0},
	{BUG_C10_CLOCK, {ONE, DEDUPE_WINDOW, 0, 0, 3}, TWICE, 0},
	{BUG_R1_NO_HOLD, {ONE, DEDUPE_NONE, 0, 2, 2}, TWICE, 0},
	{BUG_R2_SOFT, {ONE, DEDUPE_UNLIMITED, 0, 2, 3}, TWICE, NO_STOP},
	{BUG_R3_NEGATIVE, {ONE, DEDUPE_UNLIMITED, 0, 2, 4}, SILENT, 0},
	{BUG_R4_API, {ONE, DEDUPE_NONE, 0, 2, 2}, AFTER_A_STOP, 0},
	{BUG_R5_STAMP, {ONE, DEDUPE_WINDOW, 0, 2, 2}, TWICE, 0},
	{BUG_R5_NO_REPLAY, {ONE, DEDUPE_NONE, 0, 2, 1}, TWICE, 0},
	{BUG_R6_MEMBERS, {TWO_TOGETHER, DEDUPE_UNLIMITED, PER_REQUEST, 2, 3}, NEVER_SENT, 0},
	{BUG_L_MOVED_ON, {TWO_TOGETHER, DEDUPE_UNLIMITED, 0, 0, 2}, TWICE, NO_STOP},
	{BUG_L_HELD_CLEARED, {ONE, DEDUPE_NONE, 0, 0, 1}, UNORDERED, 0},
	{BUG_L_FORGETS, {ONE, DEDUPE_NONE, 0, 0, 2}, NEEDLESS, 0},
	{BUG_L_CLAIM_LOST, {ONE, DEDUPE_NONE, 0, 0, 1}, STUCK, 0},
	{BUG_L_TABLE_STALE, {ONE, DEDUPE_NONE, CONTRADICTS, 0, 3}, STUCK, 0},
	{BUG_L_OLD_LEASES, {ONE, DEDUPE_NONE, 0, 2, 2}, STUCK, 0},
	{BUG_L_CURSOR, {ONE, DEDUPE_NONE, 0, 2, 3}, STUCK, 0},
	{BUG_L_DUE_COVERS, {TWO_TOGETHER, DEDUPE_NONE, 0, 2, 3}, STUCK, 0},
	{BUG_L_RIVALS, {TWO_TOGETHER, DEDUPE_NONE, 0, 2, 3}, TWICE, 0},
	{BUG_L_REMARK, {ONE, DEDUPE_UNLIMITED, 0, 2, 3}, TWICE, 0},
	{BUG_L_RETRY_DOUBT, {ONE, DEDUPE_NONE, 0, 0, 2}, TWICE, 0},
	{BUG_L_OTHER_LANE, {ONE, DEDUPE_UNLIMITED, TWO_LANES, 0, 1}, TWICE, 0},
	{BUG_L_ANYBODYS, {ONE, DEDUPE_UNLIMITED, TWO_LANES, 0, 1}, LIVELOCK, 0},
};

static const char *const bug_texts[] = {
#define X(name, text) text,
	SEEDED_BUGS(X)
#undef X
};

#define LEN(a) (sizeof(a) / sizeof((a)[0]))

struct options {
	bool is_deep, has_trace;
	const char *part;
	unsigned number, failed;
	uint64_t pairs;
};

static void
make_model(const struct row *r, const char *name, struct model *c)
{
	*c = (struct model){.name = name,
			    .messages = layouts[r->layout].messages,
			    .batch = layouts[r->layout].batch,
			    .dedupe = (uint8_t)r->dedupe,
			    .is_per_request = (r->how & PER_REQUEST) != 0,
			    .means_seen = (r->how & MEANS_SEEN) != 0,
			    .contradicts = (r->how & CONTRADICTS) != 0,
			    .lanes = (r->how & TWO_LANES) ? 2 : 1,
			    .lost_writes = (uint8_t)r->lost_writes,
			    .most = (uint8_t)r->faults,
			    .state_limit = STATES_MAX};
	memcpy(c->chunk_members, layouts[r->layout].chunk_members, sizeof(c->chunk_members));
}

static void
say_row(const struct row *r, unsigned faults, char out[200])
{
	snprintf(out, 200, "%s, %s%s%s%s%s, %u lost writes, %u faults", layouts[r->layout].text,
		 dedupe_texts[r->dedupe], (r->how & PER_REQUEST) ? ", reference a request" : "",
		 (r->how & MEANS_SEEN) ? ", duplicate means seen" : "",
		 (r->how & CONTRADICTS) ? ", receipts contradict" : "",
		 (r->how & TWO_LANES) ? ", two providers" : "", r->lost_writes, faults);
}

static void
say_result(struct options *o, bool is_good, const char *sentence, const struct result *r)
{
	o->number++;
	o->failed += !is_good;
	o->pairs += r->pairs;
	printf("%sok %u - %s (%llu states)\n", is_good ? "" : "not ", o->number, sentence,
	       (unsigned long long)r->states);
	if (!is_good)
		printf("# found: %s%s\n", violation_text(r->violation),
		       r->is_complete ? "" : ", search not complete");
	printf("# %.2f s, %llu pairs of evidence, longest undisturbed run %u steps\n", r->seconds,
	       (unsigned long long)r->pairs, r->longest);
	fflush(stdout);
}

static void
run_row(struct options *o, const struct row *row)
{
	char text[200], sentence[300];
	struct model c;
	struct result r;

	say_row(row, row->faults + o->is_deep, text);
	snprintf(sentence, sizeof(sentence), "the promises hold: %s", text);
	if (strstr(sentence, o->part) == NULL)
		return;
	make_model(row, text, &c);
	if (o->is_deep) {
		c.most++;
		c.state_limit = STATES_MAX_DEEP;
	}
	explore(&c, true, o->is_deep, &r);
	say_result(o, r.violation == FINE && r.is_complete, sentence, &r);
}

static void
run_seed(struct options *o, const struct seed *s)
{
	char text[200], sentence[400];
	struct model c;
	struct result r;

	say_row(&s->row, s->row.faults, text);
	snprintf(sentence, sizeof(sentence), "found that %s: %s; %s", bug_texts[s->bug],
		 violation_text(s->found), text);
	if (strstr(sentence, o->part) == NULL)
		return;
	make_model(&s->row, text, &c);
	c.bugs = (uint64_t)1 << s->bug;
	c.wanted = (uint8_t)s->found;
	c.without = (uint16_t)s->without;
	explore(&c, o->has_trace, false, &r);
	say_result(o, r.violation == s->found, sentence, &r);
}

static bool
is_every_bug_seeded(void)
{
	uint64_t seeded = 0;

	for (size_t i = 0; i < LEN(seeds); i++)
		seeded |= (uint64_t)1 << seeds[i].bug;
	return seeded == ((uint64_t)1 << BUGS) - 1;
}

static void
say_last(struct options *o, bool is_good, const char *sentence)
{
	o->number++;
	o->failed += !is_good;
	printf("%sok %u - %s\n", is_good ? "" : "not ", o->number, sentence);
}

int
main(int argc, char **argv)
{
	struct options o = {.part = ""};

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--deep") == 0)
			o.is_deep = true;
		else if (strcmp(argv[i], "--trace") == 0)
			o.has_trace = true;
		else if (argv[i][0] != '-' && o.part[0] == '\0')
			o.part = argv[i];
		else
			return fputs("usage: model [--deep] [--trace] [PART]\n", stderr), 2;
	}
	for (size_t i = 0; i < LEN(rows); i++)
		run_row(&o, &rows[i]);
	for (size_t i = 0; i < LEN(seeds) && !o.is_deep; i++)
		run_seed(&o, &seeds[i]);
	if (o.part[0] == '\0') {
		say_last(&o, is_every_bug_seeded(), "every rule has a search that finds its loss");
		say_last(&o, o.pairs > 0, "all pairs of evidence commute on every record seen");
		say_last(&o, model_ids_exhausted == 0, "no search ran out of permit ids");
	}
	printf("1..%u\n", o.number);
	return o.failed > 0 || o.number == 0;
}
