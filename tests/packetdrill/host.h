/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stack under test, its clock and the threads that call it.
 *
 * Time is a number here. It moves when packetdrill sleeps, when it waits for a packet, and by a
 * microsecond each time that it asks for the time, for it spins on that question. Whoever moves it
 * polls the stack at every deadline on the way.
 *
 * packetdrill calls from two threads: from its own (the one that called host_init()), and from one
 * that carries calls which a script expects to block. There a call that has to wait sleeps, while
 * the first thread goes on with the script. Once what it waits for is there, time stands still till
 * it has asked for the time, which packetdrill does as soon as the call has returned: so that it
 * ends at the very time that let it end. A call of the first thread that would block moves time
 * itself instead.
 */
#ifndef PACKETDRILL_HOST_H
#define PACKETDRILL_HOST_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include <tern_stack.h>

#include "flags.h"
#include "wire.h"

/* Threads that may sleep in a call at the same time. */
#define HOST_SLEEPERS 4

/* How far ahead an answer of the stack is waited for: three times the longest RTO. */
#define HOST_PATIENCE_NS (180 * TERN_S)

/* Longest frame to the stack, bytes. */
#define HOST_LONGEST 16384

/* For ever, as a timeout. */
#define HOST_EVER UINT64_MAX

/* What somebody waits for. */
typedef bool host_ready(const void *what);

struct sleeper {
	enum { SLEEPER_NONE, SLEEPER_WAITS, SLEEPER_WOKEN } stage;
	pthread_t thread;
	pthread_cond_t woken;
	host_ready *ready;
	const void *what;
	uint64_t until_ns;
};

struct host {
	struct flags flags;
	struct wire wire;
	struct tern_stack *stack;
	void *mem;
	pthread_mutex_t lock;
	pthread_t main;		/* packetdrill's own thread */
	pthread_cond_t settled; /* a woken one has asked for the time, or sleeps again */
	struct sleeper sleepers[HOST_SLEEPERS];
	uint64_t now_ns;
};

void host_init(struct host *h, const char *flags);
/* Every mbuf must be back in the pool by then: if not, a line on stderr and exit status 1. */
void host_fini(struct host *h);

void host_lock(struct host *h);
void host_unlock(struct host *h);

/* All below with the lock held. */

/* Let the stack do what it can do now. */
void host_settle(struct host *h);

/* Move time on to there, through all that is due meanwhile. */
void host_advance(struct host *h, uint64_t until_ns);

/* Wait for at most timeout_ns. Return: was it there? */
bool host_wait(struct host *h, host_ready *ready, const void *what, uint64_t timeout_ns);

/* The time, as asked for by the calling thread. */
uint64_t host_time(struct host *h);

/* When next anything can happen. */
uint64_t host_next(const struct host *h);

#endif
