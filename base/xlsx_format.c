/* SPDX-License-Identifier: MIT */
#include "base/xlsx_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <strings.h>
#include <unistd.h>

#define HEAD 512

#define SAVE_AS                                                                 \
	"open it in Excel, choose Save as and the type Excel Workbook (.xlsx) " \
	"(mở bằng Excel, chọn Lưu dưới dạng… Sổ làm việc Excel .xlsx)"

static const struct {
	const char *why, *todo;
} advice[] = {
	[XLSX_IS_TEXT] = {"this is a text, no Excel workbook, whatever its name says",
			  "if it is a CSV, give its name the ending .csv; otherwise " SAVE_AS},
	[XLSX_IS_EMPTY] = {"the file is empty", "choose the file again: it was perhaps still open "
						"or not copied (chọn lại tệp)"},
	[XLSX_IS_OLE] = {"this is a workbook of Excel 97–2003 (.xls)", SAVE_AS},
	[XLSX_IS_HTML] = {"this is a web page, no Excel workbook, whatever its name says", SAVE_AS},
	[XLSX_IS_XML] = {"this is XML, no Excel workbook", SAVE_AS},
	[XLSX_IS_PDF] = {"this is a PDF, no Excel workbook",
			 "ask for the list as Excel (.xlsx) (xin tệp Excel gốc)"},
	[XLSX_IS_IMAGE] = {"this is a picture, no Excel workbook",
			   "ask for the list as Excel (.xlsx) (xin tệp Excel gốc)"},
	[XLSX_IS_RAR] = {"this is a packed archive, no Excel workbook",
			 "unpack it and choose the .xlsx inside (giải nén rồi chọn tệp .xlsx)"},
};

enum err
xlsx_refuse(enum xlsx_format f, const char *file, struct err_ctx *e)
{
	return err_set(e, ERR_INPUT, file, advice[f].todo, "%s", advice[f].why);
}

static bool
begins(struct slice s, struct slice with)
{
	return s.n >= with.n && memcmp(s.p, with.p, with.n) == 0;
}

static bool
begins_any_case(struct slice s, const char *with)
{
	size_t n = strlen(with);

	return s.n >= n && strncasecmp(s.p, with, n) == 0;
}

/* XML and HTML: what begins with "<", behind a byte order mark and blanks. */
static enum xlsx_format
recognise_markup(struct slice s)
{
	static const char *const html[] = {"<html", "<!doctype html", "<table", "<meta",
					   "<head", "<style",	      "<body",	"<div"};

	if (begins(s, SLICE("\xEF\xBB\xBF")))
		s = (struct slice){s.p + 3, s.n - 3};
	while (s.n > 0 && strchr(" \t\r\n", s.p[0]) != NULL)
		s = (struct slice){s.p + 1, s.n - 1};
	if (begins_any_case(s, "MIME-Version:"))
		return XLSX_IS_HTML;
	for (size_t i = 0; i < ARRAY_LEN(html); i++)
		if (begins_any_case(s, html[i]))
			return XLSX_IS_HTML;
	if (!begins_any_case(s, "<?xml"))
		return XLSX_IS_TEXT;
	for (size_t i = 0; i < s.n; i++)
		if (begins_any_case((struct slice){s.p + i, s.n - i}, "<html"))
			return XLSX_IS_HTML;
	return XLSX_IS_XML;
}

enum xlsx_format
xlsx_recognise(struct slice head)
{
	static const struct {
		enum xlsx_format format;
		struct slice magic;
	} table[] = {
		{XLSX_IS_ZIP, {"PK\3\4", 4}},
		{XLSX_IS_ZIP, {"PK\5\6", 4}},
		{XLSX_IS_OLE, {"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", 8}},
		{XLSX_IS_PDF, {"%PDF-", 5}},
		{XLSX_IS_IMAGE, {"\x89PNG", 4}},
		{XLSX_IS_IMAGE, {"\xFF\xD8\xFF", 3}},
		{XLSX_IS_IMAGE, {"GIF8", 4}},
		{XLSX_IS_RAR, {"Rar!\x1A", 5}},
		{XLSX_IS_RAR, {"7z\xBC\xAF\x27\x1C", 6}},
		{XLSX_IS_RAR, {"\x1F\x8B", 2}},
	};

	if (head.n == 0)
		return XLSX_IS_EMPTY;
	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (begins(head, table[i].magic))
			return table[i].format;
	return recognise_markup(head);
}

/*
 * A workbook with a password is an OLE file too, whose directory (MS-CFB 2.2: its sector stands at
 * offset 48 of the header, the size of sectors at 30) has a stream EncryptedPackage.
 */
static bool
is_locked(int fd, struct slice head)
{
	static const char name[] = "E\0n\0c\0r\0y\0p\0t\0e\0d\0P\0a\0c\0k\0a\0g\0e";
	char sector[4096];
	struct reader r = reader_of(head);
	uint16_t shift;
	uint64_t at;
	ssize_t n;

	reader_bytes(&r, 30);
	shift = reader_u16(&r);
	reader_bytes(&r, 16);
	at = reader_u32(&r);
	if (r.is_bad || (shift != 9 && shift != 12))
		return false;
	n = pread(fd, sector, sizeof(sector), (off_t)((at + 1) << shift));
	return n > 0 && memmem(sector, (size_t)n, name, sizeof(name) - 1) != NULL;
}

enum err
xlsx_check_file(const char *path, const char *file, struct err_ctx *e)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[HEAD];
	ssize_t n = fd >= 0 ? pread(fd, head, sizeof(head), 0) : -1;
	struct slice s = {head, n > 0 ? (size_t)n : 0};
	enum xlsx_format f = xlsx_recognise(s);
	enum err err = ERR_OK;

	if (n < 0)
		err = err_set(e, ERR_SYSTEM, file, "", "cannot be read: %s", strerror(errno));
	else if (f == XLSX_IS_OLE && is_locked(fd, s))
		err = err_set(e, ERR_INPUT, file,
			      "take the password off in Excel (File, Info, Protect Workbook) and "
			      "save it (bỏ mật khẩu trong Excel rồi lưu lại .xlsx)",
			      "the workbook is locked by a password");
	else if (f != XLSX_IS_ZIP)
		err = xlsx_refuse(f, file, e);
	if (fd >= 0)
		close(fd);
	return err;
}

enum err
xlsx_refuse_package(const struct xlsx *x, const char *type, struct err_ctx *e)
{
	static const struct {
		const char *in_type, *why;
	} table[] = {
		{"sheet.binary", "this is a binary workbook (.xlsb)"},
		{"oasis.opendocument.spreadsheet", "this is an OpenDocument table (.ods)"},
		{"wordprocessingml", "this is a Word document, no workbook"},
		{"ms-word", "this is a Word document, no workbook"},
		{"oasis.opendocument.text", "this is an OpenDocument text, no workbook"},
		{"presentationml", "this is a presentation, no workbook"},
		{"iwork", "this is a Numbers document of Apple"},
	};

	for (size_t i = 0; i < ARRAY_LEN(table); i++)
		if (strstr(type, table[i].in_type) != NULL)
			return err_set(e, ERR_INPUT, x->file, SAVE_AS, "%s", table[i].why);
	return err_set(e, ERR_INPUT, x->file, SAVE_AS,
		       "this is a ZIP file, but no Excel workbook (its content is \"%.80s\")",
		       type[0] != '\0' ? type : "not named");
}
