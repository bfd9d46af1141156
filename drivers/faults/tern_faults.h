/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Faults: a port that loses, doubles, delays and corrupts what another port carries.
 *
 * It stands between a stack and any port, and the stack does not notice: hand it &faults->port
 * instead. Each direction has its own odds, in millionths for each packet, its own random numbers
 * and its own counters. The same seed and the same packets at the same times meet the same faults:
 * every packet draws eight random numbers, whatever becomes of it and whichever odds are zero, and
 * neither direction disturbs the other.
 *
 * Every packet takes the latency of its direction, which keeps their order. A delayed one takes
 * longer and is overtaken by those behind it: that is how reordering is made. Packets wait in a
 * list of bounded length; while it is full the wire beneath is not read and nothing more is taken
 * from the stack. A packet that is due leaves with the next call of rx(), whichever direction it
 * takes, so a simulation jumps to tern_faults_next(). A stall holds back all that would leave
 * within it until it ends, every so often, in order, as something that sleeps now and then would.
 *
 * Losses come in four models, any of which may be on at once: by chance, each packet for itself
 * (loss_ppm); in bursts, by the chain of two states of Gilbert and Elliott: a packet finds the
 * channel good or bad, and in the bad state bad_loss_ppm are the odds; in turn, each so many-th;
 * and all of them, for a time. With bad_ppm b and good_ppm g the channel is bad b / (b + g) of the
 * time, and stays so for 1e6 / g packets in the mean.
 *
 * Corruption changes one byte of an IPv4 or IPv6 packet, in a copy if its memory is shared. ARP is
 * spared: it has no checksum, and no Ethernet would deliver it damaged. The port offers no
 * checksums of its own, which would be made over the damage.
 *
 * The memory is the caller's and so is the clock. One thread.
 */
#ifndef TERN_FAULTS_H
#define TERN_FAULTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include <tern_api.h>
#include <tern_port.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Odds of a packet, in millionths (1000000: always). All may be changed at any time. */
struct tern_faults_odds {
	uint32_t loss_ppm;     /* in the good state: always, unless bad_ppm is set */
	uint32_t bad_ppm;      /* that the channel turns bad; before the packet's loss is drawn */
	uint32_t good_ppm;     /* that it turns good again */
	uint32_t bad_loss_ppm; /* in the bad state */
	uint32_t every;	       /* not odds: each so many-th packet is lost; 0: none */
	uint64_t dark_from_ns, dark_until_ns; /* all that comes in between is lost */
	uint32_t copy_ppm;    /* comes twice; the copy is delayed, or not, by itself */
	uint32_t corrupt_ppm; /* one byte is changed */
	uint32_t delay_ppm;   /* is delayed beyond the latency of all */
	uint64_t latency_ns;
	uint64_t delay_min_ns, delay_max_ns; /* of a delayed packet: uniform between the two */
	uint64_t stall_ns, stall_every_ns;   /* nothing leaves in the first of each; 0: no stalls */
};

/** What befell one direction. */
struct tern_faults_counts {
	uint64_t packets;			  /* that came */
	uint64_t lost;				  /* by whichever model */
	uint64_t lost_bad, lost_every, lost_dark; /* of them: in the bad state, in turn, then */
	uint64_t copied, corrupted, delayed, stalled;
	uint64_t no_mbuf; /* copies not made, for doubling or for corruption: no mbuf */
};

/* A packet that waits. */
struct tern_faults_packet {
	uint64_t due_ns;
	struct rte_mbuf *mbuf;
};

struct tern_faults_way {
	struct tern_faults_odds odds; /* public: may be changed */
	struct tern_faults_counts counts;
	uint64_t random;		    /* state of the generator */
	bool bad;			    /* the channel is in the bad state */
	struct tern_faults_packet *waiting; /* in order of due_ns, first come first among equals */
	uint32_t places, first, n;	    /* of waiting: there are, begins at, in use */
};

struct tern_faults {
	struct tern_port port; /* for the stack; first member */
	struct tern_port *below;
	const uint64_t *now_ns; /* the clock; borrowed */
	uint32_t packets;	/* most that may wait in a direction */
	struct tern_faults_way rx, tx;
};

struct tern_faults_config {
	const uint64_t *now_ns; /* clock, never going back */
	uint64_t seed;
	uint32_t packets; /* most that may wait in a direction, at least 4 */
	struct tern_faults_odds rx, tx;
};

/** Bytes of memory for so many waiting packets a direction, aligned to 8. */
TERN_API size_t tern_faults_bytes(uint32_t packets);

/**
 * tern_faults_init() - stand in front of a port
 * @mem:   tern_faults_bytes(config->packets) bytes, the caller's until tern_faults_fini()
 * @below: borrowed until tern_faults_fini()
 *
 * Return: 0, or -EINVAL: no clock, packets below 4, odds above 1000000, delay_max below min,
 * dark_until before dark_from, or a stall that is not shorter than the time between two.
 */
TERN_API int tern_faults_init(struct tern_faults *faults, void *mem, struct tern_port *below,
			      const struct tern_faults_config *config);

/** Give back the packets that wait. Return: how many they were. */
TERN_API uint32_t tern_faults_fini(struct tern_faults *faults);

/** When the next waiting packet is due [ns]; UINT64_MAX: none waits. */
TERN_API uint64_t tern_faults_next(const struct tern_faults *faults);

#ifdef __cplusplus
}
#endif

#endif
