/* SPDX-License-Identifier: MIT */
/*
 * As of 2026-11-23. Sources: the operators' and press lists of prefixes in use
 * (LuatVietnam, FPT), the ministry's renumbering plan of 2018, libphonenumber's
 * Vietnamese metadata for 052 and 099, floere/phony #541 and intl-tel-input
 * #1141 for 055, public validators for 087.
 *
 * A prefix says who was given the range, not who serves the number: numbers
 * may be taken along to another network since 2018-11-16. 095, 030, 031, 051,
 * 053, 057 and 071 to 075 are in no public use. Local, VNSKY and FPT have parts
 * of MobiFone's 089 and 077 and count as MobiFone.
 */
#include "segments/numbering.h"

#include "base/mem.h"

const struct mobile_prefix mobile_prefixes[] = {
	{"32", CARRIER_VIETTEL},   {"33", CARRIER_VIETTEL},	 {"34", CARRIER_VIETTEL},
	{"35", CARRIER_VIETTEL},   {"36", CARRIER_VIETTEL},	 {"37", CARRIER_VIETTEL},
	{"38", CARRIER_VIETTEL},   {"39", CARRIER_VIETTEL},	 {"52", CARRIER_VIETNAMOBILE},
	{"55", CARRIER_WINTEL},	   {"56", CARRIER_VIETNAMOBILE}, {"58", CARRIER_VIETNAMOBILE},
	{"59", CARRIER_GMOBILE},   {"70", CARRIER_MOBIFONE},	 {"76", CARRIER_MOBIFONE},
	{"77", CARRIER_MOBIFONE},  {"78", CARRIER_MOBIFONE},	 {"79", CARRIER_MOBIFONE},
	{"81", CARRIER_VINAPHONE}, {"82", CARRIER_VINAPHONE},	 {"83", CARRIER_VINAPHONE},
	{"84", CARRIER_VINAPHONE}, {"85", CARRIER_VINAPHONE},	 {"86", CARRIER_VIETTEL},
	{"87", CARRIER_ITEL},	   {"88", CARRIER_VINAPHONE},	 {"89", CARRIER_MOBIFONE},
	{"90", CARRIER_MOBIFONE},  {"91", CARRIER_VINAPHONE},	 {"92", CARRIER_VIETNAMOBILE},
	{"93", CARRIER_MOBIFONE},  {"94", CARRIER_VINAPHONE},	 {"96", CARRIER_VIETTEL},
	{"97", CARRIER_VIETTEL},   {"98", CARRIER_VIETTEL},	 {"99", CARRIER_GMOBILE},
};
const size_t mobile_prefix_count = ARRAY_LEN(mobile_prefixes);

/* From 2018-09-15; both forms until 2018-11-14; the old ones fail since 2019-07-01. */
const struct renumbering renumberings[] = {
	/* Viettel */
	{"162", "32"},
	{"163", "33"},
	{"164", "34"},
	{"165", "35"},
	{"166", "36"},
	{"167", "37"},
	{"168", "38"},
	{"169", "39"},
	/* MobiFone */
	{"120", "70"},
	{"121", "79"},
	{"122", "77"},
	{"126", "76"},
	{"128", "78"},
	/* VinaPhone */
	{"123", "83"},
	{"124", "84"},
	{"125", "85"},
	{"127", "81"},
	{"129", "82"},
	/* Vietnamobile, Gmobile */
	{"186", "56"},
	{"188", "58"},
	{"199", "59"},
};
const size_t renumbering_count = ARRAY_LEN(renumberings);

const struct service_prefix service_prefixes[] = {
	{"1800", 8, 10}, /* free for the caller */
	{"1900", 8, 10}, /* charged */
	{"69", 7, 8},	 /* defence and public security */
	{"80", 7, 9},	 /* Party and government */
	{"672", 9, 9},	 /* satellite */
};
const size_t service_prefix_count = ARRAY_LEN(service_prefixes);
