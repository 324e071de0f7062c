/* SPDX-License-Identifier: MIT */
/*
 * The generic driver: speaks any HTTP gateway that takes JSON, form or GET
 * requests, from configuration alone (docs/formats/generic.md). This file has
 * the driver table, open and encode; providers/generic.h says where the rest
 * is. Invariant: a request is well-formed and complete, or there is none. It
 * does not renew credentials, poll, or read replies.
 */
#include "providers/generic.h"

#include <stdio.h>
#include <stdlib.h>

static void
generic_close(struct provider *p)
{
	if (p == NULL)
		return;
	wire_secret_clear(&p->user);
	wire_secret_clear(&p->password);
	wire_secret_clear(&p->basic);
	arena_free(&p->arena);
	free(p);
}

static enum err
generic_open(const struct json_at *settings, struct provider **out, struct err_ctx *e)
{
	struct provider *p = xcalloc(1, sizeof(*p));
	enum err rc = generic_read_settings(settings, p, e);

	*out = NULL;
	if (rc == ERR_OK) {
		rc = generic_check(p, e);
		if (rc != ERR_OK && e != NULL && settings->path[0] != '\0') {
			char what[sizeof(e->what)];

			snprintf(what, sizeof(what), "%.100s.%.50s", settings->path, e->what);
			memcpy(e->what, what, sizeof(what));
		}
	}
	if (rc != ERR_OK) {
		generic_close(p);
		return rc;
	}
	*out = p;
	return ERR_OK;
}

static const struct capability *
generic_capability(const struct provider *p)
{
	return &p->capability;
}

/* ---- encode ---- */

static enum err
cannot(struct err_ctx *e, const char *what, const char *why)
{
	return err_set(e, ERR_INPUT, what, "", "%s", why);
}

static bool
is_phone(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	return s.n >= 8 && s.n <= 15;
}

static enum err
judge_message(const struct provider *p, const struct out_message *m, uint32_t vars,
	      struct err_ctx *e)
{
	if (!is_phone(m->phone))
		return cannot(e, "phone", "is no number with a country code");
	if ((vars & VAR_BIT(VAR_PHONE_LOCAL)) != 0 && memcmp(m->phone.p, "84", 2) != 0)
		return cannot(e, "phone", "is not Vietnamese, this gateway takes only 0… numbers");
	if (m->text.n == 0)
		return cannot(e, "text", "is empty");
	if (m->is_unicode && !p->capability.has_unicode)
		return cannot(e, "text", "has accents, this gateway takes none");
	if ((vars & VAR_BIT(VAR_REFERENCE)) != 0 && m->reference.n == 0)
		return cannot(e, "reference", "is empty");
	return ERR_OK;
}

static enum err
judge_batch(const struct provider *p, const struct batch *b, struct err_ctx *e)
{
	uint32_t vars = generic_vars(p, false) | generic_vars(p, true);

	if (b->count < p->capability.batch_min || b->count > p->capability.batch_max)
		return err_set(e, ERR_INPUT, "batch", "",
			       "has %zu messages, this gateway takes "
			       "%u to %u",
			       b->count, p->capability.batch_min, p->capability.batch_max);
	if ((vars & VAR_BIT(VAR_REQUEST_REFERENCE)) != 0 && b->reference.n == 0)
		return cannot(e, "reference", "of the request is empty");
	for (size_t i = 0; i < b->count; i++) {
		enum err rc = judge_message(p, &b->messages[i], vars, e);

		if (rc != ERR_OK)
			return rc;
		if (p->capability.shape == SHAPE_ONE_TEXT &&
		    !slice_eq(b->messages[i].text, b->messages[0].text))
			return cannot(e, "batch", "has several texts, this gateway takes one");
	}
	return ERR_OK;
}

/* Enough that rendering seldom grows: what is fixed, what each message adds, an eighth more. */
static size_t
guess_size(const struct request_template *t, const struct batch *b)
{
	size_t n = t->literal_bytes + 512, text = 0;

	if ((t->outer_vars & VAR_BIT(VAR_TEXT)) != 0)
		text += b->messages[0].text.n;
	for (size_t i = 0; i < b->count && (t->each_vars & VAR_BIT(VAR_TEXT)) != 0; i++)
		text += b->messages[i].text.n;
	if (t->escape != ESCAPE_JSON)
		text *= 2;
	if (t->has_each)
		n += b->count * (t->literal_bytes + 2 * REFERENCE_MAX);
	return n + text + text / 8;
}

static const char *
encode_url(const struct provider *p, const struct batch *b, struct arena *a)
{
	struct wire_out o = wire_out_new(a, guess_size(&p->url, b) + guess_size(&p->query, b));
	size_t before;

	request_template_render(&p->url, p, b, &o);
	if (p->query.count == 0)
		return wire_text(&o);
	before = o.len;
	wire_addc(&o, memchr(o.p, '?', o.len) != NULL ? '&' : '?');
	request_template_render(&p->query, p, b, &o);
	if (o.len == before + 1)
		o.len = before;
	return wire_text(&o);
}

static enum err
encode_headers(const struct provider *p, const struct batch *b, struct arena *a,
	       struct http_request *out, struct err_ctx *e)
{
	struct header *h = arena_alloc(a, (p->header_count + 2) * sizeof(*h));
	size_t n = 0;

	if (p->has_body)
		h[n++] = (struct header){SLICE("Content-Type"), slice_of(p->content_type)};
	if (p->basic.bytes != NULL)
		h[n++] =
			(struct header){SLICE("Authorization"),
					{arena_memdup0(a, p->basic.bytes, p->basic.n), p->basic.n}};
	for (size_t i = 0; i < p->header_count; i++) {
		struct wire_out o = wire_out_new(a, 128);

		request_template_render(&p->headers[i].value, p, b, &o);
		for (size_t k = 0; k < o.len; k++)
			if ((unsigned char)o.p[k] < 0x20 || o.p[k] == 0x7f)
				return err_set(e, ERR_INPUT, "headers", "",
					       "%s would have a control character in it",
					       p->headers[i].name);
		h[n++] = (struct header){slice_of(p->headers[i].name), wire_slice(&o)};
	}
	out->headers = h;
	out->header_count = n;
	return ERR_OK;
}

static enum err
generic_encode(const struct provider *p, const struct batch *b, struct arena *a,
	       struct http_request *out, struct err_ctx *e)
{
	enum err rc = judge_batch(p, b, e);

	*out = (struct http_request){.method = p->method};
	if (rc == ERR_OK)
		rc = encode_headers(p, b, a, out, e);
	if (rc != ERR_OK)
		return rc;
	out->url = encode_url(p, b, a);
	if (p->has_body) {
		struct wire_out o = wire_out_new(a, guess_size(&p->body, b));

		request_template_render(&p->body, p, b, &o);
		out->body = wire_slice(&o);
	}
	return ERR_OK;
}

const struct driver generic_driver = {
	.name = "generic",
	.open = generic_open,
	.close = generic_close,
	.capability = generic_capability,
	.encode = generic_encode,
	.decode = generic_decode,
	.receipt = generic_receipt,
};
