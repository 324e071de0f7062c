/* SPDX-License-Identifier: MIT */
/*
 * Changes of a list that need no file: rows taken away, columns added, dropped, renamed. Each makes
 * a next version, with the blocks that stay as they are shared; an undo takes it back.
 *
 *   list ─▶ is it the version that was looked at? ─▶ audit ─▶ its blocks, rewritten ─▶ commit
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "dispatcher/api/private.h"
#include "dispatcher/store/audit.h"
#include "segments/cell.h"
#include "segments/column_type.h"
#include "segments/phone.h"
#include "segments/query.h"
#include "segments/rewrite.h"

#define EDIT_PHONES_MAX 200000

enum edit_kind { EDIT_ROWS, EDIT_ADD, EDIT_DROP, EDIT_RENAME };

struct edit {
	struct api *api;
	struct http_exchange *x;
	json_t *body;
	char name[LIST_NAME_MAX + 1];
	enum edit_kind kind;
	uint64_t version; /* that it must be at; 0 = any */
	bool is_dry;
	struct list *list;
	struct schema schema; /* of the new version */
	int from[COLUMNS_MAX];

	/* Rows. */
	const char *where; /* "" = by phones */
	struct query *query;
	uint64_t *phones; /* [phone_count], sorted */
	size_t phone_count;
	uint64_t unreadable; /* phones of the request */
	int64_t today;
	uint64_t bits[4]; /* of the block that is being looked at */
	uint64_t removed;

	/* Columns. */
	const char *column, *title;
	struct buf value; /* of a column that is added */

	struct list_writer *writer; /* NULL = a dry run */
	struct rewrite *rewrite;
	struct err_ctx failed;
};

static void
edit_free(struct edit *ed)
{
	json_decref(ed->body);
	list_free(ed->list);
	query_free(ed->query);
	rewrite_free(ed->rewrite);
	if (ed->writer != NULL)
		list_writer_free(ed->writer);
	buf_free(&ed->value);
	free(ed->phones);
	free(ed);
}

static void
edit_fail(struct edit *ed, const struct err_ctx *e)
{
	http_answer_error(ed->x, e);
	edit_free(ed);
}

/* ---- the end ---- */

/* A look is no count of a small group that something sensitive makes. */
static json_t *
answer_of(const struct edit *ed, uint32_t version)
{
	bool is_hidden = ed->is_dry && ed->query != NULL && ed->removed < API_GROUP_LEAST &&
			 query_reads_sensitive(ed->query, &ed->list->schema);
	json_t *out = json_pack("{s:s, s:I, s:I}", "list", ed->name, "from",
				(json_int_t)ed->list->version, "version", (json_int_t)version);

	if (!is_hidden)
		json_object_set_new(out, "rows",
				    json_integer((json_int_t)rewrite_rows(ed->rewrite)));
	if (ed->kind == EDIT_ROWS) {
		json_object_set_new(out, "rows_before", json_integer((json_int_t)ed->list->rows));
		json_object_set_new(out, "removed", api_group_size(ed->removed, is_hidden));
		json_object_set_new(out, "unreadable", json_integer((json_int_t)ed->unreadable));
		json_object_set_new(out, "dry_run", json_boolean(ed->is_dry));
	} else {
		json_object_set_new(out, "column", json_string(ed->column));
	}
	return out;
}

static void
on_committed(void *arg, const struct err_ctx *e)
{
	struct edit *ed = arg;

	if (e != NULL) {
		edit_fail(ed, e);
		return;
	}
	log_info("list=%s version=%u rows=%" PRIu64 " removed=%" PRIu64 " result=changed", ed->name,
		 list_writer_version(ed->writer), rewrite_rows(ed->rewrite), ed->removed);
	http_answer_json(ed->x, 200, answer_of(ed, list_writer_version(ed->writer)));
	edit_free(ed);
}

/* The report of the version: what was done. */
static void
add_report(const struct edit *ed, struct buf *out)
{
	static const char *const words[] = {"rows-removed", "column-added", "column-dropped",
					    "column-renamed"};

	buf_addf(out, "{\"change\":\"%s\",\"rows_before\":%" PRIu64 ",\"rows_after\":%" PRIu64,
		 words[ed->kind], ed->list->rows, rewrite_rows(ed->rewrite));
	if (ed->kind == EDIT_ROWS) {
		buf_addf(out, ",\"removed\":%" PRIu64 ",\"where\":", ed->removed);
		json_add_string(out, slice_of(ed->where));
	} else {
		buf_adds(out, ",\"column\":");
		json_add_string(out, slice_of(ed->column));
	}
	buf_addf(out, ",\"shared_phones\":%" PRIu64 ",\"rows_repeated\":%" PRIu64 "}",
		 rewrite_shared_phones(ed->rewrite), rewrite_repeated(ed->rewrite));
}

static void
on_swept(void *arg, const struct err_ctx *e)
{
	struct edit *ed = arg;
	struct buf report = {0};

	if (e != NULL || ed->failed.code != ERR_OK) {
		edit_fail(ed, e != NULL ? e : &ed->failed);
		return;
	}
	rewrite_end(ed->rewrite);
	if (ed->writer == NULL || (ed->kind == EDIT_ROWS && ed->removed == 0)) {
		http_answer_json(ed->x, 200, answer_of(ed, ed->list->version));
		edit_free(ed);
		return;
	}
	if (ed->kind == EDIT_DROP && strcmp(ed->list->key, ed->column) == 0)
		list_writer_set_key(ed->writer, "");
	add_report(ed, &report);
	list_writer_commit(ed->writer, &ed->schema, report.data, SLICE(""), on_committed, ed);
	buf_free(&report);
}

/* ---- blocks ---- */

static int
by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static bool
on_edit(void *arg, uint32_t row, struct slice *cells, struct list_row *r)
{
	struct edit *ed = arg;
	uint32_t i = row % BLOCK_ROWS;

	if (ed->kind == EDIT_ADD && ed->value.len > 0) {
		cells[ed->schema.count - 1] = buf_slice(&ed->value);
		return true;
	}
	if (ed->kind != EDIT_ROWS)
		return false;
	r->is_deleted = ed->query != NULL ? (ed->bits[i / 64] >> (i % 64) & 1) != 0
					  : bsearch(&r->phone, ed->phones, ed->phone_count,
						    sizeof(*ed->phones), by_number) != NULL;
	ed->removed += r->is_deleted;
	return r->is_deleted;
}

static bool
on_list_block(void *arg, uint32_t index, const struct block *b)
{
	struct edit *ed = arg;

	if (ed->writer != NULL && list_writer_is_refused(ed->writer, &ed->failed))
		return false;
	if (ed->query != NULL)
		query_eval_block(ed->query, b, ed->today, ed->bits);
	return rewrite_block(ed->rewrite, index, b, &ed->failed) == ERR_OK;
}

static void
on_same(void *arg, uint32_t index, uint32_t rows)
{
	struct edit *ed = arg;

	if (ed->writer != NULL)
		list_writer_share(ed->writer, ed->list->blocks[index], rows);
}

static void
on_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct edit *ed = arg;

	if (ed->writer != NULL)
		list_writer_block(ed->writer, bytes, rows);
}

static void
edit_sweep(struct edit *ed)
{
	struct daemon *d = ed->api->daemon;
	struct rewrite_options o = {.schema = &ed->schema,
				    .from = ed->kind == EDIT_DROP ? ed->from : NULL,
				    .edit = on_edit,
				    .on_same = on_same,
				    .on_block = on_block,
				    .arg = ed};
	struct sweep_options sweep = {.on_block = on_list_block, .on_done = on_swept, .arg = ed};

	ed->rewrite = rewrite_new(&o);
	if (!ed->is_dry) {
		ed->writer = list_writer_new(engine_bulk(d->engine), ed->name,
					     engine_incarnation(d->engine));
		list_writer_set_base(ed->writer, ed->list->version);
		if (ed->list->is_demo)
			list_writer_set_demo(ed->writer);
	}
	sweep_start(d->loop, engine_bulk(d->engine), ed->list, 0, (uint32_t)ed->list->block_count,
		    &sweep);
}

static void
on_audited(void *arg, uint64_t n, const struct err_ctx *e)
{
	struct edit *ed = arg;

	(void)n;
	if (e != NULL)
		edit_fail(ed, e);
	else
		edit_sweep(ed);
}

/* What a query compares with may be somebody's: the version's report has it, the audit has not. */
static json_t *
audit_details(const struct edit *ed)
{
	json_t *out = json_object();

	json_object_set_new(out, "version", json_integer(ed->list->version));
	if (ed->kind == EDIT_ROWS) {
		json_object_set_new(out, "by", json_string(ed->query != NULL ? "query" : "phones"));
		json_object_set_new(out, "phones", json_integer((json_int_t)ed->phone_count));
		return out;
	}
	json_object_set_new(out, "column", json_string(ed->column));
	json_object_set_new(out, "title", json_string(ed->title));
	return out;
}

static void
edit_audit(struct edit *ed)
{
	static const char *const acts[] = {"list.rows.remove", "list.column.add",
					   "list.column.drop", "list.column.rename"};
	char object[LIST_NAME_MAX + 8];

	snprintf(object, sizeof(object), "list:%s", ed->name);
	audit_append(ed->api->daemon->engine, api_who(ed->x), acts[ed->kind], object,
		     audit_details(ed), on_audited, ed);
}

/* ---- what is to be done ---- */

static enum err
find_column(struct edit *ed, int *at, struct err_ctx *e)
{
	*at = schema_find(&ed->schema, slice_of(ed->column));
	if (*at >= 0)
		return ERR_OK;
	return err_set(e, ERR_INPUT, "column", "see loa list show",
		       "the list has no column \"%.100s\"", ed->column);
}

/* A title for a column of its own. */
static enum err
check_title(const struct edit *ed, const struct headers *h, struct err_ctx *e)
{
	struct header_known known = headers_find(h, slice_of(ed->title));
	struct buf clean = {0};

	cell_clean(&clean, slice_of(ed->title));
	if (clean.len == 0 || clean.len >= sizeof(ed->schema.columns[0].title))
		err_set(e, ERR_INPUT, "title", "", "has 1 to 127 bytes");
	else if (known.sensitive != NULL)
		err_set(e, ERR_INPUT, "title", "import it with --keep and a reason",
			"\"%.90s\" is sensitive (%s)", ed->title, known.sensitive);
	else
		e->code = ERR_OK;
	buf_free(&clean);
	return e->code;
}

static enum err
prepare_add(struct edit *ed, const struct headers *h, struct err_ctx *e)
{
	struct schema *s = &ed->schema;
	struct column *c = &s->columns[s->count];
	struct header_known known = headers_find(h, slice_of(ed->title));
	char name[HEADER_NAME_MAX + 1], date[11];
	struct column_facts facts = {0};
	struct slice value = buf_slice(&ed->value);

	if (s->count == COLUMNS_MAX)
		return err_set(e, ERR_INPUT, "column", "drop one",
			       "the list has %u columns already", COLUMNS_MAX);
	if (schema_find(s, slice_of(ed->title)) >= 0)
		return err_set(e, ERR_CONFLICT, "column", "choose another title",
			       "the list has a column \"%.100s\"", ed->title);
	headers_make_name(name, slice_of(ed->title), s->count + 1);
	*c = (struct column){.is_masked = known.is_masked};
	headers_set_title(c, slice_of(ed->title), s->count + 1);
	headers_set_name(s, c, known.name != NULL ? known.name : name);
	column_facts_add(&facts, h, value);
	column_decide(&facts, known.hint, c);
	if (value.n > 0 && column_fit(h, c, &value, date) && c->type == COLUMN_DATE) {
		buf_reset(&ed->value);
		buf_adds(&ed->value, date);
	}
	s->count++;
	ed->column = c->name;
	return ERR_OK;
}

static enum err
prepare_drop(struct edit *ed, struct err_ctx *e)
{
	struct schema *s = &ed->schema;
	int at;

	if (find_column(ed, &at, e) != ERR_OK)
		return e->code;
	if (at == s->phone)
		return err_set(e, ERR_INPUT, "column", "", "a list needs its phones");
	ed->column = ed->list->schema.columns[at].name;
	memmove(&s->columns[at], &s->columns[at + 1],
		(s->count - (uint32_t)at - 1) * sizeof(s->columns[0]));
	s->count--;
	s->phone -= s->phone > at;
	for (int i = 0; i < (int)s->count; i++)
		ed->from[i] = i + (i >= at);
	return ERR_OK;
}

/* The title only: queries and templates go on with the name. */
static enum err
prepare_rename(struct edit *ed, struct err_ctx *e)
{
	int at, other = schema_find(&ed->schema, slice_of(ed->title));

	if (find_column(ed, &at, e) != ERR_OK)
		return e->code;
	if (other >= 0 && other != at)
		return err_set(e, ERR_CONFLICT, "column", "choose another title",
			       "the list has a column \"%.100s\"", ed->title);
	headers_set_title(&ed->schema.columns[at], slice_of(ed->title), (uint32_t)at + 1);
	ed->column = ed->list->schema.columns[at].name;
	return ERR_OK;
}

static enum err
prepare_rows(struct edit *ed, struct err_ctx *e)
{
	struct query_error qe;

	ed->today = clock_today_vn();
	if (ed->where[0] == '\0')
		return ERR_OK;
	ed->query = query_parse(slice_of(ed->where), &qe);
	if (ed->query != NULL && query_bind(ed->query, &ed->schema, &qe))
		return ERR_OK;
	err_set(e, ERR_INPUT, "query", "", "%s", qe.message);
	e->column = (int)qe.column;
	return ERR_INPUT;
}

static enum err
prepare(struct edit *ed, struct err_ctx *e)
{
	struct headers *h;
	enum err rc = ERR_OK;

	if (ed->version != 0 && ed->version != ed->list->version)
		return err_set(e, ERR_CONFLICT, ed->name,
			       "look at loa list show, then say it again",
			       "somebody else changed it meanwhile: it is at version %u now",
			       ed->list->version);
	ed->schema = ed->list->schema;
	if (ed->kind == EDIT_ROWS)
		return prepare_rows(ed, e);
	if (ed->kind == EDIT_DROP)
		return prepare_drop(ed, e);
	h = headers_new();
	rc = check_title(ed, h, e);
	if (rc == ERR_OK)
		rc = ed->kind == EDIT_ADD ? prepare_add(ed, h, e) : prepare_rename(ed, e);
	headers_free(h);
	return rc;
}

static void
on_edit_list(void *arg, struct list *l, const struct err_ctx *e)
{
	struct edit *ed = arg;
	struct err_ctx why = {0};

	ed->list = l;
	if (l == NULL)
		edit_fail(ed, e);
	else if (prepare(ed, &why) != ERR_OK)
		edit_fail(ed, &why);
	else if (ed->is_dry)
		edit_sweep(ed);
	else
		edit_audit(ed);
}

/* ---- requests ---- */

static enum err
read_phones(struct edit *ed, const struct json_at *at, struct err_ctx *e)
{
	size_t count = json_array_size(at->v);

	if (!json_is_array(at->v) || count == 0 || count > EDIT_PHONES_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "is an array of 1 to %d phones",
			       EDIT_PHONES_MAX);
	ed->phones = xcalloc(count * PHONES_IN_CELL_MAX, sizeof(*ed->phones));
	for (size_t i = 0; i < count; i++) {
		struct phone_cell cell = {0};
		const char *text = json_string_value(json_array_get(at->v, i));

		phone_parse(slice_of(text != NULL ? text : ""), &cell);
		for (size_t k = 0; k < cell.count; k++)
			ed->phones[ed->phone_count++] = cell.phones[k];
		ed->unreadable += cell.count == 0;
	}
	qsort(ed->phones, ed->phone_count, sizeof(*ed->phones), by_number);
	return ERR_OK;
}

static enum err
read_rows(struct edit *ed, const struct json_at *root, struct err_ctx *e)
{
	static const char *const keys[] = {"where", "phones", "version", "dry_run"};
	struct json_at where = json_get(root, "where"), phones = json_get(root, "phones"),
		       dry = json_get(root, "dry_run");
	enum err rc = json_only_keys(root, keys, ARRAY_LEN(keys), e);

	ed->kind = EDIT_ROWS;
	ed->where = "";
	if (rc == ERR_OK)
		rc = json_read_string(&where, &ed->where, e);
	if (rc == ERR_OK)
		rc = json_read_bool(&dry, &ed->is_dry, e);
	if (rc == ERR_OK && (ed->where[0] != '\0') == (phones.v != NULL))
		rc = err_set(e, ERR_INPUT, "rows", "", "give either where or phones");
	if (rc == ERR_OK && phones.v != NULL)
		rc = read_phones(ed, &phones, e);
	return rc;
}

/* The value of a new column as an import would have it. */
static enum err
read_value(struct edit *ed, const struct json_at *at, struct err_ctx *e)
{
	const char *value = "";
	enum err rc = json_read_string(at, &value, e);

	if (rc != ERR_OK)
		return rc;
	cell_clean(&ed->value, slice_of(value));
	if (ed->value.len > CELL_MAX)
		return err_set(e, ERR_INPUT, at->path, "", "has more than %u bytes", CELL_MAX);
	return ERR_OK;
}

static enum err
read_columns(struct edit *ed, const struct json_at *root, struct err_ctx *e)
{
	static const char *const keys[] = {"add", "drop", "rename", "value", "title", "version"};
	static const char *const acts[] = {"add", "drop", "rename"};
	struct json_at value = json_get(root, "value"), title = json_get(root, "title");
	enum err rc = json_only_keys(root, keys, ARRAY_LEN(keys), e);
	int found = 0;

	for (int i = 0; rc == ERR_OK && i < 3; i++) {
		struct json_at at = json_get(root, acts[i]);

		if (at.v == NULL)
			continue;
		found++;
		ed->kind = (enum edit_kind)(EDIT_ADD + i);
		rc = json_need_string(&at, &ed->column, e);
	}
	if (rc == ERR_OK && found != 1)
		rc = err_set(e, ERR_INPUT, "columns", "", "give one of add, drop and rename");
	if (rc == ERR_OK && ed->kind == EDIT_RENAME)
		rc = json_need_string(&title, &ed->title, e);
	else
		ed->title = ed->column;
	return rc == ERR_OK ? read_value(ed, &value, e) : rc;
}

static void
edit_begin(struct http_exchange *x, struct api *a,
	   enum err (*read)(struct edit *ed, const struct json_at *root, struct err_ctx *e))
{
	const char *name = api_name(x, "name", "list");
	struct json_at root, version;
	int64_t wanted = 0;
	struct edit *ed;
	struct err_ctx e;
	json_t *body;

	if (name == NULL || !api_is_open(a, x) || (body = api_body_json(x)) == NULL)
		return;
	ed = xcalloc(1, sizeof(*ed));
	ed->api = a;
	ed->x = x;
	ed->body = body;
	ed->failed.code = ERR_OK;
	snprintf(ed->name, sizeof(ed->name), "%s", name);
	root = json_root(body);
	version = json_get(&root, "version");
	if (read(ed, &root, &e) != ERR_OK ||
	    json_read_int(&version, 1, UINT32_MAX, &wanted, &e) != ERR_OK) {
		edit_fail(ed, &e);
		return;
	}
	ed->version = (uint64_t)wanted;
	list_load(engine_redis(a->daemon->engine), ed->name, true, on_edit_list, ed);
}

void
on_list_remove_rows(struct http_exchange *x, void *arg)
{
	edit_begin(x, arg, read_rows);
}

void
on_list_columns(struct http_exchange *x, void *arg)
{
	edit_begin(x, arg, read_columns);
}
