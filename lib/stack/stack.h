/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The tree of the common server, in one block: eth -> arp, ip -> icmp, udp, tcp.
 */
#ifndef STACK_H
#define STACK_H

#include "conn/machine.h"
#include "layer/arp/arp.h"
#include "layer/eth/eth.h"
#include "layer/icmp/icmp.h"
#include "layer/ip/ip.h"
#include "layer/tcp/tcp.h"
#include "layer/udp/udp.h"
#include <tern_stack.h>

struct tern_stack {
	struct tern_eth eth;
	struct tern_arp arp;
	struct tern_ip ip;
	struct tern_icmp icmp;
	struct tern_udp udp;
	struct tern_tcp tcp;
	struct tern_stats stats;
	struct tern_config config;
	uint32_t full_bursts; /* in a row, without a look at TCP's timers */
};

#endif
