/* SPDX-License-Identifier: MIT */
/*
 * loa restore: the data folder as it was at the moment of a backup.
 *
 * Everything is made ready in a folder inside DIR: the file is copied there as the
 * base of an append-only file and its checksum compared; a Redis of our own loads
 * it, is told that this is a restored life (every open run is paused), and stops.
 * Only then is it put in place, by one rename; what was there before is moved
 * aside, never deleted. Until that rename DIR's own data is untouched.
 */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/redis.h"
#include "dispatcher/backup.h"
#include "dispatcher/cli/remote.h"
#include "dispatcher/redisd.h"
#include "dispatcher/store/library.h"

#define AOF_FOLDER "appendonlydir" /* Redis' own names, version 7 */
#define AOF_BASE "appendonly.aof.1.base.rdb"
#define AOF_MANIFEST "appendonly.aof.manifest"
#define COPY_PIECE (1u << 20)
#define STARTS_MAX 3
#define PATH_BYTES 4200

struct restore {
	const char *file;
	bool is_forced;
	char *data; /* absolute */
	char stage[PATH_BYTES];
	char aside[PATH_BYTES]; /* where the old data went; "" = there was none */
	int locks[2];
	int base; /* the base file, being written */
	uint64_t copied;
	struct backup_reader reader;
	/* the Redis that loads it */
	struct loop *loop;
	struct redisd *redisd;
	struct redis *redis;
	bool is_told, is_stopped;
	int64_t paused, drafts;
	struct err_ctx *e;
	enum err rc;
};

static char *
path_in(char out[PATH_BYTES], const char *folder, const char *name)
{
	snprintf(out, PATH_BYTES, "%.4000s/%s", folder, name);
	return out;
}

/* ---- the file ---- */

static enum err
on_payload(void *arg, struct slice piece, struct err_ctx *e)
{
	struct restore *t = arg;

	while (piece.n > 0) {
		ssize_t n = write(t->base, piece.p, piece.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(e, ERR_SYSTEM, t->data, "make room on its disk",
				       "cannot be written: %s",
				       n < 0 ? strerror(errno) : "disk full");
		piece.p += n;
		piece.n -= (size_t)n;
		t->copied += (uint64_t)n;
	}
	remote_bar(t->copied, t->reader.header.bytes, "copied and checked");
	return ERR_OK;
}

static enum err
copy_file(struct restore *t, int fd, struct err_ctx *e)
{
	char *piece = xmalloc(COPY_PIECE);
	enum err rc = ERR_OK;
	ssize_t n;

	while (rc == ERR_OK && (n = read(fd, piece, COPY_PIECE)) > 0)
		rc = backup_reader_feed(&t->reader, (struct slice){piece, (size_t)n}, e);
	free(piece);
	remote_bar_end();
	if (rc != ERR_OK)
		return rc;
	return n < 0 ? err_set(e, ERR_INPUT, t->file, "", "cannot be read: %s", strerror(errno))
		     : backup_reader_end(&t->reader, e);
}

static enum err
write_manifest(struct restore *t, struct err_ctx *e)
{
	char path[PATH_BYTES];
	FILE *f = fopen(path_in(path, t->stage, AOF_FOLDER "/" AOF_MANIFEST), "we");
	bool is_good = f != NULL && fputs("file " AOF_BASE " seq 1 type b\n", f) >= 0 &&
		       fflush(f) == 0 && fsync(fileno(f)) == 0;

	if (!is_good)
		err_set(e, ERR_SYSTEM, path, "make room on its disk", "cannot be written: %s",
			strerror(errno));
	if (f != NULL)
		fclose(f);
	return is_good ? ERR_OK : ERR_SYSTEM;
}

/* The backup as an append-only file that Redis can start from. */
static enum err
fill_stage(struct restore *t, struct err_ctx *e)
{
	char path[PATH_BYTES];
	int fd = open(t->file, O_RDONLY | O_CLOEXEC);
	enum err rc;

	if (fd < 0)
		return err_set(e, ERR_INPUT, t->file, "check the path and its permissions", "%s",
			       strerror(errno));
	snprintf(t->stage, sizeof(t->stage), "%.4000s/restore.XXXXXX", t->data);
	if (mkdtemp(t->stage) == NULL || mkdir(path_in(path, t->stage, AOF_FOLDER), 0700) != 0 ||
	    (t->base = open(path_in(path, t->stage, AOF_FOLDER "/" AOF_BASE),
			    O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600)) < 0) {
		rc = err_set(e, ERR_SYSTEM, t->data, "", "cannot be written: %s", strerror(errno));
	} else {
		rc = copy_file(t, fd, e);
		if (rc == ERR_OK && fsync(t->base) != 0)
			rc = err_set(e, ERR_SYSTEM, t->data, "", "cannot be written: %s",
				     strerror(errno));
	}
	close(fd);
	return rc == ERR_OK ? write_manifest(t, e) : rc;
}

/* ---- the Redis that loads it ---- */

static void
stop_with(struct restore *t, enum err rc)
{
	t->rc = rc;
	t->is_stopped = true;
}

static void
on_shutdown(void *arg, const struct reply *r)
{
	struct restore *t = arg;

	/* No reply is what a Redis that has stopped answers. */
	stop_with(t, r->kind == REPLY_ERROR ? err_set(t->e, ERR_SYSTEM, "Redis", "", "%.*s",
						      (int)r->str.n, r->str.p)
					    : ERR_OK);
}

static void
on_told(void *arg, const struct reply *r)
{
	struct restore *t = arg;
	struct slice v[] = {SLICE("SHUTDOWN")};

	if (r->kind != REPLY_ARRAY) {
		stop_with(t, err_set(t->e, ERR_SYSTEM, "Redis", "try again",
				     "could not pause the open runs: %.*s", (int)r->str.n,
				     r->str.p != NULL ? r->str.p : ""));
		return;
	}
	t->paused = reply_item(r, 0)->integer;
	t->drafts = reply_item(r, 1)->integer;
	redis_command(t->redis, v, 1, on_shutdown, t);
}

static void
on_loaded(void *arg, const char *run_id)
{
	struct restore *t = arg;
	struct redis_script restored = {library_function("restored")};
	char taken[32];
	struct slice args[1];

	(void)run_id;
	if (t->is_told)
		return;
	t->is_told = true;
	redisd_ready(t->redisd);
	snprintf(taken, sizeof(taken), "%" PRId64, t->reader.header.taken_ms / 1000);
	args[0] = slice_of(taken);
	redis_call(t->redis, &restored, args, 1, on_told, t);
}

/* Does the file load, and is every open run paused? The Redis is gone afterwards. */
static enum err
load_stage(struct restore *t, struct err_ctx *e)
{
	struct redis_options o = {
		.library = library_source(), .on_ready = on_loaded, .arg = t, .deadline_ms = 60000};
	enum err rc;

	log_set_level(LOG_LEVEL_ERROR);
	t->loop = loop_new();
	t->e = e;
	rc = redisd_open(t->loop, t->stage, 0, &t->redisd, e);
	if (rc == ERR_OK) {
		o.unix_socket = redisd_socket(t->redisd);
		t->redis = redis_new(t->loop, &o);
		while (!t->is_stopped) {
			loop_turn(t->loop, 200);
			if (!t->is_told && redisd_starts(t->redisd) > STARTS_MAX)
				stop_with(t, err_set(e, ERR_SYSTEM, t->file,
						     "use a redis-server as new as the one that "
						     "wrote it",
						     "Redis cannot load it; it was written by "
						     "Redis %s",
						     t->reader.header.redis));
		}
		rc = t->rc;
		if (rc != ERR_OK)
			redisd_kill(t->redisd);
		redis_free(t->redis);
		redisd_close(t->redisd);
	}
	loop_free(t->loop);
	return rc;
}

/* ---- putting it in place ---- */

static struct stat owner; /* lint: global: nftw hands nothing on */

static int
give_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return lchown(path, owner.st_uid, owner.st_gid);
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *place)
{
	(void)st;
	(void)kind;
	(void)place;
	return remove(path);
}

/* Root restores for the server's user: the files belong to whom the folder belongs to. */
static enum err
give_to_owner(struct restore *t, struct err_ctx *e)
{
	char path[PATH_BYTES];

	if (geteuid() != 0 || stat(t->data, &owner) != 0 || owner.st_uid == 0)
		return ERR_OK;
	if (nftw(path_in(path, t->stage, AOF_FOLDER), give_one, 16, FTW_PHYS) != 0 ||
	    fchown(t->locks[0], owner.st_uid, owner.st_gid) != 0 ||
	    fchown(t->locks[1], owner.st_uid, owner.st_gid) != 0)
		return err_set(e, ERR_SYSTEM, t->data, "", "cannot be given to its owner: %s",
			       strerror(errno));
	return ERR_OK;
}

static bool
has_data(const struct restore *t)
{
	char path[PATH_BYTES];

	return access(path_in(path, t->data, AOF_FOLDER), F_OK) == 0;
}

static void
name_aside(struct restore *t)
{
	time_t now = time(NULL);
	struct tm tm;
	char stamp[32];

	localtime_r(&now, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	snprintf(t->aside, sizeof(t->aside), "%.4000s/before-restore-%s", t->data, stamp);
}

static int
change_places(const char *from, const char *to, const char *aside)
{
	if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_EXCHANGE) == 0)
		return rename(from, aside);
	if (errno != EINVAL && errno != ENOSYS)
		return -1;
	/* A file system that cannot exchange: between the two there is no data at all. */
	return rename(to, aside) == 0 ? rename(from, to) : -1;
}

/* One step for who looks from outside: the old data and the new change places. */
static enum err
put_in_place(struct restore *t, struct err_ctx *e)
{
	char from[PATH_BYTES], to[PATH_BYTES], aside[PATH_BYTES];
	int folder, rc;

	path_in(from, t->stage, AOF_FOLDER);
	path_in(to, t->data, AOF_FOLDER);
	if (!has_data(t)) {
		rc = rename(from, to);
	} else {
		name_aside(t);
		rc = mkdir(t->aside, 0700);
		if (rc == 0)
			rc = change_places(from, to, path_in(aside, t->aside, AOF_FOLDER));
	}
	if (rc != 0)
		return err_set(e, ERR_SYSTEM, t->data, "", "cannot be put in place: %s",
			       strerror(errno));
	folder = open(t->data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder < 0 || fsync(folder) != 0)
		log_warn("folder=%s result=not-synced why=\"%s\"", t->data, strerror(errno));
	if (folder >= 0)
		close(folder);
	return ERR_OK;
}

static enum err
restore(struct restore *t, const char *data, struct err_ctx *e)
{
	enum err rc = redisd_claim_folder(data, t->locks, &t->data, e);

	if (rc != ERR_OK)
		return rc;
	if (has_data(t) && !t->is_forced)
		rc = err_set(e, ERR_CONFLICT, t->data,
			     "choose another folder, or --force to move them aside",
			     "has data of a Loa");
	if (rc == ERR_OK)
		rc = fill_stage(t, e);
	if (rc == ERR_OK)
		rc = load_stage(t, e);
	if (rc == ERR_OK)
		rc = give_to_owner(t, e);
	if (rc == ERR_OK)
		rc = put_in_place(t, e);
	if (t->stage[0] != '\0')
		nftw(t->stage, remove_one, 16, FTW_PHYS | FTW_DEPTH);
	close(t->locks[0]);
	close(t->locks[1]);
	return rc;
}

static void
say_done(const struct restore *t)
{
	char taken[32];

	clock_format_vn(t->reader.header.taken_ms / 1000, taken);
	printf("restored into %s as of %s (Loa %s)\n", t->data, taken, t->reader.header.version);
	if (t->aside[0] != '\0')
		printf("the data that was there is in %s\n", t->aside);
	printf("open runs, paused now: %" PRId64 "; scheduled campaigns, drafts now: %" PRId64 "\n",
	       t->paused, t->drafts);
	if (t->paused > 0)
		puts("What they sent after the backup is not known here. Read in what the gateways "
		     "say\nwas sent since, then: loa campaign resume NAME --after-restore");
}

int
verb_restore(int argc, char **argv)
{
	struct restore *t = xcalloc(1, sizeof(*t));
	const char *data = NULL;
	const struct cli_option options[] = {
		{"--data", &data, NULL}, {"--force", NULL, &t->is_forced}, {NULL, NULL, NULL}};
	struct err_ctx e;
	enum err rc = cli_parse(&argc, argv, options, &e);
	int code = 0;

	t->base = -1;
	if (rc != ERR_OK) {
		code = cli_fail(&e);
	} else if (argc != 2 || data == NULL) {
		code = cli_usage("restore", "needs a file and --data");
	} else {
		t->file = argv[1];
		backup_reader_init(&t->reader, t->file, on_payload, t);
		rc = restore(t, data, &e);
		if (rc == ERR_OK)
			say_done(t);
		else
			code = cli_fail(&e);
		backup_reader_clear(&t->reader);
		if (t->base >= 0)
			close(t->base);
	}
	free(t->data);
	free(t);
	return code;
}
