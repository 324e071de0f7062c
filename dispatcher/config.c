/* SPDX-License-Identifier: MIT */
/* The option table is the one list of scalar options: parse, show and reload all walk it. */
#include "dispatcher/config.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/language_table.h"
#include "dispatcher/sms_table.h"
#include "segments/phone.h"

#define CONFIG_MAX_BYTES (1u << 20)
/* Of a provider that does not say; the sender uses what the latency needs. */
#define CONCURRENCY 128

enum option_kind { OPTION_STRING, OPTION_INT, OPTION_SECRET, OPTION_BOOL };

static const struct option {
	const char *name;
	enum option_kind kind;
	bool is_reloadable;
	size_t offset;
	const char *text; /* default of a string */
	int64_t number, min, max;
	const char *help;
} options[] = {
#define STRING(n, reload, def, help)                                                      \
	{                                                                                 \
#n, OPTION_STRING, reload, offsetof(struct config, n), def, 0, 0, 0, help \
	}
#define SECRET(n, help)                                                                 \
	{                                                                               \
#n, OPTION_SECRET, false, offsetof(struct config, n), "", 0, 0, 0, help \
	}
#define INT(n, reload, def, lo, hi, help)                                                 \
	{                                                                                 \
#n, OPTION_INT, reload, offsetof(struct config, n), "", def, lo, hi, help \
	}
#define BOOL(n, reload, def, help)                                                       \
	{                                                                                \
#n, OPTION_BOOL, reload, offsetof(struct config, n), "", def, 0, 1, help \
	}
	STRING(data, false, "/var/lib/loa", "folder of the embedded Redis and the API socket"),
	STRING(listen, false, "127.0.0.1:8088", "address of the HTTP API; port 0 = any free one"),
	STRING(public_url, true, "", "how gateways reach this server for receipts"),
	STRING(redis_socket, false, "", "socket of a Redis of your own; empty = embedded"),
	STRING(redis_address, false, "", "host:port of a Redis of your own"),
	SECRET(redis_password, "password of a Redis of your own"),
	STRING(policy, false, "", "policy file; empty = the built-in one"),
	STRING(content, false, "", "content rules file; empty = the built-in ones"),
	STRING(calendar, false, "", "calendar file; empty = the built-in one"),
	STRING(numbering, false, "", "numbering plan file; empty = the built-in one"),
	STRING(sms, false, "", "file of SMS parts by carrier; empty = the built-in ones"),
	STRING(log_level, true, "info", "error, warn, info or debug"),
	INT(max_attempts, true, 6, 1, 15, "times a message is sent on explicit \"try later\""),
	INT(lease_ms, false, 5000, 1000, 60000, "a silent process loses its work after this long"),
	INT(embedded_max_mb, false, 1024, 64, 65536, "memory limit of the embedded Redis"),
	INT(notice_retention_days, true, 30, 2, 3650, "single messages' texts are kept so long"),
	INT(spool_max_mb, false, 64, 1, 4096, "receipts that are kept while Redis is away"),
	BOOL(lists_require_purpose, true, false,
	     "refuse a launch to a list without purpose, legal basis, source and last day"),
	INT(lists_retention_days, true, 0, 0, 36500,
	    "a new list may be used so long unless its import says another day; 0 = no limit"),
	INT(session_idle_minutes, true, 30, 1, 1440,
	    "a session ends when nothing was done so long"),
	INT(session_hours, true, 12, 1, 168, "a session ends so long after it was begun"),
	INT(registration_days, true, 2, 0, 60, "working days until a text is registered"),
	INT(route_wait_ms, true, 500, 0, 60000,
	    "a run leaves a provider that does not work for so long, if its route has another"),
	INT(route_return_s, true, 60, 0, 86400, "it comes back to one that works for so long"),
	INT(brake_min, true, 50, 1, 100000, "answers before a rate can stop a carrier of a run"),
	INT(brake_window, true, 500, 10, 1000000, "answers that a rate looks back over"),
	INT(brake_message_pct, true, 10, 0, 100, "texts or senders refused, % that stops"),
	INT(brake_refused_pct, true, 30, 0, 100, "messages refused, % that stops"),
	INT(brake_doubt_pct, true, 20, 0, 100, "messages in doubt, % that stops"),
};

extern const char loa_policy_start[], loa_policy_end[];
extern const char loa_content_start[], loa_content_end[];
extern const char loa_calendar_start[], loa_calendar_end[];
extern const char loa_demo_config_start[], loa_demo_config_end[];
extern const char loa_demo_policy_start[], loa_demo_policy_end[];

static const char *
option_string(const struct config *c, const struct option *o)
{
	return *(const char *const *)((const char *)c + o->offset);
}

static int64_t
option_int(const struct config *c, const struct option *o)
{
	return *(const int64_t *)((const char *)c + o->offset);
}

static bool
option_bool(const struct config *c, const struct option *o)
{
	return *(const bool *)((const char *)c + o->offset);
}

static enum err
read_options(struct config *c, const struct json_at *root, struct err_ctx *e)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		struct json_at at = json_get(root, o->name);
		void *to = (char *)c + o->offset;
		enum err rc;

		if (o->kind == OPTION_INT) {
			*(int64_t *)to = o->number;
			rc = json_read_int(&at, o->min, o->max, to, e);
		} else if (o->kind == OPTION_BOOL) {
			*(bool *)to = o->number != 0;
			rc = json_read_bool(&at, to, e);
		} else {
			*(const char **)to = o->text;
			rc = json_read_string(&at, to, e);
		}
		if (rc != ERR_OK)
			return rc;
	}
	return ERR_OK;
}

static enum err
read_prices(struct provider_config *p, const struct json_at *at, struct err_ctx *e)
{
	const char *key;
	json_t *v;
	int64_t all = 0;
	struct json_at star = json_get(at, "*");
	enum err rc = json_want_object(at, e);

	if (rc != ERR_OK)
		return rc;
	rc = json_read_int(&star, 0, 1000000, &all, e);
	for (size_t i = 0; i < CARRIERS_MAX; i++)
		p->price[i] = all;
	json_object_foreach (at->v, key, v) {
		struct json_at one = json_get(at, key);
		int carrier = carrier_find(slice_of(key));

		if (rc != ERR_OK)
			return rc;
		if (strcmp(key, "*") == 0)
			continue;
		if (carrier <= 0)
			return err_set(e, ERR_INPUT, one.path,
				       "use viettel, mobifone, vinaphone, … or \"*\"",
				       "is no carrier");
		rc = json_read_int(&one, 0, 1000000, &p->price[carrier], e);
	}
	return rc;
}

/*
 * "traffic": "standard" | "cskh" | "qc", by itself cskh under a brandname; "accents": "keep" |
 * "save" | "plain"; "registered_texts": "off" | "warn" | "refuse"
 */
static enum err
read_registration(struct provider_config *p, const struct json_at *at, struct err_ctx *e)
{
	static const char *const modes[] = {"auto", "off", "warn", "refuse"};
	struct json_at traffic_at = json_get(at, "traffic"), accents_at = json_get(at, "accents");
	struct json_at registered = json_get(at, "registered_texts");
	struct json_at brand = json_get(at, "brandname");
	int traffic = json_string_length(brand.v) > 0 ? SMS_CSKH : SMS_STANDARD;
	int mode = REGISTERED_AUTO, accents = ACCENTS_KEPT;
	enum err rc;

	if ((rc = json_read_choice(&traffic_at, sms_traffic_names, 3, &traffic, e)) != ERR_OK ||
	    (rc = json_read_choice(&accents_at, accents_names, 3, &accents, e)) != ERR_OK ||
	    (rc = json_read_choice(&registered, modes, ARRAY_LEN(modes), &mode, e)) != ERR_OK)
		return rc;
	p->traffic = (enum sms_traffic)traffic;
	p->accents = (enum accents)accents;
	p->registered_texts = (enum registered_texts)mode;
	return ERR_OK;
}

/* How many messages a request has, within what the driver can do. */
static enum err
read_batch(struct provider_config *p, const struct capability *cap, const struct json_at *at,
	   struct err_ctx *e)
{
	struct json_at size = json_get(at, "batch_size"), one = json_get(at, "one_carrier");
	int64_t most = cap->batch_max;
	enum err rc = json_read_int(&size, 1, BATCH_MAX, &most, e);

	if (rc == ERR_OK)
		rc = json_read_bool(&one, &p->is_one_carrier, e);
	if (rc != ERR_OK)
		return rc;
	if (most > cap->batch_max)
		return err_set(e, ERR_INPUT, size.path, "take it out",
			       "is more than the largest request (%u) that this gateway takes",
			       cap->batch_max);
	if (most < cap->batch_min)
		return err_set(e, ERR_INPUT, size.path, "take it out",
			       "is less than the smallest batch (%u) that this gateway takes",
			       cap->batch_min);
	p->batch_max = (uint32_t)most;
	return ERR_OK;
}

/* Let the driver read the account's settings, and refuse what the server cannot work with. */
static enum err
open_account(struct provider_config *p, const struct json_at *at, const char *driver,
	     struct err_ctx *e)
{
	struct json_at settings = json_get(at, "settings"), rate = json_get(at, "rate");
	struct json_at doubt_cap = json_get(at, "doubt_cap");
	const struct capability *cap;
	enum err rc;

	p->driver = driver_find(driver, e);
	if (p->driver == NULL)
		return ERR_INPUT;
	rc = p->driver->open(&settings, &p->account, e);
	if (rc != ERR_OK) {
		char what[sizeof(e->what)];

		snprintf(what, sizeof(what), "%.60s: %.90s", at->path, e->what);
		snprintf(e->what, sizeof(e->what), "%s", what);
		return rc;
	}
	cap = p->driver->capability(p->account);
	rc = read_batch(p, cap, at, e);
	if (rc != ERR_OK)
		return rc;
	if (cap->is_advertising)
		p->traffic = SMS_QC;
	if (cap->counts != COUNTS_REQUESTS && cap->batch_min > p->rate)
		return err_set(e, ERR_INPUT, rate.path, "lower settings' batch minimum",
			       "is less than the smallest batch (%u) that this gateway takes",
			       cap->batch_min);
	if (p->doubt_cap > 0 && p->doubt_cap < cap->batch_min)
		return err_set(e, ERR_INPUT, doubt_cap.path, "lower settings' batch minimum",
			       "is less than the smallest batch (%u) that this gateway takes",
			       cap->batch_min);
	return ERR_OK;
}

static enum err
read_provider(struct provider_config *p, const struct json_at *at, struct err_ctx *e)
{
	static const char *const keys[] = {
		"name",	       "unit",	      "driver",	    "rate",	 "limits",
		"concurrency", "timeout_ms",  "doubt_cap",  "brandname", "token",
		"price",       "polls_per_s", "settings",   "traffic",	 "registered_texts",
		"accents",     "batch_size",  "one_carrier"};
	struct json_at name = json_get(at, "name"), driver = json_get(at, "driver");
	struct json_at rate = json_get(at, "rate"), unit = json_get(at, "unit");
	struct json_at concurrency = json_get(at, "concurrency");
	struct json_at timeout = json_get(at, "timeout_ms"), brand = json_get(at, "brandname");
	struct json_at token = json_get(at, "token"), price = json_get(at, "price");
	struct json_at polls = json_get(at, "polls_per_s"), cap = json_get(at, "doubt_cap");
	struct json_at limits = json_get(at, "limits");
	const char *s_name = "", *s_driver = "", *s_brand = "", *s_token = "";
	enum err rc;

	p->unit = 1;
	p->concurrency = CONCURRENCY;
	p->timeout_ms = 10000;
	p->polls_per_s = 5;
	if ((rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name, &s_name, e)) != ERR_OK ||
	    (rc = json_need_string(&driver, &s_driver, e)) != ERR_OK ||
	    (rc = json_read_int(&unit, 1, 1000000, &p->unit, e)) != ERR_OK ||
	    (rc = json_read_number(&rate, 0.1, 1000000, &p->rate, e)) != ERR_OK ||
	    (rc = limits_read(&limits, p->limits, &p->limit_count, e)) != ERR_OK ||
	    (rc = json_read_int(&concurrency, 1, 1024, &p->concurrency, e)) != ERR_OK ||
	    (rc = json_read_int(&timeout, 100, 120000, &p->timeout_ms, e)) != ERR_OK ||
	    (rc = json_read_int(&cap, 1, 1000000, &p->doubt_cap, e)) != ERR_OK ||
	    (rc = json_read_number(&polls, 0.1, 100, &p->polls_per_s, e)) != ERR_OK ||
	    (rc = json_read_string(&brand, &s_brand, e)) != ERR_OK ||
	    (rc = json_read_string(&token, &s_token, e)) != ERR_OK ||
	    (rc = read_registration(p, at, e)) != ERR_OK ||
	    (rc = read_prices(p, &price, e)) != ERR_OK)
		return rc;
	if (rate.v == NULL)
		return err_set(e, ERR_INPUT, rate.path, "write the rate of the contract",
			       "is missing");
	if (s_name[0] == '\0' || strlen(s_name) >= sizeof(p->name) ||
	    s_name[strspn(s_name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-"
				  "_.")] != '\0')
		return err_set(e, ERR_INPUT, name.path, "use letters, digits and -",
			       "must have 1 to 39 letters, digits, - _ or .");
	if (strlen(s_brand) > 11)
		return err_set(e, ERR_INPUT, brand.path, "", "has more than 11 characters");
	if (s_token[0] != '\0' && (strlen(s_token) < 16 || strlen(s_token) >= sizeof(p->token)))
		return err_set(e, ERR_INPUT, token.path, "", "must have 16 to 63 characters");
	snprintf(p->name, sizeof(p->name), "%s", s_name);
	snprintf(p->brandname, sizeof(p->brandname), "%s", s_brand);
	snprintf(p->token, sizeof(p->token), "%s", s_token);
	return open_account(p, at, s_driver, e);
}

/* Those of its brandname, and is there room for those of units, and for its smallest batch? */
static enum err
take_limits(const struct config *c, struct provider_config *p, const struct json_at *at,
	    struct err_ctx *e)
{
	const struct capability *cap = p->driver->capability(p->account);
	size_t most = 0;
	char name[32];

	limit_brandname(p->brandname, name);
	for (size_t i = 0; i < c->limit_count; i++) {
		size_t of_unit = 0;

		if (c->limits[i].of == LIMIT_BRANDNAME && strcmp(c->limits[i].name, name) == 0) {
			if (p->limit_count < LIMITS_MAX)
				p->limits[p->limit_count] = c->limits[i];
			p->limit_count++;
		}
		for (size_t k = 0; c->limits[i].of == LIMIT_UNIT && k < c->limit_count; k++)
			of_unit +=
				limit_is_of_unit(c->limits, c->limit_count, k, c->limits[i].unit);
		most = of_unit > most ? of_unit : most;
	}
	if (p->limit_count + most > LIMITS_MAX)
		return err_set(e, ERR_INPUT, at->path, "take some out",
			       "a message would meet %zu limits of its provider, brandname and "
			       "unit; %d is the most",
			       p->limit_count + most, LIMITS_MAX);
	for (size_t i = 0; i < c->limit_count; i++)
		if (c->limits[i].of == LIMIT_UNIT && c->limits[i].counts != COUNTS_REQUESTS &&
		    c->limits[i].most < cap->batch_min)
			return err_set(
				e, ERR_INPUT, at->path, "lower settings' batch minimum",
				"a unit's limit of %" PRId64
				" is less than the smallest batch (%u) that this gateway takes",
				c->limits[i].most, cap->batch_min);
	for (size_t i = 0; i < p->limit_count; i++)
		if (p->limits[i].counts != COUNTS_REQUESTS && p->limits[i].most < cap->batch_min)
			return err_set(e, ERR_INPUT, at->path, "lower settings' batch minimum",
				       "a limit of %" PRId64
				       " is less than the smallest batch (%u) "
				       "that this gateway takes",
				       p->limits[i].most, cap->batch_min);
	return ERR_OK;
}

static enum err
read_providers(struct config *c, const struct json_at *root, struct err_ctx *e)
{
	struct json_at list = json_get(root, "providers");
	enum err rc = json_want_array(&list, e);

	if (rc != ERR_OK)
		return rc;
	if (json_array_size(list.v) > PROVIDERS_MAX)
		return err_set(e, ERR_INPUT, "providers", "", "more than %d", PROVIDERS_MAX);
	for (size_t i = 0; i < json_array_size(list.v); i++) {
		struct json_at at = json_item(&list, i);

		c->provider_count++;
		rc = read_provider(&c->providers[i], &at, e);
		if (rc == ERR_OK)
			rc = take_limits(c, &c->providers[i], &at, e);
		if (rc != ERR_OK)
			return rc;
		for (size_t k = 0; k < i; k++)
			if (strcmp(c->providers[k].name, c->providers[i].name) == 0)
				return err_set(e, ERR_INPUT, at.path, "give each its own",
					       "the name \"%s\" is used twice",
					       c->providers[i].name);
	}
	return ERR_OK;
}

static enum err
read_policy(struct config *c, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "classes"};
	struct slice builtin = {loa_policy_start, (size_t)(loa_policy_end - loa_policy_start)};
	struct json_at root, classes;
	enum err rc;

	if (c->is_demo)
		builtin = (struct slice){loa_demo_policy_start,
					 (size_t)(loa_demo_policy_end - loa_demo_policy_start)};
	if (c->policy[0] != '\0')
		rc = json_read_file(c->policy, CONFIG_MAX_BYTES, &c->policy_document, e);
	else
		rc = json_parse(builtin, CONFIG_MAX_BYTES, "built-in policy", &c->policy_document,
				e);
	if (rc != ERR_OK)
		return rc;
	root = json_root(c->policy_document);
	rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);
	if (rc != ERR_OK)
		return rc;
	classes = json_get(&root, "classes");
	rc = json_want_array(&classes, e);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(classes.v); i++) {
		struct json_at entry = json_item(&classes, i);

		if (c->class_count == CLASS_ENTRIES_MAX)
			return err_set(e, ERR_INPUT, entry.path, "", "more than %d entries",
				       CLASS_ENTRIES_MAX);
		rc = class_policy_read(&entry, &c->classes[c->class_count++], e);
	}
	return rc;
}

/*
 * Labels and footers of the policy stand with those of the content rules, before them: of the same day
 * the file of content rules says more.
 */
static void
add_frames(struct config *c)
{
	json_t *adverts = json_object_get(c->content_document, "adverts");

	if (!json_is_object(c->content_document) || (adverts != NULL && !json_is_array(adverts)))
		return; /* told by who reads it */
	if (adverts == NULL) {
		adverts = json_array();
		json_object_set_new(c->content_document, "adverts", adverts);
	}
	for (size_t i = c->class_count; i-- > 0;) {
		const struct class_policy *one = &c->classes[i];

		if (one->has_frame)
			json_array_insert_new(adverts, 0,
					      json_pack("{s:s, s:[s], s:s, s:s}", "since",
							one->since, "classes", one->name, "label",
							one->label, "footer", one->footer));
	}
}

static enum err
read_content(struct config *c, struct err_ctx *e)
{
	struct slice builtin = {loa_content_start, (size_t)(loa_content_end - loa_content_start)};
	enum err rc;

	if (c->content[0] != '\0')
		rc = json_read_file(c->content, CONFIG_MAX_BYTES, &c->content_document, e);
	else
		rc = json_parse(builtin, CONFIG_MAX_BYTES, "built-in content rules",
				&c->content_document, e);
	if (rc == ERR_OK)
		add_frames(c);
	return rc == ERR_OK ? content_read(c->content_document, &c->content_rules, e) : rc;
}

enum err
config_load_calendar(const char *file, struct calendar **out, struct err_ctx *e)
{
	struct slice builtin = {loa_calendar_start,
				(size_t)(loa_calendar_end - loa_calendar_start)};
	json_t *document = NULL;
	enum err rc;

	if (file[0] != '\0')
		rc = json_read_file(file, CONFIG_MAX_BYTES, &document, e);
	else
		rc = json_parse(builtin, CONFIG_MAX_BYTES, "built-in calendar", &document, e);
	if (rc == ERR_OK)
		rc = calendar_read(document, out, e);
	json_decref(document);
	return rc;
}

enum err
config_set_day(struct config *c, int64_t today, struct err_ctx *e)
{
	struct numbering plan;
	enum err rc = numbering_read(c->numbering_document, today, &plan, e);

	if (rc == ERR_OK)
		c->plan = plan;
	c->plan_day = today;
	return rc;
}

static enum err
read_numbering(struct config *c, struct err_ctx *e)
{
	enum err rc = ERR_OK;

	if (c->numbering[0] == '\0')
		c->numbering_document = numbering_builtin();
	else
		rc = json_read_file(c->numbering, CONFIG_MAX_BYTES, &c->numbering_document, e);
	return rc == ERR_OK ? config_set_day(c, clock_today_vn(), e) : rc;
}

static enum err
read_texts(struct config *c, struct err_ctx *e)
{
	enum err rc = read_content(c, e);

	if (rc == ERR_OK)
		rc = config_load_calendar(c->calendar, &c->days, e);
	if (rc == ERR_OK)
		rc = read_numbering(c, e);
	if (rc == ERR_OK)
		rc = language_table_load(&c->languages, &c->languages_document, e);
	return rc == ERR_OK ? sms_table_open(c->sms, &c->sms_table, &c->sms_document, e) : rc;
}

static enum err
read_document(struct config *c, struct err_ctx *e)
{
	const char *keys[ARRAY_LEN(options) + 5];
	struct json_at root = json_root(c->document), limits = json_get(&root, "limits");
	struct json_at route = json_get(&root, "route");
	struct json_at orders = json_get(&root, "standing_orders");
	struct json_at alerts = json_get(&root, "alerts");
	enum log_level level;
	enum err rc;

	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		keys[i] = options[i].name;
	keys[ARRAY_LEN(options)] = "providers";
	keys[ARRAY_LEN(options) + 1] = "route";
	keys[ARRAY_LEN(options) + 2] = "standing_orders";
	keys[ARRAY_LEN(options) + 3] = "limits";
	keys[ARRAY_LEN(options) + 4] = "alerts";
	if ((rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_options(c, &root, e)) != ERR_OK ||
	    (rc = shared_limits_read(&limits, c->limits, &c->limit_count, e)) != ERR_OK ||
	    (rc = read_providers(c, &root, e)) != ERR_OK ||
	    (rc = routes_read(c, &route, c->route, e)) != ERR_OK ||
	    (rc = alert_config_read(&alerts, &c->alerts, e)) != ERR_OK ||
	    (rc = standing_orders_read(&orders, c->standing_orders, &c->standing_order_count, e)) !=
		    ERR_OK)
		return rc;
	if (!log_level_parse(c->log_level, &level))
		return err_set(e, ERR_INPUT, "log_level", "use error, warn, info or debug",
			       "\"%s\" is no level", c->log_level);
	rc = read_policy(c, e);
	return rc == ERR_OK ? read_texts(c, e) : rc;
}

/* Its document is there, unless rc says otherwise. */
static enum err
load_end(struct config *take_c, enum err rc, struct config **out, struct err_ctx *e)
{
	*out = NULL;
	take_c->read_mono_us = clock_mono_us();
	if (rc == ERR_OK)
		rc = read_document(take_c, e);
	if (rc != ERR_OK) {
		config_free(take_c);
		return rc;
	}
	*out = take_c;
	return ERR_OK;
}

enum err
config_load(const char *path, struct config **out, struct err_ctx *e)
{
	struct config *c = xcalloc(1, sizeof(*c));
	enum err rc = ERR_OK;

	if (path != NULL)
		rc = json_read_file(path, CONFIG_MAX_BYTES, &c->document, e);
	else
		c->document = json_object();
	if (rc != ERR_OK && e != NULL)
		json_hide_text(e); /* accounts have keys and passwords */
	return load_end(c, rc, out, e);
}

enum err
config_load_demo(struct config **out, struct err_ctx *e)
{
	struct config *c = xcalloc(1, sizeof(*c));
	struct slice text = {loa_demo_config_start,
			     (size_t)(loa_demo_config_end - loa_demo_config_start)};

	c->is_demo = true;
	return load_end(c, json_parse(text, CONFIG_MAX_BYTES, "demo", &c->document, e), out, e);
}

void
config_free(struct config *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->provider_count; i++)
		if (c->providers[i].account != NULL)
			c->providers[i].driver->close(c->providers[i].account);
	json_decref(c->document);
	json_decref(c->policy_document);
	content_free(c->content_rules);
	calendar_free(c->days);
	json_decref(c->content_document);
	json_decref(c->numbering_document);
	languages_free(c->languages);
	json_decref(c->languages_document);
	json_decref(c->sms_document);
	free(c);
}

void
config_show(const struct config *c, struct buf *out)
{
	buf_addc(out, '{');
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];

		buf_adds(out, i > 0 ? ",\n " : "\n ");
		json_add_string(out, slice_of(o->name));
		buf_adds(out, ": ");
		if (o->kind == OPTION_INT)
			buf_addf(out, "%lld", (long long)option_int(c, o));
		else if (o->kind == OPTION_BOOL)
			buf_adds(out, option_bool(c, o) ? "true" : "false");
		else if (o->kind == OPTION_SECRET && option_string(c, o)[0] != '\0')
			buf_adds(out, "\"***\"");
		else
			json_add_string(out, slice_of(option_string(c, o)));
	}
	buf_adds(out, "\n}\n");
}

bool
config_option_words(size_t i, struct config_words *out)
{
	static const char *const kinds[] = {"text", "number", "text", "true or false"};
	const struct option *o = &options[i];

	if (i >= ARRAY_LEN(options))
		return false;
	*out = (struct config_words){.name = o->name,
				     .kind = kinds[o->kind],
				     .help = o->help,
				     .is_reloadable = o->is_reloadable};
	if (o->kind == OPTION_INT)
		snprintf(out->text, sizeof(out->text), "%lld", (long long)o->number);
	else if (o->kind == OPTION_BOOL)
		snprintf(out->text, sizeof(out->text), "%s", o->number != 0 ? "true" : "false");
	else
		snprintf(out->text, sizeof(out->text), "%s", o->text);
	return true;
}

void
config_diff_fixed(const struct config *from, const struct config *to, struct buf *out)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		bool is_same = o->kind == OPTION_INT ? option_int(from, o) == option_int(to, o)
			       : o->kind == OPTION_BOOL
				       ? option_bool(from, o) == option_bool(to, o)
				       : strcmp(option_string(from, o), option_string(to, o)) == 0;

		if (!is_same && !o->is_reloadable)
			buf_addf(out, "%s%s", out->len > 0 ? ", " : "", o->name);
	}
}

const struct class_policy *
config_class(const struct config *c, const char *name)
{
	const struct class_policy *best = NULL;
	char today[32];

	clock_format_vn(clock_wall_ms() / 1000, today);
	today[10] = '\0';
	for (size_t i = 0; i < c->class_count; i++) {
		const struct class_policy *one = &c->classes[i];

		if (strcmp(one->name, name) == 0 && strcmp(one->since, today) <= 0 &&
		    (best == NULL || strcmp(one->since, best->since) >= 0))
			best = one;
	}
	return best;
}

int
config_provider(const struct config *c, struct slice name)
{
	for (size_t i = 0; i < c->provider_count; i++)
		if (slice_is(name, c->providers[i].name))
			return (int)i;
	return -1;
}
