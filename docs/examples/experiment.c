/* SPDX-License-Identifier: BSD-3-Clause */
#include "experiment.h"

enum { PROTOCOL = 253, HEADER_BYTES = 4, QUESTION = 1, ANSWER = 2 };

static bool
is_question(const struct tern_in *in)
{
	return in->len >= HEADER_BYTES && in->data[0] == QUESTION && in->data[1] == 0 &&
	       in->group == 0; /* nobody answers a group: all would at once */
}

/* Between the callee's view of the packet, its payload, and the caller's, header included. */
static void
move_by(struct tern_in *in, int bytes)
{
	in->data += bytes;
	in->len = (uint16_t)(in->len - bytes);
	in->room = (uint16_t)(in->room - bytes);
}

static enum tern_verdict
take(struct tern_ip_proto *proto, struct tern_in *in)
{
	struct experiment *self = (struct experiment *)proto;
	enum tern_verdict v;

	/* 1. check my header */
	if (!is_question(in)) {
		self->malformed++;
		return TERN_DROP_USER;
	}

	/* 2. call up, past the header; what does not answer may own the mbuf now */
	move_by(in, HEADER_BYTES);
	v = self->on_question(self, in);
	if (v != TERN_ANSWER)
		return v;

	/* 3. answer on the way down */
	move_by(in, -HEADER_BYTES);
	in->data[0] = ANSWER;
	return tern_ip_answer(in);
}

int
experiment_open(struct experiment *self, struct tern_ip *ip)
{
	self->proto.recv = take;
	return tern_ip_hang(ip, PROTOCOL, &self->proto);
}

enum tern_verdict
experiment_answer(struct tern_in *in, uint16_t len)
{
	if (len > in->room)
		return TERN_DROP_USER;
	in->len = len;
	return TERN_ANSWER;
}
