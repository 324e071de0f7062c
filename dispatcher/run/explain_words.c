/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/explain_words.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/doubt.h"

/* The words of a language: vi, en. */
#define SAY(l, vi, en) ((l) == EXPLAIN_VI ? (vi) : (en))

void
explain_run_free(struct explain_run *r)
{
	if (r == NULL)
		return;
	for (size_t i = 0; i < r->count; i++)
		for (size_t s = 0; s < r->messages[i].segment_count; s++)
			for (size_t c = 0; c < r->messages[i].segments[s].count; c++)
				free(r->messages[i].segments[s].conditions[c].text);
	free(r);
}

/* ---- what became of a message ---- */

static const char *
or_some_provider(enum explain_language l, const char *provider)
{
	return provider[0] != '\0' ? provider : SAY(l, "đối tác", "the provider");
}

/* Behind a sentence: the reason of the record, if there is one. */
static void
add_reason(struct buf *out, enum explain_language l, const struct explain_message *m)
{
	const char *why = explain_reason(l, m->record.reason);

	if (why[0] != '\0')
		buf_addf(out, SAY(l, ", vì %s", ", because %s"), why);
}

/* Why it does not leave now. */
static void
add_wait(struct buf *out, enum explain_language l, const struct explain_run *r,
	 const struct explain_message *m)
{
	const struct run_status *s = &r->status;
	unsigned t = m->record.attempt > 0 ? m->record.provider : m->p;
	const char *brake = t < TARIFFS_MAX ? s->brake[t] : "";
	char at[48];

	if (s->why[0] != '\0') {
		buf_addf(out,
			 SAY(l, "đợt gửi đang dừng từ %s (%s%s%s)",
			     "the run has stopped since %s (%s%s%s)"),
			 explain_time(at, l, s->why_s), s->why_by[0] != '\0' ? s->why_by : s->why,
			 s->reason[0] != '\0' ? ": " : "", s->reason);
	} else if (strcmp(s->state, "paused") == 0) {
		buf_adds(out, SAY(l, "đợt gửi đang tạm dừng", "the run is paused"));
	} else if (brake[0] != '\0') {
		buf_addf(out,
			 SAY(l, "phanh đã dừng đối tác %s (%s)",
			     "the brake has stopped the provider %s (%s)"),
			 or_some_provider(l, m->provider), brake);
	} else if (strncmp(r->waiting, "the freeze", 10) == 0 ||
		   strncmp(r->waiting, "outside", 7) == 0) {
		explain_add_waiting(out, l, r->waiting);
	} else if (r->is_closed) {
		buf_addf(out,
			 SAY(l, "ngoài giờ được gửi loại tin này (%02d:%02d–%02d:%02d)",
			     "it is outside the hours of its class (%02d:%02d–%02d:%02d)"),
			 s->hours_from / 60, s->hours_from % 60, s->hours_to / 60,
			 s->hours_to % 60);
	} else if (r->waiting[0] != '\0') {
		explain_add_waiting(out, l, r->waiting);
	} else {
		buf_adds(out, SAY(l, "chưa đến lượt", "it is not its turn yet"));
	}
}

static void
add_suppression(struct buf *out, enum explain_language l, const struct explain_run *r,
		const struct explain_message *m)
{
	char at[48];

	(void)r;

	buf_addf(out, SAY(l, "Không gửi", "It was not sent"));
	add_reason(out, l, m);
	if (m->scope[0] == '\0') {
		buf_adds(out, SAY(l, "; nay không còn mục nào như vậy",
				  "; there is no such entry any more"));
		return;
	}
	buf_addf(out,
		 SAY(l, " (phạm vi %s, từ %s, lý do: %s)", " (scope %s, since %s, reason: %s)"),
		 m->scope, explain_time(at, l, m->suppressed_s), m->why_suppressed);
}

static void
add_skip(struct buf *out, enum explain_language l, const struct explain_run *r,
	 const struct explain_message *m)
{
	buf_adds(out, SAY(l, "Không gửi", "It was not sent"));
	add_reason(out, l, m);
	if (m->record.reason == REASON_SAME_PHONE && m->same_row > 0)
		buf_addf(out,
			 SAY(l, ": dòng %llu của danh sách “%s”; tin gửi cho dòng đó",
			     ": row %llu of the list “%s”, which has the message"),
			 (unsigned long long)m->same_row, m->same_list);
	if (m->record.reason == REASON_MISSING_FIELD && m->is_field_hidden)
		buf_adds(out, SAY(l, ": một cột nhạy cảm, không nêu ở đây",
				  ": a sensitive column, which is not told here"));
	else if (m->record.reason == REASON_MISSING_FIELD && m->filter[0] != '\0')
		buf_addf(out,
			 SAY(l, ": %s (có giá trị, nhưng bộ lọc %s không hiểu được)",
			     ": %s (there is a value, of which the filter %s makes nothing)"),
			 m->field, m->filter);
	else if (m->record.reason == REASON_MISSING_FIELD && m->field[0] != '\0')
		buf_addf(out, ": %s", m->field);
	if (run_rule(&r->status, m->record.reason)[0] != '\0') {
		buf_addf(out, " (%s)", run_rule(&r->status, m->record.reason));
		return;
	}
	if (m->record.reason == REASON_CAP && r->cap_day > 0)
		buf_addf(out,
			 SAY(l, " (nhiều nhất %llu tin trong 24 giờ)",
			     " (at most %llu in 24 hours)"),
			 (unsigned long long)r->cap_day);
	if (m->record.reason == REASON_CAP && r->cap_week > 0)
		buf_addf(out,
			 SAY(l, " (nhiều nhất %llu tin trong 7 ngày)", " (at most %llu in 7 days)"),
			 (unsigned long long)r->cap_week);
}

static void
add_cancelled(struct buf *out, enum explain_language l, const struct explain_run *r,
	      const struct explain_message *m)
{
	const struct run_status *s = &r->status;
	char at[48];

	buf_adds(out, SAY(l, "Không gửi, vì chiến dịch đã bị hủy",
			  "It was not sent, because the campaign was cancelled"));
	if (s->why_s > 0)
		buf_addf(out, SAY(l, " lúc %s (%s%s%s)", " at %s (%s%s%s)"),
			 explain_time(at, l, s->why_s), s->why_by, s->reason[0] != '\0' ? ": " : "",
			 s->reason);
	if (m->record.reason != REASON_NONE)
		buf_addf(out, SAY(l, "; trước đó: %s", "; before that: %s"),
			 explain_reason(l, m->record.reason));
}

static void
add_waiting(struct buf *out, enum explain_language l, const struct explain_run *r,
	    const struct explain_message *m)
{
	buf_adds(out, SAY(l, "Chưa gửi: ", "It is not sent yet: "));
	add_wait(out, l, r, m);
	if (m->record.reason != REASON_NONE)
		buf_addf(out, SAY(l, "; trước đó: %s", "; before that: %s"),
			 explain_reason(l, m->record.reason));
}

static void
add_sending(struct buf *out, enum explain_language l, const struct explain_run *r,
	    const struct explain_message *m)
{
	(void)r;
	buf_addf(out,
		 SAY(l, "Đang gửi qua %s, lần %u, chưa có câu trả lời",
		     "It is being sent by %s, attempt %u, without an answer yet"),
		 or_some_provider(l, m->provider), m->record.attempt);
	add_reason(out, l, m);
}

static void
add_retry(struct buf *out, enum explain_language l, const struct explain_run *r,
	  const struct explain_message *m)
{
	char at[48];

	buf_addf(out,
		 SAY(l, "%s chưa nhận tin ở lần %u, lúc %s", "%s has not taken attempt %u, at %s"),
		 or_some_provider(l, m->provider), m->record.attempt,
		 explain_time(at, l, m->changed_s));
	add_reason(out, l, m);
	buf_adds(out, SAY(l, "; Loa sẽ gửi lại: ", "; it will be sent again: "));
	add_wait(out, l, r, m);
}

/* A provider has said something, or not, at a time. */
static void
add_said(struct buf *out, enum explain_language l, const struct explain_run *r,
	 const struct explain_message *m)
{
	static const struct {
		const char *before[2], *between[2], *behind[2];
	} words[RECORD_STATE_COUNT] = {
		[RECORD_ACCEPTED] = {{"Đã gửi: ", "It was sent: "},
				     {" nhận tin lúc ", " accepted it at "},
				     {", chưa có báo cáo phát", ", and there is no receipt yet"}},
		[RECORD_UNKNOWN] = {{"Chưa rõ ", "It is not known whether "},
				    {" đã nhận tin hay chưa, từ ", " took it, since "},
				    {"", ""}},
		[RECORD_UNDELIVERABLE] = {{"", ""},
					  {" đã nhận tin nhưng không phát được, lúc ",
					   " took it and could not deliver it, at "},
					  {"", ""}},
		[RECORD_REFUSED] = {{"Không gửi được qua ", "It could not be sent by "},
				    {", lúc ", ", at "},
				    {"", ""}},
	};
	char at[48];

	(void)r;
	buf_addf(out, "%s%s%s%s%s", words[m->state].before[l], or_some_provider(l, m->provider),
		 words[m->state].between[l], explain_time(at, l, m->changed_s),
		 words[m->state].behind[l]);
	add_reason(out, l, m);
}

static void
add_delivered(struct buf *out, enum explain_language l, const struct explain_run *r,
	      const struct explain_message *m)
{
	char at[48];

	(void)r;
	buf_addf(out, SAY(l, "Đã đến máy lúc %s, qua %s", "It was delivered at %s, by %s"),
		 explain_time(at, l, m->changed_s), or_some_provider(l, m->provider));
	add_reason(out, l, m);
}

static void
add_expired(struct buf *out, enum explain_language l, const struct explain_run *r,
	    const struct explain_message *m)
{
	char at[48];

	(void)r;
	buf_addf(out, SAY(l, "Không gửi: tin hết hạn lúc %s", "It was not sent: it expired at %s"),
		 explain_time(at, l, m->changed_s));
	add_reason(out, l, m);
}

typedef void (*add_state_fn)(struct buf *out, enum explain_language l, const struct explain_run *r,
			     const struct explain_message *m);

static const add_state_fn of_state[RECORD_STATE_COUNT] = {
	[RECORD_WAITING] = add_waiting,	   [RECORD_SENDING] = add_sending,
	[RECORD_RETRY] = add_retry,	   [RECORD_ACCEPTED] = add_said,
	[RECORD_UNKNOWN] = add_said,	   [RECORD_DELIVERED] = add_delivered,
	[RECORD_UNDELIVERABLE] = add_said, [RECORD_REFUSED] = add_said,
	[RECORD_EXPIRED] = add_expired,	   [RECORD_SUPPRESSED] = add_suppression,
	[RECORD_SKIPPED] = add_skip,	   [RECORD_CANCELLED] = add_cancelled,
};

void
explain_add_state(struct buf *out, enum explain_language l, const struct explain_run *r,
		  const struct explain_message *m)
{
	if (m->list[0] != '\0')
		buf_addf(out,
			 SAY(l, "Dòng %llu của danh sách “%s”: ", "Row %llu of the list “%s”: "),
			 (unsigned long long)m->row, m->list);
	if (m->is_in)
		of_state[m->state](out, l, r, m);
	else if (!m->is_frozen)
		buf_adds(out, SAY(l, "Đợt gửi chưa xét đến dòng này",
				  "The run has not come to this row yet"));
	else
		buf_adds(out, SAY(l, "Không gửi, vì không nhóm nào của chiến dịch chọn dòng này",
				  "It was not sent, because no segment of the campaign found "
				  "this row"));
	if (m->is_erased && m->record.reason != REASON_DELETED_ROW)
		buf_adds(out, SAY(l, "; dữ liệu của người này đã được xóa sau đó",
				  "; the person was erased since"));
	buf_adds(out, ".\n");
}

/* ---- segments ---- */

static void
add_condition(struct buf *out, enum explain_language l, const struct explain_segment *s,
	      const struct explain_condition *c)
{
	if (c->is_hidden) {
		buf_adds(out, SAY(l, "một điều kiện về cột nhạy cảm, không nêu ở đây",
				  "a condition on a sensitive column, which is not told here"));
		return;
	}
	buf_adds(out, c->text);
	if (s->answer == QUERY_NO && c->answer == QUERY_YES)
		buf_adds(out, SAY(l, " (đúng, mà nhóm này loại ra)",
				  " (holds, and the segment leaves that out)"));
	if (c->missing[0] != '\0')
		buf_addf(out, SAY(l, " (cột %s để trống)", " (the column %s is empty)"),
			 c->missing);
}

static void
add_segment(struct buf *out, enum explain_language l, const struct explain_segment *s)
{
	switch (s->answer) {
	case QUERY_YES:
		buf_addf(out, SAY(l, "Thuộc nhóm “%s”", "The segment “%s” finds it"), s->name);
		break;
	case QUERY_NO:
		buf_addf(out,
			 SAY(l, "Không thuộc nhóm “%s”, vì không đúng điều kiện: ",
			     "The segment “%s” does not find it, because this does not hold: "),
			 s->name);
		break;
	case QUERY_NOT_KNOWN:
		buf_addf(out,
			 SAY(l, "Không còn biết có thuộc nhóm “%s” hay không: ",
			     "Whether the segment “%s” finds it is not known any more: "),
			 s->name);
		break;
	}
	for (size_t i = 0; s->answer != QUERY_YES && i < s->count; i++) {
		buf_adds(out, i > 0 ? "; " : "");
		add_condition(out, l, s, &s->conditions[i]);
	}
	if (s->answer != QUERY_YES && s->has_more)
		buf_adds(out, "; …");
	buf_adds(out, ".\n");
}

/* ---- route, attempts, doubt ---- */

static void
add_lane_names(struct buf *out, const struct run_status *s, const struct route_choice *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		buf_addf(out, "%s%s", i > 0 ? ", " : "",
			 c->tariff[i] < s->tariffs ? s->lane[c->tariff[i]] : "?");
		if (c->kind == ROUTE_SHARE)
			buf_addf(out, " %u %%", c->share[i]);
	}
}

static void
add_route(struct buf *out, enum explain_language l, const struct explain_run *r,
	  const struct explain_message *m)
{
	const struct run_status *s = &r->status;
	const struct route_choice *c = &s->choice[m->p];
	const char *carrier = m->carrier[0] != '\0'
				      ? m->carrier
				      : SAY(l, "không rõ nhà mạng", "carrier not known");
	char at[48];

	buf_addf(out,
		 SAY(l, "Nhà mạng: %s (theo đầu số)", "Carrier: %s (theo đầu số: by its prefix)"),
		 carrier);
	if (m->provider[0] == '\0' || m->record.reason == REASON_NO_ROUTE) {
		buf_adds(out, ".\n");
		return;
	}
	buf_addf(out, SAY(l, "; đối tác: %s, ", "; provider: %s, "), m->provider);
	if (c->count < 2) {
		buf_adds(out,
			 SAY(l, "đối tác duy nhất của tuyến này", "the only one of its route"));
	} else {
		buf_adds(out,
			 c->kind == ROUTE_ORDER ? SAY(l, "đối tác đầu tiên hoạt động được trong: ",
						      "the first that worked of: ")
			 : c->kind == ROUTE_SHARE ? SAY(l, "theo tỷ lệ chia: ", "by their shares: ")
						  : SAY(l, "đối tác rẻ nhất hoạt động được trong: ",
							"the cheapest that worked of: "));
		add_lane_names(out, s, c);
	}
	if (s->via[m->p].tariffs[0] != '\0')
		buf_addf(out,
			 SAY(l, "; từ %s tuyến này không gửi như thường lệ (%s)",
			     "; since %s the route is not sent as usual (%s)"),
			 explain_time(at, l, s->via[m->p].since_s), s->via[m->p].why);
	buf_adds(out, ".\n");
}

static const char *
phase_words(enum explain_language l, enum record_state s)
{
	static const char *const vi[RECORD_STATE_COUNT] = {
		[RECORD_WAITING] = "chưa gửi",
		[RECORD_SENDING] = "đang gửi",
		[RECORD_RETRY] = "được yêu cầu gửi lại sau",
		[RECORD_ACCEPTED] = "được nhận",
		[RECORD_UNKNOWN] = "chưa rõ",
		[RECORD_DELIVERED] = "đã đến máy",
		[RECORD_UNDELIVERABLE] = "không phát được",
		[RECORD_REFUSED] = "bị từ chối",
		[RECORD_EXPIRED] = "hết hạn",
		[RECORD_SUPPRESSED] = "không gửi",
		[RECORD_SKIPPED] = "không gửi",
		[RECORD_CANCELLED] = "đã hủy",
	};

	return l == EXPLAIN_VI && s < RECORD_STATE_COUNT ? vi[s] : record_state_name(s);
}

static void
add_attempt(struct buf *out, enum explain_language l, const struct explain_attempt *a, size_t n)
{
	char at[48];

	buf_addf(out, SAY(l, "Lần %zu qua %s: %s", "Attempt %zu by %s: %s"), n,
		 or_some_provider(l, a->provider), phase_words(l, a->phase));
	if (a->code[0] != '\0')
		buf_addf(out, SAY(l, "; mã trả lời %s", "; answered with the code %s"), a->code);
	if (a->id[0] != '\0')
		buf_addf(out, SAY(l, "; mã tin của đối tác %s", "; the gateway's id %s"), a->id);
	if (a->answered_s > 0)
		buf_addf(out, SAY(l, "; trả lời lúc %s", "; answered at %s"),
			 explain_time(at, l, a->answered_s));
	if (a->has_receipt) {
		buf_adds(out, SAY(l, "; báo cáo phát", "; receipt"));
		if (a->receipt[0] != '\0')
			buf_addf(out, " %s", a->receipt);
		if (a->receipt_s > 0)
			buf_addf(out, SAY(l, " lúc %s", " at %s"),
				 explain_time(at, l, a->receipt_s));
	}
	buf_adds(out, ".\n");
}

static void
add_doubt(struct buf *out, enum explain_language l, const struct explain_doubt *d)
{
	char at[48];

	if (!d->is_known)
		return;
	explain_time(at, l, d->at_s);
	switch ((enum doubt_choice)d->choice) {
	case DOUBT_AUTO:
		buf_addf(out,
			 SAY(l,
			     "Loa tự lặp lại đúng yêu cầu này với cùng mã tham chiếu đến %s: "
			     "đối tác nhận ra mã đó, nên không ai nhận hai lần.\n",
			     "It is repeated by itself under the same reference until %s: the "
			     "gateway knows that reference, so nobody gets it twice.\n"),
			 at);
		break;
	case DOUBT_WAIT:
		buf_addf(out,
			 SAY(l, "Chưa lặp lại: trước %s câu trả lời vẫn có thể đến.\n",
			     "It is not repeated yet: before %s an answer may still come.\n"),
			 at);
		break;
	case DOUBT_REPEAT:
		buf_addf(out,
			 SAY(l,
			     "Không tự lặp lại, chờ một người quyết định (loa doubt): đến %s có "
			     "thể lặp lại với cùng mã tham chiếu, không ai nhận hai lần.\n",
			     "It is not repeated by itself, a person decides (loa doubt): until "
			     "%s it can be repeated under the same reference, and nobody gets "
			     "it twice.\n"),
			 at);
		break;
	case DOUBT_NEW:
		buf_adds(out, SAY(l,
				  "Không tự lặp lại, chờ một người quyết định (loa doubt): đối tác "
				  "không nhận ra mã tham chiếu cũ, nên gửi lại có thể thành hai "
				  "tin.\n",
				  "It is not repeated by itself, a person decides (loa doubt): the "
				  "gateway does not know the reference, so sent again it may reach "
				  "the person twice.\n"));
		break;
	case DOUBT_NONE:
		buf_adds(out, SAY(l,
				  "Không gửi lại được nữa: đã dùng hết số lần gửi, hoặc chiến dịch "
				  "đã bị hủy.\n",
				  "It cannot be sent again: all attempts are used, or the campaign "
				  "is cancelled.\n"));
		break;
	}
}

static void
add_message(struct buf *out, enum explain_language l, const struct explain_run *r,
	    const struct explain_message *m)
{
	char at[48];

	if (m->taken_s > 0)
		buf_addf(out,
			 SAY(l, "Tin lẻ được tiếp nhận lúc %s.\n",
			     "A single message that was taken at %s.\n"),
			 explain_time(at, l, m->taken_s));
	explain_add_state(out, l, r, m);
	for (size_t i = 0; i < m->segment_count; i++)
		add_segment(out, l, &m->segments[i]);
	if (!m->is_in)
		return;
	if (m->record.reason != REASON_SAME_PHONE)
		add_route(out, l, r, m);
	for (size_t i = 0; i < m->attempt_count; i++)
		add_attempt(out, l, &m->attempts[i], i + 1);
	if (m->state == RECORD_UNKNOWN)
		add_doubt(out, l, &m->doubt);
	if (m->state == RECORD_ACCEPTED || m->state == RECORD_DELIVERED)
		buf_adds(out, SAY(l, "Tin trả lời của người nhận: bản Loa này không tiếp nhận.\n",
				  "Replies of the recipient: this release takes none.\n"));
}

/* ---- the run ---- */

static const char *
campaign_state(enum explain_language l, const char *state)
{
	static const struct {
		const char *state, *vi;
	} words[] = {
		{"submitted", "đang chờ duyệt"}, {"returned", "đã bị trả lại"},
		{"approved", "đã duyệt"},	 {"draft", "bản nháp"},
		{"scheduled", "đã hẹn giờ"},	 {"missed", "lỡ giờ gửi"},
		{"running", "đang gửi"},	 {"paused", "tạm dừng"},
		{"finished", "đã xong"},	 {"cancelled", "đã hủy"},
	};

	for (size_t i = 0; l == EXPLAIN_VI && i < ARRAY_LEN(words); i++)
		if (strcmp(state, words[i].state) == 0)
			return words[i].vi;
	return state;
}

static void
add_head(struct buf *out, enum explain_language l, const struct explain_run *r)
{
	char at[48];

	if (r->launched_s > 0) {
		buf_addf(out,
			 SAY(l, "Chiến dịch “%s” (loại tin %s) bắt đầu gửi lúc %s; hiện nay: %s.\n",
			     "The campaign “%s” (class %s) was launched at %s; now: %s.\n"),
			 r->campaign, r->class, explain_time(at, l, r->launched_s),
			 campaign_state(l, r->state));
		return;
	}
	buf_addf(out,
		 SAY(l, "Chiến dịch “%s” (loại tin %s) chưa gửi: %s",
		     "The campaign “%s” (class %s) was not launched: %s"),
		 r->campaign, r->class, campaign_state(l, r->state));
	if (r->due_s > 0)
		buf_addf(out, SAY(l, ", hẹn lúc %s", ", due at %s"), explain_time(at, l, r->due_s));
	buf_adds(out, ".\n");
}

static void
add_list(struct buf *out, enum explain_language l, const struct explain_run *r,
	 const struct explain_list *one)
{
	bool is_first = true;

	if (one->rows == 0) {
		buf_addf(out,
			 SAY(l, "Danh sách “%s” (phiên bản %u) không có số này",
			     "The list “%s” (version %u) does not have this phone"),
			 one->name, one->version);
		if (one->rows_now > 0)
			buf_addf(out,
				 SAY(l, "; nó có trong phiên bản %u, nhập sau khi gửi",
				     "; version %u, imported after the launch, has it"),
				 one->version_now);
		buf_adds(out, ".\n");
		return;
	}
	buf_addf(out,
		 SAY(l, "Danh sách “%s” (phiên bản %u) có số này ở %llu dòng: ",
		     "The list “%s” (version %u) has this phone in %llu row(s): "),
		 one->name, one->version, (unsigned long long)one->rows);
	for (size_t i = 0; i < r->count; i++) {
		if (strcmp(r->messages[i].list, one->name) != 0)
			continue;
		buf_addf(out, "%s%llu", is_first ? "" : ", ",
			 (unsigned long long)r->messages[i].row);
		is_first = false;
	}
	buf_addf(out, "%s.\n", r->has_more ? ", …" : "");
}

void
explain_add_run(struct buf *out, enum explain_language l, const struct explain_run *r)
{
	add_head(out, l, r);
	for (size_t i = 0; i < r->list_count; i++)
		add_list(out, l, r, &r->lists[i]);
	if (r->is_single && r->count == 0)
		buf_adds(out, SAY(l, "Không có tin lẻ nào đến số này mà nội dung còn được lưu.\n",
				  "There is no single message to this phone whose text is kept "
				  "still.\n"));
	for (size_t i = 0; r->launched_s > 0 && i < r->count; i++)
		add_message(out, l, r, &r->messages[i]);
}
