/* SPDX-License-Identifier: MIT */
/*
 * The gateway's ledger against the server's results, message by message.
 *
 *   results say     the ledger must say
 *   delivered       accepted once, reported (or to be found, where it must be asked for) DELIVRD
 *   undeliverable   accepted once, reported UNDELIV or EXPIRED and never DELIVRD
 *   accepted        accepted once; only where reports must be asked for: whose answer was lost is a
 *                   duplicate without an id to ask by, and a question that is lost comes after its
 *                   deadline
 *   refused         never accepted, refused for the number or the sender
 *   cancelled       never accepted
 *   unknown         never accepted (who was has a receipt), where doubt may be; all of it is held
 *
 * Nothing else may be said at the end; each row of the list is said once, nobody else is
 * in the ledger, and the counters of both runs are what a recount finds.
 */
#pragma once

#include "tests/torture/job.h"

/* may_doubt: how many of the rows may be in doubt. Asks for up to ten seconds until all agrees;
 * false: why says where it does not. */
bool books_agree(struct job *j, unsigned may_doubt);
/* Of a job that did not come to its end: say who is where, as comments on stdout. */
void books_show(const struct job *j);
