/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/wording.h"

#include <stdio.h>

#include "base/mem.h"

enum accents
accents_of_both(enum accents campaign, enum accents provider, bool has_unicode)
{
	if (campaign == ACCENTS_PLAIN || provider == ACCENTS_PLAIN)
		return ACCENTS_PLAIN;
	if (campaign == ACCENTS_KEPT && provider == ACCENTS_KEPT)
		return ACCENTS_KEPT;
	return has_unicode ? ACCENTS_SAVE : ACCENTS_PLAIN;
}

/* ---- writing ---- */

static bool
is_framed(const struct wording *w)
{
	const struct content_frame *f = &w->frame;

	return (f->label != NULL && f->label[0] != '\0') ||
	       (f->footer != NULL && f->footer[0] != '\0');
}

static bool
says_more(const struct wording *w)
{
	if (!set_is_plain(w->set) || is_framed(w))
		return true;
	for (unsigned p = 0; p < w->partitions; p++)
		if (w->accents[p] != ACCENTS_KEPT || w->traffic[p] != SMS_STANDARD)
			return true;
	return w->sms != NULL;
}

static json_t *
names_of(const struct wording *w, bool is_traffic)
{
	json_t *out = json_array();

	for (unsigned p = 0; p < w->partitions; p++)
		json_array_append_new(out, json_string(is_traffic ? sms_traffic_names[w->traffic[p]]
								  : accents_names[w->accents[p]]));
	return out;
}

void
wording_encode(const struct wording *w, struct buf *out)
{
	struct buf source = {0};
	json_t *v;

	if (!says_more(w)) {
		set_encode(w->set, out);
		return;
	}
	set_encode(w->set, &source);
	v = json_pack("{s:o, s:o, s:o}", "source", json_of_slice(buf_slice(&source)), "accents",
		      names_of(w, false), "traffic", names_of(w, true));
	if (w->sms != NULL)
		json_object_set(v, "sms", w->sms);
	if (w->languages != NULL && w->set->count > 1)
		json_object_set(v, "languages", w->languages);
	if (is_framed(w))
		json_object_set_new(v, "frame",
				    json_pack("[s, s]",
					      w->frame.label != NULL ? w->frame.label : "",
					      w->frame.footer != NULL ? w->frame.footer : ""));
	buf_adds(out, WORDING_MARK);
	json_add_value(out, v);
	json_decref(v);
	buf_free(&source);
}

/* ---- opening ---- */

/* The first error, as the operation's. */
static void
take_first(void *arg, const struct set_error *e)
{
	struct err_ctx *out = arg;

	if (out->code == ERR_OK)
		err_set(out, ERR_INPUT, "template", "", "%s%s%d:%d: %s", e->path,
			e->path[0] != '\0' ? " " : "", e->line, e->column, e->message);
}

static enum err
open_set(struct slice bytes, struct wording_opened *out, struct err_ctx *e)
{
	*e = (struct err_ctx){0};
	out->set = set_read(bytes, take_first, e);
	if (out->set == NULL)
		return ERR_INPUT;
	if (set_has_sms(out->set))
		return ERR_OK;
	return err_set(e, ERR_INPUT, "template", "", "has no SMS text");
}

static enum err
open_names(const struct json_at *at, struct wording_opened *out, bool is_traffic, struct err_ctx *e)
{
	enum err rc = json_want_array(at, e);

	for (size_t p = 0; rc == ERR_OK && p < json_array_size(at->v); p++) {
		struct json_at one = json_item(at, p);
		int which = 0;

		if (p == WORDING_PARTITIONS_MAX)
			return err_set(e, ERR_INPUT, one.path, "", "is one too many");
		rc = json_read_choice(&one, is_traffic ? sms_traffic_names : accents_names, 3,
				      &which, e);
		if (is_traffic)
			out->traffic[p] = (enum sms_traffic)which;
		else
			out->accents[p] = (enum accents)which;
	}
	return rc;
}

/* [label, footer] */
static enum err
open_frame(const struct json_at *at, struct wording_opened *out, struct err_ctx *e)
{
	struct json_at label = json_item(at, 0), footer = json_item(at, 1);
	const char *texts[2] = {"", ""};
	enum err rc;

	if ((rc = json_want_array(at, e)) != ERR_OK ||
	    (rc = json_read_string(&label, &texts[0], e)) != ERR_OK ||
	    (rc = json_read_string(&footer, &texts[1], e)) != ERR_OK)
		return rc;
	if (strlen(texts[0]) > CONTENT_LABEL_MAX || strlen(texts[1]) > CONTENT_LABEL_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %u bytes",
			       CONTENT_LABEL_MAX);
	slice_copy(out->label, sizeof(out->label), slice_trim(slice_of(texts[0])));
	slice_copy(out->footer, sizeof(out->footer), slice_trim(slice_of(texts[1])));
	return ERR_OK;
}

static enum err
open_document(const struct json_at *root, struct wording_opened *out, struct err_ctx *e)
{
	struct json_at source = json_get(root, "source"), sms = json_get(root, "sms");
	struct json_at accents = json_get(root, "accents"), traffic = json_get(root, "traffic");
	struct json_at languages = json_get(root, "languages"), frame = json_get(root, "frame");
	const char *text = "";
	enum err rc;

	if ((rc = json_need_string(&source, &text, e)) != ERR_OK ||
	    (rc = open_set(slice_of(text), out, e)) != ERR_OK ||
	    (rc = open_names(&accents, out, false, e)) != ERR_OK ||
	    (rc = open_names(&traffic, out, true, e)) != ERR_OK ||
	    (frame.v != NULL && (rc = open_frame(&frame, out, e)) != ERR_OK))
		return rc;
	if (sms.v != NULL)
		rc = sms_rules_read(&sms, &out->table, e);
	if (rc == ERR_OK && languages.v != NULL)
		rc = languages_read(&languages, &out->languages, e);
	return rc;
}

enum err
wording_open(struct slice bytes, struct wording_opened *out, struct err_ctx *e)
{
	size_t n = strlen(WORDING_MARK);
	struct json_at root;
	json_t *v = NULL;
	enum err rc;

	*out = (struct wording_opened){0};
	if (bytes.n < n || memcmp(bytes.p, WORDING_MARK, n) != 0) {
		rc = open_set(bytes, out, e);
	} else {
		bytes = (struct slice){bytes.p + n, bytes.n - n};
		rc = json_parse(bytes, WORDING_MAX, "wording of the run", &v, e);
		root = json_root(v);
		if (rc == ERR_OK)
			rc = open_document(&root, out, e);
		json_decref(v);
	}
	if (rc != ERR_OK)
		wording_clear(out);
	return rc;
}

void
wording_clear(struct wording_opened *w)
{
	set_free(w->set);
	languages_free(w->languages);
	*w = (struct wording_opened){0};
}
