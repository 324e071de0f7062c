/* SPDX-License-Identifier: MIT */
/* loa send: one message, or a file of them, and what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/cli/remote.h"

#define FILE_MAX_BYTES (4u << 20)
#define MESSAGES_MAX 1000u
#define WAIT_S 60
#define LOOK_EVERY_MS 200
#define KEY_HEX 16 /* bytes of a key that we make */
#define KEY_MIN 8  /* characters of an idempotency key */
#define KEY_MAX 128
#define NO_PLACE SIZE_MAX

struct send_options {
	struct remote_options remote;
	const char *class, *order, *unit, *label, *key, *file, *timeout;
	bool must_wait;
};

static enum err
read_number(const char *option, const char *text, int64_t fallback, int64_t *out, struct err_ctx *e)
{
	*out = fallback;
	if (text == NULL || (slice_to_i64(slice_of(text), out) && *out >= 1 && *out <= 1000000))
		return ERR_OK;
	return err_set(e, ERR_USAGE, option, "write a number from 1 to 1000000",
		       "\"%.40s\" is none", text);
}

static void
set_text(json_t *o, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(o, key, json_of_slice(slice_of(value)));
}

/* One JSON object a line, as the members of "messages". */
static enum err
read_lines(const char *path, json_t *list, struct err_ctx *e)
{
	struct buf text = {0};
	enum err rc = cli_read_file(path, FILE_MAX_BYTES, &text, e);
	struct slice rest = buf_slice(&text);

	for (int line = 1; rc == ERR_OK && rest.n > 0; line++) {
		struct slice one = slice_take_until(&rest, '\n');
		char what[120];
		json_t *v = NULL;

		one = slice_trim(one);
		if (one.n == 0)
			continue;
		snprintf(what, sizeof(what), "%.80s:%d", path, line);
		rc = json_parse(one, FILE_MAX_BYTES, what, &v, e);
		if (rc == ERR_OK && json_array_size(list) == MESSAGES_MAX)
			rc = err_set(e, ERR_INPUT, what, "split the file", "more than %u messages",
				     MESSAGES_MAX);
		json_array_append_new(list, v);
	}
	if (rc == ERR_OK && json_array_size(list) == 0)
		rc = err_set(e, ERR_INPUT, path, "", "holds no message");
	buf_free(&text);
	return rc;
}

static enum err
make_body(const struct send_options *o, int argc, char **argv, json_t **out, struct err_ctx *e)
{
	json_t *body = json_object();
	int64_t unit = 1;
	enum err rc = read_number("--unit", o->unit, 1, &unit, e);

	set_text(body, "class", o->class);
	set_text(body, "order", o->order);
	if (o->unit != NULL)
		json_object_set_new(body, "unit", json_integer((json_int_t)unit));
	if (o->file != NULL) {
		json_t *list = json_array();

		json_object_set_new(body, "messages", list);
		if (rc == ERR_OK)
			rc = read_lines(o->file, list, e);
	} else if (rc == ERR_OK && argc == 3) {
		set_text(body, "to", argv[1]);
		set_text(body, "text", argv[2]);
		set_text(body, "label", o->label);
		if (json_object_get(body, "text") == NULL)
			rc = err_set(e, ERR_INPUT, "TEXT", "", "is no UTF-8");
	}
	if (rc == ERR_OK)
		*out = body;
	else
		json_decref(body);
	return rc;
}

/* ---- what became of it ---- */

static bool
is_one_of(const char *state, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(state, names[i]) == 0)
			return true;
	return false;
}

static void
say_state(const json_t *m, bool is_json)
{
	const char *reason = remote_text(m, "reason");

	if (is_json)
		remote_print_json(json_deep_copy(m));
	else
		printf("%s: %s%s%s\n", remote_text(m, "id"), remote_text(m, "state"),
		       reason[0] != '\0' ? ": " : "", reason);
	fflush(stdout);
}

/* Until the gateway has it, or it has come to another end; 0, 1, or 3 when the time is over. */
static int
wait_for(struct remote *r, const struct send_options *o, const char *id, int64_t seconds)
{
	static const char *const good[] = {"accepted", "delivered"};
	static const char *const bad[] = {"undeliverable", "refused", "expired",
					  "suppressed",	   "skipped", "cancelled"};
	struct timespec pause = {.tv_nsec = LOOK_EVERY_MS * 1000000L};
	int64_t end_ms = clock_mono_ms() + seconds * 1000;
	char path[512];
	struct err_ctx e = {0};
	json_t *m = NULL;
	int rc = -1;

	remote_path(path, "/api/v1/messages/", id, "");
	while (rc < 0) {
		enum err code = remote_call(r, "GET", path, NULL, &m, &e);

		/* A server that is being restarted comes back. */
		if (code != ERR_OK && code != ERR_UNREACHABLE)
			return cli_fail(&e);
		if (code == ERR_OK && is_one_of(remote_text(m, "state"), good, ARRAY_LEN(good)))
			rc = 0;
		else if (code == ERR_OK && is_one_of(remote_text(m, "state"), bad, ARRAY_LEN(bad)))
			rc = 1;
		else if (clock_mono_ms() >= end_ms)
			rc = 3;
		if (code == ERR_OK && rc >= 0)
			say_state(m, o->remote.is_json);
		else if (rc == 3)
			cli_fail(&e);
		json_decref(m);
		m = NULL;
		if (rc < 0)
			nanosleep(&pause, NULL);
	}
	return rc;
}

/* ---- the answer ---- */

/* at: its place in the file; NO_PLACE = it is the only one. */
static void
say_warning(const json_t *m, size_t at)
{
	const char *warning = remote_text(m, "warning");

	if (warning[0] == '\0')
		return;
	if (at == NO_PLACE)
		fprintf(stderr, "loa: warning: it %s\n", warning);
	else
		fprintf(stderr, "loa: warning: messages[%zu] %s\n", at, warning);
}

static void
say_freeze(const json_t *answer)
{
	const char *freeze = remote_text(answer, "freeze");

	if (freeze[0] != '\0')
		fprintf(stderr, "loa: warning: it waits for its end: %s\n", freeze);
}

static int
print_batch(const json_t *answer)
{
	int rc = 0;
	size_t i;
	json_t *m;

	json_array_foreach (json_object_get(answer, "messages"), i, m) {
		const json_t *refusal = json_object_get(m, "error");

		if (refusal == NULL) {
			printf("%zu %s\n", i, remote_text(m, "id"));
			say_warning(m, i);
			continue;
		}
		fprintf(stderr, "loa: %s: %s%s%s\n", remote_text(refusal, "what"),
			remote_text(refusal, "detail"),
			remote_text(refusal, "todo")[0] != '\0' ? ": " : "",
			remote_text(refusal, "todo"));
		rc = 1;
	}
	return rc;
}

static int
after_send(struct remote *r, const struct send_options *o, json_t *answer, int64_t seconds)
{
	const char *id = remote_text(answer, "id");
	int rc = 0;

	if (!o->remote.is_json) {
		say_warning(answer, NO_PLACE);
		say_freeze(answer);
	}
	if (o->must_wait) {
		if (!o->remote.is_json)
			printf("%s\n", id);
		fflush(stdout);
		rc = wait_for(r, o, id, seconds);
	} else if (o->remote.is_json) {
		rc = remote_number(answer, "refused") > 0;
		remote_print_json(json_incref(answer));
	} else if (o->file != NULL) {
		rc = print_batch(answer);
	} else {
		printf("%s\n", id);
	}
	json_decref(answer);
	return rc;
}

static int
send_it(const struct send_options *o, json_t *take_body, int64_t seconds)
{
	char made[2 * KEY_HEX + 1], todo[240];
	const char *key = o->key;
	struct remote *r;
	json_t *answer = NULL;
	struct err_ctx e;
	enum err code = remote_open(&o->remote, &r, &e);
	int rc;

	if (code != ERR_OK) {
		json_decref(take_body);
		return cli_fail(&e);
	}
	if (key == NULL)
		random_hex(made, KEY_HEX);
	remote_set_key(r, key != NULL ? key : made);
	code = remote_call(r, "POST", "/api/v1/messages", take_body, &answer, &e);
	if (code == ERR_UNREACHABLE) {
		/* It may have been taken: only the same key can tell without doubling it. */
		snprintf(todo, sizeof(todo), "%.120s; then send it again with --key %s", e.todo,
			 key != NULL ? key : made);
		snprintf(e.todo, sizeof(e.todo), "%s", todo);
	}
	if (code == ERR_OK)
		rc = after_send(r, o, answer, seconds);
	else if (o->file != NULL && print_batch(remote_problem(r)) != 0)
		rc = err_exit_code(code);
	else
		rc = cli_fail(&e);
	remote_close(r);
	return rc;
}

int
verb_send(int argc, char **argv)
{
	struct send_options o = {0};
	const struct cli_option options[] = {
		{"--class", &o.class, NULL},	{"--order", &o.order, NULL},
		{"--unit", &o.unit, NULL},	{"--label", &o.label, NULL},
		{"--key", &o.key, NULL},	{"--file", &o.file, NULL},
		{"--wait", NULL, &o.must_wait}, {"--timeout", &o.timeout, NULL},
		REMOTE_OPTIONS(o.remote),	{NULL, NULL, NULL},
	};
	size_t key_length = 0;
	int64_t seconds = WAIT_S;
	json_t *body = NULL;
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (o.file != NULL ? argc != 1 : argc != 3)
		return cli_usage("send", "wants a phone and a text, or --file");
	key_length = o.key != NULL ? strlen(o.key) : KEY_MIN;
	if (key_length < KEY_MIN || key_length > KEY_MAX)
		return cli_usage("send", "--key has 8 to 128 characters");
	if (o.file != NULL && (o.must_wait || o.label != NULL))
		return cli_usage("send", "--wait and --label are for one message");
	if (read_number("--timeout", o.timeout, WAIT_S, &seconds, &e) != ERR_OK ||
	    make_body(&o, argc, argv, &body, &e) != ERR_OK)
		return cli_fail(&e);
	return send_it(&o, body, seconds);
}
