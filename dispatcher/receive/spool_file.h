/* SPDX-License-Identifier: MIT */
/* Inside of the spool: its files, and the helper process that writes them. */
#pragma once

#include <sys/types.h>

#include "dispatcher/receive/spool.h"

#define SPOOL_HEAD 16u
#define SPOOLS_MAX 16

/* A number's file, locked by us. */
struct spool_file {
	int number;
	int lock;	 /* -1 = not ours */
	int fd;		 /* for reading; -1 = not open */
	uint64_t at;	 /* told up to here */
	uint64_t size;	 /* synced up to here */
	char path[4200]; /* of the records */
};

/* False: another process has it, or the folder cannot be used (errno). */
bool spool_file_lock(struct spool_file *f, const char *folder, int number);
void spool_file_unlock(struct spool_file *f);
/*
 * Open what is there and cut off what follows the last whole record. False: there is no
 * file (errno ENOENT), or it cannot be used. Reads all of it: before the loop runs, and for
 * what dead processes left.
 */
bool spool_file_open(struct spool_file *f);
/* Open for reading what we write ourselves. */
bool spool_file_reopen(struct spool_file *f);
bool spool_file_exists(const char *folder, int number);
/* The record at f->at into b; *next is where the one after it begins. False: none. */
bool spool_file_read(const struct spool_file *f, struct buf *b, uint64_t *next);
/* It cannot be read on: keep it under another name, for people. Its told part is in it, too. */
void spool_file_set_aside(struct spool_file *f);
/* Nothing in it waits any more. */
void spool_file_remove(struct spool_file *f);
/* Append the record as the file has it. */
void spool_record(struct buf *out, struct slice record);

/*
 * The helper: u32 length and bytes in, {u32 records, u32 errno} out. It appends at f->size and
 * ends when our side is closed and all is written. False with errno.
 */
bool spool_writer_start(struct spool_file *f, int *fd, pid_t *pid);
