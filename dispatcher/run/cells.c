/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/cells.h"

#include <stdio.h>

#include "base/csv.h"
#include "segments/phone.h"

#define DIGITS_MIN 9u /* of a cell that may be a phone */

void
cells_add_text(struct buf *out, struct slice text)
{
	csv_add_defused(out, text, ',');
}

bool
cells_is_personal(const struct column *c, struct slice text)
{
	struct phone_cell phone = {0};
	size_t digits = 0;

	if (c->is_masked || c->is_sensitive)
		return true;
	for (size_t i = 0; i < text.n; i++)
		digits += text.p[i] >= '0' && text.p[i] <= '9';
	if (digits < DIGITS_MIN)
		return false;
	phone_parse(text, &phone);
	return phone.reason == NULL;
}

void
cells_add_phone(struct buf *out, uint64_t phone, bool is_full)
{
	char digits[24];
	int n, skip;

	if (phone == 0)
		return;
	n = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)phone);
	skip = n > 4 && memcmp(digits, "84", 2) == 0 ? 2 : 0;
	if (skip > 0)
		buf_addc(out, '0');
	if (is_full || n - skip < 7)
		buf_adds(out, is_full ? digits + skip : "***");
	else
		buf_addf(out, "%.3s***%s", digits + skip, digits + n - 3);
}

static bool
is_phone(struct slice s)
{
	struct phone_cell phone = {0};
	size_t digits = 0;

	for (size_t i = 0; i < s.n; i++)
		digits += s.p[i] >= '0' && s.p[i] <= '9';
	if (digits < DIGITS_MIN)
		return false;
	phone_parse(s, &phone);
	return phone.reason == NULL;
}

struct slice
cells_show(struct cells_view *v, uint32_t column, struct slice cell, uint64_t phone)
{
	const struct column *c = &v->schema->columns[column];

	if ((int)column == v->schema->phone && phone != 0) {
		buf_reset(&v->scratch);
		cells_add_phone(&v->scratch, phone, v->is_full);
		return buf_slice(&v->scratch);
	}
	if (cell.n > 0 && !v->is_full && (c->is_masked || c->is_sensitive || is_phone(cell)))
		return SLICE("***");
	return cell;
}
