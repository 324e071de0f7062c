/* SPDX-License-Identifier: MIT */
/*
 * usage: compare LEDGER RUN:RESULTS.csv…
 *
 * Two books, message by message: the gateway's ledger, what it really took and
 * reported, and `loa campaign results --full` of each run, what Loa says.
 * They meet in (run, phone); the run stands in the reference's first bits.
 *
 *   lost        in no end at all, or an end without anything in the ledger for it
 *   silent      the ledger proves something else than what Loa says
 *   duplicates  taken more than once by the gateway, each time after the first
 *
 * One line of numbers on stdout, at most 20 findings on stderr. Exit 0 when all
 * three are 0, 1 when not, 2 when the books cannot be read.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FINDINGS_MAX 20
#define FIELDS_MAX 64

enum state { OPEN, ACCEPTED, DELIVERED, UNDELIVERABLE, REFUSED, UNKNOWN, OTHER };

static const struct {
	const char *name;
	enum state state;
} state_names[] = {
	{"waiting", OPEN},	{"sending", OPEN},	  {"retry", OPEN},
	{"accepted", ACCEPTED}, {"delivered", DELIVERED}, {"undeliverable", UNDELIVERABLE},
	{"refused", REFUSED},	{"unknown", UNKNOWN},
};

struct message {
	uint64_t run, phone;	/* phone 0 = free place */
	const char *state_name; /* NULL: Loa does not know it */
	enum state state;
	/* lines of the ledger */
	unsigned accepted, refused, temporary;
	/* reports that somebody took */
	unsigned delivered, failed, under_way;
};

static struct message *messages; /* a hash table; cap is a power of two */
static size_t count, cap;
static uint64_t faults, lost, silent, duplicates, doubtful, members, accepted;
static unsigned findings;

static _Noreturn void fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static _Noreturn void
fail(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	fputs("compare: ", stderr);
	vfprintf(stderr, format, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(2);
}

/* ---- messages ---- */

static struct message *
place_of(uint64_t run, uint64_t phone)
{
	uint64_t h = (phone * 0x9e3779b97f4a7c15u) ^ (run * 0xd6e8feb86659fd93u);
	size_t at = (size_t)(h >> 20) & (cap - 1);

	while (messages[at].phone != 0 && (messages[at].run != run || messages[at].phone != phone))
		at = (at + 1) & (cap - 1);
	return &messages[at];
}

static struct message *
message_of(uint64_t run, uint64_t phone)
{
	struct message *m, *old = messages;
	size_t old_cap = cap;

	if (count * 2 >= cap) {
		cap = cap == 0 ? 1u << 16 : cap * 2;
		messages = calloc(cap, sizeof(*messages));
		if (messages == NULL)
			fail("no memory");
		for (size_t i = 0; i < old_cap; i++)
			if (old[i].phone != 0)
				*place_of(old[i].run, old[i].phone) = old[i];
		free(old);
	}
	m = place_of(run, phone);
	if (m->phone == 0) {
		*m = (struct message){.run = run, .phone = phone};
		count++;
	}
	return m;
}

/* ---- the ledger ---- */

/* The text behind "name":" up to the next quote; false = the line has none. */
static bool
field(const char *line, const char *name, char *out, size_t out_cap)
{
	char start[40];
	const char *p;
	size_t n;

	snprintf(start, sizeof(start), "\"%s\":\"", name);
	p = strstr(line, start);
	if (p == NULL)
		return false;
	p += strlen(start);
	n = strcspn(p, "\"");
	if (n >= out_cap)
		fail("a %s longer than expected: %s", name, line);
	memcpy(out, p, n);
	out[n] = '\0';
	return true;
}

/* The run of a reference: in its 75 bits of base 32 it stands before the last 37. */
static uint64_t
run_of(const char *ref)
{
	static const char digits[] = "0123456789abcdefghjkmnpqrstvwxyz";
	uint64_t high = 0;

	for (int i = 0; i < 8; i++) {
		const char *d = ref[i] == '\0' ? NULL : strchr(digits, ref[i]);

		if (d == NULL)
			fail("not a reference of ours: %s", ref);
		high = high * 32 + (uint64_t)(d - digits);
	}
	return high >> 2; /* 40 of 75 bits; 37 below the run's */
}

static void
read_receipt(const char *line, struct message *m)
{
	char status[16];

	if (strstr(line, "\"acknowledged\":true") == NULL ||
	    !field(line, "status", status, sizeof(status)))
		return;
	if (strcmp(status, "DELIVRD") == 0)
		m->delivered++;
	else if (strcmp(status, "ACCEPTD") == 0)
		m->under_way++;
	else
		m->failed++;
}

static void
read_line(const char *line)
{
	char event[16], ref[80], to[24], code[16];
	struct message *m;

	if (!field(line, "event", event, sizeof(event)))
		fail("a line without an event: %s", line);
	if (strcmp(event, "fault") == 0)
		faults++;
	if (!field(line, "ref", ref, sizeof(ref)) || !field(line, "to", to, sizeof(to)))
		return;
	m = message_of(run_of(ref), strtoull(to, NULL, 10));
	if (strcmp(event, "accepted") == 0)
		m->accepted++, accepted++;
	else if (strcmp(event, "receipt") == 0)
		read_receipt(line, m);
	else if (strcmp(event, "refused") == 0 && field(line, "code", code, sizeof(code)) &&
		 (strcmp(code, "20") == 0 || strcmp(code, "21") == 0))
		m->temporary++;
	else if (strcmp(event, "refused") == 0)
		m->refused++;
}

static void
read_ledger(const char *path)
{
	FILE *f = fopen(path, "re");
	char *line = NULL;
	size_t line_cap = 0;

	if (f == NULL)
		fail("cannot read %s", path);
	while (getline(&line, &line_cap, f) > 0)
		read_line(line);
	free(line);
	fclose(f);
}

/* ---- Loa's results ---- */

/* No field before `state` has a comma or a quote in it. */
static size_t
split(char *line, char *fields[FIELDS_MAX])
{
	size_t n = 0;

	line[strcspn(line, "\r\n")] = '\0';
	for (char *p = line; p != NULL && n < FIELDS_MAX; n++) {
		fields[n] = p;
		p = strchr(p, ',');
		if (p != NULL)
			*p++ = '\0';
	}
	return n;
}

static size_t
column(char *fields[FIELDS_MAX], size_t n, const char *name, const char *path)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(fields[i], name) == 0)
			return i;
	fail("%s has no column %s", path, name);
}

static void
set_state(struct message *m, const char *name)
{
	m->state_name = "other";
	m->state = OTHER;
	for (size_t i = 0; i < sizeof(state_names) / sizeof(state_names[0]); i++) {
		if (strcmp(state_names[i].name, name) != 0)
			continue;
		m->state_name = state_names[i].name;
		m->state = state_names[i].state;
	}
}

/* 0912345678 or 84912345678 */
static uint64_t
phone_of(const char *text)
{
	uint64_t v = strtoull(text, NULL, 10);

	return text[0] == '0' ? v + 84000000000u : v;
}

static void
read_results(const char *run_and_path)
{
	char *end, *line = NULL, *fields[FIELDS_MAX];
	uint64_t run = strtoull(run_and_path, &end, 10);
	const char *path = end + 1;
	size_t line_cap = 0, n, phone, state;
	FILE *f = *end == ':' ? fopen(path, "re") : NULL;

	if (f == NULL || getline(&line, &line_cap, f) <= 0)
		fail("cannot read %s", run_and_path);
	n = split(line, fields);
	phone = column(fields, n, "phone", path);
	state = column(fields, n, "state", path);
	while (getline(&line, &line_cap, f) > 0) {
		struct message *m;

		n = split(line, fields);
		if (phone >= n || state >= n || phone_of(fields[phone]) == 0)
			fail("%s: a row that cannot be read", path);
		m = message_of(run, phone_of(fields[phone]));
		if (m->state_name != NULL)
			fail("%s has %s twice", path, fields[phone]);
		set_state(m, fields[state]);
		members++;
	}
	free(line);
	fclose(f);
}

/* ---- judging ---- */

static void
find(const struct message *m, uint64_t *kind, const char *what)
{
	(*kind)++;
	if (++findings > FINDINGS_MAX)
		return;
	fprintf(stderr,
		"compare: run %" PRIu64 " phone %" PRIu64
		": %s; Loa says %s, the ledger has accepted %u, refused %u, temporary %u, "
		"reported delivered %u, failed %u, under way %u\n",
		m->run, m->phone, what, m->state_name == NULL ? "nothing" : m->state_name,
		m->accepted, m->refused, m->temporary, m->delivered, m->failed, m->under_way);
}

static void
judge(const struct message *m)
{
	for (unsigned i = 1; i < m->accepted; i++)
		find(m, &duplicates, "written to twice");
	if (m->state_name == NULL) {
		find(m, &silent, "nobody's that Loa knows");
		return;
	}
	switch (m->state) {
	case OPEN:
		find(m, &lost, "in no end");
		break;
	case OTHER:
		find(m, &lost, "left out");
		break;
	case ACCEPTED:
	case DELIVERED:
	case UNDELIVERABLE:
		if (m->accepted == 0)
			find(m, &lost, "never taken");
		if ((m->delivered > 0 && m->state != DELIVERED) ||
		    (m->failed > 0 && m->state == ACCEPTED))
			find(m, &silent, "a report was not heard");
		break;
	case REFUSED:
		if (m->accepted > 0)
			find(m, &silent, "it was taken");
		else if (m->refused + m->temporary == 0)
			find(m, &lost, "never refused");
		break;
	case UNKNOWN:
		doubtful++;
		if (m->delivered + m->failed + m->under_way > 0)
			find(m, &silent, "a report would have settled it");
		break;
	}
}

int
main(int argc, char **argv)
{
	if (argc < 3) {
		fputs("usage: compare LEDGER RUN:RESULTS.csv...\n", stderr);
		return 2;
	}
	read_ledger(argv[1]);
	for (int i = 2; i < argc; i++)
		read_results(argv[i]);
	for (size_t i = 0; i < cap; i++)
		if (messages[i].phone != 0)
			judge(&messages[i]);
	printf("members=%" PRIu64 " accepted=%" PRIu64 " doubtful=%" PRIu64 " lost=%" PRIu64
	       " silent=%" PRIu64 " duplicates=%" PRIu64 " faults=%" PRIu64 "\n",
	       members, accepted, doubtful, lost, silent, duplicates, faults);
	free(messages);
	return lost + silent + duplicates > 0 ? 1 : 0;
}
