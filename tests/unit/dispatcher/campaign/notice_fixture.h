/* SPDX-License-Identifier: MIT */
/* Single messages that are read and judged beside a configuration of the test's own. */
#pragma once

#include <stdlib.h>
#include <unistd.h>

#include "base/random.h"
#include "dispatcher/campaign/notice.h"

static struct {
	struct config *config;
	struct notices *notices; /* of the last request; NULL = it was refused */
	struct err_ctx e;
	struct buf words;
} fx;

/* A gateway's entry in "providers"; top and settings are more members, each with a comma in front. */
#define PROVIDER(name, top, settings)                                                           \
	"{\"name\":\"" name "\",\"driver\":\"generic\",\"rate\":100" top ",\"settings\":{"      \
	"\"url\":\"https://gw.example/s\",\"body\":{\"to\":\"${phone}\",\"text\":\"${text}\"}," \
	"\"answer\":{\"code\":\"c\"},\"codes\":{\"0\":\"accepted\"}" settings "}}"

/* 0 = it is loaded: for the set-up of a group. */
static inline int
load_config(const char *text)
{
	char path[] = "/tmp/loa-notice-XXXXXX";
	int fd = mkstemp(path);
	struct err_ctx e = {0};
	ssize_t n = (ssize_t)strlen(text);

	random_init();
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, (size_t)n), n);
	close(fd);
	if (config_load(path, &fx.config, &e) != ERR_OK)
		print_message("%s: %s\n", e.what, e.why);
	unlink(path);
	return fx.config == NULL;
}

static inline enum err
read_notices(json_t *take_v)
{
	enum err rc;

	notices_free(fx.notices);
	fx.notices = NULL;
	fx.e = (struct err_ctx){0};
	rc = notices_read(fx.config, take_v, &fx.notices, &fx.e);
	json_decref(take_v);
	return rc;
}

/* At a moment of 2026 in the morning. */
static inline void
judge_notices(void)
{
	notices_judge(fx.notices, fx.config, 1795572000000);
}

static inline int
free_all(void **state)
{
	(void)state;
	notices_free(fx.notices);
	config_free(fx.config);
	buf_free(&fx.words);
	return 0;
}
