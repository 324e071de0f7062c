/* SPDX-License-Identifier: MIT */
/*
 * The generic driver's settings (docs/formats/generic.md) read into struct
 * provider. Each value is judged alone here; generic_check judges them
 * together. Every error names the place; none shows a secret.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "providers/generic.h"

#define CODES_MAX 500
#define SETTING_BYTES_MAX 2000

/* Where reading stands: the account, its settings, and who hears of errors. */
struct reading {
	struct provider *p;
	const struct json_at *at;
	struct err_ctx *e;
};

static enum err
read_choice(const struct reading *r, const struct json_at *at, const char *key,
	    const char *const *names, size_t count, int *out)
{
	struct json_at v = json_get(at, key);

	return json_read_choice(&v, names, count, out, r->e);
}

static enum err
read_int(const struct reading *r, const struct json_at *at, const char *key, int64_t max,
	 uint32_t *out)
{
	struct json_at v = json_get(at, key);
	int64_t n = *out;
	enum err rc = json_read_int(&v, 0, max, &n, r->e);

	*out = (uint32_t)n;
	return rc;
}

static enum err
read_bool(const struct reading *r, const char *key, bool *out)
{
	struct json_at v = json_get(r->at, key);

	return json_read_bool(&v, out, r->e);
}

/* A copy in the account's arena; *out stays when the key is absent. */
static enum err
read_text(const struct reading *r, const struct json_at *at, const char *key, const char **out)
{
	struct json_at v = json_get(at, key);
	const char *s = NULL;
	enum err rc;

	if (v.v == NULL)
		return ERR_OK;
	rc = json_need_string(&v, &s, r->e);
	if (rc != ERR_OK)
		return rc;
	if (strlen(s) > SETTING_BYTES_MAX)
		return err_set(r->e, ERR_INPUT, v.path, "", "is longer than %d bytes",
			       SETTING_BYTES_MAX);
	for (const char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			return err_set(r->e, ERR_INPUT, v.path, "take it out",
				       "has a control character in it");
	*out = arena_memdup0(&r->p->arena, s, strlen(s));
	return ERR_OK;
}

/* "a.b" or ["a.b", "c"]; absent leaves it unset. */
static enum err
read_paths(const struct reading *r, const struct json_at *at, const char *key, struct paths *out)
{
	struct json_at v = json_get(at, key), item = v;
	bool is_list = json_is_array(v.v);
	size_t n = is_list ? json_array_size(v.v) : v.v != NULL;

	if (v.v == NULL)
		return ERR_OK;
	if (n < 1 || n > PATHS_MAX)
		return err_set(r->e, ERR_INPUT, v.path, "", "must have one to %d paths", PATHS_MAX);
	for (size_t i = 0; i < n; i++) {
		const char *s = NULL;
		enum err rc;

		if (is_list)
			item = json_item(&v, i);
		rc = json_need_string(&item, &s, r->e);
		if (rc == ERR_OK)
			rc = wire_path_parse(s, item.path, &out->path[i], r->e);
		if (rc != ERR_OK)
			return rc;
	}
	out->count = n;
	return ERR_OK;
}

/* One path that may be "", the whole value. *is_set, which may be NULL: it was there. */
static enum err
read_path(const struct reading *r, const struct json_at *at, const char *key, struct wire_path *out,
	  bool *is_set)
{
	struct json_at v = json_get(at, key);
	const char *s = NULL;
	enum err rc = json_read_string(&v, &s, r->e);

	if (rc != ERR_OK || s == NULL)
		return rc;
	if (is_set != NULL)
		*is_set = true;
	return wire_path_parse(s, v.path, out, r->e);
}

/* ---- account and request ---- */

static enum err
read_account(const struct reading *r)
{
	static const char *const auths[] = {"none", "basic"};
	struct json_at user = json_get(r->at, "user"), password = json_get(r->at, "password");
	struct provider *p = r->p;
	struct arena tmp = {0};
	struct wire_out plain, value;
	int auth = 0;
	enum err rc = wire_secret_read(&user, &p->user, r->e);

	if (rc == ERR_OK)
		rc = wire_secret_read(&password, &p->password, r->e);
	if (rc == ERR_OK)
		rc = read_choice(r, r->at, "auth", auths, ARRAY_LEN(auths), &auth);
	if (rc != ERR_OK || auth == 0)
		return rc;
	if (p->user.bytes == NULL || p->password.bytes == NULL)
		return err_set(r->e, ERR_INPUT, r->at->path, "add \"user\" and \"password\"",
			       "\"auth\": \"basic\" needs both");
	if (strchr(p->user.bytes, ':') != NULL)
		return err_set(r->e, ERR_INPUT, user.path, "",
			       "must not contain ':' with \"auth\": \"basic\"");
	plain = wire_out_new(&tmp, p->user.n + p->password.n + 2);
	wire_add(&plain, (struct slice){p->user.bytes, p->user.n});
	wire_addc(&plain, ':');
	wire_add(&plain, (struct slice){p->password.bytes, p->password.n});
	value = wire_out_new(&tmp, plain.len * 2 + 16);
	wire_add(&value, SLICE("Basic "));
	wire_add_base64(&value, wire_slice(&plain));
	p->basic = (struct wire_secret){xmemdup0(value.p, value.len), value.len};
	explicit_bzero(plain.p, plain.len);
	explicit_bzero(value.p, value.len);
	arena_free(&tmp);
	return ERR_OK;
}

static enum err
read_url(const struct reading *r)
{
	struct json_at at = json_get(r->at, "url"), query = json_get(r->at, "query");
	const char *s = NULL, *host;
	size_t n;
	enum err rc = json_need_string(&at, &s, r->e);

	if (rc != ERR_OK)
		return rc;
	host = strncmp(s, "https://", 8) == 0  ? s + 8
	       : strncmp(s, "http://", 7) == 0 ? s + 7
					       : NULL;
	if (host == NULL)
		return err_set(r->e, ERR_INPUT, at.path, "begin it with https://",
			       "must be an http or https address");
	n = strcspn(host, "/?");
	if (n == 0 || memchr(host, '@', n) != NULL || memchr(host, '$', n) != NULL)
		return err_set(r->e, ERR_INPUT, at.path,
			       "put user and password into their own settings",
			       "must have a plain host name");
	for (const char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '#')
			return err_set(r->e, ERR_INPUT, at.path, "write it as %20, %23 …",
				       "has a blank, a '#' or a letter outside ASCII in it");
	rc = request_template_compile_text(&at, ESCAPE_PERCENT, &r->p->arena, &r->p->url, r->e);
	if (rc == ERR_OK && query.v != NULL)
		rc = request_template_compile_form(&query, ESCAPE_PERCENT, &r->p->arena,
						   &r->p->query, r->e);
	return rc;
}

static bool
is_token(const char *s)
{
	return s[0] != '\0' && s[strspn(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
					   "ABCDEFGHIJKLMNOPQRSTUVWXYZ")] == '\0';
}

static enum err
judge_header(const struct reading *r, const struct json_at *at, const char *name)
{
	static const char *const ours[] = {"Content-Length", "Content-Type",	  "Host",
					   "Connection",     "Transfer-Encoding", "Expect"};
	const char *s = json_string_value(at->v);

	if (!is_token(name) || strlen(name) > 100)
		return err_set(r->e, ERR_INPUT, at->path, "", "is no name for a header");
	for (size_t i = 0; i < ARRAY_LEN(ours); i++)
		if (strcasecmp(ours[i], name) == 0)
			return err_set(r->e, ERR_INPUT, at->path,
				       i == 1 ? "use \"content_type\"" : "take it out",
				       "is set by the server itself");
	if (r->p->basic.bytes != NULL && strcasecmp(name, "Authorization") == 0)
		return err_set(r->e, ERR_INPUT, at->path, "take one out",
			       "cannot stand beside \"auth\": \"basic\"");
	for (; s != NULL && *s != '\0'; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return err_set(r->e, ERR_INPUT, at->path, "take it out",
				       "has a control character in it");
	return ERR_OK;
}

static enum err
read_headers(const struct reading *r)
{
	struct json_at at = json_get(r->at, "headers");
	const char *name;
	json_t *v;
	enum err rc = json_want_object(&at, r->e);

	if (rc != ERR_OK || at.v == NULL)
		return rc;
	if (json_object_size(at.v) > HEADERS_MAX)
		return err_set(r->e, ERR_INPUT, at.path, "", "has more than %d headers",
			       HEADERS_MAX);
	json_object_foreach (at.v, name, v) {
		struct header_setting *h = &r->p->headers[r->p->header_count++];
		struct json_at one = json_get(&at, name);

		rc = judge_header(r, &one, name);
		if (rc == ERR_OK)
			rc = request_template_compile_text(&one, ESCAPE_HEADER, &r->p->arena,
							   &h->value, r->e);
		if (rc != ERR_OK)
			return rc;
		h->name = arena_memdup0(&r->p->arena, name, strlen(name));
	}
	return ERR_OK;
}

static enum err
read_body(const struct reading *r)
{
	static const char form[] = "application/x-www-form-urlencoded";
	struct json_at at = json_get(r->at, "body"), type = json_get(r->at, "content_type");
	struct provider *p = r->p;
	size_t n;
	enum err rc;

	p->content_type = "application/json";
	rc = read_text(r, r->at, "content_type", &p->content_type);
	if (rc != ERR_OK)
		return rc;
	n = strcspn(p->content_type, "; ");
	p->is_form = n == strlen(form) && strncasecmp(p->content_type, form, n) == 0;
	if (!p->is_form && (n != 16 || strncasecmp(p->content_type, "application/json", n) != 0))
		return err_set(r->e, ERR_INPUT, type.path, "", "must be application/json or %s",
			       form);
	if (p->method[0] == 'G') {
		const struct json_at *wrong = at.v != NULL ? &at : &type;

		return wrong->v == NULL ? ERR_OK
					: err_set(r->e, ERR_INPUT, wrong->path,
						  "use \"query\", or \"method\": \"POST\"",
						  "has no place in a GET request");
	}
	if (at.v == NULL)
		return err_set(r->e, ERR_INPUT, at.path, "add it", "is missing");
	p->has_body = true;
	return p->is_form
		       ? request_template_compile_form(&at, ESCAPE_FORM, &p->arena, &p->body, r->e)
		       : request_template_compile_json(&at, &p->arena, &p->body, r->e);
}

static enum err
read_request(const struct reading *r)
{
	static const char *const methods[] = {"POST", "GET"};
	int method = 0;
	enum err rc = read_choice(r, r->at, "method", methods, ARRAY_LEN(methods), &method);

	r->p->method = methods[method];
	if (rc == ERR_OK)
		rc = read_url(r);
	if (rc == ERR_OK)
		rc = read_headers(r);
	return rc == ERR_OK ? read_body(r) : rc;
}

/* ---- capability ---- */

static enum err
read_batch(const struct reading *r)
{
	static const char *const shapes[] = {"one", "one_text", "list"};
	static const char *const keys[] = {"min", "max"};
	struct capability *c = &r->p->capability;
	struct json_at at = json_get(r->at, "batch");
	int shape = SHAPE_ONE;
	enum err rc = read_choice(r, r->at, "shape", shapes, ARRAY_LEN(shapes), &shape);

	c->shape = (enum batch_shape)shape;
	c->batch_min = 1;
	c->batch_max = shape == SHAPE_ONE ? 1 : 100;
	if (rc == ERR_OK)
		rc = json_only_keys(&at, keys, ARRAY_LEN(keys), r->e);
	if (rc == ERR_OK)
		rc = read_int(r, &at, "min", BATCH_MAX, &c->batch_min);
	if (rc == ERR_OK)
		rc = read_int(r, &at, "max", BATCH_MAX, &c->batch_max);
	if (rc != ERR_OK)
		return rc;
	if (c->batch_min < 1 || c->batch_min > c->batch_max)
		return err_set(r->e, ERR_INPUT, at.path, "min is at least 1, max at least min",
			       "has min %u and max %u", c->batch_min, c->batch_max);
	if (shape == SHAPE_ONE && c->batch_max > 1)
		return err_set(r->e, ERR_INPUT, at.path, "use the shape one_text or list",
			       "has a max of %u although \"shape\" is one", c->batch_max);
	return ERR_OK;
}

static enum err
read_dedupe(const struct reading *r)
{
	static const char *const bys[] = {"none", "reference", "text"};
	static const char *const meanings[] = {"accepted", "seen"};
	static const char *const keys[] = {"by", "window_s", "meaning"};
	struct capability *c = &r->p->capability;
	struct json_at at = json_get(r->at, "dedupe");
	int by = DEDUPE_NONE, meaning = DUPLICATE_SEEN;
	enum err rc = json_only_keys(&at, keys, ARRAY_LEN(keys), r->e);

	if (rc == ERR_OK)
		rc = read_choice(r, &at, "by", bys, ARRAY_LEN(bys), &by);
	if (rc == ERR_OK)
		rc = read_int(r, &at, "window_s", 90 * 86400, &c->dedupe_window_s);
	if (rc == ERR_OK)
		rc = read_choice(r, &at, "meaning", meanings, ARRAY_LEN(meanings), &meaning);
	c->dedupe = (enum dedupe)by;
	c->duplicate_means = (enum duplicate_means)meaning;
	if (rc == ERR_OK && (by == DEDUPE_NONE) != (c->dedupe_window_s == 0))
		return err_set(r->e, ERR_INPUT, at.path,
			       "say \"by\" and \"window_s\", or leave \"dedupe\" out",
			       by == DEDUPE_NONE ? "has a window but nothing to compare"
						 : "does not say for how long: \"window_s\"");
	return rc;
}

static enum err
read_capability(const struct reading *r)
{
	static const char *const scopes[] = {"message", "request"};
	static const char *const counted[] = {"messages", "parts", "requests"};
	struct capability *c = &r->p->capability;
	int scope = REFERENCE_PER_MESSAGE, counts = COUNTS_MESSAGES;
	enum err rc = read_batch(r);

	c->has_unicode = true;
	c->channel = "sms";
	if (rc == ERR_OK)
		rc = read_dedupe(r);
	if (rc == ERR_OK)
		rc = read_choice(r, r->at, "reference_scope", scopes, ARRAY_LEN(scopes), &scope);
	if (rc == ERR_OK)
		rc = read_choice(r, r->at, "counts", counted, ARRAY_LEN(counted), &counts);
	if (rc == ERR_OK)
		rc = read_bool(r, "unicode", &c->has_unicode);
	if (rc == ERR_OK)
		rc = read_bool(r, "sandbox", &c->is_sandbox);
	if (rc == ERR_OK)
		rc = read_text(r, r->at, "channel", &c->channel);
	c->reference_scope = (enum reference_scope)scope;
	c->counts = (enum counts)counts;
	return rc;
}

/* ---- answer ---- */

static enum err
read_http(const struct reading *r, const char *const *classes)
{
	struct json_at at = json_get(r->at, "http");
	struct code_table *t = &r->p->http;
	enum err rc = codes_read(&at, classes, OUTCOME_CLASSES, CODES_MAX, &r->p->arena, t, r->e);

	for (size_t i = 0; rc == ERR_OK && i < t->count; i++) {
		struct json_at one = json_get(&at, t->rows[i].code);
		const char *s = t->rows[i].code;

		if (strlen(s) != 3 || strspn(s, "0123456789") != 3 || s[0] < '1' || s[0] > '5')
			return err_set(r->e, ERR_INPUT, one.path, "", "is no HTTP status");
		if (t->rows[i].value != OUTCOME_ACCEPTED)
			continue;
		if (s[0] != '2' || r->p->answer.format != ANSWER_NONE)
			return err_set(r->e, ERR_INPUT, one.path,
				       "only a 2xx, and only with \"answer\": {\"format\": "
				       "\"none\"}",
				       "a status alone does not prove that the message was taken");
	}
	return rc;
}

static enum err
read_items(const struct reading *r, const struct json_at *at)
{
	static const char *const keys[] = {"at", "code", "id", "reference", "phone", "success"};
	struct answer_items *items = &r->p->answer.items;
	enum err rc = json_only_keys(at, keys, ARRAY_LEN(keys), r->e);

	if (rc != ERR_OK || at->v == NULL)
		return rc;
	rc = read_path(r, at, "at", &items->at, &items->is_set);
	if (rc == ERR_OK && !items->is_set)
		return err_set(r->e, ERR_INPUT, at->path, "add \"at\": \"results\"",
			       "does not say where the items are");
	if (rc == ERR_OK)
		rc = read_paths(r, at, "code", &items->code);
	if (rc == ERR_OK)
		rc = read_paths(r, at, "id", &items->id);
	if (rc == ERR_OK)
		rc = read_paths(r, at, "reference", &items->reference);
	if (rc == ERR_OK)
		rc = read_paths(r, at, "phone", &items->phone);
	return rc == ERR_OK ? read_paths(r, at, "success", &items->success) : rc;
}

static enum err
read_answer(const struct reading *r)
{
	static const char *const formats[] = {"json", "text", "none"};
	static const char *const keys[] = {"format",
					   "code",
					   "id",
					   "success",
					   "refused_phones",
					   "retry_after",
					   "retry_after_header",
					   "items"};
	struct answer_settings *a = &r->p->answer;
	struct json_at at = json_get(r->at, "answer"), items = json_get(&at, "items");
	int format = ANSWER_JSON;
	enum err rc = json_only_keys(&at, keys, ARRAY_LEN(keys), r->e);

	a->retry_after_header = "Retry-After";
	if (rc == ERR_OK)
		rc = read_choice(r, &at, "format", formats, ARRAY_LEN(formats), &format);
	a->format = (enum answer_format)format;
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "code", &a->code);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "id", &a->id);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "success", &a->success);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "refused_phones", &a->refused_phones);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "retry_after", &a->retry_after);
	if (rc == ERR_OK)
		rc = read_text(r, &at, "retry_after_header", &a->retry_after_header);
	return rc == ERR_OK ? read_items(r, &items) : rc;
}

static enum err
read_outcomes(const struct reading *r)
{
	struct json_at codes = json_get(r->at, "codes");
	const char *classes[OUTCOME_CLASSES];
	enum err rc = read_answer(r);

	for (size_t i = 0; i < OUTCOME_CLASSES; i++)
		classes[i] = outcome_name((enum outcome_class)i);
	if (rc == ERR_OK)
		rc = codes_read(&codes, classes, OUTCOME_CLASSES, CODES_MAX, &r->p->arena,
				&r->p->codes, r->e);
	return rc == ERR_OK ? read_http(r, classes) : rc;
}

/* ---- receipts ---- */

static enum err
read_receipts(const struct reading *r)
{
	static const char *const keys[] = {"in",    "items",  "reference", "id",
					   "phone", "status", "statuses",  "deadline_s"};
	static const char *const ins[] = {"json", "form", "query"};
	static const char *const states[] = {"delivered", "undeliverable", "accepted"};
	struct capability *c = &r->p->capability;
	struct receipt_settings *s = &r->p->receipts;
	struct json_at at = json_get(r->at, "receipts"), statuses = json_get(&at, "statuses");
	int in = RECEIPT_IN_JSON;
	enum err rc = json_only_keys(&at, keys, ARRAY_LEN(keys), r->e);

	if (rc != ERR_OK || at.v == NULL)
		return rc;
	c->has_receipts = true;
	c->receipt_deadline_s = 3 * 86400;
	rc = read_choice(r, &at, "in", ins, ARRAY_LEN(ins), &in);
	s->in = (enum receipt_in)in;
	if (rc == ERR_OK)
		rc = read_path(r, &at, "items", &s->items, NULL);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "reference", &s->reference);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "id", &s->id);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "phone", &s->phone);
	if (rc == ERR_OK)
		rc = read_paths(r, &at, "status", &s->status);
	if (rc == ERR_OK)
		rc = codes_read(&statuses, states, ARRAY_LEN(states), CODES_MAX, &r->p->arena,
				&s->statuses, r->e);
	if (rc == ERR_OK)
		rc = read_int(r, &at, "deadline_s", 30 * 86400, &c->receipt_deadline_s);
	c->echo = s->reference.count > 0 ? ECHO_REFERENCE
		  : s->id.count > 0	 ? ECHO_ID
					 : ECHO_NOTHING;
	c->is_echo_of_message =
		s->reference.count > 0 && (generic_vars(r->p, true) & VAR_BIT(VAR_REFERENCE)) != 0;
	return rc;
}

enum err
generic_read_settings(const struct json_at *at, struct provider *p, struct err_ctx *e)
{
	static const char *const keys[] = {
		"url",	  "query",  "method",	"headers", "content_type", "body",
		"auth",	  "user",   "password", "shape",   "batch",	   "reference_scope",
		"dedupe", "counts", "unicode",	"sandbox", "channel",	   "answer",
		"codes",  "http",   "receipts"};
	struct reading r = {p, at, e};
	enum err rc;

	if (at->v == NULL)
		return err_set(e, ERR_INPUT, at->path, "add it", "is missing");
	rc = json_only_keys(at, keys, ARRAY_LEN(keys), e);
	if (rc == ERR_OK)
		rc = read_account(&r);
	if (rc == ERR_OK)
		rc = read_capability(&r);
	if (rc == ERR_OK)
		rc = read_request(&r);
	if (rc == ERR_OK)
		rc = read_outcomes(&r);
	return rc == ERR_OK ? read_receipts(&r) : rc;
}
