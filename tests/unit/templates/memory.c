/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out. Linked so that each malloc, calloc and realloc of Loa comes
 * by here (see the Makefile). In a forked child the n-th of
 * them fails: compiling must then end with the one clear line, never otherwise.
 * Rendering asks for nothing at all.
 */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "templates/sms.h"
#include "tests/unit/templates/render.h"

static size_t asked; /* how often since it was set to 0 */
static size_t fails; /* which one fails; 0 = none */

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
	return ++asked == fails ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return ++asked == fails ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return ++asked == fails ? NULL : __real_realloc(p, n);
}

static const char source[] = "Ki\u0301nh gửi {{ họ_te\u0302n | upcase | default: \"Ông/Bà\" }}{% "
			     "if nam == 'nam' and so > 5 %}, "
			     "{{ nfd | append: 'e\u0301' | size }} {{ ngay | date: '%d/%m/%Y' }}{% "
			     "endif %}{% capture v %}"
			     "{{ ds | split: ',' | join: '; ' }}{% endcapture %}{% case v | size "
			     "%}{% when 1, 2 %}x{% else %}"
			     "{{ v | replace: ';', '-' }}{% endcase %}{% assign w = so | times: "
			     "2.5 | round: 1 %} {{ w }} "
			     "{{ vui }} {{ họ_tên | name_case }} {{ so | number_vi }} e{{ dau }}";

/* The child's exit status and what it said. */
static int
compile_in_child(size_t n, char said[200])
{
	int fds[2], status;
	ssize_t got;
	pid_t child;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fds[1], 2);
		asked = 0;
		fails = n;
		template_free(template_compile(SLICE(source), &error));
		_exit(asked < n ? 0 : 1);
	}
	close(fds[1]);
	got = read(fds[0], said, 199);
	said[got > 0 ? got : 0] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	return status;
}

static void
compiling_without_memory_ends_with_one_clear_line(void **state)
{
	char said[200];
	size_t n = 0;

	(void)state;
	for (;;) {
		int status = compile_in_child(++n, said);

		if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
			break; /* it never asked so often */
		if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGABRT ||
		    strncmp(said, "loa: memory: cannot allocate ", 29) != 0)
			fail_msg("the %zu. allocation fails: status %d: %s", n, status, said);
	}
	assert_in_range(n, 20, 2000);
}

static void
rendering_asks_for_no_memory(void **state)
{
	struct template *t = template_compile(SLICE(source), &error);
	struct template_value values[TEMPLATE_FIELDS_MAX];
	enum render_result rc;

	(void)state;
	assert_non_null(t);
	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = value_of(template_field(t, i));
	buf_reserve(&out, TEMPLATE_OUTPUT_MAX);
	out.len = 0;
	asked = 0;
	rc = template_render_values(t, 20000, values, &out, &error);
	assert_int_equal(sms_count(buf_slice(&out)).units, 66);
	assert_int_equal(asked, 0);
	assert_int_equal(rc, RENDER_OK);
	assert_string_equal(
		out.data, "Kính gửi NGUYỄN AN, 2 10/10/2026a- b- - c 17.5 😀ab Nguyễn An 7 \u00E9x");
	template_free(t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compiling_without_memory_ends_with_one_clear_line),
		cmocka_unit_test(rendering_asks_for_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
