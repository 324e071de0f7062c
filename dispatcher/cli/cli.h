/* SPDX-License-Identifier: MIT */
/*
 * What every verb of the command line shares: its table entry, options with
 * "did you mean", the one-line error, and the line-in, JSON-line-out stream of
 * the pure verbs. A verb is a function of its own words; it returns the exit
 * code: 0 done, 1 the input was judged wrong, 2 usage, 3 server or Redis out of
 * reach, 4 refused by policy or rights.
 */
#pragma once

#include "base/buf.h"
#include "base/err.h"

#define CLI_LINE_MAX (1u << 20) /* bytes of one input line */

struct verb {
	const char *words;    /* "template render": one or two words */
	const char *synopsis; /* "FILE [--language L]" */
	const char *help;     /* one line */
	/* argv[0] is the last word of the verb; arguments follow. */
	int (*run)(int argc, char **argv);
};

/* Ends with words == NULL. `loa help` prints it. */
extern const struct verb cli_verbs[];

struct cli_option {
	const char *name;   /* "--from" */
	const char **value; /* set to the next word; NULL = the option takes none */
	bool *flag;	    /* set to true; NULL = the option takes a value */
};

/*
 * Take the options out of argv (also `--name=value`; `--` ends them); *argc and
 * argv keep the plain words, argv[0] included. options end with name == NULL.
 */
MUST_CHECK enum err cli_parse(int *argc, char **argv, const struct cli_option *options,
			      struct err_ctx *e);
/* Print `loa: what: why: what to do` to stderr and return the exit code. */
int cli_fail(const struct err_ctx *e);
/* "usage: loa WORDS SYNOPSIS" to stderr; returns 2. */
int cli_usage(const char *words, const char *why);
/* The same for a verb that got argc words, itself included, and wants another number. */
int cli_usage_words(const char *words, int argc, int wanted);

/*
 * Call `one` for each line of stdin (without its line end); what it appends to
 * out is printed as a line. A false return means the line was in error (its
 * JSON error object is already in out). Returns 0, or 1 if any line was.
 */
int cli_each_line(bool (*one)(struct slice line, struct buf *out, void *arg), void *arg);
/* Append {"error":{"code":…,"message":…}} */
void cli_add_error(struct buf *out, const char *code, const char *message);
/* The whole file, at most max_bytes; "-" is stdin. */
MUST_CHECK enum err cli_read_file(const char *path, size_t max_bytes, struct buf *out,
				  struct err_ctx *e);

/* The verbs; each lives in the file of its name. */
int verb_serve(int argc, char **argv);
int verb_config_check(int argc, char **argv);
int verb_list_import(int argc, char **argv);
int verb_list_prune(int argc, char **argv);
int verb_list_column(int argc, char **argv);
int verb_list_export(int argc, char **argv);
int verb_list_ls(int argc, char **argv);
int verb_list_set(int argc, char **argv);
int verb_list_rm(int argc, char **argv);
int verb_list_show(int argc, char **argv);
int verb_list_undo(int argc, char **argv);
int verb_list_redo(int argc, char **argv);
int verb_segment_save(int argc, char **argv);
int verb_segment_ls(int argc, char **argv);
int verb_segment_show(int argc, char **argv);
int verb_segment_rm(int argc, char **argv);
int verb_segment_count(int argc, char **argv);
int verb_segment_sample(int argc, char **argv);
int verb_segment_breakdown(int argc, char **argv);
int verb_template_save(int argc, char **argv);
int verb_template_ls(int argc, char **argv);
int verb_template_show(int argc, char **argv);
int verb_template_diff(int argc, char **argv);
int verb_brandname_save(int argc, char **argv);
int verb_brandname_ls(int argc, char **argv);
int verb_brandname_show(int argc, char **argv);
int verb_brandname_rm(int argc, char **argv);
int verb_pattern_import(int argc, char **argv);
int verb_pattern_ls(int argc, char **argv);
int verb_pattern_show(int argc, char **argv);
int verb_pattern_rm(int argc, char **argv);
int verb_pattern_check(int argc, char **argv);
int verb_campaign_create(int argc, char **argv);
int verb_campaign_ls(int argc, char **argv);
int verb_campaign_show(int argc, char **argv);
int verb_campaign_preview(int argc, char **argv);
int verb_campaign_test(int argc, char **argv);
int verb_deputy_add(int argc, char **argv);
int verb_deputy_ls(int argc, char **argv);
int verb_deputy_rm(int argc, char **argv);
int verb_campaign_edit(int argc, char **argv);
int verb_campaign_submit(int argc, char **argv);
int verb_campaign_approve(int argc, char **argv);
int verb_campaign_return(int argc, char **argv);
int verb_campaign_launch(int argc, char **argv);
int verb_campaign_speed(int argc, char **argv);
int verb_campaign_weight(int argc, char **argv);
int verb_campaign_pause(int argc, char **argv);
int verb_campaign_resume(int argc, char **argv);
int verb_campaign_cancel(int argc, char **argv);
int verb_campaign_rm(int argc, char **argv);
int verb_campaign_unschedule(int argc, char **argv);
int verb_campaign_retry(int argc, char **argv);
int verb_campaign_clone(int argc, char **argv);
int verb_campaign_watch(int argc, char **argv);
int verb_campaign_report(int argc, char **argv);
int verb_report(int argc, char **argv);
int verb_explain(int argc, char **argv);
int verb_erase(int argc, char **argv);
int verb_suppress_add(int argc, char **argv);
int verb_suppress_rm(int argc, char **argv);
int verb_suppress_import(int argc, char **argv);
int verb_suppress_ls(int argc, char **argv);
int verb_campaign_results(int argc, char **argv);
int verb_doubt_ls(int argc, char **argv);
int verb_doubt_resend(int argc, char **argv);
int verb_doubt_mark(int argc, char **argv);
int verb_doubt_import(int argc, char **argv);
int verb_audit_ls(int argc, char **argv);
int verb_audit_verify(int argc, char **argv);
int verb_audit_export(int argc, char **argv);
int verb_provider_ls(int argc, char **argv);
int verb_provider_balance(int argc, char **argv);
int verb_send(int argc, char **argv);
int verb_backup(int argc, char **argv);
int verb_restore(int argc, char **argv);
int verb_token_renew(int argc, char **argv);
int verb_unit_add(int argc, char **argv);
int verb_unit_ls(int argc, char **argv);
int verb_freeze_add(int argc, char **argv);
int verb_freeze_set(int argc, char **argv);
int verb_freeze_end(int argc, char **argv);
int verb_freeze_ls(int argc, char **argv);
int verb_alert_ls(int argc, char **argv);
int verb_alert_show(int argc, char **argv);
int verb_alert_ack(int argc, char **argv);
int verb_unit_rename(int argc, char **argv);
int verb_unit_move(int argc, char **argv);
int verb_unit_give(int argc, char **argv);
int verb_unit_rm(int argc, char **argv);
int verb_user_add(int argc, char **argv);
int verb_user_ls(int argc, char **argv);
int verb_user_show(int argc, char **argv);
int verb_user_set(int argc, char **argv);
int verb_user_disable(int argc, char **argv);
int verb_user_enable(int argc, char **argv);
int verb_user_password(int argc, char **argv);
int verb_token_add(int argc, char **argv);
int verb_token_ls(int argc, char **argv);
int verb_token_rm(int argc, char **argv);
int verb_text(int argc, char **argv);
int verb_phone(int argc, char **argv);
int verb_template_render(int argc, char **argv);
int verb_template_check(int argc, char **argv);
int verb_template_samples(int argc, char **argv);
int verb_segment_eval(int argc, char **argv);
int verb_segment_check(int argc, char **argv);
int verb_schedule_next(int argc, char **argv);
