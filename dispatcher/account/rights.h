/* SPDX-License-Identifier: MIT */
/*
 * Rights, and the roles that are made of them. A user has the rights of its roles together, a
 * token those of its user that were given to it, too. docs/ACCOUNTS.md has the table; a test
 * compares. Pure.
 */
#pragma once

#include <stdbool.h>

#include "base/err.h"

enum right {
	RIGHT_VIEW = 1,	     /* see what its unit has; phones masked */
	RIGHT_AUTHOR = 2,    /* lists, segments, templates, drafts, previews, tests */
	RIGHT_APPROVE = 4,   /* let things be sent: launch, retry, single messages */
	RIGHT_OPERATE = 8,   /* keep it going: pause, cancel, doubt, partners, registers */
	RIGHT_PERSONAL = 16, /* phones and sensitive columns in full */
	RIGHT_ADMIN = 32,    /* users, units, tokens, erasing, configuration, audit */
	RIGHTS_ALL = 63,
};

/* X(name, what it has) */
#define ROLES(X)                                \
	X(viewer, RIGHT_VIEW)                   \
	X(author, RIGHT_VIEW | RIGHT_AUTHOR)    \
	X(approver, RIGHT_VIEW | RIGHT_APPROVE) \
	X(operator, RIGHT_VIEW | RIGHT_OPERATE) \
	X(administrator, RIGHTS_ALL)

#define RIGHTS_TEXT_MAX 128

/* "view,author" → bits. ERR_INPUT names the word that is none. what: for the error. */
MUST_CHECK enum err rights_parse(const char *what, struct slice text, unsigned *out,
				 struct err_ctx *e);
/* Names of roles with commas between → their rights; "" = none. */
MUST_CHECK enum err roles_parse(const char *what, struct slice text, unsigned *out,
				struct err_ctx *e);
/* The same of a record, in which words that this release does not know are no rights. */
unsigned roles_rights(struct slice text);
unsigned rights_known(struct slice text);
/* "view, author", "" = none; out has room for RIGHTS_TEXT_MAX. Returns out. */
const char *rights_text(unsigned rights, char *out);
/* The roles that have one of these rights: "approver, administrator". As above. */
const char *roles_with(unsigned rights, char *out);
