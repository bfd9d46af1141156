/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A burst of packets from the port, in stages, so that the cache misses of all of them overlap, and
 * each has something to do meanwhile: headers are read and buckets fetched; blocks are fetched and
 * checksums made; and then comes one segment after the other.
 */
#include <string.h>

#include <rte_ether.h>
#include <rte_icmp.h>
#include <rte_ip.h>
#include <rte_tcp.h>

#include "gen/engines/csum.h"
#include "gen/engines/lite.h"
#include "gen/engines/lite_table.h"

enum {
	ETH = RTE_ETHER_HDR_LEN,
	IP_BYTES = sizeof(struct rte_ipv4_hdr),
	TCP_BYTES = sizeof(struct rte_tcp_hdr),
	QUOTED = 8,	      /* bytes of TCP that an ICMP error quotes at least (RFC 792) */
	ICMP_UNREACHABLE = 3, /* type */
	CODE_PROTOCOL = 2,
	CODE_PORT = 3,
	CODE_TOO_BIG = 4,
	FRAGMENTS = 0x3fff, /* more fragments, and the offset */
};

typedef uint64_t sums __attribute__((vector_size(16)));

/* A packet that is for us. */
struct came {
	struct rte_mbuf *m;
	struct segment s;
	uint32_t key;
	uint16_t ip_bytes, tcp_bytes; /* of the header of IP; of all behind it */
	struct place place;
	struct client *client; /* that it seems to be for; NULL: it is for none */
};

/* Reading ------------------------------------------------------------------------------------ */

static const struct rte_ipv4_hdr *
ip_of(const struct rte_mbuf *m)
{
	return rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, ETH);
}

/* Which of our tuples; false: none. */
static inline bool
read_key(const struct lite *l, rte_be32_t addr, rte_be16_t port, uint32_t *key)
{
	uint32_t source = rte_be_to_cpu_32(addr) - l->source;
	uint32_t sport = rte_be_to_cpu_16(port);

	*key = source << 16 | sport;
	return source < l->sources && sport >= l->sport && sport < l->sport_end;
}

/* The lower halves of the words, and the upper ones. */
static inline uint64_t
sum_words(uint64_t sum, const uint8_t *data, uint32_t len)
{
	sums lower = { sum, 0 }, upper = { 0, 0 }, words;

	for (; len >= sizeof(words); len -= (uint32_t)sizeof(words), data += sizeof(words)) {
		memcpy(&words, data, sizeof(words));
		lower += words & UINT32_MAX;
		upper += words >> 32;
	}
	lower += upper;
	sum = lower[0] + lower[1];
	return len > 0 ? csum_add(sum, data, len) : sum;
}

static inline uint64_t
sum_ip(const struct rte_ipv4_hdr *ip, uint32_t bytes)
{
	if (likely(bytes == IP_BYTES))
		return csum_add(0, ip, IP_BYTES); /* of a length that the compiler knows */
	return csum_add(0, ip, bytes);
}

/* A checksum that the port has not judged is summed. NONE means: wrong there, but known good. */
static inline bool
is_intact(const struct came *c)
{
	uint64_t by_ip = c->m->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	uint64_t by_tcp = c->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	const struct rte_ipv4_hdr *ip = ip_of(c->m);
	uint64_t pseudo;

	if (by_ip == RTE_MBUF_F_RX_IP_CKSUM_BAD || by_tcp == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return false;
	if (by_ip == RTE_MBUF_F_RX_IP_CKSUM_UNKNOWN && csum_finish(sum_ip(ip, c->ip_bytes)) != 0)
		return false;
	if (by_tcp != RTE_MBUF_F_RX_L4_CKSUM_UNKNOWN)
		return true;
	pseudo = (uint64_t)ip->src_addr + ip->dst_addr + RTE_BE16(IPPROTO_TCP) +
		 rte_cpu_to_be_16(c->tcp_bytes);
	return csum_finish(sum_words(pseudo, (const uint8_t *)ip + c->ip_bytes, c->tcp_bytes)) == 0;
}

static inline void
read_tcp(struct segment *s, const struct rte_tcp_hdr *tcp, uint32_t header, uint32_t bytes)
{
	*s = (struct segment){
		.seq = rte_be_to_cpu_32(tcp->sent_seq),
		.ack = rte_be_to_cpu_32(tcp->recv_ack),
		.wnd = rte_be_to_cpu_16(tcp->rx_win),
		.len = (uint16_t)(bytes - header),
		.flags = tcp->tcp_flags,
		.data = (const uint8_t *)tcp + header,
		.options = (const uint8_t *)(tcp + 1),
		.options_len = (uint8_t)(header - TCP_BYTES),
	};
}

/* The header of IPv4 is whole, and the packet too. */
static inline bool
is_whole(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, uint32_t *header, uint32_t *total)
{
	*header = (ip->version_ihl & 15u) * 4;
	*total = rte_be_to_cpu_16(ip->total_length);
	return ip->version_ihl >> 4 == 4 && *header >= IP_BYTES && *total >= *header &&
	       *total <= m->data_len - (uint32_t)ETH;
}

/* Return: is it for us? */
static inline bool
read_packet(const struct lite *l, struct rte_mbuf *m, struct came *came)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = ip_of(m);
	const struct rte_tcp_hdr *tcp;
	uint32_t ip_bytes, total, header;

	if (unlikely(m->data_len < ETH + IP_BYTES + TCP_BYTES) ||
	    eth->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV4) || ip->next_proto_id != IPPROTO_TCP ||
	    ip->src_addr != l->target || (ip->fragment_offset & RTE_BE16(FRAGMENTS)) != 0)
		return false;
	if (unlikely(!is_whole(m, ip, &ip_bytes, &total)) || total - ip_bytes < TCP_BYTES)
		return false;
	tcp = (const struct rte_tcp_hdr *)((const uint8_t *)ip + ip_bytes);
	header = (tcp->data_off >> 4) * 4u;
	if (tcp->src_port != l->port || header < TCP_BYTES || header > total - ip_bytes ||
	    !read_key(l, ip->dst_addr, tcp->dst_port, &came->key))
		return false;
	read_tcp(&came->s, tcp, header, total - ip_bytes);
	came->m = m;
	came->ip_bytes = (uint16_t)ip_bytes;
	came->tcp_bytes = (uint16_t)(total - ip_bytes);
	came->place = table_place(l, came->key);
	rte_prefetch0(came->place.bucket);
	return true;
}

/* ICMP --------------------------------------------------------------------------------------- */

/* Destination Unreachable about a segment of ours; the stack sees the packet, too. */
static void
read_unreachable(struct lite *l, const struct rte_icmp_hdr *icmp, uint64_t now)
{
	const struct rte_ipv4_hdr *ip = (const struct rte_ipv4_hdr *)(icmp + 1);
	const struct rte_tcp_hdr *tcp = (const struct rte_tcp_hdr *)(ip + 1);
	uint8_t code = icmp->icmp_code;
	bool hard = code == CODE_PROTOCOL || code == CODE_PORT;
	uint16_t mtu = code == CODE_TOO_BIG ? rte_be_to_cpu_16(icmp->icmp_seq_nb) : 0;
	struct client *c;
	uint32_t key;

	if (ip->version_ihl != RTE_IPV4_VHL_DEF || ip->next_proto_id != IPPROTO_TCP ||
	    ip->dst_addr != l->target || tcp->dst_port != l->port ||
	    !read_key(l, ip->src_addr, tcp->src_port, &key))
		return;
	c = table_find(l, table_place(l, key), key);
	if (c != NULL)
		lite_unreached(l, c, rte_be_to_cpu_32(tcp->sent_seq), hard, mtu, now);
}

static void
look_at_icmp(struct lite *l, const struct rte_mbuf *m, uint64_t now)
{
	const struct rte_icmp_hdr *icmp;
	const struct rte_ipv4_hdr *ip = ip_of(m);
	uint32_t header, total;

	if (m->data_len < ETH + IP_BYTES + sizeof(*icmp) + IP_BYTES + QUOTED ||
	    rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type !=
		    RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    ip->next_proto_id != IPPROTO_ICMP || !is_whole(m, ip, &header, &total) ||
	    total < header + sizeof(*icmp) + IP_BYTES + QUOTED)
		return;
	icmp = (const struct rte_icmp_hdr *)((const uint8_t *)ip + header);
	if (icmp->icmp_type == ICMP_UNREACHABLE &&
	    csum_finish(csum_add(0, icmp, total - header)) == 0)
		read_unreachable(l, icmp, now);
}

/* The burst ---------------------------------------------------------------------------------- */

/* Where it can be read in one piece. */
static inline bool
is_flat(struct rte_mbuf *m)
{
	return likely(m->nb_segs == 1) || rte_pktmbuf_linearize(m) == 0;
}

static inline void
find(const struct lite *l, struct came *c)
{
	uint32_t matches = table_tagged(c->place);

	c->client = NULL;
	if (likely(matches != 0)) {
		c->client = table_client(l, c->place, matches);
		rte_prefetch0(c->client);
	}
}

/* Tags may be the same and keys not; and a packet before may have ended the connection. */
static inline struct client *
settle(const struct lite *l, const struct came *c)
{
	if (likely(c->client != NULL && c->client->key == c->key && c->client->state != CLOSED))
		return c->client;
	return table_find(l, c->place, c->key);
}

/* What is damaged is dropped; while the rest is summed, blocks come. Return: how many are left. */
static inline unsigned int
find_all(struct lite *l, struct came *came, unsigned int n)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < n; i++) {
		find(l, &came[i]);
		if (unlikely(!is_intact(&came[i]))) {
			worker_count(l->w, COUNT_damaged);
			rte_pktmbuf_free(came[i].m);
			continue;
		}
		if (unlikely(left < i))
			came[left] = came[i];
		left++;
	}
	return left;
}

static void
walk(struct lite *l, struct came *came, unsigned int n, uint64_t now)
{
	n = find_all(l, came, n);
	for (unsigned int i = 0; i < n; i++) {
		struct client *c = settle(l, &came[i]);

		if (likely(c != NULL))
			lite_input(l, c, &came[i].s, now);
		else
			lite_stray(l, came[i].key, &came[i].s);
		lite_spare(l, came[i].m);
	}
}

/* Return: how many were left for others, at the front of `left`. */
static uint16_t
burst(struct lite *l, struct rte_mbuf **pkts, uint16_t n, struct rte_mbuf **left, uint64_t now)
{
	struct came came[LITE_BURST];
	unsigned int ours = 0;
	uint16_t others = 0;

	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = pkts[i];

		if (likely(is_flat(m) && read_packet(l, m, &came[ours]))) {
			ours++;
		} else {
			look_at_icmp(l, m, now);
			left[others++] = m;
		}
	}
	walk(l, came, ours, now);
	return others;
}

uint16_t
lite_rx(struct worker *w, struct rte_mbuf **pkts, uint16_t n, uint64_t now)
{
	struct lite *l = w->mem;
	uint16_t left = 0, some;

	for (uint16_t i = 0; i < n; i = (uint16_t)(i + some)) {
		some = RTE_MIN((uint16_t)(n - i), (uint16_t)LITE_BURST);
		for (uint16_t k = 0; k < some; k++)
			rte_prefetch0(rte_pktmbuf_mtod(pkts[i + k], void *));
		left = (uint16_t)(left + burst(l, pkts + i, some, pkts + left, now));
	}
	lite_pay(l);
	lite_flush(l);
	return left;
}
