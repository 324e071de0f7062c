/* SPDX-License-Identifier: MIT */
/* loa campaign results: the table goes to stdout as it comes. */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "dispatcher/cli/campaign.h"

#define QUIET_MS 1000 /* what takes less says nothing */
#define BAR_EVERY_MS 200
#define PLAIN_EVERY_MS 5000 /* between lines when stderr is no terminal */

void
add_query(struct buf *path, const char *name, const char *value)
{
	static const char hex[] = "0123456789ABCDEF";

	buf_addf(path, "&%s=", name);
	for (const uint8_t *p = (const uint8_t *)value; *p != '\0'; p++) {
		if ((*p >= '0' && *p <= '9') || (*p >= 'a' && *p <= 'z') ||
		    (*p >= 'A' && *p <= 'Z') || *p == '_' || *p == '-' || *p == '.') {
			buf_addc(path, (char)*p);
		} else {
			buf_addc(path, '%');
			buf_addc(path, hex[*p >> 4]);
			buf_addc(path, hex[*p & 15]);
		}
	}
}

const char *
path_of_run(struct buf *out, const char *name, const char *rest, const char *run)
{
	char prefix[512];

	buf_adds(out, remote_path(prefix, "/api/v1/campaigns/", name, rest));
	if (run != NULL && strchr(rest, '?') == NULL)
		buf_adds(out, "?");
	if (run != NULL)
		add_query(out, "run", run);
	return out->data;
}

struct printing {
	uint64_t lines, bytes;
	int64_t began_ms, said_ms;
	bool says; /* stdout is a file: nobody sees that something comes */
	int error; /* errno of a write that failed */
};

static void
say(struct printing *pr)
{
	int64_t now = clock_mono_ms();
	char text[100];

	if (!pr->says || now - pr->began_ms < QUIET_MS ||
	    (pr->said_ms > 0 &&
	     now - pr->said_ms < (remote_is_terminal() ? BAR_EVERY_MS : PLAIN_EVERY_MS)))
		return;
	pr->said_ms = now;
	if (pr->bytes < 1024)
		snprintf(text, sizeof(text), "reading what the gateways said");
	else
		snprintf(text, sizeof(text), "lines, %s kB",
			 grouped((json_int_t)(pr->bytes / 1024)));
	if (remote_is_terminal())
		remote_bar(pr->lines, 0, text);
	else
		fprintf(stderr, "%s %s\n", grouped((json_int_t)pr->lines), text);
}

static bool
on_bytes(void *arg, struct slice s)
{
	struct printing *pr = arg;

	if (s.n > 0 && fwrite(s.p, 1, s.n, stdout) != s.n) {
		pr->error = errno;
		return false;
	}
	pr->bytes += s.n;
	for (const char *p = s.p; s.n > 0 && (p = memchr(p, '\n', s.n - (size_t)(p - s.p))) != NULL;
	     p++)
		pr->lines++;
	say(pr);
	return true;
}

static int
print_results(const struct remote_options *o, const char *path)
{
	struct printing pr = {.began_ms = clock_mono_ms()};
	struct remote *r;
	struct stat st;
	struct err_ctx e;
	enum err rc;

	pr.says = fstat(STDOUT_FILENO, &st) == 0 && S_ISREG(st.st_mode);
	rc = remote_open(o, &r, &e);
	if (rc == ERR_OK) {
		rc = remote_stream(r, "GET", path, on_bytes, &pr, &e);
		remote_close(r);
	}
	remote_bar_end();
	if (pr.error == 0 && fflush(stdout) != 0)
		pr.error = errno;
	if (pr.error == EPIPE)
		return 0; /* `| head` has seen enough */
	if (pr.error != 0)
		rc = err_set(&e, ERR_SYSTEM, "standard output", "make room there",
			     "cannot be written: %s", strerror(pr.error));
	else if (rc == ERR_UNREACHABLE && pr.bytes > 0)
		err_set(&e, rc, "results", "ask again; the server's log says why",
			"the answer broke off: what was printed is not all");
	return rc == ERR_OK ? 0 : cli_fail(&e);
}

int
verb_campaign_results(int argc, char **argv)
{
	struct remote_options o = {0};
	const char *state = NULL, *columns = NULL, *reason = NULL, *run = NULL;
	bool is_full = false, has_bom = false;
	const struct cli_option options[] = {REMOTE_OPTIONS(o),
					     {"--state", &state, NULL},
					     {"--columns", &columns, NULL},
					     {"--full", NULL, &is_full},
					     {"--reason", &reason, NULL},
					     {"--run", &run, NULL},
					     {"--bom", NULL, &has_bom},
					     {NULL, NULL, NULL}};
	struct buf path = {0};
	struct err_ctx e;
	char prefix[512];
	int rc;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage_words("campaign results", argc, 2);
	buf_addf(&path, "%s?format=%s",
		 remote_path(prefix, "/api/v1/campaigns/", argv[1], "/results"),
		 o.is_json ? "json" : "csv");
	if (state != NULL)
		add_query(&path, "state", state);
	if (columns != NULL)
		add_query(&path, "columns", columns);
	if (reason != NULL)
		add_query(&path, "reason", reason);
	if (run != NULL)
		add_query(&path, "run", run);
	buf_adds(&path, is_full ? "&full=1" : "");
	buf_adds(&path, has_bom ? "&bom=1" : "");
	if (path.len < REMOTE_URL_MAX - 300)
		rc = print_results(&o, path.data);
	else
		rc = cli_usage("campaign results", "names too many columns");
	buf_free(&path);
	return rc;
}
