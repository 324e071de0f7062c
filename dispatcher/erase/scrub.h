/* SPDX-License-Identifier: MIT */
/*
 * What is done about one thing in Redis that names a person who is erased; the table in scrub.c says
 * it for each key, docs/ERASURE.md tells it. Every step is one Lua call that compares first: what was
 * changed meanwhile is left, and found by the next pass.
 */
#pragma once

#include "dispatcher/erase/key_walk.h"
#include "dispatcher/store/engine.h"
#include "segments/phone_trace.h"

#define SCRUB_PLACES_MAX 20u

struct scrub_count {
	uint64_t lists, versions; /* that had a row or cell */
	uint64_t rows, cells;	  /* rows of the person; cells of others */
	uint64_t rejects;	  /* lines of rejected rows */
	uint64_t lines;		  /* of logs, and other records of ours */
	uint64_t messages;	  /* single messages: payloads */
	uint64_t suppressions;	  /* phones in clear */
	uint64_t kept;		  /* what people wrote: queries, templates, names. Not changed */
};
/* All of it but `kept`: what a pass could scrub. */
uint64_t scrub_found(const struct scrub_count *c);

struct scrub;
struct scrub_options {
	struct engine *engine;
	const struct phone_trace *trace; /* outlives it */
	/* The hash of a wanted phone that stands in clear among the suppressions goes by it. */
	const char *asked_s;	    /* copied */
	void (*on_idle)(void *arg); /* no step is under way any more; after scrub_wait */
	void *arg;
};
struct scrub *scrub_new(const struct scrub_options *o);
/* Steps under way end by themselves. */
void scrub_free(struct scrub *s);

/* One thing. is_looking: count it only. */
void scrub_item(struct scrub *s, const struct key_item *i, bool is_looking);
/* Call on_idle, once, in a later turn, when all steps are answered. */
void scrub_wait(struct scrub *s);
/* Begin to count from zero; which lists and versions were met is kept, places if that is wanted. */
void scrub_restart(struct scrub *s, bool keeps_places);
const struct scrub_count *scrub_counted(const struct scrub *s);
/* A step could not be taken: Redis is away. */
bool scrub_has_failed(const struct scrub *s);
/* Names of keys that hold what people wrote, the number in them masked; NULL = no more. */
const char *scrub_place(const struct scrub *s, size_t i);
