/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CUBIC (RFC 9438), with HyStart++ (RFC 9406) for the initial slow start.
 *
 * A congestion avoidance stage, here an epoch, begins with the first ACK after a reduction, outside
 * of recovery and slow start. In it cwnd follows W_cubic(t) = C (t - K)^3 + W_max, or W_est, what
 * Reno would have, where that is more.
 *
 * Only t - K is ever needed, so that is what is kept; -K at the beginning of an epoch. It moves on
 * with each ACK by the time since the ACK before, but not over time in which cwnd was not what
 * held us back (§4.2, §5.8): neither to an ACK that says so nor over a silence, which is more than
 * SRTT + 4 RTTVAR without an ACK, as a full flight brings one sooner.
 *
 * All is done in integers. Windows are bytes, so that what is cut off a window is less than a byte.
 * K is right within 4 * 10^-5 of itself, and C (t - K)^3 within two bytes and 10^-5 segments for
 * each second of |t - K|, with any MSS from 48 on and windows up to 2^30 bytes: then K is at most
 * 382 s, and W_cubic is at its end 382 s after that.
 *
 * Six words hold it all since what belongs to a reduction waits until the next epoch begins: until
 * then w_max is what it was before the reduction, as undo() wants it, and W_max of the next epoch
 * is made of it and cwnd_prior when that begins. An undo() that comes later than that finds a new
 * epoch and begins another, at the cwnd that was restored.
 */
#include "conn/congestion.h"
#include "conn/hystart.h"
#include "conn/reno.h"

enum phase {
	INITIAL, /* slow start, by HyStart++ */
	BETWEEN, /* no epoch has begun since the last reduction */
	EPOCH,
	RESUMED, /* an epoch, after undo(): when the ACK before came is not known */
};

struct avoidance {
	uint32_t w_max;	     /* bytes; 0: there was no reduction, or a timeout (§4.8, §4.10) */
	uint32_t cwnd_prior; /* when ssthresh was set */
	int32_t x_us;	     /* t - K */
	uint32_t last_us;    /* when the latest ACK came; BETWEEN: the cwnd_prior before */
	uint32_t w_est;	     /* bytes; exact to the byte, the rest of it is in credit */
} __rte_may_alias;

struct cubic {
	union {
		struct hystart hystart;	    /* INITIAL */
		struct avoidance avoidance; /* later */
	};
	uint32_t credit : 26; /* bytes acknowledged that W_est has not grown by; see estimate() */
	uint32_t phase : 2;   /* enum phase */
	uint32_t before : 2;  /* the phase before the last congested() */
	uint32_t reduced : 1; /* w_max is not what the reduction makes of it yet */
	uint32_t timeout : 1; /* that was by a timeout */
} __rte_may_alias;

_Static_assert(sizeof(struct cubic) <= sizeof(uint32_t[TERN_CONGESTION_WORDS]),
	       "the state fits the block");

enum {
	CREDIT_MAX = (1 << 26) - 1,
	X_MAX_US = 400000000, /* either way: see above */
};

static struct cubic *
state_of(struct tern_conn *c)
{
	return (struct cubic *)c->congestion_state;
}

/* Whole part of the cube root of n > 0, by Newton's method: from above it falls to it. */
static uint64_t
cube_root(uint64_t n)
{
	uint64_t next = UINT64_C(1) << (66 - __builtin_clzll(n)) / 3, root;

	do {
		root = next;
		next = (2 * root + n / (root * root)) / 3;
	} while (next < root);
	return root;
}

/* §4.2: K = cbrt((W_max - cwnd_epoch) / C), seconds and segments there. */
static int32_t
k_us(uint32_t w_max, uint32_t cwnd_epoch, uint16_t mss)
{
	/* K^3 in ms^3, C = 2/5: at most 5.6 * 10^16 at an MSS of 48 */
	uint64_t cube = (uint64_t)(w_max - cwnd_epoch) * 5 * 1000000000 / (2u * mss);
	unsigned int bits = 0;

	if (cube == 0)
		return 0;
	/* As many fraction bits as there is room for. */
	while (bits < 10 && cube >> 61 == 0) {
		cube <<= 3;
		bits++;
	}
	return (int32_t)(cube_root(cube) * 1000 >> bits);
}

/* §4.2, Figure 1: W_cubic where t - K is x, bytes. */
static uint32_t
w_cubic(const struct avoidance *a, int64_t x_us, uint16_t mss)
{
	uint64_t x = (uint64_t)(x_us < 0 ? -x_us : x_us);
	uint64_t cube, bytes;

	x = RTE_MIN(x, (uint64_t)X_MAX_US);
	cube = x * x / 10000000 * x / 1000000; /* in 10^-5 s^3, below 2^43 */
	bytes = cube * 2 * mss / 500000;       /* C = 2/5 */
	if (x_us < 0)
		return bytes < a->w_max ? a->w_max - (uint32_t)bytes : 0;
	return bytes < CWND_MAX - a->w_max ? a->w_max + (uint32_t)bytes : CWND_MAX;
}

/* §4.7: fast convergence, when the window did not come up to W_max again; 0.85 = (1 + beta) / 2. */
static uint32_t
converged(uint32_t w_max, uint32_t cwnd)
{
	return cwnd < w_max ? (uint32_t)((uint64_t)cwnd * 17 / 20) : cwnd;
}

/* What the last reduction left to be done. */
static void
settle(struct cubic *s)
{
	struct avoidance *a = &s->avoidance;

	if (!s->reduced)
		return;
	s->reduced = false;
	a->w_max = s->timeout ? 0 : converged(a->w_max, a->cwnd_prior);
}

/* §4.2, §4.8, §4.10: K is 0 and W_max is cwnd where there is no W_max above it. */
static void
begin_epoch(struct cubic *s, const struct tern_conn *c, uint32_t now_us)
{
	struct avoidance *a = &s->avoidance;

	settle(s);
	a->w_max = RTE_MAX(a->w_max, c->cong.cwnd);
	a->x_us = -k_us(a->w_max, c->cong.cwnd, c->snd.mss);
	a->last_us = now_us;
	a->w_est = c->cong.cwnd;
	s->credit = 0;
	s->timeout = false;
	s->phase = EPOCH;
}

/* Time goes on in the epoch; see above. */
static void
pass_time(struct cubic *s, const struct tern_conn *c, const struct tern_acked *ack)
{
	struct avoidance *a = &s->avoidance;
	uint32_t us = ack->now_us - a->last_us;

	if (c->rtt.srtt_8 != 0)
		us = RTE_MIN(us, c->rtt.srtt_8 / 8 + c->rtt.rttvar_4);
	if (ack->limited && s->phase == EPOCH)
		a->x_us = (int32_t)RTE_MIN((int64_t)a->x_us + us, (int64_t)X_MAX_US);
	a->last_us = ack->now_us;
	s->phase = EPOCH;
}

/*
 * §4.3, Figure 4: W_est grows by alpha_cubic segments a window; alpha_cubic is
 * 3 (1 - beta) / (1 + beta) = 9/17, and 1 once W_est has come up to cwnd_prior.
 *
 * Of the bytes acknowledged as many are spent as make whole bytes of W_est. What stays is below
 * cwnd / (alpha_cubic MSS), and 2^25.3 at the most.
 */
static void
estimate(struct cubic *s, const struct tern_conn *c, uint32_t bytes)
{
	struct avoidance *a = &s->avoidance;
	bool caught_up = a->w_est >= a->cwnd_prior;
	uint64_t per_byte = (uint64_t)c->cong.cwnd * (caught_up ? 1 : 17);
	uint64_t rate = (uint64_t)c->snd.mss * (caught_up ? 1 : 9);
	uint64_t credit = (uint64_t)s->credit + bytes;
	uint64_t by = credit * rate / per_byte;

	credit -= (by * per_byte + rate / 2) / rate;
	s->credit = (uint32_t)RTE_MIN(credit, (uint64_t)CREDIT_MAX) & CREDIT_MAX;
	a->w_est = (uint32_t)RTE_MIN(a->w_est + by, (uint64_t)CWND_MAX);
}

/* §4.4, §4.5: towards what W_cubic will be in a round trip, which bounds are put to. */
static uint32_t
cubic_growth(const struct avoidance *a, const struct tern_conn *c, uint32_t bytes)
{
	uint32_t cwnd = c->cong.cwnd, most = cwnd + cwnd / 2;
	uint32_t target = w_cubic(a, (int64_t)a->x_us + c->rtt.srtt_8 / 8, c->snd.mss);

	if (target <= cwnd)
		return 0;
	target = RTE_MIN(target, most);
	return (uint32_t)((uint64_t)(target - cwnd) * bytes / cwnd);
}

static void
avoid_congestion(struct cubic *s, struct tern_conn *c, const struct tern_acked *ack)
{
	struct avoidance *a = &s->avoidance;
	uint32_t cwnd = c->cong.cwnd, bytes = RTE_MIN(ack->bytes, cwnd);

	if (s->phase == BETWEEN)
		begin_epoch(s, c, ack->now_us);
	pass_time(s, c, ack);
	if (!ack->limited)
		return;
	estimate(s, c, bytes);
	if (w_cubic(a, a->x_us, c->snd.mss) >= a->w_est)
		widen_cwnd(c, cubic_growth(a, c, bytes));
	else if (a->w_est > cwnd) /* §4.3: Reno is faster; never by more than what left */
		widen_cwnd(c, RTE_MIN(a->w_est - cwnd, bytes));
}

static void
start_hystart(struct cubic *s, const struct tern_conn *c)
{
	hystart_start(&s->hystart, c);
	s->phase = INITIAL;
}

/* No epoch goes on, and none was cut off. */
static void
stop(struct cubic *s)
{
	s->avoidance = (struct avoidance){ 0 };
	s->phase = BETWEEN;
}

static void
start(struct tern_conn *c)
{
	struct cubic *s = state_of(c);

	*s = (struct cubic){ .phase = BETWEEN };
	/* Where ssthresh says something, there was congestion before us. */
	if (c->cong.ssthresh >= CWND_MAX && c->cong.cwnd < c->cong.ssthresh)
		start_hystart(s, c);
}

static void
acked(struct tern_conn *c, const struct tern_acked *ack)
{
	struct cubic *s = state_of(c);

	if (ack->recovering)
		return;
	if (c->cong.cwnd >= c->cong.ssthresh) {
		if (s->phase == INITIAL)
			stop(s);
		avoid_congestion(s, c, ack);
	} else if (s->phase == INITIAL) {
		if (hystart_acked(&s->hystart, c, ack))
			stop(s);
	} else if (ack->limited) {
		reno_slow_start(c, ack->bytes,
				s->timeout ? SLOW_START_SEGMENTS_AFTER_TIMEOUT :
					     SLOW_START_SEGMENTS);
	}
}

/* §4.6; a mark counts as a loss. */
static uint32_t
congested(struct tern_conn *c, enum tern_congested why, uint32_t flight)
{
	struct cubic *s = state_of(c);
	struct avoidance *a = &s->avoidance;
	uint32_t ssthresh = (uint32_t)((uint64_t)flight * 7 / 10);

	s->before = s->phase;
	if (s->phase == INITIAL)
		stop(s);
	settle(s);
	a->last_us = a->cwnd_prior;
	a->cwnd_prior = c->cong.cwnd;
	s->phase = BETWEEN;
	s->reduced = true;
	s->timeout = why == TERN_CONGESTED_TIMEOUT;
	return RTE_MAX(ssthresh, 2u * c->snd.mss);
}

/* §4.9 */
static void
undo(struct tern_conn *c)
{
	struct cubic *s = state_of(c);
	struct avoidance *a = &s->avoidance;

	if (s->reduced && s->before == INITIAL) {
		start_hystart(s, c);
	} else if (s->reduced) {
		a->cwnd_prior = a->last_us;
		s->phase = s->before == BETWEEN ? BETWEEN : RESUMED;
	} else if (s->phase != INITIAL) {
		s->phase = BETWEEN;
	}
	s->reduced = false;
	s->timeout = false;
}

/* The window has become another; in the initial slow start, so may have the round trip. */
static void
restart(struct tern_conn *c, uint32_t idle_us)
{
	struct cubic *s = state_of(c);

	RTE_SET_USED(idle_us);
	if (s->phase == INITIAL)
		start_hystart(s, c);
	else if (s->phase != BETWEEN)
		s->phase = BETWEEN;
}

const struct tern_congestion tern_cubic = {
	.name = "cubic",
	.start = start,
	.acked = acked,
	.congested = congested,
	.undo = undo,
	.restart = restart,
};
