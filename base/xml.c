/* SPDX-License-Identifier: MIT */
/*
 * Expat without its namespaces: half the work for each tag. The states of the
 * open elements stand on a stack; below one that no rule names, only the depth is
 * counted. Expat keeps every different name of an element or attribute until the
 * end, so these are counted too, by the bits that their hashes set.
 */
#include "base/xml.h"

#include <stdio.h>
#include <stdlib.h>

#include <expat.h>

#include "base/mem.h"

/* Different names in a document: those of spreadsheets have a few hundred. */
#define NAMES_MAX 4000
#define NAME_BITS 16384

struct xml {
	XML_Parser parser;
	const struct xml_grammar *g;
	void *arg;
	char what[160];
	char root[64];
	uint8_t states[XML_DEPTH_MAX + 1]; /* [depth]; [0] is the document's */
	unsigned depth;			   /* of open elements that rules name */
	unsigned skipped;		   /* open elements below them that none does */
	struct err_ctx *e;		   /* of the feed that runs */
	enum err err;			   /* a callback's, or ERR_INPUT of ours */
	bool is_stopped, is_malformed;
	uint64_t fed;
	uint64_t names[NAME_BITS / 64];
	uint32_t names_count;
};

static const char *const save_anew =
	"open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)";

static enum err
fail(struct xml *x, const char *why)
{
	x->is_malformed = true;
	err_set(x->e, ERR_INPUT, x->what, save_anew, "line %lu: %s",
		(unsigned long)XML_GetCurrentLineNumber(x->parser), why);
	if (x->e != NULL) {
		x->e->line = (int)XML_GetCurrentLineNumber(x->parser);
		x->e->column = (int)XML_GetCurrentColumnNumber(x->parser) + 1;
	}
	return ERR_INPUT;
}

static void
end_with(struct xml *x, enum err err)
{
	x->err = err;
	XML_StopParser(x->parser, XML_FALSE);
}

/* The state of an element below the current one; 0 = no rule. */
static unsigned
rule_of(const struct xml *x, const char *name)
{
	unsigned parent = x->states[x->depth];

	for (size_t i = 0; i < x->g->count; i++)
		if (x->g->rules[i].parent == parent && x->g->rules[i].name[0] == name[0] &&
		    strcmp(x->g->rules[i].name, name) == 0)
			return x->g->rules[i].state;
	return 0;
}

static void
count_name(struct xml *x, uint64_t hash)
{
	unsigned bit;
	uint64_t mask;

	hash = (hash ^ hash >> 30) * 0xBF58476D1CE4E5B9u; /* the finish of splitmix64 */
	hash = (hash ^ hash >> 27) * 0x94D049BB133111EBu;
	bit = (unsigned)(hash >> 32) % NAME_BITS;
	mask = (uint64_t)1 << bit % 64;
	x->names_count += (x->names[bit / 64] & mask) == 0;
	x->names[bit / 64] |= mask;
}

/* Names of attributes are the same pointer when they are the same; those of elements are not. */
static bool
has_too_many_names(struct xml *x, const char *element, const char **attrs)
{
	uint64_t hash = 0;

	for (; element != NULL && *element != '\0'; element++)
		hash = hash * 31 + (unsigned char)*element;
	if (hash != 0)
		count_name(x, hash);
	for (; attrs[0] != NULL; attrs += 2)
		count_name(x, (uintptr_t)attrs[0]);
	return x->names_count > NAMES_MAX;
}

static void
on_begin(void *arg, const char *name, const char **attrs)
{
	struct xml *x = arg;
	const char *colon;
	unsigned state;
	enum err err;

	if (x->is_stopped || x->err != ERR_OK)
		return;
	if (x->depth + x->skipped >= XML_DEPTH_MAX) {
		end_with(x, fail(x, "elements are nested too deep"));
		return;
	}
	if (x->depth + x->skipped == 0)
		snprintf(x->root, sizeof(x->root), "%s", name);
	state = x->skipped > 0 ? 0 : rule_of(x, name);
	if (has_too_many_names(x, state != 0 ? NULL : name, attrs)) {
		end_with(x, fail(x, "it has too many different names of elements and attributes"));
		return;
	}
	if (x->skipped > 0) {
		x->skipped++;
		return;
	}
	colon = state == 0 ? strchr(name, ':') : NULL;
	if (colon != NULL)
		state = rule_of(x, colon + 1);
	if (state == 0) {
		x->skipped = 1;
		return;
	}
	x->states[++x->depth] = (uint8_t)state;
	err = x->g->on_begin(x->arg, state, attrs, x->e);
	if (err != ERR_OK)
		end_with(x, err);
}

static void
on_end(void *arg, const char *name)
{
	struct xml *x = arg;
	enum err err;

	(void)name;
	if (x->is_stopped || x->err != ERR_OK)
		return;
	if (x->skipped > 0) {
		x->skipped--;
		return;
	}
	err = x->g->on_end(x->arg, x->states[x->depth--], x->e);
	if (err != ERR_OK)
		end_with(x, err);
}

static void
on_text(void *arg, const char *text, int n)
{
	struct xml *x = arg;
	enum err err;

	if (x->is_stopped || x->err != ERR_OK || x->skipped > 0 || x->depth == 0)
		return;
	err = x->g->on_text(x->arg, x->states[x->depth], (struct slice){text, (size_t)n}, x->e);
	if (err != ERR_OK)
		end_with(x, err);
}

static void
on_doctype(void *arg, const char *name, const char *system, const char *public, int has_subset)
{
	struct xml *x = arg;

	(void)name;
	(void)system;
	(void)public;
	(void)has_subset;
	if (x->err == ERR_OK)
		end_with(x, fail(x, "it has a document type declaration, which no spreadsheet "
				    "program writes"));
}

struct xml *
xml_new(const struct xml_grammar *g, const char *what, void *arg)
{
	struct xml *x = xcalloc(1, sizeof(*x));

	x->parser = XML_ParserCreate(NULL);
	if (x->parser == NULL)
		abort(); /* no memory for a few kilobytes */
	x->g = g;
	x->arg = arg;
	snprintf(x->what, sizeof(x->what), "%s", what);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_begin, on_end);
	if (g->on_text != NULL)
		XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

void
xml_free(struct xml *x)
{
	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	free(x);
}

enum err
xml_feed(struct xml *x, struct slice bytes, bool is_last, struct err_ctx *e)
{
	enum XML_Status status;
	int64_t at;

	if (x->is_stopped)
		return ERR_OK;
	x->e = e;
	status = XML_Parse(x->parser, bytes.p != NULL ? bytes.p : "", (int)bytes.n, is_last);
	if (x->err != ERR_OK || x->is_stopped)
		return x->err;
	if (status == XML_STATUS_ERROR)
		return x->err = fail(x, XML_ErrorString(XML_GetErrorCode(x->parser)));
	/* What expat holds back is a tag or comment that has not ended: it is looked at again from
	   its beginning with each feed, so its length is time too. */
	x->fed += bytes.n;
	at = XML_GetCurrentByteIndex(x->parser);
	if (!is_last && x->fed > XML_TOKEN_MAX && (at < 0 || x->fed - (uint64_t)at > XML_TOKEN_MAX))
		return x->err = fail(x, "a tag or comment is too long");
	return ERR_OK;
}

void
xml_stop(struct xml *x)
{
	x->is_stopped = true;
	XML_StopParser(x->parser, XML_FALSE);
}

bool
xml_is_stopped(const struct xml *x)
{
	return x->is_stopped;
}

bool
xml_is_malformed(const struct xml *x)
{
	return x->is_malformed;
}

const char *
xml_root(const struct xml *x)
{
	return x->root;
}

const char *
xml_attr(const char **attrs, const char *name)
{
	for (; attrs[0] != NULL; attrs += 2) {
		const char *colon = name[0] == ':' ? strchr(attrs[0], ':') : NULL;

		if (strcmp(colon != NULL ? colon : attrs[0], name) == 0)
			return attrs[1];
	}
	return NULL;
}

bool
xml_is_true(const char *value)
{
	return value != NULL && (strcmp(value, "1") == 0 || strcmp(value, "true") == 0);
}

int64_t
xml_number(const char *value, int64_t max)
{
	int64_t n = 0;

	if (value == NULL || value[0] == '\0')
		return -1;
	for (; *value != '\0'; value++) {
		if (*value < '0' || *value > '9')
			return -1;
		n = n * 10 + (*value - '0');
		if (n > max)
			return -1;
	}
	return n;
}
