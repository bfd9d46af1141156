/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/suites/frames.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const uint64_t TRIAL_NS = 60 * TERN_S; /* RFC 2544 §24 */
static const double ABLE = 0.98; /* of what the generator did at its limit it does always */

/* For Ethernet: RFC 2544 §9.1, and RFC 8219 §5.1.1 as far as a port takes them without ado. */
static const uint16_t SIZES_2544[] = { 64, 128, 256, 512, 1024, 1280, 1518 };
static const uint16_t SIZES_8219[] = { 64, 128, 256, 512, 768, 1024, 1280, 1518 };

void
frames_trial(const struct frames *f, double rate, uint64_t omit_ns, uint64_t ns,
	     struct trial *trial)
{
	trial_at_rate(f->s->plan, rate, omit_ns + ns, trial);
	trial->omit_ns = omit_ns;
	trial->duration_ns = ns;
	trial->imix.n = 1;
	trial->imix.size[0].bytes = f->bytes;
	trial->imix.size[0].times = 1;
}

unsigned int
frames_repeats(const struct frames *f, unsigned int wanted)
{
	return f->s->plan->repeat > 1 ? f->s->plan->repeat : wanted;
}

/* Throughput, RFC 2544 §26.1 ---------------------------------------------------------------- */

static void
at_this_size(struct measurer *m, double load, struct trial *trial)
{
	frames_trial(m->data, load, 0, trial->duration_ns, trial);
}

static double
loss_of_frames(struct measurer *m, double load, const struct result *r, bool *limited)
{
	return search_loss(m->plan, load, r, limited);
}

/*
 * As RFC 9971 §4.10.2 has a search that complies with RFC 2544: no loss, no trial that exceeds it,
 * and a trial of the full length at the result.
 */
static struct mlr_goal
goal_of(const struct frames *f)
{
	const struct plan *plan = f->s->plan;

	return (struct mlr_goal){
		.width = search_width(plan),
		.initial_ns = plan->trial_most_ns > 0 ? RTE_MIN(plan->trial_least_ns, f->trial_ns) :
							f->trial_ns,
		.final_ns = f->trial_ns,
		.sum_ns = f->trial_ns,
	};
}

static void
take_bounds(struct frames *f)
{
	struct mlr_result r;

	mlr_conclude(&f->mlr, 0, &r);
	f->throughput = r.lower;
	f->limited = r.limited;
	f->loses_at_ceiling = r.upper > 0 && !r.limited;
	f->ceiling = f->throughput;
	for (unsigned int i = 0; i < f->mlr.trials_n; i++) {
		const struct mlr_trial *t = &f->mlr.trials[i];

		f->ceiling = fmax(f->ceiling, t->limited ? ABLE * t->offered : t->load);
	}
}

static void
tell_throughput(const struct frames *f)
{
	const char *what = f->throughput == 0  ? "loss at any rate" :
			   f->limited	       ? "generator-limited" :
			   f->loses_at_ceiling ? "regular" :
						 "no loss at the highest rate";
	const struct cell cells[] = {
		{ .name = "frame_bytes", .number = f->bytes },
		{ .name = "frames_per_s", .number = f->throughput },
		{ .name = "bits_per_s", .number = 8.0 * f->bytes * f->throughput },
		{ .name = "trial_ns", .number = (double)f->trial_ns },
		{ .name = "result", .text = what },
	};

	report_row(f->s->report, "throughput", cells, sizeof(cells) / sizeof(cells[0]));
}

static int
find_throughput(struct frames *f)
{
	struct measurer m = {
		.prepare = at_this_size, .loss = loss_of_frames, .plan = f->s->plan, .data = f
	};
	int status;

	memset(&f->mlr, 0, sizeof(f->mlr));
	f->mlr.goals_n = 1;
	f->mlr.goals[0] = goal_of(f);
	search_range(f->s->plan, &f->mlr);
	status = search_run(f->s, &f->mlr, &m);
	if (status != 0)
		return status;
	take_bounds(f);
	tell_throughput(f);
	if (f->throughput == 0)
		return 3;
	return f->limited ? 4 : 0;
}

/* Sizes ------------------------------------------------------------------------------------- */

static int
one_size(struct frames *f, int (*test)(struct frames *f))
{
	int status = find_throughput(f);

	if (status == 1 || status == 2 || f->throughput == 0)
		return status;
	return suite_worse(status, test(f));
}

/* Return: how many. */
static unsigned int
sizes_of(struct series *s, uint16_t sizes[SIZES_MAX])
{
	const struct imix *imix = &s->plan->imix;

	for (unsigned int i = 0; i < imix->n; i++)
		sizes[i] = imix->size[i].bytes;
	if (imix->n > 0)
		return imix->n;
	if (s->plan->suite == SUITE_RFC2544) {
		memcpy(sizes, SIZES_2544, sizeof(SIZES_2544));
		return RTE_DIM(SIZES_2544);
	}
	suite_note(s, "RFC 8219 §5.1.1 wants frames of 1522, 2048, 4096, 8192 and 9216 bytes, too: "
		      "give --sizes where the port and the device take them");
	memcpy(sizes, SIZES_8219, sizeof(SIZES_8219));
	return RTE_DIM(SIZES_8219);
}

int
frames_each(struct series *s, int (*test)(struct frames *f))
{
	uint16_t sizes[SIZES_MAX];
	unsigned int n = sizes_of(s, sizes);
	struct frames *f = calloc(1, sizeof(*f));
	int status = 0;

	if (f == NULL)
		return suite_refuse("no memory");
	f->s = s;
	f->trial_ns = s->plan->trial_most_ns > 0 ? s->plan->trial_most_ns : TRIAL_NS;
	if (s->plan->suite == SUITE_RFC8219 && s->plan->trial_most_ns > 0)
		f->trial_ns /= 2; /* what --trial says is the whole stream there: §7.2 */
	if (f->trial_ns < TRIAL_NS)
		suite_note(s, "trials of %.9g s: this is not RFC length, which is 60 s",
			   (double)f->trial_ns / 1e9);
	for (unsigned int i = 0; i < n && status != 1 && status != 2; i++) {
		f->bytes = sizes[i];
		status = suite_worse(status, one_size(f, test));
	}
	free(f);
	return status;
}

/* Before ------------------------------------------------------------------------------------ */

int
frames_check(struct series *s, const char *const *tests)
{
	if (s->plan->mode != MODE_RR || s->plan->proto == PROTO_TCP || s->plan->proto == PROTO_HTTP)
		return suite_refuse("%s: of datagrams that come back: rr with udp or icmp",
				    suite_names[s->plan->suite]);
	return suite_check_tests(s->plan, tests);
}

void
frames_notes(struct series *s)
{
	suite_note(s, "for an isolated test network only, never for one that others use: RFC 6815");
	suite_note(s, "the device sends each frame back: rates are of one direction, times are of "
		      "the round trip");
	suite_note(s, "latency as store-and-forward devices have it (RFC 1242): from the last bit "
		      "in to the first bit out, by the generator's timestamps");
	suite_note(s,
		   "100%% is --max, the rate of the media, or the highest that could be offered");
}
