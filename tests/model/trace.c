/* SPDX-License-Identifier: MIT */
/* Actions and states for people. */
#include "tests/model/model.h"

#include <stdio.h>

static const char *const phase_names[PHASES] = {
	[WAITING] = "waiting",
	[SENDING] = "sending",
	[RETRY] = "retry",
	[ACCEPTED] = "accepted",
	[UNKNOWN] = "unknown",
	[DELIVERED] = "delivered",
	[UNDELIVERABLE] = "undeliverable",
	[REFUSED] = "refused",
	[SUPPRESSED] = "suppressed",
	[CANCELLED] = "cancelled",
};

/* What each kind is called; %s is filled in with what it is about. */
static const char *const kind_texts[KINDS] = {
	[REPLAY] = "replays its journal",
	[OPEN] = "Redis opens again",
	[RESUME] = "a person resumes the run",
	[ARRIVE] = "arrives at the gateway",
	[OUTCOME] = "reports its answer",
	[UNMARK] = "un-marks",
	[ASK_AGAIN] = "asks for the same permit again",
	[DEPART] = "lets the bytes go, or finds its permit too old",
	[SKIP] = "skips a suppressed message",
	[PERMIT] = "gets a permit",
	[REPEAT] = "gets a permit for a repeat",
	[RELEASE] = "releases its chunk",
	[EXPIRE] = "a dead owner's lease ends",
	[SWEEP] = "the cancelled run is swept",
	[CLAIM] = "claims a chunk",
	[CLAIM_AGAIN] = "asks for its claim again",
	[RECONCILE] = "the reconciler puts back what is nobody's",
	[FORGET] = "the gateway forgets old references",
	[LOSE_REPLY] = "executed, but its reply is lost:",
	[DISTURB_ARRIVAL] = "arrives at the gateway",
	[DROP] = "is lost on the way",
	[TIME_OUT] = "waits no longer for the answer",
	[DEPART_TWICE] = "lets the bytes go, curl sends them again by itself",
	[GROW_OLD] = "is slow: its permit is older than 200 ms",
	[EXPIRE_ALIVE] = "a living owner's lease ends",
	[KILL] = "is killed",
	[CRASH] = "Redis dies and comes back",
	[RECEIPT] = "a receipt comes",
	[PAUSE] = "a person pauses the run",
	[CANCEL] = "a person cancels the run",
	[SUPPRESS] = "a person suppresses",
	[RESEND] = "a person resends",
	[RETRY_FAILED] = "a person has what failed tried again:",
	[PASS_WINDOW] = "the dedupe window passes",
};

static void
print_members(uint8_t members, uint8_t second)
{
	const char *between = "{";

	for (unsigned m = 0; m < MESSAGES; m++) {
		if ((members >> m & 1) == 0)
			continue;
		printf("%sm%u@%u", between, m, attempt_of(second, m));
		between = ",";
	}
	printf("}");
}

static void
print_arrival(const struct action *a)
{
	static const char *const classes[] = {"", "", "refused", "temporary"};

	if (a->arg >> 2 != 0)
		printf(", %s:%s%s%s", classes[a->arg & 3], (a->arg & 4) ? " m0" : "",
		       (a->arg & 8) ? " m1" : "", (a->arg & 16) ? " m2" : "");
	if (a->arg2 != 0)
		printf(", no readable answer about%s%s%s", (a->arg2 & 1) ? " m0" : "",
		       (a->arg2 & 2) ? " m1" : "", (a->arg2 & 4) ? " m2" : "");
}

static void
print_about(const struct action *a, const struct state *before)
{
	switch (a->kind) {
	case PERMIT:
		printf(" ");
		print_members(a->arg, 0);
		break;
	case REPEAT:
		printf(" ");
		print_members(before->redis.requests[a->arg].members,
			      before->redis.requests[a->arg].second);
		break;
	case CLAIM:
		printf(" %u by gateway %u", a->arg, a->arg2);
		break;
	case EXPIRE:
	case EXPIRE_ALIVE:
		printf(" (chunk %u)", a->who);
		break;
	case LOSE_REPLY:
		printf(" %s", kind_texts[a->arg]);
		if (a->arg == PERMIT) {
			printf(" ");
			print_members(a->arg2, 0);
		}
		break;
	case DISTURB_ARRIVAL:
		print_arrival(a);
		break;
	case CRASH:
		printf(" without its last %u writes", a->arg);
		break;
	case RECEIPT:
		printf(": m%u attempt %u %s", a->who, a->arg + 1u,
		       a->arg2 == 0 ? "delivered" : "not delivered");
		break;
	case SKIP:
	case SUPPRESS:
	case RESEND:
	case RETRY_FAILED:
		printf(" m%u", a->arg);
		break;
	default:
		break;
	}
}

void
action_print(const struct action *a, const struct state *before, bool is_swapped)
{
	switch (a->kind) {
	case REPLAY:
	case OUTCOME:
	case UNMARK:
	case ASK_AGAIN:
	case DEPART:
	case SKIP:
	case PERMIT:
	case REPEAT:
	case RELEASE:
	case CLAIM:
	case CLAIM_AGAIN:
	case LOSE_REPLY:
	case TIME_OUT:
	case DEPART_TWICE:
	case GROW_OLD:
	case KILL:
		printf("#   S%u ", (a->who ^ (is_swapped ? 1u : 0u)) + 1);
		break;
	case ARRIVE:
	case DISTURB_ARRIVAL:
	case DROP:
		printf("#   copy %u ", before->net[a->who].id);
		print_members(before->net[a->who].members, before->net[a->who].second);
		printf(" ");
		break;
	default:
		printf("#   ");
	}
	printf("%s", kind_texts[a->kind]);
	print_about(a, before);
	printf("\n");
}

static const char *
gateway_word(uint8_t flags)
{
	return (flags & G_ACCEPTED) ? "accepted" : (flags & G_SEEN) ? "seen" : "-";
}

void
state_print(const struct model *c, const struct state *s)
{
	for (unsigned m = 0; m < c->messages; m++) {
		const struct record *r = &s->redis.records[m];

		printf("# m%u is %s, attempt %u%s%s; phases", m,
		       phase_names[record_shown(c, r, s->redis.run)], r->attempt,
		       (r->flags & HELD) ? ", held" : "", (r->flags & HARD) ? " hard" : "");
		for (unsigned a = 1; a <= ATTEMPTS; a++)
			printf(" %s", phase_names[record_phase(r, a)]);
		for (unsigned l = 0; l < c->lanes; l++) {
			printf("; gateway %u:", l);
			for (unsigned a = 0; a < ATTEMPTS; a++)
				printf(" %s", gateway_word(s->gateway[l][m][a]));
		}
		printf("\n");
	}
}
