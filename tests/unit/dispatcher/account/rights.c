/* SPDX-License-Identifier: MIT */
/* Rights and roles, names, tokens, and what may be done with whose things: by docs/ACCOUNTS.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/account/account.h"

static void
roles_have_the_rights_that_the_guide_says(void **state)
{
	static const struct {
		const char *roles, *rights;
	} rows[] = {
		{"viewer", "view"},
		{"author", "view, author"},
		{"approver", "view, approve"},
		{"operator", "view, operate"},
		{"administrator", "view, author, approve, operate, personal, admin"},
		{"author,operator", "view, author, operate"},
		{"", ""},
		{"king", ""},
	};
	char text[RIGHTS_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		assert_string_equal(rights_text(roles_rights(slice_of(rows[i].roles)), text),
				    rows[i].rights);
	assert_string_equal(roles_with(RIGHT_APPROVE, text), "approver, administrator");
	assert_string_equal(roles_with(RIGHT_AUTHOR | RIGHT_OPERATE, text),
			    "author, operator, administrator");
}

/* The table of the guide: `| role | view | author | … |` with a cross where a role has a right. */
static void
the_guide_has_the_same_table(void **state)
{
	static const char *const rights[] = {"view",	"author",   "approve",
					     "operate", "personal", "admin"};
	static const char *const roles[] = {"viewer", "author", "approver", "operator",
					    "administrator"};
	FILE *f = fopen("docs/ACCOUNTS.md", "r");
	char line[1000];
	size_t found = 0;

	(void)state;
	assert_non_null(f);
	/* the table of what each right is for comes after it */
	while (fgets(line, sizeof(line), f) != NULL && strncmp(line, "| right |", 9) != 0) {
		for (size_t r = 0; r < ARRAY_LEN(roles); r++) {
			char begin[40], *cell;

			snprintf(begin, sizeof(begin), "| `%s` |", roles[r]);
			if (strncmp(line, begin, strlen(begin)) != 0)
				continue;
			found++;
			cell = line + strlen(begin);
			for (size_t i = 0; i < ARRAY_LEN(rights); i++) {
				unsigned bit = rights_known(slice_of(rights[i]));
				char *end = strchr(cell, '|');

				assert_non_null(end);
				*end = '\0';
				assert_int_equal(strchr(cell, 'x') != NULL,
						 (roles_rights(slice_of(roles[r])) & bit) != 0);
				cell = end + 1;
			}
		}
	}
	fclose(f);
	assert_int_equal(found, ARRAY_LEN(roles));
}

static void
words_that_are_none_are_refused_by_name(void **state)
{
	struct err_ctx e;
	unsigned rights;

	(void)state;
	assert_int_equal(rights_parse("rights", SLICE("view, approve"), &rights, &e), ERR_OK);
	assert_int_equal(rights, RIGHT_VIEW | RIGHT_APPROVE);
	assert_int_equal(rights_parse("rights", SLICE("view,all"), &rights, &e), ERR_INPUT);
	assert_non_null(strstr(e.why, "\"all\""));
	assert_int_equal(roles_parse("roles", SLICE("Author"), &rights, &e), ERR_INPUT);
}

static void
names_are_plain_and_never_the_administrators(void **state)
{
	static const char *const good[] = {"a", "nguyen.an", "b-2", "0912"};
	static const char *const bad[] = {"",
					  "An",
					  "-a",
					  ".a",
					  "a b",
					  "a@b",
					  "đan",
					  "a:b",
					  "administrator",
					  "a23456789012345678901234567890123"};
	struct err_ctx e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++)
		assert_int_equal(user_name_check(slice_of(good[i]), &e), ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_int_equal(user_name_check(slice_of(bad[i]), &e), ERR_INPUT);
}

static void
a_token_is_read_as_it_was_made(void **state)
{
	struct secret made, read;
	char text[SECRET_TEXT_MAX];

	(void)state;
	secret_make(SECRET_TOKEN, &made, text);
	assert_int_equal(strlen(text), 4 + 12 + 1 + 40);
	assert_memory_equal(text, "loa_", 4);
	secret_read(slice_of(text), &read);
	assert_int_equal(read.kind, SECRET_TOKEN);
	assert_string_equal(read.id, made.id);
	assert_string_equal(read.hash, made.hash);
	assert_null(strstr(made.hash, text + 17));
	secret_make(SECRET_SESSION, &made, text);
	secret_read(slice_of(text), &read);
	assert_int_equal(read.kind, SECRET_SESSION);
	assert_string_equal(read.hash, made.hash);
	/* another secret of the same id has another hash */
	text[strlen(text) - 1] = text[strlen(text) - 1] == '0' ? '1' : '0';
	secret_read(slice_of(text), &read);
	assert_string_equal(read.id, made.id);
	assert_string_not_equal(read.hash, made.hash);
}

static void
what_looks_otherwise_is_no_token(void **state)
{
	static const char *const texts[] = {"",
					    "loa_",
					    "loa_0123456789ab",
					    "loa_0123456789ab_",
					    "loa_0123456789AB_x",
					    "loa_0123456789a_xx",
					    "loax_0123456789ab_x",
					    "0123456789abcdef0123456789abcdef01234567"};
	struct secret s;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		secret_read(slice_of(texts[i]), &s);
		assert_int_equal(s.kind, SECRET_NONE);
	}
	secret_read((struct slice){"loa_0123\0"
				   "6789ab_x",
				   18},
		    &s);
	assert_int_equal(s.kind, SECRET_NONE);
}

/* By the guide: own and below all; above templates and segments to be read; the rest is not there. */
static void
whose_a_thing_is_decides_what_may_be_done_with_it(void **state)
{
	static const struct {
		const char *kind;
		enum use use;
		const char *of; /* what comes of o, a, f, s, - */
	} rows[] = {
		{"list", USE_OWN, "MFF?M"},	 {"list", USE_MAKE, "MTT?M"},
		{"campaign", USE_OWN, "MFF?M"},	 {"segment", USE_READ, "MMF?M"},
		{"segment", USE_OWN, "MAF?M"},	 {"segment", USE_MAKE, "MAT?M"},
		{"segment", USE_ROWS, "MAFLM"},	 {"template", USE_READ, "MMF?M"},
		{"template", USE_MAKE, "MAT?M"}, {"run", USE_OWN, "MFF?M"},
		{"user", USE_OWN, "MFF?M"},	 {"unit", USE_OWN, "MFF?M"},
		{"unit", USE_PLACE, "MFF?F"},	 {"token", USE_OWN, "MFF?M"},
		{"root", USE_OWN, "MRR?M"},
	};
	static const char letters[] = "oafs-";
	static const char verdicts[] = {
		[MAY] = 'M',	    [FOREIGN] = 'F',	  [OF_ABOVE] = 'A',
		[NAME_TAKEN] = 'T', [LIST_FOREIGN] = 'L', [ROOT_ONLY] = 'R'};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		for (size_t k = 0; k < 5; k++) {
			char got;

			if (rows[i].of[k] == '?')
				continue;
			got = verdicts[use_judge(rows[i].kind, rows[i].use, letters[k])];
			if (got != rows[i].of[k])
				fail_msg("%s use %d of %c: %c, wanted %c", rows[i].kind,
					 rows[i].use, letters[k], got, rows[i].of[k]);
		}
	/* a letter that nobody knows is another's */
	assert_int_equal(use_judge("list", USE_OWN, '?'), FOREIGN);
}

static void
a_user_sees_its_unit_and_those_below(void **state)
{
	static const uint64_t below[] = {3, 7, 8}, above[] = {2, 1};
	struct account a = {
		.unit = 3, .below = below, .below_count = 3, .above = above, .above_count = 2};
	struct account root = {.unit = 1, .is_all = true};

	(void)state;
	assert_true(account_sees(&a, 3) && account_sees(&a, 8));
	assert_false(account_sees(&a, 2) || account_sees(&a, 1) || account_sees(&a, 4));
	assert_true(account_reads(&a, 2) && account_reads(&a, 1) && account_reads(&a, 7));
	assert_false(account_reads(&a, 4));
	assert_true(account_sees(&root, 4711));
}

static int
begin(void **state)
{
	(void)state;
	random_init();
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(roles_have_the_rights_that_the_guide_says),
		cmocka_unit_test(the_guide_has_the_same_table),
		cmocka_unit_test(words_that_are_none_are_refused_by_name),
		cmocka_unit_test(names_are_plain_and_never_the_administrators),
		cmocka_unit_test(a_token_is_read_as_it_was_made),
		cmocka_unit_test(what_looks_otherwise_is_no_token),
		cmocka_unit_test(whose_a_thing_is_decides_what_may_be_done_with_it),
		cmocka_unit_test(a_user_sees_its_unit_and_those_below),
	};

	return cmocka_run_group_tests(tests, begin, NULL);
}
