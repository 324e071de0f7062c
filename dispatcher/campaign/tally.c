/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/tally.h"

#include "base/mem.h"

void
tally_sum_add(struct tally_sum *s, unsigned parts, int64_t cost)
{
	s->messages++;
	s->parts += parts;
	s->cost += cost;
}

void
tally_message(struct tally *t, unsigned carrier, struct sms_count n, int64_t price)
{
	int64_t cost = price * n.parts;

	carrier %= CARRIERS_MAX;
	tally_sum_add(&t->sum, n.parts, cost);
	tally_sum_add(&t->carrier[carrier], n.parts, cost);
	t->unicode += n.encoding == SMS_UCS2;
	t->by_parts[carrier][n.encoding == SMS_UCS2][n.parts % TALLY_PARTS]++;
}

void
tally_modes_add(struct tally *t, const struct tally_modes *m, int64_t price)
{
	for (size_t i = 0; i < ARRAY_LEN(t->mode); i++) {
		struct tally_mode *mode = &t->mode[i];

		if (m->parts[i] == 0) {
			mode->skipped++;
			continue;
		}
		tally_sum_add(&mode->sum, m->parts[i], price * m->parts[i]);
		mode->unicode += m->is_unicode[i];
	}
}

/* ---- telling ---- */

json_t *
tally_sum_json(const struct tally_sum *s)
{
	return json_pack("{s:I, s:I, s:I}", "messages", (json_int_t)s->messages, "parts",
			 (json_int_t)s->parts, "cost", (json_int_t)s->cost);
}

json_t *
tally_histogram_json(const struct tally *t, unsigned carrier)
{
	unsigned from = carrier < CARRIERS_MAX ? carrier : 0;
	unsigned to = carrier < CARRIERS_MAX ? carrier + 1 : CARRIERS_MAX;
	json_t *out = json_array();

	for (int parts = 1; parts < TALLY_PARTS; parts++) {
		uint64_t n[2] = {0, 0};

		for (unsigned c = from; c < to; c++) {
			n[SMS_GSM7] += t->by_parts[c][SMS_GSM7][parts];
			n[SMS_UCS2] += t->by_parts[c][SMS_UCS2][parts];
		}
		if (n[SMS_GSM7] + n[SMS_UCS2] > 0)
			json_array_append_new(
				out, json_pack("{s:i, s:I, s:I, s:I}", "parts", parts, "messages",
					       (json_int_t)(n[SMS_GSM7] + n[SMS_UCS2]), "gsm7",
					       (json_int_t)n[SMS_GSM7], "ucs2",
					       (json_int_t)n[SMS_UCS2]));
	}
	return out;
}

json_t *
tally_modes_json(const struct tally *t)
{
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_LEN(t->mode); i++) {
		const struct tally_mode *m = &t->mode[i];
		json_t *one = tally_sum_json(&m->sum);

		json_object_set_new(one, "unicode", json_integer((json_int_t)m->unicode));
		json_object_set_new(one, "skipped", json_integer((json_int_t)m->skipped));
		json_object_set_new(out, accents_names[i], one);
	}
	return out;
}
