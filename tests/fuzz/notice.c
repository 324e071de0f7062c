/* SPDX-License-Identifier: MIT */
/*
 * Single messages. Input: the body of a request. Says: it is refused in words,
 * or each of its messages is, or it has a phone, a text and parts, and its
 * payload comes back as it was packed. The input itself as a payload is read or
 * refused.
 */
#include "dispatcher/campaign/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

static const char config_text[] =
	"{\"providers\":[{\"name\":\"any\",\"driver\":\"generic\",\"rate\":9,\"settings\":{"
	"\"url\":\"https://gw.example/s\",\"body\":{\"to\":\"${phone}\",\"text\":\"${text}\"},"
	"\"answer\":{\"code\":\"c\"},\"codes\":{\"0\":\"accepted\"}}}],\"route\":{\"viettel\":"
	"\"any\"},\"standing_orders\":[{\"name\":\"o\",\"since\":\"2020-01-01\",\"until\":"
	"\"2999-12-31\",\"classes\":[\"emergency\"]}]}";

static const struct config *
config(void)
{
	static struct config *c;
	int fd = c == NULL ? memfd_create("config", MFD_CLOEXEC) : -1;
	struct err_ctx e = {0};
	char path[40];

	if (c != NULL)
		return c;
	must(fd >= 0 && write(fd, config_text, sizeof(config_text) - 1) > 0, "no file in memory");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	must(config_load(path, &c, &e) == ERR_OK, "%s: %s", e.what, e.why);
	close(fd);
	return c;
}

static void
check_good(const struct notice *m)
{
	struct buf b = {0};
	struct payload back;

	must(m->payload.phone > 84000000000 && m->payload.phone < 85000000000, "no phone");
	must(m->payload.parts > 0 && m->payload.text.n > 0, "no text");
	payload_encode(&m->payload, &b);
	must(payload_decode(buf_slice(&b), &back), "is not read back");
	must(back.phone == m->payload.phone && back.parts == m->payload.parts, "is another");
	must_be_equal(back.text, m->payload.text, "text");
	must_be_equal(back.label, m->payload.label, "label");
	must_be_equal(back.order, m->payload.order, "order");
	buf_free(&b);
}

static void
check_refusal(const json_t *v)
{
	static const char *const members[] = {"code", "what", "detail"};

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		must(json_is_string(json_object_get(v, members[i])), "refused without %s",
		     members[i]);
}

static void
check_request(json_t *document)
{
	struct notices *n = NULL;
	struct err_ctx e = {0};

	if (notices_read(config(), document, &n, &e) != ERR_OK) {
		must_be_words(e.why);
		return;
	}
	must(n->count > 0 && n->count <= NOTICES_MAX, "%zu messages", n->count);
	for (size_t i = 0; i < n->template_count; i++)
		n->sets[i] = set_read(SLICE("A {{ a }} {{ b | default: 'c' }}"), NULL, NULL);
	notices_judge(n, config(), 1795572000000);
	for (size_t i = 0; i < n->count; i++)
		if (n->list[i].refusal != NULL)
			check_refusal(n->list[i].refusal);
		else
			check_good(&n->list[i]);
	notices_free(n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct slice copy = fuzz_copy((struct slice){(const char *)data, n});
	struct payload p;
	struct err_ctx e;
	json_t *document;

	if (payload_decode(copy, &p))
		must(p.text.n > 0 && p.text.p >= copy.p && p.text.p + p.text.n <= copy.p + copy.n,
		     "text lies elsewhere");
	if (json_parse(copy, 1u << 20, "body", &document, &e) == ERR_OK) {
		check_request(document);
		json_decref(document);
	}
	free((char *)copy.p);
	return 0;
}
