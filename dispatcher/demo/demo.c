/* SPDX-License-Identifier: MIT */
#include "dispatcher/demo/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"

#define FOLDER "loa-demo"
#define LIST "dan-cu"
#define LIST_FILE "an-giang.csv"
#define ANSWER_MAX (1u << 20)
#define AGAIN_MS 300
#define AGAIN_MAX 100
#define TOKEN_MAX 100

#define EMBEDDED(name) extern const char loa_demo_##name##_start[], loa_demo_##name##_end[]
EMBEDDED(list);
EMBEDDED(segment);
EMBEDDED(template);
EMBEDDED(campaign);
#define TEXT_OF(name)                            \
	((struct slice){loa_demo_##name##_start, \
			(size_t)(loa_demo_##name##_end - loa_demo_##name##_start)})

struct demo {
	struct loop *loop;
	struct fetch *fetch;
	char *data;   /* absolute */
	char *socket; /* of the API */
	unsigned port;
	char token[TOKEN_MAX];
	json_t *campaign; /* as it will be created */
	char import[64];
	size_t step; /* in steps[] */
	unsigned tries;
	struct timer again;
};

/* ---- folder and token ---- */

enum err
demo_folder(char **out, struct err_ctx *e)
{
	char *cwd = getcwd(NULL, 0);
	struct buf b = {0};

	*out = NULL;
	if (cwd == NULL)
		return err_set(e, ERR_SYSTEM, "current folder", "name another by --data",
			       "cannot be found: %s", strerror(errno));
	buf_addf(&b, "%s/" FOLDER, strcmp(cwd, "/") == 0 ? "" : cwd);
	free(cwd);
	*out = buf_take(&b);
	return ERR_OK;
}

static const char *
token_path(const struct demo *d, struct buf *out)
{
	buf_addf(out, "%s/token", d->data);
	return out->data;
}

/* Kept beside the data, so that a later start can show it again. */
static void
keep_token(struct demo *d, const char *token)
{
	struct buf path = {0};
	int fd;

	snprintf(d->token, sizeof(d->token), "%s", token);
	fd = open(token_path(d, &path), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || dprintf(fd, "%s\n", token) < 0)
		log_warn("demo=token result=not-kept why=%s", strerror(errno));
	if (fd >= 0)
		close(fd);
	buf_free(&path);
}

static void
find_token(struct demo *d)
{
	struct buf path = {0};
	int fd = open(token_path(d, &path), O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, d->token, sizeof(d->token) - 1) : -1;

	d->token[n > 0 ? n : 0] = '\0';
	d->token[strcspn(d->token, "\n")] = '\0';
	if (fd >= 0)
		close(fd);
	buf_free(&path);
}

/* ---- what it says ---- */

/* A word for the shell. */
static void
add_word(struct buf *out, const char *s)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._~/+=:,@%";

	if (s[0] != '\0' && s[strspn(s, plain)] == '\0') {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '\'');
	for (; *s != '\0'; s++)
		buf_adds(out, *s == '\'' ? "'\\''" : (const char[]){*s, '\0'});
	buf_addc(out, '\'');
}

/* How this program is called from anywhere. */
static void
add_program(struct buf *out)
{
	char path[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	if (strchr(program_invocation_name, '/') == NULL || n <= 0) {
		add_word(out, program_invocation_name);
		return;
	}
	path[n] = '\0';
	add_word(out, path);
}

static const char *
campaign_text(const struct demo *d, const char *key)
{
	const char *s = json_string_value(json_object_get(d->campaign, key));

	return s != NULL ? s : "";
}

static const char *
segment_name(const struct demo *d)
{
	return json_string_value(json_array_get(json_object_get(d->campaign, "segments"), 0));
}

static void
say_next(const struct demo *d)
{
	static const char *const verbs[] = {"preview", "launch", "watch"};
	struct buf b = {0};

	buf_addf(
		&b,
		"\nThis is a demonstration: its only provider is a sandbox inside the server, and\n"
		"nothing leaves this machine. What becomes of a message is in its phone's last\n"
		"digits (docs/FORMATS.md, Sandbox).\n\n"
		"  data      %s (kept for the next start; delete it to begin anew)\n"
		"  API       http://127.0.0.1:%u/api/v1 and %s\n"
		"  token     %s (the administrator's, for the API over TCP)\n"
		"  ready     list %s, segment %s, template %s, draft campaign %s\n\n"
		"Try in another terminal:\n\n",
		d->data, d->port, d->socket,
		d->token[0] != '\0' ? d->token : "was shown at the first start", LIST,
		segment_name(d), campaign_text(d, "template"), campaign_text(d, "name"));
	for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
		buf_adds(&b, "  ");
		add_program(&b);
		buf_addf(&b, " campaign %s ", verbs[i]);
		add_word(&b, campaign_text(d, "name"));
		buf_adds(&b, " --data ");
		add_word(&b, d->data);
		buf_addc(&b, '\n');
	}
	buf_addc(&b, '\n');
	fwrite(b.data, 1, b.len, stdout);
	fflush(stdout);
	buf_free(&b);
}

/* ---- what it puts in: one request after the other ---- */

struct step {
	const char *method, *content_type; /* type NULL = no body */
	/* Path, and body if it has one. */
	void (*make)(const struct demo *d, struct buf *path, struct buf *body);
};

static void
make_look(const struct demo *d, struct buf *path, struct buf *body)
{
	(void)body;
	buf_addf(path, "/api/v1/campaigns/%s", campaign_text(d, "name"));
}

static void
make_import(const struct demo *d, struct buf *path, struct buf *body)
{
	(void)d;
	buf_adds(path, "/api/v1/imports");
	buf_adds(body, "{\"list\":\"" LIST "\",\"file\":\"" LIST_FILE "\",\"demo\":true}");
}

static void
make_piece(const struct demo *d, struct buf *path, struct buf *body)
{
	buf_addf(path, "/api/v1/imports/%s?offset=0", d->import);
	buf_add_slice(body, TEXT_OF(list));
}

static void
make_commit(const struct demo *d, struct buf *path, struct buf *body)
{
	(void)body;
	buf_addf(path, "/api/v1/imports/%s/commit", d->import);
}

static void
make_segment(const struct demo *d, struct buf *path, struct buf *body)
{
	buf_addf(path, "/api/v1/segments/%s", segment_name(d));
	buf_adds(body, "{\"list\":\"" LIST "\",\"query\":");
	json_add_string(body, slice_trim(TEXT_OF(segment)));
	buf_addc(body, '}');
}

static void
make_template(const struct demo *d, struct buf *path, struct buf *body)
{
	buf_addf(path, "/api/v1/templates/%s", campaign_text(d, "template"));
	buf_add_slice(body, TEXT_OF(template));
}

static void
make_campaign(const struct demo *d, struct buf *path, struct buf *body)
{
	(void)d;
	buf_adds(path, "/api/v1/campaigns");
	buf_add_slice(body, TEXT_OF(campaign));
}

enum { STEP_LOOK, STEP_IMPORT };
static const struct step steps[] = {
	[STEP_LOOK] = {"GET", NULL, make_look},
	[STEP_IMPORT] = {"POST", "application/json", make_import},
	{"PUT", "text/csv", make_piece},
	{"POST", NULL, make_commit},
	{"PUT", "application/json", make_segment},
	{"PUT", "text/plain", make_template},
	{"POST", "application/json", make_campaign},
};

static void step_start(struct demo *d);

static void
keep_import(struct demo *d, struct slice body)
{
	json_t *v = NULL;
	struct err_ctx e;

	if (json_parse(body, ANSWER_MAX, "answer", &v, &e) != ERR_OK)
		return;
	snprintf(d->import, sizeof(d->import), "%.60s",
		 json_is_string(json_object_get(v, "import"))
			 ? json_string_value(json_object_get(v, "import"))
			 : "");
	json_decref(v);
}

static void
step_next(struct demo *d)
{
	d->tries = 0;
	if (++d->step < ARRAY_LEN(steps))
		step_start(d);
	else
		say_next(d);
}

static void
on_answer(void *arg, const struct fetch_answer *a)
{
	struct demo *d = arg;

	if (a->result == FETCH_DONE && d->step == STEP_LOOK && a->status == 200) {
		say_next(d); /* not the first start */
	} else if (a->result == FETCH_DONE && d->step == STEP_LOOK && a->status == 404) {
		step_next(d);
	} else if (a->result == FETCH_DONE && a->status < 300) {
		if (d->step == STEP_IMPORT)
			keep_import(d, a->body);
		step_next(d);
	} else if ((a->result != FETCH_DONE || a->status == 503) && ++d->tries < AGAIN_MAX) {
		/* Out of reach for a moment: from the beginning, which is harmless. */
		d->step = STEP_LOOK;
		timer_arm_ms(d->loop, &d->again, AGAIN_MS);
	} else {
		log_error("demo=step-%zu result=failed status=%d answer=%.*s", d->step, a->status,
			  (int)(a->body.n < 300 ? a->body.n : 300), a->body.n > 0 ? a->body.p : "");
	}
}

static void
step_start(struct demo *d)
{
	const struct step *s = &steps[d->step];
	struct buf path = {0}, url = {0}, body = {0};
	struct fetch_header type = {SLICE("Content-Type"), slice_of(s->content_type)};
	struct fetch_request f = {
		.method = s->method,
		.unix_socket = d->socket,
		.headers = &type,
		.header_count = s->content_type != NULL,
		.body_max = ANSWER_MAX,
		.on_answer = on_answer,
		.arg = d,
	};

	s->make(d, &path, &body);
	buf_addf(&url, "http://localhost%s", path.data);
	f.url = url.data;
	f.body = buf_slice(&body);
	fetch_start(d->fetch, &f);
	buf_free(&path);
	buf_free(&url);
	buf_free(&body);
}

static void
on_again(struct timer *t, void *arg)
{
	(void)t;
	step_start(arg);
}

/* ---- the whole ---- */

struct demo *
demo_new(const struct demo_options *o)
{
	struct demo *d = xcalloc(1, sizeof(*d));
	struct buf socket = {0};
	struct err_ctx e;

	d->loop = o->loop;
	d->fetch = o->fetch;
	d->port = o->port;
	d->data = realpath(o->data, NULL);
	if (d->data == NULL)
		d->data = xstrdup(o->data);
	buf_addf(&socket, "%s/api.sock", d->data);
	d->socket = buf_take(&socket);
	timer_init(&d->again, on_again, d);
	if (json_parse(TEXT_OF(campaign), ANSWER_MAX, "campaign", &d->campaign, &e) != ERR_OK)
		fatalx("the demonstration's campaign is not JSON: %s", e.why);
	return d;
}

void
demo_begin(struct demo *d, const char *token)
{
	if (token != NULL)
		keep_token(d, token);
	else
		find_token(d);
	step_start(d);
}

void
demo_free(struct demo *d)
{
	if (d == NULL)
		return;
	timer_disarm(d->loop, &d->again);
	json_decref(d->campaign);
	free(d->data);
	free(d->socket);
	free(d);
}
