/* SPDX-License-Identifier: MIT */
/* loa doubt ls, resend, mark: what nobody knows, and what a person decides about it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/cli/campaign.h"

#define ROWS_MAX 1000u

/* ---- ls ---- */

struct listing {
	bool is_json;
	uint64_t lines;
};

static void
print_line(const json_t *v)
{
	const char *may = remote_text(v, "may"), *from = remote_text(v, "from");
	const char *until = remote_text(v, "until"), *id = remote_text(v, "id");
	const char *code = remote_text(v, "code");

	printf("%8" JSON_INTEGER_FORMAT "  %s  attempt %" JSON_INTEGER_FORMAT "  %s  %-12s %s",
	       remote_number(v, "row"), remote_text(v, "phone"), remote_number(v, "attempt"),
	       remote_text(v, "since"), remote_text(v, "provider"), remote_text(v, "reason"));
	if (remote_text(v, "list")[0] != '\0')
		printf(" (%s, row %" JSON_INTEGER_FORMAT ")", remote_text(v, "list"),
		       remote_number(v, "list_row"));
	if (id[0] != '\0')
		printf(" (id %s)", id);
	if (code[0] != '\0')
		printf(" (code %s)", code);
	if (from[0] != '\0')
		printf("; nothing before %s\n", from);
	else if (strcmp(may, "repeat") == 0)
		printf("; resend repeats its reference until %s\n", until);
	else if (strcmp(may, "new-attempt") == 0)
		printf("; a new attempt may reach the person twice\n");
	else if (strcmp(may, "none") == 0)
		printf("; can only be marked\n");
	else
		printf("; repeated by itself until %s\n", until);
}

static bool
on_line(void *arg, struct slice line)
{
	struct listing *l = arg;
	json_t *v;

	if (line.n == 0)
		return true;
	l->lines++;
	if (l->is_json)
		return fwrite(line.p, 1, line.n, stdout) == line.n && putchar('\n') != EOF;
	v = json_loadb(line.p, line.n, 0, NULL);
	if (v != NULL)
		print_line(v);
	json_decref(v);
	return !ferror(stdout);
}

int
verb_doubt_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	struct listing l = {0};
	const char *run = NULL;
	bool is_full = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--full", NULL, &is_full},
					     {"--run", &run, NULL},
					     {NULL, NULL, NULL}};
	struct buf path = {0};
	struct remote *r;
	struct err_ctx e;
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("doubt ls", "needs a campaign");
	l.is_json = o.is_json;
	rc = remote_open(&o, &r, &e);
	if (rc == ERR_OK) {
		rc = remote_lines(
			r, "GET",
			path_of_run(&path, argv[1], is_full ? "/doubt?full=1" : "/doubt", run),
			on_line, &l, &e);
		remote_close(r);
	}
	buf_free(&path);
	if (rc == ERR_OK && l.lines == 0 && !o.is_json)
		printf("nothing is in doubt\n");
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

/* ---- resend and mark ---- */

/* "3,17" → [3, 17]; NULL: e says why. */
static json_t *
read_rows(const char *list, struct err_ctx *e)
{
	json_t *rows = json_array();

	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, ",");
		int64_t row = 0;

		if (!slice_to_i64((struct slice){at, n}, &row) || row < 1 ||
		    json_array_size(rows) == ROWS_MAX) {
			json_decref(rows);
			err_set(e, ERR_USAGE, "--row", "write --row 3,17",
				"\"%.60s\" is no list of at most %u row numbers", list, ROWS_MAX);
			return NULL;
		}
		json_array_append_new(rows, json_integer((json_int_t)row));
		at += n + (at[n] == ',');
	}
	return rows;
}

static void
print_marked(const json_t *a)
{
	printf("%" JSON_INTEGER_FORMAT " marked\n", remote_number(a, "marked"));
	if (remote_number(a, "not_yet") > 0)
		printf("%" JSON_INTEGER_FORMAT
		       " not yet: what was sent may still be on its way (see loa doubt ls)\n",
		       remote_number(a, "not_yet"));
	if (remote_number(a, "not_in_doubt") > 0)
		printf("%" JSON_INTEGER_FORMAT " are not in doubt\n",
		       remote_number(a, "not_in_doubt"));
}

static void
print_resend(const json_t *a, bool is_done)
{
	static const struct {
		const char *name, *words;
	} others[] = {
		{"needs_new_attempt", "need --new-attempt: it may reach the person twice"},
		{"repeated_by_itself", "are repeated by themselves still"},
		{"never", "cannot be sent any more"},
		{"not_in_doubt", "are not in doubt"},
	};

	printf("%" JSON_INTEGER_FORMAT
	       " %s under the same reference: the gateway takes them once\n",
	       remote_number(a, "repeat"), is_done ? "are repeated" : "would be repeated");
	printf("%" JSON_INTEGER_FORMAT " %s in a new attempt: these may reach the person twice\n",
	       remote_number(a, "new_attempt"), is_done ? "are sent" : "would be sent");
	if (remote_number(a, "not_yet") > 0)
		printf("%" JSON_INTEGER_FORMAT " not before %s\n", remote_number(a, "not_yet"),
		       remote_text(a, "not_before"));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		if (remote_number(a, others[i].name) > 0)
			printf("%" JSON_INTEGER_FORMAT " %s\n", remote_number(a, others[i].name),
			       others[i].words);
	if (is_done && strcmp(remote_text(a, "state"), "paused") == 0)
		printf("the campaign is paused: they leave when it is resumed\n");
}

/* Ask what would be done, ask the person, do it. */
static int
resend(const struct remote_options *o, struct remote *r, const char *path, json_t *body,
       bool is_yes)
{
	json_t *answer = NULL;
	struct err_ctx e;
	json_int_t n;
	int rc;

	json_object_set_new(body, "dry", json_true());
	if (remote_call(r, "POST", path, json_deep_copy(body), &answer, &e) != ERR_OK)
		return cli_fail(&e);
	n = remote_number(answer, "repeat") + remote_number(answer, "new_attempt");
	if (n > 0 && !o->is_json)
		print_resend(answer, false);
	json_decref(answer);
	/* Where nothing can be done the server says why. */
	rc = n > 0 ? remote_confirm(is_yes, "Send these again?") : 0;
	if (rc != 0)
		return rc;
	json_object_del(body, "dry");
	json_object_set_new(body, "most", json_integer(n));
	answer = NULL;
	if (remote_call(r, "POST", path, json_deep_copy(body), &answer, &e) != ERR_OK)
		return cli_fail(&e);
	if (o->is_json) {
		remote_print_json(answer);
		return 0;
	}
	print_resend(answer, true);
	json_decref(answer);
	return 0;
}

int
verb_doubt_resend(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL, *list = NULL, *run = NULL;
	bool is_all = false, may_new = false, is_yes = false;
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o),	  {"--reason", &reason, NULL},
		{"--run", &run, NULL},	  {"--row", &list, NULL},
		{"--all", NULL, &is_all}, {"--new-attempt", NULL, &may_new},
		{"--yes", NULL, &is_yes}, {NULL, NULL, NULL}};
	struct buf path = {0};
	struct remote *r;
	struct err_ctx e;
	json_t *body, *rows;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2 || reason == NULL)
		return cli_usage("doubt resend", argc != 2 ? "needs a campaign" : "needs --reason");
	if ((list != NULL) == is_all)
		return cli_usage("doubt resend", "needs --row or --all");
	rows = read_rows(list != NULL ? list : "", &e);
	if (rows == NULL)
		return cli_fail(&e);
	body = json_pack("{s:s, s:b, s:b}", "reason", reason, "all", is_all, "new_attempt",
			 may_new);
	if (body == NULL) {
		json_decref(rows);
		return cli_usage("doubt resend", "its reason is not UTF-8");
	}
	json_object_set_new(body, "rows", rows);
	if (remote_open(&o, &r, &e) == ERR_OK) {
		rc = resend(&o, r, path_of_run(&path, argv[1], "/doubt/resend", run), body, is_yes);
		remote_close(r);
		buf_free(&path);
	} else {
		rc = cli_fail(&e);
	}
	json_decref(body);
	return rc;
}

int
verb_doubt_mark(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *reason = NULL, *list = NULL, *as = NULL, *run = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),	    {"--reason", &reason, NULL},
					     {"--run", &run, NULL}, {"--row", &list, NULL},
					     {"--as", &as, NULL},   {NULL, NULL, NULL}};
	struct buf path = {0};
	struct err_ctx e;
	json_t *body, *rows;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2 || reason == NULL || list == NULL || as == NULL)
		return cli_usage("doubt mark", "needs a campaign, --row, --as and --reason");
	rows = read_rows(list, &e);
	if (rows == NULL)
		return cli_fail(&e);
	body = json_pack("{s:s, s:s}", "reason", reason, "as", as);
	if (body == NULL) {
		json_decref(rows);
		return cli_usage("doubt mark", "its words are not UTF-8");
	}
	json_object_set_new(body, "rows", rows);
	rc = remote_verb(&o, "POST", path_of_run(&path, argv[1], "/doubt/mark", run), body,
			 print_marked);
	buf_free(&path);
	return rc;
}
