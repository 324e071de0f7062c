/* SPDX-License-Identifier: MIT */
/*
 * Inside of list_writer: list_writer.c writes blocks and commits, list_writer_chain.c sets the distances between
 * rows of the same phone when all blocks are there.
 */
#pragma once

#include "base/buf.h"
#include "segments/list.h"
#include "segments/phone_chain.h"

#define OWN_BLOCK (UINT64_C(1) << 32)
/* With the first block, and with each so many more, it is asked whether a commit is refused for sure. */
#define LOOK_BLOCKS 256

struct held_block {
	struct held_block *next;
	struct slice bytes;
	char data[];
};

struct list_writer {
	struct redis *redis;
	char name[LIST_NAME_MAX + 1];
	uint64_t id;		 /* 0 = not taken yet */
	uint32_t version, first; /* first = number of the first block, from 1 */
	uint32_t blocks;	 /* of its own */
	uint64_t *ids;		 /* [id_count]: the snapshot; | OWN_BLOCK: its own, from 0 */
	size_t id_count, id_cap;
	char owner[24];
	char erasures[24]; /* how often one had begun or ended by then */
	uint32_t base;	   /* version that it is made of; 0 = of none */
	char *key;	   /* NULL = the key of the current version */
	uint64_t rows;
	size_t pending;
	bool has_failed, is_freed;
	bool is_refused; /* has_failed: the commit would be refused, by an erasure */
	bool is_demo;
	uint64_t unit; /* of a list that is new; 0 = the root */
	struct list_care care;
	bool care_given[CARE_FACTS];
	char retention[11]; /* of a list that is new; "" = none */
	bool is_committed;  /* or a commit was sent whose fate is not known */
	char why[200];
	struct held_block *held, **held_tail; /* waiting for the id */
	uint32_t held_count;
	struct phone_chain *chain; /* NULL = the distances are not asked for */
	struct loop *loop;	   /* for it, as are: */
	struct sweep *sweep;	   /* NULL = not begun, or over */
	bool is_swept;
	struct buf people;
	list_done_cb on_chained;
	void *chained_arg;
	char *schema, *report;
	struct buf rejects;
	list_done_cb cb;
	void *arg;
};

/* ---- list_writer.c ---- */
/* Something was acknowledged: go on with the distances or the commit, or free what was given up. */
void writer_step(struct list_writer *w);
/* What is being written overlaps an erasure. */
void writer_refuse(struct list_writer *w);
void writer_error(const struct list_writer *w, struct err_ctx *e);
/* Ask whether a commit would be refused for sure. */
void writer_look(struct list_writer *w);
/* A reply that was counted in `pending`. */
void writer_on_written(void *arg, const struct reply *r);
/* Number of block i of the snapshot, which is its own. */
uint32_t writer_number_of(const struct list_writer *w, size_t i);

/* ---- list_writer_chain.c ---- */
/* Begin with the distances, or end with them. Not when they are not asked for. */
void writer_chain_step(struct list_writer *w);
