/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/import_care.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/store/audit.h"

struct check {
	struct api *api;
	const char *who;
	const struct import_care *care; /* borrowed until cb */
	char object[160];
	import_care_cb cb;
	void *arg;
};

static void
check_end(struct check *c, const struct err_ctx *e)
{
	c->cb(c->arg, e);
	free(c);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	(void)n;
	check_end(arg, e);
}

static bool
says_anything(const struct import_care *c)
{
	for (size_t f = 0; f < CARE_FACTS; f++)
		if (c->given[f])
			return true;
	return false;
}

static void
on_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct check *c = arg;
	struct err_ctx why;
	int64_t now_s = l != NULL ? l->now_s : clock_wall_ms() / 1000;

	if (l == NULL && e->code != ERR_NOT_FOUND) {
		check_end(c, e);
	} else if (l != NULL && l->is_locked) {
		care_refuse(l->name, &l->care, &why);
		check_end(c, &why);
	} else if (c->care->given[CARE_RETAIN_UNTIL] && care_is_locked(&c->care->care, now_s)) {
		err_set(&why, ERR_INPUT, "retain_until", "give a later day",
			"%s is over: the list would be locked at once",
			c->care->care.text[CARE_RETAIN_UNTIL]);
		check_end(c, &why);
	} else if (c->care->is_dry || !says_anything(c->care)) {
		check_end(c, NULL);
	} else {
		audit_append(c->api->daemon->engine, c->who, "list.set", c->object,
			     api_care_details(l != NULL ? &l->care : NULL, &c->care->care,
					      c->care->given, "import"),
			     on_audited, c);
	}
	list_free(l);
}

void
import_care_check(struct api *a, struct http_exchange *x, const char *list,
		  const struct import_care *care, import_care_cb cb, void *arg)
{
	struct check *c = xcalloc(1, sizeof(*c));

	*c = (struct check){.api = a, .who = api_who(x), .care = care, .cb = cb, .arg = arg};
	snprintf(c->object, sizeof(c->object), "list:%s", list);
	list_load(engine_redis(a->daemon->engine), list, false, on_list, c);
}
