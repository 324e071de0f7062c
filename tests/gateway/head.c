/* SPDX-License-Identifier: MIT */
#include "tests/gateway/head.h"

#include <string.h>
#include <strings.h>

static bool
is_name(struct text t)
{
	for (size_t i = 0; i < t.n; i++) {
		char c = t.p[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
		    (c == '\0' || strchr("!#$%&'*+-.^_`|~", c) == NULL))
			return false;
	}
	return t.n > 0;
}

static bool
is_same(struct text t, const char *word)
{
	return t.n == strlen(word) && strncasecmp(t.p, word, t.n) == 0;
}

static bool
copy(char *to, size_t cap, struct text t)
{
	if (t.n >= cap)
		return false;
	memcpy(to, t.p, t.n);
	to[t.n] = '\0';
	return true;
}

/* The line at *rest without its CRLF; *rest moves behind it. false: a bare CR or LF. */
static bool
next_line(struct text *rest, struct text *line)
{
	char *end = memchr(rest->p, '\r', rest->n);

	if (end == NULL || (size_t)(end - rest->p) + 1 >= rest->n || end[1] != '\n')
		return false;
	line->p = rest->p;
	line->n = (size_t)(end - rest->p);
	rest->n -= line->n + 2;
	rest->p = end + 2;
	return memchr(line->p, '\n', line->n) == NULL && memchr(line->p, '\0', line->n) == NULL;
}

/* What stands before the next blank. */
static struct text
next_word(struct text *rest)
{
	char *end = memchr(rest->p, ' ', rest->n);
	struct text word = {rest->p, end == NULL ? rest->n : (size_t)(end - rest->p)};
	size_t gone = end == NULL ? rest->n : word.n + 1;

	rest->p += gone;
	rest->n -= gone;
	return word;
}

static int
read_request_line(struct text line, struct head *h, const char **why)
{
	struct text method = next_word(&line), path = next_word(&line);
	char *question;

	*why = "no request line of HTTP/1.1";
	if (!is_name(method) || line.n != 8 || memcmp(line.p, "HTTP/1.", 7) != 0)
		return 400;
	if (line.p[7] != '0' && line.p[7] != '1')
		return 400;
	if (path.n == 0 || path.p[0] != '/')
		return 400;
	if (!copy(h->method, sizeof(h->method), method))
		return 405;
	if (!copy(h->path, sizeof(h->path), path))
		return 404;
	question = strchr(h->path, '?');
	if (question != NULL) {
		*question = '\0';
		h->query = question + 1;
	}
	h->minor = line.p[7] - '0';
	h->is_kept = h->minor == 1;
	return 0;
}

static int
read_length(struct text value, struct head *h, const char **why)
{
	*why = "Content-Length is no number, or stands twice";
	if (h->has_length || value.n == 0 || value.n > 15)
		return 400;
	for (size_t i = 0; i < value.n; i++) {
		if (value.p[i] < '0' || value.p[i] > '9')
			return 400;
		h->length = h->length * 10 + (size_t)(value.p[i] - '0');
	}
	h->has_length = true;
	return 0;
}

static int
read_header(struct text name, struct text value, struct head *h, const char **why)
{
	if (is_same(name, "Content-Length"))
		return read_length(value, h, why);
	if (is_same(name, "Transfer-Encoding")) {
		*why = "bodies need a Content-Length here";
		return 411;
	}
	if (is_same(name, "Host")) {
		*why = "Host stands twice";
		if (h->has_host)
			return 400;
		h->has_host = true;
	} else if (is_same(name, "Connection")) {
		if (is_same(value, "close"))
			h->is_kept = false;
		else if (is_same(value, "keep-alive"))
			h->is_kept = true;
	} else if (is_same(name, "Expect")) {
		*why = "no such expectation";
		if (!is_same(value, "100-continue"))
			return 417;
		h->wants_continue = true;
	} else if (is_same(name, "Content-Type")) {
		*why = "the Content-Type is too long";
		if (!copy(h->type, sizeof(h->type), value))
			return 415;
	} else if (is_same(name, "X-Api-Key")) {
		*why = "the key is too long";
		if (!copy(h->key, sizeof(h->key), value))
			return 431;
	}
	return 0;
}

static int
read_header_line(struct text line, struct head *h, const char **why)
{
	char *colon = memchr(line.p, ':', line.n);
	struct text name, value;

	*why = "a header line without a name";
	if (colon == NULL)
		return 400;
	name = (struct text){line.p, (size_t)(colon - line.p)};
	if (!is_name(name))
		return 400;
	value = (struct text){colon + 1, line.n - name.n - 1};
	while (value.n > 0 && (value.p[0] == ' ' || value.p[0] == '\t')) {
		value.p++;
		value.n--;
	}
	while (value.n > 0 && (value.p[value.n - 1] == ' ' || value.p[value.n - 1] == '\t'))
		value.n--;
	return read_header(name, value, h, why);
}

int
head_read(struct text raw, struct head *h, const char **why)
{
	struct text line;
	int status;

	*h = (struct head){.bytes = raw.n};
	*why = "a line does not end in CR LF";
	if (!next_line(&raw, &line))
		return 400;
	status = read_request_line(line, h, why);
	while (status == 0) {
		*why = "a line does not end in CR LF";
		if (!next_line(&raw, &line))
			return 400;
		if (line.n == 0)
			break;
		status = read_header_line(line, h, why);
	}
	if (status != 0)
		return status;
	*why = "HTTP/1.1 needs one Host";
	if (h->minor == 1 && !h->has_host)
		return 400;
	*why = "POST needs a Content-Length here";
	return strcmp(h->method, "POST") == 0 && !h->has_length ? 411 : 0;
}
