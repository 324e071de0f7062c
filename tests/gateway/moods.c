/* SPDX-License-Identifier: MIT */
#include "tests/gateway/moods.h"

#define GOOD                   \
	{                      \
		REPORT_DELIVRD \
	}

/* The first is 0001. Their list for readers stands in tests/gateway/README.md. */
static const struct mood moods[] = {
	{.what = "always refused", .always = CODE_NUMBER},
	{.what = "temporary at first", .at_first = CODE_TEMPORARY, .reports = GOOD},
	{.what = "not delivered", .reports = {REPORT_UNDELIV}},
	{.what = "expired", .reports = {REPORT_EXPIRED}},
	{.what = "under way, then delivered", .reports = {REPORT_ACCEPTD, REPORT_DELIVRD}},
	{.what = "under way for ever", .reports = {REPORT_ACCEPTD}},
	{.what = "no receipt", .reports = {REPORT_NONE}},
	{.what = "not delivered, then delivered", .reports = {REPORT_UNDELIV, REPORT_DELIVRD}},
	{.what = "receipt twice", .reports = GOOD, .is_twice = true},
	{.what = "receipt before the answer", .reports = GOOD, .is_early = true},
	{.what = "accepted, then RST", .after = FAULT_RESET, .reports = GOOD},
	{.what = "RST at first, nothing accepted", .before = FAULT_RESET, .reports = GOOD},
	{.what = "accepted, no answer", .after = FAULT_HANG, .reports = GOOD},
	{.what = "accepted, HTML 502", .after = FAULT_HTML502, .reports = GOOD},
	{.what = "too fast at first", .at_first = CODE_FAST, .reports = GOOD},
	{.what = "sender unknown", .always = CODE_SENDER},
	{.what = "accepted, garbage", .after = FAULT_GARBAGE, .reports = GOOD},
	{.what = "accepted, half an answer", .after = FAULT_HALF, .reports = GOOD},
	{.what = "accepted, then closed", .after = FAULT_FIN, .reports = GOOD},
	{.what = "HTML 502 at first, nothing accepted", .before = FAULT_HTML502, .reports = GOOD},
};

const struct mood *
mood_of(struct text to)
{
	size_t n = 0;

	for (size_t i = to.n - 4; i < to.n; i++)
		n = n * 10 + (size_t)(to.p[i] - '0');
	return n >= 1 && n <= sizeof(moods) / sizeof(moods[0]) ? &moods[n - 1] : NULL;
}
