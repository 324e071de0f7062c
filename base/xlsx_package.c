/* SPDX-License-Identifier: MIT */
/*
 * The package (ISO/IEC 29500-2, Open Packaging Conventions): parts in a ZIP, what
 * is in them ([Content_Types].xml), how they belong together (_rels/….rels).
 */
#include "base/xlsx_parts.h"

#include <ctype.h>
#include <stdlib.h>

#define PIECE 65536
#define SMALL_PART_MAX (64u << 20)
#define INFLATION_MIN (16u << 20)
#define RELATIONS_MAX 20000

static const char *const save_anew =
	"open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)";

struct archive_limits
xlsx_limits(const struct xlsx *x, bool is_large)
{
	return (struct archive_limits){
		.inflated_max = is_large ? x->o.part_max : SMALL_PART_MAX,
		.inflation_max = x->o.inflation_max,
		.inflation_min = INFLATION_MIN,
	};
}

enum err
xlsx_pass_run(struct xlsx *x, struct xlsx_pass *p, struct err_ctx *e)
{
	struct archive_limits limits = xlsx_limits(x, p->is_large);
	struct archive_part *part;
	char *piece;
	size_t n = 1;
	enum err err;

	if (p->inflated_max > 0)
		limits.inflated_max = p->inflated_max;
	err = archive_part_open(x->archive, p->part, &limits, &part, e);
	if (err != ERR_OK)
		return err;
	piece = xmalloc(PIECE);
	while (err == ERR_OK && n > 0 && !xml_is_stopped(p->xml)) {
		err = archive_part_read(part, piece, PIECE, &n, e);
		p->inflated += n;
		if (err == ERR_OK)
			err = xml_feed(p->xml, (struct slice){piece, n}, n == 0, e);
	}
	free(piece);
	archive_part_close(part);
	return err;
}

/* The same with an XML reader of its own; errors name the part. */
static enum err
read_small(struct xlsx *x, const struct xml_grammar *g, const char *name, void *arg,
	   struct err_ctx *e)
{
	struct xlsx_pass p = {0};
	enum err err;

	p.part = archive_find(x->archive, slice_of(name));
	if (p.part < 0)
		return ERR_OK;
	p.xml = xml_new(g, x->file, arg);
	err = xlsx_pass_run(x, &p, e);
	if (err == ERR_INPUT && e != NULL && (xml_is_malformed(p.xml) || e->what[0] == '\0')) {
		struct err_ctx was = *e;

		err_set(e, ERR_INPUT, x->file, was.todo, "%s, %s", name, was.why);
	}
	xml_free(p.xml);
	return err;
}

static enum err
ignore_end(void *arg, unsigned state, struct err_ctx *e)
{
	(void)arg;
	(void)state;
	(void)e;
	return ERR_OK;
}

static char *
keep(struct arena *a, const char *s)
{
	return arena_memdup0(a, s != NULL ? s : "", s != NULL ? strlen(s) : 0);
}

/* ---- content types ---- */

static enum err
on_type(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct content_types *t = arg;
	const char *name = xml_attr(attrs, state == 2 ? "PartName" : "Extension");
	struct content_type *new;

	if (state == 1)
		return ERR_OK;
	if (t->count >= RELATIONS_MAX)
		return err_set(e, ERR_INPUT, "", save_anew, "it has too many entries");
	if (t->count == t->cap) {
		t->cap = t->cap > 0 ? t->cap * 2 : 16;
		t->v = xrealloc(t->v, t->cap * sizeof(*t->v));
	}
	new = &t->v[t->count++];
	new->type = keep(&t->arena, xml_attr(attrs, "ContentType"));
	new->name = arena_alloc(&t->arena, (name != NULL ? strlen(name) : 0) + 2);
	new->name[0] = '.';
	slice_copy(new->name + (state == 3), (name != NULL ? strlen(name) : 0) + 1, slice_of(name));
	for (char *p = new->name; *p != '\0'; p++)
		*p = (char)tolower((unsigned char)*p);
	return ERR_OK;
}

enum err
xlsx_content_types_read(struct xlsx *x, struct content_types *out, struct err_ctx *e)
{
	static const struct xml_rule rules[] = {
		{0, 1, "Types"}, {1, 2, "Override"}, {1, 3, "Default"}};
	static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_type, ignore_end,
						   NULL};

	return read_small(x, &grammar, "[Content_Types].xml", out, e);
}

void
xlsx_content_types_free(struct content_types *t)
{
	arena_free(&t->arena);
	free(t->v);
}

const char *
xlsx_content_type(const struct content_types *t, struct slice name)
{
	const char *ending = name.n > 0 ? memrchr(name.p, '.', name.n) : NULL;
	const char *found = "";

	for (size_t i = 0; i < t->count; i++) {
		const char *it = t->v[i].name;

		if (it[0] == '/' && name.n > 0 && strlen(it) == name.n + 1 &&
		    strncasecmp(it + 1, name.p, name.n) == 0)
			return t->v[i].type;
		if (it[0] == '.' && ending != NULL &&
		    strlen(it) == (size_t)(name.p + name.n - ending) &&
		    strncasecmp(it, ending, strlen(it)) == 0)
			found = t->v[i].type;
	}
	return found;
}

/* ---- relationships ---- */

static enum err
on_relation(void *arg, unsigned state, const char **attrs, struct err_ctx *e)
{
	struct relations *r = arg;
	const char *mode = xml_attr(attrs, "TargetMode");

	if (state == 1)
		return ERR_OK;
	if (r->count >= RELATIONS_MAX)
		return err_set(e, ERR_INPUT, "", save_anew, "it has too many entries");
	if (r->count == r->cap) {
		r->cap = r->cap > 0 ? r->cap * 2 : 16;
		r->v = xrealloc(r->v, r->cap * sizeof(*r->v));
	}
	r->v[r->count++] = (struct relation){
		.id = keep(&r->arena, xml_attr(attrs, "Id")),
		.type = keep(&r->arena, xml_attr(attrs, "Type")),
		.target = keep(&r->arena, xml_attr(attrs, "Target")),
		.is_external = mode != NULL && strcasecmp(mode, "External") == 0,
	};
	return ERR_OK;
}

enum err
xlsx_relations_read(struct xlsx *x, const char *source, struct relations *out, struct err_ctx *e)
{
	static const struct xml_rule rules[] = {{0, 1, "Relationships"}, {1, 2, "Relationship"}};
	static const struct xml_grammar grammar = {rules, ARRAY_LEN(rules), on_relation, ignore_end,
						   NULL};
	const char *slash = strrchr(source, '/');
	size_t folder = slash != NULL ? (size_t)(slash + 1 - source) : 0;
	struct buf name = {0};
	enum err err;

	buf_addf(&name, "%.*s_rels/%s.rels", (int)folder, source, source + folder);
	err = read_small(x, &grammar, name.data, out, e);
	buf_free(&name);
	return err;
}

void
xlsx_relations_free(struct relations *r)
{
	arena_free(&r->arena);
	free(r->v);
}

bool
xlsx_relation_is(const struct relation *r, const char *kind)
{
	size_t n = strlen(r->type), k = strlen(kind);

	return n >= k && strcmp(r->type + n - k, kind) == 0;
}

enum err
xlsx_relation_resolve(const struct xlsx *x, const char *source, const struct relation *r,
		      struct buf *name, struct err_ctx *e)
{
	struct slice rest = slice_of(r->target);
	const char *slash = strrchr(source, '/');
	bool is_outside = r->is_external || memchr(rest.p, ':', rest.n) != NULL ||
			  (rest.n > 1 && strncmp(rest.p, "//", 2) == 0);

	buf_reset(name);
	if (!slice_take_char(&rest, '/') && slash != NULL)
		buf_add(name, source, (size_t)(slash - source));
	while (rest.n > 0 && !is_outside) {
		struct slice step = slice_take_until(&rest, '/');

		if (slice_is(step, "..")) {
			const char *up = name->len > 0 ? memrchr(name->data, '/', name->len) : NULL;

			is_outside = name->len == 0;
			name->len = up != NULL ? (size_t)(up - name->data) : 0;
		} else if (step.n > 0 && !slice_is(step, ".")) {
			buf_adds(name, name->len > 0 ? "/" : "");
			buf_add_slice(name, step);
		}
	}
	if (is_outside)
		return err_set(
			e, ERR_INPUT, x->file,
			"open the file in Excel and save it anew (mở bằng Excel rồi lưu lại)",
			"a part of the workbook is said to be outside of the file: %.100s",
			r->target);
	return ERR_OK;
}
