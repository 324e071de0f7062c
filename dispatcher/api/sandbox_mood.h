/* SPDX-License-Identifier: MIT */
/*
 * How the sandbox treats a phone: by its last digits, as docs/FORMATS.md
 * ("Sandbox") has it, always the same, without chance. And what it remembers:
 * references that it took, texts that it sent away once. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum mood_answer {
	MOOD_ACCEPT,
	MOOD_REFUSE,	      /* bad recipient */
	MOOD_TEMPORARY_FIRST, /* "try later" to the first asking, then accepted */
	MOOD_THROTTLE_FIRST,  /* "too fast" to the first asking, then accepted */
	MOOD_SILENT_FIRST,    /* takes it and does not answer; a repeat is a duplicate */
	MOOD_SILENT,	      /* never answers */
};

struct mood {
	enum mood_answer answer;
	int64_t latency_ms; /* until the answer */
	unsigned receipts;  /* 0 = none */
	int64_t receipt_ms; /* from its acceptance to the first; 0 = before the answer */
	bool is_delivered;  /* what the receipts say; else undeliverable */
};
/* phone: digits. */
void mood_of_phone(const char *phone, struct mood *out);

/*
 * Things seen lately, at most `most`; the oldest is forgotten for a new one,
 * but never one younger than keep_ms.
 */
struct memory;
struct memory *memory_new(uint32_t most, int64_t keep_ms);
void memory_free(struct memory *m);
uint64_t memory_key(struct slice a, struct slice b);
bool memory_has(const struct memory *m, uint64_t key);
/* False: it is full of what may not be forgotten yet; nothing was kept. */
bool memory_add(struct memory *m, uint64_t key, int64_t now_ms);
