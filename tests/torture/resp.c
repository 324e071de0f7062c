/* SPDX-License-Identifier: MIT */
#include "tests/torture/resp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long
resp_length(const char *p, size_t n)
{
	size_t at = 0, more;
	long left = 1; /* values to come: an array brings its items */

	while (left > 0) {
		const char *end = at < n ? memchr(p + at, '\n', n - at) : NULL;
		long v;

		if (end == NULL)
			return 0;
		v = strtol(p + at + 1, NULL, 10);
		more = 0;
		switch (p[at]) {
		case '+':
		case '-':
		case ':':
			break;
		case '$':
			if (v >= 0)
				more = (size_t)v + 2;
			break;
		case '*':
			left += v > 0 ? v : 0;
			break;
		default:
			return -1;
		}
		at = (size_t)(end - p) + 1 + more;
		left--;
	}
	return at <= n ? (long)at : 0;
}

void
resp_word(const char *p, size_t n, size_t i, char *out, size_t cap)
{
	const char *at = p, *end = p + n;
	long length;

	out[0] = '\0';
	if (*at != '*' || strtol(at + 1, NULL, 10) <= (long)i)
		return;
	at = strchr(at, '\n') + 1;
	for (; i > 0; i--)
		at += resp_length(at, (size_t)(end - at));
	length = strtol(at + 1, NULL, 10);
	at = strchr(at, '\n') + 1;
	snprintf(out, cap, "%.*s", (int)(length < (long)cap ? length : (long)cap), at);
}
