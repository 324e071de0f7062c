/* SPDX-License-Identifier: MIT */
/*
 * The table of SMS parts by carrier and kind of traffic (templates/sms_rules):
 * from a file, or the one inside the binary (config/sms.json).
 */
#pragma once

#include "templates/sms_rules.h"

/* path NULL or "" = the built-in table. Every carrier must be one of segments/phone, or "*". */
MUST_CHECK enum err sms_table_load(const char *path, struct sms_table *out, struct err_ctx *e);
/* The same, and the document that it was read from: the caller's, also after an error; NULL = none. */
MUST_CHECK enum err sms_table_open(const char *path, struct sms_table *out, json_t **document,
				   struct err_ctx *e);
/*
 * The entry in force today in Vietnam; carrier 0 = unknown. Where the table has
 * none the standard: never NULL.
 */
const struct sms_rules *sms_table_today(const struct sms_table *t, int carrier,
					enum sms_traffic traffic);
