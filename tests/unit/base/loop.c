/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/loop.h"
#include "base/mem.h"

/* What happened, one letter each. */
static struct {
	struct loop *loop;
	struct buf seen;
} fx;

/* A timer that says its name and may do something to itself or another. */
struct named {
	struct timer timer;
	char name;
	struct timer *disarms, *arms;
};

static void
on_timer(struct timer *t, void *arg)
{
	struct named *n = arg;

	assert_false(timer_is_armed(t));
	buf_addc(&fx.seen, n->name);
	if (n->disarms != NULL)
		timer_disarm(fx.loop, n->disarms);
	if (n->arms != NULL)
		timer_arm_ms(fx.loop, n->arms, 0);
}

static void
name_timers(struct named *n, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		n[i] = (struct named){.name = (char)('a' + (int)i)};
		timer_init(&n[i].timer, on_timer, &n[i]);
	}
}

static const char *
turn(void)
{
	buf_reset(&fx.seen);
	loop_turn(fx.loop, 0);
	return fx.seen.data != NULL ? fx.seen.data : "";
}

static int
set_up(void **state)
{
	(void)state;
	fx.loop = loop_new();
	buf_reset(&fx.seen);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	loop_free(fx.loop);
	buf_free(&fx.seen);
	return 0;
}

/* A Redis that is killed between our poll and our write must not take us along. */
static void
a_write_to_a_closed_peer_is_an_error_and_no_signal(void **state)
{
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	close(pair[1]);
	assert_int_equal(write(pair[0], "x", 1), -1);
	assert_int_equal(errno, EPIPE);
	close(pair[0]);
}

/* ---- timers ---- */

static void
timers_fire_in_the_order_in_which_they_are_due(void **state)
{
	struct named n[5];

	(void)state;
	name_timers(n, 5);
	timer_arm_ms(fx.loop, &n[0].timer, 50000);
	timer_arm_ms(fx.loop, &n[1].timer, 10000);
	timer_arm_ms(fx.loop, &n[2].timer, 40000);
	timer_arm_ms(fx.loop, &n[3].timer, 20000);
	timer_arm_ms(fx.loop, &n[4].timer, 30000);
	assert_string_equal(turn(), "");
	clock_advance_ms(25000);
	assert_string_equal(turn(), "bd");
	assert_false(timer_is_armed(&n[1].timer));
	assert_true(timer_is_armed(&n[0].timer));
	clock_advance_ms(25000);
	assert_string_equal(turn(), "eca");
	assert_string_equal(turn(), "");
}

static void
ties_fire_in_the_order_in_which_they_were_armed(void **state)
{
	struct named n[20];

	(void)state;
	name_timers(n, 20);
	for (size_t i = 20; i-- > 0;)
		timer_arm_ms(fx.loop, &n[i].timer, 1000);
	for (size_t i = 0; i < 20; i++)
		n[i].timer.due_us = n[0].timer.due_us;
	clock_advance_ms(1001);
	assert_string_equal(turn(), "tsrqponmlkjihgfedcba");
}

static void
a_timer_of_no_delay_fires_in_the_next_turn_and_never_inside_the_call(void **state)
{
	struct named n[1];

	(void)state;
	name_timers(n, 1);
	timer_arm_us(fx.loop, &n[0].timer, 0);
	assert_int_equal(fx.seen.len, 0);
	assert_string_equal(turn(), "a");
	timer_arm_us(fx.loop, &n[0].timer, -5000000);
	assert_string_equal(turn(), "a");
	assert_string_equal(turn(), "");
}

static void
a_timer_that_arms_itself_again_fires_once_a_turn(void **state)
{
	struct named n[2];

	(void)state;
	name_timers(n, 2);
	n[0].arms = &n[0].timer;
	timer_arm_ms(fx.loop, &n[0].timer, 0);
	timer_arm_ms(fx.loop, &n[1].timer, 0);
	assert_string_equal(turn(), "ab");
	assert_string_equal(turn(), "a");
	assert_string_equal(turn(), "a");
	n[0].arms = NULL;
	assert_string_equal(turn(), "a");
	assert_string_equal(turn(), "");
}

static void
a_due_timer_that_another_disarms_does_not_fire(void **state)
{
	struct named n[3];

	(void)state;
	name_timers(n, 3);
	n[0].disarms = &n[1].timer;
	for (size_t i = 0; i < 3; i++)
		timer_arm_ms(fx.loop, &n[i].timer, 0);
	assert_string_equal(turn(), "ac");
	assert_false(timer_is_armed(&n[1].timer));
	assert_string_equal(turn(), "");
}

static void
a_due_timer_that_another_arms_again_waits_for_its_new_time(void **state)
{
	struct named n[3];

	(void)state;
	name_timers(n, 3);
	n[0].arms = &n[1].timer;
	for (size_t i = 0; i < 3; i++)
		timer_arm_ms(fx.loop, &n[i].timer, 0);
	assert_string_equal(turn(), "ac");
	assert_true(timer_is_armed(&n[1].timer));
	assert_string_equal(turn(), "b");
}

static void
arming_again_moves_a_timer(void **state)
{
	struct named n[2];

	(void)state;
	name_timers(n, 2);
	timer_arm_ms(fx.loop, &n[0].timer, 1000);
	timer_arm_ms(fx.loop, &n[1].timer, 2000);
	timer_arm_ms(fx.loop, &n[0].timer, 3000);
	clock_advance_ms(2500);
	assert_string_equal(turn(), "b");
	timer_arm_ms(fx.loop, &n[0].timer, 100);
	clock_advance_ms(150);
	assert_string_equal(turn(), "a");
	timer_disarm(fx.loop, &n[0].timer);
	assert_string_equal(turn(), "");
}

/* Each turn fires exactly the timers that are due. The numbers are a generator's (Knuth's MMIX). */
static void
any_mix_of_arming_and_disarming_keeps_the_order(void **state)
{
	enum { TIMERS = 200 };
	struct named n[TIMERS];
	uint64_t x = 12345;
	size_t armed = 0, fired = 0;

	(void)state;
	name_timers(n, TIMERS);
	for (int i = 0; i < 5000; i++) {
		struct timer *t;

		x = x * 6364136223846793005u + 1442695040888963407u;
		t = &n[(x >> 33) % TIMERS].timer;
		timer_disarm(fx.loop, t);
		t->due_us = 0;
		if ((x >> 60) >= 5)
			timer_arm_ms(fx.loop, t, 1000 + (int64_t)((x >> 20) % 100000));
	}
	for (size_t i = 0; i < TIMERS; i++)
		armed += timer_is_armed(&n[i].timer);
	for (int i = 0; i < 102; i++) {
		int64_t before;

		clock_advance_ms(1000);
		before = clock_mono_us();
		turn();
		fired += fx.seen.len;
		for (size_t k = 0; k < TIMERS; k++)
			if (timer_is_armed(&n[k].timer))
				assert_true(n[k].timer.due_us > before);
			else
				assert_true(n[k].timer.due_us <= clock_mono_us());
	}
	assert_true(armed > 50);
	assert_int_equal(fired, armed);
}

static void
a_timer_fires_by_itself_when_its_time_has_come(void **state)
{
	struct named n[1];
	int64_t before = clock_mono_us(), after;

	(void)state;
	name_timers(n, 1);
	timer_arm_us(fx.loop, &n[0].timer, 20000);
	while (timer_is_armed(&n[0].timer) && clock_mono_us() < before + 5000000)
		loop_turn(fx.loop, 1000);
	after = clock_mono_us();
	assert_int_equal(fx.seen.len, 1);
	assert_true(after - before >= 20000);
}

/* ---- steps ---- */

struct named_step {
	struct loop_step step;
	char name;
	struct loop_step *wants, *removes;
	int times; /* that it wants */
};

static void
on_step(struct loop_step *s, void *arg)
{
	struct named_step *n = arg;

	assert_false(s->is_wanted);
	buf_addc(&fx.seen, n->name);
	if (n->wants != NULL && n->times-- > 0)
		loop_step_want(fx.loop, n->wants);
	if (n->removes != NULL)
		loop_step_remove(fx.loop, n->removes);
}

/* One a phase, added last phase first: a starts transfers … d frees. */
static void
add_steps(struct named_step n[LOOP_PHASES])
{
	for (int i = LOOP_PHASES; i-- > 0;) {
		n[i] = (struct named_step){.name = (char)('a' + i)};
		loop_step_add(fx.loop, &n[i].step, (enum loop_phase)i, on_step, &n[i]);
	}
}

static void
wanted_steps_run_in_the_order_of_their_phases(void **state)
{
	struct named_step n[LOOP_PHASES];

	(void)state;
	add_steps(n);
	assert_string_equal(turn(), "");
	for (int i = LOOP_PHASES; i-- > 0;)
		loop_step_want(fx.loop, &n[i].step);
	loop_step_want(fx.loop, &n[0].step);
	assert_string_equal(turn(), "abcd");
	assert_string_equal(turn(), "");
}

static void
a_later_phase_is_wanted_for_this_turn_and_an_earlier_one_for_the_next(void **state)
{
	struct named_step n[LOOP_PHASES];

	(void)state;
	add_steps(n);
	n[1] = (struct named_step){n[1].step, 'b', &n[3].step, NULL, 1};
	n[3] = (struct named_step){n[3].step, 'd', &n[0].step, NULL, 1};
	loop_step_want(fx.loop, &n[1].step);
	assert_string_equal(turn(), "bd");
	assert_string_equal(turn(), "a");
	assert_string_equal(turn(), "");
}

static void
a_step_that_wants_itself_runs_once_a_turn_without_a_wait(void **state)
{
	struct named_step n[LOOP_PHASES];
	int64_t before = clock_mono_ms();

	(void)state;
	add_steps(n);
	n[2] = (struct named_step){n[2].step, 'c', &n[2].step, NULL, 2};
	loop_step_want(fx.loop, &n[2].step);
	for (int i = 0; i < 3; i++)
		loop_turn(fx.loop, 20000);
	assert_string_equal(fx.seen.data, "ccc");
	assert_true(clock_mono_ms() - before < 10000);
	assert_string_equal(turn(), "");
}

static void
a_removed_step_does_not_run(void **state)
{
	struct named_step n[LOOP_PHASES], same = {.name = 'x'};

	(void)state;
	add_steps(n);
	loop_step_add(fx.loop, &same.step, LOOP_FLUSH_REDIS, on_step, &same);
	loop_step_want(fx.loop, &n[2].step);
	loop_step_want(fx.loop, &n[3].step);
	loop_step_remove(fx.loop, &n[2].step);
	loop_step_remove(fx.loop, &n[2].step);
	assert_string_equal(turn(), "d");
	/* by one of its own phase that runs before it: the newest runs first */
	same.removes = &n[1].step;
	loop_step_want(fx.loop, &n[1].step);
	loop_step_want(fx.loop, &same.step);
	assert_string_equal(turn(), "x");
}

static void
a_step_may_remove_itself(void **state)
{
	struct named_step n[LOOP_PHASES], same = {.name = 'x'};

	(void)state;
	add_steps(n);
	loop_step_add(fx.loop, &same.step, LOOP_FLUSH_REDIS, on_step, &same);
	same.removes = &same.step;
	loop_step_want(fx.loop, &n[1].step);
	loop_step_want(fx.loop, &same.step);
	assert_string_equal(turn(), "xb");
	loop_step_want(fx.loop, &n[1].step);
	assert_string_equal(turn(), "b");
}

static void
timers_run_before_the_steps_of_their_turn(void **state)
{
	struct named_step n[LOOP_PHASES];
	struct named t[1];

	(void)state;
	add_steps(n);
	name_timers(t, 1);
	t[0].name = 't';
	timer_arm_ms(fx.loop, &t[0].timer, 0);
	loop_step_want(fx.loop, &n[0].step);
	assert_string_equal(turn(), "ta");
}

/* ---- signals, stop, memory ---- */

static void
on_signal(void *arg)
{
	buf_adds(&fx.seen, arg);
}

static void
a_signal_is_told_in_a_turn_after_it_came(void **state)
{
	(void)state;
	loop_on_signal(fx.loop, SIGUSR1, on_signal, (char[]){"1"});
	loop_on_signal(fx.loop, SIGUSR2, on_signal, (char[]){"2"});
	assert_string_equal(turn(), "");
	raise(SIGUSR1);
	assert_int_equal(fx.seen.len, 0);
	assert_string_equal(turn(), "1");
	raise(SIGUSR2);
	assert_string_equal(turn(), "2");
	assert_string_equal(turn(), "");
}

static void
stop_in_timer(struct timer *t, void *arg)
{
	buf_adds(&fx.seen, "t");
	loop_step_want(fx.loop, arg);
	loop_stop(fx.loop);
	(void)t;
}

static void
a_stopped_loop_ends_after_the_steps_of_its_turn(void **state)
{
	struct named_step n[LOOP_PHASES];
	struct timer t;

	(void)state;
	add_steps(n);
	timer_init(&t, stop_in_timer, &n[3].step);
	timer_arm_ms(fx.loop, &t, 1);
	loop_run(fx.loop);
	assert_string_equal(fx.seen.data, "td");
	timer_arm_ms(fx.loop, &t, 1);
	loop_run(fx.loop);
	assert_string_equal(fx.seen.data, "tdtd");
}

static void
read_text(struct loop_step *s, void *arg)
{
	(void)s;
	buf_adds(&fx.seen, arg);
}

static void
memory_is_freed_behind_the_last_step(void **state)
{
	struct loop_step step;
	char *text = xstrdup("alive");

	(void)state;
	loop_step_add(fx.loop, &step, LOOP_FREE, read_text, text);
	loop_free_later(fx.loop, text);
	loop_free_later(fx.loop, NULL);
	loop_step_want(fx.loop, &step);
	assert_string_equal(turn(), "alive");
	/* what no turn has freed goes with the loop: the leak check would find it */
	for (int i = 0; i < 100; i++)
		loop_free_later(fx.loop, xmalloc(10));
}

/* ---- the gauge ---- */

static void
bins_grow_by_the_root_of_two(void **state)
{
	(void)state;
	assert_int_equal(gauge_bound_us(0), 125);
	assert_int_equal(gauge_bound_us(1), 177); /* 176.8 */
	assert_int_equal(gauge_bound_us(2), 250);
	assert_int_equal(gauge_bound_us(3), 354); /* 353.6 */
	assert_int_equal(gauge_bound_us(4), 500);
	assert_int_equal(gauge_bound_us(10), 4000);
	assert_int_equal(gauge_bound_us(22), 256000);
	/* 256,000 × √2 = 362,039, by a fraction of 181 / 128 */
	assert_in_range(gauge_bound_us(23), 361900, 362100);
}

static void
take_long(struct timer *t, void *arg)
{
	int *ms = arg;

	(void)t;
	poll(NULL, 0, *ms);
}

static void
a_turn_is_counted_in_the_bin_of_its_length(void **state)
{
	const struct gauge *g = loop_gauge(fx.loop);
	struct timer t;
	int ms = 5;

	(void)state;
	timer_init(&t, take_long, &ms);
	timer_arm_ms(fx.loop, &t, 0);
	loop_turn(fx.loop, 0);
	assert_int_equal(g->count, 1);
	assert_true(g->longest_us >= 5000);
	/* bins 0 to 9 end at 4 ms, bin 10 begins there */
	for (size_t i = 0; i <= 10; i++)
		assert_int_equal(g->below[i], 0);
	assert_true(gauge_quantile_us(loop_gauge(fx.loop), 500) >= 5000);
	loop_gauge_reset(fx.loop);
	assert_int_equal(g->count, 0);
	assert_int_equal(g->longest_us, 0);
}

static void
a_turn_beyond_the_last_bin_is_bounded_by_the_longest(void **state)
{
	const struct gauge *g = loop_gauge(fx.loop);
	struct timer t;
	int ms = 400;

	(void)state;
	timer_init(&t, take_long, &ms);
	timer_arm_ms(fx.loop, &t, 0);
	loop_turn(fx.loop, 0);
	assert_int_equal(g->below[GAUGE_BINS - 1], 1);
	assert_true(gauge_quantile_us(loop_gauge(fx.loop), 1000) >= 400000);
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_write_to_a_closed_peer_is_an_error_and_no_signal),
		T(timers_fire_in_the_order_in_which_they_are_due),
		T(ties_fire_in_the_order_in_which_they_were_armed),
		T(a_timer_of_no_delay_fires_in_the_next_turn_and_never_inside_the_call),
		T(a_timer_that_arms_itself_again_fires_once_a_turn),
		T(a_due_timer_that_another_disarms_does_not_fire),
		T(a_due_timer_that_another_arms_again_waits_for_its_new_time),
		T(arming_again_moves_a_timer),
		T(any_mix_of_arming_and_disarming_keeps_the_order),
		T(a_timer_fires_by_itself_when_its_time_has_come),
		T(wanted_steps_run_in_the_order_of_their_phases),
		T(a_later_phase_is_wanted_for_this_turn_and_an_earlier_one_for_the_next),
		T(a_step_that_wants_itself_runs_once_a_turn_without_a_wait),
		T(a_removed_step_does_not_run),
		T(a_step_may_remove_itself),
		T(timers_run_before_the_steps_of_their_turn),
		T(a_signal_is_told_in_a_turn_after_it_came),
		T(a_stopped_loop_ends_after_the_steps_of_its_turn),
		T(memory_is_freed_behind_the_last_step),
		T(bins_grow_by_the_root_of_two),
		T(a_turn_is_counted_in_the_bin_of_its_length),
		T(a_turn_beyond_the_last_bin_is_bounded_by_the_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
