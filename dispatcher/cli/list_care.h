/* SPDX-License-Identifier: MIT */
/* What a list is held for, as the command line prints it. */
#pragma once

#include "base/json.h"

/* Lines of list show: the facts, what is missing, and whether it is locked. */
void list_print_care(const json_t *list);
