/* SPDX-License-Identifier: MIT */
/*
 * Receipts as bytes, for the spool and between processes: state (one byte), then reference, id,
 * phone and code, each with its length in one byte before.
 */
#pragma once

#include "base/buf.h"
#include "providers/provider.h"

void item_add(struct buf *b, const struct receipt *r);
/* False: it is none. */
bool item_read(struct reader *r, struct receipt *out);
/* The spool's head has texts, too. */
void item_add_text(struct buf *b, const char *s);
void item_read_text(struct reader *r, char *out, size_t cap);
