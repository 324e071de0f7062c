/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/phone_hash.h"

#include <inttypes.h>
#include <stdio.h>

void
phone_hash_key(const uint8_t install_key[HASH_KEY_BYTES], uint8_t out[HASH_KEY_BYTES])
{
	hash_keyed(SLICE("phones that were erased"), install_key, out, HASH_KEY_BYTES);
}

void
phone_hash(uint64_t phone, const uint8_t key[HASH_KEY_BYTES], uint8_t out[PHONE_HASH_BYTES])
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, phone);
	hash_keyed(slice_of(digits), key, out, PHONE_HASH_BYTES);
}
