/* SPDX-License-Identifier: MIT */
/*
 * Appending goes: the head → the entry and its hash → append if that is the
 * head still, else again with the head that there is. Before the first entry
 * comes the genesis. No answer is a failure, not a reason to wait: nobody wants
 * what was decided to be done minutes later.
 */
#include "dispatcher/store/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

struct append {
	struct engine *engine;
	json_t *entry; /* but its number */
	json_t *genesis;
	audit_cb cb;
	void *arg;
	struct audit_chain head;
	bool is_genesis; /* what is under way now */
	struct argv args;
};

/* ---- chain ---- */

static void
to_hex(const uint8_t bytes[32], char out[AUDIT_HASH_HEX])
{
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

static bool
from_hex(struct slice hex, uint8_t out[32])
{
	if (hex.n != 64)
		return false;
	for (size_t i = 0; i < 64; i++) {
		char c = hex.p[i];
		unsigned v = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
			     : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
						    : 16;

		if (v > 15)
			return false;
		out[i / 2] = (uint8_t)(i % 2 == 0 ? v << 4 : out[i / 2] | v);
	}
	return true;
}

void
audit_hash(const struct audit_chain *c, struct slice entry, char out[AUDIT_HASH_HEX])
{
	struct buf text = {0};
	uint8_t hash[32];

	buf_add(&text, c->hash, sizeof(c->hash));
	buf_add_slice(&text, entry);
	hash_plain256(buf_slice(&text), hash);
	buf_free(&text);
	to_hex(hash, out);
}

enum err
audit_chain_next(struct audit_chain *c, uint64_t n, struct slice entry, struct slice hash,
		 struct err_ctx *e)
{
	char wanted[AUDIT_HASH_HEX], number[32];

	snprintf(number, sizeof(number), "\"n\":%" PRIu64 ",", n);
	if (n != c->n + 1)
		return err_set(e, ERR_CONFLICT, "audit", "",
			       "entry %" PRIu64 " is missing: entry %" PRIu64
			       " follows entry %" PRIu64,
			       c->n + 1, n, c->n);
	audit_hash(c, entry, wanted);
	if (!slice_is(hash, wanted) || !from_hex(hash, c->hash) || entry.n == 0 ||
	    memmem(entry.p, entry.n, number, strlen(number)) == NULL)
		return err_set(e, ERR_CONFLICT, "audit", "",
			       "entry %" PRIu64 " is not as it was written", n);
	c->n = n;
	return ERR_OK;
}

enum err
audit_chain_end(const struct audit_chain *c, uint64_t n, struct slice hash, struct err_ctx *e)
{
	char mine[AUDIT_HASH_HEX];

	to_hex(c->hash, mine);
	if (n > c->n)
		return err_set(e, ERR_CONFLICT, "audit", "",
			       "entries %" PRIu64 " to %" PRIu64 " are missing at the end",
			       c->n + 1, n);
	if (n < c->n || (n > 0 && !slice_is(hash, mine)))
		return err_set(e, ERR_CONFLICT, "audit", "",
			       "the head is not that of entry %" PRIu64, c->n);
	return ERR_OK;
}

/* ---- append ---- */

static void ask_append(struct append *ap);

static void
append_end(struct append *ap, uint64_t n, const struct err_ctx *e)
{
	ap->cb(ap->arg, n, e);
	json_decref(ap->entry);
	json_decref(ap->genesis);
	argv_free(&ap->args);
	free(ap);
}

static void
append_fail(struct append *ap, const struct reply *r)
{
	struct err_ctx e;

	err_set(&e, ERR_UNREACHABLE, "audit", "look what became of it, then try again",
		"cannot be written, so nothing was done: %.*s", (int)r->str.n,
		r->str.n > 0 ? r->str.p : "");
	append_end(ap, 0, &e);
}

static bool
take_head(struct append *ap, const struct reply *n, const struct reply *hash)
{
	ap->head = (struct audit_chain){.n = (uint64_t)n->integer};
	return n->kind == REPLY_INTEGER && n->integer >= 0 &&
	       (n->integer == 0 || from_hex(hash->str, ap->head.hash));
}

static void
on_appended(void *arg, const struct reply *r)
{
	struct append *ap = arg;

	if (slice_is(reply_item(r, 0)->str, "done")) {
		/* A Redis that lost it gets it again, if nobody else was quicker. */
		engine_journal(ap->engine, "audit_append", &ap->args);
		if (!ap->is_genesis) {
			append_end(ap, ap->head.n + 1, NULL);
			return;
		}
		from_hex((struct slice){ap->args.bytes.data + ap->args.bytes.len - 64, 64},
			 ap->head.hash);
		ap->head.n++;
		ask_append(ap);
	} else if (slice_is(reply_item(r, 0)->str, "moved") &&
		   take_head(ap, reply_item(r, 1), reply_item(r, 2))) {
		ask_append(ap);
	} else {
		append_fail(ap, r);
	}
}

static void
ask_append(struct append *ap)
{
	char prev[AUDIT_HASH_HEX] = "", hash[AUDIT_HASH_HEX];
	json_t *entry;
	char *text;

	ap->is_genesis = ap->head.n == 0;
	entry = ap->is_genesis ? ap->genesis : ap->entry;
	json_object_set_new(entry, "n", json_integer((json_int_t)ap->head.n + 1));
	text = json_dumps(entry, JSON_COMPACT | JSON_SORT_KEYS);
	audit_hash(&ap->head, slice_of(text), hash);
	if (ap->head.n > 0)
		to_hex(ap->head.hash, prev);
	argv_reset(&ap->args);
	argv_add_int(&ap->args, (int64_t)ap->head.n + 1);
	argv_adds(&ap->args, prev);
	argv_adds(&ap->args, text);
	argv_adds(&ap->args, hash);
	free(text);
	engine_call(ap->engine, "audit_append", &ap->args, on_appended, ap);
}

static json_t *
entry_new(const char *actor, const char *act, const char *object, json_t *details)
{
	char time[32];

	clock_format_vn(clock_wall_ms() / 1000, time);
	return json_pack("{s:s, s:s, s:s, s:s, s:o}", "time", time, "actor", actor, "act", act,
			 "object", object, "details", details);
}

static void
on_head(void *arg, const struct reply *r)
{
	struct append *ap = arg;
	uint8_t install[16];
	char name[33];

	if (r->kind != REPLY_ARRAY || !take_head(ap, reply_item(r, 0), reply_item(r, 1))) {
		append_fail(ap, r);
		return;
	}
	/* The installation's key is a secret; what is hashed from it is a name. */
	hash_plain(reply_item(r, 2)->str, install);
	for (size_t i = 0; i < sizeof(install); i++)
		snprintf(name + 2 * i, 3, "%02x", install[i]);
	ap->genesis = entry_new("loa", "genesis", "installation",
				json_pack("{s:s}", "installation", name));
	ask_append(ap);
}

void
audit_append(struct engine *e, const char *actor, const char *act, const char *object,
	     json_t *details, audit_cb cb, void *arg)
{
	struct append *ap = xcalloc(1, sizeof(*ap));
	struct argv none = {0};

	ap->engine = e;
	ap->cb = cb;
	ap->arg = arg;
	ap->entry = entry_new(actor, act, object, details != NULL ? details : json_object());
	engine_call(e, "audit_head", &none, on_head, ap);
}
