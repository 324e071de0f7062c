/* SPDX-License-Identifier: MIT */
/*
 * Every route: which roles may use it, and what a request names, of which it is asked whose it is. The
 * rows were written by hand, from docs/ACCOUNTS.md; a route that has none here is a failure.
 */
#include "tests/unit/dispatcher/api/http_fixture.h"

#include "dispatcher/api/guard.h"
#include "dispatcher/api/private.h"

/* Roles: v viewer, a author, p approver, o operator, A administrator; * whoever is known. */
#define ALL "vapoA"
#define STOP "apoA"

/*
 * objects: kind and use of each, with the name: r read, o own, m make, p place, w rows. ~ = things that
 * its unit sees are told.
 */
struct row {
	const char *method, *route, *roles;
	const char *path, *body; /* of a request; NULL: the route's, with x for each parameter */
	const char *objects;
};

#define SAVED                                                                       \
	"{\"list\":\"l\",\"query\":\"segment('s') AND in_list('m') AND state('c', " \
	"'sent')\",\"unit\":7}"

static const struct row rows[] = {
	{"GET", "/metrics", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/config", "A", NULL, NULL, "root:o:1"},
	{"POST", "/backup", "A", NULL, NULL, "root:o:1"},
	{"POST", "/token", "A", NULL, NULL, "root:o:1"},
	{"GET", "/providers", ALL, NULL, NULL, ""},
	{"GET", "/providers/{name}/balance", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/providers/{name}/receipts/unknown", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/lists", ALL, NULL, NULL, "~"},
	{"GET", "/lists/{name}", ALL, NULL, NULL, "list:o:x"},
	{"PATCH", "/lists/{name}", "aA", NULL, "{\"unit\":7}", "list:o:x"},
	{"DELETE", "/lists/{name}", "aA", NULL, NULL, "list:o:x"},
	{"GET", "/lists/{name}/uses", ALL, NULL, NULL, "list:o:x"},
	{"GET", "/lists/{name}/rejects", "aA", NULL, NULL, "list:o:x"},
	{"GET", "/lists/{name}/rows", ALL, NULL, NULL, "list:o:x"},
	{"POST", "/lists/{name}/rows/remove", "aA", NULL, "{\"where\":\"in_list('m')\"}",
	 "list:o:x list:o:m"},
	{"POST", "/lists/{name}/columns", "aA", NULL, NULL, "list:o:x"},
	{"POST", "/lists/{name}/undo", "aA", NULL, NULL, "list:o:x"},
	{"POST", "/lists/{name}/redo", "aA", NULL, NULL, "list:o:x"},
	{"POST", "/imports", "aA", NULL, "{\"list\":\"l\",\"unit\":7}", "list:m:l unit:p:7"},
	/* of who began it: imports.c looks */
	{"PUT", "/imports/{id}", "aA", NULL, NULL, ""},
	{"POST", "/imports/{id}/next", "aA", NULL, NULL, ""},
	{"POST", "/imports/{id}/commit", "aA", NULL, NULL, ""},
	{"DELETE", "/imports/{id}", "aA", NULL, NULL, ""},
	{"GET", "/count", ALL, "/api/v1/count?list=l&query=reached_by('c')", NULL,
	 "list:o:l campaign:o:c"},
	{"POST", "/count", ALL, NULL, "{\"list\":\"l\",\"query\":\"segment('s')\"}",
	 "list:o:l segment:w:s"},
	{"GET", "/segments", ALL, NULL, NULL, "~"},
	{"PUT", "/segments/{name}", "aA", NULL, SAVED,
	 "segment:m:x list:o:l list:o:m campaign:o:c segment:w:s unit:p:7"},
	{"GET", "/segments/{name}", ALL, NULL, NULL, "segment:r:x"},
	{"DELETE", "/segments/{name}", "aA", NULL, NULL, "segment:o:x"},
	{"GET", "/segments/{name}/count", ALL, NULL, NULL, "segment:w:x"},
	{"GET", "/segments/{name}/sample", ALL, NULL, NULL, "segment:w:x"},
	{"GET", "/segments/{name}/breakdown", ALL, NULL, NULL, "segment:w:x"},
	{"GET", "/templates", ALL, NULL, NULL, "~"},
	{"PUT", "/templates/{name}", "aA", "/api/v1/templates/x?unit=7", "text",
	 "template:m:x unit:p:7"},
	{"GET", "/templates/{name}", ALL, NULL, NULL, "template:r:x"},
	{"GET", "/templates/{name}/set", ALL, NULL, NULL, "template:r:x"},
	{"GET", "/templates/{name}/diff", ALL, NULL, NULL, "template:r:x"},
	{"GET", "/brandnames", ALL, NULL, NULL, ""},
	{"PUT", "/brandnames", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/brandnames/{name}", ALL, NULL, NULL, ""},
	{"DELETE", "/brandnames/{name}", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/patterns", ALL, NULL, NULL, ""},
	{"POST", "/patterns", "oA", NULL, NULL, "root:o:1"},
	{"POST", "/patterns/check", ALL, NULL, "{\"template\":\"t\",\"list\":\"l\"}", "list:o:l"},
	{"GET", "/patterns/{name}", ALL, NULL, NULL, ""},
	{"DELETE", "/patterns/{name}", "oA", NULL, NULL, "root:o:1"},
	{"GET", "/content", ALL, NULL, NULL, ""},
	{"POST", "/erase", "A", NULL, NULL, "root:o:1"},
	{"GET", "/suppressions", ALL, NULL, NULL, "~"},
	{"POST", "/suppressions", "aoA", NULL, "{\"scope\":\"unit:7\"}", "unit:p:7"},
	{"POST", "/suppressions/remove", "aoA", NULL, "{\"scope\":\"class:advert\"}", "root:o:1"},
	{"GET", "/campaigns", ALL, NULL, NULL, "~"},
	{"POST", "/campaigns", "aA", NULL,
	 "{\"template\":\"t\",\"segments\":[\"s\",\"r\",\"s\"],\"unit\":7}",
	 "template:r:t segment:w:s segment:w:r unit:p:7"},
	{"GET", "/campaigns/{id}", ALL, NULL, NULL, "campaign:o:x"},
	{"PUT", "/campaigns/{id}", "aA", NULL,
	 "{\"template\":\"t\",\"segments\":[\"s\"],\"unit\":7}",
	 "campaign:o:x template:r:t segment:w:s unit:p:7"},
	{"DELETE", "/campaigns/{id}", "aA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/submit", "aA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/approve", "pA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/return", "apA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/preview", ALL, NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/test", "aA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/launch", "pA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/speed", "oA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/weight", "oA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/pause", STOP, NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/resume", "poA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/cancel", "poA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/unschedule", STOP, NULL, NULL, "campaign:o:x"},
	{"GET", "/campaigns/{id}/retry", ALL, NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/retry", "pA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/clone", "aA", NULL, NULL, "campaign:o:x"},
	{"GET", "/campaigns/{id}/events", ALL, NULL, NULL, "campaign:o:x"},
	{"GET", "/campaigns/{id}/report", ALL, NULL, NULL, "campaign:o:x"},
	{"GET", "/campaigns/{id}/doubt", ALL, NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/doubt/resend", "oA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/doubt/mark", "oA", NULL, NULL, "campaign:o:x"},
	{"POST", "/campaigns/{id}/doubt/import", "oA", NULL, NULL, "campaign:o:x"},
	{"GET", "/audit", "A", NULL, NULL, "root:o:1"},
	{"POST", "/messages", "pA", NULL,
	 "{\"messages\":[{\"template\":\"t\"},{\"template\":\"u\"}],\"unit\":7}",
	 "unit:p:7 template:r:t template:r:u"},
	/* a number that is none of ours names nothing; e2e has those that do */
	{"GET", "/messages/{id}", ALL, NULL, NULL, ""},
	{"GET", "/report", ALL, NULL, NULL, "~"},
	{"GET", "/explain", ALL, "/api/v1/explain?phone=0912345678&campaign=c", NULL,
	 "~ campaign:o:c"},
	{"GET", "/campaigns/{id}/results", ALL, NULL, NULL, "campaign:o:x"},
	{"GET", "/session", "*", NULL, NULL, ""},
	{"DELETE", "/session", "*", NULL, NULL, ""},
	{"GET", "/units", ALL, NULL, NULL, ""},
	{"POST", "/units", "A", NULL, "{\"name\":\"n\",\"under\":7}", "unit:p:7"},
	{"PATCH", "/units/{id}", "A", NULL, "{\"under\":\"So\"}", "unit:o:x unit:p:So"},
	{"POST", "/units/{id}/things", "A", NULL, "{\"kind\":\"list\",\"name\":\"l\"}",
	 "unit:p:x list:o:l"},
	{"DELETE", "/units/{id}", "A", NULL, NULL, "unit:o:x"},
	{"GET", "/users", "A", NULL, NULL, ""},
	{"POST", "/users", "A", NULL, "{\"name\":\"n\",\"unit\":7}", "unit:p:7"},
	{"GET", "/users/{name}", "A", NULL, NULL, "user:o:x"},
	{"PATCH", "/users/{name}", "A", NULL, "{\"unit\":\"So\"}", "user:o:x unit:p:So"},
	{"POST", "/users/{name}/password", "A", NULL, NULL, "user:o:x"},
	{"GET", "/deputies", "pA", NULL, NULL, ""},
	{"POST", "/deputies", "pA", NULL, "{\"deputy\":\"an\",\"of\":\"binh\"}",
	 "user:o:an user:o:binh"},
	{"DELETE", "/deputies/{name}", "pA", NULL, NULL, "user:o:x"},
	{"GET", "/tokens", "A", NULL, NULL, ""},
	{"POST", "/tokens", "A", NULL, "{\"user\":\"an\"}", "user:o:an"},
	{"DELETE", "/tokens/{id}", "A", NULL, NULL, "token:o:x"},
	{"GET", "/freezes", ALL, NULL, NULL, "~"},
	{"POST", "/freezes", "oA", NULL, "{\"unit\":7}", "unit:p:7"},
	{"PATCH", "/freezes/{id}", "oA", NULL, "{\"to\":\"x\"}", "freeze:o:x"},
	{"POST", "/freezes/{id}/end", "oA", NULL, NULL, "freeze:o:x"},
	{"GET", "/alerts", ALL, NULL, NULL, "~"},
	{"GET", "/alerts/{id}", ALL, NULL, NULL, "alert:o:x"},
	{"POST", "/alerts/{id}/ack", "poA", NULL, NULL, "alert:o:x"},
};

static const struct row *
row_of(const struct http_route *r)
{
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *path = r->path;

		if (strncmp(path, "/api/v1", 7) == 0)
			path += 7;
		if (strcmp(rows[i].method, r->method) == 0 && strcmp(rows[i].route, path) == 0)
			return &rows[i];
	}
	return NULL;
}

static void
each_role_may_what_it_is_for(void **state)
{
	static const struct {
		char letter;
		const char *role;
	} roles[] = {{'v', "viewer"},
		     {'a', "author"},
		     {'p', "approver"},
		     {'o', "operator"},
		     {'A', "administrator"}};
	size_t count, asked = 0;
	const struct http_route *routes_of = api_routes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		const struct http_route *r = &routes_of[i];
		const struct row *row = row_of(r);

		if (!r->needs_auth) {
			assert_null(row);
			continue;
		}
		if (row == NULL)
			fail_msg("%s %s has no row here", r->method, r->path);
		for (size_t k = 0; k < ARRAY_LEN(roles); k++) {
			bool may = r->needs == 0 ||
				   (roles_rights(slice_of(roles[k].role)) & r->needs) != 0;
			bool wanted =
				row->roles[0] == '*' || strchr(row->roles, roles[k].letter) != NULL;

			asked++;
			if (may != wanted)
				fail_msg("%s %s: %s %s", r->method, r->path, roles[k].role,
					 may ? "may" : "may not");
		}
	}
	assert_int_equal(asked, ARRAY_LEN(rows) * ARRAY_LEN(roles));
}

/* Without who may ask, these would be open. */
static void
only_health_hooks_and_the_login_are_open(void **state)
{
	static const char *const open[] = {"/healthz", "/readyz", "/api/v1/session",
					   "/hooks/receipt/{provider}/{token}",
					   "/sandbox/{provider}/{token}"};
	size_t count;
	const struct http_route *routes_of = api_routes(&count);

	(void)state;
	for (size_t i = 0; i < count; i++) {
		bool is_known = routes_of[i].needs_auth;

		for (size_t k = 0; k < ARRAY_LEN(open); k++)
			is_known = is_known || strcmp(routes_of[i].path, open[k]) == 0;
		if (!is_known)
			fail_msg("%s %s is open", routes_of[i].method, routes_of[i].path);
	}
}

/* Answers what it found instead of letting anybody in. */
static void
tell_objects(void *arg, struct http_exchange *x, struct slice token)
{
	static const char uses[] = {[USE_READ] = 'r',
				    [USE_OWN] = 'o',
				    [USE_MAKE] = 'm',
				    [USE_PLACE] = 'p',
				    [USE_ROWS] = 'w'};
	static const uint8_t key[32];
	struct guard_objects found;
	struct buf out = {0};

	(void)arg;
	(void)token;
	guard_collect(x, key, &found);
	if (guard_wants_below(http_route(x)->guard))
		buf_addc(&out, '~');
	for (size_t i = 0; i < found.n; i++)
		buf_addf(&out, "%s%s:%c:%s", out.len > 0 ? " " : "", found.v[i].kind,
			 uses[found.v[i].use], found.v[i].name);
	http_answer_buf(x, 200, "text/plain", out.len > 0 ? buf_slice(&out) : SLICE(""));
	buf_free(&out);
}

/* The route's path with x for each parameter. */
static const char *
plain_path(const struct http_route *r, char out[200])
{
	size_t n = 0;
	bool is_in = false;

	for (const char *p = r->path; *p != '\0'; p++) {
		if (*p == '{')
			out[n++] = 'x';
		is_in = *p == '{' || (is_in && p[-1] != '}');
		if (!is_in && *p != '}')
			out[n++] = *p;
	}
	out[n] = '\0';
	return out;
}

static void
serve_the_table(void)
{
	struct http_options o = options();
	struct err_ctx e;

	http_server_free(fx.server);
	o.routes = api_routes(&o.route_count);
	o.authorise = tell_objects;
	assert_int_equal(http_server_new(fx.loop, &o, &fx.server, &e), ERR_OK);
}

static void
what_a_request_names_is_found(void **state)
{
	size_t count;
	const struct http_route *routes_of = api_routes(&count);

	(void)state;
	serve_the_table();
	for (size_t i = 0; i < count; i++) {
		const struct row *row = row_of(&routes_of[i]);
		char path[200], request[1000];
		const char *body = row != NULL && row->body != NULL ? row->body : "";
		struct client c;
		const char *got;

		if (row == NULL)
			continue;
		snprintf(request, sizeof(request),
			 "%s %s HTTP/1.1\r\nHost: loa\r\nContent-Length: %zu\r\n\r\n%s",
			 row->method,
			 row->path != NULL ? row->path : plain_path(&routes_of[i], path),
			 strlen(body), body);
		for (char *p = request; *p != '\r'; p++)
			if (*p == ' ' && p > request + 8 && strncmp(p, " HTTP", 5) != 0)
				*p = '+';
		c = client_tcp();
		client_say(&c, request);
		got = client_answer(&c);
		if (strcmp(got, row->objects) != 0)
			fail_msg("%s %s names %s, wanted %s", row->method, row->route, got,
				 row->objects);
		client_close(&c);
	}
}

static void
bodies_that_are_none_name_nothing_and_long_ones_are_bounded(void **state)
{
	struct buf b = {0}, request = {0};
	struct client c;

	(void)state;
	serve_the_table();
	expect("POST /api/v1/campaigns HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n{\"a\":",
	       "HTTP/1.1 200 ", "");
	/* a key twice is no body, whichever of them the handler would take */
	expect("POST /api/v1/messages HTTP/1.1\r\nHost: a\r\nContent-Length: 21\r\n\r\n"
	       "{\"unit\":7, \"unit\":8} ",
	       "HTTP/1.1 200 ", "");
	buf_adds(&b, "{\"segments\":[");
	for (int i = 0; i < 500; i++)
		buf_addf(&b, "%s\"s%d\"", i > 0 ? "," : "", i);
	buf_adds(&b, "]}");
	buf_addf(&request,
		 "POST /api/v1/campaigns HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n%s",
		 b.len, b.data);
	c = client_tcp();
	client_say(&c, request.data);
	assert_int_equal(count(client_answer(&c), "segment:w:"), 96);
	client_close(&c);
	buf_free(&b);
	buf_free(&request);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_role_may_what_it_is_for),
		TEST(only_health_hooks_and_the_login_are_open),
		TEST(what_a_request_names_is_found),
		TEST(bodies_that_are_none_name_nothing_and_long_ones_are_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
