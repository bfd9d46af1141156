/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * HyStart++ (RFC 9406): leave slow start before it overshoots, when round trips become longer.
 *
 * Slow start goes by rounds, each as long as it takes to acknowledge what was in flight when it
 * began. When the shortest round trip of a round is longer than that of the round before it by a
 * threshold, Conservative Slow Start (CSS) begins: growth at a quarter, for five rounds at most.
 * Should round trips become shorter again, that was jitter, and slow start resumes.
 *
 * It is for the initial slow start alone (§4.3): later ones end at an ssthresh that was learnt.
 */
#ifndef HYSTART_H
#define HYSTART_H

#include <stdbool.h>

#include <rte_common.h>

#include <tern_congestion.h>

struct hystart {
	uint32_t window_end;  /* the round is over when this number is acknowledged */
	uint32_t last_us;     /* shortest round trip of the round before; UINT32_MAX: none seen */
	uint32_t current_us;  /* of this one */
	uint32_t baseline_us; /* of the round that CSS began in; UINT32_MAX: not in CSS */
	uint8_t samples;      /* round trips seen in this round, up to N_RTT_SAMPLE */
	uint8_t css_rounds;   /* complete ones, the first of them maybe in part */
} __rte_may_alias;

/* Slow start begins. */
void hystart_start(struct hystart *h, const struct tern_conn *c);

/* An ACK came: cwnd grows. Return: slow start is over, ssthresh has been set. */
bool hystart_acked(struct hystart *h, struct tern_conn *c, const struct tern_acked *ack);

#endif
