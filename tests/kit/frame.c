/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <ctype.h>
#include <string.h>

#include <criterion/criterion.h>

#include "frame.h"

const struct rte_ether_addr our_mac = { .addr_bytes = { 0x02, 0x54, 0x45, 0x52, 0x4e, 0x01 } };
const struct rte_ether_addr all_mac = { .addr_bytes = { 255, 255, 255, 255, 255, 255 } };

rte_be32_t
ip4(const char *text)
{
	struct in_addr a;

	if (inet_pton(AF_INET, text, &a) != 1)
		cr_assert_fail("the test names no address: %s", text);
	return a.s_addr;
}

struct rte_ether_addr
mac_of(rte_be32_t addr)
{
	struct rte_ether_addr mac = { .addr_bytes = { 0x02, 0xaa } };

	memcpy(mac.addr_bytes + 2, &addr, 4);
	return mac;
}

uint32_t
sum_bytes(uint32_t sum, const uint8_t *p, uint32_t len)
{
	uint32_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += get16(p + i);
	if (i < len)
		sum += (uint32_t)p[i] << 8;
	return sum;
}

uint16_t
sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

uint32_t
sum_pseudo(const uint8_t *ip, uint32_t len)
{
	return sum_bytes(ip[9] + len, ip + 12, 8);
}

static void
ether(struct frame *f, rte_be32_t src, uint16_t type)
{
	struct rte_ether_hdr *eth = frame_eth(f);

	eth->dst_addr = our_mac;
	eth->src_addr = mac_of(src);
	eth->ether_type = rte_cpu_to_be_16(type);
}

void
frame_arp(struct frame *f, uint16_t op, rte_be32_t spa, rte_be32_t tpa)
{
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(f->b + FRAME_L3);

	memset(arp, 0, sizeof(*arp));
	ether(f, spa, RTE_ETHER_TYPE_ARP);
	if (op == RTE_ARP_OP_REQUEST)
		frame_eth(f)->dst_addr = all_mac;
	arp->arp_hardware = RTE_BE16(RTE_ARP_HRD_ETHER);
	arp->arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	arp->arp_hlen = 6;
	arp->arp_plen = 4;
	arp->arp_opcode = rte_cpu_to_be_16(op);
	arp->arp_data.arp_sha = mac_of(spa);
	arp->arp_data.arp_sip = spa;
	if (op != RTE_ARP_OP_REQUEST)
		arp->arp_data.arp_tha = our_mac;
	arp->arp_data.arp_tip = tpa;
	f->len = FRAME_L3 + sizeof(*arp);
}

void
frame_ip(struct frame *f, rte_be32_t src, rte_be32_t dst, uint8_t proto, const void *payload,
	 uint16_t len)
{
	struct rte_ipv4_hdr *ip = frame_l3(f);

	cr_assert_leq(len, FRAME_MAX - FRAME_L3 - 20, "the test's frame is too long");
	ether(f, src, RTE_ETHER_TYPE_IPV4);
	memset(ip, 0, 20);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(20 + len));
	ip->time_to_live = 64;
	ip->next_proto_id = proto;
	ip->src_addr = src;
	ip->dst_addr = dst;
	if (len > 0)
		memmove(f->b + FRAME_L3 + 20, payload, len);
	f->len = (uint16_t)(FRAME_L3 + 20 + len);
	frame_sum_ip(f);
}

void
frame_icmp(struct frame *f, rte_be32_t src, rte_be32_t dst, uint8_t type, uint8_t code,
	   uint32_t rest, const void *payload, uint16_t len)
{
	uint8_t m[FRAME_MAX] = { type, code };

	put32(m + 4, rest);
	if (len > 0)
		memcpy(m + 8, payload, len);
	frame_ip(f, src, dst, IPPROTO_ICMP, m, (uint16_t)(8 + len));
	frame_sum(f);
}

void
frame_udp(struct frame *f, const struct ends *e, const void *payload, uint16_t len)
{
	uint8_t m[FRAME_MAX] = { 0 };

	put16(m, e->sport);
	put16(m + 2, e->dport);
	put16(m + 4, (uint16_t)(8 + len));
	if (len > 0)
		memcpy(m + 8, payload, len);
	frame_ip(f, e->src, e->dst, IPPROTO_UDP, m, (uint16_t)(8 + len));
	frame_sum(f);
}

void
frame_tcp(struct frame *f, const struct ends *e, const struct segment *s, const uint8_t *data)
{
	uint16_t head = (uint16_t)(20 + s->opts_len);
	uint8_t m[FRAME_MAX] = { 0 };

	cr_assert_eq(s->opts_len % 4, 0);
	cr_assert_leq(head + s->len, FRAME_MAX - FRAME_L3 - 20, "the test's segment is too long");
	put16(m, e->sport);
	put16(m + 2, e->dport);
	put32(m + 4, s->seq);
	put32(m + 8, s->ack);
	m[12] = (uint8_t)(head / 4 << 4);
	m[13] = s->flags;
	put16(m + 14, s->win);
	put16(m + 18, s->urg);
	memcpy(m + 20, s->opts, s->opts_len);
	if (s->len > 0)
		memcpy(m + head, data, s->len);
	frame_ip(f, e->src, e->dst, IPPROTO_TCP, m, (uint16_t)(head + s->len));
	frame_sum(f);
}

void
frame_hex(struct frame *f, const char *text)
{
	unsigned int digits = 0, v = 0;

	for (f->len = 0; *text != '\0'; text++) {
		if (!isxdigit((unsigned char)*text))
			continue;
		v = v << 4 | (unsigned int)(isdigit((unsigned char)*text) ?
						    *text - '0' :
						    tolower((unsigned char)*text) - 'a' + 10);
		if (++digits % 2 == 0)
			f->b[f->len++] = (uint8_t)v;
	}
}

void
frame_ip_options(struct frame *f, const uint8_t *options, uint8_t len)
{
	struct rte_ipv4_hdr *ip = frame_l3(f);
	uint8_t *at = f->b + FRAME_L3 + 20;

	memmove(at + len, at, (size_t)(f->len - FRAME_L3 - 20));
	memcpy(at, options, len);
	f->len = (uint16_t)(f->len + len);
	ip->version_ihl = (uint8_t)(0x40 | (5 + len / 4));
	ip->total_length = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->total_length) + len));
	frame_sum_ip(f);
	frame_sum(f);
}

void
frame_sum_ip(struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3;

	put16(ip + 10, 0);
	put16(ip + 10, (uint16_t)~sum_fold(sum_bytes(0, ip, (ip[0] & 0xf) * 4u)));
}

/* Offset of the checksum in the message of a protocol; 0: it has none. */
static unsigned int
sum_at(uint8_t proto)
{
	switch (proto) {
	case IPPROTO_ICMP:
		return 2;
	case IPPROTO_UDP:
		return 6;
	case IPPROTO_TCP:
		return 16;
	default:
		return 0;
	}
}

void
frame_sum(struct frame *f)
{
	uint8_t *ip = f->b + FRAME_L3, *m = frame_l4(f);
	uint32_t len = (uint32_t)(f->b + f->len - m);
	unsigned int at = sum_at(ip[9]);
	uint16_t sum;

	if (at == 0)
		return;
	put16(m + at, 0);
	sum = sum_fold(sum_bytes(ip[9] == IPPROTO_ICMP ? 0 : sum_pseudo(ip, len), m, len));
	sum = (uint16_t)~sum;
	if (ip[9] == IPPROTO_UDP && sum == 0)
		sum = 0xffff;
	put16(m + at, sum);
}

void
frame_pad(struct frame *f, uint16_t len, uint8_t with)
{
	if (f->len >= len)
		return;
	memset(f->b + f->len, with, (size_t)(len - f->len));
	f->len = len;
}
