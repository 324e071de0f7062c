/* SPDX-License-Identifier: MIT */
/*
 * The ledger: an append-only file, one JSON object a line, the truth about
 * what this gateway did. Lines collect in memory during a turn of the loop and
 * are written, always whole, before any answer of that turn leaves. A ledger
 * that cannot be written ends the program: a gateway without one may accept
 * nothing.
 */
#pragma once

#include "tests/gateway/bytes.h"

struct ledger {
	int fd; /* -1 = no ledger is kept */
	const char *path;
	struct bytes unwritten;
};

/* What a line says; absent texts and NULL are left out. */
struct entry {
	const char *event;
	uint64_t at_us, wall_us;
	uint64_t request, connection;
	const char *dialect;
	const char *code;
	const char *why;
	struct text ref, to, from, text;
	uint64_t id;	   /* of the gateway; 0 = none */
	const char *extra; /* more members, ready-made: ,"name":value */
};

void ledger_open(struct ledger *l, const char *path);
void ledger_add(struct ledger *l, const struct entry *e);
void ledger_flush(struct ledger *l);
void ledger_close(struct ledger *l);
