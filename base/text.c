/* SPDX-License-Identifier: MIT */
#include "base/text.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "base/mem.h"

int32_t
text_next(struct slice *s)
{
	utf8proc_int32_t c;
	utf8proc_ssize_t n;

	if (s->n == 0)
		return -1;
	n = utf8proc_iterate((const utf8proc_uint8_t *)s->p, (utf8proc_ssize_t)s->n, &c);
	if (n <= 0) {
		s->p++;
		s->n--;
		return -2;
	}
	s->p += n;
	s->n -= (size_t)n;
	return c;
}

void
text_add_code_point(struct buf *out, int32_t c)
{
	utf8proc_uint8_t tmp[4];
	utf8proc_ssize_t n = utf8proc_encode_char(c, tmp);

	if (n > 0)
		buf_add(out, tmp, (size_t)n);
}

ptrdiff_t
text_find_malformed(struct slice s)
{
	const char *start = s.p;

	while (s.n > 0) {
		const char *at = s.p;

		if (text_next(&s) == -2)
			return at - start;
	}
	return -1;
}

size_t
text_length(struct slice s)
{
	size_t n = 0;

	while (s.n > 0) {
		text_next(&s);
		n++;
	}
	return n;
}

static bool
is_ascii(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

static bool
add_mapped(struct buf *out, struct slice s, utf8proc_option_t options)
{
	utf8proc_uint8_t *mapped = NULL;
	utf8proc_ssize_t n = utf8proc_map((const utf8proc_uint8_t *)s.p, (utf8proc_ssize_t)s.n,
					  &mapped, options);

	if (n < 0)
		return false;
	buf_add(out, mapped, (size_t)n);
	free(mapped);
	return true;
}

bool
text_add_nfc(struct buf *out, struct slice s)
{
	if (is_ascii(s)) {
		buf_add_slice(out, s);
		return true;
	}
	return add_mapped(out, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
}

bool
text_add_folded(struct buf *out, struct slice s)
{
	if (is_ascii(s)) {
		char *to = buf_reserve(out, s.n);

		for (size_t i = 0; i < s.n; i++)
			to[i] = (char)(s.p[i] >= 'A' && s.p[i] <= 'Z' ? s.p[i] + 32 : s.p[i]);
		to[s.n] = '\0';
		out->len += s.n;
		return true;
	}
	return add_mapped(out, s, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
}

bool
text_add_unaccented_folded(struct buf *out, struct slice s)
{
	struct buf tmp = {0};
	struct slice rest;
	int32_t c;
	bool is_good = add_mapped(&tmp, s,
				  UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD |
					  UTF8PROC_STRIPMARK);

	for (rest = buf_slice(&tmp); is_good && (c = text_next(&rest)) >= 0;)
		text_add_code_point(out, c == 0x111 ? 'd' : c);
	buf_free(&tmp);
	return is_good;
}

int32_t
text_upper(int32_t c)
{
	return utf8proc_toupper(c);
}

int32_t
text_lower(int32_t c)
{
	return utf8proc_tolower(c);
}

int32_t
text_bare(int32_t c)
{
	utf8proc_int32_t parts[8];
	int boundary = UTF8PROC_BOUNDCLASS_START;
	utf8proc_ssize_t n;

	if (c < 0x80)
		return c >= 'A' && c <= 'Z' ? c + 32 : c < 0 ? 0 : c;
	n = utf8proc_decompose_char(c, parts, (utf8proc_ssize_t)ARRAY_LEN(parts),
				    UTF8PROC_DECOMPOSE | UTF8PROC_CASEFOLD | UTF8PROC_STRIPMARK,
				    &boundary);
	if (n <= 0)
		return 0;
	return parts[0] == 0x111 ? 'd' : parts[0];
}

bool
text_bare_word(struct slice s, char *out, size_t size)
{
	size_t n = 0;

	while (s.n > 0) {
		int32_t c = text_next(&s), bare = text_bare(c);

		if (c < 0 || bare >= 0x80 || n + 1 >= size)
			return false;
		if (bare > 0)
			out[n++] = (char)bare;
	}
	out[n] = '\0';
	return true;
}

size_t
text_put(char out[4], int32_t c)
{
	utf8proc_ssize_t n = utf8proc_encode_char(c, (utf8proc_uint8_t *)out);

	return n > 0 ? (size_t)n : 0;
}
