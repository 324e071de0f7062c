/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/old_library.h"

#include "base/log.h"
#include "base/mem.h"

static void
on_deleted(void *arg, const struct reply *r)
{
	(void)arg;
	if (r->kind == REPLY_ERROR)
		log_warn("call=function-delete result=error why=\"%.*s\"", (int)r->str.n, r->str.p);
}

static void
on_unused(void *arg, const struct reply *r)
{
	struct engine *e = arg;

	if (r->kind != REPLY_ARRAY)
		return;
	for (size_t i = 0; i < r->count; i++) {
		struct slice name = reply_item(r, i)->str;
		struct slice v[] = {SLICE("FUNCTION"), SLICE("DELETE"), name};

		log_info("library=%.*s result=deleted why=unused-for-a-day", (int)name.n, name.p);
		redis_command(engine_redis(e), v, ARRAY_LEN(v), on_deleted, NULL);
	}
}

/* The names of the libraries, as FUNCTION LIST has them: pairs, one of which is library_name. */
static void
on_listed(void *arg, const struct reply *r)
{
	struct engine *e = arg;
	struct argv a = {0};

	if (r->kind != REPLY_ARRAY)
		return;
	for (size_t i = 0; i < r->count && a.count < ARGV_MAX; i++) {
		const struct reply *one = reply_item(r, i);

		for (size_t k = 0; k + 1 < one->count; k += 2)
			if (slice_is(reply_item(one, k)->str, "library_name"))
				argv_add(&a, reply_item(one, k + 1)->str);
	}
	engine_call(e, "unused", &a, on_unused, e);
	argv_free(&a);
}

void
old_library_sweep(struct engine *e)
{
	struct slice v[] = {SLICE("FUNCTION"), SLICE("LIST"), SLICE("LIBRARYNAME"), SLICE("loa_*")};

	redis_command(engine_redis(e), v, ARRAY_LEN(v), on_listed, e);
}
