/* SPDX-License-Identifier: MIT */
#include "dispatcher/cli/manual.h"

#include <stdio.h>

#include "base/mem.h"
#include "dispatcher/config.h"

static const struct verb_option server_options[] = {
	{"--data", "DIR"}, {"--server", "URL"}, {"--token-file", "FILE"}, {"--json", ""}};

static const struct verb_words *
words_about(const struct verb *v)
{
	for (const struct verb_words *w = verb_words; w->words != NULL; w++)
		if (strcmp(w->words, v->words) == 0)
			return w;
	return NULL;
}

/* ---- options ---- */

static void
add_option(struct verb_option *out, size_t *n, struct slice name, struct slice value)
{
	struct verb_option *o = &out[*n];

	for (size_t i = 0; i < *n; i++)
		if (slice_is(name, out[i].name))
			return;
	if (*n >= VERB_OPTIONS_MAX)
		return;
	snprintf(o->name, sizeof(o->name), "%.*s", (int)name.n, name.p);
	snprintf(o->value, sizeof(o->value), "%.*s", (int)value.n, value.n > 0 ? value.p : "");
	++*n;
}

/* "S[,S]" in "[--state S[,S]]": up to a blank, or a bracket that was opened before it. */
static size_t
value_length(const char *s)
{
	size_t n = 0;
	int depth = 0;

	for (; s[n] != '\0' && s[n] != ' '; n++) {
		depth += s[n] == '[';
		if (s[n] == ']' && depth-- == 0)
			break;
	}
	return n;
}

/* "NAME FILE [--phone COLUMN]": an option is a word with a dash; a bracket behind it ends it. */
size_t
verb_options(const struct verb *v, struct verb_option *out)
{
	const struct verb_words *w = words_about(v);
	size_t n = 0;

	for (const char *p = v->synopsis; *p != '\0';) {
		struct slice name = {p, strcspn(p, " []|")}, value = {NULL, 0};

		p += name.n;
		if (name.n > 1 && name.p[0] == '-') {
			if (*p == ' ' && p[1] != '[' && p[1] != '-' && p[1] != '|') {
				value = (struct slice){p + 1, value_length(p + 1)};
				p = value.p + value.n;
			}
			add_option(out, &n, name, value);
		}
		p += *p != '\0';
	}
	for (size_t i = 0; (w == NULL || !w->is_local) && i < ARRAY_LEN(server_options); i++)
		add_option(out, &n, slice_of(server_options[i].name),
			   slice_of(server_options[i].value));
	return n;
}

const char *
verb_option_help(const struct verb *v, const char *name)
{
	for (const struct option_words *o = option_words; o->name != NULL; o++)
		if (strcmp(o->name, name) == 0 &&
		    (o->verb == NULL || strcmp(o->verb, v->words) == 0))
			return o->help;
	return NULL;
}

/* ---- loa help ---- */

static void
print_verb(const struct verb *v)
{
	const struct verb_words *w = words_about(v);
	struct verb_option options[VERB_OPTIONS_MAX];
	size_t n = verb_options(v, options);

	printf("usage: loa %s %s\n%s\n", v->words, v->synopsis, v->help);
	if (w != NULL && w->more != NULL)
		printf("\n%s\n", w->more);
	if (n > 0)
		putchar('\n');
	for (size_t i = 0; i < n; i++) {
		const char *help = verb_option_help(v, options[i].name);

		printf("  %s %s\n        %s\n", options[i].name, options[i].value,
		       help != NULL ? help : "");
	}
	puts("\nMore in loa(1) and in docs/CLI.md.");
}

static int
print_verbs(void)
{
	puts("Loa sends public-service campaigns by SMS and notification.\n\nusage: loa VERB …\n");
	for (const struct verb *v = cli_verbs; v->words != NULL; v++)
		printf("  loa %s%s%s\n        %s\n", v->words, v->synopsis[0] != '\0' ? " " : "",
		       v->synopsis, v->help);
	puts("\n  loa help VERB\n        the same with its options");
	return 0;
}

static int
print_buf(struct buf *b)
{
	bool is_good = fwrite(b->data, 1, b->len, stdout) == b->len && fflush(stdout) == 0;

	buf_free(b);
	return is_good ? 0 : 3;
}

int
cli_help(int argc, char **argv)
{
	char words[128];
	struct buf b = {0};
	bool is_known = false;

	if (argc < 2)
		return print_verbs();
	if (strcmp(argv[1], "--completion") == 0) {
		manual_completion(&b);
		return print_buf(&b);
	}
	if (argc == 3 && strcmp(argv[1], "--man") == 0 && manual_page(argv[2], &b))
		return print_buf(&b);
	snprintf(words, sizeof(words), "%s%s%s", argv[1], argc > 2 ? " " : "",
		 argc > 2 ? argv[2] : "");
	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		size_t n = strlen(words);

		/* "campaign" alone stands for all that begin with it. */
		if (strncmp(v->words, words, n) != 0 || (v->words[n] != '\0' && v->words[n] != ' '))
			continue;
		if (is_known)
			putchar('\n');
		print_verb(v);
		is_known = true;
	}
	if (!is_known)
		fprintf(stderr, "loa: %s: is not a verb: see loa help\n", words);
	return is_known ? 0 : 2;
}

/* ---- manual pages: the man macros, that groff and mandoc both read ---- */

/* Text: what would be a macro, an escape or a soft hyphen is made harmless. */
static void
roff(struct buf *b, const char *s)
{
	bool at_start = b->len == 0 || b->data[b->len - 1] == '\n';

	if (at_start && (*s == '.' || *s == '\''))
		buf_adds(b, "\\&");
	for (; *s != '\0'; s++) {
		if (*s == '\\')
			buf_adds(b, "\\e");
		else if (*s == '-')
			buf_adds(b, "\\-");
		else if (*s == '\n' && s[1] == '\n')
			buf_adds(b, "\n.PP");
		else
			buf_addc(b, *s);
	}
}

static void
roff_line(struct buf *b, const char *s)
{
	roff(b, s);
	buf_addc(b, '\n');
}

static void
roff_head(struct buf *b, const char *name, const char *section, const char *what)
{
	buf_adds(b, ".\\\" Made by loa help --man; do not edit.\n");
	buf_addf(b, ".TH %s %s \"\" \"Loa " LOA_VERSION "\" \"Loa\"\n.SH NAME\n", name, section);
	roff(b, name);
	buf_addf(b, " \\- %s\n", what);
}

/* .TP with a bold tag and an italic rest. */
static void
roff_tag(struct buf *b, const char *bold, const char *rest)
{
	buf_adds(b, ".TP\n\\fB");
	roff(b, bold);
	buf_adds(b, "\\fR");
	if (*rest != '\0') {
		buf_adds(b, " \\fI");
		roff(b, rest);
		buf_adds(b, "\\fR");
	}
	buf_addc(b, '\n');
}

static void
roff_options(struct buf *b, const struct verb *v, bool with_server)
{
	struct verb_option options[VERB_OPTIONS_MAX];
	size_t n = verb_options(v, options);

	for (size_t i = 0; i < n; i++) {
		const char *help = verb_option_help(v, options[i].name);
		bool is_common = strstr(v->synopsis, options[i].name) == NULL;

		if (is_common && !with_server)
			continue;
		roff_tag(b, options[i].name, options[i].value);
		roff_line(b, help != NULL ? help : "");
	}
}

static void
roff_verb(struct buf *b, const struct verb *v)
{
	const struct verb_words *w = words_about(v);
	char words[80];

	snprintf(words, sizeof(words), "loa %s", v->words);
	roff_tag(b, words, v->synopsis);
	roff_line(b, v->help);
	buf_adds(b, ".RS\n");
	if (w != NULL && w->more != NULL) {
		buf_adds(b, ".PP\n");
		roff_line(b, w->more);
	}
	roff_options(b, v, false);
	buf_adds(b, ".RE\n");
}

static void
roff_server_options(struct buf *b)
{
	static const struct verb any = {"", "", "", NULL};

	buf_adds(b, ".SH OPTIONS FOR THE SERVER\nEvery verb that speaks to the server takes "
		    "these.\n");
	roff_options(b, &any, true);
}

static void
roff_exit_status(struct buf *b)
{
	buf_adds(b, ".SH EXIT STATUS\n"
		    ".TP\n0\ndone\n"
		    ".TP\n1\nthe input was judged wrong\n"
		    ".TP\n2\nusage\n"
		    ".TP\n3\nserver or Redis out of reach, or the disk is full\n"
		    ".TP\n4\nrefused by policy or rights\n"
		    ".PP\nErrors are one line on standard error: what, why, what to do.\n");
}

static void
page_loa(struct buf *b)
{
	roff_head(b, "loa", "1", "send public-service campaigns by SMS and notification");
	buf_adds(b, ".SH SYNOPSIS\n\\fBloa\\fR \\fIVERB\\fR [\\fIWORDS\\fR] [\\fIOPTIONS\\fR]\n"
		    ".br\n\\fBloa help\\fR [\\fIVERB\\fR]\n"
		    ".SH DESCRIPTION\n"
		    "Loa takes a campaign to the people it concerns, at a permitted hour and never "
		    "faster than the contract with the gateway allows, and says afterwards what "
		    "became of every message. "
		    "\\fBloa serve\\fR is the server; the other verbs speak to it, or need "
		    "none.\n.SH VERBS\n");
	for (const struct verb *v = cli_verbs; v->words != NULL; v++)
		roff_verb(b, v);
	roff_server_options(b);
	roff_exit_status(b);
	buf_adds(b, ".SH ENVIRONMENT\n.TP\nLOA_DATA\ndata folder of the server, if "
		    "\\fB\\-\\-data\\fR is not given\n"
		    ".SH FILES\n.TP\n/etc/loa/loa.json\nthe server's configuration\n"
		    ".TP\n/var/lib/loa\nthe data folder\n"
		    ".SH SEE ALSO\nloa\\-config(5), loa\\-serve(8), "
		    "/usr/share/doc/loa/OPERATIONS.md\n");
}

static void
page_serve(struct buf *b)
{
	const struct verb *v = cli_verbs;

	while (strcmp(v->words, "serve") != 0)
		v++;
	roff_head(b, "loa-serve", "8", "the server of Loa");
	buf_adds(b, ".SH SYNOPSIS\n\\fBloa serve\\fR ");
	roff_line(b, v->synopsis);
	buf_adds(b, ".SH DESCRIPTION\n");
	roff_line(b, words_about(v)->more);
	buf_adds(b, ".PP\nAt its first start it prints the administrator's token, once; "
		    "\\fBloa token renew\\fR makes another. Its log goes to standard error, an "
		    "event a line; the embedded Redis writes redis.log in the data folder.\n"
		    ".SH OPTIONS\n");
	roff_options(b, v, false);
	buf_adds(
		b,
		".SH ROLES\n"
		".TP\napi\nthe HTTP API and the socket in the data folder\n"
		".TP\nschedule\nfreezes audiences, finishes and reconciles runs\n"
		".TP\nsend\nspeaks to the gateways\n"
		".TP\nreceive\ntakes receipts at /hooks/receipt/PROVIDER/TOKEN\n"
		".SH SIGNALS\n"
		".TP\nTERM, INT\ndrain: claim nothing more, await what is on the wire (at most 130 "
		"seconds), stop the embedded Redis, end. A second one ends at once; what is on "
		"the wire is then in doubt.\n"
		".TP\nHUP\nread the configuration again; what needs a restart is logged\n");
	roff_exit_status(b);
	buf_adds(b, ".SH SEE ALSO\nloa(1), loa\\-config(5), /usr/share/doc/loa/OPERATIONS.md\n");
}

static void
page_config(struct buf *b)
{
	struct config_words o;

	roff_head(b, "loa-config", "5", "configuration of the server of Loa");
	buf_adds(b,
		 ".SH DESCRIPTION\nOne JSON object in a file that \\fBloa serve "
		 "\\-\\-config\\fR names, as a rule /etc/loa/loa.json. \\fBloa config check\\fR "
		 "\\fIFILE\\fR reads it and prints what the server would use. A key that is not "
		 "known is refused with the nearest known one. Options marked HUP are taken over "
		 "by a running server at the signal HUP; the others at its next start.\n"
		 ".SH OPTIONS\n");
	for (size_t i = 0; config_option_words(i, &o); i++) {
		roff_tag(b, o.name, o.kind);
		roff_line(b, o.help);
		buf_adds(b, ".br\nDefault: ");
		roff(b, o.text[0] != '\0' ? o.text : "empty");
		buf_adds(b, o.is_reloadable ? ". HUP.\n" : ".\n");
	}
	roff_tag(b, "providers", "list of objects");
	buf_adds(b,
		 "the partner accounts: driver, rate of the contract, prices, credentials. HUP.\n"
		 ".br\nSee \"Provider\" in /usr/share/doc/loa/FORMATS.md and "
		 "/usr/share/doc/loa/formats/.\n");
	roff_tag(b, "route", "object");
	buf_adds(b, "carrier to provider, or to several: {\"order\": [names]}, {\"share\": {name: "
		    "percent}} or {\"cheapest\": [names]}; \"*\" = all others. Without it the "
		    "first provider serves all. HUP.\n"
		    ".SH POLICY\nThe file that \\fBpolicy\\fR names says at which hours and how "
		    "urgently each class of messages is sent; see \"Policy\" in "
		    "/usr/share/doc/loa/FORMATS.md.\n"
		    ".SH EXAMPLE\n.EX\n{ \"listen\": \"127.0.0.1:8088\",\n"
		    "  \"providers\": [ { \"name\": \"partner\", \"driver\": \"generic\", "
		    "\"rate\": 200,\n"
		    "    \"settings\": { \"url\": \"https://gateway.example/send\",\n"
		    "      \"body\": { \"to\": \"${phone}\", \"text\": \"${text}\" },\n"
		    "      \"answer\": { \"code\": \"code\" }, \"codes\": { \"0\": \"accepted\" } "
		    "} } ] }\n"
		    ".EE\n.SH SEE ALSO\nloa(1), loa\\-serve(8)\n");
}

bool
manual_page(const char *name, struct buf *out)
{
	static const struct {
		const char *name;
		void (*write)(struct buf *b);
	} pages[] = {
		{"loa.1", page_loa}, {"loa-serve.8", page_serve}, {"loa-config.5", page_config}};

	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (strcmp(pages[i].name, name) == 0) {
			pages[i].write(out);
			return true;
		}
	return false;
}

/* ---- bash ---- */

/* Has the synopsis a plain word FILE? Options and their values do not count. */
static bool
takes_file(const struct verb *v)
{
	const char *p = strstr(v->synopsis, "FILE");

	for (; p != NULL; p = strstr(p + 1, "FILE")) {
		const char *word = p;

		while (word > v->synopsis && word[-1] != ' ' && word[-1] != '[')
			word--;
		if (word == v->synopsis || word[-1] == '[')
			return true;
		for (word -= 2; word > v->synopsis && word[-1] != ' ' && word[-1] != '[';)
			word--;
		if (*word != '-')
			return true;
	}
	return false;
}

static void
add_words(struct buf *b, const char *before, struct slice word, const char *known)
{
	size_t n = strlen(known);

	/* Once each: the words stand in known between blanks. */
	for (const char *p = known; n > 0 && (p = strstr(p, word.p)) != NULL; p++)
		if (p[-1] == ' ' && p[word.n] == ' ')
			return;
	buf_adds(b, before);
	buf_add_slice(b, word);
}

/* The first words, or the second words behind `first`. */
static void
completion_words(struct buf *b, const char *first)
{
	struct buf seen = {0};

	buf_addc(&seen, ' ');
	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		size_t n = strcspn(v->words, " ");
		char word[64];

		if (first != NULL &&
		    (strlen(first) != n || strncmp(v->words, first, n) != 0 || v->words[n] == '\0'))
			continue;
		if (first != NULL)
			snprintf(word, sizeof(word), "%s", v->words + n + 1);
		else
			snprintf(word, sizeof(word), "%.*s", (int)n, v->words);
		add_words(b, " ", slice_of(word), seen.data);
		buf_addf(&seen, "%s ", word);
	}
	buf_free(&seen);
}

/* "api,send" or "carrier|COLUMN": the words that are to be written as they stand. */
static void
value_words(struct buf *b, const char *value)
{
	buf_adds(b, "kind=words words='");
	for (const char *p = value; *p != '\0';) {
		size_t n = strcspn(p, ",|");

		if (n > 1 && strspn(p, "abcdefghijklmnopqrstuvwxyz-") == n)
			buf_addf(b, "%.*s ", (int)n, p);
		p += n + (p[n] != '\0');
	}
	buf_adds(b, "' ;;\n");
}

/* What may stand behind an option, by the name that its synopsis gives the value. */
static void
completion_values(struct buf *b)
{
	struct verb_option options[VERB_OPTIONS_MAX];

	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		size_t n = verb_options(v, options);

		for (size_t i = 0; i < n; i++) {
			const char *value = options[i].value;

			if (value[0] == '\0')
				continue;
			buf_addf(b, "\t'%s %s') ", v->words, options[i].name);
			if (strcmp(value, "FILE") == 0)
				buf_adds(b, "kind=file ;;\n");
			else if (strcmp(value, "DIR") == 0)
				buf_adds(b, "kind=folder ;;\n");
			else
				value_words(b, value);
		}
	}
}

static void
completion_options(struct buf *b)
{
	struct verb_option options[VERB_OPTIONS_MAX];

	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		size_t n = verb_options(v, options);

		buf_addf(b, "\t'%s') words='", v->words);
		for (size_t i = 0; i < n; i++)
			buf_addf(b, "%s ", options[i].name);
		buf_addf(b, "--help'%s ;;\n", takes_file(v) ? " kind=file" : "");
	}
}

void
manual_completion(struct buf *b)
{
	struct buf seen = {0};

	buf_adds(b, "# Completion of loa for bash. Made by loa help --completion; do not edit.\n"
		    "_loa() {\n"
		    "\tlocal cur=${COMP_WORDS[COMP_CWORD]} last=${COMP_WORDS[COMP_CWORD-1]}\n"
		    "\tlocal first=${COMP_WORDS[1]} second='' verb kind='' words=''\n"
		    "\tCOMPREPLY=()\n"
		    "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -W 'help version");
	completion_words(b, NULL);
	buf_adds(b, "' -- \"$cur\")\n\t\treturn\n\tfi\n\tcase $first in\n");
	buf_addc(&seen, ' ');
	for (const struct verb *v = cli_verbs; v->words != NULL; v++) {
		char first[64];

		snprintf(first, sizeof(first), " %.*s ", (int)strcspn(v->words, " "), v->words);
		if (strchr(v->words, ' ') == NULL || strstr(seen.data, first) != NULL)
			continue;
		buf_adds(&seen, first + 1);
		first[strlen(first) - 1] = '\0';
		buf_addf(b, "\t%s) second='", first + 1);
		completion_words(b, first + 1);
		buf_adds(b, "' ;;\n");
	}
	buf_free(&seen);
	buf_adds(b, "\tesac\n\tif [ -n \"$second\" ] && [ \"$COMP_CWORD\" -eq 2 ]; then\n"
		    "\t\tmapfile -t COMPREPLY < <(compgen -W \"$second\" -- "
		    "\"$cur\")\n\t\treturn\n\tfi\n"
		    "\tverb=$first${second:+ ${COMP_WORDS[2]}}\n"
		    "\tcase \"$verb $last\" in\n");
	completion_values(b);
	buf_adds(b, "\tesac\n\tif [ -z \"$kind\" ]; then\n\t\tcase $verb in\n");
	completion_options(b);
	buf_adds(b,
		 "\t\tesac\n\t\t[[ $cur == -* ]] && kind=words\n\tfi\n"
		 "\tcase $kind in\n"
		 "\tfile) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -f -- "
		 "\"$cur\") ;;\n"
		 "\tfolder) compopt -o filenames 2>/dev/null; mapfile -t COMPREPLY < <(compgen -d "
		 "-- "
		 "\"$cur\") ;;\n"
		 "\twords) mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\") ;;\n"
		 "\tesac\n}\ncomplete -F _loa loa\n");
}
