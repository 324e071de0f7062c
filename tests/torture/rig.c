/* SPDX-License-Identifier: MIT */
#include "tests/torture/rig.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/torture/http.h"

#define START_MS 30000

static const char *const dialect_names[] = {"plain", "dedupe", "polled"};

static const char policy[] = "{ \"classes\": [ { \"class\": \"notice\", \"priority\": 3 },"
			     " { \"class\": \"personal\", \"priority\": 1 } ] }\n";

static const char config[] = "{ \"policy\": \"%s/policy.json\", \"log_level\": \"info\","
			     " \"lease_ms\": 1000, \"redis_socket\": \"%s/proxy.sock\",\n"
			     "  \"public_url\": \"%s\", \"providers\": [ %s ] }\n";

/* Small requests, so that there are many; a time-out that a test can wait for. */
static const char generic[] =
	"{ \"name\": \"gw\", \"driver\": \"generic\", \"rate\": 2000,\n"
	"    \"concurrency\": 8, \"timeout_ms\": 700, \"brandname\": \"UBND-AG\", \"price\": { "
	"\"*\": 400 },\n"
	"    \"settings\": { \"url\": \"http://127.0.0.1:%d/batch\",\n"
	"      \"headers\": { \"X-Api-Key\": \"k\" },\n"
	"      \"body\": { \"from\": \"${brandname}\", \"callback\": \"${receipt_url}\",\n"
	"        \"messages\": { \"$each\": { \"to\": \"${phone}\", \"text\": \"${text}\","
	" \"ref\": \"${reference}\" } } },\n"
	"      \"shape\": \"list\", \"batch\": { \"max\": 4 }, \"counts\": \"messages\", %s\n"
	"      \"answer\": { \"code\": \"code\", \"items\": { \"at\": \"results\","
	" \"reference\": \"ref\", \"code\": \"code\", \"id\": \"id\" } },\n"
	"      \"codes\": { \"0\": \"accepted\", \"10\": \"bad-recipient\", \"11\": "
	"\"bad-message\",\n"
	"        \"12\": \"bad-account\", \"20\": \"throttled\", \"21\": \"temporary\",\n"
	"        %s \"40\": \"bad-account\" },\n"
	"      \"http\": { \"429\": \"throttled\" },\n"
	"      \"receipts\": { \"in\": \"json\", \"items\": \"receipts\", \"reference\": \"ref\",\n"
	"        \"id\": \"id\", \"status\": \"status\", \"statuses\": { \"DELIVRD\": "
	"\"delivered\",\n"
	"          \"UNDELIV\": \"undeliverable\", \"EXPIRED\": \"undeliverable\","
	" \"ACCEPTD\": \"accepted\" },\n"
	"        \"deadline_s\": 60 } } }";

static const char esms[] =
	"{ \"name\": \"gw\", \"driver\": \"esms\", \"rate\": 2000, \"concurrency\": 8,\n"
	"    \"timeout_ms\": 700, \"brandname\": \"UBND-AG\", \"price\": { \"*\": 400 },\n"
	"    \"polls_per_s\": 100, \"settings\": { \"type\": \"cskh\", \"unicode\": true,\n"
	"      \"url\": \"http://127.0.0.1:%d/MainService.svc/json\", \"api_key\": \"K0\",\n"
	"      \"secret_key\": \"S0\", \"poll_after_s\": 1, \"poll_every_s\": 1,\n"
	"      \"receipt_deadline_s\": 6 } }";

const char *
dialect_name(enum dialect d)
{
	return dialect_names[d];
}

const char *
rig_path(const struct rig *r, const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", r->folder, name);
	return path;
}

static void
write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "we");

	if (f == NULL || fputs(text, f) < 0 || fclose(f) != 0)
		fail("%s: %s", path, strerror(errno));
}

static void
read_file(const char *path, char *out, size_t cap)
{
	FILE *f = fopen(path, "re");
	size_t n = f != NULL ? fread(out, 1, cap - 1, f) : 0;

	out[n] = '\0';
	if (f != NULL)
		fclose(f);
}

/* argv's program; its output is added to a file of the folder. */
static pid_t
run(const struct rig *r, const char *out, const char *err, const char *const *argv)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (freopen("/dev/null", "r", stdin) == NULL ||
	    freopen(rig_path(r, out), "a", stdout) == NULL ||
	    freopen(rig_path(r, err), "a", stderr) == NULL)
		_exit(127);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

static void
end(pid_t *pid)
{
	if (*pid > 0) {
		kill(*pid, SIGKILL);
		waitpid(*pid, NULL, 0);
	}
	*pid = 0;
}

/* ---- Redis ---- */

static int
count_lines(const char *s)
{
	int n = 0;

	while ((s = strstr(s, "\r\n")) != NULL) {
		n++;
		s += 2;
	}
	return n;
}

bool
rig_ask_redis(const struct rig *r, const char *line, char *out, size_t cap)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	size_t n = 0;
	ssize_t got = 0;

	snprintf(a.sun_path, sizeof(a.sun_path), "%.90s/redis.sock", r->folder);
	out[0] = '\0';
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
	    send(fd, line, strlen(line), MSG_NOSIGNAL) > 0 && send(fd, "\r\n", 2, MSG_NOSIGNAL) > 0)
		do {
			got = recv(fd, out + n, cap - 1 - n, 0);
			n += got > 0 ? (size_t)got : 0;
			out[n] = '\0';
		} while (got > 0 && n < cap - 1 &&
			 count_lines(out) < (out[0] == '$' && out[1] != '-' ? 2 : 1));
	if (fd >= 0)
		close(fd);
	return count_lines(out) > 0;
}

static void
start_redis(struct rig *r)
{
	char socket_path[256], answer[64];
	int64_t until = now_ms() + START_MS;

	snprintf(socket_path, sizeof(socket_path), "%s/redis.sock", r->folder);
	r->redis = run(r, "redis.log", "redis.log",
		       (const char *const[]){"redis-server", "--port", "0", "--unixsocket",
					     socket_path, "--save", "", "--appendonly", "no",
					     "--dir", r->folder, NULL});
	while (!rig_ask_redis(r, "PING", answer, sizeof(answer)) || answer[0] != '+') {
		if (now_ms() > until)
			fail("Redis does not start: see %s", rig_path(r, "redis.log"));
		rest_ms(10);
	}
}

void
rig_empty_redis(struct rig *r)
{
	char answer[64];

	if (!rig_ask_redis(r, "FLUSHALL", answer, sizeof(answer)) ||
	    !rig_ask_redis(r, "FUNCTION FLUSH", answer, sizeof(answer)))
		fail("Redis cannot be emptied");
	r->token[0] = '\0';
}

/* ---- gateway ---- */

void
rig_gateway_control(const struct rig *r, const char *body, struct bytes *out)
{
	struct http_call c = {.port = r->gateway_port,
			      .method = body != NULL ? "POST" : "GET",
			      .path = "/control",
			      .body = body};
	int64_t until = now_ms() + START_MS;
	int status;

	/* It may be gone for a moment: that is a fault of its own. */
	while ((status = http_do(&c, out)) == 0 && now_ms() < until)
		rest_ms(20);
	if (status != 200)
		fail("the gateway answers %d to %s: %s", status, body != NULL ? body : "GET",
		     out->p);
}

static void
start_gateway(struct rig *r)
{
	char program[256], port_file[256], ledger[256], text[32];
	int64_t until = now_ms() + START_MS;

	snprintf(program, sizeof(program), "%s/gateway", r->build);
	snprintf(port_file, sizeof(port_file), "%s/port", r->folder);
	snprintf(ledger, sizeof(ledger), "%s/ledger", r->folder);
	r->gateway = run(r, "gateway.log", "gateway.log",
			 (const char *const[]){
				 program, "--port-file", port_file, "--ledger", ledger, "--key",
				 "k", "--moods", "--receipt-delay", "20", "--receipt-batch", "8",
				 "--receipt-tries", "1000", "--dedupe",
				 r->dialect == DIALECT_DEDUPE ? "forever" : "none", "--receipts",
				 r->dialect == DIALECT_POLLED ? "none" : "delivered", NULL});
	do {
		rest_ms(10);
		read_file(port_file, text, sizeof(text));
		if (now_ms() > until)
			fail("the gateway does not start: see %s", rig_path(r, "gateway.log"));
	} while (strchr(text, '\n') == NULL);
	r->gateway_port = (int)strtol(text, NULL, 10);
}

/* ---- the server ---- */

static void
write_config(const struct rig *r)
{
	bool has_dedupe = r->dialect == DIALECT_DEDUPE, is_polled = r->dialect == DIALECT_POLLED;
	struct bytes provider = {0}, b = {0};

	if (is_polled)
		bytes_format(&provider, esms, r->gateway_port);
	else
		bytes_format(&provider, generic, r->gateway_port,
			     has_dedupe
				     ? "\"dedupe\": { \"by\": \"reference\", \"window_s\": 86400,"
				       " \"meaning\": \"accepted\" },"
				     : "",
			     has_dedupe ? "\"30\": \"duplicate\"," : "");
	/* Nobody listens there: what is not reported must be asked for. */
	bytes_format(&b, config, r->folder, r->folder, is_polled ? "http://127.0.0.1:1" : "",
		     provider.p);
	bytes_free(&provider);
	write_file(rig_path(r, "loa.json"), b.p);
	write_file(rig_path(r, "policy.json"), policy);
	bytes_free(&b);
}

bool
rig_has_lost_server(struct rig *r)
{
	if (r->loa > 0 && waitpid(r->loa, NULL, WNOHANG) == 0)
		return false;
	r->loa = 0;
	return true;
}

bool
rig_start_server(struct rig *r)
{
	char program[256], path[256], data[256], listen[32], text[1024];
	int64_t until = now_ms() + START_MS;
	const char *at;

	snprintf(program, sizeof(program), "%s/loa", r->build);
	snprintf(path, sizeof(path), "%s/loa.json", r->folder);
	snprintf(data, sizeof(data), "%s/data", r->folder);
	snprintf(listen, sizeof(listen), "127.0.0.1:%d", r->loa_port);
	unlink(rig_path(r, "loa.out"));
	r->loa = run(r, "loa.out", "loa.log",
		     (const char *const[]){program, "serve", "--config", path, "--data", data,
					   "--listen", listen, NULL});
	do {
		rest_ms(5);
		if (rig_has_lost_server(r) || now_ms() > until)
			return false;
		read_file(rig_path(r, "loa.out"), text, sizeof(text));
	} while (strstr(text, "serving") == NULL || text[strlen(text) - 1] != '\n');
	at = strstr(text, "http://127.0.0.1:");
	r->loa_port = at != NULL ? (int)strtol(at + strlen("http://127.0.0.1:"), NULL, 10) : 0;
	at = strstr(text, "once: ");
	if (at != NULL)
		sscanf(at, "once: %79s", r->token);
	return r->loa_port != 0;
}

void
rig_kill_server(struct rig *r)
{
	end(&r->loa);
}

/* ---- all of it ---- */

void
rig_open(struct rig *r)
{
	const char *tmp = getenv("TMPDIR");
	char proxy[256], redis[256];

	snprintf(r->folder, sizeof(r->folder), "%.100s/torture.XXXXXX", tmp != NULL ? tmp : "/tmp");
	if (mkdtemp(r->folder) == NULL || mkdir(rig_path(r, "data"), 0700) != 0)
		fail("%s: %s", r->folder, strerror(errno));
	if (r->proxy_control == NULL)
		r->proxy_control = proxy_control_new();
	atomic_store(&r->proxy_control->at, 0);
	r->loa_port = r->gateway_port = 0;
	r->jobs = 0;
	r->token[0] = '\0';
	snprintf(proxy, sizeof(proxy), "%s/proxy.sock", r->folder);
	snprintf(redis, sizeof(redis), "%s/redis.sock", r->folder);
	start_redis(r);
	r->proxy = proxy_start(r->proxy_control, proxy, redis);
	start_gateway(r);
	write_config(r);
	if (!rig_start_server(r))
		fail("the server does not start: see %s", rig_path(r, "loa.log"));
	if (r->token[0] == '\0')
		fail("the server shows no token");
}

static int
remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(path);
}

void
rig_close(struct rig *r)
{
	end(&r->loa);
	end(&r->gateway);
	end(&r->proxy);
	end(&r->redis);
	nftw(r->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}
