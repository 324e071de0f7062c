/* SPDX-License-Identifier: MIT */
/* Blocks in Redis (segments/list.h): a hash each, a field for a piece: m rows, p people, 0 … columns. */
#include "segments/list_inside.h"

#define FIELD_ROWS "m"
#define FIELD_PEOPLE "p"
#define PIECES_MAX (COLUMNS_MAX + 2)

struct field {
	char text[8];
};

static struct slice
field_of(uint32_t id, struct field *f)
{
	size_t n = 0;

	if (id == PIECE_ROWS)
		return SLICE(FIELD_ROWS);
	if (id == PIECE_PEOPLE)
		return SLICE(FIELD_PEOPLE);
	for (; n == 0 || id > 0; id /= 10)
		f->text[sizeof(f->text) - ++n] = (char)('0' + id % 10);
	return (struct slice){f->text + sizeof(f->text) - n, n};
}

bool
list_next_field(struct reader *rest, struct block_field *out)
{
	struct field f;
	struct piece p;

	if (!pieces_next(rest, &p))
		return false;
	slice_copy(out->name, sizeof(out->name), field_of(p.id, &f));
	out->value = p.bytes;
	return true;
}

/* Which piece the field is; false = none. */
static bool
piece_of(struct slice field, uint32_t *id)
{
	int64_t column = 0;

	if (slice_is(field, FIELD_ROWS))
		*id = PIECE_ROWS;
	else if (slice_is(field, FIELD_PEOPLE))
		*id = PIECE_PEOPLE;
	else if (slice_to_i64(field, &column) && column >= 0 && column < COLUMNS_MAX)
		*id = (uint32_t)column;
	else
		return false;
	return true;
}

enum err
list_pack_whole(const struct reply *r, struct buf *out, struct err_ctx *e)
{
	bool has_rows = false;

	if (!reply_is_good(r))
		return reply_fail(r, e);
	buf_reset(out);
	pieces_begin(out);
	/* The rows come first. */
	for (int turn = 0; turn < 2; turn++) {
		for (size_t i = 0; i + 1 < r->count; i += 2) {
			uint32_t id;

			if (!piece_of(reply_item(r, i)->str, &id))
				return err_set(e, ERR_INPUT, "block of recipients",
					       "run the newer Loa again",
					       "has a field that is not known");
			has_rows |= id == PIECE_ROWS;
			if ((id == PIECE_ROWS) == (turn == 0))
				pieces_add(out, id, reply_item(r, i + 1)->str);
		}
	}
	return has_rows ? ERR_OK
			: err_set(e, ERR_INPUT, "block of recipients",
				  "import the list again or restore a backup", "has no rows");
}

void
list_write_block(struct redis *r, const char *key, struct slice bytes, redis_reply_cb cb, void *arg)
{
	struct slice v[2 + 2 * PIECES_MAX] = {SLICE("HSET"), slice_of(key)};
	struct field fields[PIECES_MAX];
	struct reader rest = reader_of(bytes);
	struct piece p;
	size_t n = 2, i = 0;

	reader_u8(&rest); /* the version, which stands in the rows too */
	while (i < PIECES_MAX && pieces_next(&rest, &p)) {
		v[n++] = field_of(p.id, &fields[i++]);
		v[n++] = p.bytes;
	}
	redis_command(r, v, n, cb, arg);
}

static const char change_people[] =
	"if redis.call('HGET', KEYS[1], '" FIELD_PEOPLE "') ~= ARGV[1] then return 0 end "
	"redis.call('HSET', KEYS[1], '" FIELD_PEOPLE "', ARGV[2]) return 1";

void
list_change_people(struct redis *r, const char *key, const struct people_change *c,
		   redis_reply_cb cb, void *arg)
{
	struct slice v[6] = {SLICE("EVAL"), slice_of(change_people),
			     SLICE("1"),    slice_of(key),
			     c->before,	    c->after};

	redis_command(r, v, 6, cb, arg);
}

struct block_want
list_want(const struct list *l, const struct block_want *some)
{
	struct block_want all = {.has_people = true};

	for (uint32_t i = 0; i < l->schema.count; i++)
		if (some == NULL || block_is_wanted(some, i))
			block_want_column(&all, (int)i);
	if (some != NULL)
		all.has_people = some->has_people;
	return all;
}

void
list_ask_block(struct redis *r, const char *key, const struct block_want *w, redis_reply_cb cb,
	       void *arg)
{
	struct slice v[2 + PIECES_MAX] = {SLICE("HMGET"), slice_of(key), SLICE(FIELD_ROWS)};
	struct field fields[PIECES_MAX];
	size_t n = 3;

	if (w->has_people)
		v[n++] = SLICE(FIELD_PEOPLE);
	for (uint32_t i = block_next_wanted(w, 0); i < COLUMNS_MAX;
	     i = block_next_wanted(w, i + 1)) {
		v[n] = field_of(i, &fields[n - 3]);
		n++;
	}
	redis_command(r, v, n, cb, arg);
}

enum err
list_check_block(const struct reply *r, struct err_ctx *e)
{
	if (r->kind == REPLY_ERROR && r->str.n >= 9 && memcmp(r->str.p, "WRONGTYPE", 9) == 0)
		return err_set(e, ERR_SYSTEM, "list", "import it again", "written by an older Loa");
	if (!reply_is_good(r))
		return reply_fail(r, e);
	if (reply_item(r, 0)->kind != REPLY_STRING)
		return err_set(e, ERR_SYSTEM, "list", "import it again, or restore a backup",
			       "a block is gone");
	return ERR_OK;
}

static struct slice
piece_at(const struct reply *r, size_t i)
{
	const struct reply *one = reply_item(r, i);

	return one->kind == REPLY_STRING ? one->str : (struct slice){NULL, 0};
}

enum err
list_open_block(const struct reply *r, const struct block_want *w, struct block *b,
		struct err_ctx *e)
{
	size_t n = 1;

	if (list_check_block(r, e) != ERR_OK)
		return e->code;
	if (block_open_rows(b, piece_at(r, 0), e) != ERR_OK)
		return ERR_INPUT;
	if (w->has_people && block_open_people(b, piece_at(r, n++), e) != ERR_OK)
		return ERR_INPUT;
	for (uint32_t i = block_next_wanted(w, 0); i < COLUMNS_MAX; i = block_next_wanted(w, i + 1))
		if (block_open_column(b, i, piece_at(r, n++), e) != ERR_OK)
			return ERR_INPUT;
	return ERR_OK;
}

static enum err
gone(struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, "block of recipients",
		       "import the list again or restore a backup", "a piece of it is gone");
}

/* What is wanted and should be there is there: who opens the bytes later cannot tell. */
enum err
list_pack_block(const struct reply *r, const struct block_want *w, struct buf *out,
		struct err_ctx *e)
{
	struct block rows = {0};
	struct slice piece;
	size_t n = 1;

	if (list_check_block(r, e) != ERR_OK)
		return e->code;
	if (block_open_rows(&rows, piece_at(r, 0), e) != ERR_OK)
		return ERR_INPUT;
	buf_reset(out);
	pieces_begin(out);
	pieces_add(out, PIECE_ROWS, piece_at(r, 0));
	if (w->has_people) {
		piece = piece_at(r, n++);
		if (piece.p == NULL)
			return gone(e);
		pieces_add(out, PIECE_PEOPLE, piece);
	}
	for (uint32_t i = block_next_wanted(w, 0); i < COLUMNS_MAX;
	     i = block_next_wanted(w, i + 1)) {
		piece = piece_at(r, n++);
		if (piece.p != NULL)
			pieces_add(out, i, piece);
		else if (i < rows.columns && rows.column[i].kind == BLOCK_UNREAD)
			return gone(e);
	}
	return ERR_OK;
}
