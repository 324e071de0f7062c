/* SPDX-License-Identifier: MIT */
#include "templates/diff.h"

#include <stdlib.h>

#include "base/mem.h"

struct pieces {
	struct slice *list;
	size_t count;
};

static void
add_piece(struct pieces *p, size_t *cap, struct slice s)
{
	if (p->count == *cap) {
		*cap = *cap * 2 + 16;
		p->list = xrealloc(p->list, *cap * sizeof(*p->list));
	}
	p->list[p->count++] = s;
}

static struct pieces
lines_of(struct slice s)
{
	struct pieces p = {0};
	size_t cap = 0;

	while (s.n > 0)
		add_piece(&p, &cap, slice_take_until(&s, '\n'));
	return p;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Words and what is blank between them, so that the pieces together are the text. */
static struct pieces
words_of(struct slice s)
{
	struct pieces p = {0};
	size_t cap = 0, at = 0;

	while (at < s.n) {
		size_t begin = at;

		while (at < s.n && is_blank(s.p[at]) == is_blank(s.p[begin]))
			at++;
		add_piece(&p, &cap, (struct slice){s.p + begin, at - begin});
	}
	return p;
}

/* common[i][j]: length of the longest common subsequence of a[i…] and b[j…]. */
static uint32_t *
make_table(const struct slice *a, size_t n, const struct slice *b, size_t m)
{
	uint32_t *t = xcalloc((n + 1) * (m + 1), sizeof(*t));

	for (size_t i = n; i-- > 0;)
		for (size_t j = m; j-- > 0;) {
			uint32_t *at = &t[i * (m + 1) + j];

			if (slice_eq(a[i], b[j]))
				*at = at[m + 2] + 1;
			else
				*at = at[m + 1] >= at[1] ? at[m + 1] : at[1];
		}
	return t;
}

static void
tell_middle(const struct slice *a, size_t n, const struct slice *b, size_t m, diff_cb cb, void *arg)
{
	bool is_small = (n + 1) <= DIFF_CELLS_MAX / (m + 1);
	uint32_t *t = is_small ? make_table(a, n, b, m) : NULL;
	size_t i = 0, j = 0;

	while (i < n || j < m) {
		uint32_t *at = is_small ? &t[i * (m + 1) + j] : NULL;

		if (is_small && i < n && j < m && slice_eq(a[i], b[j])) {
			cb(arg, DIFF_SAME, a[i++]);
			j++;
		} else if (i < n && (!is_small || j == m || at[m + 1] >= at[1])) {
			cb(arg, DIFF_OUT, a[i++]);
		} else {
			cb(arg, DIFF_IN, b[j++]);
		}
	}
	free(t);
}

static void
tell(struct pieces a, struct pieces b, diff_cb cb, void *arg)
{
	size_t head = 0, tail = 0;

	while (head < a.count && head < b.count && slice_eq(a.list[head], b.list[head]))
		head++;
	while (tail < a.count - head && tail < b.count - head &&
	       slice_eq(a.list[a.count - 1 - tail], b.list[b.count - 1 - tail]))
		tail++;
	for (size_t i = 0; i < head; i++)
		cb(arg, DIFF_SAME, a.list[i]);
	if (a.count - head - tail + b.count - head - tail > 0)
		tell_middle(a.list + head, a.count - head - tail, b.list + head,
			    b.count - head - tail, cb, arg);
	for (size_t i = a.count - tail; i < a.count; i++)
		cb(arg, DIFF_SAME, a.list[i]);
	free(a.list);
	free(b.list);
}

void
diff_lines(struct slice before, struct slice after, diff_cb cb, void *arg)
{
	tell(lines_of(before), lines_of(after), cb, arg);
}

void
diff_words(struct slice before, struct slice after, diff_cb cb, void *arg)
{
	tell(words_of(before), words_of(after), cb, arg);
}
