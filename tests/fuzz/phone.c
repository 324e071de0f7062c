/* SPDX-License-Identifier: MIT */
/*
 * Phone cells. Input: a cell. Says: a phone or a reason, never both; each phone
 * is 84 and nine digits and reads back as itself; names come from the list.
 */
#include "segments/phone.h"

#include <stdio.h>

#include "base/mem.h"
#include "tests/fuzz/fuzz.h"

/* In the order in which they are named. */
static const char *const repairs[] = {"digits",	    "quotes",	    "label",	  "split",
				      "decimal",    "exponent",	    "separators", "extra-plus",
				      "extra-zero", "leading-zero", "renumbered", "part-dropped"};
static const char *const reasons[] = {
	"empty",    "no-digits", "letters",    "unreadable",	 "lost-digits", "too-short",
	"too-long", "too-many",	 "fixed-line", "service-number", "foreign",	"unknown-prefix"};

static int
find(const char *name, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(names[i], name) == 0)
			return (int)i;
	must(false, "%s is no name", name);
	return -1;
}

static void
check_phone(uint64_t phone, const char *fmt)
{
	struct phone_cell again;
	struct buf text = {0};

	must(phone >= 84000000000 && phone <= 84999999999, "%llu", (unsigned long long)phone);
	buf_addf(&text, "%s%llu", fmt,
		 (unsigned long long)(*fmt == '0' ? phone - 84000000000 : phone));
	phone_parse(buf_slice(&text), &again);
	must(again.count == 1 && again.phones[0] == phone, "%s is not %llu", text.data,
	     (unsigned long long)phone);
	buf_free(&text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice cell = {(const char *)data, n};
	struct phone_cell out;
	int last = -1;

	phone_parse(cell, &out);
	must(out.count <= PHONES_IN_CELL_MAX && out.repair_count <= PHONE_REPAIRS_MAX, "too many");
	must((out.count == 0) == (out.reason != NULL), "phone and reason, or neither");
	if (out.reason != NULL)
		find(out.reason, reasons, ARRAY_LEN(reasons));
	for (size_t i = 0; i < out.repair_count; i++) {
		int at = find(out.repairs[i], repairs, ARRAY_LEN(repairs));

		must(at > last, "%s is named too late", out.repairs[i]);
		last = at;
	}
	must(out.carrier >= 0 && out.carrier < CARRIER_COUNT, "carrier %d", out.carrier);
	if (out.count > 0)
		must(out.carrier == carrier_of(out.phones[0]), "another carrier");
	for (size_t i = 0; i < out.count; i++) {
		check_phone(out.phones[i], "");
		check_phone(out.phones[i], "+");
		check_phone(out.phones[i], "0");
		for (size_t k = 0; k < i; k++)
			must(out.phones[k] != out.phones[i], "the same phone twice");
	}
	return 0;
}
