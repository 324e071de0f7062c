/* SPDX-License-Identifier: MIT */
#include "dispatcher/samples/samples.h"

#include <string.h>

#include "base/log.h"

#define DESCRIPTION_MAX (1u << 20)

/* See embed.S: each sample is its name with a NUL, the size of its text in four bytes, its text. */
extern const char loa_samples_start[], loa_samples_end[];
extern const char loa_samples_json_start[], loa_samples_json_end[];

bool
samples_text(struct slice name, struct slice *out)
{
	const char *p = loa_samples_start;

	while (p < loa_samples_end) {
		struct slice this_name = slice_of(p);
		uint32_t size;

		p += this_name.n + 1;
		memcpy(&size, p, sizeof(size));
		p += sizeof(size);
		if (slice_eq(name, this_name)) {
			*out = (struct slice){p, size};
			return true;
		}
		p += size;
	}
	return false;
}

json_t *
samples_all(void)
{
	struct slice description = {loa_samples_json_start,
				    (size_t)(loa_samples_json_end - loa_samples_json_start)};
	json_t *all, *one;
	struct err_ctx e;
	size_t i;

	if (json_parse(description, DESCRIPTION_MAX, "samples.json", &all, &e) != ERR_OK)
		fatalx("samples.json: %s", e.why);
	json_array_foreach (all, i, one) {
		struct slice text = {"", 0};

		samples_text(slice_of(json_string_value(json_object_get(one, "name"))), &text);
		json_object_set_new(one, "text", json_of_slice(text));
	}
	return all;
}
