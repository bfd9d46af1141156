/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/record/recorder.h"

#include <netinet/in.h>
#include <string.h>

#include <rte_common.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "gen/layout.h"

enum {
	BURST = 64,
	ETH = RTE_ETHER_HDR_LEN,
	IP_LEAST = sizeof(struct rte_ipv4_hdr),
	PORTS = 4,
	QUOTED = 8, /* at least, of what an ICMP error is about (RFC 792) */
};

static const uint64_t AFTER_NS = 10 * TERN_MS; /* what follows a failure belongs to it */

/* Memory ------------------------------------------------------------------------------------- */

static size_t
stride_of(const struct plan *plan)
{
	return RTE_ALIGN_CEIL(sizeof(struct recorded) + plan->capture.snap, (size_t)LAYOUT_ALIGN);
}

static uint32_t
share_of(const struct plan *plan)
{
	return plan->capture.frames / plan->capture.most;
}

size_t
recorder_bytes(const struct plan *plan)
{
	size_t at = 0, n = plan->capture.frames;

	place(&at, sizeof(struct recorder));
	place(&at, n * sizeof(uint32_t));
	place(&at, n * stride_of(plan));
	place(&at, plan->capture.most * sizeof(struct failure));
	place(&at, (size_t)plan->capture.most * share_of(plan) * stride_of(plan));
	return at;
}

struct recorder *
recorder_init(void *mem, const struct plan *plan)
{
	size_t at = 0, n = plan->capture.frames;
	struct recorder *r = mem;
	uint8_t *base = mem;

	memset(r, 0, sizeof(*r));
	r->mask = plan->capture.frames - 1;
	r->snap = plan->capture.snap;
	r->stride = stride_of(plan);
	r->most = plan->capture.most;
	r->share = share_of(plan);
	place(&at, sizeof(*r));
	r->key = (uint32_t *)(void *)(base + place(&at, n * sizeof(*r->key)));
	r->ring = base + place(&at, n * r->stride);
	r->failure = (struct failure *)(void *)(base + place(&at, r->most * sizeof(*r->failure)));
	r->kept = base + at;
	memset(r->key, 0, n * sizeof(*r->key));
	return r;
}

static struct recorded *
frame_at(const struct recorder *r, uint64_t seq)
{
	return (struct recorded *)(void *)(r->ring + (seq & r->mask) * r->stride);
}

/* Whose a frame is ----------------------------------------------------------------------------- */

/* What is read of a frame. */
struct seen {
	struct tuple who;
	bool quoted; /* by an ICMP error */
	uint8_t flags;
	uint32_t seq, ack; /* of TCP; host byte order */
};

static uint32_t
load32(const uint8_t *at)
{
	rte_be32_t word;

	memcpy(&word, at, sizeof(word));
	return rte_be_to_cpu_32(word);
}

static void
read_ports(struct seen *s, const uint8_t *l4, bool sent)
{
	memcpy(&s->who.local_port, l4 + (sent ? 0 : 2), sizeof(s->who.local_port));
	memcpy(&s->who.remote_port, l4 + (sent ? 2 : 0), sizeof(s->who.remote_port));
}

static bool
read_tcp(struct seen *s, const uint8_t *l4, uint32_t bytes, bool sent)
{
	if (bytes < (s->quoted ? (uint32_t)QUOTED : sizeof(struct rte_tcp_hdr)))
		return false;
	read_ports(s, l4, sent);
	s->seq = load32(l4 + offsetof(struct rte_tcp_hdr, sent_seq));
	if (s->quoted)
		return true;
	s->ack = load32(l4 + offsetof(struct rte_tcp_hdr, recv_ack));
	s->flags = l4[offsetof(struct rte_tcp_hdr, tcp_flags)];
	return true;
}

static bool read_ip(struct seen *s, const uint8_t *ip, uint32_t bytes, bool sent);

/* Destination Unreachable, Time Exceeded, Parameter Problem: they quote what went the other way. */
static bool
read_icmp(struct seen *s, const uint8_t *l4, uint32_t bytes, bool sent)
{
	enum { ECHO_REPLY = 0, UNREACHABLE = 3, ECHO = 8, EXCEEDED = 11, PROBLEM = 12 };

	if (bytes < sizeof(struct rte_icmp_hdr))
		return false;
	switch (l4[0]) {
	case ECHO_REPLY:
	case ECHO:
		memcpy(&s->who.local_port, l4 + offsetof(struct rte_icmp_hdr, icmp_ident),
		       sizeof(s->who.local_port));
		s->who.remote_port = 0;
		return true;
	case UNREACHABLE:
	case EXCEEDED:
	case PROBLEM:
		if (s->quoted)
			return false;
		s->quoted = true;
		return read_ip(s, l4 + sizeof(struct rte_icmp_hdr),
			       bytes - (uint32_t)sizeof(struct rte_icmp_hdr), !sent);
	default:
		return false;
	}
}

static bool
read_ip(struct seen *s, const uint8_t *at, uint32_t bytes, bool sent)
{
	struct rte_ipv4_hdr ip;
	uint32_t header;

	if (bytes < IP_LEAST)
		return false;
	memcpy(&ip, at, sizeof(ip));
	header = (ip.version_ihl & RTE_IPV4_HDR_IHL_MASK) * 4u;
	if (ip.version_ihl >> 4 != 4 || header < IP_LEAST || bytes < header + PORTS ||
	    (ip.fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		return false;
	s->who.local = sent ? ip.src_addr : ip.dst_addr;
	s->who.remote = sent ? ip.dst_addr : ip.src_addr;
	s->who.proto = ip.next_proto_id;
	switch (ip.next_proto_id) {
	case IPPROTO_TCP:
		return read_tcp(s, at + header, bytes - header, sent);
	case IPPROTO_UDP:
		read_ports(s, at + header, sent);
		return true;
	case IPPROTO_ICMP:
		return read_icmp(s, at + header, bytes - header, sent);
	default:
		return false;
	}
}

static bool
read_frame(const struct recorded *f, struct seen *s)
{
	const rte_be16_t ipv4 = RTE_BE16(RTE_ETHER_TYPE_IPV4);

	if (f->known < ETH ||
	    memcmp(f->data + offsetof(struct rte_ether_hdr, ether_type), &ipv4, sizeof(ipv4)) != 0)
		return false;
	s->quoted = false;
	s->flags = 0;
	return read_ip(s, f->data + ETH, f->known - (uint32_t)ETH, f->sent);
}

/* Never 0. */
static uint32_t
key_of(const struct tuple *t)
{
	uint64_t addrs = (uint64_t)t->remote << 32 | t->local;
	uint64_t ports = (uint64_t)t->proto << 32 | (uint32_t)t->remote_port << 16 | t->local_port;
	uint64_t hash = addrs * UINT64_C(0x9e3779b97f4a7c15);

	hash = (hash ^ hash >> 32 ^ ports) * UINT64_C(0xd6e8feb86659fd93);
	return (uint32_t)(hash >> 32) | 1;
}

static bool
is_same(const struct tuple *a, const struct tuple *b)
{
	return a->local == b->local && a->remote == b->remote && a->local_port == b->local_port &&
	       a->remote_port == b->remote_port && a->proto == b->proto;
}

/* Recording ---------------------------------------------------------------------------------- */

static void
copy_parts(const struct rte_mbuf *m, uint8_t *to, uint32_t bytes)
{
	const void *from = rte_pktmbuf_read(m, 0, bytes, to);

	if (from != NULL && from != to)
		memcpy(to, from, bytes);
}

/* Who belongs to no connection does not push out who does. */
static void
record(struct recorder *r, const struct rte_mbuf *m, bool sent, uint64_t now)
{
	struct recorded *f = frame_at(r, r->head);
	struct seen seen;

	f->at_ns = now;
	f->bytes = m->pkt_len;
	f->order = (uint32_t)r->head;
	f->known = (uint16_t)RTE_MIN(m->pkt_len, r->snap);
	f->sent = sent;
	copy_parts(m, f->data, f->known);
	r->key[r->head & r->mask] = 0;
	if (!read_frame(f, &seen))
		return;
	r->key[r->head & r->mask] = key_of(&seen.who);
	r->head++;
}

static uint16_t
recorder_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct recorder *r = (struct recorder *)port;
	uint16_t got = r->behind->rx(r->behind, pkts, n);
	uint64_t now;

	if (got == 0)
		return 0;
	now = r->clock(r->clock_data);
	for (uint16_t i = 0; i < got; i++)
		record(r, pkts[i], false, now);
	return got;
}

/* They were not sent; what they took the place of is gone all the same. */
static void
take_back(struct recorder *r, uint64_t head)
{
	while (r->head > head)
		r->key[--r->head & r->mask] = 0;
}

/* The port may have freed packets when tx() returns: they are recorded before it. */
static uint16_t
recorder_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	struct recorder *r = (struct recorder *)port;
	uint64_t heads[BURST], now = r->clock(r->clock_data);
	uint16_t sent;

	n = RTE_MIN(n, (uint16_t)BURST);
	for (uint16_t i = 0; i < n; i++) {
		heads[i] = r->head;
		record(r, pkts[i], true, now);
	}
	sent = r->behind->tx(r->behind, pkts, n);
	if (sent < n)
		take_back(r, heads[sent]);
	return sent;
}

struct tern_port *
recorder_port(struct recorder *r, struct tern_port *behind, uint64_t (*clock)(void *data),
	      void *clock_data)
{
	r->behind = behind;
	r->port = *behind;
	r->port.rx = recorder_rx;
	r->port.tx = recorder_tx;
	r->clock = clock;
	r->clock_data = clock_data;
	return &r->port;
}

/* Taking ------------------------------------------------------------------------------------- */

static uint64_t
oldest(const struct recorder *r)
{
	return r->head > r->mask ? r->head - r->mask - 1 : 0;
}

/* Is this frame one of the tuple that failed? */
static bool
is_of(const struct recorder *r, const struct failure *f, uint64_t seq, struct seen *seen)
{
	return r->key[seq & r->mask] == f->key && read_frame(frame_at(r, seq), seen) &&
	       is_same(&seen->who, &f->who);
}

static bool
is_syn(const struct recorded *f, const struct seen *s)
{
	return f->sent && !s->quoted &&
	       (s->flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)) == RTE_TCP_SYN_FLAG;
}

/* Has the tuple another connection since? Each frame is looked at once. */
static bool
is_used_again(struct recorder *r, struct failure *f)
{
	struct seen seen;

	f->scanned = RTE_MAX(f->scanned, oldest(r));
	for (; f->scanned < r->head; f->scanned++)
		if (is_of(r, f, f->scanned, &seen) && is_syn(frame_at(r, f->scanned), &seen))
			return true;
	return false;
}

/* The first frame that is too late to belong to it. */
static uint64_t
end_of(struct recorder *r, struct failure *f)
{
	uint64_t end;

	if (is_used_again(r, f))
		return f->scanned;
	for (end = r->head; end > f->seq && end > oldest(r); end--)
		if (frame_at(r, end - 1)->at_ns <= f->at_ns + AFTER_NS)
			break;
	return end;
}

/*
 * Backwards, once a SYN of the connection was met: there may be more of them, and answers to it,
 * which acknowledge its number (RFC 9293 §3.10.7.3); all else is of an earlier connection.
 */
static bool
is_before_syn(const struct recorded *f, const struct seen *s, uint32_t isn)
{
	if (f->sent || s->quoted)
		return s->seq == isn && (s->quoted || is_syn(f, s));
	return (s->flags & RTE_TCP_ACK_FLAG) != 0 && s->ack == isn + 1;
}

static void
keep_aside(struct recorder *r, struct failure *f, uint64_t seq)
{
	struct recorded *to = recorder_kept(r, r->kept_n++);
	const struct recorded *from = frame_at(r, seq);

	memcpy(to, from, sizeof(*from) + from->known);
	to->failure = (uint16_t)(f - r->failure);
	r->key[seq & r->mask] = 0;
	f->frames++;
}

/* The newest first: of a connection with many frames those next to the failure matter. */
static void
take(struct recorder *r, struct failure *f)
{
	uint64_t from = oldest(r), seq = end_of(r, f);
	bool syn = false;
	uint32_t isn = 0;
	struct seen seen;

	f->taken = true;
	while (seq-- > from && f->frames < r->share) {
		if (!is_of(r, f, seq, &seen) ||
		    (syn && !is_before_syn(frame_at(r, seq), &seen, isn)))
			continue;
		if (!syn && is_syn(frame_at(r, seq), &seen)) {
			syn = true;
			isn = seen.seq;
		}
		keep_aside(r, f, seq);
	}
}

/* Failures ----------------------------------------------------------------------------------- */

/* The last failure of this tuple, unless it was taken. */
static struct failure *
find_waiting(struct recorder *r, const struct tuple *who, uint32_t key)
{
	for (uint32_t i = r->failures; i > r->due; i--) {
		struct failure *f = &r->failure[i - 1];

		if (f->key == key && is_same(&f->who, who))
			return f->taken ? NULL : f;
	}
	return NULL;
}

/* One of those that all workers together may capture. */
static bool
take_one(struct recorder *r)
{
	uint32_t left;

	if (r->left == NULL || r->failures == r->most)
		return false;
	left = __atomic_load_n(r->left, __ATOMIC_RELAXED);
	while (left > 0)
		if (__atomic_compare_exchange_n(r->left, &left, left - 1, true, __ATOMIC_RELAXED,
						__ATOMIC_RELAXED))
			return true;
	return false;
}

void
recorder_failed(struct recorder *r, const struct tuple *who, enum error cause)
{
	uint32_t key = key_of(who);
	struct failure *f = find_waiting(r, who, key);

	if (!r->recording || (f != NULL && !is_used_again(r, f)))
		return;
	if (f != NULL)
		take(r, f);
	if (!take_one(r)) {
		r->missed++;
		return;
	}
	r->failure[r->failures++] = (struct failure){ .who = *who,
						      .cause = cause,
						      .at_ns = r->clock(r->clock_data),
						      .seq = r->head,
						      .scanned = r->head,
						      .key = key };
}

/* One in a turn: a storm of failures does not hold the loop up. */
void
recorder_poll(struct recorder *r, uint64_t now)
{
	struct failure *f = &r->failure[r->due];

	if (r->due == r->failures || (!f->taken && now <= f->at_ns + AFTER_NS))
		return;
	if (!f->taken)
		take(r, f);
	r->due++;
}

void
recorder_begin(struct recorder *r)
{
	r->failures = r->due = r->kept_n = 0;
	r->missed = 0;
	r->recording = true;
}

void
recorder_end(struct recorder *r)
{
	for (; r->due < r->failures; r->due++)
		if (!r->failure[r->due].taken)
			take(r, &r->failure[r->due]);
	r->recording = false;
}
