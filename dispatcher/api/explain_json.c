/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/explain_json.h"

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/doubt.h"

static json_t *
time_json(int64_t unix_s)
{
	char text[32];

	if (unix_s <= 0)
		return json_null();
	clock_format_vn(unix_s, text);
	return json_string(text);
}

static json_t *
text_json(const char *s)
{
	return s[0] != '\0' ? json_of_slice(slice_of(s)) : json_null();
}

static const char *
answer_name(enum query_answer a)
{
	return a == QUERY_YES ? "yes" : a == QUERY_NO ? "no" : "not known";
}

static json_t *
segments_json(const struct explain_message *m)
{
	json_t *out = json_array();

	for (size_t i = 0; i < m->segment_count; i++) {
		const struct explain_segment *s = &m->segments[i];
		json_t *conditions = json_array();

		for (size_t k = 0; k < s->count; k++) {
			const struct explain_condition *c = &s->conditions[k];

			json_array_append_new(
				conditions,
				json_pack("{s:o, s:s, s:o}", "condition",
					  c->is_hidden ? json_null() : text_json(c->text), "holds",
					  c->is_hidden ? "***" : answer_name(c->answer), "missing",
					  text_json(c->missing)));
		}
		json_array_append_new(out,
				      json_pack("{s:s, s:s, s:o}", "segment", s->name, "finds",
						answer_name(s->answer), "conditions", conditions));
	}
	return out;
}

static json_t *
attempts_json(const struct explain_message *m)
{
	json_t *out = json_array();

	for (size_t i = 0; i < m->attempt_count; i++) {
		const struct explain_attempt *a = &m->attempts[i];
		json_t *one =
			json_pack("{s:I, s:s, s:s, s:o, s:o, s:o}", "attempt", (json_int_t)i + 1,
				  "provider", a->provider, "state", record_state_name(a->phase),
				  "code", text_json(a->code), "id", text_json(a->id), "answered",
				  time_json(a->answered_s));

		json_object_set_new(one, "receipt",
				    a->has_receipt
					    ? json_pack("{s:o, s:o}", "code", text_json(a->receipt),
							"at", time_json(a->receipt_s))
					    : json_null());
		json_array_append_new(out, one);
	}
	return out;
}

/* The first provider is the one that it went by, or will. */
static json_t *
route_json(const struct explain_run *r, const struct explain_message *m)
{
	const struct run_status *s = &r->status;
	const struct route_choice *c = &s->choice[m->p];
	json_t *providers = json_array(), *out;

	for (unsigned i = 0; i < c->count; i++)
		if (c->tariff[i] < s->tariffs)
			json_array_append_new(providers, json_string(s->lane[c->tariff[i]]));
	out = json_pack("{s:s, s:o}", "kind", route_kind_names[c->kind], "providers", providers);
	if (s->via[m->p].tariffs[0] != '\0') {
		json_object_set_new(out, "since", time_json(s->via[m->p].since_s));
		json_object_set_new(out, "reason", json_string(s->via[m->p].why));
	}
	return out;
}

static json_t *
place_json(const struct explain_message *m)
{
	json_t *out = json_object();

	if (m->list[0] != '\0') {
		json_object_set_new(out, "list", json_of_slice(slice_of(m->list)));
		json_object_set_new(out, "row", json_integer((json_int_t)m->row));
	} else {
		json_object_set_new(out, "taken", time_json(m->taken_s));
	}
	json_object_set_new(out, "in_audience",
			    m->is_frozen ? json_boolean(m->is_in) : json_null());
	if (!m->is_in)
		return out;
	json_object_set_new(out, "state", json_string(record_state_name(m->state)));
	json_object_set_new(out, "reason", text_json(record_reason_text(m->record.reason)));
	json_object_set_new(out, "changed", time_json(m->changed_s));
	return out;
}

static void
add_reason_facts(json_t *out, const struct explain_message *m)
{
	if (m->same_row > 0)
		json_object_set_new(out, "same_phone",
				    json_pack("{s:s, s:I}", "list", m->same_list, "row",
					      (json_int_t)m->same_row));
	if (m->is_field_hidden || m->field[0] != '\0')
		json_object_set_new(out, "missing_field",
				    json_string(m->is_field_hidden ? "***" : m->field));
	if (m->scope[0] != '\0')
		json_object_set_new(out, "suppressed",
				    json_pack("{s:s, s:s, s:o}", "scope", m->scope, "reason",
					      m->why_suppressed, "since",
					      time_json(m->suppressed_s)));
	if (m->doubt.is_known)
		json_object_set_new(out, "doubt",
				    json_pack("{s:s, s:o}", "next",
					      doubt_choice_name((enum doubt_choice)m->doubt.choice),
					      "at", time_json(m->doubt.at_s)));
}

static json_t *
message_json(const struct explain_run *r, const struct explain_message *m)
{
	json_t *out = place_json(m);

	json_object_set_new(out, "carrier", text_json(m->carrier));
	json_object_set_new(out, "erased", json_boolean(m->is_erased));
	json_object_set_new(out, "segments", segments_json(m));
	if (!m->is_in)
		return out;
	json_object_set_new(out, "parts", json_integer(m->record.parts));
	json_object_set_new(out, "provider", text_json(m->provider));
	json_object_set_new(out, "route", route_json(r, m));
	json_object_set_new(out, "attempts", attempts_json(m));
	add_reason_facts(out, m);
	return out;
}

static json_t *
lists_json(const struct explain_run *r)
{
	json_t *out = json_array();

	for (size_t i = 0; i < r->list_count; i++) {
		const struct explain_list *l = &r->lists[i];
		json_t *one = json_pack("{s:s, s:I, s:I}", "list", l->name, "version",
					(json_int_t)l->version, "rows", (json_int_t)l->rows);

		if (l->rows_now > 0)
			json_object_set_new(one, "now",
					    json_pack("{s:I, s:I}", "version",
						      (json_int_t)l->version_now, "rows",
						      (json_int_t)l->rows_now));
		json_array_append_new(out, one);
	}
	return out;
}

static json_t *
head_json(const struct explain_run *r)
{
	json_t *out = json_pack("{s:s, s:s, s:s, s:o}", "campaign", r->campaign, "class", r->class,
				"state", r->state, "launched", time_json(r->launched_s));

	if (r->status.run != 0)
		json_object_set_new(out, "run", json_integer((json_int_t)r->status.run));
	if (r->due_s > 0)
		json_object_set_new(out, "due", time_json(r->due_s));
	return out;
}

json_t *
explain_run_json(const struct explain_run *r)
{
	json_t *out = head_json(r), *messages = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(messages, message_json(r, &r->messages[i]));
	json_object_set_new(out, "lists", lists_json(r));
	json_object_set_new(out, "messages", messages);
	json_object_set_new(out, "more", json_boolean(r->has_more));
	if (r->waiting[0] != '\0')
		json_object_set_new(out, "waiting_for", json_string(r->waiting));
	return out;
}

json_t *
explain_line_json(const struct explain_run *r)
{
	json_t *out = head_json(r), *messages = json_array();

	for (size_t i = 0; i < r->count; i++)
		json_array_append_new(messages, place_json(&r->messages[i]));
	json_object_set_new(out, "messages", messages);
	return out;
}

json_t *
explain_sentences_json(struct slice lines)
{
	json_t *out = json_array();

	while (lines.n > 0)
		json_array_append_new(out, json_of_slice(slice_take_until(&lines, '\n')));
	return out;
}
