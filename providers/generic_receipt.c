/* SPDX-License-Identifier: MIT */
/*
 * The generic driver's reading of pushed reports: a JSON body, a form body or
 * a query string; one report or an array of them. A report that names no
 * message is dropped; a status that is not in the table is RECEIPT_UNKNOWN. Who
 * may push, and whether a reference is ours, is judged by the caller.
 */
#include <stdio.h>
#include <string.h>

#include "providers/generic.h"

#define RECEIPT_BYTES_MAX (8u << 20)
#define RECEIPTS_MAX 100000

/* In a form the whole path is the field's name. */
static bool
field_text(const struct provider *p, const struct paths *paths, const json_t *v, char *out,
	   size_t cap)
{
	bool is_cut = false;

	if (p->receipts.in == RECEIPT_IN_JSON)
		return paths_text(paths, v, out, cap, &is_cut) && !is_cut && out[0] != '\0';
	for (size_t i = 0; i < paths->count; i++)
		if (wire_value_text(json_object_get(v, paths->path[i].text), out, cap, &is_cut) &&
		    !is_cut && out[0] != '\0')
			return true;
	return false;
}

/* A phone in digits with country code: +84912…, 84912… and 0912… are one. */
static void
read_phone(const struct provider *p, const json_t *v, char out[PHONE_TEXT_MAX])
{
	char text[PHONE_TEXT_MAX];
	const char *s = text;

	if (!field_text(p, &p->receipts.phone, v, text, sizeof(text)))
		return;
	s += *s == '+';
	if (s[strspn(s, "0123456789")] != '\0')
		return;
	if (*s == '0' && strlen(s) + 1 < PHONE_TEXT_MAX)
		snprintf(out, PHONE_TEXT_MAX, "84%.*s", PHONE_TEXT_MAX - 3, s + 1);
	else
		snprintf(out, PHONE_TEXT_MAX, "%s", s);
}

static bool
read_report(const struct provider *p, const json_t *v, struct receipt *out)
{
	const struct receipt_settings *s = &p->receipts;
	const struct code_row *row;

	*out = (struct receipt){.state = RECEIPT_UNKNOWN};
	/* What does not fit is not ours. */
	if (!field_text(p, &s->reference, v, out->reference, sizeof(out->reference)))
		out->reference[0] = '\0';
	/* An id is cut here as it was in the answer. */
	if (p->receipts.in == RECEIPT_IN_JSON)
		paths_text(&s->id, v, out->id, sizeof(out->id), NULL);
	else if (s->id.count > 0)
		wire_value_text(json_object_get(v, s->id.path[0].text), out->id, sizeof(out->id),
				NULL);
	if (out->reference[0] == '\0' && out->id[0] == '\0')
		return false;
	read_phone(p, v, out->phone);
	if (!field_text(p, &s->status, v, out->code, sizeof(out->code)))
		return true;
	row = codes_find(&s->statuses, out->code);
	if (row != NULL)
		out->state = (enum receipt_state)row->value;
	return true;
}

static enum err
no_report(struct err_ctx *e, const char *why)
{
	return err_set(e, ERR_INPUT, "receipt", "", "%s", why);
}

static enum err
parse_body(const struct provider *p, struct slice query, struct slice body, json_t **root,
	   struct err_ctx *e)
{
	struct slice s = p->receipts.in == RECEIPT_IN_QUERY ? query : body;

	if (p->receipts.in == RECEIPT_IN_JSON)
		return json_parse(s, RECEIPT_BYTES_MAX, "receipt", root, e);
	if (s.n > RECEIPT_BYTES_MAX)
		return no_report(e, "is too long");
	*root = wire_form_decode(s);
	return *root != NULL ? ERR_OK : no_report(e, "has too many fields");
}

static enum err
read_reports(const struct provider *p, const json_t *found, struct arena *a, struct receipt **out,
	     size_t *count)
{
	bool is_list = json_is_array(found);
	size_t n = is_list ? json_array_size(found) : 1;
	struct receipt *r = arena_alloc(a, (n + 1) * sizeof(*r));

	*out = r;
	for (size_t i = 0; i < n; i++)
		if (read_report(p, is_list ? json_array_get(found, i) : found, &r[*count]))
			(*count)++;
	return n > 0 && *count == 0 ? ERR_INPUT : ERR_OK;
}

enum err
generic_receipt(const struct provider *p, struct slice query, struct slice body, struct arena *a,
		struct receipt **out, size_t *count, struct err_ctx *e)
{
	struct slice s = slice_trim(p->receipts.in == RECEIPT_IN_QUERY ? query : body);
	json_t *root = NULL, *found;
	enum err rc;

	*out = NULL;
	*count = 0;
	if (!p->capability.has_receipts)
		return no_report(e, "is not expected: this provider has no \"receipts\"");
	if (s.n == 0)
		return ERR_OK; /* somebody looks whether the address answers */
	rc = parse_body(p, query, s, &root, e);
	if (rc != ERR_OK)
		return rc;
	found = p->receipts.in == RECEIPT_IN_JSON ? wire_path_get(&p->receipts.items, root) : root;
	if (!json_is_array(found) && !json_is_object(found))
		rc = no_report(e, "has no reports where they are expected");
	else if (json_is_array(found) && json_array_size(found) > RECEIPTS_MAX)
		rc = no_report(e, "has too many reports");
	else if (read_reports(p, found, a, out, count) != ERR_OK)
		rc = no_report(e, "names no message");
	json_decref(root);
	return rc;
}
