/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Congestion control: slow start, congestion avoidance, fast retransmit and fast recovery
 * (RFC 5681) with NewReno's answer to partial ACKs (RFC 6582), initial window of RFC 6928.
 */
#ifndef NEWRENO_H
#define NEWRENO_H

#include <stdint.h>

#include <tern_conn.h>

/* snd.mss and snd.una are known: the connection may begin to send. */
void newreno_start(struct tern_conn *c);

/* An ACK moved snd.una to where it is now, by bytes. */
void newreno_acked(struct tern_conn *c, uint32_t bytes);

/* A duplicate ACK (RFC 5681 §2) came. */
void newreno_duplicate(struct tern_conn *c);

/* The retransmission timer expired. */
void newreno_timeout(struct tern_conn *c);

/* Sending begins again after more than an RTO of silence (RFC 5681 §4.1). */
void newreno_restart(struct tern_conn *c);

#endif
