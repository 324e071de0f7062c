/* SPDX-License-Identifier: MIT */
/* The rules against one text. */
#include "base/mem.h"
#include "base/text.h"
#include "templates/content_inside.h"

/* One text and what was found in it. */
struct look {
	struct content_view *view;
	struct slice text;
	size_t begin; /* bytes of Loa's own label in front */
	unsigned parts;
	struct content_finding *out;
	size_t count;
	size_t rule;
	unsigned of_rule; /* its findings so far */
};

static void
find(struct look *l, size_t at, size_t n)
{
	if (l->of_rule == CONTENT_FINDINGS_OF_RULE)
		return;
	l->of_rule++;
	l->out[l->count++] = (struct content_finding){
		.rule = l->rule,
		.found = {l->text.p + at, n},
		.at = (uint32_t)text_length((struct slice){l->text.p, at})};
}

/* ---- links ---- */

static bool
is_host_byte(char c)
{
	return (c >= '0' && c <= '9') || ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '-' ||
	       (c & 0x80) != 0;
}

static bool
is_same_letter(char a, char b)
{
	return a == b || ((a | 32) == (b | 32) && (a | 32) >= 'a' && (a | 32) <= 'z');
}

static bool
begins(struct slice s, const char *with)
{
	size_t n;

	if (s.n == 0 || !is_same_letter(s.p[0], with[0]))
		return false;
	n = strlen(with);
	if (s.n < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!is_same_letter(s.p[i], with[i]))
			return false;
	return true;
}

/* "*.gov.vn": a name below it, or itself; else exactly the name. */
static bool
is_domain(struct slice host, const char *pattern)
{
	bool is_any = strncmp(pattern, "*.", 2) == 0;
	struct slice tail = host;

	if (is_any)
		pattern += 2;
	if (host.n < strlen(pattern))
		return false;
	tail = (struct slice){host.p + host.n - strlen(pattern), strlen(pattern)};
	if (!begins(tail, pattern))
		return false;
	return tail.n == host.n || (is_any && host.p[host.n - tail.n - 1] == '.');
}

struct link {
	size_t at, n; /* as it stands in the text */
	struct slice host;
};

static size_t
blank_after(struct slice s, size_t i)
{
	while (i < s.n && s.p[i] != ' ' && s.p[i] != '\n' && s.p[i] != '\r' && s.p[i] != '\t')
		i++;
	return i;
}

/* Behind "://": user@host:port/… as a browser reads it. */
static struct slice
host_of(struct slice s)
{
	size_t end = 0, begin = 0;

	while (end < s.n && strchr("/\\?#", s.p[end]) == NULL)
		end++;
	for (size_t i = 0; i < end; i++)
		if (s.p[i] == '@')
			begin = i + 1;
	s = (struct slice){s.p + begin, end - begin};
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] == ':' || !(is_host_byte(s.p[i]) || s.p[i] == '.' || s.p[i] == '['))
			s.n = i;
	while (s.n > 0 && s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

/* A bare domain: at least two names, and an ending that is known, or a path. */
static bool
is_bare(struct slice s, struct slice host, const struct content_strings *endings)
{
	size_t dot = host.n;
	struct slice ending;

	while (dot > 0 && host.p[dot - 1] != '.')
		dot--;
	ending = (struct slice){host.p + dot, host.n - dot};
	if (dot < 2 || ending.n < 2 || (ending.p[0] >= '0' && ending.p[0] <= '9'))
		return false;
	if (host.n + 1 < s.n && s.p[host.n] == '/' && s.p[host.n + 1] != ' ')
		return true;
	for (size_t i = 0; i < endings->count; i++)
		if (ending.n == strlen(endings->items[i]) && begins(ending, endings->items[i]))
			return true;
	return false;
}

/* Where the run of names begins that the next dot or colon ends or stands in: most text has neither. */
static size_t
next_run(struct slice text, size_t at)
{
	size_t i = at;

	while (i < text.n && text.p[i] != '.' && text.p[i] != ':')
		i++;
	while (i < text.n && i > at && is_host_byte(text.p[i - 1]))
		i--;
	return i;
}

/* The next link from *at on; false = there is none. */
static bool
next_link(struct slice text, size_t *at, const struct content_strings *endings, struct link *out)
{
	while ((*at = next_run(text, *at)) < text.n) {
		size_t i = *at, n = 0;
		struct slice rest = {text.p + i, text.n - i}, host = {rest.p, 0};

		while (host.n < rest.n && (is_host_byte(rest.p[host.n]) || rest.p[host.n] == '.'))
			host.n++;
		if (host.n < rest.n && rest.p[host.n] == ':' &&
		    begins((struct slice){rest.p + host.n, rest.n - host.n}, "://")) {
			n = blank_after(text, i) - i;
			*out = (struct link){
				i, n, host_of((struct slice){rest.p + host.n + 3, n - host.n - 3})};
			*at = i + n;
			return true;
		}
		n = host.n > 0 ? host.n : 1;
		while (host.n > 0 && host.p[host.n - 1] == '.')
			host.n--;
		*at = i + n;
		/* What stands before @ is a name, and what stands behind it a mailbox's. */
		if ((i > 0 && text.p[i - 1] == '@') || (n < rest.n && rest.p[n] == '@') ||
		    !is_bare(rest, host, endings))
			continue;
		n = host.n < rest.n && rest.p[host.n] == '/' ? blank_after(text, i) - i : host.n;
		*out = (struct link){i, n, host};
		*at = i + n;
		return true;
	}
	return false;
}

static bool
is_listed(const struct content_strings *list, struct slice host)
{
	for (size_t i = 0; i < list->count; i++)
		if (is_domain(host, list->items[i]))
			return true;
	return false;
}

/* Links are found with the endings of any rule that is in force, so that all rules see the same. */
static const struct content_strings *
endings_of(const struct content_view *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->rules[i]->endings.count > 0)
			return &v->rules[i]->endings;
	return v->count > 0 ? &v->rules[0]->endings : NULL;
}

static void
look_links(struct look *l, const struct content_rule *r)
{
	const struct content_strings *endings = endings_of(l->view);
	size_t at = l->begin;
	struct link link;

	while (next_link(l->text, &at, endings, &link)) {
		struct slice host = link.host;

		if (r->kind == CONTENT_SHORTENERS && begins(host, "www."))
			host = (struct slice){host.p + 4, host.n - 4};
		if (is_listed(&r->list, host) == (r->kind == CONTENT_SHORTENERS))
			find(l, link.at, link.n);
	}
}

/* ---- words ---- */

static int
compare_slices(struct slice a, struct slice b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int order = n > 0 ? memcmp(a.p, b.p, n) : 0;

	return order != 0 ? order : a.n < b.n ? -1 : a.n > b.n;
}

int
content_by_first_word(const void *a, const void *b)
{
	const struct content_phrase *x = a, *y = b;

	return compare_slices(x->words[0], y->words[0]);
}

static size_t
first_phrase(const struct content_rule *r, struct slice word)
{
	size_t lo = 0, hi = r->phrase_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (compare_slices(r->phrases[mid].words[0], word) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static void
make_form(struct look *l, enum compare_mode m)
{
	struct content_view *v = l->view;
	struct slice text = {l->text.p + l->begin, l->text.n - l->begin};

	if (v->has_form[m])
		return;
	v->has_form[m] = true;
	buf_reset(&v->forms[m]);
	buf_reset(&v->froms[m]);
	compare_add(v->comparers[m], text, &v->forms[m], NULL);
	v->token_counts[m] =
		compare_tokens(buf_slice(&v->forms[m]), false, v->tokens[m], CONTENT_TOKENS_MAX);
}

/* Places in the text of the bytes of its form; made for the few texts that need them. */
static const uint32_t *
places_of(struct look *l, enum compare_mode m)
{
	struct content_view *v = l->view;
	struct slice text = {l->text.p + l->begin, l->text.n - l->begin};
	struct buf again = {0};

	if (v->froms[m].len == 0)
		compare_add(v->comparers[m], text, &again, &v->froms[m]);
	buf_free(&again);
	return (const void *)v->froms[m].data;
}

/* Between two words of a phrase: a blank, or one sign that joins them. */
static bool
is_joint(const char *form, const struct compare_token *t)
{
	return t->n == 1 && !t->has_blank && strchr("-_./", form[t->at]) != NULL;
}

/* The token behind the phrase that begins at token i, or 0. */
static size_t
phrase_end(const struct content_view *v, enum compare_mode m, size_t i,
	   const struct content_phrase *p)
{
	const struct compare_token *t = v->tokens[m];
	const char *form = v->forms[m].data;

	for (size_t k = 0; k < p->count; k++, i++) {
		if (k > 0 && i + 1 < v->token_counts[m] && is_joint(form, &t[i]) &&
		    !t[i + 1].has_blank &&
		    !(p->words[k].n == 1 && p->words[k].p[0] == form[t[i].at]))
			i++;
		if (i >= v->token_counts[m] ||
		    !slice_eq((struct slice){form + t[i].at, t[i].n}, p->words[k]))
			return 0;
	}
	return i;
}

static void
look_words(struct look *l, const struct content_rule *r)
{
	struct content_view *v = l->view;
	enum compare_mode m = r->mode;

	make_form(l, m);
	for (size_t i = 0; i < v->token_counts[m]; i++) {
		const struct compare_token *t = &v->tokens[m][i];
		struct slice word = {v->forms[m].data + t->at, t->n};
		size_t best = 0;

		for (size_t k = first_phrase(r, word);
		     k < r->phrase_count && slice_eq(r->phrases[k].words[0], word); k++) {
			size_t end = phrase_end(v, m, i, &r->phrases[k]);

			best = end > best ? end : best;
		}
		if (best > 0) {
			const struct compare_token *last = &v->tokens[m][best - 1];
			const uint32_t *from = places_of(l, m);
			size_t at = l->begin + from[t->at];
			size_t end = l->begin + from[last->at + last->n - 1] + 1;

			while (end < l->text.n && (l->text.p[end] & 0xC0) == 0x80)
				end++;
			find(l, at, end - at);
			i = best - 1;
		}
	}
}

/* ---- the others ---- */

static void
look_characters(struct look *l, const struct content_rule *r)
{
	for (size_t at = l->begin; at < l->text.n; at++) {
		struct slice left = {l->text.p + at, l->text.n - at};

		if (!r->is_start[(unsigned char)l->text.p[at]] || text_next(&left) < 0)
			continue;
		left.n = (size_t)(left.p - l->text.p) - at;
		if (memmem(r->characters, strlen(r->characters), l->text.p + at, left.n) != NULL)
			find(l, at, left.n);
	}
}

static void
look_labels(struct look *l, const struct content_rule *r)
{
	for (size_t at = l->begin; at < l->text.n; at++) {
		if (!r->is_start[(unsigned char)l->text.p[at]])
			continue;
		for (size_t i = 0; i < r->list.count; i++)
			if (begins((struct slice){l->text.p + at, l->text.n - at},
				   r->list.items[i])) {
				find(l, at, strlen(r->list.items[i]));
				break;
			}
	}
}

/* "[QC]" in front is ours; the template may have taken the blank behind it away. */
static size_t
own_label(const struct content_view *v, struct slice text)
{
	struct slice label = slice_trim(slice_of(v->label));

	if (label.n > text.n || label.n == 0 || memcmp(text.p, label.p, label.n) != 0)
		return 0;
	return label.n;
}

size_t
content_check(struct content_view *v, struct slice nfc, unsigned parts,
	      struct content_finding out[CONTENT_FINDINGS_MAX])
{
	struct look l = {
		.view = v, .text = nfc, .parts = parts, .out = out, .begin = own_label(v, nfc)};

	memset(v->has_form, 0, sizeof(v->has_form));
	for (l.rule = 0; l.rule < v->count; l.rule++) {
		const struct content_rule *r = v->rules[l.rule];

		l.of_rule = 0;
		switch ((enum content_kind)r->kind) {
		case CONTENT_LINKS:
		case CONTENT_SHORTENERS:
			look_links(&l, r);
			break;
		case CONTENT_LABELS:
			look_labels(&l, r);
			break;
		case CONTENT_WORDS:
			look_words(&l, r);
			break;
		case CONTENT_CHARACTERS:
			look_characters(&l, r);
			break;
		case CONTENT_PARTS:
			if (l.parts > r->max)
				find(&l, 0, 0);
			break;
		}
	}
	return l.count;
}
