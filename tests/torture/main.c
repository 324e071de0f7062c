/* SPDX-License-Identifier: MIT */
/*
 * Torture: a small run (job.h), again and again, and each time the n-th command to Redis or the
 * n-th request to the gateway fails, for all n and each kind of failure. Afterwards both books
 * agree (books.h): nothing is lost, nothing is silent, nobody is written to twice, what stays in
 * doubt is held, counters are what a recount finds, and the server never ends.
 *
 * A job waits most of its time, so several go on at once, each on a rig of its own (rig.h). What
 * is to be done is a list of tasks in an order drawn from the seed; with --seconds as many are done
 * as fit, spread over all of them. It speaks TAP: one test a scenario and kind.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/torture/trial.h"

#define TASKS_MAX 20000
#define SERIES_MAX 256
#define RIGS_MAX 32
#define NEVER 1000000 /* no run has so many commands */
#define MARGIN 8      /* beyond the last command that was counted: not each run has as many */

/* n goes no further than this; 0 = to the end. What comes later is as in any run. */
static const unsigned most_moments[SCENARIOS] = {0, 60, 100, 150, 0};

/* Failures of one kind, with gateways of one dialect. */
struct series {
	enum scenario scenario;
	unsigned kind;
	enum dialect dialect;
	unsigned moments; /* that are to be walked */
	atomic_uint done, reached, failed;
};

struct task {
	struct series *series;
	unsigned n;
};

/* A rig has one dialect, so there is a list of tasks for each. */
struct queue {
	struct task tasks[TASKS_MAX];
	unsigned count;
	atomic_uint next;
};

/* Shared by all workers. */
struct plan {
	struct series series[SERIES_MAX];
	unsigned series_count;
	struct queue queues[DIALECTS];
	atomic_uint commands[SCENARIOS][DIALECTS]; /* of a run in which nothing fails */
	int64_t until_ms;			   /* 0 = until all is done */
};

struct options {
	const char *build, *scenario, *kind, *gateway; /* NULL = all */
	unsigned n;				       /* 0 = all */
	unsigned rigs;
	unsigned long seed;
	unsigned seconds; /* 0 = until all is done */
	bool is_all;	  /* each n with each dialect */
	bool is_verbose;
	bool stays; /* at the first failure of a rig, to be looked at */
};

static bool
is_wanted(const char *wish, const char *name)
{
	return wish == NULL || strcmp(wish, name) == 0;
}

/* Is it walked at all? What the others show is not shown again by asking for reports. */
static bool
is_walked(const struct options *o, enum scenario s, enum dialect d)
{
	return is_wanted(o->scenario, scenario_name(s)) && is_wanted(o->gateway, dialect_name(d)) &&
	       (d != DIALECT_POLLED || s == REDIS_RUN || s == GATEWAY_RUN);
}

/* ---- workers ---- */

static void
measure(struct plan *p, struct rig *r, enum scenario scenario)
{
	struct trial t = {.rig = r, .failure = {.scenario = scenario, .n = NEVER}};

	if (!trial_run(&t)) {
		trial_tell(&t);
		exit(1);
	}
	atomic_store(&p->commands[scenario][r->dialect], t.commands);
}

static void
do_task(struct rig *r, const struct task *task, const struct options *o)
{
	struct series *s = task->series;
	struct trial t = {.rig = r, .failure = {s->scenario, s->kind, task->n}};
	bool is_good = trial_run(&t);

	atomic_fetch_add(&s->done, 1);
	atomic_fetch_add(&s->reached, t.is_reached);
	if (is_good && o->is_verbose)
		printf("# %s %s %u %s %s: %lld ms\n", scenario_name(s->scenario),
		       scenario_kind(s->scenario, s->kind), task->n, dialect_name(s->dialect),
		       t.is_reached ? t.what : "not reached", (long long)t.ms);
	if (is_good)
		return;
	atomic_fetch_add(&s->failed, 1);
	trial_tell(&t);
	if (o->stays) {
		printf("# %s stays as it is\n", r->folder);
		for (;;)
			pause();
	}
	rig_close(r);
	rig_open(r);
}

/* The rig's own queue. */
static void
work(struct plan *p, struct rig *r, const struct options *o)
{
	struct queue *q = &p->queues[r->dialect];
	unsigned i;

	while (p->until_ms == 0 || now_ms() < p->until_ms) {
		i = atomic_fetch_add(&q->next, 1);
		if (i >= q->count)
			return;
		do_task(r, &q->tasks[i], o);
	}
}

/* One queue after the other, each worker beginning with another. */
static void
worker(struct plan *p, const struct options *o, unsigned number)
{
	struct rig r = {.build = o->build};

	for (unsigned i = 0; i < DIALECTS; i++) {
		r.dialect = (enum dialect)((number + i) % DIALECTS);
		if (atomic_load(&p->queues[r.dialect].next) >= p->queues[r.dialect].count)
			continue;
		rig_open(&r);
		work(p, &r, o);
		rig_close(&r);
	}
}

static void
measurer(struct plan *p, const struct options *o, unsigned number)
{
	enum scenario s = (enum scenario)(number % SCENARIOS);
	struct rig r = {.build = o->build, .dialect = (enum dialect)(number / SCENARIOS)};

	if (!is_walked(o, s, r.dialect))
		return;
	rig_open(&r);
	measure(p, &r, s);
	rig_close(&r);
}

/* false: one of them ended with a failure. */
static bool
in_parallel(struct plan *p, const struct options *o, unsigned count,
	    void (*one)(struct plan *p, const struct options *o, unsigned number))
{
	bool is_good = true;
	int status;

	fflush(stdout);
	for (unsigned i = 0; i < count; i++) {
		pid_t pid = fork();

		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setvbuf(stdout, NULL, _IOLBF, 0);
		one(p, o, i);
		exit(0);
	}
	for (unsigned i = 0; i < count; i++)
		is_good = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
			  is_good;
	return is_good;
}

/* ---- the plan ---- */

/*
 * Each n of each kind of Redis is met by one of the dialects. What a gateway does is another thing for
 * each of them; the many questions for reports are walked in three strides.
 */
static bool
is_turn_of(const struct series *s, unsigned n)
{
	if (s->scenario == GATEWAY_RUN)
		return s->dialect != DIALECT_POLLED || (n + s->kind) % 3 == 0;
	return (n + s->kind) % (s->scenario == REDIS_RUN ? 3 : 2) == s->dialect;
}

static void
add_series(struct plan *p, const struct options *o, struct series s)
{
	struct series *to = &p->series[p->series_count];
	struct queue *q = &p->queues[s.dialect];
	unsigned most = atomic_load(&p->commands[s.scenario][s.dialect]) + MARGIN;

	if (!is_wanted(o->kind, scenario_kind(s.scenario, s.kind)))
		return;
	if (p->series_count == SERIES_MAX)
		fail("too many kinds");
	p->series_count++;
	*to = s;
	if (most_moments[s.scenario] > 0 && most > most_moments[s.scenario])
		most = most_moments[s.scenario];
	for (unsigned n = 1; n <= (o->n > 0 ? 1 : most); n++) {
		if (o->n == 0 && o->gateway == NULL && !o->is_all && !is_turn_of(&s, n))
			continue;
		if (q->count == TASKS_MAX)
			fail("too many tasks");
		to->moments++;
		q->tasks[q->count++] = (struct task){to, o->n > 0 ? o->n : n};
	}
}

static void
shuffle(struct queue *q, unsigned long seed)
{
	uint64_t x = seed * 2654435761u + 1;

	for (unsigned i = q->count; i > 1; i--) {
		struct task t = q->tasks[i - 1];
		unsigned k;

		x = x * 6364136223846793005u + 1442695040888963407u;
		k = (unsigned)((x >> 33) % i);
		q->tasks[i - 1] = q->tasks[k];
		q->tasks[k] = t;
	}
}

static void
make_plan(struct plan *p, const struct options *o)
{
	for (unsigned d = 0; d < DIALECTS; d++) {
		for (unsigned s = 0; s < SCENARIOS; s++)
			for (unsigned k = 0; scenario_kind((enum scenario)s, k) != NULL; k++)
				if (is_walked(o, (enum scenario)s, (enum dialect)d))
					add_series(p, o,
						   (struct series){.scenario = (enum scenario)s,
								   .kind = k,
								   .dialect = (enum dialect)d});
		shuffle(&p->queues[d], o->seed + d);
	}
	if (o->seconds > 0)
		p->until_ms = now_ms() + (int64_t)o->seconds * 1000;
}

static unsigned
tell(const struct plan *p)
{
	unsigned failed = 0, done = 0, moments = 0;

	for (unsigned i = 0; i < p->series_count; i++) {
		const struct series *s = &p->series[i];
		unsigned bad = atomic_load(&s->failed);

		printf("%sok %u - %s, %s, gateway %s: both books agree at %u of %u moments (%u "
		       "reached)\n",
		       bad > 0 ? "not " : "", i + 1, scenario_name(s->scenario),
		       scenario_kind(s->scenario, s->kind), dialect_name(s->dialect),
		       atomic_load(&s->done), s->moments, atomic_load(&s->reached));
		failed += bad;
		done += atomic_load(&s->done);
		moments += s->moments;
	}
	printf("# %u of %u moments, %u failed\n", done, moments, failed);
	return failed;
}

/* ---- the command line ---- */

static _Noreturn void
usage(void)
{
	fputs("usage: torture [--seconds N] [--seed N] [--rigs N] [--all] [--verbose] [--stay]\n"
	      "               [--scenario run|first|start|life|gateway] [--kind NAME] [--n N]\n"
	      "               [--gateway plain|dedupe|polled] [--build FOLDER]\n",
	      stderr);
	exit(2);
}

static struct options
read_options(int argc, char **argv)
{
	static const struct option words[] = {
		{"seconds", 1, NULL, 's'},  {"seed", 1, NULL, 'S'},    {"rigs", 1, NULL, 'r'},
		{"all", 0, NULL, 'a'},	    {"verbose", 0, NULL, 'v'}, {"stay", 0, NULL, 't'},
		{"scenario", 1, NULL, 'c'}, {"kind", 1, NULL, 'k'},    {"n", 1, NULL, 'n'},
		{"gateway", 1, NULL, 'g'},  {"build", 1, NULL, 'b'},   {NULL, 0, NULL, 0}};
	struct options o = {.build = "build", .rigs = 20, .seed = (unsigned long)getpid()};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (c) {
		case 's':
			o.seconds = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'S':
			o.seed = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			o.rigs = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'n':
			o.n = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'a':
			o.is_all = true;
			break;
		case 'v':
			o.is_verbose = true;
			break;
		case 't':
			o.stays = true;
			break;
		case 'c':
			o.scenario = optarg;
			break;
		case 'k':
			o.kind = optarg;
			break;
		case 'g':
			o.gateway = optarg;
			break;
		case 'b':
			o.build = optarg;
			break;
		default:
			usage();
		}
	}
	if (o.rigs < 1 || o.rigs > RIGS_MAX || optind != argc)
		usage();
	return o;
}

int
main(int argc, char **argv)
{
	struct options o = read_options(argc, argv);
	struct plan *p =
		mmap(NULL, sizeof(*p), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fail("no shared memory: %s", strerror(errno));
	sigaction(SIGPIPE, &(struct sigaction){.sa_handler = SIG_IGN}, NULL);
	printf("# seed %lu, %u rigs\n", o.seed, o.rigs);
	if (o.n == 0 && !in_parallel(p, &o, SCENARIOS * DIALECTS, measurer)) {
		printf("not ok 1 - a run in which nothing fails\n1..1\n");
		return 1;
	}
	make_plan(p, &o);
	if (p->series_count == 0)
		usage();
	printf("1..%u\n", p->series_count);
	if (!in_parallel(p, &o, o.rigs, worker))
		fail("a worker ended");
	return tell(p) > 0;
}
