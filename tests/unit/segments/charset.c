/* SPDX-License-Identifier: MIT */
/* Encodings, against tables of the standards, against iconv, and found in random texts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "base/text.h"
#include "segments/charset.h"
#include "tests/unit/segments/charset_tables.h"

static const enum charset of_bytes[] = {CHARSET_WINDOWS_1258, CHARSET_TCVN3, CHARSET_VNI,
					CHARSET_VISCII};

/* ---- decoding ---- */

/* In slices of `piece` bytes, with a NUL. */
static struct buf
decoded(struct slice s, enum charset c, size_t piece)
{
	struct charset_decoder d;
	struct buf out = {0};

	charset_decoder_init(&d, c);
	for (size_t at = 0; at < s.n; at += piece) {
		size_t n = s.n - at < piece ? s.n - at : piece;

		assert_int_equal(charset_decode(&d, (struct slice){s.p + at, n}, &out, NULL),
				 ERR_OK);
	}
	assert_int_equal(charset_decode_end(&d, &out, NULL), ERR_OK);
	buf_addc(&out, '\0');
	return out;
}

static void
assert_decodes(struct slice s, enum charset c, const char *want)
{
	for (size_t piece = 1; piece <= s.n; piece++) {
		struct buf got = decoded(s, c, piece);

		assert_string_equal(got.data, want);
		buf_free(&got);
	}
}

static void
known_names_are_read_in_each_encoding(void **state)
{
	(void)state;
	assert_decodes(SLICE("Nguy\xD4n Th\xDE H\xAD\xACng, \xA7\xE7 \xA7\xF8"
			     "c"),
		       CHARSET_TCVN3, "Nguyễn Thị Hương, Đỗ Đức");
	assert_decodes(SLICE("Nguye\xE3n Th\xF2 H\xF6\xF4ng, \xD1o\xE3 \xD1\xF6\xF9"
			     "c, NGUYE\xC3N TH\xD2"),
		       CHARSET_VNI, "Nguyễn Thị Hương, Đỗ Đức, NGUYỄN THỊ");
	assert_decodes(SLICE("Nguy\xEA\xDEn Thi\xF2 H\xFD\xF5ng, \xD0\xF4\xDE \xD0\xFD\xEC"
			     "c"),
		       CHARSET_WINDOWS_1258, "Nguyễn Thị Hương, Đỗ Đức");
	assert_decodes(SLICE("Nguy\xADn Th\xB8 H\xDF\xBDng"), CHARSET_VISCII, "Nguyễn Thị Hương");
	assert_decodes(SLICE("k\x79\xF5, \xF1\xF6\xF4\xF8ng, quy\xF9"), CHARSET_VNI,
		       "kỹ, đường, quý");
}

static void
utf16_has_pairs_and_marks(void **state)
{
	(void)state;
	assert_decodes(SLICE("\xFF\xFE\x10\x01\xD7\x1E\x3D\xD8\x00\xDE"), CHARSET_UTF16LE, "Đỗ😀");
	assert_decodes(SLICE("\x01\x10\x1E\xD7\xD8\x3D\xDE\x00"), CHARSET_UTF16BE, "Đỗ😀");
}

static void
half_a_character_of_utf16_has_its_line(void **state)
{
	static const struct slice bad[] = {{"a\0\n\0b", 5},
					   {"a\0\n\0\x3D\xD8", 6},
					   {"\n\0\x00\xDE", 4},
					   {"\n\0\x3D\xD8z\0", 6}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct charset_decoder d;
		struct buf out = {0};
		struct err_ctx e = {0};

		charset_decoder_init(&d, CHARSET_UTF16LE);
		if (charset_decode(&d, bad[i], &out, &e) == ERR_OK)
			assert_int_equal(charset_decode_end(&d, &out, &e), ERR_INPUT);
		assert_int_equal(e.line, 2);
		buf_free(&out);
	}
}

/* ---- the tests' own writing ---- */

static bool
find_letter(struct slice s, const char *const table[12][6], size_t *v, size_t *t, size_t *n)
{
	for (*v = 0; *v < 12; ++*v)
		for (*t = 0; *t < 6; ++*t) {
			*n = strlen(table[*v][*t]);
			if (*n <= s.n && memcmp(s.p, table[*v][*t], *n) == 0)
				return true;
		}
	return false;
}

static void
add_vni(struct buf *out, size_t v, size_t t, bool is_capital)
{
	for (const char *p = vni_small[v][t]; *p != '\0'; p++)
		buf_addc(out, (char)(is_capital ? *p - 0x20 : *p));
}

/* TCVN3: what has no capital is the small letter, as in fonts of capitals; VISCII is written small. */
static void
add_letter(struct buf *out, enum charset c, size_t v, size_t t, bool is_capital)
{
	static const unsigned char tcvn_capital[12] = {'A', 0xA1, 0xA2, 'E', 0xA3, 'I',
						       'O', 0xA4, 0xA5, 'U', 0xA6, 'Y'};

	if (c == CHARSET_VNI) {
		add_vni(out, v, t, is_capital);
	} else if (c == CHARSET_WINDOWS_1258) {
		buf_addc(out, (char)(is_capital ? cp1258_capital[v] : cp1258_small[v]));
		if (t > 0)
			buf_addc(out, (char)cp1258_tones[t]);
	} else if (c == CHARSET_TCVN3) {
		buf_addc(out, (char)(is_capital && t == 0 ? tcvn_capital[v] : tcvn_small[v][t]));
	} else {
		buf_addc(out, (char)viscii_small[v][t]);
	}
}

static void
add_encoded(struct buf *out, struct slice s, enum charset c)
{
	static const char d[][2] = {[CHARSET_WINDOWS_1258] = {'\xF0', '\xD0'},
				    [CHARSET_TCVN3] = {'\xAE', '\xA7'},
				    [CHARSET_VNI] = {'\xF1', '\xD1'},
				    [CHARSET_VISCII] = {'\xF0', '\xD0'}};

	while (s.n > 0) {
		size_t v, t, n = 2;

		if (s.n > 1 && (memcmp(s.p, "đ", 2) == 0 || memcmp(s.p, "Đ", 2) == 0))
			buf_addc(out, d[c][memcmp(s.p, "Đ", 2) == 0]);
		else if (find_letter(s, vowels, &v, &t, &n))
			add_letter(out, c, v, t, false);
		else if (find_letter(s, capitals, &v, &t, &n))
			add_letter(out, c, v, t, true);
		else if (n = 1, (uint8_t)*s.p < 0x80)
			buf_addc(out, *s.p);
		s.p += n;
		s.n -= n;
	}
}

static void
all_small_letters_are_those_of_the_standards(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(of_bytes); i++)
		for (size_t v = 0; v < 12; v++)
			for (size_t t = 0; t < 6; t++) {
				struct buf b = {0};

				add_letter(&b, of_bytes[i], v, t, false);
				assert_decodes(buf_slice(&b), of_bytes[i], vowels[v][t]);
				buf_free(&b);
			}
}

static void
capitals_of_vni_and_1258_are_read(void **state)
{
	(void)state;
	for (size_t v = 0; v < 12; v++)
		for (size_t t = 0; t < 6; t++) {
			struct buf a = {0}, b = {0};

			add_letter(&a, CHARSET_VNI, v, t, true);
			assert_decodes(buf_slice(&a), CHARSET_VNI, capitals[v][t]);
			add_letter(&b, CHARSET_WINDOWS_1258, v, t, true);
			assert_decodes(buf_slice(&b), CHARSET_WINDOWS_1258, capitals[v][t]);
			buf_free(&a);
			buf_free(&b);
		}
}

/* ---- iconv ---- */

static void
compare_with_iconv(iconv_t to, enum charset c, const char *letter)
{
	char in[8], out[16], *p = in, *q = out;
	size_t n = strlen(letter), room = sizeof(out);

	memcpy(in, letter, n + 1);
	assert_int_equal(iconv(to, &p, &n, &q, &room), 0);
	assert_int_equal(iconv(to, NULL, NULL, &q, &room), 0);
	assert_decodes((struct slice){out, (size_t)(q - out)}, c, letter);
}

static void
all_134_letters_come_back_from_iconv(void **state)
{
	static const struct {
		const char *name;
		enum charset charset;
	} peers[] = {{"CP1258", CHARSET_WINDOWS_1258},
		     {"TCVN5712-1", CHARSET_TCVN3},
		     {"VISCII", CHARSET_VISCII}};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		iconv_t to = iconv_open(peers[i].name, "UTF-8");

		assert_true(to != (iconv_t)-1);
		for (size_t v = 0; v < 12; v++)
			for (size_t t = 0; t < 6; t++) {
				compare_with_iconv(to, peers[i].charset, vowels[v][t]);
				compare_with_iconv(to, peers[i].charset, capitals[v][t]);
			}
		compare_with_iconv(to, peers[i].charset, "đ");
		compare_with_iconv(to, peers[i].charset, "Đ");
		iconv_close(to);
	}
}

/* ---- finding ---- */

static void
assert_found(struct slice s, enum charset want)
{
	struct charset_guess g;

	charset_detect(s, true, true, &g);
	assert_true(g.is_sure);
	assert_string_equal(charset_name(g.best), charset_name(want));
}

static void
unicode_is_found_by_its_bytes(void **state)
{
	struct charset_guess g;

	(void)state;
	assert_found(SLICE("Họ tên;SĐT\n"), CHARSET_UTF8);
	assert_found(SLICE("\xEF\xBB\xBFTen\n"), CHARSET_UTF8);
	assert_found(SLICE("\xFF\xFET\0"), CHARSET_UTF16LE);
	assert_found(SLICE("\xFE\xFF\0T"), CHARSET_UTF16BE);
	assert_found(SLICE("H\0\xCD\x1E;\0S\0\x10\x01T\0\n\0"), CHARSET_UTF16LE);
	assert_found(SLICE("\0H\x1E\xCD\0;\0S\x01\x10\0T\0\n"), CHARSET_UTF16BE);
	assert_found(SLICE("Ho ten;SDT\nAn;0912345678\n"), CHARSET_UTF8);
	/* Cut in the middle of a letter: nothing is wrong with it. */
	charset_detect(SLICE("Nguy\xE1\xBB"), true, false, &g);
	assert_true(g.is_sure && g.best == CHARSET_UTF8);
	/* A damaged byte in UTF-8: its reader shall say where. */
	assert_found(SLICE("Tên;SĐT\nBé;\xFF\n"), CHARSET_UTF8);
}

/* No Vietnamese: names of Western Europe in Windows-1252. */
static void
other_languages_are_asked_about(void **state)
{
	static const char *const texts[] = {
		"Fran\xE7ois;H\xE9l\xE8ne;Ren\xE9;Beno\xEEt;Ga\xEBlle;Ana\xEFs\n",
		"Jo\xE3o;Concei\xE7\xE3o;Sim\xF5"
		"es;Magalh\xE3"
		"es;Lu\xEDs\n",
		"M\xFCller;Schr\xF6"
		"der;Wei\xDF;J\xE4ger;Gr\xFCn\n",
	};
	struct charset_guess g;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		charset_detect(slice_of(texts[i]), true, true, &g);
		assert_false(g.is_sure);
	}
}

static uint64_t
next_random(uint64_t *x)
{
	*x ^= *x << 13;
	*x ^= *x >> 7;
	*x ^= *x << 17;
	return *x >> 16;
}

/* The words of a file, without what is in braces. */
static void
add_file(struct buf *text, const char *path)
{
	FILE *f = fopen(path, "r");
	int c, depth = 0;

	assert_non_null(f);
	while ((c = fgetc(f)) != EOF) {
		depth += c == '{';
		if (depth == 0)
			buf_addc(text, (char)(c == '\n' ? ' ' : c));
		depth -= c == '}' && depth > 0;
	}
	buf_addc(text, ' ');
	fclose(f);
}

/* What stands in lists: people and places, in random order. */
static void
add_people(struct buf *text, unsigned count)
{
	static const char *const families[] = {"Nguyễn", "Trần", "Lê",	  "Phạm", "Hoàng", "Huỳnh",
					       "Phan",	 "Vũ",	 "Võ",	  "Đặng", "Bùi",   "Đỗ",
					       "Hồ",	 "Ngô",	 "Dương", "Lý",	  "Lâm",   "Trịnh"},
				 *const middles[] = {"Văn",   "Thị",  "Hữu",  "Đức",  "Ngọc",
						     "Thanh", "Minh", "Quốc", "Xuân", "Kim"},
				 *const givens[] = {"An",    "Bình",   "Cường", "Dũng", "Đạt",
						    "Giang", "Hạnh",   "Hằng",	"Hiếu", "Hương",
						    "Khánh", "Lan",    "Liên",	"Mỹ",	"Nga",
						    "Nhung", "Phượng", "Quý",	"Sơn",	"Thảo",
						    "Thủy",  "Tuấn",   "Việt",	"Yến"},
				 *const places[] = {
					 "thôn Đồng Đoài, xã Tân Lập", "ấp Mỹ Thuận, xã Vĩnh Trạch",
					 "tổ 5, phường Bến Nghé", "khu phố 3, thị trấn Chợ Rã",
					 "bản Nà Lốc, xã Thượng Nông"};
	uint64_t x = 1588;

	for (unsigned i = 0; i < count; i++)
		buf_addf(text, "%s %s %s, %s; ", families[next_random(&x) % ARRAY_LEN(families)],
			 middles[next_random(&x) % ARRAY_LEN(middles)],
			 givens[next_random(&x) % ARRAY_LEN(givens)],
			 places[next_random(&x) % ARRAY_LEN(places)]);
}

static const char passages[] =
	"Ủy ban nhân dân xã trân trọng kính mời ông bà đến dự buổi tập huấn kỹ năng số cộng đồng. "
	"Hồ sơ của quý khách còn thiếu giấy xác nhận tình trạng hôn nhân, đề nghị bổ sung trước "
	"ngày hẹn. Người dân nộp hồ sơ trực tuyến được giảm một nửa lệ phí theo nghị quyết của Hội "
	"đồng nhân dân tỉnh. Sáng thứ bảy có đoàn bác sĩ về khám bệnh miễn phí cho người cao tuổi "
	"và "
	"gia đình chính sách tại trạm y tế. Cảnh báo mưa lũ, sạt lở đất ở vùng núi, bà con chủ "
	"động "
	"di dời đến nơi an toàn và giữ liên lạc với trưởng thôn. Phụ huynh học sinh lớp một cập "
	"nhật "
	"thông tin định danh của trẻ trước kỳ tuyển sinh. Không cung cấp mã xác thực cho bất kỳ "
	"ai, "
	"kể cả người tự xưng là cán bộ ngân hàng hay công an. ";

/* The sample library, people, and sentences as offices write them. */
static size_t
read_words(struct slice *words, size_t max, struct buf *text)
{
	DIR *dir = opendir("templates/samples");
	struct dirent *entry;
	size_t count = 0;

	assert_non_null(dir);
	while ((entry = readdir(dir)) != NULL) {
		char path[512];

		if (strstr(entry->d_name, ".liquid") == NULL)
			continue;
		snprintf(path, sizeof(path), "templates/samples/%s", entry->d_name);
		add_file(text, path);
	}
	closedir(dir);
	buf_adds(text, passages);
	add_people(text, 200);
	for (struct slice rest = buf_slice(text); rest.n > 0 && count < max;) {
		words[count] = slice_take_until(&rest, ' ');
		count += words[count].n > 0;
	}
	return count;
}

struct score {
	unsigned right, asked, wrong;
};

/* Words from a random place until there are that many letters; a text without accents counts for none. */
static void
try_text(struct score *score, const struct slice *words, size_t letters, enum charset c)
{
	struct buf text = {0}, bytes = {0}, got = {0}, want = {0};
	struct charset_guess g;
	bool has_all = true;

	for (size_t i = 0, n = 0; n < letters; n += text_length(words[i++])) {
		buf_add_slice(&text, words[i]);
		buf_addc(&text, ' ');
	}
	add_encoded(&bytes, buf_slice(&text), c);
	charset_detect(buf_slice(&bytes), true, true, &g);
	if (g.count > 0 && !g.is_sure) {
		score->asked++;
	} else if (g.count > 0) {
		got = decoded(buf_slice(&bytes), g.best, 7);
		want = decoded(buf_slice(&bytes), c, 7);
		has_all = strcmp(got.data, want.data) == 0;
		score->right += has_all;
		score->wrong += !has_all;
	}
	buf_free(&text);
	buf_free(&bytes);
	buf_free(&got);
	buf_free(&want);
}

static struct score
try_texts(size_t letters, unsigned texts)
{
	static struct slice words[8192];
	struct buf text = {0};
	size_t count = read_words(words, ARRAY_LEN(words), &text);
	uint64_t seed = 20271010;
	struct score score = {0};

	assert_true(count > 500);
	for (unsigned i = 0; i < texts; i++)
		try_text(&score, &words[next_random(&seed) % (count - 60)], letters,
			 of_bytes[i % ARRAY_LEN(of_bytes)]);
	print_message("%zu letters: %u right, %u asked, %u wrong\n", letters, score.right,
		      score.asked, score.wrong);
	buf_free(&text);
	return score;
}

static void
texts_of_forty_letters_are_found(void **state)
{
	struct score s = try_texts(40, 20000);

	(void)state;
	assert_int_equal(s.wrong, 0);
	assert_true(s.right * 1000ull >= (s.right + s.asked) * 999ull);
}

static void
short_texts_are_asked_about_not_guessed_wrongly(void **state)
{
	static const size_t letters[] = {3, 6, 10, 15, 20, 30};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		assert_int_equal(try_texts(letters[i], 8000).wrong, 0);
}

static void
names_people_use_are_known(void **state)
{
	enum charset c;
	struct err_ctx e = {0};

	(void)state;
	assert_true(charset_by_name(SLICE("ABC"), &c) && c == CHARSET_TCVN3);
	assert_true(charset_by_name(SLICE("UTF-8"), &c) && c == CHARSET_UTF8);
	assert_true(charset_by_name(SLICE("cp1258"), &c) && c == CHARSET_WINDOWS_1258);
	assert_int_equal(charset_read_name("koi8-r", "--encoding", &c, &e), ERR_INPUT);
	assert_non_null(strstr(e.todo, "windows-1258, tcvn3, vni or viscii"));
}

static void
words_of_capital_fonts_are_counted(void **state)
{
	struct charset_decoder d;
	struct buf out = {0};

	(void)state;
	charset_decoder_init(&d, CHARSET_TCVN3);
	/* NGUYễN, THị, HƯƠNG (its capitals are in the table); Lê, Nguyễn are as they should be. */
	assert_int_equal(charset_decode(&d, SLICE("NGUY\xD4N TH\xDE H\xA6\xA5NG L\xAA Nguy\xD4n"),
					&out, NULL),
			 ERR_OK);
	assert_int_equal(charset_decode_end(&d, &out, NULL), ERR_OK);
	assert_int_equal(d.words_of_capitals, 2);
	buf_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_names_are_read_in_each_encoding),
		cmocka_unit_test(utf16_has_pairs_and_marks),
		cmocka_unit_test(half_a_character_of_utf16_has_its_line),
		cmocka_unit_test(all_small_letters_are_those_of_the_standards),
		cmocka_unit_test(capitals_of_vni_and_1258_are_read),
		cmocka_unit_test(all_134_letters_come_back_from_iconv),
		cmocka_unit_test(unicode_is_found_by_its_bytes),
		cmocka_unit_test(other_languages_are_asked_about),
		cmocka_unit_test(texts_of_forty_letters_are_found),
		cmocka_unit_test(short_texts_are_asked_about_not_guessed_wrongly),
		cmocka_unit_test(names_people_use_are_known),
		cmocka_unit_test(words_of_capital_fonts_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
