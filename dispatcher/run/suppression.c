/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/suppression.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatcher/store/phone_hash.h"

enum err
suppression_check_scope(const struct config *c, const char *scope, struct err_ctx *e)
{
	const char *names[CLASS_ENTRIES_MAX], *near;
	int64_t unit = 0;
	char todo[120];

	if (strcmp(scope, "all") == 0)
		return ERR_OK;
	if (strncmp(scope, "unit:", 5) == 0) {
		struct slice number = slice_of(scope + 5);

		/* One spelling each, or a phone would be suppressed twice and freed once. */
		if (slice_to_i64(number, &unit) && unit > 0 && number.p[0] >= '1' &&
		    number.p[0] <= '9')
			return ERR_OK;
		return err_set(e, ERR_INPUT, "scope", "write unit:3, say",
			       "\"%.60s\" names no unit", scope);
	}
	if (strncmp(scope, "class:", 6) != 0)
		return err_set(e, ERR_INPUT, "scope", "",
			       "is \"%.60s\", not all, unit:N or class:NAME", scope);
	for (size_t i = 0; i < c->class_count; i++) {
		names[i] = c->classes[i].name;
		if (strcmp(names[i], scope + 6) == 0)
			return ERR_OK;
	}
	near = nearest_name(scope + 6, names, c->class_count);
	snprintf(todo, sizeof(todo), near != NULL ? "did you mean class:%s?" : "see the policy",
		 near);
	return err_set(e, ERR_INPUT, "scope", todo, "the policy has no class \"%.60s\"", scope + 6);
}

enum err
suppression_check_reason(const char *reason, struct err_ctx *e)
{
	struct slice s = slice_of(reason), rest = s;

	if (slice_trim(s).n == 0)
		return err_set(e, ERR_INPUT, "reason", "say why, in a few words", "is missing");
	if (s.n > SUPPRESSION_REASON_MAX)
		return err_set(e, ERR_INPUT, "reason", "say it in fewer words",
			       "has %zu bytes, at most %u", s.n, SUPPRESSION_REASON_MAX);
	while (rest.n > 0) {
		int32_t c = text_next(&rest);

		if (c < 0x20 || (c >= 0x7f && c < 0xa0))
			return err_set(e, ERR_INPUT, "reason", "write it on one line",
				       c < 0 ? "is not UTF-8" : "has a control character");
	}
	return ERR_OK;
}

/* ---- acts ---- */

struct apply {
	struct engine *engine;
	const char *name; /* of the function */
	struct argv args; /* but the time: known once Redis has answered */
	char id[33];
	size_t count;
	suppression_cb cb;
	void *arg;
};

/* [id, time, rest …] */
static void
add_args(const struct apply *ap, struct slice at_ms, struct argv *out)
{
	struct slice rest[ARGV_MAX];
	size_t n = argv_slices(&ap->args, rest);

	argv_adds(out, ap->id);
	argv_add(out, at_ms);
	for (size_t i = 0; i < n; i++)
		argv_add(out, rest[i]);
}

static void
on_applied(void *arg, const struct reply *r)
{
	struct apply *ap = arg;
	struct slice ms = reply_item(r, 1)->str, letters = reply_item(r, 2)->str;
	struct suppression_done d = {.epoch = reply_item(r, 0)->integer, .letters = letters.p};
	bool is_good = r->kind == REPLY_ARRAY && letters.n == ap->count;
	struct argv again = {0};
	struct err_ctx e;

	if (is_good) {
		/* Told again to a Redis that lost it, it is as old as it is. */
		add_args(ap, ms, &again);
		engine_journal(ap->engine, ap->name, &again);
		argv_free(&again);
	} else {
		err_set(&e, ERR_UNREACHABLE, "Redis", "look whether it is done, then try again",
			"the server stops");
	}
	if (ap->cb != NULL)
		ap->cb(ap->arg, is_good ? &d : NULL, is_good ? NULL : &e);
	argv_free(&ap->args);
	free(ap);
}

void
suppression_apply(struct engine *e, const struct suppression_act *a, suppression_cb cb, void *arg)
{
	static const char *const sources[] = {
		[BY_PERSON] = "person",
		[BY_IMPORT] = "import",
		[BY_REPLY] = "reply",
		[BY_GATEWAY] = "gateway",
	};
	struct apply *ap = xcalloc(1, sizeof(*ap));
	struct argv args = {0};
	struct buf phones = {0}, hashes = {0};

	ap->engine = e;
	ap->name = a->is_removal ? "suppress_rm" : "suppress_add";
	ap->count = a->count;
	ap->cb = cb;
	ap->arg = arg;
	if (a->id != NULL)
		snprintf(ap->id, sizeof(ap->id), "%s", a->id);
	else
		random_hex(ap->id, 16);
	for (size_t i = 0; i < a->count; i++) {
		uint8_t hash[PHONE_HASH_BYTES];

		phone_hash(a->phones[i], engine_phone_key(e), hash);
		buf_addf(&phones, "%" PRIu64 " ", a->phones[i]);
		buf_add(&hashes, hash, sizeof(hash));
	}
	argv_adds(&ap->args, a->scope);
	argv_adds(&ap->args, a->reason);
	argv_adds(&ap->args, sources[a->source]);
	argv_add(&ap->args, buf_slice(&phones));
	argv_add(&ap->args, buf_slice(&hashes));
	add_args(ap, SLICE(""), &args);
	engine_sure(e, ap->name, &args, false, on_applied, ap);
	argv_free(&args);
	buf_free(&phones);
	buf_free(&hashes);
}
