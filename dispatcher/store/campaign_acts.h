/* SPDX-License-Identifier: MIT */
/*
 * What may be done to a campaign, in which of its states, by whom, and which state it has
 * then. The table is used three ways: the Lua library gets it as approval.ACTS and every step
 * asks it, the API's routes get the rights, docs/FORMATS.md shows it. Beside the row stand
 * conditions that a step checks itself: the revision, who approves, what was approved.
 *
 *   draft ◀──edit── returned ◀────────return────────┐
 *     │                │                            │
 *     └────submit──────┴──▶ submitted ──approve──▶ approved ──launch──▶ running
 *     (where no approval is needed: launch, schedule) │  ▲               ▲
 *                                          schedule   ▼  │ unschedule    │ its time
 *                                                   scheduled ───────────┘
 *                                                     │ not launched then
 *                                                     ▼
 *                                                   missed ──launch, schedule, unschedule──▶
 */
#pragma once

/*
 * X(act, rights of dispatcher/account/rights.h, states that it leaves, state that it leads to)
 * "" = as it was; unschedule leads to draft where nothing was approved. The acts without rights
 * are the server's.
 */
/* clang-format off */
#define CAMPAIGN_ACTS(X)                                                                            \
	X(edit, RIGHT_AUTHOR, "draft returned", "draft")                                            \
	X(submit, RIGHT_AUTHOR, "draft returned", "submitted")                                      \
	X(approve, RIGHT_APPROVE, "submitted", "approved")                                          \
	X(return, RIGHT_AUTHOR | RIGHT_APPROVE, "submitted approved", "returned")                   \
	X(rm, RIGHT_AUTHOR, "draft returned", "")                                                   \
	X(schedule, RIGHT_APPROVE, "draft approved scheduled missed", "scheduled")                  \
	X(unschedule, RIGHT_AUTHOR | RIGHT_APPROVE | RIGHT_OPERATE, "scheduled missed", "approved") \
	X(launch, RIGHT_APPROVE, "draft approved missed", "running")                                \
	X(fire, 0, "scheduled", "running")                                                          \
	X(miss, 0, "scheduled", "missed")                                                           \
	X(pause, RIGHT_AUTHOR | RIGHT_APPROVE | RIGHT_OPERATE, "running", "paused")                 \
	X(resume, RIGHT_APPROVE | RIGHT_OPERATE, "paused", "running")                               \
	X(cancel, RIGHT_APPROVE | RIGHT_OPERATE, "running paused", "cancelled")                     \
	X(retry, RIGHT_APPROVE, "running paused finished", "running")                               \
	X(finish, 0, "running cancelled", "finished")
/* clang-format on */
