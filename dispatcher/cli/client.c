/* SPDX-License-Identifier: MIT */
#include "dispatcher/cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/cli/cli.h"

#define CONNECT_MS 5000
#define TIMEOUT_MS 60000
#define ANSWER_MAX (16u << 20)
#define TOKEN_MAX 4096
#define AGAIN_US 1000000 /* a kept connection that is dead shows it at once */

struct client {
	struct loop *loop;
	struct fetch *fetch;
	char *base;	    /* "https://loa.example", without a slash at the end */
	char *socket;	    /* NULL = by the URL */
	char *bearer;	    /* "Bearer …"; NULL = no token */
	bool was_connected; /* a call was answered: its connection may be kept */
};

/* ---- where the server is ---- */

static enum err
read_token(struct client *c, const char *file, struct err_ctx *e)
{
	struct buf b = {0};
	struct slice token;
	enum err rc = cli_read_file(file, TOKEN_MAX, &b, e);

	if (rc != ERR_OK) {
		buf_free(&b);
		return rc;
	}
	token = slice_trim(buf_slice(&b));
	/* RFC 6750, section 2.1: letters, digits and -._~+/ with = at the end */
	if (token.n == 0 || strspn(token.p, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
					    "0123456789-._~+/=") < token.n) {
		rc = err_set(e, ERR_INPUT, file, "put the token alone into the file",
			     "holds no token");
	} else {
		struct buf bearer = {0};

		buf_adds(&bearer, "Bearer ");
		buf_add_slice(&bearer, token);
		c->bearer = buf_take(&bearer);
	}
	buf_free(&b);
	return rc;
}

static enum err
set_server(struct client *c, const char *url, struct err_ctx *e)
{
	size_t n = strlen(url);
	const char *host = strstr(url, "://");

	if (host == NULL || host[3] == '\0' || host[3] == '/' || strpbrk(url, " ?#@") != NULL ||
	    (strncmp(url, "http://", 7) != 0 && strncmp(url, "https://", 8) != 0))
		return err_set(e, ERR_USAGE, "--server", "write it like https://loa.example:8088",
			       "%s is no address of a server", url);
	while (n > 0 && url[n - 1] == '/')
		n--;
	c->base = xmemdup0(url, n);
	return ERR_OK;
}

static void
set_socket(struct client *c, const struct client_options *o)
{
	const char *given = getenv("LOA_SOCKET");
	const char *folder = o->data != NULL ? o->data : o->default_folder;
	struct buf b = {0};

	if (o->data == NULL && given != NULL && given[0] != '\0')
		buf_adds(&b, given);
	else
		buf_addf(&b, "%s/api.sock", folder != NULL ? folder : ".");
	c->socket = buf_take(&b);
	c->base = xstrdup("http://loa"); /* any name: the socket decides */
}

enum err
client_new(const struct client_options *o, struct client **out, struct err_ctx *e)
{
	struct client *c = xcalloc(1, sizeof(*c));
	const struct fetch_options fo = {
		.user_agent = "loa/" LOA_VERSION, .connections_max = 1, .is_http_allowed = true};
	enum err rc = ERR_OK;

	if (o->server != NULL)
		rc = set_server(c, o->server, e);
	else
		set_socket(c, o);
	if (rc == ERR_OK && o->token_file != NULL)
		rc = read_token(c, o->token_file, e);
	if (rc != ERR_OK) {
		client_free(c);
		return rc;
	}
	c->loop = loop_new();
	c->fetch = fetch_new(c->loop, &fo);
	*out = c;
	return ERR_OK;
}

void
client_free(struct client *c)
{
	if (c == NULL)
		return;
	if (c->fetch != NULL)
		fetch_free(c->fetch);
	if (c->loop != NULL)
		loop_free(c->loop);
	free(c->base);
	free(c->socket);
	free(c->bearer);
	free(c);
}

/* ---- the answer ---- */

/* One exchange under way. */
struct call {
	bool is_done;
	bool is_departed;
	bool is_answered;
	bool is_json;
	char why[200];
	int64_t elapsed_us;
	size_t answer_max;
	struct client_answer *out;
};

static bool
is_json_type(struct slice type)
{
	const char *end = type.n > 0 ? memchr(type.p, ';', type.n) : NULL;

	if (end != NULL)
		type.n = (size_t)(end - type.p);
	type = slice_trim(type);
	return slice_is(type, "application/json") || slice_is(type, "application/problem+json");
}

static void
on_answer(void *arg, const struct fetch_answer *a)
{
	struct call *call = arg;

	call->is_done = true;
	call->is_departed = a->departed;
	call->is_answered = a->result == FETCH_DONE;
	call->elapsed_us = a->elapsed_us;
	snprintf(call->why, sizeof(call->why), "%s", a->why != NULL ? a->why : "");
	if (!call->is_answered)
		return;
	call->out->status = a->status;
	buf_add_slice(&call->out->body, a->body);
	for (size_t i = 0; i < a->header_count; i++) {
		const struct fetch_header *h = &a->headers[i];

		if (h->name.n == 12 && strncasecmp(h->name.p, "content-type", 12) == 0)
			call->is_json = is_json_type(h->value);
	}
}

void
client_answer_clear(struct client_answer *a)
{
	json_decref(a->json);
	buf_free(&a->body);
	*a = (struct client_answer){0};
}

static enum err
code_of(const char *name, int status)
{
	for (int code = ERR_INPUT; code >= ERR_SYSTEM; code--)
		if (name != NULL && strcmp(err_name((enum err)code), name) == 0)
			return (enum err)code;
	switch (status) {
	case 400:
	case 405:
		return ERR_USAGE;
	case 401:
	case 403:
		return ERR_REFUSED;
	case 404:
	case 410:
		return ERR_NOT_FOUND;
	case 409:
	case 412:
		return ERR_CONFLICT;
	case 502:
	case 503:
	case 504:
		return ERR_UNREACHABLE;
	}
	return status < 500 ? ERR_INPUT : ERR_SYSTEM;
}

static const char *
member(const json_t *v, const char *name)
{
	return json_string_value(json_object_get(v, name));
}

/* The error that a status outside 2xx means. */
static enum err
problem(const struct client_answer *a, struct err_ctx *e)
{
	const char *why = member(a->json, "detail"), *what = member(a->json, "what");
	enum err code = code_of(member(a->json, "code"), a->status);

	if (why == NULL)
		why = member(a->json, "title");
	if (why == NULL)
		return err_set(e, code, "server", "", "answered with status %d", a->status);
	err_set(e, code, what, member(a->json, "todo"), "%s", why);
	if (e != NULL) {
		e->line = (int)json_integer_value(json_object_get(a->json, "line"));
		e->column = (int)json_integer_value(json_object_get(a->json, "column"));
	}
	return code;
}

/* Nothing was sent. What the library says of a socket speaks of a port, so we look ourselves. */
static enum err
unreachable(const struct client *c, const char *why, struct err_ctx *e)
{
	if (c->socket == NULL)
		return err_set(e, ERR_UNREACHABLE, "server",
			       "start it with loa serve, or correct --server",
			       "cannot be reached at %s%s%s", c->base, why[0] != '\0' ? ": " : "",
			       why);
	if (access(c->socket, R_OK | W_OK) == 0)
		return err_set(e, ERR_UNREACHABLE, "server", "start it with loa serve",
			       "cannot be reached at %s: nobody listens there", c->socket);
	return err_set(e, ERR_UNREACHABLE, "server",
		       errno == EACCES ? "be the server's user, or give --server and --token-file"
				       : "start it with loa serve",
		       "cannot be reached at %s: %s", c->socket, strerror(errno));
}

static enum err
judge(const struct client *c, const struct call *call, struct err_ctx *e)
{
	struct client_answer *out = call->out;
	const char *where = c->socket != NULL ? c->socket : c->base;
	const char *sep = call->why[0] != '\0' ? ": " : "";
	bool is_good = out->status >= 200 && out->status < 300;
	enum err rc = ERR_OK;

	if (!call->is_answered && call->is_departed)
		return err_set(e, ERR_UNREACHABLE, "server",
			       "look whether it was done before you try again",
			       "gave no answer at %s%s%s", where, sep, call->why);
	if (!call->is_answered)
		return unreachable(c, call->why, e);
	if (call->is_json && out->body.len > 0) {
		rc = json_parse(buf_slice(&out->body), call->answer_max, "server", &out->json, e);
		buf_reset(&out->body);
	}
	if (!is_good)
		return problem(out, e);
	if (rc != ERR_OK)
		return err_set(e, ERR_SYSTEM, "server", "", "gave an answer that is no JSON");
	return ERR_OK;
}

/* ---- the call ---- */

static void
add_header(struct fetch_header *headers, size_t *n, const char *name, const char *value)
{
	if (value != NULL)
		headers[(*n)++] = (struct fetch_header){slice_of(name), slice_of(value)};
}

static void
make_call(struct client *c, struct fetch_request *fr, struct call *call)
{
	fr->arg = call;
	fetch_start(c->fetch, fr);
	while (!call->is_done)
		loop_turn(c->loop, 1000);
}

enum err
client_call(struct client *c, const struct client_request *r, struct client_answer *out,
	    struct err_ctx *e)
{
	struct call call = {.out = out, .answer_max = r->answer_max ? r->answer_max : ANSWER_MAX};
	struct fetch_header headers[4];
	struct fetch_request fr = {.method = r->method,
				   .unix_socket = c->socket,
				   .headers = headers,
				   .body = r->body,
				   .connect_timeout_ms = CONNECT_MS,
				   .timeout_ms = r->timeout_ms ? r->timeout_ms : TIMEOUT_MS,
				   .body_max = call.answer_max,
				   .on_answer = on_answer};
	struct buf url = {0}, body = {0};
	char key[33];

	random_hex(key, 16);
	buf_addf(&url, "%s%s", c->base, r->path);
	if (r->json != NULL) {
		json_add_value(&body, r->json);
		fr.body = buf_slice(&body);
	}
	fr.url = url.data;
	add_header(headers, &fr.header_count, "Content-Type",
		   r->json != NULL ? "application/json" : r->content_type);
	add_header(headers, &fr.header_count, "Authorization", c->bearer);
	if (r->idempotency_key != NULL || strcmp(r->method, "POST") == 0)
		add_header(headers, &fr.header_count, "Idempotency-Key",
			   r->idempotency_key != NULL ? r->idempotency_key : key);
	make_call(c, &fr, &call);
	if (!call.is_answered && c->was_connected && call.elapsed_us < AGAIN_US) {
		/* the connection that was kept may have died: the same again, on a new one */
		c->was_connected = call.is_done = false;
		make_call(c, &fr, &call);
	}
	c->was_connected = call.is_answered;
	buf_free(&url);
	buf_free(&body);
	return judge(c, &call, e);
}

/* ---- uploads ---- */

static enum err
read_piece(FILE *f, const char *name, struct buf *piece, bool *is_last, struct err_ctx *e)
{
	int c;

	buf_reset(piece);
	piece->len = fread(buf_reserve(piece, CLIENT_PIECE), 1, CLIENT_PIECE, f);
	c = piece->len == CLIENT_PIECE ? getc(f) : EOF;
	if (ferror(f))
		return err_set(e, ERR_INPUT, name, "", "cannot be read: %s", strerror(errno));
	*is_last = c == EOF;
	if (c != EOF)
		ungetc(c, f);
	return ERR_OK;
}

static enum err
send_pieces(struct client *c, const struct client_upload *u, FILE *f, int64_t total,
	    struct client_answer *out, struct err_ctx *e)
{
	struct buf piece = {0}, path = {0};
	bool is_last = false;
	int64_t sent = 0;
	enum err rc;

	do {
		rc = read_piece(f, u->file, &piece, &is_last, e);
		if (rc != ERR_OK)
			break;
		buf_reset(&path);
		buf_addf(&path, "%s?offset=%lld%s", u->path, (long long)sent,
			 is_last ? "&last=1" : "");
		client_answer_clear(out);
		rc = client_call(
			c,
			&(struct client_request){.method = "PUT",
						 .path = path.data,
						 .body = buf_slice(&piece),
						 .content_type = "application/octet-stream"},
			out, e);
		sent += (int64_t)piece.len;
		if (rc == ERR_OK && u->on_progress != NULL)
			u->on_progress(u->arg, sent, total);
	} while (rc == ERR_OK && !is_last);
	buf_free(&piece);
	buf_free(&path);
	return rc;
}

enum err
client_upload(struct client *c, const struct client_upload *u, struct client_answer *out,
	      struct err_ctx *e)
{
	bool is_stdin = strcmp(u->file, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(u->file, "rb");
	struct stat st;
	enum err rc;

	if (f == NULL || fstat(fileno(f), &st) != 0 || S_ISDIR(st.st_mode)) {
		rc = err_set(e, ERR_INPUT, u->file, "check the path and its permissions", "%s",
			     f == NULL ? strerror(errno) : "is a folder");
		if (f != NULL && !is_stdin)
			fclose(f);
		return rc;
	}
	rc = send_pieces(c, u, f, S_ISREG(st.st_mode) ? (int64_t)st.st_size : -1, out, e);
	if (!is_stdin)
		fclose(f);
	return rc;
}

void
client_add_encoded(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		    strchr("-._~", c) != NULL)
			buf_addc(out, (char)c);
		else
			buf_addf(out, "%%%02X", c);
	}
}
