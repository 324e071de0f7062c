/* SPDX-License-Identifier: MIT */
#include "tests/unit/dispatcher/config_fixture.h"

enum { UNKNOWN, VIETTEL, MOBIFONE, VINAPHONE, VIETNAMOBILE, GMOBILE, ITEL, WINTEL };

/* Index of the one provider of the carrier; -1 = none. */
static int
served_by(const struct config *c, int carrier)
{
	const struct route *r = &c->route[carrier];

	assert_true(r->count <= 1);
	return r->count == 0 ? -1 : r->provider[0];
}

#define SETTINGS                                                             \
	"{\"url\": \"https://gw.example/s\", \"password\": \"hush-hush\","   \
	" \"body\": {\"to\": \"${phone}\", \"text\": \"${text}\", \"key\": " \
	"\"${password}\"}, \"answer\": {\"code\": \"c\"}, \"codes\": {\"0\": \"accepted\"}}"
#define PROVIDER(name, more)                                                     \
	"{\"name\": \"" name "\", \"driver\": \"generic\", \"rate\": 200, " more \
	"\"settings\": " SETTINGS "}"

static const char *
load_providers(const char *providers, const char *more)
{
	struct buf b = {0};
	const char *words;

	buf_addf(&b, "{\"providers\": [%s]%s}", providers, more);
	words = load(b.data);
	buf_free(&b);
	return words;
}

/* ---- documents ---- */

/* The n-th block of JSON behind a heading of a document; the caller frees it. */
static char *
example(const char *file, const char *heading, int n)
{
	FILE *f = fopen(file, "r");
	struct buf b = {0};
	char line[512];
	bool is_in = false, is_behind = heading[0] == '\0';

	assert_non_null(f);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (strncmp(line, heading, strlen(heading)) == 0)
			is_behind = true;
		if (is_in && strncmp(line, "```", 3) == 0)
			break;
		if (is_in)
			buf_adds(&b, line);
		if (is_behind && strncmp(line, "```json", 7) == 0 && n-- == 0)
			is_in = true;
	}
	fclose(f);
	return buf_take(&b);
}

/* The example leaves the driver's settings out: they stand in their own document. */
static void
the_worked_example_of_the_document_is_read(void **state)
{
	char *text = example("docs/FORMATS.md", "## Server configuration", 0), *dump;
	char *generic = example("docs/formats/generic.md", "", 0);
	json_t *v = json_loads(text, 0, NULL), *p = json_loads(generic, 0, NULL), *settings;

	(void)state;
	assert_non_null(v);
	assert_non_null(p);
	settings = json_object_get(p, "settings");
	json_object_set_new(settings, "password", json_string("hush"));
	json_object_set(json_array_get(json_object_get(v, "providers"), 0), "settings", settings);
	dump = json_dumps(v, 0);
	assert_string_equal(load(dump), "");
	assert_string_equal(fx.config->data, "/var/lib/loa");
	assert_string_equal(fx.config->public_url, "https://loa.angiang.example");
	assert_int_equal(fx.config->max_attempts, 6);
	assert_false(fx.config->lists_require_purpose);
	assert_int_equal(fx.config->lists_retention_days, 0);
	assert_int_equal(fx.config->lease_ms, 5000);
	assert_int_equal(fx.config->provider_count, 1);
	assert_string_equal(fx.config->providers[0].name, "partner");
	assert_true(fx.config->providers[0].rate == 200);
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(served_by(fx.config, i), 0);
	free(dump);
	json_decref(v);
	json_decref(p);
	free(text);
	free(generic);
}

/* docs/formats/generic.md, with its price table and brand name. */
static void
the_worked_example_of_a_provider_is_read(void **state)
{
	char *generic = example("docs/formats/generic.md", "", 0), *dump;
	json_t *p = json_loads(generic, 0, NULL);

	(void)state;
	assert_non_null(p);
	json_object_set_new(json_object_get(p, "settings"), "password", json_string("hush"));
	dump = json_dumps(p, 0);
	assert_string_equal(load_providers(dump, ""), "");
	assert_string_equal(fx.config->providers[0].brandname, "UBND-AG");
	assert_int_equal(fx.config->providers[0].concurrency, 64);
	assert_int_equal(fx.config->providers[0].timeout_ms, 10000);
	assert_int_equal(fx.config->providers[0].price[VIETTEL], 430);
	assert_int_equal(fx.config->providers[0].price[MOBIFONE], 450);
	free(dump);
	json_decref(p);
	free(generic);
}

static void
no_file_means_the_documented_defaults(void **state)
{
	struct config *c;
	struct err_ctx e;

	(void)state;
	assert_int_equal(config_load(NULL, &c, &e), ERR_OK);
	assert_string_equal(c->data, "/var/lib/loa");
	assert_string_equal(c->listen, "127.0.0.1:8088");
	assert_string_equal(c->redis_socket, "");
	assert_string_equal(c->redis_address, "");
	assert_string_equal(c->redis_password, "");
	assert_string_equal(c->log_level, "info");
	assert_int_equal(c->max_attempts, 6);
	assert_int_equal(c->lease_ms, 5000);
	assert_int_equal(c->embedded_max_mb, 1024);
	assert_int_equal(c->provider_count, 0);
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(served_by(c, i), -1);
	/* notices wait for the morning */
	assert_int_equal(config_class(c, "notice")->hours_from, 7 * 60);
	assert_int_equal(config_class(c, "notice")->hours_to, 22 * 60);
	assert_int_equal(config_class(c, "emergency")->hours_to, 1440);
	assert_null(config_class(c, "party"));
	config_free(c);
	assert_int_equal(config_load("/none/such", &c, &e), ERR_NOT_FOUND);
	assert_null(c);
}

/* ---- errors ---- */

static void
the_demonstration_sends_to_a_sandbox_only_and_at_any_hour(void **state)
{
	static const char *const classes[] = {"emergency", "personal", "duty", "notice"};
	const struct provider_config *p;
	struct config *c = NULL;
	struct err_ctx e;

	(void)state;
	assert_int_equal(config_load_demo(&c, &e), ERR_OK);
	assert_int_equal(c->provider_count, 1);
	p = &c->providers[0];
	assert_string_equal(p->driver->name, "sandbox");
	assert_true(p->driver->capability(p->account)->is_sandbox);
	assert_string_equal(c->public_url, "");
	for (int i = 0; i <= WINTEL; i++)
		assert_int_equal(served_by(c, i), 0);
	for (size_t i = 0; i < ARRAY_LEN(classes); i++) {
		const struct class_policy *class = config_class(c, classes[i]);

		assert_non_null(class);
		for (int minute = 0; minute < 1440; minute += 30)
			assert_true(class_is_open(class, minute));
	}
	config_free(c);
}

static void
an_error_of_the_server_names_its_path(void **state)
{
	static const struct {
		const char *text, *words; /* how they begin */
	} cases[] = {
		{"[]", "document: must be an object"},
		{"{\"listn\": \"\"}", "listn: is not a known key: did you mean \"listen\"?"},
		{"{\"provider\": []}", "provider: is not a known key: did you mean \"providers\"?"},
		{"{\"lease_ms\": 999}", "lease_ms: must be between 1000 and 60000, is 999"},
		{"{\"max_attempts\": 16}", "max_attempts: must be between 1 and 15, is 16"},
		{"{\"embedded_max_mb\": \"1\"}", "embedded_max_mb: must be a whole number"},
		{"{\"lists_require_purpose\": 1}",
		 "lists_require_purpose: must be true or false, is a number"},
		{"{\"lists_retention_days\": -1}",
		 "lists_retention_days: must be between 0 and 36500, is -1"},
		{"{\"data\": 1}", "data: must be a text, is a number"},
		{"{\"log_level\": \"loud\"}", "log_level: \"loud\" is no level"},
		{"{\"providers\": {}}", "providers: must be a list, is an object"},
		{"{\"route\": []}", "route: must be an object, is a list"},
		{"{\"policy\": \"/none/such\"}", "/none/such: No such file"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (strncmp(load(cases[i].text), cases[i].words, strlen(cases[i].words)) != 0)
			fail_msg("%s: %s", cases[i].text, fx.words.data);
	assert_non_null(strstr(load("{\n\"a\"}"), "line 2"));
}

/* The worked example takes 500 messages in a request; forty were agreed on, or ten, of thirty at least. */
static void
a_partner_may_have_agreed_on_smaller_requests(void **state)
{
	char *generic = example("docs/formats/generic.md", "", 0), *dump;
	json_t *p = json_loads(generic, 0, NULL), *settings = json_object_get(p, "settings");

	(void)state;
	json_object_set_new(settings, "password", json_string("hush"));
	dump = json_dumps(p, 0);
	assert_string_equal(load_providers(dump, ""), "");
	assert_int_equal(fx.config->providers[0].batch_max, 500);
	assert_false(fx.config->providers[0].is_one_carrier);
	free(dump);
	json_object_set_new(p, "batch_size", json_integer(40));
	json_object_set_new(p, "one_carrier", json_true());
	json_object_set_new(settings, "batch", json_pack("{s:i, s:i}", "min", 30, "max", 500));
	dump = json_dumps(p, 0);
	assert_string_equal(load_providers(dump, ""), "");
	assert_int_equal(fx.config->providers[0].batch_max, 40);
	assert_true(fx.config->providers[0].is_one_carrier);
	free(dump);
	json_object_set_new(p, "batch_size", json_integer(10));
	dump = json_dumps(p, 0);
	assert_non_null(strstr(load_providers(dump, ""),
			       "providers[0].batch_size: is less than the smallest batch (30)"));
	free(dump);
	free(generic);
	json_decref(p);
}

static void
an_error_of_a_provider_names_its_path(void **state)
{
	static const struct {
		const char *text, *words; /* how they begin */
	} cases[] = {
		{"1", "providers[0]: must be an object, is a number"},
		{"{}", "providers[0].name: is missing"},
		{"{\"name\": \"a\"}", "providers[0].driver: is missing"},
		{"{\"name\": \"a\", \"driver\": \"generic\", \"settings\": " SETTINGS "}",
		 "providers[0].rate: is missing"},
		{PROVIDER("a b", ""), "providers[0].name: must have 1 to 39"},
		{PROVIDER("0123456789012345678901234567890123456789", ""),
		 "providers[0].name: must have 1 to 39"},
		{PROVIDER("a", "\"ratee\": 1, "),
		 "providers[0].ratee: is not a known key: did you"},
		{PROVIDER("a", "\"concurrency\": 0, "),
		 "providers[0].concurrency: must be between"},
		{PROVIDER("a", "\"timeout_ms\": 99, "), "providers[0].timeout_ms: must be between"},
		{PROVIDER("a", "\"batch_size\": 0, "), "providers[0].batch_size: must be between"},
		{PROVIDER("a", "\"batch_size\": 2, "),
		 "providers[0].batch_size: is more than the largest request (1)"},
		{PROVIDER("a", "\"one_carrier\": 1, "),
		 "providers[0].one_carrier: must be true or"},
		{PROVIDER("a", "\"doubt_cap\": 0, "), "providers[0].doubt_cap: must be between"},
		{"{\"name\": \"a\", \"driver\": \"generic\", \"rate\": 200, \"doubt_cap\": 29, "
		 "\"settings\": {\"url\": \"https://gw.example/s\", \"shape\": \"list\", "
		 "\"batch\": {\"min\": 30, \"max\": 500}, \"body\": {\"m\": {\"$each\": {\"to\": "
		 "\"${phone}\", \"text\": \"${text}\", \"ref\": \"${reference}\"}}}, \"answer\": "
		 "{\"code\": \"c\", \"items\": {\"at\": \"r\", \"reference\": \"ref\", \"code\": "
		 "\"c\", \"id\": \"id\"}}, \"codes\": {\"0\": \"accepted\"}}}",
		 "providers[0].doubt_cap: is less than the smallest batch (30)"},
		{PROVIDER("a", "\"unit\": 0, "), "providers[0].unit: must be between"},
		{PROVIDER("a", "\"brandname\": \"UBND-ANGIANG\", "),
		 "providers[0].brandname: has more than 11 characters"},
		{PROVIDER("a", "\"token\": \"short\", "),
		 "providers[0].token: must have 16 to 63 characters"},
		{PROVIDER("a", "\"price\": 450, "), "providers[0].price: must be an object"},
		{PROVIDER("a", "\"price\": {\"viettell\": 1}, "),
		 "providers[0].price.viettell: is no carrier"},
		{PROVIDER("a", "\"price\": {\"*\": -1}, "),
		 "providers[0].price.*: must be between"},
		{PROVIDER("a", "\"price\": {\"viettel\": 0.5}, "),
		 "providers[0].price.viettel: must be a whole number"},
		{PROVIDER("a", "\"limits\": [{\"per\": \"dai\", \"most\": 1}], "),
		 "providers[0].limits[0].per: "},
		{PROVIDER("a", "\"limits\": [{\"most\": 1}], "),
		 "providers[0].limits[0].per: is missing"},
		{PROVIDER("a", "\"limits\": [{\"per\": \"day\"}], "),
		 "providers[0].limits[0].most: is missing"},
		{PROVIDER("a", "\"limits\": [{\"per\": \"day\", \"most\": 0}], "),
		 "providers[0].limits[0].most: must be between"},
		{PROVIDER("a", "\"limits\": [{\"pre\": \"day\", \"most\": 1}], "),
		 "providers[0].limits[0].pre: is not a known key: did you mean \"per\""},
		{PROVIDER("a", "\"limits\": [{\"of\": \"unit\", \"per\": \"day\", \"most\": 1}], "),
		 "providers[0].limits[0].of: what a unit may send is counted over all"},
		{PROVIDER("a", "\"limits\": [{\"per\": \"day\", \"most\": 1}, {\"counts\": "
			       "\"messages\", \"per\": \"day\", \"most\": 2}], "),
		 "providers[0].limits[1]: there is another limit of messages per day"},
		{PROVIDER("a", "") ", " PROVIDER("a", ""),
		 "providers[1]: the name \"a\" is used twice"},
		{"{\"name\": \"a\", \"driver\": \"generc\", \"rate\": 1, \"settings\": {}}", NULL},
		{"{\"name\": \"a\", \"driver\": \"generic\", \"rate\": 1, \"settings\": {}}", NULL},
		{"{\"name\": \"a\", \"driver\": \"generic\", \"rate\": 1, \"settings\": "
		 "{\"urll\": 1}}",
		 NULL},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *words = load_providers(cases[i].text, "");

		if (cases[i].words != NULL &&
		    strncmp(words, cases[i].words, strlen(cases[i].words)) != 0)
			fail_msg("%s: %s", cases[i].text, words);
		assert_string_not_equal(words, "");
	}
	/* the driver's own errors: its name, and the place in its settings */
	load_providers(cases[ARRAY_LEN(cases) - 3].text, "");
	assert_non_null(strstr(fx.words.data, "generic"));
	load_providers(cases[ARRAY_LEN(cases) - 2].text, "");
	assert_non_null(strstr(fx.words.data, "providers[0].settings.url: is missing"));
	load_providers(cases[ARRAY_LEN(cases) - 1].text, "");
	assert_non_null(strstr(fx.words.data, "providers[0].settings.urll: is not a known key"));
	assert_non_null(strstr(fx.words.data, "\"url\""));
}

static void
providers_are_at_most_sixteen(void **state)
{
	struct buf b = {0};

	(void)state;
	for (int i = 0; i < 17; i++)
		buf_addf(&b,
			 "%s{\"name\": \"p%d\", \"driver\": \"generic\", \"rate\": 1,"
			 " \"settings\": " SETTINGS "}",
			 i > 0 ? "," : "", i);
	assert_string_equal(load_providers(b.data, ""), "providers: more than 16");
	*strstr(b.data, ",{\"name\": \"p16\"") = '\0';
	assert_string_equal(load_providers(b.data, ""), "");
	assert_int_equal(config_provider(fx.config, SLICE("p15")), 15);
	assert_int_equal(config_provider(fx.config, SLICE("p16")), -1);
	buf_free(&b);
}

/* ---- route and prices ---- */

static void
a_route_names_carriers_and_the_rest(void **state)
{
	(void)state;
	/* "*" is the rest wherever it stands */
	assert_string_equal(load_providers(PROVIDER("a", "") "," PROVIDER("b", ""),
					   ", \"route\": {\"viettel\": \"b\", \"*\": \"a\","
					   " \"itel\": \"b\"}"),
			    "");
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(served_by(fx.config, i), i == VIETTEL || i == ITEL ? 1 : 0);
	assert_string_equal(load_providers(PROVIDER("a", "") "," PROVIDER("b", ""),
					   ", \"route\": {\"vinaphone\": \"b\"}"),
			    "");
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(served_by(fx.config, i), i == VINAPHONE ? 1 : -1);
	/* none is the first provider for all */
	assert_string_equal(load_providers(PROVIDER("a", "") "," PROVIDER("b", ""), ""), "");
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(served_by(fx.config, i), 0);
}

static void
a_route_to_what_is_not_there_is_an_error(void **state)
{
	(void)state;
	assert_string_equal(load_providers(PROVIDER("a", ""), ", \"route\": {\"*\": \"b\"}"),
			    "route.*: \"b\" is no provider of this file: see providers[].name");
	assert_non_null(
		strstr(load_providers(PROVIDER("a", ""), ", \"route\": {\"vietel\": \"a\"}"),
		       "route.vietel: \"vietel\": no such carrier"));
	assert_non_null(strstr(load_providers(PROVIDER("a", ""), ", \"route\": {\"*\": \"\"}"),
			       "route.*: is empty"));
	assert_non_null(strstr(load_providers(PROVIDER("a", ""), ", \"route\": {\"*\": 0}"),
			       "route.*: must be a text"));
}

static void
prices_are_by_carrier_and_for_the_rest(void **state)
{
	const int64_t *price;

	(void)state;
	/* the example of docs/FORMATS.md */
	assert_string_equal(load_providers(PROVIDER("a", "\"price\": {\"viettel\": 430, "
							 "\"mobifone\": 440, \"*\": 450}, "),
					   ""),
			    "");
	price = fx.config->providers[0].price;
	for (int i = 0; i < CARRIERS_MAX; i++)
		assert_int_equal(price[i], i == VIETTEL ? 430 : i == MOBIFONE ? 440 : 450);
	assert_string_equal(load_providers(PROVIDER("a", ""), ""), "");
	assert_int_equal(fx.config->providers[0].price[VIETTEL], 0);
}

/* ---- a server that runs ---- */

static void
secrets_are_never_shown(void **state)
{
	struct buf out = {0};
	struct err_ctx e;
	json_t *v;

	(void)state;
	assert_string_equal(load_providers(PROVIDER("a", "\"token\": \"0123456789abcdef\", "),
					   ", \"redis_password\": \"hush-hush\","
					   " \"public_url\": \"https://a\\\"b.example\""),
			    "");
	config_show(fx.config, &out);
	assert_null(strstr(out.data, "hush"));
	assert_null(strstr(out.data, "0123456789abcdef"));
	assert_int_equal(json_parse(buf_slice(&out), 10000, "show", &v, &e), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(v, "redis_password")), "***");
	assert_string_equal(json_string_value(json_object_get(v, "public_url")),
			    "https://a\"b.example");
	assert_int_equal(json_integer_value(json_object_get(v, "lease_ms")), 5000);
	json_decref(v);
	buf_reset(&out);
	/* none is shown as none */
	assert_string_equal(load("{}"), "");
	config_show(fx.config, &out);
	assert_int_equal(json_parse(buf_slice(&out), 10000, "show", &v, &e), ERR_OK);
	assert_string_equal(json_string_value(json_object_get(v, "redis_password")), "");
	json_decref(v);
	buf_free(&out);
}

static void
what_a_running_server_cannot_take_over_is_named(void **state)
{
	struct config *from;
	struct buf out = {0};

	(void)state;
	assert_string_equal(load("{}"), "");
	from = fx.config;
	fx.config = NULL;
	assert_string_equal(load("{\"log_level\": \"debug\", \"max_attempts\": 3, \"public_url\": "
				 "\"http://x\"}"),
			    "");
	config_diff_fixed(from, fx.config, &out);
	assert_int_equal(out.len, 0);
	assert_string_equal(load("{\"listen\": \"127.0.0.1:1\", \"lease_ms\": 4000,"
				 " \"redis_password\": \"x\", \"log_level\": \"debug\"}"),
			    "");
	config_diff_fixed(from, fx.config, &out);
	assert_string_equal(out.data, "listen, redis_password, lease_ms");
	buf_free(&out);
	config_free(from);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_worked_example_of_the_document_is_read),
		T(the_worked_example_of_a_provider_is_read),
		T(no_file_means_the_documented_defaults),
		T(the_demonstration_sends_to_a_sandbox_only_and_at_any_hour),
		T(an_error_of_the_server_names_its_path),
		T(a_partner_may_have_agreed_on_smaller_requests),
		T(an_error_of_a_provider_names_its_path),
		T(providers_are_at_most_sixteen),
		T(a_route_names_carriers_and_the_rest),
		T(a_route_to_what_is_not_there_is_an_error),
		T(prices_are_by_carrier_and_for_the_rest),
		T(secrets_are_never_shown),
		T(what_a_running_server_cannot_take_over_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
