/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include "gen/engines/lite.h"
#include "gen/engines/payload.h"

void
lite_expect(struct lite *l, struct client *c)
{
	if (l->http)
		lite_http_expect(c);
	else
		c->left = l->rsp_len;
}

/* An echo, as far as it has come. */
static bool
is_echo(const struct lite *l, const struct client *c, const uint8_t *data, uint32_t len)
{
	uint32_t from = l->rsp_len - c->left;

	if (l->ask != NULL)
		return memcmp(data, l->ask + from, len) == 0;
	return payload_check(l->w->plan, lite_seed(l, c), from, data, len);
}

static enum lite_answer
is_wrong(struct client *c, enum error error)
{
	c->error = (uint8_t)error;
	return ANSWER_WRONG;
}

enum lite_answer
lite_answer(struct lite *l, struct client *c, const uint8_t *data, uint32_t len)
{
	if (l->http)
		return lite_http_answer(l, c, data, len);
	if (unlikely(len > c->left))
		return is_wrong(c, ERROR_bad_length);
	if (l->verify && unlikely(!is_echo(l, c, data, len)))
		return is_wrong(c, ERROR_bad_payload);
	c->left -= len;
	return c->left == 0 ? ANSWER_WHOLE : ANSWER_MORE;
}

enum lite_answer
lite_answer_end(struct lite *l, struct client *c)
{
	if (l->http)
		return lite_http_end(c);
	return c->left == 0 ? ANSWER_WHOLE : is_wrong(c, ERROR_bad_length);
}
