/* SPDX-License-Identifier: MIT */
#include "tests/gateway/nth.h"

static const struct nth_fault faults[] = {
	{"reset-before", FAULT_RESET, false},	  {"reset-after", FAULT_RESET, true},
	{"fin-before", FAULT_FIN, false},	  {"fin-after", FAULT_FIN, true},
	{"html502-before", FAULT_HTML502, false}, {"html502-after", FAULT_HTML502, true},
	{"http500-before", FAULT_HTTP500, false}, {"http500-after", FAULT_HTTP500, true},
	{"hang-before", FAULT_HANG, false},	  {"hang-after", FAULT_HANG, true},
	{"half-answer", FAULT_HALF, true},	  {"garbage", FAULT_GARBAGE, true},
	{"throttle", FAULT_THROTTLE, false},	  {"gone", FAULT_GONE, false},
};

const struct nth_fault *
nth_at(size_t i)
{
	return i < sizeof(faults) / sizeof(faults[0]) ? &faults[i] : NULL;
}
