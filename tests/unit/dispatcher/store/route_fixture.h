/* SPDX-License-Identifier: MIT */
/*
 * Routes in a real Redis: one partition, lanes "a" (tariff 0) and "b" (tariff 1). A run leaves a lane
 * after a minute and comes back after ten: a slow machine moves the clock, too.
 */
#pragma once

#include "tests/unit/dispatcher/store/library_fixture.h"

static inline void
launch_routes(unsigned n, const char *routes)
{
	static const char bitmap[2048];
	struct argv a = {0};
	struct buf records = {0};
	char campaign[48];

	fx.run++;
	snprintf(campaign, sizeof(campaign), "loa:campaign:%lld", (long long)fx.run);
	COMMAND("HSET", campaign, "state", "draft");
	argv_adds(&a, campaign);
	argv_add_int(&a, fx.run);
	argv_adds(&a, "3");
	argv_adds(&a, "a,b");
	argv_adds(&a, "1");
	argv_adds(&a, "routes");
	argv_adds(&a, routes);
	argv_adds(&a, "route_wait_ms");
	argv_adds(&a, "60000");
	argv_adds(&a, "route_return_s");
	argv_adds(&a, "600");
	argv_adds(&a, "brake_min");
	argv_adds(&a, "50");
	argv_adds(&a, "brake_window");
	argv_adds(&a, "500");
	call("launch", &a);
	for (unsigned i = 0; i < n; i++)
		buf_add(&records, "\0\0\0\0\0\0\0\0", 8);
	a = (struct argv){0};
	argv_add_int(&a, fx.run);
	argv_adds(&a, "0");
	argv_adds(&a, "1");
	argv_adds(&a, "0");
	argv_add(&a, (struct slice){bitmap, sizeof(bitmap)});
	argv_add(&a, buf_slice(&records));
	assert_string_equal(call("freeze", &a), "1");
	buf_free(&records);
}

static inline int
set_up_lanes(void **state)
{
	int rc = set_up(state);

	COMMAND("HSET", "loa:lane:a", "rate", "100000", "concurrency", "100");
	COMMAND("HSET", "loa:lane:b", "rate", "100000", "concurrency", "100");
	COMMAND("SADD", "loa:served:a", "inc-1");
	COMMAND("SADD", "loa:served:b", "inc-1");
	return rc;
}

/* Time goes on, and the process lives. */
static inline void
pass(int64_t ms)
{
	for (int64_t step; ms > 0; ms -= step) {
		step = ms < 4000 ? ms : 4000;
		move_clock(step);
		hello("inc-1");
	}
}

/* The keeper looks at the run, once a second. */
static inline void
keep(unsigned seconds)
{
	while (seconds-- > 0) {
		pass(1000);
		call_words("progress", "%lld", (long long)fx.run);
	}
}

static inline void
be(const char *lane)
{
	fx.lane = lane;
	fx.tariff = lane[0] == 'b';
}

/* The range that the lane is given, "0:5"; "" = none, and fx.reply says why. */
static inline const char *
take(const char *lane, unsigned want)
{
	static char range[32];
	long long run, fence;
	unsigned p, from, to;

	be(lane);
	range[0] = '\0';
	if (sscanf(claim("inc-1", want), "[work, %lld, %u, %u, %u, %lld", &run, &p, &from, &to,
		   &fence) == 5)
		snprintf(range, sizeof(range), "%u:%u", from, to);
	return range;
}

static inline void
rest(const char *lane, int64_t ms)
{
	char key[32], till[24], since[24];
	long long s = 0, us = 0, now;

	assert_int_equal(sscanf(COMMAND("TIME"), "[%lld, %lld]", &s, &us), 2);
	now = s * 1000 + us / 1000 + fx.offset_ms;
	snprintf(key, sizeof(key), "loa:lane:%s", lane);
	snprintf(till, sizeof(till), "%lld", now + (long long)ms);
	snprintf(since, sizeof(since), "%lld", now);
	COMMAND("HSET", key, "not_before", till, "not_since", since, "why", "it does not answer");
}

static inline const char *
field(const char *name)
{
	char key[32];

	snprintf(key, sizeof(key), "loa:run:%lld", (long long)fx.run);
	return COMMAND("HGET", key, name);
}

static inline const char *
todo_of(const char *which)
{
	char key[48];

	snprintf(key, sizeof(key), "loa:run:%lld:todo:%s", (long long)fx.run, which);
	return COMMAND("ZRANGE", key, "0", "-1");
}

static inline void
release(unsigned from)
{
	call_words("release", "%lld 0 %u inc-1 %lld 0", (long long)fx.run, from,
		   (long long)fx.fence);
}

#define L(f) cmocka_unit_test_setup_teardown(f, set_up_lanes, tear_down)
