/* SPDX-License-Identifier: MIT */
#include "tests/gateway/query.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static int
hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 32;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The value of n bytes at p as a JSON text; NULL: it is none. */
static json_t *
decode(const char *p, size_t n)
{
	struct bytes b = {0};
	json_t *text = NULL;
	char *to = bytes_room(&b, n + 1);

	for (size_t i = 0; i < n; i++) {
		if (p[i] != '%') {
			*to++ = p[i] == '+' ? ' ' : p[i];
			continue;
		}
		if (n - i < 3 || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
			goto out;
		*to++ = (char)(hex(p[i + 1]) << 4 | hex(p[i + 2]));
		i += 2;
	}
	text = json_stringn(b.p, (size_t)(to - b.p));
out:
	bytes_free(&b);
	return text;
}

/* name=value of n bytes. */
static bool
read_pair(json_t *all, const char *p, size_t n)
{
	const char *equals = memchr(p, '=', n);
	size_t name_bytes = equals == NULL ? n : (size_t)(equals - p);
	json_t *name = decode(p, name_bytes), *value = NULL;
	bool is_good = false;

	if (name != NULL && equals != NULL)
		value = decode(equals + 1, n - name_bytes - 1);
	if (value != NULL && json_string_length(name) == strlen(json_string_value(name)) &&
	    json_object_get(all, json_string_value(name)) == NULL)
		is_good = json_object_set(all, json_string_value(name), value) == 0;
	json_decref(name);
	json_decref(value);
	return is_good;
}

json_t *
query_read(const char *query)
{
	json_t *all = json_object();
	size_t n;

	for (; *query != '\0'; query += n + (query[n] == '&')) {
		n = strcspn(query, "&");
		if (!read_pair(all, query, n)) {
			json_decref(all);
			return NULL;
		}
	}
	return all;
}

void
query_add(struct bytes *b, const char *name, struct text value)
{
	static const char digits[] = "0123456789ABCDEF";

	bytes_str(b, b->n == 0 ? "" : "&");
	bytes_str(b, name);
	bytes_str(b, "=");
	for (size_t i = 0; i < value.n; i++) {
		unsigned char c = (unsigned char)value.p[i];
		char escape[3] = {'%', digits[c >> 4], digits[c & 15]};

		if (c < 0x80 && (isalnum(c) || strchr("-._~", c) != NULL) && c != 0)
			bytes_add(b, &value.p[i], 1);
		else
			bytes_add(b, escape, 3);
	}
}

void
query_add_number(struct bytes *b, const char *name, int64_t value)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRId64, value);
	query_add(b, name, (struct text){digits, strlen(digits)});
}
