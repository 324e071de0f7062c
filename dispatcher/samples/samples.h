/* SPDX-License-Identifier: MIT */
/*
 * The sample library: texts for the scheme that staff start from. Its files stand in
 * templates/samples/ and are inside the binary: NAME.liquid, a text, and
 * samples.json, what each is for, in the order in which they are shown. Nothing is
 * read at run time.
 */
#pragma once

#include "base/json.h"

/*
 * An array of {name, title, class, goal, event?, parts, plain_parts, fields, text}; fields are
 * {name, means, example, fixed?}: fixed = the same for everybody, to be written into the text where
 * the list has no such column; parts are those of the example values. The caller owns it.
 */
json_t *samples_all(void);
/* The source of one; false = there is none of this name. */
bool samples_text(struct slice name, struct slice *out);
