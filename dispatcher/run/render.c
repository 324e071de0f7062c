/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/render.h"

enum record_reason
render_row(const struct template *t, int64_t today, const int *column_of_field,
	   const struct block *b, uint32_t row_in_block, bool has_unicode, struct buf *out,
	   struct sms_count *count)
{
	struct slice values[TEMPLATE_FIELDS_MAX];

	if (row_in_block >= b->rows || block_is_deleted(b, row_in_block))
		return REASON_DELETED_ROW;
	for (size_t i = 0; i < template_field_count(t); i++)
		values[i] = column_of_field[i] >= 0
				    ? block_cell(b, row_in_block, (uint32_t)column_of_field[i])
				    : (struct slice){NULL, 0};
	buf_reset(out);
	switch (template_render(t, today, values, out, NULL)) {
	case RENDER_OK:
		break;
	case RENDER_MISSING:
		return REASON_MISSING_FIELD;
	case RENDER_TOO_LONG:
		return REASON_TEXT_TOO_LONG;
	}
	*count = sms_count(buf_slice(out));
	if (count->parts == 0)
		return REASON_MISSING_FIELD;
	if (count->parts > UINT8_MAX) /* one byte of the record */
		return REASON_TEXT_TOO_LONG;
	if (count->encoding == SMS_UCS2 && !has_unicode)
		return REASON_NOT_ENCODABLE;
	return REASON_NONE;
}
