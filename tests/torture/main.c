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

#include "tests/torture/books.h"

#define TASKS_MAX 20000
#define SERIES_MAX 128
#define RIGS_MAX 32
#define MARGIN 8       /* beyond the last command that was counted: not each run has as many */
#define ON_THE_WIRE 32 /* messages, at most: what one failure may leave in doubt */

enum scenario {
	REDIS_RUN,   /* the n-th command of a run fails */
	REDIS_FIRST, /* … since the server was started on an empty Redis */
	REDIS_START, /* … since the server was started again in the middle of it, after kill -9 */
	REDIS_LIFE,  /* … since Redis came back with another life: the journal is told again */
	GATEWAY_RUN, /* the n-th request to the gateway fails */
	SCENARIOS,
};

static const char *const scenario_names[] = {"run", "first", "start", "life", "gateway"};

/* n goes no further than this; 0 = to the end. What comes later is as in any run. */
static const unsigned most_moments[] = {0, 60, 100, 150, 0};

static const char *const gateway_kinds[] = {
	"gone",		 "reset-before", "fin-before",	"html502-before", "http500-before",
	"hang-before",	 "throttle",	 "reset-after", "fin-after",	  "html502-after",
	"http500-after", "hang-after",	 "half-answer", "garbage"};

#define GATEWAY_KINDS (sizeof(gateway_kinds) / sizeof(gateway_kinds[0]))

/* A scenario, a kind of failure, a gateway with or without dedupe. */
struct series {
	enum scenario scenario;
	unsigned kind;
	bool has_dedupe;
	unsigned moments; /* that are to be walked */
	atomic_uint done, reached, failed;
};

struct task {
	struct series *series;
	unsigned n;
};

/* Shared by all workers. */
struct plan {
	struct series series[SERIES_MAX];
	unsigned series_count;
	struct task tasks[2][TASKS_MAX]; /* without and with dedupe: a rig has one of both */
	unsigned counts[2];
	atomic_uint next[2];
	atomic_uint moments[SCENARIOS][2]; /* of a run in which nothing fails */
	int64_t until_ms;		   /* 0 = until all is done */
};

struct options {
	const char *build, *scenario, *kind;
	unsigned n, rigs, dedupe; /* n: 0 = all; dedupe: 2 = both */
	unsigned long seed;
	unsigned seconds; /* 0 = all */
	bool is_both;	  /* each n with and without dedupe */
	bool is_verbose;
	bool stays; /* at the first failure of a rig, to be looked at */
};

static const char *
kind_name(const struct series *s)
{
	return s->scenario == GATEWAY_RUN ? gateway_kinds[s->kind]
					  : proxy_kind_name((enum proxy_kind)s->kind);
}

/* ---- one job ---- */

static void
arm(struct rig *r, const struct task *t)
{
	struct proxy_control *c = r->proxy_control;
	struct bytes out = {0};
	char body[100];

	if (t->series->scenario == GATEWAY_RUN) {
		snprintf(body, sizeof(body), "{\"fault-in\":%u,\"fault\":\"%s\"}", t->n,
			 gateway_kinds[t->series->kind]);
		rig_gateway_control(r, body, &out);
		bytes_free(&out);
		return;
	}
	atomic_store(&c->at, 0);
	atomic_store(&c->kind, t->series->kind);
	atomic_store(&c->error, t->n);
	atomic_store(&c->fired, 0);
	atomic_store(&c->again, 0);
	c->what[0] = '\0';
	atomic_store(&c->count, 0);
	atomic_store(&c->at, t->n);
}

/* Did it fail? Sets the count: of commands, or of requests that the gateway has not met. */
static bool
disarm(struct rig *r, enum scenario scenario, unsigned *count)
{
	struct proxy_control *c = r->proxy_control;
	struct bytes out = {0};
	const char *at;

	*count = atomic_load(&c->count);
	atomic_store(&c->at, 0);
	if (scenario != GATEWAY_RUN)
		return atomic_load(&c->fired) != 0;
	rig_gateway_control(r, NULL, &out);
	at = strstr(out.p, "\"fault-in\":\"");
	*count = at != NULL ? (unsigned)atoi(at + strlen("\"fault-in\":\"")) : 0;
	bytes_free(&out);
	rig_gateway_control(r, "{\"fault-in\":0}", &out);
	bytes_free(&out);
	return *count == 0;
}

/* Before the job. */
static bool
begin(struct job *j, const struct task *t)
{
	struct rig *r = j->rig;

	if (t->series->scenario == REDIS_FIRST) {
		rig_kill_server(r);
		rig_empty_redis(r);
	}
	if (t->series->scenario != REDIS_START && t->series->scenario != REDIS_LIFE)
		arm(r, t);
	if (t->series->scenario != REDIS_FIRST)
		return true;
	return (rig_start_server(r) || job_wrong(j, "the server did not start")) &&
	       (r->token[0] != '\0' || job_wrong(j, "the server shows no token"));
}

/* From the middle of the job on. */
static bool
disturb(struct job *j, const struct task *t)
{
	struct proxy_control *c = j->rig->proxy_control;

	if (t->series->scenario == REDIS_START) {
		rig_kill_server(j->rig);
		arm(j->rig, t);
		if (!rig_start_server(j->rig))
			return job_wrong(j, "the server did not start");
	} else if (t->series->scenario == REDIS_LIFE) {
		atomic_fetch_add(&c->life, 1);
		arm(j->rig, t);
		atomic_fetch_add(&c->cut, 1);
	}
	return true;
}

static unsigned
may_doubt(const struct series *s)
{
	bool is_shaken = s->scenario == GATEWAY_RUN || s->scenario == REDIS_START;

	return s->has_dedupe || !is_shaken ? 0 : ON_THE_WIRE;
}

static void
show_log(const struct rig *r)
{
	char command[300];

	fflush(stdout);
	snprintf(command, sizeof(command), "%s", rig_path(r, "loa.log"));
	if (fork() == 0) {
		execlp("sed", "sed", "-n", "-e", ":a;$!{N;40,$D;ba};s/^/#   /mg;p", command,
		       (char *)NULL);
		_exit(127);
	}
	wait(NULL);
}

/* false: it failed, and was told. *count as of disarm. */
static bool
do_task(struct rig *r, const struct task *t, bool *is_reached, unsigned *count)
{
	struct series *s = t->series;
	bool is_good;
	int64_t from = now_ms();
	struct job j;

	job_init(&j, r, s->scenario != REDIS_RUN);
	is_good = begin(&j, t) && job_prepare(&j) && disturb(&j, t) && job_act(&j) && job_wait(&j);
	*is_reached = disarm(r, s->scenario, count);
	if (is_good)
		is_good = books_agree(&j, may_doubt(s));
	else
		books_show(&j);
	if (is_good && s->scenario == REDIS_LIFE && s->kind == PROXY_ERROR &&
	    strcmp(r->proxy_control->what, "remark") == 0 && !atomic_load(&r->proxy_control->again))
		is_good = job_wrong(&j, "a line of the journal was refused and not told again");
	if (rig_has_lost_server(r) && is_good) {
		is_good = false;
		snprintf(j.why, sizeof(j.why), "the server ended");
	}
	if (is_good)
		return true;
	printf("# FAILED in %s after %lld ms: --scenario %s --kind %s --n %u --dedupe %d (%s): "
	       "%s\n",
	       r->folder, (long long)(now_ms() - from), scenario_names[s->scenario], kind_name(s),
	       t->n, s->has_dedupe, s->scenario == GATEWAY_RUN ? "" : r->proxy_control->what,
	       j.why);
	show_log(r);
	return false;
}

/* ---- workers ---- */

static void
measure(struct plan *p, struct rig *r, enum scenario scenario)
{
	struct series none = {.scenario = scenario, .has_dedupe = r->has_dedupe};
	struct task t = {&none, 1000000};
	bool is_reached;
	unsigned count;

	if (!do_task(r, &t, &is_reached, &count))
		exit(1);
	if (scenario == GATEWAY_RUN)
		count = 1000000 - count;
	atomic_store(&p->moments[scenario][r->has_dedupe], count);
}

static void
work(struct plan *p, struct rig *r, const struct options *o)
{
	int which = r->has_dedupe;
	unsigned i, count;

	while ((i = atomic_fetch_add(&p->next[which], 1)) < p->counts[which]) {
		struct task *t = &p->tasks[which][i];
		int64_t from = now_ms();
		bool is_reached;

		if (p->until_ms > 0 && from > p->until_ms)
			break;
		if (!do_task(r, t, &is_reached, &count)) {
			atomic_fetch_add(&t->series->failed, 1);
			if (o->stays) {
				printf("# %s stays as it is\n", r->folder);
				for (;;)
					pause();
			}
			rig_close(r);
			rig_open(r);
		} else if (o->is_verbose) {
			printf("# %s %s %u %s %s: %lld ms\n", scenario_names[t->series->scenario],
			       kind_name(t->series), t->n, r->has_dedupe ? "dedupe" : "plain",
			       !is_reached			    ? "not reached"
			       : t->series->scenario == GATEWAY_RUN ? ""
								    : r->proxy_control->what,
			       (long long)(now_ms() - from));
			fflush(stdout);
		}
		atomic_fetch_add(&t->series->done, 1);
		atomic_fetch_add(&t->series->reached, is_reached);
	}
}

/* Rigs of both kinds in turn, unless one is asked for. */
static bool
rig_has_dedupe(const struct options *o, unsigned rig)
{
	return o->dedupe == 2 ? rig % 2 == 0 : o->dedupe == 1;
}

enum step { MEASURE, WORK };

static bool
run_workers(struct plan *p, const struct options *o, enum step step)
{
	unsigned rigs = step == MEASURE && o->dedupe != 2 ? 1 : step == MEASURE ? 2 : o->rigs;
	bool is_good = true;
	int status;

	fflush(stdout);
	for (unsigned i = 0; i < rigs; i++) {
		struct rig r = {.build = o->build, .has_dedupe = rig_has_dedupe(o, i)};
		pid_t pid = fork();

		if (pid < 0)
			fail("fork: %s", strerror(errno));
		if (pid > 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setvbuf(stdout, NULL, _IOLBF, 0);
		rig_open(&r);
		for (unsigned s = 0; step == MEASURE && s < SCENARIOS; s++)
			if (o->scenario == NULL || strcmp(o->scenario, scenario_names[s]) == 0)
				measure(p, &r, (enum scenario)s);
		if (step == WORK)
			work(p, &r, o);
		rig_close(&r);
		exit(0);
	}
	for (unsigned i = 0; i < rigs; i++)
		is_good = wait(&status) > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0 &&
			  is_good;
	return is_good;
}

/* ---- the plan ---- */

static void
add_series(struct plan *p, const struct options *o, struct series s)
{
	struct series *to = &p->series[p->series_count];
	unsigned measured = atomic_load(&p->moments[s.scenario][s.has_dedupe]);

	if ((o->kind != NULL && strcmp(o->kind, kind_name(&s)) != 0) ||
	    (o->scenario != NULL && strcmp(o->scenario, scenario_names[s.scenario]) != 0))
		return;
	if (p->series_count == SERIES_MAX)
		fail("too many kinds");
	p->series_count++;
	*to = s;
	measured += MARGIN;
	if (most_moments[s.scenario] > 0 && measured > most_moments[s.scenario])
		measured = most_moments[s.scenario];
	for (unsigned n = 1; n <= (o->n > 0 ? 1 : measured); n++) {
		/* Each n of each kind is met by one of both gateways, unless both are asked for. */
		if (o->n == 0 && o->dedupe == 2 && !o->is_both && s.scenario != GATEWAY_RUN &&
		    (n + s.kind) % 2 != s.has_dedupe)
			continue;
		if (p->counts[s.has_dedupe] == TASKS_MAX)
			fail("too many tasks");
		to->moments++;
		p->tasks[s.has_dedupe][p->counts[s.has_dedupe]++] =
			(struct task){to, o->n > 0 ? o->n : n};
	}
}

static void
shuffle(struct plan *p, int which, unsigned long seed)
{
	struct task *tasks = p->tasks[which];
	uint64_t x = seed * 2654435761u + 1;

	for (unsigned i = p->counts[which]; i > 1; i--) {
		struct task t = tasks[i - 1];
		unsigned k;

		x = x * 6364136223846793005u + 1442695040888963407u;
		k = (unsigned)((x >> 33) % i);
		tasks[i - 1] = tasks[k];
		tasks[k] = t;
	}
}

static void
make_plan(struct plan *p, const struct options *o)
{
	for (int dedupe = 0; dedupe < 2; dedupe++) {
		if (o->dedupe != 2 && o->dedupe != (unsigned)dedupe)
			continue;
		for (unsigned s = 0; s < SCENARIOS; s++)
			for (unsigned k = 0; k < (s == GATEWAY_RUN ? GATEWAY_KINDS : PROXY_KINDS);
			     k++)
				add_series(p, o,
					   (struct series){.scenario = (enum scenario)s,
							   .kind = k,
							   .has_dedupe = dedupe == 1});
		shuffle(p, dedupe, o->seed);
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

		printf("%sok %u - %s, %s, %s: %u of %u moments, %u reached: both books agree\n",
		       bad > 0 ? "not " : "", i + 1, scenario_names[s->scenario], kind_name(s),
		       s->has_dedupe ? "dedupe by reference" : "no dedupe", atomic_load(&s->done),
		       s->moments, atomic_load(&s->reached));
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
	fputs("usage: torture [--seconds N] [--seed N] [--rigs N] [--build FOLDER] [--verbose] "
	      "[--stay]\n"
	      "               [--scenario run|first|start|life|gateway] [--kind NAME] [--n N] "
	      "[--dedupe "
	      "0|1]\n",
	      stderr);
	exit(2);
}

static struct options
read_options(int argc, char **argv)
{
	static const struct option words[] = {
		{"seconds", 1, NULL, 's'}, {"seed", 1, NULL, 'S'},    {"rigs", 1, NULL, 'r'},
		{"build", 1, NULL, 'b'},   {"verbose", 0, NULL, 'v'}, {"scenario", 1, NULL, 'c'},
		{"kind", 1, NULL, 'k'},	   {"n", 1, NULL, 'n'},	      {"stay", 0, NULL, 't'},
		{"both", 0, NULL, 'B'},	   {"dedupe", 1, NULL, 'd'},  {NULL, 0, NULL, 0}};
	struct options o = {
		.build = "build", .rigs = 12, .dedupe = 2, .seed = (unsigned long)getpid()};
	int c;

	while ((c = getopt_long(argc, argv, "", words, NULL)) != -1) {
		switch (c) {
		case 's':
			o.seconds = (unsigned)atoi(optarg);
			break;
		case 'S':
			o.seed = strtoul(optarg, NULL, 10);
			break;
		case 'r':
			o.rigs = (unsigned)atoi(optarg);
			break;
		case 'b':
			o.build = optarg;
			break;
		case 'v':
			o.is_verbose = true;
			break;
		case 'B':
			o.is_both = true;
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
		case 'n':
			o.n = (unsigned)atoi(optarg);
			break;
		case 'd':
			o.dedupe = (unsigned)atoi(optarg) % 3;
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
	signal(SIGPIPE, SIG_IGN);
	printf("# seed %lu, %u rigs\n", o.seed, o.rigs);
	if (o.n == 0 && !run_workers(p, &o, MEASURE)) {
		printf("not ok 1 - a run in which nothing fails\n1..1\n");
		return 1;
	}
	make_plan(p, &o);
	printf("1..%u\n", p->series_count);
	if (!run_workers(p, &o, WORK))
		fail("a worker ended");
	return tell(p) > 0;
}
