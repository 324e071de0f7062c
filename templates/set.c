/* SPDX-License-Identifier: MIT */
#include "templates/set.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "templates/set_inside.h"

#define ZALO_ID_MAX 64

/* ---- memory ---- */

static void
text_clear(struct set_text *t)
{
	free(t->sms);
	free(t->zalo_id);
	template_free(t->template);
	for (size_t i = 0; i < t->parameter_count; i++) {
		free(t->parameters[i].name);
		free(t->parameters[i].source);
		template_free(t->parameters[i].template);
	}
	free(t->parameters);
	*t = (struct set_text){0};
}

void
set_free(struct template_set *s)
{
	if (s == NULL)
		return;
	for (size_t i = 0; i < s->count; i++)
		text_clear(&s->texts[i]);
	free(s);
}

/* ---- errors ---- */

static void
tell(struct set_reading *r, const struct set_error *e)
{
	r->errors++;
	if (r->on_error != NULL)
		r->on_error(r->arg, e);
}

static void
tell_at(struct set_reading *r, const char *path, const char *message)
{
	struct set_error e = {.code = "input"};

	snprintf(e.path, sizeof(e.path), "%s", path);
	snprintf(e.message, sizeof(e.message), "%s", message);
	tell(r, &e);
}

static void
tell_err(struct set_reading *r, const struct err_ctx *why)
{
	struct set_error e = {.code = "input"};

	snprintf(e.path, sizeof(e.path), "%s", why->what);
	snprintf(e.message, sizeof(e.message), "%.280s%s%.110s", why->why,
		 why->todo[0] != '\0' ? ": " : "", why->todo);
	tell(r, &e);
}

static void
tell_template(struct set_reading *r, const char *path, const struct template_error *te)
{
	struct set_error e = {.line = te->line, .column = te->column};

	snprintf(e.path, sizeof(e.path), "%s", path);
	snprintf(e.code, sizeof(e.code), "%s", te->code);
	snprintf(e.message, sizeof(e.message), "%s", te->message);
	tell(r, &e);
}

static struct template *
compile(struct set_reading *r, const char *path, struct slice source)
{
	struct template_error te = {.code = "input", .line = 1, .column = 1};
	struct template *t = NULL;

	if (source.n == 0)
		snprintf(te.message, sizeof(te.message),
			 "the text is empty: write the message into the file");
	else
		t = template_compile(source, &te);
	if (t == NULL)
		tell_template(r, path, &te);
	return t;
}

/* ---- reading a document ---- */

/* The place of a tag among the texts, made where there is none; NULL: too many. */
static struct set_text *
text_of(struct template_set *s, const char *tag)
{
	size_t at = 0;

	while (at < s->count && strcmp(s->texts[at].tag, tag) != 0)
		at++;
	if (at < s->count)
		return &s->texts[at];
	if (s->count == SET_LANGUAGES_MAX)
		return NULL;
	for (at = s->count;
	     at > 0 && (strcmp(tag, "vi") == 0 || (strcmp(s->texts[at - 1].tag, "vi") != 0 &&
						   strcmp(s->texts[at - 1].tag, tag) > 0));
	     at--)
		s->texts[at] = s->texts[at - 1];
	s->texts[at] = (struct set_text){0};
	snprintf(s->texts[at].tag, LANGUAGE_MAX, "%s", tag);
	s->count++;
	return &s->texts[at];
}

static bool
is_parameter_name(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	return n > 0 && n == strlen(s) && n <= SET_PARAMETER_NAME_MAX;
}

static void
read_parameter(struct set_reading *r, struct set_text *t, const char *name,
	       const struct json_at *at)
{
	const char *source = "";
	struct set_parameter *p;
	size_t i = t->parameter_count;
	struct err_ctx e;

	if (!is_parameter_name(name)) {
		tell_at(r, at->path, "a parameter's name is up to 32 letters, digits and _");
		return;
	}
	if (t->parameter_count == SET_PARAMETERS_MAX) {
		tell_at(r, at->path, "is one too many: 32 are taken");
		return;
	}
	if (json_need_string(at, &source, &e) != ERR_OK) {
		tell_err(r, &e);
		return;
	}
	for (; i > 0 && strcmp(t->parameters[i - 1].name, name) > 0; i--)
		t->parameters[i] = t->parameters[i - 1];
	p = &t->parameters[i];
	*p = (struct set_parameter){xstrdup(name), xstrdup(source),
				    compile(r, at->path, slice_of(source))};
	t->parameter_count++;
}

static void
read_zalo(struct set_reading *r, struct set_text *t, const struct json_at *at)
{
	static const char *const keys[] = {"template_id", "parameters"};
	struct json_at id = json_get(at, "template_id"), parameters = json_get(at, "parameters");
	const char *text = "", *name;
	struct err_ctx e;
	json_t *v;

	if (at->v == NULL)
		return;
	if (t->zalo_id != NULL) {
		tell_at(r, at->path, "stands twice: \"zalo\" beside \"texts\" is that of vi");
		return;
	}
	if (json_want_object(at, &e) != ERR_OK ||
	    json_only_keys(at, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_need_string(&id, &text, &e) != ERR_OK ||
	    json_want_object(&parameters, &e) != ERR_OK) {
		tell_err(r, &e);
		return;
	}
	if (text[0] == '\0' || strlen(text) > ZALO_ID_MAX)
		tell_at(r, id.path, "must have 1 to 64 characters");
	t->zalo_id = xstrdup(text);
	t->parameters = xcalloc(SET_PARAMETERS_MAX, sizeof(*t->parameters));
	json_object_foreach (parameters.v, name, v) {
		struct json_at one = json_get(&parameters, name);

		read_parameter(r, t, name, &one);
	}
}

static void
read_text(struct set_reading *r, const char *key, const struct json_at *at)
{
	static const char *const keys[] = {"sms", "zalo"};
	struct json_at sms = json_get(at, "sms"), zalo = json_get(at, "zalo");
	char tag[LANGUAGE_MAX];
	const char *source = NULL;
	struct set_text *t;
	struct err_ctx e;

	if (!language_tag(slice_of(key), tag)) {
		tell_at(r, at->path, "is no language: use a tag as vi, km, tyz, hmn, cjm, en");
		return;
	}
	if (json_want_object(at, &e) != ERR_OK ||
	    json_only_keys(at, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_read_string(&sms, &source, &e) != ERR_OK) {
		tell_err(r, &e);
		return;
	}
	t = text_of(r->set, tag);
	if (t == NULL || t->sms != NULL || t->zalo_id != NULL) {
		tell_at(r, at->path,
			t == NULL ? "is one too many: 32 languages are taken" : "stands twice");
		return;
	}
	if (source == NULL && zalo.v == NULL)
		tell_at(r, at->path, "has neither \"sms\" nor \"zalo\"");
	if (source != NULL) {
		t->sms = xstrdup(source);
		t->sms_n = strlen(source);
		t->template = compile(r, sms.path, slice_of(source));
	}
	read_zalo(r, t, &zalo);
}

static void
read_fallback(struct set_reading *r, const struct json_at *at)
{
	struct template_set *s = r->set;
	struct err_ctx e;

	if (json_want_array(at, &e) != ERR_OK) {
		tell_err(r, &e);
		return;
	}
	for (size_t i = 0; i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);
		char tag[LANGUAGE_MAX];
		const char *text = "";
		const struct set_text *t;

		if (json_need_string(&one, &text, &e) != ERR_OK) {
			tell_err(r, &e);
			continue;
		}
		language_tag(slice_of(text), tag);
		t = set_find(s, tag);
		if (t == NULL || t->sms == NULL || s->fallback_count == SET_FALLBACK_MAX)
			tell_at(r, one.path,
				t == NULL || t->sms == NULL
					? "names a language that the set has no SMS text in"
					: "is one too many: 8 are taken");
		else
			memcpy(s->fallback[s->fallback_count++], tag, LANGUAGE_MAX);
	}
	/* vi comes last by itself */
	while (s->fallback_count > 0 && strcmp(s->fallback[s->fallback_count - 1], "vi") == 0)
		s->fallback_count--;
}

static void
read_document(struct set_reading *r, json_t *document)
{
	static const char *const keys[] = {"texts", "zalo", "fallback"};
	struct json_at root = json_root(document), texts = json_get(&root, "texts");
	struct json_at zalo = json_get(&root, "zalo"), fallback = json_get(&root, "fallback");
	const struct set_text *vi;
	struct err_ctx e;
	const char *key;
	json_t *v;

	if (json_want_object(&root, &e) != ERR_OK ||
	    json_only_keys(&root, keys, ARRAY_LEN(keys), &e) != ERR_OK ||
	    json_want_object(&texts, &e) != ERR_OK) {
		tell_err(r, &e);
		return;
	}
	json_object_foreach (texts.v, key, v) {
		struct json_at one = json_get(&texts, key);

		read_text(r, key, &one);
	}
	if (zalo.v != NULL)
		read_zalo(r, text_of(r->set, "vi"), &zalo);
	read_fallback(r, &fallback);
	vi = set_find(r->set, "vi");
	if (r->errors > 0)
		return;
	if (r->set->count == 0)
		tell_at(r, "texts", "is missing or empty: {\"texts\":{\"vi\":{\"sms\":\"…\"}}}");
	else if (set_has_sms(r->set) && (vi == NULL || vi->sms == NULL))
		tell_at(r, "texts",
			"has no \"vi\" with \"sms\": whoever reads none of its languages gets "
			"that");
}

static void
parse_document(struct set_reading *r, struct slice bytes)
{
	struct err_ctx e;
	json_t *v;

	if (json_parse(bytes, SET_SOURCE_MAX, "set", &v, &e) != ERR_OK) {
		struct set_error se = {
			.code = "syntax", .line = e.line, .column = e.column, .is_syntax = true};

		snprintf(se.message, sizeof(se.message), "%s", e.why);
		tell(r, &se);
		return;
	}
	read_document(r, v);
	json_decref(v);
}

/* ---- reading ---- */

static struct slice
without_mark(struct slice s)
{
	if (s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0)
		return (struct slice){s.p + 3, s.n - 3};
	return s;
}

static struct slice
without_blanks(struct slice s)
{
	while (s.n > 0 && memchr(" \t\r\n", s.p[0], 4) != NULL)
		s = (struct slice){s.p + 1, s.n - 1};
	return s;
}

bool
set_is_document(struct slice bytes)
{
	struct slice s = without_blanks(without_mark(bytes));

	if (s.n == 0 || s.p[0] != '{')
		return false;
	s = without_blanks((struct slice){s.p + 1, s.n - 1});
	if (s.n > 0 && s.p[0] == '}')
		return without_blanks((struct slice){s.p + 1, s.n - 1}).n == 0;
	return s.n > 0 && s.p[0] == '"';
}

struct template_set *
set_read(struct slice bytes, set_error_cb on_error, void *arg)
{
	struct template_set *s = xcalloc(1, sizeof(*s));
	struct set_reading r = {.set = s, .on_error = on_error, .arg = arg};
	size_t n = strlen(SET_MARK);

	if (bytes.n > n && memcmp(bytes.p, SET_MARK, n) == 0) {
		parse_document(&r, (struct slice){bytes.p + n, bytes.n - n});
	} else if (set_is_document(bytes)) {
		parse_document(&r, without_mark(bytes));
	} else {
		struct set_text *t = text_of(s, "vi");

		t->sms = xmemdup0(bytes.n > 0 ? bytes.p : "", bytes.n);
		t->sms_n = bytes.n;
		t->template = compile(&r, "", bytes);
	}
	if (r.errors == 0)
		return s;
	set_free(s);
	return NULL;
}

/* ---- writing ---- */

bool
set_is_plain(const struct template_set *s)
{
	return s->count == 1 && strcmp(s->texts[0].tag, "vi") == 0 && s->texts[0].sms != NULL &&
	       s->texts[0].zalo_id == NULL && s->fallback_count == 0;
}

static json_t *
zalo_json(const struct set_text *t)
{
	json_t *parameters = json_object();

	for (size_t i = 0; i < t->parameter_count; i++)
		json_object_set_new(parameters, t->parameters[i].name,
				    json_string(t->parameters[i].source));
	return json_pack("{s:s, s:o}", "template_id", t->zalo_id, "parameters", parameters);
}

json_t *
set_json(const struct template_set *s)
{
	json_t *texts = json_object(), *fallback = json_array(), *out;

	for (size_t i = 0; i < s->count; i++) {
		const struct set_text *t = &s->texts[i];
		json_t *one = json_object();

		if (t->sms != NULL)
			json_object_set_new(one, "sms",
					    json_of_slice((struct slice){t->sms, t->sms_n}));
		if (t->zalo_id != NULL)
			json_object_set_new(one, "zalo", zalo_json(t));
		json_object_set_new(texts, t->tag, one);
	}
	for (size_t i = 0; i < s->fallback_count; i++)
		json_array_append_new(fallback, json_string(s->fallback[i]));
	out = json_pack("{s:o}", "texts", texts);
	if (s->fallback_count > 0)
		json_object_set(out, "fallback", fallback);
	json_decref(fallback);
	return out;
}

void
set_encode(const struct template_set *s, struct buf *out)
{
	json_t *v;

	if (set_is_plain(s)) {
		buf_add(out, s->texts[0].sms, s->texts[0].sms_n);
		return;
	}
	v = set_json(s);
	buf_adds(out, SET_MARK);
	json_add_value(out, v);
	json_decref(v);
}

/* ---- a frame ---- */

static json_t *
framed(struct slice source, const char *label, const char *footer)
{
	struct buf out = {0};
	json_t *v;

	source = without_mark(source);
	if (source.n > 0 && source.p[source.n - 1] == '\n')
		source.n--;
	buf_adds(&out, label);
	buf_add_slice(&out, source);
	buf_adds(&out, footer);
	v = json_of_slice(buf_slice(&out));
	buf_free(&out);
	return v;
}

struct template_set *
set_framed(const struct template_set *s, const char *label, const char *footer,
	   set_error_cb on_error, void *arg)
{
	json_t *document = set_json(s);
	json_t *texts = json_object_get(document, "texts");
	struct template_set *out;
	struct buf b = {0};

	for (size_t i = 0; i < s->count; i++) {
		const struct set_text *t = &s->texts[i];

		if (t->sms != NULL)
			json_object_set_new(
				json_object_get(texts, t->tag), "sms",
				framed((struct slice){t->sms, t->sms_n}, label, footer));
	}
	buf_adds(&b, SET_MARK);
	json_add_value(&b, document);
	out = set_read(buf_slice(&b), on_error, arg);
	buf_free(&b);
	json_decref(document);
	return out;
}

/* ---- languages ---- */

bool
set_has_sms(const struct template_set *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->texts[i].sms != NULL)
			return true;
	return false;
}

void
set_add_languages(const struct template_set *s, struct buf *out)
{
	for (size_t i = 0; i < s->count; i++)
		buf_addf(out, "%s%s", i > 0 ? "," : "", s->texts[i].tag);
}

const struct set_text *
set_find(const struct template_set *s, const char *tag)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->texts[i].tag, tag) == 0)
			return &s->texts[i];
	return NULL;
}

/* Index of the SMS text of exactly this tag, or -1. */
static int
sms_index(const struct template_set *s, const char *tag)
{
	const struct set_text *t = set_find(s, tag);

	return t != NULL && t->sms != NULL ? (int)(t - s->texts) : -1;
}

/* The text of a tag, or of what it widens to; -1 = none. */
static int
own_index(const struct template_set *s, const char *tag)
{
	char wide[LANGUAGE_MAX];
	int at;

	if (tag[0] == '\0')
		return -1;
	snprintf(wide, sizeof(wide), "%s", tag);
	do
		at = sms_index(s, wide);
	while (at < 0 && language_widen(wide));
	return at;
}

size_t
set_choose(const struct template_set *s, const char *tag)
{
	int at = own_index(s, tag);

	for (size_t i = 0; at < 0 && tag[0] != '\0' && i < s->fallback_count; i++)
		at = sms_index(s, s->fallback[i]);
	if (at < 0)
		at = sms_index(s, "vi");
	return at < 0 ? 0 : (size_t)at;
}

bool
set_is_own(const struct template_set *s, size_t index, const char *tag)
{
	return own_index(s, tag) == (int)index;
}

/* ---- fields ---- */

struct unknown {
	const char *path;
	set_error_cb on_error;
	void *arg;
};

static void
on_unknown(void *arg, const struct template_error *te)
{
	const struct unknown *u = arg;
	struct set_reading r = {.on_error = u->on_error, .arg = u->arg};

	tell_template(&r, u->path, te);
}

size_t
set_each_unknown(const struct template_set *s, const char *const *known, size_t count,
		 set_error_cb on_error, void *arg)
{
	size_t found = 0;
	char path[200];
	struct unknown u = {path, on_error, arg};

	for (size_t i = 0; i < s->count; i++) {
		const struct set_text *t = &s->texts[i];

		snprintf(path, sizeof(path), "texts.%s.sms", t->tag);
		if (t->template != NULL)
			found += template_each_unknown(t->template, known, count, on_unknown, &u);
		for (size_t k = 0; k < t->parameter_count; k++) {
			snprintf(path, sizeof(path), "texts.%s.zalo.parameters.%s", t->tag,
				 t->parameters[k].name);
			found += template_each_unknown(t->parameters[k].template, known, count,
						       on_unknown, &u);
		}
	}
	return found;
}
