/* SPDX-License-Identifier: MIT */
#include "dispatcher/account/account.h"

#include <stdio.h>
#include <string.h>

#include "base/random.h"

#define PASSWORD_MIN 10u
#define PASSWORD_MAX 200u

static bool
has_unit(const uint64_t *v, size_t n, uint64_t unit)
{
	for (size_t i = 0; i < n; i++)
		if (v[i] == unit)
			return true;
	return false;
}

bool
account_sees(const struct account *a, uint64_t unit)
{
	return a->is_all || unit == a->unit || has_unit(a->below, a->below_count, unit);
}

bool
account_reads(const struct account *a, uint64_t unit)
{
	return account_sees(a, unit) || has_unit(a->above, a->above_count, unit);
}

enum err
user_name_check(struct slice name, struct err_ctx *e)
{
	static const char first[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	bool is_good = name.n > 0 && name.n <= USER_NAME_MAX && strchr(first, name.p[0]) != NULL;

	for (size_t i = 1; is_good && i < name.n; i++)
		is_good = name.p[i] != '\0' &&
			  (strchr(first, name.p[i]) != NULL || strchr("._-", name.p[i]) != NULL);
	if (!is_good)
		return err_set(e, ERR_INPUT, "user", "write it like nguyen.an",
			       "is 1 to %u of a-z, 0-9, and inside . _ -", USER_NAME_MAX);
	if (slice_is(name, "administrator"))
		return err_set(e, ERR_INPUT, "user", "take another name",
			       "is who has the administrator's token");
	return ERR_OK;
}

enum err
password_check(struct slice password, const char *user, struct err_ctx *e)
{
	if (password.n < PASSWORD_MIN || password.n > PASSWORD_MAX)
		return err_set(e, ERR_INPUT, "password", "a few words make a good one",
			       "must have %u to %u bytes", PASSWORD_MIN, PASSWORD_MAX);
	if (slice_is(password, user))
		return err_set(e, ERR_INPUT, "password", "a few words make a good one",
			       "must not be the name");
	return ERR_OK;
}

/* ---- tokens ---- */

static const char *const prefixes[] = {[SECRET_TOKEN] = "loa_", [SECRET_SESSION] = "loas_"};

static void
hash_of(struct slice text, char out[SECRET_HASH_HEX])
{
	uint8_t hash[32];

	hash_plain256(text, hash);
	hash_hex(hash, sizeof(hash), out);
}

void
secret_make(enum secret_kind kind, struct secret *out, char text[SECRET_TEXT_MAX])
{
	char rest[41];

	out->kind = kind;
	random_hex(out->id, SECRET_ID_HEX / 2);
	random_hex(rest, 20);
	snprintf(text, SECRET_TEXT_MAX, "%s%s_%s", prefixes[kind], out->id, rest);
	hash_of(slice_of(text), out->hash);
}

void
secret_read(struct slice text, struct secret *out)
{
	*out = (struct secret){0};
	for (enum secret_kind kind = SECRET_TOKEN; kind <= SECRET_SESSION; kind++) {
		size_t n = strlen(prefixes[kind]);

		if (text.n < n + SECRET_ID_HEX + 2 || text.n >= SECRET_TEXT_MAX ||
		    memcmp(text.p, prefixes[kind], n) != 0 || text.p[n + SECRET_ID_HEX] != '_')
			continue;
		for (size_t i = 0; i < SECRET_ID_HEX; i++) {
			char c = text.p[n + i];

			if (c == '\0' || strchr("0123456789abcdef", c) == NULL)
				return;
			out->id[i] = c;
		}
		out->kind = kind;
		hash_of(text, out->hash);
	}
}

/* ---- objects ---- */

enum use_verdict
use_judge(const char *kind, enum use use, char letter)
{
	bool is_shared = strcmp(kind, "segment") == 0 || strcmp(kind, "template") == 0 ||
			 strcmp(kind, "freeze") == 0;

	if (letter == 'o' || (letter == '-' && use != USE_PLACE))
		return MAY;
	if (strcmp(kind, "root") == 0)
		return ROOT_ONLY;
	if (letter == 's')
		return LIST_FOREIGN;
	if (letter == 'a' && is_shared)
		return use == USE_READ ? MAY : OF_ABOVE;
	return use == USE_MAKE ? NAME_TAKEN : FOREIGN;
}
