/* SPDX-License-Identifier: MIT */
/*
 * Standing orders: named permissions, granted beforehand and written into the
 * configuration, to send a class without approval each time
 * (docs/FORMATS.md, "Standing order").
 */
#pragma once

#include "base/json.h"

#define STANDING_ORDERS_MAX 32
#define STANDING_ORDER_CLASSES_MAX 8
#define STANDING_ORDER_NAME_MAX 64 /* bytes */

struct standing_order {
	const char *name;	   /* all strings are the document's */
	const char *since, *until; /* "2026-01-01", both days included */
	const char *classes[STANDING_ORDER_CLASSES_MAX];
	size_t class_count;
	const char *note; /* who granted it, under which number; "" = none */
};

/* An array, or absent: *count stays 0. The strings live as long as the document. */
MUST_CHECK enum err standing_orders_read(const struct json_at *at, struct standing_order *orders,
					 size_t *count, struct err_ctx *e);
/* ERR_REFUSED and why, unless the order `name` covers the class on this day ("2026-11-25"). */
MUST_CHECK enum err standing_order_check(const struct standing_order *orders, size_t count,
					 const char *name, const char *class, const char *day,
					 struct err_ctx *e);
