/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * A pcapng file, written by rte_pcapng.
 *
 * That library writes what DPDK's ports pass, so there is an interface in the file for each port;
 * where there is none (a simulation) one of net_null stands for it. It has a clock of its own, that
 * begins with the first packet and cannot go back, while these frames come later than others did
 * that are already in the file: so the time is put into the block that it has made (Enhanced Packet
 * Block of draft-ietf-opsawg-pcapng §4.3).
 */
#ifndef GEN_RECORD_PCAPNG_H
#define GEN_RECORD_PCAPNG_H

#include <stdint.h>

#include "gen/record/recorder.h"

struct pcapng;

/*
 * pcapng_open() - begin a file
 * @snap:  most bytes of a frame
 * @at_ns: now, as the times of frames have it
 * @mac:   of a port that stands in for one
 *
 * The EAL stands. Return: NULL after one line on stderr.
 */
struct pcapng *pcapng_open(const char *path, uint16_t snap, uint64_t at_ns,
			   struct rte_ether_addr mac);

/*
 * comment: on this frame, or NULL; DPDK 22.11 knows of none. Return: 0, or -1; then errno says why.
 */
int pcapng_write(struct pcapng *p, const struct recorded *frame, uint64_t at_ns,
		 const char *comment);

void pcapng_close(struct pcapng *p);

#endif
