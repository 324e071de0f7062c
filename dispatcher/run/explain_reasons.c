/* SPDX-License-Identifier: MIT */
/* The words for reasons and for what is waited for, and times as people read them. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/run/explain_words.h"

const char *
explain_time(char out[48], enum explain_language l, int64_t unix_s)
{
	char t[32]; /* 2027-10-10T08:00:05+07:00 */

	clock_format_vn(unix_s, t);
	if (l == EXPLAIN_VI)
		snprintf(out, 48, "%.8s ngày %.2s/%.2s/%.4s", t + 11, t + 8, t + 5, t);
	else
		snprintf(out, 48, "%.10s %.8s", t, t + 11);
	return out;
}

/* Of every reason of store/record.h; a test looks that none is missing. */
static const struct {
	const char *vi, *en;
} reasons[256] = {
	[REASON_SAME_PHONE] = {"số điện thoại này trùng với một dòng đứng trước",
			       "an earlier row has the same phone"},
	[REASON_NO_PHONE] = {"dòng này không có số điện thoại", "the row has no phone"},
	[REASON_MISSING_FIELD] = {"thiếu thông tin mà mẫu tin cần",
				  "a field that the text needs is missing"},
	[REASON_TEXT_TOO_LONG] = {"nội dung tin quá dài", "the text is too long"},
	[REASON_NO_ROUTE] = {"không có đối tác nào phục vụ nhà mạng này",
			     "no provider serves this carrier"},
	[REASON_DELETED_ROW] = {"dòng này đã bị xóa khỏi danh sách", "the row was deleted"},
	[REASON_NOT_ENCODABLE] = {"đối tác không chuyển được một ký tự trong nội dung tin",
				  "the provider cannot carry a character of this text"},
	[REASON_TOO_FEW] = {"số tin cùng gửi ít hơn lô nhỏ nhất mà đối tác nhận",
			    "fewer go together than the gateway's smallest batch"},
	[REASON_ERASED] = {"dữ liệu của người này đã được xóa theo yêu cầu",
			   "the person was erased"},
	[REASON_CAP] = {"người này đã nhận đủ số tin mà chính sách cho phép",
			"this person has had as many messages as the policy allows"},
	[REASON_NO_CONSENT] = {"người này chưa đồng ý nhận loại tin này",
			       "this person has not agreed to messages of this class"},
	[REASON_NOT_KEPT] = {"nội dung tin không còn được lưu", "its text is not kept any more"},
	[REASON_FINISH_BY] = {"chưa gửi kịp trước giờ phải gửi xong",
			      "it was not sent by the time it had to be"},
	[REASON_DEMO_LIST] = {"danh sách dùng thử chỉ được gửi qua đối tác mô phỏng",
			      "a demo list goes to sandbox providers only"},
	[REASON_BAD_RECIPIENT] = {"đối tác từ chối số điện thoại này",
				  "the gateway refused the recipient"},
	[REASON_BAD_MESSAGE] = {"đối tác từ chối nội dung tin", "the gateway refused the text"},
	[REASON_BAD_ACCOUNT] = {"đối tác từ chối tài khoản gửi", "the gateway refused the account"},
	[REASON_THROTTLED] = {"đối tác báo gửi quá nhanh", "the gateway said too fast"},
	[REASON_TEMPORARY] = {"đối tác báo tạm thời chưa nhận", "the gateway said try later"},
	[REASON_AUTH_EXPIRED] = {"thông tin đăng nhập với đối tác đã hết hạn",
				 "the gateway's credentials had expired"},
	[REASON_QUOTA_TOMORROW] = {"đối tác báo đã hết hạn mức trong ngày",
				   "the gateway's quota for the day was used up"},
	[REASON_CLOSED_HOURS] = {"đối tác không nhận tin vào giờ này",
				 "the gateway was closed at this hour"},
	[REASON_ATTEMPTS_USED] = {"đã dùng hết số lần gửi cho phép", "all attempts were used"},
	[REASON_NO_ANSWER] = {"yêu cầu có thể đã đi mà không có câu trả lời đầy đủ",
			      "bytes may have left and no complete answer came"},
	[REASON_UNREADABLE] = {"không hiểu được câu trả lời của đối tác",
			       "the answer could not be understood"},
	[REASON_ORPHANED] = {"tiến trình gửi bị dừng giữa lúc đang gửi",
			     "the sender died while it was sending"},
	[REASON_DUPLICATE_SEEN] =
		{"đối tác báo đã gặp mã tham chiếu này, không rõ đã làm gì với lần trước",
		 "the gateway saw this reference before, and what it did is not known"},
	[REASON_REPEAT_FAILED] = {"lần lặp lại bị từ chối, còn lần đầu thì không rõ",
				  "a second copy was answered no, and the first is not known"},
	[REASON_HELD] = {"không được phép tự động gửi lại", "it may not be repeated automatically"},
	[REASON_RESENT] = {"một người đã cho gửi lại", "a person had it sent again"},
	[REASON_MARKED_SENT] = {"một người xác nhận tin đã được gửi",
				"a person says that it was sent"},
	[REASON_MARKED_NOT_SENT] = {"một người xác nhận tin chưa được gửi",
				    "a person says that it was not sent"},
	[REASON_RECEIPT_FAILED] = {"báo cáo phát cho biết tin không đến được máy",
				   "the receipt says that it was not delivered"},
	[REASON_SUPPRESSED] = {"số này nằm trong sổ từ chối nhận mọi tin",
			       "the phone is suppressed"},
	[REASON_SUPPRESSED_UNIT] = {"số này nằm trong sổ từ chối nhận tin của đơn vị gửi",
				    "the phone is suppressed for this unit"},
	[REASON_SUPPRESSED_CLASS] = {"số này nằm trong sổ từ chối nhận loại tin này",
				     "the phone is suppressed for this class of messages"},
};

const char *
explain_reason(enum explain_language l, uint8_t reason)
{
	const char *words = l == EXPLAIN_VI ? reasons[reason].vi : reasons[reason].en;

	if (words != NULL || reason == REASON_NONE)
		return words != NULL ? words : "";
	return l == EXPLAIN_VI ? "một lý do mà bản Loa này không biết"
			       : "a reason that this release does not know";
}

const char *
explain_waiting(enum explain_language l, const char *why)
{
	/* By how it begins; the first that fits. */
	static const struct {
		const char *begin, *vi;
	} words[] = {
		{"rate", "đang gửi đúng tốc độ hợp đồng"},
		{"the day's ", "đã hết hạn mức trong ngày"},
		{"the month's ", "đã hết hạn mức trong tháng"},
		{"other campaigns of the lane go first", "đối tác đang gửi chiến dịch khác trước"},
		{"outside the hours of its class", "ngoài giờ được gửi loại tin này"},
		{"the freeze ", "đang trong đợt tạm ngừng gửi"},
		{"retry later", "chờ đến lúc gửi lại"},
		{"stopped by the brake", "phanh đã dừng"},
		{"the first messages are being looked at", "đang xem kết quả những tin đầu tiên"},
		{"speed of the campaign", "chiến dịch được đặt gửi chậm"},
		{"concurrency", "đủ số yêu cầu đang chờ đối tác trả lời"},
		{"the gateway says too fast", "đối tác báo gửi quá nhanh"},
		{"the gateway does not answer", "đối tác không trả lời"},
		{"the gateway cannot be reached", "không kết nối được với đối tác"},
		{"the gateway cannot be understood", "trả lời của đối tác không đọc được"},
		{"the gateway asked to wait", "đối tác yêu cầu chờ"},
		{"one request tries whether",
		 "đang thử một yêu cầu xem đối tác đã hoạt động lại chưa"},
		{"a provider that is not in", "đối tác không còn trong cấu hình của máy chủ"},
		{"Redis does not answer", "cơ sở dữ liệu không trả lời"},
	};

	for (size_t i = 0; l == EXPLAIN_VI && i < ARRAY_LEN(words); i++)
		if (strncmp(why, words[i].begin, strlen(words[i].begin)) == 0)
			return words[i].vi;
	return why;
}

void
explain_add_waiting(struct buf *out, enum explain_language l, const char *why)
{
	const char *rule = strncmp(why, "outside the hours", 17) == 0 ? strstr(why, ": ") : NULL;

	buf_adds(out, explain_waiting(l, why));
	if (l != EXPLAIN_VI)
		return;
	/* What a person or the law has said stays in its own words. */
	if (rule != NULL)
		buf_addf(out, " (%s)", rule + 2);
	else if (strncmp(why, "the freeze ", 11) == 0)
		buf_addf(out, " (%s)", why + 11);
}
