/* SPDX-License-Identifier: MIT */
/*
 * What every process on one Redis must agree on about a lane: its rate, its
 * concurrency, all limits that apply to it. They are published at each start
 * and each reload; what was read last counts for all processes, whoever says
 * again what it has read long ago (dispatcher/lua/limits.lua).
 */
#pragma once

#include "dispatcher/config.h"
#include "dispatcher/store/engine.h"

/* c must live as long as the process. */
void lanes_publish(struct engine *e, struct config *c);
