/* SPDX-License-Identifier: MIT */
/*
 * Replays the driver cases in tests/cases/driver/: DRIVER-what.case, one test
 * each, named by its first line. Sections are played in order:
 *
 *   <settings>  the account's settings       <refused>   the error they are refused with
 *   <batch>     brandname, …, messages       <request>   what encode makes of it, byte for byte
 *                                            <cannot>    or the error it ends with
 *   <answer>    HTTP status, headers, body   <outcome>   a line for each message
 *   <receipt>   ?query line, or a body       <receipts>  a line for each, or error: …
 *   <poll>      id, reference, count         <request>   as above
 *   <answer>    as above                     <polled>    the result, a line for each receipt
 *   <balance>   nothing                      <request>   as above
 *   <answer>    as above                     <amount>    what is left, or error: …
 *
 * A message with "times": n stands for n messages; the numbers count up from its phone.
 *
 * Besides, each JSON answer is cut at every byte: no cut answer may say
 * anything about a message that its status does not say alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "providers/provider.h"

#define FOLDER "tests/cases/driver"
#define CASES_MAX 200
#define HEADERS 20

struct play {
	const struct driver *driver;
	struct arena arena;
	json_t *settings, *batch_json;
	struct provider *provider;
	struct batch batch;
	struct http_answer answer;
	struct header headers[HEADERS];
	struct slice query, body; /* of the receipt */
	json_t *poll_json;
	struct poll poll;
	enum { ASKS_SEND, ASKS_POLL, ASKS_BALANCE } asks; /* what <request> is about */
	int line;					  /* of the section being played */
};

static char *
read_file(const char *path)
{
	struct buf b = {0};
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		fail_msg("%s cannot be opened; run from the top of the tree", path);
	while ((n = fread(buf_reserve(&b, 4096), 1, 4096, f)) > 0)
		b.len += n;
	fclose(f);
	buf_add(&b, "", 0); /* for its NUL */
	return buf_take(&b);
}

static void
expect(const struct play *p, struct buf *got, struct slice want)
{
	char *w = xmemdup0(want.p, want.n);

	buf_addc(got, '\0');
	if (strcmp(got->data, w) != 0)
		fail_msg("line %d: expected\n%s\ngot\n%s", p->line, w, got->data);
	free(w);
	buf_free(got);
}

static json_t *
parse(const struct play *p, struct slice s)
{
	struct err_ctx e = {0};
	json_t *v;

	if (json_parse(s, 1 << 20, "section", &v, &e) != ERR_OK)
		fail_msg("line %d: %s", p->line, e.why);
	return v;
}

/* Up to the next line end; moves s behind it. */
static struct slice
take_line(struct slice *s)
{
	const char *end = s->n > 0 ? memchr(s->p, '\n', s->n) : NULL;
	struct slice line = {s->p, end != NULL ? (size_t)(end - s->p) : s->n};
	size_t n = line.n + (end != NULL);

	s->p += n;
	s->n -= n;
	return line;
}

static void
open_provider(struct play *p)
{
	struct json_at at = json_root(p->settings);
	struct err_ctx e = {0};

	if (p->provider == NULL && p->driver->open(&at, &p->provider, &e) != ERR_OK)
		fail_msg("line %d: open: %s: %s: %s", p->line, e.what, e.why, e.todo);
}

static void
play_settings(struct play *p, struct slice s)
{
	p->driver->close(p->provider);
	p->provider = NULL;
	json_decref(p->settings);
	p->settings = parse(p, s);
}

static void
play_refused(struct play *p, struct slice s)
{
	struct json_at at = json_root(p->settings);
	struct err_ctx e = {0};
	struct buf got = {0};

	assert_int_equal(p->driver->open(&at, &p->provider, &e), ERR_INPUT);
	assert_null(p->provider);
	err_print(&e, &got);
	expect(p, &got, s);
}

static struct slice
string_at(const json_t *v, const char *key)
{
	return slice_of(json_string_value(json_object_get(v, key)));
}

static size_t
times_of(const json_t *v)
{
	json_t *times = json_object_get(v, "times");

	return times != NULL ? (size_t)json_integer_value(times) : 1;
}

static struct slice
count_up(struct play *p, struct slice phone, size_t by)
{
	char text[24];
	int64_t n = 0;

	if (by == 0)
		return phone;
	assert_true(slice_to_i64(phone, &n));
	n = snprintf(text, sizeof(text), "%lld", (long long)(n + (int64_t)by));
	return (struct slice){arena_memdup0(&p->arena, text, (size_t)n), (size_t)n};
}

static void
play_batch(struct play *p, struct slice s)
{
	struct out_message *m;
	json_t *list, *v;
	size_t i, n = 0;

	json_decref(p->batch_json);
	p->batch_json = parse(p, s);
	list = json_object_get(p->batch_json, "messages");
	json_array_foreach (list, i, v)
		n += times_of(v);
	m = arena_alloc(&p->arena, (n + 1) * sizeof(*m));
	n = 0;
	json_array_foreach (list, i, v) {
		for (size_t k = 0; k < times_of(v); k++)
			m[n++] = (struct out_message){
				.phone = count_up(p, string_at(v, "phone"), k),
				.text = string_at(v, "text"),
				.reference = string_at(v, "reference"),
				.parts = 1,
				.is_unicode = json_is_true(json_object_get(v, "is_unicode")),
			};
	}
	p->batch = (struct batch){
		.messages = m,
		.count = n,
		.reference = string_at(p->batch_json, "reference"),
		.brandname = string_at(p->batch_json, "brandname"),
		.receipt_url = string_at(p->batch_json, "receipt_url"),
		.campaign = string_at(p->batch_json, "campaign"),
	};
	if (p->batch.reference.n == 0 && p->batch.count > 0)
		p->batch.reference = m[0].reference;
	p->asks = ASKS_SEND;
}

static void
play_poll(struct play *p, struct slice s)
{
	json_decref(p->poll_json);
	p->poll_json = parse(p, s);
	p->poll = (struct poll){
		.id = string_at(p->poll_json, "id"),
		.reference = string_at(p->poll_json, "reference"),
		.count = (size_t)json_integer_value(json_object_get(p->poll_json, "count")),
	};
	p->asks = ASKS_POLL;
}

static void
play_balance(struct play *p, struct slice s)
{
	(void)s;
	p->asks = ASKS_BALANCE;
}

static enum err
ask(struct play *p, struct http_request *r, struct err_ctx *e)
{
	switch (p->asks) {
	case ASKS_SEND:
		break;
	case ASKS_POLL:
		return p->driver->poll(p->provider, &p->poll, &p->arena, r, e);
	case ASKS_BALANCE:
		return p->driver->balance(p->provider, &p->arena, r, e);
	}
	return p->driver->encode(p->provider, &p->batch, &p->arena, r, e);
}

static void
play_request(struct play *p, struct slice s)
{
	struct http_request r;
	struct err_ctx e = {0};
	struct buf got = {0};

	if (ask(p, &r, &e) != ERR_OK)
		fail_msg("line %d: encode: %s: %s", p->line, e.what, e.why);
	buf_addf(&got, "%s %s", r.method, r.url);
	for (size_t i = 0; i < r.header_count; i++) {
		buf_addc(&got, '\n');
		buf_add_slice(&got, r.headers[i].name);
		buf_adds(&got, ": ");
		buf_add_slice(&got, r.headers[i].value);
	}
	if (r.body.n > 0) {
		buf_adds(&got, "\n\n");
		buf_add_slice(&got, r.body);
	}
	expect(p, &got, s);
}

static void
play_cannot(struct play *p, struct slice s)
{
	struct http_request r;
	struct err_ctx e = {0};
	struct buf got = {0};

	assert_int_equal(ask(p, &r, &e), ERR_INPUT);
	err_print(&e, &got);
	expect(p, &got, s);
}

static void
play_answer(struct play *p, struct slice s)
{
	struct slice line = take_line(&s);
	int64_t status = 0;

	assert_true(line.n == 8 && memcmp(line.p, "HTTP ", 5) == 0);
	assert_true(slice_to_i64((struct slice){line.p + 5, 3}, &status));
	p->answer = (struct http_answer){.status = (int)status, .headers = p->headers};
	while (s.n > 0 && (line = take_line(&s)).n > 0) {
		const char *colon = memchr(line.p, ':', line.n);

		assert_non_null(colon);
		assert_true(p->answer.header_count < HEADERS);
		p->headers[p->answer.header_count++] =
			(struct header){{line.p, (size_t)(colon - line.p)},
					slice_trim((struct slice){
						colon + 1, line.n - (size_t)(colon + 1 - line.p)})};
	}
	p->answer.body = s;
}

static bool
is_json(struct slice s)
{
	json_t *v = NULL;
	bool is_whole = json_parse(s, 1 << 20, "answer", &v, NULL) == ERR_OK;

	json_decref(v);
	return is_whole;
}

static void
check_cut_answers(struct play *p)
{
	struct slice whole = slice_trim(p->answer.body);
	struct json_at at = json_root(p->settings), answer = json_get(&at, "answer");
	struct http_answer r = p->answer;
	struct batch_outcome alone, cut;
	struct arena a = {0}, b = {0};

	if (json_object_get(answer.v, "format") != NULL || !is_json(whole))
		return;
	r.body = (struct slice){0};
	p->driver->decode(p->provider, &p->batch, &r, &a, &alone);
	for (size_t n = 1; n < whole.n; n++) {
		/* In memory of its own, so that reading beyond it is seen. */
		char *copy = xmalloc(n);

		memcpy(copy, whole.p, n);
		r.body = (struct slice){copy, n};
		p->driver->decode(p->provider, &p->batch, &r, &b, &cut);
		for (size_t i = 0; i < p->batch.count; i++)
			if (cut.messages[i].class != alone.messages[i].class)
				fail_msg("line %d: cut at byte %zu: %s", p->line, n,
					 outcome_name(cut.messages[i].class));
		arena_reset(&b);
		free(copy);
	}
	arena_free(&a);
	arena_free(&b);
}

static void
play_outcome(struct play *p, struct slice s)
{
	struct batch_outcome out;
	struct buf got = {0};

	p->driver->decode(p->provider, &p->batch, &p->answer, &p->arena, &out);
	for (size_t i = 0; i < p->batch.count; i++) {
		const struct message_outcome *m = &out.messages[i];

		buf_addf(&got, "%s%s", i > 0 ? "\n" : "", outcome_name(m->class));
		if (m->code[0] != '\0')
			buf_addf(&got, " code=%s", m->code);
		if (m->id[0] != '\0')
			buf_addf(&got, " id=%s", m->id);
	}
	if (out.retry_after_s > 0)
		buf_addf(&got, "\nretry-after %u", out.retry_after_s);
	if (out.has_unknown_code)
		buf_adds(&got, "\nunknown-code");
	expect(p, &got, s);
	check_cut_answers(p);
}

static void
play_receipt(struct play *p, struct slice s)
{
	p->query = (struct slice){0};
	if (s.n > 0 && s.p[0] == '?') {
		p->query = take_line(&s);
		p->query.p++;
		p->query.n--;
	}
	p->body = s;
}

static void
print_receipts(const struct receipt *r, size_t n, struct buf *out)
{
	static const char *const states[] = {"delivered", "undeliverable", "accepted", "unknown"};

	for (size_t i = 0; i < n; i++) {
		buf_addf(out, "%s%s", out->len > 0 ? "\n" : "", states[r[i].state]);
		if (r[i].reference[0] != '\0')
			buf_addf(out, " reference=%s", r[i].reference);
		if (r[i].id[0] != '\0')
			buf_addf(out, " id=%s", r[i].id);
		if (r[i].phone[0] != '\0')
			buf_addf(out, " phone=%s", r[i].phone);
		if (r[i].code[0] != '\0')
			buf_addf(out, " code=%s", r[i].code);
	}
}

static void
play_receipts(struct play *p, struct slice s)
{
	struct receipt *r;
	struct err_ctx e = {0};
	struct buf got = {0};
	size_t n;
	enum err rc = p->driver->receipt(p->provider, p->query, p->body, &p->arena, &r, &n, &e);

	if (rc != ERR_OK)
		buf_addf(&got, "error: %s", e.why);
	else
		print_receipts(r, n, &got);
	expect(p, &got, s);
}

/* No cut answer is a last word, nor says that anything was delivered. */
static void
check_cut_polls(struct play *p)
{
	struct slice whole = slice_trim(p->answer.body);
	struct http_answer r = p->answer;
	struct arena a = {0};
	struct receipt *list;
	size_t count;

	for (size_t n = 0; is_json(whole) && n < whole.n; n++) {
		char *copy = xmalloc(n + 1);

		memcpy(copy, whole.p, n);
		r.body = (struct slice){copy, n};
		if (p->driver->polled(p->provider, &p->poll, &r, &a, &list, &count) !=
			    POLL_UNREADABLE ||
		    count > 0)
			fail_msg("line %d: cut at byte %zu says something", p->line, n);
		arena_reset(&a);
		free(copy);
	}
	arena_free(&a);
}

static void
play_polled(struct play *p, struct slice s)
{
	static const char *const results[] = {
		[POLL_DONE] = "done",
		[POLL_AGAIN] = "again",
		[POLL_UNKNOWN_ID] = "unknown-id",
		[POLL_REFUSED] = "refused",
		[POLL_UNREADABLE] = "unreadable",
	};
	struct receipt *r;
	struct buf got = {0};
	size_t n;

	buf_adds(&got,
		 results[p->driver->polled(p->provider, &p->poll, &p->answer, &p->arena, &r, &n)]);
	print_receipts(r, n, &got);
	expect(p, &got, s);
	check_cut_polls(p);
}

static void
play_amount(struct play *p, struct slice s)
{
	struct balance balance;
	struct err_ctx e = {0};
	struct buf got = {0};
	enum err rc = p->driver->read_balance(p->provider, &p->answer, &balance, &e);

	if (rc == ERR_OK)
		buf_addf(&got, "%s %s", balance.amount, balance.unit);
	else
		buf_addf(&got, "error %s: %s", err_name(rc), e.why);
	expect(p, &got, s);
}

static const struct {
	const char *name;
	void (*play)(struct play *p, struct slice s);
	bool needs_provider;
} sections[] = {
	{"settings", play_settings, false}, {"refused", play_refused, false},
	{"batch", play_batch, false},	    {"request", play_request, true},
	{"cannot", play_cannot, true},	    {"answer", play_answer, true},
	{"outcome", play_outcome, true},    {"receipt", play_receipt, true},
	{"receipts", play_receipts, true},  {"poll", play_poll, true},
	{"polled", play_polled, true},	    {"balance", play_balance, true},
	{"amount", play_amount, true},
};

static void
play_section(struct play *p, struct slice name, struct slice content)
{
	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		if (!slice_is(name, sections[i].name))
			continue;
		if (sections[i].needs_provider)
			open_provider(p);
		sections[i].play(p, content);
		return;
	}
	fail_msg("line %d: no section is called <%.*s>", p->line, (int)name.n, name.p);
}

/* The content of the section that starts here, without its last line end; moves s behind it. */
static struct slice
take_section(const struct play *p, struct slice *s, struct slice name, int *line)
{
	const char *start = s->p;

	while (s->n > 0) {
		struct slice l = take_line(s);

		(*line)++;
		if (l.n == name.n + 3 && memcmp(l.p, "</", 2) == 0 &&
		    memcmp(l.p + 2, name.p, name.n) == 0)
			return (struct slice){start, l.p > start ? (size_t)(l.p - start - 1) : 0};
	}
	fail_msg("line %d: <%.*s> has no end", p->line, (int)name.n, name.p);
	return (struct slice){0};
}

static const struct driver *
driver_of(const char *file)
{
	char name[40];
	struct err_ctx e = {0};
	const struct driver *d;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(file, "-."), file);
	d = driver_find(name, &e);
	if (d == NULL)
		fail_msg("%s: %s", e.why, e.todo);
	return d;
}

static void
play_file(void **state)
{
	const char *file = *state;
	struct play p = {.driver = driver_of(file)};
	char path[300];
	char *text;
	struct slice s;
	int line = 0;

	snprintf(path, sizeof(path), FOLDER "/%s", file);
	text = read_file(path);
	s = slice_of(text);
	while (s.n > 0) {
		struct slice l = take_line(&s), name;

		p.line = ++line;
		if (l.n < 3 || l.p[0] != '<')
			continue; /* comment */
		name = (struct slice){l.p + 1, l.n - 2};
		play_section(&p, name, take_section(&p, &s, name, &line));
	}
	p.driver->close(p.provider);
	json_decref(p.settings);
	json_decref(p.batch_json);
	json_decref(p.poll_json);
	arena_free(&p.arena);
	free(text);
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static size_t
list_files(char **files)
{
	DIR *d = opendir(FOLDER);
	struct dirent *entry;
	size_t n = 0;

	while (d != NULL && (entry = readdir(d)) != NULL && n < CASES_MAX) {
		size_t len = strlen(entry->d_name);

		if (len > 5 && strcmp(entry->d_name + len - 5, ".case") == 0)
			files[n++] = xstrdup(entry->d_name);
	}
	if (d != NULL)
		closedir(d);
	qsort(files, n, sizeof(files[0]), by_name);
	return n;
}

/* The first line without its "# ". */
static char *
title_of(const char *file)
{
	char path[300];
	char *text, *title;

	snprintf(path, sizeof(path), FOLDER "/%s", file);
	text = read_file(path);
	title = xmemdup0(text + 2 * (text[0] == '#'), strcspn(text, "\n") - 2 * (text[0] == '#'));
	free(text);
	return title;
}

int
main(void)
{
	char *files[CASES_MAX];
	struct CMUnitTest tests[CASES_MAX];
	size_t n = list_files(files);
	int failed;

	if (n == 0) {
		fprintf(stderr, "there are no cases in " FOLDER "; run from the top of the tree\n");
		return 1;
	}
	for (size_t i = 0; i < n; i++)
		tests[i] = (struct CMUnitTest){.name = title_of(files[i]),
					       .test_func = play_file,
					       .initial_state = files[i]};
	failed = _cmocka_run_group_tests("driver cases", tests, n, NULL, NULL);
	for (size_t i = 0; i < n; i++) {
		free((char *)tests[i].name);
		free(files[i]);
	}
	return failed;
}
