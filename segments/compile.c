/* SPDX-License-Identifier: MIT */
/*
 * Tree → steps for a stack of row sets. A right side is asked only for the rows
 * that the left side leaves open, and jumped over when there are none.
 */
#include <assert.h>

#include "segments/query_tree.h"

static void
emit(struct query *q, enum step_kind kind, uint16_t arg)
{
	assert(q->step_count < ARRAY_LEN(q->steps));
	q->steps[q->step_count++] = (struct step){kind, arg};
}

static void
compile_node(struct query *q, uint16_t at)
{
	const struct node *n = &q->nodes[at];
	uint16_t skip;

	switch (n->kind) {
	case NODE_PREDICATE:
		emit(q, STEP_PREDICATE, n->a);
		break;
	case NODE_NOT:
		compile_node(q, n->a);
		emit(q, STEP_NOT, 0);
		break;
	case NODE_AND:
	case NODE_OR:
		compile_node(q, n->a);
		skip = q->step_count;
		emit(q, n->kind == NODE_AND ? STEP_RIGHT_OF_AND : STEP_RIGHT_OF_OR, 0);
		compile_node(q, n->b);
		emit(q, n->kind == NODE_AND ? STEP_AND : STEP_OR, 0);
		q->steps[skip].arg = q->step_count;
		break;
	}
}

void
query_compile(struct query *q)
{
	q->step_count = 0;
	compile_node(q, q->root);
}

void
query_want(const struct query *q, struct block_want *out)
{
	out->has_people |= q->external_count > 0;
	for (uint16_t i = 0; i < q->operand_count; i++)
		block_want_column(out, q->operands[i].column);
}
