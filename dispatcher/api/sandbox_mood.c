/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/sandbox_mood.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"

#define LATENCY_MIN_MS 30
#define LATENCY_SPAN_MS 51 /* 30 to 80 ms */
#define LATE_MS 20000
#define RESOLVED_LATE_MS 10000 /* of what was taken without an answer: the repeat comes first */

/* The number that the last n digits make. */
static unsigned
last_digits(const char *phone, size_t n)
{
	size_t len = strlen(phone);
	unsigned v = 0;

	for (const char *p = phone + (len > n ? len - n : 0); *p != '\0'; p++)
		v = v * 10 + (*p >= '0' && *p <= '9' ? (unsigned)(*p - '0') : 0);
	return v;
}

/* By the last digit alone. */
static void
everyday_mood(unsigned digit, struct mood *out)
{
	out->is_delivered = digit != 7;
	out->receipts = digit == 9 ? 0 : 1;
	out->receipt_ms = digit == 8 ? LATE_MS : (1 + digit % 5) * 1000;
}

void
mood_of_phone(const char *phone, struct mood *out)
{
	unsigned two = last_digits(phone, 2);

	*out = (struct mood){
		.answer = MOOD_ACCEPT,
		.latency_ms = LATENCY_MIN_MS + last_digits(phone, 4) % LATENCY_SPAN_MS,
		.receipts = 1,
		.receipt_ms = 1000,
		.is_delivered = true,
	};
	switch (two) {
	case 99:
		out->answer = MOOD_REFUSE;
		out->receipts = 0;
		break;
	case 98:
		out->answer = MOOD_TEMPORARY_FIRST;
		break;
	case 97:
		out->answer = MOOD_SILENT;
		out->receipts = 0;
		break;
	case 96:
		out->receipts = 2;
		break;
	case 95:
		out->receipt_ms = 0;
		break;
	case 94:
		out->answer = MOOD_THROTTLE_FIRST;
		break;
	case 93:
		out->answer = MOOD_SILENT_FIRST;
		out->receipt_ms = RESOLVED_LATE_MS;
		break;
	default:
		everyday_mood(two % 10, out);
	}
}

/* ---- memory: a ring in the order of coming, chained by key ---- */

struct thing {
	uint64_t key;
	int64_t at_ms;
	uint32_t next; /* 1-based; 0 = the last of its chain */
};

struct memory {
	uint32_t most;
	int64_t keep_ms;
	uint32_t *chains; /* [most], 1-based first thing; 0 = none */
	struct thing *ring;
	uint64_t count; /* ever added; the next place is count % most */
};

struct memory *
memory_new(uint32_t most, int64_t keep_ms)
{
	struct memory *m = xcalloc(1, sizeof(*m));

	m->most = most;
	m->keep_ms = keep_ms;
	m->chains = xcalloc(most, sizeof(*m->chains));
	m->ring = xcalloc(most, sizeof(*m->ring));
	return m;
}

void
memory_free(struct memory *m)
{
	if (m == NULL)
		return;
	free(m->chains);
	free(m->ring);
	free(m);
}

uint64_t
memory_key(struct slice a, struct slice b)
{
	uint8_t hash[16];
	struct buf both = {0};
	uint64_t key;

	buf_add_u32(&both, (uint32_t)a.n);
	buf_add_slice(&both, a);
	buf_add_slice(&both, b);
	hash_plain(buf_slice(&both), hash);
	memcpy(&key, hash, sizeof(key));
	buf_free(&both);
	return key;
}

bool
memory_has(const struct memory *m, uint64_t key)
{
	uint32_t i = m->chains[key % m->most];

	while (i != 0 && m->ring[i - 1].key != key)
		i = m->ring[i - 1].next;
	return i != 0;
}

static void
forget(struct memory *m, uint32_t place)
{
	uint32_t *link = &m->chains[m->ring[place].key % m->most];

	while (*link != place + 1)
		link = &m->ring[*link - 1].next;
	*link = m->ring[place].next;
}

bool
memory_add(struct memory *m, uint64_t key, int64_t now_ms)
{
	uint32_t place = (uint32_t)(m->count % m->most);
	uint32_t *chain = &m->chains[key % m->most];

	if (m->count >= m->most) {
		if (now_ms - m->ring[place].at_ms < m->keep_ms)
			return false;
		forget(m, place);
	}
	m->ring[place] = (struct thing){.key = key, .at_ms = now_ms, .next = *chain};
	*chain = place + 1;
	m->count++;
	return true;
}
