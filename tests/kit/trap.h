/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A trap for allocations: between trap_begin() and trap_end() each call of malloc() and its like,
 * of rte_malloc() and its like, of mmap() and of rte_memzone_reserve() by this thread counts.
 *
 * A test that calls these has its own definitions of those functions linked in, in front of the C
 * library's and DPDK's. Under AddressSanitizer, which has definitions of its own, its hooks are
 * used (meson.build chooses the file).
 */
#ifndef KIT_TRAP_H
#define KIT_TRAP_H

void trap_begin(void);

/* Return: how many calls there were; the name of the first of them in *first, if there was one. */
unsigned long trap_end(const char **first);

#endif
