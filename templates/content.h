/* SPDX-License-Identifier: MIT */
/*
 * What may stand in a message, as dated data (config/content.json; docs/FORMATS.md,
 * "Content rules"): links of listed domains only, no shorteners, words that warn or
 * are refused, characters that a provider does not take, how many parts, and the
 * label and footer of adverts, which Loa adds where the provider's carriers do not.
 *
 * Words are compared without accents and case, and on borders of words. A domain
 * is read as a browser does: what stands before an @ is none. Pure.
 */
#pragma once

#include "base/json.h"

#define CONTENT_RULES_MAX 64u
#define CONTENT_ITEMS_MAX 500u /* words, domains, labels of a rule */
#define CONTENT_FINDINGS_OF_RULE 4u
#define CONTENT_FINDINGS_MAX (CONTENT_RULES_MAX * CONTENT_FINDINGS_OF_RULE)
#define CONTENT_LABEL_MAX 100u /* bytes of a label or a footer */

enum content_severity { CONTENT_WARN, CONTENT_REFUSE };

struct content;
/* Reads the document, which must outlive *out. Errors name the place in it. */
MUST_CHECK enum err content_read(json_t *document, struct content **out, struct err_ctx *e);
void content_free(struct content *c);

/* What is in force on a day ("2026-10-10") for a class and a provider. */
struct content_view;
/*
 * class or provider "": only what holds for all of them. is_framed: the texts begin with the
 * label of content_frame, which is no finding. c must outlive it.
 */
struct content_view *content_view_new(const struct content *c, const char *class,
				      const char *provider, const char *day, bool is_framed);
void content_view_free(struct content_view *v);

size_t content_rule_count(const struct content_view *v);
/* The i-th in force; its words are borrowed. */
struct content_words {
	const char *rule, *kind;
	enum content_severity severity;
	const char *vi, *en;
};
struct content_words content_rule_words(const struct content_view *v, size_t i);
/* Can a text be refused at all? */
bool content_may_refuse(const struct content_view *v);

struct content_finding {
	size_t rule;	    /* number in the view */
	struct slice found; /* in the text; of a number of parts: empty */
	uint32_t at;	    /* code points before it */
};
/*
 * Look at a text in NFC as it is sent; parts 0 = not counted. A label in front
 * that Loa has added is looked over. Returns how many are in out: the first
 * CONTENT_FINDINGS_OF_RULE of each rule, in the order of the rules.
 */
size_t content_check(struct content_view *v, struct slice nfc, unsigned parts,
		     struct content_finding out[CONTENT_FINDINGS_MAX]);

/* The label and the footer that Loa puts around a text of this class on this day; "" = none. */
struct content_frame {
	const char *label, *footer;
};
struct content_frame content_frame(const struct content *c, const char *class, const char *day);
