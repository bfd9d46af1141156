/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A wire that is long: every packet takes its time, and only those that are held back are
 * overtaken.
 */
#include <criterion/criterion.h>

#include "ends.h"

enum { PORT = 7 };

struct pair {
	struct end client, server;
	struct tern_tcp_listener listener;
};

static bool
both_closed(struct world *w)
{
	const struct pair *p = w->data;

	return p->client.closed > 0 && p->server.closed > 0;
}

/* Both ways, `bytes` from the client. */
static void
transfer(struct world *w, struct pair *p, uint64_t bytes)
{
	end_init(&p->client, w, A, bytes, 0);
	end_init(&p->server, w, B, 0, bytes);
	ends_pair(&p->client, &p->server);
	w->data = p;
	end_listen(&p->server, &p->listener, PORT);
	end_connect(&p->client, PORT);
	world_run(w, both_closed, S(300));
	end_check(&p->client, TERN_FINISHED);
	end_check(&p->server, TERN_FINISHED);
}

Test(latency, adds_to_every_packet_both_ways)
{
	static const struct {
		uint64_t latency_ns;
		uint32_t delay_ppm;
	} cases[] = { { 0, 0 }, { MS(10), 0 }, { MS(1000), 0 }, { MS(10), 5000 } };

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct world_how how = { .seed = 901 + 4 * i,
					       .delay_ns = MS(1),
					       .odds = { .latency_ns = cases[i].latency_ns,
							 .delay_ppm = cases[i].delay_ppm,
							 .delay_min_ns = MS(1),
							 .delay_max_ns = MS(2) } };
		struct world *w = world_open(&how);
		uint64_t trip = 2 * (MS(1) + cases[i].latency_ns), out_of_order;
		struct pair p;

		transfer(w, &p, 500000);
		out_of_order = world_count(w, B, TERN_EV_TCP_OUT_OF_ORDER);
		cr_assert_geq(p.client.opened_at, trip, "case %u", i);
		cr_assert_lt(p.client.opened_at, trip + MS(4), "case %u", i);
		cr_assert_eq(out_of_order > 0, cases[i].delay_ppm > 0, "case %u", i);
		world_close(w);
	}
}

/* So many wait at once that the front of their list has to move up over and over. */
Test(latency, keeps_as_many_packets_as_it_has_room_for)
{
	const struct world_how how = {
		.seed = 921, .packets = 60, .delay_ns = US(1), .odds = { .latency_ns = MS(20) }
	};
	struct world *w = world_open(&how);
	struct pair p;

	transfer(w, &p, 3000000);
	cr_assert_eq(world_count(w, B, TERN_EV_TCP_OUT_OF_ORDER), 0);
	world_close(w);
}
