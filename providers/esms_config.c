/* SPDX-License-Identifier: MIT */
/*
 * The settings of an account at eSMS.vn (docs/formats/esms.md) read into struct
 * provider, and what the account can do. Every error names the place; none
 * shows a key. A capability claims only what the vendor's documentation says:
 * what it does not say is a setting, or is not claimed.
 */
#include "providers/esms_private.h"

#define CODES_MAX 200
#define URL_MAX 500
#define DAY_S 86400

struct reading {
	struct provider *p;
	const struct json_at *at;
	struct err_ctx *e;
};

static const char *const receipt_states[] = {"delivered", "undeliverable", "accepted"};

static enum err
refuse(const struct reading *r, const char *key, const char *todo, const char *why)
{
	struct json_at at = json_get(r->at, key);

	return err_set(r->e, ERR_INPUT, at.path, todo, "%s", why);
}

static enum err
read_bool(const struct reading *r, const char *key, bool *out)
{
	struct json_at v = json_get(r->at, key);

	return json_read_bool(&v, out, r->e);
}

static enum err
read_seconds(const struct reading *r, const char *key, int64_t min, int64_t max, uint32_t *out)
{
	struct json_at v = json_get(r->at, key);
	int64_t n = *out;
	enum err rc = json_read_int(&v, min, max, &n, r->e);

	*out = (uint32_t)n;
	return rc;
}

static enum err
read_key(const struct reading *r, const char *key, struct wire_secret *out)
{
	struct json_at v = json_get(r->at, key);
	enum err rc = wire_secret_read(&v, out, r->e);

	if (rc == ERR_OK && out->bytes == NULL)
		return err_set(r->e, ERR_INPUT, v.path,
			       "add it: a text, {\"file\": …} or {\"env\": …}", "is missing");
	return rc;
}

static enum err
read_type(const struct reading *r)
{
	static const char *const types[] = {"cskh", "qc"};
	struct json_at v = json_get(r->at, "type");
	int type = ESMS_CSKH;
	enum err rc;

	if (v.v == NULL)
		return err_set(r->e, ERR_INPUT, v.path,
			       "add \"cskh\" (care messages) or \"qc\" (advertising)",
			       "is missing");
	rc = json_read_choice(&v, types, ARRAY_LEN(types), &type, r->e);
	r->p->type = (enum esms_type)type;
	return rc;
}

static enum err
read_url(const struct reading *r)
{
	struct json_at v = json_get(r->at, "url");
	const char *s = "https://rest.esms.vn/MainService.svc/json", *host;
	size_t n;

	if (v.v != NULL) {
		enum err rc = json_need_string(&v, &s, r->e);

		if (rc != ERR_OK)
			return rc;
	}
	host = strncmp(s, "https://", 8) == 0  ? s + 8
	       : strncmp(s, "http://", 7) == 0 ? s + 7
					       : NULL;
	if (host == NULL)
		return err_set(r->e, ERR_INPUT, v.path, "begin it with https://",
			       "must be an http or https address");
	n = strcspn(host, "/");
	if (n == 0 || memchr(host, '@', n) != NULL)
		return err_set(r->e, ERR_INPUT, v.path, "", "must have a plain host name");
	for (const char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c <= 0x20 || (unsigned char)*c >= 0x7f || *c == '?' ||
		    *c == '#')
			return err_set(r->e, ERR_INPUT, v.path,
				       "end it before the name of the function",
				       "must be a base address without blanks, '?' and '#'");
	n = strlen(s);
	if (n > URL_MAX)
		return err_set(r->e, ERR_INPUT, v.path, "", "is longer than %d bytes", URL_MAX);
	while (s[n - 1] == '/')
		n--;
	r->p->url = arena_memdup0(&r->p->arena, s, n);
	return ERR_OK;
}

/* ---- tables ---- */

static enum err
read_codes(const struct reading *r)
{
	struct json_at at = json_get(r->at, "codes");
	const char *classes[OUTCOME_CLASSES];
	enum err rc;

	for (size_t i = 0; i < OUTCOME_CLASSES; i++)
		classes[i] = outcome_name((enum outcome_class)i);
	rc = codes_read(&at, classes, OUTCOME_CLASSES, CODES_MAX, &r->p->arena, &r->p->codes, r->e);
	for (size_t i = 0; rc == ERR_OK && i < r->p->codes.count; i++) {
		const struct code_row *row = &r->p->codes.rows[i];
		struct json_at one = json_get(&at, row->code);

		if (row->value == OUTCOME_AUTH_EXPIRED)
			return err_set(r->e, ERR_INPUT, one.path, "use bad-account",
				       "is auth-expired, but this account has nothing to renew");
		if (strcmp(row->code, "100") == 0 && row->value != OUTCOME_ACCEPTED)
			return err_set(r->e, ERR_INPUT, one.path, "take it out",
				       "is how this gateway accepts, nothing else");
	}
	return rc;
}

static enum err
read_receiver_states(const struct reading *r)
{
	struct json_at at = json_get(r->at, "receiver_states");
	const char *key;
	json_t *v;

	if (at.v != NULL && r->p->type != ESMS_QC)
		return refuse(r, "receiver_states", "take it out",
			      "is only for the type qc: the others are asked for totals");
	json_object_foreach (at.v, key, v) {
		struct json_at one = json_get(&at, key);

		if (strchr(key, '/') == NULL)
			return err_set(r->e, ERR_INPUT, one.path, "write it like \"true/1\"",
				       "must be IsSent/SentResult");
	}
	return codes_read(&at, receipt_states, ARRAY_LEN(receipt_states), CODES_MAX, &r->p->arena,
			  &r->p->receiver_states, r->e);
}

/* ---- capability ---- */

static enum err
read_counts(const struct reading *r, struct capability *c)
{
	static const char *const counted[] = {"messages", "parts", "requests"};
	struct json_at v = json_get(r->at, "counts");
	int counts = COUNTS_MESSAGES;
	enum err rc = json_read_choice(&v, counted, ARRAY_LEN(counted), &counts, r->e);

	c->counts = (enum counts)counts;
	return rc;
}

static enum err
read_times(const struct reading *r, struct capability *c)
{
	enum err rc;

	/* What was sent in the sandbox is not kept: nothing can be asked, little is reported. */
	c->receipt_deadline_s = c->is_sandbox ? 600 : 3 * DAY_S;
	c->poll_after_s = c->is_sandbox ? 0 : 1800;
	c->poll_every_s = 3600;
	rc = read_seconds(r, "receipt_deadline_s", 1, 30 * DAY_S, &c->receipt_deadline_s);
	if (rc == ERR_OK)
		rc = read_seconds(r, "poll_after_s", 0, 7 * DAY_S, &c->poll_after_s);
	if (rc == ERR_OK)
		rc = read_seconds(r, "poll_every_s", 1, 7 * DAY_S, &c->poll_every_s);
	if (c->poll_after_s == 0)
		c->poll_every_s = 0;
	return rc;
}

static enum err
read_capability(const struct reading *r)
{
	struct capability *c = &r->p->capability;
	bool is_qc = r->p->type == ESMS_QC;
	enum err rc;

	*c = (struct capability){
		.shape = is_qc ? SHAPE_ONE_TEXT : SHAPE_ONE,
		.is_advertising = is_qc,
		.batch_min = is_qc ? ESMS_QC_MIN : 1,
		.batch_max = is_qc ? ESMS_QC_MAX : 1,
		.channel = "sms",
		.reference_scope = is_qc ? REFERENCE_PER_REQUEST : REFERENCE_PER_MESSAGE,
		/* That a repeated RequestId is held back for a day is said of care messages only. */
		.dedupe = is_qc ? DEDUPE_NONE : DEDUPE_BY_REFERENCE,
		.dedupe_window_s = is_qc ? 0 : DAY_S,
		.duplicate_means = DUPLICATE_ACCEPTED,
		.echo = is_qc ? ECHO_ID : ECHO_REFERENCE,
		.has_receipts = true,
	};
	rc = read_bool(r, "unicode", &c->has_unicode);
	if (rc == ERR_OK)
		rc = read_bool(r, "sandbox", &c->is_sandbox);
	if (rc != ERR_OK)
		return rc;
	if (is_qc && c->has_unicode)
		return refuse(r, "unicode", "take it out",
			      "has no place with the type qc: advertising goes without accents");
	if (is_qc && c->is_sandbox)
		return refuse(r, "sandbox", "take it out, or use the type cskh",
			      "is not documented for the type qc: messages might really be sent");
	rc = read_counts(r, c);
	return rc == ERR_OK ? read_times(r, c) : rc;
}

enum err
esms_read_settings(const struct json_at *at, struct provider *p, struct err_ctx *e)
{
	static const char *const keys[] = {"api_key",	   "secret_key",   "type",
					   "url",	   "sandbox",	   "unicode",
					   "counts",	   "codes",	   "receiver_states",
					   "poll_after_s", "poll_every_s", "receipt_deadline_s"};
	struct reading r = {p, at, e};
	enum err rc;

	if (at->v == NULL)
		return err_set(e, ERR_INPUT, at->path, "add it", "is missing");
	rc = json_only_keys(at, keys, ARRAY_LEN(keys), e);
	if (rc == ERR_OK)
		rc = read_key(&r, "api_key", &p->api_key);
	if (rc == ERR_OK)
		rc = read_key(&r, "secret_key", &p->secret_key);
	if (rc == ERR_OK)
		rc = read_type(&r);
	if (rc == ERR_OK)
		rc = read_url(&r);
	if (rc == ERR_OK)
		rc = read_codes(&r);
	if (rc == ERR_OK)
		rc = read_receiver_states(&r);
	return rc == ERR_OK ? read_capability(&r) : rc;
}
