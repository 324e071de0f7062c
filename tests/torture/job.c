/* SPDX-License-Identifier: MIT */
#include "tests/torture/job.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/torture/http.h"

#define PATIENCE_MS 60000
#define CANARY_MS 6000 /* what of it is in doubt is for a person: it pauses no more */
#define AGAIN_MS 50

/*
 * Last digits of the first rows of a. 10 and 12 may be in doubt and then said again, so only with
 * dedupe. 11 never has an answer, so only where there are receipts; where reports are asked for, what
 * is said again has no id to ask by, so not 12 either. 1 is refused: where its request is said again
 * that closes nothing any more (the first copy may have been taken), so it would be asked about until
 * the dedupe window is over.
 */
static const unsigned moods[] = {1, 2, 3, 4, 5, 8, 9, 10, 11, 12};

void
job_init(struct job *j, struct rig *r, bool may_repeat)
{
	struct stat st;

	*j = (struct job){.rig = r, .number = r->jobs++, .may_repeat = may_repeat};
	snprintf(j->token, sizeof(j->token), "%05u", j->number);
	snprintf(j->message_to, sizeof(j->message_to), "8498%03u9999", j->number % 1000);
	j->ledger_from = stat(rig_path(r, "ledger"), &st) == 0 ? st.st_size : 0;
}

void
job_phone(const struct job *j, unsigned row, char out[16])
{
	static const unsigned prefixes[][2] = {{90, 91}, {93, 94}, {97, 88}};
	unsigned last = 1000 + row;

	if (row < sizeof(moods) / sizeof(moods[0]))
		last = moods[row];
	if (((last == 10 || last == 12) && j->rig->dialect == DIALECT_PLAIN) ||
	    (last >= 11 && last <= 12 && j->rig->dialect == DIALECT_POLLED) ||
	    (last == 1 && j->may_repeat))
		last = 1000 + row;
	snprintf(out, 16, "84%02u%03u%04u", prefixes[j->number / 1000 % 3][row % 2],
		 j->number % 1000, last);
}

bool
job_wrong(struct job *j, const char *format, ...)
{
	va_list v;

	va_start(v, format);
	vsnprintf(j->why, sizeof(j->why), format, v);
	va_end(v);
	return false;
}

static bool
stop(struct job *j, const char *step, const char *why)
{
	return job_wrong(j, "%s: %s", step, why);
}

/* Until the status is less than 500; 0 and false: no answer in time. */
static bool
ask(struct job *j, const struct http_call *c, struct bytes *out, int *status)
{
	int64_t until = now_ms() + PATIENCE_MS;
	char step[160];

	for (;;) {
		*status = http_do(c, out);
		if (*status != 0 && *status < 500)
			return true;
		snprintf(step, sizeof(step), "%s %s", c->method, c->path);
		if (rig_has_lost_server(j->rig))
			return stop(j, step, "the server ended");
		if (now_ms() > until)
			return stop(j, step, *status != 0 ? out->p : "no answer for a minute");
		rest_ms(AGAIN_MS);
	}
}

/* The same; anything but 2xx, or the status that is fine as well, is wrong. */
static bool
say(struct job *j, struct http_call c, int also, struct bytes *out)
{
	char step[160];
	int status;

	c.port = j->rig->loa_port;
	c.token = j->rig->token;
	if (!ask(j, &c, out, &status))
		return false;
	snprintf(step, sizeof(step), "%s %s: %d", c.method, c.path, status);
	return status < 300 || status == also || stop(j, step, out->p);
}

bool
job_get(struct job *j, const char *path, struct bytes *out)
{
	return say(j, (struct http_call){.method = "GET", .path = path}, 0, out);
}

static bool
member(struct job *j, const struct bytes *body, const char *name, char *out, size_t cap)
{
	json_t *root = json_loads(body->p, 0, NULL), *v = json_object_get(root, name);
	bool is_there = json_is_string(v) || json_is_integer(v);

	if (json_is_string(v))
		snprintf(out, cap, "%s", json_string_value(v));
	else if (json_is_integer(v))
		snprintf(out, cap, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
	json_decref(root);
	return is_there || stop(j, name, body->p);
}

/* ---- the import: whoever does not know begins anew ---- */

static void
make_list(const struct job *j, struct bytes *csv)
{
	bytes_str(csv, "Họ và tên;Số điện thoại;Nhóm\n");
	for (unsigned row = 0; row < JOB_ROWS_A + JOB_ROWS_B; row++) {
		char phone[16];

		job_phone(j, row, phone);
		bytes_format(csv, "Nguyễn Văn Thử %u;0%s;%s\n", row, phone + 2,
			     row < JOB_ROWS_A ? "a" : "b");
	}
}

/* false with *is_lost: begin anew. */
static bool
import_step(struct job *j, const char *method, const char *path, const char *body,
	    struct bytes *out, bool *is_lost)
{
	struct http_call c = {.port = j->rig->loa_port,
			      .token = j->rig->token,
			      .method = method,
			      .path = path,
			      .body = body};
	int status = http_do(&c, out);

	*is_lost = status == 0 || status >= 400;
	return !*is_lost;
}

static bool
import_once(struct job *j, const char *csv, struct bytes *out)
{
	char body[80], path[160], id[64];
	bool is_lost;

	snprintf(body, sizeof(body), "{\"list\":\"l%s\",\"file\":\"l.csv\"}", j->token);
	if (!import_step(j, "POST", "/api/v1/imports", body, out, &is_lost) ||
	    !member(j, out, "import", id, sizeof(id)))
		return false;
	snprintf(path, sizeof(path), "/api/v1/imports/%s?offset=0", id);
	if (!import_step(j, "PUT", path, csv, out, &is_lost))
		return false;
	snprintf(path, sizeof(path), "/api/v1/imports/%s/commit", id);
	do {
		if (!import_step(j, "POST", path, NULL, out, &is_lost))
			return false;
	} while (strstr(out->p, "\"state\"") != NULL);
	return true;
}

static bool
import_list(struct job *j, struct bytes *out)
{
	int64_t until = now_ms() + PATIENCE_MS;
	struct bytes csv = {0};
	bool is_done;

	make_list(j, &csv);
	while (!(is_done = import_once(j, csv.p, out)) && now_ms() < until &&
	       !rig_has_lost_server(j->rig))
		rest_ms(AGAIN_MS);
	bytes_free(&csv);
	return is_done ||
	       stop(j, "import", rig_has_lost_server(j->rig) ? "the server ended" : out->p);
}

/* ---- steps ---- */

static bool
put(struct job *j, const char *what, const char *name, const char *body, struct bytes *out)
{
	char path[120];

	snprintf(path, sizeof(path), "/api/v1/%s/%s%s", what, name, j->token);
	return say(j, (struct http_call){.method = "PUT", .path = path, .body = body}, 0, out);
}

static bool
create_campaign(struct job *j, const char *letter, struct bytes *out)
{
	char body[240], key[40];

	snprintf(body, sizeof(body),
		 "{\"name\":\"%s%s\",\"template\":\"t%s\",\"segments\":[\"%s%s\"],\"class\":"
		 "\"notice\"%s}",
		 letter, j->token, j->token, letter, j->token,
		 letter[0] == 'b' ? ",\"canary\":{\"messages\":4,\"then\":\"person\"}" : "");
	snprintf(key, sizeof(key), "create-%s-%s", letter, j->token);
	return say(j,
		   (struct http_call){.method = "POST",
				      .path = "/api/v1/campaigns",
				      .idempotency_key = key,
				      .body = body},
		   0, out);
}

static bool
command(struct job *j, const char *letter, const char *verb, int also, struct bytes *out)
{
	char path[120];

	snprintf(path, sizeof(path), "/api/v1/campaigns/%s%s/%s", letter, j->token, verb);
	return say(j, (struct http_call){.method = "POST", .path = path}, also, out);
}

static bool
launch(struct job *j, const char *letter, long *run, struct bytes *out)
{
	char number[24];

	if (!command(j, letter, "launch", 0, out) || !member(j, out, "run", number, sizeof(number)))
		return false;
	*run = strtol(number, NULL, 10);
	return true;
}

bool
job_prepare(struct job *j)
{
	struct bytes out = {0};
	char query[120];
	bool is_done = import_list(j, &out);

	for (int i = 0; i < 2 && is_done; i++) {
		snprintf(query, sizeof(query), "{\"list\":\"l%s\",\"query\":\"nhom = '%c'\"}",
			 j->token, 'a' + i);
		is_done = put(j, "segments", i == 0 ? "a" : "b", query, &out);
	}
	is_done = is_done &&
		  put(j, "templates", "t", "Kính gửi {{ ho_ten }}, mời nộp hồ sơ.", &out) &&
		  create_campaign(j, "a", &out) && create_campaign(j, "b", &out) &&
		  launch(j, "a", &j->run_a, &out) && launch(j, "b", &j->run_b, &out);
	bytes_free(&out);
	return is_done;
}

static bool
send_single(struct job *j, struct bytes *out)
{
	char body[160], key[40];

	snprintf(body, sizeof(body),
		 "{\"to\":\"0%s\",\"text\":\"Hồ sơ %s đã có kết quả.\",\"class\":\"personal\"}",
		 j->message_to + 2, j->token);
	snprintf(key, sizeof(key), "message-%s", j->token);
	return say(j,
		   (struct http_call){.method = "POST",
				      .path = "/api/v1/messages",
				      .idempotency_key = key,
				      .body = body},
		   0, out) &&
	       member(j, out, "id", j->message, sizeof(j->message));
}

/* Behind its canary. */
static bool
wait_for_pause(struct job *j)
{
	bool may_stay = j->rig->dialect == DIALECT_PLAIN && j->may_repeat;
	int64_t until = now_ms() + (may_stay ? CANARY_MS : PATIENCE_MS);
	char line[64], answer[64];

	snprintf(line, sizeof(line), "HGET loa:run:%ld state", j->run_b);
	while (!rig_ask_redis(j->rig, line, answer, sizeof(answer)) ||
	       strstr(answer, "\r\npaused") == NULL) {
		if (rig_has_lost_server(j->rig))
			return stop(j, "canary", "the server ended");
		if (now_ms() > until)
			return may_stay || stop(j, "canary", "b does not pause");
		rest_ms(10);
	}
	return true;
}

/* 409: the run was over already. */
bool
job_act(struct job *j)
{
	struct bytes out = {0};
	bool is_done = command(j, "a", "pause", 409, &out) && send_single(j, &out) &&
		       wait_for_pause(j) && command(j, "b", "cancel", 0, &out) &&
		       command(j, "a", "resume", 409, &out);

	bytes_free(&out);
	return is_done;
}

/* ---- the end ---- */

/* Is nothing to be done for the run any more? */
static bool
is_over(const struct job *j, long run)
{
	char line[64], answer[64];

	snprintf(line, sizeof(line), "ZSCORE loa:runs %ld", run);
	return rig_ask_redis(j->rig, line, answer, sizeof(answer)) &&
	       strncmp(answer, "$-1", 3) == 0;
}

/* Is it in the ledger that the message has come as far as that? */
static bool
is_in_ledger(const struct job *j, const char *how_far)
{
	FILE *f = fopen(rig_path(j->rig, "ledger"), "re");
	char line[2048], to[32];
	bool is_there = false;

	if (f == NULL || fseek(f, j->ledger_from, SEEK_SET) != 0)
		fail("the ledger is gone");
	snprintf(to, sizeof(to), "\"%s\"", j->message_to);
	while (!is_there && fgets(line, sizeof(line), f) != NULL)
		is_there = strstr(line, to) != NULL && strstr(line, how_far) != NULL;
	fclose(f);
	return is_there;
}

/*
 * Has the server taken the receipt of the single message? Where it must ask, only: has the gateway
 * taken the message? Where that may stay in doubt the server is asked, too.
 */
static bool
is_message_over(struct job *j)
{
	struct bytes out = {0};
	char path[120];
	bool is_doubtful;

	if (is_in_ledger(j, j->rig->dialect == DIALECT_POLLED ? "\"event\":\"accepted\""
							      : "\"acknowledged\":true"))
		return true;
	if (j->rig->dialect != DIALECT_PLAIN || !j->may_repeat)
		return false;
	snprintf(path, sizeof(path), "/api/v1/messages/%s", j->message);
	is_doubtful = job_get(j, path, &out) && strstr(out.p, "\"unknown\"") != NULL;
	bytes_free(&out);
	return is_doubtful;
}

bool
job_wait(struct job *j)
{
	int64_t until = now_ms() + PATIENCE_MS;
	bool a = false, b = false, message = false;

	while (!a || !b || !message) {
		a = a || is_over(j, j->run_a);
		b = b || is_over(j, j->run_b);
		message = message || (a && b && is_message_over(j));
		if (rig_has_lost_server(j->rig))
			return stop(j, "wait", "the server ended");
		if (now_ms() > until)
			return stop(j, "wait",
				    !a	 ? "a is not over"
				    : !b ? "b is not over"
					 : "the single message is not over");
		rest_ms(20);
	}
	return true;
}
