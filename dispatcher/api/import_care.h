/* SPDX-License-Identifier: MIT */
/*
 * Before an import: may the list have a next version, and is what it says of its purpose written
 * into the audit? A locked list takes no new rows, and an import does not unlock it.
 */
#pragma once

#include "dispatcher/api/private.h"

struct import_care {
	struct list_care care;
	bool given[CARE_FACTS];
	bool is_dry; /* nothing is written, neither into the audit */
};

/* e NULL = go on. Runs once, never before import_care_check returns. */
typedef void (*import_care_cb)(void *arg, const struct err_ctx *e);
void import_care_check(struct api *a, struct http_exchange *x, const char *list,
		       const struct import_care *c, import_care_cb cb, void *arg);
