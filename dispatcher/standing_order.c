/* SPDX-License-Identifier: MIT */
#include "dispatcher/standing_order.h"

#include "base/date.h"
#include "base/mem.h"

static enum err
need_day(const struct json_at *at, const char **out, struct err_ctx *e)
{
	enum err rc = json_need_string(at, out, e);
	struct date day;

	if (rc != ERR_OK || date_read_day(slice_of(*out), &day))
		return rc;
	return err_set(e, ERR_INPUT, at->path, "write 2026-12-31", "\"%s\" is no day", *out);
}

static enum err
read_classes(struct standing_order *o, const struct json_at *at, struct err_ctx *e)
{
	size_t n = json_array_size(at->v);
	enum err rc = json_want_array(at, e);

	if (rc == ERR_OK && (n == 0 || n > STANDING_ORDER_CLASSES_MAX))
		return err_set(e, ERR_INPUT, at->path, "write [\"emergency\"]",
			       n == 0 ? "names no class" : "names too many classes");
	for (; rc == ERR_OK && o->class_count < n; o->class_count++) {
		struct json_at one = json_item(at, o->class_count);

		rc = json_need_string(&one, &o->classes[o->class_count], e);
	}
	return rc;
}

static enum err
read_order(struct standing_order *o, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {"name", "since", "until", "classes", "note"};
	struct json_at name = json_get(at, "name"), since = json_get(at, "since");
	struct json_at until = json_get(at, "until"), classes = json_get(at, "classes");
	struct json_at note = json_get(at, "note");
	enum err rc;

	*o = (struct standing_order){.name = "", .since = "", .until = "", .note = ""};
	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name, &o->name, e)) != ERR_OK ||
	    (rc = need_day(&since, &o->since, e)) != ERR_OK ||
	    (rc = need_day(&until, &o->until, e)) != ERR_OK ||
	    (rc = json_read_string(&note, &o->note, e)) != ERR_OK ||
	    (rc = read_classes(o, &classes, e)) != ERR_OK)
		return rc;
	if (o->name[0] == '\0' || strlen(o->name) > STANDING_ORDER_NAME_MAX)
		return err_set(e, ERR_INPUT, name.path, "", "must have 1 to %d bytes",
			       STANDING_ORDER_NAME_MAX);
	if (strcmp(o->until, o->since) < 0)
		return err_set(e, ERR_INPUT, until.path, "", "is before its beginning");
	return ERR_OK;
}

enum err
standing_orders_read(const struct json_at *at, struct standing_order *orders, size_t *count,
		     struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);

	*count = 0;
	if (rc == ERR_OK && json_array_size(at->v) > STANDING_ORDERS_MAX)
		return err_set(e, ERR_INPUT, at->path, "take out those that are over",
			       "more than %d", STANDING_ORDERS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at->v); i++) {
		struct json_at one = json_item(at, i);

		rc = read_order(&orders[i], &one, e);
		for (size_t k = 0; rc == ERR_OK && k < i; k++)
			if (strcmp(orders[k].name, orders[i].name) == 0)
				rc = err_set(e, ERR_INPUT, one.path, "give each its own",
					     "the name \"%s\" is used twice", orders[i].name);
		*count = i + 1;
	}
	return rc;
}

static bool
has_class(const struct standing_order *o, const char *class)
{
	for (size_t i = 0; i < o->class_count; i++)
		if (strcmp(o->classes[i], class) == 0)
			return true;
	return false;
}

enum err
standing_order_check(const struct standing_order *orders, size_t count, const char *name,
		     const char *class, const char *day, struct err_ctx *e)
{
	const struct standing_order *o = NULL;

	if (name[0] == '\0')
		return err_set(e, ERR_REFUSED, "order",
			       "name one of the configuration's standing_orders",
			       "class %s needs a standing order", class);
	for (size_t i = 0; i < count; i++)
		if (strcmp(orders[i].name, name) == 0)
			o = &orders[i];
	if (o == NULL)
		return err_set(e, ERR_REFUSED, "order", "see standing_orders of the configuration",
			       "there is no standing order \"%.80s\"", name);
	if (!has_class(o, class))
		return err_set(e, ERR_REFUSED, "order", "",
			       "standing order \"%s\" is not for class %s", name, class);
	if (strcmp(day, o->since) < 0 || strcmp(day, o->until) > 0)
		return err_set(e, ERR_REFUSED, "order", "have it renewed",
			       "standing order \"%s\" is in force from %s to %s, not today", name,
			       o->since, o->until);
	return ERR_OK;
}
