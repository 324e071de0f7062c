/* SPDX-License-Identifier: MIT */
#include "templates/compare.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/vietnamese.h"

#define KNOWN_MAX 0x2000 /* letters of Latin, Greek, Cyrillic … : the others are made each time */
#define FORM_MAX 7

const char *const compare_mode_names[COMPARE_MODES] = {"exact", "ignore-case", "plain"};

struct form {
	bool is_known;
	uint8_t n; /* FORM_MAX + 1 = too long to be kept */
	char bytes[FORM_MAX];
};

struct comparer {
	enum compare_mode mode;
	struct buf scratch, letter;
	struct form known[KNOWN_MAX];
};

struct comparer *
comparer_new(enum compare_mode mode)
{
	struct comparer *c = xcalloc(1, sizeof(*c));

	c->mode = mode;
	return c;
}

void
comparer_free(struct comparer *c)
{
	if (c == NULL)
		return;
	buf_free(&c->scratch);
	buf_free(&c->letter);
	free(c);
}

/* Unicode's White_Space, but for line and paragraph separators that no message has. */
static bool
is_blank(int32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r') || c == 0x85 || c == 0xA0 || c == 0x1680 ||
	       (c >= 0x2000 && c <= 0x200A) || c == 0x202F || c == 0x205F || c == 0x3000;
}

/* Into scratch. */
static void
make_form(struct comparer *c, int32_t code_point)
{
	struct buf *out = &c->scratch;

	buf_reset(out);
	buf_reset(&c->letter);
	text_add_code_point(&c->letter, code_point);
	if (c->mode == COMPARE_PLAIN) {
		struct plain_lost lost;
		struct buf plain = {0};

		if (plain_add(&plain, buf_slice(&c->letter), &lost, 1) == 0) {
			text_add_folded(out, buf_slice(&plain));
			buf_free(&plain);
			return;
		}
		buf_free(&plain);
	}
	text_add_folded(out, buf_slice(&c->letter));
}

static struct slice
form_of(struct comparer *c, int32_t code_point)
{
	struct form *f;

	if (code_point >= KNOWN_MAX) {
		make_form(c, code_point);
		return buf_slice(&c->scratch);
	}
	f = &c->known[code_point];
	if (!f->is_known) {
		make_form(c, code_point);
		f->is_known = true;
		f->n = c->scratch.len > FORM_MAX ? FORM_MAX + 1 : (uint8_t)c->scratch.len;
		if (f->n > 0 && f->n <= FORM_MAX)
			memcpy(f->bytes, c->scratch.data, f->n);
	}
	if (f->n <= FORM_MAX)
		return (struct slice){f->bytes, f->n};
	make_form(c, code_point);
	return buf_slice(&c->scratch);
}

static void
put(struct compare_form *f, struct slice s, uint32_t at)
{
	buf_add_slice(f->text, s);
	for (size_t i = 0; f->from != NULL && i < s.n; i++)
		buf_add_u32(f->from, at);
}

void
compare_flush(struct compare_form *f)
{
	if (f->has_blank)
		put(f, SLICE(" "), f->blank_at);
	f->has_blank = false;
}

void
compare_add_code_point(struct comparer *c, struct compare_form *f, int32_t code_point, uint32_t at)
{
	char ascii;

	if (is_blank(code_point)) {
		if (f->has_begun && !f->has_blank)
			f->blank_at = at;
		f->has_blank = f->has_begun;
		return;
	}
	compare_flush(f);
	f->has_begun = true;
	if (code_point >= 0x80 && c->mode != COMPARE_EXACT) {
		put(f, form_of(c, code_point), at);
	} else if (code_point >= 0x80) {
		buf_reset(&c->scratch);
		text_add_code_point(&c->scratch, code_point);
		put(f, buf_slice(&c->scratch), at);
	} else {
		ascii = (char)code_point;
		if (c->mode != COMPARE_EXACT && ascii >= 'A' && ascii <= 'Z')
			ascii = (char)(ascii + 'a' - 'A');
		put(f, (struct slice){&ascii, 1}, at);
	}
}

/* Letters and signs of ASCII at the start of s, as they are put; returns how many. Most of any text. */
static size_t
put_ascii(const struct comparer *c, struct compare_form *f, struct slice s)
{
	char *to;
	size_t n = 0;
	bool is_folded = c->mode != COMPARE_EXACT;

	if (s.p[0] <= ' ' || f->from != NULL)
		return 0;
	compare_flush(f);
	to = buf_reserve(f->text, s.n);
	for (; n < s.n && s.p[n] > ' '; n++)
		to[n] = (char)(is_folded && s.p[n] >= 'A' && s.p[n] <= 'Z' ? s.p[n] | 32 : s.p[n]);
	f->text->len += n;
	f->has_begun = true;
	return n;
}

void
compare_add(struct comparer *c, struct slice nfc, struct buf *text, struct buf *from)
{
	struct compare_form f = {.text = text, .from = from};
	struct slice left = nfc;

	buf_reserve(text, nfc.n);
	while (left.n > 0) {
		uint32_t at = (uint32_t)(nfc.n - left.n);
		size_t n = put_ascii(c, &f, left);
		int32_t code_point;

		if (n > 0) {
			left = (struct slice){left.p + n, left.n - n};
			continue;
		}
		code_point = text_next(&left);
		if (code_point >= 0) {
			compare_add_code_point(c, &f, code_point, at);
		} else {
			compare_flush(&f);
			f.has_begun = true;
			put(&f, (struct slice){nfc.p + at, 1}, at);
		}
	}
}

bool
compare_has_marks(struct slice text)
{
	const unsigned char *p = (const unsigned char *)text.p;

	/* U+0300 … U+036F are CC 80 … CD AF. */
	for (size_t i = 0; i < text.n; i++)
		if (p[i] == 0xCC || p[i] == 0xCD)
			return true;
	return false;
}

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c & 0x80) != 0;
}

size_t
compare_tokens(struct slice form, bool has_blank, struct compare_token *out, size_t max)
{
	size_t count = 0, i = 0;

	while (i < form.n && count < max) {
		struct compare_token *t = &out[count];

		if (form.p[i] == ' ') {
			has_blank = true;
			i++;
			continue;
		}
		*t = (struct compare_token){.at = (uint32_t)i, .has_blank = has_blank};
		t->is_word = is_letter(form.p[i]);
		do {
			t->length += (form.p[i] & 0xC0) != 0x80;
			i++;
		} while (t->is_word && i < form.n && is_letter(form.p[i]));
		t->n = (uint32_t)i - t->at;
		has_blank = false;
		count++;
	}
	return count;
}
