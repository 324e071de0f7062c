/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static enum log_level log_level = LOG_LEVEL_INFO;

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void
log_set_level(enum log_level level)
{
	log_level = level;
}

bool
log_level_parse(const char *name, enum log_level *out)
{
	for (int i = 0; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			*out = (enum log_level)i;
			return true;
		}
	}
	return false;
}

static void
write_line(const char *level, const char *fmt, va_list ap)
{
	char line[2048];
	struct timespec ts;
	struct tm tm;
	size_t n, room;
	int k;

	clock_gettime(CLOCK_REALTIME, &ts);
	gmtime_r(&ts.tv_sec, &tm);
	n = strftime(line, sizeof(line), "%Y-%m-%dT%H:%M:%S", &tm);
	n += (size_t)snprintf(line + n, sizeof(line) - n, ".%03ldZ %s: ", ts.tv_nsec / 1000000,
			      level);
	room = sizeof(line) - n - 2;
	k = vsnprintf(line + n, room, fmt, ap);
	if (k > 0)
		n += (size_t)k < room ? (size_t)k : room - 1;
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = ' '; /* one line, and nothing that steers a terminal */
	line[n++] = '\n';
	/* A log that cannot be written must not stop the sending: nothing to do about it here. */
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

#define DEFINE_LOG(name, lvl)                          \
	void name(const char *fmt, ...)                \
	{                                              \
		va_list ap;                            \
                                                       \
		if (log_level < (lvl))                 \
			return;                        \
		va_start(ap, fmt);                     \
		write_line(level_names[lvl], fmt, ap); \
		va_end(ap);                            \
	}

DEFINE_LOG(log_error, LOG_LEVEL_ERROR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

void
fatalx(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	write_line("bug", fmt, ap);
	va_end(ap);
	abort();
}

const char *
log_phone(const char *phone)
{
	static char ring[4][24];
	static unsigned next;
	char *out = ring[next++ % 4];
	size_t n = strlen(phone);

	if (n < 8)
		snprintf(out, sizeof(ring[0]), "****");
	else
		snprintf(out, sizeof(ring[0]), "%.4s****%s", phone, phone + n - 3);
	return out;
}
