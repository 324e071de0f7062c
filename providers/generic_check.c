/* SPDX-License-Identifier: MIT */
/*
 * Settings that are each right but promise what the gateway cannot keep: a
 * reference that never travels, receipts that name nobody, an answer in which
 * nothing can be accepted. Refused when the account is opened, because each of
 * them would lose or double messages later.
 */
#include "providers/generic.h"

static enum err
refuse(struct err_ctx *e, const char *what, const char *todo, const char *why)
{
	return err_set(e, ERR_INPUT, what, todo, "%s", why);
}

uint32_t
generic_vars(const struct provider *p, bool inside_each)
{
	uint32_t vars = 0;

	if (inside_each)
		return p->body.each_vars | p->query.each_vars;
	vars = p->url.outer_vars | p->query.outer_vars | p->body.outer_vars;
	for (size_t i = 0; i < p->header_count; i++)
		vars |= p->headers[i].value.outer_vars;
	return vars;
}

static enum err
check_account(const struct provider *p, uint32_t vars, struct err_ctx *e)
{
	if ((vars & VAR_BIT(VAR_USER)) != 0 && p->user.bytes == NULL)
		return refuse(e, "user", "add it", "is missing, ${user} needs it");
	if ((vars & VAR_BIT(VAR_PASSWORD)) != 0 && p->password.bytes == NULL)
		return refuse(e, "password", "add it", "is missing, ${password} needs it");
	return ERR_OK;
}

/* What belongs to one message may stand outside $each only in a request for one. */
static enum err
check_shape(const struct provider *p, uint32_t outer, uint32_t each, struct err_ctx *e)
{
	const uint32_t phone = VAR_BIT(VAR_PHONE) | VAR_BIT(VAR_PHONE_LOCAL);
	const uint32_t text = VAR_BIT(VAR_TEXT), reference = VAR_BIT(VAR_REFERENCE);
	bool has_each = p->body.has_each || p->query.has_each;
	enum batch_shape shape = p->capability.shape;

	if (((outer | each) & phone) == 0)
		return refuse(e, "body", "put ${phone} where the number goes",
			      "does not say to whom: no ${phone}");
	if (((outer | each) & text) == 0)
		return refuse(e, "body", "put ${text} where the text goes",
			      "does not say what: no ${text}");
	if (shape == SHAPE_ONE)
		return has_each ? refuse(e, "body", "use the shape one_text or list",
					 "has $each although \"shape\" is one")
				: ERR_OK;
	if (!has_each)
		return refuse(e, "body", "put {\"$each\": …} where the list goes",
			      "has no $each although \"shape\" is for many");
	if ((outer & phone) != 0 || (each & phone) == 0)
		return refuse(e, "body", "move it into $each", "has ${phone} outside $each");
	if ((outer & reference) != 0)
		return refuse(e, "body", "use ${request_reference} there",
			      "has ${reference} outside $each: which message's?");
	if (shape == SHAPE_LIST && (outer & text) != 0)
		return refuse(e, "body", "move it into $each, or use the shape one_text",
			      "has ${text} outside $each although each message has its own");
	return ERR_OK;
}

static bool
has_class(const struct code_table *t, enum outcome_class class)
{
	for (size_t i = 0; i < t->count; i++)
		if (t->rows[i].value == (int)class)
			return true;
	return false;
}

static enum err
check_references(const struct provider *p, uint32_t vars, struct err_ctx *e)
{
	const struct capability *c = &p->capability;
	const uint32_t any = VAR_BIT(VAR_REFERENCE) | VAR_BIT(VAR_REQUEST_REFERENCE);
	uint32_t wanted = c->shape == SHAPE_ONE ? any /* the same there */
			  : c->reference_scope == REFERENCE_PER_REQUEST
				  ? VAR_BIT(VAR_REQUEST_REFERENCE)
				  : VAR_BIT(VAR_REFERENCE);

	if (c->dedupe == DEDUPE_BY_REFERENCE && (vars & wanted) == 0)
		return refuse(e, "dedupe",
			      c->reference_scope == REFERENCE_PER_REQUEST
				      ? "send ${request_reference}, or dedupe by none"
				      : "send ${reference}, or dedupe by none",
			      "is by reference, but the request carries none");
	if (c->dedupe == DEDUPE_NONE &&
	    (has_class(&p->codes, OUTCOME_DUPLICATE) || has_class(&p->http, OUTCOME_DUPLICATE)))
		return refuse(e, "codes", "say in \"dedupe\" what it compares and for how long",
			      "has a duplicate although \"dedupe\" is none");
	if (p->receipts.reference.count > 0 && (vars & any) == 0)
		return refuse(e, "receipts", "send ${reference}, or match by \"id\"",
			      "come with a reference, but the request carries none");
	return ERR_OK;
}

static enum err
check_items(const struct provider *p, uint32_t each, struct err_ctx *e)
{
	const struct answer_items *items = &p->answer.items;

	if (!items->is_set)
		return ERR_OK;
	if (p->capability.shape == SHAPE_ONE)
		return refuse(e, "answer.items", "take it out",
			      "has no place where \"shape\" is one");
	if (items->reference.count > 0 && items->phone.count > 0)
		return refuse(e, "answer.items", "take one out",
			      "has both \"reference\" and \"phone\"");
	if (items->reference.count > 0 && (each & VAR_BIT(VAR_REFERENCE)) == 0)
		return refuse(e, "answer.items.reference", "send ${reference} inside $each",
			      "is matched, but no message carries one");
	if (items->phone.count > 0 && p->capability.shape != SHAPE_ONE_TEXT)
		return refuse(e, "answer.items.phone", "match by \"reference\" or by position",
			      "does not tell two texts for one number apart");
	return ERR_OK;
}

static enum err
check_answer(const struct provider *p, struct err_ctx *e)
{
	const struct answer_settings *a = &p->answer;
	bool has_paths = a->code.count + a->id.count + a->success.count + a->refused_phones.count +
				 a->retry_after.count >
			 0;
	bool has_code = a->code.count > 0 || a->items.code.count > 0 || a->format == ANSWER_TEXT;
	bool has_success = a->success.count > 0 || a->items.success.count > 0;

	if (a->format != ANSWER_JSON && (has_paths || a->items.is_set))
		return refuse(e, "answer", "take them out, or use \"format\": \"json\"",
			      "has paths, but its format has no places");
	if (a->refused_phones.count > 0 &&
	    (p->capability.shape != SHAPE_ONE_TEXT || a->items.is_set))
		return refuse(e, "answer.refused_phones", "take it out",
			      "is only for the shape one_text without items");
	if (has_class(&p->codes, OUTCOME_AUTH_EXPIRED) || has_class(&p->http, OUTCOME_AUTH_EXPIRED))
		return refuse(e, "codes", "use bad-account",
			      "has auth-expired, but this driver cannot renew credentials");
	if (a->format == ANSWER_NONE
		    ? !has_class(&p->http, OUTCOME_ACCEPTED)
		    : !(has_code && has_class(&p->codes, OUTCOME_ACCEPTED)) && !has_success)
		return refuse(e, "answer", "say which code means accepted, or name \"success\"",
			      "has no way to be accepted");
	return ERR_OK;
}

static enum err
check_receipts(const struct provider *p, uint32_t each, struct err_ctx *e)
{
	const struct receipt_settings *s = &p->receipts;
	bool is_many = p->capability.shape != SHAPE_ONE;
	bool has_one_reference = is_many && (each & VAR_BIT(VAR_REFERENCE)) == 0;
	bool has_delivered = false;

	if (!p->capability.has_receipts)
		return ERR_OK;
	for (size_t i = 0; i < s->statuses.count; i++)
		has_delivered |= s->statuses.rows[i].value == RECEIPT_DELIVERED;
	if (s->reference.count == 0 && s->id.count == 0)
		return refuse(e, "receipts", "add the path \"reference\" or \"id\"",
			      "do not say whose they are");
	if (s->status.count == 0 || !has_delivered)
		return refuse(e, "receipts", "add \"status\", and \"statuses\" with a delivered",
			      "do not say what became of the message");
	if (p->capability.echo == ECHO_REFERENCE && has_one_reference &&
	    p->capability.reference_scope != REFERENCE_PER_REQUEST)
		return refuse(e, "receipts.reference",
			      "say \"reference_scope\": \"request\", or match by \"id\"",
			      "is the same for all messages of a request");
	if (p->capability.echo == ECHO_ID && p->answer.id.count == 0 &&
	    (!is_many || p->answer.items.id.count == 0))
		return refuse(e, "receipts.id", is_many ? "add answer.items.id" : "add answer.id",
			      "is matched, but the answer gives no id");
	if (s->in != RECEIPT_IN_JSON && s->items.count > 0)
		return refuse(e, "receipts.items", "take it out",
			      "has no place in a form or a query");
	return ERR_OK;
}

enum err
generic_check(const struct provider *p, struct err_ctx *e)
{
	uint32_t outer = generic_vars(p, false), each = generic_vars(p, true);
	enum err rc = check_account(p, outer | each, e);

	if (rc == ERR_OK)
		rc = check_shape(p, outer, each, e);
	if (rc == ERR_OK)
		rc = check_references(p, outer | each, e);
	if (rc == ERR_OK)
		rc = check_items(p, each, e);
	if (rc == ERR_OK)
		rc = check_answer(p, e);
	return rc == ERR_OK ? check_receipts(p, each, e) : rc;
}
