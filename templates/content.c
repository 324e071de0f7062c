/* SPDX-License-Identifier: MIT */
#include "templates/content.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/mem.h"
#include "base/text.h"
#include "templates/content_inside.h"

static const char *const kind_names[] = {"links", "shorteners", "labels",
					 "words", "characters", "parts"};
static const char *const list_keys[] = {"domains", "domains", "labels", "words"};
static const char *const severity_names[] = {"warn", "refuse"};

/* ---- reading ---- */

static enum err
read_strings(const struct json_at *at, struct content_strings *out, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);
	size_t n = json_array_size(at->v);

	if (rc == ERR_OK && n > CONTENT_ITEMS_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %u entries",
			       CONTENT_ITEMS_MAX);
	if (rc != ERR_OK || n == 0)
		return rc;
	out->items = xcalloc(n, sizeof(*out->items));
	for (size_t i = 0; rc == ERR_OK && i < n; i++) {
		struct json_at one = json_item(at, i);

		rc = json_need_string(&one, &out->items[i], e);
		if (rc == ERR_OK && (out->items[i][0] == '\0' || strlen(out->items[i]) > 200))
			return err_set(e, ERR_INPUT, one.path, "", "must have 1 to 200 bytes");
		out->count += rc == ERR_OK;
	}
	return rc;
}

static enum err
read_since(const struct json_at *entry, char since[12], struct err_ctx *e)
{
	struct json_at at = json_get(entry, "since");
	const char *text = "2000-01-01";
	struct date day;
	enum err rc = json_read_string(&at, &text, e);

	if (rc != ERR_OK)
		return rc;
	if (!date_read_day(slice_of(text), &day))
		return err_set(e, ERR_INPUT, at.path, "write 2025-01-01", "\"%s\" is no date",
			       text);
	snprintf(since, 12, "%s", text);
	return ERR_OK;
}

/* The words in the form in which they are compared, sorted. */
static enum err
fold_words(struct content_rule *r, const struct content_strings *words, const char *path,
	   struct err_ctx *e)
{
	struct comparer *comparer = comparer_new(r->mode);
	struct buf nfc = {0}, form = {0};
	struct compare_token t[CONTENT_PHRASE_MAX + 1];
	enum err rc = ERR_OK;

	r->phrases = xcalloc(words->count + 1, sizeof(*r->phrases));
	for (size_t i = 0; rc == ERR_OK && i < words->count; i++) {
		struct content_phrase *p = &r->phrases[r->phrase_count];
		size_t n;

		buf_reset(&nfc);
		buf_reset(&form);
		text_add_nfc(&nfc, slice_of(words->items[i]));
		compare_add(comparer, buf_slice(&nfc), &form, NULL);
		n = compare_tokens(buf_slice(&form), false, t, ARRAY_LEN(t));
		if (n == 0 || n > CONTENT_PHRASE_MAX) {
			rc = err_set(e, ERR_INPUT, path, "", "\"%s\" has no words, or too many",
				     words->items[i]);
			break;
		}
		p->form = xmemdup0(form.data, form.len);
		p->count = n;
		for (size_t k = 0; k < n; k++)
			p->words[k] = (struct slice){p->form + t[k].at, t[k].n};
		r->phrase_count++;
	}
	comparer_free(comparer);
	buf_free(&nfc);
	buf_free(&form);
	qsort(r->phrases, r->phrase_count, sizeof(*r->phrases), content_by_first_word);
	return rc;
}

/* Most texts have none of these bytes: then nothing more is compared. */
static void
note_starts(struct content_rule *r)
{
	if (r->kind == CONTENT_LABELS) {
		for (size_t i = 0; i < r->list.count; i++) {
			unsigned char c = (unsigned char)r->list.items[i][0];

			r->is_start[c] = true;
			if ((c | 32) >= 'a' && (c | 32) <= 'z')
				r->is_start[c ^ 32] = true;
		}
	}
	for (const char *c = r->characters; *c != '\0'; c++)
		r->is_start[(unsigned char)*c] = true;
}

/* What only one kind has. */
static enum err
read_kind(struct content_rule *r, const struct json_at *entry, struct err_ctx *e)
{
	struct json_at compare = json_get(entry, "compare"), max = json_get(entry, "max");
	struct json_at characters = json_get(entry, "characters");
	struct json_at endings = json_get(entry, "endings"), list;
	int mode = COMPARE_PLAIN;
	enum err rc;

	if ((rc = json_read_choice(&compare, compare_mode_names, COMPARE_MODES, &mode, e)) !=
		    ERR_OK ||
	    (rc = json_read_int(&max, 1, 255, &r->max, e)) != ERR_OK ||
	    (rc = json_read_string(&characters, &r->characters, e)) != ERR_OK ||
	    (rc = read_strings(&endings, &r->endings, e)) != ERR_OK)
		return rc;
	r->mode = (enum compare_mode)mode;
	if (r->kind == CONTENT_PARTS && r->max == 0)
		return err_set(e, ERR_INPUT, max.path, "", "is missing");
	if (r->kind == CONTENT_CHARACTERS && r->characters[0] == '\0')
		return err_set(e, ERR_INPUT, characters.path, "", "is missing");
	if (r->kind >= (int)ARRAY_LEN(list_keys)) {
		note_starts(r);
		return ERR_OK;
	}
	list = json_get(entry, list_keys[r->kind]);
	rc = read_strings(&list, &r->list, e);
	if (rc == ERR_OK && r->list.count == 0)
		return err_set(e, ERR_INPUT, list.path, "", "is missing or empty");
	note_starts(r);
	if (rc == ERR_OK && r->kind == CONTENT_WORDS)
		rc = fold_words(r, &r->list, list.path, e);
	return rc;
}

static enum err
read_rule(struct content_rule *r, const struct json_at *entry, struct err_ctx *e)
{
	static const char *const keys[] = {"rule",    "since",	   "kind",    "severity",
					   "classes", "providers", "domains", "endings",
					   "labels",  "words",	   "compare", "characters",
					   "max",     "vi",	   "en"};
	struct json_at name = json_get(entry, "rule"), kind = json_get(entry, "kind");
	struct json_at severity = json_get(entry, "severity"), vi = json_get(entry, "vi");
	struct json_at en = json_get(entry, "en"), classes = json_get(entry, "classes");
	struct json_at providers = json_get(entry, "providers");
	int of_severity = -1;
	enum err rc;

	r->kind = -1;
	r->characters = "";
	if ((rc = json_only_keys(entry, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = json_need_string(&name, &r->name, e)) != ERR_OK ||
	    (rc = json_read_choice(&kind, kind_names, ARRAY_LEN(kind_names), &r->kind, e)) !=
		    ERR_OK ||
	    (rc = json_read_choice(&severity, severity_names, 2, &of_severity, e)) != ERR_OK ||
	    (rc = json_need_string(&vi, &r->vi, e)) != ERR_OK ||
	    (rc = json_need_string(&en, &r->en, e)) != ERR_OK ||
	    (rc = read_since(entry, r->since, e)) != ERR_OK ||
	    (rc = read_strings(&classes, &r->classes, e)) != ERR_OK ||
	    (rc = read_strings(&providers, &r->providers, e)) != ERR_OK)
		return rc;
	if (r->kind < 0 || of_severity < 0)
		return err_set(e, ERR_INPUT, r->kind < 0 ? kind.path : severity.path, "",
			       "is missing");
	r->severity = (enum content_severity)of_severity;
	return read_kind(r, entry, e);
}

/* Part of every text, so nothing in it may be taken for a tag of the template. */
static enum err
read_frame_text(const struct json_at *at, const char **out, struct err_ctx *e)
{
	enum err rc = json_read_string(at, out, e);

	if (rc == ERR_OK && (strlen(*out) > CONTENT_LABEL_MAX || strchr(*out, '{') != NULL ||
			     strchr(*out, '}') != NULL || strchr(*out, '\n') != NULL))
		return err_set(e, ERR_INPUT, at->path, "",
			       "must have at most %u bytes, no braces and no line breaks",
			       CONTENT_LABEL_MAX);
	return rc;
}

static enum err
read_advert(struct content_advert *a, const struct json_at *entry, struct err_ctx *e)
{
	static const char *const keys[] = {"since", "classes", "label", "footer"};
	struct json_at classes = json_get(entry, "classes"), label = json_get(entry, "label");
	struct json_at footer = json_get(entry, "footer");
	enum err rc;

	a->frame = (struct content_frame){"", ""};
	if ((rc = json_only_keys(entry, keys, ARRAY_LEN(keys), e)) != ERR_OK ||
	    (rc = read_since(entry, a->since, e)) != ERR_OK ||
	    (rc = read_strings(&classes, &a->classes, e)) != ERR_OK ||
	    (rc = read_frame_text(&label, &a->frame.label, e)) != ERR_OK ||
	    (rc = read_frame_text(&footer, &a->frame.footer, e)) != ERR_OK)
		return rc;
	if (a->classes.count == 0)
		return err_set(e, ERR_INPUT, classes.path, "name the classes that are adverts",
			       "is missing or empty");
	return ERR_OK;
}

static enum err
read_entries(struct content *c, const struct json_at *root, struct err_ctx *e)
{
	struct json_at adverts = json_get(root, "adverts"), rules = json_get(root, "rules");
	enum err rc;

	if ((rc = json_want_array(&adverts, e)) != ERR_OK ||
	    (rc = json_want_array(&rules, e)) != ERR_OK)
		return rc;
	if (json_array_size(adverts.v) > CONTENT_RULES_MAX ||
	    json_array_size(rules.v) > CONTENT_RULES_MAX)
		return err_set(e, ERR_INPUT, "adverts, rules", "", "more than %u entries",
			       CONTENT_RULES_MAX);
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(adverts.v); i++) {
		struct json_at entry = json_item(&adverts, i);

		rc = read_advert(&c->adverts[c->advert_count++], &entry, e);
	}
	for (size_t i = 0; rc == ERR_OK && i < json_array_size(rules.v); i++) {
		struct json_at entry = json_item(&rules, i);

		rc = read_rule(&c->rules[c->rule_count++], &entry, e);
	}
	return rc;
}

enum err
content_read(json_t *document, struct content **out, struct err_ctx *e)
{
	static const char *const keys[] = {"comment", "adverts", "rules"};
	struct content *c = xcalloc(1, sizeof(*c));
	struct json_at root = json_root(document);
	enum err rc = json_only_keys(&root, keys, ARRAY_LEN(keys), e);

	if (rc == ERR_OK)
		rc = read_entries(c, &root, e);
	if (rc != ERR_OK) {
		content_free(c);
		c = NULL;
	}
	*out = c;
	return rc;
}

void
content_free(struct content *c)
{
	if (c == NULL)
		return;
	for (size_t i = 0; i < c->advert_count; i++)
		free(c->adverts[i].classes.items);
	for (size_t i = 0; i < c->rule_count; i++) {
		struct content_rule *r = &c->rules[i];

		for (size_t k = 0; k < r->phrase_count; k++)
			free(r->phrases[k].form);
		free(r->phrases);
		free(r->classes.items);
		free(r->providers.items);
		free(r->list.items);
		free(r->endings.items);
	}
	free(c);
}

/* ---- in force ---- */

static bool
holds_for(const struct content_strings *s, const char *name)
{
	for (size_t i = 0; i < s->count; i++)
		if (strcmp(s->items[i], name) == 0)
			return true;
	return s->count == 0;
}

/* Is there a later entry of its name whose date has come? */
static bool
is_replaced(const struct content *c, size_t i, const char *day)
{
	const struct content_rule *r = &c->rules[i];

	for (size_t k = 0; k < c->rule_count; k++) {
		const struct content_rule *other = &c->rules[k];
		int order = strcmp(other->since, r->since);

		if (k != i && strcmp(other->name, r->name) == 0 && strcmp(other->since, day) <= 0 &&
		    (order > 0 || (order == 0 && k > i)))
			return true;
	}
	return false;
}

struct content_view *
content_view_new(const struct content *c, const char *class, const char *provider, const char *day,
		 bool is_framed)
{
	struct content_view *v = xcalloc(1, sizeof(*v));

	v->label = is_framed ? content_frame(c, class, day).label : "";
	for (int m = 0; m < COMPARE_MODES; m++)
		v->comparers[m] = comparer_new((enum compare_mode)m);
	for (size_t i = 0; i < c->rule_count; i++) {
		const struct content_rule *r = &c->rules[i];

		if (strcmp(r->since, day) <= 0 && !is_replaced(c, i, day) &&
		    holds_for(&r->classes, class) && holds_for(&r->providers, provider))
			v->rules[v->count++] = r;
	}
	return v;
}

void
content_view_free(struct content_view *v)
{
	if (v == NULL)
		return;
	for (int m = 0; m < COMPARE_MODES; m++) {
		comparer_free(v->comparers[m]);
		buf_free(&v->forms[m]);
		buf_free(&v->froms[m]);
	}
	free(v);
}

size_t
content_rule_count(const struct content_view *v)
{
	return v->count;
}

struct content_words
content_rule_words(const struct content_view *v, size_t i)
{
	const struct content_rule *r = v->rules[i];

	return (struct content_words){r->name, kind_names[r->kind], r->severity, r->vi, r->en};
}

bool
content_may_refuse(const struct content_view *v)
{
	for (size_t i = 0; i < v->count; i++)
		if (v->rules[i]->severity == CONTENT_REFUSE)
			return true;
	return false;
}

struct content_frame
content_frame(const struct content *c, const char *class, const char *day)
{
	const struct content_advert *best = NULL;

	for (size_t i = 0; i < c->advert_count; i++) {
		const struct content_advert *a = &c->adverts[i];

		if (strcmp(a->since, day) <= 0 && holds_for(&a->classes, class) &&
		    (best == NULL || strcmp(a->since, best->since) >= 0))
			best = a;
	}
	return best != NULL ? best->frame : (struct content_frame){"", ""};
}
