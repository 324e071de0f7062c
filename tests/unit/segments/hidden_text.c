/* SPDX-License-Identifier: MIT */
/* Text of old fonts in Unicode cells, and CSV in other encodings, through an import. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>

#include "base/text.h"
#include "segments/hidden_text.h"
#include "segments/import.h"

/* ---- rows of a table, | between cells ---- */

static enum err
print_row(void *arg, const struct import_cells *row, struct err_ctx *e)
{
	struct buf *out = arg;

	(void)e;
	for (size_t i = 0; i < row->count; i++) {
		buf_adds(out, i > 0 ? "|" : "");
		buf_add_slice(out, row->cells[i].text);
	}
	buf_addc(out, '\n');
	return ERR_OK;
}

static struct buf
through(const char *table, const char **found)
{
	struct hidden_text h = {0};
	struct buf out = {0};
	struct slice rest = slice_of(table);
	uint32_t line = 0;

	hidden_text_init(&h, print_row, &out);
	while (rest.n > 0) {
		struct slice text = slice_take_until(&rest, '\n');
		struct import_cell cells[16] = {0};
		size_t n = 0;

		while (text.n > 0)
			cells[n++].text = slice_take_until(&text, '|');
		assert_int_equal(
			hidden_text_row(&h, &(struct import_cells){cells, n, ++line}, NULL),
			ERR_OK);
	}
	assert_int_equal(hidden_text_end(&h, NULL), ERR_OK);
	*found = hidden_text_of(&h, 0);
	hidden_text_free(&h);
	buf_addc(&out, '\0');
	return out;
}

static void
assert_becomes(const char *table, const char *want, const char *charset)
{
	const char *found;
	struct buf got = through(table, &found);

	assert_string_equal(got.data, want);
	if (charset == NULL)
		assert_null(found);
	else
		assert_string_equal(found, charset);
	buf_free(&got);
}

static void
assert_stays(const char *table)
{
	assert_becomes(table, table, NULL);
}

static void
columns_of_old_fonts_are_decoded(void **state)
{
	(void)state;
	/* U+00AD is ư of TCVN3. */
	assert_becomes("Hä vµ tªn|Sè ®iÖn tho¹i\n"
		       "NguyÔn ThÞ H\u00AD¬ng|0912345678\n"
		       "TrÇn V¨n B×nh|0912 000 012\n",
		       "Họ và tên|Số điện thoại\n"
		       "Nguyễn Thị Hương|0912345678\n"
		       "Trần Văn Bình|0912 000 012\n",
		       "tcvn3");
	assert_becomes("Hoï vaø teân|Soá ñieän thoaïi\n"
		       "Nguyeãn Thò Höông|0912345678\n",
		       "Họ và tên|Số điện thoại\n"
		       "Nguyễn Thị Hương|0912345678\n",
		       "vni");
}

/* By column, and cell by cell: the titles and the places are Unicode. */
static void
only_columns_that_have_it_are_touched(void **state)
{
	(void)state;
	assert_becomes("Họ tên|Xã|Ghi chú|Email\n"
		       "NguyÔn ThÞ H\u00AD¬ng|Châu Phong|m²|a@b.vn\n"
		       "TrÇn V¨n B×nh|Hà|50 µm|AB§12\n"
		       "Lª §×nh Qu¶ng|Tú|Renée|x\n"
		       "Đỗ Đức|Hòa|François|y\n",
		       "Họ tên|Xã|Ghi chú|Email\n"
		       "Nguyễn Thị Hương|Châu Phong|m²|a@b.vn\n"
		       "Trần Văn Bình|Hà|50 µm|AB§12\n"
		       "Lê Đình Quảng|Tú|Renée|x\n"
		       "Đỗ Đức|Hòa|François|y\n",
		       NULL); /* mixed: by cell */
}

static void
real_unicode_is_never_touched(void **state)
{
	(void)state;
	assert_stays("Họ và tên|Số điện thoại\nNguyễn Thị Hương|0912345678\n");
	/* Nothing beyond Latin-1, all right. */
	assert_stays("Tên|Quê\nHà|Hòa Bình\nTú|Bà Nà\nLê Quý|Cà Mau\nVân|Trà Vinh\nThân|Gò Công\n"
		     "Tâm|Bù Na\nYên|Mèo\nHân|Hà Tiên\nLý|Cù Lao\nVinh|Phú Yên\n");
	assert_stays("Nom\nFrançois Lefèvre\nHélène\nRené\nBenoît\nGaëlle\nAnaïs\nLoïc\nZoé\n"
		     "Noël\nChloé\nThéo\nJérôme\n");
	assert_stays("Nome\nJoão\nConceição\nSimões\nMagalhães\nLuís\nAndré\nInês\nTomás\nZé\n"
		     "São Tomé\nGuimarães\nBrandão\n");
	assert_stays("Name\nMüller\nSchröder\nWeiß\nJäger\nGrün\nÅse\nBjørn\nSøren\nPiñera\n");
	assert_stays("Mã|Kích thước\nAB§12|50 µm\nCD§13|20 µg\nEF°|25 °C\nm²|10 ± 2\n½|«x»\n");
	assert_stays("Email\nabc@example.vn\nNV-0001\nhttp://x.vn/?a=1&b=2\n");
}

/* Two words are too few to be sure. */
static void
little_is_left_alone(void **state)
{
	(void)state;
	assert_stays("Ten|SDT\nV¨n|0912345678\nAn|0912345679\n");
}

/* ---- a CSV ---- */

struct result {
	enum err err;
	struct err_ctx e;
	struct buf report, rejects;
};

static struct result
import(struct slice text, const char *encoding, size_t piece)
{
	struct import_options o = {.file = "t.csv", .encoding = encoding, .sample = 2};
	struct import *im = import_new(&o);
	struct result r = {0};

	for (size_t at = 0; at < text.n && r.err == ERR_OK; at += piece)
		r.err = import_feed(
			im, (struct slice){text.p + at, text.n - at < piece ? text.n - at : piece},
			&r.e);
	if (r.err == ERR_OK)
		r.err = import_finish(im, &r.e);
	import_report(im, &r.report);
	buf_add_slice(&r.rejects, import_rejects(im));
	buf_addc(&r.rejects, '\0');
	import_free(im);
	return r;
}

static void
result_free(struct result *r)
{
	buf_free(&r->report);
	buf_free(&r->rejects);
}

/* Whatever the slices. */
static void
assert_reports(struct slice text, const char *encoding, const char *const *wants)
{
	for (size_t piece = 1; piece <= text.n; piece += 1 + piece / 3) {
		struct result r = import(text, encoding, piece);

		if (r.err != ERR_OK)
			fail_msg("%s", r.e.why);
		for (size_t i = 0; wants[i] != NULL; i++)
			if (strstr(r.report.data, wants[i]) == NULL)
				fail_msg("no %s in %s", wants[i], r.report.data);
		result_free(&r);
	}
}

#define TCVN_TEXT                                                                                 \
	"H\xE4 v\xB5 t\xAAn;S\xE8 \xAEi\xD6n tho\xB9i\nNguy\xD4n Th\xDE H\xAD\xACng;0912345678\n" \
	"NGUY\xD4N V\xA8N \xA7\xE7;12\n"

static void
a_csv_in_tcvn3_is_imported(void **state)
{
	struct result r;

	(void)state;
	assert_reports(SLICE(TCVN_TEXT), NULL,
		       (const char *const[]){"\"encoding\":\"tcvn3\"", "\"name\":\"ho_ten\"",
					     "\"encoding_sample\":\"Họ và tên\"",
					     "Nguyễn Thị Hương", "\"capitals-unknown\":2",
					     "\"rows_kept\":1", NULL});
	r = import(SLICE(TCVN_TEXT), NULL, 5);
	assert_non_null(strstr(r.rejects.data, "NGUYễN VăN Đỗ"));
	result_free(&r);
}

static void
a_csv_in_vni_1258_and_utf16_is_imported(void **state)
{
	const char *const wants[] = {"\"name\":\"ho_ten\"", "Nguyễn Thị Hương", "\"rows_kept\":1",
				     NULL};

	(void)state;
	assert_reports(SLICE("Ho\xEF va\xF8 te\xE2n;So\xE1 \xF1ie\xE4n thoa\xEFi\n"
			     "Nguye\xE3n Th\xF2 H\xF6\xF4ng;0912345678\n"),
		       NULL, wants);
	assert_reports(SLICE("Ho\xF2 va\xCC t\xEAn;S\xF4\xEC \xF0i\xEA\xF2n thoa\xF2i\n"
			     "Nguy\xEA\xDEn Thi\xF2 H\xFD\xF5ng;0912345678\n"),
		       NULL, wants);
	assert_reports(SLICE("\xFF\xFEH\0\xCD\x1E \0t\0\xEA\0n\0;\0S\0\x10\x01T\0\r\0\n\0"
			     "N\0g\0u\0y\0\xC5\x1En\0 \0T\0h\0\xCB\x1E \0H\0\xB0\x01\xA1\x01n\0"
			     "g\0;\0"
			     "0\0"
			     "9\0"
			     "1\0"
			     "2\0"
			     "3\0"
			     "4\0"
			     "5\0"
			     "6\0"
			     "7\0"
			     "8\0"),
		       NULL, wants);
}

static void
in_doubt_a_person_is_asked_with_samples(void **state)
{
	static const char text[] = "Ten;SDT\nH\xB5;0912345678\n";
	struct result r = import(SLICE(text), NULL, 3);

	(void)state;
	assert_int_equal(r.err, ERR_INPUT);
	assert_int_equal(r.e.line, 2);
	assert_int_equal(r.e.column, 2);
	assert_non_null(strstr(r.e.why, "tcvn3 \"Hà\""));
	assert_non_null(strstr(r.e.todo, "--encoding"));
	result_free(&r);
	assert_reports(SLICE(text), "tcvn3",
		       (const char *const[]){"\"ten\":\"Hà\"", "\"encoding\":\"tcvn3\"", NULL});
}

static void
an_encoding_that_the_bytes_rule_out_is_refused(void **state)
{
	struct result r = import(SLICE("Họ tên;SĐT\nNguyễn;0912345678\n"), "tcvn3", 100);

	(void)state;
	assert_int_equal(r.err, ERR_INPUT);
	assert_string_equal(r.e.why, "the file is utf-8, not tcvn3");
	result_free(&r);
}

/* ASCII for longer than what is looked at; the accents come behind it. */
static void
accents_far_behind_ascii_are_found(void **state)
{
	struct buf b = {0};
	struct result r;

	(void)state;
	buf_adds(&b, "Ho ten;SDT\n");
	for (unsigned i = 0; i < 12000; i++)
		buf_addf(&b, "An;09%08u\n", 10000000 + i);
	assert_true(b.len > 2 * CHARSET_HEAD_MAX);
	buf_adds(&b,
		 "Nguy\xD4n Th\xDE H\xAD\xACng;0912345678\nTr\xC7n V\xA8n B\xD7nh;0912345679\n");
	r = import(buf_slice(&b), NULL, 1000);
	assert_int_equal(r.err, ERR_OK);
	assert_non_null(strstr(r.report.data, "\"encoding\":\"tcvn3\""));
	assert_non_null(strstr(r.report.data, "\"rows_kept\":12002"));
	result_free(&r);
	buf_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(columns_of_old_fonts_are_decoded),
		cmocka_unit_test(only_columns_that_have_it_are_touched),
		cmocka_unit_test(real_unicode_is_never_touched),
		cmocka_unit_test(little_is_left_alone),
		cmocka_unit_test(a_csv_in_tcvn3_is_imported),
		cmocka_unit_test(a_csv_in_vni_1258_and_utf16_is_imported),
		cmocka_unit_test(in_doubt_a_person_is_asked_with_samples),
		cmocka_unit_test(an_encoding_that_the_bytes_rule_out_is_refused),
		cmocka_unit_test(accents_far_behind_ascii_are_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
