/* SPDX-License-Identifier: MIT */
#include "dispatcher/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "dispatcher/api/api.h"
#include "dispatcher/demo/demo.h"
#include "dispatcher/redisd.h"
#include "dispatcher/send/publish.h"
#include "dispatcher/store/keys.h"
#include "dispatcher/store/old_library.h"
#include "dispatcher/store/phone_hash.h"
#include "segments/list_gone.h"

#define DRAIN_LOOK_MS 20
#define SWEEP_MS 3600000
#define DRAIN_MAX_MS 130000 /* longer than any provider's time-out */

/* ---- configuration ---- */

static enum err
read_config(const struct daemon_options *o, struct config **out, struct err_ctx *e)
{
	return o->is_demo ? config_load_demo(out, e) : config_load(o->config_path, out, e);
}

static void
apply_overrides(const struct daemon_options *o, struct config *c)
{
	enum log_level level;

	if (o->data != NULL)
		c->data = o->data;
	if (o->listen != NULL)
		c->listen = o->listen;
	if (log_level_parse(c->log_level, &level))
		log_set_level(level);
}

/* Hook addresses that nobody can guess, the same after each start. */
static void
make_hook_tokens(struct daemon *d)
{
	for (size_t i = 0; i < d->config->provider_count; i++) {
		struct provider_config *p = &d->config->providers[i];
		uint8_t hash[16];
		char text[64];

		if (p->token[0] != '\0')
			continue;
		snprintf(text, sizeof(text), "hook %s", p->name);
		hash_keyed(slice_of(text), d->install_key, hash, sizeof(hash));
		hash_hex(hash, sizeof(hash), p->token);
	}
}

/* Another process on this Redis may have made a new token. */
static void
on_token_hash(void *arg, const struct reply *r)
{
	struct daemon *d = arg;

	if (r->kind == REPLY_STRING && r->str.n == sizeof(d->token_hash))
		memcpy(d->token_hash, r->str.p, r->str.n);
}

static void
ask_token(struct daemon *d)
{
	struct slice v[3] = {SLICE("HGET"), slice_of(key_prefix_meta), SLICE("token_hash")};

	redis_command(engine_redis(d->engine), v, 3, on_token_hash, d);
}

static void
on_hup(void *arg)
{
	struct daemon *d = arg;
	struct config *c;
	struct err_ctx e;
	struct buf fixed = {0}, text = {0};

	if (read_config(&d->o, &c, &e) != ERR_OK) {
		err_print(&e, &text);
		log_error("config=reload result=refused why=%s", text.data);
		buf_free(&text);
		return;
	}
	apply_overrides(&d->o, c);
	config_diff_fixed(d->config, c, &fixed);
	if (fixed.len > 0)
		log_warn("config=reload needs-restart=%s", fixed.data);
	buf_free(&fixed);
	d->retired = xrealloc(d->retired, (d->retired_count + 1) * sizeof(struct config *));
	d->retired[d->retired_count++] = d->config;
	d->config = c;
	numbering_set(&c->plan);
	if (d->has_keys)
		make_hook_tokens(d);
	if (d->sender != NULL)
		sender_set_config(d->sender, c);
	if (d->receipts != NULL)
		receipts_set_config(d->receipts, c);
	if (d->poller != NULL)
		poller_set_config(d->poller, c);
	if (d->alarm != NULL)
		alarm_set_config(d->alarm, c);
	if (d->watcher != NULL)
		watcher_set_config(d->watcher, c);
	if (d->is_up) {
		lanes_publish(d->engine, d->config);
		ask_token(d);
	}
	log_info("config=reload result=done providers=%zu", c->provider_count);
}

/* ---- open and shut ---- */

const char *
daemon_why_down(const struct daemon *d)
{
	if (d->redisd != NULL && redisd_is_disk_full(d->redisd))
		return "the disk of the data folder is full: Redis cannot write";
	return d->has_said_ready ? "Redis is out of reach" : "the server is starting";
}

static void
public_url(const struct daemon *d, char out[256])
{
	if (d->config->public_url[0] != '\0')
		snprintf(out, 256, "%s", d->config->public_url);
	else if (d->api != NULL)
		snprintf(out, 256, "http://127.0.0.1:%u", api_port(d->api));
	else
		out[0] = '\0';
	for (size_t i = 0; out[0] == '\0' && i < d->config->provider_count; i++) {
		const struct provider_config *p = &d->config->providers[i];

		if (p->driver->capability(p->account)->has_receipts)
			log_warn("lane=%s result=no-receipts todo=set public_url", p->name);
	}
}

static void
say_ready(struct daemon *d, const char *new_token)
{
	if (d->has_said_ready)
		return;
	d->has_said_ready = true;
	if (d->api != NULL && (d->o.roles & ROLE_API) != 0)
		printf("loa: serving on http://127.0.0.1:%u and %s/api.sock\n", api_port(d->api),
		       d->config->data);
	else if (d->api != NULL)
		printf("loa: serving hooks on http://127.0.0.1:%u\n", api_port(d->api));
	else
		printf("loa: serving (no HTTP in these roles)\n");
	if (new_token != NULL && d->demo == NULL)
		printf("loa: administrator's token, shown this once: %s\n", new_token);
	fflush(stdout);
	if (d->demo != NULL)
		demo_begin(d->demo, new_token);
}

/*
 * All must be: the keys are known, the engine is open, and to whoever is to be erased (a restored
 * backup may have brought people back) nothing can leave.
 */
static void
begin_work(struct daemon *d)
{
	char url[256];

	if (!d->is_up || !d->is_working || !eraser_is_ready(d->eraser))
		return;
	public_url(d, url);
	if (d->keeper != NULL)
		keeper_open(d->keeper);
	if (d->alarm != NULL)
		alarm_open(d->alarm);
	if (d->watcher != NULL)
		watcher_open(d->watcher);
	if (d->sender != NULL)
		sender_open(d->sender, d->install_key, url);
}

static void
on_backup_time(void *arg, const struct reply *r)
{
	struct daemon *d = arg;

	if (r->kind == REPLY_STRING)
		slice_to_i64(r->str, &d->backup_s);
}

/* For the metric that says how old the last backup is. */
static void
ask_backup(struct daemon *d)
{
	struct slice v[3] = {SLICE("HGET"), slice_of(key_prefix_meta), SLICE("backup_s")};

	redis_command(engine_redis(d->engine), v, 3, on_backup_time, d);
}

static void
on_eraser_ready(void *arg)
{
	begin_work(arg);
}

static void
on_installed(void *arg, const struct reply *r)
{
	struct daemon *d = arg;
	struct slice key = reply_item(r, 0)->str, token = reply_item(r, 1)->str;
	uint8_t phone_key[HASH_KEY_BYTES], hash[sizeof(d->token_hash)];

	/* An answer to what was asked on an earlier connection: asked again as soon as it is up. */
	if (d->is_stopping || d->is_up || !engine_is_up(d->engine))
		return;
	if (r->kind != REPLY_ARRAY || key.n != sizeof(d->install_key) ||
	    token.n != sizeof(d->token_hash)) {
		log_error("call=install result=unusable todo=restore a backup of Redis");
		return;
	}
	memcpy(d->install_key, key.p, key.n);
	memcpy(d->token_hash, token.p, token.n);
	d->is_up = true;
	d->has_keys = true;
	phone_hash_key(d->install_key, phone_key);
	engine_set_phone_key(d->engine, phone_key);
	make_hook_tokens(d);
	lanes_publish(d->engine, d->config);
	if (d->receipts != NULL)
		receipts_open(d->receipts, d->install_key);
	if (d->poller != NULL)
		poller_open(d->poller, d->install_key);
	eraser_open(d->eraser); /* then work begins */
	ask_backup(d);
	/* Ours, whichever of our questions it was that made it. */
	hash_plain(slice_of(d->new_token), hash);
	say_ready(d, memcmp(hash, d->token_hash, sizeof(hash)) == 0 ? d->new_token : NULL);
}

static void
on_durability(void *arg, const struct reply *r)
{
	struct slice value = reply_item(r, 1)->str;

	(void)arg;
	if (r->kind != REPLY_ARRAY || r->count < 2)
		log_warn("redis=own appendfsync=unknown result=look-yourself");
	else if (!slice_is(value, "always"))
		log_warn("redis=own appendfsync=%.*s result=may-lose-acknowledged-writes "
			 "todo=set appendonly yes and appendfsync always",
			 (int)value.n, value.p);
}

/* A Redis of one's own may forget what it acknowledged: say so, loudly. */
static void
ask_durability(struct daemon *d)
{
	struct slice v[3] = {SLICE("CONFIG"), SLICE("GET"), SLICE("appendfsync")};

	redis_command(engine_redis(d->engine), v, 3, on_durability, d);
}

static void
on_engine_up(void *arg)
{
	struct daemon *d = arg;
	uint8_t hash[16];
	struct argv a = {0};

	if (d->redisd != NULL)
		redisd_ready(d->redisd);
	else
		ask_durability(d);
	/* The same each time: an answer that was lost may have been "done". */
	if (d->new_token[0] == '\0') {
		random_bytes(d->new_key, sizeof(d->new_key));
		random_hex(d->new_token, TOKEN_BYTES);
	}
	hash_plain(slice_of(d->new_token), hash);
	argv_add(&a, (struct slice){(const char *)d->new_key, sizeof(d->new_key)});
	argv_add(&a, (struct slice){(const char *)hash, sizeof(hash)});
	engine_sure(d->engine, "install", &a, false, on_installed, d);
	argv_free(&a);
}

static void
on_sweep(struct timer *t, void *arg)
{
	struct daemon *d = arg;

	if (d->is_working) {
		old_library_sweep(d->engine);
		list_gone_sweep(engine_redis(d->engine), NULL, NULL);
	}
	timer_arm_ms(d->loop, t, SWEEP_MS);
}

static void
on_engine_open(void *arg)
{
	struct daemon *d = arg;

	d->is_working = true;
	begin_work(d);
	if (d->keeper != NULL)
		timer_arm_ms(d->loop, &d->sweep, 0);
}

static void
on_engine_shut(void *arg)
{
	struct daemon *d = arg;

	log_warn("redis=lost result=waiting");
	d->is_up = d->is_working = false;
	eraser_shut(d->eraser);
	if (d->sender != NULL)
		sender_shut(d->sender);
	if (d->keeper != NULL)
		keeper_shut(d->keeper);
	if (d->receipts != NULL)
		receipts_shut(d->receipts);
	if (d->alarm != NULL)
		alarm_shut(d->alarm);
	if (d->watcher != NULL)
		watcher_shut(d->watcher);
}

/* The connection is gone, whether or not work was open. */
static void
on_engine_lost(void *arg)
{
	struct daemon *d = arg;

	if (d->redisd != NULL && !d->is_stopping)
		redisd_check(d->redisd);
}

static void
on_engine_tick(void *arg)
{
	struct daemon *d = arg;

	if (d->sender != NULL && d->is_working)
		sender_wake(d->sender);
	if (d->keeper != NULL)
		keeper_wake(d->keeper);
	if (d->alarm != NULL)
		alarm_wake(d->alarm);
}

/* ---- stopping ---- */

static void
on_redis_stopped(void *arg, const struct reply *r)
{
	struct daemon *d = arg;

	if (r->kind == REPLY_ERROR)
		log_warn("redis=embedded call=shutdown result=error why=%.*s", (int)r->str.n,
			 r->str.p);
	loop_stop(d->loop);
}

/* Everything is given back: stop Redis if it is ours, then the loop. */
static void
stop_now(struct daemon *d)
{
	struct slice v[1] = {SLICE("SHUTDOWN")};

	if (d->is_stopping)
		return;
	d->is_stopping = true;
	timer_disarm(d->loop, &d->drain);
	if (redis_is_ready(engine_redis(d->engine)))
		engine_bye(d->engine);
	if (d->redisd != NULL && redis_is_ready(engine_redis(d->engine))) {
		redis_command(engine_redis(d->engine), v, 1, on_redis_stopped, d);
		timer_arm_ms(d->loop, &d->deadline, 10000);
	} else {
		loop_stop(d->loop);
	}
}

static void
on_deadline(struct timer *t, void *arg)
{
	struct daemon *d = arg;

	(void)t;
	if (d->is_stopping)
		loop_stop(d->loop); /* Redis did not answer SHUTDOWN */
	else
		stop_now(d);
}

static void
on_drain_look(struct timer *t, void *arg)
{
	struct daemon *d = arg;
	bool is_over = d->api == NULL || api_is_closed(d->api);

	(void)t;
	if (d->is_up)
		is_over = is_over && engine_unacknowledged(d->engine) == 0 &&
			  (d->sender == NULL || sender_is_idle(d->sender));
	else /* what Redis is not told now, the next start finds in doubt */
		is_over = is_over && (d->sender == NULL || sender_is_quiet(d->sender));
	if (is_over)
		stop_now(d);
	else
		timer_arm_ms(d->loop, &d->drain, DRAIN_LOOK_MS);
}

static void
on_term(void *arg)
{
	struct daemon *d = arg;

	if (d->is_draining) {
		log_warn("signal=term result=stopping-now");
		stop_now(d);
		return;
	}
	log_info("signal=term result=draining");
	d->is_draining = true;
	if (d->api != NULL)
		api_drain(d->api);
	if (d->keeper != NULL)
		keeper_shut(d->keeper);
	if (d->alarm != NULL)
		alarm_shut(d->alarm);
	if (d->watcher != NULL)
		watcher_shut(d->watcher);
	if (d->sender != NULL)
		sender_drain(d->sender);
	if (d->poller != NULL)
		poller_shut(d->poller);
	timer_arm_ms(d->loop, &d->drain, 0);
	timer_arm_ms(d->loop, &d->deadline, DRAIN_MAX_MS);
}

/* ---- making and taking down ---- */

/* host:port of a Redis of one's own; [::1]:6379 too. */
static enum err
split_address(const char *address, char host[128], uint16_t *port, struct err_ctx *e)
{
	const char *colon = strrchr(address, ':');
	int64_t n = 0;

	if (colon == NULL || colon == address || colon - address > 120 ||
	    !slice_to_i64(slice_of(colon + 1), &n) || n < 1 || n > 65535)
		return err_set(e, ERR_INPUT, "redis_address", "write host:port",
			       "\"%s\" is no address", address);
	snprintf(host, 128, "%.*s", (int)(colon - address), address);
	if (host[0] == '[' && host[strlen(host) - 1] == ']') {
		memmove(host, host + 1, strlen(host));
		host[strlen(host) - 1] = '\0';
	}
	*port = (uint16_t)n;
	return ERR_OK;
}

static enum err
make_engine(struct daemon *d, struct err_ctx *e)
{
	const struct config *c = d->config;
	struct engine_options o = {
		.lease_ms = c->lease_ms,
		.on_up = on_engine_up,
		.on_open = on_engine_open,
		.on_shut = on_engine_shut,
		.on_lost = on_engine_lost,
		.on_tick = on_engine_tick,
		.arg = d,
	};
	char host[128];
	enum err rc = ERR_OK;

	if (c->redis_socket[0] != '\0') {
		o.redis.unix_socket = c->redis_socket;
	} else if (c->redis_address[0] != '\0') {
		rc = split_address(c->redis_address, host, &o.redis.port, e);
		o.redis.host = host;
	} else {
		rc = redisd_open(d->loop, c->data, c->embedded_max_mb, &d->redisd, e);
		if (rc == ERR_OK)
			o.redis.unix_socket = redisd_socket(d->redisd);
	}
	if (rc != ERR_OK)
		return rc;
	if (c->redis_password[0] != '\0')
		o.redis.password = c->redis_password;
	d->engine = engine_new(d->loop, &o);
	return ERR_OK;
}

static void
make_receive(struct daemon *d)
{
	struct poller_options po = {
		.loop = d->loop, .engine = d->engine, .fetch = d->fetch, .config = d->config};

	d->receipts = receipts_new(d->loop, d->engine, d->config);
	po.receipts = d->receipts;
	d->poller = poller_new(&po);
}

static void
make_eraser(struct daemon *d)
{
	struct eraser_options o = {.loop = d->loop,
				   .engine = d->engine,
				   .folder = d->config->data,
				   .is_embedded = d->redisd != NULL,
				   .goes_on = (d->o.roles & ROLE_SCHEDULE) != 0,
				   .on_ready = on_eraser_ready,
				   .arg = d};

	d->eraser = eraser_new(&o);
}

static enum err
make_parts(struct daemon *d, struct err_ctx *e)
{
	struct fetch_options fo = {
		.user_agent = "loa/" LOA_VERSION, .connections_max = 1024, .is_http_allowed = true};
	enum err rc = make_engine(d, e);

	if (rc != ERR_OK)
		return rc;
	make_eraser(d);
	d->views = run_views_new(d->engine);
	d->fetch = fetch_new(d->loop, &fo);
	if ((d->o.roles & ROLE_SEND) != 0) {
		struct sender_options so = {.loop = d->loop,
					    .engine = d->engine,
					    .fetch = d->fetch,
					    .views = d->views,
					    .config = d->config};

		d->sender = sender_new(&so);
	}
	if ((d->o.roles & ROLE_SCHEDULE) != 0) {
		d->keeper = keeper_new(d->loop, d->engine, d->views);
		d->alarm = alarm_new(d->loop, d->engine, d->config);
		d->watcher = watcher_new(d->engine, d->fetch, d->config);
	}
	if ((d->o.roles & ROLE_RECEIVE) != 0)
		make_receive(d);
	if ((d->o.roles & (ROLE_API | ROLE_RECEIVE)) != 0)
		rc = api_open(d, &d->api, e);
	if (rc == ERR_OK && d->o.is_demo) {
		struct demo_options o = {d->loop, d->fetch, d->config->data, api_port(d->api)};

		d->demo = demo_new(&o);
	}
	return rc;
}

static void
take_down(struct daemon *d)
{
	timer_disarm(d->loop, &d->drain);
	timer_disarm(d->loop, &d->deadline);
	timer_disarm(d->loop, &d->sweep);
	midnight_shut(&d->midnight);
	if (d->api != NULL)
		api_cut(d->api);
	if (d->fetch != NULL)
		fetch_free(d->fetch);
	demo_free(d->demo);
	if (d->engine != NULL)
		engine_free(d->engine); /* runs the callbacks of what is asked still */
	if (d->eraser != NULL)
		eraser_free(d->eraser);
	if (d->keeper != NULL)
		keeper_free(d->keeper);
	if (d->alarm != NULL)
		alarm_free(d->alarm);
	if (d->watcher != NULL)
		watcher_free(d->watcher);
	if (d->sender != NULL)
		sender_free(d->sender);
	if (d->receipts != NULL)
		receipts_free(d->receipts); /* tells the pushes, the sandbox's too */
	if (d->api != NULL)
		api_free(d->api);
	if (d->poller != NULL)
		poller_free(d->poller);
	if (d->views != NULL)
		run_views_free(d->views);
	if (d->redisd != NULL)
		redisd_close(d->redisd);
	numbering_set(NULL);
	for (size_t i = 0; i < d->retired_count; i++)
		config_free(d->retired[i]);
	free(d->retired);
	config_free(d->config);
	loop_free(d->loop);
}

int
daemon_run(const struct daemon_options *o)
{
	struct daemon d = {.o = *o};
	struct buf text = {0};
	struct err_ctx e;
	enum err rc;

	rc = read_config(o, &d.config, &e);
	d.loop = loop_new();
	d.started_ms = clock_mono_ms();
	timer_init(&d.drain, on_drain_look, &d);
	timer_init(&d.deadline, on_deadline, &d);
	timer_init(&d.sweep, on_sweep, &d);
	if (rc == ERR_OK) {
		apply_overrides(o, d.config);
		numbering_set(&d.config->plan);
		midnight_open(&d.midnight, d.loop, &d.config);
		rc = make_parts(&d, &e);
	}
	if (rc == ERR_OK) {
		loop_on_signal(d.loop, SIGTERM, on_term, &d);
		loop_on_signal(d.loop, SIGINT, on_term, &d);
		loop_on_signal(d.loop, SIGHUP, on_hup, &d);
		loop_run(d.loop);
		log_info("result=stopped");
	} else {
		err_print(&e, &text);
		fprintf(stderr, "loa: %s\n", text.data);
		buf_free(&text);
		if (d.redisd != NULL)
			redisd_kill(d.redisd);
	}
	d.is_stopping = true;
	take_down(&d);
	return rc == ERR_OK ? 0 : err_exit_code(rc);
}
