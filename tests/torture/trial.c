/* SPDX-License-Identifier: MIT */
#include "tests/torture/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define ON_THE_WIRE 32 /* messages, at most: what one failure may leave in doubt */

static const char *const scenario_names[] = {"run", "first", "start", "life", "gateway"};

static const char *const gateway_kinds[] = {
	"gone",		 "reset-before", "fin-before",	"html502-before", "http500-before",
	"hang-before",	 "throttle",	 "reset-after", "fin-after",	  "html502-after",
	"http500-after", "hang-after",	 "half-answer", "garbage"};

#define GATEWAY_KINDS (sizeof(gateway_kinds) / sizeof(gateway_kinds[0]))

const char *
scenario_name(enum scenario s)
{
	return scenario_names[s];
}

const char *
scenario_kind(enum scenario s, unsigned kind)
{
	if (s == GATEWAY_RUN)
		return kind < GATEWAY_KINDS ? gateway_kinds[kind] : NULL;
	return kind < PROXY_KINDS ? proxy_kind_name((enum proxy_kind)kind) : NULL;
}

static void
arm(struct rig *r, const struct failure *f)
{
	struct proxy_control *c = r->proxy_control;
	struct bytes out = {0};
	char body[100];

	if (f->scenario == GATEWAY_RUN) {
		snprintf(body, sizeof(body), "{\"fault-in\":%u,\"fault\":\"%s\"}", f->n,
			 gateway_kinds[f->kind]);
		rig_gateway_control(r, body, &out);
		bytes_free(&out);
		return;
	}
	atomic_store(&c->at, 0);
	atomic_store(&c->kind, f->kind);
	atomic_store(&c->error, f->n);
	atomic_store(&c->fired, 0);
	atomic_store(&c->again, 0);
	c->what[0] = '\0';
	atomic_store(&c->count, 0);
	atomic_store(&c->at, f->n);
}

static void
disarm(struct trial *t)
{
	struct proxy_control *c = t->rig->proxy_control;
	struct bytes out = {0};
	const char *at;
	unsigned left;

	t->commands = atomic_load(&c->count);
	atomic_store(&c->at, 0);
	if (t->failure.scenario != GATEWAY_RUN) {
		t->is_reached = atomic_load(&c->fired) != 0;
		snprintf(t->what, sizeof(t->what), "%s", c->what);
		return;
	}
	rig_gateway_control(t->rig, NULL, &out);
	at = strstr(out.p, "\"fault-in\":\"");
	left = at != NULL ? (unsigned)strtoul(at + strlen("\"fault-in\":\""), NULL, 10) : 0;
	t->is_reached = left == 0;
	t->commands = t->failure.n - left;
	bytes_free(&out);
	rig_gateway_control(t->rig, "{\"fault-in\":0}", &out);
	bytes_free(&out);
}

/* Before the job. */
static bool
begin(struct trial *t)
{
	enum scenario s = t->failure.scenario;
	struct rig *r = t->rig;

	if (s == REDIS_FIRST) {
		rig_kill_server(r);
		rig_empty_redis(r);
	}
	if (s != REDIS_START && s != REDIS_LIFE)
		arm(r, &t->failure);
	if (s != REDIS_FIRST)
		return true;
	return (rig_start_server(r) || job_wrong(&t->job, "the server did not start")) &&
	       (r->token[0] != '\0' || job_wrong(&t->job, "the server shows no token"));
}

/* In the middle of it. */
static bool
disturb(struct trial *t)
{
	struct proxy_control *c = t->rig->proxy_control;

	if (t->failure.scenario == REDIS_START) {
		rig_kill_server(t->rig);
		arm(t->rig, &t->failure);
		return rig_start_server(t->rig) || job_wrong(&t->job, "the server did not start");
	}
	if (t->failure.scenario == REDIS_LIFE) {
		atomic_fetch_add(&c->life, 1);
		arm(t->rig, &t->failure);
		atomic_fetch_add(&c->cut, 1);
	}
	return true;
}

/* Only what a gateway without dedupe, or a server that was killed, leaves behind. */
static unsigned
may_doubt(const struct trial *t)
{
	enum scenario s = t->failure.scenario;
	bool is_shaken = s == GATEWAY_RUN || s == REDIS_START;

	return t->rig->dialect == DIALECT_PLAIN && is_shaken ? ON_THE_WIRE : 0;
}

static bool
is_as_it_should_be(struct trial *t)
{
	const struct proxy_control *c = t->rig->proxy_control;

	if (!books_agree(&t->job, may_doubt(t)))
		return false;
	if (t->failure.scenario == REDIS_LIFE && t->failure.kind == PROXY_ERROR &&
	    strcmp(t->what, "remark") == 0 && !atomic_load(&c->again))
		return job_wrong(&t->job, "a line of the journal was refused and not told again");
	return !rig_has_lost_server(t->rig) || job_wrong(&t->job, "the server ended");
}

bool
trial_run(struct trial *t)
{
	int64_t from = now_ms();
	struct job *j = &t->job;
	bool is_good;

	job_init(j, t->rig, t->failure.scenario != REDIS_RUN || t->rig->dialect == DIALECT_POLLED);
	is_good = begin(t) && job_prepare(j) && disturb(t) && job_act(j) && job_wait(j);
	disarm(t);
	is_good = is_good && is_as_it_should_be(t);
	t->ms = now_ms() - from;
	return is_good;
}

/* The last 40 lines of the server's log. */
static void
show_log(const struct rig *r)
{
	char path[256];

	fflush(stdout);
	snprintf(path, sizeof(path), "%s", rig_path(r, "loa.log"));
	if (fork() == 0) {
		execlp("sed", "sed", "-n", "-e", ":a;$!{N;40,$D;ba};s/^/#   /mg;p", path,
		       (char *)NULL);
		_exit(127);
	}
	wait(NULL);
}

void
trial_tell(const struct trial *t)
{
	const struct failure *f = &t->failure;

	printf("# FAILED in %s after %lld ms: --scenario %s --kind %s --n %u --gateway %s (%s): "
	       "%s\n",
	       t->rig->folder, (long long)t->ms, scenario_name(f->scenario),
	       scenario_kind(f->scenario, f->kind), f->n, dialect_name(t->rig->dialect), t->what,
	       t->job.why);
	books_show(&t->job);
	show_log(t->rig);
}
