/* SPDX-License-Identifier: MIT */
/* loa campaign test: a campaign's texts, shown and sent to one's own phone. */
#include <stdio.h>

#include "base/mem.h"
#include "dispatcher/cli/campaign.h"

struct trying {
	bool is_json;
	json_t *texts, *sent, *error;
};

/* A row of several lists is named by its list, too. */
static const char *
comma_of(const json_t *one)
{
	return remote_text(one, "list")[0] != '\0' ? ", " : "";
}

static void
print_texts(const json_t *t)
{
	json_t *one;
	size_t i;

	printf("to %s by %s%s\n", remote_text(t, "to"), remote_text(t, "provider"),
	       json_is_true(json_object_get(t, "sandbox")) ? " (sandbox: nothing leaves)" : "");
	json_array_foreach (json_object_get(t, "texts"), i, one)
		printf("\n%s%srow %" JSON_INTEGER_FORMAT " (%s): %" JSON_INTEGER_FORMAT
		       " parts%s, %" JSON_INTEGER_FORMAT " VND\n  %s\n",
		       remote_text(one, "list"), comma_of(one), remote_number(one, "row"),
		       remote_text(one, "why"), remote_number(one, "parts"),
		       json_is_true(json_object_get(one, "unicode")) ? " in Unicode" : "",
		       remote_number(one, "cost"), remote_text(one, "text"));
	printf("\n");
	fflush(stdout);
}

/* 1 if any was refused. */
static int
print_sent(const struct trying *t)
{
	json_t *texts = json_object_get(t->texts, "texts"), *one;
	int rc = 0;
	size_t i;

	json_array_foreach (t->sent, i, one) {
		const json_t *refusal = json_object_get(one, "error");
		const json_t *text = json_array_get(texts, i);
		json_int_t row = remote_number(text, "row");

		if (refusal == NULL) {
			printf("%s%srow %" JSON_INTEGER_FORMAT ": message %s\n",
			       remote_text(text, "list"), comma_of(text), row,
			       remote_text(one, "id"));
			continue;
		}
		fprintf(stderr, "loa: %s%srow %" JSON_INTEGER_FORMAT ": %s: %s\n",
			remote_text(text, "list"), comma_of(text), row,
			remote_text(refusal, "detail"), remote_text(refusal, "code"));
		rc = 1;
	}
	return rc;
}

static bool
on_line(void *arg, struct slice line)
{
	struct trying *t = arg;
	json_t *v = NULL;
	struct err_ctx e;

	if (json_parse(line, 1u << 20, "answer", &v, &e) != ERR_OK)
		return false;
	remote_progress(v, "rendered");
	if (t->texts == NULL && json_object_get(v, "texts") != NULL) {
		t->texts = json_incref(v);
		remote_bar_end();
		if (!t->is_json)
			print_texts(v);
	}
	t->sent = json_incref(json_object_get(v, "sent"));
	t->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return t->sent == NULL && t->error == NULL;
}

/* ---- words ---- */

struct test_options {
	struct remote_options remote;
	const char *row, *count, *list;
	const char *reason; /* why in full; NULL = not said */
	bool is_shortest, is_longest, is_full;
};

static enum err
add_number(json_t *body, const char *key, const char *option, const char *text, struct err_ctx *e)
{
	int64_t n = 0;

	if (text == NULL)
		return ERR_OK;
	if (!slice_to_i64(slice_of(text), &n) || n < 1)
		return err_set(e, ERR_USAGE, option, "write a number from 1 on",
			       "\"%.40s\" is none", text);
	json_object_set_new(body, key, json_integer((json_int_t)n));
	return ERR_OK;
}

static enum err
make_body(const struct test_options *o, const char *phone, json_t *body, struct err_ctx *e)
{
	enum err rc = add_number(body, "row", "--row", o->row, e);
	json_t *to = json_of_slice(slice_of(phone));

	if (rc == ERR_OK)
		rc = add_number(body, "count", "-n", o->count, e);
	if (rc == ERR_OK && to == NULL)
		rc = err_set(e, ERR_USAGE, "PHONE", "", "is no UTF-8");
	json_object_set_new(body, "to", to);
	if (o->list != NULL)
		json_object_set_new(body, "list", json_of_slice(slice_of(o->list)));
	if (o->is_shortest || o->is_longest)
		json_object_set_new(body, "pick",
				    json_string(o->is_shortest ? "shortest" : "longest"));
	return rc;
}

/* An error that came when the answer had begun. */
static enum err
read_error(const json_t *v, struct err_ctx *e)
{
	if (v == NULL)
		return err_set(e, ERR_UNREACHABLE, "test",
			       "look whether it has come, then try again",
			       "the answer ended too early");
	return remote_late_error(v, e);
}

static int
end(struct trying *t, enum err code, struct err_ctx *e)
{
	int rc = 0;

	if (code == ERR_OK && t->sent == NULL)
		code = read_error(t->error, e);
	if (code != ERR_OK) {
		rc = cli_fail(e);
	} else if (t->is_json) {
		json_object_set(t->texts, "sent", t->sent);
		remote_print_json(json_incref(t->texts));
	} else {
		rc = print_sent(t);
	}
	json_decref(t->texts);
	json_decref(t->sent);
	json_decref(t->error);
	return rc;
}

int
verb_campaign_test(int argc, char **argv)
{
	struct test_options o = {0};
	const struct cli_option options[] = {
		{"--row", &o.row, NULL},
		{"--list", &o.list, NULL},
		{"-n", &o.count, NULL},
		{"--shortest", NULL, &o.is_shortest},
		{"--longest", NULL, &o.is_longest},
		{"--full", NULL, &o.is_full},
		{"--reason", &o.reason, NULL},
		REMOTE_OPTIONS(o.remote),
		{NULL, NULL, NULL},
	};
	struct trying t = {0};
	struct remote *r;
	struct err_ctx e;
	struct buf url = {0};
	json_t *body;
	enum err code;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 3)
		return cli_usage("campaign test", "needs a campaign and a phone");
	if ((o.row != NULL) + o.is_shortest + o.is_longest > 1)
		return cli_usage("campaign test", "takes one of --row, --shortest and --longest");
	if (o.list != NULL && o.row == NULL)
		return cli_usage("campaign test", "takes --list with --row");
	t.is_json = o.remote.is_json;
	body = json_object();
	code = make_body(&o, argv[2], body, &e);
	if (code == ERR_OK)
		code = remote_open(&o.remote, &r, &e);
	if (code == ERR_OK) {
		add_full(&url, argv[1], "/test", o.is_full, o.reason);
		code = remote_post_lines(r, url.data, body, on_line, &t, &e);
		remote_close(r);
	}
	buf_free(&url);
	json_decref(body);
	remote_bar_end();
	return end(&t, code, &e);
}
