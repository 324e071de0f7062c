/* SPDX-License-Identifier: MIT */
/* loa phone: a cell as staff typed it → the numbers in it, as JSON. */
#include <inttypes.h>

#include "base/json.h"
#include "base/text.h"
#include "dispatcher/cli/cli.h"
#include "segments/phone.h"

static void
add_name(struct buf *out, const char *name)
{
	if (name == NULL)
		buf_adds(out, "null");
	else
		json_add_string(out, slice_of(name));
}

static bool
phone_line(struct slice line, struct buf *out, void *arg)
{
	struct phone_cell cell;

	(void)arg;
	if (text_find_malformed(line) >= 0) {
		cli_add_error(out, "not-utf8", "the line is not UTF-8: save the file as UTF-8");
		return false;
	}
	phone_parse(line, &cell);
	buf_adds(out, "{\"input\":");
	json_add_string(out, line);
	buf_adds(out, ",\"phones\":[");
	for (size_t i = 0; i < cell.count; i++)
		buf_addf(out, "%s\"%" PRIu64 "\"", i > 0 ? "," : "", cell.phones[i]);
	buf_adds(out, "],\"carrier\":");
	add_name(out, carrier_name(cell.carrier));
	buf_adds(out, ",\"repairs\":[");
	for (size_t i = 0; i < cell.repair_count; i++) {
		buf_adds(out, i > 0 ? "," : "");
		add_name(out, cell.repairs[i]);
	}
	buf_adds(out, "],\"reason\":");
	add_name(out, cell.reason);
	buf_addc(out, '}');
	return true;
}

int
verb_phone(int argc, char **argv)
{
	const struct cli_option options[] = {{NULL, NULL, NULL}};
	struct err_ctx e = {0};

	if (cli_parse(&argc, argv, options, &e) != ERR_OK)
		return cli_fail(&e);
	if (argc != 1)
		return cli_usage("phone", "takes no words, it reads cells from its input");
	return cli_each_line(phone_line, NULL);
}
