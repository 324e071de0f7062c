/* SPDX-License-Identifier: MIT */
/* Passwords in helper processes. The form of a hash is that of the Argon2 reference, RFC 9106. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "dispatcher/account/passwords.h"
#include "tests/unit/turn.h"

static struct {
	struct loop *loop;
	struct passwords *p;
	unsigned answers, done, right;
	char hash[PASSWORD_HASH_MAX];
} fx;

static void
on_answer(void *arg, bool is_done, bool is_right, const char *hash)
{
	assert_ptr_equal(arg, &fx);
	fx.answers++;
	fx.done += is_done;
	fx.right += is_right;
	if (hash[0] != '\0')
		snprintf(fx.hash, sizeof(fx.hash), "%s", hash);
}

static void
a_password_is_known_again_and_no_other(void **state)
{
	char hash[PASSWORD_HASH_MAX];

	(void)state;
	assert_true(passwords_hash(fx.p, SLICE("tám con voi đi"), on_answer, &fx));
	assert_int_equal(fx.answers, 0);
	TURN_UNTIL(fx.answers == 1);
	assert_int_equal(fx.done, 1);
	assert_memory_equal(fx.hash, "$argon2id$v=19$m=65536,t=3,p=1$", 31);
	memcpy(hash, fx.hash, sizeof(hash));
	assert_true(passwords_compare(fx.p, hash, SLICE("tám con voi đi"), on_answer, &fx));
	TURN_UNTIL(fx.answers == 2);
	assert_int_equal(fx.right, 1);
	assert_true(passwords_compare(fx.p, hash, SLICE("tám con voi đi "), on_answer, &fx));
	assert_true(passwords_compare(fx.p, "", SLICE(""), on_answer, &fx));
	assert_true(passwords_compare(fx.p, "no hash", SLICE("x"), on_answer, &fx));
	TURN_UNTIL(fx.answers == 5);
	assert_int_equal(fx.done, 5);
	assert_int_equal(fx.right, 1);
}

static void
more_than_can_wait_are_turned_away(void **state)
{
	unsigned taken = 0;

	(void)state;
	/* none is begun inside of the calls: all sixteen wait */
	for (int i = 0; i < 30; i++)
		taken += passwords_compare(fx.p, "", SLICE("x"), on_answer, &fx);
	assert_int_equal(taken, 16);
	assert_int_equal(fx.answers, 0);
	/* the end calls all of them back, those that are worked on too */
	loop_turn(fx.loop, 0); /* two are begun; what they say would be read in the next turn */
	passwords_free(fx.p);
	fx.p = NULL;
	assert_int_equal(fx.answers, 16);
	assert_int_equal(fx.done, 0);
}

static int
set_up(void **state)
{
	(void)state;
	random_init();
	memset(&fx, 0, sizeof(fx));
	fx.loop = loop_new();
	fx.p = passwords_new(fx.loop);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	passwords_free(fx.p);
	loop_free(fx.loop);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_password_is_known_again_and_no_other, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(more_than_can_wait_are_turned_away, set_up,
						tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
