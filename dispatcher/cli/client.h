/* SPDX-License-Identifier: MIT */
/*
 * The API's client for verbs: one call after another, each waits for its
 * answer. What goes wrong comes back as an err_ctx that cli_fail can print: a
 * server out of reach, and the server's own problem bodies with their code,
 * place and advice.
 *
 * Every call may be repeated: POST carries an Idempotency-Key, the other
 * methods are idempotent by themselves. So a call that finds its kept
 * connection dead is made once more, with the same key.
 */
#pragma once

#include "base/err.h"
#include "base/json.h"

struct client;

#define CLIENT_PIECE (4u << 20) /* bytes of one piece of an upload */

/*
 * Where the server is, the first that is given: the URL; the folder's
 * api.sock; the environment's LOA_SOCKET; the default folder's api.sock.
 */
struct client_options {
	const char *server;	    /* --server: "https://loa.example", may have a path; or NULL */
	const char *token_file;	    /* --token-file: one line; or NULL */
	const char *data;	    /* --data; or NULL */
	const char *default_folder; /* "./loa-data" or so */
};

/* Finds out where, connects nowhere yet. ERR_USAGE, or ERR_INPUT for the token's file. */
MUST_CHECK enum err client_new(const struct client_options *o, struct client **out,
			       struct err_ctx *e);
void client_free(struct client *c);

/* Zero-initialise, fill what is needed. All is borrowed during the call. */
struct client_request {
	const char *method;
	const char *path; /* "/api/v1/lists?cursor=…", encoded (client_add_encoded) */
	json_t *json;	  /* the body; NULL = the one below */
	struct slice body;
	const char *content_type;    /* of body */
	const char *idempotency_key; /* NULL = POST gets a random one */
	int64_t timeout_ms;	     /* 0 = 60 s */
	size_t answer_max;	     /* bytes; 0 = 16 MiB */
};

/* Zero-initialised; client_answer_clear after use. */
struct client_answer {
	int status;
	json_t *json;	 /* of a JSON answer; NULL = none */
	struct buf body; /* of any other */
};

/*
 * ERR_OK when the status is 2xx. ERR_UNREACHABLE when there was no answer, else
 * the error of the server's problem body; out->status is set then, too.
 */
MUST_CHECK enum err client_call(struct client *c, const struct client_request *r,
				struct client_answer *out, struct err_ctx *e);
void client_answer_clear(struct client_answer *a);

/*
 * A file in pieces: PUT PATH?offset=N with each, in order, the last one (maybe
 * empty) with &last=1. A server that has N bytes or more already takes a piece
 * as done. Stops at the first error; the answer is the last piece's.
 */
struct client_upload {
	const char *path; /* without a query */
	const char *file; /* "-" = stdin */
	/* After each piece; total -1 = not known. NULL = nobody asks. */
	void (*on_progress)(void *arg, int64_t sent, int64_t total);
	void *arg;
};
MUST_CHECK enum err client_upload(struct client *c, const struct client_upload *u,
				  struct client_answer *out, struct err_ctx *e);

/* Append text as a part of a path or query: all but unreserved characters as %XX (RFC 3986). */
void client_add_encoded(struct buf *out, const char *text);
