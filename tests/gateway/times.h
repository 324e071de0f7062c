/* SPDX-License-Identifier: MIT */
/* The two clocks of the gateway, in microseconds. */
#pragma once

#include <stdint.h>

#define MS 1000ull
#define SECOND 1000000ull

uint64_t times_mono_us(void);
uint64_t times_wall_us(void);
