/* SPDX-License-Identifier: MIT */
/*
 * A template set: what one version of a template says, by language and channel.
 * For SMS a Liquid text; for Zalo the number of a template there and its
 * parameters, each a Liquid text (docs/FORMATS.md, "Template set"). A set that has
 * SMS texts has one in Vietnamese: whoever cannot be served in a language of his
 * own gets that. Immutable once made. Pure.
 *
 * Written down as a plain text where it is nothing but a Vietnamese SMS text, else
 * as SET_MARK and a JSON document. The mark is no tag of the template language: a
 * release that knows no sets refuses the text instead of sending JSON to people.
 */
#pragma once

#include "base/json.h"
#include "templates/language.h"
#include "templates/template.h"

#define SET_MARK "{%set 1%}"
#define SET_SOURCE_MAX (256u * 1024) /* bytes of a document */
#define SET_LANGUAGES_MAX 32
#define SET_FALLBACK_MAX 8
#define SET_PARAMETERS_MAX 32 /* of a Zalo template */
#define SET_PARAMETER_NAME_MAX 32

struct set_parameter {
	char *name, *source;
	struct template *template;
};

struct set_text {
	char tag[LANGUAGE_MAX];
	char *sms; /* source; NULL = no SMS text */
	size_t sms_n;
	struct template *template; /* of sms */
	char *zalo_id;		   /* NULL = no Zalo text */
	struct set_parameter *parameters;
	size_t parameter_count;
};

struct template_set {
	struct set_text texts[SET_LANGUAGES_MAX]; /* vi first, then by tag */
	size_t count;
	char fallback[SET_FALLBACK_MAX][LANGUAGE_MAX];
	size_t fallback_count;
};

/* One of perhaps many errors. */
struct set_error {
	char path[200]; /* in the document: "texts.km.sms"; "" = the whole of it, or a plain text */
	char code[20];	/* as of templates, or "input" */
	int line, column; /* in the value at path; 0 = it is not about its words */
	bool is_syntax;	  /* the document is no JSON: line and column are in it */
	char message[400];
};
typedef void (*set_error_cb)(void *arg, const struct set_error *e);

/* Is it a JSON document, not a text? It begins with { and ", blanks between, or is {} alone. */
bool set_is_document(struct slice bytes);
/*
 * A plain text, a document, or either as it was written down. NULL after every
 * error was told to on_error (may be NULL).
 */
struct template_set *set_read(struct slice bytes, set_error_cb on_error, void *arg);
void set_free(struct template_set *s);

/* As it is written down: the same set gives the same bytes. */
void set_encode(const struct template_set *s, struct buf *out);
/* The document {"texts":…,"fallback":…}; the caller's. */
json_t *set_json(const struct template_set *s);
/* Is it written down as a plain text? */
bool set_is_plain(const struct template_set *s);
bool set_has_sms(const struct template_set *s);

/*
 * The same with label before and footer behind each SMS text; a byte order mark and the
 * one final newline that are no part of it are taken off. NULL: a text is too long then.
 */
struct template_set *set_framed(const struct template_set *s, const char *label, const char *footer,
				set_error_cb on_error, void *arg);

/* "vi", "km,vi" …: tags joined by a comma, vi first. */
void set_add_languages(const struct template_set *s, struct buf *out);
/* The text of exactly this tag, or NULL. */
const struct set_text *set_find(const struct template_set *s, const char *tag);
/*
 * Which SMS text a recipient gets; the set has SMS texts. tag "" (none is known)
 * is Vietnamese; else the tag, what it widens to (hmn-Latn → hmn), the set's
 * fallback list, Vietnamese. Returns the index in texts.
 */
size_t set_choose(const struct template_set *s, const char *tag);

/* set_choose found a text in the recipient's own language. */
bool set_is_own(const struct template_set *s, size_t index, const char *tag);

/* Every field of every text that is not among known[count]: told one by one. Returns how many. */
size_t set_each_unknown(const struct template_set *s, const char *const *known, size_t count,
			set_error_cb on_error, void *arg);

/*
 * Where in a document a place of an error is: line and column of the file, from
 * the path and the place in the decoded text. 1, 1 when it cannot be found.
 */
void set_place(struct slice document, const struct set_error *e, int *line, int *column);
