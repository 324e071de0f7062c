/* SPDX-License-Identifier: MIT */
/* loa report: what campaigns came to together, as a table, a CSV or a workbook. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/csv.h"
#include "base/xlsx_write.h"
#include "dispatcher/cli/campaign.h"

struct report_lines {
	json_t *values, *report, *error;
};

static bool
on_line(void *arg, struct slice line)
{
	struct report_lines *l = arg;
	json_t *v = json_loadb(line.p, line.n, 0, NULL), *value = json_object_get(v, "value");

	if (v == NULL)
		return false;
	remote_progress(v, "runs");
	if (value != NULL)
		json_array_append(l->values, value);
	l->report = json_incref(json_object_get(v, "report"));
	l->error = json_incref(json_object_get(v, "error"));
	json_decref(v);
	return l->report == NULL && l->error == NULL;
}

static enum err
ask(const struct remote_options *o, const char *path, struct report_lines *l, struct err_ctx *e)
{
	struct remote *r;
	enum err rc = remote_open(o, &r, e);

	if (rc != ERR_OK)
		return rc;
	rc = remote_lines(r, "GET", path, on_line, l, e);
	remote_close(r);
	remote_bar_end();
	if (rc == ERR_OK && l->report == NULL)
		rc = remote_late_error(l->error, e);
	return rc;
}

/* ---- columns of the table ---- */

static const char *const counted[] = {"phones",	       "messages", "delivered",
				      "undeliverable", "parts",	   "cost"};
#define COUNTED (sizeof(counted) / sizeof(counted[0]))
#define NAMED_MAX 3u

/* The members that name a group; returns how many. */
static size_t
name_columns(const json_t *report, const char *titles[NAMED_MAX], const char *members[NAMED_MAX])
{
	static const char *const partner[NAMED_MAX] = {"month", "provider", "carrier"};

	if (strcmp(remote_text(report, "by"), "partner") == 0) {
		memcpy(titles, partner, sizeof(partner));
		memcpy(members, partner, sizeof(partner));
		return NAMED_MAX;
	}
	titles[0] = remote_text(report, "by");
	members[0] = "value";
	return 1;
}

/* ---- a workbook ---- */

static enum err
write_rows(struct xlsx_write *w, const struct report_lines *l, const char *const *members,
	   size_t named, struct err_ctx *e)
{
	json_t *one;
	size_t i;

	json_array_foreach (l->values, i, one) {
		struct xlsx_write_cell cells[NAMED_MAX + COUNTED] = {0};
		char numbers[COUNTED][24];
		enum err rc;

		for (size_t k = 0; k < named; k++)
			cells[k].text = slice_of(remote_text(one, members[k]));
		for (size_t k = 0; k < COUNTED; k++) {
			const json_t *n = json_object_get(one, counted[k]);

			if (json_is_string(n)) {
				cells[named + k].text = slice_of(json_string_value(n));
			} else if (json_is_integer(n)) {
				snprintf(numbers[k], sizeof(numbers[k]), "%" JSON_INTEGER_FORMAT,
					 json_integer_value(n));
				cells[named + k] = (struct xlsx_write_cell){XLSX_WRITE_NUMBER,
									    slice_of(numbers[k])};
			}
		}
		if ((rc = xlsx_write_row(w, cells, e)) != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static enum err
write_book(const char *path, const struct report_lines *l, struct err_ctx *e)
{
	const char *titles[NAMED_MAX], *members[NAMED_MAX];
	size_t named = name_columns(l->report, titles, members);
	struct slice all[NAMED_MAX + COUNTED];
	struct xlsx_write_options o = {
		.sheet = "report", .titles = all, .columns = (uint32_t)(named + COUNTED)};
	struct xlsx_write *w;
	enum err rc;

	for (size_t k = 0; k < named; k++)
		all[k] = slice_of(titles[k]);
	for (size_t k = 0; k < COUNTED; k++)
		all[named + k] = slice_of(counted[k]);
	if ((rc = xlsx_write_open(path, &o, &w, e)) != ERR_OK)
		return rc;
	if ((rc = write_rows(w, l, members, named, e)) == ERR_OK)
		return xlsx_write_finish(w, e);
	xlsx_write_abort(w);
	return rc;
}

/* ---- a CSV: as the server writes it ---- */

static void
add_csv_line(struct buf *out, const json_t *one, const char *const *members, size_t named)
{
	for (size_t k = 0; k < named; k++) {
		buf_adds(out, k > 0 ? "," : "");
		csv_add_defused(out, slice_of(remote_text(one, members[k])), ',');
	}
	for (size_t k = 0; k < COUNTED; k++) {
		const json_t *n = json_object_get(one, counted[k]);

		if (json_is_integer(n))
			buf_addf(out, ",%" JSON_INTEGER_FORMAT, json_integer_value(n));
		else
			buf_addf(out, ",%s", json_is_string(n) ? json_string_value(n) : "");
	}
	buf_adds(out, "\r\n");
}

static enum err
write_csv(const char *path, const struct report_lines *l, bool has_bom, struct err_ctx *e)
{
	const char *titles[NAMED_MAX], *members[NAMED_MAX];
	size_t named = name_columns(l->report, titles, members), i;
	bool is_stdout = strcmp(path, "-") == 0;
	struct buf out = {0};
	enum err rc = ERR_OK;
	json_t *one;
	FILE *f;

	buf_adds(&out, has_bom ? "\xef\xbb\xbf" : "");
	for (size_t k = 0; k < named; k++) {
		buf_adds(&out, k > 0 ? "," : "");
		csv_add_defused(&out, slice_of(titles[k]), ',');
	}
	for (size_t k = 0; k < COUNTED; k++)
		buf_addf(&out, ",%s", counted[k]);
	buf_adds(&out, "\r\n");
	json_array_foreach (l->values, i, one)
		add_csv_line(&out, one, members, named);
	f = is_stdout ? stdout : fopen(path, "we");
	if (f == NULL || fwrite(out.data, 1, out.len, f) != out.len ||
	    (is_stdout ? fflush(f) : fclose(f)) != 0)
		rc = err_set(e, ERR_SYSTEM, path, "make room there, or name another file",
			     "cannot be written: %s", strerror(errno));
	buf_free(&out);
	return rc;
}

/* ---- for people ---- */

static void
print_line(const char *name, const json_t *g)
{
	char text[100];

	printf("%s %12s %12s %12s %14s\n", padded(name, 34, text), grouped_size(g, "phones"),
	       grouped_size(g, "messages"), grouped_size(g, "parts"), grouped_size(g, "cost"));
}

static void
print_table(const struct report_lines *l)
{
	const char *titles[NAMED_MAX], *members[NAMED_MAX];
	size_t named = name_columns(l->report, titles, members), i;
	const json_t *sums = json_object_get(l->report, "sums");
	char text[100];
	json_t *one;

	printf("%s … %s, %s%s%s%s\n", remote_text(l->report, "from"), remote_text(l->report, "to"),
	       remote_text(l->report, "by"), remote_text(l->report, "label")[0] != '\0' ? " (" : "",
	       remote_text(l->report, "label"),
	       remote_text(l->report, "label")[0] != '\0' ? ")" : "");
	printf("%s %12s %12s %12s %14s\n", padded("", 34, text), "phones", "messages", "parts",
	       "VND");
	json_array_foreach (l->values, i, one) {
		struct buf name = {0};

		for (size_t k = 0; k < named; k++)
			buf_addf(&name, "%s%s", k > 0 ? " " : "",
				 json_is_string(json_object_get(one, members[k]))
					 ? remote_text(one, members[k])
					 : "(none)");
		print_line(name.data, one);
		buf_free(&name);
	}
	print_line("all together, each phone once", sums);
	printf("runs: %s; records and counters: %s\n", grouped(remote_number(l->report, "runs")),
	       remote_text(sums, "records"));
	if (remote_number(l->report, "not_readable") > 0)
		printf("not in it, for their lists were deleted: %s runs\n",
		       grouped(remote_number(l->report, "not_readable")));
	if (remote_number(l->report, "phones_not_kept") > 0)
		printf("in no count of phones, for these are not kept any more: %s messages\n",
		       grouped(remote_number(l->report, "phones_not_kept")));
}

static int
print_report_lines(const struct remote_options *o, struct report_lines *l)
{
	if (!o->is_json) {
		print_table(l);
		return 0;
	}
	json_object_set(l->report, "values", l->values);
	remote_print_json(json_incref(l->report));
	return 0;
}

static bool
is_named_book(const char *path)
{
	size_t n = strlen(path);

	return n > 5 && strcmp(path + n - 5, ".xlsx") == 0;
}

int
verb_report(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *by = NULL, *from = NULL, *to = NULL, *goal = NULL, *event = NULL, *file;
	bool has_bom = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),		{"--by", &by, NULL},
					     {"--from", &from, NULL},	{"--to", &to, NULL},
					     {"--goal", &goal, NULL},	{"--event", &event, NULL},
					     {"--bom", NULL, &has_bom}, {NULL, NULL, NULL}};
	struct report_lines l = {.values = json_array()};
	struct buf url = {0};
	struct err_ctx e;
	enum err rc;
	int code = 0;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 2 || by == NULL)
		return cli_usage("report", by == NULL ? "needs --by" : "takes one file");
	file = argc == 2 ? argv[1] : NULL;
	buf_adds(&url, "/api/v1/report?");
	add_query(&url, "by", by);
	if (from != NULL)
		add_query(&url, "from", from);
	if (to != NULL)
		add_query(&url, "to", to);
	if (goal != NULL)
		add_query(&url, "goal", goal);
	if (event != NULL)
		add_query(&url, "event", event);
	rc = ask(&o, url.data, &l, &e);
	if (rc == ERR_OK && file != NULL)
		rc = is_named_book(file) ? write_book(file, &l, &e)
					 : write_csv(file, &l, has_bom, &e);
	else if (rc == ERR_OK)
		code = print_report_lines(&o, &l);
	buf_free(&url);
	json_decref(l.values);
	json_decref(l.report);
	json_decref(l.error);
	return rc == ERR_OK ? code : cli_fail(&e);
}
