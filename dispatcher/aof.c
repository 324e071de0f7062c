/* SPDX-License-Identifier: MIT */
#include "dispatcher/aof.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

#define OUTPUT_MAX 65536u
#define PATH_BYTES 4400
#define TORN "torn.aof"

static bool
read_number(const char *text, const char *name, long long *out)
{
	const char *at = strstr(text, name);

	return at != NULL && sscanf(at + strlen(name), "%lld", out) == 1 && *out >= 0;
}

bool
aof_read_verdict(struct slice output, struct aof_verdict *out)
{
	static const char begin[] = "AOF analyzed: filename=";
	char *text = xmemdup0(output.n > 0 ? output.p : "", output.n);
	const char *last = NULL;
	bool is_good = false;

	*out = (struct aof_verdict){0};
	for (const char *at = text; (at = strstr(at, begin)) != NULL; at += sizeof(begin) - 1)
		last = at + sizeof(begin) - 1;
	if (last != NULL) {
		size_t n = strcspn(last, ",\n");

		is_good = n > 0 && n < sizeof(out->file) && memchr(last, '/', n) == NULL &&
			  read_number(last, "size=", &out->size) &&
			  read_number(last, "ok_up_to=", &out->good) && out->good <= out->size;
		if (is_good)
			memcpy(out->file, last, n);
	}
	free(text);
	return is_good;
}

/* redis-check-aof, with --fix where is_fix; what it prints, if wanted. */
static bool
run_tool(const char *manifest, bool is_fix, struct buf *output)
{
	int answer[2], said[2];
	char piece[4096];
	ssize_t n;
	pid_t pid;

	if (pipe(answer) != 0)
		return false;
	if (pipe(said) != 0 || write(answer[1], "y\n", 2) != 2)
		return false;
	pid = fork();
	if (pid == 0) {
		dup2(answer[0], STDIN_FILENO);
		dup2(said[1], STDOUT_FILENO);
		dup2(said[1], STDERR_FILENO);
		close(answer[1]);
		close(said[0]);
		if (is_fix)
			execlp("redis-check-aof", "redis-check-aof", "--fix", manifest,
			       (char *)NULL);
		else
			execlp("redis-check-aof", "redis-check-aof", manifest, (char *)NULL);
		_exit(127);
	}
	close(answer[0]);
	close(answer[1]);
	close(said[1]);
	while (pid > 0 &&
	       ((n = read(said[0], piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)))
		if (n > 0 && output->len < OUTPUT_MAX)
			buf_add(output, piece, (size_t)n);
	close(said[0]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return pid > 0;
}

/* What is cut is kept: somebody may want to read it. */
static bool
keep_tail(const char *folder, const struct aof_verdict *v, char kept[PATH_BYTES])
{
	size_t n = (size_t)(v->size - v->good);
	char from[PATH_BYTES], *bytes = xmalloc(n);
	int in, out;
	bool is_kept = false;

	snprintf(from, sizeof(from), "%s/appendonlydir/%s", folder, v->file);
	snprintf(kept, PATH_BYTES, "%s/" TORN, folder);
	in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	out = open(kept, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (in >= 0 && out >= 0)
		is_kept = pread(in, bytes, n, v->good) == (ssize_t)n &&
			  write(out, bytes, n) == (ssize_t)n && fsync(out) == 0;
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	if (!is_kept)
		unlink(kept);
	free(bytes);
	return is_kept;
}

void
aof_forget_torn(const char *folder)
{
	char path[PATH_BYTES];

	snprintf(path, sizeof(path), "%s/" TORN, folder);
	unlink(path);
}

bool
aof_mend(const char *folder)
{
	char manifest[PATH_BYTES], kept[PATH_BYTES];
	struct buf output = {0};
	struct aof_verdict v = {0};
	bool is_read;

	snprintf(manifest, sizeof(manifest), "%s/appendonlydir/appendonly.aof.manifest", folder);
	if (access(manifest, F_OK) != 0 || !run_tool(manifest, false, &output))
		return true;
	is_read = aof_read_verdict(buf_slice(&output), &v);
	buf_reset(&output);
	if (!is_read || v.good == v.size) { /* nothing is torn, or Redis itself will say it */
		buf_free(&output);
		return true;
	}
	if (v.size - v.good > AOF_TORN_MAX || !keep_tail(folder, &v, kept)) {
		log_error("redis=embedded result=file-damaged file=%s/appendonlydir/%s at=%lld "
			  "of=%lld "
			  "why=\"more than a torn write, or it could not be kept: see OPERATIONS, "
			  "a damaged file\"",
			  folder, v.file, v.good, v.size);
		buf_free(&output);
		return false;
	}
	log_warn("redis=embedded result=torn-write-cut file=%s bytes=%lld kept=%s", v.file,
		 v.size - v.good, kept);
	run_tool(manifest, true, &output);
	buf_free(&output);
	return true;
}
