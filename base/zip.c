/* SPDX-License-Identifier: MIT */
#include "base/zip.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zip.h>

#include "base/mem.h"

/* Where the end of the list of parts can be: its record and a comment of at most 65,535 bytes. */
#define END_RECORD 22
#define END_AREA (END_RECORD + 65535)

struct name {
	char *text; /* lower case, '/' */
	int part;
};

struct archive {
	zip_t *zip;
	char file[160];
	struct name *names; /* sorted */
	size_t count;
};

struct archive_part {
	struct archive *archive;
	zip_file_t *file;
	char name[120];
	struct archive_limits limits;
	uint64_t packed, inflated;
};

static const char *const get_again = "the file is damaged or was cut off: get it again, or open "
				     "it in Excel and save it anew (lưu lại bằng Excel)";

static enum err
fail(const char *file, struct err_ctx *e, const char *why)
{
	return err_set(e, ERR_INPUT, file, get_again, "%s", why);
}

/* ---- before libzip reads the list of parts: how long is it? ---- */

/* The number of parts in the ZIP64 record that a locator at p points to. */
static uint64_t
parts_zip64(int fd, struct slice locator)
{
	struct reader r = reader_of(locator);
	char record[56];

	reader_bytes(&r, 8);
	if (pread(fd, record, sizeof(record), (off_t)(reader_u64(&r) & INT64_MAX)) !=
	    (ssize_t)sizeof(record))
		return 0;
	r = reader_of((struct slice){record, sizeof(record)});
	if (memcmp(reader_bytes(&r, 4).p, "PK\6\6", 4) != 0)
		return 0;
	reader_bytes(&r, 20);
	uint64_t here = reader_u64(&r), all = reader_u64(&r);

	return here > all ? here : all;
}

/* Every record that could be the end is looked at: libzip chooses among them. */
static enum err
check_end(int fd, const char *file, uint64_t size, struct err_ctx *e)
{
	size_t n = size < END_AREA + 20 ? size : END_AREA + 20;
	char *tail = xmalloc(n + 1);
	bool is_found = false;
	uint64_t most = 0;

	if (pread(fd, tail, n, (off_t)(size - n)) != (ssize_t)n) {
		free(tail);
		return err_set(e, ERR_SYSTEM, file, "", "cannot be read: %s",
			       errno != 0 ? strerror(errno) : "it became shorter");
	}
	for (size_t at = 0; at + END_RECORD <= n; at++) {
		struct reader r = reader_of((struct slice){tail + at + 8, 4});
		uint64_t here, all;

		if (memcmp(tail + at, "PK\5\6", 4) != 0)
			continue;
		is_found = true;
		here = reader_u16(&r);
		all = reader_u16(&r);
		if (at >= 20 && memcmp(tail + at - 20, "PK\6\7", 4) == 0) {
			uint64_t long_count = parts_zip64(fd, (struct slice){tail + at - 20, 20});

			most = long_count > most ? long_count : most;
			if (here == 0xFFFF || all == 0xFFFF)
				continue; /* they say: look at the long record */
		}
		most = here > most ? here : most;
		most = all > most ? all : most;
	}
	free(tail);
	if (!is_found)
		return fail(file, e, "the end of this ZIP file is missing");
	if (most > ARCHIVE_PARTS_MAX)
		return err_set(e, ERR_INPUT, file, "this is no workbook of a spreadsheet program",
			       "the ZIP file has more than %d parts", ARCHIVE_PARTS_MAX);
	return ERR_OK;
}

/* ---- the list of parts ---- */

static char
fold(char c)
{
	return c == '\\' ? '/' : c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static enum err
read_names(struct archive *a, struct err_ctx *e)
{
	zip_int64_t n = zip_get_num_entries(a->zip, 0);

	if (n > ARCHIVE_PARTS_MAX)
		return fail(a->file, e, "the ZIP file has too many parts");
	a->names = xcalloc((size_t)n + 1, sizeof(*a->names));
	for (zip_int64_t i = 0; i < n; i++) {
		const char *name = zip_get_name(a->zip, (zip_uint64_t)i, ZIP_FL_ENC_GUESS);

		if (name == NULL)
			return fail(a->file, e, "a part of the ZIP file has no name");
		a->names[a->count].part = (int)i;
		a->names[a->count].text = xstrdup(name + (name[0] == '/'));
		for (char *p = a->names[a->count].text; *p != '\0'; p++)
			*p = fold(*p);
		a->count++;
	}
	qsort(a->names, a->count, sizeof(*a->names), compare_names);
	for (size_t i = 1; i < a->count; i++)
		if (strcmp(a->names[i - 1].text, a->names[i].text) == 0)
			return err_set(e, ERR_INPUT, a->file, get_again,
				       "the ZIP file has two parts %s", a->names[i].text);
	return ERR_OK;
}

static enum err
open_zip(struct archive *a, int fd, struct err_ctx *e)
{
	int code = 0;
	zip_error_t why;

	a->zip = zip_fdopen(fd, 0, &code); /* takes fd if it can */
	if (a->zip == NULL) {
		zip_error_init_with_code(&why, code);
		err_set(e, ERR_INPUT, a->file, get_again, "the ZIP file cannot be read: %s",
			zip_error_strerror(&why));
		zip_error_fini(&why);
		close(fd);
		return ERR_INPUT;
	}
	return read_names(a, e);
}

enum err
archive_open(const char *path, const char *file, struct archive **out, struct err_ctx *e)
{
	struct archive *a = xcalloc(1, sizeof(*a));
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat st;
	enum err err;

	*out = NULL;
	snprintf(a->file, sizeof(a->file), "%s", file);
	if (fd < 0 || fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		err = err_set(e, ERR_SYSTEM, a->file, "", "cannot be read: %s",
			      fd < 0 ? strerror(errno) : "it is no file");
		if (fd >= 0)
			close(fd);
	} else if ((err = check_end(fd, a->file, (uint64_t)st.st_size, e)) != ERR_OK) {
		close(fd);
	} else {
		err = open_zip(a, fd, e);
	}
	if (err != ERR_OK)
		archive_close(a);
	else
		*out = a;
	return err;
}

void
archive_close(struct archive *a)
{
	if (a == NULL)
		return;
	for (size_t i = 0; i < a->count; i++)
		free(a->names[i].text);
	free(a->names);
	if (a->zip != NULL)
		zip_discard(a->zip);
	free(a);
}

int
archive_find(const struct archive *a, struct slice name)
{
	char *text = xmemdup0(name.p, name.n);
	struct name key = {.text = text};
	const struct name *found;

	for (char *p = text; *p != '\0'; p++)
		*p = fold(*p);
	found = a->count == 0 ? NULL
			      : bsearch(&key, a->names, a->count, sizeof(*a->names), compare_names);
	free(text);
	return found != NULL ? found->part : -1;
}

/* ---- a part ---- */

static enum err
fail_part(const struct archive_part *p, struct err_ctx *e, const char *todo, const char *why)
{
	return err_set(e, ERR_INPUT, p->archive->file, todo, "part %s: %s", p->name, why);
}

enum err
archive_part_open(struct archive *a, int part, const struct archive_limits *limits,
		  struct archive_part **out, struct err_ctx *e)
{
	struct archive_part *p = xcalloc(1, sizeof(*p));
	zip_stat_t st;
	enum err err = ERR_OK;

	*out = NULL;
	p->archive = a;
	p->limits = *limits;
	if (zip_stat_index(a->zip, (zip_uint64_t)part, 0, &st) != 0) {
		err = fail(a->file, e, "the ZIP file cannot be read");
	} else {
		snprintf(p->name, sizeof(p->name), "%s", st.name);
		p->packed = st.comp_size;
		if ((st.valid & ZIP_STAT_ENCRYPTION_METHOD) != 0 &&
		    st.encryption_method != ZIP_EM_NONE)
			err = fail_part(p, e, "save the file without a password (bỏ mật khẩu)",
					"is locked by a password");
		else if ((p->file = zip_fopen_index(a->zip, (zip_uint64_t)part, 0)) == NULL)
			err = fail_part(p, e, get_again, zip_strerror(a->zip));
	}
	if (err != ERR_OK)
		archive_part_close(p);
	else
		*out = p;
	return err;
}

enum err
archive_part_read(struct archive_part *p, char *out, size_t cap, size_t *n, struct err_ctx *e)
{
	static const char *const too_much = "this is no list of people: save only its sheet as a "
					    "new .xlsx, or as CSV UTF-8";
	zip_int64_t got = zip_fread(p->file, out, cap);

	*n = 0;
	if (got < 0)
		return fail_part(p, e, get_again, zip_error_strerror(zip_file_get_error(p->file)));
	p->inflated += (uint64_t)got;
	if (p->inflated > p->limits.inflated_max)
		return fail_part(p, e, too_much, "is too large when unpacked");
	if (p->inflated > p->limits.inflation_min &&
	    p->inflated / p->limits.inflation_max > p->packed)
		return fail_part(p, e, too_much,
				 "unpacks to so much more than it is packed that it is refused");
	*n = (size_t)got;
	return ERR_OK;
}

void
archive_part_close(struct archive_part *p)
{
	if (p == NULL)
		return;
	if (p->file != NULL)
		zip_fclose(p->file);
	free(p);
}
