/* SPDX-License-Identifier: MIT */
/*
 * A table of a gateway's codes in an account's settings: {"code": "name", …},
 * each name one of a driver's list. Read once, sorted, then searched. Which
 * codes make no sense is the driver's to say.
 */
#pragma once

#include "base/json.h"
#include "base/mem.h"
#include "providers/provider.h"

struct code_row {
	char code[GATEWAY_CODE_MAX];
	int value; /* the place of its name in the list */
};

/* Sorted by code. */
struct code_table {
	struct code_row *rows;
	size_t count;
};

/* At most `most` rows, in the arena; out stays empty when there is no such setting. */
MUST_CHECK enum err codes_read(const struct json_at *at, const char *const *names,
			       size_t name_count, size_t most, struct arena *arena,
			       struct code_table *out, struct err_ctx *e);
/* NULL when the code is not in the table. */
const struct code_row *codes_find(const struct code_table *t, const char *code);
