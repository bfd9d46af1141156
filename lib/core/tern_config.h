/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Every limit and every choice of a stack, with default, unit and range.
 *
 * The list makes the struct, its defaults and its range check, so that no field goes unchecked.
 */
#ifndef TERN_CONFIG_H
#define TERN_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <tern_addr.h>
#include <tern_api.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TERN_S UINT64_C(1000000000)
#define TERN_MS UINT64_C(1000000)

/* Which congestion control a connection begins with; tern_congestion.h has them. */
enum tern_congestion_kind {
	TERN_CUBIC,		    /* RFC 9438, with HyStart++ (RFC 9406) */
	TERN_NEWRENO,		    /* RFC 5681, RFC 6582 */
	TERN_DCTCP,		    /* RFC 8257; its peer must mark and echo as well */
	TERN_NO_CONGESTION_CONTROL, /* the peer's window alone: for generators on their own wire */
	TERN_CONGESTIONS
};

/* clang-format off */
/* X(type, name, default, least, most, sentence): all per lcore */
#define TERN_CONFIG_LIST(X) \
	X(uint32_t, connections,     65536, 1, 1u << 27, "TCP connections, but for those in SYN-RECEIVED and TIME-WAIT") \
	X(uint32_t, listeners,       64, 1, 65535, "TCP listeners") \
	X(uint32_t, udp_ports,       64, 1, 65535, "bound UDP ports") \
	X(uint32_t, neighbours,      1024, 1, 1u << 20, "neighbours on the link") \
	X(uint32_t, addresses,       16, 1, 1024, "addresses of our own") \
	X(uint32_t, routes,          16, 1, 4096, "routes by a gateway") \
	X(uint32_t, mbufs,           16384, 256, 1u << 26, "mbufs of the pool that the port is given") \
	X(uint32_t, arp_queue,       16, 1, 1024, "packets that wait for one unresolved neighbour") \
	X(uint32_t, tx_queue,        512, 64, 65536, "packets that wait for the port") \
	X(uint32_t, held_pkts,       4096, 1, 65535, "mbufs that one connection may hold, each way") \
	X(uint32_t, held_total,      8192, 1, 1u << 26, "mbufs that all connections may hold; at most half of the pool") \
	X(uint32_t, rcv_space,       262144, 1, 1u << 30, "receive space of a connection, bytes") \
	X(uint32_t, initial_window,  10, 1, 100, "initial congestion window, segments (RFC 6928)") \
	X(uint32_t, port_min,        32768, 1, 65535, "lowest port of active opens") \
	X(uint32_t, port_max,        60999, 1, 65535, "highest port of active opens") \
	X(uint32_t, ttl,             64, 1, 255, "time to live of what we send") \
	X(uint32_t, half_open,       1024, 1, 1u << 20, "passive opens under way (SYN-RECEIVED), of all listeners") \
	X(uint32_t, time_waits,      16384, 1, 1u << 27, "connections in TIME-WAIT; the oldest makes room") \
	X(uint32_t, sent_ranges,     262144, 64, 1u << 26, "what of all flights is told apart by time and by SACK") \
	X(uint32_t, sent_ranges_each, 8192, 4, 1u << 20, "the same of one connection: its scoreboard") \
	X(uint32_t, rcv_space_max,   4194304, 1, 1u << 30, "receive space to which a fast connection may grow, bytes") \
	X(uint32_t, quick_acks,      16, 0, 255, "segments at the start that are acknowledged at once") \
	X(uint32_t, keepalive_count, 9, 1, 255, "keep-alive probes without answer that end a connection") \
	X(uint32_t, mtu_least,       552, 68, 65535, "least path MTU that ICMP can make us believe (RFC 5927 7)") \
	X(uint32_t, icmp_rate,       1000, 0, 1u << 20, "ICMP errors a second; 0: none") \
	X(uint32_t, challenge_rate,  10, 1, 1000000, "challenge ACKs of a connection a second (RFC 5961 7)") \
	X(uint64_t, arp_retry_ns,    TERN_S, TERN_MS, 60 * TERN_S, "between two requests for one neighbour") \
	X(uint64_t, arp_life_ns,     60 * TERN_S, 2 * TERN_S, 86400 * TERN_S, "life of a neighbour that is not heard again") \
	X(uint64_t, rto_initial_ns,  TERN_S, TERN_MS, 60 * TERN_S, "RTO before the first sample (RFC 6298 2.1)") \
	X(uint64_t, rto_min_ns,      200 * TERN_MS, TERN_MS, 60 * TERN_S, "least RTO beyond the round trip; RFC 6298 2.4 says 1 s") \
	X(uint64_t, rto_max_ns,      60 * TERN_S, TERN_S, 600 * TERN_S, "most RTO (RFC 6298 2.5)") \
	X(uint64_t, ack_delay_ns,    40 * TERN_MS, TERN_MS / 100, 499 * TERN_MS, "delay of a delayed ACK (RFC 9293 MUST-40)") \
	X(uint64_t, r2_ns,           100 * TERN_S, TERN_S, 7200 * TERN_S, "give up data not acknowledged for so long (R2)") \
	X(uint64_t, syn_r2_ns,       180 * TERN_S, TERN_S, 7200 * TERN_S, "give up a SYN not answered for so long (MUST-23)") \
	X(uint64_t, syn_ack_r2_ns,   75 * TERN_S, TERN_S, 7200 * TERN_S, "give up a SYN-ACK not answered for so long") \
	X(uint64_t, time_wait_ns,    60 * TERN_S, TERN_MS, 7200 * TERN_S, "TIME-WAIT: twice the segment lifetime (MUST-13)") \
	X(uint64_t, fin_wait_2_ns,   60 * TERN_S, TERN_MS, 7200 * TERN_S, "wait for the FIN of a peer after tern_tcp_close()") \
	X(uint64_t, ts_clock_ns,     TERN_MS, TERN_MS / 1000, TERN_S, "tick of the timestamps that we send (RFC 7323 5.4)") \
	X(uint64_t, keepalive_idle_ns, 7200 * TERN_S, TERN_S, 36000 * TERN_S, "silence before the first keep-alive probe (MUST-27, MUST-28)") \
	X(uint64_t, keepalive_interval_ns, 75 * TERN_S, TERN_S, 36000 * TERN_S, "between two keep-alive probes") \
	X(uint8_t,  tail_probes,     5, 0, 16, "probes that ask an unanswered flight what became of it; 1: RFC 8985 7.3") \
	X(uint8_t,  congestion,      TERN_CUBIC, 0, TERN_CONGESTIONS - 1, "congestion control: enum tern_congestion_kind") \
	X(uint8_t,  timestamps,      1, 0, 1, "offer and take Timestamps (RFC 7323)") \
	X(uint8_t,  sack,            1, 0, 1, "offer and take SACK (RFC 2018)") \
	X(uint8_t,  ecn,             1, 0, 2, "ECN (RFC 3168); 0: no, 1: when the peer asks, 2: ask for it") \
	X(uint8_t,  syn_cookies,     1, 0, 1, "SYN cookies when half_open or a backlog is used up (RFC 4987)") \
	X(uint8_t,  dscp,            0, 0, 63, "DSCP of what connections send (RFC 9293 MUST-48)") \
	X(uint8_t,  keepalive,       0, 0, 1, "keep-alive on every connection from its start (MUST-25: off)") \
	X(uint8_t,  pacing,          0, 0, 1, "spread a flight over the round trip") \
	X(uint8_t,  plpmtud,         1, 0, 1, "find a smaller MTU when full segments vanish (RFC 4821)") \
	X(uint8_t,  wscale,          14, 0, 14, "largest window scale that we offer; 0: offer none (RFC 7323)")
/* clang-format on */

struct tern_config {
#define X(type, name, value, least, most, text) type name;
	TERN_CONFIG_LIST(X)
#undef X
	/** Secret of all keyed hashes: ISNs, ports, flow table. All zero is refused. */
	uint8_t secret[16];
	/**
	 * Called when a neighbour was learnt from the wire, for siblings on other queues of the
	 * port (tern_arp_heard()). May be NULL.
	 */
	void (*on_neighbour)(void *data, struct tern_addr addr, const uint8_t mac[6]);
	void *on_neighbour_data;
};

/** The defaults, but for the secret, which the caller must fill with random bytes. */
extern TERN_API const struct tern_config tern_config_server;

#ifdef __cplusplus
}
#endif

#endif
