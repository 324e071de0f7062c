/* SPDX-License-Identifier: MIT */
/*
 * Arithmetic as liquidjs has it: what is no number counts as 0. One thing is
 * ours: a result that is no finite number, as of a division by 0, is nil.
 */
#include <math.h>

#include "base/mem.h"
#include "templates/program.h"

static double
or_zero(struct template_value v)
{
	double x = value_number(v);

	return isnan(x) ? 0 : x;
}

static struct template_value
apply_plus(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, or_zero(in) + or_zero(c->args[0]));
}

static struct template_value
apply_minus(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, or_zero(in) - or_zero(c->args[0]));
}

static struct template_value
apply_times(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, or_zero(in) * or_zero(c->args[0]));
}

/* The second argument true: whole numbers only, rounded down. */
static struct template_value
apply_divided_by(const struct filter_call *c, struct template_value in)
{
	double x = or_zero(in) / or_zero(c->args[0]);

	return number_value(c->scratch,
			    c->count > 1 && c->args[1].kind == TEMPLATE_TRUE ? floor(x) : x);
}

/* The sign is the divisor's. */
static struct template_value
apply_modulo(const struct filter_call *c, struct template_value in)
{
	double by = or_zero(c->args[0]);

	return number_value(c->scratch, fmod(fmod(or_zero(in), by) + by, by));
}

static struct template_value
apply_round(const struct filter_call *c, struct template_value in)
{
	double x = or_zero(in), places = c->count > 0 ? or_zero(c->args[0]) : 0;

	if (places < -1000 || places > 1000)
		places = places < 0 ? -1000 : 1000;
	return number_value(c->scratch, places == floor(places) ? number_round(x, (int)places) : x);
}

static struct template_value
apply_ceil(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, ceil(or_zero(in)));
}

static struct template_value
apply_floor(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, floor(or_zero(in)));
}

static struct template_value
apply_abs(const struct filter_call *c, struct template_value in)
{
	return number_value(c->scratch, fabs(or_zero(in)));
}

const struct filter math_filters[] = {
	{"plus", 1, 1, false, apply_plus, NULL},
	{"minus", 1, 1, false, apply_minus, NULL},
	{"times", 1, 1, false, apply_times, NULL},
	{"divided_by", 1, 2, false, apply_divided_by, NULL},
	{"modulo", 1, 1, false, apply_modulo, NULL},
	{"round", 0, 1, false, apply_round, NULL},
	{"ceil", 0, 0, false, apply_ceil, NULL},
	{"floor", 0, 0, false, apply_floor, NULL},
	{"abs", 0, 0, false, apply_abs, NULL},
};
const size_t math_filter_count = ARRAY_LEN(math_filters);
