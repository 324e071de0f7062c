/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/details.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/text.h"

#define BUCKET_RANKS 4096u
#define PAGE_BYTES 1024u
#define WRITE_BYTES 65536u
#define NO_PAGE UINT32_MAX
#define CLOSE_BYTES (4 << 20) /* given back in a turn */
#define TEXT_MAX 255u	      /* bytes kept of an id or a code */
#define ENTRY_HEAD 9u /* rank in the bucket and kind (2), attempt, bytes of id and code, when (4) */
#define NO_TIME UINT32_MAX
#define KIND_LATER 0x8000u

struct page {
	uint32_t previous; /* page of the same bucket in the file; NO_PAGE = none */
	uint32_t used;
	char data[PAGE_BYTES - 8];
};

/* What is known of one rank: places in the bucket's text. */
struct entry {
	uint32_t id_at, code_at;
	uint8_t id_n, code_n;
	uint8_t id_attempt, code_order, at_attempt;
	uint32_t at_s; /* meaningless while at_attempt is 0 */
};

struct details {
	char *folder;
	int fd; /* -1 = nothing had to be written yet */
	uint32_t page_count;
	uint32_t written; /* pages in the file; the rest is in `unwritten` */
	struct buf unwritten;
	struct {
		struct page **pages; /* the last of each bucket; NULL = empty */
		size_t count;
		struct entry *entries; /* of the decoded bucket */
		struct buf text;
		uint32_t bucket;
		bool is_ready;
	} side[PARTITIONS_MAX];
	struct buf chain; /* scratch: pages of a bucket, the last one first */
};

struct details *
details_new(const char *folder)
{
	struct details *d = xcalloc(1, sizeof(*d));

	d->folder = xstrdup(folder);
	d->fd = -1;
	return d;
}

void
details_free(struct details *d)
{
	if (d == NULL)
		return;
	for (unsigned p = 0; p < PARTITIONS_MAX; p++) {
		for (size_t i = 0; i < d->side[p].count; i++)
			free(d->side[p].pages[i]);
		free(d->side[p].pages);
		free(d->side[p].entries);
		buf_free(&d->side[p].text);
	}
	if (d->fd >= 0)
		close(d->fd);
	buf_free(&d->unwritten);
	buf_free(&d->chain);
	free(d->folder);
	free(d);
}

struct closing {
	struct timer step;
	struct loop *loop;
	int fd;
	off_t left; /* bytes of the file */
};

static void
on_closing(struct timer *t, void *arg)
{
	struct closing *c = arg;

	c->left -= CLOSE_BYTES;
	if (c->left > 0 && ftruncate(c->fd, c->left) == 0) {
		timer_arm_us(c->loop, t, 0);
		return;
	}
	close(c->fd);
	free(c);
}

void
details_free_slowly(struct loop *l, struct details *d)
{
	struct closing *c;

	if (d != NULL && d->fd >= 0 && d->written > CLOSE_BYTES / PAGE_BYTES) {
		c = xcalloc(1, sizeof(*c));
		c->loop = l;
		c->fd = d->fd;
		c->left = (off_t)d->written * PAGE_BYTES;
		d->fd = -1;
		timer_init(&c->step, on_closing, c);
		timer_arm_us(l, &c->step, 0);
	}
	details_free(d);
}

/* ---- writing ---- */

static enum err
fail_file(const struct details *d, const char *does, struct err_ctx *e)
{
	return err_set(e, ERR_SYSTEM, d->folder, "make room there",
		       "cannot %s a temporary file: %s", does, strerror(errno));
}

static enum err
open_file(struct details *d, struct err_ctx *e)
{
	struct buf name = {0};

	d->fd = open(d->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (d->fd >= 0)
		return ERR_OK;
	/* Not every file system has files without a name. */
	buf_addf(&name, "%s/results.XXXXXX", d->folder);
	d->fd = mkostemp(name.data, O_CLOEXEC);
	if (d->fd >= 0)
		unlink(name.data);
	buf_free(&name);
	return d->fd >= 0 ? ERR_OK : fail_file(d, "make", e);
}

static enum err
write_pages(struct details *d, struct err_ctx *e)
{
	size_t done = 0;

	if (d->fd < 0 && open_file(d, e) != ERR_OK)
		return ERR_SYSTEM;
	while (done < d->unwritten.len) {
		ssize_t n = pwrite(d->fd, d->unwritten.data + done, d->unwritten.len - done,
				   (off_t)d->written * PAGE_BYTES + (off_t)done);

		if (n <= 0 && errno != EINTR)
			return fail_file(d, "write", e);
		done += n > 0 ? (size_t)n : 0;
	}
	d->written = d->page_count;
	buf_reset(&d->unwritten);
	return ERR_OK;
}

/* The page of a bucket that has room for n bytes. */
static enum err
page_with_room(struct details *d, unsigned p, uint32_t bucket, size_t n, struct page **out,
	       struct err_ctx *e)
{
	struct page *page;

	if (bucket >= d->side[p].count) {
		size_t count =
			bucket + 1 > 2 * d->side[p].count ? bucket + 1 : 2 * d->side[p].count;

		d->side[p].pages = xrealloc(d->side[p].pages, count * sizeof(struct page *));
		for (size_t i = d->side[p].count; i < count; i++)
			d->side[p].pages[i] = NULL;
		d->side[p].count = count;
	}
	page = d->side[p].pages[bucket];
	if (page == NULL) {
		page = d->side[p].pages[bucket] = xcalloc(1, sizeof(*page));
		page->previous = NO_PAGE;
	}
	*out = page;
	if (page->used + n <= sizeof(page->data))
		return ERR_OK;
	buf_add(&d->unwritten, page, PAGE_BYTES);
	page->previous = d->page_count++;
	page->used = 0;
	return d->unwritten.len >= WRITE_BYTES ? write_pages(d, e) : ERR_OK;
}

struct said {
	uint32_t rank;
	unsigned attempt;
	struct slice id, code;
	uint32_t at_s; /* since the launch; NO_TIME = the line does not say */
};

static enum err
put(struct details *d, unsigned p, bool is_later, const struct said *s, struct err_ctx *e)
{
	size_t n = ENTRY_HEAD + s->id.n + s->code.n;
	unsigned at = s->rank % BUCKET_RANKS | (is_later ? KIND_LATER : 0);
	struct page *page;
	enum err rc = page_with_room(d, p, s->rank / BUCKET_RANKS, n, &page, e);
	char *to;

	if (rc != ERR_OK)
		return rc;
	to = page->data + page->used;
	to[0] = (char)at;
	to[1] = (char)(at >> 8);
	to[2] = (char)s->attempt;
	to[3] = (char)s->id.n;
	to[4] = (char)s->code.n;
	for (unsigned i = 0; i < 4; i++)
		to[5 + i] = (char)(s->at_s >> (8 * i));
	memcpy(to + ENTRY_HEAD, s->id.p, s->id.n);
	memcpy(to + ENTRY_HEAD + s->id.n, s->code.p, s->code.n);
	page->used += (uint32_t)n;
	d->side[p].is_ready = false;
	return ERR_OK;
}

/* ---- scanning: the log is compact JSON of one shape, ten million lines of it ---- */

static bool
scan_number(struct slice *s, uint32_t max, uint32_t *out)
{
	uint64_t v = 0;
	size_t i = 0;

	for (; i < s->n && i < 10 && s->p[i] >= '0' && s->p[i] <= '9'; i++)
		v = v * 10 + (uint64_t)(s->p[i] - '0');
	*s = (struct slice){s->p + i, s->n - i};
	*out = (uint32_t)v;
	return i > 0 && v <= max;
}

static bool
scan_hex4(struct slice *s, uint32_t *out)
{
	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = s->n > 0 ? s->p[0] : '\0';
		int digit = c >= '0' && c <= '9'   ? c - '0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10
						   : -1;

		if (digit < 0)
			return false;
		*out = *out * 16 + (uint32_t)digit;
		slice_take_char(s, c);
	}
	return true;
}

/* Behind a backslash. A lone surrogate becomes U+FFFD. */
static bool
scan_escape(struct slice *s, struct buf *out)
{
	static const char names[] = "\"\\/bfnrt", means[] = "\"\\/\b\f\n\r\t";
	const char *at = s->n > 0 && s->p[0] != '\0' ? strchr(names, s->p[0]) : NULL;
	uint32_t c, low;

	if (at != NULL) {
		buf_addc(out, means[at - names]);
		return slice_take_char(s, *at);
	}
	if (!slice_take_char(s, 'u') || !scan_hex4(s, &c))
		return false;
	if (c >= 0xd800 && c < 0xdc00 && s->n >= 2 && s->p[0] == '\\' && s->p[1] == 'u') {
		*s = (struct slice){s->p + 2, s->n - 2};
		if (!scan_hex4(s, &low))
			return false;
		c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00)
						  : 0xfffd;
	} else if (c >= 0xd800 && c < 0xe000) {
		c = 0xfffd;
	}
	text_add_code_point(out, (int32_t)c);
	return true;
}

/* Appended to out; what is beyond TEXT_MAX is dropped, whole characters at a time. */
static bool
scan_string(struct slice *s, struct buf *out, size_t *n)
{
	size_t begin = out->len;

	if (!slice_take_char(s, '"'))
		return false;
	while (s->n > 0 && s->p[0] != '"') {
		if (slice_take_char(s, '\\')) {
			if (!scan_escape(s, out))
				return false;
		} else {
			buf_addc(out, s->p[0]);
			slice_take_char(s, s->p[0]);
		}
	}
	*n = out->len - begin;
	if (*n > TEXT_MAX) {
		*n = TEXT_MAX;
		while (*n > 0 && (out->data[begin + *n] & 0xc0) == 0x80)
			--*n;
		out->len = begin + *n;
	}
	return slice_take_char(s, '"');
}

/* [rank,attempt,"id","code"] */
static bool
scan_member(struct slice *s, struct buf *text, struct said *out)
{
	uint32_t attempt;
	size_t id_n, code_n;

	buf_reset(text);
	if (!slice_take_char(s, '[') || !scan_number(s, (1u << 30) - 1, &out->rank) ||
	    !slice_take_char(s, ',') || !scan_number(s, ATTEMPTS_MAX, &attempt) ||
	    !slice_take_char(s, ',') || !scan_string(s, text, &id_n) || !slice_take_char(s, ',') ||
	    !scan_string(s, text, &code_n) || !slice_take_char(s, ']'))
		return false;
	out->attempt = attempt;
	out->id = (struct slice){text->data != NULL ? text->data : "", id_n};
	out->code = (struct slice){out->id.p + id_n, code_n};
	return true;
}

/*
 * When the line came: the number behind its members, "…]],SECONDS]" or "…]],SECONDS,TARIFF]". They
 * are longer than all else of it, so it is looked for from the end.
 */
static uint32_t
time_of_line(struct slice line)
{
	size_t at = line.n, digits = 0;
	struct slice rest;
	uint32_t seconds;

	while (at > 0 && digits < 24 && line.p[at - 1] != '\0' &&
	       strchr("0123456789,]", line.p[at - 1]) != NULL) {
		at--;
		digits++;
	}
	rest = (struct slice){line.p + at, line.n - at};
	if (!slice_take_char(&rest, ']') || !slice_take_char(&rest, ']') ||
	    !slice_take_char(&rest, ',') || !scan_number(&rest, NO_TIME - 1, &seconds))
		return NO_TIME;
	return seconds;
}

enum err
details_add(struct details *d, struct slice line, size_t *members, struct err_ctx *e)
{
	struct buf kind = {0}, text = {0};
	struct said said;
	enum err rc = ERR_OK;
	size_t n;
	uint32_t p;
	uint32_t at_s = time_of_line(line);
	bool is_good = slice_take_char(&line, '[') && scan_string(&line, &kind, &n) &&
		       slice_take_char(&line, ',') && scan_number(&line, PARTITIONS_MAX - 1, &p) &&
		       slice_take_char(&line, ',') && slice_take_char(&line, '[');

	while (is_good && rc == ERR_OK && scan_member(&line, &text, &said)) {
		said.at_s = at_s;
		rc = put(d, p, !slice_is(buf_slice(&kind), "answer"), &said, e);
		++*members;
		is_good = slice_take_char(&line, ',');
	}
	buf_free(&kind);
	buf_free(&text);
	return rc;
}

/* ---- reading ---- */

bool
details_is_ready(const struct details *d, unsigned p, uint32_t rank)
{
	uint32_t bucket = rank / BUCKET_RANKS;

	return bucket >= d->side[p].count || d->side[p].pages[bucket] == NULL ||
	       (d->side[p].is_ready && d->side[p].bucket == bucket);
}

static enum err
chain_page(struct details *d, uint32_t n, struct err_ctx *e)
{
	char *to = buf_reserve(&d->chain, PAGE_BYTES);

	if (n >= d->written) {
		memcpy(to, d->unwritten.data + (size_t)(n - d->written) * PAGE_BYTES, PAGE_BYTES);
	} else {
		ssize_t got;

		do
			got = pread(d->fd, to, PAGE_BYTES, (off_t)n * PAGE_BYTES);
		while (got < 0 && errno == EINTR);
		if (got != (ssize_t)PAGE_BYTES)
			return fail_file(d, "read", e);
	}
	d->chain.len += PAGE_BYTES;
	return ERR_OK;
}

static void
decode_page(struct details *d, unsigned p, const char *page)
{
	struct buf *text = &d->side[p].text;
	uint32_t used;
	const uint8_t *at = (const uint8_t *)page + offsetof(struct page, data), *end;

	memcpy(&used, page + offsetof(struct page, used), sizeof(used));
	end = at + used;
	while (at < end) {
		unsigned word = at[0] | (unsigned)at[1] << 8, attempt = at[2];
		uint8_t id_n = at[3], code_n = at[4];
		uint32_t at_s = at[5] | (uint32_t)at[6] << 8 | (uint32_t)at[7] << 16 |
				(uint32_t)at[8] << 24;
		uint8_t order = (uint8_t)(attempt * 2 + ((word & KIND_LATER) != 0));
		struct entry *x = &d->side[p].entries[word % BUCKET_RANKS];

		if (id_n > 0 && attempt >= x->id_attempt) {
			x->id_at = (uint32_t)text->len;
			x->id_n = id_n;
			x->id_attempt = (uint8_t)attempt;
			buf_add(text, at + ENTRY_HEAD, id_n);
		}
		if (code_n > 0 && order >= x->code_order) {
			x->code_at = (uint32_t)text->len;
			x->code_n = code_n;
			x->code_order = order;
			buf_add(text, at + ENTRY_HEAD + id_n, code_n);
		}
		if (at_s != NO_TIME && (word & KIND_LATER) == 0 && attempt >= x->at_attempt) {
			x->at_attempt = (uint8_t)attempt;
			x->at_s = at_s;
		}
		at += ENTRY_HEAD + id_n + code_n;
	}
}

static enum err
decode_bucket(struct details *d, unsigned p, uint32_t bucket, struct err_ctx *e)
{
	const struct page *last = d->side[p].pages[bucket];
	uint32_t previous = last->previous;

	if (d->side[p].entries == NULL)
		d->side[p].entries = xcalloc(BUCKET_RANKS, sizeof(struct entry));
	memset(d->side[p].entries, 0, BUCKET_RANKS * sizeof(struct entry));
	buf_reset(&d->side[p].text);
	buf_reset(&d->chain);
	buf_add(&d->chain, last, PAGE_BYTES);
	while (previous != NO_PAGE) {
		if (chain_page(d, previous, e) != ERR_OK)
			return ERR_SYSTEM;
		memcpy(&previous, d->chain.data + d->chain.len - PAGE_BYTES, sizeof(previous));
	}
	for (size_t at = d->chain.len; at >= PAGE_BYTES; at -= PAGE_BYTES)
		decode_page(d, p, d->chain.data + at - PAGE_BYTES);
	d->side[p].bucket = bucket;
	d->side[p].is_ready = true;
	return ERR_OK;
}

enum err
details_get(struct details *d, unsigned p, uint32_t rank, struct detail *out, struct err_ctx *e)
{
	const struct entry *x;
	const char *text;

	*out = (struct detail){{"", 0}, {"", 0}, -1, 0};
	if (rank / BUCKET_RANKS >= d->side[p].count ||
	    d->side[p].pages[rank / BUCKET_RANKS] == NULL)
		return ERR_OK;
	if (!details_is_ready(d, p, rank) && decode_bucket(d, p, rank / BUCKET_RANKS, e) != ERR_OK)
		return ERR_SYSTEM;
	x = &d->side[p].entries[rank % BUCKET_RANKS];
	text = d->side[p].text.data != NULL ? d->side[p].text.data : "";
	out->id = (struct slice){text + x->id_at, x->id_n};
	out->code = (struct slice){text + x->code_at, x->code_n};
	out->answered_s = x->at_attempt > 0 ? (int64_t)x->at_s : -1;
	out->answered_attempt = x->at_attempt;
	return ERR_OK;
}
