/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What congestion control allows, by arithmetic alone: nothing here has seen the code under test.
 */
#ifndef SIM_MODEL_H
#define SIM_MODEL_H

#include <stdint.h>

/* A path and how one flow treats it. Windows are in full segments. */
struct model {
	double loss;	  /* of a packet, by chance and alone */
	double rtt_s;	  /* without queue, and without the time that a packet takes to be sent */
	double segment_s; /* that time: what the link's rate means */
	double queue;	  /* segments that may wait */
	double beta;	  /* what congestion leaves of a window */
	double alpha;	  /* segments that a window grows by in a round trip */
	double alpha_beyond; /* the same once it is as large as before the reduction */
	double cubic;	     /* C of the cubic function; 0: there is none */
};

/*
 * The closed forms, one packet of every 1 / loss being lost: segments in flight in the mean.
 *
 * RFC 9438 §4.3: AVG_AIMD = sqrt(alpha (1 + beta) / (2 (1 - beta) p)). NewReno's alpha is 1, as
 * bytes are counted (RFC 3465 §2.1) and delayed ACKs do not slow it down, its beta 1/2 (RFC 5681
 * (3), (4)): that makes sqrt(3 / (2 p)), the formula of Mathis, Semke, Mahdavi and Ott (1997).
 * CUBIC's W_est has beta 0.7 and alpha 3 (1 - beta) / (1 + beta), chosen to come to the same.
 *
 * RFC 9438 §5: AVG_W_cubic = (C (3 + beta) / (4 (1 - beta)))^(1/4) (RTT / p)^(3/4). CUBIC is never
 * slower than W_est (§4.3), so its window is the larger of the two.
 */
double model_window(const struct model *m);

/* Segments a second with that window, or what the link carries if that is less. */
double model_rate(const struct model *m);

/*
 * The same by the steps that the RFCs describe, losses coming by chance: round trip after round
 * trip is played. It knows what the closed forms leave out:
 *
 *  - Between two losses there is not always the same number of packets, and several lost in one
 *    round trip count once (RFC 6582 §3.2, RFC 6675 §5).
 *  - In the round trip that repairs them the window does not grow (RFC 6937).
 *  - W_est grows by one segment once it has come up to what it was (RFC 9438 §4.3), so that CUBIC
 *    gains from long intervals what Reno does.
 *  - Every second segment is acknowledged (RFC 5681 §4.2). Where the last one has no partner it
 *    waits for one of the next round trip: half a segment in the mean is neither under way nor
 *    acknowledged.
 *  - What the link cannot carry waits, and makes round trips longer; what cannot wait is lost.
 *
 * In segments a second, the same for the same seed.
 */
double model_rate_by_chance(const struct model *m, uint64_t seed);

#endif
