/* SPDX-License-Identifier: MIT */
#include "dispatcher/campaign/alert_words.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/text.h"

#define NAME_MAX_BYTES 90 /* of a campaign or a provider, in a message */

/* %N the name, %D the detail: a number, a day, a time. */
static const struct words {
	const char *vi, *en;
} words[ALERT_KIND_COUNT] = {
	[ALERT_approval] = {"chiến dịch \"%N\" đang chờ duyệt",
			    "campaign \"%N\" waits for approval"},
	[ALERT_returned] = {"chiến dịch \"%N\" bị trả lại để sửa",
			    "campaign \"%N\" was returned to be changed"},
	[ALERT_braked] = {"chiến dịch \"%N\" tự dừng gửi tới một nhà mạng, cần kiểm tra",
			  "campaign \"%N\" has stopped sending to a carrier by itself"},
	[ALERT_ceiling] = {"chiến dịch \"%N\" tạm dừng vì đã dùng hết mức được duyệt",
			   "campaign \"%N\" is paused: what was approved is spent"},
	[ALERT_brandname] = {"brandname \"%N\" chỉ có hạn đến ngày %D",
			     "brandname \"%N\" is valid until %D only"},
	[ALERT_lane] = {"không gửi được tin qua nhà cung cấp \"%N\"",
			"provider \"%N\" cannot be sent to"},
	[ALERT_doubt] = {"chiến dịch \"%N\" có %D tin chưa rõ kết quả, cần quyết định",
			 "campaign \"%N\" has %D messages in doubt, to be decided"},
	[ALERT_missed] = {"chiến dịch \"%N\" bị lỡ lần gửi lúc %D",
			  "campaign \"%N\" was not sent at %D"},
};

/* "08:00 10/10/2027" */
static void
add_time(struct buf *out, int64_t unix_s)
{
	char t[32];

	clock_format_vn(unix_s, t);
	buf_addf(out, "%.5s %.2s/%.2s/%.4s", t + 11, t + 8, t + 5, t);
}

static void
add_detail(const struct alert *a, int kind, struct buf *out)
{
	int64_t unix_s = 0;

	if (kind == ALERT_missed && slice_to_i64(slice_of(a->detail), &unix_s))
		add_time(out, unix_s);
	else if (kind == ALERT_brandname && strlen(a->detail) == 10)
		buf_addf(out, "%.2s/%.2s/%.4s", a->detail + 8, a->detail + 5, a->detail);
	else
		buf_adds(out, a->detail);
}

void
alert_add_words(const struct alert *a, int64_t repetition, bool is_english, struct buf *out)
{
	int kind = alert_kind_find(slice_of(a->kind));
	const char *p = kind < 0 ? "%N" : is_english ? words[kind].en : words[kind].vi;

	buf_addf(out, is_english ? "Loa, alert %lld: " : "Loa, cảnh báo %lld: ", (long long)a->id);
	for (; *p != '\0'; p++) {
		if (p[0] == '%' && p[1] == 'N') {
			buf_add_slice(out, text_clip(slice_of(a->name), NAME_MAX_BYTES));
			p++;
		} else if (p[0] == '%' && p[1] == 'D') {
			add_detail(a, kind, out);
			p++;
		} else {
			buf_addc(out, *p);
		}
	}
	buf_adds(out, is_english ? " (since " : " (từ ");
	add_time(out, a->since);
	if (repetition > 1)
		buf_addf(out, is_english ? "; reminder %lld" : "; nhắc lần %lld",
			 (long long)repetition);
	buf_addc(out, ')');
}
