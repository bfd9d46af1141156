/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * Congestion control of our own: a connection that weighs as much as four of Reno's. For one's own
 * link, where one transfer shall go before others; on the links of others it takes too much.
 */
#ifndef WEIGHTED_H
#define WEIGHTED_H

#include <tern_congestion.h>

extern const struct tern_congestion four_flows;

#endif
