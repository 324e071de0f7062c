/* SPDX-License-Identifier: MIT */
#include "dispatcher/cli/template_file.h"

#include "dispatcher/cli/cli.h"

#define FILE_MAX (4u << 20) /* bytes; the compiler says where a template is too long */

static enum err
read_one(struct template_files *f, const char *tag, const char *path, struct err_ctx *e)
{
	if (f->count == SET_LANGUAGES_MAX)
		return err_set(e, ERR_USAGE, path, "", "is one file too many");
	for (size_t i = 0; i < f->count; i++)
		if (strcmp(f->files[i].tag, tag) == 0)
			return err_set(e, ERR_USAGE, path, "give each language once",
				       "is the second file for %s", tag);
	memcpy(f->files[f->count].tag, tag, LANGUAGE_MAX);
	f->files[f->count++].path = path;
	return ERR_OK;
}

/* "km=FILE" → its tag and path; false: it is a file. */
static bool
split(const char *word, char tag[LANGUAGE_MAX], const char **path)
{
	const char *sign = strchr(word, '=');

	*path = word;
	tag[0] = '\0';
	if (sign == NULL || !language_tag((struct slice){word, (size_t)(sign - word)}, tag))
		return false;
	*path = sign + 1;
	return true;
}

/* All texts as one document. */
static enum err
join(struct template_files *f, struct err_ctx *e)
{
	json_t *texts = json_object(), *document;
	enum err rc = ERR_OK;

	for (size_t i = 0; i < f->count && rc == ERR_OK; i++) {
		struct buf *text = &f->files[i].text;
		json_t *v = NULL;

		rc = cli_read_file(f->files[i].path, FILE_MAX, text, e);
		if (rc == ERR_OK) {
			v = json_of_slice(buf_slice(text));
			if (v == NULL ||
			    (text->len > 0 && memchr(text->data, 0, text->len) != NULL))
				rc = err_set(e, ERR_INPUT, f->files[i].path, "save it as UTF-8",
					     "is no UTF-8 text");
		}
		if (rc == ERR_OK)
			json_object_set_new(texts, f->files[i].tag, json_pack("{s:O}", "sms", v));
		json_decref(v);
	}
	document = json_pack("{s:o}", "texts", texts);
	json_add_value(&f->source, document);
	json_decref(document);
	return rc;
}

enum err
template_files_read(char **words, size_t count, struct template_files *out, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	*out = (struct template_files){0};
	for (size_t i = 0; i < count && rc == ERR_OK; i++) {
		char tag[LANGUAGE_MAX] = "";
		const char *path;

		if (!split(words[i], tag, &path) && count > 1)
			return err_set(e, ERR_USAGE, words[i], "write vi=FILE km=FILE",
				       "several files need their languages");
		rc = read_one(out, tag, path, e);
	}
	if (rc != ERR_OK)
		return rc;
	if (out->files[0].tag[0] != '\0')
		return join(out, e);
	return cli_read_file(out->files[0].path, FILE_MAX, &out->source, e);
}

void
template_files_free(struct template_files *f)
{
	for (size_t i = 0; i < f->count; i++)
		buf_free(&f->files[i].text);
	buf_free(&f->source);
}

/* The line and a caret under its place, for people. */
static void
print_caret(struct slice source, int line, int column)
{
	struct template_error at = {.line = line, .column = column};
	struct buf caret = {0};

	template_add_caret(source, &at, &caret);
	fflush(stdout);
	fwrite(caret.data, 1, caret.len, stderr);
	buf_free(&caret);
}

void
template_files_error(void *arg, const struct set_error *e)
{
	const struct template_errors *to = arg;
	const struct template_files *f = to->files;
	const char *path = f->files[0].path;
	struct slice source = buf_slice(&f->source);
	int line = e->line > 0 ? e->line : 1, column = e->line > 0 ? e->column : 1;

	if (f->files[0].tag[0] == '\0') {
		set_place(buf_slice(&f->source), e, &line, &column);
	} else {
		struct slice s = slice_of(e->path), tag;

		slice_take_until(&s, '.');
		tag = slice_take_until(&s, '.');
		for (size_t i = 0; i < f->count; i++)
			if (slice_is(tag, f->files[i].tag)) {
				path = f->files[i].path;
				source = buf_slice(&f->files[i].text);
			}
	}
	fprintf(to->out, "%s%s:%d:%d: %s\n", to->out == stderr ? "loa: " : "", path, line, column,
		e->message);
	if (to->out == stdout)
		print_caret(source, line, column);
}

struct template_set *
template_files_set(const struct template_files *f, FILE *errors)
{
	struct template_errors to = {f, errors};

	return set_read(buf_slice(&f->source), template_files_error, &to);
}
