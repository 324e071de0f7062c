/* SPDX-License-Identifier: MIT */
/* loa campaign launch, pause, resume, cancel: what is done to one that is written down. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dispatcher/cli/remote.h"

/* What these verbs take besides the common options; a verb has some of them. */
struct control_options {
	struct remote_options remote;
	const char *reason;
	bool is_yes;
};

enum { WITH_REASON = 1, WITH_YES = 2 };

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
	if (cli_parse(argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	return *argc == wanted ? 0 : cli_usage(words, "wants other words");
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

/* 0 = yes; otherwise the exit code. On a terminal it asks, elsewhere --yes must have said it. */
static int
ask_yes(const struct control_options *o, const char *question)
{
	char line[16] = "";
	struct err_ctx e;

	if (o->is_yes)
		return 0;
	if (isatty(STDIN_FILENO) != 1 || !remote_is_terminal()) {
		err_set(&e, ERR_USAGE, "--yes", "add it if you are sure",
			"is needed where nobody can be asked");
		return cli_fail(&e);
	}
	fprintf(stderr, "%s [y/N] ", question);
	if (fgets(line, sizeof(line), stdin) != NULL && (line[0] == 'y' || line[0] == 'Y'))
		return 0;
	fprintf(stderr, "loa: nothing was done\n");
	return 1;
}

static void
print_launched(const json_t *a)
{
	printf("launched: run %" JSON_INTEGER_FORMAT "\n", remote_number(a, "run"));
}

int
verb_campaign_launch(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign launch", 2, 0);

	return rc != 0 ? rc : post(&o, argv[1], "/launch", NULL, print_launched);
}

/* ---- pause, resume, cancel ---- */

static void
print_state(const json_t *a)
{
	printf("%s\n", remote_text(a, "state"));
}

int
verb_campaign_pause(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign pause", 2, WITH_REASON);

	return rc != 0 ? rc : post(&o, argv[1], "/pause", NULL, print_state);
}

int
verb_campaign_resume(int argc, char **argv)
{
	struct control_options o = {0};
	int rc = control_words(&argc, argv, &o, "campaign resume", 2, 0);

	return rc != 0 ? rc : post(&o, argv[1], "/resume", NULL, print_state);
}

static void
print_cancelled(const json_t *a)
{
	printf("cancelled: %s will not be sent%s\n", remote_grouped(remote_number(a, "cancelled")),
	       json_is_true(json_object_get(a, "frozen"))
		       ? ""
		       : ", nor will the rest of the list, which is being counted still");
	printf("already with the partner: accepted %s, delivered %s, undeliverable %s\n",
	       remote_grouped(remote_number(a, "accepted")),
	       remote_grouped(remote_number(a, "delivered")),
	       remote_grouped(remote_number(a, "undeliverable")));
	printf("on the wire: %s, in doubt: %s\n", remote_grouped(remote_number(a, "sending")),
	       remote_grouped(remote_number(a, "unknown")));
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
	rc = ask_yes(&o, question);
	return rc != 0 ? rc : post(&o, argv[1], "/cancel", NULL, print_cancelled);
}
