/* SPDX-License-Identifier: MIT */
/* What of a preview is told to who may not know whom its segments find. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "dispatcher/api/guarded.h"

/* Text with ' for " as JSON. */
static json_t *
parsed(const char *text)
{
	char buf[4096];
	size_t i = 0;
	json_t *v;

	for (; text[i] != '\0'; i++) {
		assert_true(i + 1 < sizeof(buf));
		buf[i] = text[i] == '\'' ? '"' : text[i];
	}
	buf[i] = '\0';
	v = json_loads(buf, 0, NULL);
	assert_non_null(v);
	return v;
}

static void
assert_told(const char *whole, const char *wanted)
{
	json_t *in = parsed(whole), *out = guarded_preview(in), *want = parsed(wanted);

	if (json_equal(out, want) != 1) {
		char *text = json_dumps(out, JSON_COMPACT | JSON_SORT_KEYS);

		print_message("told: %s\n", text);
		free(text);
		fail();
	}
	json_decref(in);
	json_decref(out);
	json_decref(want);
}

/* One person whose row is asked about: in it, or not. */
static void
one_person_looks_like_nobody(void **state)
{
	static const char nothing[] =
		"{'audience':'<5','messages':'<5','parts':null,'cost':null,'forecast_s':null,"
		"'unicode':'<5','histogram':[],'carriers':{},'traffic':{},'skipped':{},"
		"'skipped_rows':[],'languages':[{'language':'vi','messages':'<5','parts':null,"
		"'cost':null}],'distinct_texts':{'count':'<5','exact':true},'unicode_because':[],"
		"'unicode_by_signs':'<5','content':[],'invisible':{'messages':'<5','count':null,"
		"'characters':[]},'registered':{'unmatched':'<5','carriers':{}},'guarded':true}";

	(void)state;
	assert_told("{'audience':0,'messages':0,'parts':0,'cost':0,'forecast_s':0.0,'unicode':0,"
		    "'histogram':[],'carriers':{},'traffic':{},'skipped':{},'skipped_rows':[],"
		    "'languages':[{'language':'vi','messages':0,'parts':0,'cost':0}],"
		    "'distinct_texts':{'count':0,'exact':true},'unicode_because':[],"
		    "'unicode_characters':0,'unicode_by_signs':0,'content':[],"
		    "'invisible':{'messages':0,'count':0,'characters':[]},"
		    "'registered':{'unmatched':0,'carriers':{}}}",
		    nothing);
	assert_told(
		"{'audience':2,'messages':1,'parts':2,'cost':700,'forecast_s':0.01,'unicode':1,"
		"'histogram':[{'parts':2,'messages':1,'gsm7':0,'ucs2':1}],"
		"'carriers':{'viettel':{'messages':1,'parts':2,'cost':700,'histogram':[]}},"
		"'traffic':{'cskh':{'messages':1,'parts':2,'cost':700}},"
		"'skipped':{'no phone':1},"
		"'skipped_rows':[{'reason':'no phone','count':1,'rows':[7]}],"
		"'languages':[{'language':'vi','messages':1,'parts':2,'cost':700}],"
		"'distinct_texts':{'count':1,'exact':true},"
		"'unicode_because':[{'character':'ế','messages':1,'alone':1,'row':7}],"
		"'unicode_characters':1,'unicode_by_signs':1,"
		"'content':[{'rule':'x','messages':1,'example':{'text':'a'}}],"
		"'invisible':{'messages':1,'count':3,'characters':[{'messages':1,'row':7}]},"
		"'registered':{'unmatched':1,'lead_days':5,'ready_on':'2027-01-01','carriers':"
		"{'viettel':{'messages':1,'unmatched':1,'pending':0,'examples':[{'text':'a'}]}}},"
		"'shortest':{'text':'a','row':7},'longest':{'text':'a','row':7}}",
		nothing);
}

static void
five_are_told_with_their_price_and_without_their_rows(void **state)
{
	(void)state;
	assert_told(
		"{'campaign':'c','list_rows':40,'audience':10,'messages':9,'parts':14,'cost':4900,"
		"'forecast_s':1.5,'histogram':[{'parts':1,'messages':4,'gsm7':4,'ucs2':0},"
		"{'parts':2,'messages':5,'gsm7':0,'ucs2':5}],"
		"'carriers':{'viettel':{'messages':5,'parts':10,'cost':3500,'price':350,"
		"'histogram':[{'parts':2,'messages':5,'gsm7':0,'ucs2':5}]},"
		"'mobifone':{'messages':4,'parts':4,'cost':1400,'histogram':[]}},"
		"'by_accents':{'keep':{'messages':9,'parts':14,'cost':4900,'unicode':5,'skipped':0}"
		","
		"'plain':{'messages':4,'parts':4,'cost':1400,'unicode':0,'skipped':5}},"
		"'missing_fields':[{'field':'thon','count':5,'rows':[1,2,3,4,5]},"
		"{'field':'xa','count':4,'rows':[1]}],"
		"'not_understood':[{'filter':'date_vi','field':'n','count':5,'reads':'r',"
		"'examples':[{'row':1,'value':'x'}]}],"
		"'unicode_because':[{'character':'ế','messages':5,'alone':4,'row':7}],"
		"'registered':{'unmatched':5,'lead_days':5,'carriers':{'viettel':{'messages':5,"
		"'unmatched':5,'pending':1,'examples':[{'text':'a'}]}}}}",
		"{'campaign':'c','list_rows':40,'audience':10,'messages':9,'parts':14,'cost':4900,"
		"'forecast_s':1.5,'histogram':[{'parts':2,'messages':5,'gsm7':'<5','ucs2':5}],"
		"'carriers':{'viettel':{'messages':5,'parts':10,'cost':3500,'price':350,"
		"'histogram':[{'parts':2,'messages':5,'gsm7':'<5','ucs2':5}]}},"
		"'by_accents':{'keep':{'messages':9,'parts':14,'cost':4900,'unicode':5,"
		"'skipped':'<5'},"
		"'plain':{'messages':'<5','parts':null,'cost':null,'unicode':'<5','skipped':5}},"
		"'missing_fields':[{'field':'thon','count':5,'rows':[]}],"
		"'not_understood':[{'filter':'date_vi','field':'n','count':5,'reads':'r',"
		"'examples':[]}],"
		"'unicode_because':[{'character':'ế','messages':5,'alone':'<5'}],"
		"'registered':{'unmatched':5,'lead_days':5,'carriers':{'viettel':{'messages':5,"
		"'unmatched':5,'pending':'<5','examples':[]}}},'guarded':true}");
}

static void
what_it_does_not_know_is_not_told(void **state)
{
	(void)state;
	assert_told("{'messages':5,'parts':5,'cost':1,'forecast_s':1,'somebody':'An'}",
		    "{'messages':5,'parts':5,'cost':1,'forecast_s':1,'guarded':true}");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_person_looks_like_nobody),
		cmocka_unit_test(five_are_told_with_their_price_and_without_their_rows),
		cmocka_unit_test(what_it_does_not_know_is_not_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
