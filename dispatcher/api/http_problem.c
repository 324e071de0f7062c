/* SPDX-License-Identifier: MIT */
/* Problem bodies: RFC 9457. */
#include "dispatcher/api/http_inside.h"

const char *
http_status_title(int status)
{
	/* RFC 9110, section 15; 428, 429 and 431 RFC 6585 */
	static const struct {
		int status;
		const char *title;
	} titles[] = {
		{200, "OK"},
		{201, "Created"},
		{202, "Accepted"},
		{204, "No Content"},
		{206, "Partial Content"},
		{301, "Moved Permanently"},
		{302, "Found"},
		{303, "See Other"},
		{304, "Not Modified"},
		{307, "Temporary Redirect"},
		{308, "Permanent Redirect"},
		{400, "Bad Request"},
		{401, "Unauthorized"},
		{403, "Forbidden"},
		{404, "Not Found"},
		{405, "Method Not Allowed"},
		{406, "Not Acceptable"},
		{408, "Request Timeout"},
		{409, "Conflict"},
		{410, "Gone"},
		{411, "Length Required"},
		{412, "Precondition Failed"},
		{413, "Content Too Large"},
		{414, "URI Too Long"},
		{415, "Unsupported Media Type"},
		{416, "Range Not Satisfiable"},
		{417, "Expectation Failed"},
		{422, "Unprocessable Content"},
		{428, "Precondition Required"},
		{429, "Too Many Requests"},
		{431, "Request Header Fields Too Large"},
		{500, "Internal Server Error"},
		{501, "Not Implemented"},
		{502, "Bad Gateway"},
		{503, "Service Unavailable"},
		{504, "Gateway Timeout"},
	};

	for (size_t i = 0; i < ARRAY_LEN(titles); i++)
		if (titles[i].status == status)
			return titles[i].title;
	return status < 400 ? "OK" : "Error";
}

static void
add_member(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_addf(out, ",\"%s\":", name);
	json_add_string(out, slice_of(value));
}

void
http_add_problem(struct buf *out, int status, const struct err_ctx *e, const char *id)
{
	buf_adds(out, "{\"type\":\"about:blank\",\"title\":");
	json_add_string(out, slice_of(http_status_title(status)));
	buf_addf(out, ",\"status\":%d", status);
	add_member(out, "detail", e->why);
	add_member(out, "code", err_name(e->code));
	add_member(out, "what", e->what);
	add_member(out, "todo", e->todo);
	if (e->line > 0)
		buf_addf(out, ",\"line\":%d", e->line);
	if (e->column > 0)
		buf_addf(out, ",\"column\":%d", e->column);
	add_member(out, "request", id);
	buf_addc(out, '}');
}
