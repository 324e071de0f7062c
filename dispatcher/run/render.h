/* SPDX-License-Identifier: MIT */
/*
 * One row becomes one text: the same function for the preview, which counts, and
 * for the chunk, which sends. What was previewed is what is sent: both render the
 * same wording.
 */
#pragma once

#include "dispatcher/run/audience.h"
#include "dispatcher/run/wording.h"
#include "dispatcher/store/record.h"
#include "segments/block.h"

/* A wording where it is used: columns found, rules by carrier. One at a time renders. */
struct rendering;

/* Where a wording is used. */
struct rendering_place {
	const struct schema *schema;
	const struct carrier_map *map; /* carrier → partition */
	int64_t today;		       /* days since 1970 in Vietnam, frozen */
	/* for a wording without them: to count whose language it has not; NULL = not asked */
	const struct languages *languages;
};
/* place->languages must outlive it. */
MUST_CHECK enum err rendering_new(struct slice wording, const struct rendering_place *place,
				  struct rendering **out, struct err_ctx *e);
void rendering_free(struct rendering *r);
/* By itself every carrier's provider carries Unicode: the lane looks at that. Here it is known. */
void rendering_set_unicode(struct rendering *r, unsigned carrier, bool has_unicode);

const struct template_set *rendering_set(const struct rendering *r);
/* Column of languages of the list; -1 = it has none. */
int rendering_language_column(const struct rendering *r);
/* Which pieces of a block it reads; added to what is in *out. */
void rendering_want(const struct rendering *r, struct block_want *out);

/* How a row came to its language. */
enum language_fit {
	LANGUAGE_OWN,	  /* the set has a text in it */
	LANGUAGE_OTHER,	  /* known, and the set has none: the fallback list, or vi */
	LANGUAGE_MISSING, /* an empty cell, or no column: vi */
	LANGUAGE_UNKNOWN, /* the cell says no language: vi */
};

struct rendered {
	struct slice text;	/* NFC; until the next row */
	struct slice nfc;	/* before accents were taken off; empty = nothing was rendered */
	struct sms_count count; /* as it is billed */
	bool is_plain;		/* accents were taken off */
	uint8_t language;	/* index in the set's texts */
	enum language_fit fit;
	const char *wanted; /* tag of the row; "" unless OWN or OTHER; until the next row */
	struct template_error
		error; /* of REASON_MISSING_FIELD and of a rendering that is too long */
	/* REASON_NOT_ENCODABLE: the character that is refused or cannot be kept; 0 = another cause */
	uint32_t refused;
};

/* REASON_NONE, or why this row gets nothing: then text and count say nothing. */
enum record_reason render_row(struct rendering *r, const struct block *b, uint32_t row_in_block,
			      unsigned carrier, struct rendered *out);

/* By what the row's text is counted; NULL = the standard. */
const struct sms_rules *rendering_rules(const struct rendering *r, unsigned carrier);

/*
 * What a text (`nfc` of a row that was rendered) comes to when its accents are treated in this or
 * in that way: out[enum accents].
 */
struct render_mode {
	enum record_reason reason; /* it would not be sent; then the count says nothing */
	struct sms_count count;
};
void render_modes(struct rendering *r, struct slice nfc, unsigned carrier,
		  struct render_mode out[3]);

/*
 * The end of it, also for texts that come from elsewhere: accents, parts, what is
 * not taken. nfc must not be in scratch; out->text is in one of them.
 */
struct render_rules {
	enum accents accents;
	const struct sms_rules *rules; /* NULL = the standard */
	bool has_unicode;	       /* the provider carries it */
};
enum record_reason render_bill(const struct render_rules *rules, struct slice nfc,
			       struct buf *scratch, struct rendered *out);
