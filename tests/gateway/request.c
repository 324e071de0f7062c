/* SPDX-License-Identifier: MIT */
#include "tests/gateway/request.h"

#include <stdlib.h>
#include <string.h>

#define REF_MAX 64
#define SENDER_MAX 11
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

const char *
dialect_name(enum dialect d)
{
	static const char *const names[] = {"send",	 "batch",   "bulk",
					    "esms-cskh", "esms-qc", "esms-poll"};

	return names[d];
}

struct message *
request_add(struct request *r, struct scan *s)
{
	if (r->count == r->max) {
		scan_fail(s, "too many messages in one request");
		return NULL;
	}
	if (r->count == r->cap) {
		r->cap = r->cap == 0 ? 512 : r->cap * 2;
		r->messages = must_grow(r->messages, r->cap * sizeof(*r->messages));
	}
	r->messages[r->count] = (struct message){.to = {NULL, 0}};
	return &r->messages[r->count++];
}

/* ---- /batch ---- */

static const struct field message_fields[] = {
	{"to", offsetof(struct message, to), true, NULL},
	{"text", offsetof(struct message, text), true, NULL},
	{"ref", offsetof(struct message, ref), false, NULL},
};

static bool
read_message(struct scan *s, void *into)
{
	struct message *m = request_add(into, s);

	return m != NULL && scan_object(s, message_fields, COUNT_OF(message_fields), m);
}

static bool
read_messages(struct scan *s, void *into)
{
	return scan_array(s, read_message, into);
}

static const struct field batch_fields[] = {
	{"from", offsetof(struct request, from), true, NULL},
	{"callback", offsetof(struct request, callback), false, NULL},
	{"messages", 0, true, read_messages},
};

/* ---- /bulk ---- */

static bool
read_bulk_number(struct scan *s, void *into)
{
	struct message *m = request_add(into, s);

	return m != NULL && scan_text(s, &m->to);
}

static bool
read_bulk_numbers(struct scan *s, void *into)
{
	return scan_array(s, read_bulk_number, into);
}

static const struct field bulk_fields[] = {
	{"from", offsetof(struct request, from), true, NULL},
	{"text", offsetof(struct request, text), true, NULL},
	{"ref", offsetof(struct request, ref), false, NULL},
	{"callback", offsetof(struct request, callback), false, NULL},
	{"to", 0, true, read_bulk_numbers},
};

/* ---- /send ---- */

struct single {
	struct message message;
	struct text from, callback;
};

static const struct field single_fields[] = {
	{"to", offsetof(struct single, message.to), true, NULL},
	{"text", offsetof(struct single, message.text), true, NULL},
	{"from", offsetof(struct single, from), true, NULL},
	{"ref", offsetof(struct single, message.ref), false, NULL},
	{"callback", offsetof(struct single, callback), false, NULL},
};

static bool
read_single(struct request *r, struct scan *s)
{
	struct single one = {.from = {NULL, 0}};
	struct message *m = request_add(r, s);

	if (m == NULL || !scan_object(s, single_fields, COUNT_OF(single_fields), &one))
		return false;
	*m = one.message;
	r->from = one.from;
	r->callback = one.callback;
	return true;
}

static bool
read_dialect(struct request *r, struct scan *s)
{
	switch (r->dialect) {
	case DIALECT_SEND:
		return read_single(r, s);
	case DIALECT_BATCH:
		return scan_object(s, batch_fields, COUNT_OF(batch_fields), r);
	case DIALECT_BULK:
		if (!scan_object(s, bulk_fields, COUNT_OF(bulk_fields), r))
			return false;
		for (size_t i = 0; i < r->count; i++) {
			r->messages[i].text = r->text;
			r->messages[i].ref = r->ref;
		}
		return true;
	case DIALECT_ESMS_CSKH:
	case DIALECT_ESMS_QC:
	case DIALECT_ESMS_POLL:
		break;
	}
	return false;
}

bool
request_read(struct request *r, enum dialect d, size_t max, struct text body, struct scan *s)
{
	*r = (struct request){.dialect = d, .max = max, .messages = r->messages, .cap = r->cap};
	scan_start(s, body.p, body.n);
	if (!read_dialect(r, s) || !scan_end(s))
		return false;
	return r->count > 0 ? true : scan_fail(s, "no message in it");
}

void
request_free(struct request *r)
{
	free(r->messages);
}

/* ---- single values ---- */

bool
number_is_good(struct text to)
{
	if (to.n != 11 || to.p[0] != '8' || to.p[1] != '4' || memchr("35789", to.p[2], 5) == NULL)
		return false;
	for (size_t i = 3; i < 11; i++) {
		if (to.p[i] < '0' || to.p[i] > '9')
			return false;
	}
	return true;
}

bool
text_is_good(struct text t, size_t max)
{
	size_t characters = 0;

	for (size_t i = 0; i < t.n; i++) {
		unsigned char c = (unsigned char)t.p[i];

		if ((c < 0x20 && c != '\n' && c != '\r') || c == 0x7f)
			return false;
		characters += (c & 0xc0) != 0x80;
	}
	return characters >= 1 && characters <= max;
}

bool
ref_is_good(struct text ref)
{
	if (ref.p == NULL)
		return true;
	for (size_t i = 0; i < ref.n; i++) {
		if (ref.p[i] <= ' ' || ref.p[i] > '~' || ref.p[i] == '"' || ref.p[i] == '\\')
			return false;
	}
	return ref.n >= 1 && ref.n <= REF_MAX;
}

static bool
is_alnum(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z');
}

bool
sender_is_good(struct text from)
{
	if (from.n < 1 || from.n > SENDER_MAX || !is_alnum(from.p[0]))
		return false;
	for (size_t i = 1; i < from.n; i++) {
		if (!is_alnum(from.p[i]) && memchr(" .-_&", from.p[i], 5) == NULL)
			return false;
	}
	return true;
}
