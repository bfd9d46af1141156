/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include <rte_ether.h>

#include <tern_faults.h>

enum {
	PPM = 1000000,
	LEAST_PACKETS = 4,
	BURST = 32,
};

static const uint32_t MADE_BY_PORT =
	TERN_PORT_TX_IP_CKSUM | TERN_PORT_TX_UDP_CKSUM | TERN_PORT_TX_TCP_CKSUM;

/* What is going to happen to a packet: drawn before anything does. */
struct fate {
	bool copied, corrupted;
	uint64_t loss; /* decides whether it is lost */
	uint64_t delay_ns, copy_delay_ns;
	uint64_t where; /* the byte, and how it changes */
};

static struct tern_faults *
faults_of(struct tern_port *port)
{
	return (struct tern_faults *)port;
}

/* Randomness -------------------------------------------------------------------------------- */

/* A counter in steps of an odd constant, its bits well mixed: every state is as good as any. */
static uint64_t
draw(struct tern_faults_way *way)
{
	uint64_t x = way->random += UINT64_C(0x9e3779b97f4a7c15);

	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return x ^ x >> 32;
}

/* A number below n, from the upper half of a random word. */
static uint32_t
scale(uint64_t random, uint32_t n)
{
	return (uint32_t)((random >> 32) * n >> 32);
}

static bool
happens(struct tern_faults_way *way, uint32_t ppm)
{
	return scale(draw(way), PPM) < ppm;
}

static uint64_t
draw_delay(struct tern_faults_way *way)
{
	const struct tern_faults_odds *odds = &way->odds;
	bool delayed = happens(way, odds->delay_ppm);
	uint64_t span = odds->delay_max_ns - odds->delay_min_ns, random = draw(way);

	if (!delayed)
		return 0;
	return odds->delay_min_ns + (span == UINT64_MAX ? random : random % (span + 1));
}

/* Eight numbers a packet, always. */
static struct fate
draw_fate(struct tern_faults_way *way)
{
	struct fate f;

	f.loss = draw(way);
	f.copied = happens(way, way->odds.copy_ppm);
	f.corrupted = happens(way, way->odds.corrupt_ppm);
	f.where = draw(way);
	f.delay_ns = draw_delay(way);
	f.copy_delay_ns = draw_delay(way);
	return f;
}

/* Loss -------------------------------------------------------------------------------------- */

/* Gilbert and Elliott: one number says how the channel changes and, by its other half, the loss. */
static bool
is_lost_by_chance(struct tern_faults_way *way, uint64_t random)
{
	const struct tern_faults_odds *odds = &way->odds;
	bool lost, changes = scale(random << 32, PPM) < (way->bad ? odds->good_ppm : odds->bad_ppm);

	way->bad = way->bad != changes;
	lost = scale(random, PPM) < (way->bad ? odds->bad_loss_ppm : odds->loss_ppm);
	way->counts.lost_bad += lost && way->bad;
	return lost;
}

/* Each model has its say about each packet; the first that takes it counts it. */
static bool
is_lost(struct tern_faults_way *way, uint64_t random, uint64_t now)
{
	const struct tern_faults_odds *odds = &way->odds;

	if (is_lost_by_chance(way, random))
		return true;
	if (odds->every != 0 && way->counts.packets % odds->every == 0) {
		way->counts.lost_every++;
		return true;
	}
	if (now >= odds->dark_from_ns && now < odds->dark_until_ns) {
		way->counts.lost_dark++;
		return true;
	}
	return false;
}

/* Waiting ----------------------------------------------------------------------------------- */

/* The i-th that waits, counted from the one that is due first; memory is used round and round. */
static struct tern_faults_packet *
place(const struct tern_faults_way *way, uint32_t i)
{
	uint32_t at = way->first + i;

	return &way->waiting[at < way->places ? at : at - way->places];
}

static void
wait_until(struct tern_faults_way *way, struct rte_mbuf *m, uint64_t due_ns)
{
	uint32_t at = way->n++;

	for (; at > 0 && place(way, at - 1)->due_ns > due_ns; at--)
		*place(way, at) = *place(way, at - 1);
	*place(way, at) = (struct tern_faults_packet){ due_ns, m };
}

static void
forget_first(struct tern_faults_way *way, uint32_t n)
{
	way->first = (uint32_t)(place(way, n) - way->waiting);
	way->n -= n;
}

/* The first of those that are due, at most n, still in the list. */
static uint16_t
look_due(const struct tern_faults_way *way, uint64_t now, struct rte_mbuf **pkts, uint16_t n)
{
	uint16_t i;

	for (i = 0; i < n && i < way->n && place(way, i)->due_ns <= now; i++)
		pkts[i] = place(way, i)->mbuf;
	return i;
}

/* Harm -------------------------------------------------------------------------------------- */

static bool
is_shared(const struct rte_mbuf *m)
{
	for (; m != NULL; m = m->next)
		if (!RTE_MBUF_DIRECT(m) || rte_mbuf_refcnt_read(m) != 1)
			return true;
	return false;
}

static uint8_t *
byte_at(struct rte_mbuf *m, uint32_t offset)
{
	while (offset >= m->data_len) {
		offset -= m->data_len;
		m = m->next;
	}
	return rte_pktmbuf_mtod_offset(m, uint8_t *, offset);
}

static bool
is_ip(struct rte_mbuf *m)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	if (m->data_len < sizeof(*eth) || m->pkt_len == sizeof(*eth))
		return false;
	return eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	       eth->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* Its own copy of a packet whose bytes others see; the packet as it is when there is no mbuf. */
static struct rte_mbuf *
own(struct tern_faults *f, struct tern_faults_way *way, struct rte_mbuf *m, bool *owned)
{
	struct rte_mbuf *copy;

	*owned = true;
	if (!is_shared(m))
		return m;
	copy = rte_pktmbuf_copy(m, f->port.pool, 0, UINT32_MAX);
	if (copy == NULL) {
		way->counts.no_mbuf++;
		*owned = false;
		return m;
	}
	rte_pktmbuf_free(m);
	return copy;
}

/* Change one byte behind the Ethernet header, and let nobody say that its checksum is good. */
static struct rte_mbuf *
corrupt(struct tern_faults *f, struct tern_faults_way *way, struct rte_mbuf *m, uint64_t where)
{
	uint32_t offset;
	bool owned;

	if (!is_ip(m))
		return m;
	m = own(f, way, m, &owned);
	if (!owned)
		return m;
	offset = RTE_ETHER_HDR_LEN + scale(where, m->pkt_len - RTE_ETHER_HDR_LEN);
	*byte_at(m, offset) ^= (uint8_t)(1 + where % UINT8_MAX);
	m->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
	way->counts.corrupted++;
	return m;
}

static void
copy(struct tern_faults *f, struct tern_faults_way *way, struct rte_mbuf *m, uint64_t due_ns)
{
	struct rte_mbuf *second = rte_pktmbuf_copy(m, f->port.pool, 0, UINT32_MAX);

	if (second == NULL) {
		way->counts.no_mbuf++;
		return;
	}
	way->counts.copied++;
	wait_until(way, second, due_ns);
}

/* When a packet leaves that would leave at due_ns: at once, or when the stall is over. */
static uint64_t
stalled_until(struct tern_faults_way *way, uint64_t due_ns)
{
	const struct tern_faults_odds *odds = &way->odds;
	uint64_t in_ns;

	if (odds->stall_every_ns == 0)
		return due_ns;
	in_ns = due_ns % odds->stall_every_ns;
	if (in_ns >= odds->stall_ns)
		return due_ns;
	way->counts.stalled++;
	return due_ns - in_ns + odds->stall_ns;
}

/* One packet meets its fate: up to two packets wait for their time, which may be now. */
static void
pass(struct tern_faults *f, struct tern_faults_way *way, struct rte_mbuf *m)
{
	struct fate fate = draw_fate(way);
	uint64_t now = *f->now_ns, due_ns = now + way->odds.latency_ns;

	way->counts.packets++;
	if (is_lost(way, fate.loss, now)) {
		way->counts.lost++;
		rte_pktmbuf_free(m);
		return;
	}
	if (fate.corrupted)
		m = corrupt(f, way, m, fate.where);
	way->counts.delayed += fate.delay_ns > 0;
	wait_until(way, m, stalled_until(way, due_ns + fate.delay_ns));
	if (fate.copied)
		copy(f, way, m, stalled_until(way, due_ns + fate.copy_delay_ns));
}

/* The port ---------------------------------------------------------------------------------- */

/* Each packet that is taken may become two. */
static uint16_t
room(const struct tern_faults *f, const struct tern_faults_way *way, uint16_t n)
{
	return (uint16_t)RTE_MIN((f->packets - way->n) / 2, (uint32_t)n);
}

static void
send_due(struct tern_faults *f)
{
	struct rte_mbuf *pkts[BURST];
	uint16_t n, sent;

	do {
		n = look_due(&f->tx, *f->now_ns, pkts, BURST);
		sent = n > 0 ? f->below->tx(f->below, pkts, n) : 0;
		forget_first(&f->tx, sent);
	} while (sent == BURST);
}

static uint16_t
faults_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tern_faults *f = faults_of(port);
	uint16_t i;

	send_due(f);
	n = room(f, &f->tx, n);
	for (i = 0; i < n; i++)
		pass(f, &f->tx, pkts[i]);
	send_due(f);
	return n;
}

static uint16_t
faults_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct tern_faults *f = faults_of(port);
	struct rte_mbuf *came[BURST];
	uint16_t i, taken = room(f, &f->rx, RTE_MIN(n, BURST));

	send_due(f);
	taken = taken > 0 ? f->below->rx(f->below, came, taken) : 0;
	for (i = 0; i < taken; i++)
		pass(f, &f->rx, came[i]);
	n = look_due(&f->rx, *f->now_ns, pkts, n);
	forget_first(&f->rx, n);
	return n;
}

/* Setting up -------------------------------------------------------------------------------- */

size_t
tern_faults_bytes(uint32_t packets)
{
	return 2 * (size_t)packets * sizeof(struct tern_faults_packet);
}

static bool
odds_are_valid(const struct tern_faults_odds *odds)
{
	return odds->loss_ppm <= PPM && odds->bad_ppm <= PPM && odds->good_ppm <= PPM &&
	       odds->bad_loss_ppm <= PPM && odds->copy_ppm <= PPM && odds->corrupt_ppm <= PPM &&
	       odds->delay_ppm <= PPM && odds->delay_max_ns >= odds->delay_min_ns &&
	       odds->dark_until_ns >= odds->dark_from_ns &&
	       (odds->stall_every_ns == 0 || odds->stall_ns < odds->stall_every_ns);
}

int
tern_faults_init(struct tern_faults *faults, void *mem, struct tern_port *below,
		 const struct tern_faults_config *config)
{
	if (config->now_ns == NULL || config->packets < LEAST_PACKETS ||
	    !odds_are_valid(&config->rx) || !odds_are_valid(&config->tx))
		return -EINVAL;
	memset(faults, 0, sizeof(*faults));
	faults->port = *below;
	faults->port.rx = faults_rx;
	faults->port.tx = faults_tx;
	faults->port.caps &= ~MADE_BY_PORT;
	faults->below = below;
	faults->now_ns = config->now_ns;
	faults->packets = config->packets;
	faults->rx.odds = config->rx;
	faults->tx.odds = config->tx;
	faults->rx.places = config->packets;
	faults->tx.places = config->packets;
	faults->rx.waiting = mem;
	faults->tx.waiting = faults->rx.waiting + config->packets;
	faults->rx.random = config->seed;
	faults->tx.random = ~config->seed;
	return 0;
}

static uint32_t
way_fini(struct tern_faults_way *way)
{
	uint32_t n = way->n;

	for (uint32_t i = 0; i < n; i++)
		rte_pktmbuf_free(place(way, i)->mbuf);
	way->n = 0;
	return n;
}

uint32_t
tern_faults_fini(struct tern_faults *faults)
{
	return way_fini(&faults->rx) + way_fini(&faults->tx);
}

uint64_t
tern_faults_next(const struct tern_faults *faults)
{
	uint64_t rx = faults->rx.n > 0 ? place(&faults->rx, 0)->due_ns : UINT64_MAX;
	uint64_t tx = faults->tx.n > 0 ? place(&faults->tx, 0)->due_ns : UINT64_MAX;

	return RTE_MIN(rx, tx);
}
