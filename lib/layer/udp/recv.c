/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_branch_prediction.h>

#include "layer/icmp/icmp.h"
#include "layer/ip/ip.h"
#include "layer/udp/ports.h"
#include "wire/icmp.h"
#include "wire/udp.h"

/* RFC 1122 §4.1.3.4; over IPv4 a sender may leave the checksum out. */
static inline bool
sum_good(const struct tern_in *in, const struct udp_header *h)
{
	return h->cksum == 0 || ip_sum_good(in, h->total_bytes);
}

enum tern_verdict
udp_recv(struct tern_udp *udp, struct tern_in *in)
{
	struct udp_header h;
	struct tern_udp_port *user;
	enum tern_verdict v = udp_parse(in->data, in->len, &h);

	if (unlikely(v != TERN_UNDECIDED))
		return v;
	if (unlikely(!sum_good(in, &h)))
		return TERN_DROP_UDP_CHECKSUM;
	in->sport = h.sport;
	in->dport = h.dport;
	user = udp_user(udp, in->dst, h.dport);
	if (unlikely(user == NULL)) /* RFC 1122 §4.1.3.1 */
		return icmp_unreachable(udp->icmp, in, ICMP_PORT_UNREACHABLE, TERN_DROP_UDP_PORT);

	in->data += UDP_HEADER_BYTES;
	in->len = (uint16_t)(h.total_bytes - UDP_HEADER_BYTES);
	in->room = (uint16_t)(in->room - UDP_HEADER_BYTES);
	in->layer = udp;
	udp->stats->event[TERN_EV_UDP_IN]++;
	v = user->on_datagram(user, in);
	if (likely(v == TERN_ANSWER)) {
		udp->stats->event[TERN_EV_UDP_OUT]++;
		return ip_answer(udp->ip, in);
	}
	return v;
}
