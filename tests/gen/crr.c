/* SPDX-License-Identifier: BSD-3-Clause */
/* Connect, request, response, close over libtern's TCP, against services and against bad peers. */
#include <inttypes.h>
#include <string.h>

#include <criterion/criterion.h>

#include "gen/stage.h"

#define PERCENT(n) ((uint32_t)((n)*10000))

/* A time is within the precision of its histogram: 1/1024. */
static void
check_time(const struct stage *s, enum time_of what, uint64_t n, uint64_t ns)
{
	const struct hdr *h = &s->result->total.time[what];

	stage_check(s, h->n == n, "%s: %" PRIu64 " times", time_names[what], h->n);
	stage_check(s, h->least_ns == ns && h->longest_ns == ns,
		    "%s: %" PRIu64 " to %" PRIu64 " ns, not %" PRIu64, time_names[what],
		    h->least_ns, h->longest_ns, ns);
}

/* The SYN's round trip, then the request's; then FIN and FIN. */
Test(crr, times_are_round_trips)
{
	struct stage s;

	stage_plan(&s, MODE_CRR, PROTO_TCP);
	stage_open(&s);
	stage_run(&s);
	stage_all_well(&s, 20);
	check_time(&s, TIME_connect, 20, MS(2));
	check_time(&s, TIME_connect_naive, 20, MS(2));
	check_time(&s, TIME_ttfb, 20, MS(4));
	check_time(&s, TIME_ttfb_naive, 20, MS(2));
	check_time(&s, TIME_ttlb, 20, MS(4));
	check_time(&s, TIME_ttlb_naive, 20, MS(2));
	check_time(&s, TIME_close, 20, MS(2));
	stage_check(&s, stage_count(&s, COUNT_opened) == 20, "opened");
	stage_check(&s, stage_count(&s, COUNT_established) == 20, "established");
	stage_check(&s, stage_count(&s, COUNT_requests) == 20, "requests");
	stage_check(&s, stage_count(&s, COUNT_responses) == 20, "responses");
	stage_check(&s, stage_count(&s, COUNT_closed) == 20, "closed");
	stage_check(&s, stage_count(&s, COUNT_tx_payload) == 20 * 64, "bytes sent");
	stage_check(&s, stage_count(&s, COUNT_rx_payload) == 20 * 64, "bytes received");
	stage_close(&s);
}
