/* SPDX-License-Identifier: MIT */
/*
 * What the files of base/xlsx share; nobody else includes it.
 *
 *   xlsx.c          opening: package, workbook, the heads of the sheets
 *   xlsx_format.c   what a file is by its content, and what to advise
 *   xlsx_package.c  parts, content types, relationships
 *   xlsx_strings.c  shared strings, escapes in texts
 *   xlsx_values.c   number formats, numbers, dates, names of cells
 *   xlsx_sheet.c    rows
 *   xlsx_merges.c   merged areas
 */
#pragma once

#include "base/mem.h"
#include "base/xlsx.h"
#include "base/xml.h"
#include "base/zip.h"

/* What a number format makes of a number. */
enum xlsx_style { STYLE_NUMBER, STYLE_DATE, STYLE_MOMENT, STYLE_TIME, STYLE_DURATION };

/* Day 0 of serial dates: all know dates after February 1900 alike. */
enum xlsx_epoch {
	EPOCH_1900, /* with a 29 February 1900 that there never was, as Lotus 1-2-3 and Excel */
	EPOCH_1904, /* Excel for Macintosh of old */
	EPOCH_1899, /* strict files that say dateCompatibility="false": no such day */
};

struct xlsx_strings {
	struct buf text;
	uint32_t *ends; /* [count] offset behind it in text; the top bit: too long, not kept */
	size_t count, cap;
};

#define STRING_TOO_LONG 0x80000000u

struct sheet {
	struct xlsx_sheet what;
	char *name;
	char *relation;	  /* id, until the workbook's relationships are read */
	int part;	  /* -1 = not yet known, or no sheet of cells */
	uint64_t *hidden; /* bits by column - 1; NULL = none is hidden */
	char *root;	  /* its root element as it stands, with its prefix */
};

struct xlsx {
	struct xlsx_options o; /* no 0 left in it */
	char file[160];
	struct archive *archive;
	struct sheet *sheets;
	size_t count, cap;
	size_t active;
	enum xlsx_epoch epoch;
	uint8_t *styles; /* [styles_count] enum xlsx_style of a cell's s= */
	size_t styles_count, styles_cap;
	int strings_part;    /* -1 = the workbook has none */
	uint64_t heads_left; /* bytes that may still be inflated for heads of sheets */
	bool has_strings;    /* they are loaded */
	struct xlsx_strings strings;
};

/* ---- package ---- */

/* One pass of an XML reader over a part. */
struct xlsx_pass {
	int part;
	bool is_large;	       /* a sheet or the shared strings: the limits of the options */
	struct xml *xml;       /* while it runs */
	uint64_t inflated_max; /* less than that of the options; 0 = that */
	uint64_t inflated;     /* bytes that were, afterwards */
};

MUST_CHECK enum err xlsx_pass_run(struct xlsx *x, struct xlsx_pass *p, struct err_ctx *e);
struct archive_limits xlsx_limits(const struct xlsx *x, bool is_large);

struct relation {
	char *id, *type, *target;
	bool is_external;
};

struct relations {
	struct arena arena;
	struct relation *v;
	size_t count, cap;
};

/* The relationships of a part ("" = of the package); none is no error. */
MUST_CHECK enum err xlsx_relations_read(struct xlsx *x, const char *source, struct relations *out,
					struct err_ctx *e);
void xlsx_relations_free(struct relations *r);
/* Does the type end in this word, "/worksheet"? Transitional and strict ones differ before it. */
bool xlsx_relation_is(const struct relation *r, const char *kind);
/* The name of the part that a relationship of source points to. ERR_INPUT: outside the package. */
MUST_CHECK enum err xlsx_relation_resolve(const struct xlsx *x, const char *source,
					  const struct relation *r, struct buf *name,
					  struct err_ctx *e);

struct content_types {
	struct arena arena;
	struct content_type {
		char *name; /* "/xl/workbook.xml", or ".xml" for all that end so; lower case */
		char *type;
	} * v;
	size_t count, cap;
};

MUST_CHECK enum err xlsx_content_types_read(struct xlsx *x, struct content_types *out,
					    struct err_ctx *e);
void xlsx_content_types_free(struct content_types *t);
/* Of the part; "" when nothing is said. */
const char *xlsx_content_type(const struct content_types *t, struct slice name);

/* ---- format ---- */

/* Refuse what is a package, but of another program, by the type of its main part. */
enum err xlsx_refuse_package(const struct xlsx *x, const char *type, struct err_ctx *e);
/* Look at the file at path; ERR_OK when it may be a workbook in a ZIP. */
MUST_CHECK enum err xlsx_check_file(const char *path, const char *file, struct err_ctx *e);

/* ---- strings ---- */

MUST_CHECK enum err xlsx_strings_load(struct xlsx *x, struct err_ctx *e);
/* False: no such string. *is_long: it is longer than a cell may be, and not kept. */
bool xlsx_string(const struct xlsx_strings *s, uint64_t index, struct slice *out, bool *is_long);
/* Replace each _xHHHH_ (18.4.1 ST_Xstring) in place; the new length. */
size_t xlsx_unescape(char *p, size_t n);
/* Bytes that such a text can have before it is unescaped: 7 for a unit. */
#define XLSX_TEXT_BYTES_MAX (7 * XLSX_TEXT_MAX)

/* ---- values ---- */

MUST_CHECK enum err xlsx_styles_read(struct xlsx *x, int part, struct err_ctx *e);
enum xlsx_style xlsx_style_of_code(struct slice code);
/* Kind and text of a number in this style; text is in out, or raw itself. */
enum xlsx_kind xlsx_number(struct slice raw, enum xlsx_style style, enum xlsx_epoch epoch,
			   char out[40], struct slice *text);
/* The same for an ISO 8601 date, moment or time (t="d"). */
enum xlsx_kind xlsx_iso_date(struct slice raw, char out[40], struct slice *text);
/* "A1:C3", "A1"; false when it is none. */
bool xlsx_area_of_name(const char *ref, struct xlsx_area *out);
