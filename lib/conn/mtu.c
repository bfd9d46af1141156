/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_ip.h>

#include "conn/arrives.h"
#include "conn/flight.h"
#include "conn/machine.h"
#include "conn/mtu.h"
#include "core/seq.h"

enum {
	SUSPICIOUS = 2,	      /* timeouts in a row */
	DOUBTS = 3,	      /* silences without a full segment between them */
	SEARCH_LOW_MSS = 512, /* what every path takes: RFC 4821 §7.2 */
	RAISE_S = 600,
};

static uint16_t
headers(const struct tern_conn *c)
{
	bool timestamps = (c->flags & TERN_CONN_TIMESTAMPS) != 0;

	return (uint16_t)(sizeof(struct rte_ipv4_hdr) + TCP_HEADER_BYTES +
			  (timestamps ? TCP_TIMESTAMPS_ROOM : 0));
}

static void
lower(struct tern_conn *c, uint16_t mss)
{
	if (c->mss_most == 0)
		c->mss_most = c->snd.mss;
	c->snd.mss = RTE_MAX(mss, (uint16_t)CONN_MSS_LEAST);
	c->mtu_at = c->tcp->tick;
	count(c->tcp, TERN_EV_TCP_MTU_LOWERED);
}

/* RFC 1191 §5, §7: routers of before it do not say; the next plateau is tried. */
static uint16_t
plateau_below(uint16_t was)
{
	static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006, 508, 296 };

	for (size_t i = 0; i < RTE_DIM(plateaus); i++) {
		if (plateaus[i] < was)
			return plateaus[i];
	}
	return 0;
}

void
mtu_exceeded(struct tern_conn *c, uint16_t mtu, uint16_t was)
{
	uint16_t now = (uint16_t)(c->snd.mss + headers(c));

	if (mtu == 0)
		mtu = plateau_below(RTE_MIN(was, now));
	if (mtu < 68 || mtu >= now) /* RFC 1191 §3: less is no MTU, more is no news */
		return;
	mtu = RTE_MAX(mtu, c->tcp->mtu_least); /* anybody can say so: RFC 5927 §7 */
	if (mtu >= now)
		return;
	c->mtu_doubts = 0;
	lower(c, mtu > headers(c) ? (uint16_t)(mtu - headers(c)) : 0);
	/*
	 * It was no congestion: all goes again in smaller pieces, and cwnd stays (RFC 1191 §6.4).
	 */
	flight_rewind(c);
	conn_ready(c);
}

/*
 * RFC 4821 §7.7. Where one packet in ten is lost, timeouts follow each other by chance as well: at
 * first only what has to go again is made smaller.
 */
void
mtu_suspect(struct tern_conn *c)
{
	uint32_t first = conn_flight(c);

	if (!c->tcp->plpmtud || c->rtt.backoff < SUSPICIOUS || c->snd.mss <= SEARCH_LOW_MSS ||
	    first < c->snd.mss)
		return;
	if (c->mss_most == 0)
		c->mtu_doubts++;
	lower(c, RTE_MAX((uint16_t)(c->snd.mss / 2), (uint16_t)SEARCH_LOW_MSS));
}

static void
raise(struct tern_conn *c)
{
	c->snd.mss = c->mss_most;
	c->mss_most = 0;
	c->mtu_full = c->snd.una + c->snd.mss;
}

void
mtu_acked(struct tern_conn *c)
{
	if (c->mss_most == 0) {
		if (seq_ge(c->snd.una, c->mtu_full))
			c->mtu_doubts = 0;
	} else if (c->mtu_doubts > 0 && c->mtu_doubts < DOUBTS) {
		raise(c);
	} else if (c->tcp->tick - c->mtu_at >= RAISE_S * (1000000000 / TERN_TICK_NS)) {
		raise(c); /* RFC 1191 §6.3 */
		c->mtu_doubts = 0;
	}
}
