/* SPDX-License-Identifier: BSD-3-Clause */
#include <rte_branch_prediction.h>
#include <rte_common.h>

#include "layer/begin.h"
#include "layer/icmp/icmp.h"
#include "layer/ip/ip.h"
#include "wire/icmp.h"

void
icmp_init(struct tern_icmp *icmp, const struct tern_config *config, struct tern_ip *ip,
	  struct tern_stats *stats)
{
	*icmp = (struct tern_icmp){
		.ip = ip,
		.stats = stats,
		.echo = TERN_ICMP_ECHO,
		.price = config->icmp_rate != 0 ? TERN_S / config->icmp_rate : 0,
		.saved = TERN_S,
	};
}

void
tern_icmp_set_echo(struct tern_icmp *icmp, enum tern_icmp_echo echo)
{
	icmp->echo = echo;
}

void
tern_icmp_set_handler(struct tern_icmp *icmp, struct tern_icmp_handler *handler)
{
	icmp->handler = handler;
}

static inline enum tern_verdict
echo(struct tern_icmp *icmp, struct tern_in *in, struct icmp_header *h)
{
	if (unlikely(in->group != 0))
		return TERN_DROP_ICMP_GROUP; /* RFC 1122 §3.2.2.6: or all would answer at once */
	if (unlikely(icmp->echo == TERN_ICMP_SILENT))
		return TERN_DROP_ICMP_SILENT;
	icmp_turn_echo(in->l4, in->len, h);
	in_begin(in, in->l4, in->len);
	icmp->stats->event[TERN_EV_ICMP_ECHOS]++;
	return ip_answer(icmp->ip, in);
}

/*
 * Errors that transports want to know of. Source Quench is none (MUST-55, RFC 5927 §6.2, RFC 6633).
 */
static bool
tell_transport(struct tern_icmp *icmp, const struct tern_in *in, const struct icmp_header *h)
{
	const struct icmp_error e = {
		.type = h->type,
		.code = h->code,
		.mtu = (uint16_t)rte_be_to_cpu_32(h->rest),
		.packet = in->data + ICMP_HEADER_BYTES,
	};

	if (h->type != ICMP_UNREACHABLE && h->type != ICMP_TIME_EXCEEDED &&
	    h->type != ICMP_PARAMETER_PROBLEM)
		return false;
	return icmp->ip->tcp != NULL && tcp_unreachable(icmp->ip->tcp, &e);
}

static __rte_noinline enum tern_verdict
hand_over(struct tern_icmp *icmp, struct tern_in *in, const struct icmp_header *h)
{
	bool told = tell_transport(icmp, in, h);
	enum tern_verdict v;

	if (icmp->handler == NULL)
		return told ? TERN_DONE : TERN_DROP_ICMP_UNHANDLED;
	in->layer = icmp;
	v = icmp->handler->on_message(icmp->handler, in);
	if (v == TERN_ANSWER)
		return ip_answer(icmp->ip, in);
	return v;
}

enum tern_verdict
icmp_recv(struct tern_icmp *icmp, struct tern_in *in)
{
	struct icmp_header h;
	enum tern_verdict v = icmp_parse(in->data, in->len, &h);

	if (unlikely(v != TERN_UNDECIDED))
		return v;
	if (unlikely(cksum_finish(cksum_add(in->data, in->len, 0)) != 0))
		return TERN_DROP_ICMP_CHECKSUM; /* no port checks it */
	if (likely(h.type == ICMP_ECHO_REQUEST && h.code == 0 && icmp->echo != TERN_ICMP_MANUAL))
		return echo(icmp, in, &h);
	return hand_over(icmp, in, &h);
}
