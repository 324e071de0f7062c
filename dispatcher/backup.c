/* SPDX-License-Identifier: MIT */
#include "dispatcher/backup.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/mem.h"

void
backup_header_add(const struct backup_header *h, struct buf *out)
{
	char taken[32];
	json_t *v;

	clock_format_vn(h->taken_ms / 1000, taken);
	v = json_pack("{s:i, s:s, s:s, s:I, s:s, s:I, s:{s:I, s:I, s:I}}", "loa_backup",
		      BACKUP_FORMAT, "version", h->version, "taken", taken, "taken_ms",
		      (json_int_t)h->taken_ms, "redis", h->redis, "bytes", (json_int_t)h->bytes,
		      "counts", "keys", (json_int_t)h->keys, "campaigns", (json_int_t)h->campaigns,
		      "open_runs", (json_int_t)h->open_runs);
	json_add_value(out, v);
	buf_addc(out, '\n');
	json_decref(v);
}

void
backup_trailer(const struct hash_stream *h, char *out)
{
	char hex[2 * HASH_STREAM_BYTES + 1];

	hash_stream_hex(h, hex);
	snprintf(out, BACKUP_TRAILER_BYTES + 1, "blake2b:%s\n", hex);
}

void
backup_reader_init(struct backup_reader *r, const char *what, backup_payload_cb cb, void *arg)
{
	*r = (struct backup_reader){
		.what = what, .hash = hash_stream_new(), .on_payload = cb, .arg = arg};
}

void
backup_reader_clear(struct backup_reader *r)
{
	buf_free(&r->line);
	hash_stream_free(r->hash);
	r->hash = NULL;
}

/* Is release a ("0.12.3") newer than b? What is no number counts as 0. */
static bool
is_newer(const char *a, const char *b)
{
	for (int i = 0; i < 3; i++) {
		unsigned long x = strtoul(a, (char **)&a, 10), y = strtoul(b, (char **)&b, 10);

		if (x != y)
			return x > y;
		a += *a == '.';
		b += *b == '.';
	}
	return false;
}

static enum err
read_header(struct backup_reader *r, struct slice line, struct err_ctx *e)
{
	json_t *v = json_loadb(line.p, line.n, 0, NULL);
	const json_t *counts = json_object_get(v, "counts");
	const char *version = json_string_value(json_object_get(v, "version"));
	const char *redis = json_string_value(json_object_get(v, "redis"));
	json_int_t format = json_integer_value(json_object_get(v, "loa_backup"));
	json_int_t bytes = json_integer_value(json_object_get(v, "bytes"));
	enum err rc = ERR_OK;

	if (format < 1 || bytes < 1 || version == NULL || redis == NULL) {
		rc = err_set(e, ERR_INPUT, r->what, "name a file that loa backup wrote",
			     "is no backup of Loa");
	} else if (format > BACKUP_FORMAT || is_newer(version, LOA_VERSION)) {
		rc = err_set(e, ERR_INPUT, r->what, "restore it with that release or a newer one",
			     "was made by Loa %.20s; this is " LOA_VERSION, version);
	} else {
		snprintf(r->header.version, sizeof(r->header.version), "%s", version);
		snprintf(r->header.redis, sizeof(r->header.redis), "%s", redis);
		r->header.taken_ms = json_integer_value(json_object_get(v, "taken_ms"));
		r->header.bytes = r->left = (uint64_t)bytes;
		r->header.keys = json_integer_value(json_object_get(counts, "keys"));
		r->header.campaigns = json_integer_value(json_object_get(counts, "campaigns"));
		r->header.open_runs = json_integer_value(json_object_get(counts, "open_runs"));
		r->has_header = true;
	}
	json_decref(v);
	return rc;
}

/* Take the header's bytes off the piece; it may come in several. */
static enum err
feed_header(struct backup_reader *r, struct slice *piece, struct err_ctx *e)
{
	const char *end = piece->n > 0 ? memchr(piece->p, '\n', piece->n) : NULL;
	size_t n = end != NULL ? (size_t)(end - piece->p) + 1 : piece->n;
	enum err rc;

	if (r->line.len + n > BACKUP_HEADER_MAX)
		return err_set(e, ERR_INPUT, r->what, "name a file that loa backup wrote",
			       "is no backup of Loa");
	buf_add(&r->line, piece->p, n);
	piece->p += n;
	piece->n -= n;
	if (end == NULL)
		return ERR_OK;
	rc = read_header(r, buf_slice(&r->line), e);
	hash_stream_add(r->hash, buf_slice(&r->line));
	buf_reset(&r->line);
	return rc;
}

enum err
backup_reader_feed(struct backup_reader *r, struct slice piece, struct err_ctx *e)
{
	struct slice payload;
	enum err rc = ERR_OK;

	if (!r->has_header)
		rc = feed_header(r, &piece, e);
	if (rc != ERR_OK || piece.n == 0)
		return rc;
	payload = (struct slice){piece.p, piece.n < r->left ? piece.n : (size_t)r->left};
	if (payload.n > 0) {
		hash_stream_add(r->hash, payload);
		r->left -= payload.n;
		if (r->on_payload != NULL)
			rc = r->on_payload(r->arg, payload, e);
	}
	if (rc == ERR_OK && r->line.len + piece.n - payload.n > BACKUP_TRAILER_BYTES)
		rc = err_set(e, ERR_INPUT, r->what, "take another backup",
			     "is damaged: it is longer than its first line says");
	if (rc == ERR_OK)
		buf_add(&r->line, piece.p + payload.n, piece.n - payload.n);
	return rc;
}

enum err
backup_reader_end(struct backup_reader *r, struct err_ctx *e)
{
	char wanted[BACKUP_TRAILER_BYTES + 1];

	if (!r->has_header && r->line.len == 0)
		return err_set(e, ERR_INPUT, r->what, "name a file that loa backup wrote",
			       "is empty");
	if (!r->has_header)
		return err_set(e, ERR_INPUT, r->what, "name a file that loa backup wrote",
			       "is no backup of Loa");
	if (r->left > 0 || r->line.len < BACKUP_TRAILER_BYTES)
		return err_set(e, ERR_INPUT, r->what, "take another backup",
			       "is damaged: its end is missing");
	backup_trailer(r->hash, wanted);
	if (memcmp(r->line.data, wanted, BACKUP_TRAILER_BYTES) != 0)
		return err_set(e, ERR_INPUT, r->what, "take another backup",
			       "is damaged: its checksum is wrong");
	return ERR_OK;
}
