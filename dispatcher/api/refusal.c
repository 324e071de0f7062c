/* SPDX-License-Identifier: MIT */
#include "dispatcher/api/refusal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/notice.h"
#include "dispatcher/run/reference.h"

#define MARK "{time}"

/* "08:05 10/10/2027" */
static void
add_time(struct buf *out, int64_t at_s)
{
	char t[32]; /* 2027-10-10T08:05:00+07:00 */

	clock_format_vn(at_s, t);
	buf_addf(out, "%.5s %.2s/%.2s/%.4s", t + 11, t + 8, t + 5, t);
}

enum err
refusal_text(const struct config *c, const char *scope, int64_t at_s, char out[REFUSAL_TEXT_MAX],
	     struct err_ctx *e)
{
	const struct class_policy *class =
		strncmp(scope, "class:", 6) == 0 ? config_class(c, scope + 6) : NULL;
	struct buf text = {0};
	const char *p, *mark;

	if (class == NULL || class->refusal_confirm[0] == '\0')
		return err_set(
			e, ERR_INPUT, "confirm",
			"leave it out, or write refusal.confirm of the class into the policy",
			"nothing is told to who refuses %.40s", scope);
	for (p = class->refusal_confirm; (mark = strstr(p, MARK)) != NULL;
	     p = mark + strlen(MARK)) {
		buf_add(&text, p, (size_t)(mark - p));
		add_time(&text, at_s);
	}
	buf_adds(&text, p);
	slice_copy(out, REFUSAL_TEXT_MAX, buf_slice(&text));
	buf_free(&text);
	return ERR_OK;
}

struct confirming {
	struct api *api;
	refusal_cb cb;
	void *arg;
	json_t *answer;
};

static void
set_error(json_t *answer, struct slice words)
{
	json_object_set_new(answer, "error", json_of_slice(words));
}

static void
on_sent(void *arg, const struct notices_answer *a, const struct err_ctx *e)
{
	struct confirming *q = arg;
	const struct notice_result *m = a != NULL && a->count > 0 ? &a->list[0] : NULL;
	char id[REFERENCE_TEXT_MAX];
	struct buf words = {0};

	if (m == NULL) {
		err_print(e, &words);
		set_error(q->answer, buf_slice(&words));
	} else if (!m->is_accepted) {
		set_error(q->answer, m->refusal);
	} else {
		struct reference ref = {.run = a->run, .partition = m->partition, .rank = m->rank};

		reference_encode(&ref, q->api->daemon->install_key, id);
		json_object_set_new(q->answer, "id", json_string(id));
	}
	buf_free(&words);
	q->cb(q->arg, q->answer);
	free(q);
}

void
refusal_confirm(struct api *a, uint64_t phone, const char *text, const char *act, refusal_cb cb,
		void *arg)
{
	struct daemon *d = a->daemon;
	struct notices_desk desk = {d->engine, d->config, a->patterns, false, UNIT_ROOT};
	struct confirming *q = xcalloc(1, sizeof(*q));
	char to[24], key[64];
	json_t *body;

	*q = (struct confirming){a, cb, arg, json_pack("{s:s}", "text", text)};
	snprintf(to, sizeof(to), "%" PRIu64, phone);
	snprintf(key, sizeof(key), "refusal-%.40s", act);
	body = json_pack("{s:s, s:s, s:s, s:s}", "to", to, "text", text, "class", "personal",
			 "label", "refusal");
	notices_send(&desk, body, key, on_sent, q);
	json_decref(body);
}
