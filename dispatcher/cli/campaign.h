/* SPDX-License-Identifier: MIT */
/* What the verbs of a campaign share. */
#pragma once

#include "dispatcher/cli/remote.h"

/* 1234567 → "1.234.567", as people write it in Vietnam. Four results live at a time. */
const char *grouped(json_int_t v);
/* The member grouped: a number, "<5" of a group whose size is not told, "-" of what is not told at all. */
const char *grouped_size(const json_t *of, const char *member);
/* A title in a column of so many characters; printf would count its bytes. */
const char *padded(const char *s, size_t width, char out[100]);
void print_report(const json_t *r);
/* "WORDS 3 from … until …: why"; nothing when f is NULL. */
void print_freeze(const json_t *f, const char *words);
/* `campaign report NAME --by …`: returns the exit code. */
int report_by(const struct remote_options *o, const char *name, const char *by, const char *run);
/* Append the address of a look at a campaign, in full and why where that is asked for; reason may be NULL. */
void add_full(struct buf *url, const char *campaign, const char *rest, bool is_full,
	      const char *reason);
/* Append "&name=" and the value, percent-encoded. */
void add_query(struct buf *path, const char *name, const char *value);
/* Append the path of something of a campaign's run: "?run=N" behind it. run NULL = its newest. */
const char *path_of_run(struct buf *out, const char *name, const char *rest, const char *run);
