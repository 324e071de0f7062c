/* SPDX-License-Identifier: MIT */
/* loa campaign edit, submit, approve, return: before a campaign is launched. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "dispatcher/cli/campaign.h"
#include "dispatcher/cli/remote.h"

#define DRAFT_MAX 65536u
#define SCAN_MAX (256u << 20) /* bytes of a scanned document that is hashed */

struct approval_options {
	struct remote_options remote;
	const char *revision, *at, *note, *reason, *document, *scan, *ceiling_parts, *ceiling_cost,
		*all_parts, *all_cost, *hash;
};

/* "12" → a member of the body. */
static enum err
add_number(json_t *body, const char *member, const char *option, const char *text,
	   struct err_ctx *e)
{
	int64_t v = 0;

	if (text == NULL)
		return ERR_OK;
	if (!slice_to_i64(slice_of(text), &v) || v < 1)
		return err_set(e, ERR_USAGE, option, "write a whole number", "\"%.40s\" is none",
			       text);
	json_object_set_new(body, member, json_integer(v));
	return ERR_OK;
}

static void
add_text(json_t *body, const char *member, const char *text)
{
	if (text != NULL)
		json_object_set_new(body, member, json_string(text));
}

static int
send(const struct approval_options *o, const char *method, const char *name, const char *rest,
     json_t *body, remote_print_cb print)
{
	char path[512];

	return remote_verb(&o->remote, method, remote_path(path, "/api/v1/campaigns/", name, rest),
			   body, print);
}

static int
fail(json_t *body, const struct err_ctx *e)
{
	json_decref(body);
	return cli_fail(e);
}

/* ---- edit ---- */

static void
print_edited(const json_t *a)
{
	printf("%s: revision %" JSON_INTEGER_FORMAT "\n", remote_text(a, "state"),
	       remote_number(a, "revision"));
}

/* The revision that there is, where neither the file nor an option says one. */
static enum err
get_revision(const struct approval_options *o, const char *name, json_t *body, struct err_ctx *e)
{
	json_t *shown = NULL;
	struct remote *r;
	char path[512];
	enum err rc = remote_open(&o->remote, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_call(r, "GET", remote_path(path, "/api/v1/campaigns/", name, ""), NULL, &shown,
			 e);
	remote_close(r);
	if (rc == ERR_OK)
		json_object_set_new(body, "revision",
				    json_integer(remote_number(shown, "revision")));
	json_decref(shown);
	return rc;
}

int
verb_campaign_edit(int argc, char **argv)
{
	struct approval_options o = {0};
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o.remote), {"--revision", &o.revision, NULL}, {NULL, NULL, NULL}};
	struct buf file = {0};
	json_t *body = NULL;
	struct err_ctx e;
	enum err rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 3)
		return cli_usage_words("campaign edit", argc, 3);
	rc = cli_read_file(argv[2], DRAFT_MAX, &file, &e);
	if (rc == ERR_OK)
		rc = json_parse(buf_slice(&file), DRAFT_MAX, argv[2], &body, &e);
	buf_free(&file);
	if (rc == ERR_OK && !json_is_object(body))
		rc = err_set(&e, ERR_INPUT, argv[2], "see docs/FORMATS.md", "is no JSON object");
	if (rc == ERR_OK)
		rc = add_number(body, "revision", "--revision", o.revision, &e);
	if (rc == ERR_OK && json_object_get(body, "revision") == NULL)
		rc = get_revision(&o, argv[1], body, &e);
	if (rc != ERR_OK)
		return fail(body, &e);
	return send(&o, "PUT", argv[1], "", body, print_edited);
}

/* ---- submit ---- */

static void
print_submitted(const json_t *a)
{
	const json_t *estimate = json_object_get(a, "estimate");
	const char *needs = remote_text(a, "needs");
	const json_t *one;
	size_t i;

	printf("submitted: %s messages, %s parts, %s VND\n", grouped_size(estimate, "messages"),
	       grouped_size(estimate, "parts"), grouped_size(estimate, "cost"));
	printf("revision %" JSON_INTEGER_FORMAT ", hash %s\n", remote_number(a, "revision"),
	       remote_text(a, "hash"));
	json_array_foreach (json_object_get(a, "warnings"), i, one)
		printf("warning: %s\n", json_string_value(one));
	if (strcmp(needs, "second-person") == 0)
		printf("another user approves it now: loa campaign approve\n");
	else if (strcmp(needs, "two-approvers") == 0)
		printf("two other users approve it now: loa campaign approve\n");
}

int
verb_campaign_submit(int argc, char **argv)
{
	struct approval_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o.remote),
					     {"--revision", &o.revision, NULL},
					     {"--at", &o.at, NULL},
					     {NULL, NULL, NULL}};
	json_t *body = json_object();
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK ||
	    add_number(body, "revision", "--revision", o.revision, &e) != ERR_OK)
		return fail(body, &e);
	if (argc != 2) {
		json_decref(body);
		return cli_usage_words("campaign submit", argc, 2);
	}
	add_text(body, "at", o.at);
	return send(&o, "POST", argv[1], "/submit", body, print_submitted);
}

/* ---- approve ---- */

/* {"name","sha256"} of a file that stays where it is. */
static enum err
add_scan(json_t *body, const char *path, struct err_ctx *e)
{
	const char *slash = path != NULL ? strrchr(path, '/') : NULL;
	char hex[SHA256_HEX + 1];
	struct sha256 *h;
	char piece[65536];
	FILE *f;
	size_t n, total = 0;

	if (path == NULL)
		return ERR_OK;
	f = fopen(path, "rb");
	if (f == NULL)
		return err_set(e, ERR_INPUT, path, "name the scanned document",
			       "cannot be read: %s", strerror(errno));
	h = sha256_new();
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0 && (total += n) <= SCAN_MAX)
		sha256_add(h, (struct slice){piece, n});
	sha256_end(h, hex);
	if (ferror(f) || total == 0 || total > SCAN_MAX) {
		fclose(f);
		return err_set(e, ERR_INPUT, path, "name the scanned document", "%s",
			       total > SCAN_MAX ? "is larger than 256 MiB"
			       : total == 0	? "is empty"
						: "cannot be read");
	}
	fclose(f);
	json_object_set_new(
		body, "scan",
		json_pack("{s:s, s:s}", "name", slash != NULL ? slash + 1 : path, "sha256", hex));
	return ERR_OK;
}

static enum err
add_ceiling(json_t *body, const struct approval_options *o, struct err_ctx *e)
{
	json_t *ceiling = json_object(), *all = json_object();
	enum err rc = add_number(ceiling, "parts", "--ceiling-parts", o->ceiling_parts, e);

	if (rc == ERR_OK)
		rc = add_number(ceiling, "cost", "--ceiling-cost", o->ceiling_cost, e);
	if (rc == ERR_OK)
		rc = add_number(all, "parts", "--all-parts", o->all_parts, e);
	if (rc == ERR_OK)
		rc = add_number(all, "cost", "--all-cost", o->all_cost, e);
	if (json_object_size(all) > 0)
		json_object_set(ceiling, "all", all);
	json_decref(all);
	if (json_object_size(ceiling) > 0)
		json_object_set(body, "ceiling", ceiling);
	json_decref(ceiling);
	return rc;
}

static void
print_approved(const json_t *a)
{
	const json_t *ceiling = json_object_get(a, "ceiling");
	const json_t *all = json_object_get(ceiling, "all");

	if (strcmp(remote_text(a, "state"), "approved") == 0)
		printf("approved: it may spend %s parts and %s VND\n",
		       grouped_size(ceiling, "parts"), grouped_size(ceiling, "cost"));
	else
		printf("approved by you; another approver must agree, too\n");
	if (all != NULL)
		printf("all its runs together: %s parts and %s VND\n", grouped_size(all, "parts"),
		       grouped_size(all, "cost"));
}

int
verb_campaign_approve(int argc, char **argv)
{
	struct approval_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o.remote),
					     {"--revision", &o.revision, NULL},
					     {"--hash", &o.hash, NULL},
					     {"--reason", &o.reason, NULL},
					     {"--document", &o.document, NULL},
					     {"--scan", &o.scan, NULL},
					     {"--ceiling-parts", &o.ceiling_parts, NULL},
					     {"--ceiling-cost", &o.ceiling_cost, NULL},
					     {"--all-parts", &o.all_parts, NULL},
					     {"--all-cost", &o.all_cost, NULL},
					     {NULL, NULL, NULL}};
	json_t *body = json_object();
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK ||
	    add_number(body, "revision", "--revision", o.revision, &e) != ERR_OK ||
	    add_ceiling(body, &o, &e) != ERR_OK || add_scan(body, o.scan, &e) != ERR_OK)
		return fail(body, &e);
	if (argc != 2) {
		json_decref(body);
		return cli_usage_words("campaign approve", argc, 2);
	}
	add_text(body, "hash", o.hash);
	add_text(body, "reason", o.reason);
	add_text(body, "document", o.document);
	return send(&o, "POST", argv[1], "/approve", body, print_approved);
}

/* ---- return ---- */

static void
print_returned(const json_t *a)
{
	printf("%s\n", remote_text(a, "state"));
}

int
verb_campaign_return(int argc, char **argv)
{
	struct approval_options o = {0};
	const struct cli_option options[] = {REMOTE_OPTIONS(o.remote),
					     {"--revision", &o.revision, NULL},
					     {"--note", &o.note, NULL},
					     {NULL, NULL, NULL}};
	json_t *body = json_object();
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK ||
	    add_number(body, "revision", "--revision", o.revision, &e) != ERR_OK)
		return fail(body, &e);
	if (argc != 2 || o.note == NULL) {
		json_decref(body);
		if (argc != 2)
			return cli_usage_words("campaign return", argc, 2);
		err_set(&e, ERR_USAGE, "--note", "say what is to be mended", "is missing");
		return cli_fail(&e);
	}
	add_text(body, "note", o.note);
	return send(&o, "POST", argv[1], "/return", body, print_returned);
}
