/* SPDX-License-Identifier: MIT */
#include "base/crash.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"

static struct {
	bool is_read;	/* the environment was looked at */
	const char *at; /* "name.when:n"; NULL = none */
	size_t name_len;
	unsigned long left; /* times until it dies */
	int trace;	    /* -1 = none */
} crash = {.trace = -1};

static void
read_environment(void)
{
	const char *at = getenv("LOA_CRASH_AT"), *trace = getenv("LOA_CRASH_TRACE");
	const char *colon = at != NULL ? strrchr(at, ':') : NULL;

	crash.is_read = true;
	if (colon != NULL) {
		crash.at = at;
		crash.name_len = (size_t)(colon - at);
		crash.left = strtoul(colon + 1, NULL, 10);
	}
	if (trace != NULL) {
		crash.trace = open(trace, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
		if (crash.trace < 0)
			fatalx("LOA_CRASH_TRACE: cannot be opened");
	}
}

void
crash_forked(void)
{
	crash.is_read = false;
	crash.at = NULL;
	crash.trace = -1;
}

bool
crash_is_watched(void)
{
	if (!crash.is_read)
		read_environment();
	return crash.at != NULL || crash.trace >= 0;
}

void
crash_point(const char *name, const char *when)
{
	char line[80];
	int n;

	if (!crash_is_watched())
		return;
	n = snprintf(line, sizeof(line) - 1, "%s.%s", name, when);
	if (crash.at != NULL && (size_t)n == crash.name_len &&
	    memcmp(line, crash.at, (size_t)n) == 0 && crash.left > 0 && --crash.left == 0)
		kill(getpid(), SIGKILL);
	line[n++] = '\n';
	if (crash.trace >= 0 && write(crash.trace, line, (size_t)n) != n)
		fatalx("LOA_CRASH_TRACE: cannot be written");
}
