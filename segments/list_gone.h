/* SPDX-License-Identifier: MIT */
/*
 * Deleted lists. Their record goes in one step (Lua list_rm, list_undo), which notes
 * their id in a set; from then on nobody finds their rows. Then the rows go, all
 * keys that begin as theirs do, whatever version they were of, or of an import that
 * was killed; at last the note. Who is killed on the way leaves the note: whoever
 * sweeps next goes on.
 */
#pragma once

#include "segments/list.h"

/*
 * Delete what is left of all deleted lists. cb (may be NULL) runs once; e != NULL: Redis went away,
 * the notes stay.
 */
void list_gone_sweep(struct redis *r, list_done_cb cb, void *arg);
