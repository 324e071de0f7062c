/* SPDX-License-Identifier: MIT */
/*
 * The compiler's outer half: tags and blocks to instructions, one pass, no tree and no
 * recursion; what waits for its end is on a stack of bounded depth.
 *
 *   template = { TEXT | "{{" filtered "}}" | "{%" tag "%}" }
 *   tag      = if | elsif | else | endif | unless | endunless | case | when | endcase
 *            | assign NAME "=" filtered | capture NAME | endcapture
 *
 * Which variables surely have a value is known at each place: at the end of an if
 * those that have one at the end of each of its branches, its missing else too.
 */
#include "base/err.h"
#include "base/text.h"
#include "templates/parser.h"

static const char *const block_names[] = {
	[BLOCK_IF] = "if",
	[BLOCK_UNLESS] = "unless",
	[BLOCK_CASE] = "case",
	[BLOCK_CAPTURE] = "capture",
};

static struct block *
innermost(struct parser *p)
{
	return p->depth > 0 ? &p->blocks[p->depth - 1] : NULL;
}

static bool
expect_tag_close(struct parser *p, const char *wanted)
{
	return p->now.kind == TOKEN_TAG_CLOSE || parse_unexpected(p, wanted);
}

/* ---- who is to blame for a blank ---- */

/* The first field that instructions from..end read, by themselves or through variables. */
static uint32_t
first_field(const struct parser *p, size_t from, struct place *at)
{
	for (size_t i = from; i < p->length; i++) {
		const struct instruction *one = &p->program[i];
		uint32_t field = field_read(one);

		if (one->op == OP_VARIABLE)
			field = one->a < p->t->variable_count ? p->t->variables[one->a].blame
							      : NO_FIELD;
		if (field == NO_FIELD)
			continue;
		*at = one->at;
		return field;
	}
	return NO_FIELD;
}

/* … or else the first variable. */
static uint32_t
who_is_to_blame(const struct parser *p, size_t from, struct place *at)
{
	uint32_t field = first_field(p, from, at);

	for (size_t i = from; i < p->length && field == NO_FIELD; i++) {
		if (p->program[i].op != OP_VARIABLE)
			continue;
		*at = p->program[i].at;
		return IS_VARIABLE | p->program[i].a;
	}
	return field;
}

/* ---- output ---- */

static bool
emit_text(struct parser *p, const struct token *t)
{
	uint32_t from = (uint32_t)p->pool.len;

	if (t->text.n == 0)
		return true;
	buf_add_slice(&p->pool, t->text);
	return parse_emit(p, OP_TEXT, from, (uint32_t)t->text.n, t->at);
}

static bool
emit_output(struct parser *p, size_t from, const struct token *open)
{
	struct instruction *first = &p->program[from];
	struct place at = open->at;
	uint32_t blame;

	if (p->captures > 0)
		return parse_emit(p, OP_SAY, 0, 0, at);
	if (p->length == from + 1 && first->op == OP_CONST &&
	    is_blank_text(p->constants[first->a].text))
		return parse_fail(p, open,
				  "this tag never prints anything, so every message would be "
				  "skipped: write blanks as text");
	if (p->length == from + 1 && first->op == OP_FIELD) {
		first->op = OP_PRINT;
		return true;
	}
	blame = who_is_to_blame(p, from, &at);
	return parse_emit(p, OP_OUTPUT, blame, 0, at);
}

/* From {{ to }} */
static bool
parse_output(struct parser *p)
{
	struct token open = p->now;
	size_t from = p->length;

	if (!parse_step(p))
		return false;
	if (p->now.kind == TOKEN_OUTPUT_CLOSE)
		return parse_fail(p, &open, "{{ }} is empty: write a field, as in {{ ho_ten }}");
	if (!parse_filtered(p))
		return false;
	if (p->now.kind != TOKEN_OUTPUT_CLOSE)
		return parse_unexpected(p, "| and a filter, or }}, are");
	return emit_output(p, from, &open);
}

/* ---- blocks ---- */

static struct block *
open_block(struct parser *p, enum block_kind kind, const struct token *name)
{
	struct block *b = &p->blocks[p->depth];

	if (p->depth == NESTING_MAX) {
		template_fail(p->error, "too-many", name->at,
			      "%s is inside %u others: no more than that may be nested",
			      block_names[kind], NESTING_MAX);
		return NULL;
	}
	p->depth++;
	*b = (struct block){.kind = kind,
			    .at = name->at,
			    .next = NO_JUMP,
			    .exits = NO_JUMP,
			    .before = p->assigned,
			    .in_all = UINT64_MAX,
			    .blame = NO_FIELD};
	return b;
}

/* The block that the tag `name` belongs to; NULL when another, or none, is open. */
static struct block *
block_for(struct parser *p, const struct token *name, unsigned kinds, const char *owner)
{
	struct block *b = innermost(p);
	char tag[32];

	copy_short(tag, sizeof(tag), name->text);
	if (b != NULL && (kinds >> b->kind & 1) != 0)
		return b;
	if (b == NULL)
		template_fail(p->error, "syntax", name->at,
			      strncmp(tag, "end", 3) == 0
				      ? "%s closes nothing: there is no {%% %s %%} before it"
				      : "%s stands alone: there is no {%% %s %%} before it",
			      tag, owner);
	else
		template_fail(p->error, "syntax", name->at,
			      "%s is not expected here: %s of line %d is still open: close it by "
			      "{%% end%s %%}",
			      tag, block_names[b->kind], b->at.line, block_names[b->kind]);
	return NULL;
}

/* The end of a branch: what follows begins as the block did. */
static void
end_branch(struct parser *p, struct block *b)
{
	b->in_all &= p->assigned;
	p->assigned = b->before;
}

static bool
start_branch(struct parser *p, struct block *b, const struct token *name)
{
	if (b->has_else)
		return template_fail(p->error, "syntax", name->at,
				     "this comes after the else of %s in line %d: else is last",
				     block_names[b->kind], b->at.line);
	b->has_branch = true;
	return true;
}

/* ---- if, unless ---- */

/* The condition of if, unless, elsif, and the jump over the branch. */
static bool
parse_branch_condition(struct parser *p, struct block *b, enum op jump, const struct token *name)
{
	if (!parse_step(p))
		return false;
	if (p->now.kind == TOKEN_TAG_CLOSE)
		return parse_fail(p, name,
				  "a condition is missing, as in {% if gioi == \"nam\" %}");
	if (!parse_condition(p) || !expect_tag_close(p, "and, or, a comparison, or %}, are"))
		return false;
	return parse_emit_jump(p, jump, &b->next, name->at);
}

static bool
parse_if(struct parser *p, const struct token *name)
{
	struct block *b = open_block(p, BLOCK_IF, name);

	return b != NULL && parse_branch_condition(p, b, OP_JUMP_UNLESS, name);
}

static bool
parse_unless(struct parser *p, const struct token *name)
{
	struct block *b = open_block(p, BLOCK_UNLESS, name);

	return b != NULL && parse_branch_condition(p, b, OP_JUMP_IF, name);
}

#define IF_OR_UNLESS (1u << BLOCK_IF | 1u << BLOCK_UNLESS)

/* Leave the branch before, and land here what jumped over it. */
static bool
leave_branch(struct parser *p, struct block *b, const struct token *name)
{
	if (!start_branch(p, b, name) || !parse_emit_jump(p, OP_JUMP, &b->exits, name->at))
		return false;
	end_branch(p, b);
	parse_land(p, &b->next);
	return true;
}

static bool
parse_elsif(struct parser *p, const struct token *name)
{
	struct block *b = block_for(p, name, IF_OR_UNLESS, "if");

	return b != NULL && leave_branch(p, b, name) &&
	       parse_branch_condition(p, b, OP_JUMP_UNLESS, name);
}

/* when and else of a case: the branch before goes on into what asks for the next one. */
static bool
start_case_branch(struct parser *p, struct block *b, const struct token *name)
{
	if (b->has_branch)
		end_branch(p, b);
	parse_land(p, &b->next);
	return start_branch(p, b, name);
}

static bool
parse_case_else(struct parser *p, struct block *b, const struct token *name)
{
	if (!start_case_branch(p, b, name))
		return false;
	b->has_else = true;
	return parse_emit(p, OP_VARIABLE, b->slot + 1, 0, name->at) &&
	       parse_emit_jump(p, OP_JUMP_IF, &b->exits, name->at);
}

static bool
parse_else(struct parser *p, const struct token *name)
{
	struct block *b = block_for(p, name, IF_OR_UNLESS | 1u << BLOCK_CASE, "if");

	if (b == NULL || !parse_step(p) || !expect_tag_close(p, "else stands alone, %} is"))
		return false;
	if (b->kind == BLOCK_CASE)
		return parse_case_else(p, b, name);
	if (!leave_branch(p, b, name))
		return false;
	b->has_else = true;
	return true;
}

static bool
close_block(struct parser *p, const struct token *name, enum block_kind kind)
{
	struct block *b = block_for(p, name, 1u << kind, block_names[kind]);

	if (b == NULL || !parse_step(p) || !expect_tag_close(p, "the tag stands alone, %} is"))
		return false;
	parse_land(p, &b->next);
	parse_land(p, &b->exits);
	end_branch(p, b);
	if (b->has_else)
		p->assigned = b->in_all;
	p->depth--;
	return true;
}

static bool
parse_endif(struct parser *p, const struct token *name)
{
	return close_block(p, name, BLOCK_IF);
}

static bool
parse_endunless(struct parser *p, const struct token *name)
{
	return close_block(p, name, BLOCK_UNLESS);
}

/* ---- case ---- */

/* As in liquidjs each when that is met is taken, not the first only; else if none was. */
static bool
parse_case(struct parser *p, const struct token *name)
{
	struct block *b = open_block(p, BLOCK_CASE, name);

	if (b == NULL || !parse_step(p))
		return false;
	if (p->now.kind == TOKEN_TAG_CLOSE)
		return parse_fail(p, name, "a field is missing, as in {% case gioi %}");
	b->slot = VARIABLES_MAX + 2 * ((uint32_t)p->depth - 1);
	if (!parse_filtered(p) || !expect_tag_close(p, "| and a filter, or %}, are"))
		return false;
	return parse_emit(p, OP_ASSIGN, b->slot, 0, name->at) &&
	       parse_emit_constant(p, (struct template_value){.kind = TEMPLATE_FALSE}, name->at) &&
	       parse_emit(p, OP_ASSIGN, b->slot + 1, 0, name->at);
}

/* One value: compared with what the case looks at. */
static bool
parse_when_one(struct parser *p, struct block *b, uint32_t *met)
{
	struct place at = p->now.at;

	return parse_emit(p, OP_VARIABLE, b->slot, 0, at) && parse_when_value(p) &&
	       parse_emit(p, OP_COMPARE, COMPARE_EQ, 0, at) &&
	       parse_emit_jump(p, OP_JUMP_IF, met, at);
}

static bool
parse_when(struct parser *p, const struct token *name)
{
	struct block *b = block_for(p, name, 1u << BLOCK_CASE, "case");
	uint32_t met = NO_JUMP;

	if (b == NULL || !start_case_branch(p, b, name))
		return false;
	do {
		if (!parse_step(p) || !parse_when_one(p, b, &met))
			return false;
	} while (p->now.kind == TOKEN_COMMA ||
		 (p->now.kind == TOKEN_NAME && slice_is(p->now.text, "or")));
	if (!expect_tag_close(p, "a comma, or, or %} are") ||
	    !parse_emit_jump(p, OP_JUMP, &b->next, name->at))
		return false;
	parse_land(p, &met);
	return parse_emit_constant(p, (struct template_value){TEMPLATE_TRUE, SLICE("true"), 0},
				   name->at) &&
	       parse_emit(p, OP_ASSIGN, b->slot + 1, 0, name->at);
}

static bool
parse_endcase(struct parser *p, const struct token *name)
{
	struct block *b = innermost(p);

	if (b != NULL && b->kind == BLOCK_CASE && !b->has_branch)
		return parse_fail(p, name, "this case has no {% when %}");
	return close_block(p, name, BLOCK_CASE);
}

/* ---- assign, capture ---- */

static bool
is_reserved(struct slice name)
{
	static const char *const words[] = {"true",  "false", "nil", "null", "empty",
					    "blank", "and",   "or",  "not",  "contains"};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (slice_is(name, words[i]))
			return true;
	return false;
}

/* The slot of the variable that the token names; a new one is added. */
static bool
take_variable(struct parser *p, uint32_t *slot)
{
	struct template *t = p->t;
	struct variable *v = &t->variables[t->variable_count];
	struct slice name = p->now.text;
	struct buf b = {0};
	int found;

	if (p->now.kind != TOKEN_NAME)
		return parse_unexpected(p, "the name of a variable is");
	if (is_reserved(name))
		return parse_fail(p, &p->now, "this word has a meaning of its own: no variable");
	if (name.n > NAME_MAX_BYTES)
		return parse_fail(p, &p->now, "this name of a variable is longer than 63 bytes");
	found = parse_find_variable(p, name);
	*slot = found >= 0 ? (uint32_t)found : (uint32_t)t->variable_count;
	if (found >= 0)
		return true;
	if (t->variable_count == VARIABLES_MAX)
		return template_fail(p->error, "too-many", p->now.at,
				     "the template has more than %u variables", VARIABLES_MAX);
	text_add_folded(&b, name);
	v->name.name = arena_memdup0(&t->memory, name.p, name.n);
	v->name.folded = (struct slice){arena_memdup0(&t->memory, b.data, b.len), b.len};
	v->blame = NO_FIELD;
	buf_free(&b);
	return true;
}

/* From here on it is a variable: only now, for its own value may read the field of that name. */
static void
set_variable(struct parser *p, uint32_t slot, uint32_t blame)
{
	struct variable *v = &p->t->variables[slot];

	p->assigned |= UINT64_C(1) << slot;
	if (slot == p->t->variable_count)
		p->t->variable_count++;
	if (v->blame == NO_FIELD)
		v->blame = blame;
}

static bool
parse_assign(struct parser *p, const struct token *name)
{
	size_t from = p->length;
	struct place ignored;
	uint32_t slot;

	if (!parse_step(p) || !take_variable(p, &slot) || !parse_step(p))
		return false;
	if (p->now.kind != TOKEN_ASSIGN)
		return parse_unexpected(p, "= is, as in {% assign xung = \"Ông\" %}");
	if (!parse_step(p) || !parse_filtered(p) ||
	    !expect_tag_close(p, "| and a filter, or %}, are"))
		return false;
	if (!parse_emit(p, OP_ASSIGN, slot, 0, name->at))
		return false;
	set_variable(p, slot, first_field(p, from, &ignored));
	return true;
}

static bool
parse_capture(struct parser *p, const struct token *name)
{
	struct block *b = open_block(p, BLOCK_CAPTURE, name);

	if (b == NULL || !parse_step(p))
		return false;
	if (p->now.kind == TOKEN_STRING) /* the name in quotes, as Liquid has it too */
		p->now.kind = TOKEN_NAME;
	/* the variable's name is needed at its end only, but said here */
	b->from = p->length;
	p->captures++;
	if (!take_variable(p, &b->slot))
		return false;
	if (b->slot == p->t->variable_count)
		p->t->variable_count++; /* so that one inside does not take its slot */
	if (!parse_step(p) || !expect_tag_close(p, "%} is"))
		return false;
	return parse_emit(p, OP_CAPTURE, 0, 0, name->at);
}

static bool
parse_endcapture(struct parser *p, const struct token *name)
{
	struct block *b = block_for(p, name, 1u << BLOCK_CAPTURE, "capture");
	struct place ignored;

	if (b == NULL || !parse_step(p) || !expect_tag_close(p, "the tag stands alone, %} is") ||
	    !parse_emit(p, OP_CAPTURED, b->slot, 0, name->at))
		return false;
	set_variable(p, b->slot, first_field(p, b->from, &ignored));
	p->captures--;
	p->depth--;
	return true;
}

/* ---- tags ---- */

static const struct tag {
	const char *name;
	bool (*parse)(struct parser *p, const struct token *name);
} tags[] = {
	{"if", parse_if},	  {"elsif", parse_elsif},     {"else", parse_else},
	{"endif", parse_endif},	  {"unless", parse_unless},   {"endunless", parse_endunless},
	{"case", parse_case},	  {"when", parse_when},	      {"endcase", parse_endcase},
	{"assign", parse_assign}, {"capture", parse_capture}, {"endcapture", parse_endcapture},
};

/* comment and raw are the lexer's, unless something is wrong with them. */
static bool
refuse_tag(struct parser *p)
{
	static const char *const words[] = {"comment", "raw"};
	const char *names[ARRAY_LEN(tags) + ARRAY_LEN(words)], *near_name;
	char name[64];

	copy_short(name, sizeof(name), p->now.text);
	for (size_t i = 0; i < ARRAY_LEN(tags); i++)
		names[i] = tags[i].name;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		names[ARRAY_LEN(tags) + i] = words[i];
		if (strcmp(name, words[i]) == 0)
			return template_fail(p->error, "syntax", p->now.at,
					     "%s stands alone in its tag: {%% %s %%}", name, name);
		if (strncmp(name, "end", 3) == 0 && strcmp(name + 3, words[i]) == 0)
			return template_fail(p->error, "syntax", p->now.at,
					     "%s closes nothing: there is no {%% %s %%} before it",
					     name, name + 3);
	}
	near_name =
		strcmp(name, "elseif") == 0 ? "elsif" : nearest_name(name, names, ARRAY_LEN(names));
	if (near_name != NULL)
		return template_fail(p->error, "unknown-tag", p->now.at,
				     "there is no tag %s: did you mean %s?", name, near_name);
	return template_fail(
		p->error, "unknown-tag", p->now.at,
		"the tag %s is not known: known are if, unless, case, assign, capture, "
		"comment and raw",
		name);
}

/* Between case and its first when there is nothing to see. */
static bool
refuse_before_when(struct parser *p, const struct token *at)
{
	const struct block *b = innermost(p);

	if (b == NULL || b->kind != BLOCK_CASE || b->has_branch)
		return true;
	return parse_fail(p, at,
			  "this stands before the first when of its case, where nobody would see "
			  "it: put it behind a {% when %}");
}

static bool
parse_tag(struct parser *p)
{
	struct token name;

	if (!parse_step(p))
		return false;
	name = p->now;
	if (name.kind != TOKEN_NAME)
		return parse_unexpected(p, "the name of a tag is, as in {% if %}");
	for (size_t i = 0; i < ARRAY_LEN(tags); i++) {
		bool is_of_case = tags[i].parse == parse_when || tags[i].parse == parse_else ||
				  strncmp(tags[i].name, "end", 3) == 0;

		if (slice_is(name.text, tags[i].name))
			return (is_of_case || refuse_before_when(p, &name)) &&
			       tags[i].parse(p, &name);
	}
	return refuse_tag(p);
}

static bool
parse_one(struct parser *p)
{
	if (p->now.kind == TOKEN_TEXT) {
		const struct block *b = innermost(p);

		if (b != NULL && b->kind == BLOCK_CASE && !b->has_branch &&
		    is_blank_text(p->now.text))
			return true;
		return refuse_before_when(p, &p->now) && emit_text(p, &p->now);
	}
	if (p->now.kind == TOKEN_OUTPUT_OPEN)
		return refuse_before_when(p, &p->now) && parse_output(p);
	return parse_tag(p);
}

bool
parse_template(struct parser *p)
{
	const struct block *b;

	for (;;) {
		if (!parse_step(p))
			return false;
		if (p->now.kind == TOKEN_END)
			break;
		if (!parse_one(p))
			return false;
	}
	b = innermost(p);
	if (b != NULL)
		return template_fail(p->error, "syntax", b->at,
				     "%s is never closed: add {%% end%s %%}", block_names[b->kind],
				     block_names[b->kind]);
	return parse_emit(p, OP_END, 0, 0, p->now.at);
}
