/* SPDX-License-Identifier: MIT */
/*
 * The compiler's parts share this: expression.c turns values, comparisons and
 * filters into instructions, parse.c tags and blocks, compile.c begins it all. Functions return false
 * after they have filled *error.
 */
#pragma once

#include "templates/program.h"

#define NO_JUMP UINT32_MAX

enum block_kind { BLOCK_IF, BLOCK_UNLESS, BLOCK_CASE, BLOCK_CAPTURE };

/* A tag that waits for its end. */
struct block {
	enum block_kind kind;
	struct place at;
	uint32_t next;	 /* a jump to the next branch that has no target yet, or NO_JUMP */
	uint32_t exits;	 /* a chain of jumps to the end, see jump_chain in expression.c */
	bool has_else;	 /* else was met: no further branch may come */
	bool has_branch; /* of case: a when or else was met */
	uint32_t slot;	 /* of case: what it looks at, and behind it whether a when was met; of
			      capture: the variable */
	uint64_t before; /* variables that were surely assigned at its beginning */
	uint64_t in_all; /* … and at the end of each branch so far */
	uint32_t blame;	 /* of capture: the first field that it reads, or NO_FIELD */
	size_t from;	 /* of capture: its first instruction */
};

struct parser {
	struct lexer lexer;
	struct token now;
	struct template *t;
	struct template_error *error;
	struct buf pool;
	struct instruction *program;
	size_t length, room;
	struct template_value *constants;
	size_t constant_count, constant_room;
	struct block blocks[NESTING_MAX];
	size_t depth;
	size_t captures;   /* how many of the blocks are captures */
	uint64_t assigned; /* variables that surely have a value here: bit = slot */
	struct place word; /* of an empty or blank that nothing is compared with; line 0 = none */
};

_Static_assert(VARIABLES_MAX <= 64, "a bit for each variable");

/* ---- expression.c ---- */

bool parse_fail(struct parser *p, const struct token *at, const char *why);
/* "… is not expected here: WANTED" */
bool parse_unexpected(struct parser *p, const char *wanted);
/* The next token; false when there is none. */
bool parse_step(struct parser *p);

bool parse_emit(struct parser *p, enum op op, uint32_t a, uint32_t b, struct place at);
bool parse_emit_constant(struct parser *p, struct template_value v, struct place at);
/* A jump (or AND, OR) here whose target is not known yet, before `chain` (NO_JUMP = none). */
bool parse_emit_jump(struct parser *p, enum op op, uint32_t *chain, struct place at);
/* All jumps of the chain come here. */
void parse_land(struct parser *p, uint32_t *chain);

/* A variable's slot, -1 when there is none of that name. */
int parse_find_variable(struct parser *p, struct slice name);

/* A value of a when: a constant or a field; empty and blank too. */
bool parse_when_value(struct parser *p);
/* value { comparison value } joined by and, or: for a condition. */
bool parse_condition(struct parser *p);
/* The same and filters behind it: for output, assign and case. */
bool parse_filtered(struct parser *p);

/* ---- parse.c ---- */

/* The whole source that the lexer was given. */
bool parse_template(struct parser *p);
