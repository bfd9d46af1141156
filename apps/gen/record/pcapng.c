/* SPDX-License-Identifier: BSD-3-Clause */
/* rte_pcapng is marked experimental in 22.11, and no longer in 23.11; it is used here alone. */
#define ALLOW_EXPERIMENTAL_API

#include "gen/record/pcapng.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_dev.h>
#include <rte_ethdev.h>
#include <rte_mbuf.h>
#include <rte_pcapng.h>
#include <rte_version.h>

#include <tern_run.h>

#include "gen/complain.h"

/* 23.11: times are cycles until a packet is written, and interfaces are named one by one. */
#define HAS_CYCLES (RTE_VERSION >= RTE_VERSION_NUM(23, 11, 0, 0))
#define HAS_LINK_TYPE (RTE_VERSION >= RTE_VERSION_NUM(25, 11, 0, 0))

enum {
	MBUFS = 3, /* a frame, and its block */
	COMMENT_MOST = 64,
	TIME_AT = 12, /* in the block: upper half, lower half */
	LINK_TYPE_ETHERNET = 1,
	PERMISSIONS = 0644,
};

struct pcapng {
	rte_pcapng_t *file;
	struct rte_mempool *pool;
	uint16_t snap;
	uint16_t port;
	bool stands_in;	    /* that port */
	uint64_t at_ns;	    /* when it was opened, */
	uint64_t at_cycles; /* and the same */
};

static const char stand_in[] = "net_null_captured";

/* Its own address would be another one each time. */
static int
make_port(struct pcapng *p, struct rte_ether_addr mac)
{
	int rc = rte_eal_hotplug_add("vdev", stand_in, "");

	if (rc < 0)
		return rc;
	p->stands_in = true;
	rc = rte_eth_dev_get_port_by_name(stand_in, &p->port);
	return rc == 0 ? rte_eth_dev_default_mac_addr_set(p->port, &mac) : rc;
}

static int
find_port(struct pcapng *p, struct rte_ether_addr mac)
{
	p->port = tern_run_port();
	return rte_eth_dev_is_valid_port(p->port) ? 0 : make_port(p, mac);
}

static int
make_pool(struct pcapng *p)
{
	uint32_t bytes = RTE_PKTMBUF_HEADROOM + rte_pcapng_mbuf_size(p->snap) + COMMENT_MOST;

	p->pool = rte_pktmbuf_pool_create("captured", MBUFS, 0, 0, (uint16_t)bytes, SOCKET_ID_ANY);
	return p->pool != NULL ? 0 : -rte_errno;
}

static int
add_interface(struct pcapng *p)
{
#if HAS_LINK_TYPE
	return rte_pcapng_add_interface(p->file, p->port, LINK_TYPE_ETHERNET, NULL, NULL, NULL);
#elif HAS_CYCLES
	return rte_pcapng_add_interface(p->file, p->port, NULL, NULL, NULL);
#else
	(void)p; /* all ports are in the file from its beginning */
	return 0;
#endif
}

/* Return: 0, or -errno. It does not close what it did not open. */
static int
begin_file(struct pcapng *p, const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, PERMISSIONS), rc;

	if (fd < 0)
		return -errno;
	p->at_cycles = rte_get_tsc_cycles();
	errno = EIO;
	p->file = rte_pcapng_fdopen(fd, NULL, NULL, "tern-gen " TERN_VERSION,
				    "frames of what failed (--capture-failed)");
	if (p->file != NULL)
		return add_interface(p) < 0 ? -errno : 0;
	rc = -errno;
	close(fd);
	return rc;
}

struct pcapng *
pcapng_open(const char *path, uint16_t snap, uint64_t at_ns, struct rte_ether_addr mac)
{
	struct pcapng *p = calloc(1, sizeof(*p));
	int rc = -ENOMEM;

	if (p != NULL) {
		p->snap = snap;
		p->at_ns = at_ns;
		rc = find_port(p, mac);
		if (rc == 0)
			rc = make_pool(p);
		if (rc == 0)
			rc = begin_file(p, path);
	}
	if (rc == 0)
		return p;
	complain("--capture-failed %s: %s", path, strerror(-rc));
	pcapng_close(p);
	return NULL;
}

/* What stands in the block until it is written. */
static uint64_t
time_of(const struct pcapng *p, uint64_t at_ns)
{
#if HAS_CYCLES
	__extension__ typedef unsigned __int128 wide;

	return p->at_cycles + (uint64_t)((wide)(at_ns - p->at_ns) * rte_get_tsc_hz() / NS_PER_S);
#else
	(void)p;
	return at_ns;
#endif
}

static void
set_time(struct rte_mbuf *block, uint64_t time)
{
	const uint32_t halves[] = { (uint32_t)(time >> 32), (uint32_t)time };

	memcpy(rte_pktmbuf_mtod_offset(block, void *, TIME_AT), halves, sizeof(halves));
}

/* A packet that is as long as it was, of which there is as much as is known. */
static struct rte_mbuf *
packet_of(struct pcapng *p, const struct recorded *f)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(p->pool);
	uint16_t known = RTE_MIN(f->known, p->snap);

	if (m == NULL)
		return NULL;
	memcpy(rte_pktmbuf_mtod(m, void *), f->data, known);
	m->data_len = known;
	m->pkt_len = f->bytes;
	return m;
}

static struct rte_mbuf *
block_of(struct pcapng *p, const struct recorded *f, const char *comment)
{
	struct rte_mbuf *m = packet_of(p, f), *block = NULL;
	enum rte_pcapng_direction way =
		f->sent ? RTE_PCAPNG_DIRECTION_OUT : RTE_PCAPNG_DIRECTION_IN;

	if (m == NULL)
		return NULL;
#if HAS_CYCLES
	block = rte_pcapng_copy(p->port, 0, m, p->pool, m->data_len, way, comment);
#else
	(void)comment;
	block = rte_pcapng_copy(p->port, 0, m, p->pool, m->data_len, 0, way);
#endif
	rte_pktmbuf_free(m);
	return block;
}

/* Of a write that was cut off nothing is told but its length. */
int
pcapng_write(struct pcapng *p, const struct recorded *frame, uint64_t at_ns, const char *comment)
{
	struct rte_mbuf *block = block_of(p, frame, comment);
	ssize_t bytes, written;

	if (block == NULL) {
		errno = ENOMEM;
		return -1;
	}
	set_time(block, time_of(p, at_ns));
	bytes = block->pkt_len;
	errno = ENOSPC;
	written = rte_pcapng_write_packets(p->file, &block, 1);
	rte_pktmbuf_free(block);
	return written == bytes ? 0 : -1;
}

void
pcapng_close(struct pcapng *p)
{
	if (p == NULL)
		return;
	if (p->file != NULL)
		rte_pcapng_close(p->file);
	rte_mempool_free(p->pool);
	if (p->stands_in)
		rte_eal_hotplug_remove("vdev", stand_in);
	free(p);
}
