/* SPDX-License-Identifier: MIT */
/* Inside of content rules: what reading and checking share. */
#pragma once

#include "templates/compare.h"
#include "templates/content.h"
#include "templates/template.h"

#define CONTENT_PHRASE_MAX 8		       /* words of one entry of `words` */
#define CONTENT_TOKENS_MAX TEMPLATE_OUTPUT_MAX /* no text that is sent has more */

/* In the order of kind_names. */
enum content_kind {
	CONTENT_LINKS,
	CONTENT_SHORTENERS,
	CONTENT_LABELS,
	CONTENT_WORDS,
	CONTENT_CHARACTERS,
	CONTENT_PARTS,
};

struct content_strings {
	const char **items;
	size_t count;
};
struct content_phrase {
	char *form;
	struct slice words[CONTENT_PHRASE_MAX]; /* in form */
	size_t count;
};

struct content_rule {
	const char *name, *vi, *en;
	char since[12];
	int kind;
	enum content_severity severity;
	struct content_strings classes, providers; /* none = all */
	struct content_strings list;		   /* domains, labels or words */
	struct content_strings endings;		   /* of bare domains */
	enum compare_mode mode;			   /* of words */
	struct content_phrase *phrases;		   /* sorted by first word */
	size_t phrase_count;
	const char *characters;
	bool is_start[256]; /* bytes that a label or a character may begin with */
	int64_t max;	    /* parts */
};
struct content_advert {
	char since[12];
	struct content_strings classes;
	struct content_frame frame;
};
struct content {
	struct content_rule rules[CONTENT_RULES_MAX];
	size_t rule_count;
	struct content_advert adverts[CONTENT_RULES_MAX];
	size_t advert_count;
};

/* The text as one mode compares it, made when it is first asked for. */
struct content_view {
	const struct content_rule *rules[CONTENT_RULES_MAX];
	size_t count;
	const char *label; /* that Loa may have put in front */
	struct comparer *comparers[COMPARE_MODES];
	struct buf forms[COMPARE_MODES], froms[COMPARE_MODES];
	size_t token_counts[COMPARE_MODES];
	bool has_form[COMPARE_MODES];
	struct compare_token tokens[COMPARE_MODES][CONTENT_TOKENS_MAX];
};

/* For qsort: phrases by their first words. */
int content_by_first_word(const void *a, const void *b);
