/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --so_flags: what a script assumes of the stack, "iw=10,delack=40ms,wscale=off".
 *
 * Every field of struct tern_config is a flag under its own name; a few have a shorter one:
 *
 *   ip= mask= gw= peer=      our address, its netmask, the gateway, whom it leads to (default: all)
 *   mtu=                     of the port, bytes
 *   iw=                      initial_window
 *   min_rto= max_rto= init_rto=   rto_min_ns, rto_max_ns, rto_initial_ns
 *   rcvbuf=                  rcv_space and rcv_space_max: a buffer that does not grow
 *   delack=                  ack_delay_ns
 *   ts_clock=                ts_clock_ns
 *   cc=                      congestion: cubic, newreno, dctcp, none
 *
 * A number takes ns, us, ms, s (fields in ns), or k, M; off and no are 0, on and yes are 1.
 * delack=quick acknowledges every segment at once.
 */
#ifndef PACKETDRILL_FLAGS_H
#define PACKETDRILL_FLAGS_H

#include <stdint.h>

#include <tern_addr.h>
#include <tern_config.h>

struct flags {
	struct tern_config config;
	struct tern_addr ip, gw, peer;
	unsigned int prefix; /* of ip, of 128 bits */
	uint16_t mtu;
};

/* Reads text over the defaults. One line on stderr and exit status 2 when it makes no sense. */
void flags_read(struct flags *f, const char *text);

#endif
