/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/registration.h"

#include <ctype.h>
#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/campaign/moment.h"
#include "segments/phone.h"

#define NAME_MAX_BYTES 80
#define TEXT_MAX_BYTES 300

#define CLASSES_MAX 32

/* "cskh", "qc": where a brandname is there is no standard traffic. */
#define TRAFFICS (sms_traffic_names + SMS_CSKH)

/* ---- what both have ---- */

/* An optional text of at most max bytes. */
static enum err
read_text(const struct json_at *at, const char *key, size_t max, const char **out,
	  struct err_ctx *e)
{
	struct json_at one = json_get(at, key);
	enum err rc;

	*out = "";
	rc = json_read_string(&one, out, e);
	if (rc == ERR_OK && strlen(*out) > max)
		return err_set(e, ERR_INPUT, one.path, "shorten it", "has more than %zu bytes",
			       max);
	return rc;
}

/* An optional day. */
static enum err
read_day(const struct json_at *at, const char *key, const char **text, int64_t *out,
	 struct err_ctx *e)
{
	struct json_at one = json_get(at, key);
	struct moment m;
	enum err rc = read_text(at, key, 40, text, e);

	*out = 0;
	if (rc != ERR_OK || (*text)[0] == '\0')
		return rc;
	if (moment_parse(slice_of(*text), &m) != NULL || m.second_of_day >= 0)
		return err_set(e, ERR_INPUT, one.path, "write 2026-10-10", "\"%.40s\" is no day",
			       *text);
	*out = m.day;
	return ERR_OK;
}

/* ---- brandname ---- */

enum err
brandname_check(const char *name, struct err_ctx *e)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_. ";
	static const char todo[] = "use up to 11 letters without accents, digits, - _ . and blanks";
	size_t n = strlen(name);

	if (n == 0 || n > BRANDNAME_MAX)
		return err_set(e, ERR_INPUT, "brandname", todo,
			       n == 0 ? "is empty" : "has more than 11 characters");
	if (strspn(name, letters) != n)
		return err_set(e, ERR_INPUT, "brandname", todo,
			       "\"%.40s\" has a character that no sender name may have", name);
	if (strspn(name, "0123456789") == n)
		return err_set(e, ERR_INPUT, "brandname", "put a letter into it",
			       "\"%s\" has digits only", name);
	if (name[0] == ' ' || name[n - 1] == ' ')
		return err_set(e, ERR_INPUT, "brandname", "take it away",
			       "\"%s\" has a blank at an end", name);
	return ERR_OK;
}

void
brandname_fold(const char *name, char out[BRANDNAME_MAX + 1])
{
	size_t i = 0;

	for (; i < BRANDNAME_MAX && name[i] != '\0'; i++)
		out[i] = (char)tolower((unsigned char)name[i]);
	out[i] = '\0';
}

static const char *const brandname_states[] = {"unsaid", "active", "pending", "refused"};

const char *
brandname_state_name(enum brandname_state s)
{
	return brandname_states[s];
}

static enum err
read_activations(const struct json_at *root, struct brandname *out, struct err_ctx *e)
{
	static const char *const keys[] = {"state", "since"};
	struct json_at carriers = json_get(root, "carriers");
	enum err rc = json_want_object(&carriers, e);
	const char *key;
	json_t *v;

	json_object_foreach (carriers.v, key, v) {
		struct json_at one = json_get(&carriers, key), state = json_get(&one, "state");
		int carrier = carrier_find(slice_of(key)), s = -1;
		int64_t day;

		if (carrier <= 0)
			return err_set(e, ERR_INPUT, one.path,
				       "use viettel, mobifone, vinaphone, …", "is no carrier");
		out->carriers[carrier].since = "";
		if ((rc = json_want_object(&one, e)) != ERR_OK ||
		    (rc = json_only_keys(&one, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
		    (rc = json_read_choice(&state, brandname_states + 1, 3, &s, e)) != ERR_OK ||
		    (rc = read_day(&one, "since", &out->carriers[carrier].since, &day, e)) !=
			    ERR_OK)
			return rc;
		if (s < 0)
			return err_set(e, ERR_INPUT, state.path, "", "is missing");
		out->carriers[carrier].state = (enum brandname_state)(s + 1);
	}
	return rc;
}

/* "cskh", "qc" or both in an array; "cskh" when nothing is said. */
static enum err
read_traffics(const struct json_at *root, struct brandname *out, struct err_ctx *e)
{
	struct json_at at = json_get(root, "traffic");
	bool is_array = at.v != NULL && json_is_array(at.v);
	size_t n = is_array ? json_array_size(at.v) : 1;

	out->traffic[SMS_CSKH] = at.v == NULL;
	for (size_t i = 0; at.v != NULL && i < n; i++) {
		struct json_at one = is_array ? json_item(&at, i) : at;
		int which = 0;
		enum err rc = json_read_choice(&one, TRAFFICS, 2, &which, e);

		if (rc != ERR_OK)
			return rc;
		out->traffic[SMS_CSKH + which] = true;
	}
	return ERR_OK;
}

enum err
brandname_read(const struct json_at *at, struct brandname *out, struct err_ctx *e)
{
	static const char *const keys[] = {"name",     "holder",   "certificate", "valid_from",
					   "valid_to", "carriers", "traffic"};
	struct json_at name = json_get(at, "name"), to = json_get(at, "valid_to");
	const char *from_text;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name, &out->name, e)) != ERR_OK ||
	    (rc = brandname_check(out->name, e)) != ERR_OK ||
	    (rc = read_text(at, "holder", TEXT_MAX_BYTES, &out->holder, e)) != ERR_OK ||
	    (rc = read_text(at, "certificate", TEXT_MAX_BYTES, &out->certificate, e)) != ERR_OK ||
	    (rc = read_day(at, "valid_from", &from_text, &out->valid_from, e)) != ERR_OK ||
	    (rc = read_day(at, "valid_to", &out->valid_to_text, &out->valid_to, e)) != ERR_OK ||
	    (rc = read_traffics(at, out, e)) != ERR_OK ||
	    (rc = read_activations(at, out, e)) != ERR_OK)
		return rc;
	if (out->valid_to != 0 && out->valid_to < out->valid_from)
		return err_set(e, ERR_INPUT, to.path, "", "is before valid_from");
	return ERR_OK;
}

/* ---- pattern ---- */

static const char *const pattern_states[] = {"registered", "pending", "refused"};

const char *
pattern_state_name(enum pattern_state s)
{
	return pattern_states[s];
}

static enum err
read_carriers(const struct json_at *root, struct pattern_record *out, struct err_ctx *e)
{
	struct json_at at = json_get(root, "carriers");
	enum err rc = json_want_array(&at, e);
	size_t n = json_array_size(at.v);

	out->is_any_carrier = n == 0;
	if (rc == ERR_OK && n > CARRIERS_MAX)
		return err_set(e, ERR_INPUT, at.path, "", "has more than %d carriers",
			       CARRIERS_MAX);
	for (size_t i = 0; rc == ERR_OK && i < n; i++) {
		struct json_at one = json_item(&at, i);
		const char *name = "";
		int carrier;

		rc = json_need_string(&one, &name, e);
		carrier = carrier_find(slice_of(name));
		if (rc == ERR_OK && strcmp(name, "*") == 0)
			out->is_any_carrier = true;
		else if (rc == ERR_OK && carrier <= 0)
			rc = err_set(e, ERR_INPUT, one.path, "use viettel, mobifone, vinaphone, …",
				     "\"%.40s\" is no carrier", name);
		else if (rc == ERR_OK)
			out->carriers[carrier] = true;
	}
	for (size_t i = 0; out->is_any_carrier && i < CARRIERS_MAX; i++)
		out->carriers[i] = true;
	return rc;
}

static enum err
read_classes(const struct json_at *root, struct pattern_record *out, struct err_ctx *e)
{
	struct json_at at = json_get(root, "classes");
	enum err rc = json_want_array(&at, e);

	for (size_t i = 0; rc == ERR_OK && i < json_array_size(at.v); i++) {
		struct json_at one = json_item(&at, i);
		const char *name;

		rc = json_need_string(&one, &name, e);
		if (rc == ERR_OK && (i == CLASSES_MAX || strlen(name) > NAME_MAX_BYTES))
			rc = err_set(e, ERR_INPUT, one.path, "",
				     i == CLASSES_MAX ? "is one too many" : "is no class");
	}
	out->classes = json_array_size(at.v) > 0 ? at.v : NULL;
	return rc;
}

static enum err
compile_text(const struct json_at *at, struct pattern_record *out, struct err_ctx *e)
{
	struct json_at text = json_get(at, "text");
	struct pattern_error pe;
	struct pattern *p = pattern_compile(slice_of(out->text), out->compare, &pe);

	pattern_free(p);
	if (p != NULL)
		return ERR_OK;
	return err_set(e, ERR_INPUT, text.path, "", "character %d of \"%.40s\": %s", pe.column,
		       out->name, pe.message);
}

static enum err
check_pattern_name(const struct json_at *at, const char *name, struct err_ctx *e)
{
	if (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES || strchr(name, '/') != NULL)
		return err_set(e, ERR_INPUT, at->path, "shorten it",
			       "must have 1 to %d bytes and no /", NAME_MAX_BYTES);
	for (const char *c = name; *c != '\0'; c++)
		if ((unsigned char)*c < ' ')
			return err_set(e, ERR_INPUT, at->path, "", "has a line break or the like");
	return ERR_OK;
}

enum err
pattern_record_open(const struct json_at *at, struct pattern_record *out, struct err_ctx *e)
{
	static const char *const keys[] = {"name",    "brandname", "carriers",	"traffic",
					   "classes", "text",	   "compare",	"state",
					   "since",   "until",	   "partner_id"};
	struct json_at name = json_get(at, "name"), brand = json_get(at, "brandname");
	struct json_at text = json_get(at, "text"), traffic = json_get(at, "traffic");
	struct json_at compare = json_get(at, "compare"), state = json_get(at, "state");
	int of_traffic = 0, mode = COMPARE_PLAIN, of_state = PATTERN_REGISTERED;
	const char *day;
	enum err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = json_want_object(at, e)) != ERR_OK ||
	    (rc = json_only_keys(at, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name, &out->name, e)) != ERR_OK ||
	    (rc = check_pattern_name(&name, out->name, e)) != ERR_OK ||
	    (rc = json_need_string(&brand, &out->brandname, e)) != ERR_OK ||
	    (rc = brandname_check(out->brandname, e)) != ERR_OK ||
	    (rc = json_need_string(&text, &out->text, e)) != ERR_OK ||
	    (rc = json_read_choice(&traffic, TRAFFICS, 2, &of_traffic, e)) != ERR_OK ||
	    (rc = json_read_choice(&compare, compare_mode_names, COMPARE_MODES, &mode, e)) !=
		    ERR_OK ||
	    (rc = json_read_choice(&state, pattern_states, 3, &of_state, e)) != ERR_OK ||
	    (rc = read_day(at, "since", &day, &out->since, e)) != ERR_OK ||
	    (rc = read_day(at, "until", &day, &out->until, e)) != ERR_OK ||
	    (rc = read_text(at, "partner_id", TEXT_MAX_BYTES, &out->partner_id, e)) != ERR_OK ||
	    (rc = read_carriers(at, out, e)) != ERR_OK || (rc = read_classes(at, out, e)) != ERR_OK)
		return rc;
	out->traffic = (enum sms_traffic)(SMS_CSKH + of_traffic);
	out->compare = (enum compare_mode)mode;
	out->state = (enum pattern_state)of_state;
	return ERR_OK;
}

enum err
pattern_record_read(const struct json_at *at, struct pattern_record *out, struct err_ctx *e)
{
	enum err rc = pattern_record_open(at, out, e);

	return rc == ERR_OK ? compile_text(at, out, e) : rc;
}

bool
pattern_record_is_of(const struct pattern_record *r, const char *class)
{
	for (size_t i = 0; i < json_array_size(r->classes); i++) {
		const char *one = json_string_value(json_array_get(r->classes, i));

		if (one != NULL && strcmp(one, class) == 0)
			return true;
	}
	return r->classes == NULL;
}

/* ---- days ---- */

void
day_text(int64_t day, char out[12])
{
	struct date c = date_of_days(day);

	snprintf(out, 12, "%04u-%02u-%02u", (unsigned)c.year % 10000, (unsigned)c.month % 100,
		 (unsigned)c.day % 100);
}
