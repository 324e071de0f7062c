/* SPDX-License-Identifier: MIT */
/* What the verbs about texts print alike. */
#pragma once

#include "base/json.h"

/* {"pattern","differences","more"}, a line each, with this in front of each line. */
void print_nearest(const json_t *nearest, const char *indent);
/* What the policy wants of the class and is not there; false: nothing. */
bool print_law(const json_t *answer);
/* "lead_days" and "ready_on", where they are. */
void print_lead(const json_t *answer, const char *indent);
