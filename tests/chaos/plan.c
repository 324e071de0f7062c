/* SPDX-License-Identifier: MIT */
/*
 * usage: plan SEED SECONDS KILLS LAUNCHES
 *
 * What goes wrong when, drawn from the seed: the same numbers give the
 * same plan on every machine. One line an event, in order of time:
 *
 *   MS kill|start WHO            MS stop|continue WHO
 *   MS clock WHO MS_ADDED        MS disk slow|full|good
 *   MS mark, MS restore          Redis as it was at the mark
 *   MS gateway JSON              flags of the simulator
 *   MS launch N                  the N-th campaign, from 1
 *   MS sent N                    wait for N lines of the ledger; in files only, none is drawn
 *
 * Rules: what is killed is started again before it is killed or stopped once
 * more; around a restore no process dies, for its journal is what mends the loss, and nothing
 * is launched.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENTS_MAX 20000
#define TRIES 2000
#define FIRST_MS 500
#define CALM_BEFORE_MS 1000
#define CALM_AFTER_MS 4500 /* until all have told their journals */
#define MARK_TO_RESTORE_MS 1000
#define LAUNCH_TAKES_MS 3000

enum who { SEND1, SEND2, SEND3, SEND4, API, RECEIVE, REDIS, GATEWAY, DISK, LAUNCH, WHO_COUNT };

static const char *const names[WHO_COUNT] = {"send1",	"send2", "send3",   "send4", "api",
					     "receive", "redis", "gateway", "disk",  "launch"};

/* How often of a hundred kills it is this one's turn. */
static const unsigned shares[] = {14, 14, 14, 14, 8, 10, 12, 14};

struct event {
	int64_t at_ms;
	unsigned nth; /* events of one moment stay in order */
	char text[96];
};

struct window {
	enum who who; /* WHO_COUNT: of everybody */
	int64_t from_ms, to_ms;
};

static struct event events[EVENTS_MAX];
static struct window windows[EVENTS_MAX];
static unsigned event_count, window_count;
static uint64_t seed;
static int64_t end_ms;

static uint64_t
draw(uint64_t below)
{
	uint64_t z = seed += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return (z ^ (z >> 31)) % below;
}

static int64_t
draw_between(int64_t least, int64_t most)
{
	return least + (int64_t)draw((uint64_t)(most - least) + 1);
}

static void add(int64_t at_ms, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void
add(int64_t at_ms, const char *format, ...)
{
	struct event *e = &events[event_count];
	va_list ap;

	if (event_count == EVENTS_MAX) {
		fputs("plan: too many events\n", stderr);
		exit(2);
	}
	e->at_ms = at_ms;
	e->nth = event_count++;
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
}

static bool
is_free(enum who who, int64_t from_ms, int64_t to_ms)
{
	for (unsigned i = 0; i < window_count; i++) {
		const struct window *w = &windows[i];
		bool is_about = w->who == who || w->who == WHO_COUNT || who == WHO_COUNT;

		if (is_about && from_ms < w->to_ms && w->from_ms < to_ms)
			return false;
	}
	return true;
}

/*
 * A time at which `who` is free for so long, which is then taken; -1: there is none.
 */
static int64_t
take(enum who who, int64_t before_ms, int64_t for_ms)
{
	for (int i = 0; i < TRIES; i++) {
		int64_t at = draw_between(FIRST_MS, end_ms);

		if (at + for_ms > end_ms + 2000 || !is_free(who, at - before_ms, at + for_ms) ||
		    window_count == EVENTS_MAX)
			continue;
		windows[window_count++] = (struct window){who, at - before_ms, at + for_ms};
		return at;
	}
	return -1;
}

static void
plan_launches(int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		int64_t at = end_ms * i / n;

		windows[window_count++] = (struct window){LAUNCH, at, at + LAUNCH_TAKES_MS};
		add(at, "launch %" PRId64, i + 1);
	}
}

static void
plan_restores(int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		int64_t at = take(WHO_COUNT, CALM_BEFORE_MS, MARK_TO_RESTORE_MS + CALM_AFTER_MS);

		if (at < 0)
			return;
		add(at, "mark");
		add(at + MARK_TO_RESTORE_MS, "restore");
	}
}

static enum who
draw_victim(void)
{
	uint64_t at = draw(100);
	unsigned who = SEND1;

	for (; at >= shares[who]; who++)
		at -= shares[who];
	return who;
}

static void
plan_kills(int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		enum who who = draw_victim();
		int64_t down = draw_between(20, who == REDIS ? 300 : 900);
		int64_t at = take(who, 0, down + draw_between(100, 500));

		if (at < 0)
			continue;
		add(at, "kill %s", names[who]);
		add(at + down, "start %s", names[who]);
	}
}

/* Senders beyond their lease; now and then somebody else. */
static void
plan_stops(int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		enum who who = draw(3) != 0 ? (enum who)draw(4) : (enum who)draw(REDIS + 1);
		int64_t length = draw_between(300, 4000);
		int64_t at = take(who, 0, length + 200);

		if (at < 0)
			continue;
		add(at, "stop %s", names[who]);
		add(at + length, "continue %s", names[who]);
	}
}

static void
plan_disk(int64_t n, const char *how, int64_t least, int64_t most)
{
	for (int64_t i = 0; i < n; i++) {
		int64_t length = draw_between(least, most);
		int64_t at = take(DISK, 0, length + 500);

		if (at < 0)
			continue;
		add(at, "disk %s", how);
		add(at + length, "disk good");
	}
}

/* Forwards and backwards by up to an hour, and back to the truth. */
static void
plan_clocks(int64_t n)
{
	for (int64_t i = 0; i < n; i++) {
		enum who who = draw(2) == 0 ? REDIS : (enum who)draw(REDIS);
		int64_t by = draw_between(-3600000, 3600000), at = draw_between(FIRST_MS, end_ms);

		if (draw(3) == 0)
			by /= 1000;
		add(at, "clock %s %" PRId64, names[who], by);
		add(at + draw_between(500, 6000), "clock %s 0", names[who]);
	}
}

/* Faults of the gateway, one after the other. */
static void
plan_faults(void)
{
	static const char *const faults[][2] = {
		{"\"reset-before\":0.2", "\"reset-before\":0"},
		{"\"reset-after\":0.1", "\"reset-after\":0"},
		{"\"fin-after\":0.1", "\"fin-after\":0"},
		{"\"close-after\":7", "\"close-after\":0"},
		{"\"close-after-rst\":7", "\"close-after-rst\":0"},
		{"\"html502-before\":0.2", "\"html502-before\":0"},
		{"\"html502-after\":0.1", "\"html502-after\":0"},
		{"\"half-answer\":0.1", "\"half-answer\":0"},
		{"\"garbage\":0.1", "\"garbage\":0"},
		{"\"hang\":0.03", "\"hang\":0"},
		{"\"hang-after\":0.03", "\"hang-after\":0"},
		{"\"throttle-rate\":0.7", "\"throttle-rate\":0"},
		{"\"error-rate\":0.1,\"refuse-rate\":0.02", "\"error-rate\":0,\"refuse-rate\":0"},
		{"\"latency\":400,\"shuffle\":true", "\"latency\":10,\"shuffle\":false"},
	};
	int64_t at = FIRST_MS, n = sizeof(faults) / sizeof(faults[0]);

	while (at < end_ms) {
		const char *const *f = faults[draw((uint64_t)n)];

		add(at, "gateway {%s}", f[0]);
		at += draw_between(300, 1500);
		add(at, "gateway {%s}", f[1]);
		at += draw_between(100, 1000);
	}
}

static int
by_time(const void *a, const void *b)
{
	const struct event *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->nth < y->nth ? -1 : 1;
}

static bool
read_number(const char *text, int64_t most, int64_t *out)
{
	char *end;

	*out = strtoll(text, &end, 10);
	return *text != '\0' && *end == '\0' && *out >= 0 && *out <= most;
}

int
main(int argc, char **argv)
{
	int64_t number, seconds, kills, launches;

	if (argc != 5 || !read_number(argv[1], INT64_MAX - 1, &number) ||
	    !read_number(argv[2], 3600, &seconds) || !read_number(argv[3], 4000, &kills) ||
	    !read_number(argv[4], 100, &launches)) {
		fputs("usage: plan SEED SECONDS KILLS LAUNCHES\n", stderr);
		return 2;
	}
	seed = (uint64_t)number;
	end_ms = seconds * 1000;
	plan_launches(launches);
	plan_restores(1 + seconds / 60);
	plan_disk(1 + seconds / 60, "full", 300, 1500);
	plan_disk(1 + seconds / 60, "slow", 3000, 6000);
	plan_stops(1 + seconds / 15);
	plan_kills(kills);
	plan_clocks(2 + seconds / 20);
	plan_faults();
	qsort(events, event_count, sizeof(events[0]), by_time);
	for (unsigned i = 0; i < event_count; i++)
		printf("%" PRId64 " %s\n", events[i].at_ms, events[i].text);
	return 0;
}
