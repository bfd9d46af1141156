/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A sender as a table of congestion control sees it: the block, a clock, and ACKs.
 */
#ifndef FLOW_H
#define FLOW_H

#include <string.h>

#include <criterion/criterion.h>

#include <tern_congestion.h>

enum { FLOW_MOST = 1 << 30, FLOW_NO_SSTHRESH = 1 << 30 };

struct flow {
	struct tern_conn conn;
	const struct tern_congestion *by;
	uint32_t now_us;
};

static inline void
flow_rtt(struct flow *f, uint32_t rtt_us)
{
	f->conn.rtt.srtt_8 = rtt_us * 8;
	f->conn.rtt.rttvar_4 = rtt_us / 2;
}

/* Near the ends of both circles, so that they are passed. */
static inline void
flow_begin(struct flow *f, const struct tern_congestion *by, uint16_t mss, uint32_t cwnd,
	   uint32_t ssthresh)
{
	memset(f, 0, sizeof(*f));
	f->by = by;
	f->now_us = UINT32_MAX - 100000;
	f->conn.snd.mss = mss;
	f->conn.snd.una = UINT32_MAX - 10000;
	f->conn.snd.nxt = f->conn.snd.una;
	f->conn.cong.cwnd = cwnd;
	f->conn.cong.ssthresh = ssthresh;
	flow_rtt(f, 10000);
	tern_tcp_set_congestion(&f->conn, by);
	f->conn.snd.nxt = f->conn.snd.una + f->conn.cong.cwnd;
}

/* The ACK moves snd.una, the table looks, and what it allows is sent. */
static inline void
flow_take(struct flow *f, const struct tern_acked *ack)
{
	f->conn.snd.una += ack->bytes;
	f->by->acked(&f->conn, ack);
	f->conn.snd.nxt = f->conn.snd.una + f->conn.cong.cwnd;
}

static inline void
flow_ack(struct flow *f, uint32_t bytes)
{
	struct tern_acked ack = {
		.bytes = bytes,
		.flight = f->conn.cong.cwnd,
		.rtt_us = f->conn.rtt.srtt_8 / 8,
		.now_us = f->now_us,
		.limited = true,
	};

	flow_take(f, &ack);
}

/* What is in flight is acknowledged, by an ACK for each @per_ack bytes, evenly in a round trip. */
static inline void
flow_round(struct flow *f, uint32_t per_ack)
{
	uint32_t flight = f->conn.cong.cwnd, rtt_us = f->conn.rtt.srtt_8 / 8;
	uint32_t began_us = f->now_us, done = 0;

	while (done < flight) {
		uint32_t bytes = flight - done < per_ack ? flight - done : per_ack;

		done += bytes;
		f->now_us = began_us + (uint32_t)((uint64_t)rtt_us * done / flight);
		flow_ack(f, bytes);
	}
}

/* As the machine does it: what congested() says becomes ssthresh, then cwnd is reduced. */
static inline void
flow_congested(struct flow *f, enum tern_congested why)
{
	struct tern_conn *c = &f->conn;

	c->undo.cwnd = c->cong.cwnd;
	c->undo.ssthresh = c->cong.ssthresh;
	c->cong.ssthresh = f->by->congested(c, why, c->cong.cwnd);
	c->cong.cwnd = why == TERN_CONGESTED_TIMEOUT ? c->snd.mss : c->cong.ssthresh;
}

static inline void
flow_undo(struct flow *f)
{
	f->conn.cong.cwnd = f->conn.undo.cwnd;
	f->conn.cong.ssthresh = f->conn.undo.ssthresh;
	f->by->undo(&f->conn);
}

#endif
