/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The plug-in's wire ends the process when what leaves is wrong: packetdrill itself looks at few
 * checksums.
 */
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "kit/frame.h"
#include "pool.h"
#include "wire.h"

static const uint8_t wires_mac[6] = { 0x02, 0, 0, 0, 0, 0x01 };
static const struct ends ends = { .sport = 8080, .dport = 40000 };

static void
make(struct frame *f, const char *proto)
{
	struct ends e = ends;
	struct segment s;

	e.src = ip4("192.168.0.1");
	e.dst = ip4("192.0.2.1");
	if (strcmp(proto, "TCP") == 0) {
		cr_assert_null(
			segment_parse(&s, "P. 1:7(6) ack 1 win 100 <nop,nop,nop,nop>", 0, 0));
		frame_tcp(f, &e, &s, (const uint8_t *)"sevenn");
	} else if (strcmp(proto, "UDP") == 0) {
		frame_udp(f, &e, "odd", 3);
	} else {
		frame_icmp(f, e.src, e.dst, 0, 0, 0x10001, "odd", 3);
	}
	memcpy(f->b + 6, wires_mac, sizeof(wires_mac));
}

/* Return: exit status of a process that sends the frame. */
static int
send_it(const struct frame *f)
{
	static struct wire w;
	uint64_t now = 0;
	struct rte_mbuf *m;
	int status;
	pid_t child = fork();

	if (child == 0) {
		wire_init(&w, pool_make(8, 2048), 1500, &now);
		m = rte_pktmbuf_alloc(w.port.pool);
		memcpy(rte_pktmbuf_append(m, f->len), f->b, f->len);
		_exit(w.port.tx(&w.port, &m, 1) == 1 && wire_take(&w) != NULL ? 0 : 3);
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Every bit of what a checksum covers, in turn; the link addresses are not judged. */
Test(wire, lets_right_packets_pass_and_ends_with_a_wrong_one)
{
	static const char *const protos[] = { "TCP", "UDP", "ICMP" };
	struct frame f;

	for (size_t i = 0; i < 3; i++) {
		make(&f, protos[i]);
		cr_assert_eq(send_it(&f), 0, "%s as it should be", protos[i]);
		for (uint16_t at = FRAME_L3; at < f.len; at++) {
			f.b[at] ^= 1u << at % 8;
			cr_assert_eq(send_it(&f), 1, "%s with byte %u spoiled", protos[i], at);
			f.b[at] ^= 1u << at % 8;
		}
	}
}

/* RFC 1122 §4.1.3.4: UDP checksums are made by default. RFC 791 §3.1: all bytes are counted. */
Test(wire, ends_with_a_missing_checksum_and_a_wrong_length)
{
	struct frame f;

	make(&f, "UDP");
	put16(frame_l4(&f) + 6, 0);
	cr_assert_eq(send_it(&f), 1);
	make(&f, "TCP");
	f.len--;
	cr_assert_eq(send_it(&f), 1);
	make(&f, "TCP");
	frame_pad(&f, 80, 0);
	cr_assert_eq(send_it(&f), 1);
}
