/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/keys.h"

#include <stdio.h>

#define X(name, text) const char key_prefix_##name[] = text;
REDIS_KEYS(X)
#undef X

const char *
key_run(char *out, uint64_t run, const char *suffix)
{
	snprintf(out, KEY_MAX, "%s%llu%s", key_prefix_run, (unsigned long long)run, suffix);
	return out;
}

const char *
key_records(char *out, uint64_t run, unsigned p, uint32_t j)
{
	snprintf(out, KEY_MAX, "%s%llu%s%u:%u", key_prefix_run, (unsigned long long)run,
		 key_prefix_records, p, j);
	return out;
}

const char *
key_audience(char *out, uint64_t run, unsigned p, uint32_t s)
{
	snprintf(out, KEY_MAX, "%s%llu%s%u:%u", key_prefix_run, (unsigned long long)run,
		 key_prefix_audience, p, s);
	return out;
}

const char *
key_payload(char *out, uint64_t run, unsigned p, uint32_t j)
{
	snprintf(out, KEY_MAX, "%s%llu%s%u:%u", key_prefix_run, (unsigned long long)run,
		 key_prefix_payload, p, j);
	return out;
}

const char *
key_set(char *out, uint64_t run, unsigned n, uint32_t k)
{
	snprintf(out, KEY_MAX, "%s%llu%s%u:%u", key_prefix_run, (unsigned long long)run,
		 key_prefix_set, n, k);
	return out;
}

const char *
key_of(char *out, const char *prefix, const char *id)
{
	snprintf(out, KEY_MAX, "%s%s", prefix, id);
	return out;
}
