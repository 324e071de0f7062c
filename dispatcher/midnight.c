/* SPDX-License-Identifier: MIT */
#include "dispatcher/midnight.h"

#include "base/clock.h"
#include "base/log.h"

#define DAY_MS 86400000
#define LOOK_MS 3600000 /* at least so often: the clock may be set */

static void
begin_day(struct config *c, int64_t today)
{
	struct err_ctx e;
	struct buf text = {0};
	char now[32];

	clock_format_vn(today * 86400 - VN_UTC_OFFSET_S, now);
	now[10] = '\0';
	if (config_set_day(c, today, &e) == ERR_OK) {
		log_info("day=%s numbering=in-force", now);
		return;
	}
	err_print(&e, &text);
	log_error("day=%s numbering=as-before why=%s todo=mend the file, then send HUP", now,
		  text.data);
	buf_free(&text);
}

static void
on_look(struct timer *t, void *arg)
{
	struct midnight *m = arg;
	int64_t today = clock_today_vn(), wait;

	if (today != (*m->config)->plan_day)
		begin_day(*m->config, today);
	wait = (today + 1) * DAY_MS - VN_UTC_OFFSET_S * 1000 - clock_wall_ms();
	timer_arm_ms(m->loop, t, wait < LOOK_MS ? wait : LOOK_MS);
}

void
midnight_open(struct midnight *m, struct loop *l, struct config *const *config)
{
	m->loop = l;
	m->config = config;
	timer_init(&m->look, on_look, m);
	timer_arm_ms(l, &m->look, 0);
}

void
midnight_shut(struct midnight *m)
{
	if (m->loop != NULL)
		timer_disarm(m->loop, &m->look);
}
