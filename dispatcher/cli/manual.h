/* SPDX-License-Identifier: MIT */
/*
 * Help, manual pages and the completion of bash, all written from the table of
 * verbs (verbs.c), the words about options (manual_words.c) and the table of the
 * configuration's options. Nothing else knows what the command line can do, so
 * nothing else can be out of date.
 */
#pragma once

#include "dispatcher/cli/cli.h"

/* What is said about an option; the verb NULL = of every verb that has it. */
struct option_words {
	const char *verb, *name; /* "list import", "--phone" */
	const char *help;
};
/* Ends with name == NULL. An entry of a verb stands before the common one of its name. */
extern const struct option_words option_words[];

/* What is said about a verb beyond its line. A verb without an entry speaks to the server. */
struct verb_words {
	const char *words;
	bool is_local;	  /* needs no server, so has none of the options for it */
	const char *more; /* paragraphs, with empty lines between; NULL = none */
};
/* Ends with words == NULL. */
extern const struct verb_words verb_words[];

/* One option of a verb, as its synopsis has it. */
struct verb_option {
	char name[40];	/* "--phone", "-n" */
	char value[60]; /* "COLUMN"; "" = takes none */
};
#define VERB_OPTIONS_MAX 32
/* The options that v has, those for the server last; out has room for VERB_OPTIONS_MAX. */
size_t verb_options(const struct verb *v, struct verb_option *out);
/* NULL = nobody has said anything: a finding of the tests. */
const char *verb_option_help(const struct verb *v, const char *name);

/* `loa help` with its own words: argv[0] is "help". Returns the exit code. */
int cli_help(int argc, char **argv);
/* "loa.1", "loa-serve.8" or "loa-config.5"; false = no such page. */
bool manual_page(const char *name, struct buf *out);
void manual_completion(struct buf *out);
