/* SPDX-License-Identifier: MIT */
/* From the bytes of a source to a template: what is no text is refused, the rest parsed in NFC. */
#include <stdlib.h>

#include "base/text.h"
#include "templates/parser.h"

/* The source without byte order mark and one final newline. */
static struct slice
body_of(struct slice s)
{
	if (s.n >= 3 && memcmp(s.p, "\xEF\xBB\xBF", 3) == 0) {
		s.p += 3;
		s.n -= 3;
	}
	if (s.n > 0 && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n > 0 && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

static struct place
place_behind(struct slice s)
{
	struct place at = {1, 1};

	for (int32_t c; (c = text_next(&s)) != -1; at.column++)
		if (c == '\n')
			at = (struct place){at.line + 1, 0};
	return at;
}

/* Whose bytes are not those of a text. */
static bool
refuse_bytes(struct slice body, struct template_error *e)
{
	ptrdiff_t malformed = text_find_malformed(body);
	const char *nul = body.n > 0 ? memchr(body.p, '\0', body.n) : NULL;
	bool is_nul = nul != NULL && (malformed < 0 || nul - body.p < malformed);
	struct slice before = {body.p, (size_t)(is_nul ? nul - body.p : malformed)};
	struct place at;

	if (malformed < 0 && !is_nul)
		return false;
	at = place_behind(before);
	template_fail(e, is_nul ? "syntax" : "not-utf8", at, "%s",
		      is_nul ? "a NUL stands here, which is no text: remove it, or save the file "
			       "as UTF-8"
			     : "the template is not UTF-8 here: save it with that encoding");
	return true;
}

static void
keep(struct parser *p)
{
	struct template *t = p->t;
	size_t bytes = p->length * sizeof(*t->program);

	t->program = arena_alloc(&t->memory, bytes);
	memcpy(t->program, p->program, bytes);
	t->length = p->length;
	bytes = p->constant_count * sizeof(*t->constants);
	t->constants = arena_alloc(&t->memory, bytes + 1);
	if (bytes > 0)
		memcpy(t->constants, p->constants, bytes);
	t->constant_count = p->constant_count;
	t->pool = (struct slice){
		arena_memdup0(&t->memory, p->pool.len > 0 ? p->pool.data : "", p->pool.len),
		p->pool.len};
}

struct template *
template_compile(struct slice source, struct template_error *e)
{
	struct slice body = body_of(source);
	struct parser p = {.error = e};
	struct buf nfc = {0};

	if (source.n > TEMPLATE_SOURCE_MAX) {
		template_fail(
			e, "too-long", place_behind((struct slice){source.p, TEMPLATE_SOURCE_MAX}),
			"the template has more than %u bytes, which end here: make it shorter",
			TEMPLATE_SOURCE_MAX);
		return NULL;
	}
	if (refuse_bytes(body, e))
		return NULL;
	buf_reserve(&nfc, body.n + 1);
	text_add_nfc(&nfc, body);
	p.t = xcalloc(1, sizeof(*p.t));
	lexer_init(&p.lexer, buf_slice(&nfc), e);
	if (parse_template(&p)) {
		keep(&p);
	} else {
		template_free(p.t);
		p.t = NULL;
	}
	free(p.program);
	free(p.constants);
	buf_free(&p.pool);
	buf_free(&nfc);
	return p.t;
}
