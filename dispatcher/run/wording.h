/* SPDX-License-Identifier: MIT */
/*
 * A wording: everything that a run's texts depend on beside the rows and the day,
 * frozen at launch in one string of the run: the template set, how accents are
 * treated and which traffic is billed by partition, the carriers' parts, the names
 * of languages. Whatever is saved or configured afterwards, a message that is
 * repeated has the same bytes. Pure.
 *
 * It is the plain text of the template where that says all of it, else
 * WORDING_MARK and JSON (docs/FORMATS.md, "Wording"). The mark is no tag of the
 * template language: a release that knows no wordings refuses it.
 */
#pragma once

#include "templates/accents.h"
#include "templates/content.h"
#include "templates/set.h"

#define WORDING_MARK "{%run 1%}"
#define WORDING_MAX (1u << 20) /* bytes */
#define WORDING_PARTITIONS_MAX 8

/* What it is made of. */
struct wording {
	const struct template_set *set; /* with SMS texts */
	unsigned partitions;
	enum accents accents[WORDING_PARTITIONS_MAX];
	enum sms_traffic traffic[WORDING_PARTITIONS_MAX];
	json_t *sms;	   /* the table of parts; NULL = the standard, whatever the traffic */
	json_t *languages; /* their names; NULL = none are known by name */
	/* What already stands around each SMS text of the set; "" or NULL = nothing. */
	struct content_frame frame;
};
void wording_encode(const struct wording *w, struct buf *out);

/* The same, opened. */
struct wording_opened {
	struct template_set *set;
	enum accents accents[WORDING_PARTITIONS_MAX];
	enum sms_traffic traffic[WORDING_PARTITIONS_MAX];
	struct sms_table table;	     /* empty = the standard */
	struct languages *languages; /* NULL = none */
	/* Without blanks at their ends: a text that is nothing else says nothing. */
	char label[CONTENT_LABEL_MAX + 1], footer[CONTENT_LABEL_MAX + 1];
};
/* After an error there is nothing to clear. */
MUST_CHECK enum err wording_open(struct slice bytes, struct wording_opened *out, struct err_ctx *e);
void wording_clear(struct wording_opened *w);

/* The two wishes together: plain before save before keep; without Unicode nothing is saved. */
enum accents accents_of_both(enum accents campaign, enum accents provider, bool has_unicode);
