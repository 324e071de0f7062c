/* SPDX-License-Identifier: MIT */
#include "dispatcher/cli/remote.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fetch.h"
#include "base/loop.h"
#include "base/mem.h"
#include "base/random.h"

#define ANSWER_MAX (64u << 20)
#define CALL_MS 600000 /* a preview of ten million takes a while */
#define CONNECT_MS 5000
#define LINE_MAX_BYTES (1u << 20)
#define DEFAULT_DATA "/var/lib/loa"

struct remote {
	struct loop *loop;
	struct fetch *fetch;
	char base[300];	  /* "http://localhost" or the --server */
	char socket[300]; /* "" = by the URL */
	char token[256];
	char key[136];	 /* of the next POST; "" = make one */
	json_t *problem; /* of the last call; NULL = none */
	/* the call under way */
	bool is_over;
	enum fetch_result result;
	int status;
	struct buf body; /* collected answer; or the rest of a line */
	char why[200];
	remote_line_cb on_line;	  /* NULL = collect */
	remote_bytes_cb on_bytes; /* NULL = collect, or lines */
	void *arg;
	bool has_stopped; /* on_line or on_bytes wants no more */
	bool is_error;	  /* status ≥ 400: collect although on_line is set */
	struct fetch_transfer *transfer;
};

static enum err
read_token(struct remote *r, const char *path, struct err_ctx *e)
{
	struct buf b = {0};
	enum err rc = cli_read_file(path, sizeof(r->token) - 1, &b, e);
	struct slice s = slice_trim(buf_slice(&b));

	if (rc == ERR_OK)
		snprintf(r->token, sizeof(r->token), "%.*s", (int)s.n, s.p);
	buf_free(&b);
	return rc;
}

enum err
remote_open(const struct remote_options *o, struct remote **out, struct err_ctx *e)
{
	struct fetch_options fo = {.user_agent = "loa-cli/" LOA_VERSION,
				   .connections_max = 1,
				   .is_http_allowed = true};
	struct remote *r = xcalloc(1, sizeof(*r));
	const char *data = o->data != NULL ? o->data : getenv("LOA_DATA");
	enum err rc = ERR_OK;

	if (o->server != NULL) {
		size_t n = strlen(o->server);

		while (n > 0 && o->server[n - 1] == '/')
			n--;
		if (n < sizeof(r->base))
			memcpy(r->base, o->server, n);
		if (n >= sizeof(r->base))
			rc = err_set(e, ERR_USAGE, "--server", "write https://host",
				     "has more than %zu bytes", sizeof(r->base) - 1);
		else if (strncmp(r->base, "http://", 7) != 0 &&
			 strncmp(r->base, "https://", 8) != 0)
			rc = err_set(e, ERR_USAGE, "--server", "write https://host",
				     "is no address");
	} else {
		snprintf(r->base, sizeof(r->base), "http://localhost");
		if (snprintf(r->socket, sizeof(r->socket), "%s/api.sock",
			     data != NULL ? data : DEFAULT_DATA) >= (int)sizeof(r->socket))
			rc = err_set(e, ERR_USAGE, "--data", "choose a shorter path",
				     "is too long for a socket");
	}
	if (rc == ERR_OK && o->token_file != NULL)
		rc = read_token(r, o->token_file, e);
	if (rc != ERR_OK) {
		free(r);
		return rc;
	}
	r->loop = loop_new();
	r->fetch = fetch_new(r->loop, &fo);
	*out = r;
	return ERR_OK;
}

void
remote_close(struct remote *r)
{
	fetch_free(r->fetch);
	loop_free(r->loop);
	buf_free(&r->body);
	explicit_bzero(r->token, sizeof(r->token));
	json_decref(r->problem);
	free(r);
}

/* ---- one call ---- */

/* Whole lines go to on_line; the rest waits in body. */
static void
give_lines(struct remote *r)
{
	size_t at = 0;

	while (at < r->body.len && !r->has_stopped) {
		char *end = memchr(r->body.data + at, '\n', r->body.len - at);
		size_t n;

		if (end == NULL)
			break;
		n = (size_t)(end - (r->body.data + at));
		if (n > 0 && !r->on_line(r->arg, (struct slice){r->body.data + at, n}))
			r->has_stopped = true;
		at += n + 1;
	}
	buf_consume(&r->body, at);
}

static bool
on_data(void *arg, int status, struct slice data)
{
	struct remote *r = arg;

	r->status = status;
	r->is_error = status >= 400;
	if (r->on_bytes != NULL && !r->is_error) {
		r->has_stopped = data.n > 0 && !r->on_bytes(r->arg, data);
		return !r->has_stopped;
	}
	if (r->body.len + data.n > ANSWER_MAX)
		return false;
	buf_add_slice(&r->body, data);
	if (r->on_line == NULL || r->is_error)
		return true;
	give_lines(r);
	return !r->has_stopped && r->body.len < LINE_MAX_BYTES;
}

static void
on_answer(void *arg, const struct fetch_answer *a)
{
	struct remote *r = arg;

	r->is_over = true;
	r->result = a->result;
	r->transfer = NULL;
	if (a->result == FETCH_DONE)
		r->status = a->status;
	else
		snprintf(r->why, sizeof(r->why), "%s", a->why);
}

/* Why the socket cannot be connected to: errno's value, 0 = it can. */
static int
socket_error(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), why = 0;

	if (fd < 0)
		return errno;
	snprintf(at.sun_path, sizeof(at.sun_path), "%.107s", path);
	if (connect(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		why = errno;
	close(fd);
	return why;
}

static enum err
unreachable(const struct remote *r, struct err_ctx *e)
{
	char what[sizeof(e->what)];
	int why = r->socket[0] != '\0' ? socket_error(r->socket) : 0;

	snprintf(what, sizeof(what), "server at %.120s",
		 r->socket[0] != '\0' ? r->socket : r->base);
	if (why == EACCES || why == EPERM)
		return err_set(e, ERR_REFUSED, what,
			       "use sudo, or --server URL with --token-file FILE",
			       "its socket is for root and for the server's own user");
	if (why == ENOENT || why == ENOTDIR || why == ECONNREFUSED)
		return err_set(e, ERR_UNREACHABLE, what,
			       "start it with loa serve, or name it by --data or --server",
			       "no server works there");
	return err_set(e, ERR_UNREACHABLE, what,
		       "start it with loa serve, or name it by --data or --server", "%s",
		       r->why[0] != '\0' ? r->why : "cannot be reached");
}

/* The code that an error or a problem says; none where it says none. */
static enum err
code_of(const json_t *v, enum err none)
{
	static const enum err codes[] = {ERR_INPUT,	ERR_USAGE,    ERR_UNREACHABLE, ERR_REFUSED,
					 ERR_NOT_FOUND, ERR_CONFLICT, ERR_SYSTEM};

	for (size_t i = 0; i < ARRAY_LEN(codes); i++)
		if (strcmp(remote_text(v, "code"), err_name(codes[i])) == 0)
			return codes[i];
	return none;
}

enum err
remote_late_error(const json_t *v, struct err_ctx *e)
{
	enum err rc = code_of(v, ERR_UNREACHABLE);

	if (v == NULL)
		return err_set(e, rc, "server", "try again", "the answer ended too early");
	err_set(e, rc, remote_text(v, "what"), remote_text(v, "todo"), "%s",
		remote_text(v, "detail"));
	e->line = (int)remote_number(v, "line");
	e->column = (int)remote_number(v, "column");
	return rc;
}

/* A problem body (RFC 9457) becomes the error that the server had. */
static enum err
read_problem(struct remote *r, struct err_ctx *e)
{
	json_t *v = json_loadb(r->body.data != NULL ? r->body.data : "", r->body.len, 0, NULL);
	const char *what = json_string_value(json_object_get(v, "what"));
	const char *why = json_string_value(json_object_get(v, "detail"));
	const char *todo = json_string_value(json_object_get(v, "todo"));
	enum err rc = code_of(v, r->status == 401 ? ERR_REFUSED : ERR_SYSTEM);

	if (why != NULL)
		err_set(e, rc, what != NULL ? what : "server", todo != NULL ? todo : "", "%s", why);
	else
		err_set(e, rc, "server", "look into its log", "answered with status %d", r->status);
	if (e != NULL && r->status == 401)
		snprintf(e->todo, sizeof(e->todo), "give the administrator's by --token-file FILE");
	if (e != NULL) {
		e->line = (int)json_integer_value(json_object_get(v, "line"));
		e->column = (int)json_integer_value(json_object_get(v, "column"));
	}
	json_decref(r->problem);
	r->problem = v;
	return rc;
}

void
remote_set_key(struct remote *r, const char *key)
{
	snprintf(r->key, sizeof(r->key), "%s", key);
}

const json_t *
remote_problem(const struct remote *r)
{
	return r->problem;
}

struct call {
	const char *method, *path, *content_type;
	struct slice body;
	remote_line_cb on_line;
	remote_bytes_cb on_bytes;
	void *arg;
};

/* The answer is in r->body and r->status. */
static enum err
run_call(struct remote *r, const struct call *c, struct err_ctx *e)
{
	char url[REMOTE_URL_MAX], auth[300], key[sizeof(r->key)];
	struct fetch_header headers[4];
	struct fetch_request f = {
		.method = c->method,
		.url = url,
		.unix_socket = r->socket[0] != '\0' ? r->socket : NULL,
		.headers = headers,
		.body = c->body,
		.connect_timeout_ms = CONNECT_MS,
		.timeout_ms = c->on_line != NULL || c->on_bytes != NULL ? 7 * 86400000LL : CALL_MS,
		.on_data = on_data,
		.on_answer = on_answer,
		.arg = r,
	};

	snprintf(url, sizeof(url), "%s%s", r->base, c->path);
	if (r->token[0] != '\0') {
		snprintf(auth, sizeof(auth), "Bearer %s", r->token);
		headers[f.header_count++] =
			(struct fetch_header){SLICE("Authorization"), slice_of(auth)};
	}
	if (c->body.n > 0)
		headers[f.header_count++] =
			(struct fetch_header){SLICE("Content-Type"), slice_of(c->content_type)};
	if (strcmp(c->method, "POST") == 0) {
		random_hex(key, 16);
		if (r->key[0] != '\0')
			memcpy(key, r->key, sizeof(key));
		r->key[0] = '\0';
		headers[f.header_count++] =
			(struct fetch_header){SLICE("Idempotency-Key"), slice_of(key)};
	}
	buf_reset(&r->body);
	json_decref(r->problem);
	r->problem = NULL;
	r->is_over = r->has_stopped = r->is_error = false;
	r->status = 0;
	r->why[0] = '\0';
	r->on_line = c->on_line;
	r->on_bytes = c->on_bytes;
	r->arg = c->arg;
	r->transfer = fetch_start(r->fetch, &f);
	while (!r->is_over) {
		loop_turn(r->loop, 1000);
		if (r->on_bytes != NULL)
			r->on_bytes(r->arg, (struct slice){NULL, 0});
	}
	if (r->has_stopped)
		return ERR_OK;
	if (r->result != FETCH_DONE)
		return unreachable(r, e);
	return r->status >= 400 ? read_problem(r, e) : ERR_OK;
}

static enum err
run_json(struct remote *r, const struct call *c, json_t **out, struct err_ctx *e)
{
	enum err rc = run_call(r, c, e);

	return rc == ERR_OK ? json_parse(buf_slice(&r->body), ANSWER_MAX, "answer", out, e) : rc;
}

enum err
remote_call(struct remote *r, const char *method, const char *path, json_t *body, json_t **out,
	    struct err_ctx *e)
{
	struct buf b = {0};
	struct call c = {.method = method, .path = path, .content_type = "application/json"};
	enum err rc;

	if (body != NULL)
		json_add_value(&b, body);
	json_decref(body);
	c.body = buf_slice(&b);
	rc = run_json(r, &c, out, e);
	buf_free(&b);
	return rc;
}

enum err
remote_send(struct remote *r, const char *method, const char *path, const char *content_type,
	    struct slice body, json_t **out, struct err_ctx *e)
{
	struct call c = {
		.method = method, .path = path, .content_type = content_type, .body = body};

	return run_json(r, &c, out, e);
}

enum err
remote_get(struct remote *r, const char *path, struct buf *out, struct err_ctx *e)
{
	struct call c = {.method = "GET", .path = path};
	enum err rc = run_call(r, &c, e);

	if (rc == ERR_OK)
		buf_add_slice(out, buf_slice(&r->body));
	return rc;
}

enum err
remote_lines(struct remote *r, const char *method, const char *path, remote_line_cb cb, void *arg,
	     struct err_ctx *e)
{
	struct call c = {.method = method, .path = path, .on_line = cb, .arg = arg};

	return run_call(r, &c, e);
}

enum err
remote_post_lines(struct remote *r, const char *path, const json_t *body, remote_line_cb cb,
		  void *arg, struct err_ctx *e)
{
	struct buf b = {0};
	struct call c = {.method = "POST",
			 .path = path,
			 .content_type = "application/json",
			 .on_line = cb,
			 .arg = arg};
	enum err rc;

	json_add_value(&b, body);
	c.body = buf_slice(&b);
	rc = run_call(r, &c, e);
	buf_free(&b);
	return rc;
}

enum err
remote_stream(struct remote *r, const char *method, const char *path, remote_bytes_cb cb, void *arg,
	      struct err_ctx *e)
{
	struct call c = {.method = method, .path = path, .on_bytes = cb, .arg = arg};

	return run_call(r, &c, e);
}

/* ---- a verb that is one call ---- */

int
remote_words(int *argc, char **argv, struct remote_options *o, const char *words, int wanted)
{
	const struct cli_option options[] = {REMOTE_OPTIONS(*o), {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (*argc != wanted)
		return cli_usage_words(words, *argc, wanted);
	return 0;
}

int
remote_copy(const struct remote_options *o, const char *path)
{
	struct remote *r;
	struct buf out = {0};
	struct err_ctx e;
	enum err rc = remote_open(o, &r, &e);

	if (rc == ERR_OK) {
		rc = remote_get(r, path, &out, &e);
		remote_close(r);
	}
	if (rc == ERR_OK && out.len > 0)
		fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

int
remote_verb(const struct remote_options *o, const char *method, const char *path, json_t *body,
	    remote_print_cb print)
{
	struct remote *r;
	struct err_ctx e;
	json_t *answer = NULL;
	enum err rc = remote_open(o, &r, &e);

	if (rc == ERR_OK) {
		rc = remote_call(r, method, path, body, &answer, &e);
		remote_close(r);
	} else {
		json_decref(body);
	}
	if (rc != ERR_OK)
		return cli_fail(&e);
	if (o->is_json || print == NULL) {
		remote_print_json(answer);
		return 0;
	}
	print(answer);
	json_decref(answer);
	return 0;
}

const char *
remote_text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

json_int_t
remote_number(const json_t *o, const char *key)
{
	return json_integer_value(json_object_get(o, key));
}

/* ---- words and bars ---- */

const char *
remote_path(char *out, const char *prefix, const char *name, const char *rest)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~";
	size_t n = (size_t)snprintf(out, 512, "%s", prefix);

	for (const char *p = name; *p != '\0' && n < 460; p++)
		n += (size_t)snprintf(out + n, 512 - n, strchr(plain, *p) != NULL ? "%c" : "%%%02X",
				      (unsigned char)*p);
	snprintf(out + n, 512 - n, "%s", rest);
	return out;
}

void
remote_print_json(json_t *take_v)
{
	json_dumpf(take_v, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(10));
	putchar('\n');
	json_decref(take_v);
}

static bool has_bar;

bool
remote_is_terminal(void)
{
	return isatty(STDERR_FILENO) == 1;
}

void
remote_bar(uint64_t done, uint64_t total, const char *text)
{
	char bar[31];
	unsigned filled = total > 0 ? (unsigned)(done * 30 / total) : 0;

	if (!remote_is_terminal())
		return;
	for (unsigned i = 0; i < 30; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[30] = '\0';
	if (total > 0)
		fprintf(stderr, "\r[%s] %3llu %%  %s\033[K", bar,
			(unsigned long long)(done * 100 / total), text);
	else
		fprintf(stderr, "\r%llu  %s\033[K", (unsigned long long)done, text);
	has_bar = true;
}

void
remote_progress(const json_t *line, const char *text)
{
	const json_t *p = json_object_get(line, "progress");
	bool is_sets = strcmp(remote_text(p, "step"), "sets") == 0;

	if (p != NULL)
		remote_bar((uint64_t)remote_number(p, "done"), (uint64_t)remote_number(p, "total"),
			   is_sets ? "of other lists and campaigns loaded" : text);
}

void
remote_bar_end(void)
{
	if (has_bar)
		fputc('\n', stderr);
	has_bar = false;
}

int
remote_confirm(bool is_yes, const char *question)
{
	char line[16] = "";
	struct err_ctx e;

	if (is_yes)
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
