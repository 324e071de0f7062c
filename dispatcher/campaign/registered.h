/* SPDX-License-Identifier: MIT */
/*
 * A campaign's texts beside the registers and the content rules: brandnames,
 * registered patterns and rules are loaded for its class and route, each message
 * of the preview is looked at once (registered_look), and what came of it is
 * told as JSON and, to a launch, as a refusal.
 *
 * What a message without a pattern means is a setting of the provider: off, warn,
 * refuse; by itself warn where a pattern of its brandname and carrier is saved.
 * A carrier of which no pattern is saved is not compared, whatever the setting.
 */
#pragma once

#include "dispatcher/campaign/registration.h"
#include "dispatcher/store/engine.h"

struct ready_campaign;
struct route_plan;
struct registered;

typedef void (*registered_cb)(void *arg, struct registered *r, const struct err_ctx *e);
/*
 * For c, which must outlive the call, not the result: of its campaign class and
 * route are read, and its name and list for the fingerprint.
 */
void registered_load(struct engine *e, const struct config *config, const struct ready_campaign *c,
		     registered_cb cb, void *arg);
void registered_free(struct registered *r);

/*
 * The label and the footer that its class wants around every text, where the route's
 * carriers do not put them themselves; "" and "" = none. ERR_REFUSED where providers of
 * both kinds are in the route.
 */
MUST_CHECK enum err registered_frame(const struct config *config, const struct ready_campaign *c,
				     struct content_frame *out, struct err_ctx *e);

/* The same of a class and a route. */
MUST_CHECK enum err registered_frame_of(const struct config *config, const char *class,
					const struct route_plan *route, int64_t today,
					struct content_frame *out, struct err_ctx *e);

/* One message as it would be sent, to a carrier (index as in segments/phone.h). NULL r: nothing. */
void registered_look(struct registered *r, unsigned carrier, struct slice text, unsigned parts);

/* Can a look end in a refusal? False: no message needs to be looked at before a launch. */
bool registered_may_refuse(const struct registered *r);
/* After all were looked at: ERR_REFUSED and why, the worst first. */
MUST_CHECK enum err registered_verdict(const struct registered *r, struct err_ctx *e);
/*
 * The members "registered", "content" of a preview go to out; warnings are appended. Without texts
 * nothing of a message is told, only how many. A carrier of fewer than `least` messages is not
 * warned of: that one is served would be told.
 */
void registered_tell(const struct registered *r, bool with_texts, uint64_t least, json_t *out,
		     json_t *warnings);

/*
 * 32 hex digits of everything that the looks depend on: texts, list, rules, registers, day. The
 * campaign remembers that of its last good preview, so that a launch need not look again.
 */
const char *registered_fingerprint(const struct registered *r);
/* Nothing was refused: write that down. Fire and forget. */
void registered_remember(const struct registered *r, struct engine *e, uint64_t campaign);

/* {"pattern", "differences", "more"} of a text that matches none, for a person to read. */
json_t *registered_near_json(const struct pattern_near *near, const char *name);
/* The same for one line: "; nearest is NAME: character 12: "xin" is too much; …". */
void registered_near_words(const struct pattern_near *near, const char *name, struct buf *out);
/* "lead_days" and "ready_on": how long it takes to have a text registered from today on. */
void registered_tell_lead(const struct config *config, int64_t today, json_t *out);
