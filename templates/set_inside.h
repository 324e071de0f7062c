/* SPDX-License-Identifier: MIT */
/* Inside of template sets: reading one. */
#pragma once

#include "templates/set.h"

struct set_reading {
	struct template_set *set;
	set_error_cb on_error; /* NULL = nobody listens */
	void *arg;
	size_t errors;
};
