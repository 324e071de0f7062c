/* SPDX-License-Identifier: MIT */
/* loa schedule next: when a schedule fires, one time a line. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/schedule.h"
#include "dispatcher/cli/cli.h"

#define VERB "schedule next"
#define SPEC_MAX 65536
#define TIMES_DEFAULT 10
#define TIMES_MAX 1000

static enum err
read_from(const char *text, int64_t *from_s, struct err_ctx *e)
{
	struct moment m;
	const char *why;

	if (text == NULL) {
		*from_s = clock_wall_ms() / 1000;
		return ERR_OK;
	}
	why = moment_parse(slice_of(text), &m);
	if (why != NULL)
		return err_set(e, ERR_USAGE, "--from", "", "\"%.60s\" %s", text, why);
	*from_s = moment_to_unix(&m, VN_UTC_OFFSET_S);
	return ERR_OK;
}

static enum err
read_count(const char *text, int64_t *count, struct err_ctx *e)
{
	*count = TIMES_DEFAULT;
	if (text != NULL &&
	    (!slice_to_i64(slice_of(text), count) || *count < 1 || *count > TIMES_MAX))
		return err_set(e, ERR_USAGE, "-n", "", "must be 1 to %d, is \"%.40s\"", TIMES_MAX,
			       text);
	return ERR_OK;
}

/* SPEC: the JSON itself, @FILE, or - for the standard input. */
static enum err
read_spec(const char *word, struct schedule **out, struct err_ctx *e)
{
	bool is_file = word[0] == '@' || strcmp(word, "-") == 0;
	const char *path = word[0] == '@' ? word + 1 : word;
	struct slice text = slice_of(word);
	struct buf file = {0};
	json_t *doc = NULL;
	struct json_at root;
	enum err rc = ERR_OK;

	if (is_file) {
		rc = cli_read_file(path, SPEC_MAX, &file, e);
		text = buf_slice(&file);
	}
	if (rc == ERR_OK)
		rc = json_parse(text, SPEC_MAX, is_file ? path : "SPEC", &doc, e);
	if (rc == ERR_OK) {
		root = json_root(doc);
		rc = schedule_parse(&root, out, e);
	}
	json_decref(doc);
	buf_free(&file);
	return rc;
}

int
verb_schedule_next(int argc, char **argv)
{
	const char *from = NULL, *count_text = NULL;
	const struct cli_option options[] = {
		{"--from", &from, NULL},
		{"-n", &count_text, NULL},
		{NULL, NULL, NULL},
	};
	struct schedule *s = NULL;
	struct err_ctx e = {0};
	int64_t from_s = 0, count = 0, times[TIMES_MAX];
	size_t n;
	enum err rc = cli_parse(&argc, argv, options, &e);

	if (rc == ERR_OK && argc != 2)
		return cli_usage(VERB, argc < 2 ? "needs a SPEC" : "takes one SPEC");
	if (rc == ERR_OK)
		rc = read_from(from, &from_s, &e);
	if (rc == ERR_OK)
		rc = read_count(count_text, &count, &e);
	if (rc == ERR_OK)
		rc = read_spec(argv[1], &s, &e);
	if (rc != ERR_OK)
		return cli_fail(&e);
	n = schedule_next(s, from_s, times, (size_t)count);
	schedule_free(s);
	for (size_t i = 0; i < n; i++) {
		char text[32];

		clock_format_vn(times[i], text);
		puts(text);
	}
	if (fflush(stdout) != 0) {
		fprintf(stderr, "loa: standard output: cannot be written\n");
		return 3;
	}
	return 0;
}
