/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stdbool.h>

#include "model.h"
#include "world.h"

enum { ROUNDS = 300000, LEAST_WINDOW = 2 };

double
model_window(const struct model *m)
{
	double aimd = sqrt(m->alpha * (1 + m->beta) / (2 * (1 - m->beta) * m->loss));
	double cubic = pow(m->cubic * (3 + m->beta) / (4 * (1 - m->beta)), 0.25) *
		       pow(m->rtt_s / m->loss, 0.75);

	return aimd > cubic ? aimd : cubic;
}

/* An unloaded round trip takes the path's delay and the sending of a segment. */
static double
shortest_s(const struct model *m)
{
	return m->rtt_s + m->segment_s;
}

double
model_rate(const struct model *m)
{
	double rate = model_window(m) / shortest_s(m), line = 1 / m->segment_s;

	return rate < line ? rate : line;
}

/* A flow, between two round trips. */
struct flow_of_model {
	double window, before; /* before: the last reduction */
	double estimate;       /* W_est */
	double epoch_s;	       /* since it began */
	bool repairing;
};

/* RFC 9438 §4.2, Figure 1 and 2 */
static double
w_cubic(const struct model *m, const struct flow_of_model *f)
{
	double k = cbrt(f->before * (1 - m->beta) / m->cubic), t = f->epoch_s - k;

	return m->cubic * t * t * t + f->before;
}

static void
grow(const struct model *m, struct flow_of_model *f, double acked)
{
	double alpha = f->estimate < f->before ? m->alpha : m->alpha_beyond, cubic = 0;

	f->estimate += alpha * acked / f->window;
	if (m->cubic > 0)
		cubic = w_cubic(m, f);
	f->window = fmax(f->window, fmax(f->estimate, fmin(cubic, 1.5 * f->window)));
}

static void
shrink(const struct model *m, struct flow_of_model *f)
{
	f->before = f->window;
	f->window = fmax(f->window * m->beta, LEAST_WINDOW);
	f->estimate = f->window;
	f->epoch_s = 0;
	f->repairing = true;
}

double
model_rate_by_chance(const struct model *m, uint64_t seed)
{
	struct flow_of_model f = { .window = 10 };
	double seconds = 0, delivered = 0, sent, round_s;

	for (uint64_t i = 0; i < ROUNDS; i++) {
		double chance = (double)(mix(seed << 32 | i) >> 11) * 0x1p-53;

		sent = floor(f.window) - 0.5;
		round_s = fmax(shortest_s(m), sent * m->segment_s);
		seconds += round_s;
		f.epoch_s += round_s;
		delivered += sent * (1 - m->loss);
		if (chance > pow(1 - m->loss, sent) ||
		    sent * m->segment_s > shortest_s(m) + m->queue * m->segment_s)
			shrink(m, &f);
		else if (!f.repairing)
			grow(m, &f, sent);
		else
			f.repairing = false;
	}
	return delivered / seconds;
}
