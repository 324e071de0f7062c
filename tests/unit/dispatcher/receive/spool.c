/* SPDX-License-Identifier: MIT */
/* The spool: what it confirmed is told in order, whoever died in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/receive/child.h"
#include "dispatcher/receive/spool.h"
#include "tests/unit/turn.h"

static struct {
	char dir[64];
	struct loop *loop;
	struct spool *spool, *other;
	struct buf told; /* "a b " */
	int kept, failed;
	int refusals; /* so many records are not kept by Redis */
	struct spool *teller;
	struct timer told_later;
} fx;

static void
on_told_later(struct timer *t, void *arg)
{
	(void)t;
	(void)arg;
	spool_told(fx.teller, fx.refusals-- <= 0);
}

static void
on_tell(void *arg, struct slice record)
{
	fx.teller = *(struct spool **)arg;
	if (fx.refusals <= 0) {
		buf_add_slice(&fx.told, record);
		buf_addc(&fx.told, ' ');
	}
	timer_arm_us(fx.loop, &fx.told_later, 0);
}

static struct spool *
a_spool(struct spool **place, uint64_t max_bytes)
{
	struct spool_options o = {.loop = fx.loop,
				  .folder = fx.dir,
				  .max_bytes = max_bytes,
				  .tell = on_tell,
				  .arg = place};

	*place = spool_new(&o);
	return *place;
}

static void
on_kept(void *arg, const struct err_ctx *e)
{
	(void)arg;
	if (e == NULL)
		fx.kept++;
	else
		fx.failed++;
}

static void
add(struct spool *s, const char *text)
{
	struct err_ctx e;

	assert_int_equal(spool_add(s, slice_of(text), on_kept, NULL, &e), ERR_OK);
}

static bool
has_told(const char *text)
{
	return fx.told.data != NULL && strcmp(fx.told.data, text) == 0;
}

static off_t
size_of(int number)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof(path), "%s/receipts.%d.spool", fx.dir, number);
	return stat(path, &st) == 0 ? st.st_size : -1;
}

/* The process is gone: its helper ends, too, a moment later. */
static void
spool_gone(struct spool **s)
{
	if (*s != NULL)
		spool_free(*s);
	*s = NULL;
	while (waitpid(-1, NULL, 0) > 0)
		continue;
}

static int
set_up(void **state)
{
	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.dir, sizeof(fx.dir), "/tmp/loa-spool.XXXXXX");
	assert_non_null(mkdtemp(fx.dir));
	fx.loop = loop_new();
	timer_init(&fx.told_later, on_told_later, NULL);
	a_spool(&fx.spool, 1 << 20);
	return 0;
}

static int
tear_down(void **state)
{
	struct dirent *d;
	DIR *dir = opendir(fx.dir);

	(void)state;
	if (fx.other != NULL)
		spool_free(fx.other);
	spool_gone(&fx.spool);
	loop_free(fx.loop);
	while ((d = readdir(dir)) != NULL)
		if (d->d_name[0] != '.')
			unlinkat(dirfd(dir), d->d_name, 0);
	closedir(dir);
	rmdir(fx.dir);
	buf_free(&fx.told);
	return 0;
}

static void
records_are_told_in_order_and_the_file_is_gone(void **state)
{
	(void)state;
	add(fx.spool, "a");
	add(fx.spool, "b");
	assert_int_equal(fx.kept, 0); /* never inside */
	TURN_UNTIL(fx.kept == 2);
	/* Sixteen bytes before each of one byte. */
	assert_int_equal(size_of(0), 34);
	assert_int_equal(spool_bytes(fx.spool), 34);
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a b ") && size_of(0) < 0);
	assert_int_equal(spool_bytes(fx.spool), 0);
	/* And again, with a new file. */
	spool_shut(fx.spool);
	buf_reset(&fx.told);
	for (int i = 0; i < 200 && fx.kept == 2; i++) {
		struct err_ctx e;

		if (spool_add(fx.spool, SLICE("c"), on_kept, NULL, &e) != ERR_OK)
			loop_turn(fx.loop, 20); /* the helper before is ending */
		else
			TURN_UNTIL(fx.kept == 3);
	}
	spool_open(fx.spool);
	TURN_UNTIL(has_told("c ") && size_of(0) < 0);
}

static void
what_was_confirmed_outlives_the_process(void **state)
{
	(void)state;
	add(fx.spool, "a");
	add(fx.spool, "b");
	TURN_UNTIL(fx.kept == 2);
	spool_gone(&fx.spool);
	a_spool(&fx.spool, 1 << 20);
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a b ") && size_of(0) < 0);
}

static void
a_torn_record_is_cut_off_and_more_can_follow(void **state)
{
	char path[128];
	int fd;

	(void)state;
	add(fx.spool, "a");
	add(fx.spool, "b");
	TURN_UNTIL(fx.kept == 2);
	spool_gone(&fx.spool);
	snprintf(path, sizeof(path), "%s/receipts.0.spool", fx.dir);
	/* The second one lacks its byte; in another life it has a wrong one. */
	assert_int_equal(truncate(path, 33), 0);
	a_spool(&fx.spool, 1 << 20);
	assert_int_equal(size_of(0), 17);
	add(fx.spool, "c");
	TURN_UNTIL(fx.kept == 3);
	spool_gone(&fx.spool);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 33), 1);
	close(fd);
	a_spool(&fx.spool, 1 << 20);
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a ") && size_of(0) < 0);
}

/* The disk gives back other bytes than it got: nothing is thrown away. */
static void
a_damaged_file_is_told_as_far_as_it_can_be_read_and_kept(void **state)
{
	struct dirent *d;
	char path[128];
	DIR *dir;
	int fd, kept = 0;

	(void)state;
	add(fx.spool, "a");
	add(fx.spool, "b");
	add(fx.spool, "c");
	TURN_UNTIL(fx.kept == 3);
	snprintf(path, sizeof(path), "%s/receipts.0.spool", fx.dir);
	fd = open(path, O_WRONLY);
	assert_int_equal(pwrite(fd, "x", 1, 33), 1);
	close(fd);
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a ") && size_of(0) < 0);
	dir = opendir(fx.dir);
	while ((d = readdir(dir)) != NULL)
		kept += strncmp(d->d_name, "receipts.0.spool.damaged-", 25) == 0;
	closedir(dir);
	assert_int_equal(kept, 1);
	assert_int_equal(spool_bytes(fx.spool), 0);
}

static void
a_full_spool_refuses(void **state)
{
	struct err_ctx e;

	(void)state;
	spool_gone(&fx.spool);
	a_spool(&fx.spool, 40);
	add(fx.spool, "a");
	add(fx.spool, "b");
	assert_int_equal(spool_add(fx.spool, SLICE("c"), on_kept, NULL, &e), ERR_UNREACHABLE);
	assert_string_equal(e.why, "is full");
	TURN_UNTIL(fx.kept == 2);
	assert_int_equal(spool_add(fx.spool, SLICE("c"), on_kept, NULL, &e), ERR_UNREACHABLE);
}

static void
what_is_not_kept_is_told_again(void **state)
{
	(void)state;
	add(fx.spool, "a");
	TURN_UNTIL(fx.kept == 1);
	fx.refusals = 1;
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a ") && size_of(0) < 0);
}

static void
two_processes_have_a_file_each_and_one_tells_what_a_dead_one_left(void **state)
{
	(void)state;
	a_spool(&fx.other, 1 << 20);
	add(fx.spool, "a");
	add(fx.other, "b");
	TURN_UNTIL(fx.kept == 2);
	assert_int_equal(size_of(0), 17);
	assert_int_equal(size_of(1), 17);
	spool_open(fx.spool);
	TURN_UNTIL(size_of(0) < 0);
	assert_true(has_told("a "));
	assert_int_equal(size_of(1), 17); /* it lives: its receipts are its own */
	spool_free(fx.other);
	fx.other = NULL;
	for (int i = 0; i < 100 && size_of(1) >= 0; i++) {
		spool_shut(fx.spool);
		spool_open(fx.spool); /* it looks when Redis is back, and every half minute */
		for (int k = 0; k < 5; k++)
			loop_turn(fx.loop, 20);
	}
	assert_true(has_told("a b "));
}

/* The newest child of this process; older ones have ended. */
static pid_t
helper_pid(void)
{
	char path[64];
	FILE *f;
	int pid = 0;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	assert_non_null(f);
	while (fscanf(f, "%d", &pid) == 1)
		continue;
	assert_int_not_equal(pid, 0);
	fclose(f);
	return pid;
}

static void
a_helper_that_is_killed_confirms_nothing_and_the_next_one_goes_on(void **state)
{
	struct err_ctx e;

	(void)state;
	add(fx.spool, "a");
	TURN_UNTIL(fx.kept == 1);
	kill(helper_pid(), SIGSTOP);
	add(fx.spool, "b");
	loop_turn(fx.loop, 20);
	kill(helper_pid(), SIGKILL);
	TURN_UNTIL(fx.failed == 1);
	assert_int_equal(spool_bytes(fx.spool), 17);
	for (int i = 0; i < 100 && spool_add(fx.spool, SLICE("c"), on_kept, NULL, &e) != ERR_OK;
	     i++)
		loop_turn(fx.loop, 20);
	TURN_UNTIL(fx.kept == 2);
	spool_open(fx.spool);
	TURN_UNTIL(has_told("a c ") && size_of(0) < 0);
}

static void
tell_what_is_open(int fd, void *arg)
{
	char c = fcntl(*(int *)arg, F_GETFD) < 0 ? 'n' : 'y';

	(void)!write(fd, &c, 1);
}

/* A client whose connection a helper held would never see it end. */
static void
a_helper_has_none_of_the_server_s_descriptors(void **state)
{
	struct rlimit was, more;
	int fd, other = 5000;
	pid_t pid;
	char c = '?';

	(void)state;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &was), 0);
	more = was;
	more.rlim_cur = was.rlim_cur > 6000 ? was.rlim_cur : 6000;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &more), 0);
	assert_int_equal(dup2(2, other), other);
	assert_true(child_start(tell_what_is_open, &other, -1, &fd, &pid));
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(fd, &c, 1), 1);
	assert_int_equal(c, 'n');
	close(fd);
	close(other);
	setrlimit(RLIMIT_NOFILE, &was);
}

static void
a_folder_that_is_not_there_is_said(void **state)
{
	struct spool_options o = {
		.loop = fx.loop, .folder = "/nonexistent/loa", .max_bytes = 1000, .tell = on_tell};
	struct err_ctx e;

	(void)state;
	fx.other = spool_new(&o);
	assert_int_equal(spool_add(fx.other, SLICE("a"), on_kept, NULL, &e), ERR_UNREACHABLE);
	assert_non_null(strstr(e.why, "/nonexistent/loa"));
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(records_are_told_in_order_and_the_file_is_gone),
		T(what_was_confirmed_outlives_the_process),
		T(a_torn_record_is_cut_off_and_more_can_follow),
		T(a_damaged_file_is_told_as_far_as_it_can_be_read_and_kept),
		T(a_full_spool_refuses),
		T(what_is_not_kept_is_told_again),
		T(two_processes_have_a_file_each_and_one_tells_what_a_dead_one_left),
		T(a_helper_that_is_killed_confirms_nothing_and_the_next_one_goes_on),
		T(a_helper_has_none_of_the_server_s_descriptors),
		T(a_folder_that_is_not_there_is_said),
	};

	random_init();
	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
