/* SPDX-License-Identifier: MIT */
/* A configuration in a file, loaded, and what is said of it. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "dispatcher/config.h"

static struct {
	char path[64], policy_path[64];
	struct config *config;
	struct buf words;
} fx;

static inline void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* Load it; returns the error's words, "" when it is good (fx.config then). */
static inline const char *
load(const char *text)
{
	struct err_ctx e = {0};
	enum err rc;

	config_free(fx.config);
	write_file(fx.path, text);
	rc = config_load(fx.path, &fx.config, &e);
	buf_reset(&fx.words);
	buf_adds(&fx.words, "");
	if (rc != ERR_OK) {
		assert_null(fx.config);
		assert_int_equal(rc, e.code);
		err_print(&e, &fx.words);
	}
	return fx.words.data;
}

static inline int
set_up(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	memset(&fx, 0, sizeof(fx));
	snprintf(fx.path, sizeof(fx.path), "%.40s/loa-config.XXXXXX", tmp != NULL ? tmp : "/tmp");
	snprintf(fx.policy_path, sizeof(fx.policy_path), "%.40s/loa-policy.XXXXXX",
		 tmp != NULL ? tmp : "/tmp");
	close(mkstemp(fx.path));
	close(mkstemp(fx.policy_path));
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	config_free(fx.config);
	buf_free(&fx.words);
	unlink(fx.path);
	unlink(fx.policy_path);
	return 0;
}

#define T(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
