/* SPDX-License-Identifier: MIT */
/* loa serve: reads its words, then hands over to the daemon. */
#include <stdio.h>
#include <stdlib.h>

#include "dispatcher/cli/cli.h"
#include "dispatcher/daemon.h"
#include "dispatcher/demo/demo.h"

static enum err
read_roles(const char *text, unsigned *out, struct err_ctx *e)
{
	static const char *const names[] = {"api", "schedule", "send", "receive"};

	*out = 0;
	for (const char *p = text; *p != '\0';) {
		size_t n = strcspn(p, ",");
		unsigned bit = 0;

		for (unsigned i = 0; i < 4; i++)
			if (strlen(names[i]) == n && memcmp(names[i], p, n) == 0)
				bit = 1u << i;
		if (bit == 0)
			return err_set(e, ERR_USAGE, "--roles", "use api, schedule, send, receive",
				       "\"%.*s\" is no role", (int)n, p);
		*out |= bit;
		p += n + (p[n] == ',');
	}
	if (*out == 0)
		return err_set(e, ERR_USAGE, "--roles", "use api, schedule, send, receive",
			       "names none");
	return ERR_OK;
}

/* All roles, its own configuration, and a folder that is told. */
static int
serve_demo(struct daemon_options *o)
{
	struct err_ctx e;
	char *folder = NULL;
	int rc;

	if (o->config_path != NULL || o->roles != ROLE_ALL)
		return cli_usage("serve", "--demo brings its own configuration and has all roles");
	if (o->data == NULL) {
		if (demo_folder(&folder, &e) != ERR_OK)
			return cli_fail(&e);
		o->data = folder;
	}
	rc = daemon_run(o);
	free(folder);
	return rc;
}

int
verb_serve(int argc, char **argv)
{
	struct daemon_options o = {.roles = ROLE_ALL};
	const char *roles = NULL;
	const struct cli_option options[] = {
		{"--config", &o.config_path, NULL}, {"--data", &o.data, NULL},
		{"--listen", &o.listen, NULL},	    {"--roles", &roles, NULL},
		{"--demo", NULL, &o.is_demo},	    {NULL, NULL, NULL}};
	struct err_ctx e;

	if (cli_parse(&argc, argv, options, &e) != ERR_OK ||
	    (roles != NULL && read_roles(roles, &o.roles, &e) != ERR_OK))
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage("serve", "takes no plain words");
	return o.is_demo ? serve_demo(&o) : daemon_run(&o);
}

/* The configuration as the server would use it, or its first error with its place. */
int
verb_config_check(int argc, char **argv)
{
	const struct cli_option none[] = {{NULL, NULL, NULL}};
	struct config *c;
	struct buf out = {0};
	struct err_ctx e;

	if (cli_parse(&argc, argv, none, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 2)
		return cli_usage("config check", "needs one file");
	if (config_load(argv[1], &c, &e) != ERR_OK)
		return cli_fail(&e);
	config_show(c, &out);
	fwrite(out.data, 1, out.len, stdout);
	buf_free(&out);
	config_free(c);
	return 0;
}
