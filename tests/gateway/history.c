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

static void
read_line(struct gateway *g, const char *line, size_t n)
{
	json_error_t error;
	json_t *root = json_loadb(line, n, 0, &error);
	const char *event = json_string_value(json_object_get(root, "event"));
	const char *id = json_string_value(json_object_get(root, "id"));
	json_t *ref = json_object_get(root, "ref");
	uint64_t number = 0, request;
	struct memory_entry *e;
	bool is_new;

	request = (uint64_t)json_integer_value(json_object_get(root, "request"));
	if (request > g->last_request)
		g->last_request = request;
	if (event != NULL && id != NULL && strcmp(event, "accepted") == 0)
		number = strtoull(id + strcspn(id, "-") + (strchr(id, '-') != NULL), NULL, 10);
	if (number > g->last_id)
		g->last_id = number;
	if (number != 0 && json_is_string(ref)) {
		e = memory_get(&g->refs,
			       (struct text){(char *)(intptr_t)json_string_value(ref),
					     json_string_length(ref)},
			       &is_new);
		e->id = number;
		e->at_us = (uint64_t)json_integer_value(json_object_get(root, "wall_us"));
	}
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
