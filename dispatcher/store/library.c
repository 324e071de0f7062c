/* SPDX-License-Identifier: MIT */
#include "dispatcher/store/library.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/store/campaign_acts.h"
#include "dispatcher/store/record.h"
#include "dispatcher/store/keys.h"

/* Set by the build of the tests' other release only. */
#ifndef LIBRARY_NOTE
#define LIBRARY_NOTE ""
#endif

extern const char loa_lua_start[], loa_lua_end[];

/* One a line: two that are added at the same time do not meet. */
/* clang-format off */
static const char *const function_names[] = {
	"hello",
	"bye",
	"claim",
	"release",
	"reconcile",
	"permit",
	"unmark",
	"skip",
	"launch",
	"launch_again",
	"freeze",
	"freeze_again",
	"control",
	"progress",
	"waits",
	"outcome",
	"receipts",
	"template_get",
	"template_ls",
	"ls",
	"install",
	"list_undo",
	"list_rm",
	"list_set",
	"choices_remember",
	"segment_save",
	"segment_get",
	"segment_show",
	"segment_rm",
	"template_save",
	"template_version",
	"campaign_create",
	"campaign_get",
	"remark",
	"hold",
	"late",
	"lane_publish",
	"caps_check",
	"caps_put_off",
	"campaign_set",
	"brake_release",
	"suppress_add",
	"suppress_rm",
	"suppress_check",
	"suppress_ls",
	"suppress_show",
	"erase_begin",
	"erase_missing",
	"erase_put",
	"erase_payload",
	"erase_block",
	"erase_end",
	"cancel",
	"campaign_rm",
	"campaign_edit",
	"campaign_submit",
	"campaign_approve",
	"campaign_return",
	"retry",
	"schedule",
	"unschedule",
	"missed",
	"due",
	"put_off",
	"try_again",
	"occurrences",
	"campaign_run",
	"campaign_runs",
	"clone",
	"step",
	"resume",
	"notices",
	"notices_known",
	"notices_again",
	"poll_take",
	"poll_done",
	"doubt_look",
	"doubt_resend",
	"doubt_mark",
	"doubt_evidence",
	"doubt_whose",
	"audit_head",
	"audit_append",
	"audit_page",
	"restored",
	"unused",
	"registered_save",
	"registered_rm",
	"registered_all",
	"registered_since",
	"campaign_checked",
	"unit_find",
	"unit_ls",
	"unit_outside",
	"unit_put",
	"unit_rm",
	"unit_give",
	"user_ls",
	"user_get",
	"user_put",
	"deputy_ls",
	"deputy_put",
	"deputy_rm",
	"token_ls",
	"token_put",
	"token_rm",
	"login_try",
	"login_right",
	"session_put",
	"session_end",
	"account_facts",
	"halt_put",
	"halt_end",
	"halt_again",
	"halt_ls",
	"halt_of",
	"alerts_look",
	"alert_told",
	"alert_ack",
	"alert_ls",
};
/* clang-format on */

static struct buf source;
static char full_names[ARRAY_LEN(function_names)][48];

static uint64_t
fnv1a(uint64_t h, struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (uint8_t)s.p[i]) * 1099511628211u;
	return h;
}

static void
add_tables(struct buf *b)
{
	buf_adds(b, "local K = {");
#define X(name, text) buf_addf(b, " %s = '%s',", #name, text);
	REDIS_KEYS(X)
#undef X
	buf_adds(b, " }\nlocal S = {");
#define X(name, number, text) buf_addf(b, " %s = %d,", #name, number);
	RECORD_STATES(X)
#undef X
	buf_adds(b, " }\nlocal R = {");
#define X(name, number, text) buf_addf(b, " %s = %d,", #name, number);
	RECORD_REASONS(X)
#undef X
	buf_adds(b, " }\nlocal approval = { ACTS = {");
#define X(act, rights, states, leads) \
	buf_addf(b, " ['%s'] = { from = '%s', to = '%s' },", #act, states, leads);
	CAMPAIGN_ACTS(X)
#undef X
	buf_adds(b, " } }\n");
}

static void
build(void)
{
	struct buf body = {0};
	char suffix[16];

	add_tables(&body);
	buf_adds(&body, LIBRARY_NOTE);
	buf_add(&body, loa_lua_start, (size_t)(loa_lua_end - loa_lua_start));
	snprintf(suffix, sizeof(suffix), "_%08x",
		 (unsigned)(fnv1a(14695981039346656037u, buf_slice(&body)) & 0xffffffffu));
	buf_addf(&source, "#!lua name=loa%s\nlocal V = '%s'\n", suffix, suffix);
	buf_add_slice(&source, buf_slice(&body));
	buf_free(&body);
	for (size_t i = 0; i < ARRAY_LEN(function_names); i++)
		snprintf(full_names[i], sizeof(full_names[i]), "loa_%s%s", function_names[i],
			 suffix);
}

struct slice
library_source(void)
{
	if (source.len == 0)
		build();
	return buf_slice(&source);
}

const char *
library_function(const char *name)
{
	library_source();
	for (size_t i = 0; i < ARRAY_LEN(function_names); i++)
		if (strcmp(function_names[i], name) == 0)
			return full_names[i];
	fatalx("library: no function %s", name);
}
