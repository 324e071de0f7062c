/* SPDX-License-Identifier: MIT */
/*
 * The server's configuration. Input: the file. Says: it loads or is refused in
 * words; what loaded prints as JSON and does not differ from itself.
 */
#include "dispatcher/config.h"

#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static void
check_config(const struct config *c)
{
	struct buf out = {0};

	must(c->provider_count <= PROVIDERS_MAX && c->class_count <= CLASS_ENTRIES_MAX, "too many");
	for (size_t i = 0; i < CARRIERS_MAX; i++)
		for (size_t k = 0; k < c->route[i].count; k++)
			must(k < ROUTE_PROVIDERS_MAX && c->route[i].provider[k] < c->provider_count,
			     "route %d", c->route[i].provider[k]);
	for (size_t i = 0; i < c->provider_count; i++) {
		const struct provider_config *p = &c->providers[i];

		must_fit(p->name, sizeof(p->name));
		must_fit(p->brandname, sizeof(p->brandname));
		must_fit(p->token, sizeof(p->token));
		must(p->rate > 0 && p->concurrency > 0 && p->timeout_ms > 0, "limits of %s",
		     p->name);
		must(config_provider(c, slice_of(p->name)) == (int)i, "two are %s", p->name);
	}
	config_show(c, &out);
	must_be_json(buf_slice(&out));
	buf_reset(&out);
	config_diff_fixed(c, c, &out);
	must(out.len == 0, "differs from itself: %s", out.data);
	buf_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	int fd = memfd_create("config", MFD_CLOEXEC);
	struct config *c = NULL;
	struct err_ctx e = {0};
	char path[40];
	enum err rc;

	must(fd >= 0 && write(fd, data, n) == (ssize_t)n, "no file in memory");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	rc = config_load(path, &c, &e);
	if (rc == ERR_OK) {
		check_config(c);
		config_free(c);
	} else {
		must_fit(e.what, sizeof(e.what));
		must_fit(e.why, sizeof(e.why));
		must_be_words(e.why);
	}
	close(fd);
	return 0;
}
