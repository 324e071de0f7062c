/* SPDX-License-Identifier: MIT */
/* loa template render, loa template check. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/remote.h"
#include "templates/sms.h"
#include "templates/template.h"

#define FIELDS_LIST_MAX 4096
#define FILE_MAX (4u << 20) /* bytes; the compiler says where a template is too long */

/* FILE compiled; NULL and *exit_code. `say` gets an error of the template itself. */
static struct template *
load(const char *path, struct buf *source, void (*say)(void *arg, const struct template_error *e),
     void *arg, int *exit_code)
{
	struct template_error te;
	struct template *t;
	struct err_ctx e;

	if (cli_read_file(path, FILE_MAX, source, &e) != ERR_OK) {
		*exit_code = cli_fail(&e);
		return NULL;
	}
	t = template_compile(buf_slice(source), &te);
	if (t == NULL) {
		say(arg, &te);
		*exit_code = 1;
	}
	return t;
}

/* ---- render ---- */

struct rendering {
	struct template *t;
	struct slice folded[TEMPLATE_FIELDS_MAX]; /* the fields' names as they are compared */
	struct template_value values[TEMPLATE_FIELDS_MAX];
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

/* The object's members into values[]; a name may come once only, whatever its case. */
static bool
read_values(struct rendering *r, json_t *object, struct buf *out)
{
	bool is_set[TEMPLATE_FIELDS_MAX] = {0};
	const char *key;
	json_t *v;

	memset(r->values, 0, sizeof(r->values));
	json_object_foreach (object, key, v) {
		struct slice name = folded(&r->memory, key);
		struct template_value value;

		if (!value_of(&r->memory, v, &value))
			return refuse_key(out, key,
					  "is an object or array: a value is a string, a number, "
					  "true, false or null");
		for (size_t i = 0; i < template_field_count(r->t); i++) {
			if (!slice_eq(name, r->folded[i]))
				continue;
			if (is_set[i])
				return refuse_key(out, key,
						  "stands twice, in capitals and small letters or "
						  "in two forms of its accents");
			is_set[i] = true;
			r->values[i] = value;
		}
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
	} else {
		buf_adds(out, "\"message\":");
		json_add_string(out, slice_of(e->message));
	}
	buf_addf(out, ",\"line\":%d,\"column\":%d}}", e->line, e->column);
}

static bool
render_values(struct rendering *r, struct buf *out)
{
	struct buf text = {0};
	struct template_error e;
	enum render_result rc =
		template_render_values(r->t, clock_today_vn(), r->values, &text, &e);

	if (rc == RENDER_OK) {
		struct sms_count n = sms_count(buf_slice(&text));

		buf_adds(out, "{\"text\":");
		json_add_string(out, buf_slice(&text));
		buf_addf(out, ",\"language\":\"vi\",\"encoding\":\"%s\",\"units\":%u,\"parts\":%u}",
			 sms_encoding_name(n.encoding), n.units, n.parts);
	} else {
		add_render_error(out, rc, &e);
	}
	buf_free(&text);
	return rc == RENDER_OK;
}

static bool
render_line(struct slice line, struct buf *out, void *arg)
{
	struct rendering *r = arg;
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
	is_good = read_values(r, v, out) && render_values(r, out);
	arena_reset(&r->memory);
	json_decref(v);
	return is_good;
}

static void
say_one_line(void *arg, const struct template_error *e)
{
	fprintf(stderr, "loa: %s:%d:%d: %s\n", (const char *)arg, e->line, e->column, e->message);
}

int
verb_template_render(int argc, char **argv)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct buf source = {0};
	struct rendering *r;
	struct template *t;
	struct err_ctx e;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("template render", "needs one file");
	if (strcmp(argv[1], "-") == 0)
		return cli_usage("template render",
				 "the template comes from a file, the recipients on standard "
				 "input");
	t = load(argv[1], &source, say_one_line, argv[1], &rc);
	buf_free(&source);
	if (t == NULL)
		return rc;
	r = xcalloc(1, sizeof(*r));
	r->t = t;
	for (size_t i = 0; i < template_field_count(t); i++)
		r->folded[i] = folded(&r->names, template_field(t, i));
	rc = cli_each_line(render_line, r);
	arena_free(&r->memory);
	arena_free(&r->names);
	template_free(t);
	free(r);
	return rc;
}

/* ---- check ---- */

/* "a, b" → names; returns how many, at most FIELDS_LIST_MAX. */
static size_t
split_names(struct arena *a, const char *list, const char **names)
{
	size_t count = 0;

	while (*list != '\0' && count < FIELDS_LIST_MAX) {
		size_t n = strcspn(list, ",");
		struct slice name = slice_trim((struct slice){list, n});

		if (name.n > 0)
			names[count++] = arena_memdup0(a, name.p, name.n);
		list += n + (list[n] == ',');
	}
	return count;
}

struct checked {
	const char *path;
	struct buf source;
};

/* The line of the contract on standard output; for people the source with a caret on the other. */
static void
print_error(void *arg, const struct template_error *e)
{
	const struct checked *c = arg;
	struct buf caret = {0};

	template_add_caret(buf_slice(&c->source), e, &caret);
	printf("%s:%d:%d: %s\n", c->path, e->line, e->column, e->message);
	fflush(stdout);
	fwrite(caret.data, 1, caret.len, stderr);
	buf_free(&caret);
}

static int
check_fields(const struct template *t, const char *list, struct checked *c)
{
	const char **names = xcalloc(FIELDS_LIST_MAX, sizeof(*names));
	struct arena memory = {0};
	size_t count = split_names(&memory, list, names);
	size_t unknown = template_each_unknown(t, names, count, print_error, c);

	arena_free(&memory);
	free(names);
	return unknown > 0;
}

/* The names of a list's columns as "a,b,c". */
static enum err
columns_of_list(const struct remote_options *o, const char *list, struct buf *out,
		struct err_ctx *e)
{
	struct remote *r;
	json_t *answer = NULL, *one;
	char path[512];
	size_t i;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_call(r, "GET", remote_path(path, "/api/v1/lists/", list, ""), NULL, &answer, e);
	remote_close(r);
	buf_adds(out, "");
	json_array_foreach (json_object_get(answer, "columns"), i, one)
		buf_addf(out, "%s%s", i > 0 ? "," : "",
			 json_string_value(json_object_get(one, "name")));
	json_decref(answer);
	return rc;
}

int
verb_template_check(int argc, char **argv)
{
	const char *fields = NULL, *list = NULL;
	struct remote_options server = {0};
	const struct cli_option options[] = {
		{"--fields", &fields, NULL},
		{"--list", &list, NULL},
		REMOTE_OPTIONS(server),
		{NULL, NULL, NULL},
	};
	struct checked checked = {0};
	struct template *t;
	struct buf columns = {0};
	struct err_ctx e;
	int rc = 0;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("template check", "needs one file");
	if (list != NULL && fields != NULL)
		return cli_usage("template check", "takes --fields or --list, not both");
	if (list != NULL && columns_of_list(&server, list, &columns, &e) != ERR_OK) {
		buf_free(&columns);
		return cli_fail(&e);
	}
	if (list != NULL)
		fields = columns.data;
	checked.path = argv[1];
	t = load(argv[1], &checked.source, print_error, &checked, &rc);
	if (t != NULL && fields != NULL)
		rc = check_fields(t, fields, &checked);
	template_free(t);
	buf_free(&checked.source);
	buf_free(&columns);
	return rc;
}
