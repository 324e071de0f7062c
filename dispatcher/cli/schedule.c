/* SPDX-License-Identifier: MIT */
/* loa schedule next: when a schedule fires, one time a line. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "dispatcher/campaign/day_words.h"
#include "dispatcher/campaign/moment.h"
#include "dispatcher/campaign/schedule.h"
#include "dispatcher/cli/cli.h"
#include "dispatcher/config.h"

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
read_spec(const char *word, const struct calendar *calendar, struct schedule **out,
	  struct err_ctx *e)
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
		rc = schedule_parse(&root, calendar, out, e);
	}
	json_decref(doc);
	buf_free(&file);
	return rc;
}

/* Fewer than were asked for, because the table of its feast ends: said, or it would look like a rule's end. */
static void
say_table_end(const struct schedule *s)
{
	int64_t end = schedule_table_end(s);

	if (end != INT64_MAX)
		fprintf(stderr,
			"loa: schedule: no further occurrence, the calendar has this feast until "
			"%d: "
			"write later years into its file (--calendar)\n",
			date_of_days(end).year);
}

static void
print_time(const struct calendar *calendar, int64_t time, bool is_explained)
{
	struct buf line = {0};
	char text[32];

	clock_format_vn(time, text);
	buf_adds(&line, text);
	if (is_explained) {
		buf_adds(&line, "  ");
		day_add_words(calendar, time, &line);
	}
	puts(line.data);
	buf_free(&line);
}

int
verb_schedule_next(int argc, char **argv)
{
	const char *from = NULL, *count_text = NULL, *file = "";
	bool is_explained = false;
	const struct cli_option options[] = {
		{"--from", &from, NULL},     {"-n", &count_text, NULL},
		{"--calendar", &file, NULL}, {"--explain", NULL, &is_explained},
		{NULL, NULL, NULL},
	};
	struct calendar *calendar = NULL;
	struct schedule *s = NULL;
	struct err_ctx e = {0};
	int64_t from_s = 0, count = 0, times[TIMES_MAX];
	size_t n = 0;
	enum err rc = cli_parse(&argc, argv, options, &e);

	if (rc == ERR_OK && argc != 2)
		return cli_usage(VERB, argc < 2 ? "needs a SPEC" : "takes one SPEC");
	if (rc == ERR_OK)
		rc = read_from(from, &from_s, &e);
	if (rc == ERR_OK)
		rc = read_count(count_text, &count, &e);
	if (rc == ERR_OK)
		rc = config_load_calendar(file, &calendar, &e);
	if (rc == ERR_OK)
		rc = read_spec(argv[1], calendar, &s, &e);
	if (rc == ERR_OK)
		n = schedule_next(s, from_s, times, (size_t)count);
	for (size_t i = 0; i < n; i++)
		print_time(calendar, times[i], is_explained);
	if (rc == ERR_OK && n < (size_t)count)
		say_table_end(s);
	schedule_free(s);
	calendar_free(calendar);
	if (rc != ERR_OK)
		return cli_fail(&e);
	if (fflush(stdout) != 0) {
		fprintf(stderr, "loa: standard output: cannot be written\n");
		return 3;
	}
	return 0;
}
