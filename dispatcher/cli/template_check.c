/* SPDX-License-Identifier: MIT */
/* loa template check: fields, content rules, and with a server the registered patterns. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/registration.h"
#include "dispatcher/cli/pattern.h"
#include "dispatcher/cli/remote.h"
#include "dispatcher/cli/template_file.h"
#include "templates/content.h"

#define FIELDS_LIST_MAX 4096

/* ---- fields ---- */

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

/* How many fields are not in the list; each is told to on_error. */
static size_t
each_unknown(const struct template_set *set, const char *list, set_error_cb on_error,
	     struct template_errors *errors)
{
	const char **names = xcalloc(FIELDS_LIST_MAX, sizeof(*names));
	struct arena memory = {0};
	size_t count = split_names(&memory, list, names);
	size_t unknown = set_each_unknown(set, names, count, on_error, errors);

	arena_free(&memory);
	free(names);
	return unknown;
}

static void
on_sensitive(void *arg, const struct set_error *of)
{
	struct set_error e = *of;

	snprintf(e.message, sizeof(e.message),
		 "warning: this column is sensitive by the law on personal data; a campaign that "
		 "tells it needs \"sensitive\": \"REASON\"");
	template_files_error(arg, &e);
}

/* Names of fields as "a,b,c"; NULL = not known. */
struct fields {
	const char *all;
	const char *plain; /* without those that are sensitive */
};

static int
check_fields(const struct template_set *set, const struct template_files *files,
	     const struct fields *f)
{
	struct template_errors errors = {files, stdout};

	if (f->all != NULL && each_unknown(set, f->all, template_files_error, &errors) > 0)
		return 1;
	if (f->plain != NULL)
		each_unknown(set, f->plain, on_sensitive, &errors);
	return 0;
}

/* ---- content rules ---- */

/*
 * The source with its tags blotted out: a stroke for each byte, which is no word, no
 * link and in no place but its own. Comments and raw text count as tags and text.
 */
static void
add_without_tags(struct buf *out, struct slice source)
{
	size_t i = 0;

	while (i < source.n) {
		const char *open = source.p + i, *end;
		bool is_tag =
			source.n - i >= 4 && open[0] == '{' && (open[1] == '{' || open[1] == '%');

		end = is_tag ? memmem(open + 2, source.n - i - 2, open[1] == '{' ? "}}" : "%}", 2)
			     : NULL;
		if (end == NULL) {
			buf_addc(out, source.p[i++]);
			continue;
		}
		for (; open < end + 2; open++, i++)
			buf_addc(out, *open == '\n' ? '\n' : '|');
	}
}

/* One text against the rules for all providers: 1 when something is refused. */
static int
check_text(struct content_view *v, const struct template_files *files, const struct set_text *of)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	struct template_errors errors = {files, stdout};
	struct buf text = {0};
	size_t n;
	int rc = 0;

	add_without_tags(&text, (struct slice){of->sms, of->sms_n});
	n = content_check(v, buf_slice(&text), 0, found);
	for (size_t i = 0; i < n; i++) {
		const struct content_finding *f = &found[i];
		struct content_words w = content_rule_words(v, f->rule);
		struct slice before = {text.data, (size_t)(f->found.p - text.data)};
		struct set_error e = {.line = 1};

		for (const char *p = text.data; p < f->found.p; p++) {
			if (*p != '\n')
				continue;
			e.line++;
			before = (struct slice){p + 1, (size_t)(f->found.p - p - 1)};
		}
		e.column = (int)text_length(before) + 1;
		snprintf(e.path, sizeof(e.path), "texts.%s.sms", of->tag);
		snprintf(e.message, sizeof(e.message), "%s%.60s: \"%.*s\": %.200s",
			 w.severity == CONTENT_WARN ? "warning: " : "", w.rule,
			 (int)text_clip(f->found, 80).n, f->found.p, w.en);
		template_files_error(&errors, &e);
		rc = w.severity == CONTENT_REFUSE ? 1 : rc;
	}
	buf_free(&text);
	return rc;
}

/* 1 when something is refused: the fixed words of the texts by rules for all providers. */
static int
check_content(const struct content *rules, const struct template_set *set,
	      const struct template_files *files, const char *class)
{
	struct content_view *v;
	char day[12];
	int rc = 0;

	day_text(clock_today_vn(), day);
	v = content_view_new(rules, class, "", day, false);
	for (size_t i = 0; i < set->count; i++)
		if (set->texts[i].sms != NULL && check_text(v, files, &set->texts[i]) != 0)
			rc = 1;
	content_view_free(v);
	return rc;
}

/* The rules of the server, or with server NULL those that are built in; NULL: *rc. */
static int
check_rules(const struct remote_options *server, const struct template_set *set,
	    const struct template_files *files, const char *class)
{
	struct config *config = NULL;
	struct content *rules = NULL;
	struct remote *r;
	struct err_ctx e;
	json_t *document = NULL;
	enum err code;
	int rc;

	if (server == NULL) {
		if (config_load(NULL, &config, &e) != ERR_OK)
			return cli_fail(&e);
		rc = check_content(config->content_rules, set, files, class);
		config_free(config);
		return rc;
	}
	code = remote_open(server, &r, &e);
	if (code == ERR_OK) {
		code = remote_call(r, "GET", "/api/v1/content", NULL, &document, &e);
		remote_close(r);
	}
	if (code == ERR_OK)
		code = content_read(document, &rules, &e);
	rc = code == ERR_OK ? check_content(rules, set, files, class) : cli_fail(&e);
	content_free(rules);
	json_decref(document);
	return rc;
}

/* The names of a list's columns as "a,b,c": all, and those that are not sensitive. */
static enum err
columns_of_list(const struct remote_options *o, const char *list, struct buf out[2],
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
	buf_adds(&out[0], "");
	buf_adds(&out[1], "");
	json_array_foreach (json_object_get(answer, "columns"), i, one) {
		bool is_sensitive = json_is_true(json_object_get(one, "is_sensitive"));

		for (size_t k = 0; k < (is_sensitive ? 1 : 2); k++)
			buf_addf(&out[k], "%s%s", out[k].len > 0 ? "," : "",
				 remote_text(one, "name"));
	}
	json_decref(answer);
	return rc;
}

/* ---- registered patterns ---- */

/* Which of them the messages are compared with; NULL = not said. */
struct compared {
	const char *list, *brandname, *carrier, *class;
};

static void
set_word(json_t *body, const char *key, const char *value)
{
	if (value != NULL && value[0] != '\0')
		json_object_set_new(body, key, json_string(value));
}

static void
print_compared(const json_t *a)
{
	json_t *one;
	size_t i;

	printf("registered patterns: %lld of %lld messages match none",
	       (long long)remote_number(a, "unmatched"), (long long)remote_number(a, "messages"));
	if (remote_number(a, "skipped") > 0)
		printf(" (%lld rows have no text)", (long long)remote_number(a, "skipped"));
	printf("\n");
	json_array_foreach (json_object_get(a, "matched"), i, one)
		printf("  %lld match %s (%s)\n", (long long)remote_number(one, "messages"),
		       remote_text(one, "pattern"), remote_text(one, "state"));
	json_array_foreach (json_object_get(a, "examples"), i, one) {
		if (remote_number(one, "row") > 0)
			printf("  row %lld (%s): %s\n", (long long)remote_number(one, "row"),
			       remote_text(one, "language"), remote_text(one, "text"));
		else
			printf("  %s: %s\n", remote_text(one, "language"),
			       remote_text(one, "text"));
		print_nearest(json_object_get(one, "nearest"), "    ");
	}
	print_lead(a, "  ");
}

static bool
has_fields(const struct template_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		if (set->texts[i].sms != NULL && !template_is_constant(set->texts[i].template))
			return true;
	return false;
}

/* 1 when messages match no pattern, where there are any. */
static int
check_patterns(const struct remote_options *server, const struct template_set *set,
	       const struct template_files *files, const struct compared *with)
{
	struct slice source = buf_slice(&files->source);
	json_t *body, *answer = NULL;
	struct remote *r;
	struct err_ctx e;
	int rc = 0;

	if (!set_has_sms(set))
		return 0;
	if (with->list == NULL && has_fields(set)) {
		fprintf(stderr, "loa: not compared with the registered patterns: --list names a "
				"list whose rows fill the placeholders in\n");
		return 0;
	}
	if (remote_open(server, &r, &e) != ERR_OK)
		return cli_fail(&e);
	body = json_pack("{s:o}", "template", json_of_slice(source));
	set_word(body, "list", with->list);
	set_word(body, "brandname", with->brandname);
	set_word(body, "carrier", with->carrier);
	set_word(body, "class", with->class);
	if (remote_call(r, "POST", "/api/v1/patterns/check", body, &answer, &e) != ERR_OK) {
		rc = cli_fail(&e);
	} else {
		if (remote_number(answer, "patterns") > 0) {
			print_compared(answer);
			rc = remote_number(answer, "unmatched") > 0;
		}
		rc = print_law(answer) || rc != 0;
	}
	remote_close(r);
	json_decref(answer);
	return rc;
}

/* ---- the verb ---- */

/* The server was named, or something that only a server knows. */
static bool
asks_server(const struct remote_options *o, const struct compared *with)
{
	return with->list != NULL || with->brandname != NULL || with->carrier != NULL ||
	       o->server != NULL || o->data != NULL;
}

static int
check_all(const struct remote_options *server, const struct template_files *files,
	  const struct compared *with, const struct fields *fields)
{
	struct template_set *set = template_files_set(files, stdout);
	int rc, judged;

	if (set == NULL)
		return 1;
	rc = check_fields(set, files, fields);
	judged = check_rules(server, set, files, with->class);
	if (rc == 0 && judged <= 1 && server != NULL) {
		int matched = check_patterns(server, set, files, with);

		judged = matched > judged ? matched : judged;
	}
	set_free(set);
	return judged > rc ? judged : rc;
}

int
verb_template_check(int argc, char **argv)
{
	struct fields fields = {NULL, NULL};
	struct compared with = {.class = ""};
	struct remote_options server = {0};
	const struct cli_option options[] = {
		{"--fields", &fields.all, NULL},
		{"--list", &with.list, NULL},
		{"--class", &with.class, NULL},
		{"--brandname", &with.brandname, NULL},
		{"--carrier", &with.carrier, NULL},
		REMOTE_OPTIONS(server),
		{NULL, NULL, NULL},
	};
	struct template_files files = {0};
	struct buf columns[2] = {{0}};
	struct err_ctx e;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc < 2)
		return cli_usage("template check", "needs a file");
	if (with.list != NULL && fields.all != NULL)
		return cli_usage("template check", "takes --fields or --list, not both");
	if ((with.list != NULL && columns_of_list(&server, with.list, columns, &e) != ERR_OK) ||
	    template_files_read(argv + 1, (size_t)argc - 1, &files, &e) != ERR_OK) {
		rc = cli_fail(&e);
	} else {
		if (with.list != NULL)
			fields = (struct fields){columns[0].data, columns[1].data};
		rc = check_all(asks_server(&server, &with) ? &server : NULL, &files, &with,
			       &fields);
	}
	template_files_free(&files);
	buf_free(&columns[0]);
	buf_free(&columns[1]);
	return rc;
}
