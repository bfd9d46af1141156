/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The golden table of goodput: what the sender achieves over many networks, under the virtual
 * clock, so that each figure is the same on every machine and any change of it is a diff.
 *
 *	sim-table FILE		compare with the file, and hold the model against what was achieved
 *	sim-table FILE --write	write the file anew
 *	sim-table FILE --some	compare every seventh figure only: for sanitizers
 *
 * Goodput is the payload that the receiver's user took, from the moment the sender was established.
 * Speaks TAP.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "flows.h"
#include "model.h"

#define MBIT UINT64_C(1000000)
#define GBIT UINT64_C(1000000000)

enum { PPM = 1000000, LINE_BYTES = 200, LINES_MOST = 200, SOME = 7 };

static struct {
	char line[LINES_MOST][LINE_BYTES];
	unsigned int n;
	unsigned int figures; /* so far */
	bool some;	      /* not all of them are wanted */
	bool off_model;
} out;

static const char *const names[] = {
	[TERN_CUBIC] = "cubic", [TERN_NEWRENO] = "newreno", [TERN_DCTCP] = "dctcp"
};

static void put(const char *format, ...) __attribute__((format(printf, 1, 2)));

static void
put(const char *format, ...)
{
	char *line = out.line[out.n++];
	va_list args;
	size_t len;

	va_start(args, format);
	vsnprintf(line, LINE_BYTES, format, args);
	va_end(args);
	for (len = strlen(line); len > 0 && line[len - 1] == ' '; len--)
		line[len - 1] = '\0';
}

/* Is this figure to be made? One that is not compares equal to whatever the file says. */
static bool
is_wanted(void)
{
	return out.figures++ % SOME == 0 || !out.some;
}

static const char *
rate_name(uint64_t bps)
{
	static char text[32];

	if (bps >= GBIT)
		snprintf(text, sizeof(text), "%" PRIu64 " Gbit/s", bps / GBIT);
	else
		snprintf(text, sizeof(text), "%" PRIu64 " Mbit/s", bps / MBIT);
	return text;
}

static double
goodput_mbit(const struct flows *f, uint64_t got, uint64_t since)
{
	return (double)got * 8000 / (double)(world_time(f->w) - since);
}

/* Transfers ---------------------------------------------------------------------------------- */

/* What a transfer is bounded by, so that the table takes seconds: bytes, and virtual time. */
enum { SEGMENTS = 25000, SECONDS = 60 };

static double
transfer_mbit(const struct flows_how *how)
{
	struct flows f;
	double mbit;

	flows_open(&f, how);
	flows_deliver(&f, (uint64_t)SEGMENTS * FLOWS_MSS, S(SECONDS));
	mbit = goodput_mbit(&f, f.flow[0].got, f.flow[0].opened_at);
	flows_close(&f);
	return mbit;
}

/* Room in the queue for a fraction of what the link sends in a round trip, and a packet. */
static uint32_t
queue_of(uint64_t rate_bps, uint64_t rtt_ns, unsigned int percent)
{
	return (uint32_t)(flows_bdp(rate_bps, rtt_ns) * percent / 100 + 1514);
}

static void
put_transfers(uint64_t rate_bps, uint64_t rtt_ns, unsigned int queue_percent)
{
	static const uint32_t losses[] = { 0, 1000, 10000, 30000 };
	char cells[LINE_BYTES] = "";
	size_t at = 0;

	for (unsigned int i = 0; i < 8; i++) {
		const struct flows_how how = {
			.seed = 1,
			.rate_bps = rate_bps,
			.rtt_ns = rtt_ns,
			.queue_bytes = queue_of(rate_bps, rtt_ns, queue_percent),
			.odds.loss_ppm = losses[i / 2],
			.congestion = i % 2 == 0 ? TERN_NEWRENO : TERN_CUBIC,
			.segments = SEGMENTS,
		};

		at += (size_t)(is_wanted() ? snprintf(cells + at, sizeof(cells) - at, " %8.2f",
						      transfer_mbit(&how)) :
					     snprintf(cells + at, sizeof(cells) - at, "        ?"));
	}
	put("%-10s %4" PRIu64 " ms %4u %%%s", rate_name(rate_bps), rtt_ns / 1000000, queue_percent,
	    cells);
}

static void
put_all_transfers(void)
{
	static const uint64_t rates[] = { 10 * MBIT, 100 * MBIT, GBIT, 10 * GBIT };
	static const uint64_t rtts[] = { MS(2), MS(20), MS(100) };

	put("Transfers of %d segments, or as far as they get in %d s, Mbit/s", SEGMENTS, SECONDS);
	put("rtt: round trip without queue; queue: of what the link sends in a round trip");
	put(" ");
	put("%-30s%-18s%-18s%-18s%s", "", "no loss", "0.1 % loss", "1 % loss", "3 % loss");
	put("%-10s %7s %6s %8s %8s %8s %8s %8s %8s %8s %8s", "rate", "rtt", "queue", "newreno",
	    "cubic", "newreno", "cubic", "newreno", "cubic", "newreno", "cubic");
	for (unsigned int rate = 0; rate < 4; rate++)
		for (unsigned int rtt = 0; rtt < (rates[rate] == 10 * GBIT ? 2 : 3); rtt++)
			for (unsigned int queue = 25; queue <= 100; queue *= 4)
				put_transfers(rates[rate], rtts[rtt], queue);
}

/* The model ---------------------------------------------------------------------------------- */

static struct model
model_of(const struct flows_how *how)
{
	bool reno = how->congestion == TERN_NEWRENO;
	double beta = reno ? 0.5 : 0.7, segment_s = FLOWS_WIRE_BYTES * 8 / (double)how->rate_bps;

	return (struct model){
		.loss = how->odds.loss_ppm / (double)PPM,
		.rtt_s = (double)how->rtt_ns / 1e9,
		.segment_s = segment_s,
		.queue = (double)how->queue_bytes / (FLOWS_WIRE_BYTES - TERN_PIPE_OVERHEAD),
		.beta = beta,
		.alpha = reno ? 1 : 3 * (1 - beta) / (1 + beta),
		.alpha_beyond = 1,
		.cubic = reno ? 0 : 0.4,
	};
}

static double
mbit_of(double segments)
{
	return segments * FLOWS_MSS * 8 / 1e6;
}

enum { SEEDS = 4, RUN_SECONDS = 300 };

/* After the first ten seconds; several seeds, since losses are rare and random. */
static double
steady_mbit(struct flows_how how)
{
	double sum = 0;

	for (unsigned int i = 0; i < SEEDS; i++) {
		struct flows f;
		uint64_t got;

		how.seed = 4 * i + 1;
		flows_open(&f, &how);
		flows_pass(&f, S(10));
		got = f.flow[0].got;
		flows_pass(&f, S(RUN_SECONDS));
		sum += goodput_mbit(&f, f.flow[0].got - got, S(10));
		flows_close(&f);
	}
	return sum / SEEDS;
}

static void
put_steady(uint64_t rate_bps, uint8_t congestion)
{
	const struct flows_how how = {
		.rate_bps = rate_bps,
		.rtt_ns = MS(20),
		.queue_bytes = queue_of(rate_bps, MS(20), 100),
		.odds.loss_ppm = 10000,
		.congestion = congestion,
		.segments = 1000,
	};
	const struct model m = model_of(&how);
	double closed = mbit_of(model_rate(&m)), chance = mbit_of(model_rate_by_chance(&m, 1));
	double mbit;

	if (!is_wanted()) {
		put("%-10s %-8s        ? %8.2f     ? %8.2f     ?", rate_name(rate_bps),
		    names[congestion], closed, chance);
		return;
	}
	mbit = steady_mbit(how);
	put("%-10s %-8s %8.2f %8.2f %5.2f %8.2f %5.2f", rate_name(rate_bps), names[congestion],
	    mbit, closed, mbit / closed, chance, mbit / chance);
	out.off_model |= mbit < 0.9 * chance || mbit > 1.1 * chance;
}

static void
put_all_steady(void)
{
	static const uint64_t rates[] = { 10 * MBIT, 100 * MBIT, GBIT, 10 * GBIT };

	put(" ");
	put("In the long run at 1 %% loss and 20 ms, queue 100 %%, Mbit/s; %d s, mean of %d seeds",
	    RUN_SECONDS, SEEDS);
	put("closed: RFC 9438 4.3 and 5, at most the line; by chance: the same, losses as they "
	    "come");
	put(" ");
	put("%-10s %-8s %8s %8s %5s %8s %5s", "rate", "", "goodput", "closed", "ratio", "chance",
	    "ratio");
	for (unsigned int rate = 0; rate < 4; rate++) {
		put_steady(rates[rate], TERN_NEWRENO);
		put_steady(rates[rate], TERN_CUBIC);
	}
}

/* Comparing ---------------------------------------------------------------------------------- */

/* Word by word; "?" stands for a figure that was not made. */
static bool
is_same(const char *made, const char *golden)
{
	size_t a, b;

	for (;; made += a, golden += b) {
		made += strspn(made, " ");
		golden += strspn(golden, " ");
		a = strcspn(made, " ");
		b = strcspn(golden, " ");
		if (a == 0 || b == 0)
			return a == b;
		if (*made != '?' && (a != b || strncmp(made, golden, a) != 0))
			return false;
	}
}

static bool
write_file(const char *path)
{
	FILE *file = fopen(path, "w");

	if (file == NULL)
		return false;
	for (unsigned int i = 0; i < out.n; i++)
		fprintf(file, "%s\n", out.line[i]);
	return fclose(file) == 0;
}

/* Return: how many lines differ. */
static unsigned int
compare_file(const char *path)
{
	char golden[LINE_BYTES];
	unsigned int differ = 0, i;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		return out.n;
	for (i = 0; fgets(golden, sizeof(golden), file) != NULL; i++) {
		golden[strcspn(golden, "\n")] = '\0';
		if (i < out.n && is_same(out.line[i], golden))
			continue;
		printf("# was: %s\n# is:  %s\n", golden, i < out.n ? out.line[i] : "");
		differ++;
	}
	fclose(file);
	return differ + (i < out.n ? out.n - i : 0);
}

int
main(int argc, char **argv)
{
	const char *option = argc > 2 ? argv[2] : "";
	unsigned int differ = 0;

	if (argc < 2 ||
	    (*option != '\0' && strcmp(option, "--write") != 0 && strcmp(option, "--some") != 0)) {
		fprintf(stderr, "usage: %s FILE [--write | --some]\n", argv[0]);
		return 2;
	}
	out.some = strcmp(option, "--some") == 0;
	put_all_transfers();
	put_all_steady();
	if (strcmp(option, "--write") == 0 && !write_file(argv[1])) {
		perror(argv[1]);
		return 1;
	}
	differ = compare_file(argv[1]);
	printf("1..2\n%s 1 - goodput is as in the table (%u lines differ; --write makes it anew)\n",
	       differ == 0 ? "ok" : "not ok", differ);
	printf("%s 2 - within 10 %% of the model at 1 %% loss\n", out.off_model ? "not ok" : "ok");
	return 0;
}
