/* SPDX-License-Identifier: MIT */
/* loa template save, ls, show, diff: template sets against the server. */
#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/cli/remote.h"
#include "dispatcher/cli/template_file.h"

#define PATH_MAX_BYTES 640

/* "vi, km" */
static void
print_words(const json_t *list)
{
	const json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		printf("%s%s", i > 0 ? ", " : "", json_string_value(one));
}

/* ---- save ---- */

static void
print_saved(const json_t *t)
{
	printf("template %s: version %" JSON_INTEGER_FORMAT "%s (", remote_text(t, "template"),
	       remote_number(t, "version"),
	       json_is_false(json_object_get(t, "new")) ? ", as before" : "");
	print_words(json_object_get(t, "languages"));
	printf(")\n");
}

static enum err
send_set(const struct remote_options *o, const char *name, struct slice source, json_t **answer,
	 struct err_ctx *e)
{
	struct remote *r;
	char path[512];
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_send(r, "PUT", remote_path(path, "/api/v1/templates/", name, ""),
			 set_is_document(source) ? "application/json" : "text/plain; charset=utf-8",
			 source, answer, e);
	remote_close(r);
	return rc;
}

int
verb_template_save(int argc, char **argv)
{
	struct remote_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o), {NULL, NULL, NULL}};
	struct template_files files = {0};
	struct template_set *set = NULL;
	json_t *answer = NULL;
	struct err_ctx e;
	int rc = 0;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc < 3)
		return cli_usage("template save", "needs a name and a file");
	if (template_files_read(argv + 2, (size_t)argc - 2, &files, &e) != ERR_OK)
		rc = cli_fail(&e);
	else if ((set = template_files_set(&files, stderr)) == NULL)
		rc = 1;
	else if (send_set(&o, argv[1], buf_slice(&files.source), &answer, &e) != ERR_OK)
		rc = cli_fail(&e);
	else if (o.is_json)
		remote_print_json(json_incref(answer));
	else
		print_saved(answer);
	json_decref(answer);
	set_free(set);
	template_files_free(&files);
	return rc;
}

/* ---- ls ---- */

static void
print_templates(const json_t *answer)
{
	const json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "templates"), i, one) {
		printf("%s  version %" JSON_INTEGER_FORMAT "  ", remote_text(one, "name"),
		       remote_number(one, "version"));
		print_words(json_object_get(one, "languages"));
		printf("  saved %.16s\n", remote_text(one, "saved"));
	}
}

int
verb_template_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "template ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/templates", NULL, print_templates);
}

/* ---- show ---- */

static void
print_text(const char *text)
{
	size_t n = strlen(text);

	printf("%s%s", text, n > 0 && text[n - 1] == '\n' ? "" : "\n");
}

static void
print_zalo(const char *language, const json_t *zalo)
{
	const char *name;
	json_t *v;

	printf("-- %s zalo %s\n", language, remote_text(zalo, "template_id"));
	json_object_foreach (json_object_get(zalo, "parameters"), name, v)
		printf("%s: %s\n", name, json_string_value(v));
}

static void
print_set(const json_t *t)
{
	json_t *set = json_object_get(t, "set"), *texts = json_object_get(set, "texts");
	const char *language;
	json_t *one;

	/* A template that is nothing but its Vietnamese text is shown as it was saved. */
	one = json_object_get(json_object_get(texts, "vi"), "sms");
	if (one != NULL && json_object_size(texts) == 1 &&
	    json_object_size(json_object_get(texts, "vi")) == 1) {
		fputs(json_string_value(one), stdout);
		return;
	}
	json_object_foreach (texts, language, one) {
		const char *sms = json_string_value(json_object_get(one, "sms"));
		const json_t *zalo = json_object_get(one, "zalo");

		if (sms != NULL) {
			printf("-- %s sms\n", language);
			print_text(sms);
		}
		if (zalo != NULL)
			print_zalo(language, zalo);
	}
	if (json_object_get(set, "fallback") != NULL) {
		printf("-- fallback ");
		print_words(json_object_get(set, "fallback"));
		printf(", vi\n");
	}
}

/* path + name=value, with ? or & before it. Tags and numbers need no encoding: others are refused. */
static bool
add_query(char *path, const char *name, const char *value)
{
	size_t n = strlen(path);

	if (value == NULL)
		return true;
	if (strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") !=
		    strlen(value) ||
	    strlen(value) > LANGUAGE_MAX)
		return false;
	snprintf(path + n, PATH_MAX_BYTES - n, "%c%s=%s", strchr(path, '?') != NULL ? '&' : '?',
		 name, value);
	return true;
}

int
verb_template_show(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *version = NULL, *language = NULL;
	const struct cli_option options[] = {
		{"--version", &version, NULL},
		{"--language", &language, NULL},
		REMOTE_OPTIONS(o),
		{NULL, NULL, NULL},
	};
	char path[PATH_MAX_BYTES];
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("template show", argc, 2);
	remote_path(path, "/api/v1/templates/", argv[1], language != NULL ? "" : "/set");
	if (!add_query(path, "version", version) || !add_query(path, "language", language))
		return cli_usage("template show", "takes a number and a language tag");
	if (language != NULL)
		return remote_copy(&o, path);
	return remote_verb(&o, "GET", path, NULL, print_set);
}

/* ---- diff ---- */

/* [["=","mời "],["-","bà"]] → "mời [-bà-]" */
static void
print_pieces(const json_t *pieces)
{
	const json_t *one;
	size_t i;

	json_array_foreach (pieces, i, one) {
		const char *mark = json_string_value(json_array_get(one, 0));
		const char *text = json_string_value(json_array_get(one, 1));

		if (mark[0] == '=' || json_array_size(pieces) == 1)
			fputs(text, stdout);
		else
			printf(mark[0] == '-' ? "[-%s-]" : "{+%s+}", text);
	}
}

static void
print_diff(const json_t *d)
{
	const json_t *text, *line;
	json_t *fallback = json_object_get(d, "fallback");
	size_t i, k;
	bool has_change = false;

	json_array_foreach (json_object_get(d, "texts"), i, text) {
		const char *change = remote_text(text, "change");

		if (strcmp(change, "none") == 0)
			continue;
		has_change = true;
		printf("-- %s %s: %s\n", remote_text(text, "language"),
		       remote_text(text, "channel"), change);
		json_array_foreach (json_object_get(text, "lines"), k, line) {
			const char *mark = json_string_value(json_array_get(line, 0));

			printf("%c ", mark[0] == '=' ? ' ' : mark[0]);
			print_pieces(json_array_get(line, 1));
			printf("\n");
		}
	}
	if (!json_equal(json_array_get(fallback, 0), json_array_get(fallback, 1))) {
		has_change = true;
		printf("-- fallback: ");
		print_words(json_array_get(fallback, 0));
		printf(" → ");
		print_words(json_array_get(fallback, 1));
		printf("\n");
	}
	if (!has_change)
		printf("version %" JSON_INTEGER_FORMAT " and version %" JSON_INTEGER_FORMAT
		       " say the same\n",
		       remote_number(d, "from"), remote_number(d, "to"));
}

int
verb_template_diff(int argc, char **argv)
{
	struct remote_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o), {NULL, NULL, NULL}};
	char path[PATH_MAX_BYTES];
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc < 2 || argc > 4)
		return cli_usage_words("template diff", argc, 2);
	remote_path(path, "/api/v1/templates/", argv[1], "/diff");
	if (!add_query(path, "from", argc > 2 ? argv[2] : NULL) ||
	    !add_query(path, "to", argc > 3 ? argv[3] : NULL))
		return cli_usage("template diff", "takes numbers of versions");
	return remote_verb(&o, "GET", path, NULL, print_diff);
}
