/* SPDX-License-Identifier: MIT */
/* The head of an HTTP/1.1 request, read strictly (RFC 9112). Bytes in, struct out. */
#pragma once

#include "tests/gateway/bytes.h"

#define HEAD_MAX 16384 /* bytes of a head */
#define HEAD_TARGET_MAX 2048

struct head {
	char method[8];
	char path[HEAD_TARGET_MAX]; /* query: behind its ?, cut off */
	const char *query;	    /* NULL = none */
	char type[64];		    /* Content-Type, "" = none */
	char key[256];		    /* X-Api-Key, "" = none */
	int minor;		    /* HTTP/1.minor */
	bool is_kept;
	bool has_host, has_length;
	bool wants_continue;
	size_t length; /* of the body */
	size_t bytes;  /* of the head with its empty line */
};

/* raw ends with the empty line. Returns 0, or the HTTP status to refuse with and why. */
int head_read(struct text raw, struct head *h, const char **why);
