/* SPDX-License-Identifier: MIT */
/*
 * The command line as a client of the server: one call after the other, over
 * the socket in the data folder (no token needed) or --server URL with
 * --token-file F. Errors of the server become the one line of cli_fail.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"
#include "dispatcher/cli/cli.h"

struct remote;

#define REMOTE_URL_MAX 4096 /* bytes of --server and path together */

/* Words that every verb against the server takes. */
struct remote_options {
	const char *server, *token_file, *data;
	bool is_json; /* --json: the server's answer as it is */
};
#define REMOTE_OPTIONS(o)                                                         \
	{"--server", &(o).server, NULL}, {"--token-file", &(o).token_file, NULL}, \
		{"--data", &(o).data, NULL},                                      \
	{                                                                         \
		"--json", NULL, &(o).is_json                                      \
	}

MUST_CHECK enum err remote_open(const struct remote_options *o, struct remote **out,
				struct err_ctx *e);
void remote_close(struct remote *r);

/* The idempotency key of the next POST, at most 128 bytes; each has one of its own otherwise. */
void remote_set_key(struct remote *r, const char *key);
/* The JSON of the last answer, if it was an error; borrowed until the next call, or NULL. */
const json_t *remote_problem(const struct remote *r);
/* body may be NULL, and is taken. *out is the caller's. */
MUST_CHECK enum err remote_call(struct remote *r, const char *method, const char *path,
				json_t *body, json_t **out, struct err_ctx *e);
/* A body that is not JSON. */
MUST_CHECK enum err remote_send(struct remote *r, const char *method, const char *path,
				const char *content_type, struct slice body, json_t **out,
				struct err_ctx *e);
/* The answer's bytes as they are. */
MUST_CHECK enum err remote_get(struct remote *r, const char *path, struct buf *out,
			       struct err_ctx *e);
/* The answer's lines as they come; returning false ends it. */
typedef bool (*remote_line_cb)(void *arg, struct slice line);
MUST_CHECK enum err remote_lines(struct remote *r, const char *method, const char *path,
				 remote_line_cb cb, void *arg, struct err_ctx *e);
/* The same of a POST with a body, which stays the caller's. */
MUST_CHECK enum err remote_post_lines(struct remote *r, const char *path, const json_t *body,
				      remote_line_cb cb, void *arg, struct err_ctx *e);

/*
 * The answer's bytes as they come, and none (n = 0) after each turn of the loop, at least once a second;
 * returning false ends it.
 */
typedef bool (*remote_bytes_cb)(void *arg, struct slice bytes);
MUST_CHECK enum err remote_stream(struct remote *r, const char *method, const char *path,
				  remote_bytes_cb cb, void *arg, struct err_ctx *e);

/*
 * Take the common options out; wanted = words that must stay, argv[0] included.
 * Returns 0, or the exit code after telling what is wrong.
 */
int remote_words(int *argc, char **argv, struct remote_options *o, const char *words, int wanted);
/* One call and its printed answer: by print, or as JSON with --json or without print. */
/* A verb that prints the answer to a GET as it is; the exit code. */
int remote_copy(const struct remote_options *o, const char *path);
typedef void (*remote_print_cb)(const json_t *answer);
int remote_verb(const struct remote_options *o, const char *method, const char *path, json_t *body,
		remote_print_cb print);
/* A member that is a text or a number; "" or 0 when it is absent. */
const char *remote_text(const json_t *o, const char *key);
json_int_t remote_number(const json_t *o, const char *key);

/* "/api/v1/lists/" + name, percent-encoded, + rest; out has room for 512 bytes. Returns out. */
const char *remote_path(char *out, const char *prefix, const char *name, const char *rest);
/* Print v as JSON with line ends; releases it. */
void remote_print_json(json_t *take_v);
/*
 * The bar of a line {"progress": {"done", "total"}}; text says what was done. A line of another kind is
 * no matter. With "step": "sets" it is about what a query asks for of other lists and campaigns.
 */
void remote_progress(const json_t *line, const char *text);
/*
 * The {"error"} of a line, when the answer had begun; NULL: there was none, and the answer ended too
 * early. Returns its code.
 */
enum err remote_late_error(const json_t *error, struct err_ctx *e);
/* [#####.....] 45 %  text; only to a terminal, on stderr. done 0 … total. */
void remote_bar(uint64_t done, uint64_t total, const char *text);
void remote_bar_end(void);
/* 0 = yes; otherwise the exit code. On a terminal it asks, elsewhere --yes must have said it. */
int remote_confirm(bool is_yes, const char *question);
/* Is stderr a terminal? */
bool remote_is_terminal(void);
