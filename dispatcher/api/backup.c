/* SPDX-License-Identifier: MIT */
/*
 * A backup of the embedded Redis while everything goes on: Redis forks and writes
 * its memory as it is at one moment (BGSAVE) into the data folder; the file is
 * streamed to the client and is gone when nobody has it open any more.
 *
 *   WAITING (another child of Redis works) → SAVING → stream → ended
 *
 * And the administrator's token, made anew.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/backup.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/redis_info.h"

#define LOOK_MS 100
#define PIECE (256u << 10)
#define ROOM_TO_SPARE (32u << 20) /* the append-only file goes on meanwhile */
#define RDB_NAME "dump.rdb"

struct backup_job {
	struct api *api;
	struct http_exchange *x;
	struct timer look;
	struct backup_header header;
	struct hash_stream *hash;
	int fd;		 /* -1 = not open yet */
	uint64_t left;	 /* of the file */
	unsigned asking; /* replies that are awaited */
	bool is_saving;
	bool is_over; /* the client left: free after the last reply */
	char piece[PIECE];
};

static void
job_free(struct backup_job *j)
{
	timer_disarm(j->api->daemon->loop, &j->look);
	if (j->fd >= 0)
		close(j->fd);
	if (j->api->backup == j)
		j->api->backup = NULL;
	hash_stream_free(j->hash);
	free(j);
}

static const char *
rdb_path(const struct backup_job *j, char out[512])
{
	snprintf(out, 512, "%s/" RDB_NAME, j->api->daemon->config->data);
	return out;
}

static void
job_fail(struct backup_job *j, const struct err_ctx *e)
{
	log_warn("backup=failed what=\"%s\" why=\"%s\"", e->what, e->why);
	http_on_gone(j->x, NULL, NULL);
	http_answer_error(j->x, e);
	job_free(j);
}

/* ---- the stream ---- */

static void
on_backup_kept(struct backup_job *j)
{
	struct daemon *d = j->api->daemon;
	char taken[32];
	struct slice v[4] = {SLICE("HSET"), slice_of(key_prefix_meta), SLICE("backup_s"), {0}};

	d->backup_s = j->header.taken_ms / 1000;
	snprintf(taken, sizeof(taken), "%" PRId64, d->backup_s);
	v[3] = slice_of(taken);
	redis_command(engine_redis(d->engine), v, 4, NULL, NULL);
	log_info("backup=done bytes=%" PRIu64 " keys=%" PRId64, j->header.bytes, j->header.keys);
}

/* All that was written has left: the next piece, or the end. */
static void
on_room(struct http_exchange *x, void *arg)
{
	struct backup_job *j = arg;
	char trailer[BACKUP_TRAILER_BYTES + 1];
	size_t want = j->left < PIECE ? (size_t)j->left : PIECE;
	ssize_t n = want > 0 ? read(j->fd, j->piece, want) : 0;
	struct slice s = {j->piece, n > 0 ? (size_t)n : 0};

	if (want > 0 && n <= 0) {
		log_error("backup=failed why=\"%s\"", n < 0 ? strerror(errno) : "file is cut");
		http_on_gone(x, NULL, NULL);
		http_stream_abort(x);
		job_free(j);
		return;
	}
	if (n > 0) {
		hash_stream_add(j->hash, s);
		/* What was read is needed no more: the close of a big file then takes no time. */
		posix_fadvise(j->fd, (off_t)(j->header.bytes - j->left), n, POSIX_FADV_DONTNEED);
		j->left -= s.n;
		http_stream_write(x, s);
		return;
	}
	backup_trailer(j->hash, trailer);
	http_stream_write(x, slice_of(trailer));
	on_backup_kept(j);
	http_on_gone(x, NULL, NULL);
	http_stream_end(x);
	job_free(j);
}

/* The file is complete: from now on only this descriptor has it. */
static void
begin_stream(struct backup_job *j)
{
	char path[512];
	struct stat st;
	struct buf b = {0};
	struct err_ctx e;

	j->fd = open(rdb_path(j, path), O_RDONLY | O_CLOEXEC);
	if (j->fd < 0 || fstat(j->fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err_set(&e, ERR_SYSTEM, path, "see redis.log in the data folder",
			"cannot be read: %s", j->fd < 0 ? strerror(errno) : "it is no file");
		job_fail(j, &e);
		return;
	}
	unlink(path);
	j->header.bytes = j->left = (uint64_t)st.st_size;
	snprintf(j->header.version, sizeof(j->header.version), "%s", LOA_VERSION);
	backup_header_add(&j->header, &b);
	hash_stream_add(j->hash, buf_slice(&b));
	http_stream_begin(j->x, 200, "application/octet-stream");
	http_stream_on_room(j->x, on_room, j);
	http_stream_write(j->x, buf_slice(&b));
	buf_free(&b);
}

/* ---- Redis ---- */

static bool
is_there_room(struct backup_job *j, struct slice info)
{
	struct statvfs st;
	struct err_ctx e;
	int64_t used = 0;
	uint64_t room;

	if (!slice_to_i64(redis_info(info, "used_memory"), &used) ||
	    statvfs(j->api->daemon->config->data, &st) != 0)
		return true;
	room = (uint64_t)st.f_bavail * st.f_frsize;
	if (room > (uint64_t)used + ROOM_TO_SPARE)
		return true;
	err_set(&e, ERR_SYSTEM, "data folder", "make room on its disk",
		"has %" PRIu64 " MB left; the backup may need %" PRId64 " MB there for a moment",
		room >> 20, (used >> 20) + (ROOM_TO_SPARE >> 20));
	job_fail(j, &e);
	return false;
}

static void
on_count(void *arg, const struct reply *r, int64_t *out)
{
	struct backup_job *j = arg;

	*out = r->kind == REPLY_INTEGER ? r->integer : 0;
	if (--j->asking == 0 && j->is_over)
		job_free(j);
}

static void
on_keys(void *arg, const struct reply *r)
{
	on_count(arg, r, &((struct backup_job *)arg)->header.keys);
}

static void
on_campaigns(void *arg, const struct reply *r)
{
	on_count(arg, r, &((struct backup_job *)arg)->header.campaigns);
}

static void
on_open_runs(void *arg, const struct reply *r)
{
	on_count(arg, r, &((struct backup_job *)arg)->header.open_runs);
}

/* True: the job is gone. */
static bool
is_reply_useless(struct backup_job *j, const struct reply *r)
{
	struct err_ctx e;

	if (--j->asking == 0 && j->is_over) {
		job_free(j);
		return true;
	}
	if (j->is_over || reply_is_good(r) || r->kind == REPLY_ERROR)
		return j->is_over;
	reply_fail(r, &e);
	job_fail(j, &e);
	return true;
}

static void
on_begun(void *arg, const struct reply *r)
{
	struct backup_job *j = arg;

	if (is_reply_useless(j, r))
		return;
	j->is_saving = r->kind != REPLY_ERROR; /* another child was just begun: wait for it */
	timer_arm_ms(j->api->daemon->loop, &j->look, LOOK_MS);
}

static void
begin_save(struct backup_job *j)
{
	struct redis *r = engine_redis(j->api->daemon->engine);
	char names[KEY_MAX];
	struct slice keys[] = {SLICE("DBSIZE")}, save[] = {SLICE("BGSAVE")};
	struct slice campaigns[] = {SLICE("HLEN"),
				    slice_of(key_of(names, key_prefix_names, "campaign"))};
	struct slice runs[] = {SLICE("ZCARD"), slice_of(key_prefix_runs)};

	j->header.taken_ms = clock_wall_ms();
	j->asking = 4;
	redis_command(r, keys, 1, on_keys, j);
	redis_command(r, campaigns, 2, on_campaigns, j);
	redis_command(r, runs, 2, on_open_runs, j);
	redis_command(r, save, 1, on_begun, j);
}

static void
on_info(void *arg, const struct reply *r)
{
	struct backup_job *j = arg;
	struct slice version = redis_info(r->str, "redis_version");
	struct err_ctx e;

	if (is_reply_useless(j, r))
		return;
	if (!slice_is(redis_info(r->str, "rdb_bgsave_in_progress"), "0") ||
	    !slice_is(redis_info(r->str, "aof_rewrite_in_progress"), "0")) {
		timer_arm_ms(j->api->daemon->loop, &j->look, LOOK_MS);
	} else if (!j->is_saving) {
		slice_copy(j->header.redis, sizeof(j->header.redis), version);
		if (is_there_room(j, r->str))
			begin_save(j);
	} else if (!slice_is(redis_info(r->str, "rdb_last_bgsave_status"), "ok")) {
		err_set(&e, ERR_SYSTEM, "Redis", "see redis.log in the data folder",
			"could not write its file");
		job_fail(j, &e);
	} else {
		begin_stream(j);
	}
}

static void
on_look(struct timer *t, void *arg)
{
	struct backup_job *j = arg;
	struct slice v[] = {SLICE("INFO")};

	(void)t;
	j->asking = 1;
	redis_command(engine_redis(j->api->daemon->engine), v, 1, on_info, j);
}

static void
on_backup_gone(struct http_exchange *x, void *arg)
{
	struct backup_job *j = arg;

	j->is_over = true;
	if (j->fd >= 0)
		http_stream_end(x);
	else
		http_answer_json(x, 503, json_object()); /* nobody reads it */
	if (j->asking == 0)
		job_free(j);
}

void
on_backup(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct backup_job *j;
	struct err_ctx e;

	if (!api_is_open(a, x))
		return;
	if (a->daemon->redisd == NULL)
		err_set(&e, ERR_REFUSED, "backup",
			"ask the server that did, or back that Redis up by its own means (BGSAVE, "
			"a "
			"copy of its appendonlydir, a replica)",
			"this server has not started its Redis");
	else if (a->backup != NULL)
		err_set(&e, ERR_CONFLICT, "backup", "wait for it", "another one is being made");
	if (a->daemon->redisd == NULL || a->backup != NULL) {
		http_answer_error(x, &e);
		return;
	}
	j = xcalloc(1, sizeof(*j));
	j->api = a;
	j->x = x;
	j->fd = -1;
	j->hash = hash_stream_new();
	timer_init(&j->look, on_look, j);
	a->backup = j;
	http_on_gone(x, on_backup_gone, j);
	timer_arm_ms(a->daemon->loop, &j->look, 0);
}

void
api_answer_restored(struct http_exchange *x)
{
	struct err_ctx e;

	err_set(&e, ERR_REFUSED, "campaign",
		"read in what the gateways say was sent since, then resume with --after-restore "
		"(docs/OPERATIONS.md)",
		"comes from a restored backup: what was sent after the backup would be sent a "
		"second time");
	http_answer_error(x, &e);
}

/* ---- the administrator's token ---- */

struct renewal {
	struct api *api;
	struct http_exchange *x;
	char token[2 * TOKEN_BYTES + 1];
	uint8_t hash[16];
};

static void
on_renewed(void *arg, const struct reply *r)
{
	struct renewal *n = arg;
	struct daemon *d = n->api->daemon;

	if (!reply_is_good(r)) {
		api_answer_reply(n->x, r);
	} else {
		memcpy(d->token_hash, n->hash, sizeof(n->hash));
		log_warn("token=renewed");
		http_answer_json(n->x, 200, json_pack("{s:s}", "token", n->token));
	}
	explicit_bzero(n->token, sizeof(n->token));
	free(n);
}

/* Who may read the data folder may make a new one; who has the old one may not. */
void
on_token_renew(struct http_exchange *x, void *arg)
{
	struct api *a = arg;
	struct renewal *n;
	struct err_ctx e;
	struct slice v[4] = {SLICE("HSET"), slice_of(key_prefix_meta), SLICE("token_hash"), {0}};

	if (!api_is_open(a, x))
		return;
	if (!http_is_local(x)) {
		err_set(&e, ERR_REFUSED, "token", "use loa token renew on the server itself",
			"is renewed over the socket in the data folder only");
		http_answer_error(x, &e);
		return;
	}
	n = xcalloc(1, sizeof(*n));
	n->api = a;
	n->x = x;
	random_hex(n->token, TOKEN_BYTES);
	hash_plain(slice_of(n->token), n->hash);
	v[3] = (struct slice){(const char *)n->hash, sizeof(n->hash)};
	redis_command(engine_redis(a->daemon->engine), v, 4, on_renewed, n);
}
