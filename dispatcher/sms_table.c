/* SPDX-License-Identifier: MIT */
#include "dispatcher/sms_table.h"

#include "base/clock.h"
#include "segments/phone.h"

#define MAX_BYTES (1u << 20)

extern const char loa_sms_start[], loa_sms_end[]; /* config/sms.json, in store/embed.S */

static enum err
check_carriers(const struct sms_table *t, const struct json_at *root, struct err_ctx *e)
{
	struct json_at list = json_get(root, "rules");

	for (size_t i = 0; i < t->count; i++) {
		struct json_at entry = json_item(&list, i), at = json_get(&entry, "carrier");
		const char *names[16] = {"*"}, *name, *near;
		size_t count = 1;

		if (slice_is(slice_of(t->rules[i].carrier), "*") ||
		    carrier_find(slice_of(t->rules[i].carrier)) > 0)
			continue;
		while (count < 16 && (name = carrier_name((int)count)) != NULL)
			names[count++] = name;
		near = nearest_name(t->rules[i].carrier, names, count);
		return err_set(e, ERR_INPUT, at.path, "", "\"%s\" is no carrier%s%s%s",
			       t->rules[i].carrier, near == NULL ? "" : ": did you mean ",
			       near == NULL ? "" : near, near == NULL ? "" : "?");
	}
	return ERR_OK;
}

enum err
sms_table_open(const char *path, struct sms_table *out, json_t **document, struct err_ctx *e)
{
	struct slice builtin = {loa_sms_start, (size_t)(loa_sms_end - loa_sms_start)};
	struct json_at root;
	enum err rc = path != NULL && path[0] != '\0'
			      ? json_read_file(path, MAX_BYTES, document, e)
			      : json_parse(builtin, MAX_BYTES, "built-in SMS parts", document, e);

	if (rc != ERR_OK)
		return rc;
	root = json_root(*document);
	rc = sms_rules_read(&root, out, e);
	return rc == ERR_OK ? check_carriers(out, &root, e) : rc;
}

enum err
sms_table_load(const char *path, struct sms_table *out, struct err_ctx *e)
{
	json_t *document = NULL;
	enum err rc = sms_table_open(path, out, &document, e);

	json_decref(document);
	return rc;
}

const struct sms_rules *
sms_table_today(const struct sms_table *t, int carrier, enum sms_traffic traffic)
{
	const struct sms_rules *r;
	char today[32];

	clock_format_vn(clock_wall_ms() / 1000, today);
	today[10] = '\0';
	r = sms_rules_find(t, carrier_name(carrier), traffic, today);
	return r == NULL ? &sms_rules_standard : r;
}
