/* SPDX-License-Identifier: MIT */
/* The verbs' client against the HTTP server in a process of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/http.h"
#include "dispatcher/cli/client.h"

struct fixture {
	char dir[64], file[96], token[96], url[64];
	pid_t server;
	int64_t received; /* in the server's process */
	int steps;
	int64_t sent, total;
};

static struct fixture fx;

/* ---- the server's process ---- */

static void
on_thing(struct http_exchange *x, void *arg)
{
	const char *key = http_header(x, "Idempotency-Key"), *type = http_header(x, "Content-Type");

	(void)arg;
	http_answer_json(x, 201,
			 json_pack("{s:s?, s:s?, s:o}", "key", key, "type", type, "body",
				   json_of_slice(http_body(x))));
}

static void
on_problem(struct http_exchange *x, void *arg)
{
	struct err_ctx e;

	(void)arg;
	err_set(&e, ERR_CONFLICT, "campaign 7", "pause it first", "is running");
	e.line = 2;
	e.column = 5;
	http_answer_error(x, &e);
}

static void
on_page(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_answer_buf(x, 502, "text/html", SLICE("<html>no</html>"));
}

static void
on_broken(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_answer_buf(x, 200, "application/json", SLICE("{\"a\":"));
}

static void
on_text(struct http_exchange *x, void *arg)
{
	(void)arg;
	http_answer_buf(x, 200, "text/csv; charset=utf-8", slice_of(http_param(x, "name")));
}

static void
on_never(struct http_exchange *x, void *arg)
{
	(void)x;
	(void)arg;
}

static void
on_piece(struct http_exchange *x, void *arg)
{
	const char *offset = http_query(x, "offset");
	struct slice body = http_body(x);
	struct err_ctx e;

	(void)arg;
	if (offset == NULL || strtoll(offset, NULL, 10) != fx.received) {
		err_set(&e, ERR_CONFLICT, "upload", "", "offset %s", offset);
		http_answer_error(x, &e);
		return;
	}
	fx.received += (int64_t)body.n;
	http_answer_json(x, 200,
			 json_pack("{s:I, s:b, s:s%}", "received", (json_int_t)fx.received, "last",
				   http_query(x, "last") != NULL, "end",
				   body.n > 0 ? body.p + body.n - 1 : "", body.n > 0 ? 1 : 0));
}

static bool
authenticate(void *arg, struct http_exchange *x, struct slice token)
{
	(void)arg;
	(void)x;
	return slice_is(token, "t0ken");
}

static const struct http_route routes[] = {
	{.method = "POST", .path = "/api/v1/things", .handle = on_thing},
	{.method = "GET", .path = "/api/v1/problem", .handle = on_problem},
	{.method = "GET", .path = "/api/v1/page", .handle = on_page},
	{.method = "GET", .path = "/api/v1/broken", .handle = on_broken},
	{.method = "GET", .path = "/api/v1/never", .handle = on_never},
	{.method = "GET", .path = "/api/v1/text/{name}", .handle = on_text},
	{.method = "POST", .path = "/api/v1/secret", .needs_auth = true, .handle = on_thing},
	{.method = "PUT", .path = "/api/v1/uploads/{id}", .handle = on_piece},
};

static void
serve(int report)
{
	struct loop *l = loop_new();
	struct http_server *s;
	char path[96];
	struct http_options o = {.listen = "127.0.0.1:0",
				 .unix_socket = path,
				 .routes = routes,
				 .route_count = ARRAY_LEN(routes),
				 .authenticate = authenticate};
	struct err_ctx e;
	int port;

	snprintf(path, sizeof(path), "%s/api.sock", fx.dir);
	if (http_server_new(l, &o, &s, &e) != ERR_OK)
		_exit(1);
	port = http_server_port(s);
	if (write(report, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	loop_run(l);
	_exit(0);
}

static void
start_server(void)
{
	pid_t parent = getpid();
	int fds[2], port = 0;

	assert_int_equal(pipe(fds), 0);
	fx.server = fork();
	assert_true(fx.server >= 0);
	if (fx.server == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		serve(fds[1]);
	}
	close(fds[1]);
	assert_int_equal(read(fds[0], &port, sizeof(port)), sizeof(port));
	close(fds[0]);
	snprintf(fx.url, sizeof(fx.url), "http://127.0.0.1:%d/", port);
}

static void
kill_server(void)
{
	if (fx.server == 0)
		return;
	kill(fx.server, SIGKILL);
	waitpid(fx.server, NULL, 0);
	fx.server = 0;
}

/* ---- set up ---- */

static void
write_file(const char *path, const char *text, size_t n)
{
	FILE *f = fopen(path, "wb");

	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
}

static int
set_up(void **state)
{
	(void)state;
	random_init();
	fx = (struct fixture){.dir = "/tmp/loa-client-XXXXXX"};
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.file, sizeof(fx.file), "%s/file", fx.dir);
	snprintf(fx.token, sizeof(fx.token), "%s/token", fx.dir);
	unsetenv("LOA_SOCKET");
	return 0;
}

static int
tear_down(void **state)
{
	char path[96];

	(void)state;
	kill_server();
	snprintf(path, sizeof(path), "%s/api.sock", fx.dir);
	unlink(path);
	unlink(fx.file);
	unlink(fx.token);
	unsetenv("LOA_SOCKET");
	return rmdir(fx.dir);
}

static struct client *
client_of(const struct client_options *o)
{
	struct client *c = NULL;
	struct err_ctx e = {0};

	assert_int_equal(client_new(o, &c, &e), ERR_OK);
	return c;
}

static struct client *
client_by_folder(void)
{
	return client_of(&(struct client_options){.data = fx.dir});
}

static enum err
get(struct client *c, const char *path, struct client_answer *a, struct err_ctx *e)
{
	return client_call(c, &(struct client_request){.method = "GET", .path = path}, a, e);
}

static const char *
member(const struct client_answer *a, const char *name)
{
	return json_string_value(json_object_get(a->json, name));
}

/* ---- tests ---- */

static void
a_post_carries_json_and_a_fresh_key(void **state)
{
	struct client *c;
	struct client_answer a = {0}, b = {0};
	json_t *body = json_pack("{s:s}", "name", "Hội xuân");
	struct client_request r = {.method = "POST", .path = "/api/v1/things", .json = body};
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder();
	assert_int_equal(client_call(c, &r, &a, &e), ERR_OK);
	assert_int_equal(a.status, 201);
	assert_string_equal(member(&a, "type"), "application/json");
	assert_string_equal(member(&a, "body"), "{\"name\":\"Hội xuân\"}");
	assert_int_equal(strlen(member(&a, "key")), 32);
	assert_int_equal(client_call(c, &r, &b, &e), ERR_OK);
	assert_string_not_equal(member(&a, "key"), member(&b, "key"));
	client_answer_clear(&b);
	r.json = NULL;
	r.body = SLICE("a;b\n");
	r.content_type = "text/csv";
	r.idempotency_key = "mine";
	assert_int_equal(client_call(c, &r, &b, &e), ERR_OK);
	assert_string_equal(member(&b, "key"), "mine");
	assert_string_equal(member(&b, "type"), "text/csv");
	assert_string_equal(member(&b, "body"), "a;b\n");
	client_answer_clear(&a);
	client_answer_clear(&b);
	json_decref(body);
	client_free(c);
}

static void
other_bodies_come_as_bytes(void **state)
{
	struct client_answer a = {0};
	struct buf path = {0};
	struct client *c;
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder();
	buf_adds(&path, "/api/v1/text/");
	client_add_encoded(&path, "Xã A/B ?#%~");
	/* ã is C3 A3 */
	assert_string_equal(path.data, "/api/v1/text/X%C3%A3%20A%2FB%20%3F%23%25~");
	assert_int_equal(get(c, path.data, &a, &e), ERR_OK);
	assert_null(a.json);
	assert_string_equal(a.body.data, "Xã A/B ?#%~");
	client_answer_clear(&a);
	buf_free(&path);
	client_free(c);
}

static void
a_problem_comes_back_as_the_error_it_was(void **state)
{
	struct client_answer a = {0};
	struct client *c;
	struct buf line = {0};
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder();
	assert_int_equal(get(c, "/api/v1/problem", &a, &e), ERR_CONFLICT);
	assert_int_equal(a.status, 409);
	assert_int_equal(e.code, ERR_CONFLICT);
	assert_int_equal(e.line, 2);
	assert_int_equal(e.column, 5);
	err_print(&e, &line);
	assert_string_equal(line.data, "campaign 7: is running: pause it first");
	client_answer_clear(&a);
	assert_int_equal(get(c, "/api/v1/nothing", &a, &e), ERR_NOT_FOUND);
	client_answer_clear(&a);
	assert_int_equal(get(c, "/api/v1/things", &a, &e), ERR_USAGE);
	client_answer_clear(&a);
	/* a proxy's page */
	assert_int_equal(get(c, "/api/v1/page", &a, &e), ERR_UNREACHABLE);
	assert_string_equal(e.why, "answered with status 502");
	client_answer_clear(&a);
	assert_int_equal(get(c, "/api/v1/broken", &a, &e), ERR_SYSTEM);
	assert_string_equal(e.why, "gave an answer that is no JSON");
	client_answer_clear(&a);
	buf_free(&line);
	client_free(c);
}

static void
a_server_out_of_reach_is_told_with_what_to_do(void **state)
{
	struct client_answer a = {0};
	struct client *c = client_by_folder();
	char where[160];
	struct err_ctx e;

	(void)state;
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_UNREACHABLE);
	assert_int_equal(err_exit_code(e.code), 3);
	assert_string_equal(e.what, "server");
	snprintf(where, sizeof(where), "cannot be reached at %s/api.sock: %s", fx.dir,
		 "No such file or directory");
	assert_string_equal(e.why, where);
	assert_string_equal(e.todo, "start it with loa serve");
	start_server();
	kill_server();
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_UNREACHABLE);
	assert_non_null(strstr(e.why, "nobody listens there"));
	client_free(c);
	c = client_of(&(struct client_options){.server = "http://127.0.0.1:1"});
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_UNREACHABLE);
	assert_non_null(strstr(e.why, "cannot be reached at http://127.0.0.1:1"));
	client_answer_clear(&a);
	client_free(c);
}

static void
an_answer_that_does_not_come_is_in_doubt(void **state)
{
	struct client_answer a = {0};
	struct client *c;
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder();
	assert_int_equal(client_call(c,
				     &(struct client_request){.method = "GET",
							      .path = "/api/v1/never",
							      .timeout_ms = 200},
				     &a, &e),
			 ERR_UNREACHABLE);
	assert_int_equal(strncmp(e.why, "gave no answer", 14), 0);
	client_answer_clear(&a);
	client_free(c);
}

static void
a_restart_between_two_calls_is_not_noticed(void **state)
{
	struct client_answer a = {0};
	struct client *c;
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder();
	for (int i = 0; i < 3; i++) {
		assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_OK);
		client_answer_clear(&a);
		kill_server();
		start_server();
	}
	client_free(c);
}

static void
tcp_needs_the_token_of_its_file(void **state)
{
	struct client_request r = {.method = "POST", .path = "/api/v1/secret"};
	struct client_answer a = {0};
	struct client *c;
	struct err_ctx e;

	(void)state;
	start_server();
	c = client_by_folder(); /* the socket needs none */
	assert_int_equal(client_call(c, &r, &a, &e), ERR_OK);
	client_answer_clear(&a);
	client_free(c);
	c = client_of(&(struct client_options){.server = fx.url});
	assert_int_equal(client_call(c, &r, &a, &e), ERR_REFUSED);
	assert_int_equal(a.status, 401);
	client_answer_clear(&a);
	client_free(c);
	write_file(fx.token, "t0ken\n", 6);
	c = client_of(&(struct client_options){.server = fx.url, .token_file = fx.token});
	assert_int_equal(client_call(c, &r, &a, &e), ERR_OK);
	client_answer_clear(&a);
	client_free(c);
}

static void
the_server_is_found_in_order(void **state)
{
	struct client_answer a = {0};
	char socket[96];
	struct client *c;
	struct err_ctx e;

	(void)state;
	start_server();
	snprintf(socket, sizeof(socket), "%s/api.sock", fx.dir);
	c = client_of(&(struct client_options){.default_folder = fx.dir});
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_OK);
	client_answer_clear(&a);
	client_free(c);
	setenv("LOA_SOCKET", socket, 1);
	c = client_of(&(struct client_options){.default_folder = "/nowhere"});
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_OK);
	client_answer_clear(&a);
	client_free(c);
	c = client_of(&(struct client_options){.data = "/nowhere"});
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_UNREACHABLE);
	assert_non_null(strstr(e.why, "/nowhere/api.sock"));
	client_free(c);
	setenv("LOA_SOCKET", "/nowhere", 1);
	c = client_of(&(struct client_options){.data = fx.dir});
	assert_int_equal(get(c, "/api/v1/text/x", &a, &e), ERR_OK);
	client_answer_clear(&a);
	client_free(c);
}

static void
bad_options_are_told(void **state)
{
	static const char *const bad[] = {"",		"loa.example",	  "ftp://loa.example",
					  "http://",	"http:///api",	  "http://a b",
					  "http://a?b", "http://u:p@host"};
	struct client_options o = {.server = "http://127.0.0.1:1", .token_file = fx.token};
	struct client *c = NULL;
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(client_new(&(struct client_options){.server = bad[i]}, &c, &e),
				 ERR_USAGE);
	assert_int_equal(client_new(&o, &c, &e), ERR_INPUT); /* no file */
	assert_string_equal(e.what, fx.token);
	write_file(fx.token, " \n", 2);
	assert_int_equal(client_new(&o, &c, &e), ERR_INPUT);
	write_file(fx.token, "a\r\nX: b", 7);
	assert_int_equal(client_new(&o, &c, &e), ERR_INPUT);
	write_file(fx.token, "a\0b", 3);
	assert_int_equal(client_new(&o, &c, &e), ERR_INPUT);
	assert_null(c);
}

static void
on_progress(void *arg, int64_t sent, int64_t total)
{
	assert_ptr_equal(arg, &fx);
	fx.steps++;
	fx.sent = sent;
	fx.total = total;
}

static void
upload(size_t n, int steps)
{
	struct client_upload u = {.path = "/api/v1/uploads/u1",
				  .file = fx.file,
				  .on_progress = on_progress,
				  .arg = &fx};
	struct client_answer a = {0};
	char *text = xcalloc(1, n + 1);
	struct client *c;
	struct err_ctx e;

	memset(text, 'a', n);
	if (n > 0)
		text[n - 1] = 'z';
	write_file(fx.file, text, n);
	free(text);
	start_server();
	c = client_by_folder();
	fx.steps = 0;
	assert_int_equal(client_upload(c, &u, &a, &e), ERR_OK);
	assert_int_equal(json_integer_value(json_object_get(a.json, "received")), n);
	assert_true(json_is_true(json_object_get(a.json, "last")));
	assert_string_equal(member(&a, "end"), n > 0 ? "z" : "");
	assert_int_equal(fx.steps, steps);
	assert_int_equal(fx.sent, n);
	assert_int_equal(fx.total, n);
	client_answer_clear(&a);
	/* the server has all of it now: the first piece again is a conflict in this server */
	if (n > 0)
		assert_int_equal(client_upload(c, &u, &a, &e), ERR_CONFLICT);
	client_answer_clear(&a);
	client_free(c);
	kill_server();
}

static void
a_file_goes_up_in_pieces(void **state)
{
	struct client_upload u = {.path = "/api/v1/uploads/u1", .file = "/nowhere/file"};
	struct client_answer a = {0};
	struct client *c;
	struct err_ctx e;

	(void)state;
	upload(0, 1);
	upload(10, 1);
	upload(4194304, 1);
	upload(4194305, 2);
	upload(9000000, 3);
	c = client_by_folder();
	assert_int_equal(client_upload(c, &u, &a, &e), ERR_INPUT);
	assert_string_equal(e.what, "/nowhere/file");
	u.file = fx.dir;
	assert_int_equal(client_upload(c, &u, &a, &e), ERR_INPUT);
	client_free(c);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_post_carries_json_and_a_fresh_key),
		TEST(other_bodies_come_as_bytes),
		TEST(a_problem_comes_back_as_the_error_it_was),
		TEST(a_server_out_of_reach_is_told_with_what_to_do),
		TEST(an_answer_that_does_not_come_is_in_doubt),
		TEST(a_restart_between_two_calls_is_not_noticed),
		TEST(tcp_needs_the_token_of_its_file),
		TEST(the_server_is_found_in_order),
		TEST(bad_options_are_told),
		TEST(a_file_goes_up_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
