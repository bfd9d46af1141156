/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/flight.h"
#include "conn/machine.h"
#include "conn/rack.h"
#include "conn/timers.h"
#include <tern_congestion.h>
#include <tern_tcp_info.h>

static enum tern_tcp_recovery
recovery_of(const struct tern_conn *c)
{
	if ((c->flags & TERN_CONN_LOSS) != 0)
		return TERN_RECOVERY_LOSS;
	if ((c->flags & TERN_CONN_RECOVERY) != 0)
		return TERN_RECOVERY_FAST;
	return c->flight.sacked > 0 ? TERN_RECOVERY_DOUBT : TERN_RECOVERY_OPEN;
}

/* RFC 4898 §4 */
void
tern_tcp_info(const struct tern_conn *c, struct tern_tcp_info *info)
{
	*info = (struct tern_tcp_info){
		.state = c->state,
		.recovery = recovery_of(c),
		.sack = (c->flags & TERN_CONN_SACK) != 0,
		.timestamps = (c->flags & TERN_CONN_TIMESTAMPS) != 0,
		.ecn = (c->flags & TERN_CONN_ECN) != 0,
		.window_scale = (c->flags & TERN_CONN_WSCALE) != 0,
		.congestion = c->congestion != NULL ? c->congestion->name : "",
		.smoothed_rtt_us = c->rtt.srtt_8 / 8,
		.rtt_var_us = c->rtt.rttvar_4 / 4,
		.min_rtt_us = c->rtt.least_us,
		.cur_rto_us = rexmit_rto(c) * (TERN_TICK_NS / 1000),
		.subsequent_timeouts = c->rtt.backoff,
		.dup_acks_in = c->snd.dupacks,
		.cur_mss = c->snd.mss,
		.cur_cwnd = c->cong.cwnd,
		.cur_ssthresh = c->cong.ssthresh,
		.pipe_size = flight_pipe(c),
		.sacked = c->flight.sacked,
		.lost = c->flight.lost,
		.reordering_us = rack_window_us(c),
		.cur_rwin_rcvd = c->snd.wnd,
		.cur_rwin_sent = c->rcv.adv - c->rcv.nxt,
		.snd_wind_scale = c->snd.wscale,
		.rcv_wind_scale = c->rcv.wscale,
		.snd_una = c->snd.una,
		.snd_nxt = c->snd.nxt,
		.snd_max = c->snd.max,
		.rcv_nxt = c->rcv.nxt,
		.thru_octets_acked = c->sent,
		.cur_reasm_pkts = c->early_n,
		.rcv_space = c->rcv.space,
	};
}
