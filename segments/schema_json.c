/* SPDX-License-Identifier: MIT */
#include "segments/schema_json.h"

#include <stdio.h>

#include "base/json.h"

char *
schema_to_json(const struct schema *s)
{
	struct buf b = {0};

	buf_addf(&b, "{\"phone\":%d,\"columns\":[", s->phone);
	for (uint32_t i = 0; i < s->count; i++) {
		buf_adds(&b, i > 0 ? ",{\"name\":" : "{\"name\":");
		json_add_string(&b, slice_of(s->columns[i].name));
		buf_adds(&b, ",\"title\":");
		json_add_string(&b, slice_of(s->columns[i].title));
		buf_addf(&b, ",\"type\":\"%s\"%s%s}", column_type_name(&s->columns[i]),
			 s->columns[i].is_sensitive ? ",\"sensitive\":true" : "",
			 s->columns[i].is_masked ? ",\"masked\":true" : "");
	}
	buf_adds(&b, "]}");
	return buf_take(&b);
}

bool
schema_from_json(struct slice text, struct schema *s)
{
	json_t *doc, *columns;
	json_int_t phone;
	struct err_ctx e;
	bool is_good;

	*s = (struct schema){.phone = -1};
	if (json_parse(text, 1u << 20, "schema", &doc, &e) != ERR_OK)
		return false;
	columns = json_object_get(doc, "columns");
	is_good = json_is_array(columns) && json_array_size(columns) <= COLUMNS_MAX;
	phone = json_integer_value(json_object_get(doc, "phone"));
	for (size_t i = 0; is_good && i < json_array_size(columns); i++) {
		json_t *c = json_array_get(columns, i);
		const char *name = json_string_value(json_object_get(c, "name"));
		const char *title = json_string_value(json_object_get(c, "title"));
		const char *type = json_string_value(json_object_get(c, "type"));
		struct column *to = &s->columns[s->count++];

		is_good = name != NULL && title != NULL && type != NULL;
		if (!is_good)
			break;
		snprintf(to->name, sizeof(to->name), "%s", name);
		snprintf(to->title, sizeof(to->title), "%s", title);
		column_set_type(to, type);
		to->is_sensitive = json_is_true(json_object_get(c, "sensitive"));
		to->is_masked = json_is_true(json_object_get(c, "masked"));
	}
	json_decref(doc);
	is_good = is_good && phone >= -1 && phone < (json_int_t)s->count;
	s->phone = is_good ? (int)phone : -1;
	return is_good;
}
