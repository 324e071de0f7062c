/* SPDX-License-Identifier: MIT */
/*
 * Log lines: one event a line, `key=value`, ids first, outcome last, to
 * stderr. Phones are masked by the caller (log_phone), texts are never logged.
 *   log_info("run=%u chunk=%u result=accepted ms=%u", …)
 */
#pragma once

#include <stdbool.h>
#include <stdnoreturn.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
/* "error|warn|info|debug" → level; false when it is none of them. */
bool log_level_parse(const char *name, enum log_level *out);

void log_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void log_debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A bug: one line, then abort. */
noreturn void fatalx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* "84912345678" → "8491****678" in a static ring of four buffers. */
const char *log_phone(const char *phone);
