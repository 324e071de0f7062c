/* SPDX-License-Identifier: MIT */
/* Reading and judging notices: nothing here waits. */
#include "dispatcher/campaign/notice.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/text.h"
#include "dispatcher/campaign/registration.h"
#include "dispatcher/campaign/words.h"
#include "segments/phone.h"

#define NEAREST_MAX 3 /* texts of a request that are compared word by word */

json_t *
notice_refusal(const char *code, const char *what, const char *detail, const char *todo)
{
	json_t *v =
		json_pack("{s:s, s:o, s:o}", "code", code, "what", json_of_slice(slice_of(what)),
			  "detail", json_of_slice(slice_of(detail)));

	if (v != NULL && todo[0] != '\0')
		json_object_set_new(v, "todo", json_of_slice(slice_of(todo)));
	return v != NULL ? v : json_pack("{s:s}", "code", code);
}

void
notice_refuse(struct notice *m, const char *code, const char *member, const char *detail,
	      const char *todo)
{
	char what[160];

	if (m->refusal != NULL)
		return;
	snprintf(what, sizeof(what), "%s%s%s", m->path, m->path[0] != '\0' ? "." : "", member);
	m->refusal = notice_refusal(code, what, detail, todo);
}

static void
refuse_err(struct notice *m, const struct err_ctx *e)
{
	if (m->refusal == NULL)
		m->refusal = notice_refusal(err_name(e->code), e->what, e->why, e->todo);
}

/* ---- read ---- */

static int
template_index(struct notices *n, const char *name)
{
	size_t i = 0;

	while (i < n->template_count && strcmp(n->templates[i], name) != 0)
		i++;
	if (i == NOTICE_TEMPLATES_MAX)
		return -1;
	if (i == n->template_count)
		n->templates[n->template_count++] = xstrdup(name);
	return (int)i;
}

/* Which template, or which text: one of the two. */
static enum err
read_words(struct notices *n, struct notice *m, const struct json_at *at, struct err_ctx *e)
{
	struct json_at text = json_get(at, "text"), template = json_get(at, "template");
	struct json_at fields = json_get(at, "fields"), language = json_get(at, "language");
	const char *name = NULL;
	enum err rc;

	if ((rc = json_read_string(&text, &m->text, e)) != ERR_OK ||
	    (rc = json_read_string(&template, &name, e)) != ERR_OK ||
	    (rc = json_read_string(&language, &m->language, e)) != ERR_OK ||
	    (rc = json_want_object(&fields, e)) != ERR_OK)
		return rc;
	m->fields = fields.v;
	if ((m->text == NULL) == (name == NULL))
		return err_set(e, ERR_INPUT, text.path, "give one of \"text\" and \"template\"",
			       m->text == NULL ? "is missing, and there is no template"
					       : "stands beside a template");
	if (m->text != NULL && m->fields != NULL)
		return err_set(e, ERR_INPUT, fields.path, "name a template, or leave it out",
			       "belongs to a template");
	if (m->text != NULL && m->language != NULL)
		return err_set(e, ERR_INPUT, language.path, "name a template, or leave it out",
			       "belongs to a template");
	if (name == NULL)
		return ERR_OK;
	rc = name_check(template.path, slice_of(name), e);
	if (rc != ERR_OK)
		return rc;
	m->template = template_index(n, name);
	if (m->template <0)
		return err_set(e, ERR_INPUT, template.path, "split the request",
			       "more than %u different templates", NOTICE_TEMPLATES_MAX);
	return ERR_OK;
}

static enum err
read_message(struct notices *n, struct notice *m, const struct json_at *at, struct err_ctx *e)
{
	struct json_at to = json_get(at, "to"), label = json_get(at, "label");
	enum err rc;

	if ((rc = json_need_string(&to, &m->to, e)) != ERR_OK ||
	    (rc = json_read_string(&label, &m->label, e)) != ERR_OK ||
	    (rc = read_words(n, m, at, e)) != ERR_OK)
		return rc;
	if (strlen(m->label) > NOTICE_LABEL_MAX)
		return err_set(e, ERR_INPUT, label.path, "shorten it", "has more than %d bytes",
			       NOTICE_LABEL_MAX);
	return ERR_OK;
}

/* Class, order and unit: common to all messages of the request. */
static enum err
read_common(struct notices *n, const struct config *c, const struct json_at *root,
	    struct err_ctx *e)
{
	static const char *const classes[] = {"personal", "emergency", "duty"};
	struct json_at class = json_get(root, "class"), order = json_get(root, "order");
	struct json_at unit = json_get(root, "unit");
	bool is_emergency;
	char today[32];
	int which = 0;
	enum err rc;

	n->order = "";
	n->unit = 1;
	if ((rc = json_read_choice(&class, classes, ARRAY_LEN(classes), &which, e)) != ERR_OK ||
	    (rc = json_read_string(&order, &n->order, e)) != ERR_OK ||
	    (rc = json_read_int(&unit, 1, 1000000, &n->unit, e)) != ERR_OK)
		return rc;
	n->class = classes[which];
	n->policy = config_class(c, n->class);
	if (n->policy == NULL)
		return err_set(e, ERR_REFUSED, "class", "see the classes of the policy",
			       "the policy has no class %s today", n->class);
	is_emergency = which == 1;
	clock_format_vn(clock_wall_ms() / 1000, today);
	today[10] = '\0';
	if (is_emergency || n->order[0] != '\0')
		rc = standing_order_check(c->standing_orders, c->standing_order_count, n->order,
					  n->class, today, e);
	return rc == ERR_OK ? route_plan_make(c, &n->route, e) : rc;
}

static struct notices *
notices_new(json_t *document, size_t count)
{
	struct notices *n = xcalloc(1, sizeof(*n) + count * sizeof(n->list[0]));

	n->document = json_incref(document);
	n->count = count;
	for (size_t i = 0; i < count; i++) {
		n->list[i].template = -1;
		n->list[i].label = "";
	}
	return n;
}

void
notices_free(struct notices *n)
{
	if (n == NULL)
		return;
	for (size_t i = 0; i < n->template_count; i++) {
		free(n->templates[i]);
		set_free(n->sets[i]);
	}
	for (size_t i = 0; i < PROVIDERS_MAX; i++)
		content_view_free(n->rules[i]);
	for (size_t i = 0; i < n->count; i++) {
		json_decref(n->list[i].refusal);
		buf_free(&n->list[i].warning);
		buf_free(&n->list[i].rendered);
		buf_free(&n->list[i].plain);
	}
	json_decref(n->document);
	free(n);
}

static enum err
read_batch(struct notices *n, const struct json_at *root, struct err_ctx *e)
{
	static const char *const keys[] = {"messages", "class", "order", "unit"};
	static const char *const message_keys[] = {"to",     "text",  "template",
						   "fields", "label", "language"};
	struct json_at messages = json_get(root, "messages");
	enum err rc = json_only_keys(root, keys, ARRAY_LEN(keys), e);

	for (size_t i = 0; rc == ERR_OK && i < n->count; i++) {
		struct notice *m = &n->list[i];
		struct json_at one = json_item(&messages, i);
		struct err_ctx why;

		snprintf(m->path, sizeof(m->path), "messages[%zu]", i);
		if (!json_is_object(one.v))
			notice_refuse(m, "input", "", "must be an object", "");
		else if (json_only_keys(&one, message_keys, ARRAY_LEN(message_keys), &why) !=
				 ERR_OK ||
			 read_message(n, m, &one, &why) != ERR_OK)
			refuse_err(m, &why);
	}
	return rc;
}

enum err
notices_read(const struct config *c, json_t *document, struct notices **out, struct err_ctx *e)
{
	static const char *const keys[] = {"to",    "text",  "template", "fields",  "label",
					   "class", "order", "unit",	 "language"};
	struct json_at root = json_root(document), messages = json_get(&root, "messages");
	size_t count = messages.v != NULL ? json_array_size(messages.v) : 1;
	struct notices *n;
	enum err rc = json_want_array(&messages, e);

	if (rc != ERR_OK)
		return rc;
	if (count == 0 || count > NOTICES_MAX)
		return err_set(e, ERR_INPUT, "messages", "send 1 to 1000 at once",
			       count == 0 ? "is empty" : "has %zu messages", count);
	n = notices_new(document, count);
	n->is_batch = messages.v != NULL;
	rc = n->is_batch ? read_batch(n, &root, e)
			 : json_only_keys(&root, keys, ARRAY_LEN(keys), e);
	if (rc == ERR_OK && !n->is_batch)
		rc = read_message(n, &n->list[0], &root, e);
	if (rc == ERR_OK)
		rc = read_common(n, c, &root, e);
	if (rc != ERR_OK) {
		notices_free(n);
		return rc;
	}
	*out = n;
	return ERR_OK;
}

void
notices_hash(const json_t *document, uint8_t out[16])
{
	char *text = json_dumps(document, JSON_COMPACT | JSON_SORT_KEYS);

	hash_plain(slice_of(text != NULL ? text : ""), out);
	free(text);
}

/* ---- judge ---- */

static void
judge_phone(struct notice *m)
{
	struct phone_cell cell;
	char detail[100];

	phone_parse(slice_of(m->to), &cell);
	if (cell.count == 0) {
		snprintf(detail, sizeof(detail), "is no mobile number of Vietnam: %s", cell.reason);
		notice_refuse(m, cell.reason, "to", detail, "write it as 0912345678");
	} else if (cell.count > 1) {
		notice_refuse(m, "several-phones", "to", "holds several numbers",
			      "send a message to each");
	} else {
		m->payload.phone = cell.phones[0];
		m->carrier = (uint8_t)cell.carrier;
	}
}

/* The field's value in the message's object; false for what is no value of a cell. */
static bool
field_value(const json_t *v, struct template_value *out, struct buf *number)
{
	*out = (struct template_value){0};
	if (json_is_object(v) || json_is_array(v))
		return false;
	if (json_is_string(v) && json_string_length(v) > 0) {
		*out = (struct template_value){
			TEMPLATE_TEXT, {json_string_value(v), json_string_length(v)}, 0};
	} else if (json_is_boolean(v)) {
		out->kind = json_is_true(v) ? TEMPLATE_TRUE : TEMPLATE_FALSE;
		out->text = slice_of(json_is_true(v) ? "true" : "false");
	} else if (json_is_number(v)) {
		if (json_is_integer(v))
			buf_addf(number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
		else
			template_add_number(number, json_real_value(v));
		out->kind = TEMPLATE_NUMBER;
		out->number = json_number_value(v);
		out->text = buf_slice(number);
	}
	return true;
}

/* The members under their folded names: a request may have a hundred thousand. The first wins. */
static json_t *
fold_fields(json_t *fields)
{
	json_t *out = json_object(), *v;
	struct buf one = {0};
	const char *key;

	json_object_foreach (fields, key, v) {
		buf_reset(&one);
		buf_adds(&one, "");
		text_add_folded(&one, slice_of(key));
		if (json_object_get(out, one.data) == NULL)
			json_object_set(out, one.data, v);
	}
	buf_free(&one);
	return out;
}

/* The member whose name is the field's, whatever its case and normal form. */
static json_t *
find_field(const json_t *folded, const char *name)
{
	struct buf wanted = {0};
	json_t *found;

	buf_adds(&wanted, "");
	text_add_folded(&wanted, slice_of(name));
	found = json_object_get(folded, wanted.data);
	buf_free(&wanted);
	return found;
}

static void
refuse_rendering(struct notice *m, const struct template_error *te)
{
	char member[80], detail[320];

	snprintf(member, sizeof(member), "fields.%s", te->field);
	snprintf(detail, sizeof(detail), "template %d:%d: %s", te->line, te->column, te->message);
	if (te->field[0] == '\0')
		notice_refuse(m, "too-long", "template", detail,
			      "shorten the template or its values");
	else
		notice_refuse(m, "missing-field", member, detail, "");
}

static void
render(struct notice *m, const struct template *t)
{
	struct template_value values[TEMPLATE_FIELDS_MAX];
	struct buf numbers[TEMPLATE_FIELDS_MAX] = {{0}};
	struct template_error te = {.code = ""};
	size_t n = template_field_count(t);
	json_t *folded = fold_fields(m->fields);
	char member[80];

	for (size_t i = 0; i < n; i++) {
		if (field_value(find_field(folded, template_field(t, i)), &values[i], &numbers[i]))
			continue;
		snprintf(member, sizeof(member), "fields.%.64s", template_field(t, i));
		notice_refuse(m, "input", member, "is an object or array",
			      "give a string, a number, true, false or null");
	}
	if (m->refusal == NULL &&
	    template_render_values(t, clock_today_vn(), values, &m->rendered, &te) != RENDER_OK)
		refuse_rendering(m, &te);
	for (size_t i = 0; i < n; i++)
		buf_free(&numbers[i]);
	json_decref(folded);
}

/* The text of the set in its language; nothing asked for is Vietnamese. */
static void
render_set(struct notice *m, const struct template_set *set, const struct languages *names)
{
	char tag[LANGUAGE_MAX] = "";

	if (m->language != NULL && m->language[0] != '\0' &&
	    !language_find(names, slice_of(m->language), tag))
		notice_refuse(m, "input", "language", "is no language",
			      "use a tag as vi, km, tyz, hmn, cjm, en");
	else if (!set_has_sms(set))
		notice_refuse(m, "no-text", "template",
			      "has only a Zalo text, and no driver for Zalo is built in",
			      "add an SMS text to it");
	else
		render(m, set->texts[set_choose(set, tag)].template);
}

/* Control characters but line ends: no telephone shows them as they were meant. */
static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\n' && s.p[i] != '\r') ||
		    s.p[i] == 0x7f)
			return true;
	return false;
}

static void
judge_text(struct notices *n, const struct config *c, struct notice *m)
{
	const char *member = m->template >= 0 ? "template" : "text";

	if (m->template >= 0 && n->sets[m->template] == NULL)
		notice_refuse(m, "no-template", member, "there is no template of this name",
			      "see loa template ls");
	else if (m->template >= 0)
		render_set(m, n->sets[m->template], c->languages);
	else if (!text_add_nfc(&m->rendered, slice_of(m->text)))
		notice_refuse(m, "input", member, "is no UTF-8", "");
	if (slice_trim(buf_slice(&m->rendered)).n == 0)
		notice_refuse(m, "empty-text", member, "is empty", "write what is to be sent");
	else if (m->rendered.len > TEMPLATE_OUTPUT_MAX)
		notice_refuse(m, "too-long", member, "is too long for a short message",
			      "shorten it");
	else if (has_control(buf_slice(&m->rendered)))
		notice_refuse(m, "input", member, "has a control character", "take it out");
}

/* Accents, parts and price as its provider has them. */
static void
judge_bill(const struct config *c, const struct provider_config *p, struct notice *m)
{
	const char *member = m->template >= 0 ? "template" : "text";
	struct render_rules rules = words_rules(c, p, ACCENTS_KEPT, m->carrier, clock_today_vn());
	struct rendered out;
	enum record_reason reason = render_bill(&rules, buf_slice(&m->rendered), &m->plain, &out);

	if (reason == REASON_TEXT_TOO_LONG)
		notice_refuse(m, "too-long", member, "is too long for a short message",
			      "shorten it");
	else if (reason != REASON_NONE)
		notice_refuse(m, "not-encodable", member, "the provider cannot carry this text",
			      out.refused != 0 ? "take the signs out that it refuses"
					       : "write it without accents");
	m->payload.parts = (uint8_t)out.count.parts;
	m->payload.is_unicode = out.count.encoding == SMS_UCS2;
	m->payload.text = out.text;
}

/* What a launch would be refused for is refused here; what only warns has nobody to read it. */
static void
judge_content(struct notices *n, const struct config *c, unsigned provider, struct notice *m)
{
	struct content_finding found[CONTENT_FINDINGS_MAX];
	struct content_view *v = n->rules[provider];
	size_t count;

	if (v == NULL) {
		char today[12];

		day_text(clock_today_vn(), today);
		v = content_view_new(c->content_rules, n->class, c->providers[provider].name, today,
				     false);
		n->rules[provider] = v;
	}
	if (!content_may_refuse(v))
		return;
	count = content_check(v, m->payload.text, m->payload.parts, found);
	for (size_t i = 0; i < count && m->refusal == NULL; i++) {
		struct content_words w = content_rule_words(v, found[i].rule);
		struct slice words = text_clip(found[i].found, 80);
		char detail[400];

		if (w.severity != CONTENT_REFUSE)
			continue;
		snprintf(detail, sizeof(detail), "\"%.*s\" breaks the rule %.40s (%.160s)",
			 (int)words.n, words.p, w.rule, w.en);
		notice_refuse(m, "content", m->template >= 0 ? "template" : "text", detail,
			      "change the text");
	}
}

/* As a launch has it: where the provider refuses what is not registered, else a warning. */
static void
judge_pattern(struct notices *n, const struct config *c, unsigned provider, struct notice *m)
{
	struct pattern_book_query q = {.config = c,
				       .provider = &c->providers[provider],
				       .carrier = m->carrier,
				       .class = n->is_trial ? NULL : n->class,
				       .today = clock_today_vn()};
	struct buf words = {0};
	bool with_nearest = n->unmatched < NEAREST_MAX;

	if (n->patterns == NULL)
		return;
	switch (pattern_book_look(n->patterns, &q, m->payload.text, with_nearest, &words)) {
	case PATTERN_FITS:
		break;
	case PATTERN_WARNS:
		n->unmatched++;
		buf_add_slice(&m->warning, buf_slice(&words));
		break;
	case PATTERN_REFUSES:
		n->unmatched++;
		notice_refuse(m, "unregistered", m->template >= 0 ? "template" : "text", words.data,
			      "register the text, or change it");
		break;
	}
	buf_free(&words);
}

/* By the route of now; the run may have one of this morning and is asked, too. */
static void
judge_route(struct notices *n, const struct config *c, struct notice *m)
{
	const struct route *route = &c->route[m->carrier];
	unsigned provider =
		route->provider[0]; /* the others are alike but for their content rules */
	const struct capability *cap;

	if (route->count == 0) {
		notice_refuse(m, "no-route", "to", "no provider serves this carrier", "");
		return;
	}
	cap = c->providers[provider].driver->capability(c->providers[provider].account);
	judge_bill(c, &c->providers[provider], m);
	for (unsigned i = 0; i < route->count && m->refusal == NULL; i++)
		judge_content(n, c, route->provider[i], m);
	if (m->refusal == NULL)
		judge_pattern(n, c, provider, m);
	if (cap->batch_min > 1)
		notice_refuse(m, "no-single", "to",
			      "the provider of this carrier takes no single messages", "");
}

void
notices_judge(struct notices *n, const struct config *c, int64_t now_ms)
{
	for (size_t i = 0; i < n->count; i++) {
		struct notice *m = &n->list[i];

		if (m->refusal != NULL)
			continue;
		judge_phone(m);
		judge_text(n, c, m);
		if (m->refusal == NULL)
			judge_route(n, c, m);
		m->payload.accepted_ms = now_ms;
		m->payload.label = slice_of(m->label);
		m->payload.order = slice_of(n->order);
	}
}
