/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/hystart.h"
#include "flow.h"

enum { MSS = 1460, L = 8, N_RTT_SAMPLE = 8, CSS_ROUNDS = 5 };

static struct tern_conn c;
static struct hystart h;

static void
begin(void)
{
	memset(&c, 0, sizeof(c));
	c.snd.mss = MSS;
	c.snd.una = UINT32_MAX - 50000;
	c.cong.cwnd = 32 * MSS;
	c.cong.ssthresh = FLOW_NO_SSTHRESH;
	c.snd.nxt = c.snd.una + c.cong.cwnd;
	hystart_start(&h, &c);
}

/* Return: by how much cwnd grew. */
static uint32_t
ack(uint32_t bytes, uint32_t rtt_us, bool *over)
{
	struct tern_acked ack = { .bytes = bytes, .rtt_us = rtt_us, .limited = true };
	uint32_t cwnd = c.cong.cwnd;

	c.snd.una += bytes;
	*over = hystart_acked(&h, &c, &ack);
	c.snd.nxt = c.snd.una + c.cong.cwnd;
	return c.cong.cwnd - cwnd;
}

/* A round in as many ACKs, each with that round trip. Return: slow start is over after it. */
static bool
round_of(uint32_t acks, uint32_t rtt_us)
{
	uint32_t bytes = (h.window_end - c.snd.una) / acks;
	bool over = false;

	while (--acks > 0) {
		ack(bytes, rtt_us, &over);
		cr_assert_not(over, "in the middle of a round");
	}
	ack(h.window_end - c.snd.una, rtt_us, &over);
	return over;
}

static bool
in_css(void)
{
	uint32_t cwnd = c.cong.cwnd;
	struct hystart kept = h;
	struct tern_conn conn = c;
	bool over, slow;

	cwnd = ack(MSS, 0, &over);
	slow = cwnd == MSS / 4;
	cr_assert(slow || cwnd == MSS);
	h = kept;
	c = conn;
	return slow;
}

/* RFC 9406 §4.3: L is 8 without pacing, infinite with it. */
Test(hystart, grows_by_up_to_l_segments)
{
	bool over;

	begin();
	cr_assert_eq(ack(MSS, 0, &over), MSS);
	cr_assert_eq(ack(20 * MSS, 0, &over), L * MSS);
	c.flags |= TERN_CONN_PACED;
	cr_assert_eq(ack(20 * MSS, 0, &over), 20 * MSS);
}

/* RFC 9406 §4.2: MIN_RTT_THRESH 4 ms <= last / 8 <= MAX_RTT_THRESH 16 ms. */
Test(hystart, threshold_depends_on_the_last_round)
{
	static const struct {
		uint32_t last_us, threshold_us;
	} with[] = {
		{ 1, 4000 },	   { 500, 4000 },     { 32000, 4000 },	  { 40000, 5000 },
		{ 100000, 12500 }, { 128000, 16000 }, { 1000000, 16000 }, { 4000000000, 16000 },
	};

	for (size_t i = 0; i < sizeof(with) / sizeof(with[0]); i++) {
		uint32_t last = with[i].last_us, threshold = with[i].threshold_us;

		begin();
		round_of(16, last);
		round_of(16, last + threshold - 1);
		cr_assert_not(in_css(), "%u us", last);
		begin();
		round_of(16, last);
		round_of(16, last + threshold);
		cr_assert(in_css(), "%u us", last);
	}
}

/* RFC 9406 §4.2: CSS lasts for 5 rounds, the one it begins in among them; then ssthresh is cwnd. */
Test(hystart, ends_after_five_rounds_of_css)
{
	begin();
	cr_assert_not(round_of(16, 20000));
	cr_assert_not(round_of(16, 20000));
	for (int i = 1; i < CSS_ROUNDS; i++) {
		cr_assert_not(round_of(16, 30000 + i));
		cr_assert(in_css());
		cr_assert_eq(c.cong.ssthresh, FLOW_NO_SSTHRESH);
	}
	cr_assert(round_of(16, 30000 + CSS_ROUNDS));
	cr_assert_eq(c.cong.ssthresh, c.cong.cwnd);
}

/* RFC 9406 §4.2: shorter round trips than the baseline say that CSS was for nothing. */
Test(hystart, resumes_slow_start_when_the_delay_was_jitter)
{
	begin();
	round_of(16, 20000);
	round_of(16, 30000);
	round_of(16, 30000);
	cr_assert(in_css());
	round_of(16, 29999);
	cr_assert_not(in_css());
	for (int i = 0; i < 2 * CSS_ROUNDS; i++)
		cr_assert_not(round_of(16, 29999));
	/* and slow start is left again, with all the rounds that it has */
	for (int i = 1; i < CSS_ROUNDS; i++)
		cr_assert_not(round_of(16, 40000));
	cr_assert(round_of(16, 40000));
}

/* RFC 9406 §4.2: a round of less than N_RTT_SAMPLE samples decides nothing, either way. */
Test(hystart, needs_eight_samples)
{
	bool over;

	begin();
	round_of(16, 20000);
	round_of(N_RTT_SAMPLE - 1, 90000);
	cr_assert_not(in_css());
	round_of(N_RTT_SAMPLE, 200000);
	cr_assert(in_css());
	for (int i = 1; i < N_RTT_SAMPLE; i++)
		ack(MSS, 1000, &over);
	cr_assert(in_css());
	ack(MSS, 1000, &over);
	cr_assert_not(in_css());
}

/* RFC 6298 §3: what was repeated gives no sample, and no sample says nothing. */
Test(hystart, an_ack_without_a_sample_does_not_count)
{
	begin();
	round_of(16, 20000);
	for (int i = 0; i < 5; i++)
		cr_assert_not(round_of(16, 0));
	round_of(16, 90000); /* after a round without any, there is nothing to compare with */
	cr_assert_not(in_css());
	round_of(16, 200000);
	cr_assert(in_css());
}

/* RFC 7661 §4.3: what was not used does not grow; the rounds are counted all the same. */
Test(hystart, looks_on_when_not_limited)
{
	struct tern_acked ack = { .bytes = 4 * MSS, .rtt_us = 20000 };

	begin();
	for (int i = 0; i < 8; i++) {
		c.snd.una += ack.bytes;
		cr_assert_not(hystart_acked(&h, &c, &ack));
		c.snd.nxt = c.snd.una + c.cong.cwnd;
	}
	cr_assert_eq(c.cong.cwnd, 32 * MSS);
	round_of(16, 30000);
	cr_assert(in_css());
}

/* RFC 9406 §4.2: a loss or a mark ends it; RFC 9406 §4.3: it is for the initial slow start only. */
Test(hystart, is_not_for_later_slow_starts)
{
	static struct flow f;

	for (int why = TERN_CONGESTED_LOSS; why <= TERN_CONGESTED_ECN; why++) {
		flow_begin(&f, &tern_cubic, MSS, 100 * MSS, FLOW_NO_SSTHRESH);
		flow_round(&f, MSS);
		flow_congested(&f, (enum tern_congested)why);
		f.conn.cong.cwnd = 10 * MSS; /* below ssthresh in each case */
		for (uint32_t rtt_ms = 10; rtt_ms < 20; rtt_ms += 5) {
			flow_rtt(&f, rtt_ms * 1000);
			flow_round(&f, MSS);
		}
		cr_assert_geq(f.conn.cong.cwnd, 40 * MSS);
	}
}
