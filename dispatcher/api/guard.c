/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/guard.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "dispatcher/run/reference.h"
#include "segments/query.h"

#define BODY_MAX (1u << 20)

struct collector {
	struct http_exchange *x;
	const uint8_t *key;
	const json_t *body; /* NULL = none that is an object */
	struct guard_objects *out;
};

static void
add(struct collector *c, const char *kind, enum use use, struct slice name)
{
	struct guard_objects *out = c->out;
	char *copy;

	for (size_t i = 0; i < out->n; i++)
		if (out->v[i].use == use && strcmp(out->v[i].kind, kind) == 0 &&
		    slice_is(name, out->v[i].name))
			return;
	if (out->n == GUARD_OBJECTS_MAX) {
		out->is_full = true;
		return;
	}
	copy = http_room(c->x, name.n + 1);
	memcpy(copy, name.p, name.n);
	out->v[out->n++] = (struct guard_object){kind, use, copy};
}

static void
add_text(struct collector *c, const char *kind, enum use use, const char *name)
{
	if (name != NULL && name[0] != '\0')
		add(c, kind, use, slice_of(name));
}

/* A text, or a number. */
static void
add_value(struct collector *c, const char *kind, enum use use, const json_t *v)
{
	char number[24];

	if (json_is_integer(v)) {
		snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		add_text(c, kind, use, number);
	} else {
		add_text(c, kind, use, json_string_value(v));
	}
}

static void
add_member(struct collector *c, const char *kind, enum use use, const char *key)
{
	add_value(c, kind, use, json_object_get(c->body, key));
}

/* Where something new comes to. */
static void
add_unit(struct collector *c, const char *key)
{
	add_member(c, "unit", USE_PLACE, key);
}

/* What a query asks for besides its list. One that is wrong is the handler's. */
static void
add_query(struct collector *c, const char *text)
{
	struct query *q = text != NULL ? query_parse(slice_of(text), NULL) : NULL;

	if (q == NULL)
		return;
	for (size_t i = 0; i < query_external_count(q); i++) {
		const struct query_external *e = query_external(q, i);

		add(c, e->kind == QUERY_IN_LIST ? "list" : "campaign", USE_OWN, e->args[0]);
	}
	for (size_t i = 0; i < query_segment_count(q); i++)
		add(c, "segment", USE_ROWS, query_segment(q, i)->name);
	query_free(q);
}

static void
take_template(struct collector *c, const json_t *message)
{
	add_value(c, "template", USE_READ, json_object_get(message, "template"));
}

static void
take_messages(struct collector *c)
{
	json_t *one;
	size_t i;

	add_unit(c, "unit");
	take_template(c, c->body);
	json_array_foreach (json_object_get(c->body, "messages"), i, one)
		take_template(c, one);
}

static void
take_campaign(struct collector *c)
{
	json_t *one;
	size_t i;

	add_member(c, "template", USE_READ, "template");
	json_array_foreach (json_object_get(c->body, "segments"), i, one)
		add_value(c, "segment", USE_ROWS, one);
	add_unit(c, "unit");
}

/* all and class:… concern everybody. */
static void
take_scope(struct collector *c)
{
	const char *scope = json_string_value(json_object_get(c->body, "scope"));

	if (scope != NULL && strncmp(scope, "unit:", 5) == 0)
		add_text(c, "unit", USE_PLACE, scope + 5);
	else
		add_text(c, "root", USE_OWN, "1");
}

static void
take_message(struct collector *c)
{
	struct reference at;
	char run[24];

	if (!reference_decode(slice_of(http_param(c->x, "id")), c->key, &at))
		return;
	snprintf(run, sizeof(run), "%" PRIu64, (uint64_t)at.run);
	add_text(c, "run", USE_OWN, run);
}

static void
take_query(struct collector *c)
{
	const char *list = http_query(c->x, "list"), *text = http_query(c->x, "query");

	add_text(c, "list", USE_OWN, list);
	add_query(c, text);
	add_member(c, "list", USE_OWN, "list");
	add_query(c, json_string_value(json_object_get(c->body, "query")));
}

/* Other kinds are the handler's to refuse. */
static void
take_thing(struct collector *c)
{
	static const char *const kinds[] = {"list", "segment", "template", "campaign"};
	const char *kind = json_string_value(json_object_get(c->body, "kind"));

	for (size_t i = 0; kind != NULL && i < ARRAY_LEN(kinds); i++)
		if (strcmp(kind, kinds[i]) == 0)
			add_member(c, kinds[i], USE_OWN, "name");
}

/* What stands in the path, by guard; kind NULL = nothing. */
static const struct path_object {
	const char *kind, *param;
	enum use use;
} of_path[GUARDS] = {
	[GUARD_LIST] = {"list", "name", USE_OWN},
	[GUARD_LIST_WHERE] = {"list", "name", USE_OWN},
	[GUARD_SEGMENT] = {"segment", "name", USE_READ},
	[GUARD_SEGMENT_RM] = {"segment", "name", USE_OWN},
	[GUARD_SEGMENT_ROWS] = {"segment", "name", USE_ROWS},
	[GUARD_SEGMENT_SAVE] = {"segment", "name", USE_MAKE},
	[GUARD_TEMPLATE] = {"template", "name", USE_READ},
	[GUARD_TEMPLATE_SAVE] = {"template", "name", USE_MAKE},
	[GUARD_CAMPAIGN] = {"campaign", "id", USE_OWN},
	[GUARD_CAMPAIGN_EDIT] = {"campaign", "id", USE_OWN},
	[GUARD_USER] = {"user", "name", USE_OWN},
	[GUARD_UNIT] = {"unit", "id", USE_OWN},
	[GUARD_UNIT_GIVE] = {"unit", "id", USE_PLACE},
	[GUARD_TOKEN] = {"token", "id", USE_OWN},
	[GUARD_FREEZE] = {"freeze", "id", USE_OWN},
	[GUARD_ALERT] = {"alert", "id", USE_OWN},
};

static bool
reads_body(unsigned guard)
{
	switch (guard) {
	case GUARD_LIST_WHERE:
	case GUARD_IMPORT:
	case GUARD_SEGMENT_SAVE:
	case GUARD_QUERY:
	case GUARD_PATTERN_CHECK:
	case GUARD_CAMPAIGN_EDIT:
	case GUARD_CAMPAIGN_MAKE:
	case GUARD_MESSAGE_MAKE:
	case GUARD_SCOPE:
	case GUARD_DEPUTY:
	case GUARD_USER:
	case GUARD_USER_MAKE:
	case GUARD_UNIT:
	case GUARD_UNIT_MAKE:
	case GUARD_UNIT_GIVE:
	case GUARD_TOKEN_MAKE:
	case GUARD_FREEZE_MAKE:
		return true;
	default:
		return false;
	}
}

static void
take_body(struct collector *c, unsigned guard)
{
	switch (guard) {
	case GUARD_LIST_WHERE:
		add_query(c, json_string_value(json_object_get(c->body, "where")));
		break;
	case GUARD_IMPORT:
		add_member(c, "list", USE_MAKE, "list");
		add_unit(c, "unit");
		break;
	case GUARD_SEGMENT_SAVE:
		take_query(c);
		add_unit(c, "unit");
		break;
	case GUARD_QUERY:
		take_query(c);
		break;
	case GUARD_PATTERN_CHECK:
		add_member(c, "list", USE_OWN, "list");
		break;
	case GUARD_CAMPAIGN_EDIT:
	case GUARD_CAMPAIGN_MAKE:
		take_campaign(c);
		break;
	case GUARD_MESSAGE_MAKE:
		take_messages(c);
		break;
	case GUARD_SCOPE:
		take_scope(c);
		break;
	case GUARD_DEPUTY:
		add_member(c, "user", USE_OWN, "deputy");
		add_member(c, "user", USE_OWN, "of");
		break;
	case GUARD_USER:
	case GUARD_USER_MAKE:
	case GUARD_FREEZE_MAKE:
		add_unit(c, "unit");
		break;
	case GUARD_UNIT:
	case GUARD_UNIT_MAKE:
		add_unit(c, "under");
		break;
	case GUARD_UNIT_GIVE:
		take_thing(c);
		break;
	case GUARD_TOKEN_MAKE:
		add_member(c, "user", USE_OWN, "user");
		break;
	default:
		break;
	}
}

void
guard_collect(struct http_exchange *x, const uint8_t key[32], struct guard_objects *out)
{
	unsigned guard = http_route(x)->guard;
	const struct path_object *p = &of_path[guard < GUARDS ? guard : 0];
	struct collector c = {.x = x, .key = key, .out = out};
	json_t *body = NULL;
	struct err_ctx e;

	*out = (struct guard_objects){0};
	if (p->kind != NULL)
		add_text(&c, p->kind, p->use, http_param(x, p->param));
	if (guard == GUARD_ROOT)
		add_text(&c, "root", USE_OWN, "1");
	if (guard == GUARD_MESSAGE)
		take_message(&c);
	if (guard == GUARD_EXPLAIN)
		add_text(&c, "campaign", USE_OWN, http_query(x, "campaign"));
	if (guard == GUARD_TEMPLATE_SAVE)
		add_text(&c, "unit", USE_PLACE, http_query(x, "unit"));
	if (!reads_body(guard))
		return;
	if (http_body(x).n > 0 && json_parse(http_body(x), BODY_MAX, "body", &body, &e) == ERR_OK)
		c.body = body;
	take_body(&c, guard);
	json_decref(body);
}

bool
guard_wants_below(unsigned guard)
{
	return guard == GUARD_LISTED || guard == GUARD_EXPLAIN;
}
