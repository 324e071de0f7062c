/* SPDX-License-Identifier: MIT */
/* The Redis client against a real redis-server on a unix socket of its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redis.h"
#include "tests/unit/turn.h"

struct fixture {
	char dir[64], socket[96], port[8];
	pid_t server; /* 0 = none */
	struct loop *loop;
	struct redis *r;
	struct redis_options o;
	int readies, losts;
	char run_id[64];
};

static struct fixture fx;

static void
start_server_with(const char *option, const char *value)
{
	pid_t parent = getpid();

	fx.server = fork();
	assert_true(fx.server >= 0);
	if (fx.server > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	execlp("redis-server", "redis-server", "--port", fx.port, "--bind", "127.0.0.1",
	       "--unixsocket", fx.socket, "--save", "", "--dir", fx.dir, "--logfile", "/dev/null",
	       option, value, (char *)NULL);
	_exit(127);
}

static void
start_server(void)
{
	start_server_with("--appendonly", "no");
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

static void
on_ready(void *arg, const char *run_id)
{
	assert_ptr_equal(arg, &fx);
	fx.readies++;
	snprintf(fx.run_id, sizeof(fx.run_id), "%s", run_id);
}

static void
on_lost(void *arg)
{
	assert_ptr_equal(arg, &fx);
	fx.losts++;
}

static int
set_up(void **state)
{
	(void)state;
	fx = (struct fixture){.dir = "/tmp/loa-redis-XXXXXX", .port = "0"};
	if (mkdtemp(fx.dir) == NULL)
		return -1;
	snprintf(fx.socket, sizeof(fx.socket), "%s/s", fx.dir);
	fx.loop = loop_new();
	fx.o = (struct redis_options){
		.unix_socket = fx.socket, .on_ready = on_ready, .on_lost = on_lost, .arg = &fx};
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	redis_free(fx.r);
	loop_free(fx.loop);
	kill_server();
	unlink(fx.socket);
	return rmdir(fx.dir);
}

static void
connect_client(void)
{
	fx.r = redis_new(fx.loop, &fx.o);
	TURN_UNTIL(fx.readies == 1);
}

/* What came back for one command. */
struct answer {
	int calls;
	enum reply_kind kind;
	int64_t integer;
	char text[300];
	size_t n;
};

static void
keep(void *arg, const struct reply *reply)
{
	struct answer *a = arg;

	a->calls++;
	a->kind = reply->kind;
	a->integer = reply->integer;
	a->n = reply->str.n;
	snprintf(a->text, sizeof(a->text), "%s", reply->str.n > 0 ? reply->str.p : "");
}

/* The words of `line` are parted by single blanks. */
static void
command(const char *line, redis_reply_cb cb, void *arg)
{
	struct slice words[16];
	size_t n = 0;

	while (*line != '\0') {
		size_t len = strcspn(line, " ");

		assert_true(n < ARRAY_LEN(words));
		words[n++] = (struct slice){line, len};
		line += len + (line[len] == ' ');
	}
	redis_command(fx.r, words, n, cb, arg);
}

static void
ask(const char *line, struct answer *a)
{
	*a = (struct answer){0};
	command(line, keep, a);
	assert_int_equal(a->calls, 0);
	TURN_UNTIL(a->calls > 0);
	assert_int_equal(a->calls, 1);
}

/* ---- answers ---- */

static int64_t last_seen;

static void
expect_next(void *arg, const struct reply *reply)
{
	(void)arg;
	assert_int_equal(reply->kind, REPLY_INTEGER);
	assert_int_equal(reply->integer, ++last_seen);
}

static void
a_thousand_commands_of_one_turn_are_answered_in_order(void **state)
{
	(void)state;
	start_server();
	connect_client();
	last_seen = 0;
	for (int i = 0; i < 1000; i++)
		command("INCR n", expect_next, NULL);
	assert_int_equal(last_seen, 0);
	assert_int_equal(redis_pending(fx.r), 1000);
	TURN_UNTIL(last_seen == 1000);
	assert_int_equal(redis_pending(fx.r), 0);
}

static void
check_tree(void *arg, const struct reply *reply)
{
	const struct reply *inner;

	assert_int_equal(reply->kind, REPLY_ARRAY);
	assert_int_equal(reply->count, 4);
	assert_int_equal(reply_item(reply, 0)->integer, 7);
	assert_true(slice_is(reply_item(reply, 1)->str, "a"));
	inner = reply_item(reply, 2);
	assert_int_equal(inner->kind, REPLY_ARRAY);
	assert_int_equal(inner->count, 2);
	assert_true(slice_is(reply_item(inner, 1)->str, "ok"));
	assert_int_equal(reply_item(inner, 1)->kind, REPLY_STATUS);
	assert_int_equal(reply_item(reply, 3)->kind, REPLY_NIL);
	assert_int_equal(reply_item(reply, 4)->kind, REPLY_NIL);
	assert_int_equal(reply_item(inner, 9)->kind, REPLY_NIL);
	*(bool *)arg = true;
}

static void
every_kind_of_answer_is_shown(void **state)
{
	struct slice eval[] = {SLICE("EVAL"), SLICE("return {7,'a',{2,{ok='ok'}},false}"),
			       SLICE("0")};
	struct slice set[] = {SLICE("SET"), SLICE("k"), {"x\0y", 3}};
	struct answer a = {0};
	bool is_checked = false;

	(void)state;
	start_server();
	connect_client();
	redis_command(fx.r, eval, ARRAY_LEN(eval), check_tree, &is_checked);
	TURN_UNTIL(is_checked);
	redis_command(fx.r, set, ARRAY_LEN(set), keep, &a);
	TURN_UNTIL(a.calls == 1);
	assert_int_equal(a.kind, REPLY_STATUS);
	assert_string_equal(a.text, "OK");
	ask("GET k", &a);
	assert_int_equal(a.kind, REPLY_STRING);
	assert_int_equal(a.n, 3);
	ask("GET none", &a);
	assert_int_equal(a.kind, REPLY_NIL);
	ask("NONSENSE", &a);
	assert_int_equal(a.kind, REPLY_ERROR);
	assert_non_null(strstr(a.text, "unknown command"));
	ask("SADD none", &a);
	assert_int_equal(a.kind, REPLY_ERROR);
}

static void
a_command_larger_than_the_socket_arrives_whole(void **state)
{
	size_t n = 8u << 20;
	char *big = xmalloc(n);
	struct slice set[] = {SLICE("SET"), SLICE("big"), {big, n}};
	struct answer a = {0};

	(void)state;
	memset(big, 'x', n);
	start_server();
	connect_client();
	redis_command(fx.r, set, ARRAY_LEN(set), keep, &a);
	free(big);
	TURN_UNTIL(a.calls == 1);
	assert_int_equal(a.kind, REPLY_STATUS);
	ask("STRLEN big", &a);
	assert_int_equal(a.integer, 8 << 20);
}

static void
a_server_is_reached_by_name_and_port(void **state)
{
	struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
	socklen_t len = sizeof(addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	struct answer a;

	(void)state;
	assert_return_code(bind(fd, (struct sockaddr *)&addr, sizeof(addr)), errno);
	assert_return_code(getsockname(fd, (struct sockaddr *)&addr, &len), errno);
	close(fd);
	fx.o.unix_socket = NULL;
	fx.o.host = "localhost";
	fx.o.port = ntohs(addr.sin_port);
	snprintf(fx.port, sizeof(fx.port), "%u", fx.o.port);
	start_server();
	connect_client();
	ask("ECHO hello", &a);
	assert_string_equal(a.text, "hello");
}

/* ---- not connected, lost, late ---- */

static void
a_command_before_the_connection_is_not_sent(void **state)
{
	struct answer a = {0};

	(void)state;
	fx.r = redis_new(fx.loop, &fx.o);
	command("INCR n", keep, &a);
	assert_int_equal(a.calls, 0);
	loop_turn(fx.loop, 0);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.kind, REPLY_NOT_SENT);
	start_server();
	TURN_UNTIL(fx.readies == 1);
	ask("GET n", &a);
	assert_int_equal(a.kind, REPLY_NIL);
	assert_int_equal(fx.losts, 0);
}

#define MANY 500
static struct answer answers[MANY], again[MANY];

static void
keep_and_try_again(void *arg, const struct reply *reply)
{
	struct answer *a = arg;

	keep(a, reply);
	assert_int_equal(fx.losts, 0);
	command("INCR n", keep, &again[a - answers]);
	assert_int_equal(again[a - answers].calls, 0);
}

static void
a_killed_server_answers_every_command_once_as_unknown(void **state)
{
	char first_life[64];
	struct answer a;

	(void)state;
	memset(answers, 0, sizeof(answers));
	memset(again, 0, sizeof(again));
	start_server();
	connect_client();
	snprintf(first_life, sizeof(first_life), "%s", fx.run_id);
	assert_int_equal(strlen(first_life), 40);
	kill(fx.server, SIGSTOP);
	for (int i = 0; i < MANY; i++)
		command("INCR n", keep_and_try_again, &answers[i]);
	loop_turn(fx.loop, 0);
	kill_server();
	unlink(fx.socket);
	TURN_UNTIL(redis_pending(fx.r) == 0);
	assert_false(redis_is_ready(fx.r));
	assert_int_equal(fx.losts, 1);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(answers[i].calls, 1);
		assert_int_equal(answers[i].kind, REPLY_UNKNOWN);
		assert_true(answers[i].n > 0);
		assert_int_equal(again[i].calls, 1);
		assert_int_equal(again[i].kind, REPLY_NOT_SENT);
	}
	start_server();
	TURN_UNTIL(fx.readies == 2);
	assert_string_not_equal(fx.run_id, first_life);
	ask("GET n", &a);
	assert_int_equal(a.kind, REPLY_NIL);
}

static void
a_silent_server_is_left_after_the_deadline(void **state)
{
	struct answer a = {0}, b = {0};
	int64_t began_ms;

	(void)state;
	fx.o.deadline_ms = 200;
	start_server();
	connect_client();
	began_ms = clock_mono_ms();
	kill(fx.server, SIGSTOP);
	command("INCR n", keep, &a);
	command("INCR n", keep, &b);
	TURN_UNTIL(a.calls == 1);
	assert_true(clock_mono_ms() - began_ms >= 200);
	assert_int_equal(b.calls, 1);
	assert_int_equal(a.kind, REPLY_UNKNOWN);
	assert_int_equal(b.kind, REPLY_UNKNOWN);
	assert_string_equal(a.text, "no answer within 200 ms");
	assert_int_equal(fx.losts, 1);
	/* While it stands still, greetings get no answer either, and nothing is ready. */
	began_ms = clock_mono_ms();
	TURN_UNTIL(clock_mono_ms() - began_ms > 500);
	assert_int_equal(fx.readies, 1);
	kill(fx.server, SIGCONT);
	TURN_UNTIL(fx.readies == 2);
	/* It ran the two commands that we gave up: unknown is the right word. */
	ask("GET n", &a);
	assert_string_equal(a.text, "2");
}

static void
a_deadline_counts_from_the_oldest_command(void **state)
{
	struct answer a;

	(void)state;
	fx.o.deadline_ms = 300;
	start_server();
	connect_client();
	/* Longer than the deadline in all, but never one command. */
	for (int64_t end_ms = clock_mono_ms() + 700; clock_mono_ms() < end_ms;)
		ask("PING", &a);
	assert_int_equal(fx.losts, 0);
}

static void
freeing_answers_what_is_pending(void **state)
{
	struct answer a = {0}, b = {0};

	(void)state;
	start_server();
	connect_client();
	command("PING", keep, &a);
	redis_free(fx.r);
	assert_int_equal(a.calls, 1);
	assert_int_equal(a.kind, REPLY_UNKNOWN);
	fx.r = redis_new(fx.loop, &fx.o);
	command("PING", keep, &b);
	redis_free(fx.r);
	fx.r = NULL;
	assert_int_equal(b.calls, 1);
	assert_int_equal(b.kind, REPLY_NOT_SENT);
	assert_int_equal(fx.losts, 0);
	loop_turn(fx.loop, 0);
}

static void
the_wrong_password_is_never_ready_and_says_why(void **state)
{
	struct answer a = {0};

	(void)state;
	start_server_with("--requirepass", "secret");
	fx.o.password = "guess";
	fx.r = redis_new(fx.loop, &fx.o);
	do {
		ask("PING", &a);
		assert_int_equal(a.kind, REPLY_NOT_SENT);
	} while (strstr(a.text, "WRONGPASS") == NULL);
	assert_int_equal(fx.readies, 0);
	redis_free(fx.r);
	fx.o.password = "secret";
	connect_client();
	ask("PING", &a);
	assert_string_equal(a.text, "PONG");
}

/* ---- functions ---- */

static const char library[] = "#!lua name=test\n"
			      "redis.register_function('test_add', function(keys, args)\n"
			      "  redis.call('INCR', 'ran')\n"
			      "  return tonumber(args[1]) + tonumber(args[2])\n"
			      "end)\n";

static const struct redis_script add = {"test_add"}, missing = {"test_missing"};

static void
functions_are_there_when_it_is_ready_and_after_a_flush(void **state)
{
	struct slice args[] = {SLICE("40"), SLICE("2")};
	struct answer a = {0}, many[50] = {0};

	(void)state;
	fx.o.library = SLICE(library);
	start_server();
	connect_client();
	redis_call(fx.r, &add, args, 2, keep, &a);
	TURN_UNTIL(a.calls == 1);
	assert_int_equal(a.integer, 42);
	command("FUNCTION FLUSH", NULL, NULL);
	for (int i = 0; i < 50; i++)
		redis_call(fx.r, &add, args, 2, keep, &many[i]);
	TURN_UNTIL(redis_pending(fx.r) == 0);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(many[i].calls, 1);
		assert_int_equal(many[i].integer, 42);
	}
	ask("GET ran", &a);
	assert_string_equal(a.text, "51");
}

static void
a_function_that_the_library_lacks_is_an_error_once(void **state)
{
	struct answer a = {0};

	(void)state;
	fx.o.library = SLICE(library);
	start_server();
	connect_client();
	redis_call(fx.r, &missing, NULL, 0, keep, &a);
	TURN_UNTIL(a.calls == 1);
	assert_int_equal(a.kind, REPLY_ERROR);
	assert_non_null(strstr(a.text, "Function not found"));
	assert_int_equal(redis_pending(fx.r), 0);
}

/* What changed the server since it was started, libraries too. */
static long
changes_in(const char *info)
{
	const char *p = strstr(info, "rdb_changes_since_last_save:");

	assert_non_null(p);
	return strtol(p + strlen("rdb_changes_since_last_save:"), NULL, 10);
}

/* Each FUNCTION LOAD that does something stands in the append-only file for good. */
static void
a_library_that_is_there_is_not_loaded_again(void **state)
{
	struct slice args[] = {SLICE("40"), SLICE("2")};
	struct answer a = {0}, before = {0}, after = {0};

	(void)state;
	fx.o.library = SLICE(library);
	start_server();
	connect_client();
	command("SET changes 1", NULL, NULL);
	ask("INFO persistence", &before);
	redis_free(fx.r);
	fx.readies = 0;
	connect_client();
	ask("INFO persistence", &after);
	assert_int_equal(changes_in(before.text), 2);
	assert_int_equal(changes_in(after.text), changes_in(before.text));
	redis_call(fx.r, &add, args, 2, keep, &a);
	TURN_UNTIL(a.calls == 1);
	assert_int_equal(a.integer, 42);
}

static void
a_broken_library_is_never_ready(void **state)
{
	struct answer a = {0};

	(void)state;
	fx.o.library = SLICE("#!lua name=test\nthis is not Lua");
	start_server();
	fx.r = redis_new(fx.loop, &fx.o);
	do {
		ask("PING", &a);
	} while (strstr(a.text, "greeting refused") == NULL);
	assert_non_null(strstr(a.text, "compiling"));
	assert_int_equal(fx.readies, 0);
}

/* ---- subscriptions ---- */

struct heard {
	int count;
	char last[32];
};

static void
hear(void *arg, struct slice channel, struct slice payload)
{
	struct heard *h = arg;

	assert_true(channel.n > 0);
	h->count++;
	snprintf(h->last, sizeof(h->last), "%.*s", (int)payload.n, payload.p);
}

static void
a_subscriber_hears_again_after_a_restart(void **state)
{
	struct heard x = {0}, y = {0};
	struct redis_options so = {
		.name = "hints", .unix_socket = fx.socket, .is_subscriber = true};
	struct redis *s = redis_new(fx.loop, &so);

	(void)state;
	redis_subscribe(s, "x", hear, &x);
	redis_subscribe(s, "y", hear, &y);
	start_server();
	connect_client();
	TURN_UNTIL(redis_is_ready(s));
	command("PUBLISH x one", NULL, NULL);
	command("PUBLISH y two", NULL, NULL);
	TURN_UNTIL(x.count == 1 && y.count == 1);
	assert_string_equal(x.last, "one");
	assert_string_equal(y.last, "two");
	kill_server();
	TURN_UNTIL(!redis_is_ready(s) && fx.losts == 1);
	start_server();
	TURN_UNTIL(redis_is_ready(s) && fx.readies == 2);
	command("PUBLISH x three", NULL, NULL);
	TURN_UNTIL(x.count == 2);
	assert_string_equal(x.last, "three");
	assert_int_equal(y.count, 1);
	redis_free(s);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_thousand_commands_of_one_turn_are_answered_in_order),
		T(every_kind_of_answer_is_shown),
		T(a_command_larger_than_the_socket_arrives_whole),
		T(a_server_is_reached_by_name_and_port),
		T(a_command_before_the_connection_is_not_sent),
		T(a_killed_server_answers_every_command_once_as_unknown),
		T(a_silent_server_is_left_after_the_deadline),
		T(a_deadline_counts_from_the_oldest_command),
		T(freeing_answers_what_is_pending),
		T(the_wrong_password_is_never_ready_and_says_why),
		T(functions_are_there_when_it_is_ready_and_after_a_flush),
		T(a_function_that_the_library_lacks_is_an_error_once),
		T(a_library_that_is_there_is_not_loaded_again),
		T(a_broken_library_is_never_ready),
		T(a_subscriber_hears_again_after_a_restart),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
