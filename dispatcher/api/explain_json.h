/* SPDX-License-Identifier: MIT */
/* The facts of an explanation as JSON (docs/FORMATS.md, "Explanation"). Pure. */
#pragma once

#include "base/json.h"
#include "dispatcher/run/explain_words.h"

/* What is known of one run. */
json_t *explain_run_json(const struct explain_run *r);
/* The same in a line: campaign, run, state, and each message without its details. */
json_t *explain_line_json(const struct explain_run *r);
/* Sentences, a line each, as an array. */
json_t *explain_sentences_json(struct slice lines);
