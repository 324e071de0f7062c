/* SPDX-License-Identifier: MIT */
/* loa campaign launch, unschedule, speed, weight, pause, resume, cancel, retry, clone: what is done to one that is written down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/remote.h"

/* What these verbs take besides the common options; a verb has some of them. */
struct control_options {
	struct remote_options remote;
	const char *reason, *at, *reasons, *order, *raise_parts, *raise_cost;
	bool is_yes, is_after_restore, is_as_approved;
};

enum {
	WITH_REASON = 1,
	WITH_YES = 2,
	WITH_AT = 4,
	WITH_REASONS = 8,
	AFTER_RESTORE = 16,
	WITH_ORDER = 32,
	WITH_RAISE = 64,
};

/* Like remote_words, with the options in `with`. */
static int
control_words(int *argc, char **argv, struct control_options *o, const char *words, int wanted,
	      unsigned with)
{
	struct cli_option options[16] = {REMOTE_OPTIONS(o->remote)};
	size_t n = 0;
	struct err_ctx e;

	while (options[n].name != NULL)
		n++;
	if ((with & WITH_REASON) != 0)
		options[n++] = (struct cli_option){"--reason", &o->reason, NULL};
	if ((with & WITH_YES) != 0)
		options[n++] = (struct cli_option){"--yes", NULL, &o->is_yes};
	if ((with & WITH_AT) != 0)
		options[n++] = (struct cli_option){"--at", &o->at, NULL};
	if ((with & WITH_REASONS) != 0)
		options[n++] = (struct cli_option){"--reasons", &o->reasons, NULL};
	if ((with & AFTER_RESTORE) != 0)
		options[n++] = (struct cli_option){"--after-restore", NULL, &o->is_after_restore};
	if ((with & WITH_ORDER) != 0) {
		options[n++] = (struct cli_option){"--order", &o->order, NULL};
		options[n++] = (struct cli_option){"--as-approved", NULL, &o->is_as_approved};
	}
	if ((with & WITH_RAISE) != 0) {
		options[n++] = (struct cli_option){"--raise-parts", &o->raise_parts, NULL};
		options[n++] = (struct cli_option){"--raise-cost", &o->raise_cost, NULL};
	}
	if (cli_parse(argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	return *argc == wanted ? 0 : cli_usage_words(words, *argc, wanted);
}

static int
post(const struct control_options *o, const char *name, const char *rest, json_t *body,
     remote_print_cb print)
{
	char path[512];

	if (o->reason != NULL) {
		body = body != NULL ? body : json_object();
		json_object_set_new(body, "reason", json_string(o->reason));
	}
	return remote_verb(&o->remote, "POST", remote_path(path, "/api/v1/campaigns/", name, rest),
			   body, print);
}

/* ---- launch, now or at a time ---- */

void
print_freeze(const json_t *f, const char *words)
{
	if (f == NULL)
		return;
	printf("%s %" JSON_INTEGER_FORMAT " from %s until %s: %s (it %s)\n", words,
	       remote_number(f, "id"), remote_text(f, "from"), remote_text(f, "until"),
	       remote_text(f, "reason"),
	       strcmp(remote_text(f, "then"), "ask") == 0
		       ? "pauses until somebody resumes or cancels it"
		       : "goes on afterwards");
}

static void
print_launched(const json_t *a)
{
	const char *due = remote_text(a, "due"), *from = remote_text(a, "sends_from");
	const json_t *freeze = json_object_get(a, "freeze"), *v;
	size_t i;

	if (due[0] == '\0')
		printf("launched: run %" JSON_INTEGER_FORMAT, remote_number(a, "run"));
	else
		printf("scheduled: %s", due);
	if (remote_text(a, "expires")[0] != '\0')
		printf("; nothing of it is sent: it expires at %s", remote_text(a, "expires"));
	else if (from[0] != '\0' && strcmp(due, from) != 0)
		printf("; %s %s", freeze != NULL ? "sends from" : "the hours of its class begin",
		       from);
	if (remote_text(a, "rule")[0] != '\0')
		printf(" (%s)", remote_text(a, "rule"));
	printf("\n");
	json_array_foreach (json_object_get(a, "next"), i, v)
		if (i > 0)
			printf("then: %s, %s\n", remote_text(v, "due"), remote_text(v, "day"));
	json_array_foreach (json_object_get(a, "warnings"), i, v)
		printf("note: %s\n", json_string_value(v));
	print_freeze(freeze, "falls into the freeze");
}

int
verb_campaign_launch(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign launch", 2,
			       WITH_AT | WITH_ORDER | WITH_REASON);
	json_t *body;

	if (rc != 0)
		return rc;
	body = json_object();
	if (o.at != NULL)
		json_object_set_new(body, "at", json_string(o.at));
	if (o.order != NULL)
		json_object_set_new(body, "order", json_string(o.order));
	if (o.is_as_approved)
		json_object_set_new(body, "as_approved", json_true());
	return post(&o, argv[1], "/launch", body, print_launched);
}

static void
print_state(const json_t *a)
{
	printf("%s\n", remote_text(a, "state"));
}

int
verb_campaign_rm(int argc, char **argv)
{
	struct control_options o = {0};
	char path[512];
	int rc = control_words(&argc, argv, &o, "campaign rm", 2, 0);

	return rc != 0 ? rc
		       : remote_verb(&o.remote, "DELETE",
				     remote_path(path, "/api/v1/campaigns/", argv[1], ""), NULL,
				     print_state);
}

int
verb_campaign_unschedule(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign unschedule", 2, 0);

	return rc != 0 ? rc : post(&o, argv[1], "/unschedule", NULL, print_state);
}

/* ---- speed, weight ---- */

static void
print_speed(const json_t *a)
{
	if (remote_number(a, "speed") == 0)
		printf("speed: as its providers allow\n");
	else
		printf("speed: at most %s messages a second\n", grouped(remote_number(a, "speed")));
}

int
verb_campaign_speed(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign speed", 3, 0);
	int64_t speed = 0;
	struct err_ctx e;

	if (rc != 0)
		return rc;
	if (!slice_to_i64(slice_of(argv[2]), &speed)) {
		err_set(&e, ERR_USAGE, argv[2], "write messages a second, 0 for no limit",
			"is no number");
		return cli_fail(&e);
	}
	return post(&o, argv[1], "/speed", json_pack("{s:I}", "speed", (json_int_t)speed),
		    print_speed);
}

static void
print_weight(const json_t *a)
{
	printf("weight: %s (100 is usual)\n", grouped(remote_number(a, "weight")));
}

int
verb_campaign_weight(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign weight", 3, 0);
	int64_t weight = 0;
	struct err_ctx e;

	if (rc != 0)
		return rc;
	if (!slice_to_i64(slice_of(argv[2]), &weight)) {
		err_set(&e, ERR_USAGE, argv[2], "write 1 to 1000; 100 is usual", "is no number");
		return cli_fail(&e);
	}
	return post(&o, argv[1], "/weight", json_pack("{s:I}", "weight", (json_int_t)weight),
		    print_weight);
}

/* ---- pause, resume, cancel ---- */

int
verb_campaign_pause(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign pause", 2, WITH_REASON);

	return rc != 0 ? rc : post(&o, argv[1], "/pause", NULL, print_state);
}

static enum err
add_raise(json_t *raise, const char *member, const char *option, const char *text,
	  struct err_ctx *e)
{
	int64_t v = 0;

	if (text == NULL)
		return ERR_OK;
	if (!slice_to_i64(slice_of(text), &v) || v < 1)
		return err_set(e, ERR_USAGE, option, "write by how much more",
			       "\"%.40s\" is no number", text);
	json_object_set_new(raise, member, json_integer(v));
	return ERR_OK;
}

int
verb_campaign_resume(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign resume", 2, AFTER_RESTORE | WITH_RAISE);
	json_t *raise = json_object(), *body = NULL;
	struct err_ctx e;

	if (rc == 0 && (add_raise(raise, "parts", "--raise-parts", o.raise_parts, &e) != ERR_OK ||
			add_raise(raise, "cost", "--raise-cost", o.raise_cost, &e) != ERR_OK))
		rc = cli_fail(&e);
	if (json_object_size(raise) > 0)
		body = json_pack("{s:O}", "raise", raise);
	json_decref(raise);
	if (rc != 0) {
		json_decref(body);
		return rc;
	}
	return post(&o, argv[1], o.is_after_restore ? "/resume?after_restore=1" : "/resume", body,
		    print_state);
}

static void
print_cancelled(const json_t *a)
{
	printf("cancelled: %s will not be sent%s\n", grouped(remote_number(a, "cancelled")),
	       json_is_true(json_object_get(a, "frozen"))
		       ? ""
		       : ", nor will the rest of the list, which is being counted still");
	printf("already with the partner: accepted %s, delivered %s, undeliverable %s\n",
	       grouped(remote_number(a, "accepted")), grouped(remote_number(a, "delivered")),
	       grouped(remote_number(a, "undeliverable")));
	printf("on the wire: %s, in doubt: %s\n", grouped(remote_number(a, "sending")),
	       grouped(remote_number(a, "unknown")));
}

int
verb_campaign_cancel(int argc, char **argv)
{
	struct control_options o = {0};
	char question[600];
	int rc = control_words(&argc, argv, &o, "campaign cancel", 2, WITH_REASON | WITH_YES);

	if (rc != 0)
		return rc;
	snprintf(question, sizeof(question),
		 "Cancel %s? What has not left is never sent; this cannot be undone.", argv[1]);
	rc = remote_confirm(o.is_yes, question);
	return rc != 0 ? rc : post(&o, argv[1], "/cancel", NULL, print_cancelled);
}

/* ---- retry ---- */

static void
print_estimate(const json_t *a, const char *name)
{
	json_t *v;
	size_t i;

	fprintf(stderr, "%s: %s messages get a new attempt, about %s parts, %s VND\n", name,
		grouped(remote_number(a, "messages")), grouped(remote_number(a, "parts")),
		grouped(remote_number(a, "cost")));
	json_array_foreach (json_object_get(a, "reasons"), i, v)
		fprintf(stderr, "  %s %-18s %10s  %s\n",
			json_is_true(json_object_get(v, "retried")) ? "again" : "not  ",
			remote_text(v, "reason"), grouped(remote_number(v, "messages")),
			remote_text(v, "text"));
}

/* {"reasons":["a","b"]} of "a,b" */
static json_t *
reasons_body(const char *text)
{
	json_t *list = json_array();

	for (const char *at = text; *at != '\0';) {
		size_t n = strcspn(at, ",");

		if (n > 0)
			json_array_append_new(list, json_stringn(at, n));
		at += n + (at[n] == ',');
	}
	return json_pack("{s:o}", "reasons", list);
}

static void
print_retried(const json_t *a)
{
	printf("retrying: run %" JSON_INTEGER_FORMAT " is %s\n", remote_number(a, "run"),
	       remote_text(a, "state"));
}

static enum err
get_estimate(const struct control_options *o, const char *name, json_t **out, struct err_ctx *e)
{
	char path[512], rest[300];
	struct remote *r;
	enum err rc;

	snprintf(rest, sizeof(rest), "/retry%s%.250s", o->reasons != NULL ? "?reasons=" : "",
		 o->reasons != NULL ? o->reasons : "");
	if (strlen(remote_path(path, "/api/v1/campaigns/", name, rest)) >= sizeof(path) - 1)
		return err_set(e, ERR_USAGE, "--reasons", "name fewer", "is too long");
	rc = remote_open(&o->remote, &r, e);
	if (rc != ERR_OK)
		return rc;
	rc = remote_call(r, "GET", path, NULL, out, e);
	remote_close(r);
	return rc;
}

int
verb_campaign_retry(int argc, char **argv)
{
	struct control_options o = {0};
	json_t *estimate = NULL;
	struct err_ctx e;
	bool has_some;
	int rc = control_words(&argc, argv, &o, "campaign retry", 2, WITH_YES | WITH_REASONS);

	if (rc != 0)
		return rc;
	if (o.reasons != NULL &&
	    (strlen(o.reasons) > 250 ||
	     strspn(o.reasons, "abcdefghijklmnopqrstuvwxyz-,") != strlen(o.reasons))) {
		err_set(&e, ERR_USAGE, "--reasons", "write them like bad-message,temporary",
			"\"%.60s\" are no reasons", o.reasons);
		return cli_fail(&e);
	}
	if (get_estimate(&o, argv[1], &estimate, &e) != ERR_OK)
		return cli_fail(&e);
	if (!o.remote.is_json)
		print_estimate(estimate, argv[1]);
	has_some = remote_number(estimate, "messages") > 0;
	json_decref(estimate);
	if (!has_some) {
		fprintf(stderr, "loa: nothing to retry\n");
		return 0;
	}
	rc = remote_confirm(o.is_yes, "Send these again?");
	return rc != 0 ? rc
		       : post(&o, argv[1], "/retry",
			      reasons_body(o.reasons != NULL ? o.reasons : ""), print_retried);
}

/* ---- clone ---- */

static void
print_cloned(const json_t *a)
{
	printf("campaign %" JSON_INTEGER_FORMAT " created\n", remote_number(a, "campaign"));
}

int
verb_campaign_clone(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign clone", 3, 0);

	return rc != 0 ? rc
		       : post(&o, argv[1], "/clone", json_pack("{s:s}", "name", argv[2]),
			      print_cloned);
}
