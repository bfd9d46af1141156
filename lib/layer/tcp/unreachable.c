/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * ICMP errors about our segments (RFC 9293 §3.9.2.2, RFC 5927). Anybody can send one: it must quote
 * a number that is in flight, and it never ends a connection that the peer has answered.
 */
#include <string.h>

#include <rte_ip.h>

#include "conn/machine.h"
#include "conn/mtu.h"
#include "layer/ip/ip.h"
#include "layer/tcp/tcp.h"
#include "wire/icmp.h"

/*
 * SHLD-26: only before the handshake is done, and for what will not pass; never later (MUST-56, RFC
 * 5927 §5.2, RFC 1122 §4.2.3.9).
 */
static bool
is_fatal(const struct tern_conn *c, const struct icmp_error *e)
{
	return c->state == TERN_SYN_SENT && e->type == ICMP_UNREACHABLE &&
	       (e->code == ICMP_PROTOCOL_UNREACHABLE || e->code == ICMP_PORT_UNREACHABLE);
}

static struct tern_conn *
find(const struct tern_tcp *tcp, const struct rte_ipv4_hdr *ip, const uint8_t *tcp_header)
{
	struct tern_addr local = tern_addr_v4(ip->src_addr), remote = tern_addr_v4(ip->dst_addr);
	rte_be16_t lport, rport;
	uint32_t hash;

	memcpy(&lport, tcp_header, sizeof(lport));
	memcpy(&rport, tcp_header + 2, sizeof(rport));
	hash = conn_hash(tcp, remote, rport, local, lport);
	return conn_find(tcp, remote, rport, local, lport, hash);
}

/* RFC 5927 §4.1 */
static bool
is_in_flight(const struct tern_conn *c, const uint8_t *tcp_header)
{
	rte_be32_t number;
	uint32_t seq;

	memcpy(&number, tcp_header + 4, sizeof(number));
	seq = rte_be_to_cpu_32(number);
	return seq_ge(seq, c->snd.una) && seq_lt(seq, c->snd.max);
}

/* MUST-54; what may pass is told to the user (SHLD-25). */
bool
tcp_unreachable(struct tern_tcp *tcp, const struct icmp_error *e)
{
	const uint8_t *header = e->packet + (e->packet[0] & 0xf) * 4;
	struct rte_ipv4_hdr ip;
	struct tern_conn *c;

	memcpy(&ip, e->packet, sizeof(ip));
	if (ip.next_proto_id != IPPROTO_TCP)
		return false;
	c = find(tcp, &ip, header);
	if (c == NULL || !is_in_flight(c, header))
		return false;
	count(tcp, TERN_EV_TCP_ICMP);
	if (e->type == ICMP_UNREACHABLE && e->code == ICMP_TOO_BIG)
		mtu_exceeded(c, e->mtu, rte_be_to_cpu_16(ip.total_length));
	else if (is_fatal(c, e))
		conn_end(c, e->code == ICMP_PORT_UNREACHABLE ? TERN_REFUSED : TERN_UNREACHABLE);
	else
		conn_report(c, TERN_REPORT_UNREACHABLE);
	return true;
}
