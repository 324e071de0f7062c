/* SPDX-License-Identifier: MIT */
#include "tests/gateway/gateway.h"

static const struct {
	enum code code;
	const char *name, *message;
} codes[] = {
	{CODE_ACCEPTED, "0", "accepted"},
	{CODE_NUMBER, "10", "bad number"},
	{CODE_TEXT, "11", "bad text"},
	{CODE_SENDER, "12", "unknown sender"},
	{CODE_FAST, "20", "too fast"},
	{CODE_TEMPORARY, "21", "temporary trouble, try again"},
	{CODE_DUPLICATE, "30", "duplicate reference"},
	{CODE_KEY, "40", "bad key"},
};

static size_t
place_of(enum code c)
{
	size_t i = 0;

	while (codes[i].code != c)
		i++;
	return i;
}

const char *
code_name(enum code c)
{
	return codes[place_of(c)].name;
}

const char *
code_message(enum code c)
{
	return codes[place_of(c)].message;
}

static void
put_code(struct bytes *b, enum code c)
{
	bytes_str(b, "\"code\":\"");
	bytes_str(b, code_name(c));
	bytes_str(b, "\"");
}

static void
put_id(struct bytes *b, uint64_t id)
{
	if (id == 0)
		return;
	bytes_str(b, ",\"id\":\"gw-");
	bytes_number(b, id);
	bytes_str(b, "\"");
}

void
answer_error(struct reply *r, enum code c, const char *message)
{
	struct bytes *b = &r->body;

	b->n = 0;
	bytes_str(b, "{");
	put_code(b, c);
	bytes_str(b, ",\"message\":\"");
	bytes_str(b, message);
	bytes_str(b, "\"}");
}

static void
answer_single(struct bytes *b, struct verdict v)
{
	bytes_str(b, "{");
	put_code(b, v.code);
	put_id(b, v.id);
	if (v.code != CODE_ACCEPTED) {
		bytes_str(b, ",\"message\":\"");
		bytes_str(b, code_message(v.code));
		bytes_str(b, "\"");
	}
	bytes_str(b, "}");
}

static void
shuffle(struct gateway *g, struct message *messages, size_t n)
{
	for (size_t i = n; i > 1; i--) {
		size_t k = (size_t)chance_below(&g->chance, i);
		struct message m = messages[i - 1];
		struct verdict v = g->verdicts[i - 1];

		messages[i - 1] = messages[k];
		messages[k] = m;
		g->verdicts[i - 1] = g->verdicts[k];
		g->verdicts[k] = v;
	}
}

static void
answer_batch(struct gateway *g, const struct request *q, struct bytes *b)
{
	if (g->settings.shuffle)
		shuffle(g, q->messages, q->count);
	bytes_str(b, "{\"code\":\"0\",\"results\":[");
	for (size_t i = 0; i < q->count; i++) {
		bytes_str(b, i == 0 ? "{" : ",{");
		if (q->messages[i].ref.p != NULL) {
			bytes_str(b, "\"ref\":");
			bytes_json(b, q->messages[i].ref);
			bytes_str(b, ",");
		}
		put_code(b, g->verdicts[i].code);
		put_id(b, g->verdicts[i].id);
		bytes_str(b, "}");
	}
	bytes_str(b, "]}");
}

static void
answer_bulk(struct gateway *g, const struct request *q, struct bytes *b)
{
	uint64_t id = 0;
	bool is_first = true;

	for (size_t i = 0; i < q->count && id == 0; i++)
		id = g->verdicts[i].id;
	bytes_str(b, "{\"code\":\"0\"");
	put_id(b, id);
	bytes_str(b, ",\"refused\":[");
	for (size_t i = 0; i < q->count; i++) {
		if (g->verdicts[i].code == CODE_ACCEPTED)
			continue;
		bytes_str(b, is_first ? "" : ",");
		is_first = false;
		bytes_json(b, q->messages[i].to);
	}
	bytes_str(b, "]}");
}

void
answer_verdicts(struct gateway *g, const struct request *q, struct reply *r)
{
	struct bytes *b = &r->body;

	b->n = 0;
	switch (q->dialect) {
	case DIALECT_SEND:
		answer_single(b, g->verdicts[0]);
		return;
	case DIALECT_BATCH:
		answer_batch(g, q, b);
		return;
	case DIALECT_BULK:
		answer_bulk(g, q, b);
		return;
	case DIALECT_ESMS_CSKH:
	case DIALECT_ESMS_QC:
	case DIALECT_ESMS_POLL:
		return;
	}
}
