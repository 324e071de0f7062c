/* SPDX-License-Identifier: MIT */
/*
 * A gateway that comes back after a crash still knows what it accepted: the
 * ledger's own lines are read again. Receipts that were under way are lost.
 */
#include "tests/gateway/gateway.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the line says of a message in the dialect of eSMS.vn; its report counts as known. */
static void
put_on_shelf(struct gateway *g, const json_t *line, uint64_t id)
{
	static const enum report reports[] = {REPORT_DELIVRD, REPORT_UNDELIV, REPORT_EXPIRED,
					      REPORT_ACCEPTD, REPORT_REJECTD};
	const char *to = json_string_value(json_object_get(line, "to"));
	const char *outlook = json_string_value(json_object_get(line, "outlook"));
	const char *dialect = json_string_value(json_object_get(line, "dialect"));
	struct shelf_sms *m = shelf_put(&g->esms.shelf, id);
	struct shelf_phone *p;

	m->at_us = (uint64_t)json_integer_value(json_object_get(line, "wall_us"));
	m->approved_us = m->sent_us = m->at_us;
	m->type = strcmp(dialect, dialect_name(DIALECT_ESMS_QC)) == 0 ? 1 : 2;
	m->price += (uint64_t)json_integer_value(json_object_get(line, "price"));
	if (to == NULL || outlook == NULL)
		return;
	p = shelf_add_phone(m, (struct text){(char *)(intptr_t)to, strlen(to)});
	p->due_us[0] = m->at_us;
	for (size_t i = 0; i < sizeof(reports) / sizeof(reports[0]); i++) {
		if (strcmp(outlook, report_name(reports[i])) == 0)
			p->reports[0] = (uint8_t)reports[i];
	}
	m->is_rejected = p->reports[0] == REPORT_REJECTD;
}

#define TEXT_NONE ((struct text){0})

static struct text
text_of(const json_t *v)
{
	return (struct text){(char *)(intptr_t)json_string_value(v), json_string_length(v)};
}

/* That the line's message was accepted under this text, or these two. */
static void
remember(struct memory *m, struct text t, struct text u, uint64_t id, const json_t *line)
{
	bool is_new;
	struct memory_entry *e =
		u.p == NULL ? memory_get(m, t, &is_new) : memory_get_pair(m, t, u, &is_new);

	e->id = id;
	e->at_us = (uint64_t)json_integer_value(json_object_get(line, "wall_us"));
}

static void
read_line(struct gateway *g, const char *line, size_t n)
{
	json_error_t error;
	json_t *root = json_loadb(line, n, 0, &error);
	const char *event = json_string_value(json_object_get(root, "event"));
	const char *id = json_string_value(json_object_get(root, "id"));
	const char *dialect = json_string_value(json_object_get(root, "dialect"));
	json_t *ref = json_object_get(root, "ref");
	uint64_t number = 0, request;
	bool is_esms = dialect != NULL && strncmp(dialect, "esms-", 5) == 0;

	request = (uint64_t)json_integer_value(json_object_get(root, "request"));
	if (request > g->last_request)
		g->last_request = request;
	if (event != NULL && id != NULL && strcmp(event, "accepted") == 0)
		number = strtoull(id + strcspn(id, "-") + (strchr(id, '-') != NULL), NULL, 10);
	if (number > g->last_id)
		g->last_id = number;
	if (number != 0 && is_esms)
		put_on_shelf(g, root, number);
	if (number != 0 && is_esms && json_is_string(ref))
		remember(&g->esms.requests, text_of(ref), TEXT_NONE, number, root);
	else if (number != 0 && json_is_string(ref))
		remember(&g->refs, text_of(ref), TEXT_NONE, number, root);
	if (number != 0 && !is_esms)
		remember(&g->texts, text_of(json_object_get(root, "to")),
			 text_of(json_object_get(root, "text")), number, root);
	json_decref(root);
}

/* A line that a crash cut off was never answered: it goes. */
static void
cut(const char *path, off_t length)
{
	if (truncate(path, length) != 0)
		fail("cannot repair the ledger %s: %s", path, strerror(errno));
}

void
history_read(struct gateway *g)
{
	const char *path = g->settings.ledger;
	char *line = NULL;
	size_t cap = 0;
	off_t good = 0;
	ssize_t n;
	FILE *f;

	f = path[0] == '\0' ? NULL : fopen(path, "re");
	if (f == NULL)
		return;
	while ((n = getline(&line, &cap, f)) > 0) {
		if (line[n - 1] != '\n') {
			cut(path, good);
			break;
		}
		good += n;
		read_line(g, line, (size_t)n);
	}
	free(line);
	fclose(f);
}
