/* SPDX-License-Identifier: MIT */
/* The drivers, by name. A new gateway is one file and one line here. */
#include <stdio.h>
#include <string.h>

#include "providers/esms.h"
#include "providers/generic.h"
#include "providers/provider.h"
#include "providers/sandbox.h"

static const struct driver *const drivers[] = {
	&generic_driver,
	&esms_driver,
	&sandbox_driver,
};

const struct driver *
driver_find(const char *name, struct err_ctx *e)
{
	const char *names[ARRAY_LEN(drivers)];
	const char *near_name;
	char todo[120];

	for (size_t i = 0; i < ARRAY_LEN(drivers); i++) {
		if (strcmp(drivers[i]->name, name) == 0)
			return drivers[i];
		names[i] = drivers[i]->name;
	}
	near_name = nearest_name(name, names, ARRAY_LEN(names));
	if (near_name != NULL)
		snprintf(todo, sizeof(todo), "did you mean \"%s\"?", near_name);
	else
		snprintf(todo, sizeof(todo), "the first one is \"%s\"", names[0]);
	err_set(e, ERR_INPUT, "driver", todo, "there is no driver \"%.60s\"", name);
	return NULL;
}
