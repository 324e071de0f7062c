/* SPDX-License-Identifier: MIT */
#include "tests/torture/proxy.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/torture/bytes.h"
#include "tests/torture/resp.h"

#define PAIRS_MAX 32
#define LOOK_MS 20   /* how soon a cut is seen */
#define SLOW_MS 400  /* a permit may be 200 ms old */
#define HOLD_MS 5600 /* the server waits 5 s */
#define PIECE 65536

/* What becomes of the next reply. */
enum turn {
	TURN_PASS,
	TURN_INFO,  /* passed, with another run id */
	TURN_SLOW,  /* passed later */
	TURN_HOLD,  /* passed much later */
	TURN_ERROR, /* there is none: the error is said */
	TURN_CLOSE, /* there is none: closed */
	TURN_SWALLOW,
};

/* A client's connection and ours to Redis. */
struct pair {
	int client, redis;		  /* -1 = free */
	struct bytes asked, answered;	  /* not taken apart yet */
	struct bytes to_redis, to_client; /* not written yet */
	struct bytes turns;		  /* one byte (enum turn) a command without its reply */
	unsigned error;
	int64_t until_ms; /* nothing is delivered before; 0 = no */
	bool is_deaf;	  /* takes no more commands */
	bool is_subscriber;
};

struct proxy {
	struct proxy_control *control;
	const char *redis_path;
	int listener;
	unsigned cut;
	struct bytes refused; /* the command that was answered with an error */
	struct pair pairs[PAIRS_MAX];
};

static const char *const kind_names[] = {"close", "swallow", "error", "slow", "hold"};

/* Redis 7.0: server.c, shared objects and processCommand. */
static const char *const errors[] = {
	"OOM command not allowed when used memory > 'maxmemory'.",
	"MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist "
	"to "
	"disk. Commands that may modify the data set are disabled.",
	"LOADING Redis is loading the dataset in memory",
	"BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
	"READONLY You can't write against a read only replica.",
};

const char *
proxy_kind_name(enum proxy_kind k)
{
	return kind_names[k];
}

const char *
proxy_error_text(unsigned error)
{
	return errors[error % (sizeof(errors) / sizeof(errors[0]))];
}

struct proxy_control *
proxy_control_new(void)
{
	void *p = mmap(NULL, sizeof(struct proxy_control), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("no shared memory: %s", strerror(errno));
	return p;
}

/* ---- sockets ---- */

static struct sockaddr_un
address_of(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(a.sun_path))
		fail("%s: too long for a socket", path);
	memcpy(a.sun_path, path, strlen(path) + 1);
	return a;
}

static void
make_nonblocking(int fd)
{
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

static void
pair_close(struct pair *p)
{
	if (p->client >= 0)
		close(p->client);
	if (p->redis >= 0)
		close(p->redis);
	bytes_free(&p->asked);
	bytes_free(&p->answered);
	bytes_free(&p->to_redis);
	bytes_free(&p->to_client);
	bytes_free(&p->turns);
	*p = (struct pair){.client = -1, .redis = -1};
}

static void
pair_open(struct proxy *x)
{
	struct sockaddr_un a = address_of(x->redis_path);
	int client = accept(x->listener, NULL, NULL);
	struct pair *p = NULL;

	if (client < 0)
		return;
	for (size_t i = 0; i < PAIRS_MAX && p == NULL; i++)
		if (x->pairs[i].client < 0)
			p = &x->pairs[i];
	if (p == NULL)
		fail("more than %d connections to Redis", PAIRS_MAX);
	p->client = client;
	p->redis = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->redis < 0 || connect(p->redis, (struct sockaddr *)&a, sizeof(a)) != 0) {
		pair_close(p);
		return;
	}
	make_nonblocking(p->client);
	make_nonblocking(p->redis);
}

/* false: the other side is gone. */
static bool
take_bytes(int fd, struct bytes *to)
{
	char piece[PIECE];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		bytes_add(to, piece, (size_t)n);
	return n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool
give_bytes(int fd, struct bytes *from)
{
	ssize_t n;

	if (from->n == 0)
		return true;
	n = send(fd, from->p, from->n, MSG_NOSIGNAL | MSG_DONTWAIT);
	if (n > 0)
		bytes_drop(from, (size_t)n);
	return n >= 0 || errno == EAGAIN || errno == EINTR;
}

/* ---- commands ---- */

/* "loa_permit_1a2b3c4d" is told as "permit". */
static void
tell_what(struct proxy_control *c, const char *request, size_t n)
{
	char word[64], *end;

	resp_word(request, n, 0, word, sizeof(word));
	if (strcasecmp(word, "FCALL") == 0) {
		resp_word(request, n, 1, word, sizeof(word));
		end = strrchr(word, '_');
		if (strncmp(word, "loa_", 4) == 0 && end > word + 4)
			*end = '\0';
		snprintf(c->what, sizeof(c->what), "%.*s", (int)(sizeof(c->what) - 1),
			 strncmp(word, "loa_", 4) == 0 ? word + 4 : word);
		return;
	}
	snprintf(c->what, sizeof(c->what), "%.*s", (int)(sizeof(c->what) - 1), word);
}

/* Count it; if it is the one, what happens to it. */
static enum turn
turn_of(struct proxy *x, struct pair *p, size_t n)
{
	static const enum turn turns[] = {TURN_CLOSE, TURN_SWALLOW, TURN_ERROR, TURN_SLOW,
					  TURN_HOLD};
	struct proxy_control *c = x->control;
	unsigned count = atomic_fetch_add(&c->count, 1) + 1;
	char word[16];

	resp_word(p->asked.p, n, 0, word, sizeof(word));
	if (strcasecmp(word, "SUBSCRIBE") == 0)
		p->is_subscriber = true;
	if (x->refused.n == n && memcmp(x->refused.p, p->asked.p, n) == 0)
		atomic_store(&c->again, 1);
	if (count != atomic_load(&c->at))
		return strcasecmp(word, "INFO") == 0 ? TURN_INFO : TURN_PASS;
	tell_what(c, p->asked.p, n);
	p->error = atomic_load(&c->error);
	x->refused.n = 0;
	bytes_add(&x->refused, p->asked.p, n);
	atomic_store(&c->again, 0);
	atomic_store(&c->fired, 1);
	return turns[atomic_load(&c->kind)];
}

static void
take_commands(struct proxy *x, struct pair *p)
{
	long n;

	while (!p->is_deaf && (n = resp_length(p->asked.p, p->asked.n)) != 0) {
		unsigned char turn;

		if (n < 0)
			fail("the server says what is no command");
		turn = (unsigned char)turn_of(x, p, (size_t)n);
		bytes_add(&p->turns, &turn, 1);
		if (turn != TURN_CLOSE && turn != TURN_ERROR)
			bytes_add(&p->to_redis, p->asked.p, (size_t)n);
		p->is_deaf = turn == TURN_CLOSE || turn == TURN_SWALLOW;
		bytes_drop(&p->asked, (size_t)n);
	}
}

/* ---- replies ---- */

/* The first four characters of the run id become another life's. */
static void
change_life(char *reply, unsigned life)
{
	char *id = strstr(reply, "run_id:"), hex[8];

	if (id == NULL || life == 0)
		return;
	snprintf(hex, sizeof(hex), "%04x", life & 0xffff);
	memcpy(id + strlen("run_id:"), hex, 4);
}

/* A reply that came, or one that nobody waits for: true = go on with the next. */
static bool
take_turn(struct proxy *x, struct pair *p, bool *is_over)
{
	enum turn turn = p->turns.n > 0 ? (enum turn)p->turns.p[0] : TURN_PASS;
	long n = resp_length(p->answered.p, p->answered.n);

	if (turn == TURN_CLOSE || (turn == TURN_SWALLOW && n != 0)) {
		*is_over = true;
		return false;
	}
	if (turn == TURN_ERROR) {
		bytes_format(&p->to_client, "-%s\r\n", proxy_error_text(p->error));
		bytes_drop(&p->turns, 1);
		return true;
	}
	if (n == 0 || (p->turns.n == 0 && !p->is_subscriber))
		return false;
	if (n < 0)
		fail("Redis says what is no reply");
	if (turn == TURN_SLOW || turn == TURN_HOLD) {
		p->turns.p[0] = TURN_PASS;
		p->until_ms = now_ms() + (turn == TURN_SLOW ? SLOW_MS : HOLD_MS);
		return false;
	}
	if (turn == TURN_INFO)
		change_life(p->answered.p, atomic_load(&x->control->life));
	bytes_add(&p->to_client, p->answered.p, (size_t)n);
	bytes_drop(&p->answered, (size_t)n);
	if (p->turns.n > 0)
		bytes_drop(&p->turns, 1);
	return true;
}

static void
pair_step(struct proxy *x, struct pair *p, bool can_read_client, bool can_read_redis)
{
	bool is_over = false;

	if (can_read_client && !take_bytes(p->client, &p->asked))
		is_over = true;
	if (can_read_redis && !take_bytes(p->redis, &p->answered))
		is_over = true;
	take_commands(x, p);
	if (p->until_ms <= now_ms())
		p->until_ms = 0;
	while (p->until_ms == 0 && take_turn(x, p, &is_over))
		;
	/* What is written last is read by the client even when it is closed now. */
	is_over = !give_bytes(p->redis, &p->to_redis) || is_over;
	is_over = !give_bytes(p->client, &p->to_client) || is_over;
	if (is_over)
		pair_close(p);
}

/* ---- the loop ---- */

static void
look_at_control(struct proxy *x)
{
	unsigned cut = atomic_load(&x->control->cut);

	if (cut == x->cut)
		return;
	for (size_t i = 0; i < PAIRS_MAX; i++)
		pair_close(&x->pairs[i]);
	atomic_store(&x->control->count, 0);
	x->cut = cut;
}

static int
pair_timeout(const struct pair *p, int ms)
{
	int64_t left = p->until_ms - now_ms();

	if (p->client < 0 || p->until_ms == 0)
		return ms;
	return left < 0 ? 0 : left < ms ? (int)left : ms;
}

static void
step(struct proxy *x)
{
	struct pollfd fds[1 + 2 * PAIRS_MAX];
	int ms = LOOK_MS;

	fds[0] = (struct pollfd){.fd = x->listener, .events = POLLIN};
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		const struct pair *p = &x->pairs[i];

		fds[1 + 2 * i] = (struct pollfd){.fd = p->client, .events = POLLIN};
		fds[2 + 2 * i] = (struct pollfd){.fd = p->redis, .events = POLLIN};
		if (p->to_client.n > 0)
			fds[1 + 2 * i].events |= POLLOUT;
		if (p->to_redis.n > 0)
			fds[2 + 2 * i].events |= POLLOUT;
		ms = pair_timeout(p, ms);
	}
	if (poll(fds, 1 + 2 * PAIRS_MAX, ms) < 0)
		return;
	look_at_control(x);
	for (size_t i = 0; i < PAIRS_MAX; i++)
		if (x->pairs[i].client >= 0 && fds[1 + 2 * i].fd >= 0)
			pair_step(x, &x->pairs[i], (fds[1 + 2 * i].revents & ~POLLOUT) != 0,
				  (fds[2 + 2 * i].revents & ~POLLOUT) != 0);
	if ((fds[0].revents & POLLIN) != 0)
		pair_open(x);
}

pid_t
proxy_start(struct proxy_control *c, const char *listen_path, const char *redis_path)
{
	struct sockaddr_un a = address_of(listen_path);
	struct proxy *x = must_alloc(sizeof(*x));
	pid_t pid;

	x->control = c;
	x->redis_path = redis_path;
	x->cut = atomic_load(&c->cut);
	for (size_t i = 0; i < PAIRS_MAX; i++)
		x->pairs[i] = (struct pair){.client = -1, .redis = -1};
	unlink(listen_path);
	x->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (x->listener < 0 || bind(x->listener, (struct sockaddr *)&a, sizeof(a)) != 0 ||
	    listen(x->listener, 64) != 0)
		fail("%s: %s", listen_path, strerror(errno));
	pid = fork();
	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;)
			step(x);
	}
	close(x->listener);
	free(x);
	return pid;
}
