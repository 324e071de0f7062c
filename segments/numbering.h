/* SPDX-License-Identifier: MIT */
/*
 * The numbering plan of Vietnam as data: mobile prefixes by the network they
 * were first given to, and the change from 11 to 10 digits of 2018. All prefixes
 * are national ones without the leading 0.
 */
#pragma once

#include <stddef.h>

enum carrier {
	CARRIER_UNKNOWN,
	CARRIER_VIETTEL,
	CARRIER_MOBIFONE,
	CARRIER_VINAPHONE,
	CARRIER_VIETNAMOBILE,
	CARRIER_GMOBILE,
	CARRIER_ITEL,
	CARRIER_WINTEL,
};

/* A mobile number has 9 digits behind the 0; the first two tell the network. */
struct mobile_prefix {
	char prefix[3];
	enum carrier carrier;
};
extern const struct mobile_prefix mobile_prefixes[];
extern const size_t mobile_prefix_count;

/* Old numbers had 10 digits behind the 0; the last seven were kept. */
struct renumbering {
	char before[4];
	char after[3];
};
extern const struct renumbering renumberings[];
extern const size_t renumbering_count;

/* Numbers of services, the state and satellites: beginning and length behind the 0, no SMS. */
struct service_prefix {
	const char *prefix;
	size_t min, max;
};
extern const struct service_prefix service_prefixes[];
extern const size_t service_prefix_count;
