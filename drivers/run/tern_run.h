/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Running a server: from main() to the loops of all lcores, and back.
 *
 * tern_init() starts DPDK's EAL, opens one port with a queue for each lcore of the EAL (the main
 * one included) and builds a stack on each: its tables on the NUMA node of the lcore, its mbufs in
 * a pool of its own. tern_run() polls them until SIGINT, SIGTERM or tern_stop(); then it closes
 * what is open, gives everything back and prints the counters. What stands between the two, such
 * as listening, is done for each stack in turn:
 *
 *	if (tern_init(&config, argc, argv) < 0)
 *		return 1;
 *	tern_each_stack(s)
 *		tern_tcp_listen(tern_tcp(s), &listener);
 *	return tern_run();
 *
 * Lcores share nothing but this: a neighbour that one stack learnt is told to the others, over a
 * ring to each, because the answer to an ARP request may come to any queue.
 *
 * This is for a process of which there is one, as there is one EAL: it keeps its state to itself.
 * Who has a loop or a port of their own leaves this file alone and calls tern_poll() from there.
 */
#ifndef TERN_RUN_H
#define TERN_RUN_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <rte_memory.h>

#include <tern_api.h>
#include <tern_config.h>
#include <tern_faults.h>
#include <tern_stack.h>

#ifdef __cplusplus
extern "C" {
#endif

/** What may be wished for beside the configuration of the stacks; all zero is a good choice. */
struct tern_run_config {
	const char *port;  /* name of the ethdev port, "net_tap0"; NULL: the first there is */
	uint16_t mtu;	   /* bytes; 0: as the port has it */
	uint64_t idle_ns;  /* longest sleep of an lcore without packets; 0: it polls always */
	uint64_t stats_ns; /* between two live lines on stdout; 0: none */
	/** Called on the lcore of each stack, every tick_ns (0: 100 ms) or a little later. */
	void (*on_tick)(struct tern_stack *stack, void *data, uint64_t now);
	/** Called on the lcore of each stack when it is to end: stop listening. */
	void (*on_stop)(struct tern_stack *stack, void *data);
	uint64_t tick_ns;
	/**
	 * Called when the EAL has started and its lcores are known, before anything is taken for
	 * them: the last moment to change the configuration of all stacks. Return: 0, or -1 after
	 * one line on stderr.
	 */
	int (*on_lcores)(struct tern_config *config, unsigned int lcores, void *data);
	/**
	 * Called before the stack of lcore @index is built. *config is its own copy: ports and
	 * secrets may be changed, sizes may not. *port is what it will be given: another may be
	 * put in front. Return: 0, or -1 after one line on stderr.
	 */
	int (*on_stack)(struct tern_config *config, struct tern_port **port, unsigned int index,
			void *data);
	/** Called on the lcore of each stack after each tern_poll(). Return: was there work? */
	bool (*on_poll)(struct tern_stack *stack, void *data, uint64_t now);
	void *data;  /* of all of these */
	bool silent; /* nothing is printed on stdout: no port, no bill, no counters */
	/** In front of the port of each lcore; .packets 0: none. Its clock is the loop's. */
	struct tern_faults_config faults;
};

/**
 * tern_init() - start the EAL, a port, and a stack on each lcore
 * @config: of each stack; an all zero secret is filled with random bytes; on_neighbour may be used
 * @argc, @argv: EAL arguments, as rte_eal_init() takes them
 *
 * Prints on stdout what the port can do and what the memory is for. From here on SIGINT and SIGTERM
 * end tern_run().
 *
 * Return: how many arguments the EAL took, as rte_eal_init(), or -1 after one line on stderr;
 * nothing is left open then.
 */
TERN_API int tern_init(struct tern_config *config, int argc, char **argv);

/** The same with more wishes. */
TERN_API int tern_init_with(struct tern_config *config, const struct tern_run_config *run, int argc,
			    char **argv);

/** The stacks, in order of their lcores. NULL gives the first; after the last comes NULL. */
TERN_API struct tern_stack *tern_next_stack(const struct tern_stack *stack);

#define tern_each_stack(s) \
	for (struct tern_stack *s = tern_next_stack(NULL); s != NULL; s = tern_next_stack(s))

/** How many stacks there are, and which of them is this one: 0 .. n - 1. */
TERN_API unsigned int tern_stacks(void);
TERN_API unsigned int tern_stack_index(const struct tern_stack *stack);

/** The time on the clock of all stacks [ns], finer than that of a poll. From any lcore. */
TERN_API uint64_t tern_run_now(void);

/** The ethdev port that was opened: its id, for rte_eth_stats_get() and the like. */
TERN_API uint16_t tern_run_port(void);

/**
 * Of the thread of an lcore so far [ns]: time on its processor, and time ready to run but kept
 * waiting for it. 0, 0 before it runs. From any thread; some microseconds.
 */
TERN_API void tern_run_schedstat(unsigned int index, uint64_t *ran, uint64_t *waited);

/**
 * tern_run_lend() - let the port read memory that tern_tcp_user.lend will hand out
 * @mem:  aligned to a page, as is @len
 * @iova: for tern_loan.iova of its first byte
 *
 * Return: 0, or -errno: this port cannot; the memory is to be copied by fill.
 */
TERN_API int tern_run_lend(void *mem, size_t len, rte_iova_t *iova);

/**
 * One line on stderr, as all of this says what is wrong: the name of the program, then what
 * vprintf() makes of @form. Return: -1.
 */
TERN_API int tern_run_complain(const char *form, va_list args)
	__attribute__((format(printf, 1, 0)));

/**
 * tern_run_take() - memory for what an application adds to a stack, on the NUMA node of its lcore
 * @index: tern_stack_index() of the stack
 * @bytes: rounded up to 2 MB
 * @what:  for the complaint: "12 MB for the rings of lcore 1, 3 MB free"
 *
 * In huge pages where the kernel has any, and there before it is used: for tables, rings and the
 * like, from on_stack() on and before tern_run(). It stays until the process ends.
 *
 * Return: zeroed memory, aligned to 2 MB; or NULL after one line on stderr.
 */
TERN_API void *tern_run_take(unsigned int index, size_t bytes, const char *what);

/**
 * tern_run() - poll all stacks until a signal or tern_stop(), then tern_fini()
 *
 * Return: for exit(): 0, or 1 when mbufs are missing.
 */
TERN_API int tern_run(void);

/** End tern_run() soon. From any thread or signal handler. */
TERN_API void tern_stop(void);

/**
 * tern_fini() - close the port, give all memory back, print counters and the mbuf balance
 *
 * tern_run() calls it; only who never comes to tern_run() does so too. Return: as tern_run().
 */
TERN_API int tern_fini(void);

#ifdef __cplusplus
}
#endif

#endif
