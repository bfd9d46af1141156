/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What is counted and timed. Each worker writes a meter of its own; at the end of an interval it
 * goes on with another, and who reports adds the first to the sum (trial.h).
 */
#ifndef GEN_MEASURE_METER_H
#define GEN_MEASURE_METER_H

#include <stdint.h>

#include "gen/measure/hdr.h"

/* clang-format off */
/* X(name, text): "opened" and so on are the names in JSON, CSV and Prometheus */
#define COUNTERS(X) \
	X(opened,      "connections begun") \
	X(established, "connections that came to stand") \
	X(requests,    "requests sent; of a flood: packets") \
	X(responses,   "responses received whole, and right") \
	X(closed,      "connections that ended as they should") \
	X(tx_pkts,     "packets that the port took") \
	X(tx_bytes,    "bytes of their frames, without FCS") \
	X(rx_pkts,     "packets received") \
	X(rx_bytes,    "bytes of their frames") \
	X(tx_payload,  "bytes of payload sent for the first time") \
	X(rx_payload,  "bytes of payload received in order") \
	X(rexmit_syn,  "SYNs sent again") \
	X(rexmit_data, "data segments, or datagrams, sent again") \
	X(rexmit_fin,  "FINs sent again") \
	X(shed,        "due, and not begun: too much was outstanding already") \
	X(late,        "begun more than 1 ms after they were due") \
	X(tx_full,     "packets that the port did not take at once") \
	X(tx_dropped,  "packets that it never took") \
	X(no_mbuf,     "packets that were not made for want of an mbuf") \
	X(other,       "packets received that belong to nothing that was sent") \
	X(reordered,   "answers that came after one to a later request") \
	X(duplicates,  "answers that had come already") \
	X(handed_over, "packets that came to one core's queue and were another's") \
	X(handover_dropped, "packets dropped on the way from one core to another") \
	X(damaged,     "packets of TCP with a wrong checksum: they are sent again")

/* What can go wrong with a transaction: each counts one that did not end as it should. */
#define ERRORS(X) \
	X(timeout,     "no answer in time") \
	X(rst,         "reset by the peer") \
	X(refused,     "a reset for the SYN") \
	X(unreachable, "no route, no neighbour, or ICMP said so") \
	X(bad_cksum,   "a checksum of IP, TCP, UDP or ICMP was wrong") \
	X(bad_payload, "other bytes than expected") \
	X(bad_length,  "ended early, or went on too long") \
	X(bad_status,  "an HTTP status other than 2xx, or no HTTP at all") \
	X(aborted,     "given up by us when the run ended")
/* clang-format on */

enum counter {
#define X(name, text) COUNT_##name,
	COUNTERS(X)
#undef X
		COUNTS
};

enum error {
#define X(name, text) ERROR_##name,
	ERRORS(X)
#undef X
		ERRORS_N
};

/*
 * Times. From the intended time of a transaction, so that what had to wait for its turn counts
 * (the omission that coordination causes), and "naive" from when it really left.
 */
#define TIMES(X) \
	X(connect, "SYN to SYN-ACK") \
	X(ttfb, "to the first byte of the response") \
	X(ttlb, "to the last byte of the response, or the answer of UDP and ICMP") \
	X(close, "FIN to the peer's FIN, both acknowledged") \
	X(connect_naive, "connect, from when the SYN left") \
	X(ttfb_naive, "ttfb, from when the request left") \
	X(ttlb_naive, "ttlb, from when the request left") \
	X(lag, "from when something was due to when it was begun") \
	X(ipdv_longer, "how much longer than the packet before it: rfc8219") \
	X(ipdv_shorter, "how much shorter than the packet before it: rfc8219")

enum time_of {
#define X(name, text) TIME_##name,
	TIMES(X)
#undef X
		TIMES_N
};

struct meter {
	uint64_t count[COUNTS];
	uint64_t error[ERRORS_N];
	uint64_t busy_cycles; /* of the loop, in turns that did something */
	uint64_t idle_cycles; /* in turns that found nothing to do */
	struct hdr time[TIMES_N];
};

extern const char *const counter_names[COUNTS], *const counter_texts[COUNTS];
extern const char *const error_names[ERRORS_N], *const error_texts[ERRORS_N];
extern const char *const time_names[TIMES_N], *const time_texts[TIMES_N];

void meter_clear(struct meter *m);
void meter_merge(struct meter *into, const struct meter *from);
uint64_t meter_errors(const struct meter *m); /* of all causes */

#endif
