/* SPDX-License-Identifier: MIT */
/* Expected values: the Vietnamese alphabet written out; utf8proc's decompositions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"
#include "base/text.h"
#include "templates/sms.h"
#include "templates/vietnamese.h"

static struct buf out;
static struct plain_lost lost[8];

static int
free_out(void **state)
{
	(void)state;
	buf_free(&out);
	return 0;
}

/* The plain form; nothing of it may be lost. */
static const char *
plain(const char *s)
{
	buf_reset(&out);
	buf_adds(&out, "");
	assert_int_equal(plain_add(&out, slice_of(s), lost, ARRAY_LEN(lost)), 0);
	return out.data;
}

static size_t
plain_losing(const char *s)
{
	buf_reset(&out);
	buf_adds(&out, "");
	return plain_add(&out, slice_of(s), lost, ARRAY_LEN(lost));
}

static const char small[] = "àáảãạăằắẳẵặâầấẩẫậ"
			    "èéẻẽẹêềếểễệ"
			    "ìíỉĩị"
			    "òóỏõọôồốổỗộơờớởỡợ"
			    "ùúủũụưừứửữự"
			    "ỳýỷỹỵ"
			    "đ";
static const char capital[] = "ÀÁẢÃẠĂẰẮẲẴẶÂẦẤẨẪẬ"
			      "ÈÉẺẼẸÊỀẾỂỄỆ"
			      "ÌÍỈĨỊ"
			      "ÒÓỎÕỌÔỒỐỔỖỘƠỜỚỞỠỢ"
			      "ÙÚỦŨỤƯỪỨỬỮỰ"
			      "ỲÝỶỸỴ"
			      "Đ";

static void
all_134_letters_lose_their_accents(void **state)
{
	(void)state;
	assert_int_equal(text_length(SLICE(small)), 67);
	assert_int_equal(text_length(SLICE(capital)), 67);
	assert_string_equal(plain(small), "aaaaaaaaaaaaaaaaaeeeeeeeeeeeiiiii"
					  "ooooooooooooooooouuuuuuuuuuuyyyyyd");
	assert_string_equal(plain(capital), "AAAAAAAAAAAAAAAAAEEEEEEEEEEEIIIII"
					    "OOOOOOOOOOOOOOOOOUUUUUUUUUUUYYYYYD");
}

/* Letter, its own mark, its tone: also with the marks in the other order. */
static void
decomposed_letters_lose_them_too(void **state)
{
	static const char *const marked[] = {"a", "a\u0306", "a\u0302", "e", "e\u0302", "i",
					     "o", "o\u0302", "o\u031B", "u", "u\u031B", "y",
					     "A", "A\u0306", "A\u0302", "E", "E\u0302", "I",
					     "O", "O\u0302", "O\u031B", "U", "U\u031B", "Y"};
	static const char *const tones[] = {"\u0300", "\u0301", "\u0309", "\u0303", "\u0323"};
	char text[16], base[2] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(marked); i++) {
		base[0] = marked[i][0];
		assert_string_equal(plain(marked[i]), base);
		for (size_t j = 0; j < ARRAY_LEN(tones); j++) {
			snprintf(text, sizeof(text), "%s%s", marked[i], tones[j]);
			assert_string_equal(plain(text), base);
			snprintf(text, sizeof(text), "%c%s%s", marked[i][0], tones[j],
				 marked[i] + 1);
			assert_string_equal(plain(text), base);
		}
	}
}

static void
a_sentence_stays_whole(void **state)
{
	(void)state;
	assert_string_equal(plain("Kính gửi ông Nguyễn Đức Thắng"),
			    "Kinh gui ong Nguyen Duc Thang");
	assert_string_equal(plain("Nguye\u0302\u0303n Đu\u031B\u0301c"), "Nguyen Duc");
	assert_string_equal(plain("Ê-đê, Ba Na (Bahnar): Ƀăh, Y Ƀlul, Čư Ñhiă, ơ̆ ŏ ŭ ĕ ĭ"),
			    "E-de, Ba Na (Bahnar): Bah, Y Blul, Cu Nhia, o o u e i");
}

static void
signs_become_what_people_type_instead(void **state)
{
	(void)state;
	assert_string_equal(plain("“a” „b‟ «c»"), "\"a\" \"b\" \"c\"");
	assert_string_equal(plain("‘a’ d‛ `e´ 5′ 6″"), "'a' d' 'e' 5' 6\"");
	assert_string_equal(plain("a – b — c − d ‐ e"), "a - b - c - d - e");
	assert_string_equal(plain("chờ…"), "cho...");
	assert_string_equal(plain("a\u00A0b\u202Fc\u2009d\u3000e\tf"), "a b c d e f");
	assert_string_equal(plain("a\u200Bb\u200Cc\u200Dd\uFEFFe\u2060f"), "abcdef");
	assert_string_equal(plain("50.000₫"), "50.000d");
	assert_string_equal(plain("• một"), "- mot");
	assert_string_equal(plain("m² m³ 30°C 3 × 4 № 5"), "m2 m3 30oC 3 x 4 No. 5");
	assert_string_equal(plain("ﬁ ﬂ Ａｂｃ　１２"), "fi fl Abc 12");
	assert_string_equal(plain("Ðắk Lắk, Ɖak, ð"), "Dak Lak, Dak, d");
	assert_string_equal(plain("Œuvre œuf Þór straße ſ ı"), "OEuvre oeuf Thor straße s i");
	assert_string_equal(plain("a\nb\r\nc"), "a\nb\r\nc");
}

/* What GSM 7-bit has and no Vietnamese reader takes for an accent. */
static void
signs_of_the_alphabet_stay(void **state)
{
	static const char kept[] =
		"@£$¥\nØø\r_ΔΦΓΛΩΠΨΣΘΞÆæß !\"#¤%&'()*+,-./09:;<=>?¡AZ§¿az^{}\\[~]|€";

	(void)state;
	assert_string_equal(plain(kept), kept);
}

static void
what_cannot_be_kept_is_listed_with_its_place(void **state)
{
	(void)state;
	assert_int_equal(plain_losing("Chào 🎉 bạn ™ 中文"), 3);
	assert_string_equal(out.data, "Chao  ban (TM) ");
	assert_int_equal(lost[0].code_point, 0x1F389);
	assert_int_equal(lost[0].at, 5);
	assert_int_equal(lost[1].code_point, 0x4E2D);
	assert_int_equal(lost[1].at, 13);
	assert_int_equal(lost[2].code_point, 0x6587);
	assert_int_equal(lost[2].at, 14);
}

/* "e", circumflex, tilde are one letter of the NFC form. */
static void
places_count_in_the_composed_form(void **state)
{
	(void)state;
	assert_int_equal(plain_losing("e\u0302\u0303\u4E2D"), 1);
	assert_int_equal(lost[0].at, 1);
}

/* In TCVN3 text a soft hyphen is the letter ư; 10² must not become 102. */
static void
nothing_that_may_be_a_letter_goes_unsaid(void **state)
{
	(void)state;
	assert_int_equal(plain_losing("x\u00ADy"), 1);
	assert_int_equal(plain_losing("10²"), 1);
	assert_int_equal(plain_losing("①"), 1);
	assert_int_equal(plain_losing("\x1B"), 1);
	assert_int_equal(plain_losing("a\xFFz"), 1);
	assert_int_equal(lost[0].code_point, 0xFFFD);
	assert_string_equal(out.data, "az");
}

static void
losses_beyond_the_callers_room_are_counted(void **state)
{
	(void)state;
	buf_reset(&out);
	assert_int_equal(plain_add(&out, SLICE("中中中"), lost, 1), 3);
	assert_int_equal(plain_add(&out, SLICE("中中中"), NULL, 0), 3);
}

/* Each character alone: the result needs no unicode, and is empty only if said or invisible. */
static void
no_character_makes_the_plain_form_unicode(void **state)
{
	struct buf c = {0};

	(void)state;
	for (int32_t code = 1; code <= 0x10FFFF; code++) {
		if (code >= 0xD800 && code <= 0xDFFF)
			continue;
		buf_reset(&c);
		buf_reset(&out);
		text_add_code_point(&c, code);
		plain_add(&out, buf_slice(&c), NULL, 0);
		assert_int_equal(sms_count(buf_slice(&out)).encoding, SMS_GSM7);
	}
	buf_free(&c);
}

/* utf8proc takes the accents off another way: decomposition instead of our tables. */
static void
latin_letters_agree_with_their_decomposition(void **state)
{
	struct buf c = {0}, base = {0};
	int compared = 0;

	(void)state;
	for (int32_t code = 0xC0; code <= 0x1EFF; code++) {
		if (code == 0x250)
			code = 0x1E00;
		buf_reset(&c);
		buf_reset(&base);
		text_add_code_point(&c, code);
		text_add_unaccented_folded(&base, buf_slice(&c));
		if (base.len != 1 || base.data[0] < 'a' || base.data[0] > 'z')
			continue;
		buf_reset(&out);
		assert_int_equal(plain_add(&out, buf_slice(&c), NULL, 0), 0);
		assert_int_equal(out.len, 1);
		assert_int_equal(out.data[0] | 0x20, base.data[0]);
		compared++;
	}
	assert_true(compared > 400);
	buf_free(&c);
	buf_free(&base);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_134_letters_lose_their_accents),
		cmocka_unit_test(decomposed_letters_lose_them_too),
		cmocka_unit_test(a_sentence_stays_whole),
		cmocka_unit_test(signs_become_what_people_type_instead),
		cmocka_unit_test(signs_of_the_alphabet_stay),
		cmocka_unit_test(what_cannot_be_kept_is_listed_with_its_place),
		cmocka_unit_test(places_count_in_the_composed_form),
		cmocka_unit_test(nothing_that_may_be_a_letter_goes_unsaid),
		cmocka_unit_test(losses_beyond_the_callers_room_are_counted),
		cmocka_unit_test(no_character_makes_the_plain_form_unicode),
		cmocka_unit_test(latin_letters_agree_with_their_decomposition),
	};

	return cmocka_run_group_tests(tests, NULL, free_out);
}
