/* SPDX-License-Identifier: MIT */
/*
 * One row becomes one text: the same function for the preview, which counts, and
 * for the chunk, which sends. What was previewed is what is sent.
 */
#pragma once

#include "dispatcher/store/record.h"
#include "segments/block.h"
#include "templates/sms.h"
#include "templates/template.h"

/*
 * column_of_field[template_field_count]: column of each field, -1 = none. out is
 * emptied first and gets the NFC text. REASON_NONE, or why this row gets nothing.
 */
enum record_reason render_row(const struct template *t, int64_t today, const int *column_of_field,
			      const struct block *b, uint32_t row_in_block, bool has_unicode,
			      struct buf *out, struct sms_count *count);
