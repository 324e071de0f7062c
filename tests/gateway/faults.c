/* SPDX-License-Identifier: MIT */
/* Misbehaviour: which, and how it is done. Faults are drawn in the order of the tables. */
#include "tests/gateway/gateway.h"

#include <string.h>

static const char *const fault_names[] = {"none",    "reset", "fin",	 "html502", "half-answer",
					  "garbage", "hang",  "http500", "gone",    "throttle"};

enum fault
fault_draw_before(struct gateway *g)
{
	const struct settings *s = &g->settings;

	if (chance_hits(&g->chance, s->reset_before))
		return FAULT_RESET;
	if (chance_hits(&g->chance, s->html502_before))
		return FAULT_HTML502;
	return chance_hits(&g->chance, s->hang) ? FAULT_HANG : FAULT_NONE;
}

enum fault
fault_draw_after(struct gateway *g, uint64_t nth)
{
	const struct settings *s = &g->settings;

	if (s->close_after > 0 && nth == (uint64_t)s->close_after)
		return FAULT_FIN;
	if (s->close_after_rst > 0 && nth == (uint64_t)s->close_after_rst)
		return FAULT_RESET;
	if (chance_hits(&g->chance, s->reset_after))
		return FAULT_RESET;
	if (chance_hits(&g->chance, s->fin_after))
		return FAULT_FIN;
	if (chance_hits(&g->chance, s->html502_after))
		return FAULT_HTML502;
	if (chance_hits(&g->chance, s->half_answer))
		return FAULT_HALF;
	if (chance_hits(&g->chance, s->garbage))
		return FAULT_GARBAGE;
	return chance_hits(&g->chance, s->hang_after) ? FAULT_HANG : FAULT_NONE;
}

static void
answer_html502(struct reply *r)
{
	r->status = 502;
	r->type = "text/html";
	r->headers = NULL;
	r->body.n = 0;
	bytes_str(&r->body, "<html><head><title>502 Bad Gateway</title></head><body>"
			    "<h1>502 Bad Gateway</h1></body></html>\n");
}

/* Which says nothing of what became of the request. */
static void
answer_http500(struct reply *r)
{
	r->status = 500;
	r->headers = NULL;
	r->body.n = 0;
	bytes_str(&r->body, "{\"message\":\"Internal Server Error\"}");
}

/* Four ways to say nothing: JSON that ends early, JSON of another shape, bytes instead of JSON,
 * bytes instead of HTTP. */
static void
answer_garbage(struct gateway *g, struct reply *r)
{
	static const char zeros[24];
	struct bytes *b = &r->body;

	switch (chance_below(&g->chance, 4)) {
	case 0:
		b->n = b->n / 2;
		return;
	case 1:
		b->n = 0;
		bytes_str(b, "[null,{\"code\":[\"0\"]},0]");
		return;
	case 2:
		b->n = 0;
		bytes_add(b, zeros, sizeof(zeros));
		for (size_t i = 0; i < b->n; i++)
			b->p[i] = (char)chance_next(&g->chance);
		return;
	default:
		b->n = 0;
		bytes_str(b, "\x15\x03\x01\x02\x16 no HTTP at all\r\n\r\n");
		r->fate = FATE_RAW;
	}
}

static void
note(struct job *j, enum fault f, bool is_after)
{
	struct entry e = {.event = "fault",
			  .at_us = j->now_us,
			  .wall_us = j->wall_us,
			  .request = j->number,
			  .connection = j->asked->connection,
			  .dialect = dialect_name(j->dialect),
			  .why = fault_names[f],
			  .extra = is_after ? ",\"when\":\"after\"" : ",\"when\":\"before\""};

	ledger_add(&j->g->ledger, &e);
	j->g->stats.faults++;
}

void
fault_do(struct job *j, enum fault f, bool is_after)
{
	struct reply *r = j->reply;

	note(j, f, is_after);
	switch (f) {
	case FAULT_NONE:
		return;
	case FAULT_RESET:
		r->fate = FATE_RESET;
		return;
	case FAULT_FIN:
		r->fate = FATE_FIN;
		return;
	case FAULT_HTML502:
		answer_html502(r);
		return;
	case FAULT_HALF:
		r->fate = FATE_HALF;
		return;
	case FAULT_GARBAGE:
		answer_garbage(j->g, r);
		return;
	case FAULT_HANG:
		r->fate = FATE_HANG;
		return;
	case FAULT_HTTP500:
		answer_http500(r);
		return;
	case FAULT_GONE:
		r->fate = FATE_GONE;
		return;
	case FAULT_THROTTLE:
		r->status = 429;
		r->headers = "Retry-After: 1\r\n";
		answer_error(r, CODE_FAST, code_message(CODE_FAST));
		return;
	}
}
