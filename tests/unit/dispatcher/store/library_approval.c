/* SPDX-License-Identifier: MIT */
/* A campaign before its launch: each act in each state, revisions, approvers, the ceiling of a run. */
#include "tests/unit/dispatcher/store/library_fixture.h"

#include <time.h>

#define FROZEN                                                                                 \
	"{\"template\":{\"name\":\"t\",\"version\":1},\"segments\":[{\"name\":\"s\",\"list\":" \
	"\"l\",\"query\":\"old\"}],\"lists\":[{\"list\":\"l\",\"version\":3}]}"
#define HASH "h1"

static const char *
step(const char *name, const char *const *words, size_t n)
{
	struct argv a = {0};

	for (size_t i = 0; i < n; i++)
		argv_adds(&a, words[i]);
	return call(name, &a);
}
#define STEP(name, ...)                                \
	step(name, (const char *const[]){__VA_ARGS__}, \
	     sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static const char *
field(const char *name)
{
	return COMMAND("HGET", "loa:campaign:1", name);
}

static bool
is_state(const char *state)
{
	return strcmp(field("state"), state) == 0;
}

static char due[24];

/* Campaign 1 in this state, written by an; in a state behind the approval it is approved by binh. */
static void
put(const char *state)
{
	snprintf(due, sizeof(due), "4000000000");
	COMMAND("DEL", "loa:campaign:1", "loa:run:1", "loa:schedule", "loa:runs");
	COMMAND("HSET", "loa:names:campaign", "c", "1");
	COMMAND("HSET", "loa:template:t", "version", "1", "source1", "old-text");
	COMMAND("HSET", "loa:segment:s", "list", "l", "query", "new");
	COMMAND("HSET", "loa:campaign:1", "name", "c", "template", "t", "segments", "s", "state",
		state, "revision", "7", "authors", "an", "submitted_user", "an", "submitted_by",
		"an", "frozen", FROZEN, "frozen_hash", HASH, "changed_by", "an", "changed_s", "100",
		"changed_act", "submit", "due_s", due, "run", "1");
	COMMAND("HSET", "loa:run:1", "state", state, "launched_s", "1", "campaign", "1",
		"partitions", "0", "frozen", "1", "audience", "0");
	if (strcmp(state, "draft") == 0 || strcmp(state, "returned") == 0)
		COMMAND("HDEL", "loa:campaign:1", "run");
}

static void
act_edit(void)
{
	STEP("campaign_edit", "1", "7", "a1", "An", "an", "t", "s", "class", "notice");
}

static void
act_submit(void)
{
	STEP("campaign_submit", "1", "7", "a1", "An", "an", FROZEN, HASH, "3 3 900");
}

static void
act_approve(void)
{
	STEP("campaign_approve", "1", "7", "a1", "Binh", "binh", HASH, "", "second-person", "4 945",
	     "", "", "", "");
}

static void
act_return(void)
{
	STEP("campaign_return", "1", "7", "a1", "Binh", "binh", "1", "mend it");
}

static void
act_rm(void)
{
	COMMAND("HDEL", "loa:campaign:1", "run"); /* one that has runs stays */
	call_words("campaign_rm", "1 c");
}

static void
act_schedule(void)
{
	char soon[24];

	snprintf(soon, sizeof(soon), "%lld", (long long)time(NULL) + 1000);
	call_words("schedule", "1 %s", soon);
}

static void
act_unschedule(void)
{
	call_words("unschedule", "1 %s act-1", due);
}

static void
act_launch(void)
{
	COMMAND("HDEL", "loa:campaign:1", "run");
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1");
}

static void
act_fire(void)
{
	COMMAND("HDEL", "loa:campaign:1", "run");
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 due_s %s", due);
}

static void
act_miss(void)
{
	call_words("missed", "1 %s late", due);
}

static void
act_pause(void)
{
	call_words("control", "1 running paused person lunch an act-1");
}

static void
act_resume(void)
{
	call_words("resume", "1");
}

static void
act_cancel(void)
{
	call_words("cancel", "1 wrong an");
}

static void
act_retry(void)
{
	call_words("retry", "1 id-1 \x10 an");
}

static void
act_finish(void)
{
	call_words("control", "1 running finished");
}

/* By hand: which state follows, for each act and each state that it is allowed in; else it stays. */
static void
each_act_does_in_each_state_what_it_may(void **state)
{
	static const char *const states[] = {"draft",	  "returned", "submitted", "approved",
					     "scheduled", "missed",   "running",   "paused",
					     "finished",  "cancelled"};
	static const struct {
		const char *act;
		void (*run)(void);
		const char *follows; /* "from>to from>to" */
	} rows[] = {
		{"edit", act_edit, "draft>draft returned>draft"},
		{"submit", act_submit, "draft>submitted returned>submitted"},
		{"approve", act_approve, "submitted>approved"},
		{"return", act_return, "submitted>returned approved>returned"},
		{"rm", act_rm, "draft>nil returned>nil"},
		{"schedule", act_schedule,
		 "draft>scheduled approved>scheduled scheduled>scheduled missed>scheduled"},
		{"unschedule", act_unschedule, "scheduled>draft missed>draft"},
		{"launch", act_launch, "draft>running approved>running missed>running"},
		{"fire", act_fire, "scheduled>running"},
		{"miss", act_miss, "scheduled>missed"},
		{"pause", act_pause, "running>paused"},
		{"resume", act_resume, "paused>running"},
		{"cancel", act_cancel, "running>cancelled paused>cancelled"},
		{"retry", act_retry, "running>running paused>paused finished>running"},
		{"finish", act_finish, "running>finished"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < ARRAY_LEN(states); k++) {
			char from[32], wanted[32];
			const char *follows;

			snprintf(from, sizeof(from), "%s>", states[k]);
			snprintf(wanted, sizeof(wanted), "%s", states[k]);
			for (follows = rows[i].follows; (follows = strstr(follows, from)) != NULL;
			     follows++)
				if (follows == rows[i].follows || follows[-1] == ' ') {
					sscanf(follows + strlen(from), "%31[a-z]", wanted);
					break;
				}
			put(states[k]);
			rows[i].run();
			if (!is_state(wanted))
				fail_msg("%s of %s: it is %s, not %s", rows[i].act, states[k],
					 field("state"), wanted);
		}
}

static void
its_time_taken_away_it_is_what_it_was(void **state)
{
	(void)state;
	put("scheduled");
	COMMAND("HSET", "loa:campaign:1", "approved_s", "5");
	assert_string_equal(call_words("unschedule", "1 %s act-1", due), "approved");
	assert_true(is_state("approved"));
	assert_string_equal(call_words("unschedule", "1 %s act-1", due), "approved");
}

static void
who_has_seen_an_older_one_is_told_who_changed_it(void **state)
{
	(void)state;
	put("draft");
	assert_string_equal(
		STEP("campaign_edit", "1", "6", "a1", "An", "an", "t", "s", "class", "duty"),
		"[stale, 7, an, 100, submit]");
	assert_string_equal(field("class"), "nil");
	act_edit();
	assert_string_equal(field("revision"), "8");
	assert_string_equal(field("changed_by"), "An");
	assert_string_equal(field("class"), "notice");
	put("running");
	assert_string_equal(
		STEP("campaign_edit", "1", "7", "a1", "An", "an", "t", "s", "class", "duty"),
		"[state, running, an, 100]");
	put("draft");
	assert_string_equal(STEP("campaign_edit", "1", "7", "a1", "An", "an", "none", "s"),
			    "[no template, none]");
	assert_string_equal(STEP("campaign_edit", "1", "7", "a1", "An", "an", "t", "none"),
			    "[no segment, none]");
	assert_string_equal(STEP("campaign_edit", "9", "1", "a1", "An", "an", "t", "s"), "[gone]");
}

/* A journal tells it after a person did the next thing. */
static void
told_again_nothing_is_done_twice(void **state)
{
	(void)state;
	put("submitted");
	act_approve();
	assert_true(is_state("approved"));
	assert_string_equal(STEP("campaign_return", "1", "7", "a2", "Chi", "chi", "1", "no"),
			    "[done, returned, 8]");
	assert_string_equal(STEP("campaign_approve", "1", "7", "a1", "Binh", "binh", HASH, "",
				 "second-person", "4 945", "", "", "", ""),
			    "[done, returned, 8]");
	assert_true(is_state("returned"));
	assert_string_equal(field("approvals"), "nil");
	assert_string_equal(field("frozen"), "nil");
	assert_string_equal(field("note"), "no");
}

static const char *
approve(const char *act, const char *user, const char *whom, const char *level, const char *ceiling)
{
	return STEP("campaign_approve", "1", "7", act, user[0] != '\0' ? user : "administrator",
		    user, HASH, whom, level, ceiling, "flood", "12/QD", "scan.pdf", "ab");
}

static void
who_has_written_it_does_not_approve_it(void **state)
{
	(void)state;
	put("submitted");
	assert_string_equal(approve("a1", "an", "", "second-person", "4 945"), "[author, an]");
	/* Nor somebody else in his name; nor nobody. */
	assert_string_equal(approve("a1", "binh", "an", "second-person", "4 945"), "[author, an]");
	assert_string_equal(approve("a1", "", "", "second-person", "4 945"), "[nobody]");
	assert_true(is_state("submitted"));
	assert_string_equal(field("approvals"), "nil");
	/* Who edited it is an author, too. */
	put("returned");
	STEP("campaign_edit", "1", "7", "a2", "Binh", "binh", "t", "s");
	STEP("campaign_submit", "1", "8", "a3", "An", "an", FROZEN, HASH, "3 3 900");
	assert_string_equal(STEP("campaign_approve", "1", "9", "a4", "Binh", "binh", HASH, "",
				 "second-person", "4 945", "", "", "", ""),
			    "[author, binh]");
	/* Where nobody needs to agree, anybody may. */
	put("submitted");
	assert_string_equal(approve("a1", "", "", "none", "4 945"), "[done, approved, 7]");
}

static void
two_approvers_are_two_people_and_the_lower_ceiling_holds(void **state)
{
	(void)state;
	put("submitted");
	assert_string_equal(approve("a1", "binh", "", "two-approvers", "100 5000"),
			    "[done, submitted, 7]");
	assert_non_null(strstr(approve("a2", "binh", "", "two-approvers", "9 9"), "[again, "));
	assert_non_null(strstr(approve("a2", "chi", "binh", "two-approvers", "9 9"), "[again, "));
	assert_true(is_state("submitted"));
	assert_string_equal(approve("a2", "chi", "", "two-approvers", "200 4000"),
			    "[done, approved, 7]");
	assert_string_equal(field("ceiling"), "100 4000");
	assert_string_equal(field("approved_level"), "two-approvers");
	assert_non_null(strstr(field("approvals"), "12\\/QD"));
	/* In the name of somebody: once. */
	put("submitted");
	approve("a1", "chi", "binh", "two-approvers", "1 1");
	assert_non_null(strstr(approve("a2", "binh", "", "two-approvers", "1 1"), "[again, "));
}

static void
something_else_is_not_approved(void **state)
{
	(void)state;
	put("submitted");
	COMMAND("HSET", "loa:campaign:1", "frozen_hash", "h2");
	assert_string_equal(approve("a1", "binh", "", "second-person", "4 945"), "[other]");
}

static void
an_author_takes_back_only_what_he_has_submitted(void **state)
{
	(void)state;
	put("submitted");
	assert_string_equal(STEP("campaign_return", "1", "7", "a1", "Dung", "dung", "0", "x"),
			    "[not yours, an]");
	assert_string_equal(STEP("campaign_return", "1", "7", "a1", "An", "an", "0", "x"),
			    "[done, returned, 8]");
}

static void
what_was_submitted_is_what_is_loaded(void **state)
{
	(void)state;
	put("submitted");
	COMMAND("HSET", "loa:template:t", "version", "2", "source2", "new-text", "saved2", "50",
		"by2", "an");
	assert_string_equal(call_words("campaign_get", "_ c template.by"),
			    "[1, 1, old-text, [s, old], , [s, l, old]]");
	assert_string_equal(call_words("campaign_get", "now c template.by"),
			    "[1, 2, new-text, [s, new], an, [s, l, new]]");
	act_return();
	assert_string_equal(call_words("campaign_get", "_ c"),
			    "[1, 2, new-text, [s, new], [s, l, new]]");
}

static void
it_is_launched_as_it_was_looked_at_and_by_enough(void **state)
{
	(void)state;
	put("draft");
	COMMAND("HDEL", "loa:campaign:1", "run");
	assert_string_equal(
		call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 revision 6 approval none"),
		"[changed, 0]");
	assert_string_equal(
		call_words("launch",
			   "loa:campaign:1 1 3 gw 1 campaign 1 revision 7 approval second-person"),
		"[not approved, 0]");
	put("submitted");
	COMMAND("HDEL", "loa:campaign:1", "run");
	act_approve();
	assert_string_equal(
		call_words("launch",
			   "loa:campaign:1 1 3 gw 1 campaign 1 revision 7 approval two-approvers"),
		"[not approved, 0]");
	assert_non_null(strstr(
		call_words("launch",
			   "loa:campaign:1 1 3 gw 1 campaign 1 revision 7 approval second-person"),
		"[launched, 1, "));
	assert_string_equal(COMMAND("HGET", "loa:run:1", "ceiling"), "4 945");
	/* A standing order stands for approvers. */
	put("draft");
	COMMAND("HDEL", "loa:campaign:1", "run");
	assert_non_null(strstr(call_words("launch",
					  "loa:campaign:1 1 3 gw 1 campaign 1 revision 7 approval "
					  "two-approvers order bao-lu order_reason flood"),
			       "[launched, 1, "));
	assert_string_equal(COMMAND("HGET", "loa:run:1", "order_reason"), "flood");
}

/* Ten parts and 6000 VND each, 40 parts and 3600 VND together: 12 parts at 300 are all the money. */
static void
money_that_is_spent_ends_a_schedule_too(void **state)
{
	(void)state;
	put("submitted");
	COMMAND("HDEL", "loa:campaign:1", "run");
	STEP("campaign_approve", "1", "7", "a1", "Binh", "binh", HASH, "", "second-person",
	     "10 6000", "", "", "", "", "40 3600");
	call_words("launch", "loa:campaign:1 1 3 gw 1 campaign 1 approval none prices 300");
	assert_string_equal(COMMAND("HGET", "loa:run:1", "ceiling"), "10 3600");
	COMMAND("HSET", "loa:run:1:count", "parts:0", "12");
	COMMAND("HSET", "loa:campaign:1", "state", "approved");
	assert_string_equal(
		call_words("launch", "loa:campaign:1 2 3 gw 1 campaign 1 approval none"),
		"[spent, 0]");
	/* Where nobody was counted, nothing was spent either. */
	COMMAND("HDEL", "loa:campaign:1", "ceiling_all", "run");
	COMMAND("HSET", "loa:campaign:1", "ceiling", "0 0");
	assert_non_null(strstr(
		call_words("launch", "loa:campaign:1 2 3 gw 1 campaign 1 approval none prices 300"),
		"[launched, 2, "));
}

/*
 * Run 4 is of an approval before; 6 has spent ten parts at 300 of the 40 and 9000 VND of this one, also when
 * it is the thousand and first that is over.
 */
static void
what_all_may_spend_counts_since_the_approval(void **state)
{
	char one[40];

	(void)state;
	put("submitted");
	COMMAND("DEL", "loa:occurrences:1");
	COMMAND("HSET", "loa:seq", "run", "5");
	COMMAND("HSET", "loa:campaign:1", "schedule", "{}", "run", "4");
	COMMAND("ZADD", "loa:occurrences:1", "100", "100 run 4");
	COMMAND("HSET", "loa:run:4", "prices", "300");
	COMMAND("HSET", "loa:run:4:count", "parts:0", "30");
	STEP("campaign_approve", "1", "7", "a1", "Binh", "binh", HASH, "", "second-person",
	     "100 90000", "", "", "", "", "40 9000");
	COMMAND("ZADD", "loa:occurrences:1", "200", "200 run 6");
	COMMAND("HSET", "loa:run:6", "prices", "300");
	COMMAND("HSET", "loa:run:6:count", "parts:0", "10");
	for (int i = 1000; i < 2000; i++) {
		snprintf(one, sizeof(one), "%d missed x", i);
		COMMAND("ZADD", "loa:occurrences:1", "1000", one);
	}
	for (int i = 0; i < 2; i++) {
		const char *at = i == 0 ? "5000" : "6000", *next = i == 0 ? "6000" : "7000";

		COMMAND("HSET", "loa:campaign:1", "state", "scheduled", "due_s", at);
		assert_non_null(strstr(call_words("launch",
						  "loa:campaign:1 %d 3 gw 1 campaign 1 approval "
						  "none prices 300 due_s %s next_s %s",
						  7 + i, at, next),
				       "[launched, "));
		snprintf(one, sizeof(one), "loa:run:%d", 7 + i);
		assert_string_equal(COMMAND("HGET", one, "ceiling"), "30 6000");
		assert_string_equal(COMMAND("ZCARD", "loa:occurrences:1"), "1000");
		assert_string_equal(COMMAND("HGET", "loa:campaign:1", "spent_gone"), "10 3000");
	}
}

/* ---- the ceiling ---- */

static const char *
run_field(const char *name)
{
	return COMMAND("HGET", "loa:run:1", name);
}

/* Ten messages of one part at 300 VND; what four cost was approved. */
static void
send(unsigned first, const char *permit_id, const char *classes)
{
	struct ask q = {.inc = "inc-1",
			.permit = permit_id,
			.from = first,
			.first = first,
			.count = (unsigned)strlen(classes),
			.attempt = 1};

	claim("inc-1", q.count);
	assert_true(is_go(permit(&q)));
	outcome(first, 1, permit_id, classes);
}

static void
a_run_that_has_spent_what_was_approved_pauses_and_asks(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "prices", "300", "ceiling", "4 2000");
	send(0, "p1", "AAA");
	assert_string_equal(run_field("state"), "running");
	/* Refused ones cost nothing. */
	send(3, "p2", "NN");
	assert_string_equal(run_field("state"), "running");
	send(5, "p3", "AA");
	assert_string_equal(run_field("state"), "paused");
	assert_string_equal(run_field("why"), "ceiling");
	assert_string_equal(run_field("reason"),
			    "5 of 4 parts and 1500 of 2000 VND that were approved are spent");
	assert_string_equal(field("state"), "paused");
	/* Nobody resumes it as it is; a raise that does not reach is none. */
	assert_non_null(strstr(call_words("resume", "1"), "ceiling: 5 of 4 parts"));
	assert_non_null(strstr(call_words("resume", "1 _ 1 0"), "ceiling: 5 of 5 parts"));
	assert_string_equal(run_field("ceiling"), "4 2000");
	assert_string_equal(call_words("resume", "1 _ 2 0"), "running");
	assert_string_equal(run_field("ceiling"), "6 2000");
	send(7, "p4", "A");
	assert_string_equal(run_field("state"), "paused");
}

static void
money_is_a_ceiling_too(void **state)
{
	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "prices", "300", "ceiling", "100 900");
	send(0, "p1", "AA");
	assert_string_equal(run_field("state"), "running");
	send(2, "p2", "A");
	assert_string_equal(run_field("state"), "paused");
	assert_non_null(strstr(call_words("resume", "1 _ 100 0"), "900 of 900 VND"));
	assert_string_equal(call_words("resume", "1 _ 0 1"), "running");
}

/* Three are on the wire when the ceiling is reached: they are sent, and the rest is not. */
static void
what_is_on_the_wire_goes_over_and_no_more(void **state)
{
	struct ask q = {
		.inc = "inc-1", .permit = "p1", .from = 0, .first = 0, .count = 2, .attempt = 1};

	(void)state;
	launch_run(10);
	COMMAND("HSET", "loa:run:1", "prices", "300", "ceiling", "2 5000");
	claim("inc-1", 10);
	assert_true(is_go(permit(&q)));
	q.permit = "p2";
	q.first = 2;
	q.count = 3;
	assert_true(is_go(permit(&q)));
	outcome(0, 1, "p1", "AA");
	assert_string_equal(run_field("state"), "paused");
	q.permit = "p3";
	q.first = 5;
	assert_string_equal(permit(&q), "[stop, paused]");
	outcome(2, 1, "p2", "AAA");
	assert_non_null(strstr(call_words("resume", "1"), "5 of 2 parts"));
}

static void
a_run_that_has_sent_all_ends_whatever_its_ceiling(void **state)
{
	(void)state;
	launch_run(3);
	COMMAND("HSET", "loa:run:1", "prices", "300", "ceiling", "3 900");
	send(0, "p1", "AAA");
	assert_string_equal(run_field("state"), "paused");
	call_words("release", "1 0 0 inc-1 %lld 0", (long long)fx.fence);
	call_words("progress", "1");
	assert_string_equal(run_field("state"), "running");
	assert_string_equal(call_words("control", "1 running finished"), "finished");
}

static void
only_a_run_with_a_ceiling_has_one_to_raise(void **state)
{
	(void)state;
	launch_run(3);
	call_words("control", "1 running paused person lunch an");
	assert_string_equal(call_words("resume", "1 _ 5 0"), "no ceiling");
	assert_string_equal(call_words("resume", "1"), "running");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(each_act_does_in_each_state_what_it_may),
		T(its_time_taken_away_it_is_what_it_was),
		T(who_has_seen_an_older_one_is_told_who_changed_it),
		T(told_again_nothing_is_done_twice),
		T(who_has_written_it_does_not_approve_it),
		T(two_approvers_are_two_people_and_the_lower_ceiling_holds),
		T(something_else_is_not_approved),
		T(an_author_takes_back_only_what_he_has_submitted),
		T(what_was_submitted_is_what_is_loaded),
		T(it_is_launched_as_it_was_looked_at_and_by_enough),
		T(a_run_that_has_spent_what_was_approved_pauses_and_asks),
		T(money_that_is_spent_ends_a_schedule_too),
		T(what_all_may_spend_counts_since_the_approval),
		T(money_is_a_ceiling_too),
		T(what_is_on_the_wire_goes_over_and_no_more),
		T(a_run_that_has_sent_all_ends_whatever_its_ceiling),
		T(only_a_run_with_a_ceiling_has_one_to_raise),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
