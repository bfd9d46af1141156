/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include <rte_ethdev.h>

#include <tern_ethdev.h>

#include "device.h"

enum {
	RSS_KEY_BYTES = 40,
	RSS_KEY_MOST_BYTES = 64,
	ROOM_BYTES = 2048,	/* for data in an mbuf, least ... */
	ROOM_STEP_BYTES = 1024, /* ... and in steps that NICs can be told */
	DRAIN_BURST = 32,
	DRAIN_BURSTS = 1024,
	VLAN_TAGS_BYTES = 2 * 4, /* that a port may leave in front of what it receives */
};

static const uint64_t RX_WANTED = RTE_ETH_RX_OFFLOAD_CHECKSUM;
static const uint64_t TX_WANTED = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM |
				  RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
static const uint64_t RSS_WANTED = RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
				   RTE_ETH_RSS_NONFRAG_IPV4_UDP | RTE_ETH_RSS_IPV6 |
				   RTE_ETH_RSS_NONFRAG_IPV6_TCP | RTE_ETH_RSS_NONFRAG_IPV6_UDP;

/* Sixteen bits repeated make Toeplitz symmetric: source and destination may change places. */
static uint8_t rss_key[RSS_KEY_MOST_BYTES] = {
#define FOUR 0x6d, 0x5a, 0x6d, 0x5a
#define SIXTEEN FOUR, FOUR, FOUR, FOUR
	SIXTEEN,
	SIXTEEN,
	SIXTEEN,
	SIXTEEN,
#undef SIXTEEN
#undef FOUR
};

struct offload {
	uint64_t bit; /* ethdev's name for it */
	uint32_t cap; /* tern's */
	const char *name;
};

static const struct offload tx_offloads[] = {
	{ RTE_ETH_TX_OFFLOAD_IPV4_CKSUM, TERN_PORT_TX_IP_CKSUM, "ip" },
	{ RTE_ETH_TX_OFFLOAD_UDP_CKSUM, TERN_PORT_TX_UDP_CKSUM, "udp" },
	{ RTE_ETH_TX_OFFLOAD_TCP_CKSUM, TERN_PORT_TX_TCP_CKSUM, "tcp" },
	{ RTE_ETH_TX_OFFLOAD_MULTI_SEGS, TERN_PORT_TX_CHAIN, "chain" },
};

static const struct offload rx_offloads[] = {
	{ RTE_ETH_RX_OFFLOAD_IPV4_CKSUM, 0, "ip" },
	{ RTE_ETH_RX_OFFLOAD_UDP_CKSUM, 0, "udp" },
	{ RTE_ETH_RX_OFFLOAD_TCP_CKSUM, 0, "tcp" },
};

/* Packets ------------------------------------------------------------------------------------ */

static uint16_t
ethdev_rx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	const struct tern_ethdev *e = (const struct tern_ethdev *)port;

	return rte_eth_rx_burst(e->id, e->queue, pkts, n);
}

static uint16_t
ethdev_tx(struct tern_port *port, struct rte_mbuf **pkts, uint16_t n)
{
	const struct tern_ethdev *e = (const struct tern_ethdev *)port;

	return rte_eth_tx_burst(e->id, e->queue, pkts, n);
}

/* What there is ------------------------------------------------------------------------------ */

int
tern_ethdev_find(const char *name, uint16_t *id)
{
	uint16_t first = rte_eth_find_next(0);

	if (name != NULL)
		return rte_eth_dev_get_port_by_name(name, id) == 0 ? 0 : -ENODEV;
	if (first >= RTE_MAX_ETHPORTS)
		return -ENODEV;
	*id = first;
	return 0;
}

int
tern_ethdev_info(uint16_t id, struct tern_ethdev_info *info)
{
	struct rte_eth_dev_info dev;
	char name[RTE_ETH_NAME_MAX_LEN] = "";
	int rc = rte_eth_dev_info_get(id, &dev);

	if (rc < 0)
		return rc;
	memset(info, 0, sizeof(*info));
	rte_eth_dev_get_name_by_port(id, name);
	snprintf(info->name, sizeof(info->name), "%s", name);
	info->driver = dev.driver_name;
	info->queues = RTE_MIN(dev.max_rx_queues, dev.max_tx_queues);
	info->is_virtual = device_is_virtual(&dev);
	info->socket = rte_eth_dev_socket_id(id);
	return rte_eth_dev_get_mtu(id, &info->mtu);
}

uint16_t
tern_ethdev_room(uint16_t mtu)
{
	uint32_t frame = (uint32_t)mtu + RTE_ETHER_HDR_LEN + VLAN_TAGS_BYTES;
	uint32_t room = RTE_MAX((uint32_t)ROOM_BYTES, RTE_ALIGN_CEIL(frame, ROOM_STEP_BYTES));

	return (uint16_t)RTE_MIN(room + RTE_PKTMBUF_HEADROOM, (uint32_t)UINT16_MAX);
}

/* Opening ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static int
fail(char why[256], int rc, const char *form, ...)
{
	va_list args;

	va_start(args, form);
	vsnprintf(why, 256, form, args);
	va_end(args);
	return rc;
}

static void
want_rss(struct rte_eth_conf *conf, const struct rte_eth_dev_info *info)
{
	uint8_t bytes = info->hash_key_size != 0 ? info->hash_key_size : RSS_KEY_BYTES;
	uint64_t hf = RSS_WANTED & info->flow_type_rss_offloads;

	if (hf == 0 || bytes > RSS_KEY_MOST_BYTES)
		return;
	conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
	conf->rx_adv_conf.rss_conf.rss_key = rss_key;
	conf->rx_adv_conf.rss_conf.rss_key_len = bytes;
	conf->rx_adv_conf.rss_conf.rss_hf = hf;
}

static struct rte_eth_conf
conf_for(const struct tern_ethdev_config *config, const struct rte_eth_dev_info *info, uint16_t mtu)
{
	struct rte_eth_conf conf = { 0 };

	conf.rxmode.mtu = mtu;
	conf.rxmode.offloads = RX_WANTED & info->rx_offload_capa;
	conf.txmode.offloads = TX_WANTED & info->tx_offload_capa;
	if (config->queues > 1)
		want_rss(&conf, info);
	return conf;
}

static int
set_up_queue(const struct tern_ethdev *e, const struct rte_eth_conf *conf,
	     const struct rte_eth_dev_info *info, uint16_t rx_descs, uint16_t tx_descs)
{
	struct rte_eth_rxconf rx = info->default_rxconf;
	struct rte_eth_txconf tx = info->default_txconf;
	unsigned int socket = (unsigned int)rte_eth_dev_socket_id(e->id);
	int rc;

	rx.offloads = conf->rxmode.offloads;
	tx.offloads = conf->txmode.offloads;
	rc = rte_eth_rx_queue_setup(e->id, e->queue, rx_descs, socket, &rx, e->port.pool);
	if (rc < 0)
		return rc;
	return rte_eth_tx_queue_setup(e->id, e->queue, tx_descs, socket, &tx);
}

static int
set_up_queues(struct tern_ethdev *queues, const struct tern_ethdev_config *config,
	      const struct rte_eth_conf *conf, const struct rte_eth_dev_info *info)
{
	uint16_t rx_descs = config->rx_descs, tx_descs = config->tx_descs;
	int rc = rte_eth_dev_adjust_nb_rx_tx_desc(config->id, &rx_descs, &tx_descs);

	for (uint16_t i = 0; i < config->queues && rc == 0; i++) {
		queues[i].id = config->id;
		queues[i].queue = i;
		queues[i].queues = config->queues;
		rc = set_up_queue(&queues[i], conf, info, rx_descs, tx_descs);
	}
	return rc;
}

static void
note_got(struct tern_ethdev *e, const struct rte_eth_conf *conf, const struct rte_ether_addr *mac)
{
	e->rx_offloads = conf->rxmode.offloads;
	e->tx_offloads = conf->txmode.offloads;
	e->rss = conf->rx_adv_conf.rss_conf.rss_hf;
	e->port.rx = ethdev_rx;
	e->port.tx = ethdev_tx;
	e->port.mac = *mac;
	e->port.mtu = (uint16_t)conf->rxmode.mtu;
	e->port.caps = 0;
	for (size_t i = 0; i < RTE_DIM(tx_offloads); i++)
		if ((e->tx_offloads & tx_offloads[i].bit) != 0)
			e->port.caps |= tx_offloads[i].cap;
}

static int
configure(struct tern_ethdev *queues, const struct tern_ethdev_config *config,
	  const struct rte_eth_dev_info *info, uint16_t mtu)
{
	struct rte_eth_conf conf = conf_for(config, info, mtu);
	struct rte_ether_addr mac;
	int rc = rte_eth_dev_configure(config->id, config->queues, config->queues, &conf);

	if (rc == 0)
		rc = set_up_queues(queues, config, &conf, info);
	if (rc == 0)
		rc = rte_eth_dev_start(config->id);
	if (rc == 0)
		rc = device_mac(config->id, info, &mac);
	for (uint16_t i = 0; i < config->queues && rc == 0; i++)
		note_got(&queues[i], &conf, &mac);
	return rc;
}

/* The longest IP packet that the driver takes: it may count the frame, the packet or both. */
static uint16_t
most_mtu(const struct rte_eth_dev_info *info, uint16_t now)
{
	uint32_t frame = info->max_rx_pktlen, most = info->max_mtu;

	if (frame > RTE_ETHER_HDR_LEN + RTE_ETHER_CRC_LEN)
		most = RTE_MIN(most, frame - RTE_ETHER_HDR_LEN - RTE_ETHER_CRC_LEN);
	return (uint16_t)RTE_MAX(most, (uint32_t)now);
}

static void
shut(uint16_t id)
{
	rte_eth_dev_stop(id);
	rte_eth_dev_close(id);
}

int
tern_ethdev_open(struct tern_ethdev *queues, const struct tern_ethdev_config *config, char why[256])
{
	struct tern_ethdev_info info;
	struct rte_eth_dev_info dev;
	uint16_t mtu = config->mtu;
	int rc = tern_ethdev_info(config->id, &info);

	if (rc < 0 || (rc = rte_eth_dev_info_get(config->id, &dev)) < 0)
		return fail(why, rc, "port %u: %s", config->id, strerror(-rc));
	device_leave_traps(&dev);
	if (mtu == 0)
		mtu = info.mtu;
	if (config->queues == 0 || config->queues > info.queues)
		return fail(why, -EINVAL, "port %s has %u queue%s, %u asked", info.name,
			    info.queues, info.queues == 1 ? "" : "s", config->queues);
	if (mtu > most_mtu(&dev, info.mtu))
		return fail(why, -EINVAL, "port %s: mtu %u asked, %u is the most that %s takes",
			    info.name, mtu, most_mtu(&dev, info.mtu), info.driver);
	rc = configure(queues, config, &dev, mtu);
	if (rc < 0) {
		shut(config->id);
		return device_not_started(&dev, info.name, rc, why);
	}
	return 0;
}

/* What came and was not received: a port of rings would keep it. */
static void
drain(uint16_t id, uint16_t queue)
{
	struct rte_mbuf *pkts[DRAIN_BURST];
	uint16_t n, bursts = 0;

	do {
		n = rte_eth_rx_burst(id, queue, pkts, DRAIN_BURST);
		rte_pktmbuf_free_bulk(pkts, n);
	} while (n > 0 && ++bursts < DRAIN_BURSTS);
}

void
tern_ethdev_close(const struct tern_ethdev *ethdev)
{
	for (uint16_t i = 0; i < ethdev->queues; i++)
		drain(ethdev->id, i);
	shut(ethdev->id);
}
/* For people --------------------------------------------------------------------------------- */

static void
print_offloads(const struct offload *offloads, size_t n, uint64_t got, FILE *to)
{
	const char *lead = "";

	for (size_t i = 0; i < n; i++)
		if ((got & offloads[i].bit) != 0) {
			fprintf(to, "%s%s", lead, offloads[i].name);
			lead = ",";
		}
	if (*lead == '\0')
		fputs("none", to);
}

void
tern_ethdev_print(const struct tern_ethdev *ethdev, FILE *to)
{
	struct tern_ethdev_info info;
	char mac[RTE_ETHER_ADDR_FMT_SIZE];

	if (tern_ethdev_info(ethdev->id, &info) < 0)
		return;
	rte_ether_format_addr(mac, sizeof(mac), &ethdev->port.mac);
	fprintf(to, "port %u %s: driver %s, %u queue%s, mtu %u, mac %s, offloads rx ", ethdev->id,
		info.name, info.driver, ethdev->queues, ethdev->queues == 1 ? "" : "s",
		ethdev->port.mtu, mac);
	print_offloads(rx_offloads, RTE_DIM(rx_offloads), ethdev->rx_offloads, to);
	fputs(" tx ", to);
	print_offloads(tx_offloads, RTE_DIM(tx_offloads), ethdev->tx_offloads, to);
	fprintf(to, ", rss %s\n", ethdev->rss != 0 ? "yes" : "no");
}
