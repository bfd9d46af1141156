/* SPDX-License-Identifier: BSD-3-Clause */
#include <math.h>
#include <stddef.h>

#include "gen/load/schedule.h"

static const double NS_A_SECOND = 1e9;
/* Of an arrival: sums of rates times seconds are not whole though they were meant to be. */
static const double SLACK = 1e-6;

static double
phase_arrivals(const struct phase *phase)
{
	return (phase->from + phase->to) / 2 * ((double)phase->ns / NS_A_SECOND);
}

/*
 * When x arrivals of a phase have been, ns from its start: the t with from t + slope t^2 / 2 = x,
 * in the form in which nothing cancels.
 */
static double
phase_time(const struct phase *phase, double x)
{
	double slope = (phase->to - phase->from) / ((double)phase->ns / NS_A_SECOND);
	double square = phase->from * phase->from + 2 * slope * x;

	if (x <= 0)
		return 0;
	return 2 * x / (phase->from + sqrt(fmax(square, 0))) * NS_A_SECOND;
}

uint64_t
profile_total_ns(const struct profile *p)
{
	uint64_t total = 0;

	for (unsigned int i = 0; i < p->n; i++)
		total += p->phases[i].ns;
	return total;
}

double
profile_arrivals(const struct profile *p)
{
	double total = 0;

	for (unsigned int i = 0; i < p->n; i++)
		total += phase_arrivals(&p->phases[i]);
	return total;
}

void
profile_hold(struct profile *p, double rate, uint64_t ns)
{
	p->phases[0] = (struct phase){ .from = rate, .to = rate, .ns = ns };
	p->n = 1;
}

/* splitmix64: any seed will do, and neighbours have nothing in common. */
static uint64_t
scramble(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

/* Exponential, of mean 1: the logarithm of a number from 2^-53 to 1. */
static double
exponential(struct schedule *s)
{
	return -log((double)((scramble(&s->random) >> 11) + 1) * 0x1p-53);
}

static void
enter_phase(struct schedule *s)
{
	const struct phase *phase = &s->profile->phases[s->phase];

	s->end = s->base + phase_arrivals(phase);
	s->ns_each = phase->from == phase->to && phase->from > 0 ? NS_A_SECOND / phase->from : 0;
}

/* The phase of arrival s->at. False: the profile is over. */
static bool
find_phase(struct schedule *s)
{
	const struct profile *p = s->profile;

	while (s->at > s->end - SLACK) {
		s->phase_ns += p->phases[s->phase].ns;
		if (++s->phase >= p->n)
			return false;
		s->base = s->end;
		enter_phase(s);
	}
	return true;
}

static void
settle(struct schedule *s)
{
	double x, ns;

	if (s->phase >= s->profile->n || (s->at > s->end - SLACK && !find_phase(s))) {
		s->next_ns = UINT64_MAX;
		return;
	}
	x = fmax(s->at - s->base, 0);
	ns = s->ns_each > 0 ? x * s->ns_each : phase_time(&s->profile->phases[s->phase], x);
	s->next_ns = s->phase_ns + (uint64_t)ns;
}

void
schedule_start(struct schedule *s, const struct profile *p, unsigned int index,
	       unsigned int workers, uint64_t seed, uint64_t begin_ns)
{
	double burst = p->pacing == PACING_BURST && p->burst > 0 ? p->burst : 1;

	*s = (struct schedule){ .profile = p,
				.step = workers * burst,
				.at = index * burst,
				.phase_ns = begin_ns,
				.total = profile_arrivals(p),
				.random = seed + (uint64_t)index * UINT64_C(0xd1342543de82ef95) };
	if (p->n > 0)
		enter_phase(s);
	if (p->pacing == PACING_POISSON)
		s->at = s->step * exponential(s);
	settle(s);
}

/* A burst is cut off where the profile ends, so that as many come as were asked for. */
static bool
more_of_burst(struct schedule *s)
{
	s->in_burst++;
	return s->in_burst < s->profile->burst && s->at + s->in_burst < s->total - SLACK;
}

void
schedule_next(struct schedule *s)
{
	switch (s->profile->pacing) {
	case PACING_POISSON:
		s->at += s->step * exponential(s);
		break;
	case PACING_BURST:
		if (more_of_burst(s))
			return;
		s->in_burst = 0;
		s->at += s->step;
		break;
	case PACING_UNIFORM:
		s->at += s->step;
		break;
	}
	settle(s);
}
