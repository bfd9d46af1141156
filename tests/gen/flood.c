/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The flood: every frame is right, of the size that was asked for, from everybody in turn; and what
 * comes back is accounted for, whatever befell it on the way.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>
#include <rte_ip.h>

#include "gen/engines/imix.h"
#include "gen/engines/sources.h"
#include "gen/engines/tracker.h"
#include "gen/stand.h"

#define SIMPLE "64:7,570:4,1518:1"

enum { FCS = 4, PORTS = 97, ADDRS = 5, PERIOD = ADDRS * PORTS };

/* Frames that were sent. */
static struct {
	uint64_t n;
	uint64_t of_size[1519];
	uint32_t seen[ADDRS][PORTS];
} sent;

static struct stand stand;

/* "64:7,570:4,1518:1" */
static struct imix
mix(const char *text)
{
	struct imix imix = { .n = 0 };
	unsigned int bytes, times;
	int len = 0;

	for (; *text != '\0'; text += len + (text[len] == ',')) {
		times = 1;
		if (sscanf(text, "%u:%u%n", &bytes, &times, &len) < 2)
			cr_assert_eq(sscanf(text, "%u%n", &bytes, &len), 1);
		imix.size[imix.n].bytes = (uint16_t)bytes;
		imix.size[imix.n++].times = (uint16_t)times;
	}
	return imix;
}

static bool
l4_good(const struct rte_ipv4_hdr *ip)
{
	uint16_t len = rte_be_to_cpu_16(ip->total_length) - (uint16_t)sizeof(*ip);
	uint32_t sum;

	if (ip->next_proto_id == IPPROTO_ICMP)
		return rte_raw_cksum(ip + 1, len) == UINT16_MAX;
	sum = rte_raw_cksum(ip + 1, len) + (uint32_t)rte_ipv4_phdr_cksum(ip, 0);
	return (uint16_t)((sum & UINT16_MAX) + (sum >> 16)) == UINT16_MAX;
}

static void
judge(struct stand *s, const struct rte_mbuf *m)
{
	const struct rte_ipv4_hdr *ip =
		rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	const uint16_t *l4 = (const uint16_t *)(ip + 1);
	uint32_t addr, port;

	if (rte_pktmbuf_mtod(m, const struct rte_ether_hdr *)->ether_type !=
	    RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return;
	addr = rte_be_to_cpu_32(ip->src_addr) - STAND_A;
	port = rte_be_to_cpu_16(l4[s->plan.proto == PROTO_ICMP ? 2 : 0]) - s->plan.sport_first;
	cr_assert_eq(rte_raw_cksum(ip, sizeof(*ip)), UINT16_MAX, "IP checksum");
	cr_assert(l4_good(ip), "checksum of %u bytes", m->pkt_len);
	cr_assert_leq(rte_be_to_cpu_16(ip->total_length) + RTE_ETHER_HDR_LEN, m->pkt_len);
	cr_assert_geq(m->pkt_len + FCS, 64);
	cr_assert(addr < ADDRS && port < PORTS, "from %u:%u", addr, port);
	sent.of_size[m->pkt_len + FCS]++;
	sent.seen[addr][port]++;
	sent.n++;
}

static void
sizes(enum protocol proto, enum payload payload, const char *imix)
{
	static const uint8_t file[] = "of forty-five bytes, and that is an odd size.";

	memset(&stand, 0, sizeof(stand));
	memset(&sent, 0, sizeof(sent));
	stand_plan(&stand, MODE_FLOOD, proto);
	stand.silent = true;
	stand.on_frame = judge;
	stand.plan.payload = payload;
	stand.plan.file = file;
	stand.plan.file_bytes = sizeof(file) - 1;
	stand.plan.sport_first = 5000;
	stand.plan.sport_last = 5000 + PORTS - 1;
	stand.plan.src_first = tern_addr_v4(rte_cpu_to_be_32(STAND_A));
	stand.plan.src_last = tern_addr_v4(rte_cpu_to_be_32(STAND_A + ADDRS - 1));
	stand.trial.count = 2 * PERIOD;
	stand.plan.imix = mix(imix);
	cr_assert_eq(stand_open(&stand, &engine_flood), 0);
	stand_trial(&stand, TERN_MS);
	cr_assert_eq(sent.n, 2 * PERIOD);
	cr_assert_eq(stand_count(&stand, COUNT_requests), 2 * PERIOD);
	stand_close(&stand);
}

Test(flood, every_frame_is_right)
{
	static const char *const mixtures[] = { "64",  "65",  "66",   "67",   "70",  "71",
						"127", "128", "1517", "1518", SIMPLE };
	static const enum protocol protos[] = { PROTO_UDP, PROTO_ICMP, PROTO_SYN };

	for (unsigned int p = 0; p < RTE_DIM(protos); p++)
		for (unsigned int kind = 0; kind <= PAYLOAD_FILE; kind++)
			for (unsigned int i = 0; i < RTE_DIM(mixtures); i++)
				sizes(protos[p], (enum payload)kind, mixtures[i]);
}

/* RFC 4814 §4.5: each as often as any other, and in no order. */
Test(flood, all_sources_have_their_turn)
{
	sizes(PROTO_UDP, PAYLOAD_ZERO, "64");
	for (unsigned int a = 0; a < ADDRS; a++)
		for (unsigned int p = 0; p < PORTS; p++)
			cr_assert_eq(sent.seen[a][p], 2, "%u:%u %u times", a, p, sent.seen[a][p]);
}

Test(flood, sizes_are_mixed_as_asked)
{
	sizes(PROTO_UDP, PAYLOAD_ZERO, SIMPLE);
	cr_assert_eq(sent.of_size[64], (2 * PERIOD / 12 * 7) + 6);
	cr_assert_eq(sent.of_size[64] + sent.of_size[570] + sent.of_size[1518], 2 * PERIOD);
	cr_assert_eq(sent.of_size[1518], 2 * PERIOD / 12 + (2 * PERIOD % 12 > 6));
}

Test(flood, a_frame_that_the_port_does_not_take_is_refused)
{
	memset(&stand, 0, sizeof(stand));
	stand_plan(&stand, MODE_FLOOD, PROTO_UDP);
	stand.plan.imix = mix("64,1519");
	cr_assert_eq(stand_open(&stand, &engine_flood), -1);
}

/* Answers ------------------------------------------------------------------------------------ */

static void
echo(enum protocol proto, uint64_t rate, uint64_t ns)
{
	stand_plan(&stand, MODE_FLOOD, proto);
	stand.plan.verify = true;
	stand.trial.open_loop = true;
	stand.trial.profile.phases[0] = (struct phase){ .from = rate, .to = rate, .ns = ns };
	stand.trial.profile.n = 1;
	stand.trial.duration_ns = ns;
	cr_assert_eq(stand_open(&stand, &engine_flood), 0);
	stand_trial(&stand, ns + 1);
	cr_assert_eq(stand_count(&stand, COUNT_requests), rate * ns / TERN_S);
}

/* 10 us each way, and 84 bytes at 10 Gbit/s twice: 20134 ns. */
Test(flood, echoes_are_timed_and_none_is_lost)
{
	static const enum protocol protos[] = { PROTO_UDP, PROTO_ICMP };

	for (unsigned int i = 0; i < RTE_DIM(protos); i++) {
		memset(&stand, 0, sizeof(stand));
		echo(protos[i], 100000, 100 * TERN_MS);
		cr_assert_eq(stand_count(&stand, COUNT_responses), 10000);
		cr_assert_eq(stand.sum.time[TIME_ttlb].n, 10000);
		cr_assert_eq(stand.sum.time[TIME_ttlb_naive].least_ns, 20134);
		cr_assert_leq(hdr_percentile(&stand.sum.time[TIME_ttlb], 0.999), 20160);
		cr_assert_eq(meter_errors(&stand.sum), 0);
		cr_assert_eq(stand_count(&stand, COUNT_reordered), 0);
		stand_close(&stand);
	}
}

/* What the wire did, its counters say; ours must say the same. */
Test(flood, losses_and_duplicates_are_counted_exactly)
{
	memset(&stand, 0, sizeof(stand));
	stand.odds[0] = (struct tern_faults_odds){ .loss_ppm = 30000, .copy_ppm = 20000 };
	stand.odds[1] = (struct tern_faults_odds){ .loss_ppm = 10000 };
	echo(PROTO_UDP, 100000, 500 * TERN_MS);
	cr_assert_gt(stand.faults.tx.counts.lost, 1000);
	cr_assert_gt(stand_count(&stand, COUNT_duplicates), 700);
	cr_assert_eq(stand_count(&stand, COUNT_responses) + stand_count(&stand, COUNT_duplicates),
		     stand.came);
	cr_assert_eq(stand_count(&stand, COUNT_other), 0);
	stand_close(&stand);
}

Test(flood, overtaken_answers_are_reordered)
{
	memset(&stand, 0, sizeof(stand));
	stand.odds[1] = (struct tern_faults_odds){ .delay_ppm = 100000,
						   .delay_min_ns = 100000,
						   .delay_max_ns = 100000 };
	echo(PROTO_UDP, 100000, 500 * TERN_MS);
	cr_assert_eq(stand_count(&stand, COUNT_responses), 50000);
	/* The last of all may have had nobody behind it. */
	cr_assert_geq(stand_count(&stand, COUNT_reordered) + 10,
		      stand.faults.rx.counts.delayed * 9 / 10);
	cr_assert_leq(stand_count(&stand, COUNT_reordered), stand.faults.rx.counts.delayed);
	stand_close(&stand);
}

/* The frame as it left is no answer: a port may give back what it was given. */
static void
send_back(struct stand *s, const struct rte_mbuf *m)
{
	struct rte_mbuf *copy = rte_pktmbuf_copy(m, s->tap.pool, 0, UINT32_MAX);

	cr_assert_not_null(copy);
	cr_assert_eq(s->pipe.end[1].port.tx(&s->pipe.end[1].port, &copy, 1), 1);
}

Test(flood, own_frames_are_no_answers)
{
	memset(&stand, 0, sizeof(stand));
	stand.silent = true;
	stand.on_frame = send_back;
	echo(PROTO_UDP, 10000, 10 * TERN_MS);
	cr_assert_eq(stand_count(&stand, COUNT_responses), 0);
	cr_assert_eq(stand_count(&stand, COUNT_other), 100);
	stand_close(&stand);
}

Test(flood, corruption_is_noticed)
{
	memset(&stand, 0, sizeof(stand));
	stand.odds[1] = (struct tern_faults_odds){ .corrupt_ppm = 100000 };
	echo(PROTO_UDP, 100000, 100 * TERN_MS);
	cr_assert_gt(stand.sum.error[ERROR_bad_cksum], 300);
	cr_assert_eq(stand.sum.error[ERROR_bad_payload], 0, "a checksum that was right");
	cr_assert_leq(stand_count(&stand, COUNT_responses) + stand.sum.error[ERROR_bad_cksum],
		      10000);
	stand_close(&stand);
}

/* RFC 8219 §7.2: so many frames, spread over the time that counts. */
Test(flood, only_tagged_frames_are_timed)
{
	memset(&stand, 0, sizeof(stand));
	stand.trial.tagged = 500;
	stand.trial.omit_ns = 50 * TERN_MS;
	echo(PROTO_UDP, 100000, 100 * TERN_MS);
	cr_assert_eq(stand_count(&stand, COUNT_responses), 10000);
	cr_assert(stand.sum.time[TIME_ttlb].n >= 249 && stand.sum.time[TIME_ttlb].n <= 251,
		  "%lu of the second half were", stand.sum.time[TIME_ttlb].n);
	stand_close(&stand);
}

/* Nobody answers a SYN to a port that is shut but with a reset. */
Test(flood, resets_for_syns_are_counted)
{
	memset(&stand, 0, sizeof(stand));
	stand_plan(&stand, MODE_FLOOD, PROTO_SYN);
	stand.trial.count = 100;
	cr_assert_eq(stand_open(&stand, &engine_flood), 0);
	stand_trial(&stand, 10 * TERN_MS);
	cr_assert_eq(stand.sum.error[ERROR_refused], 100);
	stand_close(&stand);
}

/* Parts -------------------------------------------------------------------------------------- */

Test(imix, turns_are_spread_evenly)
{
	uint8_t turns[IMIX_TURNS];
	struct imix imix = mix(SIMPLE);
	unsigned int n = imix_turns(&imix, turns), run = 0;

	cr_assert_eq(n, 12);
	for (unsigned int i = 0; i < n; i++) {
		run = turns[i] == 0 ? run + 1 : 0;
		cr_assert_leq(run, 2);
	}
}

/* RFC 6985 §3: a genome is a sequence, not a mixture. */
Test(imix, a_genome_keeps_its_order)
{
	static const uint8_t order[] = { 0, 0, 0, 1, 2, 2, 3 };
	uint8_t turns[IMIX_TURNS];
	struct imix imix = mix("64:3,128,64:2,1518");

	imix.in_order = true;
	cr_assert_eq(imix_turns(&imix, turns), sizeof(order));
	cr_assert_arr_eq(turns, order, sizeof(order));
}

Test(imix, many_turns_are_cut)
{
	uint8_t turns[IMIX_TURNS];
	struct imix imix = mix("64:60000,128:30000,256:6000");
	unsigned int had[3] = { 0 };

	cr_assert_eq(imix_turns(&imix, turns), IMIX_TURNS);
	for (unsigned int i = 0; i < IMIX_TURNS; i++)
		had[turns[i]]++;
	cr_assert(had[0] >= 639 && had[0] <= 641 && had[1] >= 319 && had[1] <= 321 &&
		  had[2] >= 63 && had[2] <= 65);
}

Test(sources, a_period_has_each_pair_once)
{
	static uint8_t seen[300 * 257];
	struct plan plan = { .sport_first = 1, .sport_last = 257 };
	struct sources s;

	plan.src_first = tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0xc0a80101)));
	for (uint32_t addrs = 1; addrs <= 300; addrs += 13)
		for (uint32_t ports = 1; ports <= 257; ports += 64) {
			plan.src_last =
				tern_addr_v4(rte_cpu_to_be_32(UINT32_C(0xc0a80100) + addrs));
			plan.sport_last = (uint16_t)ports;
			sources_init(&s, &plan, plan.src_first, addrs, 0, 1);
			cr_assert_eq(s.pairs, (uint64_t)addrs * ports);
			memset(seen, 0, sizeof(seen));
			for (uint32_t i = 0; i < addrs * ports; i++) {
				struct source from = sources_next(&s);
				uint32_t a = from.addr - UINT32_C(0xc0a80101);

				cr_assert(a < addrs && from.port >= 1 && from.port <= ports);
				cr_assert_eq(seen[a * 257 + from.port - 1]++, 0);
			}
		}
}

/* Against the plain truth: what came, and what was the highest. */
Test(tracker, tells_what_came)
{
	static struct tracker t;
	static uint8_t came[1 << 20];
	uint64_t random = 5;
	uint32_t highest = 0, number;

	cr_assert_eq(tracker_take(&t, 0), TRACKED_NEW);
	came[0] = 1;
	for (unsigned int i = 0; i < 3000000; i++) {
		enum tracked is;

		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		number = highest + 1 - (uint32_t)(random >> 40) % 1000 + (uint32_t)(random >> 54);
		if ((random >> 33) % 1000 == 0)
			number = highest - TRACKER_BITS - 5;
		if (number >= sizeof(came) || number > highest + 100000)
			continue;
		is = tracker_take(&t, number);
		if (number > highest) {
			cr_assert_eq(is, TRACKED_NEW);
			highest = number;
		} else if (highest - number >= TRACKER_BITS) {
			cr_assert_eq(is, TRACKED_OLD);
			continue;
		} else {
			cr_assert_eq(is, came[number] ? TRACKED_DUPLICATE : TRACKED_REORDERED);
		}
		came[number] = 1;
	}
	cr_assert_gt(highest, 500000);
	cr_assert_eq(tracker_take(&t, highest + 10 * TRACKER_BITS), TRACKED_NEW);
	cr_assert_eq(tracker_take(&t, highest + 10 * TRACKER_BITS - 1), TRACKED_REORDERED);
	cr_assert_eq(tracker_take(&t, highest), TRACKED_OLD);
}
