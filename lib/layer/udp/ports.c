/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <string.h>

#include <rte_common.h>

#include "layer/ip/ip.h"
#include "layer/udp/ports.h"

static uint32_t
places(const struct tern_config *config)
{
	return rte_align32pow2(2 * config->udp_ports);
}

size_t
udp_bytes(const struct tern_config *config)
{
	return RTE_CACHE_LINE_ROUNDUP(places(config) * sizeof(struct udp_place));
}

void
udp_init(struct tern_udp *udp, void *mem, const struct tern_config *config, struct tern_ip *ip,
	 struct tern_icmp *icmp, struct tern_stats *stats)
{
	*udp = (struct tern_udp){
		.ip = ip,
		.icmp = icmp,
		.stats = stats,
		.places = mem,
		.mask = places(config) - 1,
		.bound_max = config->udp_ports,
	};
	memset(mem, 0, udp_bytes(config));
}

/* What was bound is remembered by the place: the user may have changed the struct meanwhile. */
static uint32_t
place_bound(const struct tern_udp *udp, const struct tern_udp_port *port)
{
	uint32_t p = 0;

	while (p <= udp->mask && udp->places[p].user != port)
		p++;
	return p;
}

static uint32_t
home_of(const struct tern_udp *udp, uint32_t p)
{
	return udp_home(udp, udp->places[p].addr, udp->places[p].port);
}

/* Close the gap: whoever was pushed past it by others moves up, unless it is at home beyond it. */
static void
remove_place(struct tern_udp *udp, uint32_t gap)
{
	uint32_t p;

	for (p = (gap + 1) & udp->mask; udp->places[p].user != NULL; p = (p + 1) & udp->mask) {
		if (((p - home_of(udp, p)) & udp->mask) < ((p - gap) & udp->mask))
			continue;
		udp->places[gap] = udp->places[p];
		gap = p;
	}
	udp->places[gap] = (struct udp_place){ 0 };
}

int
tern_udp_bind(struct tern_udp *udp, struct tern_udp_port *port)
{
	rte_be16_t number = rte_cpu_to_be_16(port->port);
	struct tern_addr addr = port->addr;
	uint32_t p;

	if (port->port == 0 || port->on_datagram == NULL)
		return -EINVAL;
	if (udp_is_any(addr))
		addr = (struct tern_addr){ { 0, 0 } };
	p = udp_place(udp, addr, number);
	if (udp->places[p].user != NULL)
		return -EADDRINUSE;
	if (udp->bound == udp->bound_max)
		return -ENOBUFS;
	udp->places[p] = (struct udp_place){ addr, port, number };
	udp->bound++;
	udp->specific += !tern_addr_is_any(addr);
	return 0;
}

int
tern_udp_unbind(struct tern_udp *udp, struct tern_udp_port *port)
{
	uint32_t p = place_bound(udp, port);

	if (port == NULL || p > udp->mask)
		return -ENOENT;
	udp->bound--;
	udp->specific -= !tern_addr_is_any(udp->places[p].addr);
	remove_place(udp, p);
	return 0;
}
