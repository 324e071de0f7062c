/* SPDX-License-Identifier: MIT */
/* docs/FORMATS.md, "Wording" and "Campaign" (accents). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/render.h"
#include "segments/phone.h"

#define VIETTEL ((unsigned)carrier_find(SLICE("viettel")))
#define MOBIFONE ((unsigned)carrier_find(SLICE("mobifone")))

static const char parts_text[] =
	"{\"rules\":[{\"since\":\"2025-01-01\",\"carrier\":\"*\",\"traffic\":\"qc\",\"plain\":"
	"[122],\"unicode\":\"not allowed\",\"alphabet\":\"ascii\",\"refused\":\"#\"}]}";

static struct schema schema = {
	.columns = {{"ho_ten", "Họ và tên", COLUMN_TEXT}, {"language", "Ngôn ngữ", COLUMN_TEXT}},
	.count = 2,
	.phone = -1,
};
static struct buf block_bytes, wording;
static struct rendering *rendering;
static struct template_set *set;
static const char *names_text; /* of languages; NULL = none */
static struct content_frame frame;
static uint32_t refused; /* of the last row */

static int
forget(void **state)
{
	(void)state;
	rendering_free(rendering);
	rendering = NULL;
	set_free(set);
	set = NULL;
	names_text = NULL;
	frame = (struct content_frame){NULL, NULL};
	buf_free(&wording);
	buf_free(&block_bytes);
	return 0;
}

/* Viettel by partition 0, MobiFone by partition 1. */
static void
open_rendering(const char *source, enum accents accents, enum sms_traffic traffic)
{
	struct carrier_map map;
	struct rendering_place place = {.schema = &schema, .map = &map, .today = 20700};
	struct wording w = {.partitions = 2,
			    .accents = {accents, ACCENTS_KEPT},
			    .traffic = {traffic, SMS_STANDARD},
			    .frame = frame};
	struct err_ctx e;

	memset(map.partition, NO_PARTITION, sizeof(map.partition));
	map.partition[VIETTEL] = 0;
	map.partition[MOBIFONE] = 1;
	set = set_read(slice_of(source), NULL, NULL);
	assert_non_null(set);
	w.set = set;
	if (traffic != SMS_STANDARD)
		assert_int_equal(json_parse(slice_of(parts_text), 4096, "parts", &w.sms, &e),
				 ERR_OK);
	if (names_text != NULL)
		assert_int_equal(json_parse(slice_of(names_text), 4096, "names", &w.languages, &e),
				 ERR_OK);
	wording_encode(&w, &wording);
	json_decref(w.sms);
	json_decref(w.languages);
	assert_int_equal(rendering_new(buf_slice(&wording), &place, &rendering, &e), ERR_OK);
}

/* What a row with these cells gets; NULL: nothing, and *why says why. */
static const char *
rendered(const char *name, const char *language, unsigned carrier, enum record_reason *why)
{
	static char text[200];
	struct block_builder *b = block_builder_new(&schema);
	struct slice cells[2] = {slice_of(name), slice_of(language)};
	struct rendered out;
	struct block block;
	struct err_ctx e;

	buf_reset(&block_bytes);
	block_builder_add(b, cells, 84971234567, 0, (uint8_t)carrier);
	block_builder_finish(b, &block_bytes);
	block_builder_free(b);
	assert_int_equal(block_open(buf_slice(&block_bytes), &block, &e), ERR_OK);
	out.refused = 0;
	*why = render_row(rendering, &block, 0, carrier, &out);
	refused = out.refused;
	block_close(&block);
	if (*why != REASON_NONE)
		return NULL;
	slice_copy(text, sizeof(text), out.text);
	return text;
}

static void
the_stricter_wish_holds(void **state)
{
	(void)state;
	assert_int_equal(accents_of_both(ACCENTS_KEPT, ACCENTS_KEPT, true), ACCENTS_KEPT);
	assert_int_equal(accents_of_both(ACCENTS_KEPT, ACCENTS_KEPT, false), ACCENTS_KEPT);
	assert_int_equal(accents_of_both(ACCENTS_SAVE, ACCENTS_KEPT, true), ACCENTS_SAVE);
	assert_int_equal(accents_of_both(ACCENTS_PLAIN, ACCENTS_SAVE, true), ACCENTS_PLAIN);
	assert_int_equal(accents_of_both(ACCENTS_KEPT, ACCENTS_PLAIN, true), ACCENTS_PLAIN);
	assert_int_equal(accents_of_both(ACCENTS_KEPT, ACCENTS_SAVE, false), ACCENTS_PLAIN);
}

static void
a_text_that_depends_on_nothing_else_stays_a_text(void **state)
{
	(void)state;
	open_rendering("Chào {{ ho_ten }}", ACCENTS_KEPT, SMS_STANDARD);
	assert_string_equal(wording.data, "Chào {{ ho_ten }}");
}

static void
a_text_that_would_be_accented_in_an_older_release_is_marked(void **state)
{
	(void)state;
	open_rendering("Chào {{ ho_ten }}", ACCENTS_PLAIN, SMS_STANDARD);
	assert_memory_equal(wording.data, WORDING_MARK, strlen(WORDING_MARK));
}

static void
accents_are_taken_off_by_the_partition_of_the_carrier(void **state)
{
	enum record_reason why;

	(void)state;
	open_rendering("Chào {{ ho_ten }}", ACCENTS_PLAIN, SMS_STANDARD);
	assert_string_equal(rendered("Bình", "", VIETTEL, &why), "Chao Binh");
	assert_string_equal(rendered("Bình", "", MOBIFONE, &why), "Chào Bình");
	assert_null(rendered("ស", "", VIETTEL, &why)); /* a letter would be lost */
	assert_int_equal(why, REASON_NOT_ENCODABLE);
	assert_int_equal(refused, 0x179F); /* and is told */
}

static void
saving_takes_them_off_where_the_text_is_not_taken_otherwise(void **state)
{
	enum record_reason why;

	(void)state;
	open_rendering("{{ ho_ten }}", ACCENTS_SAVE, SMS_QC);
	assert_string_equal(rendered("Bình", "", VIETTEL, &why), "Binh");
	assert_null(rendered("#Bình", "", VIETTEL, &why));
	assert_int_equal(why, REASON_NOT_ENCODABLE);
	assert_string_equal(rendered("#Bình", "", MOBIFONE, &why), "#Bình");
}

static void
each_row_gets_its_language_from_the_frozen_names(void **state)
{
	enum record_reason why;

	(void)state;
	names_text = "{\"columns\":[\"ngon_ngu\",\"language\"],\"languages\":[{\"tag\":\"km\","
		     "\"names\":[\"Khmer\"]}]}";
	open_rendering("{\"texts\":{\"vi\":{\"sms\":\"v {{ ho_ten }}\"},\"km\":{\"sms\":\"k\"}}}",
		       ACCENTS_KEPT, SMS_STANDARD);
	assert_int_equal(rendering_language_column(rendering), 1);
	assert_string_equal(rendered("An", "tiếng Khmer", VIETTEL, &why), "k");
	assert_string_equal(rendered("An", "km-KH", VIETTEL, &why), "k");
	assert_string_equal(rendered("An", "Tày", VIETTEL, &why), "v An");
	assert_string_equal(rendered("An", "", VIETTEL, &why), "v An");
	assert_string_equal(rendered("An", "tiếng Khmer", VIETTEL, &why), "k");
}

static void
a_missing_field_skips(void **state)
{
	enum record_reason why;

	(void)state;
	open_rendering("v {{ ho_ten }}", ACCENTS_KEPT, SMS_STANDARD);
	assert_null(rendered("", "", VIETTEL, &why));
	assert_int_equal(why, REASON_MISSING_FIELD);
}

static void
a_text_that_says_nothing_beside_its_label_is_not_sent(void **state)
{
	static const char if_an[] = "{% if ho_ten == 'An' %}hop{% endif %}";
	enum record_reason why;
	char source[100];

	(void)state;
	frame = (struct content_frame){"[QC] ", " TC: 1900"};
	snprintf(source, sizeof(source), "[QC] %s\n TC: 1900", if_an);
	open_rendering(source, ACCENTS_KEPT, SMS_STANDARD);
	assert_string_equal(rendered("An", "", VIETTEL, &why), "[QC] hop\n TC: 1900");
	assert_null(rendered("Ba", "", VIETTEL, &why));
	assert_int_equal(why, REASON_MISSING_FIELD);
	forget(NULL);
	snprintf(source, sizeof(source), "%s\n", if_an);
	open_rendering(source, ACCENTS_KEPT, SMS_STANDARD);
	assert_null(rendered("Ba", "", VIETTEL, &why));
	assert_int_equal(why, REASON_MISSING_FIELD);
	forget(NULL);
	/* A label that a person wrote is a text: the rules of content say what they think of it. */
	open_rendering("[QC]", ACCENTS_KEPT, SMS_STANDARD);
	assert_string_equal(rendered("Ba", "", VIETTEL, &why), "[QC]");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_teardown(name, forget)
		T(the_stricter_wish_holds),
		T(a_text_that_depends_on_nothing_else_stays_a_text),
		T(a_text_that_would_be_accented_in_an_older_release_is_marked),
		T(accents_are_taken_off_by_the_partition_of_the_carrier),
		T(saving_takes_them_off_where_the_text_is_not_taken_otherwise),
		T(each_row_gets_its_language_from_the_frozen_names),
		T(a_missing_field_skips),
		T(a_text_that_says_nothing_beside_its_label_is_not_sent),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
