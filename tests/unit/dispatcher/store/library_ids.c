/* SPDX-License-Identifier: MIT */
/*
 * Receipts in the real Lua: by reference, by the gateway's id, for one member of a request or all
 * of them; before the answer, after it, twice and contradicting. Expected states come from the
 * order in dispatcher/store/record.h.
 */
#include "tests/unit/dispatcher/store/receipts_fixture.h"

/* ---- every order gives one state ---- */

enum by { BY_REFERENCE, BY_ID, BY_REQUEST };

enum event { EVENT_ANSWER, EVENT_ACCEPTED, EVENT_DELIVERED, EVENT_UNDELIVERABLE, EVENT_DOUBLED };
#define EVENTS 5
#define ORDERS 120 /* 5! */

static void
happen(enum event what, enum by by, unsigned rank)
{
	static const int states[EVENTS] = {0, RECORD_ACCEPTED, RECORD_DELIVERED,
					   RECORD_UNDELIVERABLE, RECORD_DELIVERED};
	static const char *const phones[] = {"84911111111"};
	char id[16], permit_id[16];
	const char *const ids[] = {id};
	struct answer q = {.first = rank, .permit = permit_id, .classes = "A"};

	snprintf(id, sizeof(id), "gw-%u", rank);
	snprintf(permit_id, sizeof(permit_id), "p%u", rank);
	q.ids = by == BY_ID ? ids : NULL;
	q.phones = by == BY_REQUEST ? phones : NULL;
	q.is_by_request = by == BY_REQUEST;
	if (what == EVENT_ANSWER)
		answered(&q);
	else
		report(by == BY_REQUEST, by == BY_ID ? -1 : (int)rank, by == BY_ID ? id : "",
		       by == BY_REQUEST ? phones[0] : "", states[what]);
}

/* The n-th order of the events. */
static void
play_order(unsigned n, enum by by, unsigned rank)
{
	enum event left[EVENTS] = {EVENT_ANSWER, EVENT_ACCEPTED, EVENT_DELIVERED,
				   EVENT_UNDELIVERABLE, EVENT_DOUBLED};

	for (unsigned k = EVENTS; k > 0; k--) {
		unsigned at = n % k;

		n /= k;
		happen(left[at], by, rank);
		memmove(&left[at], &left[at + 1], (k - at - 1) * sizeof(left[0]));
	}
}

static void
every_order_gives_one_record(enum by by)
{
	uint8_t phone[FOREIGN_PHONE_BYTES];

	foreign_phone(SLICE("84911111111"), key, phone);
	if (by == BY_REQUEST)
		fx.phones = (struct slice){(const char *)phone, sizeof(phone)};
	launch_run(ORDERS);
	COMMAND("HSET", "loa:lane:gw", "concurrency", "1000");
	claim("inc-1", ORDERS);
	for (unsigned i = 0; i < ORDERS; i++) {
		char id[16];
		struct record r;

		snprintf(id, sizeof(id), "p%u", i);
		permitted(i, 1, id);
		play_order(i, by, i);
		r = record_of(i);
		assert_int_equal(r.state, RECORD_DELIVERED);
		assert_int_equal(r.reason, REASON_NONE);
		assert_int_equal(r.attempt, 1);
		assert_int_equal(r.parts, 1);
		assert_int_equal(r.flags, 0);
	}
	fx.phones = (struct slice){0};
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "delivered"), "120");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "parts:0"), "120");
	assert_string_equal(COMMAND("HGET", "loa:run:1:count", "undeliverable"), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:parked:gw"), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:unknown:gw"), "0");
}

static void
receipts_by_reference_give_one_record_in_every_order(void **state)
{
	(void)state;
	every_order_gives_one_record(BY_REFERENCE);
}

static void
receipts_by_id_give_one_record_in_every_order(void **state)
{
	(void)state;
	every_order_gives_one_record(BY_ID);
}

static void
receipts_by_a_requests_reference_give_one_record_in_every_order(void **state)
{
	(void)state;
	every_order_gives_one_record(BY_REQUEST);
}

/* ---- one id or one reference for many ---- */

static const char *const three_phones[] = {"84911111111", "84922222222", "84933333333"};

static void
an_id_and_a_phone_find_one_member_of_a_request(void **state)
{
	static const char *const ids[] = {"batch-1", "batch-1", "batch-1"};
	struct answer q = {.permit = "p1", .classes = "AAN", .ids = ids, .phones = three_phones};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	permitted(0, 3, "p1");
	answered(&q);
	assert_string_equal(report(false, -1, "batch-1", "84922222222", RECORD_DELIVERED),
			    "[1, 0, 0, 0]");
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "delivered");
	/* Without a phone all are meant that were taken. */
	assert_string_equal(report(false, -1, "batch-1", "", RECORD_UNDELIVERABLE), "[2, 0, 0, 0]");
	assert_string_equal(state_of(0), "undeliverable");
	assert_string_equal(state_of(1), "delivered");
	assert_string_equal(state_of(2), "refused");
	/* A phone that was not in the request is nobody's. */
	assert_string_equal(report(false, -1, "batch-1", "84944444444", RECORD_DELIVERED),
			    "[0, 0, 1, 0]");
}

static void
a_requests_reference_stands_for_its_members_also_in_doubt(void **state)
{
	struct answer q = {
		.permit = "p1", .classes = "UUU", .phones = three_phones, .is_by_request = true};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	permitted(0, 3, "p1");
	/* On the wire: the request record has the members. */
	assert_string_equal(report(true, 0, "", "", RECORD_ACCEPTED), "[3, 0, 0, 0]");
	assert_string_equal(state_of(2), "accepted");
	answered(&q);
	assert_string_equal(report(true, 0, "", "84933333333", RECORD_DELIVERED), "[1, 0, 0, 0]");
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(2), "delivered");
}

static void
a_permit_keeps_the_phones_of_a_request_whose_sender_dies(void **state)
{
	struct ask q = {.inc = "inc-1", .permit = "p1", .count = 3, .attempt = 1};
	struct buf phones = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		uint8_t hash[FOREIGN_PHONE_BYTES];

		foreign_phone(slice_of(three_phones[i]), key, hash);
		buf_add(&phones, hash, sizeof(hash));
	}
	launch_run(3);
	claim("inc-1", 3);
	fx.phones = buf_slice(&phones);
	assert_true(is_go(permit(&q)));
	fx.phones = (struct slice){0};
	move_clock(6000);
	hello("inc-2");
	claim("inc-2", 3);
	assert_string_equal(state_of(1), "unknown");
	assert_string_equal(report(true, 0, "", "84922222222", RECORD_DELIVERED), "[1, 0, 0, 0]");
	assert_string_equal(state_of(0), "unknown");
	assert_string_equal(state_of(1), "delivered");
	buf_free(&phones);
}

/* The log is one receipt of partition 0, seconds since the launch behind its members: few of them. */
static void
is_logged(const char *members)
{
	const char *log = COMMAND("LRANGE", "loa:run:1:log", "0", "-1");
	char wanted[200];
	unsigned seconds = 1000;
	int end = 0;

	snprintf(wanted, sizeof(wanted), "[[\"receipt\",0,%s,", members);
	assert_memory_equal(log, wanted, strlen(wanted));
	assert_int_equal(sscanf(log + strlen(wanted), "%u]]%n", &seconds, &end), 1);
	assert_true(end > 0 && seconds < 60);
	assert_int_equal(log[strlen(wanted) + (size_t)end], '\0');
}

static void
an_early_receipt_for_one_member_waits_for_the_answer(void **state)
{
	static const char *const ids[] = {"b1", "b1", ""};
	struct answer q = {.permit = "p1", .classes = "AAU", .ids = ids, .phones = three_phones};

	(void)state;
	launch_run(3);
	claim("inc-1", 3);
	permitted(0, 3, "p1");
	assert_string_equal(report(false, -1, "b1", "84922222222", RECORD_DELIVERED),
			    "[0, 1, 0, 0]");
	assert_string_equal(report(false, -1, "b1", "84922222222", RECORD_DELIVERED),
			    "[0, 1, 0, 0]");
	answered(&q);
	assert_string_equal(state_of(0), "accepted");
	assert_string_equal(state_of(1), "delivered");
	assert_string_equal(state_of(2), "unknown");
	assert_string_equal(COMMAND("EXISTS", "loa:parked:gw"), "0");
	is_logged("[[1,1,\"b1\",\"c5\"]]");
}

/* ---- not known ---- */

static void
what_nobody_asked_for_in_time_is_kept_as_unknown(void **state)
{
	(void)state;
	launch_run(1);
	assert_string_equal(report(false, -1, "lost", "", RECORD_DELIVERED), "[0, 1, 0, 0]");
	move_clock(899000);
	assert_string_equal(call_words("receipts", "gw " KEEP_S " 0"), "[0, 0, 0, 0]");
	move_clock(2000);
	assert_string_equal(call_words("receipts", "gw " KEEP_S " 0"), "[0, 0, 1, 0]");
	assert_non_null(
		strstr(COMMAND("LRANGE", "loa:unknown:gw", "0", "-1"), ",\"lost\",\"c5\"]"));
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "receipts_unknown"), "1");
	assert_string_equal(COMMAND("EXISTS", "loa:parked:gw"), "0");
	assert_string_equal(COMMAND("EXISTS", "loa:parked:gw:since"), "0");
}

static void
the_list_of_the_unknown_is_bounded(void **state)
{
	(void)state;
	launch_run(1);
	for (int i = 0; i < 1010; i++)
		report(false, 5000, "", "", RECORD_DELIVERED);
	assert_string_equal(COMMAND("LLEN", "loa:unknown:gw"), "1000");
	assert_string_equal(COMMAND("HGET", "loa:lane:gw", "receipts_unknown"), "1010");
}

static void
an_unknown_code_is_in_the_log_and_changes_nothing(void **state)
{
	static const char *const ids[] = {"m1"};
	struct answer q = {.permit = "p1", .classes = "A", .ids = ids};

	(void)state;
	launch_run(1);
	claim("inc-1", 1);
	permitted(0, 1, "p1");
	answered(&q);
	assert_string_equal(report(false, -1, "m1", "", 0), "[0, 0, 0, 1]");
	assert_string_equal(state_of(0), "accepted");
	is_logged("[[0,1,\"m1\",\"c0\"]]");
}

/* ---- the table ---- */

static void
fill(unsigned from, unsigned to)
{
	for (unsigned first = from; first < to; first += 500) {
		char text[500][16];
		const char *ids[500];
		char classes[501] = {0};
		struct answer q = {.first = first, .permit = "p", .classes = classes, .ids = ids};

		for (unsigned i = 0; i < 500; i++) {
			snprintf(text[i], sizeof(text[i]), "%d-%u", (int)fx.run, first + i);
			ids[i] = text[i];
			classes[i] = 'A';
		}
		answered(&q);
	}
}

static int64_t
table_bytes(void)
{
	int64_t n = 0;

	slice_to_i64(slice_of(COMMAND("EVAL",
				      "local n = 0 for _, k in ipairs(redis.call('KEYS', "
				      "'loa:ids:*')) do n = n + redis.call('MEMORY', 'USAGE', k, "
				      "'SAMPLES', '0') end return n",
				      "0")),
		     &n);
	return n;
}

/* So many ids, rising; the words of the command line where there are any: bench/ids. */
static unsigned at[8] = {100000, 150000, 200000};
static size_t at_count = 3;

static void
an_id_costs_at_most_25_bytes_and_expires(void **state)
{
	int64_t ttl = 0;
	unsigned from = 0;

	(void)state;
	/* Requests of 500 stay inside a string of 4,096 records. */
	launch_run(4096);
	for (size_t i = 0; i < at_count; i++) {
		for (; from < at[i]; from += 4000) {
			if (from > 0)
				launch_run(4096);
			fill(0, 4000);
		}
		print_message("%u ids: %.1f bytes each\n", at[i], (double)table_bytes() / at[i]);
		assert_in_range(table_bytes(), 10 * at[i], 25 * at[i]);
	}
	slice_to_i64(slice_of(COMMAND("EVAL",
				      "local least = 1e9 for _, k in ipairs(redis.call('KEYS', "
				      "'loa:ids:gw:*')) do least = math.min(least, "
				      "redis.call('TTL', k)) end return least",
				      "0")),
		     &ttl);
	/* Four days, and the day that its generation may stay open. */
	assert_in_range(ttl, 345600 + 86400 - 120, 345600 + 86400);
}

static void
a_generation_of_yesterday_is_still_found_and_expired_ones_are_forgotten(void **state)
{
	static const char *const ids[] = {"a"}, *const later[] = {"b"};
	struct answer q = {.permit = "p1", .classes = "A", .ids = ids};

	(void)state;
	launch_run(2);
	claim("inc-1", 2);
	permitted(0, 1, "p1");
	permitted(1, 1, "p2");
	answered(&q);
	move_clock(90000 * 1000);
	q = (struct answer){.first = 1, .permit = "p2", .classes = "A", .ids = later};
	answered(&q);
	assert_string_equal(report(false, -1, "a", "", RECORD_DELIVERED), "[1, 0, 0, 0]");
	assert_string_equal(report(false, -1, "b", "", RECORD_DELIVERED), "[1, 0, 0, 0]");
	assert_string_equal(state_of(0), "delivered");
	assert_string_equal(state_of(1), "delivered");
	assert_string_equal(COMMAND("KEYS", "loa:ids:gw:3:*"), "[]");
	move_clock(6LL * 86400 * 1000);
	launch_run(1);
	q = (struct answer){.permit = "p3", .classes = "A", .ids = later};
	answered(&q);
	assert_non_null(strstr(COMMAND("EVAL",
				       "return #cmsgpack.unpack(redis.call('HGET', 'loa:ids:gw', "
				       "'generations'))",
				       "0"),
			       "1"));
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest measure[] = {T(an_id_costs_at_most_25_bytes_and_expires)};
	const struct CMUnitTest tests[] = {
		T(receipts_by_reference_give_one_record_in_every_order),
		T(receipts_by_id_give_one_record_in_every_order),
		T(receipts_by_a_requests_reference_give_one_record_in_every_order),
		T(an_id_and_a_phone_find_one_member_of_a_request),
		T(a_requests_reference_stands_for_its_members_also_in_doubt),
		T(a_permit_keeps_the_phones_of_a_request_whose_sender_dies),
		T(an_early_receipt_for_one_member_waits_for_the_answer),
		T(what_nobody_asked_for_in_time_is_kept_as_unknown),
		T(the_list_of_the_unknown_is_bounded),
		T(an_unknown_code_is_in_the_log_and_changes_nothing),
		T(an_id_costs_at_most_25_bytes_and_expires),
		T(a_generation_of_yesterday_is_still_found_and_expired_ones_are_forgotten),
	};
	int failed;

	random_init();
	for (int i = 1; i < argc && i <= (int)ARRAY_LEN(at); i++)
		at[i - 1] = (unsigned)strtoul(argv[i], NULL, 10);
	if (argc > 1)
		at_count = (size_t)argc - 1 < ARRAY_LEN(at) ? (size_t)argc - 1 : ARRAY_LEN(at);
	failed = argc > 1 ? cmocka_run_group_tests(measure, NULL, NULL)
			  : cmocka_run_group_tests(tests, NULL, NULL);
	redis_server_remove(&fx.server);
	return failed;
}
