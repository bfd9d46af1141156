/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A run that never was: made-up intervals and a result, told in every way that is asked for.
 *
 *	gen-made json=FILE csv=FILE hlog=FILE truth=FILE mode=crr intervals=5 ...
 *
 * truth: what was recorded, a line each "interval time value_ns", for who reads the rest and wants
 * to know whether it is right. The figures are the same in every run. tests/gen/outputs reads them.
 */
#include <inttypes.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "gen/report/report.h"

enum { RECORDS = 2000, INTERVALS_MOST = 1000 };

#define SECOND_NS UINT64_C(1000000000)

static struct plan plan;
static struct result *result;
static struct meter meter;
static struct interval intervals[INTERVALS_MOST];
static unsigned int intervals_n = 5, trials_n = 1;
static uint64_t pause_ms, random_state = 88172645463325252;
static const char *error;
static int status;
static bool with_eal, without_result, captured;
static FILE *truth;
static volatile bool quit;

static const struct {
	const char *text;
	double limit;
	struct judged judged;
} slos[] = {
	{ "errors<0.001%", 0.00001, { 0.005, false } },
	{ "ttlb.p99<1ms", 1e6, { 123456, true } },
	{ "resp/s>1k", 1000, { 1500, true } },
	{ "close.p99<1s", 1e9, { NAN, false } },
};

static struct judged judged[RTE_DIM(slos)];

/* What is asked for ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	const char **to;
} files[] = {
	{ "json", &plan.json },	  { "json_stream", &plan.json_stream },
	{ "csv", &plan.csv },	  { "hgrm", &plan.hgrm },
	{ "hlog", &plan.hlog },	  { "prom_file", &plan.prom_file },
	{ "plot", &plan.plot },	  { "prom_listen", &plan.prom_listen },
	{ "title", &plan.title }, { "error", &error },
};

static bool
read_file_option(const char *name, const char *value)
{
	for (size_t i = 0; i < RTE_DIM(files); i++)
		if (strcmp(files[i].name, name) == 0) {
			*files[i].to = value;
			return true;
		}
	return false;
}

static enum mode
mode_named(const char *name)
{
	for (unsigned int i = 0; i < MODES; i++)
		if (strcmp(mode_names[i], name) == 0)
			return i;
	exit(64);
}

static void
read_option(const char *name, const char *value)
{
	uint64_t number = strtoull(value, NULL, 0);

	if (read_file_option(name, value))
		return;
	if (strcmp(name, "truth") == 0)
		truth = fopen(value, "w");
	else if (strcmp(name, "mode") == 0)
		plan.mode = mode_named(value);
	else if (strcmp(name, "closed") == 0)
		plan.open_loop = number == 0;
	else if (strcmp(name, "json_stdout") == 0)
		plan.json_stdout = number != 0;
	else if (strcmp(name, "intervals") == 0)
		intervals_n = (unsigned int)RTE_MIN(number, INTERVALS_MOST);
	else if (strcmp(name, "trials") == 0)
		trials_n = (unsigned int)number;
	else if (strcmp(name, "pause_ms") == 0)
		pause_ms = number;
	else if (strcmp(name, "interval_ns") == 0)
		plan.interval_ns = number;
	else if (strcmp(name, "status") == 0)
		status = (int)number;
	else if (strcmp(name, "eal") == 0)
		with_eal = number != 0;
	else if (strcmp(name, "tui") == 0)
		plan.tui = number != 0;
	else if (strcmp(name, "quiet") == 0)
		plan.quiet = number != 0;
	else if (strcmp(name, "no_result") == 0)
		without_result = number != 0;
	else if (strcmp(name, "captured") == 0)
		captured = number != 0;
	else if (strcmp(name, "tag") == 0)
		plan.tags[plan.tags_n++] = value;
	else
		exit(64);
}

static void
make_plan(int argc, char **argv)
{
	unsigned int prefix;
	char *is;

	plan = (struct plan){
		.mode = MODE_CRR,
		.lite = true,
		.target_port = 80,
		.open_loop = true,
		.offered = 500000,
		.connections = 512,
		.depth = 1,
		.parallel = 4,
		.speed = 2,
		.max_outstanding = 100000,
		.seed = 1,
		.duration_ns = 4 * SECOND_NS,
		.omit_ns = SECOND_NS,
		.timeout_ns = 3 * SECOND_NS,
		.interval_ns = SECOND_NS,
		.repeat = 1,
		.argc = argc,
		.argv = argv,
	};
	if (tern_addr_parse("10.9.0.1", &plan.target, &prefix) < 0)
		exit(64);
	for (int i = 1; i < argc; i++) {
		is = strchr(argv[i], '=');
		if (is == NULL)
			exit(64);
		*is = '\0';
		read_option(argv[i], is + 1);
		*is = '=';
	}
	plan.profile = (struct profile){
		.phases = { { .from = 500000, .to = 500000, .ns = 5 * SECOND_NS } }, .n = 1
	};
	for (size_t i = 0; i < RTE_DIM(slos); i++) {
		snprintf(plan.slos[i].text, sizeof(plan.slos[i].text), "%s", slos[i].text);
		plan.slos[i].limit = slos[i].limit;
		judged[i] = slos[i].judged;
	}
	plan.slos_n = RTE_DIM(slos);
}

/* The figures ---------------------------------------------------------------------------------- */

static uint64_t
a_random(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* Of many sizes: some below the linear part, some beyond the longest that is kept. */
static uint64_t
a_time_ns(void)
{
	return a_random() % 1000 == 0 ? UINT64_C(100) * SECOND_NS :
					a_random() >> (29 + a_random() % 34);
}

static void
record(unsigned int interval, enum time_of what, uint64_t ns)
{
	hdr_record(&meter.time[what], ns);
	if (truth != NULL)
		fprintf(truth, "%u %s %" PRIu64 "\n", interval, time_names[what], ns);
}

static void
make_counts(unsigned int i)
{
	for (unsigned int c = 0; c < COUNTS; c++)
		meter.count[c] = 1000 * (c + 1) + i;
	meter.count[COUNT_tx_pkts] = 1500000 + i;
	meter.count[COUNT_rx_pkts] = 1499000 + i;
	meter.count[COUNT_tx_bytes] = 120000000 + i;
	meter.count[COUNT_rx_bytes] = 134250000 + i;
	meter.count[COUNT_opened] = meter.count[COUNT_closed] = 500000 + i;
	for (unsigned int e = 0; e < ERRORS_N; e++)
		meter.error[e] = e * i;
	meter.busy_cycles = 58;
	meter.idle_cycles = 42;
}

static void
make_times(unsigned int i)
{
	/* streams and floods time nothing */
	if (plan.mode == MODE_STREAM || plan.mode == MODE_FLOOD)
		return;
	for (unsigned int n = 0; n < RECORDS; n++)
		for (unsigned int t = 0; t <= TIME_lag; t++)
			if (n % (t + 1) == 0)
				record(i, t, a_time_ns());
}

static struct summary
summary_of(const struct hdr *h)
{
	return (struct summary){ h->n, hdr_percentile(h, 0.5), hdr_percentile(h, 0.99),
				 hdr_percentile(h, 0.999), h->longest_ns };
}

/* The first is of the warm-up, the third is disturbed and late, the fourth has every flag. */
static uint32_t
flags_of(unsigned int i)
{
	static const uint32_t flags[] = {
		1u << FLAG_WARMUP,
		0,
		1u << FLAG_DISTURBED | 1u << FLAG_LATE,
		(1u << FLAGS_N) - 1,
	};

	return i < RTE_DIM(flags) ? flags[i] : 0;
}

static struct interval *
make_interval(unsigned int i)
{
	struct interval *to = &intervals[i];

	meter_clear(&meter);
	make_counts(i);
	make_times(i);
	to->t0_ns = i * plan.interval_ns;
	to->t1_ns = to->t0_ns + plan.interval_ns;
	memcpy(to->count, meter.count, sizeof(to->count));
	memcpy(to->error, meter.error, sizeof(to->error));
	for (unsigned int t = 0; t < TIMES_N; t++)
		to->time[t] = summary_of(&meter.time[t]);
	to->flags = flags_of(i);
	to->busy = 0.58;
	to->cpu_share = to->flags & 1u << FLAG_DISTURBED ? 0.61 : 0.998;
	to->outstanding = 7 + i;
	meter_merge(&result->total, &meter);
	if ((to->flags & (1u << FLAG_WARMUP | 1u << FLAG_DISTURBED)) == 0) {
		meter_merge(&result->sum, &meter);
		result->ns += plan.interval_ns;
	}
	return to;
}

static void
make_result(void)
{
	struct ledger *l = &result->ledger;

	result->trial = (struct trial){
		.profile = plan.profile,
		.open_loop = plan.open_loop,
		.duration_ns = plan.duration_ns,
		.omit_ns = plan.omit_ns,
		.seed = plan.seed,
	};
	result->intervals = intervals;
	result->intervals_n = intervals_n;
	result->flagged = result->disturbed = 2;
	*l = (struct ledger){ .launched = 1000,
			      .done = 990,
			      .failed = 7,
			      .inflight = 3,
			      .shed = 5,
			      .made = 3000,
			      .sent = 2998,
			      .dropped = 2,
			      .received = 2900,
			      .taken = 2890,
			      .passed = 10,
			      .rx_missed = 1,
			      .balanced = true };
	result->achieved = 499998.25;
	result->busy = 0.58;
	result->cycles_each = 612.5;
	result->pkts_each = 6;
	result->trustworthy = false;
	strcpy(result->verdict, "no, 2 of 5 intervals disturbed, lag p99 4 us, busy 58 %");
}

/* The run -------------------------------------------------------------------------------------- */

static void
on_quit(void *unused)
{
	(void)unused;
	quit = true;
}

static void
pause_for(uint64_t ms)
{
	struct timespec t = { .tv_sec = (time_t)(ms / 1000),
			      .tv_nsec = (long)(ms % 1000) * 1000000 };

	nanosleep(&t, NULL);
}

static void
run(struct report *r)
{
	struct watcher watcher = report_watcher(r);

	for (unsigned int t = 0; t < trials_n; t++)
		for (unsigned int i = 0; i < intervals_n && !quit; i++) {
			watcher.on_interval(watcher.data, make_interval(i), &meter);
			pause_for(pause_ms);
		}
}

static void
tell_tables(struct report *r)
{
	struct cell row[] = { { .name = "frame_bytes", .number = 64 },
			      { .name = "rate_pps", .number = 859437.25 },
			      { .name = "loss", .number = 0.125 },
			      { .name = "passed", .text = "after the third trial" } };

	report_row(r, "throughput", row, RTE_DIM(row));
	row[0].number = 1518;
	report_row(r, "throughput", row, RTE_DIM(row));
	report_row(r, "loss", row, 2);
	row[2].number = -0.0;
	report_row(r, "loss", row, 3);
	report_row(r, "notes", &row[3], 1);
}

static void
start_eal(void)
{
	static char a0[] = "gen-made", a1[] = "--no-huge", a2[] = "--no-pci", a3[] = "-m",
		    a4[] = "64", a5[] = "--log-level=error", a6[] = "--file-prefix=genmade",
		    a7[] = "-l0";
	char *argv[] = { a0, a1, a2, a3, a4, a5, a6, a7, NULL };

	if (rte_eal_init((int)RTE_DIM(argv) - 1, argv) < 0)
		exit(77);
}

/* 12 of them: more than the final block has room for. */
static const struct failures *
make_failures(void)
{
	enum { N = 12 };
	static struct captured_failure list[N];
	static const struct failures failures = {
		.path = "failed.pcapng", .list = list, .n = N, .frames = 78, .missed = 5
	};

	for (unsigned int i = 0; i < N; i++)
		list[i] = (struct captured_failure){
			.who = { .local = RTE_BE32(0x0a090002),
				 .remote = RTE_BE32(0x0a090001),
				 .local_port = rte_cpu_to_be_16((uint16_t)(2000 + i)),
				 .remote_port = RTE_BE16(80),
				 .proto = i % 2 == 0 ? IPPROTO_TCP : IPPROTO_UDP },
			.cause = i % 2 == 0 ? ERROR_rst : ERROR_timeout,
			.at_ns = UINT64_C(1700000000123456789) + i,
			.frames = i + 1,
		};
	return &failures;
}

int
main(int argc, char **argv)
{
	struct setup setup = {
		.ports = { { "net_memif0", "net_memif", false }, { "net_tap0", "net_tap", true } },
		.ports_n = 2,
		.cores = { 1, 2 },
		.cores_n = 2,
		.timestamps = "tsc",
		.epoch_ns = UINT64_C(1700000000123456789),
		.on_quit = on_quit,
	};
	struct report *r;

	make_plan(argc, argv);
	if (captured)
		setup.failures = make_failures();
	result = calloc(1, sizeof(*result));
	if (with_eal)
		start_eal();
	r = report_begin(&plan, &setup);
	if (r == NULL)
		return 1;
	run(r);
	make_result();
	if (trials_n > 1)
		tell_tables(r);
	if (error != NULL)
		report_error(r, error);
	if (!without_result)
		report_result(r, result, judged, status);
	status = report_end(r, status);
	if (truth != NULL)
		fclose(truth);
	free(result);
	return status;
}
