/* SPDX-License-Identifier: MIT */
#include "dispatcher/receive/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/crash.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/receive/spool_file.h"

#define AGAIN_MS 2000 /* after a record that was not kept */
#define LOOK_MS 30000 /* for what dead processes left */
#define REAP_MS 100
#define PENDING_MAX (16u << 20) /* bytes on their way to the disk */

/* A record on its way to the disk. */
struct spooling {
	struct spooling *next;
	size_t bytes; /* in the file */
	spool_cb cb;
	void *arg;
};

struct spool {
	struct spool_options o;
	char *folder;
	struct spool_file own;	 /* lock -1: no number was free */
	struct spool_file other; /* of a dead process, while it is told; lock -1 = none */
	int helper;		 /* our side; -1 = not running */
	pid_t pid;		 /* 0 = none, or reaped */
	struct loop_watch *watch;
	struct timer reap;
	struct buf out, in;
	struct spooling *head, **tail;
	uint64_t pending; /* bytes of these */
	bool is_open, is_telling;
	uint64_t next_at; /* where the record after the told one begins */
	struct timer tell, look;
};

/* ---- the helper ---- */

static void
on_reap(struct timer *t, void *arg)
{
	struct spool *s = arg;

	if (s->pid > 0 && waitpid(s->pid, NULL, WNOHANG) == 0)
		timer_arm_ms(s->o.loop, t, REAP_MS);
	else
		s->pid = 0;
}

/* Let it go: it ends by itself. */
static void
helper_close(struct spool *s)
{
	if (s->helper < 0)
		return;
	loop_unwatch(s->watch);
	close(s->helper);
	s->helper = -1;
	buf_reset(&s->out);
	buf_reset(&s->in);
	timer_arm_ms(s->o.loop, &s->reap, 0);
}

static void
spooled_one(struct spool *s, const struct err_ctx *e)
{
	struct spooling *one = s->head;

	s->head = one->next;
	if (s->head == NULL)
		s->tail = &s->head;
	s->pending -= one->bytes;
	if (e == NULL)
		s->own.size += one->bytes;
	one->cb(one->arg, e);
	free(one);
}

static void
fail_all(struct spool *s, const char *why)
{
	struct err_ctx e;

	err_set(&e, ERR_UNREACHABLE, "spool", "send the receipt again", "%s", why);
	while (s->head != NULL)
		spooled_one(s, &e);
}

static void
read_answers(struct spool *s)
{
	struct err_ctx e;

	while (s->in.len >= 8) {
		struct reader r = reader_of(buf_slice(&s->in));
		uint32_t records = reader_u32(&r), error = reader_u32(&r);

		crash_point("spool", "synced");
		buf_consume(&s->in, 8);
		if (error != 0) {
			log_error("spool=%d result=cannot-write why=%s", s->own.number,
				  strerror((int)error));
			err_set(&e, ERR_UNREACHABLE, "spool", "send the receipt again", "%s",
				strerror((int)error));
		}
		while (records-- > 0 && s->head != NULL)
			spooled_one(s, error != 0 ? &e : NULL);
	}
	if (s->is_open && !s->is_telling && !timer_is_armed(&s->tell))
		timer_arm_us(s->o.loop, &s->tell, 0);
}

static void
on_helper(void *arg)
{
	struct spool *s = arg;
	ssize_t n = s->out.len > 0 ? send(s->helper, s->out.data, s->out.len, MSG_NOSIGNAL) : 0;

	if (n > 0)
		buf_consume(&s->out, (size_t)n);
	loop_watch_writes(s->watch, s->out.len > 0);
	n = recv(s->helper, buf_reserve(&s->in, 4096), 4096, 0);
	if (n > 0) {
		s->in.len += (size_t)n;
		read_answers(s);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		log_error("spool=%d result=helper-died", s->own.number);
		helper_close(s);
		fail_all(s, "its helper process died");
	}
}

static bool
helper_start(struct spool *s)
{
	if (s->helper >= 0)
		return true;
	/* The one before may be writing still. */
	if (s->pid > 0 && waitpid(s->pid, NULL, WNOHANG) == 0)
		return false;
	if (!spool_writer_start(&s->own, &s->helper, &s->pid)) {
		log_error("spool=%d result=cannot-fork why=%s", s->own.number, strerror(errno));
		s->helper = -1;
		s->pid = 0;
		return false;
	}
	s->watch = loop_watch(s->o.loop, s->helper, on_helper, s);
	return true;
}

/* ---- adding ---- */

/* A number of our own, and what its last owner left whole. */
static bool
take_number(struct spool *s)
{
	for (int i = 0; i < SPOOLS_MAX && s->own.lock < 0; i++)
		if (spool_file_lock(&s->own, s->folder, i) && !spool_file_open(&s->own) &&
		    errno != ENOENT)
			spool_file_unlock(&s->own);
	return s->own.lock >= 0;
}

enum err
spool_add(struct spool *s, struct slice record, spool_cb cb, void *arg, struct err_ctx *e)
{
	size_t bytes = SPOOL_HEAD + record.n;
	struct spooling *one;

	if (!take_number(s))
		return err_set(e, ERR_UNREACHABLE, "spool", "see the folder of \"data\"",
			       "no file can be made in %s", s->folder);
	if (s->pending > PENDING_MAX)
		return err_set(e, ERR_UNREACHABLE, "spool", "send the receipt again",
			       "cannot keep up");
	if (record.n > SPOOL_RECORD_MAX || s->own.size + s->pending + bytes > s->o.max_bytes)
		return err_set(e, ERR_UNREACHABLE, "spool", "send the receipt again", "is full");
	if (!helper_start(s))
		return err_set(e, ERR_UNREACHABLE, "spool", "send the receipt again",
			       "its helper process cannot be started");
	one = xcalloc(1, sizeof(*one));
	*one = (struct spooling){.bytes = bytes, .cb = cb, .arg = arg};
	*s->tail = one;
	s->tail = &one->next;
	s->pending += bytes;
	buf_add_u32(&s->out, (uint32_t)bytes);
	spool_record(&s->out, record);
	loop_watch_writes(s->watch, true);
	crash_point("spool", "add");
	return ERR_OK;
}

/* ---- telling ---- */

/* The file that is told from: our own first, then what others left. */
static struct spool_file *
telling(struct spool *s)
{
	return s->other.lock >= 0 ? &s->other : &s->own;
}

static bool
has_records(struct spool *s)
{
	return s->own.lock >= 0 && s->own.at < s->own.size;
}

/* A file that a dead process left, or none. */
static bool
find_other(struct spool *s)
{
	for (int i = 0; i < SPOOLS_MAX; i++) {
		if ((s->own.lock >= 0 && i == s->own.number) || !spool_file_exists(s->folder, i))
			continue;
		if (spool_file_lock(&s->other, s->folder, i)) {
			if (spool_file_open(&s->other) && s->other.size > 0)
				return true;
			if (s->other.fd >= 0)
				spool_file_remove(&s->other);
			spool_file_unlock(&s->other);
		}
	}
	return false;
}

static void
put_away(struct spool_file *f)
{
	if (f->at < f->size)
		spool_file_set_aside(f);
	else
		spool_file_remove(f);
}

/* Everything of the file that can be read is told: away with it, unless more is on its way there. */
static void
file_done(struct spool *s)
{
	if (s->other.lock >= 0) {
		put_away(&s->other);
		spool_file_unlock(&s->other);
	} else if (s->head == NULL && (s->own.size > 0 || s->helper >= 0)) {
		helper_close(s);
		log_info("spool=%d result=told bytes=%llu", s->own.number,
			 (unsigned long long)s->own.at);
		put_away(&s->own);
	}
}

static void
on_tell(struct timer *t, void *arg)
{
	struct spool *s = arg;
	struct spool_file *f = telling(s);
	struct buf record = {0};

	(void)t;
	if (!s->is_open || s->is_telling)
		return;
	if (f == &s->own && has_records(s) && f->fd < 0 && !spool_file_reopen(f)) {
		log_error("spool=%d result=cannot-read why=%s", f->number, strerror(errno));
	} else if (f->lock >= 0 && f->at < f->size && spool_file_read(f, &record, &s->next_at)) {
		s->is_telling = true;
		crash_point("spool", "tell");
		s->o.tell(s->o.arg, buf_slice(&record));
	} else {
		file_done(s);
		if (has_records(s) || s->other.lock >= 0 || find_other(s))
			timer_arm_us(s->o.loop, &s->tell, 0);
	}
	buf_free(&record);
}

void
spool_told(struct spool *s, bool is_kept)
{
	s->is_telling = false;
	crash_point("spool", "told");
	if (is_kept)
		telling(s)->at = s->next_at;
	if (s->is_open)
		timer_arm_ms(s->o.loop, &s->tell, is_kept ? 0 : AGAIN_MS);
}

static void
on_look(struct timer *t, void *arg)
{
	struct spool *s = arg;

	timer_arm_ms(s->o.loop, t, LOOK_MS);
	if (!timer_is_armed(&s->tell))
		timer_arm_us(s->o.loop, &s->tell, 0);
}

void
spool_open(struct spool *s)
{
	s->is_open = true;
	timer_arm_us(s->o.loop, &s->look, 0);
}

void
spool_shut(struct spool *s)
{
	s->is_open = false;
	timer_disarm(s->o.loop, &s->look);
	timer_disarm(s->o.loop, &s->tell);
}

/* ---- the whole ---- */

struct spool *
spool_new(const struct spool_options *o)
{
	struct spool *s = xcalloc(1, sizeof(*s));

	s->o = *o;
	s->folder = xstrdup(o->folder);
	s->own.lock = s->own.fd = s->other.lock = s->other.fd = s->helper = -1;
	s->tail = &s->head;
	timer_init(&s->reap, on_reap, s);
	timer_init(&s->tell, on_tell, s);
	timer_init(&s->look, on_look, s);
	if (take_number(s) && s->own.size == 0 && s->own.fd >= 0)
		spool_file_remove(&s->own);
	if (s->own.size > 0)
		log_info("spool=%d bytes=%llu result=found", s->own.number,
			 (unsigned long long)s->own.size);
	return s;
}

void
spool_free(struct spool *s)
{
	spool_shut(s);
	helper_close(s);
	fail_all(s, "the server is stopping");
	timer_disarm(s->o.loop, &s->reap);
	spool_file_unlock(&s->own);
	spool_file_unlock(&s->other);
	buf_free(&s->out);
	buf_free(&s->in);
	free(s->folder);
	free(s);
}

uint64_t
spool_bytes(const struct spool *s)
{
	return s->own.size - s->own.at + s->pending +
	       (s->other.lock >= 0 ? s->other.size - s->other.at : 0);
}
