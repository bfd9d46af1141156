/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The congestion window of one CUBIC flow over 40 seconds, as CSV for scripts/plot-cwnd: always the
 * same, so that the picture in docs/ can be held against it.
 *
 *	sim-trace | scripts/plot-cwnd >docs/pictures/cwnd-cubic.svg
 *
 * Windows are in full segments. What the network holds stands in front, in comments.
 */
#include <stdio.h>

#include "flows.h"

enum { SAMPLES = 20000, QUEUE_PERCENT = 50 };

static double
segments(uint64_t bytes, unsigned int each)
{
	return (double)bytes / each;
}

static void
print_network(const struct flows_how *how, uint64_t bdp)
{
	printf("# title CUBIC (RFC 9438) with HyStart++, one flow: %.0f Mbit/s, round trip %.0f "
	       "ms, "
	       "queue %d %% of that\n",
	       (double)how->rate_bps / 1e6, (double)how->rtt_ns / 1e6, QUEUE_PERCENT);
	printf("# path %.1f\n", segments(bdp, FLOWS_WIRE_BYTES));
	printf("# path and queue %.1f\n",
	       segments(bdp, FLOWS_WIRE_BYTES) + segments(how->queue_bytes, FLOWS_WIRE_BYTES - 24));
}

static void
print_sample(const struct sample *s, uint64_t since)
{
	printf("%.1f,%.2f,", (double)(s->at - since) / 1e6, segments(s->cwnd, FLOWS_MSS));
	if (s->ssthresh < 1u << 30) /* else it has not been set */
		printf("%.2f", segments(s->ssthresh, FLOWS_MSS));
	printf(",%.2f,%.2f,%.1f,%s\n", segments(s->flight, FLOWS_MSS),
	       segments(s->queue, FLOWS_WIRE_BYTES - 24), s->srtt_us / 1e3,
	       world_phase_name(s->phase));
}

int
main(void)
{
	static struct sample samples[SAMPLES];
	static struct flows f;
	struct flows_how how = {
		.seed = 1, .rate_bps = 50000000, .rtt_ns = MS(40), .congestion = TERN_CUBIC
	};
	uint64_t bdp = flows_bdp(how.rate_bps, how.rtt_ns);
	struct watch watch = { .side = A, .every_ns = MS(40), .sample = samples, .most = SAMPLES };

	how.queue_bytes = (uint32_t)(bdp * QUEUE_PERCENT / 100);
	flows_open(&f, &how);
	watch.conn = &f.flow[0].conn;
	f.w->watch = &watch;
	flows_pass(&f, S(40));
	print_network(&how, bdp);
	printf("ms,cwnd,ssthresh,flight,queue,srtt_ms,phase\n");
	for (uint32_t i = 0; i < watch.n; i++)
		print_sample(&samples[i], f.flow[0].opened_at);
	flows_close(&f);
	return watch.missed > 0;
}
