/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Captures: every form of file is read, hostile ones are refused; what is sent is what was in it,
 * at its times, and right after it was given other addresses.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "gen/engines/capture.h"
#include "gen/stand.h"
#include "kit/frame.h"

enum { MOST = 1514, FILE_BYTES = 65536, PACKETS = 7 };

/* A file in the making, in either byte order. */
static struct {
	uint8_t b[FILE_BYTES];
	size_t n;
	bool big;
} file;

static char path[64];

static void
put(uint64_t value, unsigned int bytes)
{
	for (unsigned int i = 0; i < bytes; i++)
		file.b[file.n++] = (uint8_t)(value >> 8 * (file.big ? bytes - 1 - i : i));
}

static void
put_bytes(const uint8_t *data, size_t len)
{
	memcpy(file.b + file.n, data, len);
	file.n += len;
}

static void
store(void)
{
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(file.b, 1, file.n, f), file.n);
	cr_assert_eq(fclose(f), 0);
}

static void
name_file(void)
{
	int fd;

	snprintf(path, sizeof(path), "/tmp/tern-replay-XXXXXX");
	fd = mkstemp(path);
	cr_assert_geq(fd, 0);
	close(fd);
}

static void
remove_file(void)
{
	unlink(path);
}

TestSuite(capture, .init = name_file, .fini = remove_file);
TestSuite(replay, .init = name_file, .fini = remove_file);

/* Packet i of each test file: a datagram of i bytes, 10 ms after the one before. */
static void
packet(struct frame *f, unsigned int i)
{
	const struct ends ends = { ip4("192.168.1.1"), ip4(i % 2 ? "192.168.1.9" : "10.1.1.1"),
				   1000, 2000 };
	uint8_t payload[64];

	memset(payload, 0xa0 + (int)i, sizeof(payload));
	frame_udp(f, &ends, payload, (uint16_t)i);
}

static uint64_t
time_of(unsigned int i)
{
	return UINT64_C(1700000000123456789) + i * 10 * TERN_MS;
}

/* Forms -------------------------------------------------------------------------------------- */

static void
pcap_header(uint32_t magic, uint32_t link)
{
	file.n = 0;
	put(magic, 4);
	put(2, 2);
	put(4, 2);
	put(0, 8);
	put(65535, 4);
	put(link, 4);
}

static void
pcap_packet(const uint8_t *data, uint32_t len, uint32_t on_wire, uint64_t ns, bool nano)
{
	put(ns / TERN_S, 4);
	put(ns % TERN_S / (nano ? 1 : 1000), 4);
	put(len, 4);
	put(on_wire, 4);
	put_bytes(data, len);
}

static void
make_pcap(bool big, bool nano)
{
	struct frame f;

	file.big = big;
	pcap_header(nano ? 0xa1b23c4d : 0xa1b2c3d4, 1);
	for (unsigned int i = 0; i < PACKETS; i++) {
		packet(&f, i);
		pcap_packet(f.b, f.len, f.len, time_of(i), nano);
	}
	store();
}

static size_t
block(uint32_t type)
{
	put(type, 4);
	put(0, 4);
	return file.n;
}

/* Its length stands at both ends. */
static void
block_end(size_t begin)
{
	uint32_t len = (uint32_t)(file.n - begin + 12);
	size_t end;

	put(len, 4);
	end = file.n;
	file.n = begin - 4;
	put(len, 4);
	file.n = end;
}

static void
interface(uint8_t resolution)
{
	size_t b = block(1);

	put(1, 2);
	put(0, 2);
	put(65535, 4);
	put(9, 2); /* if_tsresol */
	put(1, 2);
	put(resolution, 1);
	put(0, 3);
	put(0, 4);
	block_end(b);
}

static void
enhanced(uint32_t interface, const uint8_t *data, uint32_t len, uint64_t units)
{
	size_t b = block(6);

	put(interface, 4);
	put(units >> 32, 4);
	put(units & UINT32_MAX, 4);
	put(len, 4);
	put(len, 4);
	put_bytes(data, len);
	put(0, (4 - len % 4) % 4);
	block_end(b);
}

/* Two interfaces that count microseconds and nanoseconds, in turn. */
static void
make_pcapng(bool big)
{
	struct frame f;
	size_t b;

	file.big = big;
	file.n = 0;
	b = block(0x0a0d0d0a);
	put(0x1a2b3c4d, 4);
	put(1, 2);
	put(0, 2);
	put(UINT64_MAX, 8);
	block_end(b);
	interface(6);
	interface(9);
	for (unsigned int i = 0; i < PACKETS; i++) {
		packet(&f, i);
		enhanced(i % 2, f.b, f.len, i % 2 ? time_of(i) : time_of(i) / 1000);
	}
	store();
}

static void
right(uint64_t precision_ns)
{
	struct capture c;
	struct frame f;
	char why[256];

	cr_assert_eq(capture_load(&c, path, MOST, why), 0, "%s", why);
	cr_assert_eq(c.n, PACKETS);
	cr_assert_eq(c.odd, 0);
	for (unsigned int i = 0; i < PACKETS; i++) {
		const struct captured *p = &c.packets[i];

		packet(&f, i);
		cr_assert_eq(p->bytes, f.len);
		cr_assert_eq(p->known, f.len);
		cr_assert_arr_eq(c.bytes + p->from, f.b, f.len);
		cr_assert(p->at_ns + precision_ns >= i * 10 * TERN_MS &&
				  p->at_ns <= i * 10 * TERN_MS + precision_ns,
			  "packet %u at %lu", i, p->at_ns);
	}
	cr_assert(c.span_ns >= 70 * TERN_MS - precision_ns && c.span_ns <= 70 * TERN_MS + 2000);
	capture_free(&c);
}

Test(capture, every_form_is_read)
{
	for (unsigned int big = 0; big < 2; big++) {
		make_pcap(big, false);
		right(0);
		make_pcap(big, true);
		right(0);
		make_pcapng(big);
		right(1000);
	}
}

Test(capture, ip_without_ethernet_gets_a_header)
{
	struct capture c;
	struct frame f;
	char why[256];

	file.big = false;
	pcap_header(0xa1b2c3d4, 101);
	packet(&f, 5);
	pcap_packet(f.b + FRAME_L3, f.len - FRAME_L3, f.len - FRAME_L3, time_of(0), false);
	store();
	cr_assert_eq(capture_load(&c, path, MOST, why), 0, "%s", why);
	cr_assert_eq(c.packets[0].bytes, f.len);
	cr_assert_eq(get16(c.bytes + 12), 0x0800);
	cr_assert_arr_eq(c.bytes + FRAME_L3, f.b + FRAME_L3, (size_t)f.len - FRAME_L3);
	capture_free(&c);
}

/* What was not captured is zero; what is too long or no frame is left out; time stands still. */
Test(capture, odd_packets)
{
	static uint8_t data[3000] = { 1, 2, 3 };
	struct capture c;
	char why[256];

	file.big = false;
	pcap_header(0xa1b2c3d4, 1);
	pcap_packet(data, 100, 1500, time_of(5), false);
	pcap_packet(data, 1515, 1515, time_of(6), false);
	pcap_packet(data, 13, 13, time_of(7), false);
	pcap_packet(data, 0, 60, time_of(7), false);
	pcap_packet(data, 14, 14, time_of(1), false);
	pcap_packet(data, 1514, 1514, time_of(4), false);
	store();
	cr_assert_eq(capture_load(&c, path, MOST, why), 0, "%s", why);
	cr_assert_eq(c.n, 3);
	cr_assert_eq(c.odd, 3);
	cr_assert_eq(c.packets[0].bytes, 1500);
	cr_assert_eq(c.packets[0].known, 100);
	cr_assert_eq(c.packets[1].at_ns, 0);
	cr_assert_eq(c.packets[2].at_ns, 0);
	capture_free(&c);
}

/* Hostile files ------------------------------------------------------------------------------ */

static void
refused(const char *part)
{
	struct capture c;
	char why[256];

	cr_assert_eq(capture_load(&c, path, MOST, why), -1);
	cr_assert_not_null(strstr(why, part), "\"%s\" without \"%s\"", why, part);
	cr_assert_null(strchr(why, '\n'));
	cr_assert_eq(strncmp(why, path, strlen(path)), 0, "%s", why);
	cr_assert_null(c.packets);
}

Test(capture, what_is_none_is_refused)
{
	file.n = 0;
	store();
	refused("truncated");
	put_bytes((const uint8_t *)"this is a text, not a capture of packets", 40);
	store();
	refused("unknown file format; expected a pcap or pcapng file");
	file.big = false;
	pcap_header(0xa1b2c3d4, 1);
	store();
	refused("no packet");
	pcap_header(0xa1b2c3d4, 127); /* 802.11 */
	store();
	refused("cannot be sent");
	remove_file();
	refused("No such file");
}

/* Cut off anywhere: read as far as it goes if that is between two packets, else refused. */
Test(capture, cut_off_anywhere)
{
	size_t whole;

	for (unsigned int form = 0; form < 2; form++) {
		unsigned int read = 0;

		if (form == 0)
			make_pcap(false, false);
		else
			make_pcapng(false);
		for (whole = file.n; file.n > 0; file.n--) {
			struct capture c;
			char why[256];

			store();
			if (capture_load(&c, path, MOST, why) < 0)
				continue;
			cr_assert_leq(c.n, PACKETS);
			capture_free(&c);
			read++;
		}
		cr_assert_eq(read, PACKETS, "%u of %zu lengths", read, whole);
	}
}

/* Any byte may be anything: it ends, in bounds. */
Test(capture, spoilt_anywhere)
{
	static uint8_t good[FILE_BYTES];
	uint64_t random = 9;
	size_t len;

	for (unsigned int form = 0; form < 2; form++) {
		if (form == 0)
			make_pcap(false, true);
		else
			make_pcapng(true);
		len = file.n;
		memcpy(good, file.b, len);
		for (unsigned int i = 0; i < 3000; i++) {
			struct capture c;
			char why[256];

			memcpy(file.b, good, len);
			for (unsigned int k = 0; k <= i % 4; k++) {
				random = random * UINT64_C(6364136223846793005) +
					 1442695040888963407;
				file.b[(random >> 33) % len] =
					random >> 32 & 1 ? 0xff : (uint8_t)(random >> 56);
			}
			store();
			if (capture_load(&c, path, MOST, why) < 0)
				continue;
			for (uint32_t p = 0; p < c.n; p++)
				cr_assert(c.packets[p].bytes <= MOST &&
					  c.packets[p].from + c.packets[p].bytes <= c.bytes_n &&
					  c.packets[p].known <= c.packets[p].bytes);
			capture_free(&c);
		}
	}
}

/* Sending ------------------------------------------------------------------------------------ */

static struct stand stand;

static struct {
	struct {
		uint64_t at;
		struct frame f;
	} frame[64];
	unsigned int n;
} sent;

static void
note(struct stand *s, const struct rte_mbuf *m)
{
	const uint8_t *data = rte_pktmbuf_mtod(m, const uint8_t *);

	if (get16(data + 12) != 0x0800)
		return;
	cr_assert_lt(sent.n, 64);
	sent.frame[sent.n].at = s->now;
	sent.frame[sent.n].f.len = (uint16_t)m->pkt_len;
	memcpy(sent.frame[sent.n++].f.b, data, m->pkt_len);
}

static void
begin(double speed, uint64_t loops)
{
	memset(&stand, 0, sizeof(stand));
	memset(&sent, 0, sizeof(sent));
	stand_plan(&stand, MODE_REPLAY, PROTO_UDP);
	stand.plan.target = (struct tern_addr){ 0 };
	stand.plan.pcap = path;
	stand.plan.speed = speed;
	stand.plan.loops = loops;
	stand.silent = true;
	stand.on_frame = note;
}

static void
go(uint64_t ns)
{
	cr_assert_eq(stand_open(&stand, &engine_replay), 0);
	stand_trial(&stand, ns);
}

Test(replay, as_it_was_and_when_it_was)
{
	struct frame f;
	uint64_t zero;

	make_pcap(false, true);
	begin(2, 2);
	go(TERN_S);
	cr_assert_eq(sent.n, 2 * PACKETS);
	cr_assert_eq(stand.w->left, 0);
	zero = sent.frame[0].at;
	for (unsigned int i = 0; i < 2 * PACKETS; i++) {
		packet(&f, i % PACKETS);
		cr_assert_eq(sent.frame[i].f.len, f.len);
		cr_assert_arr_eq(sent.frame[i].f.b, f.b, f.len);
		cr_assert(sent.frame[i].at - zero >= i * 5 * TERN_MS &&
				  sent.frame[i].at - zero < i * 5 * TERN_MS + 2000,
			  "frame %u at %lu", i, sent.frame[i].at - zero);
	}
	cr_assert_lt(stand.sum.time[TIME_lag].longest_ns, 2000);
	stand_close(&stand);
}

Test(replay, at_a_rate)
{
	make_pcap(false, true);
	begin(0, 0);
	stand.trial.open_loop = true;
	stand.trial.profile.phases[0] =
		(struct phase){ .from = 1000, .to = 1000, .ns = 20 * TERN_MS };
	stand.trial.profile.n = 1;
	go(30 * TERN_MS);
	cr_assert_eq(sent.n, 20);
	for (unsigned int i = 1; i < sent.n; i++) {
		uint64_t gap = sent.frame[i].at - sent.frame[i - 1].at;

		cr_assert(gap > 990000 && gap < 1010000, "%lu", gap);
	}
	stand_close(&stand);
}

static bool
sums_are_right(const struct frame *f)
{
	struct frame again = *f;

	frame_sum_ip(&again);
	frame_sum(&again);
	return memcmp(again.b, f->b, f->len) == 0;
}

static void
add_frame(const struct frame *f, uint16_t known)
{
	pcap_packet(f->b, known, f->len, time_of(0), false);
}

/* Of all kinds, to the target; what cannot go there is left out. */
Test(replay, other_addresses_and_right_sums)
{
	static const uint8_t payload[101] = { 1, 2, 3, 0xff };
	const struct ends ends = { ip4("192.168.1.77"), ip4("8.8.8.8"), 1000, 2000 };
	struct segment segment = { .flags = 2, .seq = 1 };
	struct frame f;

	file.big = false;
	pcap_header(0xa1b2c3d4, 1);
	for (uint16_t len = 0; len < 20; len++) {
		frame_udp(&f, &ends, payload, len);
		add_frame(&f, f.len);
	}
	frame_tcp(&f, &ends, &segment, NULL);
	add_frame(&f, f.len);
	frame_icmp(&f, ends.src, ends.dst, 8, 0, 7, payload, 101);
	add_frame(&f, f.len);
	frame_udp(&f, &ends, payload, 101);
	put16(frame_l4(&f) + 6, 0); /* no checksum: none is made */
	add_frame(&f, f.len);
	frame_udp(&f, &ends, payload, 101);
	add_frame(&f, 60); /* cut off: what is missing is zero, and summed */
	frame_arp(&f, 1, ends.src, ends.dst);
	add_frame(&f, f.len);
	store();
	begin(0, 1);
	stand.plan.target = tern_addr_v4(rte_cpu_to_be_32(STAND_B));
	stand.plan.src_first = tern_addr_v4(rte_cpu_to_be_32(STAND_A));
	stand.plan.src_last = tern_addr_v4(rte_cpu_to_be_32(STAND_A + 9));
	go(TERN_MS);
	cr_assert_eq(sent.n, 24);
	for (unsigned int i = 0; i < sent.n; i++) {
		struct frame *got = &sent.frame[i].f;

		cr_assert_eq(frame_l3(got)->dst_addr, rte_cpu_to_be_32(STAND_B));
		cr_assert_eq(frame_l3(got)->src_addr,
			     rte_cpu_to_be_32(STAND_A + rte_be_to_cpu_32(ends.src) % 10));
		cr_assert(rte_is_same_ether_addr(&frame_eth(got)->dst_addr,
						 &stand.pipe.end[1].port.mac));
		if (i == 22)
			cr_assert_eq(get16(frame_l4(got) + 6), 0);
		else
			cr_assert(sums_are_right(got), "frame %u", i);
	}
	stand_close(&stand);
}

/* Answers are counted, and the stack, which sent nothing, does not reset anybody. */
Test(replay, answers_go_no_further)
{
	const struct ends ends = { ip4("192.168.1.77"), ip4("8.8.8.8"), 1000, 7 };
	struct frame f;

	file.big = false;
	pcap_header(0xa1b2c3d4, 1);
	frame_udp(&f, &ends, "ping", 4);
	add_frame(&f, f.len);
	store();
	begin(0, 50);
	stand.silent = false;
	stand.plan.target = tern_addr_v4(rte_cpu_to_be_32(STAND_B));
	go(TERN_MS);
	cr_assert_eq(stand_count(&stand, COUNT_requests), 50);
	cr_assert_eq(stand_count(&stand, COUNT_responses), 50);
	cr_assert_eq(stand.came, 50);
	stand_close(&stand);
}

Test(replay, a_capture_without_ipv4_has_nothing_for_a_target)
{
	struct frame f;

	file.big = false;
	pcap_header(0xa1b2c3d4, 1);
	frame_arp(&f, 1, ip4("10.0.0.1"), ip4("10.0.0.2"));
	add_frame(&f, f.len);
	store();
	begin(0, 1);
	stand.plan.target = tern_addr_v4(rte_cpu_to_be_32(STAND_B));
	cr_assert_eq(stand_open(&stand, &engine_replay), -1);
}
