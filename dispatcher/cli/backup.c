/* SPDX-License-Identifier: MIT */
/* loa backup: the server's stream into a file that is whole or not there. loa token renew. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/backup.h"
#include "dispatcher/cli/remote.h"

struct saving {
	struct backup_reader reader;
	const char *path;
	char part[4096]; /* what is written to until it is whole */
	int fd;
	uint64_t written;
	struct err_ctx e; /* why it stopped */
	enum err rc;
};

static enum err
write_all(struct saving *s, struct slice piece)
{
	while (piece.n > 0) {
		ssize_t n = write(s->fd, piece.p, piece.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return err_set(&s->e, ERR_SYSTEM, s->part,
				       "make room, or choose another disk", "cannot be written: %s",
				       n < 0 ? strerror(errno) : "disk full");
		piece.p += n;
		piece.n -= (size_t)n;
		s->written += (uint64_t)n;
	}
	return ERR_OK;
}

static bool
on_piece(void *arg, struct slice piece)
{
	struct saving *s = arg;

	if (piece.n == 0) {
		if (!s->reader.has_header)
			remote_bar(0, 0, "Redis writes its memory down");
		return true;
	}
	s->rc = backup_reader_feed(&s->reader, piece, &s->e);
	if (s->rc == ERR_OK)
		s->rc = write_all(s, piece);
	if (s->reader.has_header)
		remote_bar(s->written, s->reader.header.bytes, "written");
	return s->rc == ERR_OK;
}

/* The folder, too, or the new name may not survive a loss of power. */
static enum err
sync_folder(const char *path, struct err_ctx *e)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err rc = ERR_OK;

	if (fd < 0 || fsync(fd) != 0)
		rc = err_set(e, ERR_SYSTEM, path, "", "cannot be made safe on its disk: %s",
			     strerror(errno));
	if (fd >= 0)
		close(fd);
	free(copy);
	return rc;
}

static enum err
receive(struct saving *s, struct remote *r)
{
	enum err rc = remote_stream(r, "POST", "/api/v1/backup", on_piece, s, &s->e);

	remote_bar_end();
	if (rc == ERR_OK)
		rc = s->rc;
	if (rc == ERR_OK)
		rc = backup_reader_end(&s->reader, &s->e);
	if (rc == ERR_OK && fsync(s->fd) != 0)
		rc = err_set(&s->e, ERR_SYSTEM, s->part, "make room, or choose another disk",
			     "cannot be written: %s", strerror(errno));
	if (rc == ERR_OK && rename(s->part, s->path) != 0)
		rc = err_set(&s->e, ERR_SYSTEM, s->path, "", "%s", strerror(errno));
	if (rc != ERR_OK)
		unlink(s->part);
	return rc == ERR_OK ? sync_folder(s->path, &s->e) : rc;
}

static enum err
open_part(struct saving *s)
{
	if (access(s->path, F_OK) == 0)
		return err_set(&s->e, ERR_INPUT, s->path, "choose another name",
			       "is there already");
	if (snprintf(s->part, sizeof(s->part), "%s.part", s->path) >= (int)sizeof(s->part))
		return err_set(&s->e, ERR_INPUT, "FILE", "", "is too long a path");
	s->fd = open(s->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (s->fd < 0)
		return err_set(&s->e, ERR_INPUT, s->part, "check the path and its permissions",
			       "%s", strerror(errno));
	return ERR_OK;
}

int
verb_backup(int argc, char **argv)
{
	struct remote_options o = {0};
	struct saving *s;
	struct remote *r = NULL;
	char taken[32];
	int rc = remote_words(&argc, argv, &o, "backup", 2);
	enum err code;

	if (rc != 0)
		return rc;
	s = xcalloc(1, sizeof(*s));
	s->path = argv[1];
	s->fd = -1;
	backup_reader_init(&s->reader, "answer", NULL, NULL);
	code = open_part(s);
	if (code == ERR_OK) {
		code = remote_open(&o, &r, &s->e);
		if (code == ERR_OK)
			code = receive(s, r);
		else
			unlink(s->part);
	}
	if (r != NULL)
		remote_close(r);
	if (s->fd >= 0)
		close(s->fd);
	clock_format_vn(s->reader.header.taken_ms / 1000, taken);
	if (code != ERR_OK)
		rc = cli_fail(&s->e);
	else if (o.is_json)
		remote_print_json(json_pack("{s:s, s:s, s:I}", "file", s->path, "taken", taken,
					    "bytes", (json_int_t)s->written));
	else
		printf("%s: %" PRIu64 " bytes, as of %s; %" PRId64 " campaigns, %" PRId64
		       " open runs\n",
		       s->path, s->written, taken, s->reader.header.campaigns,
		       s->reader.header.open_runs);
	backup_reader_clear(&s->reader);
	free(s);
	return rc;
}

static void
print_token(const json_t *a)
{
	printf("administrator's token, shown this once: %s\n", remote_text(a, "token"));
}

int
verb_token_renew(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "token renew", 1);

	return rc != 0 ? rc : remote_verb(&o, "POST", "/api/v1/token", NULL, print_token);
}
