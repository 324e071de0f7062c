/* SPDX-License-Identifier: MIT */
/*
 * Units, users, tokens, sessions in a real Redis. Expected values come from what dispatcher/lua/account.lua
 * says of each function, and from docs/ACCOUNTS.md.
 *
 *   1 ── 2 (Tỉnh) ── 4 (Phường)        3 (Sở)
 */
#include "tests/unit/dispatcher/store/library_fixture.h"

#include <time.h>

static const char *
words(const char *name, const char *const *v, size_t n)
{
	struct argv a = {0};

	for (size_t i = 0; i < n; i++)
		argv_adds(&a, v[i]);
	return call(name, &a);
}
#define CALL(name, ...)                                 \
	words(name, (const char *const[]){__VA_ARGS__}, \
	      sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

/* "[done, 1790000000000, 4]" with the time taken out */
static const char *
timeless(const char *reply)
{
	static char out[400];
	size_t n = 0;

	for (const char *p = reply; *p != '\0' && n + 2 < sizeof(out); p++) {
		size_t digits = strspn(p, "0123456789");

		if (digits == 13) {
			out[n++] = 'T';
			p += digits - 1;
		} else {
			out[n++] = *p;
		}
	}
	out[n] = '\0';
	return out;
}
#define IS(got, wanted) assert_string_equal(timeless(got), wanted)

static void
make_units(void)
{
	IS(CALL("unit_put", "", "a1", "", "Tinh", "1", "new"), "[done, T, 2]");
	IS(CALL("unit_put", "", "a2", "", "So", "1", "new"), "[done, T, 3]");
	IS(CALL("unit_put", "", "a3", "", "Phuong", "2", "new"), "[done, T, 4]");
}

static void
make_user(const char *name, const char *unit)
{
	IS(CALL("user_put", "", name, "new", name, "unit", unit, "roles", "author", "state",
		"active", "password", "p"),
	   "[done, T]");
}

static void
units_are_a_tree_with_names_that_siblings_do_not_share(void **state)
{
	(void)state;
	make_units();
	IS(CALL("unit_ls", "1"),
	   "[[1, 0, , 0], [2, 1, Tinh, 0], [3, 1, So, 0], [4, 2, Phuong, 0]]");
	IS(CALL("unit_ls", "2"), "[[2, 1, Tinh, 0], [4, 2, Phuong, 0]]");
	IS(CALL("unit_put", "", "a4", "", "So", "1", "new"), "[name taken, 3]");
	IS(CALL("unit_put", "", "a5", "", "Phuong", "3", "new"), "[done, T, 5]");
	IS(CALL("unit_find", "2", "So", "Phuong", "none"), "[2, 3, several, none]");
	IS(CALL("unit_put", "", "a6", "", "X", "77", "new"), "[no parent]");
	IS(CALL("unit_put", "", "a7", "900", "Y", "1", "new"), "[done, T, 900]");
	IS(CALL("unit_put", "", "a8", "900", "Z", "1", "new"), "[known]");
	/* told twice by the same hand it is one */
	IS(CALL("unit_put", "", "a7", "900", "Y", "1", "new"), "[done, T, 900]");
	IS(CALL("unit_put", "", "a9", "", "After", "1", "new"), "[done, T, 901]");
	/* the root has a name, and no other place */
	IS(CALL("unit_put", "", "", "1", "UBND", "", "old"), "[done, T, 1]");
	assert_non_null(strstr(CALL("unit_ls", "1"), "[1, 0, UBND, 0]"));
}

static void
a_move_never_makes_a_ring(void **state)
{
	(void)state;
	make_units();
	IS(CALL("unit_put", "", "", "2", "", "4", "old"), "[ring]");
	IS(CALL("unit_put", "", "", "2", "", "2", "old"), "[ring]");
	IS(CALL("unit_put", "", "", "4", "", "3", "old"), "[done, T, 4]");
	IS(CALL("unit_put", "", "", "2", "", "4", "old"), "[done, T, 2]");
	IS(CALL("unit_ls", "3"), "[[2, 4, Tinh, 0], [3, 1, So, 0], [4, 3, Phuong, 0]]");
	IS(CALL("unit_put", "", "", "8", "x", "", "old"), "[none]");
}

static void
a_tree_has_a_depth(void **state)
{
	char parent[16] = "1", id[16], act[16];

	(void)state;
	for (int i = 2; i <= 15; i++) {
		snprintf(id, sizeof(id), "%d", i);
		snprintf(act, sizeof(act), "a%d", i);
		assert_non_null(strstr(CALL("unit_put", "", act, id, act, parent, "new"), "done"));
		snprintf(parent, sizeof(parent), "%d", i);
	}
	IS(CALL("unit_put", "", "b", "16", "b", parent, "new"), "[deep]");
}

static void
a_unit_goes_when_it_has_nothing(void **state)
{
	(void)state;
	make_units();
	make_user("an", "4");
	IS(CALL("unit_rm", "", "1", "loa:list:", "loa:lists"), "[root]");
	IS(CALL("unit_rm", "", "9", "loa:list:", "loa:lists"), "[none]");
	IS(CALL("unit_rm", "", "2", "loa:list:", "loa:lists"), "[owns, unit, Phuong]");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[owns, user, an]");
	COMMAND("HSET", "loa:user:an", "unit", "2");
	COMMAND("SADD", "loa:lists", "dan");
	COMMAND("HSET", "loa:list:dan", "id", "1", "unit", "4");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[owns, list, dan]");
	COMMAND("HSET", "loa:list:dan", "unit", "2");
	COMMAND("SADD", "loa:names:template", "t");
	COMMAND("HSET", "loa:template:t", "version", "1", "unit", "4");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[owns, template, t]");
	COMMAND("HSET", "loa:template:t", "unit", "2");
	COMMAND("HSET", "loa:names:campaign", "c", "7");
	COMMAND("HSET", "loa:campaign:7", "unit", "4");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[owns, campaign, c]");
	COMMAND("HSET", "loa:campaign:7", "unit", "2");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[done, T]");
	IS(CALL("unit_rm", "", "4", "loa:list:", "loa:lists"), "[done, T]");
	/* its number is not given again, nobody comes to it */
	IS(CALL("unit_put", "", "z", "", "Moi", "1", "new"), "[done, T, 5]");
	IS(CALL("unit_put", "", "z1", "4", "Moi", "1", "new"), "[known]");
	IS(CALL("user_put", "", "u", "new", "binh", "unit", "4"), "[no unit]");
}

static void
a_thing_is_given_to_a_unit(void **state)
{
	(void)state;
	make_units();
	COMMAND("HSET", "loa:list:dan", "id", "1", "unit", "1");
	COMMAND("HSET", "loa:names:campaign", "c", "7");
	COMMAND("HSET", "loa:campaign:7", "unit", "1");
	IS(CALL("unit_give", "", "4", "list", "dan", "loa:list:"), "[done, T]");
	assert_string_equal(COMMAND("HGET", "loa:list:dan", "unit"), "4");
	IS(CALL("unit_give", "", "3", "campaign", "c", "loa:list:"), "[done, T]");
	assert_string_equal(COMMAND("HGET", "loa:campaign:7", "unit"), "3");
	IS(CALL("unit_give", "", "9", "list", "dan", "loa:list:"), "[no unit]");
	IS(CALL("unit_give", "", "3", "list", "nix", "loa:list:"), "[none]");
	IS(CALL("unit_give", "", "3", "template", "nix", "loa:list:"), "[none]");
	/* an older act that is told again does not take it back */
	IS(CALL("unit_give", "1500000000000", "2", "list", "dan", "loa:list:"), "[done, T]");
	assert_string_equal(COMMAND("HGET", "loa:list:dan", "unit"), "4");
}

static const char *
facts(const char *kind, const char *id, const char *hash, const char *object, const char *name)
{
	return CALL("account_facts", kind, id, hash, "1800000", "loa:list:", "1", object, name);
}

static void
a_token_says_whose_it_is_and_what_is_whose(void **state)
{
	(void)state;
	make_units();
	make_user("an", "2");
	IS(CALL("token_put", "", "0a", "nobody", "x", "view", "h", "0"), "[none]");
	IS(CALL("token_put", "", "0a", "an", "mot-cua", "view", "h", "0"), "[done, T]");
	COMMAND("HSET", "loa:list:cua-tinh", "id", "1", "unit", "2");
	COMMAND("HSET", "loa:list:cua-so", "id", "2", "unit", "3");
	COMMAND("HSET", "loa:list:cua-phuong", "id", "3", "unit", "4");
	COMMAND("HSET", "loa:list:cu", "id", "4"); /* of before there were units */
	IS(facts("token", "0a", "h", "list", "cua-tinh"),
	   "[ok, an, , 2, author, , 0, mot-cua, view, 1, 2,4, o]");
	IS(facts("token", "0a", "h", "list", "cua-phuong") + strlen("[ok, an, , 2, author, , 0, "),
	   "mot-cua, view, 1, 2,4, o]");
	assert_non_null(strstr(facts("token", "0a", "h", "list", "cua-so"), ", f]"));
	assert_non_null(strstr(facts("token", "0a", "h", "list", "cu"), ", a]"));
	assert_non_null(strstr(facts("token", "0a", "h", "list", "nix"), ", -]"));
	assert_non_null(strstr(facts("token", "0a", "h", "root", "1"), ", a]"));
	assert_non_null(strstr(facts("token", "0a", "h", "unit", "So"), ", f]"));
	assert_non_null(strstr(facts("token", "0a", "h", "unit", "4"), ", o]"));
	assert_non_null(strstr(facts("token", "0a", "h", "user", "an"), ", o]"));
	IS(facts("token", "0a", "other", "list", "cu"), "[no, unknown]");
	IS(facts("token", "0b", "h", "list", "cu"), "[no, unknown]");
	IS(CALL("token_ls", "2"), "[[0a, an, mot-cua, view, 0, T, T]]");
	IS(CALL("token_ls", "3"), "[]");
}

static void
a_segment_over_another_units_list_is_only_read(void **state)
{
	(void)state;
	make_units();
	make_user("an", "2");
	CALL("token_put", "", "0a", "an", "x", "view", "h", "0");
	COMMAND("HSET", "loa:list:chung", "id", "1", "unit", "1");
	COMMAND("HSET", "loa:list:rieng", "id", "2", "unit", "4");
	COMMAND("HSET", "loa:segment:gia", "list", "chung", "unit", "1");
	COMMAND("HSET", "loa:segment:tre", "list", "rieng", "unit", "2");
	COMMAND("HSET", "loa:segment:so", "list", "rieng", "unit", "3");
	assert_non_null(strstr(facts("token", "0a", "h", "segment", "gia"), ", a]"));
	assert_non_null(strstr(facts("token", "0a", "h", "use", "gia"), ", s]"));
	assert_non_null(strstr(facts("token", "0a", "h", "use", "tre"), ", o]"));
	assert_non_null(strstr(facts("token", "0a", "h", "use", "so"), ", f]"));
}

static void
the_root_sees_all(void **state)
{
	(void)state;
	make_units();
	make_user("an", "1");
	CALL("token_put", "", "0a", "an", "x", "view", "h", "0");
	COMMAND("HSET", "loa:list:l", "id", "1", "unit", "4711");
	IS(facts("token", "0a", "h", "list", "l"), "[ok, an, , 1, author, , 0, x, view, , all, o]");
	assert_non_null(strstr(facts("token", "0a", "h", "root", "1"), ", o]"));
}

static void
tokens_end_by_hand_and_by_day(void **state)
{
	char until[24];
	long long now;

	(void)state;
	make_user("an", "1");
	now = strtoll(COMMAND("TIME") + 1, NULL, 10);
	snprintf(until, sizeof(until), "%lld", now + 60);
	CALL("token_put", "", "0a", "an", "x", "view", "h", until);
	CALL("token_put", "", "0b", "an", "y", "view", "h", "0");
	assert_non_null(strstr(facts("token", "0a", "h", "root", "1"), "[ok,"));
	move_clock(61000);
	IS(facts("token", "0a", "h", "root", "1"), "[no, expired]");
	IS(CALL("token_rm", "", "0b"), "[done, T]");
	IS(facts("token", "0b", "h", "root", "1"), "[no, unknown]");
	IS(CALL("token_rm", "", "0c"), "[none]");
	/* told again by a journal, whatever the order, it stays dead */
	IS(CALL("token_put", "1790000000000", "0b", "an", "y", "view", "h", "0"), "[done, T]");
	IS(facts("token", "0b", "h", "root", "1"), "[no, unknown]");
	IS(CALL("token_rm", "1790000000000", "0d"), "[done, T]");
	IS(CALL("token_put", "1790000000000", "0d", "an", "y", "view", "h", "0"), "[done, T]");
	IS(facts("token", "0d", "h", "root", "1"), "[no, unknown]");
}

static void
a_use_is_written_down_once_a_minute(void **state)
{
	char first[40];

	(void)state;
	make_user("an", "1");
	CALL("token_put", "", "0a", "an", "x", "view", "h", "0");
	facts("token", "0a", "h", "root", "1");
	snprintf(first, sizeof(first), "%s", COMMAND("HGET", "loa:token:0a", "used_ms"));
	move_clock(59000);
	facts("token", "0a", "h", "root", "1");
	assert_string_equal(COMMAND("HGET", "loa:token:0a", "used_ms"), first);
	move_clock(1100);
	facts("token", "0a", "h", "root", "1");
	assert_string_not_equal(COMMAND("HGET", "loa:token:0a", "used_ms"), first);
}

static void
a_session_ends_when_it_is_idle_and_in_any_case(void **state)
{
	(void)state;
	make_user("an", "1");
	assert_non_null(strstr(CALL("session_put", "0a", "an", "h", "5400000"), "[done, "));
	IS(facts("session", "0a", "h", "root", "1"), "[ok, an, , 1, author, , 1, , , , all, o]");
	/* each use puts the end off, half an hour without ends it */
	for (int i = 0; i < 2; i++) {
		move_clock(29 * 60000);
		assert_non_null(strstr(facts("session", "0a", "h", "root", "1"), "[ok, "));
	}
	move_clock(30 * 60000);
	IS(facts("session", "0a", "h", "root", "1"), "[no, idle]");
	CALL("session_put", "0b", "an", "h", "3600000");
	move_clock(20 * 60000);
	facts("session", "0b", "h", "root", "1");
	move_clock(20 * 60000);
	facts("session", "0b", "h", "root", "1");
	move_clock(20 * 60000);
	IS(facts("session", "0b", "h", "root", "1"), "[no, ended]");
	CALL("session_put", "0c", "an", "h", "3600000");
	IS(CALL("session_end", "0c"), "1");
	IS(facts("session", "0c", "h", "root", "1"), "[no, unknown]");
	IS(CALL("session_put", "0d", "nobody", "h", "3600000"), "[none]");
}

static void
whoever_is_disabled_is_out_at_once_and_stays_out(void **state)
{
	(void)state;
	make_user("an", "1");
	CALL("token_put", "", "0a", "an", "x", "view", "h", "0");
	CALL("session_put", "0b", "an", "h", "3600000");
	move_clock(1000);
	IS(CALL("user_put", "", "x", "old", "an", "state", "disabled"), "[done, T]");
	IS(facts("token", "0a", "h", "root", "1"), "[no, disabled]");
	IS(facts("session", "0b", "h", "root", "1"), "[no, changed]");
	move_clock(1000);
	CALL("user_put", "", "y", "old", "an", "state", "active");
	/* enabled again the token works, the old session does not */
	assert_non_null(strstr(facts("token", "0a", "h", "root", "1"), "[ok, "));
	IS(facts("session", "0b", "h", "root", "1"), "[no, changed]");
	/* a journal tells the older act again: the later one wins */
	CALL("user_put", "1500000000000", "x", "old", "an", "state", "disabled");
	assert_non_null(strstr(facts("token", "0a", "h", "root", "1"), "[ok, "));
	/* and tells one that was lost: it holds */
	CALL("user_put", "4000000000000", "z", "old", "an", "state", "disabled");
	IS(facts("token", "0a", "h", "root", "1"), "[no, disabled]");
}

static void
a_user_is_made_once_and_made_again_by_a_journal(void **state)
{
	(void)state;
	make_user("an", "1");
	make_user("an", "1"); /* the same act, its answer was lost */
	IS(CALL("user_put", "", "other", "new", "an", "unit", "1"), "[known]");
	IS(CALL("user_put", "", "x", "old", "binh", "roles", "viewer"), "[none]");
	IS(CALL("user_put", "1790000000000", "b", "new", "binh", "unit", "1", "roles", "viewer",
		"state", "active"),
	   "[done, T]");
	IS(CALL("user_get", "binh"), "[binh, T, , 1, viewer, , , active, ]");
	IS(CALL("user_get", "chi"), "nil");
	IS(CALL("user_ls", "1"),
	   "[[an, T, , 1, author, , , active, ], [binh, T, , 1, viewer, , , active, ]]");
	make_units();
	IS(CALL("user_ls", "2"), "[]");
}

static const char *
try(const char *user, const char *address)
{
	return CALL("login_try", user, address);
}

static void
five_wrong_passwords_lock_for_a_minute_then_two(void **state)
{
	(void)state;
	make_user("an", "1");
	for (int i = 1; i <= 4; i++)
		IS(try("an", "10.0.0.1"), "[go, p, active, , 1, 0]");
	IS(try("an", "10.0.0.1"), "[go, p, active, , 1, 60]");
	IS(try("an", "10.0.0.1"), "[wait, 60]");
	/* not from elsewhere: nobody is kept out by somebody else's guesses */
	IS(try("an", "10.0.0.2"), "[go, p, active, , 1, 0]");
	move_clock(60000);
	IS(try("an", "10.0.0.1"), "[go, p, active, , 1, 120]");
	move_clock(119000);
	assert_non_null(strstr(try("an", "10.0.0.1"), "[wait, "));
	move_clock(2000);
	IS(CALL("login_right", "an", "10.0.0.1"), "1");
	IS(try("an", "10.0.0.1"), "[go, p, active, , 1, 0]");
}

static void
the_wait_ends_at_an_hour(void **state)
{
	static const int waits[] = {0, 0, 0, 0, 60, 120, 240, 480, 960, 1920, 3600, 3600};
	char wanted[60];

	(void)state;
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		snprintf(wanted, sizeof(wanted), "[go, , , , , %d]", waits[i]);
		IS(try("nobody", "::1"), wanted);
		move_clock(waits[i] * 1000);
	}
}

static void
guessing_from_many_places_and_at_many_names_is_slowed_down(void **state)
{
	char address[32], name[32];

	(void)state;
	make_user("an", "1");
	for (int i = 1; i <= 50; i++) {
		snprintf(address, sizeof(address), "10.0.1.%d", i);
		IS(try("an", address),
		   i < 50 ? "[go, p, active, , 1, 0]" : "[go, p, active, , 1, 60]");
	}
	IS(try("an", "10.0.2.1"), "[wait, 60]");
	for (int i = 1; i <= 100; i++) {
		snprintf(name, sizeof(name), "ten%d", i);
		IS(try(name, "10.9.9.9"), i < 100 ? "[go, , , , , 0]" : "[go, , , , , 60]");
	}
	IS(try("binh", "10.9.9.9"), "[wait, 60]");
	IS(try("binh", "10.9.9.8"), "[go, , , , , 0]");
}

static void
what_is_said_after_the_clock_was_set_back_counts(void **state)
{
	(void)state;
	make_units();
	make_user("an", "2");
	CALL("session_put", "0a", "an", "h", "3600000");
	move_clock(-3600000);
	assert_non_null(strstr(facts("session", "0a", "h", "root", "1"), "[ok, "));
	IS(CALL("user_put", "", "b1", "old", "an", "password", "q", "unit", "3"), "[done, T]");
	IS(CALL("user_put", "", "b2", "old", "an", "password", "r"), "[done, T]");
	IS(COMMAND("HMGET", "loa:user:an", "password", "unit"), "[r, 3]");
	IS(facts("session", "0a", "h", "root", "1"), "[no, changed]");
	CALL("session_put", "0b", "an", "h", "3600000");
	assert_non_null(strstr(facts("session", "0b", "h", "root", "1"), "[ok, "));
	IS(CALL("user_put", "", "b3", "old", "an", "state", "disabled"), "[done, T]");
	IS(facts("session", "0b", "h", "root", "1"), "[no, changed]");
	IS(COMMAND("HGET", "loa:user:an", "state"), "disabled");
	IS(CALL("unit_put", "", "b4", "4", "Xa", "", "old"), "[done, T, 4]");
	assert_non_null(strstr(COMMAND("HGET", "loa:units", "4"), "Xa"));
}

static void
lists_outside_of_a_unit_are_told(void **state)
{
	(void)state;
	make_units();
	IS(CALL("unit_outside", "2", "2", "4"), "0");
	IS(CALL("unit_outside", "2", "4", "3"), "2");
	IS(CALL("unit_outside", "4", "2", "1", "3"), "3");
	IS(CALL("unit_outside", "1", "1", "3"), "0");
}

/* ---- deputies ---- */

static const char *
deputy_put(const char *to, const char *of, long long since_s, long long until_s)
{
	char since[24], until[24];

	snprintf(since, sizeof(since), "%lld", since_s);
	snprintf(until, sizeof(until), "%lld", until_s);
	return CALL("deputy_put", "", "act", to, of, since, until);
}

/* Whose place stands at the end of what is known of the one who asks; "" = nobody's. */
static const char *
signs_for(void)
{
	const char *reply = facts("token", "0a", "h", "root", "1");
	const char *end = strstr(reply, "binh");

	return end != NULL ? end : "";
}

static void
a_deputy_signs_from_a_day_to_a_day(void **state)
{
	long long now_s = (long long)time(NULL);

	(void)state;
	make_units();
	make_user("an", "4");
	make_user("binh", "2");
	CALL("token_put", "", "0a", "an", "x", "view", "h", "0");
	IS(deputy_put("an", "binh", now_s + 100, now_s + 200), "[done, T]");
	assert_string_equal(signs_for(), "");
	move_clock(100000);
	assert_string_equal(signs_for(), "binh, author]");
	/* as long as the other is there, and over his unit */
	CALL("user_put", "", "u1", "old", "binh", "state", "disabled");
	assert_string_equal(signs_for(), "");
	move_clock(10);
	CALL("user_put", "", "u2", "old", "binh", "state", "active", "unit", "3");
	assert_string_equal(signs_for(), "");
	move_clock(10);
	CALL("user_put", "", "u3", "old", "binh", "unit", "2");
	assert_string_equal(signs_for(), "binh, author]");
	move_clock(100000);
	assert_string_equal(signs_for(), "");
	IS(CALL("deputy_ls", "1"), "[]");
}

static void
a_deputy_is_of_one_person_and_of_his_unit(void **state)
{
	long long now_s = (long long)time(NULL);

	(void)state;
	make_units();
	make_user("an", "2");
	make_user("binh", "4");
	make_user("chi", "2");
	IS(deputy_put("an", "binh", now_s, now_s + 200), "[outside]");
	IS(deputy_put("nobody", "an", now_s, now_s + 200), "[none]");
	IS(deputy_put("binh", "an", now_s, now_s + 200), "[done, T]");
	IS(deputy_put("binh", "chi", now_s, now_s + 200), "[taken, an]");
	IS(deputy_put("binh", "an", now_s, now_s + 300), "[done, T]");
	assert_non_null(strstr(CALL("deputy_ls", "2"), "[[binh, an, "));
	IS(CALL("deputy_ls", "3"), "[]");
	IS(CALL("deputy_rm", "", "a", "binh", "chi"), "[none]");
	move_clock(10);
	IS(CALL("deputy_rm", "", "a", "binh", "an"), "[done, T]");
	IS(CALL("deputy_ls", "2"), "[]");
	/* what was said before is told again by a journal: the later one stands */
	IS(CALL("deputy_put", "1000000000000", "act", "binh", "an", "1", "4000000000"),
	   "[done, T]");
	IS(CALL("deputy_ls", "2"), "[]");
	IS(deputy_put("binh", "chi", now_s, now_s + 200), "[done, T]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(units_are_a_tree_with_names_that_siblings_do_not_share),
		T(a_move_never_makes_a_ring),
		T(a_tree_has_a_depth),
		T(a_unit_goes_when_it_has_nothing),
		T(a_thing_is_given_to_a_unit),
		T(a_token_says_whose_it_is_and_what_is_whose),
		T(a_segment_over_another_units_list_is_only_read),
		T(the_root_sees_all),
		T(tokens_end_by_hand_and_by_day),
		T(a_use_is_written_down_once_a_minute),
		T(a_session_ends_when_it_is_idle_and_in_any_case),
		T(whoever_is_disabled_is_out_at_once_and_stays_out),
		T(a_user_is_made_once_and_made_again_by_a_journal),
		T(five_wrong_passwords_lock_for_a_minute_then_two),
		T(the_wait_ends_at_an_hour),
		T(guessing_from_many_places_and_at_many_names_is_slowed_down),
		T(what_is_said_after_the_clock_was_set_back_counts),
		T(lists_outside_of_a_unit_are_told),
		T(a_deputy_signs_from_a_day_to_a_day),
		T(a_deputy_is_of_one_person_and_of_his_unit),
	};

	log_set_level(LOG_LEVEL_ERROR);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
