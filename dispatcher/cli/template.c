/* SPDX-License-Identifier: MIT */
/* loa template render. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/remote.h"
#include "dispatcher/cli/template_file.h"
#include "dispatcher/language_table.h"
#include "templates/sms.h"

/* ---- render ---- */

/* A field of the set's texts, by its name as it is compared. */
struct member {
	struct slice name;
	struct template_value value;
	bool is_set; /* by this line */
};

struct lines {
	struct template_set *set;
	struct languages *languages;
	struct member *members; /* of all texts */
	size_t count;
	struct arena memory; /* of one line */
	struct arena names;
};

static struct slice
folded(struct arena *a, const char *name)
{
	struct buf b = {0};
	struct slice s;

	text_add_folded(&b, slice_of(name));
	s = (struct slice){arena_memdup0(a, b.len > 0 ? b.data : "", b.len), b.len};
	buf_free(&b);
	return s;
}

/* Its member, or NULL. */
static struct member *
find_member(struct lines *r, struct slice name)
{
	for (size_t i = 0; i < r->count; i++)
		if (slice_eq(r->members[i].name, name))
			return &r->members[i];
	return NULL;
}

static void
add_member(struct lines *r, const char *field)
{
	struct slice name = folded(&r->names, field);

	if (find_member(r, name) != NULL)
		return;
	r->members = xrealloc(r->members, (r->count + 1) * sizeof(*r->members));
	r->members[r->count++] = (struct member){.name = name};
}

static struct slice
number_text(struct arena *a, const json_t *v)
{
	struct buf b = {0};
	struct slice s;

	if (json_is_integer(v))
		buf_addf(&b, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	else
		template_add_number(&b, json_real_value(v));
	s = (struct slice){arena_memdup0(a, b.data, b.len), b.len};
	buf_free(&b);
	return s;
}

/* False for what is no cell of a list: an object or an array. */
static bool
value_of(struct arena *a, const json_t *v, struct template_value *out)
{
	*out = (struct template_value){0};
	switch (json_typeof(v)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return false;
	case JSON_NULL:
		break;
	case JSON_STRING:
		out->kind = TEMPLATE_TEXT;
		out->text = (struct slice){json_string_value(v), json_string_length(v)};
		break;
	case JSON_INTEGER:
	case JSON_REAL:
		out->kind = TEMPLATE_NUMBER;
		out->number = json_number_value(v);
		out->text = number_text(a, v);
		break;
	case JSON_TRUE:
	case JSON_FALSE:
		out->kind = json_is_true(v) ? TEMPLATE_TRUE : TEMPLATE_FALSE;
		out->text = slice_of(json_is_true(v) ? "true" : "false");
		break;
	}
	return true;
}

static bool
refuse_key(struct buf *out, const char *key, const char *why)
{
	char message[200];

	snprintf(message, sizeof(message), "\"%.100s\" %s", key, why);
	cli_add_error(out, "input", message);
	return false;
}

/* The object's members; a name may come once only, whatever its case. */
static bool
read_values(struct lines *r, json_t *object, struct buf *out)
{
	const char *key;
	json_t *v;

	for (size_t i = 0; i < r->count; i++)
		r->members[i] = (struct member){.name = r->members[i].name};
	json_object_foreach (object, key, v) {
		struct member *m = find_member(r, folded(&r->memory, key));
		struct template_value value;

		if (!value_of(&r->memory, v, &value))
			return refuse_key(out, key,
					  "is an object or array: a value is a string, a number, "
					  "true, false or null");
		if (m == NULL)
			continue;
		if (m->is_set)
			return refuse_key(out, key,
					  "stands twice, in capitals and small letters or in two "
					  "forms of its accents");
		m->is_set = true;
		m->value = value;
	}
	return true;
}

static void
add_render_error(struct buf *out, enum render_result rc, const struct template_error *e)
{
	buf_addf(out, "{\"error\":{\"code\":\"%s\",", e->code);
	if (rc == RENDER_MISSING) {
		buf_adds(out, "\"field\":");
		json_add_string(out, slice_of(e->field));
		if (e->filter[0] != '\0') {
			buf_addf(out, ",\"filter\":\"%s\",\"value\":", e->filter);
			json_add_string(out, slice_of(e->value));
		}
	} else {
		buf_adds(out, "\"message\":");
		json_add_string(out, slice_of(e->message));
	}
	buf_addf(out, ",\"line\":%d,\"column\":%d}}", e->line, e->column);
}

/* The text for the object's language, which stands in one of the columns of languages. */
static const struct set_text *
text_for(struct lines *r, json_t *object)
{
	const char *const *columns = languages_columns(r->languages);
	char tag[LANGUAGE_MAX] = "";

	for (; *columns != NULL; columns++) {
		const char *key;
		json_t *v;
		struct slice wanted = folded(&r->memory, *columns);

		json_object_foreach (object, key, v) {
			if (!slice_eq(folded(&r->memory, key), wanted) || !json_is_string(v))
				continue;
			language_find(r->languages, slice_of(json_string_value(v)), tag);
			return &r->set->texts[set_choose(r->set, tag)];
		}
	}
	return &r->set->texts[set_choose(r->set, tag)];
}

static bool
render_values(struct lines *r, const struct set_text *of, struct buf *out)
{
	struct template_value values[TEMPLATE_FIELDS_MAX];
	const struct template *t = of->template;
	struct buf text = {0};
	struct template_error e;
	enum render_result rc;

	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = find_member(r, folded(&r->memory, template_field(t, i)))->value;
	rc = template_render_values(t, clock_today_vn(), values, &text, &e);
	if (rc == RENDER_OK) {
		struct sms_count n = sms_count(buf_slice(&text));

		buf_adds(out, "{\"text\":");
		json_add_string(out, buf_slice(&text));
		buf_addf(out, ",\"language\":\"%s\",\"encoding\":\"%s\",\"units\":%u,\"parts\":%u}",
			 of->tag, sms_encoding_name(n.encoding), n.units, n.parts);
	} else {
		add_render_error(out, rc, &e);
	}
	buf_free(&text);
	return rc == RENDER_OK;
}

static bool
render_line(struct slice line, struct buf *out, void *arg)
{
	struct lines *r = arg;
	struct err_ctx e;
	bool is_good;
	json_t *v;

	if (json_parse(line, CLI_LINE_MAX, "line", &v, &e) != ERR_OK) {
		cli_add_error(out, "input", e.why);
		return false;
	}
	if (!json_is_object(v)) {
		cli_add_error(out, "input", "the line is no JSON object");
		json_decref(v);
		return false;
	}
	is_good = read_values(r, v, out) && render_values(r, text_for(r, v), out);
	arena_reset(&r->memory);
	json_decref(v);
	return is_good;
}

static void
lines_free(struct lines *r)
{
	arena_free(&r->memory);
	arena_free(&r->names);
	free(r->members);
	set_free(r->set);
	languages_free(r->languages);
}

int
verb_template_render(int argc, char **argv)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct template_files files = {0};
	struct lines r = {0};
	struct err_ctx e;
	int rc = 0;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc < 2)
		return cli_usage("template render", "needs a file");
	if (strcmp(argv[1], "-") == 0)
		return cli_usage("template render",
				 "the template comes from a file, the recipients on standard "
				 "input");
	if (template_files_read(argv + 1, (size_t)argc - 1, &files, &e) != ERR_OK ||
	    language_table_load(&r.languages, NULL, &e) != ERR_OK) {
		template_files_free(&files);
		return cli_fail(&e);
	}
	r.set = template_files_set(&files, stderr);
	template_files_free(&files);
	if (r.set == NULL) {
		rc = 1;
	} else if (!set_has_sms(r.set)) {
		err_set(&e, ERR_INPUT, argv[1], "add \"sms\" to its texts", "has no SMS text");
		rc = cli_fail(&e);
	} else {
		for (size_t i = 0; i < r.set->count; i++)
			for (size_t k = 0; r.set->texts[i].template != NULL &&
					   k < template_field_count(r.set->texts[i].template);
			     k++)
				add_member(&r, template_field(r.set->texts[i].template, k));
		rc = cli_each_line(render_line, &r);
	}
	lines_free(&r);
	return rc;
}
