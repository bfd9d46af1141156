/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What the files of this room share: the process, and its lcores.
 */
#ifndef RUN_H
#define RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_lcore.h>
#include <rte_ring.h>

#include <tern_config.h>
#include <tern_ethdev.h>
#include <tern_faults.h>
#include <tern_run.h>
#include <tern_stack.h>

#include "clock.h"

/* What an lcore tells the thread that prints, once a tick; each is read on its own. */
struct run_sample {
	uint32_t connections;
	uint32_t mbufs; /* that the stack holds */
};

struct run_lcore {
	struct tern_ethdev ethdev;
	struct tern_faults faults; /* in front of it, if wished for */
	struct tern_port *port;	   /* of the stack: one of the two */
	struct tern_stack *stack;
	struct run_clock clock;
	uint64_t tick_ns;	/* when the next tick is due */
	unsigned int id;	/* of the lcore */
	int tid;		/* of its thread, once it runs */
	struct rte_ring *heard; /* neighbours from the other lcores; NULL: there are none */
	void *mem;		/* of the stack */
	void *faults_mem;	/* behind it */
	size_t bytes;		/* of both */
	struct run_sample sample;
	/* How it ended. */
	struct tern_stats stats;
	uint32_t time_wait, cut_off, left;
} __rte_cache_aligned;

struct run_process {
	struct tern_run_config config;
	void (*on_neighbour)(void *data, struct tern_addr addr, const uint8_t mac[6]);
	void *on_neighbour_data; /* the user's own, behind ours */
	struct run_lcore lcores[RTE_MAX_LCORE];
	unsigned int n;
	uint16_t port;
	bool eal, open; /* what there is to close */
	bool quiet;	/* no --log-level was given */
	bool stop;
};

extern struct run_process run_process;

static inline bool
run_stopping(void)
{
	return __atomic_load_n(&run_process.stop, __ATOMIC_RELAXED);
}

/* tern_run_complain() with the arguments in line. */
__attribute__((format(printf, 1, 2))) int run_complain(const char *form, ...);

/* eal.c: DPDK's log is silent, unless asked for, until run_speak(). */
int run_start_eal(int argc, char **argv);
void run_speak(void);
void run_end_eal(void);

/* memory.c: tables on a NUMA node, mbufs on a socket; all complain by themselves. */
int run_take_memory(struct run_lcore *lcore, const struct tern_config *config);
void run_give_memory(struct run_lcore *lcore);
int run_make_pool(struct run_lcore *lcore, uint32_t mbufs, uint16_t mtu);

/* neighbours.c */
int run_make_rings(struct tern_config *config);
void run_free_rings(void);
void run_hear(struct run_lcore *lcore, uint64_t now);

/* faults.c: what may stand in front of the ports; 0 and nothing at all without a wish for it. */
size_t run_faults_bytes(void);
uint32_t run_faults_mbufs(void); /* that may wait in it, for each lcore */
uint64_t run_faults_ns(void);	 /* longest that it delays a packet and its answer */
int run_stand_faults(struct run_lcore *lcore);
void run_end_faults(struct run_lcore *lcore);
void run_print_faults(FILE *to);
void run_report_faults(FILE *to);

/* loop.c: the loop of one lcore, to be launched on it. */
int run_loop(void *unused);

/* live.c: a line a second, from a thread of its own. */
int run_live_start(void);
void run_live_stop(void);

/* report.c: counters and mbuf balance, to nobody if NULL. Return: how many mbufs are missing. */
uint64_t run_report(FILE *to);

#endif
