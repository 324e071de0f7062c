/* SPDX-License-Identifier: MIT */
#include "tests/gateway/esms.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "tests/gateway/gateway.h"
#include "tests/gateway/networks.h"
#include "tests/gateway/query.h"
#include "tests/gateway/times.h"

/* What all dialects say, in numbers of this one; 503 is the status that it is said with. */
static const struct {
	enum code code;
	int number;
} common[] = {
	{CODE_ACCEPTED, 100}, {CODE_NUMBER, 99},     {CODE_TEXT, 210},	    {CODE_SENDER, 104},
	{CODE_FAST, 160},     {CODE_TEMPORARY, 503}, {CODE_DUPLICATE, 124}, {CODE_KEY, 101},
};

static const struct {
	int number;
	const char *message;
} messages[] = {
	{99, "Phone number is blocked"},
	{101, "Authorize Failed"},
	{102, "No price list"},
	{103, "Balance is not enough to send"},
	{104, "Brandname is not valid"},
	{105, "SMSID not found"},
	{107, "At least 30 different valid phone numbers"},
	{108, "Phone number is not valid"},
	{118, "SmsType is not supported"},
	{120, "Too many phone numbers"},
	{124, "RequestId is already used"},
	{140, "IP is not listed"},
	{143, "Account is locked"},
	{146, "Content does not match a registered template"},
	{160, "TPS exceeded"},
	{199, "Request exists and is being processed"},
	{210, "Bad payload"},
	{300, "SmsType is missing"},
	{851, "Id is missing"},
};

static int
number_of(enum code c)
{
	for (size_t i = 0; i < sizeof(common) / sizeof(common[0]); i++) {
		if (common[i].code == c)
			return common[i].number;
	}
	return (int)c;
}

const char *
esms_code_name(enum code c)
{
	static char digits[16];

	if (c == CODE_ESMS_NO_JSON)
		return "error";
	if (c == CODE_ESMS_TWICE)
		return "twice";
	snprintf(digits, sizeof(digits), "%d", number_of(c));
	return digits;
}

const char *
esms_code_message(enum code c)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		if (messages[i].number == number_of(c))
			return messages[i].message;
	}
	return "Failed";
}

void
esms_answer_error(struct reply *r, const char *name, struct verdict v, const char *message)
{
	struct bytes *b = &r->body;

	b->n = 0;
	if (v.code == CODE_ESMS_NO_JSON) {
		bytes_str(b, "{\"error\":\"Invalid request\"}");
		return;
	}
	if (v.code == CODE_TEMPORARY) {
		r->status = 503;
		r->type = "text/html";
		bytes_str(b, "<html><head><title>Service Unavailable</title></head></html>\n");
		return;
	}
	if (message == NULL)
		message = esms_code_message(v.code);
	bytes_format(b, "{\"%s\":\"%s\",%s\"ErrorMessage\":", name, esms_code_name(v.code),
		     strcmp(name, "CodeResult") == 0 ? "\"CountRegenerate\":0," : "");
	bytes_json(b, (struct text){(char *)(intptr_t)message, strlen(message)});
	if (v.code == CODE_ESMS_TEMPLATE)
		bytes_format(b, ",\"SMSID\":\"gw-%llu\"", (unsigned long long)v.id);
	bytes_str(b, "}");
}

void
esms_answer_send(struct reply *r, uint64_t id)
{
	r->body.n = 0;
	bytes_format(&r->body,
		     "{\"CodeResult\":\"100\",\"CountRegenerate\":0,\"SMSID\":\"gw-%llu\"}",
		     (unsigned long long)id);
}

void
esms_callback_query(struct bytes *b, const struct shelf_sms *m, struct totals t, struct text to,
		    struct text ref)
{
	char id[32];
	int network = to.p == NULL ? 0 : network_of(to).id;

	snprintf(id, sizeof(id), "gw-%llu", (unsigned long long)m->id);
	query_add(b, "SMSID", (struct text){id, strlen(id)});
	query_add(b, "RequestId", ref);
	query_add_number(b, "SendStatus", t.status);
	query_add_number(b, "SendSuccess", (int64_t)t.success);
	query_add_number(b, "SendFailed", (int64_t)t.failed);
	query_add_number(b, "TotalSent", (int64_t)t.sent);
	query_add_number(b, "TotalReceiver", (int64_t)t.receivers);
	query_add_number(b, "TotalPrice", (int64_t)t.price);
	query_add_number(b, "TypeId", m->type);
	if (network == 0)
		query_add(b, "telcoid", (struct text){NULL, 0});
	else
		query_add_number(b, "telcoid", network);
	query_add(b, "phonenumber", to);
	query_add(b, "switchsmsid", (struct text){NULL, 0});
}

void
esms_put_time(struct bytes *b, uint64_t wall_us)
{
	time_t at = (time_t)(wall_us / SECOND) + HANOI_S;
	char text[32];
	struct tm tm;

	gmtime_r(&at, &tm);
	strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	bytes_str(b, text);
}
