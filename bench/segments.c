/* SPDX-License-Identifier: MIT */
/*
 * People and queries for bench/segments.
 * usage: segments people ROWS        a CSV of nine columns, the same each time
 *        segments query FILE         reads queries, one a line, evaluates each over the CSV's rows
 *                                    in blocks in memory; prints count, least milliseconds of all
 *                                    and of opening what it names of the blocks alone, bytes of
 *                                    that, and of all
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "segments/query.h"

#define COLUMNS 9
#define TODAY 20736 /* 2026-10-10 */
#define PICK(list) (list)[below(ARRAY_LEN(list))]

static uint64_t seed = 34;

static uint32_t
below(uint32_t n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (uint32_t)((seed >> 16) % n);
}

/* ---- people ---- */

static const char *const families[] = {"Nguyễn", "Nguyễn", "Nguyễn", "Nguyễn", "Trần",	"Trần",
				       "Lê",	 "Lê",	   "Phạm",   "Hoàng",  "Huỳnh", "Phan",
				       "Vũ",	 "Võ",	   "Đặng",   "Bùi",    "Đỗ",	"Hồ",
				       "Ngô",	 "Dương",  "Lý"};
static const char *const men[] = {"Văn", "Văn", "Hữu", "Đức", "Công", "Minh", "Quốc", "Thanh"};
static const char *const women[] = {"Thị", "Thị", "Thị", "Ngọc", "Thu", "Mỹ", "Kim", "Thị Thanh"};
static const char *const givens[] = {
	"An",	"Anh",	 "Bình",  "Châu",  "Chi",   "Cường", "Dung",   "Dũng", "Duyên",
	"Đạt",	"Giang", "Hà",	  "Hải",   "Hạnh",  "Hiền",  "Hiếu",   "Hoa",  "Hòa",
	"Hùng", "Hương", "Khánh", "Lan",   "Linh",  "Loan",  "Long",   "Mai",  "Nam",
	"Nga",	"Ngân",	 "Nhung", "Oanh",  "Phong", "Phúc",  "Phương", "Quân", "Quỳnh",
	"Sơn",	"Tâm",	 "Thảo",  "Thắng", "Trang", "Trung", "Tuấn",   "Yến"};
static const char *const provinces[] = {
	"Hà Nội",    "Cao Bằng",    "Tuyên Quang", "Điện Biên",	  "Lai Châu", "Sơn La",
	"Lào Cai",   "Thái Nguyên", "Lạng Sơn",	   "Quảng Ninh",  "Bắc Ninh", "Phú Thọ",
	"Hải Phòng", "Hưng Yên",    "Ninh Bình",   "Thanh Hóa",	  "Nghệ An",  "Hà Tĩnh",
	"Quảng Trị", "Huế",	    "Đà Nẵng",	   "Quảng Ngãi",  "Gia Lai",  "Khánh Hòa",
	"Đắk Lắk",   "Lâm Đồng",    "Đồng Nai",	   "Hồ Chí Minh", "Tây Ninh", "Đồng Tháp",
	"Vĩnh Long", "An Giang",    "Cần Thơ",	   "Cà Mau"};
static const char *const communes[] = {"Tân", "Phú", "Vĩnh", "Mỹ", "Long", "Hòa", "Bình", "Thạnh"};
static const char *const jobs[] = {"Nông dân",	"Công nhân", "Giáo viên", "Buôn bán", "Học sinh",
				   "Sinh viên", "Hưu trí",   "Lái xe",	  "Nội trợ",  "Khác"};
static const char *const tags[] = {"",
				   "",
				   "",
				   "",
				   "",
				   "hộ nghèo",
				   "người cao tuổi",
				   "người có công",
				   "hộ nghèo;người cao tuổi"};
static const char *const starts[] = {"86", "96", "97", "98", "32", "90",
				     "93", "70", "91", "94", "88"};

static void
print_people(uint32_t rows)
{
	puts("ho_ten,so_dien_thoai,ngay_sinh,gioi_tinh,tinh,xa,nghe_nghiep,thu_nhap,nhom");
	for (uint32_t i = 0; i < rows; i++) {
		bool is_man = below(2);
		uint32_t year = 1936 + below(73);

		printf("%s %s ", PICK(families), is_man ? PICK(men) : PICK(women));
		printf("%s,0%s%07u,", PICK(givens), PICK(starts), below(10000000));
		printf("%u-%02u-%02u,%s,", year, 1 + below(12), 1 + below(28),
		       is_man ? "Nam" : "Nữ");
		printf("%s,Xã %s ", PICK(provinces), PICK(communes));
		printf("%s %u,", PICK(communes), 1 + below(40));
		printf("%s,%u,%s\n", PICK(jobs), 500 + below(25000), PICK(tags));
	}
}

/* ---- queries ---- */

struct data {
	struct schema schema;
	struct block_builder *builder;
	struct buf bytes;
	size_t *ends; /* [blocks] */
	size_t blocks, rows, line;
};

static void
finish_block(struct data *d)
{
	block_builder_finish(d->builder, &d->bytes);
	d->ends = xrealloc(d->ends, (d->blocks + 1) * sizeof(*d->ends));
	d->ends[d->blocks++] = d->bytes.len;
}

static void
read_file(struct data *d, const char *path)
{
	static const enum column_type types[COLUMNS] = {[2] = COLUMN_DATE, [7] = COLUMN_NUMBER};
	FILE *f = fopen(path, "r");
	char line[1024];

	if (f == NULL) {
		perror(path);
		exit(1);
	}
	d->schema.phone = 1;
	d->schema.count = COLUMNS;
	while (fgets(line, sizeof(line), f) != NULL) {
		struct slice rest = {line, strcspn(line, "\n")}, cells[COLUMNS];

		for (int c = 0; c < COLUMNS; c++)
			cells[c] = slice_take_until(&rest, ',');
		if (d->line++ > 0) {
			block_builder_add(d->builder, cells, 84000000000 + slice_to_u64(cells[1]),
					  0, 0);
			d->rows++;
			if (block_builder_rows(d->builder) == BLOCK_ROWS)
				finish_block(d);
			continue;
		}
		for (int c = 0; c < COLUMNS; c++) {
			slice_copy(d->schema.columns[c].name, sizeof(d->schema.columns[c].name),
				   cells[c]);
			d->schema.columns[c].type = types[c];
		}
		d->builder = block_builder_new(&d->schema);
	}
	if (block_builder_rows(d->builder) > 0)
		finish_block(d);
	block_builder_free(d->builder);
	fclose(f);
}

static double
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static void
must(enum err rc)
{
	if (rc != ERR_OK)
		exit(1);
}

/* Open what is wanted of a block; returns how many bytes that were. */
static size_t
open_block(struct slice bytes, const struct block_want *w, struct block *b)
{
	struct reader r;
	struct piece p;
	size_t n = 0;

	must(pieces_open(bytes, &r, NULL));
	while (pieces_next(&r, &p)) {
		if (p.id == PIECE_ROWS)
			must(block_open_rows(b, p.bytes, NULL));
		else if (p.id == PIECE_PEOPLE && w->has_people)
			must(block_open_people(b, p.bytes, NULL));
		else if (p.id < COLUMNS_MAX && block_is_wanted(w, p.id))
			must(block_open_column(b, p.id, p.bytes, NULL));
		else
			continue;
		n += p.bytes.n;
	}
	return n;
}

/* One round over all blocks; q NULL: they are only opened. */
static uint64_t
count_rows(const struct data *d, const struct query *q, const struct block_want *w, size_t *bytes)
{
	static struct block b;
	uint64_t count = 0, bits[4];
	size_t from = 0;

	*bytes = 0;
	for (size_t i = 0; i < d->blocks; from = d->ends[i++]) {
		*bytes +=
			open_block((struct slice){d->bytes.data + from, d->ends[i] - from}, w, &b);
		if (q == NULL)
			continue;
		query_eval_block(q, &b, TODAY, bits);
		for (int k = 0; k < 4; k++)
			count += (uint64_t)__builtin_popcountll(bits[k]);
	}
	return count;
}

static void
run_query(const struct data *d, struct slice text, int rounds)
{
	struct query_error e;
	struct query *q = query_parse(text, &e);
	struct block_want want = {.has_people = false};
	double least = 1e9, open = 1e9;
	uint64_t count = 0;
	size_t bytes = 0;

	if (q == NULL || !query_bind(q, &d->schema, &e)) {
		fprintf(stderr, "%.*s: %s\n", (int)text.n, text.p, e.message);
		exit(1);
	}
	query_want(q, &want);
	for (int i = 0; i < rounds; i++) {
		double began = now_ms(), opened;

		count_rows(d, NULL, &want, &bytes);
		opened = now_ms();
		count = count_rows(d, q, &want, &bytes);
		least = now_ms() - opened < least ? now_ms() - opened : least;
		open = opened - began < open ? opened - began : open;
	}
	printf("%" PRIu64 "\t%.2f\t%.2f\t%zu\t%zu\n", count, least, open, bytes, d->bytes.len);
	fflush(stdout);
	query_free(q);
}

int
main(int argc, char **argv)
{
	static struct data d;
	char line[1024];
	int rounds;

	if (argc == 3 && strcmp(argv[1], "people") == 0) {
		print_people((uint32_t)strtoul(argv[2], NULL, 10));
		return 0;
	}
	if (argc < 3 || argc > 4 || strcmp(argv[1], "query") != 0) {
		fputs("usage: segments people ROWS | segments query FILE [ROUNDS]\n", stderr);
		return 2;
	}
	rounds = argc == 4 ? (int)strtol(argv[3], NULL, 10) : 7;
	read_file(&d, argv[2]);
	while (fgets(line, sizeof(line), stdin) != NULL)
		run_query(&d, (struct slice){line, strcspn(line, "\n")}, rounds);
	buf_free(&d.bytes);
	free(d.ends);
	return 0;
}
