/* SPDX-License-Identifier: MIT */
/*
 * What stays of a phone that was erased: 128 bits of a keyed hash. The key is derived from the
 * installation's: without Redis, or a backup of it, the hash says nothing.
 */
#pragma once

#include "base/random.h"

#define PHONE_HASH_BYTES 16u

/* The key for phones, of the installation's. */
void phone_hash_key(const uint8_t install_key[HASH_KEY_BYTES], uint8_t out[HASH_KEY_BYTES]);
/* phone = 84912345678. */
void phone_hash(uint64_t phone, const uint8_t key[HASH_KEY_BYTES], uint8_t out[PHONE_HASH_BYTES]);
