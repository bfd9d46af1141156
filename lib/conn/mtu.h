/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * The largest packet that the path takes: what ICMP says of it (RFC 1191), believed with care (RFC
 * 5927 §7), and what the silence of full segments says where ICMP is filtered (RFC 4821 §7.7).
 */
#ifndef MTU_H
#define MTU_H

#include <stdint.h>

#include <tern_conn.h>

/* A packet of ours of `was` bytes that is in flight was too big; the next hop takes mtu; 0: old. */
void mtu_exceeded(struct tern_conn *c, uint16_t mtu, uint16_t was);

/* The timer expired again: are full segments lost where small ones may pass? */
void mtu_suspect(struct tern_conn *c);

/*
 * Something was acknowledged, with conn.mss_most or mtu_doubts set. Full segments are tried again:
 * at once, until they have vanished in three silences and none came through between; from then on,
 * and where ICMP spoke, after ten minutes, when the path may be another (RFC 1191 §6.3).
 */
void mtu_acked(struct tern_conn *c);

#endif
