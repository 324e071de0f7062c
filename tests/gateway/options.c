/* SPDX-License-Identifier: MIT */
#include "tests/gateway/options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "tests/gateway/nth.h"

enum kind {
	KIND_TEXT,
	KIND_NUMBER,
	KIND_CHANCE,
	KIND_SWITCH,
	KIND_RECEIPTS,
	KIND_RESULT,
	KIND_FAULT,
	KIND_DEDUPE
};

struct option {
	const char *name;
	enum kind kind;
	size_t at; /* in struct settings */
	bool is_fixed;
	int64_t least, most;
	const char *start; /* value if not given */
	const char *label;
	const char *help;
};

#define AT(field) offsetof(struct settings, field)
#define TEXT(name, field, start, label, help)                               \
	{                                                                   \
		name, KIND_TEXT, AT(field), false, 0, 0, start, label, help \
	}
#define FIXED(name, field, start, label, help)                             \
	{                                                                  \
		name, KIND_TEXT, AT(field), true, 0, 0, start, label, help \
	}
#define NUMBER(name, field, least, most, start, label, help)                         \
	{                                                                            \
		name, KIND_NUMBER, AT(field), false, least, most, start, label, help \
	}
#define CHANCE(name, field, help)                                         \
	{                                                                 \
		name, KIND_CHANCE, AT(field), false, 0, 0, "0", "P", help \
	}
#define SWITCH(name, field, help)                                          \
	{                                                                  \
		name, KIND_SWITCH, AT(field), false, 0, 0, "off", "", help \
	}

static const char *const receipts_names[] = {"none", "delivered", "mixed"};
static const char *const result_names[] = {"number", "bool", "text"};

static const struct option options[] = {
	FIXED("listen", listen, "127.0.0.1:0", "HOST:PORT",
	      "where to listen; port 0 takes a free one"),
	FIXED("port-file", port_file, "", "FILE", "write the port there once it is open"),
	FIXED("ledger", ledger, "", "FILE",
	      "keep the ledger there; what it holds already is remembered"),
	{"seed", KIND_NUMBER, AT(seed), true, 0, INT64_MAX, "1", "N", "start of all chance"},
	TEXT("key", key, "", "KEY", "ask for the header X-Api-Key: KEY (else code 40)"),
	TEXT("senders", senders, "", "A,B", "know only these senders (else code 12)"),
	TEXT("callback", callback, "", "URL", "for receipts of requests that name none"),
	NUMBER("batch-max", batch_max, 1, 10000, "500", "N", "messages in a POST /batch"),
	NUMBER("bulk-max", bulk_max, 1, 10000, "5000", "N", "numbers in a POST /bulk"),
	NUMBER("text-max", text_max, 1, 100000, "2000", "N", "characters in a text"),
	NUMBER("max-body", body_max, 256, 1 << 28, "8388608", "BYTES", "of a request's body"),
	NUMBER("max-connections", connections_max, 1, 65536, "4096", "N",
	       "more are closed at once"),
	NUMBER("idle-timeout", idle_ms, 0, 86400000, "60000", "MS",
	       "close kept connections that ask nothing; 0 = never"),
	SWITCH("shuffle", shuffle, "answer a batch out of order"),
	SWITCH("moods", moods, "the number's last digits decide (tests/gateway/README.md)"),
	{"dedupe", KIND_DEDUPE, AT(dedupe), false, 0, 0, "none", "none|forever|SECONDS",
	 "how long an accepted reference is refused as code 30"},
	SWITCH("dedupe-text", dedupe_text, "compare number and text instead of the reference"),
	NUMBER("latency", latency_ms, 0, 3600000, "0", "MS", "between request and answer"),
	NUMBER("latency-jitter", latency_jitter_ms, 0, 3600000, "0", "MS",
	       "up to so much more or less"),
	NUMBER("rate", rate, 0, 100000000, "0", "N",
	       "messages in any second, 2 % more are let through; over it 429; 0 = no limit"),
	SWITCH("rate-strict", rate_strict, "let not one message more through than the rate"),
	CHANCE("error-rate", error_rate, "a message is answered 21, temporary"),
	CHANCE("refuse-rate", refuse_rate, "a message is refused, code 10"),
	CHANCE("throttle-rate", throttle_rate, "a request is answered 429, code 20"),
	CHANCE("reset-before", reset_before, "RST after the request was read, nothing accepted"),
	CHANCE("html502-before", html502_before, "a proxy's HTML 502, nothing accepted"),
	CHANCE("hang", hang, "nothing accepted, never an answer"),
	CHANCE("reset-after", reset_after, "accepted, then RST instead of an answer"),
	CHANCE("fin-after", fin_after, "accepted, then closed without an answer"),
	CHANCE("html502-after", html502_after, "accepted, then a proxy's HTML 502"),
	CHANCE("half-answer", half_answer, "accepted, half of the answer, then closed"),
	CHANCE("garbage", garbage, "accepted, then an answer that is none"),
	CHANCE("hang-after", hang_after, "accepted, never an answer"),
	NUMBER("close-after", close_after, 0, INT32_MAX, "0", "N",
	       "a connection's N-th request: accepted, then closed without an answer; 0 = never"),
	NUMBER("close-after-rst", close_after_rst, 0, INT32_MAX, "0", "N", "the same, with RST"),
	NUMBER("fault-in", fault_in, 0, INT32_MAX, "0", "N",
	       "the N-th request from now on meets the --fault; 0 = none"),
	{"fault", KIND_FAULT, AT(fault), false, 0, 0, "reset-before", "NAME", "which one"},
	{"receipts", KIND_RECEIPTS, AT(receipts), false, 0, 0, "none", "none|delivered|mixed",
	 "what is reported to the callback"},
	NUMBER("receipt-delay", receipt_delay_ms, 0, 86400000, "100", "MS",
	       "from acceptance to receipt"),
	NUMBER("receipt-jitter", receipt_jitter_ms, 0, 86400000, "0", "MS",
	       "up to so much more or less"),
	CHANCE("receipt-duplicate", receipt_duplicate, "a receipt comes twice"),
	SWITCH("receipt-reorder", receipt_reorder, "receipts come in disorder, last states first"),
	CHANCE("receipt-early", receipt_early, "a receipt comes before the answer"),
	NUMBER("receipt-batch", receipt_batch, 1, 1000, "1", "N", "receipts in one POST"),
	NUMBER("receipt-connections", receipt_connections, 1, 64, "8", "N",
	       "to one callback, at most"),
	NUMBER("receipt-tries", receipt_tries, 1, 1000, "30", "N", "until a receipt is given up"),
	NUMBER("inbox-status", inbox_status, 200, 599, "200", "N", "what /inbox answers"),
	TEXT("esms-api-key", esms_api_key, "", "KEY", "eSMS: ask for this ApiKey (else 101)"),
	TEXT("esms-secret-key", esms_secret_key, "", "KEY", "eSMS: ask for this SecretKey"),
	NUMBER("esms-account", esms_account, 0, 999, "0", "CODE",
	       "eSMS: answer this to everything, as 102, 140 or 143; 0 = no"),
	TEXT("esms-templates", esms_templates, "", "A|B",
	     "eSMS: a CSKH text must begin with one of these (else 146)"),
	SWITCH("esms-same-text", esms_same_text,
	       "eSMS: the same text to the same number once in 5 minutes (else 99)"),
	NUMBER("esms-processing", esms_processing_ms, 0, 86400000, "0", "MS",
	       "eSMS: so long a repeated RequestId is 199, then 124"),
	NUMBER("esms-approval", esms_approval_ms, 0, 86400000, "500", "MS",
	       "eSMS: so long a QC request waits for approval"),
	CHANCE("esms-reject", esms_reject, "eSMS: a QC request is not approved"),
	NUMBER("esms-status-lag", esms_status_lag_ms, 0, 86400000, "0", "MS",
	       "eSMS: so long looking up finds nothing (105)"),
	{"esms-result", KIND_RESULT, AT(esms_result), false, 0, 0, "number", "number|bool|text",
	 "eSMS: how IsSent and SentResult are written"},
	NUMBER("esms-balance", esms_balance, INT64_MIN, INT64_MAX, "100000000", "VND",
	       "eSMS: the balance, falls with each message"),
	NUMBER("esms-price", esms_price, 0, 1000000, "500", "VND", "eSMS: of a part of a message"),
	SWITCH("esms-prepaid", esms_prepaid, "eSMS: refuse what the balance does not pay (103)"),
};

#define COUNT (sizeof(options) / sizeof(options[0]))

const struct option *
option_at(size_t i)
{
	return i < COUNT ? &options[i] : NULL;
}

const struct option *
option_find(const char *name)
{
	for (size_t i = 0; i < COUNT; i++) {
		if (strcmp(options[i].name, name) == 0)
			return &options[i];
	}
	return NULL;
}

const char *
option_name(const struct option *o)
{
	return o->name;
}

bool
option_is_switch(const struct option *o)
{
	return o->kind == KIND_SWITCH;
}

bool
option_is_fixed(const struct option *o)
{
	return o->is_fixed;
}

static bool
read_number(const char *value, int64_t least, int64_t most, int64_t *out)
{
	char *end;

	errno = 0;
	*out = strtoll(value, &end, 10);
	return isdigit((unsigned char)value[value[0] == '-']) && *end == '\0' && errno == 0 &&
	       *out >= least && *out <= most;
}

static bool
set_text(char *field, const char *value, const char **why)
{
	*why = "at most 255 bytes without control characters";
	if (strlen(value) >= OPTION_TEXT_MAX)
		return false;
	for (const char *p = value; *p != '\0'; p++) {
		if (iscntrl((unsigned char)*p))
			return false;
	}
	snprintf(field, OPTION_TEXT_MAX, "%s", value);
	return true;
}

static bool
set_chance(double *field, const char *value, const char **why)
{
	char *end;
	double p = strtod(value, &end);

	*why = "a chance from 0 to 1";
	if (end == value || *end != '\0' || !(p >= 0 && p <= 1))
		return false;
	*field = p;
	return true;
}

static bool
set_switch(bool *field, const char *value, const char **why)
{
	*why = "on or off";
	*field = strcmp(value, "on") == 0;
	return *field || strcmp(value, "off") == 0;
}

/* names: three */
static bool
set_choice(const char *const *names, int64_t *field, const char *value, const char **why)
{
	static char choice[80];

	snprintf(choice, sizeof(choice), "%s, %s or %s", names[0], names[1], names[2]);
	*why = choice;
	for (int i = 0; i < 3; i++) {
		if (strcmp(names[i], value) == 0) {
			*field = i;
			return true;
		}
	}
	return false;
}

static bool
set_fault(int64_t *field, const char *value, const char **why)
{
	*why = "the name of a fault (tests/gateway/README.md)";
	for (size_t i = 0; nth_at(i) != NULL; i++) {
		if (strcmp(nth_at(i)->name, value) == 0) {
			*field = (int64_t)i;
			return true;
		}
	}
	return false;
}

static bool
set_dedupe(int64_t *field, const char *value, const char **why)
{
	int64_t n = 0;

	*why = "none, forever or seconds";
	if (strcmp(value, "none") == 0)
		n = DEDUPE_NONE;
	else if (strcmp(value, "forever") == 0)
		n = DEDUPE_FOREVER;
	else if (!read_number(value, 1, 1000000000, &n))
		return false;
	*field = n;
	return true;
}

static bool
set_number(const struct option *o, int64_t *field, const char *value, const char **why)
{
	static char range[80];
	int64_t n;

	if (!read_number(value, o->least, o->most, &n)) {
		snprintf(range, sizeof(range), "a number from %" PRId64 " to %" PRId64, o->least,
			 o->most);
		*why = range;
		return false;
	}
	*field = n;
	return true;
}

bool
option_set(const struct option *o, struct settings *s, const char *value, const char **why)
{
	void *field = (char *)s + o->at;

	switch (o->kind) {
	case KIND_TEXT:
		return set_text(field, value, why);
	case KIND_NUMBER:
		return set_number(o, field, value, why);
	case KIND_CHANCE:
		return set_chance(field, value, why);
	case KIND_SWITCH:
		return set_switch(field, value, why);
	case KIND_RECEIPTS:
		return set_choice(receipts_names, field, value, why);
	case KIND_RESULT:
		return set_choice(result_names, field, value, why);
	case KIND_FAULT:
		return set_fault(field, value, why);
	case KIND_DEDUPE:
		return set_dedupe(field, value, why);
	}
	return false;
}

void
option_show(const struct option *o, const struct settings *s, char *out, size_t cap)
{
	const void *field = (const char *)s + o->at;
	int64_t n;

	switch (o->kind) {
	case KIND_TEXT:
		snprintf(out, cap, "%s", (const char *)field);
		return;
	case KIND_NUMBER:
		snprintf(out, cap, "%" PRId64, *(const int64_t *)field);
		return;
	case KIND_CHANCE:
		snprintf(out, cap, "%.17g", *(const double *)field);
		return;
	case KIND_SWITCH:
		snprintf(out, cap, "%s", *(const bool *)field ? "on" : "off");
		return;
	case KIND_RECEIPTS:
		snprintf(out, cap, "%s", receipts_names[*(const int64_t *)field]);
		return;
	case KIND_RESULT:
		snprintf(out, cap, "%s", result_names[*(const int64_t *)field]);
		return;
	case KIND_FAULT:
		snprintf(out, cap, "%s", nth_at((size_t) * (const int64_t *)field)->name);
		return;
	case KIND_DEDUPE:
		n = *(const int64_t *)field;
		if (n > 0)
			snprintf(out, cap, "%" PRId64, n);
		else
			snprintf(out, cap, "%s", n == DEDUPE_NONE ? "none" : "forever");
		return;
	}
}

void
options_default(struct settings *s)
{
	const char *why;

	*s = (struct settings){0};
	for (size_t i = 0; i < COUNT; i++)
		option_set(&options[i], s, options[i].start, &why);
}

void
options_help(FILE *f)
{
	char left[64];

	fputs("usage: gateway [--FLAG VALUE …]\n\n"
	      "A third-party SMS gateway to try senders against: POST /send, /batch, /bulk, and\n"
	      "the addresses of eSMS.vn. Strict about its input, misbehaves on demand, keeps a\n"
	      "ledger. P is a chance from 0 to 1.\n"
	      "Live: POST /control {\"FLAG\":VALUE}, GET /control. Looking in: GET /stats, GET "
	      "/ledger.\n"
	      "/inbox takes receipts when there is no receiver. TERM or INT ends it.\n\n",
	      f);
	for (size_t i = 0; i < COUNT; i++) {
		snprintf(left, sizeof(left), "--%s %s", options[i].name, options[i].label);
		fprintf(f, "  %-34s %s", left, options[i].help);
		if (options[i].kind == KIND_NUMBER || options[i].is_fixed) {
			if (options[i].start[0] != '\0' && strcmp(options[i].start, "0") != 0)
				fprintf(f, " (%s)", options[i].start);
		}
		fputc('\n', f);
	}
	fputs("  --help                             this\n", f);
}
