/* SPDX-License-Identifier: MIT */
/* loa text: what a message costs, and why. */
#include <stdio.h>

#include "base/json.h"
#include "base/mem.h"
#include "base/text.h"
#include "dispatcher/cli/cli.h"
#include "dispatcher/sms_table.h"
#include "segments/phone.h"
#include "templates/accents.h"
#include "templates/invisible.h"
#include "templates/vietnamese.h"

/* Characters that one answer lists of a kind; beyond that it says how many there are. */
#define LISTED_MAX 200

struct job {
	bool is_json, is_cleaned, has_accents;
	enum accents accents;
	const struct sms_rules *rules; /* NULL = the standard, and no verdict */
	const char *carrier;	       /* NULL = whichever */
	struct sms_table table;
	struct buf nfc, cleaned, plain; /* of one line */
	struct buf one;			/* of one character */
};

/* ---- the answer ---- */

/* {"char":"ễ" of an element of a list; the caller goes on. */
static void
add_character(struct buf *out, struct job *job, bool is_first, uint32_t c)
{
	buf_reset(&job->one);
	text_add_code_point(&job->one, (int32_t)c);
	buf_adds(out, is_first ? "{\"char\":" : ",{\"char\":");
	json_add_string(out, buf_slice(&job->one));
}

/* ] and, if not all are listed, how many there are. */
static void
end_list(struct buf *out, const char *name, size_t total)
{
	buf_addc(out, ']');
	if (total > LISTED_MAX)
		buf_addf(out, ",\"%s_total\":%zu", name, total);
}

/* What could stand there instead, if that is not Unicode again. */
static void
add_suggestion(struct buf *out, struct job *job, uint32_t c, uint32_t before)
{
	buf_reset(&job->one);
	if (!plain_add_character(&job->one, c, before))
		return;
	for (struct slice rest = buf_slice(&job->one); rest.n > 0;)
		if (sms_forces_unicode(job->rules, (uint32_t)text_next(&rest)))
			return;
	buf_adds(out, ",\"suggestion\":");
	json_add_string(out, buf_slice(&job->one));
}

/* Every character that makes the text Unicode. */
static void
add_unicode_because(struct buf *out, struct job *job, struct slice text)
{
	uint32_t before = 0;
	size_t count = 0;

	buf_adds(out, ",\"unicode_because\":[");
	for (uint32_t at = 0; text.n > 0; at++) {
		uint32_t c = (uint32_t)text_next(&text);

		if (sms_forces_unicode(job->rules, c) && count++ < LISTED_MAX) {
			add_character(out, job, count == 1, c);
			buf_addf(out, ",\"at\":%u", at);
			add_suggestion(out, job, c, before);
			buf_addc(out, '}');
		}
		before = c;
	}
	end_list(out, "unicode_because", count);
}

static void
add_invisible(struct buf *out, struct job *job, struct slice text)
{
	struct invisible found[LISTED_MAX];
	size_t count = invisible_find(text, found, LISTED_MAX);

	buf_adds(out, ",\"invisible\":[");
	for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
		add_character(out, job, i == 0, found[i].code_point);
		buf_addf(out, ",\"name\":\"%s\",\"at\":%u}", invisible_name(found[i].code_point),
			 found[i].at);
	}
	end_list(out, "invisible", count);
}

static void
add_lost(struct buf *out, struct job *job, struct slice text)
{
	struct plain_lost lost[LISTED_MAX];
	struct buf unused = {0};
	size_t count = plain_add(&unused, text, lost, LISTED_MAX);

	buf_adds(out, ",\"lost\":[");
	for (size_t i = 0; i < count && i < LISTED_MAX; i++) {
		add_character(out, job, i == 0, lost[i].code_point);
		buf_addf(out, ",\"at\":%u}", lost[i].at);
	}
	end_list(out, "lost", count);
	buf_free(&unused);
}

static void
add_verdict(struct buf *out, struct job *job, const struct sms_bill *b)
{
	buf_adds(out, ",\"carrier\":");
	if (job->carrier == NULL)
		buf_adds(out, "null");
	else
		json_add_string(out, slice_of(job->carrier));
	buf_addf(out, ",\"traffic\":\"%s\",\"verdict\":\"%s\"",
		 sms_traffic_names[job->rules->traffic], sms_verdict_name(b->verdict));
	if (b->verdict == SMS_TOO_LONG)
		buf_addf(out, ",\"max\":%u", b->max);
	if (b->verdict == SMS_CHARACTER_REFUSED) {
		buf_adds(out, ",\"refused\":");
		add_character(out, job, true, b->refused);
		buf_addf(out, ",\"at\":%u}", b->refused_at);
	}
}

/* text is well-formed UTF-8. */
static void
add_answer(struct buf *out, struct job *job, struct slice text)
{
	struct accents_choice choice;
	struct slice nfc;

	buf_reset(&job->nfc);
	buf_reset(&job->cleaned);
	buf_reset(&job->plain);
	text_add_nfc(&job->nfc, text);
	nfc = buf_slice(&job->nfc);
	if (job->is_cleaned && invisible_find(nfc, NULL, 0) > 0) {
		struct buf again = {0};

		invisible_clean(&again, nfc);
		text_add_nfc(&job->cleaned, buf_slice(&again));
		buf_free(&again);
		nfc = buf_slice(&job->cleaned);
	}
	choice = accents_choose(job->accents, job->rules, nfc, &job->plain);
	buf_adds(out, "{\"text\":");
	json_add_string(out, choice.text);
	buf_addf(out, ",\"encoding\":\"%s\",\"units\":%u,\"parts\":%u",
		 sms_encoding_name(choice.bill.count.encoding), choice.bill.count.units,
		 choice.bill.count.parts);
	add_unicode_because(out, job, choice.text);
	if (choice.is_plain)
		add_lost(out, job, nfc);
	add_invisible(out, job, buf_slice(&job->nfc));
	if (job->has_accents)
		buf_addf(out, ",\"accents\":\"%s\"", choice.is_plain ? "plain" : "kept");
	if (job->rules != NULL)
		add_verdict(out, job, &choice.bill);
	buf_addc(out, '}');
}

/* ---- lines ---- */

static bool
answer_json_line(struct slice line, struct buf *out, struct job *job)
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
	add_answer(out, job, (struct slice){json_string_value(v), json_string_length(v)});
	json_decref(v);
	return true;
}

static bool
answer_line(struct slice line, struct buf *out, void *arg)
{
	struct job *job = arg;
	ptrdiff_t malformed = text_find_malformed(line);
	const char *nul = line.n == 0 ? NULL : memchr(line.p, '\0', line.n);
	char why[80];

	if (malformed >= 0) {
		snprintf(why, sizeof(why), "the line is not UTF-8: see byte %td", malformed + 1);
		cli_add_error(out, "not-utf8", why);
		return false;
	}
	if (nul != NULL) {
		snprintf(why, sizeof(why), "the line has a NUL: see byte %td", nul - line.p + 1);
		cli_add_error(out, "input", why);
		return false;
	}
	if (job->is_json)
		return answer_json_line(line, out, job);
	add_answer(out, job, line);
	return true;
}

/* ---- options ---- */

struct words {
	const char *accents, *carrier, *traffic, *rules; /* NULL = not given */
	bool is_plain;
};

/* The index of a word among names; *out stays as it is when the option is not given. */
static enum err
choose(const char *option, const char *word, const char *const *names, size_t count, int *out,
       struct err_ctx *e)
{
	struct buf all = {0};

	for (size_t i = 0; word != NULL && i < count; i++) {
		if (strcmp(word, names[i]) == 0) {
			*out = (int)i;
			word = NULL;
		}
		buf_addf(&all, "%s%s", i == 0 ? "" : ", ", names[i]);
	}
	if (word != NULL)
		err_set(e, ERR_USAGE, option, "", "\"%.60s\" is none of: %s", word, all.data);
	buf_free(&all);
	return word == NULL ? ERR_OK : ERR_USAGE;
}

static enum err
read_accents(const struct words *w, struct job *job, struct err_ctx *e)
{
	int mode = w->is_plain ? ACCENTS_PLAIN : ACCENTS_KEPT;
	enum err rc = choose("--accents", w->accents, accents_names, 3, &mode, e);

	if (rc == ERR_OK && w->is_plain && mode != ACCENTS_PLAIN)
		return err_set(e, ERR_USAGE, "--plain", "give one of them", "is not --accents %s",
			       w->accents);
	job->accents = (enum accents)mode;
	job->has_accents = w->accents != NULL;
	return rc;
}

static enum err
read_rules(const struct words *w, struct job *job, struct err_ctx *e)
{
	const char *names[16] = {NULL};
	int carrier = -1, traffic = SMS_CSKH;
	size_t count = 0;
	enum err rc;

	if (w->carrier == NULL && w->traffic == NULL && w->rules == NULL)
		return ERR_OK;
	while (count < ARRAY_LEN(names) && carrier_name((int)count + 1) != NULL) {
		names[count] = carrier_name((int)count + 1);
		count++;
	}
	if ((rc = choose("--carrier", w->carrier, names, count, &carrier, e)) != ERR_OK ||
	    (rc = choose("--traffic", w->traffic, sms_traffic_names, 3, &traffic, e)) != ERR_OK ||
	    (rc = sms_table_load(w->rules, &job->table, e)) != ERR_OK)
		return rc;
	job->carrier = w->carrier;
	job->rules = sms_table_today(&job->table, carrier + 1, (enum sms_traffic)traffic);
	return ERR_OK;
}

int
verb_text(int argc, char **argv)
{
	struct job job = {0};
	struct words w = {0};
	const struct cli_option options[] = {
		{"--plain", NULL, &w.is_plain},	    {"--json", NULL, &job.is_json},
		{"--clean", NULL, &job.is_cleaned}, {"--accents", &w.accents, NULL},
		{"--carrier", &w.carrier, NULL},    {"--traffic", &w.traffic, NULL},
		{"--rules", &w.rules, NULL},	    {NULL, NULL, NULL},
	};
	struct err_ctx e;
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK || read_accents(&w, &job, &e) != ERR_OK ||
	    read_rules(&w, &job, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc > 1)
		return cli_usage("text", "takes no words: the messages come on standard input");
	rc = cli_each_line(answer_line, &job);
	buf_free(&job.nfc);
	buf_free(&job.cleaned);
	buf_free(&job.plain);
	buf_free(&job.one);
	return rc;
}
