/* SPDX-License-Identifier: MIT */
#include "base/fetch_answer.h"

#include <stdio.h>
#include <strings.h>

#define BODY_MAX (64 * 1024)

void
answer_init(struct answer *a, bool is_head_request, size_t body_max)
{
	*a = (struct answer){.is_head_request = is_head_request, .length = -1};
	a->body_max = body_max > 0 ? body_max : BODY_MAX;
}

void
answer_clear(struct answer *a)
{
	buf_free(&a->head);
	buf_free(&a->body);
}

static bool
refuse(struct answer *a, const char *why)
{
	snprintf(a->why, sizeof(a->why), "%s", why);
	return false;
}

static bool
is_word(struct slice s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200 ": begins a head, and forgets an interim answer's. */
static bool
begin_head(struct answer *a, struct slice line)
{
	const char *blank = memchr(line.p, ' ', line.n);
	size_t at = blank != NULL ? (size_t)(blank - line.p) + 1 : line.n;
	int status = 0;

	if (line.n < at + 3 || strncmp(line.p, "HTTP/", 5) != 0)
		return refuse(a, "the answer is not HTTP");
	for (size_t i = at; i < at + 3; i++) {
		if (line.p[i] < '0' || line.p[i] > '9')
			return refuse(a, "the answer's status is no number");
		status = status * 10 + (line.p[i] - '0');
	}
	if (status < 100 || (line.n > at + 3 && line.p[at + 3] != ' '))
		return refuse(a, "the answer's status has not three digits");
	a->status = status;
	a->is_http2 = line.p[5] == '2';
	a->is_head_over = a->is_chunked = a->has_coding = false;
	a->length = -1;
	a->count = 0;
	buf_reset(&a->head);
	return true;
}

/* RFC 9112, 6.3; a list of equal numbers is refused like any other list. */
static bool
note_length(struct answer *a, struct slice value)
{
	int64_t n;

	for (size_t i = 0; i < value.n; i++)
		if (value.p[i] < '0' || value.p[i] > '9')
			return refuse(a, "the answer's Content-Length is no number");
	if (!slice_to_i64(value, &n))
		return refuse(a, "the answer's Content-Length is no number");
	if (a->length >= 0 && a->length != n)
		return refuse(a, "the answer has two Content-Lengths");
	a->length = n;
	return true;
}

static struct answer_span
store(struct answer *a, struct slice s)
{
	struct answer_span span = {(uint32_t)a->head.len, (uint32_t)s.n};

	buf_add_slice(&a->head, s);
	return span;
}

/* A line that begins with a blank goes on with the value before it (RFC 9112, 5.2). */
static bool
continue_value(struct answer *a, struct slice line)
{
	struct answer_span *value;

	if (a->count == 0)
		return refuse(a, "the answer's first header begins with a blank");
	value = &a->spans[a->count - 1].value;
	line = slice_trim(line);
	buf_addc(&a->head, ' ');
	buf_add_slice(&a->head, line);
	value->n += (uint32_t)line.n + 1;
	return true;
}

static bool
add_header(struct answer *a, struct slice line)
{
	const char *colon = memchr(line.p, ':', line.n);
	struct slice name, value;

	if (colon == NULL || colon == line.p)
		return refuse(a, "the answer has a header without a name");
	if (a->count == ANSWER_HEADERS_MAX)
		return refuse(a, "the answer has more than 64 headers");
	name = (struct slice){line.p, (size_t)(colon - line.p)};
	value = slice_trim((struct slice){colon + 1, line.n - name.n - 1});
	a->spans[a->count].name = store(a, name);
	a->spans[a->count++].value = store(a, value);
	if (is_word(name, "Content-Length"))
		return note_length(a, value);
	if (is_word(name, "Transfer-Encoding")) {
		a->is_chunked = !a->has_coding && is_word(value, "chunked");
		a->has_coding = true;
	}
	return true;
}

static bool
has_no_body(const struct answer *a)
{
	return a->is_head_request || a->status == 204 || a->status == 304;
}

/* Is the end of the body going to be seen? If not, there is nothing to wait for. */
static bool
end_head(struct answer *a)
{
	a->is_head_over = true;
	if (a->status < 200 || a->is_http2 || has_no_body(a))
		return true;
	if (a->has_coding)
		return a->is_chunked || refuse(a, "the answer's transfer coding is unknown");
	if (a->length < 0)
		return refuse(a, "the answer tells neither its length nor its end");
	if ((uint64_t)a->length > a->body_max)
		return refuse(a, "the answer is too large");
	return true;
}

bool
answer_add_line(struct answer *a, struct slice line)
{
	bool is_folded = line.n > 0 && (line.p[0] == ' ' || line.p[0] == '\t');

	a->head_seen += line.n;
	if (a->head_seen > ANSWER_HEAD_MAX)
		return refuse(a, "the answer's headers are larger than 16 KiB");
	while (line.n > 0 && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (a->status == 0 || (a->is_head_over && a->status < 200))
		return begin_head(a, line);
	if (a->is_head_over)
		return true; /* a trailer */
	if (line.n == 0)
		return end_head(a);
	return is_folded ? continue_value(a, line) : add_header(a, line);
}

bool
answer_add_body(struct answer *a, struct slice piece)
{
	if (piece.n > a->body_max - a->body.len)
		return refuse(a, "the answer is too large");
	buf_add_slice(&a->body, piece);
	return true;
}

bool
answer_is_complete(struct answer *a)
{
	if (a->why[0] != '\0')
		return false;
	if (!a->is_head_over || a->status < 200)
		return refuse(a, "the answer has no end of its headers");
	if (has_no_body(a) || a->has_coding || a->length < 0)
		return true;
	if ((uint64_t)a->length != a->body.len)
		return refuse(a, "the answer is truncated");
	return true;
}

size_t
answer_headers(const struct answer *a, struct fetch_header *out)
{
	for (size_t i = 0; i < a->count; i++) {
		struct answer_span name = a->spans[i].name, value = a->spans[i].value;

		out[i].name = (struct slice){a->head.data + name.at, name.n};
		out[i].value = (struct slice){a->head.data + value.at, value.n};
	}
	return a->count;
}
