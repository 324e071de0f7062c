/* SPDX-License-Identifier: MIT */
/*
 * A name's key is its letters and digits without accents and case: "TP. Hồ Chí
 * Minh" is tphochiminh. A key is looked up as it is, then without each of the
 * words that stand before names, so that no name loses letters of its own.
 */
#include "segments/province.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "segments/query_tree.h"

#define TABLE_BYTES_MAX 65536
#define NAME_BYTES_MAX 200 /* of a cell that may name a province */

extern const char loa_provinces_start[], loa_provinces_end[];

const char *const province_columns[] = {"tinh", "tinh_thanh", "tinh_thanh_pho", "tinh_tp",
					"tinh_thanhpho", "ten_tinh", "tinh_thanh_tp", "tinhthanh",
					"province", "province_name",
					/* as rows without a list may call them */
					"tỉnh", "tỉnh thành", "tỉnh/thành phố", NULL};

/* Letters and digits only; false: too long, or nothing left. */
static bool
key_of(struct slice text, char out[static 40])
{
	struct buf folded = {0};
	size_t n = 0;

	if (text.n > NAME_BYTES_MAX)
		return false;
	query_fold_unaccented(&folded, text);
	for (size_t i = 0; i < folded.len && n < 40; i++) {
		char c = folded.data[i];

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			out[n++] = c;
	}
	buf_free(&folded);
	if (n == 0 || n == 40)
		return false;
	out[n] = '\0';
	return true;
}

static int
by_text(const void *a, const void *b)
{
	return strcmp(((const struct province_key *)a)->text,
		      ((const struct province_key *)b)->text);
}

static int
find_key(const struct provinces *p, const char *key)
{
	size_t from = 0, to = p->key_count;

	while (from < to) {
		size_t middle = from + (to - from) / 2;
		int c = strcmp(key, p->keys[middle].text);

		if (c == 0)
			return p->keys[middle].place;
		if (c < 0)
			to = middle;
		else
			from = middle + 1;
	}
	return -1;
}

int
province_find(const struct provinces *p, struct slice text)
{
	static const char *const before[] = {"tinh", "thanhpho", "tp", "t"};
	char key[40];
	int found;

	if (!key_of(text, key))
		return -1;
	found = find_key(p, key);
	for (size_t i = 0; i < ARRAY_LEN(before) && found < 0; i++)
		if (strncmp(key, before[i], strlen(before[i])) == 0)
			found = find_key(p, key + strlen(before[i]));
	return found;
}

const char *
province_nearest(const struct provinces *p, struct slice text)
{
	const char *keys[4 * PLACES_MAX], *near_key;
	char key[40];

	if (!key_of(text, key))
		return NULL;
	for (size_t i = 0; i < p->key_count; i++)
		keys[i] = p->keys[i].text;
	near_key = nearest_name(key, keys, p->key_count);
	return near_key != NULL ? p->places[find_key(p, near_key)].name : NULL;
}

bool
province_is_today(const struct provinces *p, int place)
{
	return strcmp(p->places[place].name, p->units[p->unit_of[place]].name) == 0;
}

uint64_t
province_places(const struct provinces *p, int place)
{
	uint64_t set = 0;

	if (!province_is_today(p, place))
		return UINT64_C(1) << place;
	for (size_t i = 0; i < p->place_count; i++)
		set |= (uint64_t)(p->unit_of[i] == p->unit_of[place]) << i;
	return set;
}

int
province_find_column(const struct schema *s)
{
	struct buf folded = {0};
	int found = -1;

	for (size_t k = 0; province_columns[k] != NULL && found < 0; k++)
		for (uint32_t i = 0; i < s->count && found < 0; i++) {
			buf_reset(&folded);
			query_fold_unaccented(&folded, slice_of(s->columns[i].name));
			for (size_t c = 0; c < folded.len; c++)
				if (strchr(" /-", folded.data[c]) != NULL)
					folded.data[c] = '_';
			if (slice_is(buf_slice(&folded), province_columns[k]))
				found = (int)i;
		}
	buf_free(&folded);
	return found;
}

/* ---- reading the table ---- */

static enum err
fail_at(const struct json_at *at, const char *why, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, at->path, "", "%s", why);
}

static enum err
read_unit(const struct json_at *at, struct province_unit *u, struct err_ctx *e)
{
	static const char *const keys[] = {"code", "name", "type", "from", "aliases"};
	static const char *const types[] = {"province", "city"};
	struct json_at code = json_get(at, "code"), name = json_get(at, "name"),
		       type = json_get(at, "type");
	const char *code_text = "", *name_text = "";
	int kind = 0;
	enum err rc;

	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&code, &code_text, e)) != ERR_OK ||
	    (rc = json_need_string(&name, &name_text, e)) != ERR_OK ||
	    (rc = json_read_choice(&type, types, ARRAY_LEN(types), &kind, e)) != ERR_OK)
		return rc;
	if (strlen(code_text) >= sizeof(u->code) || strlen(name_text) >= sizeof(u->name))
		return fail_at(at, "a code or a name is too long", e);
	snprintf(u->code, sizeof(u->code), "%s", code_text);
	snprintf(u->name, sizeof(u->name), "%s", name_text);
	u->is_city = kind == 1;
	return ERR_OK;
}

static enum err
add_key(struct provinces *p, size_t place, const char *name, const struct json_at *at,
	struct err_ctx *e)
{
	struct province_key *k = &p->keys[p->key_count];

	if (p->key_count == ARRAY_LEN(p->keys))
		return fail_at(at, "there are too many names", e);
	if (!key_of(slice_of(name), k->text))
		return fail_at(at, "a name has no letters, or too many", e);
	k->place = (uint8_t)place;
	p->key_count++;
	return ERR_OK;
}

/* One of "from". */
static enum err
read_place(struct provinces *p, const struct json_at *at, struct err_ctx *e)
{
	struct json_at aliases = json_get(at, "aliases");
	size_t place = p->place_count;
	enum err rc;

	if (place == PLACES_MAX)
		return fail_at(at, "there are more than 64 units of before", e);
	if ((rc = read_unit(at, &p->places[place], e)) != ERR_OK ||
	    (rc = json_want_array(&aliases, e)) != ERR_OK ||
	    (rc = add_key(p, place, p->places[place].name, at, e)) != ERR_OK)
		return rc;
	p->unit_of[place] = (uint8_t)p->unit_count;
	p->place_count++;
	for (size_t i = 0; i < json_array_size(aliases.v); i++) {
		struct json_at one = json_item(&aliases, i);
		const char *alias = "";

		if ((rc = json_need_string(&one, &alias, e)) != ERR_OK ||
		    (rc = add_key(p, place, alias, &one, e)) != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static enum err
read_province(struct provinces *p, const struct json_at *at, struct err_ctx *e)
{
	struct json_at from = json_get(at, "from");
	bool has_name = false;
	size_t first = p->place_count;
	enum err rc;

	if (p->unit_count == PLACES_MAX)
		return fail_at(at, "there are more than 64 units", e);
	if ((rc = read_unit(at, &p->units[p->unit_count], e)) != ERR_OK ||
	    (rc = json_want_array(&from, e)) != ERR_OK)
		return rc;
	for (size_t i = 0; i < json_array_size(from.v); i++) {
		struct json_at one = json_item(&from, i);

		if ((rc = read_place(p, &one, e)) != ERR_OK)
			return rc;
	}
	for (size_t i = first; i < p->place_count; i++)
		has_name = has_name || strcmp(p->places[i].name, p->units[p->unit_count].name) == 0;
	if (!has_name)
		return fail_at(at, "its name is none of those that it was formed from", e);
	p->unit_count++;
	return ERR_OK;
}

enum err
provinces_parse(struct slice json, struct provinces *out, struct err_ctx *e)
{
	static const char *const keys[] = {"as_of", "basis", "provinces"};
	json_t *document;
	struct json_at root, list;
	enum err rc = json_parse(json, TABLE_BYTES_MAX, "provinces", &document, e);

	if (rc != ERR_OK)
		return rc;
	memset(out, 0, sizeof(*out));
	root = json_root(document);
	list = json_get(&root, "provinces");
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) == ERR_OK)
		rc = json_want_array(&list, e);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(list.v); i++) {
		struct json_at one = json_item(&list, i);

		rc = read_province(out, &one, e);
	}
	qsort(out->keys, out->key_count, sizeof(out->keys[0]), by_text);
	for (size_t i = 1; rc == ERR_OK && i < out->key_count; i++)
		if (strcmp(out->keys[i - 1].text, out->keys[i].text) == 0)
			rc = err_set(e, ERR_INPUT, "provinces", "", "%s stands for two units",
				     out->keys[i].text);
	json_decref(document);
	return rc;
}

struct provinces *
provinces_builtin(void)
{
	struct provinces *p = xmalloc(sizeof(*p));
	struct slice json = {loa_provinces_start,
			     (size_t)(loa_provinces_end - loa_provinces_start)};
	enum err rc = provinces_parse(json, p, NULL);

	assert(rc == ERR_OK); /* the unit tests read it */
	(void)rc;
	return p;
}
