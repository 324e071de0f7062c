/* SPDX-License-Identifier: MIT */
/*
 * Every Redis key, spelled once. The table is used three ways: C builds keys
 * with key_*, the Lua library gets the same prefixes as its table K, and
 * docs/KEYS.md documents each with type, size, writer and retention (a lint
 * step checks that none is missing). The keys of list blocks are in
 * segments/list, the only other place.
 */
#pragma once

#include <stdint.h>

/* X(C and Lua name, spelling) */
#define REDIS_KEYS(X)                       \
	X(meta, "loa:meta")                 \
	X(incarnations, "loa:incarnations") \
	X(owners, "loa:owners")             \
	X(owned, "loa:owned:")              \
	X(lane, "loa:lane:")                \
	X(busy, ":busy")                    \
	X(landed, "loa:landed:")            \
	X(served, "loa:served:")            \
	X(ready, "loa:ready:")              \
	X(later, "loa:later:")              \
	X(waited, "loa:waited:")            \
	X(limit, "loa:limit:")              \
	X(caps, "loa:caps:")                \
	X(runs, "loa:runs")                 \
	X(run, "loa:run:")                  \
	X(count, ":count")                  \
	X(records, ":rec:")                 \
	X(audience, ":aud:")                \
	X(todo, ":todo:")                   \
	X(lease, ":lease")                  \
	X(request, ":req:")                 \
	X(earlier, ":earlier")              \
	X(log, ":log")                      \
	X(payload, ":pay:")                 \
	X(brake, ":brake")                  \
	X(pieces, ":pieces")                \
	X(schedule, "loa:schedule")         \
	X(occurrences, "loa:occurrences:")  \
	X(seq, "loa:seq")                   \
	X(names, "loa:names:")              \
	X(segment, "loa:segment:")          \
	X(template, "loa:template:")        \
	X(campaign, "loa:campaign:")        \
	X(idempotency, "loa:idempotency:")  \
	X(notices, "loa:notices")           \
	X(answer, "loa:answer:")            \
	X(ids, "loa:ids:")                  \
	X(sent, ":sent:")                   \
	X(set, ":set:")                     \
	X(parked, "loa:parked:")            \
	X(since, ":since")                  \
	X(unknown, "loa:unknown:")          \
	X(poll, "loa:poll:")                \
	X(suppress, "loa:suppress")         \
	X(hashed, ":hashed")                \
	X(erasing, "loa:erasing")           \
	X(erased, "loa:erased")             \
	X(acts, ":acts")                    \
	X(audit, "loa:audit")               \
	X(head, ":head")                    \
	X(brandnames, "loa:brandnames")     \
	X(patterns, "loa:patterns")         \
	X(choices, "loa:choices")           \
	X(libraries, "loa:libraries")       \
	X(units, "loa:units")               \
	X(user, "loa:user:")                \
	X(users, "loa:users")               \
	X(token, "loa:token:")              \
	X(tokens, "loa:tokens")             \
	X(session, "loa:session:")          \
	X(tries, "loa:tries:")              \
	X(freezes, "loa:freezes")           \
	X(alerts, "loa:alerts")             \
	X(opened, ":open")                  \
	X(walk, ":walk")                    \
	X(tick, "loa:tick")

#define X(name, text) extern const char key_prefix_##name[];
REDIS_KEYS(X)
#undef X

#define KEY_MAX 128

/* "loa:run:12" + suffix; out has room for KEY_MAX bytes. Returns out. */
const char *key_run(char *out, uint64_t run, const char *suffix);
/* "loa:run:12:rec:0:3": string of records j of partition p. */
const char *key_records(char *out, uint64_t run, unsigned p, uint32_t j);
/* "loa:run:12:aud:0:7": members of partition p in slice s of the list. */
const char *key_audience(char *out, uint64_t run, unsigned p, uint32_t s);
/* "loa:run:12:pay:0:3": payload of the notices whose records are in string j of partition p. */
const char *key_payload(char *out, uint64_t run, unsigned p, uint32_t j);
/* "loa:run:12:set:0:3": piece k of the run's set of phones n. */
const char *key_set(char *out, uint64_t run, unsigned n, uint32_t k);
/* prefix + id, for segment, template, campaign, lane, names. */
const char *key_of(char *out, const char *prefix, const char *id);
