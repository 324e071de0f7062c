/* SPDX-License-Identifier: MIT */
#include "tests/gateway/networks.h"

#include <string.h>

/* The two digits behind 84 of the ranges that were first given to a network. */
static const struct {
	struct network network;
	const char *prefixes;
} networks[] = {
	{{1, "Viettel"}, " 32 33 34 35 36 37 38 39 86 96 97 98 "},
	{{2, "MobiFone"}, " 70 76 77 78 79 89 90 93 "},
	{{3, "Vinaphone"}, " 81 82 83 84 85 88 91 94 "},
	{{4, "Vietnamobile"}, " 52 56 58 92 "},
	{{5, "Gmobile"}, " 59 99 "},
	{{6, "Itel"}, " 87 "},
	{{7, "Reddi"}, " 55 "},
};

struct network
network_of(struct text to)
{
	char prefix[5] = {' ', to.p[2], to.p[3], ' ', '\0'};

	for (size_t i = 0; i < sizeof(networks) / sizeof(networks[0]); i++) {
		if (strstr(networks[i].prefixes, prefix) != NULL)
			return networks[i].network;
	}
	return (struct network){0, ""};
}
