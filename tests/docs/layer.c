/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The layer that docs/adding-a-layer.md hangs above IP: what the document says of it is so.
 */
#include <string.h>

#include <criterion/criterion.h>

#include "examples/experiment.h"
#include "kit/wire.h"

enum { PROTOCOL = 253 };

struct asked {
	struct experiment experiment;
	unsigned int questions;
	char question[16];
	uint16_t len;		   /* of the latest question */
	uint16_t answers;	   /* bytes of the answer */
	enum tern_verdict instead; /* of an answer, unless TERN_ANSWER */
};

/* Answers with the question in capitals. */
static enum tern_verdict
capitals(struct experiment *experiment, struct tern_in *in)
{
	struct asked *u = (struct asked *)experiment;

	u->questions++;
	u->len = in->len;
	memcpy(u->question, in->data, in->len < sizeof(u->question) ? in->len : 0);
	if (u->instead != TERN_ANSWER)
		return u->instead;
	for (uint16_t i = 0; i < in->len; i++)
		in->data[i] = (uint8_t)(in->data[i] & ~0x20);
	return experiment_answer(in, u->answers);
}

static struct wire *
open_with(struct asked *u)
{
	struct wire *w = wire_after(TERN_CLOSED);

	*u = (struct asked){ .experiment.on_question = capitals, .instead = TERN_ANSWER };
	u->answers = 8;
	cr_assert_eq(experiment_open(&u->experiment, tern_ip(w->stack)), 0);
	return w;
}

static void
ask(struct frame *f, const char *packet, uint16_t len)
{
	frame_ip(f, ip4(PEER_ADDR), ip4(OUR_ADDR), PROTOCOL, packet, len);
}

/* Answered in the mbuf of the question, with its number, whatever the frame was padded with. */
Test(layer, answers_a_question_in_place)
{
	struct asked u;
	struct wire *w = open_with(&u);
	const struct sent *s;
	struct frame f;

	ask(&f, "\1\0\x12\x34question", 12);
	frame_pad(&f, 60, 0xee);
	wire_raw(w, &f);
	wire_saw(w, TERN_ANSWER);
	s = wire_take(w);
	wire_check(w, u.questions == 1 && u.len == 8 && memcmp(u.question, "question", 8) == 0,
		   "its user did not see the question");
	wire_check(w, wire_same_mbuf(w, s), "not in the mbuf of the question");
	wire_check(w,
		   s->f.len == 14 + 20 + 12 && s->f.b[23] == PROTOCOL &&
			   memcmp(s->f.b + 34, "\2\0\x12\x34QUESTION", 12) == 0,
		   "not the answer");
	wire_quiet_now(w);
	wire_end(w);
}

/* An answer may be shorter than its question, or longer, as far as the mbuf and the MTU go. */
Test(layer, answers_may_be_of_another_length)
{
	static const struct {
		uint16_t len;
		enum tern_verdict verdict;
	} cases[] = {
		{ 0, TERN_ANSWER },
		{ 3, TERN_ANSWER },
		{ 1500 - 20 - 4, TERN_ANSWER },
		{ 1500 - 20 - 3, TERN_DROP_TX_FULL }, /* longer than the MTU */
		{ UINT16_MAX, TERN_DROP_USER },	      /* than the mbuf */
	};
	struct asked u;
	struct wire *w = open_with(&u);
	struct frame f;

	ask(&f, "\1\0\0\7question", 12);
	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		wire_note(w, "%u bytes", cases[i].len);
		u.answers = cases[i].len;
		wire_raw(w, &f);
		wire_saw(w, cases[i].verdict);
		if (cases[i].verdict == TERN_ANSWER)
			wire_check(w, wire_take(w)->f.len == 14 + 20 + 4 + cases[i].len,
				   "another length");
	}
	wire_quiet_now(w);
	wire_end(w);
}

Test(layer, drops_and_counts_what_is_no_question)
{
	static const struct {
		const char *packet;
		uint16_t len;
	} cases[] = { { "", 0 },	  { "\1", 1 },	       { "\1\0\0", 3 },
		      { "\0\0\0\1x", 5 }, { "\2\0\0\1x", 5 },  { "\3\0\0\1x", 5 },
		      { "\1\1\0\1x", 5 }, { "\xff\0\0\1x", 5 } };
	struct asked u;
	struct wire *w = open_with(&u);
	struct frame f;

	for (unsigned int i = 0; i < RTE_DIM(cases); i++) {
		wire_note(w, "case %u", i);
		ask(&f, cases[i].packet, cases[i].len);
		wire_drop(w, &f, TERN_DROP_USER);
	}
	wire_note(w, "to a group");
	frame_ip(&f, ip4(PEER_ADDR), ip4("10.9.0.255"), PROTOCOL, "\1\0\0\1x", 5);
	frame_eth(&f)->dst_addr = all_mac;
	wire_drop(w, &f, TERN_DROP_USER);
	wire_check(w, u.questions == 0 && u.experiment.malformed == RTE_DIM(cases) + 1,
		   "handed up, or not counted");
	wire_end(w);
}

/* Its user may also read and be done, drop, or keep the mbuf: then that is the verdict. */
Test(layer, passes_other_verdicts_on)
{
	struct asked u;
	struct wire *w = open_with(&u);
	struct frame f;

	ask(&f, "\1\0\0\1x", 5);
	u.instead = TERN_DONE;
	wire_raw(w, &f);
	wire_saw(w, TERN_DONE);
	u.instead = TERN_DROP_USER;
	wire_raw(w, &f);
	wire_saw(w, TERN_DROP_USER);
	wire_quiet_now(w);
	wire_check(w, u.questions == 2 && u.experiment.malformed == 0, "not handed up");
	wire_end(w);
}

/* RFC 1122 §3.2.2.1: the sender of the same packet is told that nobody takes it any longer. */
Test(layer, can_be_taken_down)
{
	struct asked u;
	struct wire *w = open_with(&u);
	const struct sent *s;
	struct frame f;

	cr_assert_eq(tern_ip_hang(tern_ip(w->stack), PROTOCOL, NULL), 0);
	ask(&f, "\1\0\0\1x", 5);
	wire_raw(w, &f);
	s = wire_take(w);
	wire_check(w, s->f.b[23] == IPPROTO_ICMP && s->f.b[34] == 3 && s->f.b[35] == 2,
		   "not protocol unreachable");
	wire_check(w, u.questions == 0, "called though taken down");
	wire_end(w);
}
