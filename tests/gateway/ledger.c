/* SPDX-License-Identifier: MIT */
#include "tests/gateway/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_BYTES (1u << 20)

void
ledger_open(struct ledger *l, const char *path)
{
	*l = (struct ledger){.fd = -1, .path = path};
	if (path[0] == '\0')
		return;
	l->fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
	if (l->fd < 0)
		fail("cannot open the ledger %s: %s", path, strerror(errno));
}

static void
add_number(struct bytes *b, const char *name, uint64_t v)
{
	bytes_str(b, name);
	bytes_number(b, v);
}

/* For words of the program itself: nothing in them needs an escape. */
static void
add_word(struct bytes *b, const char *name, const char *word)
{
	if (word == NULL)
		return;
	bytes_str(b, name);
	bytes_str(b, word);
	bytes_str(b, "\"");
}

static void
add_text(struct bytes *b, const char *name, struct text t)
{
	if (t.p == NULL)
		return;
	bytes_str(b, name);
	bytes_json(b, t);
}

void
ledger_add(struct ledger *l, const struct entry *e)
{
	struct bytes *b = &l->unwritten;

	if (l->fd < 0)
		return;
	add_word(b, "{\"event\":\"", e->event);
	add_number(b, ",\"at_us\":", e->at_us);
	add_number(b, ",\"wall_us\":", e->wall_us);
	if (e->request != 0)
		add_number(b, ",\"request\":", e->request);
	if (e->connection != 0)
		add_number(b, ",\"connection\":", e->connection);
	add_word(b, ",\"dialect\":\"", e->dialect);
	add_word(b, ",\"code\":\"", e->code);
	add_word(b, ",\"why\":\"", e->why);
	add_text(b, ",\"ref\":", e->ref);
	if (e->id != 0) {
		add_number(b, ",\"id\":\"gw-", e->id);
		bytes_str(b, "\"");
	}
	add_text(b, ",\"to\":", e->to);
	add_text(b, ",\"from\":", e->from);
	add_text(b, ",\"text\":", e->text);
	if (e->extra != NULL)
		bytes_str(b, e->extra);
	bytes_str(b, "}\n");
	if (b->n >= FLUSH_BYTES)
		ledger_flush(l);
}

void
ledger_flush(struct ledger *l)
{
	struct bytes *b = &l->unwritten;
	size_t done = 0;

	while (done < b->n) {
		ssize_t n = write(l->fd, b->p + done, b->n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			fail("cannot write the ledger %s: %s", l->path, strerror(errno));
		done += (size_t)n;
	}
	b->n = 0;
}

void
ledger_close(struct ledger *l)
{
	ledger_flush(l);
	if (l->fd >= 0)
		close(l->fd);
	bytes_free(&l->unwritten);
}
