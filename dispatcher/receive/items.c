/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/items.h"

void
item_add_text(struct buf *b, const char *s)
{
	size_t n = strlen(s);

	buf_add_u8(b, (uint8_t)n);
	buf_add(b, s, n);
}

/* Longer than there is room for cannot be: it was added from as much. */
void
item_read_text(struct reader *r, char *out, size_t cap)
{
	struct slice s = reader_bytes(r, reader_u8(r));

	if (s.n >= cap)
		r->is_bad = true;
	else if (s.n > 0)
		memcpy(out, s.p, s.n);
	out[s.n < cap ? s.n : 0] = '\0';
}

void
item_add(struct buf *b, const struct receipt *r)
{
	buf_add_u8(b, (uint8_t)r->state);
	item_add_text(b, r->reference);
	item_add_text(b, r->id);
	item_add_text(b, r->phone);
	item_add_text(b, r->code);
}

bool
item_read(struct reader *r, struct receipt *out)
{
	uint8_t state = reader_u8(r);

	if (state > RECEIPT_UNKNOWN)
		r->is_bad = true;
	out->state = (enum receipt_state)state;
	item_read_text(r, out->reference, sizeof(out->reference));
	item_read_text(r, out->id, sizeof(out->id));
	item_read_text(r, out->phone, sizeof(out->phone));
	item_read_text(r, out->code, sizeof(out->code));
	return !r->is_bad;
}
