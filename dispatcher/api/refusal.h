/* SPDX-License-Identifier: MIT */
/*
 * Who refuses a class of messages is told once that they stop (refusal.confirm of the policy): by a single
 * message of class personal, which says when, and advertises nothing.
 */
#pragma once

#include "dispatcher/api/private.h"

#define REFUSAL_TEXT_MAX 500u

/*
 * What somebody is told whose refusal of the scope ("class:advert") came at at_s. ERR_INPUT: nothing is
 * told about such a scope.
 */
MUST_CHECK enum err refusal_text(const struct config *c, const char *scope, int64_t at_s,
				 char out[REFUSAL_TEXT_MAX], struct err_ctx *e);
/*
 * Sends it. act: an id; the same again is the same message. cb runs once, later: {"text","id"}, or
 * {"text","error"} in words; it owns the answer.
 */
typedef void (*refusal_cb)(void *arg, json_t *answer);
void refusal_confirm(struct api *a, uint64_t phone, const char *text, const char *act,
		     refusal_cb cb, void *arg);
