/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "segments/import.h"
#include "segments/phone_chain.h"

#define BLOCKS_MAX 64

/*
 * One import; the blocks' rows are printed as phone<back:cell|cell… a line, with the distances that
 * are written when all blocks are there.
 */
struct result {
	struct buf rows;
	struct buf bytes;
	size_t ends[BLOCKS_MAX]; /* [blocks] of bytes */
	uint32_t blocks;
	struct err_ctx e;
	enum err err;
	json_t *report;
	struct buf rejects;
};

static void
keep_block(void *arg, struct slice bytes, uint32_t rows)
{
	struct result *r = arg;
	struct block b;
	struct err_ctx e = {0};

	assert_int_equal(block_open(bytes, &b, &e), ERR_OK);
	assert_int_equal(b.rows, rows);
	block_close(&b);
	assert_in_range(r->blocks, 0, BLOCKS_MAX - 1);
	buf_add_slice(&r->bytes, bytes);
	r->ends[r->blocks++] = r->bytes.len;
}

static void
print_block(struct result *r, struct slice bytes, struct slice people)
{
	struct block b;
	struct err_ctx e = {0};

	assert_int_equal(block_open(bytes, &b, &e), ERR_OK);
	if (people.n > 0)
		assert_int_equal(block_open_people(&b, people, &e), ERR_OK);
	for (uint32_t i = 0; i < b.rows; i++) {
		buf_addf(&r->rows, "%llu", (unsigned long long)block_phone(&b, i));
		if (block_same_back(&b, i) != 0)
			buf_addf(&r->rows, "<%u", block_same_back(&b, i));
		for (uint32_t c = 0; c < b.columns; c++) {
			buf_addc(&r->rows, c == 0 ? ':' : '|');
			buf_add_slice(&r->rows, block_cell(&b, i, c));
		}
		buf_addc(&r->rows, '\n');
	}
	block_close(&b);
}

static void
print_blocks(struct result *r, struct phone_set *shared)
{
	struct phone_chain *chain = shared != NULL ? phone_chain_new(shared) : NULL;
	struct buf people = {0};

	for (uint32_t i = 0; i < r->blocks; i++) {
		size_t from = i > 0 ? r->ends[i - 1] : 0;
		struct slice bytes = {r->bytes.data + from, r->ends[i] - from};
		struct block b;
		struct err_ctx e = {0};

		assert_int_equal(block_open(bytes, &b, &e), ERR_OK);
		buf_reset(&people);
		if (chain != NULL)
			phone_chain_block(chain, i * BLOCK_ROWS, &b, &people);
		print_block(r, bytes,
			    people.len > 0 ? buf_slice(&people) : (struct slice){NULL, 0});
		block_close(&b);
	}
	buf_free(&people);
	phone_chain_free(chain);
}

static uint64_t
sum_of(const json_t *counts)
{
	const char *key;
	json_t *v;
	uint64_t sum = 0;

	json_object_foreach ((json_t *)counts, key, v)
		sum += (uint64_t)json_integer_value(v);
	return sum;
}

/* What holds after every import, whatever came of it. */
static void
check_sums(const struct import *im, const json_t *report)
{
	uint64_t kept = (uint64_t)json_integer_value(json_object_get(report, "rows_kept"));
	uint64_t rejected = sum_of(json_object_get(report, "rejects"));

	rejected += sum_of(json_object_get(report, "left_out"));
	assert_int_equal(json_integer_value(json_object_get(report, "rows_read")), kept + rejected);
	assert_int_equal(import_rows_read(im), kept + rejected);
	assert_int_equal(import_rows_kept(im), kept);
}

/* Fed in pieces of `piece` bytes, the first one of `first`. */
static struct result
import_pieces(struct slice text, const char *phone_column, size_t first, size_t piece)
{
	struct result r = {0};
	struct import_choices choices = {.phone = phone_column != NULL ? xstrdup(phone_column)
								       : NULL};
	struct import_options o = {
		.file = "t.csv", .choices = &choices, .on_block = keep_block, .arg = &r};
	struct import *im = import_new(&o);
	struct buf json = {0};

	import_choices_clear(&choices);
	for (size_t at = 0, n = first; at < text.n && r.err == ERR_OK; at += n, n = piece) {
		n = n < text.n - at ? n : text.n - at;
		r.err = import_feed(im, (struct slice){text.p + at, n}, &r.e);
	}
	if (r.err == ERR_OK)
		r.err = import_finish(im, &r.e);
	import_report(im, &json);
	r.report = json_loads(json.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(r.report);
	check_sums(im, r.report);
	print_blocks(&r, import_take_shared(im));
	buf_add_slice(&r.rejects, import_rejects(im));
	buf_addc(&r.rows, '\0');
	import_free(im);
	buf_free(&json);
	return r;
}

static struct result
import_text(struct slice text, const char *phone_column)
{
	return import_pieces(text, phone_column, text.n, text.n);
}

static void
result_free(struct result *r)
{
	buf_free(&r->rows);
	buf_free(&r->bytes);
	buf_free(&r->rejects);
	json_decref(r->report);
}

static int64_t
count_in(const struct result *r, const char *object, const char *name)
{
	return json_integer_value(json_object_get(json_object_get(r->report, object), name));
}

static const char *
column_says(const struct result *r, size_t i, const char *key)
{
	const json_t *columns = json_object_get(r->report, "columns");

	return json_string_value(json_object_get(json_array_get(columns, i), key));
}

static int64_t
column_counts(const struct result *r, size_t i, const char *key)
{
	const json_t *columns = json_object_get(r->report, "columns");

	return json_integer_value(json_object_get(json_array_get(columns, i), key));
}

static void
a_list_as_vietnamese_excel_writes_it_is_read(void **state)
{
	struct result r =
		import_text(SLICE("\xEF\xBB\xBFSTT;Họ và tên;Ngày sinh;Số điện thoại;Xã/Phường\r\n"
				  "1;Nguyễn Văn An;05/03/1960;0912345678;Xã Châu Phú\r\n"
				  "2;\"Trần Thị; Bé\";7-9-1955;0987654321;Phường Rạch Giá\r\n"),
			    NULL);

	(void)state;
	assert_int_equal(r.err, ERR_OK);
	assert_string_equal(r.rows.data,
			    "84912345678:1|Nguyễn Văn An|1960-03-05|0912345678|Xã Châu Phú\n"
			    "84987654321:2|Trần Thị; Bé|1955-09-07|0987654321|Phường Rạch Giá\n");
	assert_string_equal(json_string_value(json_object_get(r.report, "separator")), ";");
	assert_string_equal(json_string_value(json_object_get(r.report, "phone_column")),
			    "so_dien_thoai");
	assert_string_equal(json_string_value(json_object_get(r.report, "file")), "t.csv");
	assert_string_equal(column_says(&r, 1, "title"), "Họ và tên");
	assert_string_equal(column_says(&r, 1, "name"), "ho_ten");
	assert_string_equal(column_says(&r, 0, "type"), "number");
	assert_string_equal(column_says(&r, 1, "type"), "text");
	assert_string_equal(column_says(&r, 2, "type"), "date");
	assert_string_equal(column_says(&r, 3, "type"), "text");
	assert_int_equal(column_counts(&r, 4, "filled"), 2);
	result_free(&r);
}

/* Rows, report, rejects and error are the same wherever the bytes are cut. */
static void
the_result_does_not_depend_on_where_the_bytes_are_cut(void **state)
{
	static const struct {
		struct slice text;
	} files[] = {
		{SLICE("\xEF\xBB\xBF\r\n\"Họ, tên\",\"SĐT\",\"Ngày sinh\"\r\n"
		       "\"A \"\"Ba\"\"\",0912345678,1960\r\nBe\xCC\x81,12,\r\n\r\n"
		       "C,0912345678,31/12/1999\r\nD,0987654321,x,y\r\n\"E\nF\",0987654321,2000")},
		{SLICE("Tên\tĐT\nA\t0912345678\n\"B\t0987654321\n")},
		{SLICE("Tên\tĐT\nA\t0912345678\nB\xE1\xBB\t0987654321\n")},
		{SLICE("Tên;Lớp\nA;1\n")},
		{SLICE("PK\3\4and so on\n")},
		{SLICE("\n\n")},
	};

	(void)state;
	for (size_t f = 0; f < ARRAY_LEN(files); f++) {
		struct slice text = files[f].text;
		struct result whole = import_text(text, NULL);

		for (size_t cut = 1; cut <= text.n; cut++) {
			/* the last round: byte by byte */
			struct result r = cut == text.n ? import_pieces(text, NULL, 1, 1)
							: import_pieces(text, NULL, cut, text.n);

			assert_int_equal(r.err, whole.err);
			assert_string_equal(r.e.why, whole.e.why);
			assert_int_equal(r.e.line, whole.e.line);
			assert_int_equal(r.e.column, whole.e.column);
			assert_string_equal(r.rows.data, whole.rows.data);
			assert_true(json_equal(r.report, whole.report));
			assert_true(slice_eq(buf_slice(&r.rejects), buf_slice(&whole.rejects)));
			result_free(&r);
		}
		result_free(&whole);
	}
}

static void
every_row_is_kept_or_rejected_with_its_reason(void **state)
{
	struct result r = import_text(SLICE("Tên,SĐT,Xã\n"
					    "A,0912345678,Châu Phú\n"
					    "B,0296 3852 000,Châu Phú\n"
					    ",,\n"
					    "C,091234567,\"Cô \"\"Tô\"\"\"\n"
					    "\n"
					    "D,,\n"
					    "E,0912345679,x,y\n"
					    "F,0912345670,x,,,\n"
					    "G,0912345671\n"),
				      NULL);

	(void)state;
	assert_int_equal(r.err, ERR_OK);
	assert_string_equal(r.rows.data, "84912345678:A|0912345678|Châu Phú\n"
					 "84912345670:F|0912345670|x\n"
					 "84912345671:G|0912345671|\n");
	assert_int_equal(json_integer_value(json_object_get(r.report, "rows_read")), 9);
	assert_int_equal(json_integer_value(json_object_get(r.report, "rows_kept")), 3);
	assert_int_equal(count_in(&r, "rejects", "fixed-line"), 1);
	assert_int_equal(count_in(&r, "rejects", "too-short"), 1);
	assert_int_equal(count_in(&r, "left_out", "empty"), 2);
	assert_int_equal(count_in(&r, "rejects", "empty"), 1);
	assert_int_equal(count_in(&r, "rejects", "too-many-cells"), 1);
	assert_string_equal(
		r.rejects.data,
		"\xEF\xBB\xBFTên,SĐT,Xã,Dòng,Lý do,Reason\r\n"
		"B,0296 3852 000,Châu Phú,3,\"Là số cố định, không nhận được tin nhắn\","
		"\"a fixed line, which gets no messages\"\r\n"
		"C,091234567,\"Cô \"\"Tô\"\"\",5,Số điện thoại thiếu chữ số,"
		"the phone number has too few digits\r\n"
		"D,,,7,Không có số điện thoại,no phone number\r\n"
		"E,0912345679,x,8,Nhiều ô hơn dòng tiêu đề,more cells than the header has,y\r\n");
	result_free(&r);
}

static void
rows_that_share_a_phone_are_kept_and_chained(void **state)
{
	struct result r = import_text(SLICE("SĐT\n0912345678\n0987654321\n84912345678\n12\n"
					    "0912.345.678\n0987654321\n"),
				      NULL);

	(void)state;
	assert_string_equal(r.rows.data, "84912345678:0912345678\n84987654321:0987654321\n"
					 "84912345678<2:84912345678\n"
					 "84912345678<1:0912.345.678\n84987654321<3:0987654321\n");
	assert_int_equal(json_integer_value(json_object_get(r.report, "shared_phones")), 2);
	assert_int_equal(json_integer_value(json_object_get(r.report, "rows_repeated")), 3);
	assert_int_equal(count_in(&r, "repairs", "separators"), 1);
	result_free(&r);
}

/* Row i has phone 912000000 + i % 1500, so its previous row is 1500 back; the table grows. */
static void
many_rows_come_as_blocks_of_256(void **state)
{
	struct buf text = {0};
	struct result r;
	const char *line;
	unsigned i = 0;

	(void)state;
	buf_adds(&text, "STT;SĐT\n");
	for (i = 0; i < 4000; i++)
		buf_addf(&text, "%u;0%u\n", i, 912000000 + i % 1500);
	r = import_pieces(buf_slice(&text), NULL, 7, 977);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(r.blocks, 16);
	for (i = 0, line = r.rows.data; *line != '\0'; i++, line = strchr(line, '\n') + 1) {
		char want[64];
		int n = snprintf(want, sizeof(want), "84%u%s:%u|0%u\n", 912000000 + i % 1500,
				 i >= 1500 ? "<1500" : "", i, 912000000 + i % 1500);

		assert_memory_equal(line, want, (size_t)n);
	}
	assert_int_equal(i, 4000);
	assert_int_equal(json_integer_value(json_object_get(r.report, "shared_phones")), 1500);
	result_free(&r);
	buf_free(&text);
}

static void
assert_fails(struct slice text, const char *phone_column, int line, int column, const char *why)
{
	struct result r = import_text(text, phone_column);

	assert_int_equal(r.err, ERR_INPUT);
	assert_string_equal(r.e.what, "t.csv");
	if (strstr(r.e.why, why) == NULL)
		fail_msg("\"%s\" is not in \"%s\"", why, r.e.why);
	assert_int_equal(r.e.line, line);
	assert_int_equal(r.e.column, column);
	result_free(&r);
}

static void
errors_of_the_file_have_a_place_and_a_reason(void **state)
{
	struct buf wide = {0};

	(void)state;
	assert_fails(SLICE(""), NULL, 0, 0, "empty");
	assert_fails(SLICE(" \n;;\n"), NULL, 0, 0, "empty");
	assert_fails(SLICE("Tên;SĐT\nA;0912345678\nBé;\xFF\n"), NULL, 3, 4, "not UTF-8");
	assert_fails(SLICE("Tên;SĐT\nA;0912345678\n\"Bé;0912345678\n"), NULL, 3, 1, "quote");
	assert_fails(SLICE("PK\3\4\24\0"), NULL, 1, 1, "Excel workbook (.xlsx)");
	assert_fails(SLICE("\xFF\xFET\0\n\0\x00\xDC"), NULL, 2, 1, "UTF-16");
	assert_fails(SLICE("Tên;Lớp;Trường\nA;1;B\n"), NULL, 1, 1,
		     "no column of phone numbers among: Tên, Lớp, Trường");
	assert_fails(SLICE("\nTên;SĐT\nA;1\n"), "Di động", 2, 1,
		     "no column \"Di động\" among: Tên, SĐT");
	assert_fails(SLICE("Tên;SĐT\nA;1\nB;\n"), NULL, 0, 0,
		     "none of 2 rows could be used: too-short 1, empty 1");
	assert_fails(SLICE("Tên;SĐT\n"), NULL, 0, 0, "there are titles, and no row under them");
	buf_adds(&wide, "SĐT");
	for (int i = 0; i < 128; i++)
		buf_addf(&wide, ";c%d", i);
	assert_fails(buf_slice(&wide), NULL, 1, 1, "129 columns, at most 128");
	buf_free(&wide);
}

static void
the_phone_column_can_be_named(void **state)
{
	struct slice text = SLICE("Tên;SĐT cha;SĐT mẹ\nA;0912345678;0987654321\n");
	struct result r = import_text(text, "sđt MẸ"), name = import_text(text, "sdt_cha");

	(void)state;
	assert_string_equal(r.rows.data, "84987654321:A|0912345678|0987654321\n");
	assert_string_equal(name.rows.data, "84912345678:A|0912345678|0987654321\n");
	result_free(&r);
	result_free(&name);
}

static void
titles_become_names(void **state)
{
	static const char *const pairs[][2] = {
		{"Di động", "so_dien_thoai"},
		{"HỌ VÀ TÊN", "ho_ten"},
		{"Họ tên:", "ho_ten_2"},
		{"Ho\xCC\xA3 va\xCC\x80 te\xCC\x82n", "ho_ten_3"}, /* NFD */
		{"Ho va ten", "ho_ten_4"},
		{"Năm sinh", "nam_sinh"},
		{"Giới tính", "gioi_tinh"},
		{"Xã/Phường (*)", "xa"},
		{"Ấp/Khóm", "thon"},
		{"Đối tượng  vay vốn", "doi_tuong_vay_von"},
		{"DT", "dt"},
		{"2024", "cot_2024"},
		{"", "cot_13"},
		{"Or", "cot_14"},
		{"ភូមិ", "cot_15"},
		{"Số CCCD", "cccd"},
	};
	struct buf text = {0};
	struct result r;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		buf_addf(&text, "%s%s", i == 0 ? "" : ";", pairs[i][0]);
	buf_adds(&text, "\n0912345678;;;;;;;;;;;;x\n");
	r = import_text(buf_slice(&text), NULL);
	assert_int_equal(r.err, ERR_OK);
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		assert_string_equal(column_says(&r, i, "name"), pairs[i][1]);
	assert_string_equal(column_says(&r, 3, "title"), "Họ và tên");
	assert_string_equal(column_says(&r, 12, "title"), "Cột 13");
	result_free(&r);
	buf_free(&text);
}

static void
every_synonym_finds_the_phone_column_and_mobile_goes_first(void **state)
{
	static const char *const titles[] = {"Số điện thoại", "SĐT",	       "ĐT",  "Điện thoại",
					     "Di động",	      "so dien thoai", "SDT", "Phone"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(titles); i++) {
		struct buf text = {0};
		struct result r;

		buf_addf(&text, "Tên\t%s\nA\t0912345678\n", titles[i]);
		r = import_text(buf_slice(&text), NULL);
		assert_string_equal(r.rows.data, "84912345678:A|0912345678\n");
		assert_string_equal(column_says(&r, 1, "name"), "so_dien_thoai");
		result_free(&r);
		buf_free(&text);
	}
	struct result both =
		import_text(SLICE("Điện thoại;Di động\n02963852000;0912345678\n"), NULL);

	assert_string_equal(both.rows.data, "84912345678:02963852000|0912345678\n");
	assert_string_equal(json_string_value(json_object_get(both.report, "phone_column")),
			    "so_dien_thoai_2");
	result_free(&both);
}

static void
cells_are_nfc_trimmed_and_without_control_characters(void **state)
{
	struct result r =
		import_text(SLICE("Tên;Ghi chú;SĐT;\n"
				  "\xC2\xA0 Nguye\xCC\x82\xCC\x83n\t;\"a\nb\";0912345678;z\n"
				  "\xE2\x80\x8B"
				  "B\xC2\xA0"
				  "C ;x\x01y;0912345679;\n"),
			    NULL);

	(void)state;
	assert_string_equal(r.rows.data, "84912345678:Nguyễn|a b|0912345678\n"
					 "84912345679:B\xC2\xA0"
					 "C|x y|0912345679\n");
	assert_int_equal(count_in(&r, "repairs", "not-nfc"), 1);
	assert_int_equal(count_in(&r, "repairs", "control-characters"), 2);
	assert_int_equal(count_in(&r, "repairs", "cells-without-title-dropped"), 1);
	result_free(&r);
}

/* U+0958 is 3 bytes and 6 in NFC, where it is always two characters (composition exclusion). */
static void
cells_beyond_1000_bytes_are_rejected(void **state)
{
	struct buf text = {0};
	struct result r;

	(void)state;
	buf_adds(&text, "SĐT;Ghi chú\n0912345678;");
	for (int i = 0; i < 1000; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\n0912345679;");
	for (int i = 0; i < 1001; i++)
		buf_addc(&text, 'x');
	buf_adds(&text, "\n0912345670;");
	for (int i = 0; i < 167; i++)
		buf_adds(&text, "\xE0\xA5\x98");
	r = import_text(buf_slice(&text), NULL);
	assert_int_equal(r.err, ERR_OK);
	assert_int_equal(json_integer_value(json_object_get(r.report, "rows_kept")), 1);
	assert_int_equal(count_in(&r, "rejects", "cell-too-long"), 2);
	result_free(&r);
	buf_free(&text);
}

static void
dates_are_days_of_the_calendar_in_one_form(void **state)
{
	static const char *const pairs[][2] = {
		{"1/2/1960", "1960-02-01"},
		{"01-02-1960", "1960-02-01"},
		{"1960-02-01", "1960-02-01"},
		{"1960-2-1", "1960-02-01"},
		{"01.02.1960", "1960-02-01"},
		{"1960", "1960"},
		{"29/02/2000", "2000-02-29"},
		{"29/02/1900", "29/02/1900"},
		{"31/04/1960", "31/04/1960"},
		{"1/13/1960", "1/13/1960"},
		{"1/2-1960", "1/2-1960"},
		{"1/2/60", "1/2/60"},
		{"0/1/1960", "0/1/1960"},
		{"1960/02/01", "1960/02/01"},
		{"không rõ", "không rõ"},
		{"1/2/1960x", "1/2/1960x"},
		{"1799", "1799"},
		{"", ""},
	};
	struct buf text = {0}, want = {0};
	struct result r;

	(void)state;
	buf_adds(&text, "SĐT;Ngày sinh\n");
	for (size_t i = 0; i < ARRAY_LEN(pairs); i++)
		for (int j = 0; j < (i < 7 ? 2 : 1); j++) {
			buf_addf(&text, "0912345678;%s\n", pairs[i][0]);
			buf_addf(&want, "84912345678%s:0912345678|%s\n", want.len > 0 ? "<1" : "",
				 pairs[i][1]);
		}
	r = import_text(buf_slice(&text), NULL);
	assert_string_equal(r.rows.data, want.data);
	assert_string_equal(column_says(&r, 1, "type"), "date");
	assert_int_equal(column_counts(&r, 1, "misfits"), 10);
	assert_int_equal(column_counts(&r, 1, "filled"), 24);
	result_free(&r);
	buf_free(&text);
	buf_free(&want);
}

static void
types_come_from_the_first_block_and_later_misfits_are_counted(void **state)
{
	struct buf text = {0};
	struct result r;

	(void)state;
	buf_adds(&text, "SĐT;Số hộ;Mã;Năm sinh;Năm xây\n");
	for (int i = 0; i < 256; i++)
		buf_addf(&text, "0912345678;%d.5;%04d;19%02d;19%02d\n", i, i, i % 100, i % 100);
	buf_adds(&text, "0912345678;nhiều;12;1x;không\n0912345678;007;;;\n");
	r = import_text(buf_slice(&text), NULL);
	assert_int_equal(r.blocks, 2);
	assert_string_equal(column_says(&r, 1, "type"), "number");
	assert_string_equal(column_says(&r, 2, "type"), "text");
	assert_string_equal(column_says(&r, 3, "type"), "date");
	assert_string_equal(column_says(&r, 4, "type"), "number");
	assert_int_equal(column_counts(&r, 1, "misfits"), 2);
	assert_int_equal(column_counts(&r, 2, "misfits"), 0);
	assert_int_equal(column_counts(&r, 3, "misfits"), 1);
	assert_int_equal(column_counts(&r, 4, "misfits"), 1);
	assert_non_null(strstr(r.rows.data, ":0912345678|0.5|0000|1900|1900\n"));
	assert_non_null(strstr(r.rows.data, ":0912345678|nhiều|12|1x|không\n"));
	assert_non_null(strstr(r.rows.data, ":0912345678|007|||\n"));
	result_free(&r);
	buf_free(&text);
}

static void
at_most_10000_rejects_are_listed_and_all_are_counted(void **state)
{
	struct buf text = {0};
	struct result r;
	size_t lines = 0;

	(void)state;
	buf_adds(&text, "SĐT;Tên\n0912345678;A\n");
	for (int i = 0; i < 500; i++)
		buf_adds(&text, ";\n");
	for (int i = 0; i < 12000; i++)
		buf_addf(&text, "12;N%d\n", i);
	r = import_pieces(buf_slice(&text), NULL, 100, 4096);
	for (size_t i = 0; i < r.rejects.len; i++)
		lines += r.rejects.data[i] == '\n';
	assert_int_equal(lines, 10001);
	assert_int_equal(json_integer_value(json_object_get(r.report, "rejects_listed")), 10000);
	assert_int_equal(count_in(&r, "rejects", "too-short"), 12000);
	assert_int_equal(count_in(&r, "left_out", "empty"), 500);
	result_free(&r);
	buf_free(&text);
}

/* A row as on_kept has it. */
static const char *
print_kept(void *arg, const struct import_kept *row, struct slice *about)
{
	struct buf *out = arg;

	(void)about;
	buf_add_slice(out, row->cells[0]);
	buf_addc(out, '|');
	buf_add_slice(out, row->cells[1]);
	buf_addc(out, '\n');
	return NULL;
}

static void
numbers_below_the_titles_are_nobody_where_there_are_no_phones(void **state)
{
	struct buf rows = {0};
	struct import_options o = {
		.file = "a.csv", .on_kept = print_kept, .arg = &rows, .key = "ma_ho"};
	struct import *im = import_new(&o);
	struct err_ctx e = {0};

	(void)state;
	assert_int_equal(import_feed(im, SLICE("Mã hộ,Số tiền\n(1),(2)\n7,500\n"), &e), ERR_OK);
	assert_int_equal(import_finish(im, &e), ERR_OK);
	buf_addc(&rows, '\0');
	assert_string_equal(rows.data, "7|500\n");
	assert_int_equal(import_rows_read(im), 2);
	import_free(im);
	buf_free(&rows);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_list_as_vietnamese_excel_writes_it_is_read),
		cmocka_unit_test(the_result_does_not_depend_on_where_the_bytes_are_cut),
		cmocka_unit_test(every_row_is_kept_or_rejected_with_its_reason),
		cmocka_unit_test(rows_that_share_a_phone_are_kept_and_chained),
		cmocka_unit_test(many_rows_come_as_blocks_of_256),
		cmocka_unit_test(errors_of_the_file_have_a_place_and_a_reason),
		cmocka_unit_test(the_phone_column_can_be_named),
		cmocka_unit_test(titles_become_names),
		cmocka_unit_test(every_synonym_finds_the_phone_column_and_mobile_goes_first),
		cmocka_unit_test(cells_are_nfc_trimmed_and_without_control_characters),
		cmocka_unit_test(cells_beyond_1000_bytes_are_rejected),
		cmocka_unit_test(dates_are_days_of_the_calendar_in_one_form),
		cmocka_unit_test(types_come_from_the_first_block_and_later_misfits_are_counted),
		cmocka_unit_test(at_most_10000_rejects_are_listed_and_all_are_counted),
		cmocka_unit_test(numbers_below_the_titles_are_nobody_where_there_are_no_phones),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
