/* SPDX-License-Identifier: MIT */
/* Template sets over HTTP: saving, listing, showing a version, comparing two. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"
#include "templates/diff.h"
#include "templates/set.h"

#define ERRORS_MAX 100 /* that are told */

/* ---- saving ---- */

struct errors {
	json_t *list;
	struct slice body;
};

static void
take_error(void *arg, const struct set_error *e)
{
	struct errors *es = arg;
	int line, column;

	if (json_array_size(es->list) >= ERRORS_MAX)
		return;
	set_place(es->body, e, &line, &column);
	json_array_append_new(es->list,
			      json_pack("{s:s, s:s, s:o, s:i, s:i}", "path", e->path, "code",
					e->code, "detail", json_of_slice(slice_of(e->message)),
					"line", line, "column", column));
}

/* A problem body with all errors; the first one is what an old reader sees. */
static void
answer_errors(struct http_exchange *x, json_t *take_errors)
{
	json_t *first = json_array_get(take_errors, 0), *v;
	struct buf b = {0};

	v = json_pack("{s:s, s:s, s:i, s:s, s:s, s:O, s:O, s:O}", "type", "about:blank", "title",
		      "Unprocessable Content", "status", 422, "code", "input", "what", "template",
		      "detail", json_object_get(first, "detail"), "line",
		      json_object_get(first, "line"), "column", json_object_get(first, "column"));
	json_object_set_new(v, "errors", take_errors);
	json_add_value(&b, v);
	http_answer_buf(x, 422, "application/problem+json", buf_slice(&b));
	buf_free(&b);
	json_decref(v);
}

struct saving {
	struct http_exchange *x;
	struct api *api;
	struct buf languages;
	struct argv args;
};

static void
saving_free(struct saving *s)
{
	buf_free(&s->languages);
	argv_free(&s->args);
	free(s);
}

static json_t *
words_json(struct slice joined)
{
	json_t *out = json_array();

	while (joined.n > 0) {
		struct slice one = slice_take_until(&joined, ',');

		json_array_append_new(out, json_stringn(one.p, one.n));
	}
	return out;
}

static void
on_saved(void *arg, const struct reply *r)
{
	struct saving *s = arg;

	if (r->kind == REPLY_ARRAY)
		http_answer_json(s->x, 200,
				 json_pack("{s:s, s:I, s:b, s:o}", "template",
					   http_param(s->x, "name"), "version",
					   (json_int_t)reply_item(r, 0)->integer, "new",
					   reply_item(r, 1)->integer == 1, "languages",
					   words_json(buf_slice(&s->languages))));
	else
		api_answer_reply(s->x, r);
	saving_free(s);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct saving *s = arg;

	(void)n;
	if (e == NULL) {
		engine_call(s->api->daemon->engine, "template_save", &s->args, on_saved, s);
		return;
	}
	http_answer_error(s->x, e);
	saving_free(s);
}

/* Who saves it, and which: the hash is of the set as it is kept. */
static void
audit_saving(struct saving *s, const char *name, struct slice source)
{
	char object[160], hex[33];
	uint8_t hash[16];

	hash_plain(source, hash);
	hash_hex(hash, sizeof(hash), hex);
	snprintf(object, sizeof(object), "template:%s", name);
	audit_append(s->api->daemon->engine, api_who(s->x), "template.save", object,
		     json_pack("{s:o, s:I, s:s}", "languages", words_json(buf_slice(&s->languages)),
			       "bytes", (json_int_t)source.n, "hash", hex),
		     on_audited, s);
}

/* The body is a text, or a set as JSON. */
void
on_template_save(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	const char *name = api_name(x, "name", "template");
	struct errors es = {.body = http_body(x)};
	struct template_set *set;
	const char *given = http_query(x, "unit");
	int64_t unit = (int64_t)api_account(x)->unit;
	struct saving *s;
	struct buf source = {0};
	struct err_ctx e;

	if (name == NULL || !api_is_open(a, x))
		return;
	if (given != NULL &&
	    (!slice_to_i64(slice_of(given), &unit) || unit < 1 || unit > UNIT_MAX)) {
		err_set(&e, ERR_INPUT, "unit", "see loa unit ls", "is no number of a unit");
		http_answer_error(x, &e);
		return;
	}
	es.list = json_array();
	set = set_read(es.body, take_error, &es);
	if (set == NULL) {
		answer_errors(x, es.list);
		return;
	}
	json_decref(es.list);
	s = xcalloc(1, sizeof(*s));
	s->x = x;
	s->api = a;
	set_encode(set, &source);
	set_add_languages(set, &s->languages);
	argv_adds(&s->args, name);
	argv_add(&s->args, buf_slice(&source));
	argv_add_int(&s->args, unit);
	argv_add(&s->args, buf_slice(&s->languages));
	argv_adds(&s->args, api_who(x));
	audit_saving(s, name, buf_slice(&source));
	buf_free(&source);
	set_free(set);
}

/* ---- names ---- */

static json_t *
time_text(int64_t s)
{
	char text[32];

	clock_format_vn(s, text);
	return json_string(text);
}

static void
on_ls(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	json_t *list;

	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return;
	}
	list = json_array();
	for (size_t i = 0; i < r->count; i++) {
		const struct reply *one = reply_item(r, i);
		struct slice name = reply_item(one, 0)->str;

		json_array_append_new(list,
				      json_pack("{s:s%, s:I, s:o, s:o, s:I}", "name", name.p,
						name.n, "version", (json_int_t)reply_int(one, 1),
						"languages", words_json(reply_item(one, 2)->str),
						"saved", time_text(reply_int(one, 3)), "unit",
						(json_int_t)reply_u64(one, 4)));
	}
	http_answer_json(x, 200, json_pack("{s:o}", "templates", api_sorted(list)));
}

void
on_template_ls(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct argv args = {0};

	if (!api_is_open(a, x))
		return;
	api_add_units(x, &args, true);
	engine_call(a->daemon->engine, "template_ls", &args, on_ls, x);
	argv_free(&args);
}

/* ---- a version ---- */

/* The set of a template_version; NULL: the exchange was answered. */
static struct template_set *
set_of(struct http_exchange *x, const struct reply *r)
{
	struct template_set *set;
	struct err_ctx e;

	if (r->kind == REPLY_NIL) {
		err_set(&e, ERR_NOT_FOUND, "template", "see loa template ls",
			"there is no template of this name and version");
		http_answer_error(x, &e);
		return NULL;
	}
	if (r->kind != REPLY_ARRAY) {
		api_answer_reply(x, r);
		return NULL;
	}
	set = set_read(reply_item(r, 1)->str, NULL, NULL);
	if (set == NULL) {
		err_set(&e, ERR_SYSTEM, "template", "save it again",
			"the version is not one that this release can read");
		http_answer_error(x, &e);
	}
	return set;
}

/* ?version=N, the newest without it. False: the exchange was answered. */
static bool
ask_version(struct api *a, struct http_exchange *x, const char *version, redis_reply_cb cb,
	    void *arg)
{
	const char *name = api_name(x, "name", "template");
	struct argv args = {0};

	if (name == NULL || !api_is_open(a, x))
		return false;
	argv_adds(&args, name);
	argv_adds(&args, version != NULL ? version : "");
	engine_call(a->daemon->engine, "template_version", &args, cb, arg);
	argv_free(&args);
	return true;
}

static void
on_text(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	struct template_set *set = set_of(x, r);
	const char *language = http_query(x, "language");
	char tag[LANGUAGE_MAX] = "vi";
	const struct set_text *t;
	struct err_ctx e;

	if (set == NULL)
		return;
	if (language != NULL)
		language_tag(slice_of(language), tag);
	t = set_find(set, tag);
	if (t != NULL && t->sms != NULL) {
		http_answer_buf(x, 200, "text/plain; charset=utf-8",
				(struct slice){t->sms, t->sms_n});
	} else {
		struct buf b = {0};

		buf_adds(&b, "it has ");
		set_add_languages(set, &b);
		err_set(&e, ERR_NOT_FOUND, "language", b.data,
			"the template has no SMS text in \"%.40s\"",
			language != NULL ? language : tag);
		http_answer_error(x, &e);
		buf_free(&b);
	}
	set_free(set);
}

/* ?version=&language=: the SMS text as it was saved; by itself the Vietnamese one. */
void
on_template_show(struct http_exchange *x, void *arg)
{
	ask_version(arg, x, http_query(x, "version"), on_text, x);
}

static void
on_set(void *arg, const struct reply *r)
{
	struct http_exchange *x = arg;
	struct template_set *set = set_of(x, r);
	struct buf languages = {0};
	json_t *out;

	if (set == NULL)
		return;
	set_add_languages(set, &languages);
	out = json_pack("{s:s, s:I, s:I, s:o, s:o}", "template", http_param(x, "name"), "version",
			(json_int_t)reply_int(r, 0), "newest", (json_int_t)reply_int(r, 3), "saved",
			time_text(reply_int(r, 2)), "languages", words_json(buf_slice(&languages)));
	json_object_set_new(out, "set", set_json(set));
	http_answer_json(x, 200, out);
	buf_free(&languages);
	set_free(set);
}

void
on_template_set(struct http_exchange *x, void *arg)
{
	ask_version(arg, x, http_query(x, "version"), on_set, x);
}

/* ---- two versions ---- */

struct comparing {
	struct api *api;
	struct http_exchange *x;
	struct template_set *before; /* NULL until it is there */
	int64_t from;
};

/* Lines of one text, what belongs together side by side. */
struct hunk {
	json_t *lines;
	struct slice *out, *in;
	size_t out_count, in_count, cap;
	bool has_change;
};

struct line_words {
	json_t *pieces;
	enum diff_kind side; /* OUT: the line before, without what came in */
};

static void
on_word(void *arg, enum diff_kind kind, struct slice piece)
{
	static const char *const marks[] = {"=", "-", "+"};
	struct line_words *w = arg;

	if (kind == DIFF_SAME || kind == w->side)
		json_array_append_new(w->pieces,
				      json_pack("[s, s%]", marks[kind], piece.p, piece.n));
}

/* ["-", [["=","mời "],["-","bà"]]] */
static void
add_line(struct hunk *h, enum diff_kind side, struct slice before, struct slice after)
{
	struct line_words w = {json_array(), side};

	diff_words(before, after, on_word, &w);
	json_array_append_new(h->lines,
			      json_pack("[s, o]", side == DIFF_OUT ? "-" : "+", w.pieces));
}

static void
hunk_close(struct hunk *h)
{
	struct slice none = {"", 0};

	for (size_t i = 0; i < h->out_count; i++)
		add_line(h, DIFF_OUT, h->out[i], i < h->in_count ? h->in[i] : none);
	for (size_t i = 0; i < h->in_count; i++)
		add_line(h, DIFF_IN, i < h->out_count ? h->out[i] : none, h->in[i]);
	h->out_count = h->in_count = 0;
}

static void
on_line(void *arg, enum diff_kind kind, struct slice line)
{
	struct hunk *h = arg;

	if (kind == DIFF_SAME) {
		hunk_close(h);
		json_array_append_new(h->lines,
				      json_pack("[s, [[s, s%]]]", "=", "=", line.p, line.n));
		return;
	}
	h->has_change = true;
	if (h->out_count == h->cap || h->in_count == h->cap) {
		h->cap = h->cap * 2 + 16;
		h->out = xrealloc(h->out, h->cap * sizeof(*h->out));
		h->in = xrealloc(h->in, h->cap * sizeof(*h->in));
	}
	if (kind == DIFF_OUT)
		h->out[h->out_count++] = line;
	else
		h->in[h->in_count++] = line;
}

static void
add_text(json_t *texts, const char *language, const char *channel, struct slice before,
	 struct slice after)
{
	struct hunk h = {.lines = json_array()};
	const char *change = before.p == NULL ? "added" : after.p == NULL ? "removed" : "changed";

	if (before.p == NULL && after.p == NULL) {
		json_decref(h.lines);
		return;
	}
	diff_lines(before, after, on_line, &h);
	hunk_close(&h);
	json_array_append_new(
		texts, json_pack("{s:s, s:s, s:s, s:o}", "language", language, "channel", channel,
				 "change",
				 slice_eq(before, after) && before.p && after.p ? "none" : change,
				 "lines", h.lines));
	free(h.out);
	free(h.in);
}

/* A Zalo text as lines: what a person compares. */
static void
add_zalo(const struct set_text *t, struct buf *out)
{
	if (t == NULL || t->zalo_id == NULL)
		return;
	buf_addf(out, "template_id: %s\n", t->zalo_id);
	for (size_t i = 0; i < t->parameter_count; i++)
		buf_addf(out, "%s: %s\n", t->parameters[i].name, t->parameters[i].source);
}

static struct slice
sms_of(const struct set_text *t)
{
	return t != NULL && t->sms != NULL ? (struct slice){t->sms, t->sms_n}
					   : (struct slice){NULL, 0};
}

static void
add_language(json_t *texts, const char *tag, const struct set_text *a, const struct set_text *b)
{
	struct buf before = {0}, after = {0};

	add_text(texts, tag, "sms", sms_of(a), sms_of(b));
	add_zalo(a, &before);
	add_zalo(b, &after);
	add_text(texts, tag, "zalo", buf_slice(&before), buf_slice(&after));
	buf_free(&before);
	buf_free(&after);
}

static json_t *
fallback_json(const struct template_set *s)
{
	json_t *out = json_array();

	for (size_t i = 0; i < s->fallback_count; i++)
		json_array_append_new(out, json_string(s->fallback[i]));
	json_array_append_new(out, json_string("vi"));
	return out;
}

static json_t *
diff_json(const struct template_set *a, const struct template_set *b)
{
	json_t *texts = json_array();

	for (size_t i = 0; i < a->count; i++)
		add_language(texts, a->texts[i].tag, &a->texts[i], set_find(b, a->texts[i].tag));
	for (size_t i = 0; i < b->count; i++)
		if (set_find(a, b->texts[i].tag) == NULL)
			add_language(texts, b->texts[i].tag, NULL, &b->texts[i]);
	return json_pack("{s:o, s:[o, o]}", "texts", texts, "fallback", fallback_json(a),
			 fallback_json(b));
}

static void
on_second(void *arg, const struct reply *r)
{
	struct comparing *c = arg;
	struct template_set *after = set_of(c->x, r);
	json_t *out;

	if (after != NULL) {
		out = diff_json(c->before, after);
		json_object_set_new(out, "template", json_string(http_param(c->x, "name")));
		json_object_set_new(out, "from", json_integer(c->from));
		json_object_set_new(out, "to", json_integer(reply_int(r, 0)));
		http_answer_json(c->x, 200, out);
	}
	set_free(after);
	set_free(c->before);
	free(c);
}

static void
on_first(void *arg, const struct reply *r)
{
	struct comparing *c = arg;

	c->before = set_of(c->x, r);
	c->from = c->before != NULL ? reply_int(r, 0) : 0;
	if (c->before == NULL || !ask_version(c->api, c->x, http_query(c->x, "to"), on_second, c)) {
		set_free(c->before);
		free(c);
	}
}

/* Without ?from= the version before ?to=. */
static void
on_newest(void *arg, const struct reply *r)
{
	struct comparing *c = arg;
	char version[24];
	int64_t to = r->kind == REPLY_ARRAY ? reply_int(r, 0) : 2;

	snprintf(version, sizeof(version), "%lld", (long long)(to > 1 ? to - 1 : 1));
	if (!ask_version(c->api, c->x, version, on_first, c))
		free(c);
}

void
on_template_diff(struct http_exchange *x, void *arg)
{
	struct comparing *c = xcalloc(1, sizeof(*c));
	const char *from = http_query(x, "from");

	*c = (struct comparing){.api = arg, .x = x};
	if (from != NULL ? !ask_version(arg, x, from, on_first, c)
			 : !ask_version(arg, x, http_query(x, "to"), on_newest, c))
		free(c);
}
