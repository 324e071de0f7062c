/* SPDX-License-Identifier: MIT */
/* loa text: what a message costs, and why. */
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/cli.h"
#include "templates/sms.h"
#include "templates/vietnamese.h"

/* Characters that one answer lists; beyond that it says how many there are. */
#define LISTED_MAX 200

struct job {
	bool is_plain, is_json;
};

static void
add_char(struct buf *out, bool is_first, uint32_t c, uint32_t at)
{
	struct buf utf8 = {0};

	text_add_code_point(&utf8, (int32_t)c);
	buf_adds(out, is_first ? "{\"char\":" : ",{\"char\":");
	json_add_string(out, buf_slice(&utf8));
	buf_addf(out, ",\"at\":%u}", at);
	buf_free(&utf8);
}

static void
add_total(struct buf *out, const char *name, size_t total)
{
	if (total > LISTED_MAX)
		buf_addf(out, ",\"%s_total\":%zu", name, total);
}

/* "unicode_because":[…]: every character that GSM 7-bit has not. */
static void
add_unicode_because(struct buf *out, struct slice text)
{
	size_t count = 0;

	buf_adds(out, ",\"unicode_because\":[");
	for (uint32_t at = 0; text.n > 0; at++) {
		int32_t c = text_next(&text);

		if (sms_gsm7_septets((uint32_t)c) > 0)
			continue;
		if (count++ < LISTED_MAX)
			add_char(out, count == 1, (uint32_t)c, at);
	}
	buf_adds(out, "]");
	add_total(out, "unicode_because", count);
}

static void
add_lost(struct buf *out, const struct plain_lost *lost, size_t count)
{
	buf_adds(out, ",\"lost\":[");
	for (size_t i = 0; i < count && i < LISTED_MAX; i++)
		add_char(out, i == 0, lost[i].code_point, lost[i].at);
	buf_adds(out, "]");
	add_total(out, "lost", count);
}

/* text is well-formed UTF-8. */
static void
add_answer(struct buf *out, struct slice text, bool is_plain)
{
	struct plain_lost lost[LISTED_MAX];
	struct buf counted = {0};
	struct sms_count n;
	size_t lost_count = 0;

	if (is_plain)
		lost_count = plain_add(&counted, text, lost, LISTED_MAX);
	else
		text_add_nfc(&counted, text);
	n = sms_count(buf_slice(&counted));
	buf_adds(out, "{\"text\":");
	json_add_string(out, buf_slice(&counted));
	buf_addf(out, ",\"encoding\":\"%s\",\"units\":%u,\"parts\":%u",
		 sms_encoding_name(n.encoding), n.units, n.parts);
	add_unicode_because(out, buf_slice(&counted));
	if (is_plain)
		add_lost(out, lost, lost_count);
	buf_addc(out, '}');
	buf_free(&counted);
}

static bool
answer_json_line(struct slice line, struct buf *out, const struct job *job)
{
	struct err_ctx e;
	json_t *v;

	if (json_parse(line, CLI_LINE_MAX, "line", &v, &e) != ERR_OK) {
		cli_add_error(out, "input", e.why);
		return false;
	}
	if (!json_is_string(v)) {
		cli_add_error(out, "input", "the line is no JSON string");
		json_decref(v);
		return false;
	}
	add_answer(out, (struct slice){json_string_value(v), json_string_length(v)}, job->is_plain);
	json_decref(v);
	return true;
}

static bool
answer_line(struct slice line, struct buf *out, void *arg)
{
	const struct job *job = arg;
	ptrdiff_t malformed = text_find_malformed(line);
	char why[80];

	if (malformed >= 0) {
		snprintf(why, sizeof(why), "the line is not UTF-8: see byte %td", malformed + 1);
		cli_add_error(out, "not-utf8", why);
		return false;
	}
	if (job->is_json)
		return answer_json_line(line, out, job);
	add_answer(out, line, job->is_plain);
	return true;
}

int
verb_text(int argc, char **argv)
{
	struct job job = {0};
	const struct cli_option options[] = {
		{"--plain", NULL, &job.is_plain},
		{"--json", NULL, &job.is_json},
		{NULL, NULL, NULL},
	};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 1)
		return cli_usage("text", "takes no words: the messages come on standard input");
	return cli_each_line(answer_line, &job);
}
