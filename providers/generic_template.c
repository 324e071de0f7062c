/* SPDX-License-Identifier: MIT */
/*
 * Request templates. A JSON value whose strings hold ${variables} becomes, at
 * open, a flat list of pieces over one pool of literals that are already
 * escaped; rendering walks the list and escapes what the variables bring. No
 * text is ever substituted into JSON text, so a request is well-formed
 * whatever a name or a message contains.
 *
 *   {"to": "${phone}", "cb": "${receipt_url}"}
 *     LITERAL {"to":"   VAR phone   LITERAL "   OPTIONAL receipt_url →┐
 *     COMMA ,   LITERAL "cb":"   VAR receipt_url   LITERAL "   ◄──────┘ LITERAL }
 */
#include <stdio.h>
#include <string.h>

#include "providers/generic.h"

#define PIECES_MAX 400

static const char *const var_names[VARS] = {
	[VAR_PHONE] = "phone",
	[VAR_PHONE_LOCAL] = "phone_local",
	[VAR_TEXT] = "text",
	[VAR_REFERENCE] = "reference",
	[VAR_REQUEST_REFERENCE] = "request_reference",
	[VAR_BRANDNAME] = "brandname",
	[VAR_RECEIPT_URL] = "receipt_url",
	[VAR_CAMPAIGN] = "campaign",
	[VAR_IS_UNICODE] = "is_unicode",
	[VAR_USER] = "user",
	[VAR_PASSWORD] = "password",
};

/* ---- compile ---- */

struct compiler {
	struct piece pieces[PIECES_MAX];
	size_t count;
	struct wire_out literals;
	enum escape escape;
	bool is_form; /* members are name=value&… */
	bool in_each;
	bool has_boundary; /* a jump ends here: the last literal must not grow */
	struct request_template *out;
	struct err_ctx *e;
};

static enum err compile_value(struct compiler *c, const struct json_at *at);

static enum err
bad(struct compiler *c, const struct json_at *at, const char *todo, const char *why)
{
	return err_set(c->e, ERR_INPUT, at->path, todo, "%s", why);
}

static struct piece *
add_piece(struct compiler *c, enum piece_kind kind)
{
	struct piece *p = &c->pieces[c->count < PIECES_MAX ? c->count : PIECES_MAX - 1];

	c->count++; /* beyond PIECES_MAX: finish() refuses */
	c->has_boundary = false;
	*p = (struct piece){.kind = kind, .at = (uint32_t)c->literals.len};
	return p;
}

static void
add_escaped(struct compiler *c, struct slice s)
{
	switch (c->escape) {
	case ESCAPE_JSON:
		wire_add_json(&c->literals, s);
		break;
	case ESCAPE_FORM:
		wire_add_form(&c->literals, s);
		break;
	case ESCAPE_PERCENT:
		wire_add_percent(&c->literals, s);
		break;
	case ESCAPE_HEADER:
		wire_add(&c->literals, s);
		break;
	}
}

/* Take what was added to the pool since `from` into a literal piece. */
static void
literal_since(struct compiler *c, size_t from)
{
	uint32_t n = (uint32_t)(c->literals.len - from);
	struct piece *last =
		c->count > 0 && c->count <= PIECES_MAX ? &c->pieces[c->count - 1] : NULL;

	if (n == 0)
		return;
	if (last != NULL && last->kind == PIECE_LITERAL && !c->has_boundary &&
	    last->at + last->n == from) {
		last->n += n;
		return;
	}
	last = add_piece(c, PIECE_LITERAL);
	last->at = (uint32_t)from;
	last->n = n;
}

static void
add_raw(struct compiler *c, const char *s)
{
	size_t from = c->literals.len;

	wire_add(&c->literals, slice_of(s));
	literal_since(c, from);
}

static void
add_text(struct compiler *c, struct slice s)
{
	size_t from = c->literals.len;

	add_escaped(c, s);
	literal_since(c, from);
}

static void
end_jump(struct compiler *c, size_t piece)
{
	if (piece < PIECES_MAX)
		c->pieces[piece].jump = (uint32_t)c->count;
	c->has_boundary = true;
}

static enum err
find_var(struct compiler *c, const struct json_at *at, struct slice name, enum var *out)
{
	char word[40], todo[120];
	const char *near_name;

	for (size_t i = 0; i < VARS; i++) {
		if (slice_is(name, var_names[i])) {
			*out = (enum var)i;
			return ERR_OK;
		}
	}
	snprintf(word, sizeof(word), "%.*s", (int)(name.n < 39 ? name.n : 39), name.p);
	near_name = nearest_name(word, var_names, VARS);
	snprintf(todo, sizeof(todo), "did you mean ${%s}?",
		 near_name != NULL ? near_name : var_names[0]);
	return err_set(c->e, ERR_INPUT, at->path, todo, "there is no variable ${%s}", word);
}

/* The inside of a string: literals and ${variables}. */
static enum err
compile_string(struct compiler *c, const struct json_at *at, const char *s, bool is_raw)
{
	for (;;) {
		const char *open = strstr(s, "${"), *end;
		struct slice text = {s, open != NULL ? (size_t)(open - s) : strlen(s)};
		enum var var = VARS;
		enum err rc;

		if (is_raw) {
			size_t from = c->literals.len;

			wire_add(&c->literals, text);
			literal_since(c, from);
		} else {
			add_text(c, text);
		}
		if (open == NULL)
			return ERR_OK;
		end = strchr(open, '}');
		if (end == NULL)
			return bad(c, at, "close it with }", "has a ${ without its }");
		rc = find_var(c, at, (struct slice){open + 2, (size_t)(end - open - 2)}, &var);
		if (rc != ERR_OK)
			return rc;
		add_piece(c, PIECE_VAR)->var = var;
		*(c->in_each ? &c->out->each_vars : &c->out->outer_vars) |= VAR_BIT(var);
		s = end + 1;
	}
}

/* A string that is exactly one variable which may be empty: its member is left out then. */
static bool
is_optional(const json_t *v, enum var *out)
{
	static const enum var optional[] = {VAR_BRANDNAME, VAR_RECEIPT_URL, VAR_CAMPAIGN};
	char want[40];

	for (size_t i = 0; json_is_string(v) && i < ARRAY_LEN(optional); i++) {
		snprintf(want, sizeof(want), "${%s}", var_names[optional[i]]);
		if (strcmp(json_string_value(v), want) == 0) {
			*out = optional[i];
			return true;
		}
	}
	return false;
}

/* A string, number or boolean without variables, as it stands in the request. */
static enum err
add_scalar(struct compiler *c, const struct json_at *at)
{
	struct buf tmp = {0};

	if (!c->is_form) {
		json_add_value(&tmp, at->v);
		wire_add(&c->literals, buf_slice(&tmp));
		buf_free(&tmp);
		return ERR_OK;
	}
	if (json_is_string(at->v)) {
		add_escaped(c, slice_of(json_string_value(at->v)));
		return ERR_OK;
	}
	if (!json_is_number(at->v) && !json_is_boolean(at->v))
		return bad(c, at, "use a text, a number, true or false",
			   "a form has no nested values");
	json_add_value(&tmp, at->v);
	add_escaped(c, buf_slice(&tmp));
	buf_free(&tmp);
	return ERR_OK;
}

/* {"$if_unicode": X, "$else": Y}: one of two fixed values. */
static enum err
compile_choice(struct compiler *c, const struct json_at *at)
{
	static const char *const keys[] = {"$if_unicode", "$else"};
	struct json_at yes = json_get(at, keys[0]), no = json_get(at, keys[1]);
	size_t from = c->literals.len, middle;
	struct piece *p;
	enum err rc = json_only_keys(at, keys, ARRAY_LEN(keys), c->e);

	if (rc != ERR_OK)
		return rc;
	if (no.v == NULL)
		return bad(c, at, "add it", "lacks \"$else\"");
	rc = add_scalar(c, &yes);
	middle = c->literals.len;
	if (rc == ERR_OK)
		rc = add_scalar(c, &no);
	p = add_piece(c, PIECE_CHOICE);
	p->at = (uint32_t)from;
	p->n = (uint32_t)(middle - from);
	p->at2 = (uint32_t)middle;
	p->n2 = (uint32_t)(c->literals.len - middle);
	*(c->in_each ? &c->out->each_vars : &c->out->outer_vars) |= VAR_BIT(VAR_IS_UNICODE);
	return rc;
}

/* {"$each": item}: an array of items; with "$join", one string of them. */
static enum err
compile_each(struct compiler *c, const struct json_at *at)
{
	static const char *const keys[] = {"$each", "$join"};
	struct json_at item = json_get(at, keys[0]), join = json_get(at, keys[1]);
	const char *separator = NULL;
	bool has_quotes;
	size_t index;
	enum err rc = json_only_keys(at, keys, ARRAY_LEN(keys), c->e);

	if (rc == ERR_OK)
		rc = json_read_string(&join, &separator, c->e);
	if (rc != ERR_OK)
		return rc;
	if (c->in_each)
		return bad(c, at, "", "stands inside another \"$each\"");
	if (separator == NULL && c->is_form)
		return bad(c, at, "add \"$join\": \",\"", "a form has no lists");
	if (separator != NULL && !json_is_string(item.v))
		return bad(c, &item, "", "must be a text where there is a \"$join\"");
	has_quotes = separator != NULL && !c->is_form;
	add_raw(c, separator == NULL ? "[" : has_quotes ? "\"" : "");
	index = c->count;
	add_piece(c, PIECE_EACH);
	if (separator != NULL)
		add_escaped(c, slice_of(separator));
	else
		wire_addc(&c->literals, ',');
	if (index < PIECES_MAX)
		c->pieces[index].n = (uint32_t)(c->literals.len - c->pieces[index].at);
	c->in_each = c->out->has_each = true;
	rc = separator != NULL ? compile_string(c, &item, json_string_value(item.v), false)
			       : compile_value(c, &item);
	c->in_each = false;
	end_jump(c, index);
	add_raw(c, separator == NULL ? "]" : has_quotes ? "\"" : "");
	return rc;
}

/* Members of an object or of a form, without the braces. */
static enum err
compile_members(struct compiler *c, const struct json_at *at)
{
	const char *separator = c->is_form ? "&" : ",", *key;
	bool has_optional = false, is_first = true;
	enum var var;
	json_t *v;

	json_object_foreach (at->v, key, v)
		has_optional |= is_optional(v, &var);
	json_object_foreach (at->v, key, v) {
		struct json_at member = json_get(at, key);
		bool may_go = is_optional(v, &var);
		size_t index = c->count;
		enum err rc;

		if (key[0] == '$')
			return bad(c, &member, "known: $each with $join, $if_unicode with $else",
				   "is no special member, or has no place here");
		if (may_go)
			add_piece(c, PIECE_OPTIONAL)->var = var;
		if (has_optional) {
			add_piece(c, PIECE_COMMA)->n = 1;
			wire_add(&c->literals, slice_of(separator));
		} else if (!is_first) {
			add_raw(c, separator);
		}
		is_first = false;
		add_raw(c, c->is_form ? "" : "\"");
		add_text(c, slice_of(key));
		add_raw(c, c->is_form ? "=" : "\":");
		rc = compile_value(c, &member);
		if (rc != ERR_OK)
			return rc;
		if (may_go)
			end_jump(c, index);
	}
	return ERR_OK;
}

static enum err
compile_array(struct compiler *c, const struct json_at *at)
{
	size_t i;
	json_t *v;

	add_raw(c, "[");
	json_array_foreach (at->v, i, v) {
		struct json_at item = json_item(at, i);
		enum err rc;

		add_raw(c, i > 0 ? "," : "");
		rc = compile_value(c, &item);
		if (rc != ERR_OK)
			return rc;
	}
	add_raw(c, "]");
	return ERR_OK;
}

static enum err
compile_value(struct compiler *c, const struct json_at *at)
{
	size_t from = c->literals.len;
	enum err rc;

	if (json_is_string(at->v)) {
		add_raw(c, c->is_form ? "" : "\"");
		rc = compile_string(c, at, json_string_value(at->v), false);
		add_raw(c, c->is_form ? "" : "\"");
		return rc;
	}
	if (json_object_get(at->v, "$each") != NULL)
		return compile_each(c, at);
	if (json_object_get(at->v, "$if_unicode") != NULL)
		return compile_choice(c, at);
	if (json_is_object(at->v) && !c->is_form) {
		add_raw(c, "{");
		rc = compile_members(c, at);
		add_raw(c, "}");
		return rc;
	}
	if (json_is_array(at->v) && !c->is_form)
		return compile_array(c, at);
	rc = add_scalar(c, at);
	if (rc == ERR_OK)
		literal_since(c, from);
	return rc;
}

static void
start(struct compiler *c, enum escape escape, struct arena *a, struct request_template *out,
      struct err_ctx *e)
{
	c->count = 0;
	c->literals = wire_out_new(a, 1024);
	c->escape = escape;
	c->is_form = escape != ESCAPE_JSON;
	c->in_each = c->has_boundary = false;
	c->out = out;
	c->e = e;
	*out = (struct request_template){.escape = escape};
}

static enum err
finish(struct compiler *c, const struct json_at *at, enum err rc)
{
	struct piece *copy;

	if (rc != ERR_OK)
		return rc;
	if (c->count > PIECES_MAX)
		return bad(c, at, "make it smaller", "has too many members and variables");
	copy = arena_alloc(c->literals.arena, (c->count + 1) * sizeof(*copy));
	memcpy(copy, c->pieces, c->count * sizeof(*copy));
	c->out->pieces = copy;
	c->out->count = c->count;
	c->out->literals = c->literals.p;
	c->out->literal_bytes = c->literals.len;
	return ERR_OK;
}

enum err
request_template_compile_json(const struct json_at *at, struct arena *a,
			      struct request_template *out, struct err_ctx *e)
{
	struct compiler c;

	start(&c, ESCAPE_JSON, a, out, e);
	return finish(&c, at, compile_value(&c, at));
}

enum err
request_template_compile_form(const struct json_at *at, enum escape escape, struct arena *a,
			      struct request_template *out, struct err_ctx *e)
{
	struct compiler c;
	enum err rc = json_want_object(at, e);

	start(&c, escape, a, out, e);
	return rc != ERR_OK ? rc : finish(&c, at, compile_members(&c, at));
}

enum err
request_template_compile_text(const struct json_at *at, enum escape escape, struct arena *a,
			      struct request_template *out, struct err_ctx *e)
{
	const char *s = NULL;
	struct compiler c;
	enum err rc = json_need_string(at, &s, e);

	start(&c, escape, a, out, e);
	return rc != ERR_OK ? rc : finish(&c, at, compile_string(&c, at, s, true));
}

/* ---- render ---- */

struct renderer {
	const struct request_template *t;
	const struct provider *p;
	const struct batch *b;
	const struct out_message *m; /* the current one; outside $each the first */
	bool is_unicode;	     /* of m; outside $each of any */
	size_t start;		     /* length of out before this template */
	struct wire_out *out;
};

static struct slice
var_value(const struct renderer *r, enum var var)
{
	switch (var) {
	case VAR_PHONE:
	case VAR_PHONE_LOCAL:
		return r->m->phone;
	case VAR_TEXT:
		return r->m->text;
	case VAR_REFERENCE:
		return r->m->reference;
	case VAR_REQUEST_REFERENCE:
		return r->b->reference;
	case VAR_BRANDNAME:
		return r->b->brandname;
	case VAR_RECEIPT_URL:
		return r->b->receipt_url;
	case VAR_CAMPAIGN:
		return r->b->campaign;
	case VAR_IS_UNICODE:
		return r->is_unicode ? SLICE("1") : SLICE("0");
	case VAR_USER:
		return (struct slice){r->p->user.bytes, r->p->user.n};
	case VAR_PASSWORD:
		return (struct slice){r->p->password.bytes, r->p->password.n};
	case VARS:
		break;
	}
	return (struct slice){0};
}

static void
render_var(const struct renderer *r, enum var var)
{
	struct slice s = var_value(r, var);

	if (var == VAR_PHONE_LOCAL && s.n > 2) {
		wire_addc(r->out, '0');
		s.p += 2;
		s.n -= 2;
	}
	switch (r->t->escape) {
	case ESCAPE_JSON:
		wire_add_json(r->out, s);
		break;
	case ESCAPE_FORM:
		wire_add_form(r->out, s);
		break;
	case ESCAPE_PERCENT:
		wire_add_percent(r->out, s);
		break;
	case ESCAPE_HEADER:
		wire_add(r->out, s);
		break;
	}
}

static void
render_literal(const struct renderer *r, size_t at, size_t n)
{
	wire_add(r->out, (struct slice){r->t->literals + at, n});
}

static void render_pieces(struct renderer *r, size_t from, size_t to);

static void
render_each(struct renderer *r, size_t at)
{
	const struct piece *piece = &r->t->pieces[at];
	bool is_any_unicode = r->is_unicode;

	for (size_t i = 0; i < r->b->count; i++) {
		r->m = &r->b->messages[i];
		r->is_unicode = r->m->is_unicode;
		if (i > 0)
			render_literal(r, piece->at, piece->n);
		render_pieces(r, at + 1, piece->jump);
	}
	r->m = r->b->messages;
	r->is_unicode = is_any_unicode;
}

static void
render_pieces(struct renderer *r, size_t from, size_t to)
{
	for (size_t i = from; i < to; i++) {
		const struct piece *piece = &r->t->pieces[i];

		switch (piece->kind) {
		case PIECE_LITERAL:
			render_literal(r, piece->at, piece->n);
			break;
		case PIECE_VAR:
			render_var(r, piece->var);
			break;
		case PIECE_CHOICE:
			if (r->is_unicode)
				render_literal(r, piece->at, piece->n);
			else
				render_literal(r, piece->at2, piece->n2);
			break;
		case PIECE_COMMA:
			if (r->out->len > r->start && r->out->p[r->out->len - 1] != '{')
				render_literal(r, piece->at, piece->n);
			break;
		case PIECE_OPTIONAL:
			if (var_value(r, piece->var).n == 0)
				i = piece->jump - 1;
			break;
		case PIECE_EACH:
			render_each(r, i);
			i = piece->jump - 1;
			break;
		}
	}
}

void
request_template_render(const struct request_template *t, const struct provider *p,
			const struct batch *b, struct wire_out *out)
{
	struct renderer r = {
		.t = t, .p = p, .b = b, .m = b->messages, .start = out->len, .out = out};

	for (size_t i = 0; i < b->count && !r.is_unicode; i++)
		r.is_unicode = b->messages[i].is_unicode;
	render_pieces(&r, 0, t->count);
}
