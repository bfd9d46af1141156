/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>

#include "flow.h"

enum { MSS = 1460, WINDOW = 100 * MSS };

static struct flow f;

/* A window is acknowledged of which each @every-th segment was marked; 0: none. */
static void
observe(uint32_t every)
{
	uint32_t end = f.conn.snd.nxt;

	for (uint32_t i = 1; (int32_t)(f.conn.snd.una - end) <= 0; i++) {
		uint32_t marked = every != 0 && i % every == 0 ? MSS : 0;
		struct tern_acked ack = { .bytes = MSS, .marked = marked, .limited = false };

		flow_take(&f, &ack);
	}
}

static double
alpha(void)
{
	double left = f.by->congested(&f.conn, TERN_CONGESTED_ECN, f.conn.cong.cwnd);

	return 2 * (1 - left / f.conn.cong.cwnd);
}

static void
begin(void)
{
	flow_begin(&f, &tern_dctcp, MSS, WINDOW, WINDOW);
}

/* RFC 8257 §3.3: alpha is 1 at first, so that the first mark halves. */
Test(dctcp, first_mark_halves)
{
	begin();
	cr_assert_eq(f.by->congested(&f.conn, TERN_CONGESTED_ECN, WINDOW), WINDOW / 2);
}

/* RFC 8257 §3.3: alpha = alpha (1 - g) + g M with g = 1/16 (§4.2), once a window. */
Test(dctcp, alpha_follows_the_marked_fraction)
{
	static const uint32_t every[] = { 0, 1, 2, 3, 10, 50 };

	for (size_t i = 0; i < sizeof(every) / sizeof(every[0]); i++) {
		double m = every[i] == 0 ? 0 : 1.0 / every[i], model = 1;

		begin();
		flow_ack(&f, 1); /* RFC 8257 §3.3: the first window ends with the first byte */
		model = model * 15 / 16;
		for (int window = 0; window < 200; window++) {
			observe(every[i]);
			model = model * 15 / 16 + m / 16;
			cr_assert(fabs(alpha() - model) < 0.01, "1 of %u, window %d: %f, not %f",
				  every[i], window, alpha(), model);
		}
	}
}

/* RFC 8257 §3.3: a window is over when more is acknowledged than its end, not when that is. */
Test(dctcp, a_window_ends_beyond_its_end)
{
	begin();
	flow_ack(&f, 1);
	flow_ack(&f, WINDOW - 1); /* up to where the first window_end was: snd.nxt then */
	cr_assert_float_eq(alpha(), 15.0 / 16, 0.001);
	flow_ack(&f, 1);
	cr_assert_float_eq(alpha(), 15.0 / 16 * 15 / 16, 0.001);
}

/* RFC 8257 §3.3: cwnd = cwnd (1 - alpha / 2), for a small alpha by little. */
Test(dctcp, few_marks_reduce_by_little)
{
	begin();
	for (int window = 0; window < 300; window++)
		observe(100);
	cr_assert_geq(f.by->congested(&f.conn, TERN_CONGESTED_ECN, WINDOW), WINDOW / 1000 * 993);
	cr_assert_leq(f.by->congested(&f.conn, TERN_CONGESTED_ECN, WINDOW), WINDOW / 1000 * 996);
	for (int window = 0; window < 300; window++)
		observe(0);
	cr_assert_geq(f.by->congested(&f.conn, TERN_CONGESTED_ECN, WINDOW), WINDOW - 1);
}

/*
 * RFC 8257 §3.5: a loss is answered as ever; so is a timeout, and neither ends below two segments.
 */
Test(dctcp, loss_halves_whatever_alpha_is)
{
	begin();
	for (int window = 0; window < 300; window++)
		observe(0);
	cr_assert_eq(f.by->congested(&f.conn, TERN_CONGESTED_LOSS, 60 * MSS), 30 * MSS);
	cr_assert_eq(f.by->congested(&f.conn, TERN_CONGESTED_TIMEOUT, 60 * MSS), 30 * MSS);
	cr_assert_eq(f.by->congested(&f.conn, TERN_CONGESTED_LOSS, MSS), 2 * MSS);
	flow_begin(&f, &tern_dctcp, MSS, 2 * MSS, WINDOW);
	cr_assert_eq(f.by->congested(&f.conn, TERN_CONGESTED_ECN, MSS), 2 * MSS);
}

/* RFC 8257 §3.3: the fraction is observed in recovery as well; cwnd is not touched there. */
Test(dctcp, observes_in_recovery)
{
	begin();
	for (int i = 0; i < 200; i++) {
		struct tern_acked ack = { .bytes = WINDOW, .limited = true, .recovering = true };

		flow_take(&f, &ack);
		flow_take(&f, &ack);
	}
	cr_assert_eq(f.conn.cong.cwnd, WINDOW);
	cr_assert_lt(alpha(), 0.001);
}

/* RFC 8257 §3.4: between marks cwnd grows as RFC 5681 has it. */
Test(dctcp, grows_like_reno)
{
	flow_begin(&f, &tern_dctcp, MSS, 10 * MSS, 80 * MSS);
	for (uint32_t n = 10; n < 80; n *= 2) {
		cr_assert_eq(f.conn.cong.cwnd, n * MSS);
		flow_round(&f, 2 * MSS);
	}
	for (uint32_t round = 1; round <= 20; round++) {
		flow_round(&f, 2 * MSS);
		cr_assert_eq(f.conn.cong.cwnd, (80 + round) * MSS);
	}
}
