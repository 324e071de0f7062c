/* SPDX-License-Identifier: MIT */
#include "tests/gateway/esms.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/gateway/request.h"
#include "tests/gateway/times.h"

#define REQUEST_ID_MAX 50
#define CAMPAIGN_MAX 254

enum {
	TEXT = 1,
	NUMBER = 2,
	LIST = 4, /* of texts */
};

#define IN(kind) (1u << ESMS_BODY_##kind)
#define IN_SEND (IN(CSKH) | IN(QC))
#define IN_ALL (IN_SEND | IN(BALANCE) | IN(SENT_DATA))

static const struct {
	const char *name;
	unsigned types;
	unsigned in; /* bodies that may have it */
} shapes[ESMS_FIELDS] = {
	[ESMS_API_KEY] = {"ApiKey", TEXT, IN_ALL},
	[ESMS_SECRET_KEY] = {"SecretKey", TEXT, IN_ALL},
	[ESMS_PHONE] = {"Phone", TEXT, IN(CSKH)},
	[ESMS_PHONES] = {"Phones", LIST, IN(QC)},
	[ESMS_CONTENT] = {"Content", TEXT, IN_SEND},
	[ESMS_BRANDNAME] = {"Brandname", TEXT, IN_SEND},
	[ESMS_SMS_TYPE] = {"SmsType", TEXT | NUMBER, IN_SEND | IN(SENT_DATA)},
	[ESMS_IS_UNICODE] = {"IsUnicode", TEXT, IN_SEND},
	[ESMS_REQUEST_ID] = {"RequestId", TEXT, IN_SEND},
	[ESMS_SEND_DATE] = {"SendDate", TEXT, IN_SEND},
	[ESMS_CALLBACK_URL] = {"CallbackUrl", TEXT, IN_SEND},
	[ESMS_CAMPAIGN_ID] = {"campaignid", TEXT, IN_SEND},
	[ESMS_SANDBOX] = {"Sandbox", TEXT, IN_SEND},
	[ESMS_FROM] = {"From", TEXT, IN(SENT_DATA)},
	[ESMS_TO] = {"To", TEXT, IN(SENT_DATA)},
	[ESMS_PAGE] = {"Page", TEXT | NUMBER, IN(SENT_DATA)},
	[ESMS_PAGE_SIZE] = {"PageSize", TEXT | NUMBER, IN(SENT_DATA)},
};

const char *
esms_field_name(enum esms_field f)
{
	return shapes[f].name;
}

static bool
is_list_of_texts(const json_t *v)
{
	if (!json_is_array(v))
		return false;
	for (size_t i = 0; i < json_array_size(v); i++) {
		if (!json_is_string(json_array_get(v, i)))
			return false;
	}
	return true;
}

static bool
has_type(const json_t *v, unsigned types)
{
	return ((types & TEXT) && json_is_string(v)) || ((types & NUMBER) && json_is_integer(v)) ||
	       ((types & LIST) && is_list_of_texts(v));
}

static bool
take_field(struct esms_body *b, enum esms_body_kind kind, const char *name, const json_t *v)
{
	for (int f = 0; f < ESMS_FIELDS; f++) {
		if (strcmp(shapes[f].name, name) != 0)
			continue;
		b->fields[f] = v;
		return (shapes[f].in & 1u << kind) && has_type(v, shapes[f].types);
	}
	return false;
}

enum code
esms_body_read(struct esms_body *b, enum esms_body_kind kind, struct text raw, const char **why)
{
	static char reason[128];
	json_error_t error;
	const char *name;
	json_t *v;

	*b = (struct esms_body){.root = json_loadb(raw.p, raw.n, JSON_REJECT_DUPLICATES, &error)};
	*why = "a field stands twice";
	if (b->root == NULL && json_error_code(&error) == json_error_duplicate_key)
		return CODE_ESMS_PAYLOAD;
	if (!json_is_object(b->root))
		return CODE_ESMS_NO_JSON;
	*why = NULL;
	json_object_foreach (b->root, name, v) {
		if (take_field(b, kind, name, v) || *why != NULL)
			continue;
		snprintf(reason, sizeof(reason), "field '%.40s': unknown here, or of another type",
			 name);
		*why = reason;
	}
	return *why == NULL ? CODE_ACCEPTED : CODE_ESMS_PAYLOAD;
}

struct text
esms_text(const struct esms_body *b, enum esms_field f)
{
	const json_t *v = b->fields[f];

	if (!json_is_string(v))
		return (struct text){NULL, 0};
	return (struct text){(char *)(intptr_t)json_string_value(v), json_string_length(v)};
}

/* ---- values of a send request ---- */

/* SmsType may be 2 or "2". */
static bool
is_number(const json_t *v, int wanted)
{
	char digits[16];

	if (json_is_integer(v))
		return json_integer_value(v) == wanted;
	snprintf(digits, sizeof(digits), "%d", wanted);
	return strcmp(json_string_value(v), digits) == 0;
}

static bool
is_switch(struct text t, bool *out)
{
	*out = text_is(t, "1");
	return t.p == NULL || *out || text_is(t, "0");
}

static size_t
characters_of(struct text t)
{
	size_t n = 0;

	for (size_t i = 0; i < t.n; i++)
		n += ((unsigned char)t.p[i] & 0xc0) != 0x80;
	return n;
}

static bool
is_ascii(struct text t)
{
	return characters_of(t) == t.n && (t.n == 0 || memchr(t.p, 0x7f, t.n) == NULL) &&
	       text_is_good(t, t.n);
}

/* NULL = all are well. */
static const char *
find_bad_value(const struct esms_body *b, enum esms_body_kind kind, struct esms_send *s)
{
	struct text unicode = esms_text(b, ESMS_IS_UNICODE), content = esms_text(b, ESMS_CONTENT);
	struct text ref = esms_text(b, ESMS_REQUEST_ID), date = esms_text(b, ESMS_SEND_DATE);

	if (!text_is_good(content, SIZE_MAX))
		return "Content: empty, or with control characters";
	if (!is_switch(unicode, &s->is_unicode))
		return "IsUnicode: \"0\" or \"1\"";
	if (unicode.p == NULL && kind == ESMS_BODY_QC)
		s->is_unicode = !is_ascii(content);
	if (!s->is_unicode && !is_ascii(content))
		return "Content: accents need IsUnicode \"1\"";
	if (!is_switch(esms_text(b, ESMS_SANDBOX), &s->is_sandbox))
		return "Sandbox: \"0\" or \"1\"";
	if (!ref_is_good(ref) || ref.n > REQUEST_ID_MAX)
		return "RequestId: 1 to 50 visible characters";
	if (characters_of(esms_text(b, ESMS_CAMPAIGN_ID)) > CAMPAIGN_MAX)
		return "campaignid: at most 254 characters";
	s->send_us = date.p == NULL ? 0 : esms_time_read(date);
	if (date.p != NULL && s->send_us == 0)
		return "SendDate: yyyy-mm-dd hh:MM:ss";
	s->parts = esms_parts(content, s->is_unicode);
	return NULL;
}

enum code
esms_send_read(const struct esms_body *b, enum esms_body_kind kind, struct esms_send *s,
	       const char **why)
{
	enum esms_field needed[] = {ESMS_CONTENT, ESMS_BRANDNAME, ESMS_PHONE};
	static char missing[64];

	*s = (struct esms_send){.send_us = 0};
	*why = NULL;
	if (b->fields[ESMS_SMS_TYPE] == NULL)
		return CODE_ESMS_NO_TYPE;
	if (!is_number(b->fields[ESMS_SMS_TYPE], kind == ESMS_BODY_QC ? 1 : 2))
		return CODE_ESMS_TYPE;
	if (kind == ESMS_BODY_QC)
		needed[2] = ESMS_PHONES;
	for (size_t i = 0; i < 3; i++) {
		if (b->fields[needed[i]] != NULL)
			continue;
		snprintf(missing, sizeof(missing), "%s is missing", shapes[needed[i]].name);
		*why = missing;
		return CODE_ESMS_PAYLOAD;
	}
	*why = find_bad_value(b, kind, s);
	return *why == NULL ? CODE_ACCEPTED : CODE_ESMS_PAYLOAD;
}

/* ---- single values ---- */

uint64_t
esms_time_read(struct text t)
{
	static const char form[] = "dddd-dd-dd dd:dd:dd";
	struct tm tm = {.tm_sec = 0}, back;
	char copy[sizeof(form)];
	time_t at;

	if (t.n != sizeof(form) - 1)
		return 0;
	for (size_t i = 0; i < t.n; i++) {
		if (form[i] == 'd' ? t.p[i] < '0' || t.p[i] > '9' : t.p[i] != form[i])
			return 0;
	}
	memcpy(copy, t.p, t.n);
	copy[t.n] = '\0';
	if (sscanf(copy, "%d-%d-%d %d:%d:%d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return 0;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	back = tm;
	at = timegm(&back); /* puts 31 February right; then it is not the same any more */
	if (back.tm_mday != tm.tm_mday || back.tm_mon != tm.tm_mon || back.tm_hour != tm.tm_hour ||
	    back.tm_min != tm.tm_min || back.tm_sec != tm.tm_sec || at <= HANOI_S)
		return 0;
	return (uint64_t)(at - HANOI_S) * SECOND;
}

struct text
esms_number(struct text raw, char *to)
{
	if (raw.n != 10 || raw.p[0] != '0')
		return raw;
	memcpy(to, "84", 2);
	memcpy(to + 2, raw.p + 1, 9);
	to[11] = '\0';
	return (struct text){to, 11};
}

/* Units of the character at p, and its bytes. */
static unsigned
units_of(const char *p, bool is_unicode, size_t *bytes)
{
	unsigned char c = (unsigned char)*p;

	*bytes = c < 0x80 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : 4;
	if (is_unicode)
		return *bytes == 4 ? 2 : 1;
	/* of ASCII these are in the extension of GSM 03.38 */
	return strchr("^{}\\[~]|", c) != NULL ? 2 : 1;
}

unsigned
esms_parts(struct text t, bool is_unicode)
{
	unsigned whole = is_unicode ? 70 : 160, each = is_unicode ? 67 : 153;
	unsigned all = 0, parts = 1, here = 0, n;
	size_t bytes;

	for (size_t i = 0; i < t.n; i += bytes) {
		n = units_of(t.p + i, is_unicode, &bytes);
		all += n;
		if (here + n > each) {
			parts++;
			here = 0;
		}
		here += n;
	}
	return all <= whole ? 1 : parts;
}

bool
esms_has_prefix(struct text t, const char *prefixes)
{
	size_t n;

	for (; *prefixes != '\0'; prefixes += n + (prefixes[n] == '|')) {
		n = strcspn(prefixes, "|");
		if (n > 0 && n <= t.n && memcmp(t.p, prefixes, n) == 0)
			return true;
	}
	return false;
}
