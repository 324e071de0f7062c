/* SPDX-License-Identifier: MIT */
/* Numbers as Liquid prints them, which is as JavaScript does (ECMA-262 Number::toString). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "templates/program.h"

/* The shortest digits that read back as x; returns n with x = 0.DIGITS × 10^n. */
static int
shortest_digits(double x, char digits[20])
{
	char tmp[40];
	size_t n = 0;
	int exponent;

	for (int precision = 0; precision < 17; precision++) {
		snprintf(tmp, sizeof(tmp), "%.*e", precision, x);
		if (strtod(tmp, NULL) == x)
			break;
	}
	for (const char *p = tmp; *p != 'e' && *p != '\0'; p++)
		if (*p >= '0' && *p <= '9' && n < 19)
			digits[n++] = *p;
	digits[n] = '\0';
	exponent = (int)strtol(strchr(tmp, 'e') + 1, NULL, 10);
	return exponent + 1;
}

static void
add_zeros(struct buf *out, int count)
{
	for (; count > 0; count--)
		buf_addc(out, '0');
}

void
template_add_number(struct buf *out, double x)
{
	char digits[20];
	int count, point;

	if (x == 0 || !isfinite(x)) {
		buf_adds(out, x == 0 ? "0" : isnan(x) ? "NaN" : x < 0 ? "-Infinity" : "Infinity");
		return;
	}
	if (x < 0)
		buf_addc(out, '-');
	point = shortest_digits(fabs(x), digits);
	count = (int)strlen(digits);
	if (point > 21 || point < -5) {
		buf_addf(out, "%c%s%s", digits[0], count > 1 ? "." : "", digits + 1);
		buf_addf(out, "e%c%d", point > 0 ? '+' : '-', abs(point - 1));
	} else if (point <= 0) {
		buf_adds(out, "0.");
		add_zeros(out, -point);
		buf_adds(out, digits);
	} else if (count <= point) {
		buf_adds(out, digits);
		add_zeros(out, point - count);
	} else {
		buf_addf(out, "%.*s.%s", point, digits, digits + point);
	}
}
