/* SPDX-License-Identifier: MIT */
/*
 * The engine against a Redis of its own that is killed and comes back.
 * template_save stands for any function: it is idempotent, and template_get
 * shows what Redis knows.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/buf.h"
#include "base/log.h"
#include "dispatcher/store/engine.h"
#include "tests/unit/redis_server.h"
#include "tests/unit/turn.h"

#define LEASE_MS 1000
#define DEADLINE_MS 2000

static struct {
	struct redis_server server;
	struct loop *loop;
	struct engine *engine;
	struct buf events; /* U up, O open, S shut, L lost */
	int64_t up_ms, open_ms;
	bool has_reply;
	struct buf reply;
} fx;

static void
on_up(void *arg)
{
	(void)arg;
	buf_addc(&fx.events, 'U');
	fx.up_ms = clock_mono_ms();
}

static void
on_open(void *arg)
{
	(void)arg;
	buf_addc(&fx.events, 'O');
	fx.open_ms = clock_mono_ms();
}

static void
on_shut(void *arg)
{
	(void)arg;
	buf_addc(&fx.events, 'S');
}

static void
on_lost(void *arg)
{
	(void)arg;
	/* while Redis is away each failed connection is told too */
	if (fx.events.len == 0 || fx.events.data[fx.events.len - 1] != 'L')
		buf_addc(&fx.events, 'L');
}

static void
on_tick(void *arg)
{
	(void)arg;
}

static struct engine *
engine(void)
{
	struct engine_options o = {
		.redis = {.unix_socket = fx.server.socket, .deadline_ms = DEADLINE_MS},
		.lease_ms = LEASE_MS,
		.on_up = on_up,
		.on_open = on_open,
		.on_shut = on_shut,
		.on_lost = on_lost,
		.on_tick = on_tick,
	};

	return engine_new(fx.loop, &o);
}

static bool
has_event(char c)
{
	return fx.events.len > 0 && strchr(fx.events.data, c) != NULL;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	log_set_level(LOG_LEVEL_ERROR);
	redis_server_start(&fx.server);
	fx.loop = loop_new();
	fx.engine = engine();
	TURN_UNTIL(has_event('O'));
	buf_reset(&fx.events);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	if (fx.engine != NULL)
		engine_free(fx.engine);
	loop_free(fx.loop);
	redis_server_remove(&fx.server);
	buf_free(&fx.events);
	buf_free(&fx.reply);
	return 0;
}

/* ---- what Redis knows ---- */

static void
on_reply(void *arg, const struct reply *r)
{
	(void)arg;
	buf_reset(&fx.reply);
	if (r->kind == REPLY_NIL)
		buf_adds(&fx.reply, "nil");
	else if (r->kind == REPLY_INTEGER)
		buf_addf(&fx.reply, "%lld", (long long)r->integer);
	else
		buf_add_slice(&fx.reply, r->str);
	buf_adds(&fx.reply, "");
	fx.has_reply = true;
}

static const char *
command(const char *const *words, size_t n)
{
	struct slice v[8];

	for (size_t i = 0; i < n; i++)
		v[i] = slice_of(words[i]);
	fx.has_reply = false;
	redis_command(engine_redis(fx.engine), v, n, on_reply, NULL);
	TURN_UNTIL(fx.has_reply);
	return fx.reply.data;
}
#define COMMAND(...)                                \
	command((const char *const[]){__VA_ARGS__}, \
		sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static struct argv
template_args(const char *name, const char *source)
{
	struct argv a = {0};

	argv_adds(&a, name);
	argv_adds(&a, source);
	argv_adds(&a, "1");
	return a;
}

/* The saved template, or nil. */
static const char *
saved(const char *name)
{
	struct argv a = {0};

	argv_adds(&a, name);
	argv_adds(&a, "");
	fx.has_reply = false;
	engine_call(fx.engine, "template_get", &a, on_reply, NULL);
	TURN_UNTIL(fx.has_reply);
	argv_free(&a);
	return fx.reply.data;
}

/* A sure call: how often it was told, and the last kind of reply. */
struct told {
	int times;
	enum reply_kind kind;
};

static void
on_told(void *arg, const struct reply *r)
{
	struct told *t = arg;

	t->times++;
	t->kind = r->kind;
}

static void
save(const char *name, bool is_journalled, struct told *t)
{
	struct argv a = template_args(name, "text");

	engine_sure(fx.engine, "template_save", &a, is_journalled, t != NULL ? on_told : NULL, t);
	argv_free(&a);
}

static void
kill_and_start(void)
{
	redis_server_kill(&fx.server);
	redis_server_start(&fx.server);
}

/* Turns for a while in which nothing should happen. */
static void
turn_for(int64_t ms)
{
	int64_t end_ms = clock_mono_ms() + ms;

	while (clock_mono_ms() < end_ms)
		loop_turn(fx.loop, 20);
}

/* ---- arguments ---- */

static void
arguments_come_out_as_they_went_in(void **state)
{
	struct argv a = {0};
	struct slice v[ARGV_MAX];

	(void)state;
	argv_adds(&a, "");
	argv_add(&a, SLICE("a\0b"));
	argv_add_int(&a, INT64_MIN);
	argv_add(&a, (struct slice){NULL, 0});
	assert_int_equal(argv_slices(&a, v), 4);
	assert_int_equal(v[0].n, 0);
	assert_true(slice_eq(v[1], SLICE("a\0b")));
	assert_true(slice_is(v[2], "-9223372036854775808"));
	assert_int_equal(v[3].n, 0);
	argv_reset(&a);
	assert_int_equal(argv_slices(&a, v), 0);
	for (int i = 0; i < ARGV_MAX; i++)
		argv_add_int(&a, i);
	assert_int_equal(argv_slices(&a, v), ARGV_MAX);
	assert_true(slice_is(v[ARGV_MAX - 1], "1023"));
	argv_free(&a);
}

/* ---- up and open ---- */

static void
it_is_up_before_it_is_open(void **state)
{
	(void)state;
	assert_true(engine_is_up(fx.engine));
	assert_true(fx.up_ms <= fx.open_ms);
	/* the same process, the same Redis, another connection: no pause */
	redis_command(engine_redis(fx.engine),
		      (struct slice[]){SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"),
				       SLICE("normal"), SLICE("SKIPME"), SLICE("no")},
		      6, NULL, NULL);
	TURN_UNTIL(has_event('O'));
	assert_string_equal(fx.events.data, "SLUO");
	assert_true(fx.open_ms - fx.up_ms < LEASE_MS / 2);
}

static void
after_a_restart_of_redis_it_opens_a_whole_lease_later(void **state)
{
	(void)state;
	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	assert_false(engine_is_up(fx.engine));
	redis_server_start(&fx.server);
	TURN_UNTIL(has_event('O'));
	assert_string_equal(fx.events.data, "SLUO");
	assert_in_range(fx.open_ms - fx.up_ms, LEASE_MS - 100, LEASE_MS + 5000);
}

static void
a_redis_that_goes_during_the_pause_is_never_opened_by_it(void **state)
{
	(void)state;
	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	redis_server_start(&fx.server);
	TURN_UNTIL(has_event('U'));
	redis_server_kill(&fx.server);
	turn_for(LEASE_MS + 500);
	assert_string_equal(fx.events.data, "SLUSL");
	redis_server_start(&fx.server);
	TURN_UNTIL(has_event('O'));
	assert_string_equal(fx.events.data, "SLUSLUO");
}

static void
two_incarnations_differ(void **state)
{
	struct engine *other = engine();
	char first[40];

	(void)state;
	snprintf(first, sizeof(first), "%s", engine_incarnation(fx.engine));
	assert_int_equal(strlen(first), 16);
	assert_int_equal(strspn(first, "0123456789abcdef"), 16);
	assert_string_not_equal(engine_incarnation(other), first);
	TURN_UNTIL(engine_is_up(other));
	assert_string_equal(COMMAND("ZCARD", "loa:incarnations"), "2");
	engine_free(other);
	/* a connection lost does not make another process of it */
	kill_and_start();
	TURN_UNTIL(has_event('U'));
	assert_string_equal(engine_incarnation(fx.engine), first);
	engine_free(fx.engine);
	fx.engine = engine();
	assert_string_not_equal(engine_incarnation(fx.engine), first);
}

static void
the_heartbeat_keeps_the_incarnation_alive_until_it_says_bye(void **state)
{
	char before[40];

	(void)state;
	snprintf(before, sizeof(before), "%s",
		 COMMAND("ZSCORE", "loa:incarnations", engine_incarnation(fx.engine)));
	turn_for(LEASE_MS);
	/* milliseconds of equal length compare as text */
	assert_true(strcmp(COMMAND("ZSCORE", "loa:incarnations", engine_incarnation(fx.engine)),
			   before) > 0);
	engine_bye(fx.engine);
	assert_string_equal(COMMAND("ZSCORE", "loa:incarnations", engine_incarnation(fx.engine)),
			    "nil");
}

/* ---- sure calls ---- */

static void
a_sure_call_is_told_once_and_forgotten_when_it_was_acknowledged(void **state)
{
	struct told t = {0};

	(void)state;
	save("a", false, &t);
	assert_int_equal(t.times, 0);
	assert_int_equal(engine_unacknowledged(fx.engine), 1);
	TURN_UNTIL(t.times > 0);
	assert_int_equal(engine_unacknowledged(fx.engine), 0);
	assert_int_equal(t.kind, REPLY_ARRAY);
	assert_string_equal(saved("a"), "text");
	/* told again it would be there again */
	COMMAND("DEL", "loa:template:a");
	turn_for(500);
	assert_string_equal(saved("a"), "nil");
	assert_int_equal(t.times, 1);
}

static void
sure_calls_survive_a_kill_of_redis(void **state)
{
	struct told before = {0}, at = {0}, after = {0};

	(void)state;
	save("a", false, &before);
	TURN_UNTIL(before.times == 1);
	/* on its way, or not even that */
	save("b", true, &at);
	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	save("c", false, &after);
	turn_for(300);
	assert_int_equal(at.times, 0);
	assert_int_equal(after.times, 0);
	assert_int_equal(engine_unacknowledged(fx.engine), 2);
	redis_server_start(&fx.server);
	TURN_UNTIL(engine_unacknowledged(fx.engine) == 0);
	assert_string_equal(saved("a"), "text");
	assert_string_equal(saved("b"), "text");
	assert_string_equal(saved("c"), "text");
	turn_for(300);
	assert_int_equal(before.times, 1);
	assert_int_equal(at.times, 1);
	assert_int_equal(after.times, 1);
	assert_int_equal(at.kind, REPLY_ARRAY);
}

/* Killed at any moment between the turn that sends and the one that reads. */
static void
sure_calls_survive_kills_in_a_row(void **state)
{
	struct told t[30] = {{0}};

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < 10; i++) {
			char name[16];

			snprintf(name, sizeof(name), "t%d", round * 10 + i);
			save(name, i % 2 == 0, &t[round * 10 + i]);
			if (i % 3 == 0)
				loop_turn(fx.loop, 0);
		}
		kill_and_start();
		for (int i = 0; i < 3 * round; i++)
			loop_turn(fx.loop, 10);
	}
	TURN_UNTIL(engine_unacknowledged(fx.engine) == 0);
	TURN_UNTIL(engine_is_up(fx.engine));
	for (int i = 0; i < 30; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		assert_string_equal(saved(name), "text");
		assert_int_equal(t[i].times, 1);
	}
}

static void
a_sure_call_is_repeated_until_redis_takes_it(void **state)
{
	struct told t = {0};

	(void)state;
	COMMAND("SET", "loa:template:a", "no hash");
	save("a", false, &t);
	turn_for(500);
	assert_int_equal(t.times, 0);
	assert_int_equal(engine_unacknowledged(fx.engine), 1);
	COMMAND("DEL", "loa:template:a");
	TURN_UNTIL(t.times == 1);
	assert_int_equal(t.kind, REPLY_ARRAY);
	assert_int_equal(engine_unacknowledged(fx.engine), 0);
}

static void
what_was_never_acknowledged_is_told_as_not_sent_when_it_ends(void **state)
{
	struct told t = {0};

	(void)state;
	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	save("a", true, &t);
	engine_free(fx.engine);
	fx.engine = NULL;
	assert_int_equal(t.times, 1);
	assert_int_equal(t.kind, REPLY_NOT_SENT);
}

/* ---- the journal ---- */

/* A Redis of another life that has lost everything. */
static void
restart_empty(void)
{
	struct redis_server s = fx.server;
	char path[128];

	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	snprintf(path, sizeof(path), "%s/appendonlydir", s.dir);
	if (fork() == 0) {
		execlp("rm", "rm", "-rf", path, (char *)NULL);
		_exit(127);
	}
	wait(NULL);
	buf_reset(&fx.events);
	redis_server_start(&fx.server);
}

static void
the_journal_is_replayed_to_a_redis_of_another_life(void **state)
{
	struct told t = {0}, u = {0};
	struct argv a = template_args("c", "noted");

	(void)state;
	save("a", true, &t);
	save("b", false, &u);
	engine_journal(fx.engine, "template_save", &a);
	argv_free(&a);
	TURN_UNTIL(t.times == 1 && u.times == 1);
	assert_string_equal(saved("c"), "nil");
	restart_empty();
	TURN_UNTIL(has_event('U'));
	/* all of it before anybody may ask */
	assert_string_equal(saved("a"), "text");
	assert_string_equal(saved("c"), "noted");
	assert_string_equal(saved("b"), "nil");
	assert_int_equal(t.times, 1);
	/* and to the next one, too */
	restart_empty();
	TURN_UNTIL(has_event('U'));
	assert_string_equal(saved("a"), "text");
}

static void
the_journal_is_not_replayed_to_the_same_life(void **state)
{
	struct told t = {0};

	(void)state;
	save("a", true, &t);
	TURN_UNTIL(t.times == 1);
	COMMAND("DEL", "loa:template:a");
	redis_command(engine_redis(fx.engine),
		      (struct slice[]){SLICE("CLIENT"), SLICE("KILL"), SLICE("TYPE"),
				       SLICE("normal"), SLICE("SKIPME"), SLICE("no")},
		      6, NULL, NULL);
	TURN_UNTIL(has_event('U'));
	assert_string_equal(saved("a"), "nil");
}

static void
the_journal_forgets_after_ten_seconds(void **state)
{
	struct told t = {0}, u = {0};

	(void)state;
	save("old", true, &t);
	TURN_UNTIL(t.times == 1);
	clock_advance_ms(10100);
	save("new", true, &u);
	TURN_UNTIL(u.times == 1);
	turn_for(LEASE_MS / 2);
	restart_empty();
	TURN_UNTIL(has_event('U'));
	assert_string_equal(saved("new"), "text");
	assert_string_equal(saved("old"), "nil");
}

/* What was acknowledged just before Redis went is what it may have lost, however long it is away. */
static void
the_journal_outlasts_a_long_outage(void **state)
{
	struct told t = {0};

	(void)state;
	save("a", true, &t);
	TURN_UNTIL(t.times == 1);
	redis_server_kill(&fx.server);
	TURN_UNTIL(has_event('L'));
	clock_advance_ms(60000);
	turn_for(LEASE_MS);
	restart_empty();
	TURN_UNTIL(has_event('U'));
	assert_string_equal(saved("a"), "text");
}

static void
note(int i, size_t bytes)
{
	char name[16];
	struct buf text = {0};
	struct argv a;

	snprintf(name, sizeof(name), "t%d", i);
	memset(buf_reserve(&text, bytes), 'x', bytes);
	text.data[bytes] = '\0';
	a = template_args(name, text.data);
	engine_journal(fx.engine, "template_save", &a);
	argv_free(&a);
	buf_free(&text);
}

/* The connection breaks while more is to be told than the socket takes; Redis lives on. */
static void
a_replay_that_broke_is_begun_again(void **state)
{
	enum { NOTES = 100, BYTES = 100000 };

	(void)state;
	for (int i = 0; i < NOTES; i++)
		note(i, BYTES);
	restart_empty();
	while (!redis_is_ready(engine_redis(fx.engine)))
		loop_turn(fx.loop, 20);
	kill(fx.server.pid, SIGSTOP);
	buf_reset(&fx.events);
	TURN_UNTIL(has_event('L'));
	kill(fx.server.pid, SIGCONT);
	TURN_UNTIL(has_event('U'));
	for (int i = 0; i < NOTES; i++) {
		char name[16];

		snprintf(name, sizeof(name), "t%d", i);
		assert_int_equal(strlen(saved(name)), BYTES);
	}
}

/* The journal knows of slice 0 of run 1, which is not there. */
static void
note_slice(void)
{
	struct argv a = {0};

	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_adds(&a, "0");
	argv_adds(&a, "2048");
	engine_journal(fx.engine, "freeze_again", &a);
	argv_free(&a);
}

/* Who launched it is another process, which tells it a moment later. */
static void
a_run_that_redis_lost_is_waited_for(void **state)
{
	int64_t begin_ms;

	(void)state;
	note_slice();
	restart_empty();
	while (!redis_is_ready(engine_redis(fx.engine)))
		loop_turn(fx.loop, 20);
	begin_ms = clock_mono_ms();
	turn_for(LEASE_MS / 4);
	assert_false(engine_is_up(fx.engine));
	COMMAND("HSET", "loa:run:1", "slice", "0", "state", "running");
	TURN_UNTIL(has_event('U'));
	assert_true(fx.up_ms - begin_ms < LEASE_MS);
	assert_string_equal(COMMAND("HGET", "loa:run:1", "slice"), "1");
}

static void
a_run_that_nobody_tells_again_is_given_up_after_a_lease(void **state)
{
	int64_t begin_ms;

	(void)state;
	note_slice();
	restart_empty();
	while (!redis_is_ready(engine_redis(fx.engine)))
		loop_turn(fx.loop, 20);
	begin_ms = clock_mono_ms();
	TURN_UNTIL(has_event('U'));
	assert_in_range(fx.up_ms - begin_ms, LEASE_MS / 2, LEASE_MS + 5000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arguments_come_out_as_they_went_in),
		T(it_is_up_before_it_is_open),
		T(after_a_restart_of_redis_it_opens_a_whole_lease_later),
		T(a_redis_that_goes_during_the_pause_is_never_opened_by_it),
		T(two_incarnations_differ),
		T(the_heartbeat_keeps_the_incarnation_alive_until_it_says_bye),
		T(a_sure_call_is_told_once_and_forgotten_when_it_was_acknowledged),
		T(sure_calls_survive_a_kill_of_redis),
		T(sure_calls_survive_kills_in_a_row),
		T(a_sure_call_is_repeated_until_redis_takes_it),
		T(what_was_never_acknowledged_is_told_as_not_sent_when_it_ends),
		T(the_journal_is_replayed_to_a_redis_of_another_life),
		T(the_journal_is_not_replayed_to_the_same_life),
		T(the_journal_forgets_after_ten_seconds),
		T(the_journal_outlasts_a_long_outage),
		T(a_replay_that_broke_is_begun_again),
		T(a_run_that_redis_lost_is_waited_for),
		T(a_run_that_nobody_tells_again_is_given_up_after_a_lease),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
