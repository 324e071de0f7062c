/* SPDX-License-Identifier: MIT */
/* What a key of segments/list.h is, for who goes over all of them. */
#include <string.h>

#include "segments/list_inside.h"

/* PREFIX ID:NUMBER */
static bool
is_key_of(struct slice key, const char *prefix, uint64_t *id, uint64_t *number)
{
	size_t n = strlen(prefix);
	struct slice first;
	int64_t a = 0, b = 0;

	if (key.n <= n || memcmp(key.p, prefix, n) != 0)
		return false;
	key = (struct slice){key.p + n, key.n - n};
	first = slice_take_until(&key, ':');
	if (!slice_to_i64(first, &a) || !slice_to_i64(key, &b) || a < 0 || b < 0)
		return false;
	*id = (uint64_t)a;
	*number = (uint64_t)b;
	return b <= UINT32_MAX;
}

bool
list_is_block_key(struct slice key, uint64_t *list_id, uint32_t *n)
{
	uint64_t number = 0;
	bool is_one = is_key_of(key, "loa:block:", list_id, &number);

	*n = (uint32_t)number;
	return is_one;
}

bool
list_is_snapshot_key(struct slice key, uint64_t *list_id, uint32_t *version)
{
	uint64_t number = 0;
	bool is_one = is_key_of(key, "loa:snap:", list_id, &number);

	*version = (uint32_t)number;
	return is_one;
}

bool
list_is_rejects_key(struct slice key)
{
	uint64_t id, number;

	return is_key_of(key, "loa:rejects:", &id, &number);
}

bool
list_is_record_key(struct slice key)
{
	return key.n > strlen(KEY_LIST) && memcmp(key.p, KEY_LIST, strlen(KEY_LIST)) == 0;
}

const char *
list_snapshots_pattern(void)
{
	return "loa:snap:*";
}
