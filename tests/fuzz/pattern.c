/* SPDX-License-Identifier: MIT */
/*
 * Registered patterns. Input: a byte for the mode, the text, then patterns. Says: matching
 * agrees with a slow matcher that tries everything, a text that matches none has a nearest
 * pattern with a difference or no word in common, and what is told lies in text and pattern.
 */
#include "templates/pattern.h"

#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/content.h"
#include "templates/pattern_inside.h"
#include "tests/fuzz/fuzz.h"

#define PATTERNS_MAX 8
#define SLOW_STEPS 200000

/* ---- the slow matcher: back and forth over the compiled pieces ---- */

struct slow {
	const struct pattern *p;
	struct slice form;
	long steps;
};

static bool
slow_from(struct slow *s, size_t piece, size_t at)
{
	struct slice literal = pattern_literal(s->p, piece);
	const struct pattern_slot *slot = &s->p->slots[piece];
	size_t n = 0;

	if (--s->steps < 0 || s->form.n - at < literal.n ||
	    (literal.n > 0 && memcmp(s->form.p + at, literal.p, literal.n) != 0))
		return false;
	at += literal.n;
	if (piece == s->p->slot_count)
		return at == s->form.n;
	for (;; n++) {
		if (n >= slot->min && n <= slot->max && slow_from(s, piece + 1, at))
			return true;
		if (at == s->form.n || n == slot->max)
			return false;
		do {
			if (!slot_takes(slot->type, s->form.p[at++]))
				return false;
		} while (at < s->form.n && (s->form.p[at] & 0xC0) == 0x80);
	}
}

/* 1 yes, 0 no, -1 it takes too long. */
static int
slow_match(const struct pattern *p, struct slice nfc)
{
	struct comparer *c = comparer_new(p->mode);
	struct buf form = {0};
	struct slow s = {.p = p, .steps = SLOW_STEPS};
	int found;

	buf_reserve(&form, 1);
	compare_add(c, nfc, &form, NULL);
	s.form = buf_slice(&form);
	found = slow_from(&s, 0, 0);
	if (s.steps < 0)
		found = -1;
	comparer_free(c);
	buf_free(&form);
	return found;
}

/* ---- what is said ---- */

static void
check_inside(struct slice part, struct slice whole, const char *what)
{
	must(part.n <= whole.n, "%s is longer than what it is of", what);
	must(part.n == 0 || (whole.n > 0 && memmem(whole.p, whole.n, part.p, part.n) != NULL),
	     "%s is not in it", what);
}

static void
check_near(struct pattern_set *set, struct pattern *const *patterns, size_t count,
	   struct slice text, struct slice nfc)
{
	struct arena a = {0};
	struct pattern_near near;

	pattern_set_nearest(set, text, &a, &near);
	must(near.index >= -1 && near.index < (int)count, "nearest is %d of %zu", near.index,
	     count);
	must(near.index < 0 || near.gap_count > 0, "the nearest does not differ");
	must(near.gap_count <= PATTERN_GAPS_MAX, "too many differences");
	for (size_t i = 0; i < near.gap_count; i++) {
		const struct pattern_gap *g = &near.gaps[i];

		check_inside(g->found, nfc, "what was found");
		check_inside(g->expected, buf_slice(&patterns[near.index]->source),
			     "what was expected");
		must(text_find_malformed(g->found) < 0 && text_find_malformed(g->expected) < 0,
		     "a letter was cut");
		must(g->at <= text_length(nfc), "a place behind the end");
	}
	arena_free(&a);
}

static void
check_text(struct pattern_set *set, struct pattern *const *patterns, size_t count,
	   struct slice text)
{
	struct buf nfc = {0};
	int found, good = 0, unsure = 0;

	if (!text_add_nfc(&nfc, text) || nfc.len == 0) {
		(void)pattern_set_match(set, text); /* no crash */
		buf_free(&nfc);
		return;
	}
	found = pattern_set_match(set, text);
	for (size_t i = 0; i < count; i++) {
		int one = slow_match(patterns[i], buf_slice(&nfc));

		good += one > 0;
		unsure += one < 0;
		must(found != (int)i || one != 0, "a match that is none");
	}
	must(found >= 0 || good == 0, "a match that was not found");
	must(found < 0 || good + unsure > 0, "a match of nothing");
	if (found < 0)
		check_near(set, patterns, count, text, buf_slice(&nfc));
	buf_free(&nfc);
}

/* ---- content rules over the same text ---- */

static const char rules_text[] =
	"{\"adverts\":[{\"classes\":[\"a\"],\"label\":\"[QC] \"}],\"rules\":["
	"{\"rule\":\"l\",\"kind\":\"links\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"domains\":[\"*.gov.vn\"],\"endings\":[\"vn\",\"com\"]},"
	"{\"rule\":\"s\",\"kind\":\"shorteners\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"domains\":[\"bit.ly\"]},"
	"{\"rule\":\"t\",\"kind\":\"labels\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"labels\":[\"[QC]\"]},"
	"{\"rule\":\"w\",\"kind\":\"words\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"words\":[\"mã OTP\",\"OTP\",\"trúng thưởng\",\"a-b\"]},"
	"{\"rule\":\"c\",\"kind\":\"characters\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"characters\":\"#₫\"},"
	"{\"rule\":\"p\",\"kind\":\"parts\",\"severity\":\"warn\",\"vi\":\"v\",\"en\":\"e\","
	"\"max\":3}]}";

static struct content *
rules(void)
{
	static struct content *c;
	static json_t *v;
	struct err_ctx e;

	if (c == NULL) {
		must(json_parse(slice_of(rules_text), sizeof(rules_text), "rules", &v, &e) ==
			     ERR_OK,
		     "the rules are no JSON: %s", e.why);
		must(content_read(v, &c, &e) == ERR_OK, "the rules are none: %s %s", e.what, e.why);
	}
	return c;
}

static void
check_content(struct slice text, bool is_framed)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	struct content_view *v = content_view_new(rules(), "a", "p", "2026-01-01", is_framed);
	size_t n = content_check(v, text, (unsigned)text.n % 6, found);

	must(n <= CONTENT_FINDINGS_MAX, "%zu findings", n);
	for (size_t i = 0; i < n; i++) {
		must(found[i].rule < content_rule_count(v), "a rule that is none");
		must(i == 0 || found[i].rule >= found[i - 1].rule, "rules out of order");
		check_inside(found[i].found, text, "a finding");
	}
	content_view_free(v);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct pattern *patterns[PATTERNS_MAX] = {NULL};
	struct pattern_error e;
	struct pattern_set *set;
	struct parts p;
	size_t count = 0;

	if (n == 0)
		return 0;
	p = parts_split(data + 1, n - 1);
	for (size_t i = 1; i < p.n && count < PATTERNS_MAX; i++) {
		enum compare_mode mode = (enum compare_mode)((data[0] + i) % COMPARE_MODES);

		patterns[count] = pattern_compile(p.v[i], mode, &e);
		if (patterns[count] != NULL)
			count++;
		else
			must(e.column >= 1 && e.message[0] != '\0', "an error without words");
	}
	set = pattern_set_new((const struct pattern *const *)patterns, count);
	if (p.v[0].n <= 4000)
		check_text(set, patterns, count, p.v[0]);
	check_content(p.v[0], data[0] & 1);
	pattern_set_free(set);
	for (size_t i = 0; i < count; i++)
		pattern_free(patterns[i]);
	parts_free(&p);
	return 0;
}
