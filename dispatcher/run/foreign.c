/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/foreign.h"

#define DAY_S 86400
#define DEADLINE_DEFAULT_S (3 * DAY_S)

struct foreign
foreign_of(const struct driver *d, const struct capability *cap)
{
	bool is_asked = d->poll != NULL && cap->poll_after_s > 0;
	bool has_any = cap->has_receipts || is_asked;
	struct foreign f = {
		.deadline_s =
			cap->receipt_deadline_s > 0 ? cap->receipt_deadline_s : DEADLINE_DEFAULT_S,
		.has_ids = is_asked || (cap->has_receipts && cap->echo == ECHO_ID),
		.is_by_request = has_any && cap->batch_max > 1 && !cap->is_echo_of_message &&
				 cap->reference_scope == REFERENCE_PER_REQUEST,
		.poll_ms = is_asked ? (int64_t)cap->poll_after_s * 1000 : 0,
	};

	if (f.has_ids || f.is_by_request)
		f.keep_s = f.deadline_s + DAY_S;
	return f;
}

/* The lane is hashed too: two gateways may count alike. */
void
foreign_id(const char *lane, const char *id, const uint8_t key[REFERENCE_KEY_BYTES],
	   uint8_t out[FOREIGN_ID_BYTES])
{
	char text[128 + GATEWAY_ID_MAX];
	uint8_t hash[16];
	size_t n = strlen(lane), m = strlen(id);

	n = n < 127 ? n : 127;
	m = m < GATEWAY_ID_MAX ? m : GATEWAY_ID_MAX;
	memcpy(text, lane, n);
	text[n] = '\n';
	memcpy(text + n + 1, id, m);
	hash_keyed((struct slice){text, n + 1 + m}, key, hash, sizeof(hash));
	memcpy(out, hash, FOREIGN_ID_BYTES);
}

void
foreign_phone(struct slice phone, const uint8_t key[REFERENCE_KEY_BYTES],
	      uint8_t out[FOREIGN_PHONE_BYTES])
{
	uint8_t hash[16];

	hash_keyed(phone, key, hash, sizeof(hash));
	memcpy(out, hash, FOREIGN_PHONE_BYTES);
}
