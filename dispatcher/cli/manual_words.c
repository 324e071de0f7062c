/* SPDX-License-Identifier: MIT */
/* What `loa help VERB` and the manual say beyond the lines of verbs.c. */
#include "dispatcher/cli/manual.h"

const struct option_words option_words[] = {
	{"serve", "--data",
	 "folder of the embedded Redis and of the socket api.sock, whatever the configuration "
	 "says"},
	{"serve", "--demo",
	 "with invented people and a sandbox that nothing leaves; data goes to ./loa-demo"},
	{"restore", "--data", "folder to put the data into; no server may use it"},
	{"campaign test", "--list", "the list that --row is of, of a campaign over several"},
	{"doubt resend", "--row", "numbers of rows of the list, as doubt ls has them"},
	{"doubt mark", "--row", "numbers of rows of the list, as doubt ls has them"},
	{"doubt import", "--phone", "column of phones, where there is neither reference nor id"},
	{"text", "--json", "each line is a JSON string, for texts with line breaks"},
	{"report", "--by",
	 "by what; partner: by month, provider and carrier, as a telecom invoice; else a column of "
	 "the lists"},
	{"report", "--from",
	 "the first day or month: 2027-10-10, 2027-10; else the year's first day"},
	{"report", "--to", "the last day or month, which is in it; else today"},
	{"report", "--goal", "only campaigns that serve this goal"},
	{"report", "--event", "only campaigns of this event"},
	{"explain", "--full",
	 "conditions on sensitive columns, too; needs the right personal by --token-file, and "
	 "--reason"},
	{"explain", "--language", "of the sentences: vi, or en"},
	{"explain", "--before", "runs before this one: the next page"},
	{"erase", "--dry-run", "find and count only; nothing is changed"},
	{NULL, "--accents",
	 "keep, plain, or save: plain only where it costs fewer parts and loses nothing"},
	{"template check", "--class",
	 "which content rules hold, and which patterns: else those for every class"},
	{"pattern check", "--carrier",
	 "compare with patterns of this carrier only: viettel, vinaphone …"},
	{"pattern check", "--class", "compare with patterns and rules of this class only"},
	{"campaign preview", "--full",
	 "also small groups, rows and texts of who is found by something sensitive; needs the "
	 "administrator's token by --token-file, and --reason"},
	{"campaign test", "--full",
	 "also texts of who is found by something sensitive; needs the administrator's token by "
	 "--token-file, and --reason"},
	{"segment breakdown", "--full",
	 "a column of sensitive values or personal numbers too; needs the administrator's token by "
	 "--token-file"},
	{"segment sample", "--full",
	 "phones, personal numbers and sensitive values as they are; needs the administrator's "
	 "token by --token-file"},
	{"template check", "--brandname",
	 "compare with registered patterns of this brandname only"},
	{"template check", "--carrier",
	 "compare with registered patterns of this carrier only: viettel, vinaphone …"},
	{"template check", "--list",
	 "check placeholders against the columns of this list, texts by the server's content "
	 "rules, and a sample of its messages against the registered patterns"},
	{"user add", "--unit", "its unit, by number or name; else yours"},
	{"user set", "--unit", "its unit, by number or name"},
	{"user add", "--phone", "mobile number of the user"},
	{"user set", "--phone", "mobile number of the user"},
	{"unit add", "--id",
	 "its number, where a configuration names it already; else the next one"},
	{"token add", "--until", "last day, like 2027-12-31; else without end"},
	{NULL, "--under", "unit below which it comes, by number or name; else yours"},
	{"user add", "--roles",
	 "viewer, author, approver, operator, administrator; several with commas"},
	{"user set", "--roles", "all of its roles from now on, with commas"},
	{NULL, "--display", "name for people"},
	{NULL, "--personal",
	 "yes: sees phones and sensitive columns in full, whatever the roles say"},
	{NULL, "--user", "user whose rights it has, at most"},
	{NULL, "--rights", "view, author, approve, operate, personal, admin; several with commas"},
	{"list import", "--key",
	 "column by which rows are told apart and found again; the list keeps it; else the phone"},
	{"list import", "--mode",
	 "replace the list (the default), fill empty cells, overwrite values, or append new rows "
	 "only"},
	{"list import", "--map",
	 "call a column so: \"Title=name\"; name - leaves it out, so_dien_thoai is the phone; as "
	 "often as needed"},
	{"freeze add", "--from", "when it begins, of Vietnam, like 2027-10-10T08:00; else now"},
	{"freeze set", "--from", "when it begins, of Vietnam; not of one that has begun"},
	{"freeze add", "--reason", "why, shown wherever it holds something up: quốc tang"},
	{"freeze set", "--reason", "why, from now on"},
	{"freeze ls", "--all", "those too that are over"},
	{NULL, "--to", "when things leave again, of Vietnam, like 2027-10-12T00:00"},
	{NULL, "--exempt",
	 "classes for which it does not hold, with commas; none = it holds for all; else "
	 "emergency"},
	{NULL, "--then",
	 "what becomes of what falls inside: wait goes on afterwards (the default), ask pauses "
	 "each "
	 "campaign until a person resumes or cancels it, and takes no single messages"},
	{"freeze add", "--unit",
	 "for what is of this unit and those below, by number or name; else yours"},
	{NULL, "--after-restore",
	 "go on with a run of a restored backup: what was sent after the backup may be sent twice"},
	{NULL, "--all", "every message in doubt that may be sent again now"},
	{NULL, "--as", "sent or not-sent"},
	{NULL, "--at", "when, in Vietnam: 2027-10-10T08:00; it is launched by itself then"},
	{NULL, "--bom", "begin with a byte order mark, for Excel"},
	{NULL, "--brandname", "compare with patterns of this sender name only"},
	{NULL, "--by", "break it down by carrier, provider, province, or a column of the list"},
	{NULL, "--calendar", "a calendar of your own, with its holidays and feasts"},
	{NULL, "--carrier",
	 "count by the parts of this carrier; a verdict says whether it takes the text"},
	{NULL, "--class", "why it is sent; decides its hours, and what it needs"},
	{NULL, "--clean", "take invisible characters out, make other blanks the blank"},
	{NULL, "--columns", "columns of the list to add"},
	{NULL, "--config", "configuration of the server; see loa-config(5)"},
	{NULL, "--data",
	 "data folder of the server whose socket is used; else LOA_DATA, else /var/lib/loa"},
	{NULL, "--demo", "invented people: only a sandbox may send to them"},
	{NULL, "--dry-run",
	 "read the file and say how it is understood, with its first rows; nothing is stored"},
	{NULL, "--encoding",
	 "of a CSV: utf-8, utf-16le, utf-16be, windows-1258, tcvn3, vni or viscii; by itself found "
	 "by content"},
	{NULL, "--fields", "names that placeholders may have"},
	{NULL, "--expired", "only those whose last day of use is over"},
	{NULL, "--file", "messages, a JSON object a line"},
	{NULL, "--force", "move the data that is there aside, into DIR/before-restore-TIME"},
	{NULL, "--full", "whole phone numbers; needs the administrator's token by --token-file"},
	{NULL, "--fresh", "leave aside what was chosen for the last table with these titles"},
	{"schedule next", "--explain", "the day that each falls on: weekend, holiday, feast"},
	{NULL, "--from", "the first moment that counts, like 2027-10-10T08:00; else now"},
	{NULL, "--id", "column of the gateway's ids"},
	{NULL, "--json", "print the answer as JSON"},
	{NULL, "--keep",
	 "keep a sensitive column, and why it is needed: \"Title=reason\"; as often as needed"},
	{NULL, "--key", "idempotency key: the same again is sent once"},
	{NULL, "--label", "a word of your own that is kept with the message"},
	{NULL, "--language", "the SMS text in this language only: vi, km …"},
	{NULL, "--language-from",
	 "column of peoples (Dân tộc) from which the column language is derived"},
	{NULL, "--list", "name of a list"},
	{NULL, "--listen", "address of the HTTP API; port 0 = any free one"},
	{NULL, "--legal-basis", "the law or consent that allows it; \"\" forgets it"},
	{NULL, "--longest", "the longest text"},
	{NULL, "--map",
	 "what a status means: STATUS=accepted, delivered, undeliverable or not-sent; as often as "
	 "needed"},
	{NULL, "--new-attempt", "allow what may reach the person twice"},
	{NULL, "--order", "standing order that allows class emergency"},
	{NULL, "--phone",
	 "title of the column with the phone numbers, if it is not found by itself"},
	{"list prune", "--phones", "a file of phones, a phone a line or a CSV with titles"},
	{NULL, "--plain", "count the unaccented form"},
	{NULL, "--purpose", "what the list is held for; \"\" forgets it"},
	{NULL, "--query", "a query that is not saved; @FILE is the text of a file"},
	{NULL, "--reason", "why, at most 200 bytes; it is kept"},
	{NULL, "--reasons", "only what failed for these reasons, as the report names them"},
	{NULL, "--reference", "column of our references"},
	{NULL, "--rejects", "the rows that the import rejected, with their reasons, as CSV"},
	{NULL, "--retain-until",
	 "the last day the list may be used, like 2027-12-31; then it is locked; \"\" = no such "
	 "day"},
	{NULL, "--roles", "what this process does; without it everything"},
	{NULL, "--run", "of a campaign that recurs: the run with this number, else its newest"},
	{NULL, "--row", "number of a row of the list"},
	{NULL, "--rules", "table of SMS parts, instead of the built-in one"},
	{"suppress add", "--confirm",
	 "tell the person, once, that messages of this class stop: refusal.confirm of the policy"},
	{NULL, "--scope", "of which messages: all (the default), unit:N or class:NAME"},
	{NULL, "--seed", "a number: the same number draws the same rows"},
	{NULL, "--server",
	 "address of the server, like https://loa.example, instead of its socket"},
	{NULL, "--sheet",
	 "read this sheet of the workbook: its name, or its number from 1; all: every visible one "
	 "with a list; else the first of them"},
	{NULL, "--shortest", "the shortest text"},
	{NULL, "--source", "the document that the list comes from; \"\" forgets it"},
	{NULL, "--state", "only these states, as the report names them"},
	{NULL, "--status", "column of what the gateway says became of it"},
	{NULL, "--timeout", "how many seconds --wait waits"},
	{NULL, "--token-file", "file with the token for --server"},
	{NULL, "--traffic", "standard, cskh (the default where a carrier is given) or qc"},
	{NULL, "--unit", "number of the unit in whose name it is sent"},
	{"list column", "--value", "what all rows have in it; nothing without it"},
	{"list prune", "--where", "those that fit the query"},
	{NULL, "--version", "number of a version; by itself the newest"},
	{NULL, "--wait", "follow it until the gateway has it"},
	{NULL, "--xlsx", "write an Excel workbook, whatever the file is called"},
	{NULL, "--yes", "do not ask"},
	{NULL, "-n", "how many"},
	{NULL, NULL, NULL},
};

const struct verb_words verb_words[] = {
	{"serve", true,
	 "Starts its own redis-server in the data folder, or adopts the one that a killed server "
	 "left "
	 "there, unless the configuration names a Redis of your own. More processes may work on "
	 "one "
	 "Redis; --roles says which share of the work this one does.\n\n"
	 "See loa-serve(8)."},
	{"config check", true, NULL},
	{"backup", false,
	 "FILE is written as FILE.part and renamed when it is whole and on the disk. It holds "
	 "phone "
	 "numbers and texts: keep it like the data itself. A server with a Redis of its own "
	 "refuses: "
	 "back that Redis up."},
	{"restore", true,
	 "The file is checked and loaded beside the data, and put in place at the end by one "
	 "rename. "
	 "Every open run is then paused, and campaign resume is refused without --after-restore, "
	 "because what was sent after the backup would be sent a second time."},
	{"erase", false,
	 "Needs the administrator's token by --token-file, also on the server itself. Rows keep "
	 "their "
	 "numbers and are empty; what is suppressed stays so, by a keyed hash of the phone. A "
	 "server "
	 "that is killed meanwhile goes on when it starts. Older backups still hold the person: "
	 "restored beside the file erased of the data folder they are scrubbed before anything is "
	 "sent."},
	{"text", true, NULL},
	{"phone", true, NULL},
	{"template render", true, NULL},
	{"template check", false,
	 "Without a list, a server or what only a server knows, the rules that are built in hold "
	 "and nothing is compared with registered patterns."},
	{"template samples", true,
	 "The table has the parts of each text with its example values, with and without accents, "
	 "and its fields: columns of the list, and in brackets what is the same for everybody and "
	 "may be written into the text instead."},
	{"segment eval", true, NULL},
	{"segment check", true, NULL},
	{"schedule next", true, NULL},
	{NULL, false, NULL},
};
