/* SPDX-License-Identifier: MIT */
/* The format of a backup: whole or not, whatever pieces it comes in. */
#include "dispatcher/backup.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const char payload[] = "REDIS0010 and what follows\n\0 in any bytes";

/* A good file with this header's version. */
static void
make_file(struct buf *out, const char *version)
{
	struct backup_header h = {.taken_ms = 1823094000000, .bytes = sizeof(payload), .keys = 7};
	struct hash_stream *hash = hash_stream_new();
	char trailer[BACKUP_TRAILER_BYTES + 1];

	snprintf(h.version, sizeof(h.version), "%s", version);
	snprintf(h.redis, sizeof(h.redis), "7.0.15");
	backup_header_add(&h, out);
	buf_add(out, payload, sizeof(payload));
	hash_stream_add(hash, buf_slice(out));
	backup_trailer(hash, trailer);
	buf_adds(out, trailer);
	hash_stream_free(hash);
}

static enum err
collect(void *arg, struct slice piece, struct err_ctx *e)
{
	(void)e;
	buf_add_slice(arg, piece);
	return ERR_OK;
}

/* Read it in pieces of `step` bytes; what came out as payload is in got. */
static enum err
read_file(struct slice file, size_t step, struct buf *got, struct err_ctx *e)
{
	struct backup_reader r;
	enum err rc = ERR_OK;

	backup_reader_init(&r, "f", collect, got);
	for (size_t at = 0; rc == ERR_OK && at < file.n; at += step)
		rc = backup_reader_feed(
			&r, (struct slice){file.p + at, file.n - at < step ? file.n - at : step},
			e);
	if (rc == ERR_OK)
		rc = backup_reader_end(&r, e);
	backup_reader_clear(&r);
	return rc;
}

static void
a_file_is_read_in_pieces_of_any_size(void **state)
{
	struct buf file = {0}, got = {0};
	struct err_ctx e;

	(void)state;
	make_file(&file, LOA_VERSION);
	for (size_t step = 1; step <= file.len; step++) {
		buf_reset(&got);
		assert_int_equal(read_file(buf_slice(&file), step, &got, &e), ERR_OK);
		assert_int_equal(got.len, sizeof(payload));
		assert_memory_equal(got.data, payload, sizeof(payload));
	}
	buf_free(&file);
	buf_free(&got);
}

static void
a_file_that_is_cut_anywhere_is_refused(void **state)
{
	struct buf file = {0}, got = {0};
	struct err_ctx e;

	(void)state;
	make_file(&file, LOA_VERSION);
	for (size_t n = 0; n < file.len; n++)
		assert_int_equal(read_file((struct slice){file.data, n}, 7, &got, &e), ERR_INPUT);
	buf_free(&file);
	buf_free(&got);
}

static void
a_changed_byte_anywhere_is_refused(void **state)
{
	struct buf file = {0}, got = {0};
	struct err_ctx e;

	(void)state;
	make_file(&file, LOA_VERSION);
	for (size_t i = 0; i < file.len; i++) {
		file.data[i] ^= 1;
		assert_int_not_equal(read_file(buf_slice(&file), 64, &got, &e), ERR_OK);
		file.data[i] ^= 1;
	}
	buf_addc(&file, '\n');
	assert_int_equal(read_file(buf_slice(&file), 64, &got, &e), ERR_INPUT);
	assert_non_null(strstr(e.why, "longer"));
	buf_free(&file);
	buf_free(&got);
}

static void
only_this_release_and_older_ones_are_read(void **state)
{
	static const struct {
		const char *version;
		enum err rc;
	} cases[] = {{"0.0.1", ERR_OK},	     {LOA_VERSION, ERR_OK},
		     {"999.0.0", ERR_INPUT}, {"999", ERR_INPUT},
		     {"0.0.0.9", ERR_OK},    {"99999999999999999999.1", ERR_INPUT}};
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf file = {0}, got = {0};

		make_file(&file, cases[i].version);
		assert_int_equal(read_file(buf_slice(&file), 100, &got, &e), cases[i].rc);
		if (cases[i].rc != ERR_OK)
			assert_non_null(strstr(e.why, "was made by Loa"));
		buf_free(&file);
		buf_free(&got);
	}
}

static void
the_checksum_is_blake2b(void **state)
{
	struct hash_stream *h = hash_stream_new();
	char hex[2 * HASH_STREAM_BYTES + 1];

	(void)state;
	/* printf abc | b2sum -l 256 */
	hash_stream_add(h, SLICE("a"));
	hash_stream_add(h, SLICE(""));
	hash_stream_add(h, SLICE("bc"));
	hash_stream_hex(h, hex);
	assert_string_equal(hex,
			    "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
	hash_stream_free(h);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_is_read_in_pieces_of_any_size),
		cmocka_unit_test(a_file_that_is_cut_anywhere_is_refused),
		cmocka_unit_test(a_changed_byte_anywhere_is_refused),
		cmocka_unit_test(only_this_release_and_older_ones_are_read),
		cmocka_unit_test(the_checksum_is_blake2b),
	};

	random_init();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
