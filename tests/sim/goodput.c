/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How long it takes: deterministic under the virtual clock, so the bounds may be asserted.
 *
 * The wire has a delay and no rate. What limits a stream without loss is one receive space a round
 * trip; what limits it with loss is congestion control.
 */
#include <inttypes.h>

#include <criterion/criterion.h>

#include "ends.h"

enum { PORT = 7, BYTES = 10000000, SPACE = 262144 };

static bool
both_closed(struct world *w)
{
	const struct end *ends = w->data;

	return ends[A].closed > 0 && ends[B].closed > 0;
}

static bool
half_got(struct world *w)
{
	const struct end *ends = w->data;

	return ends[B].got >= ends[B].expect / 2 || both_closed(w);
}

/* RFC 6298 (2.3): without queues and losses the estimate is the round trip, ACK delay apart. */
static void
check_rtt(struct world *w, const struct end *e)
{
	uint64_t rtt_us = 2 * w->pipe.link[A].delay_ns / 1000, srtt_us;

	if (e->conn == NULL || w->how.odds.loss_ppm != 0)
		return;
	srtt_us = e->conn->rtt.srtt_8 / 8;
	world_check(w, srtt_us * 10 >= rtt_us * 9 && srtt_us <= rtt_us * 3 / 2 + 100,
		    "SRTT is %" PRIu64 " us, the round trip %" PRIu64 " us", srtt_us, rtt_us);
}

/* Return: from the first data to the end of the stream, ns. */
static uint64_t
measure(const struct world_how *how, uint64_t bytes)
{
	struct world *w = world_open(how);
	struct tern_tcp_listener listener;
	struct end e[2];
	uint64_t took;

	end_init(&e[A], w, A, bytes, 0);
	end_init(&e[B], w, B, 0, bytes);
	ends_pair(&e[A], &e[B]);
	w->data = e;
	end_listen(&e[B], &listener, PORT);
	end_connect(&e[A], PORT);
	world_run(w, half_got, S(4000));
	check_rtt(w, &e[A]);
	world_run(w, both_closed, S(4000));
	end_check(&e[A], TERN_FINISHED);
	end_check(&e[B], TERN_FINISHED);
	took = e[B].eof_at - e[A].opened_at;
	cr_log_info("%" PRIu64 " bytes in %.3f ms, seed %" PRIu64, bytes, (double)took / 1e6,
		    how->seed);
	world_close(w);
	return took;
}

/* Slow start (RFC 5681 §3.1) is at least 1.5 times a round trip with delayed ACKs: 10 to 180. */
Test(goodput, near_the_ideal_without_loss)
{
	static const uint64_t delays[] = { US(20), MS(1), MS(5), MS(50), MS(150) };

	for (unsigned int i = 0; i < sizeof(delays) / sizeof(delays[0]); i++) {
		const struct world_how how = { .seed = 301 + 2 * i, .delay_ns = delays[i] };
		uint64_t rtt = 2 * delays[i], full = BYTES / SPACE + 1, took = measure(&how, BYTES);

		cr_assert_geq(took, BYTES / SPACE * rtt, "faster than the window allows");
		cr_assert_leq(took, (full + 10) * rtt, "%.3f ms at a round trip of %.3f ms",
			      (double)took / 1e6, (double)rtt / 1e6);
	}
}

/*
 * Mathis, Semke, Mahdavi, Ott 1997: about MSS / RTT * 1.22 / sqrt(p) bytes a second at random
 * losses; NewReno without SACK and with delayed ACKs stays below it.
 */
Test(goodput, reasonable_with_loss)
{
	static const struct {
		uint32_t loss_ppm;
		uint64_t bytes, most_ns;
	} cases[] = {
		{ 1000, 10000000, S(6) },
		{ 10000, 10000000, S(12) },
		{ 30000, 3000000, S(20) },
		{ 100000, 1000000, S(100) },
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for (uint64_t seed = 311; seed < 317; seed++) {
			const struct world_how how = { .seed = seed,
						       .odds.loss_ppm = cases[i].loss_ppm };
			uint64_t took = measure(&how, cases[i].bytes);

			cr_assert_leq(took, cases[i].most_ns, "%.3f s at %.1f %% loss, seed %d",
				      (double)took / 1e9, cases[i].loss_ppm / 1e4, (int)seed);
		}
	}
}

static bool
loses_one(struct world *w, const struct line *l)
{
	static uint64_t frames;

	if (w->lines == 0)
		frames = 0;
	return l->from == A && l->len > 0 && ++frames == 2000;
}

/* RFC 5681 §3.2: one loss in a full window costs about a round trip, not a timeout. */
Test(goodput, one_loss_is_repaired_without_a_timeout)
{
	const struct world_how good = { .seed = 321, .delay_ns = MS(5) };
	const struct world_how bad = { .seed = 321, .delay_ns = MS(5), .loses = loses_one };
	uint64_t without = measure(&good, BYTES), with = measure(&bad, BYTES);

	cr_assert_leq(with - without, MS(300), "one loss costs %.3f ms",
		      (double)(with - without) / 1e6);
}
