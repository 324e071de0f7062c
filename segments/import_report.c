/* SPDX-License-Identifier: MIT */
/* What came of an import, as JSON. */
#include <stdlib.h>

#include "base/json.h"
#include "base/text.h"
#include "segments/import_inside.h"

const struct schema *
import_schema(const struct import *im)
{
	return &im->columns.schema;
}

/* Rows that wait for the types are kept already. */
uint64_t
import_rows_kept(const struct import *im)
{
	return im->rows_kept + (im->waiting != NULL ? im->waiting->count : 0);
}

uint64_t
import_rows_read(const struct import *im)
{
	return im->rows_read;
}

const char *
import_fingerprint(const struct import *im)
{
	return im->columns.fingerprint;
}

const struct import_choices *
import_chosen(const struct import *im, bool *is_remembered)
{
	*is_remembered = im->is_remembered;
	return &im->choices;
}

/* The first and the last three characters: enough to see that it is the right column. */
static void
add_masked(struct buf *out, struct slice s)
{
	struct slice rest = s;
	size_t length = text_length(s);
	struct buf shown = {0};

	for (size_t i = 0; i < length; i++) {
		int32_t c = text_next(&rest);

		text_add_code_point(&shown, length > 6 && (i < 3 || i + 3 >= length) ? c : '*');
	}
	json_add_string(out, buf_slice(&shown));
	buf_free(&shown);
}

void
import_add_sample(struct import *im, const struct slice *cells)
{
	const struct schema *s = &im->columns.schema;
	bool is_first = true;

	buf_adds(&im->sample, im->sample.len > 0 ? ",{" : "{");
	for (uint32_t i = 0; i < s->count; i++) {
		if (cells[i].n == 0)
			continue;
		buf_addf(&im->sample, "%s\"%s\":", is_first ? "" : ",", s->columns[i].name);
		is_first = false;
		if (s->columns[i].is_sensitive)
			buf_adds(&im->sample, "\"***\"");
		else if (s->columns[i].is_masked)
			add_masked(&im->sample, cells[i]);
		else
			json_add_string(&im->sample, cells[i]);
	}
	buf_addc(&im->sample, '}');
}

static const char *
origin_of(const struct column_source *source)
{
	static const char *const names[] = {
		[FROM_CELL] = "cell",
		[FROM_BIRTH] = "cells of men and women",
		[FROM_SEX] = "cells of men and women",
		[FROM_LANGUAGE] = "people",
		[FROM_GROUP] = "group rows",
		[FROM_PHONES] = "phone cell",
	};

	return names[source->from];
}

static void
report_column(const struct import *im, uint32_t i, struct buf *out)
{
	const struct column *c = &im->columns.schema.columns[i];
	const struct column_source *source = &im->columns.sources[i];
	const char *old_font =
		source->from == FROM_CELL ? hidden_text_of(&im->hidden, source->cell) : NULL;

	buf_adds(out, i == 0 ? "{\"title\":" : ",{\"title\":");
	json_add_string(out, slice_of(c->title));
	buf_addf(out, ",\"name\":\"%s\",\"type\":\"%s\",\"filled\":%llu,\"misfits\":%llu", c->name,
		 column_type_name(c), (unsigned long long)im->counts[i].filled,
		 (unsigned long long)im->counts[i].misfits);
	if (source->from != FROM_CELL)
		buf_addf(out, ",\"from\":\"%s\"", origin_of(source));
	if (old_font != NULL)
		buf_addf(out, ",\"encoding\":\"%s\"", old_font);
	if (source->is_hidden)
		buf_adds(out, ",\"hidden\":true");
	if (c->is_sensitive)
		buf_adds(out, ",\"sensitive\":true");
	if (c->is_masked)
		buf_adds(out, ",\"masked\":true");
	buf_addc(out, '}');
}

static void
report_notes(const struct import *im, struct buf *out)
{
	buf_adds(out, ",\"columns_left_out\":[");
	for (size_t i = 0, n = 0; i < im->columns.note_count; i++) {
		const struct column_note *note = &im->columns.notes[i];

		if (note->reason != NULL)
			continue;
		buf_adds(out, n++ > 0 ? ",{\"title\":" : "{\"title\":");
		json_add_string(out, slice_of(note->title));
		buf_adds(out, ",\"sensitive\":");
		if (note->sensitive != NULL)
			json_add_string(out, slice_of(note->sensitive));
		else
			buf_adds(out, "null");
		buf_addc(out, '}');
	}
	buf_adds(out, "],\"sensitive_kept\":[");
	for (size_t i = 0, n = 0; i < im->columns.note_count; i++) {
		const struct column_note *note = &im->columns.notes[i];

		if (note->reason == NULL)
			continue;
		buf_adds(out, n++ > 0 ? ",{\"title\":" : "{\"title\":");
		json_add_string(out, slice_of(note->title));
		buf_adds(out, ",\"sensitive\":");
		json_add_string(out, slice_of(note->sensitive));
		buf_adds(out, ",\"reason\":");
		json_add_string(out, slice_of(note->reason));
		buf_addc(out, '}');
	}
	buf_addc(out, ']');
}

static void
report_left_out(const struct import *im, struct buf *out)
{
	bool is_first = true;

	buf_adds(out, ",\"left_out\":{");
	for (size_t i = 0; i < ROW_KINDS; i++) {
		if (im->left_out[i] == 0)
			continue;
		buf_addf(out, "%s\"%s\":%llu", is_first ? "" : ",", row_kind_name((enum row_kind)i),
			 (unsigned long long)im->left_out[i]);
		is_first = false;
	}
	buf_addc(out, '}');
}

static void
report_table(const struct import *im, struct buf *out)
{
	const struct schema *s = &im->columns.schema;
	char separator = im->csv.separator;

	buf_adds(out, ",\"encoding\":");
	json_add_string(out, slice_of(im->encoding));
	if (im->bytes.sample.len > 0) {
		buf_adds(out, ",\"encoding_sample\":");
		json_add_string(out, buf_slice(&im->bytes.sample));
	}
	buf_adds(out, ",\"separator\":");
	json_add_string(out, (struct slice){&separator, im->csv.csv != NULL});
	buf_addf(out, ",\"header\":{\"line\":%u,\"rows\":%u},\"choices\":\"%s\",\"columns\":[",
		 im->header_line, im->header_rows,
		 im->is_remembered			 ? "remembered"
		 : import_choices_is_empty(&im->choices) ? "none"
							 : "given");
	for (uint32_t i = 0; i < s->count; i++)
		report_column(im, i, out);
	buf_adds(out, "],\"phone_column\":");
	if (s->phone >= 0)
		json_add_string(out, slice_of(s->columns[s->phone].name));
	else
		buf_adds(out, "null");
	report_notes(im, out);
}

struct phone_set *
import_take_shared(struct import *im)
{
	return shared_phones_take(&im->shared);
}

void
import_report(const struct import *im, struct buf *out)
{
	buf_adds(out, "{\"file\":");
	json_add_string(out, slice_of(im->file));
	buf_addf(out, ",\"rows_read\":%llu,\"rows_kept\":%llu", (unsigned long long)im->rows_read,
		 (unsigned long long)import_rows_kept(im));
	report_left_out(im, out);
	buf_adds(out, ",\"rejects\":");
	tally_add_json(&im->rejects.reasons, out);
	buf_addf(out,
		 ",\"rejects_listed\":%llu,\"repairs\":", (unsigned long long)im->rejects.listed);
	tally_add_json(&im->repairs, out);
	report_table(im, out);
	if (im->on_kept == NULL)
		buf_addf(out, ",\"shared_phones\":%llu,\"rows_repeated\":%llu",
			 (unsigned long long)im->shared.count,
			 (unsigned long long)im->shared.rows_repeated);
	if (im->sample_rows > 0) {
		buf_adds(out, ",\"sample\":[");
		buf_add_slice(out, buf_slice(&im->sample));
		buf_addc(out, ']');
	}
	buf_addc(out, '}');
}

struct slice
import_rejects(const struct import *im)
{
	return buf_slice(&im->rejects.csv);
}

const struct rejects *
import_reject_list(const struct import *im)
{
	return &im->rejects;
}

void
import_name_reject_file(struct import *im, const char *name)
{
	free(im->reject_file);
	im->rejects.file = im->reject_file = xstrdup(name);
}

void
import_reject_kept(struct import *im, const struct import_kept *row, const char *reason,
		   struct slice about)
{
	im->rows_kept--;
	for (uint32_t i = 0; i < im->columns.schema.count; i++)
		im->counts[i].filled -= row->cells[i].n > 0;
	import_list_kept(im, row, reason, about);
}

/* Its values go back to the cells that they are of. */
void
import_list_kept(struct import *im, const struct import_kept *row, const char *reason,
		 struct slice about)
{
	struct import_cell *cells = xcalloc(im->rejects.titles + 1, sizeof(*cells));

	for (uint32_t i = 0; i < im->columns.schema.count; i++) {
		const struct column_source *source = &im->columns.sources[i];

		if ((source->from == FROM_CELL || source->from == FROM_BIRTH) &&
		    source->cell < im->rejects.titles)
			cells[source->cell].text = row->cells[i];
	}
	rejects_add_about(&im->rejects,
			  &(struct import_cells){cells, im->rejects.titles, row->line}, reason,
			  about);
	free(cells);
}
