/* SPDX-License-Identifier: MIT */
#include "dispatcher/account/passwords.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/receive/child.h"

#define HELPERS_MAX 2u
#define WAITING_MAX 16u
#define TEXT_MAX 256u

/* Compared with where there is no such user: of 32 random bytes that nobody kept. */
#define NOBODY                            \
	"$argon2id$v=19$m=65536,t=3,p=1$" \
	"/f8ZwkU3LHLkzPWTwoFhvQ$EHZqhrMtxx59q+1LS7/E1K+3Rg2ztEut909ExqRQuDk"

struct job {
	struct passwords *all;
	struct job *next;
	char text[TEXT_MAX];
	size_t n;
	char hash[PASSWORD_HASH_MAX]; /* to compare with; "" = make one */
	bool is_compare;
	passwords_cb cb;
	void *arg;
	pid_t pid; /* 0 = waits */
	int fd;
	struct loop_watch *watch;
	char answer[PASSWORD_HASH_MAX + 1];
	size_t got;
};

struct passwords {
	struct loop *loop;
	struct job *working, *waiting;
	size_t working_count, waiting_count;
	struct timer next; /* starts what waits, out of anybody's call */
};

/* The helper: one byte, then the hash or nothing. */
static void
run(int fd, void *arg)
{
	struct job *j = arg;
	char out[PASSWORD_HASH_MAX + 1] = "";
	size_t n = 1;

	if (j->is_compare) {
		out[0] = password_is(j->hash, (struct slice){j->text, j->n}) ? 'y' : 'n';
	} else if (password_hash((struct slice){j->text, j->n}, out + 1)) {
		out[0] = 'h';
		n += strlen(out + 1);
	} else {
		out[0] = 'x';
	}
	if (write(fd, out, n) != (ssize_t)n)
		_exit(1);
}

static void
forget(struct job *j)
{
	explicit_bzero(j->text, sizeof(j->text));
	explicit_bzero(j->answer, sizeof(j->answer));
	free(j);
}

static void
unlink_job(struct job **list, struct job *j)
{
	while (*list != j)
		list = &(*list)->next;
	*list = j->next;
}

static void
end(struct job *j)
{
	struct passwords *p = j->all;
	char kind = j->answer[0];
	bool is_done = kind == 'y' || kind == 'n' || (kind == 'h' && j->got > 1);

	loop_unwatch(j->watch);
	close(j->fd);
	/* its end of the socket is closed, so it is over, or will be at once */
	while (waitpid(j->pid, NULL, 0) < 0 && errno == EINTR) {
	}
	unlink_job(&p->working, j);
	p->working_count--;
	timer_arm_us(p->loop, &p->next, 0);
	j->cb(j->arg, is_done, kind == 'y', j->answer + 1);
	forget(j);
}

static void
on_answer(void *arg)
{
	struct job *j = arg;
	ssize_t n = read(j->fd, j->answer + j->got, sizeof(j->answer) - 1 - j->got);

	if (n > 0)
		j->got += (size_t)n;
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		end(j);
}

static void
on_next(struct timer *t, void *arg)
{
	struct passwords *p = arg;

	(void)t;
	while (p->waiting != NULL && p->working_count < HELPERS_MAX) {
		struct job *j = p->waiting;

		p->waiting = j->next;
		p->waiting_count--;
		if (!child_start(run, j, -1, &j->fd, &j->pid)) {
			log_error("password=helper result=cannot-fork why=\"%s\"", strerror(errno));
			j->cb(j->arg, false, false, "");
			forget(j);
			continue;
		}
		explicit_bzero(j->text, sizeof(j->text));
		j->next = p->working;
		p->working = j;
		p->working_count++;
		j->watch = loop_watch(p->loop, j->fd, on_answer, j);
	}
}

struct passwords *
passwords_new(struct loop *l)
{
	struct passwords *p = xcalloc(1, sizeof(*p));

	p->loop = l;
	timer_init(&p->next, on_next, p);
	return p;
}

void
passwords_free(struct passwords *p)
{
	if (p == NULL)
		return;
	while (p->working != NULL) {
		kill(p->working->pid, SIGKILL);
		p->working->got = 0;
		p->working->answer[0] = '\0';
		end(p->working);
	}
	while (p->waiting != NULL) {
		struct job *j = p->waiting;

		p->waiting = j->next;
		j->cb(j->arg, false, false, "");
		forget(j);
	}
	timer_disarm(p->loop, &p->next);
	free(p);
}

static bool
add(struct passwords *p, struct slice password, const char *hash, passwords_cb cb, void *arg)
{
	struct job **at = &p->waiting, *j;

	if (p->waiting_count >= WAITING_MAX || password.n > TEXT_MAX)
		return false;
	j = xcalloc(1, sizeof(*j));
	j->all = p;
	memcpy(j->text, password.p, password.n);
	j->n = password.n;
	j->is_compare = hash != NULL;
	if (hash != NULL)
		snprintf(j->hash, sizeof(j->hash), "%s", hash[0] != '\0' ? hash : NOBODY);
	j->cb = cb;
	j->arg = arg;
	while (*at != NULL)
		at = &(*at)->next;
	*at = j;
	p->waiting_count++;
	timer_arm_us(p->loop, &p->next, 0);
	return true;
}

bool
passwords_hash(struct passwords *p, struct slice password, passwords_cb cb, void *arg)
{
	return add(p, password, NULL, cb, arg);
}

bool
passwords_compare(struct passwords *p, const char *hash, struct slice password, passwords_cb cb,
		  void *arg)
{
	return add(p, password, hash, cb, arg);
}
