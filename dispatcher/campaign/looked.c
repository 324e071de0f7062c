/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/looked.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "dispatcher/campaign/law.h"
#include "dispatcher/campaign/preview.h"
#include "dispatcher/campaign/sensitive.h"

#define LOOKS_MAX 3 /* its list may change meanwhile */

struct looking {
	char name[LIST_NAME_MAX * 2]; /* or number, as it was asked for */
	struct engine *engine;
	const struct config *config;
	char checked[33]; /* fingerprint of the preview that was made; "" = none yet */
	unsigned looks;
	struct ready_how how; /* with a reference to the sets that were looked at */
	ready_campaign_cb cb;
	void *arg;
};

static void
looking_end(struct looking *l, struct ready_campaign *r, const struct err_ctx *e)
{
	l->cb(l->arg, r, e);
	sets_unref(l->how.sets); /* from on_looked */
	free(l);
}

static void on_ready(void *arg, struct ready_campaign *r, const struct err_ctx *e);

static void
on_looked(void *arg, const struct ready_campaign *c, const struct preview *p,
	  const struct err_ctx *e)
{
	struct looking *l = arg;
	struct err_ctx refused;

	(void)p;
	if (e != NULL) {
		looking_end(l, NULL, e);
	} else if (registered_verdict(c->registered, &refused) != ERR_OK) {
		looking_end(l, NULL, &refused);
	} else {
		snprintf(l->checked, sizeof(l->checked), "%s",
			 registered_fingerprint(c->registered));
		sets_unref(l->how.sets); /* of the look before */
		l->how.sets = sets_ref(c->sets);
		campaign_ready(l->engine, l->config, l->name, &l->how, on_ready, l);
	}
}

/* Nothing can be refused, or a preview has looked at exactly this. */
static bool
is_looked_at(const struct looking *l, const struct ready_campaign *r)
{
	const char *now = registered_fingerprint(r->registered);

	return !registered_may_refuse(r->registered) || strcmp(now, l->checked) == 0 ||
	       strcmp(now, r->campaign->checked) == 0;
}

static void
on_ready(void *arg, struct ready_campaign *r, const struct err_ctx *e)
{
	struct looking *l = arg;
	struct preview_callbacks cbs = {
		.how.is_early = l->how.is_early, .on_done = on_looked, .arg = l};
	struct err_ctx refused;

	if (r == NULL) {
		looking_end(l, NULL, e);
		return;
	}
	if (ready_campaign_check_demo(r, l->config, &refused) == ERR_OK &&
	    ready_campaign_check_care(r, l->config, &refused) == ERR_OK &&
	    law_check(r, l->config, &refused) == ERR_OK && sensitive_check(r, &refused) == ERR_OK) {
		if (is_looked_at(l, r)) {
			looking_end(l, r, NULL);
			return;
		}
		if (l->looks++ < LOOKS_MAX) {
			ready_campaign_free(r);
			preview_start(engine_loop(l->engine), l->engine, l->config, l->name, &cbs);
			return;
		}
		err_set(&refused, ERR_CONFLICT, "campaign", "try again",
			"is changed, or its list, while its texts are looked at");
	}
	ready_campaign_free(r);
	looking_end(l, NULL, &refused);
}

void
campaign_looked(struct engine *e, const struct config *c, const char *id_or_name, bool is_early,
		ready_campaign_cb cb, void *arg)
{
	struct looking *l = xcalloc(1, sizeof(*l));

	l->engine = e;
	l->config = c;
	l->cb = cb;
	l->arg = arg;
	l->how.is_early = is_early;
	snprintf(l->name, sizeof(l->name), "%s", id_or_name);
	campaign_ready(e, c, id_or_name, &l->how, on_ready, l);
}
