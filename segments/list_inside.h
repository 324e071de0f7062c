/* SPDX-License-Identifier: MIT */
/* What the files of the lists in Redis share: keys (list.c, list_writer.c, list_drop.c). */
#pragma once

#include "segments/list.h"

#define KEY_LISTS "loa:lists"
#define KEY_LIST "loa:list:"
#define KEY_SEQ_LIST "loa:seq:list"
#define KEY_SEQ_BLOCK "loa:seq:block"
#define KEY_WRITING "loa:writing"

/* Block numbers that an import takes: 67 million rows, and 16,000 imports of a list. */
#define BLOCKS_PER_IMPORT 262144
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/* out has room for 64 bytes. */
const char *list_snapshot_key(char *out, uint64_t list_id, uint32_t version);
const char *list_rejects_key(char *out, uint64_t list_id, uint32_t version);
/* Nothing is being written from there on any more. */
void list_writing_forget(struct redis *r, const char *field);
