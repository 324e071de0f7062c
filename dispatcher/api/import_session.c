/* SPDX-License-Identifier: MIT */
/*
 * A file on its way in: parsed a little in each loop turn and written as blocks; nothing is visible
 * before the commit. A dry run is read wholly and written nowhere.
 *
 * What the file is, its first bytes say. A CSV is parsed here; the bytes of a workbook go to a helper
 * process, whose rows come after the commit (receive/book.h). A commit that takes longer than a
 * second is answered with how far it is, and asked for again; who does not ask for five minutes is gone.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/xlsx.h"
#include "dispatcher/api/imports_inside.h"

#define WORKBOOK_IDLE_MS 300000
#define FEED_BYTES 32768 /* parsed in one loop turn */
#define HEAD_BYTES 512u	 /* that say what the file is */
#define ANSWER_MS 1000	 /* a commit says at least so often how far it is */
#define WRITES_PENDING_MAX 48
#define SAMPLE_ROWS 3	       /* that a dry run shows */
#define DRY_REJECTS_BYTES 8192 /* of the rejected rows that a dry run shows */

void
import_session_clear(struct session *s)
{
	timer_disarm(s->imports->api->daemon->loop, &s->step);
	timer_disarm(s->imports->api->daemon->loop, &s->idle);
	book_close(s->book);
	if (s->tables == NULL)
		import_free(s->import);
	import_tables_free(s->tables);
	import_choices_clear(&s->choices);
	buf_free(&s->head);
	json_decref(s->remembered);
	s->remembered = NULL;
	list_merge_free(s->merge);
	if (s->writer != NULL)
		list_writer_free(s->writer);
	if (s->stage != NULL)
		list_writer_free(s->stage);
	s->merge = NULL;
	s->stage = NULL;
	s->import = NULL;
	s->tables = NULL;
	s->book = NULL;
	s->writer = NULL;
	s->x = NULL;
	s->is_reading = s->is_read = s->has_failed = false;
	s->is_chaining = s->is_ready = false;
	s->id[0] = '\0';
}

void
import_session_on_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct session *s = arg;
	struct list_writer *to = s->stage != NULL ? s->stage : s->writer;

	if (to != NULL)
		list_writer_block(to, bytes, rows);
}

static const char *
on_recall(void *arg, const char *fingerprint)
{
	struct session *s = arg;

	return json_string_value(json_object_get(s->remembered, fingerprint));
}

static uint64_t
rows_kept(const struct session *s)
{
	if (s->tables != NULL)
		return import_tables_rows_kept(s->tables);
	return s->import != NULL ? import_rows_kept(s->import) : 0;
}

static uint64_t
rows_read(const struct session *s)
{
	if (s->tables != NULL)
		return import_tables_rows_read(s->tables);
	return s->import != NULL ? import_rows_read(s->import) : 0;
}

static void
add_rejects(const struct session *s, struct buf *out)
{
	if (s->tables != NULL)
		import_tables_rejects(s->tables, out);
	else
		buf_add_slice(out, import_rejects(s->import));
}

/* ---- the end ---- */

/* What is written cannot be committed any more. */
static bool
is_refused(const struct session *s, struct err_ctx *e)
{
	return (s->writer != NULL && list_writer_is_refused(s->writer, e)) ||
	       (s->stage != NULL && list_writer_is_refused(s->stage, e));
}

/* Where nobody waits for an answer, whoever asks next gets it. */
static void
session_fail(struct session *s, const struct err_ctx *e)
{
	if (s->x == NULL) {
		s->has_failed = true;
		s->failed = *e;
		return;
	}
	http_answer_error(s->x, e);
	import_session_clear(s);
}

/* The next table with these titles is read as this one was. */
static void
remember_choices(struct session *s, const struct import *im)
{
	struct argv a = {0};
	bool is_remembered;
	const struct import_choices *c = import_chosen(im, &is_remembered);
	bool is_chosen = c->phone != NULL || c->language_from != NULL || c->map_count > 0;
	char *text;

	if (is_remembered || (!is_chosen && !s->is_fresh))
		return;
	text = import_choices_to_json(c);
	argv_adds(&a, import_fingerprint(im));
	argv_adds(&a, is_chosen ? text : "");
	engine_call(s->imports->api->daemon->engine, "choices_remember", &a, NULL, NULL);
	argv_free(&a);
	free(text);
}

/* The import's report, open at its end: more members follow. */
static void
add_report(struct session *s, struct buf *out)
{
	if (s->tables != NULL) {
		import_tables_report(s->tables, out);
		return;
	}
	import_report(s->import, out);
	out->len--;
	if (s->book == NULL)
		return;
	buf_adds(out, ",\"workbook\":");
	buf_add_slice(out, book_seen(s->book));
}

static void
session_committed(void *arg, const struct err_ctx *e)
{
	struct session *s = arg;
	struct buf report = {0};

	if (e != NULL) {
		session_fail(s, e);
		return;
	}
	if (s->tables == NULL)
		remember_choices(s, s->import);
	for (size_t i = 0; s->tables != NULL && i < s->tables->count; i++)
		remember_choices(s, s->tables->all[i].import);
	add_report(s, &report);
	buf_addf(&report, ",\"version\":%u}", list_writer_version(s->writer));
	http_answer_buf(s->x, 200, "application/json", buf_slice(&report));
	log_info("list=%s version=%u rows=%" PRIu64 " result=imported", s->list,
		 list_writer_version(s->writer), rows_kept(s));
	buf_free(&report);
	import_session_clear(s);
}

/* Whole rows of the rejects, the first of them. */
static struct slice
first_rejects(struct slice all)
{
	if (all.n <= DRY_REJECTS_BYTES)
		return all;
	all.n = DRY_REJECTS_BYTES;
	while (all.n > 0 && all.p[all.n - 1] != '\n')
		all.n--;
	return all;
}

static void
session_answer_dry(struct session *s)
{
	struct buf report = {0}, rejects = {0};

	add_report(s, &report);
	add_rejects(s, &rejects);
	buf_adds(&report, ",\"dry_run\":true,\"rejected_rows\":");
	json_add_string(&report, first_rejects(buf_slice(&rejects)));
	buf_addc(&report, '}');
	http_answer_buf(s->x, 200, "application/json", buf_slice(&report));
	buf_free(&report);
	buf_free(&rejects);
	import_session_clear(s);
}

/* ---- a workbook ---- */

static void session_finish(struct session *s);
static void session_publish(struct session *s);
static enum err import_begin(struct session *s, const char *row_word, struct err_ctx *e);

/* An error of the table: on which sheet. */
static void
name_sheet(const struct session *s, struct err_ctx *e)
{
	const char *sheet = s->book != NULL ? book_sheet(s->book) : "";

	if (sheet[0] != '\0')
		snprintf(e->what, sizeof(e->what), "%.90s, sheet %.60s", s->file, sheet);
}

static bool
on_is_remembered(void *arg, const char *fingerprint)
{
	return on_recall(arg, fingerprint) != NULL;
}

static void
on_sent(void *arg)
{
	struct session *s = arg;

	if (s->head.len > 0)
		buf_reset(&s->head);
	else
		s->fed = http_body(s->x).n;
	timer_arm_us(s->imports->api->daemon->loop, &s->step, 0);
}

static bool
may_go_on(void *arg)
{
	struct session *s = arg;

	return (s->writer == NULL || list_writer_pending(s->writer) <= WRITES_PENDING_MAX) &&
	       (s->stage == NULL || list_writer_pending(s->stage) <= WRITES_PENDING_MAX);
}

static enum err
on_row(void *arg, const struct import_cells *row, struct err_ctx *e)
{
	struct session *s = arg;
	enum err rc;

	if (s->tables != NULL && !s->is_named) {
		import_tables_name_sheet(s->tables, s->file, book_sheet(s->book));
		s->is_named = true;
	}
	if (is_refused(s, e))
		return e->code;
	rc = import_row(s->import, row, e);
	if (rc == ERR_OK && s->tables != NULL)
		rc = import_tables_check(s->tables, e);
	if (rc != ERR_OK)
		name_sheet(s, e);
	return rc;
}

/* The rows of a sheet are here, and more sheets come. */
static enum err
on_sheet(void *arg, struct slice seen, struct err_ctx *e)
{
	struct session *s = arg;
	enum err rc = import_end(s->import, e);

	if (rc != ERR_OK) {
		name_sheet(s, e);
		return rc;
	}
	import_tables_set_seen(s->tables, seen);
	s->is_named = false;
	return import_begin(s, "row", e);
}

static void
on_rows_end(void *arg, const struct err_ctx *e)
{
	struct session *s = arg;

	timer_disarm(s->imports->api->daemon->loop, &s->step);
	if (e != NULL) {
		session_fail(s, e);
		return;
	}
	s->is_read = true;
	if (s->x != NULL)
		session_finish(s);
}

static enum err
book_begin(struct session *s, struct err_ctx *e)
{
	struct book_options o = {.folder = s->imports->api->daemon->config->data,
				 .file = s->file,
				 .sheet = s->sheet,
				 .headers = s->imports->headers,
				 .choices = &s->choices,
				 .is_remembered = on_is_remembered,
				 .on_sent = on_sent,
				 .may_go_on = may_go_on,
				 .on_sheet = on_sheet,
				 .on_row = on_row,
				 .on_end = on_rows_end,
				 .arg = s};

	return book_start(s->imports->books, &o, &s->book, e);
}

static void
on_idle(struct timer *t, void *arg)
{
	struct session *s = arg;
	int64_t left = s->touched_ms + WORKBOOK_IDLE_MS - clock_mono_ms();

	if (s->x == NULL && left <= 0)
		import_session_clear(s);
	else
		timer_arm_ms(s->imports->api->daemon->loop, t, left > 1000 ? left : 1000);
}

/* What the rows come to is written. */
static void
on_ready(void *arg, const struct err_ctx *e)
{
	struct session *s = arg;
	struct err_ctx why;

	timer_disarm(s->imports->api->daemon->loop, &s->step);
	s->is_ready = true;
	if (e != NULL)
		session_fail(s, is_refused(s, &why) ? &why : e);
	else if (s->x != NULL)
		session_publish(s);
}

/* All rows of the files are written down: what do they change? */
static void
merge_begin(struct session *s)
{
	struct daemon *d = s->imports->api->daemon;
	struct list_merge_options o = {.loop = d->loop,
				       .redis = engine_bulk(d->engine),
				       .tables = s->tables,
				       .stage = s->stage,
				       .name = s->list,
				       .version = s->base,
				       .writer = s->writer,
				       .on_done = on_ready,
				       .arg = s};

	s->merge = list_merge_start(&o);
	timer_arm_ms(d->loop, &s->step, ANSWER_MS);
	timer_arm_ms(d->loop, &s->idle, WORKBOOK_IDLE_MS);
}

/* Rows of a list are written down; these phones stand in several of them. */
static void
chain_begin(struct session *s, struct phone_set *shared)
{
	struct daemon *d = s->imports->api->daemon;

	s->is_chaining = true;
	timer_arm_ms(d->loop, &s->step, ANSWER_MS);
	timer_arm_ms(d->loop, &s->idle, WORKBOOK_IDLE_MS);
	list_writer_chain(s->writer, d->loop, shared, on_ready, s);
}

/* Who waits is told that it goes on. */
static void
answer_later(struct session *s, const char *state)
{
	struct http_exchange *x = s->x;
	json_t *answer = import_session_progress(s);

	s->x = NULL;
	json_object_set_new(answer, "state", json_string(state));
	http_answer_json(x, 202, answer);
}

/* This file is read whole; the pieces of the next one come. */
static void
next_begin(struct session *s)
{
	struct http_exchange *x = s->x;

	book_close(s->book);
	s->book = NULL;
	s->import = NULL;
	s->is_reading = s->is_read = s->is_named = s->is_committing = false;
	buf_reset(&s->head);
	snprintf(s->file, sizeof(s->file), "%s", s->next_file);
	s->next_file[0] = '\0';
	s->number++;
	s->offset = 0;
	s->x = NULL;
	http_answer_json(x, 200, import_session_progress(s));
}

/* All rows are here. */
static void
session_finish(struct session *s)
{
	struct phone_set *shared = NULL;
	struct err_ctx e;
	enum err rc = s->book != NULL ? import_end(s->import, &e) : import_finish(s->import, &e);

	if (rc != ERR_OK) {
		name_sheet(s, &e);
		session_fail(s, &e);
		return;
	}
	if (s->tables != NULL && s->book != NULL)
		import_tables_set_seen(s->tables, book_seen(s->book));
	if (s->next_file[0] != '\0') {
		next_begin(s);
		return;
	}
	if (s->tables != NULL)
		row_writer_end(&s->tables->rows);
	if (s->stage == NULL && s->writer != NULL)
		shared = s->tables != NULL ? shared_phones_take(&s->tables->rows.shared)
					   : import_take_shared(s->import);
	if (s->stage != NULL)
		merge_begin(s);
	else if (shared != NULL)
		chain_begin(s, shared);
	else
		session_publish(s);
}

/* Everything is written, and counted. */
static void
session_publish(struct session *s)
{
	struct buf report = {0}, rejects = {0};

	if (s->writer == NULL) {
		session_answer_dry(s);
		return;
	}
	if (s->has_key)
		list_writer_set_key(s->writer, s->tables->key);
	add_report(s, &report);
	buf_addc(&report, '}');
	add_rejects(s, &rejects);
	list_writer_commit(s->writer,
			   s->tables != NULL ? &s->tables->join.schema : import_schema(s->import),
			   report.data, buf_slice(&rejects), session_committed, s);
	buf_free(&report);
	buf_free(&rejects);
}

/* ---- pieces ---- */

json_t *
import_session_progress(const struct session *s)
{
	return json_pack("{s:I, s:I, s:I}", "offset", (json_int_t)s->offset, "rows_read",
			 (json_int_t)rows_read(s), "rows_kept", (json_int_t)rows_kept(s));
}

static void
piece_done(struct session *s)
{
	struct http_exchange *x = s->x;

	s->offset += http_body(x).n;
	s->x = NULL;
	http_answer_json(x, 200, import_session_progress(s));
}

static enum err
import_begin(struct session *s, const char *row_word, struct err_ctx *e)
{
	struct import_options o = {.file = s->file,
				   .row_word = row_word,
				   .encoding = s->encoding,
				   .headers = s->imports->headers,
				   .choices = &s->choices,
				   .recall = on_recall,
				   .sample = s->is_dry ? SAMPLE_ROWS : 0,
				   .on_block = import_session_on_block,
				   .arg = s};

	if (s->tables == NULL) {
		s->import = import_new(&o);
		return ERR_OK;
	}
	if (import_tables_add(s->tables, o, e) != ERR_OK)
		return ERR_INPUT;
	s->import = s->tables->all[s->tables->count - 1].import;
	return ERR_OK;
}

/* What is it? Known from then on. */
static enum err
session_recognise(struct session *s, struct err_ctx *e)
{
	enum xlsx_format f = xlsx_recognise(buf_slice(&s->head));

	if (f == XLSX_IS_ZIP && s->encoding != NULL)
		return err_set(e, ERR_INPUT, s->file, "leave --encoding out",
			       "this is a workbook, which says its encoding itself");
	if (f == XLSX_IS_ZIP) {
		if (import_begin(s, "row", e) != ERR_OK)
			return ERR_INPUT;
		timer_arm_ms(s->imports->api->daemon->loop, &s->idle, WORKBOOK_IDLE_MS);
		return book_begin(s, e);
	}
	if (f != XLSX_IS_TEXT && f != XLSX_IS_EMPTY)
		return xlsx_refuse(f, s->file, e);
	if (s->sheet[0] != '\0' && strcmp(s->sheet, SHEET_ALL) != 0)
		return err_set(e, ERR_INPUT, s->file, "leave --sheet out",
			       "this is a text, which has no sheets");
	return import_begin(s, "line", e);
}

/* Some of what was taken is read, or goes to the helper; is_all: what was held back, too. */
static enum err
session_feed(struct session *s, bool *is_sending, struct err_ctx *e)
{
	struct slice body = s->is_committing ? (struct slice){NULL, 0} : http_body(s->x), part;

	*is_sending = false;
	if (s->import == NULL) {
		size_t room = HEAD_BYTES - s->head.len, n = body.n < room ? body.n : room;

		buf_add(&s->head, body.p, n);
		s->fed += n;
		if (s->head.len < HEAD_BYTES && !s->is_committing)
			return ERR_OK;
		return session_recognise(s, e);
	}
	part = s->head.len > 0 ? buf_slice(&s->head)
			       : (struct slice){body.p + s->fed, body.n - s->fed};
	if (s->book != NULL) {
		*is_sending = part.n > 0;
		if (*is_sending)
			book_send(s->book, part);
		return ERR_OK;
	}
	part.n = part.n > FEED_BYTES ? FEED_BYTES : part.n;
	if (s->head.len == 0)
		s->fed += part.n;
	if (import_feed(s->import, part, e) != ERR_OK ||
	    (s->tables != NULL && import_tables_check(s->tables, e) != ERR_OK))
		return ERR_INPUT;
	buf_reset(&s->head);
	return ERR_OK;
}

/* The commit of a workbook: its rows come now, or go on coming. */
static void
book_commit(struct session *s)
{
	if (s->is_read) {
		session_finish(s);
	} else if (!s->is_reading) {
		s->is_reading = true;
		book_read(s->book);
		timer_arm_ms(s->imports->api->daemon->loop, &s->step, ANSWER_MS);
	} else {
		answer_later(s, "reading");
	}
}

static void
on_step(struct timer *t, void *arg)
{
	struct session *s = arg;
	struct loop *l = s->imports->api->daemon->loop;
	bool is_sending;
	struct err_ctx e;

	s->touched_ms = clock_mono_ms();
	if (is_refused(s, &e)) {
		session_fail(s, &e);
		return;
	}
	if (s->merge != NULL || s->is_chaining) {
		if (s->is_ready)
			session_publish(s);
		else
			answer_later(s, s->merge != NULL ? "changing" : "chaining");
		return;
	}
	if (s->book == NULL && !may_go_on(s)) {
		timer_arm_ms(l, t, 1);
		return;
	}
	if (s->is_committing && s->import != NULL && s->head.len == 0) {
		if (s->book != NULL)
			book_commit(s);
		else
			session_finish(s);
		return;
	}
	if (session_feed(s, &is_sending, &e) != ERR_OK)
		session_fail(s, &e);
	else if (is_sending)
		return; /* on_sent goes on */
	else if (s->is_committing || s->head.len == HEAD_BYTES || s->fed < http_body(s->x).n)
		timer_arm_us(l, t, 0);
	else
		piece_done(s);
}

void
import_session_start(struct session *s)
{
	timer_init(&s->step, on_step, s);
	timer_init(&s->idle, on_idle, s);
}

void
import_session_work(struct session *s, struct http_exchange *x, bool is_commit)
{
	struct err_ctx e;
	bool goes_on;

	if (s->x != NULL) {
		err_set(&e, ERR_CONFLICT, "import", "wait for the answer",
			"a piece of it is being read");
		http_answer_error(x, &e);
		return;
	}
	s->x = x;
	s->fed = 0;
	s->is_committing = is_commit;
	if (s->has_failed) {
		e = s->failed;
		session_fail(s, &e);
		return;
	}
	/* Asked again while the rows come: answered when they are here, or in a second. */
	goes_on = (s->is_reading && !s->is_read) ||
		  ((s->merge != NULL || s->is_chaining) && !s->is_ready);
	timer_arm_ms(s->imports->api->daemon->loop, &s->step, is_commit && goes_on ? ANSWER_MS : 0);
}
