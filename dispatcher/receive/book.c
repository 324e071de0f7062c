/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/book.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/receive/child.h"
#include "dispatcher/receive/book_helper.h"

#define TURN_BYTES 32768u /* taken from the helper, and given to it, in one turn of the loop */
#define AGAIN_MS 1
#define REAP_MS 2
#define KILL_MS 1000 /* after its end of the line was closed */

struct book {
	struct books *all;
	struct book *next;
	struct book_options o;
	char *folder, *file, *wanted;
	int fd;	   /* our side; -1 = closed */
	pid_t pid; /* 0 = reaped */
	int status;
	struct loop_watch *watch; /* NULL = not now */
	struct timer again;	  /* while no more rows may come */
	struct timer reap;
	int64_t closed_ms; /* when the helper closed its side */
	struct slice sending;
	bool has_sending;
	bool is_reading; /* no more bytes go to it */
	bool is_over;	 /* on_end was called, or nothing is to be called any more */
	bool is_closed;	 /* its owner has left it */
	struct buf in;
	char sheet[128];
	struct buf seen;
	struct import_cell *cells;
	size_t cells_cap;
};

struct books {
	struct loop *loop;
	struct book *head;
};

/* ---- the end of a helper ---- */

static void
hang_up(struct book *w)
{
	timer_disarm(w->all->loop, &w->again);
	if (w->watch != NULL)
		loop_unwatch(w->watch);
	w->watch = NULL;
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

static void
release(struct book *w)
{
	struct book **at = &w->all->head;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	hang_up(w);
	timer_disarm(w->all->loop, &w->reap);
	buf_free(&w->in);
	buf_free(&w->seen);
	free(w->cells);
	free(w->folder);
	free(w->file);
	free(w->wanted);
	free(w);
}

static void
end(struct book *w, const struct err_ctx *e)
{
	w->is_over = true;
	hang_up(w);
	if (w->pid > 0) {
		kill(w->pid, SIGKILL); /* it has nothing more to say */
		timer_arm_ms(w->all->loop, &w->reap, 0);
	}
	w->o.on_end(w->o.arg, e);
}

/* Without a last word: by what it died of. */
static void
end_by_death(struct book *w)
{
	int by = WIFSIGNALED(w->status) ? WTERMSIG(w->status) : 0;
	struct err_ctx e;

	log_error("workbook=%s result=helper-died signal=%d", w->sheet, by);
	if (by == SIGXCPU)
		err_set(&e, ERR_INPUT, w->file, "divide the workbook",
			"reading it takes more than %d s", BOOK_CPU_S);
	else
		err_set(&e, ERR_INPUT, w->file,
			"import it again; if that fails too, save it in Excel again, or divide it",
			"the process that reads it has died (signal %d): it needs too much memory, "
			"or somebody ended it",
			by);
	end(w, &e);
}

static void
on_reap(struct timer *t, void *arg)
{
	struct book *w = arg;

	if (w->pid > 0 && waitpid(w->pid, &w->status, WNOHANG) == 0) {
		if (!w->is_over && clock_mono_ms() - w->closed_ms > KILL_MS)
			kill(w->pid, SIGKILL);
		timer_arm_ms(w->all->loop, t, REAP_MS);
		return;
	}
	w->pid = 0;
	if (w->is_closed)
		release(w);
	else if (!w->is_over)
		end_by_death(w);
}

/* ---- frames ---- */

static enum err
fail_nonsense(const struct book *w, struct err_ctx *e)
{
	return err_set(e, ERR_SYSTEM, w->file, "", "its reader wrote nonsense");
}

static bool
is_object(struct slice text)
{
	json_t *v = json_loadb(text.p, text.n, 0, NULL);
	bool is = json_is_object(v);

	json_decref(v);
	return is;
}

static enum err
take_row(struct book *w, struct slice frame, struct err_ctx *e)
{
	struct reader r = reader_of(frame);
	struct import_cells row = {0};
	uint32_t count;

	row.line = reader_u32(&r);
	count = reader_u32(&r);
	r.is_bad |= count > frame.n / 5;
	if (!r.is_bad && count > w->cells_cap) {
		w->cells_cap = (size_t)count * 2;
		w->cells = xrealloc(w->cells, w->cells_cap * sizeof(*w->cells));
	}
	for (uint32_t i = 0; i < count && !r.is_bad; i++) {
		uint8_t kind = reader_u8(&r);
		uint32_t n = reader_u32(&r);

		w->cells[i] = (struct import_cell){
			.text = reader_bytes(&r, n),
			.kind = (enum cell_kind)(kind & (FRAME_CELL_HIDDEN - 1u)),
			.is_hidden = (kind & FRAME_CELL_HIDDEN) != 0,
		};
	}
	if (r.is_bad)
		return fail_nonsense(w, e);
	row.cells = w->cells;
	row.count = count;
	return w->o.on_row(w->o.arg, &row, e);
}

static void
end_by_error(struct book *w, struct slice frame)
{
	json_t *v = json_loadb(frame.p, frame.n, 0, NULL);
	int64_t code = json_integer_value(json_object_get(v, "code"));
	const char *what = json_string_value(json_object_get(v, "what")),
		   *why = json_string_value(json_object_get(v, "why")),
		   *todo = json_string_value(json_object_get(v, "todo"));
	struct err_ctx e;

	err_set(&e, code == ERR_SYSTEM ? ERR_SYSTEM : ERR_INPUT, what != NULL ? what : w->file,
		todo != NULL ? todo : "", "%s", why != NULL ? why : "cannot be read");
	e.line = (int)json_integer_value(json_object_get(v, "line"));
	e.column = (int)json_integer_value(json_object_get(v, "column"));
	json_decref(v);
	end(w, &e);
}

/* False: the workbook is over. */
static bool
take_frame(struct book *w, char kind, struct slice frame)
{
	struct err_ctx e = {0};
	enum err rc = ERR_OK;

	switch (kind) {
	case 'S':
		slice_copy(w->sheet, sizeof(w->sheet), frame);
		break;
	case 'R':
		rc = take_row(w, frame, &e);
		break;
	case 'T':
		if (w->is_reading && is_object(frame) && w->o.on_sheet != NULL)
			rc = w->o.on_sheet(w->o.arg, frame, &e);
		else
			rc = fail_nonsense(w, &e);
		break;
	case 'E':
		if (w->is_reading && is_object(frame)) {
			buf_add_slice(&w->seen, frame);
			end(w, NULL);
			return false;
		}
		rc = fail_nonsense(w, &e);
		break;
	case 'X':
		end_by_error(w, frame);
		return false;
	default:
		rc = fail_nonsense(w, &e);
	}
	if (rc != ERR_OK)
		end(w, &e);
	return rc == ERR_OK;
}

static void
take_frames(struct book *w)
{
	size_t at = 0;

	/* its owner may leave it in the callback of a row */
	while (!w->is_over && w->in.len - at >= FRAME_HEAD) {
		struct reader r = reader_of((struct slice){w->in.data + at, FRAME_HEAD});
		uint32_t n = reader_u32(&r);
		char kind = (char)reader_u8(&r);
		struct slice frame = {w->in.data + at + FRAME_HEAD, n};
		struct err_ctx e;

		if (n > FRAME_BYTES_MAX) {
			fail_nonsense(w, &e);
			end(w, &e);
			return;
		}
		if (w->in.len - at - FRAME_HEAD < n)
			break;
		if (!take_frame(w, kind, frame))
			return;
		at += FRAME_HEAD + n;
	}
	buf_consume(&w->in, at);
}

/* ---- the line to it ---- */

static void
send_some(struct book *w)
{
	ssize_t n;

	if (!w->has_sending)
		return;
	n = send(w->fd, w->sending.p, w->sending.n < TURN_BYTES ? w->sending.n : TURN_BYTES,
		 MSG_NOSIGNAL);
	if (n > 0)
		w->sending = (struct slice){w->sending.p + n, w->sending.n - (size_t)n};
	if (w->sending.n > 0)
		return;
	w->has_sending = false;
	loop_watch_writes(w->watch, false);
	w->o.on_sent(w->o.arg);
}

static void on_line(void *arg);

static void
on_again(struct timer *t, void *arg)
{
	struct book *w = arg;

	if (!w->o.may_go_on(w->o.arg)) {
		timer_arm_ms(w->all->loop, t, AGAIN_MS);
		return;
	}
	w->watch = loop_watch(w->all->loop, w->fd, on_line, w);
	loop_watch_writes(w->watch, w->has_sending);
}

static void
on_line(void *arg)
{
	struct book *w = arg;
	ssize_t n;

	if (!w->has_sending && !w->o.may_go_on(w->o.arg)) {
		loop_unwatch(w->watch);
		w->watch = NULL;
		timer_arm_ms(w->all->loop, &w->again, AGAIN_MS);
		return;
	}
	n = recv(w->fd, buf_reserve(&w->in, TURN_BYTES), TURN_BYTES, 0);
	if (n > 0) {
		w->in.len += (size_t)n;
		take_frames(w);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		hang_up(w);
		w->closed_ms = clock_mono_ms();
		timer_arm_ms(w->all->loop, &w->reap, 0);
	} else {
		send_some(w);
	}
}

void
book_send(struct book *w, struct slice bytes)
{
	w->sending = bytes;
	w->has_sending = true;
	if (w->watch != NULL)
		loop_watch_writes(w->watch, true);
}

void
book_read(struct book *w)
{
	w->is_reading = true;
	if (w->fd >= 0)
		shutdown(w->fd, SHUT_WR);
}

/* ---- the whole ---- */

enum err
book_start(struct books *all, const struct book_options *o, struct book **out, struct err_ctx *e)
{
	struct book *w = xcalloc(1, sizeof(*w));

	*out = NULL;
	w->all = all;
	w->o = *o;
	w->o.folder = w->folder = xstrdup(o->folder);
	w->o.file = w->file = xstrdup(o->file);
	w->o.sheet = w->wanted = xstrdup(o->sheet);
	timer_init(&w->again, on_again, w);
	timer_init(&w->reap, on_reap, w);
	w->next = all->head;
	all->head = w;
	if (!child_start(book_helper_run, &w->o, -1, &w->fd, &w->pid)) {
		err_set(e, ERR_SYSTEM, o->file, "import it again in a moment",
			"a process that reads it cannot be started: %s", strerror(errno));
		w->fd = -1;
		release(w);
		return ERR_SYSTEM;
	}
	w->watch = loop_watch(all->loop, w->fd, on_line, w);
	*out = w;
	return ERR_OK;
}

const char *
book_sheet(const struct book *w)
{
	return w->sheet;
}

struct slice
book_seen(const struct book *w)
{
	return buf_slice(&w->seen);
}

void
book_close(struct book *w)
{
	if (w == NULL)
		return;
	w->is_over = w->is_closed = true;
	hang_up(w);
	/* Its owner may be in a callback of it: it goes by a timer in any case. */
	if (w->pid > 0)
		kill(w->pid, SIGKILL);
	timer_arm_ms(w->all->loop, &w->reap, 0);
}

struct books *
books_new(struct loop *l)
{
	struct books *all = xcalloc(1, sizeof(*all));

	all->loop = l;
	return all;
}

void
books_free(struct books *all)
{
	while (all->head != NULL) {
		struct book *w = all->head;

		if (w->pid > 0) {
			kill(w->pid, SIGKILL);
			while (waitpid(w->pid, NULL, 0) < 0 && errno == EINTR) {
			}
		}
		release(w);
	}
	free(all);
}
