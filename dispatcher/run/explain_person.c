/* SPDX-License-Identifier: MIT */
/* What is said of a person without a campaign: the phone, its lists, its runs in a line each. */
#include "dispatcher/run/explain_words.h"

#define SAY(l, vi, en) ((l) == EXPLAIN_VI ? (vi) : (en))

/* ---- of the person ---- */

void
explain_add_phone(struct buf *out, enum explain_language l, const char *phone, const char *carrier)
{
	buf_addf(out,
		 SAY(l, "Số %s, nhà mạng theo đầu số: %s.\n",
		     "Phone %s, carrier by its prefix: %s.\n"),
		 phone, carrier[0] != '\0' ? carrier : SAY(l, "không rõ", "not known"));
}

void
explain_add_suppression(struct buf *out, enum explain_language l,
			const struct explain_suppression *s)
{
	char at[48];

	buf_addf(out,
		 SAY(l, "Hiện nằm trong sổ từ chối nhận tin: phạm vi %s, từ %s, lý do: %s.\n",
		     "It is suppressed now: scope %s, since %s, reason: %s.\n"),
		 s->scope, explain_time(at, l, s->since_s), s->reason);
}

void
explain_add_rows(struct buf *out, enum explain_language l, const struct explain_list *list,
		 const uint64_t *rows, size_t count)
{
	buf_addf(out,
		 SAY(l, "Danh sách “%s” (phiên bản %u) có số này ở %llu dòng: ",
		     "The list “%s” (version %u) has this phone in %llu row(s): "),
		 list->name, list->version, (unsigned long long)list->rows);
	for (size_t i = 0; i < count; i++)
		buf_addf(out, "%s%llu", i > 0 ? ", " : "", (unsigned long long)rows[i]);
	buf_addf(out, "%s.\n", count < list->rows ? ", …" : "");
}

void
explain_add_no_list(struct buf *out, enum explain_language l)
{
	buf_adds(out,
		 SAY(l, "Không danh sách nào đang có số này.\n", "No list has this phone now.\n"));
}

void
explain_add_no_run(struct buf *out, enum explain_language l)
{
	buf_adds(out, SAY(l, "Không đợt gửi nào có số này.\n", "No run had this phone.\n"));
}

/* Of several messages the one that got furthest is told: one that stands for another one last. */
static const struct explain_message *
main_message(const struct explain_run *r)
{
	const struct explain_message *best = NULL;

	for (size_t i = 0; i < r->count; i++) {
		const struct explain_message *m = &r->messages[i];
		bool is_own = m->is_in && m->record.reason != REASON_SAME_PHONE;

		if (best == NULL || (!best->is_in && m->is_in) ||
		    (is_own && best->record.reason == REASON_SAME_PHONE))
			best = m;
	}
	return best;
}

void
explain_add_line(struct buf *out, enum explain_language l, const struct explain_run *r)
{
	const struct explain_message *m = main_message(r);
	char at[48];

	buf_addf(out,
		 SAY(l, "Chiến dịch “%s”, gửi lúc %s: ", "The campaign “%s”, launched at %s: "),
		 r->campaign, explain_time(at, l, r->launched_s));
	if (m != NULL)
		explain_add_state(out, l, r, m);
	else
		buf_addc(out, '\n');
}
