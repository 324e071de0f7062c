/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

static void
an_arena_hands_out_aligned_pieces_that_do_not_overlap(void **state)
{
	enum { PIECES = 3000 };
	struct arena a = {0};
	unsigned char *p[PIECES];
	size_t used = 0;

	(void)state;
	for (unsigned i = 0; i < PIECES; i++) {
		size_t n = i % 97;

		p[i] = arena_alloc(&a, n);
		assert_non_null(p[i]);
		assert_int_equal((uintptr_t)p[i] % 16, 0);
		memset(p[i], (int)(i % 251), n);
		used += (n + 15) / 16 * 16;
	}
	assert_int_equal(a.used, used);
	for (unsigned i = 0; i < PIECES; i++)
		for (size_t k = 0; k < i % 97; k++)
			assert_int_equal(p[i][k], i % 251);
	arena_free(&a);
	assert_null(a.head);
	assert_int_equal(a.used, 0);
}

static void
a_piece_may_be_larger_than_a_block(void **state)
{
	struct arena a = {0};
	char *small = arena_memdup0(&a, "small", 5);
	char *large = arena_alloc(&a, 1000000);
	char *after = arena_memdup0(&a, "after", 5);

	(void)state;
	memset(large, 'x', 1000000);
	assert_string_equal(small, "small");
	assert_string_equal(after, "after");
	assert_int_equal(a.used, 16 + 1000000 + 16);
	arena_free(&a);
}

static void
a_reset_arena_starts_again_in_the_block_it_kept(void **state)
{
	struct arena a = {0};
	void *first;

	(void)state;
	for (int i = 0; i < 100; i++)
		arena_alloc(&a, 1000);
	arena_reset(&a);
	assert_int_equal(a.used, 0);
	first = arena_alloc(&a, 1000);
	assert_int_equal(a.used, 1008);
	arena_reset(&a);
	assert_ptr_equal(arena_alloc(&a, 1000), first);
	arena_free(&a);
	arena_reset(&a);
	arena_free(&a);
}

static void
copies_end_with_a_nul(void **state)
{
	struct arena a = {0};
	char *p = xmemdup0("a\0b", 3), *q = arena_memdup0(&a, NULL, 0);

	(void)state;
	assert_memory_equal(p, "a\0b", 4);
	assert_string_equal(q, "");
	free(p);
	p = xstrdup("Việt");
	assert_string_equal(p, "Việt");
	free(p);
	arena_free(&a);
}

static void
no_bytes_are_still_a_place(void **state)
{
	void *p = xmalloc(0), *q = xcalloc(0, 8);

	(void)state;
	assert_non_null(p);
	assert_non_null(q);
	p = xrealloc(p, 0);
	assert_non_null(p);
	free(p);
	free(q);
}

/* In a process of its own: what a size beyond all memory ends with. */
static int
signal_of(void (*ask)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		close(STDERR_FILENO);
		ask();
		_exit(0);
	}
	waitpid(pid, &status, 0);
	return WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
}

static void
ask_arena_for_all(void)
{
	struct arena a = {0};

	arena_alloc(&a, SIZE_MAX - 3);
}

static void
a_size_that_wraps_around_dies(void **state)
{
	(void)state;
	assert_int_not_equal(signal_of(ask_arena_for_all), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arena_hands_out_aligned_pieces_that_do_not_overlap),
		cmocka_unit_test(a_piece_may_be_larger_than_a_block),
		cmocka_unit_test(a_reset_arena_starts_again_in_the_block_it_kept),
		cmocka_unit_test(copies_end_with_a_nul),
		cmocka_unit_test(no_bytes_are_still_a_place),
		cmocka_unit_test(a_size_that_wraps_around_dies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
