/* SPDX-License-Identifier: MIT */
/* What an alert says to a person, in a message and in a post. Pure. */
#pragma once

#include "dispatcher/campaign/alerts.h"

/*
 * One line, without a full stop's worth of decoration: number, what it is about, since when, and from
 * the second repetition on which one it is. The same for the same alert and repetition, whoever asks.
 */
void alert_add_words(const struct alert *a, int64_t repetition, bool is_english, struct buf *out);
