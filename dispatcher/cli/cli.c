/* SPDX-License-Identifier: MIT */
#include "dispatcher/cli/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/json.h"
#include "base/mem.h"

#define OPTIONS_MAX 32

static enum err
unknown_option(const char *word, const struct cli_option *options, struct err_ctx *e)
{
	const char *names[OPTIONS_MAX];
	const char *near_name;
	size_t n = 0;
	char todo[120];

	for (; options[n].name != NULL && n < OPTIONS_MAX; n++)
		names[n] = options[n].name;
	near_name = nearest_name(word, names, n);
	if (near_name != NULL)
		snprintf(todo, sizeof(todo), "did you mean %s?", near_name);
	else
		snprintf(todo, sizeof(todo), "see loa help");
	return err_set(e, ERR_USAGE, word, todo, "is not an option of this verb");
}

/* One option at argv[*i]; moves *i over its value. */
static enum err
take_option(int argc, char **argv, int *i, const struct cli_option *options, struct err_ctx *e)
{
	const char *word = argv[*i];
	const char *equals = strchr(word, '=');
	size_t n = equals != NULL ? (size_t)(equals - word) : strlen(word);

	for (const struct cli_option *o = options; o->name != NULL; o++) {
		if (strlen(o->name) != n || memcmp(o->name, word, n) != 0)
			continue;
		if (o->flag != NULL) {
			if (equals != NULL)
				return err_set(e, ERR_USAGE, o->name, "", "takes no value");
			*o->flag = true;
			return ERR_OK;
		}
		if (equals == NULL && *i + 1 >= argc)
			return err_set(e, ERR_USAGE, o->name, "", "needs a value");
		*o->value = equals != NULL ? equals + 1 : argv[++*i];
		return ERR_OK;
	}
	return unknown_option(word, options, e);
}

enum err
cli_parse(int *argc, char **argv, const struct cli_option *options, struct err_ctx *e)
{
	int kept = 1;
	bool is_over = false;

	for (int i = 1; i < *argc; i++) {
		bool is_option = !is_over && argv[i][0] == '-' && argv[i][1] != '\0';
		enum err rc;

		if (is_option && strcmp(argv[i], "--") == 0) {
			is_over = true;
		} else if (is_option) {
			rc = take_option(*argc, argv, &i, options, e);
			if (rc != ERR_OK)
				return rc;
		} else {
			argv[kept++] = argv[i];
		}
	}
	*argc = kept;
	return ERR_OK;
}

int
cli_fail(const struct err_ctx *e)
{
	struct buf b = {0};

	err_print(e, &b);
	fprintf(stderr, "loa: %s\n", b.len > 0 ? b.data : "failed");
	buf_free(&b);
	return err_exit_code(e->code);
}

int
cli_usage(const char *words, const char *why)
{
	for (const struct verb *v = cli_verbs; v->words != NULL; v++)
		if (strcmp(v->words, words) == 0)
			fprintf(stderr, "loa: %s: %s: usage: loa %s %s\n", words, why, v->words,
				v->synopsis);
	return 2;
}

int
cli_usage_words(const char *words, int argc, int wanted)
{
	return cli_usage(words, wanted == 1	? "takes no plain words"
				: argc < wanted ? "a word is missing"
						: "a word is too many (quote what has blanks)");
}

/* Standard input by lines; a line beyond CLI_LINE_MAX is passed over, not held. */
struct line_reader {
	char chunk[65536];
	size_t at, n; /* what of the chunk is still to come: [at, n) */
	struct buf line;
	bool is_too_long;
};

/* False at the end of the input, or when it cannot be read (errno). */
static bool
read_chunk(struct line_reader *r)
{
	ssize_t n;

	do {
		n = read(STDIN_FILENO, r->chunk, sizeof(r->chunk));
	} while (n < 0 && errno == EINTR);
	r->at = 0;
	r->n = n > 0 ? (size_t)n : 0;
	return n > 0;
}

/* The next line, without its end, into r->line. */
static bool
read_line(struct line_reader *r)
{
	bool is_whole = false, has_any = false;

	buf_reset(&r->line);
	r->is_too_long = false;
	while (!is_whole && (r->at < r->n || read_chunk(r))) {
		const char *p = r->chunk + r->at, *end = memchr(p, '\n', r->n - r->at);
		size_t n = end == NULL ? r->n - r->at : (size_t)(end - p);

		is_whole = end != NULL;
		has_any = true;
		/* one more for a CR */
		if (r->line.len + n > CLI_LINE_MAX + 1)
			r->is_too_long = true;
		else
			buf_add(&r->line, p, n);
		r->at += n + is_whole;
	}
	return has_any;
}

int
cli_each_line(bool (*one)(struct slice line, struct buf *out, void *arg), void *arg)
{
	struct line_reader *r = xcalloc(1, sizeof(*r));
	struct buf out = {0};
	int rc = 0;

	while (read_line(r)) {
		struct slice s = buf_slice(&r->line);

		if (s.n > 0 && s.p[s.n - 1] == '\r')
			s.n--;
		buf_reset(&out);
		if (r->is_too_long || s.n > CLI_LINE_MAX) {
			cli_add_error(&out, "too-long", "the line has more than 1 MiB");
			rc = 1;
		} else if (!one(s, &out, arg)) {
			rc = 1;
		}
		buf_addc(&out, '\n');
		if (fwrite(out.data, 1, out.len, stdout) != out.len)
			break;
	}
	if (fflush(stdout) != 0 || ferror(stdout)) {
		fprintf(stderr, "loa: standard output: %s\n", strerror(errno));
		rc = 3;
	}
	buf_free(&r->line);
	buf_free(&out);
	free(r);
	return rc;
}

void
cli_add_error(struct buf *out, const char *code, const char *message)
{
	buf_adds(out, "{\"error\":{\"code\":");
	json_add_string(out, slice_of(code));
	buf_adds(out, ",\"message\":");
	json_add_string(out, slice_of(message));
	buf_adds(out, "}}");
}

enum err
cli_read_file(const char *path, size_t max_bytes, struct buf *out, struct err_ctx *e)
{
	bool is_stdin = strcmp(path, "-") == 0;
	FILE *f = is_stdin ? stdin : fopen(path, "rb");
	enum err rc = ERR_OK;
	size_t n;

	if (f == NULL)
		return err_set(e, ERR_INPUT, path, "check the path and its permissions", "%s",
			       strerror(errno));
	do {
		n = fread(buf_reserve(out, 65536), 1, 65536, f);
		out->len += n;
	} while (n > 0 && out->len <= max_bytes);
	if (ferror(f))
		rc = err_set(e, ERR_INPUT, path, "name a file that can be read",
			     "cannot be read: %s", strerror(errno));
	else if (out->len > max_bytes)
		rc = err_set(e, ERR_INPUT, path, "make it smaller", "has more than %zu bytes",
			     max_bytes);
	if (!is_stdin)
		fclose(f);
	if (out->data != NULL)
		out->data[out->len] = '\0';
	return rc;
}
