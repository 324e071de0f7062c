/* SPDX-License-Identifier: MIT */
/* loa user: who may use the server; loa token add, ls, rm: for other programs. */
#include <stdio.h>
#include <string.h>

#include "dispatcher/cli/remote.h"

/* "a,b" → ["a", "b"] */
static json_t *
words_json(const char *text)
{
	json_t *out = json_array();
	struct slice rest = slice_of(text);

	while (rest.n > 0)
		json_array_append_new(out, json_of_slice(slice_trim(slice_take_until(&rest, ','))));
	return out;
}

static void
print_words(const json_t *list)
{
	json_t *one;
	size_t i;

	json_array_foreach (list, i, one)
		printf("%s%s", i > 0 ? "," : "", json_string_value(one));
}

/* ---- add and set ---- */

static void
print_password(const json_t *a)
{
	printf("%s: first password, shown this once: %s\n", remote_text(a, "user"),
	       remote_text(a, "password"));
}

static void
print_set(const json_t *a)
{
	printf("%s: changed\n", remote_text(a, "user"));
}

/* What may be said of a user; texts as given, NULL = not. */
struct said {
	const char *unit, *roles, *display, *phone, *personal;
};

static enum err
said_json(const struct said *s, json_t *out, struct err_ctx *e)
{
	const char *const texts[][2] = {
		{"unit", s->unit}, {"display", s->display}, {"phone", s->phone}};

	for (size_t i = 0; i < 3; i++)
		if (texts[i][1] != NULL)
			json_object_set_new(out, texts[i][0], json_string(texts[i][1]));
	if (s->roles != NULL)
		json_object_set_new(out, "roles", words_json(s->roles));
	if (s->personal == NULL)
		return ERR_OK;
	if (strcmp(s->personal, "yes") != 0 && strcmp(s->personal, "no") != 0)
		return err_set(e, ERR_USAGE, "--personal", "", "is yes or no");
	json_object_set_new(out, "personal", json_boolean(strcmp(s->personal, "yes") == 0));
	return ERR_OK;
}

#define SAID_OPTIONS(s)                                                           \
	{"--unit", &(s).unit, NULL}, {"--roles", &(s).roles, NULL},               \
		{"--display", &(s).display, NULL}, {"--phone", &(s).phone, NULL}, \
	{                                                                         \
		"--personal", &(s).personal, NULL                                 \
	}

int
verb_user_add(int argc, char **argv)
{
	struct remote_options o = {0};
	struct said s = {0};
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), SAID_OPTIONS(s), {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("user add", argc, 2);
	if (s.roles == NULL)
		return cli_usage("user add", "needs --roles: author,viewer, say");
	body = json_pack("{s:s}", "name", argv[1]);
	if (said_json(&s, body, &e) != ERR_OK) {
		json_decref(body);
		return cli_fail(&e);
	}
	return remote_verb(&o, "POST", "/api/v1/users", body, print_password);
}

static int
patch(const struct remote_options *o, const char *name, json_t *body)
{
	char path[512];

	return remote_verb(o, "PATCH", remote_path(path, "/api/v1/users/", name, ""), body,
			   print_set);
}

int
verb_user_set(int argc, char **argv)
{
	struct remote_options o = {0};
	struct said s = {0};
	const struct cli_option options[] = {
		REMOTE_OPTIONS(o), SAID_OPTIONS(s), {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("user set", argc, 2);
	body = json_object();
	if (said_json(&s, body, &e) != ERR_OK) {
		json_decref(body);
		return cli_fail(&e);
	}
	if (json_object_size(body) == 0) {
		json_decref(body);
		return cli_usage("user set", "needs something to change");
	}
	return patch(&o, argv[1], body);
}

static int
set_state(int argc, char **argv, const char *words, const char *state)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, words, 2);

	return rc != 0 ? rc : patch(&o, argv[1], json_pack("{s:s}", "state", state));
}

int
verb_user_disable(int argc, char **argv)
{
	return set_state(argc, argv, "user disable", "disabled");
}

int
verb_user_enable(int argc, char **argv)
{
	return set_state(argc, argv, "user enable", "active");
}

int
verb_user_password(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "user password", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "POST", remote_path(path, "/api/v1/users/", argv[1], "/password"),
			   NULL, print_password);
}

/* ---- ls and show ---- */

static void
print_users(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "users"), i, one) {
		printf("%-20s unit %-6" JSON_INTEGER_FORMAT " %-8s ", remote_text(one, "name"),
		       remote_number(one, "unit"), remote_text(one, "state"));
		print_words(json_object_get(one, "roles"));
		printf("%s  %s\n",
		       json_is_true(json_object_get(one, "personal")) ? ",+personal" : "",
		       remote_text(one, "display"));
	}
}

int
verb_user_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "user ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/users", NULL, print_users);
}

int
verb_user_show(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "user show", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "GET", remote_path(path, "/api/v1/users/", argv[1], ""), NULL, NULL);
}

/* ---- tokens ---- */

static void
print_token(const json_t *a)
{
	printf("token %s, shown this once: %s\n", remote_text(a, "id"), remote_text(a, "token"));
}

int
verb_token_add(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *user = NULL, *rights = NULL, *until = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--user", &user, NULL},
					     {"--rights", &rights, NULL},
					     {"--until", &until, NULL},
					     {NULL, NULL, NULL}};
	struct err_ctx e;
	json_t *body;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("token add", argc, 2);
	if (user == NULL || rights == NULL)
		return cli_usage("token add", "needs --user and --rights");
	body = json_pack("{s:s, s:s, s:o}", "name", argv[1], "user", user, "rights",
			 words_json(rights));
	if (body != NULL && until != NULL)
		json_object_set_new(body, "until", json_string(until));
	return remote_verb(&o, "POST", "/api/v1/tokens", body, print_token);
}

static void
print_tokens(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "tokens"), i, one) {
		printf("%s  %-20s %-16s ", remote_text(one, "id"), remote_text(one, "name"),
		       remote_text(one, "user"));
		print_words(json_object_get(one, "rights"));
		printf("%s%.10s%s%.16s\n", remote_text(one, "until")[0] != '\0' ? "  until " : "",
		       remote_text(one, "until"),
		       remote_text(one, "used")[0] != '\0' ? "  used " : "  never used",
		       remote_text(one, "used"));
	}
}

int
verb_token_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "token ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/tokens", NULL, print_tokens);
}

static void
print_gone(const json_t *a)
{
	printf("token %s removed: dead at once\n", remote_text(a, "removed"));
}

int
verb_token_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "token rm", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "DELETE", remote_path(path, "/api/v1/tokens/", argv[1], ""), NULL,
			   print_gone);
}
