/* SPDX-License-Identifier: MIT */
/* loa brandname save, ls, show, rm. */
#include <stdio.h>

#include "base/clock.h"
#include "base/mem.h"
#include "dispatcher/campaign/registration.h"
#include "dispatcher/cli/remote.h"
#include "segments/phone.h"

#define BRANDNAME_FILE_MAX 65536u

static void
print_saved(const json_t *a)
{
	printf("%s\n", remote_number(a, "saved") > 0	 ? "saved"
		       : remote_number(a, "changed") > 0 ? "changed"
							 : "is as it was");
}

int
verb_brandname_save(int argc, char **argv)
{
	struct remote_options o = {0};
	struct buf file = {0};
	struct err_ctx e;
	json_t *body = NULL;
	int rc = remote_words(&argc, argv, &o, "brandname save", 2);
	enum err code;

	if (rc != 0)
		return rc;
	code = cli_read_file(argv[1], BRANDNAME_FILE_MAX, &file, &e);
	if (code == ERR_OK)
		code = json_parse(buf_slice(&file), BRANDNAME_FILE_MAX, argv[1], &body, &e);
	buf_free(&file);
	if (code != ERR_OK)
		return cli_fail(&e);
	return remote_verb(&o, "PUT", "/api/v1/brandnames", body, print_saved);
}

/* "active viettel, mobifone; pending vinaphone" */
static void
print_carriers(const struct brandname *b)
{
	static const enum brandname_state order[] = {BRANDNAME_ACTIVE, BRANDNAME_PENDING,
						     BRANDNAME_REFUSED};
	unsigned groups = 0;

	for (size_t s = 0; s < ARRAY_LEN(order); s++) {
		unsigned n = 0;

		for (int i = 1; i < CARRIERS_MAX; i++) {
			if (b->carriers[i].state != order[s])
				continue;
			if (n++ == 0)
				printf("%s%s ", groups++ > 0 ? "; " : "",
				       brandname_state_name(order[s]));
			else
				printf(", ");
			printf("%s", carrier_name(i));
		}
	}
}

static void
print_one(const json_t *v)
{
	struct json_at root = json_root((json_t *)(uintptr_t)v);
	int64_t today = clock_today_vn();
	struct brandname b;
	struct err_ctx e;

	if (brandname_read(&root, &b, &e) != ERR_OK)
		return;
	printf("%-11s  %-10s  ", b.name, b.valid_to_text);
	print_carriers(&b);
	if (b.valid_to != 0 && b.valid_to < today)
		printf("  (ended)");
	else if (b.valid_to != 0 && b.valid_to - today <= BRANDNAME_EXPIRES_SOON)
		printf("  (ends in %d days: renew it)", (int)(b.valid_to - today));
	printf("\n");
}

static void
print_all(const json_t *a)
{
	json_t *one;
	size_t i;

	json_array_foreach (json_object_get(a, "brandnames"), i, one)
		print_one(one);
}

int
verb_brandname_ls(int argc, char **argv)
{
	struct remote_options o = {0};
	int rc = remote_words(&argc, argv, &o, "brandname ls", 1);

	return rc != 0 ? rc : remote_verb(&o, "GET", "/api/v1/brandnames", NULL, print_all);
}

int
verb_brandname_show(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "brandname show", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "GET", remote_path(path, "/api/v1/brandnames/", argv[1], ""), NULL,
			   NULL);
}

static void
print_removed(const json_t *a)
{
	printf("%s removed\n", remote_text(a, "removed"));
}

int
verb_brandname_rm(int argc, char **argv)
{
	struct remote_options o = {0};
	char path[512];
	int rc = remote_words(&argc, argv, &o, "brandname rm", 2);

	if (rc != 0)
		return rc;
	return remote_verb(&o, "DELETE", remote_path(path, "/api/v1/brandnames/", argv[1], ""),
			   NULL, print_removed);
}
