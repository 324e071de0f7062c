/* SPDX-License-Identifier: MIT */
/*
 * A template set from files of the command line: one file, which is the Vietnamese
 * SMS text or a set as JSON; or several, each the SMS text of a language:
 * vi=FILE km=FILE.
 */
#pragma once

#include <stdio.h>

#include "templates/set.h"

struct template_files {
	struct {
		char tag[LANGUAGE_MAX]; /* "" = the only file */
		const char *path;
		struct buf text; /* of several: what it holds */
	} files[SET_LANGUAGES_MAX];
	size_t count;
	struct buf source; /* what set_read reads: the file, or a document of all files */
};

MUST_CHECK enum err template_files_read(char **words, size_t count, struct template_files *out,
					struct err_ctx *e);
void template_files_free(struct template_files *f);
/* NULL: each error was printed. */
struct template_set *template_files_set(const struct template_files *f, FILE *errors);

/* A set_error_cb that prints FILE:LINE:COL: message; arg is a struct template_errors. */
struct template_errors {
	const struct template_files *files;
	FILE *out; /* stderr: each line begins with "loa: "; stdout: a caret goes to stderr */
};
void template_files_error(void *arg, const struct set_error *e);
