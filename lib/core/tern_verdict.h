/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Verdicts: what became of a received packet; and events: what else happened.
 *
 * Every packet ends in exactly one verdict, counted once, in the burst loop. The list below makes
 * the enum, the names, the counters and the docs, so a drop without a name cannot be written.
 * Events count what is not the end of a packet: what was sent, retried, opened or given up.
 */
#ifndef TERN_VERDICT_H
#define TERN_VERDICT_H

#include <stdint.h>

#include <tern_api.h>

#ifdef __cplusplus
extern "C" {
#endif

/* clang-format off */
/* X(name, sentence, RFC or MIB name) */
#define TERN_VERDICT_LIST(X) \
	X(UNDECIDED,           "no layer has decided yet: never leaves a layer", "") \
	X(ANSWER,              "turned round and sent back in its own mbuf", "") \
	X(TAKEN,               "the callee owns the mbuf now", "") \
	X(DONE,                "did all it was sent for; the mbuf goes back to its pool", "") \
	X(DROP_ETH_TRUNCATED,  "shorter than an Ethernet header", "RFC 894") \
	X(DROP_ETH_DEST,       "Ethernet destination is neither ours nor broadcast", "RFC 894") \
	X(DROP_ETH_SOURCE,     "Ethernet source is a group address or our own", "RFC 894") \
	X(DROP_ETH_TYPE,       "no layer for this EtherType", "RFC 1122 2.3.3") \
	X(DROP_CHAIN,          "spread over more mbufs than fit one", "") \
	X(DROP_ARP_TRUNCATED,  "shorter than an ARP packet for Ethernet and IPv4", "RFC 826") \
	X(DROP_ARP_FORMAT,     "ARP of another hardware, protocol or operation", "RFC 826") \
	X(DROP_ARP_SENDER,     "ARP sender address cannot be a neighbour", "RFC 1122 2.3.2") \
	X(DROP_ARP_CONFLICT,   "another host claims our address", "RFC 5227 2.4") \
	X(DROP_ARP_STATIC,     "ARP contradicts a static neighbour", "RFC 1122 2.3.2.1") \
	X(DROP_ARP_DEST,       "ARP asks for, or answers, somebody else", "RFC 826") \
	X(DROP_IP_TRUNCATED,   "shorter than an IPv4 header", "ipInHdrErrors") \
	X(DROP_IP_VERSION,     "IP version is not 4", "RFC 1122 3.2.1.1") \
	X(DROP_IP_IHL,         "IPv4 header length below 20 or beyond the packet", "RFC 791 3.1") \
	X(DROP_IP_LENGTH,      "IPv4 total length below the header's or beyond the frame", "RFC 791 3.1") \
	X(DROP_IP_CHECKSUM,    "IPv4 header checksum wrong", "RFC 1122 3.2.1.2") \
	X(DROP_IP_FRAGMENT,    "a fragment; reassembly is not built yet", "ipReasmFails") \
	X(DROP_IP_SOURCE,      "source address that no host may use, or our own", "RFC 1122 3.2.1.3") \
	X(DROP_IP_DEST,        "destination address is not ours", "ipInAddrErrors") \
	X(DROP_IP_GROUP_LINK,  "unicast IP destination in a frame sent to a group", "RFC 1122 3.3.6") \
	X(DROP_IP_PROTOCOL,    "no layer for this IP protocol", "ipInUnknownProtos") \
	X(DROP_ICMP_TRUNCATED, "shorter than an ICMP header, or than what it must quote", "icmpInErrors") \
	X(DROP_ICMP_CHECKSUM,  "ICMP checksum wrong", "RFC 792") \
	X(DROP_ICMP_GROUP,     "echo request to a broadcast or multicast address", "RFC 1122 3.2.2.6") \
	X(DROP_ICMP_SILENT,    "echo request, but echo is switched off", "RFC 1122 3.2.2.6") \
	X(DROP_ICMP_UNHANDLED, "ICMP type that nobody here takes", "RFC 1122 3.2.2") \
	X(DROP_UDP_TRUNCATED,  "shorter than a UDP header", "udpInErrors") \
	X(DROP_UDP_LENGTH,     "UDP length below 8 or beyond the IP payload", "RFC 768") \
	X(DROP_UDP_CHECKSUM,   "UDP checksum wrong", "RFC 1122 4.1.3.4") \
	X(DROP_UDP_PORT,       "nobody is bound to this UDP port", "udpNoPorts") \
	X(DROP_TCP_TRUNCATED,  "shorter than a TCP header", "tcpInErrs") \
	X(DROP_TCP_OFFSET,     "TCP data offset below 5 or beyond the segment", "RFC 9293 3.1") \
	X(DROP_TCP_CHECKSUM,   "TCP checksum wrong", "RFC 9293 MUST-3") \
	X(DROP_TCP_GROUP,      "TCP to or from a broadcast or multicast address", "RFC 9293 MUST-57") \
	X(DROP_TCP_PORT,       "TCP port 0", "RFC 6335 6") \
	X(DROP_TCP_FLAGS,      "SYN with FIN or RST, or none of SYN, ACK, RST", "RFC 9293 3.10.7") \
	X(DROP_TCP_STRAY,      "reset, or refused segment, of no connection", "RFC 9293 3.10.7.1") \
	X(DROP_TCP_BACKLOG,    "no room for one more half-open connection: of this listener, or of all", "tcpListenDrop") \
	X(DROP_TCP_FULL,       "all connection slots are taken", "") \
	X(DROP_TCP_POLICY,     "on_accept said to ignore the SYN", "") \
	X(DROP_TCP_SEQUENCE,   "outside the receive window", "RFC 9293 3.10.7.4 step 1") \
	X(DROP_TCP_TIMESTAMP,  "no timestamp, or one of the past", "RFC 7323 5.3") \
	X(DROP_TCP_RESET,      "reset that does not match: no ACK owed or rate limited", "RFC 5961 3.2") \
	X(DROP_TCP_ACK,        "acknowledges what was never sent, or too long ago", "RFC 5961 5.2") \
	X(DROP_TCP_NO_ACK,     "segment without ACK in a synchronised state", "RFC 9293 3.10.7.4 step 5") \
	X(DROP_TCP_HELD,       "out of order, and no room left to hold it", "") \
	X(DROP_TCP_UNTAKEN,    "the user took none of it: not acknowledged", "RFC 9293 3.10.7.4 step 7") \
	X(DROP_TCP_CLOSED,     "data for a connection whose user has closed it", "RFC 9293 3.10.7.4 step 7") \
	X(DROP_TX_FULL,        "answer found no room on the way to the port, or is longer than its MTU", "ifOutDiscards") \
	X(DROP_USER,           "the user's callback dropped it", "")

#define TERN_EVENT_LIST(X) \
	X(RX_PACKETS,          "packets taken from the port", "ifInPkts") \
	X(RX_BYTES,            "bytes taken from the port", "ifInOctets") \
	X(TX_PACKETS,          "packets that the port accepted", "ifOutPkts") \
	X(TX_BYTES,            "bytes that the port accepted", "ifOutOctets") \
	X(TX_DROPPED,          "packets made here, then dropped for lack of room to the port", "ifOutDiscards") \
	X(NO_MBUF,             "times the mbuf pool was empty; what was to be sent is tried again", "") \
	X(ARP_REQUESTS,        "ARP requests sent", "RFC 826") \
	X(ARP_ANNOUNCED,       "announcements of our own addresses sent", "RFC 5227 2.3") \
	X(ARP_LEARNED,         "neighbours learnt or confirmed", "") \
	X(ARP_FAILED,          "neighbours given up after all retries", "RFC 1122 2.3.2.1") \
	X(ARP_EVICTED,         "neighbours pushed out by others", "") \
	X(ARP_QUEUE_DROPPED,   "packets dropped that waited for a neighbour", "RFC 1122 2.3.2.2") \
	X(IP_NO_ROUTE,         "packets with nowhere to go", "ipOutNoRoutes") \
	X(ICMP_ECHOS,          "echo requests answered", "icmpInEchos") \
	X(ICMP_ERRORS_SENT,    "ICMP errors sent", "icmpOutDestUnreachs") \
	X(ICMP_ERRORS_LIMITED, "ICMP errors withheld by the rate limit", "RFC 1812 4.3.2.8") \
	X(UDP_IN,              "datagrams handed to users", "udpInDatagrams") \
	X(UDP_OUT,             "datagrams sent", "udpOutDatagrams") \
	X(TCP_SEGMENTS_IN,     "segments received with a good checksum", "tcpInSegs") \
	X(TCP_SEGMENTS_OUT,    "segments sent, retransmissions and resets included", "tcpOutSegs") \
	X(TCP_ACTIVE_OPENS,    "connections opened from here", "tcpActiveOpens") \
	X(TCP_PASSIVE_OPENS,   "connections that went from LISTEN to SYN-RECEIVED", "tcpPassiveOpens") \
	X(TCP_ESTABLISHED,     "connections that reached ESTABLISHED", "") \
	X(TCP_ATTEMPT_FAILS,   "connections that failed before ESTABLISHED", "tcpAttemptFails") \
	X(TCP_ESTAB_RESETS,    "established connections that a reset ended", "tcpEstabResets") \
	X(TCP_TIMEOUTS,        "connections given up for lack of any answer (R2)", "RFC 9293 MUST-20") \
	X(TCP_RETRANSMITTED,   "segments sent again", "tcpRetransSegs") \
	X(TCP_SYN_AGAIN,       "of them, SYNs of active opens", "RFC 9293 3.8.1") \
	X(TCP_FIN_AGAIN,       "of them, FINs without data", "RFC 9293 3.8.1") \
	X(TCP_RTO,             "retransmission timer expiries", "RFC 6298") \
	X(TCP_FAST_RETRANSMIT, "fast retransmits", "RFC 5681 3.2") \
	X(TCP_TAIL_PROBES,     "tail loss probes sent", "RFC 8985 7") \
	X(TCP_DSACKS,          "ACKs that told of a duplicate", "RFC 2883") \
	X(TCP_UNDONE,          "reductions of cwnd taken back: nothing had been lost", "RFC 4015") \
	X(TCP_MTU_LOWERED,     "segments made smaller: too big for the path", "RFC 1191, RFC 4821") \
	X(TCP_ICMP,            "ICMP errors about segments in flight", "RFC 5927") \
	X(TCP_KEEPALIVES,      "keep-alive probes sent", "RFC 9293 3.8.4") \
	X(TCP_PROBES,          "zero-window probes", "RFC 9293 3.8.6.1") \
	X(TCP_RESETS_OUT,      "resets sent", "tcpOutRsts") \
	X(TCP_CHALLENGE_ACKS,  "challenge ACKs sent", "RFC 5961 7") \
	X(TCP_CHALLENGE_LIMITED, "challenge ACKs withheld by the rate limit", "RFC 5961 7") \
	X(TCP_OUT_OF_ORDER,    "segments held until the gap before them closed", "") \
	X(TCP_TIME_WAIT_REUSED, "TIME-WAIT ended early: for a new SYN, or for its block", "RFC 9293 MAY-2") \
	X(TCP_COOKIES_SENT,    "SYN-ACKs sent that carry a SYN cookie", "RFC 4987 3.6") \
	X(TCP_COOKIES_RECEIVED, "connections made of the ACK of a SYN cookie", "RFC 4987 3.6") \
	X(TCP_COOKIES_BAD,     "segments that should bear a SYN cookie and do not, or an old one", "RFC 4987 3.6")
/* clang-format on */

enum tern_verdict {
#define X(name, text, ref) TERN_##name,
	TERN_VERDICT_LIST(X)
#undef X
		TERN_VERDICTS
};

enum tern_event {
#define X(name, text, ref) TERN_EV_##name,
	TERN_EVENT_LIST(X)
#undef X
		TERN_EVENTS
};

/** One lcore's counters: written by that lcore alone, readable by any. */
struct tern_stats {
	uint64_t verdict[TERN_VERDICTS];
	uint64_t event[TERN_EVENTS];
};

/** Lower-case name of a verdict or an event, "drop_ip_checksum"; NULL beyond the list. */
TERN_API const char *tern_verdict_name(unsigned int verdict);
TERN_API const char *tern_event_name(unsigned int event);

/** Its sentence, and the RFC section or MIB object that it belongs to. */
TERN_API const char *tern_verdict_text(unsigned int verdict);
TERN_API const char *tern_event_text(unsigned int event);

/** tern_stats_add() - add @from to @to: sum the lcores of a run. */
TERN_API void tern_stats_add(struct tern_stats *to, const struct tern_stats *from);

#ifdef __cplusplus
}
#endif

#endif
