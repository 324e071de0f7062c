/* SPDX-License-Identifier: MIT */
/* Sentences about a message: each end with its reasons, in both languages, written here by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "dispatcher/run/doubt.h"
#include "dispatcher/run/explain_words.h"

/* 2027-10-10 08:00:00 in Vietnam is 01:00:00 UTC; 20,736 days after 1970-01-01 are 2026-10-10. */
#define LAUNCHED ((int64_t)(20736 + 365) * 86400 + 3600)

static struct explain_run *
a_run(void)
{
	struct explain_run *r = xcalloc(1, sizeof(*r));

	snprintf(r->campaign, sizeof(r->campaign), "thang-10");
	snprintf(r->state, sizeof(r->state), "running");
	snprintf(r->class, sizeof(r->class), "notice");
	r->launched_s = LAUNCHED;
	r->status.launched_s = LAUNCHED;
	snprintf(r->status.state, sizeof(r->status.state), "running");
	r->status.partitions = r->status.tariffs = 1;
	r->status.choice[0].count = 1;
	snprintf(r->status.lane[0], sizeof(r->status.lane[0]), "a");
	r->count = 1;
	snprintf(r->messages[0].list, sizeof(r->messages[0].list), "l");
	r->messages[0].row = 5;
	r->messages[0].is_frozen = r->messages[0].is_in = true;
	r->messages[0].changed_s = LAUNCHED + 5;
	r->messages[0].record.attempt = 1;
	snprintf(r->messages[0].provider, sizeof(r->messages[0].provider), "a");
	return r;
}

static void
set_end(struct explain_run *r, enum record_state state, uint8_t reason)
{
	r->messages[0].state = r->messages[0].record.state = state;
	r->messages[0].record.reason = reason;
}

static const char *
state_of(const struct explain_run *r, enum explain_language l)
{
	static struct buf out;

	buf_reset(&out);
	explain_add_state(&out, l, r, &r->messages[0]);
	return out.data;
}

/* Behind "Dòng 5 của danh sách “l”: " and "Row 5 of the list “l”: ". */
static const struct {
	enum record_state state;
	uint8_t reason;
	const char *vi, *en;
} ends[] = {
	{RECORD_DELIVERED, REASON_NONE, "Đã đến máy lúc 08:00:05 ngày 10/10/2027, qua a",
	 "It was delivered at 2027-10-10 08:00:05, by a"},
	{RECORD_UNDELIVERABLE, REASON_RECEIPT_FAILED,
	 "a đã nhận tin nhưng không phát được, lúc 08:00:05 ngày 10/10/2027, vì báo cáo phát cho "
	 "biết "
	 "tin không đến được máy",
	 "a took it and could not deliver it, at 2027-10-10 08:00:05, because the receipt says "
	 "that it "
	 "was not delivered"},
	{RECORD_ACCEPTED, REASON_NONE,
	 "Đã gửi: a nhận tin lúc 08:00:05 ngày 10/10/2027, chưa có báo cáo phát",
	 "It was sent: a accepted it at 2027-10-10 08:00:05, and there is no receipt yet"},
	{RECORD_ACCEPTED, REASON_MARKED_SENT,
	 "Đã gửi: a nhận tin lúc 08:00:05 ngày 10/10/2027, chưa có báo cáo phát, vì một người xác "
	 "nhận "
	 "tin đã được gửi",
	 "It was sent: a accepted it at 2027-10-10 08:00:05, and there is no receipt yet, because "
	 "a "
	 "person says that it was sent"},
	{RECORD_REFUSED, REASON_BAD_RECIPIENT,
	 "Không gửi được qua a, lúc 08:00:05 ngày 10/10/2027, vì đối tác từ chối số điện thoại này",
	 "It could not be sent by a, at 2027-10-10 08:00:05, because the gateway refused the "
	 "recipient"},
	{RECORD_REFUSED, REASON_ATTEMPTS_USED,
	 "Không gửi được qua a, lúc 08:00:05 ngày 10/10/2027, vì đã dùng hết số lần gửi cho phép",
	 "It could not be sent by a, at 2027-10-10 08:00:05, because all attempts were used"},
	{RECORD_UNKNOWN, REASON_NO_ANSWER,
	 "Chưa rõ a đã nhận tin hay chưa, từ 08:00:05 ngày 10/10/2027, vì yêu cầu có thể đã đi mà "
	 "không "
	 "có câu trả lời đầy đủ",
	 "It is not known whether a took it, since 2027-10-10 08:00:05, because bytes may have "
	 "left "
	 "and no complete answer came"},
	{RECORD_EXPIRED, REASON_NONE, "Không gửi: tin hết hạn lúc 08:00:05 ngày 10/10/2027",
	 "It was not sent: it expired at 2027-10-10 08:00:05"},
	{RECORD_SKIPPED, REASON_NO_PHONE, "Không gửi, vì dòng này không có số điện thoại",
	 "It was not sent, because the row has no phone"},
	{RECORD_SKIPPED, REASON_NO_ROUTE, "Không gửi, vì không có đối tác nào phục vụ nhà mạng này",
	 "It was not sent, because no provider serves this carrier"},
	{RECORD_CANCELLED, REASON_NONE, "Không gửi, vì chiến dịch đã bị hủy",
	 "It was not sent, because the campaign was cancelled"},
	{RECORD_WAITING, REASON_NONE, "Chưa gửi: chưa đến lượt",
	 "It is not sent yet: it is not its turn yet"},
	{RECORD_SENDING, REASON_NONE, "Đang gửi qua a, lần 1, chưa có câu trả lời",
	 "It is being sent by a, attempt 1, without an answer yet"},
	{RECORD_RETRY, REASON_TEMPORARY,
	 "a chưa nhận tin ở lần 1, lúc 08:00:05 ngày 10/10/2027, vì đối tác báo tạm thời chưa "
	 "nhận; Loa "
	 "sẽ gửi lại: chưa đến lượt",
	 "a has not taken attempt 1, at 2027-10-10 08:00:05, because the gateway said try later; "
	 "it "
	 "will be sent again: it is not its turn yet"},
};

static void
each_end_has_its_sentence(void **state)
{
	struct explain_run *r = a_run();
	char wanted[600];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
		set_end(r, ends[i].state, ends[i].reason);
		snprintf(wanted, sizeof(wanted), "Dòng 5 của danh sách “l”: %s.\n", ends[i].vi);
		assert_string_equal(state_of(r, EXPLAIN_VI), wanted);
		snprintf(wanted, sizeof(wanted), "Row 5 of the list “l”: %s.\n", ends[i].en);
		assert_string_equal(state_of(r, EXPLAIN_EN), wanted);
	}
	explain_run_free(r);
}

static bool
is_ascii(const char *s)
{
	for (; *s != '\0'; s++)
		if ((unsigned char)*s > 0x7e)
			return false;
	return true;
}

static void
every_reason_is_said_in_both_languages_and_in_every_state(void **state)
{
	static const uint8_t reasons[] = {
#define X(name, number, text) number,
		RECORD_REASONS(X)
#undef X
	};
	const char *unknown = explain_reason(EXPLAIN_EN, 255);
	struct explain_run *r = a_run();

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
		const char *vi = explain_reason(EXPLAIN_VI, reasons[i]),
			   *en = explain_reason(EXPLAIN_EN, reasons[i]);

		assert_int_equal(vi[0] != '\0', reasons[i] != REASON_NONE);
		assert_int_equal(en[0] != '\0', reasons[i] != REASON_NONE);
		assert_string_not_equal(en, unknown);
		assert_true(is_ascii(en));
		assert_true(reasons[i] == REASON_NONE || !is_ascii(vi));
		for (size_t k = 0; k < i; k++) {
			assert_string_not_equal(vi, explain_reason(EXPLAIN_VI, reasons[k]));
			assert_string_not_equal(en, explain_reason(EXPLAIN_EN, reasons[k]));
		}
		for (unsigned s = 0; s < RECORD_STATE_COUNT; s++) {
			set_end(r, (enum record_state)s, reasons[i]);
			assert_non_null(strstr(state_of(r, EXPLAIN_VI), vi));
			assert_non_null(strstr(state_of(r, EXPLAIN_EN), en));
		}
	}
	explain_run_free(r);
}

static void
what_is_known_of_a_reason_is_told_with_it(void **state)
{
	struct explain_run *r = a_run();
	struct explain_message *m = &r->messages[0];

	(void)state;
	set_end(r, RECORD_SKIPPED, REASON_SAME_PHONE);
	m->same_row = 2;
	snprintf(m->same_list, sizeof(m->same_list), "k");
	assert_string_equal(
		state_of(r, EXPLAIN_VI),
		"Dòng 5 của danh sách “l”: Không gửi, vì số điện thoại này trùng với một "
		"dòng đứng trước: dòng 2 của danh sách “k”; tin gửi cho dòng đó.\n");
	set_end(r, RECORD_SKIPPED, REASON_MISSING_FIELD);
	snprintf(m->field, sizeof(m->field), "ho_ten");
	assert_non_null(strstr(state_of(r, EXPLAIN_EN), "is missing: ho_ten.\n"));
	snprintf(m->filter, sizeof(m->filter), "date_vi");
	assert_non_null(strstr(state_of(r, EXPLAIN_EN),
			       ": ho_ten (there is a value, of which the filter date_vi makes "
			       "nothing).\n"));
	m->is_field_hidden = true;
	assert_null(strstr(state_of(r, EXPLAIN_EN), "ho_ten"));
	set_end(r, RECORD_SKIPPED, REASON_CAP);
	r->cap_day = 3;
	assert_non_null(strstr(state_of(r, EXPLAIN_VI), " (nhiều nhất 3 tin trong 24 giờ).\n"));
	snprintf(r->status.caps_rule, sizeof(r->status.caps_rule), "Nghị định 91");
	assert_non_null(strstr(state_of(r, EXPLAIN_VI), "cho phép (Nghị định 91).\n"));
	set_end(r, RECORD_EXPIRED, REASON_FINISH_BY);
	assert_non_null(
		strstr(state_of(r, EXPLAIN_VI), ", vì chưa gửi kịp trước giờ phải gửi xong.\n"));
	set_end(r, RECORD_SUPPRESSED, REASON_SUPPRESSED_UNIT);
	assert_non_null(strstr(state_of(r, EXPLAIN_VI), "; nay không còn mục nào như vậy.\n"));
	snprintf(m->scope, sizeof(m->scope), "unit:7");
	snprintf(m->why_suppressed, sizeof(m->why_suppressed), "xin ngừng");
	m->suppressed_s = LAUNCHED;
	assert_string_equal(
		state_of(r, EXPLAIN_VI),
		"Dòng 5 của danh sách “l”: Không gửi, vì số này nằm trong sổ từ chối nhận "
		"tin của đơn vị gửi (phạm vi unit:7, từ 08:00:00 ngày 10/10/2027, lý do: "
		"xin ngừng).\n");
	explain_run_free(r);
}

static void
who_waits_is_told_for_what(void **state)
{
	struct explain_run *r = a_run();

	(void)state;
	set_end(r, RECORD_WAITING, REASON_NONE);
	r->messages[0].record.attempt = 0;
	snprintf(r->waiting, sizeof(r->waiting), "concurrency");
	assert_non_null(strstr(state_of(r, EXPLAIN_VI),
			       "Chưa gửi: đủ số yêu cầu đang chờ đối tác trả lời.\n"));
	r->is_closed = true;
	r->status.hours_from = 7 * 60;
	r->status.hours_to = 22 * 60;
	assert_non_null(strstr(state_of(r, EXPLAIN_VI),
			       "ngoài giờ được gửi loại tin này (07:00–22:00).\n"));
	snprintf(r->status.brake[0], sizeof(r->status.brake[0]), "12 of 50 refused");
	assert_non_null(strstr(state_of(r, EXPLAIN_EN),
			       "the brake has stopped the provider a (12 of 50 refused).\n"));
	snprintf(r->status.why, sizeof(r->status.why), "person");
	snprintf(r->status.why_by, sizeof(r->status.why_by), "nguyen.an");
	snprintf(r->status.reason, sizeof(r->status.reason), "xem lại");
	r->status.why_s = LAUNCHED + 60;
	assert_non_null(
		strstr(state_of(r, EXPLAIN_VI),
		       "đợt gửi đang dừng từ 08:01:00 ngày 10/10/2027 (nguyen.an: xem lại).\n"));
	r->status.why[0] = r->status.brake[0][0] = '\0';
	snprintf(r->waiting, sizeof(r->waiting),
		 "the freeze 3 until 2027-10-12T00:00:00+07:00: Quốc tang");
	assert_non_null(strstr(state_of(r, EXPLAIN_VI),
			       "Chưa gửi: đang trong đợt tạm ngừng gửi (3 until "
			       "2027-10-12T00:00:00+07:00: Quốc tang).\n"));
	snprintf(r->waiting, sizeof(r->waiting), "outside the hours of its class: Nghị định 91");
	assert_non_null(strstr(state_of(r, EXPLAIN_VI),
			       "ngoài giờ được gửi loại tin này (Nghị định 91).\n"));
	r->messages[0].is_in = r->messages[0].is_frozen = false;
	assert_non_null(strstr(state_of(r, EXPLAIN_VI), ": Đợt gửi chưa xét đến dòng này.\n"));
	r->messages[0].is_frozen = true;
	assert_non_null(
		strstr(state_of(r, EXPLAIN_EN), "no segment of the campaign found this row"));
	explain_run_free(r);
}

static void
attempts_doubt_and_conditions_are_sentences(void **state)
{
	struct explain_run *r = a_run();
	struct explain_message *m = &r->messages[0];
	struct explain_attempt *a = m->attempts;
	struct buf out = {0};

	(void)state;
	set_end(r, RECORD_UNKNOWN, REASON_HELD);
	snprintf(m->carrier, sizeof(m->carrier), "viettel");
	m->attempt_count = 2;
	snprintf(a[0].provider, sizeof(a[0].provider), "b");
	snprintf(a[0].code, sizeof(a[0].code), "21");
	a[0].phase = RECORD_RETRY;
	a[0].answered_s = LAUNCHED + 1;
	snprintf(a[1].provider, sizeof(a[1].provider), "a");
	a[1].phase = RECORD_UNKNOWN;
	m->doubt = (struct explain_doubt){true, DOUBT_WAIT, LAUNCHED + 3600};
	m->segment_count = 1;
	snprintf(m->segments[0].name, sizeof(m->segments[0].name), "s");
	m->segments[0].answer = QUERY_NO;
	m->segments[0].count = 2;
	m->segments[0].conditions[0].text = xstrdup("xa = 'A'");
	snprintf(m->segments[0].conditions[0].missing, 64, "xa");
	m->segments[0].conditions[1].text = xstrdup("");
	m->segments[0].conditions[1].is_hidden = true;
	explain_add_run(&out, EXPLAIN_VI, r);
	assert_string_equal(
		out.data,
		"Chiến dịch “thang-10” (loại tin notice) bắt đầu gửi lúc 08:00:00 ngày 10/10/2027; "
		"hiện "
		"nay: đang gửi.\n"
		"Dòng 5 của danh sách “l”: Chưa rõ a đã nhận tin hay chưa, từ 08:00:05 ngày "
		"10/10/2027, vì "
		"không được phép tự động gửi lại.\n"
		"Không thuộc nhóm “s”, vì không đúng điều kiện: xa = 'A' (cột xa để trống); một "
		"điều kiện "
		"về cột nhạy cảm, không nêu ở đây.\n"
		"Nhà mạng: viettel (theo đầu số); đối tác: a, đối tác duy nhất của tuyến này.\n"
		"Lần 1 qua b: được yêu cầu gửi lại sau; mã trả lời 21; trả lời lúc 08:00:01 ngày "
		"10/10/2027.\n"
		"Lần 2 qua a: chưa rõ.\n"
		"Chưa lặp lại: trước 09:00:00 ngày 10/10/2027 câu trả lời vẫn có thể đến.\n");
	buf_free(&out);
	explain_run_free(r);
}

static void
a_campaign_that_was_not_launched_says_in_which_state_it_is(void **state)
{
	static const struct {
		const char *state, *vi;
	} states[] = {
		{"draft", "bản nháp"},	       {"submitted", "đang chờ duyệt"},
		{"returned", "đã bị trả lại"}, {"approved", "đã duyệt"},
		{"missed", "lỡ giờ gửi"},
	};
	struct explain_run *r = a_run();
	struct buf out = {0};
	char wanted[200];

	(void)state;
	r->launched_s = 0;
	r->count = 0;
	for (size_t i = 0; i < ARRAY_LEN(states); i++) {
		snprintf(r->state, sizeof(r->state), "%s", states[i].state);
		buf_reset(&out);
		explain_add_run(&out, EXPLAIN_VI, r);
		snprintf(wanted, sizeof(wanted),
			 "Chiến dịch “thang-10” (loại tin notice) chưa gửi: %s.\n", states[i].vi);
		assert_string_equal(out.data, wanted);
	}
	snprintf(r->state, sizeof(r->state), "scheduled");
	r->due_s = LAUNCHED;
	buf_reset(&out);
	explain_add_run(&out, EXPLAIN_EN, r);
	assert_string_equal(out.data, "The campaign “thang-10” (class notice) was not launched: "
				      "scheduled, due at 2027-10-10 08:00:00.\n");
	buf_free(&out);
	explain_run_free(r);
}

static void
what_a_lane_waits_for_has_the_words_of_the_documentation(void **state)
{
	(void)state;
	assert_string_equal(explain_waiting(EXPLAIN_VI, "rate of 3 parts a second of provider a"),
			    "đang gửi đúng tốc độ hợp đồng");
	assert_string_equal(
		explain_waiting(EXPLAIN_VI, "the day's 500 messages of provider a are used up"),
		"đã hết hạn mức trong ngày");
	assert_string_equal(explain_waiting(EXPLAIN_EN, "retry later"), "retry later");
	assert_string_equal(explain_waiting(EXPLAIN_VI, "something new"), "something new");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_end_has_its_sentence),
		cmocka_unit_test(every_reason_is_said_in_both_languages_and_in_every_state),
		cmocka_unit_test(what_is_known_of_a_reason_is_told_with_it),
		cmocka_unit_test(who_waits_is_told_for_what),
		cmocka_unit_test(attempts_doubt_and_conditions_are_sentences),
		cmocka_unit_test(a_campaign_that_was_not_launched_says_in_which_state_it_is),
		cmocka_unit_test(what_a_lane_waits_for_has_the_words_of_the_documentation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
