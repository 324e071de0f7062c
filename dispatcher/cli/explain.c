/* SPDX-License-Identifier: MIT */
/* loa explain: why did this person get it or not, in sentences. */
#include <stdio.h>
#include <string.h>

#include "dispatcher/cli/campaign.h"

struct explain_lines {
	json_t *explain, *error;
};

static bool
on_line(void *arg, struct slice line)
{
	struct explain_lines *l = arg;
	json_t *v = json_loadb(line.p, line.n, 0, NULL);

	if (v == NULL)
		return false;
	remote_progress(v, "looked through");
	l->explain = json_incref(json_object_get(v, "explain"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->explain == NULL && l->error == NULL;
}

static void
print_sentences(const json_t *explain, const char *language, const char *phone)
{
	const json_t *next = json_object_get(explain, "next");
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(explain, "sentences"), i, one)
		printf("%s\n", json_string_value(one));
	json_array_foreach (json_object_get(explain, "not_readable"), i, one)
		printf(strcmp(language, "en") == 0 ? "The campaign “%s”: %s.\n"
						   : "Chiến dịch “%s” không xem được nữa: %s.\n",
		       remote_text(one, "campaign"), remote_text(one, "why"));
	if (json_is_integer(next))
		printf(strcmp(language, "en") == 0
			       ? "There are older runs: loa explain %s --before "
				 "%" JSON_INTEGER_FORMAT "\n"
			       : "Còn đợt gửi cũ hơn: loa explain %s --before %" JSON_INTEGER_FORMAT
				 "\n",
		       phone, json_integer_value(next));
}

static enum err
ask(const struct remote_options *o, const char *path, struct explain_lines *l, struct err_ctx *e)
{
	struct remote *r;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_lines(r, "GET", path, on_line, l, e);
	remote_close(r);
	remote_bar_end();
	if (rc == ERR_OK && l->explain == NULL)
		rc = remote_late_error(l->error, e);
	return rc;
}

int
verb_explain(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL, *language = "vi", *before = NULL, *run = NULL;
	bool is_full = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--reason", &reason, NULL},
					     {"--language", &language, NULL},
					     {"--before", &before, NULL},
					     {"--run", &run, NULL},
					     {"--full", NULL, &is_full},
					     {NULL, NULL, NULL}};
	struct explain_lines l = {0};
	struct buf path = {0};
	struct err_ctx e;
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2 && argc != 3)
		return cli_usage_words("explain", argc, argc > 3 ? 3 : 2);
	buf_adds(&path, "/api/v1/explain?");
	add_query(&path, "phone", argv[1]);
	if (argc == 3)
		add_query(&path, "campaign", argv[2]);
	add_query(&path, "language", language);
	if (reason != NULL)
		add_query(&path, "reason", reason);
	if (before != NULL)
		add_query(&path, "before", before);
	if (run != NULL)
		add_query(&path, "run", run);
	if (is_full)
		add_query(&path, "full", "1");
	rc = path.len < REMOTE_URL_MAX - 300
		     ? ask(&o, path.data, &l, &e)
		     : err_set(&e, ERR_USAGE, "explain", "", "its words are too long");
	buf_free(&path);
	if (rc == ERR_OK && o.is_json)
		remote_print_json(json_incref(l.explain));
	else if (rc == ERR_OK)
		print_sentences(l.explain, language, argv[1]);
	json_decref(l.explain);
	json_decref(l.error);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}
