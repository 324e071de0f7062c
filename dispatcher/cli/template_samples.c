/* SPDX-License-Identifier: MIT */
/* loa template samples: the sample library inside the binary. */
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/remote.h"
#include "dispatcher/samples/samples.h"

#define NAMES_MAX 256

static json_t *
find_sample(json_t *all, const char *name)
{
	json_t *one;
	size_t i;

	json_array_foreach (all, i, one)
		if (strcmp(remote_text(one, "name"), name) == 0)
			return one;
	return NULL;
}

static int
unknown_sample(json_t *all, const char *name)
{
	const char *names[NAMES_MAX], *near_name;
	struct err_ctx e;
	size_t count = 0, i;
	json_t *one;

	json_array_foreach (all, i, one)
		if (count < NAMES_MAX)
			names[count++] = remote_text(one, "name");
	near_name = nearest_name(name, names, count);
	err_set(&e, ERR_INPUT, "template samples", "loa template samples lists them",
		near_name != NULL ? "there is no sample %.60s: did you mean %s?"
				  : "there is no sample %.60s",
		name, near_name);
	return cli_fail(&e);
}

/* A column of n characters; texts have one column a character. */
static void
print_cell(const char *s, size_t n)
{
	size_t length = text_length(slice_of(s));

	printf("%s%*s", s, (int)(length < n ? n - length : 0) + 2, "");
}

static size_t
widest(const json_t *all, const char *key)
{
	size_t most = strlen(key), i;
	json_t *one;

	json_array_foreach (all, i, one) {
		size_t n = text_length(slice_of(remote_text(one, key)));

		most = n > most ? n : most;
	}
	return most;
}

/* Columns of the list first; what is written into the text by hand in brackets. */
static void
print_fields(const json_t *sample)
{
	const char *between = "";
	json_t *field;
	size_t i;

	for (int is_fixed = 0; is_fixed < 2; is_fixed++) {
		json_array_foreach (json_object_get(sample, "fields"), i, field) {
			if (json_is_true(json_object_get(field, "fixed")) != is_fixed)
				continue;
			printf(is_fixed ? "%s[%s]" : "%s%s", between, remote_text(field, "name"));
			between = " ";
		}
	}
	printf("\n");
}

static void
print_table(const json_t *all)
{
	size_t name = widest(all, "name"), title = widest(all, "title"), i;
	json_t *one;

	print_cell("name", name);
	print_cell("title", title);
	printf("class     parts  plain  fields\n");
	json_array_foreach (all, i, one) {
		print_cell(remote_text(one, "name"), name);
		print_cell(remote_text(one, "title"), title);
		print_cell(remote_text(one, "class"), 8);
		printf("%5d  %5d  ", (int)remote_number(one, "parts"),
		       (int)remote_number(one, "plain_parts"));
		print_fields(one);
	}
}

int
verb_template_samples(int argc, char **argv)
{
	bool is_json = false;
	const struct cli_option options[] = {{"--json", NULL, &is_json}, {NULL, NULL, NULL}};
	json_t *all, *one = NULL;
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 2)
		return cli_usage("template samples", "takes one name at most");
	all = samples_all();
	if (argc == 2)
		one = find_sample(all, argv[1]);
	if (argc == 2 && one == NULL) {
		int rc = unknown_sample(all, argv[1]);

		json_decref(all);
		return rc;
	}
	if (is_json)
		remote_print_json(json_incref(one != NULL ? one : all));
	else if (one != NULL)
		printf("%s", remote_text(one, "text"));
	else
		print_table(all);
	json_decref(all);
	return 0;
}
