/* SPDX-License-Identifier: MIT */
#include "dispatcher/run/reference.h"

#include "base/random.h"

#define NUMBER_CHARS 15 /* 75 bits: 34 + 3 + 30 + 4 = 71 */
#define MAC_CHARS 7
#define TEXT_CHARS (NUMBER_CHARS + MAC_CHARS)

/* No i, l, o, u: a person can read it out. */
static const char alphabet[] = "0123456789abcdefghjkmnpqrstvwxyz";

static void
put_bits(char *out, size_t chars, unsigned __int128 v)
{
	for (size_t i = 0; i < chars; i++) {
		out[chars - 1 - i] = alphabet[(unsigned)(v & 31)];
		v >>= 5;
	}
}

static void
put_mac(const char *numbers, const uint8_t key[REFERENCE_KEY_BYTES], char *out)
{
	uint8_t mac[16];
	uint64_t v = 0;

	hash_keyed((struct slice){numbers, NUMBER_CHARS}, key, mac, sizeof(mac));
	for (int i = 0; i < 5; i++)
		v = v << 8 | mac[i];
	put_bits(out, MAC_CHARS, v >> 5);
}

size_t
reference_encode(const struct reference *r, const uint8_t key[REFERENCE_KEY_BYTES],
		 char out[REFERENCE_TEXT_MAX])
{
	unsigned __int128 v = r->run;

	v = v << 3 | (r->partition & 7u);
	v = v << 30 | (r->rank & 0x3fffffffu);
	v = v << 4 | (r->attempt & 15u);
	put_bits(out, NUMBER_CHARS, v);
	put_mac(out, key, out + NUMBER_CHARS);
	out[TEXT_CHARS] = '\0';
	return TEXT_CHARS;
}

bool
reference_decode(struct slice text, const uint8_t key[REFERENCE_KEY_BYTES], struct reference *out)
{
	unsigned __int128 v = 0;
	char mac[MAC_CHARS];

	if (text.n != TEXT_CHARS)
		return false;
	for (size_t i = 0; i < NUMBER_CHARS; i++) {
		const char *at = memchr(alphabet, text.p[i], sizeof(alphabet) - 1);

		if (at == NULL)
			return false;
		v = v << 5 | (unsigned)(at - alphabet);
	}
	put_mac(text.p, key, mac);
	if (!hash_is_same(mac, text.p + NUMBER_CHARS, MAC_CHARS))
		return false;
	*out = (struct reference){
		.attempt = (uint8_t)(v & 15),
		.rank = (uint32_t)(v >> 4 & 0x3fffffffu),
		.partition = (uint8_t)(v >> 34 & 7),
		.run = (uint64_t)(v >> 37),
	};
	return true;
}
