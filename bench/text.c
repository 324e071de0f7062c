/* SPDX-License-Identifier: MIT */
/*
 * Renders one text for many recipients, checks its normal form and counts its
 * parts, as a run does. Counts what is asked of the heap meanwhile.
 *   bench-text TEMPLATE RECIPIENTS SECONDS    RECIPIENTS: a line each, ten \t tinh \t so \t ngay
 * Prints: texts a second, bytes of a text, allocations in all, and the sum of parts.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "templates/sms.h"
#include "templates/template.h"

#define ROWS_MAX 4096u
#define FIELDS 4u

static size_t allocations;

void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t n);

void *
__wrap_malloc(size_t n)
{
	allocations++;
	return __real_malloc(n);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	allocations++;
	return __real_calloc(count, size);
}

void *
__wrap_realloc(void *p, size_t n)
{
	allocations++;
	return __real_realloc(p, n);
}

static void
read_file(const char *path, struct buf *out)
{
	FILE *f = fopen(path, "r");
	char piece[4096];
	size_t n;

	if (f == NULL) {
		perror(path);
		exit(2);
	}
	while ((n = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(out, piece, n);
	fclose(f);
}

static double
now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Cells in the order in which the template reads its fields. */
static size_t
read_rows(struct slice all, const struct template *t, struct slice (*rows)[FIELDS])
{
	static const char *const names[FIELDS] = {"ten", "tinh", "so", "ngay"};
	size_t count = 0;

	for (; all.n > 0 && count < ROWS_MAX; count++) {
		struct slice line = slice_take_until(&all, '\n');

		for (size_t i = 0; i < FIELDS; i++) {
			struct slice cell = slice_take_until(&line, '\t');

			for (size_t f = 0; f < template_field_count(t); f++)
				if (strcmp(template_field(t, f), names[i]) == 0)
					rows[count][f] = cell;
		}
	}
	return count;
}

int
main(int argc, char **argv)
{
	static struct slice rows[ROWS_MAX][FIELDS];
	struct buf source = {0}, recipients = {0}, out = {0};
	struct template_error e;
	struct template *t;
	size_t count, done = 0, parts = 0, bytes = 0, missing = 0;
	double start, spent;

	if (argc != 4)
		return 2;
	read_file(argv[1], &source);
	read_file(argv[2], &recipients);
	t = template_compile(buf_slice(&source), &e);
	if (t == NULL || template_field_count(t) > FIELDS) {
		fprintf(stderr, "%s\n", t == NULL ? e.message : "too many fields");
		return 1;
	}
	count = read_rows(buf_slice(&recipients), t, rows);
	buf_reserve(&out, TEMPLATE_OUTPUT_MAX + 1);
	allocations = 0;
	start = now_s();
	do {
		for (size_t i = 0; i < count; i++) {
			out.len = 0;
			missing += template_render(t, 20000, rows[i], &out, &e) != RENDER_OK;
			parts += sms_count(buf_slice(&out)).parts;
			bytes += out.len;
		}
		done += count;
		spent = now_s() - start;
	} while (spent < strtod(argv[3], NULL));
	printf("%.0f %.1f %zu %zu %zu\n", (double)done / spent, (double)bytes / (double)done,
	       allocations, parts / (done / count), missing);
	return 0;
}
