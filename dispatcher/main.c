/* SPDX-License-Identifier: MIT */
/* Finds the verb in the table and runs it. Everything else is in the verb's own file. */
#include <signal.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/cli/manual.h"

#define VERBS_MAX 128

/* Number of words of the verb that argv begins with, 0 if it is not this one. */
static int
match(const struct verb *v, int argc, char **argv)
{
	const char *blank = strchr(v->words, ' ');
	size_t n = blank != NULL ? (size_t)(blank - v->words) : strlen(v->words);

	if (argc < 2 || strlen(argv[1]) != n || memcmp(argv[1], v->words, n) != 0)
		return 0;
	if (blank == NULL)
		return 1;
	return argc >= 3 && strcmp(argv[2], blank + 1) == 0 ? 2 : 0;
}

/* "campaign" alone: the words that may follow. False if no verb begins with it. */
static bool
say_second_words(const char *first)
{
	struct buf b = {0};
	size_t n = strlen(first);
	bool is_known;

	for (const struct verb *v = cli_verbs; v->words != NULL; v++)
		if (strncmp(v->words, first, n) == 0 && v->words[n] == ' ')
			buf_addf(&b, "%s%s", b.len > 0 ? ", " : "", v->words + n + 1);
	is_known = b.len > 0;
	if (is_known)
		fprintf(stderr, "loa: %s: needs one more word: %s; see loa help %s\n", first,
			b.data, first);
	buf_free(&b);
	return is_known;
}

static int
unknown_verb(int argc, char **argv)
{
	const char *names[VERBS_MAX];
	const char *near_name;
	char word[128];
	size_t n = 0;

	if (argc == 2 && say_second_words(argv[1]))
		return 2;
	for (; cli_verbs[n].words != NULL && n < VERBS_MAX; n++)
		names[n] = cli_verbs[n].words;
	snprintf(word, sizeof(word), "%s%s%s", argv[1], argc > 2 ? " " : "",
		 argc > 2 ? argv[2] : "");
	near_name = nearest_name(word, names, n);
	if (near_name == NULL)
		near_name = nearest_name(argv[1], names, n);
	if (near_name != NULL)
		fprintf(stderr, "loa: %s: is not a verb: did you mean \"%s\"?\n", word, near_name);
	else
		fprintf(stderr, "loa: %s: is not a verb: see loa help\n", word);
	return 2;
}

int
main(int argc, char **argv)
{
	/* A reader that goes away (head) and a gateway that closes are answers, not signals. */
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	sigaction(SIGPIPE, &ignore, NULL);
	random_init();
	if (argc < 2 || strcmp(argv[1], "help") == 0 || strcmp(argv[1], "--help") == 0)
		return cli_help(argc - 1, argv + 1);
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "version") == 0) {
		printf("loa %s\n", LOA_VERSION);
		return 0;
	}
	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		int used = match(v, argc, argv);

		if (used > 0 && argc == used + 2 && strcmp(argv[used + 1], "--help") == 0)
			return cli_help(used + 1, argv);
		if (used > 0)
			return v->run(argc - used, argv + used);
	}
	return unknown_verb(argc, argv);
}
