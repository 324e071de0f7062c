/* SPDX-License-Identifier: MIT */
/* What GET /explain is asked, and whether who asks may. */
#pragma once

#include "dispatcher/api/private.h"
#include "dispatcher/run/explain_words.h"

struct explain_request {
	uint64_t phone;
	bool is_full;
	enum explain_language language;
	char reason[API_REASON_MAX + 1]; /* the phone is masked in it */
	uint64_t before;		 /* runs before this one; 0 = from the newest on */
};
/* ERR_INPUT; ERR_REFUSED: neither the right `personal` nor a reason. */
MUST_CHECK enum err explain_request_read(const struct api *a, const struct http_exchange *x,
					 struct explain_request *q, struct err_ctx *e);
