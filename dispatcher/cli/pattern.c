/* SPDX-License-Identifier: MIT */
/* loa pattern import, ls, show, rm, check. */
#include "dispatcher/cli/pattern.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/csv.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/remote.h"

#define PATTERN_FILE_MAX (1u << 20)
#define COLUMNS_MAX 32u

/* ---- a CSV into records ---- */

static const char *const columns[] = {"name",	 "brandname", "carriers",  "traffic",
				      "classes", "text",      "compare",   "state",
				      "since",	 "until",     "partner_id"};
enum { COLUMN_CARRIERS = 2, COLUMN_CLASSES = 4 };

struct reading {
	const char *file;
	int column_of[COLUMNS_MAX]; /* of the titles; -1 = none of ours */
	size_t count;
	bool has_titles;
	json_t *patterns;
};

static enum err
take_titles(struct reading *r, const struct csv_row *row, struct err_ctx *e)
{
	bool has_text = false;

	for (size_t i = 0; i < row->count; i++) {
		struct buf folded = {0};

		text_add_folded(&folded, slice_trim(row->cells[i].text));
		r->column_of[i] = -1;
		for (size_t k = 0; k < ARRAY_LEN(columns); k++)
			if (slice_is(buf_slice(&folded), columns[k]))
				r->column_of[i] = (int)k;
		if (r->column_of[i] < 0) {
			const char *near = nearest_name(folded.data != NULL ? folded.data : "",
							columns, ARRAY_LEN(columns));

			err_set(e, ERR_INPUT, r->file, near != NULL ? near : "see FORMATS.md",
				"\"%.60s\" is no column of patterns",
				folded.data != NULL ? folded.data : "");
			e->line = (int)row->cells[i].line;
			e->column = (int)row->cells[i].column;
			buf_free(&folded);
			return ERR_INPUT;
		}
		has_text = has_text || strcmp(columns[r->column_of[i]], "text") == 0;
		buf_free(&folded);
	}
	r->count = row->count;
	r->has_titles = true;
	if (!has_text)
		return err_set(e, ERR_INPUT, r->file, "name the columns in the first line",
			       "has no column text");
	return ERR_OK;
}

/* "viettel, vinaphone" or with ; or blanks between. */
static json_t *
names_of(struct slice s)
{
	json_t *out = json_array();
	size_t begin = 0;

	for (size_t i = 0; i <= s.n; i++) {
		if (i < s.n && s.p[i] != ',' && s.p[i] != ';' && s.p[i] != ' ')
			continue;
		if (i > begin)
			json_array_append_new(
				out, json_of_slice((struct slice){s.p + begin, i - begin}));
		begin = i + 1;
	}
	return out;
}

static enum err
on_row(void *arg, const struct csv_row *row, struct err_ctx *e)
{
	struct reading *r = arg;
	json_t *one;

	if (row->count == 1 && slice_trim(row->cells[0].text).n == 0)
		return ERR_OK;
	if (!r->has_titles)
		return take_titles(r, row, e);
	if (row->count > r->count) {
		err_set(e, ERR_INPUT, r->file, "put a text with a separator in it into quotes",
			"has more cells than titles");
		e->line = (int)row->line;
		return ERR_INPUT;
	}
	one = json_object();
	for (size_t i = 0; i < row->count; i++) {
		struct slice cell = slice_trim(row->cells[i].text);
		int c = r->column_of[i];

		if (cell.n == 0)
			continue;
		json_object_set_new(one, columns[c],
				    c == COLUMN_CARRIERS || c == COLUMN_CLASSES
					    ? names_of(cell)
					    : json_of_slice(cell));
	}
	json_array_append_new(r->patterns, one);
	return ERR_OK;
}

static enum err
read_csv(const char *file, struct slice bytes, json_t **out, struct err_ctx *e)
{
	struct csv_sniff sniff = {0};
	struct reading r = {.file = file, .patterns = json_array()};
	struct csv_options o = {.file = file,
				.cell_max = 65536,
				.cells_max = COLUMNS_MAX,
				.row_max = 131072,
				.on_row = on_row,
				.arg = &r};
	struct csv *csv;
	enum err rc;

	csv_sniff_head(&sniff, bytes);
	o.separator = csv_sniff_separator(&sniff);
	csv = csv_new(&o);
	rc = csv_feed(csv, bytes, e);
	if (rc == ERR_OK)
		rc = csv_finish(csv, e);
	csv_free(csv);
	if (rc != ERR_OK) {
		json_decref(r.patterns);
		return rc;
	}
	*out = json_pack("{s:o}", "patterns", r.patterns);
	return ERR_OK;
}

/* JSON (an object with "patterns", or an array) when it begins like that, else CSV. */
static enum err
read_patterns(const char *file, json_t **out, struct err_ctx *e)
{
	struct buf bytes = {0};
	struct slice s, trimmed;
	enum err rc = cli_read_file(file, PATTERN_FILE_MAX, &bytes, e);

	s = buf_slice(&bytes);
	if (rc == ERR_OK && csv_mark_length(s) > 0)
		s = (struct slice){s.p + 3, s.n - 3};
	trimmed = slice_trim(s);
	if (rc == ERR_OK && trimmed.n > 0 && (trimmed.p[0] == '{' || trimmed.p[0] == '[')) {
		rc = json_parse(trimmed, PATTERN_FILE_MAX, file, out, e);
		if (rc == ERR_OK && json_is_array(*out))
			*out = json_pack("{s:o}", "patterns", *out);
	} else if (rc == ERR_OK) {
		rc = read_csv(file, s, out, e);
	}
	buf_free(&bytes);
	return rc;
}

static void
print_saved(const json_t *a)
{
	printf("%lld new, %lld changed, %lld as they were\n", (long long)remote_number(a, "saved"),
	       (long long)remote_number(a, "changed"), (long long)remote_number(a, "same"));
}

int
verb_pattern_import(int argc, char **argv)
{
	struct remote_options o = {0};
	struct err_ctx e;
	json_t *body = NULL;
	int rc = remote_words(&argc, argv, &o, "pattern import", 2);

	if (rc != 0)
		return rc;
	if (read_patterns(argv[1], &body, &e) != ERR_OK)
		return cli_fail(&e);
	return remote_verb(&o, "POST", "/api/v1/patterns", body, print_saved);
}

/* ---- ls, show, rm ---- */

static void
print_all(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "patterns"), i, one) {
		const char *state = remote_text(one, "state");

		printf("%-20s %-11s %-10s %s\n", remote_text(one, "name"),
		       remote_text(one, "brandname"), state[0] != '\0' ? state : "registered",
		       remote_text(one, "text"));
	}
}

int
verb_pattern_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "pattern ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/patterns", NULL, print_all);
}

static int
about_one(int argc, char **argv, const char *words, const char *method, remote_print_cb print)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, words, 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, method, remote_path(path, "/api/v1/patterns/", argv[1], ""), NULL,
			   print);
}

int
verb_pattern_show(int argc, char **argv)
{
	return about_one(argc, argv, "pattern show", "GET", NULL);
}

static void
print_removed(const json_t *a)
{
	printf("%s removed\n", remote_text(a, "removed"));
}

int
verb_pattern_rm(int argc, char **argv)
{
	return about_one(argc, argv, "pattern rm", "DELETE", print_removed);
}

/* ---- check ---- */

static void
print_difference(const json_t *d, const char *indent)
{
	const char *kind = remote_text(d, "kind"), *expected = remote_text(d, "expected");
	const char *found = remote_text(d, "found");

	printf("%scharacter %lld: ", indent, (long long)remote_number(d, "at") + 1);
	if (strcmp(kind, "slot-too-long") == 0 || strcmp(kind, "slot-too-short") == 0)
		printf("%s takes %s %lld characters, \"%s\" has %lld\n", expected,
		       strcmp(kind, "slot-too-long") == 0 ? "at most" : "at least",
		       (long long)remote_number(d, "limit"), found,
		       (long long)remote_number(d, "length"));
	else if (strcmp(kind, "slot-type") == 0)
		printf("%s does not take \"%s\"\n", expected, found);
	else if (expected[0] == '\0')
		printf("\"%s\" is too much\n", found);
	else if (found[0] == '\0')
		printf("\"%s\" is missing\n", expected);
	else
		printf("\"%s\" instead of \"%s\"\n", found, expected);
}

void
print_nearest(const json_t *nearest, const char *indent)
{
	json_t *one;
	size_t i;

	if (nearest == NULL)
		return;
	printf("%snearest is %s:\n", indent, remote_text(nearest, "pattern"));
	json_array_foreach (json_object_get(nearest, "differences"), i, one)
		print_difference(one, indent);
	if (json_is_true(json_object_get(nearest, "more")))
		printf("%s… and more\n", indent);
}

void
print_lead(const json_t *answer, const char *indent)
{
	if (json_object_get(answer, "ready_on") == NULL)
		return;
	printf("%sto register a text takes about %lld working days: until %s\n", indent,
	       (long long)remote_number(answer, "lead_days"), remote_text(answer, "ready_on"));
}

bool
print_law(const json_t *answer)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(answer, "law"), i, one)
		printf("refuse: %s\n", json_string_value(one));
	return i > 0;
}

static void
print_checked(const json_t *a)
{
	json_t *one;
	size_t i;

	if (json_is_true(json_object_get(a, "matches")))
		printf("matches %s (%s)\n", remote_text(a, "pattern"), remote_text(a, "state"));
	else
		printf("matches none of %lld patterns\n", (long long)remote_number(a, "patterns"));
	print_nearest(json_object_get(a, "nearest"), "  ");
	print_lead(a, "  ");
	json_array_foreach (json_object_get(a, "content"), i, one)
		printf("%s: %s: \"%s\": %s\n", remote_text(one, "severity"),
		       remote_text(one, "rule"), remote_text(one, "found"), remote_text(one, "en"));
	print_law(a);
}

static bool
is_good(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "content"), i, one)
		if (strcmp(remote_text(one, "severity"), "refuse") == 0)
			return false;
	if (json_array_size(json_object_get(a, "law")) > 0)
		return false;
	return json_is_true(json_object_get(a, "matches")) || remote_number(a, "patterns") == 0;
}

static void
set_text(json_t *body, const char *key, const char *value)
{
	if (value != NULL)
		json_object_set_new(body, key, json_string(value));
}

int
verb_pattern_check(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *brandname = NULL, *carrier = NULL, *class = NULL;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--brandname", &brandname, NULL},
					     {"--carrier", &carrier, NULL},
					     {"--class", &class, NULL},
					     {NULL, NULL, NULL}};
	struct remote *r;
	struct err_ctx e;
	json_t *body, *answer = NULL;
	enum err code;
	bool was_good;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("pattern check", argc, 2);
	body = json_pack("{s:o?}", "text", json_of_slice(slice_of(argv[1])));
	set_text(body, "brandname", brandname);
	set_text(body, "carrier", carrier);
	set_text(body, "class", class);
	code = remote_open(&o, &r, &e);
	if (code == ERR_OK) {
		code = remote_call(r, "POST", "/api/v1/patterns/check", body, &answer, &e);
		remote_close(r);
	} else {
		json_decref(body);
	}
	if (code != ERR_OK)
		return cli_fail(&e);
	was_good = is_good(answer);
	if (o.is_json) {
		remote_print_json(answer);
	} else {
		print_checked(answer);
		json_decref(answer);
	}
	return was_good ? 0 : 1;
}
