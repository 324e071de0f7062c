/* SPDX-License-Identifier: MIT */
#include "tests/torture/books.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS (JOB_ROWS_A + JOB_ROWS_B)
#define PATIENCE_MS 10000

/* What both books say of one phone; the last one is that of the single message. */
struct person {
	char phone[16];
	unsigned accepted, refused, delivered, undelivered; /* lines of the ledger */
	unsigned shown;					    /* in the results */
	char state[24];
};

struct books {
	struct person people[ROWS + 1];
	unsigned doubted, held;
};

static const char *
text_of(const json_t *o, const char *name)
{
	const char *s = json_string_value(json_object_get(o, name));

	return s != NULL ? s : "";
}

/* phone: 84… or 0…; NULL = nobody of this job. */
static struct person *
find(struct books *b, const char *phone)
{
	const char *rest = phone[0] == '0'		  ? phone + 1
			   : strncmp(phone, "84", 2) == 0 ? phone + 2
							  : phone;

	for (size_t i = 0; i <= ROWS; i++)
		if (strcmp(b->people[i].phone + 2, rest) == 0)
			return &b->people[i];
	return NULL;
}

/* ---- the ledger ---- */

static bool
read_line(struct job *j, struct books *b, const json_t *line)
{
	const char *event = text_of(line, "event"), *to = text_of(line, "to");
	const char *status = text_of(line, "status"), *outlook = text_of(line, "outlook");
	struct person *p = find(b, to);

	if (p == NULL)
		return to[0] == '\0' || strcmp(event, "receipt") == 0 ||
		       job_wrong(j, "the ledger has \"%s\" of %s, who is not of this job", event,
				 to);
	if (strcmp(event, "accepted") == 0) {
		p->accepted++;
		p->delivered += strcmp(outlook, "DELIVRD") == 0;
		p->undelivered +=
			strcmp(outlook, "UNDELIV") == 0 || strcmp(outlook, "EXPIRED") == 0;
	} else if (strcmp(event, "refused") == 0)
		p->refused += strcmp(text_of(line, "code"), "10") == 0;
	else if (strcmp(event, "receipt") == 0 && strcmp(status, "DELIVRD") == 0)
		p->delivered++;
	else if (strcmp(event, "receipt") == 0 && strcmp(status, "ACCEPTD") != 0)
		p->undelivered++;
	return true;
}

static bool
read_ledger(struct job *j, struct books *b)
{
	FILE *f = fopen(rig_path(j->rig, "ledger"), "re");
	bool is_good = true;
	char line[4096];

	if (f == NULL || fseek(f, j->ledger_from, SEEK_SET) != 0)
		fail("the ledger is gone");
	while (is_good && fgets(line, sizeof(line), f) != NULL) {
		json_t *root = json_loads(line, 0, NULL);

		is_good = root != NULL ? read_line(j, b, root)
				       : job_wrong(j, "the ledger has %s", line);
		json_decref(root);
	}
	fclose(f);
	return is_good;
}

/* ---- the results ---- */

static bool
read_result(struct job *j, struct books *b, const char *line)
{
	json_t *root = json_loads(line, 0, NULL);
	struct person *p = find(b, text_of(root, "phone"));

	if (p != NULL) {
		p->shown++;
		snprintf(p->state, sizeof(p->state), "%s", text_of(root, "state"));
	}
	json_decref(root);
	return p != NULL || job_wrong(j, "the results have %s", line);
}

static bool
read_results(struct job *j, struct books *b, const char *letter)
{
	struct bytes out = {0};
	char path[120], *line, *rest = NULL;
	bool is_good;

	snprintf(path, sizeof(path), "/api/v1/campaigns/%s%s/results?format=json&full=1", letter,
		 j->token);
	is_good = job_get(j, path, &out);
	for (line = is_good ? strtok_r(out.p, "\n", &rest) : NULL; line != NULL && is_good;
	     line = strtok_r(NULL, "\n", &rest))
		is_good = read_result(j, b, line);
	bytes_free(&out);
	return is_good;
}

static bool
read_message(struct job *j, struct books *b)
{
	struct person *p = &b->people[ROWS];
	struct bytes out = {0};
	char path[120];
	json_t *root;

	snprintf(path, sizeof(path), "/api/v1/messages/%s", j->message);
	if (job_get(j, path, &out)) {
		root = json_loads(out.p, 0, NULL);
		p->shown++;
		snprintf(p->state, sizeof(p->state), "%s", text_of(root, "state"));
		json_decref(root);
	}
	bytes_free(&out);
	return p->shown > 0;
}

static bool
read_report(struct job *j, struct books *b, const char *letter)
{
	struct bytes out = {0};
	char path[120];
	json_t *root, *sums;
	bool is_good;

	snprintf(path, sizeof(path), "/api/v1/campaigns/%s%s/report", letter, j->token);
	if (!job_get(j, path, &out))
		return false;
	root = json_loads(out.p, 0, NULL);
	sums = json_object_get(root, "sums");
	is_good = strcmp(text_of(sums, "counters"), "agree") == 0 ||
		  job_wrong(j, "campaign %s: counters and a recount %s", letter,
			    text_of(sums, "counters"));
	if (is_good && json_integer_value(json_object_get(sums, "audience")) !=
			       (letter[0] == 'a' ? JOB_ROWS_A : JOB_ROWS_B))
		is_good = job_wrong(j, "campaign %s: the audience is wrong", letter);
	b->held += (unsigned)json_integer_value(json_object_get(root, "held"));
	json_decref(root);
	bytes_free(&out);
	return is_good;
}

/* ---- both ---- */

static bool
is_right(const struct job *j, const struct person *p)
{
	if (p->shown != 1 || p->accepted > 1)
		return false;
	if (strcmp(p->state, "delivered") == 0)
		return p->accepted == 1 && p->delivered > 0;
	if (strcmp(p->state, "undeliverable") == 0)
		return p->accepted == 1 && p->undelivered > 0 && p->delivered == 0;
	if (strcmp(p->state, "accepted") == 0)
		return p->accepted == 1 && j->rig->dialect == DIALECT_POLLED;
	if (strcmp(p->state, "refused") == 0)
		return p->accepted == 0 && p->refused > 0;
	return p->accepted == 0 &&
	       (strcmp(p->state, "cancelled") == 0 || strcmp(p->state, "unknown") == 0);
}

static bool
read_both(struct job *j, struct books *b)
{
	for (unsigned i = 0; i < ROWS; i++)
		job_phone(j, i, b->people[i].phone);
	snprintf(b->people[ROWS].phone, sizeof(b->people[ROWS].phone), "%s", j->message_to);
	return read_results(j, b, "a") && read_results(j, b, "b") && read_message(j, b) &&
	       read_report(j, b, "a") && read_report(j, b, "b") && read_ledger(j, b);
}

static bool
compare(struct job *j, unsigned may_doubt)
{
	struct books b = {0};

	if (!read_both(j, &b))
		return false;
	for (unsigned i = 0; i <= ROWS; i++) {
		const struct person *p = &b.people[i];

		b.doubted += i < ROWS && strcmp(p->state, "unknown") == 0;
		if (is_right(j, p))
			continue;
		return job_wrong(
			j,
			"%s: results: \"%s\" (said %u times); ledger: accepted %u, refused %u, "
			"delivered %u, not delivered %u",
			p->phone, p->state, p->shown, p->accepted, p->refused, p->delivered,
			p->undelivered);
	}
	return (b.doubted <= may_doubt && b.held == b.doubted) ||
	       job_wrong(j, "in doubt %u, held %u, may be %u", b.doubted, b.held, may_doubt);
}

bool
books_agree(struct job *j, unsigned may_doubt)
{
	int64_t until = now_ms() + PATIENCE_MS;

	while (!compare(j, may_doubt)) {
		if (now_ms() > until || rig_has_lost_server(j->rig))
			return false;
		rest_ms(200);
	}
	j->why[0] = '\0';
	return true;
}

void
books_show(const struct job *j)
{
	struct books b = {0};
	struct job quiet = *j; /* why stays */

	if (rig_has_lost_server(j->rig))
		return;
	read_both(&quiet, &b);
	for (unsigned i = 0; i <= ROWS; i++)
		if (!is_right(j, &b.people[i]))
			printf("# %s: results: \"%s\"; ledger: accepted %u, refused %u, delivered "
			       "%u, "
			       "not delivered %u\n",
			       b.people[i].phone, b.people[i].state, b.people[i].accepted,
			       b.people[i].refused, b.people[i].delivered, b.people[i].undelivered);
}
