/* SPDX-License-Identifier: MIT */
#include "segments/phone_chain.h"

#include <assert.h>
#include <stdlib.h>

#include "base/mem.h"

void
shared_phones_add(struct shared_phones *s, uint64_t phone)
{
	bool is_added;

	if (s->all == NULL) {
		s->all = phone_set_new();
		phone_set_note_repeated(s->all);
	}
	is_added = phone_set_add(s->all, phone);
	assert(is_added);
	(void)is_added;
}

void
shared_phones_end(struct shared_phones *s)
{
	if (s->all == NULL)
		return;
	phone_set_settle(s->all);
	s->shared = phone_set_take_repeated(s->all);
	s->count = phone_set_count(s->shared);
	s->rows_repeated = phone_set_added(s->all) - phone_set_count(s->all);
	phone_set_free(s->all);
	s->all = NULL;
	if (s->count > 0)
		return;
	phone_set_free(s->shared);
	s->shared = NULL;
}

struct phone_set *
shared_phones_take(struct shared_phones *s)
{
	struct phone_set *shared = s->shared;

	s->shared = NULL;
	return shared;
}

void
shared_phones_free(struct shared_phones *s)
{
	phone_set_free(s->all);
	phone_set_free(s->shared);
	*s = (struct shared_phones){NULL, NULL, 0, 0};
}

enum err
shared_phones_of_block(struct phone_set *shared, const struct block *b, struct err_ctx *e)
{
	for (uint32_t i = 0; i < b->rows; i++) {
		uint64_t phone = block_phone(b, i);

		if (block_same_back(b, i) == 0 || phone == 0)
			continue;
		if (!phone_set_add(shared, phone))
			return err_set(e, ERR_SYSTEM, "list", "import it again",
				       "a block is damaged: the number in its row %u is no phone",
				       i);
	}
	return ERR_OK;
}

struct phone_chain {
	struct phone_set *shared;
	uint32_t *next; /* [phones of shared]: the row behind the last one that has it; 0 = none */
	uint64_t *repeated; /* a bit each: several rows have it */
	uint64_t count;	    /* of those bits that are set */
};

struct phone_chain *
phone_chain_new(struct phone_set *shared)
{
	struct phone_chain *c = xcalloc(1, sizeof(*c));

	c->shared = shared;
	c->next = xcalloc(phone_set_count(shared) + 1, sizeof(*c->next));
	c->repeated = xcalloc(phone_set_count(shared) / 64 + 1, sizeof(*c->repeated));
	return c;
}

void
phone_chain_free(struct phone_chain *c)
{
	if (c == NULL)
		return;
	phone_set_free(c->shared);
	free(c->next);
	free(c->repeated);
	free(c);
}

uint32_t
phone_chain_put(struct phone_chain *c, uint64_t phone, uint32_t row)
{
	int64_t at = phone_set_index(c->shared, phone);
	uint32_t back = 0;
	uint64_t bit;

	if (at < 0)
		return 0;
	bit = UINT64_C(1) << (at % 64);
	if (c->next[at] > 0) {
		back = row + 1 - c->next[at];
		c->count += (c->repeated[at / 64] & bit) == 0;
		c->repeated[at / 64] |= bit;
	}
	c->next[at] = row + 1;
	return back;
}

uint64_t
phone_chain_count(const struct phone_chain *c)
{
	return c->count;
}

bool
phone_chain_block(struct phone_chain *c, uint32_t first, const struct block *b, struct buf *people)
{
	uint32_t same_back[BLOCK_ROWS];
	bool has_any = false;

	for (uint32_t i = 0; i < b->rows; i++) {
		same_back[i] = phone_chain_put(c, block_phone(b, i), first + i);
		has_any |= same_back[i] > 0;
	}
	if (has_any)
		block_write_people(b, same_back, people);
	return has_any;
}
