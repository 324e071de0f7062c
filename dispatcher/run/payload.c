/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/payload.h"

#include <assert.h>

#define VERSION 1
#define FLAG_UNICODE 1u

void
payload_encode(const struct payload *p, struct buf *out)
{
	assert(p->label.n <= NOTICE_LABEL_MAX && p->order.n <= NOTICE_ORDER_MAX);
	buf_add_u8(out, VERSION);
	buf_add_u8(out, p->is_unicode ? FLAG_UNICODE : 0);
	buf_add_u8(out, p->parts);
	buf_add_u64(out, p->phone);
	buf_add_u64(out, (uint64_t)p->accepted_ms);
	buf_add_u8(out, (uint8_t)p->label.n);
	buf_add_slice(out, p->label);
	buf_add_u8(out, (uint8_t)p->order.n);
	buf_add_slice(out, p->order);
	buf_add_slice(out, p->text);
}

bool
payload_decode(struct slice bytes, struct payload *out)
{
	struct reader r = reader_of(bytes);
	uint8_t version = reader_u8(&r), flags = reader_u8(&r);

	out->is_unicode = (flags & FLAG_UNICODE) != 0;
	out->parts = reader_u8(&r);
	out->phone = reader_u64(&r);
	out->accepted_ms = (int64_t)reader_u64(&r);
	out->label = reader_bytes(&r, reader_u8(&r));
	out->order = reader_bytes(&r, reader_u8(&r));
	out->text = reader_bytes(&r, r.left);
	return !r.is_bad && version == VERSION && out->phone != 0 && out->parts > 0 &&
	       out->text.n > 0;
}
