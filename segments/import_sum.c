/* SPDX-License-Identifier: MIT */
#include "segments/import_sum.h"

#include "base/json.h"
#include "segments/import_inside.h"
#include "segments/table_join.h"

struct sums {
	uint64_t read, kept, listed;
	struct tally left_out, rejects, repairs;
};

static void
add_tally(struct tally *to, const struct tally *from)
{
	for (size_t i = 0; i < from->used; i++)
		tally_add(to, from->names[i], from->counts[i]);
}

static void
add_up(const struct import_sum *s, struct sums *to)
{
	*to = (struct sums){0};
	for (size_t i = 0; i < s->count; i++) {
		const struct import *im = s->parts[i].import;

		to->read += import_rows_read(im);
		to->kept += import_rows_kept(im);
		to->listed += im->rejects.listed;
		for (size_t k = 0; k < ROW_KINDS; k++)
			if (im->left_out[k] > 0)
				tally_add(&to->left_out, row_kind_name((enum row_kind)k),
					  im->left_out[k]);
		add_tally(&to->rejects, &im->rejects.reasons);
		add_tally(&to->repairs, &im->repairs);
	}
	if (s->no_room > 0)
		tally_add(&to->repairs, "no-room-for-column", s->no_room);
}

/* How many values of the union's columns the tables have. */
static void
count_columns(const struct import_sum *s, struct column_count out[COLUMNS_MAX])
{
	memset(out, 0, COLUMNS_MAX * sizeof(*out));
	for (size_t i = 0; i < s->count; i++) {
		const struct import *im = s->parts[i].import;

		for (uint32_t k = 0; k < im->columns.schema.count; k++) {
			const struct column *c = table_join_like(s->schema, &im->columns.schema, k);

			if (c == NULL)
				continue;
			out[c - s->schema->columns].filled += im->counts[k].filled;
			out[c - s->schema->columns].misfits += im->counts[k].misfits;
		}
	}
}

static void
add_column(const struct column *c, const struct column_count *sum, struct buf *out)
{
	buf_adds(out, "{\"title\":");
	json_add_string(out, slice_of(c->title));
	buf_addf(out, ",\"name\":\"%s\",\"type\":\"%s\",\"filled\":%llu,\"misfits\":%llu%s%s}",
		 c->name, column_type_name(c), (unsigned long long)sum->filled,
		 (unsigned long long)sum->misfits, c->is_sensitive ? ",\"sensitive\":true" : "",
		 c->is_masked ? ",\"masked\":true" : "");
}

/* The same note of several tables is told once. */
static bool
is_told(const struct import_sum *s, size_t part, size_t note)
{
	const struct column_note *n = &s->parts[part].import->columns.notes[note];

	for (size_t i = 0; i < part; i++) {
		const struct import_columns *c = &s->parts[i].import->columns;

		for (size_t k = 0; k < c->note_count; k++)
			if (strcmp(c->notes[k].title, n->title) == 0 &&
			    (c->notes[k].reason == NULL) == (n->reason == NULL))
				return true;
	}
	return false;
}

static void
add_notes(const struct import_sum *s, bool is_kept, struct buf *out)
{
	bool is_first = true;

	for (size_t i = 0; i < s->count; i++) {
		const struct import_columns *c = &s->parts[i].import->columns;

		for (size_t k = 0; k < c->note_count; k++) {
			const struct column_note *n = &c->notes[k];

			if ((n->reason != NULL) != is_kept || is_told(s, i, k))
				continue;
			buf_adds(out, is_first ? "{\"title\":" : ",{\"title\":");
			is_first = false;
			json_add_string(out, slice_of(n->title));
			buf_adds(out, ",\"sensitive\":");
			if (n->sensitive != NULL)
				json_add_string(out, slice_of(n->sensitive));
			else
				buf_adds(out, "null");
			if (is_kept) {
				buf_adds(out, ",\"reason\":");
				json_add_string(out, slice_of(n->reason));
			}
			buf_addc(out, '}');
		}
	}
}

static void
add_tables(const struct import_sum *s, struct buf *out)
{
	buf_adds(out, ",\"tables\":[");
	for (size_t i = 0; i < s->count; i++) {
		buf_adds(out, i > 0 ? "," : "");
		import_report(s->parts[i].import, out);
		if (s->parts[i].seen != NULL) {
			out->len--;
			buf_addf(out, ",\"workbook\":%s}", s->parts[i].seen);
		}
	}
	buf_addc(out, ']');
}

/* "a.csv", "a.csv, b.xlsx": a file with several sheets once. */
static void
add_files(const struct import_sum *s, struct buf *out)
{
	struct buf names = {0};
	const char *before = "";

	for (size_t i = 0; i < s->count; i++) {
		const char *file = s->parts[i].import->file;

		if (strcmp(file, before) != 0)
			buf_addf(&names, "%s%s", names.len > 0 ? ", " : "", file);
		before = file;
	}
	json_add_string(out, buf_slice(&names));
	buf_free(&names);
}

void
import_sum_report(const struct import_sum *s, struct buf *out)
{
	struct column_count counts[COLUMNS_MAX];
	struct sums sums;

	add_up(s, &sums);
	count_columns(s, counts);
	buf_adds(out, "{\"file\":");
	add_files(s, out);
	buf_addf(out, ",\"rows_read\":%llu,\"rows_kept\":%llu,\"left_out\":",
		 (unsigned long long)sums.read, (unsigned long long)sums.kept);
	tally_add_json(&sums.left_out, out);
	buf_adds(out, ",\"rejects\":");
	tally_add_json(&sums.rejects, out);
	buf_addf(out, ",\"rejects_listed\":%llu,\"repairs\":", (unsigned long long)sums.listed);
	tally_add_json(&sums.repairs, out);
	buf_adds(out, ",\"columns\":[");
	for (uint32_t i = 0; i < s->schema->count; i++) {
		buf_adds(out, i > 0 ? "," : "");
		add_column(&s->schema->columns[i], &counts[i], out);
	}
	buf_adds(out, "],\"phone_column\":");
	if (s->schema->phone >= 0)
		json_add_string(out, slice_of(s->schema->columns[s->schema->phone].name));
	else
		buf_adds(out, "null");
	buf_adds(out, ",\"columns_left_out\":[");
	add_notes(s, false, out);
	buf_adds(out, "],\"sensitive_kept\":[");
	add_notes(s, true, out);
	buf_addf(out, "],\"shared_phones\":%llu,\"rows_repeated\":%llu",
		 (unsigned long long)s->shared_phones, (unsigned long long)s->rows_repeated);
	add_tables(s, out);
}

void
import_sum_rejects(const struct import_sum *s, struct buf *out)
{
	struct slice titles = {NULL, 0};

	for (size_t i = 0; i < s->count; i++)
		rejects_join(out, &titles, &s->parts[i].import->rejects);
}
