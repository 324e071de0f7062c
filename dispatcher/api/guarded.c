/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/guarded.h"

#include "base/mem.h"
#include "dispatcher/api/private.h"

typedef json_t *(*guard_fn)(const json_t *v);

static json_int_t
number(const json_t *of, const char *name)
{
	return json_integer_value(json_object_get(of, name));
}

static bool
is_few(json_int_t n)
{
	return n < (json_int_t)API_GROUP_LEAST;
}

static json_t *
size_of(const json_t *of, const char *name)
{
	return api_group_size((uint64_t)number(of, name), true);
}

/* ---- one member ---- */

static json_t *
as_it_is(const json_t *v)
{
	return json_deep_copy(v);
}

static json_t *
as_size(const json_t *v)
{
	return api_group_size((uint64_t)json_integer_value(v), true);
}

/* {"messages", "parts", "cost"} and what else is a number of messages. */
static json_t *
as_sum(const json_t *v)
{
	bool hides = is_few(number(v, "messages"));
	json_t *out = json_object(), *one;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)v, key, one) {
		if (strcmp(key, "parts") == 0 || strcmp(key, "cost") == 0)
			json_object_set_new(out, key, hides ? json_null() : json_deep_copy(one));
		else if (strcmp(key, "messages") == 0 || strcmp(key, "unicode") == 0 ||
			 strcmp(key, "skipped") == 0)
			json_object_set_new(out, key, as_size(one));
		else
			json_object_set_new(out, key, json_deep_copy(one));
	}
	return out;
}

/* [{"parts", "messages", "gsm7", "ucs2"}] */
static json_t *
as_histogram(const json_t *v)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach (v, i, one)
		if (!is_few(number(one, "messages")))
			json_array_append_new(out, json_pack("{s:I, s:I, s:o, s:o}", "parts",
							     number(one, "parts"), "messages",
							     number(one, "messages"), "gsm7",
							     size_of(one, "gsm7"), "ucs2",
							     size_of(one, "ucs2")));
	return out;
}

/* {"viettel": {a sum, "histogram", …}} */
static json_t *
as_sums(const json_t *v)
{
	json_t *out = json_object(), *one;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)v, key, one) {
		const json_t *histogram = json_object_get(one, "histogram");
		json_t *sum;

		if (is_few(number(one, "messages")))
			continue;
		sum = as_sum(one);
		if (histogram != NULL)
			json_object_set_new(sum, "histogram", as_histogram(histogram));
		json_object_set_new(out, key, sum);
	}
	return out;
}

/* By accents: {"keep": {a sum}} */
static json_t *
as_modes(const json_t *v)
{
	json_t *out = json_object(), *one;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)v, key, one)
		json_object_set_new(out, key, as_sum(one));
	return out;
}

/* By language: [{a sum}] */
static json_t *
as_languages(const json_t *v)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach (v, i, one)
		json_array_append_new(out, as_sum(one));
	return out;
}

/* {"count", "exact", "error_pct"} of different texts */
static json_t *
as_distinct(const json_t *v)
{
	json_t *out = json_deep_copy(v);

	json_object_set_new(out, "count", size_of(v, "count"));
	return out;
}

/* {"no phone": 12} */
static json_t *
as_reasons(const json_t *v)
{
	json_t *out = json_object(), *one;
	const char *key;

	json_object_foreach ((json_t *)(uintptr_t)v, key, one)
		if (!is_few(json_integer_value(one)))
			json_object_set(out, key, one);
	return out;
}

/* Of a line of a table: all but whom it is about. */
static json_t *
without_rows(const json_t *line)
{
	json_t *out = json_deep_copy(line);

	json_object_del(out, "row");
	json_object_del(out, "list");
	json_object_del(out, "example");
	if (json_object_get(out, "rows") != NULL)
		json_object_set_new(out, "rows", json_array());
	if (json_object_get(out, "examples") != NULL)
		json_object_set_new(out, "examples", json_array());
	if (json_object_get(out, "alone") != NULL)
		json_object_set_new(out, "alone", size_of(line, "alone"));
	return out;
}

/* [{…, "count", "rows"}], or of "messages". */
static json_t *
as_lines(const json_t *v)
{
	json_t *out = json_array(), *one;
	size_t i;

	json_array_foreach (v, i, one) {
		json_int_t n =
			number(one, json_object_get(one, "count") != NULL ? "count" : "messages");

		if (!is_few(n))
			json_array_append_new(out, without_rows(one));
	}
	return out;
}

/* {"messages", "count", "characters"} of what nobody sees */
static json_t *
as_invisible(const json_t *v)
{
	bool hides = is_few(number(v, "messages"));

	return json_pack("{s:o, s:o, s:o}", "messages", size_of(v, "messages"), "count",
			 hides ? json_null() : json_integer(number(v, "count")), "characters",
			 as_lines(json_object_get(v, "characters")));
}

/* {"unmatched", "carriers": {…}} and when a text could be registered */
static json_t *
as_registered(const json_t *v)
{
	json_t *out = json_deep_copy(v), *carriers = json_object(), *one;
	const char *key;

	json_object_foreach (json_object_get(v, "carriers"), key, one) {
		json_t *side;

		if (is_few(number(one, "messages")))
			continue;
		side = without_rows(one);
		json_object_set_new(side, "unmatched", size_of(one, "unmatched"));
		json_object_set_new(side, "pending", size_of(one, "pending"));
		json_object_set_new(carriers, key, side);
	}
	json_object_set_new(out, "carriers", carriers);
	json_object_set_new(out, "unmatched", size_of(v, "unmatched"));
	if (is_few(number(v, "unmatched"))) { /* it would be there for one */
		json_object_del(out, "lead_days");
		json_object_del(out, "ready_on");
	}
	return out;
}

/* ---- all of them ---- */

static const struct guard {
	const char *name;
	guard_fn fn;
} guards[] = {
	{"campaign", as_it_is},
	{"class", as_it_is},
	{"list", as_it_is},
	{"list_version", as_it_is},
	{"list_rows", as_it_is},
	{"lists", as_it_is},
	{"accents", as_it_is},
	{"language_column", as_it_is},
	{"opens_in_s", as_it_is},
	{"due", as_it_is},
	{"sends_from", as_it_is},
	{"expires", as_it_is},
	{"freeze", as_it_is},
	{"rules", as_it_is},
	{"warnings", as_it_is},
	{"audience", as_size},
	{"messages", as_size},
	{"unicode", as_size},
	{"plain", as_size},
	{"unicode_by_signs", as_size},
	{"histogram", as_histogram},
	{"carriers", as_sums},
	{"traffic", as_sums},
	{"by_accents", as_modes},
	{"languages", as_languages},
	{"distinct_texts", as_distinct},
	{"skipped", as_reasons},
	{"skipped_rows", as_lines},
	{"too_few", as_lines},
	{"no_language", as_lines},
	{"untranslated", as_lines},
	{"missing_fields", as_lines},
	{"not_understood", as_lines},
	{"refused_characters", as_lines},
	{"unicode_because", as_lines},
	{"content", as_lines},
	{"invisible", as_invisible},
	{"registered", as_registered},
};

json_t *
guarded_preview(const json_t *whole)
{
	/* What is worked out of the messages, where they are not told. */
	static const char *const sums[] = {"parts", "cost", "forecast_s", "cost_least",
					   "cost_most"};
	bool hides = is_few(number(whole, "messages"));
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_LEN(guards); i++) {
		const json_t *v = json_object_get(whole, guards[i].name);

		if (v != NULL)
			json_object_set_new(out, guards[i].name, guards[i].fn(v));
	}
	for (size_t i = 0; i < ARRAY_LEN(sums); i++) {
		const json_t *v = json_object_get(whole, sums[i]);

		if (v != NULL)
			json_object_set_new(out, sums[i], hides ? json_null() : json_deep_copy(v));
	}
	json_object_set_new(out, "guarded", json_true());
	return out;
}
