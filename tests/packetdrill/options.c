/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket options, fcntl() and ioctl(): those that tern has something to say to. Any other is
 * refused, so that no script passes for an option that did nothing.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/ioctl.h>

#include <tern_tcp_info.h>

#include "socks.h"

static int
give(const void *from, size_t bytes, void *to, socklen_t *len)
{
	if (*len > bytes)
		*len = (socklen_t)bytes;
	memcpy(to, from, *len);
	return 0;
}

/* What there is of it: the caller has more room, and the rest set to what it may be. */
static int
give_start(const void *from, size_t bytes, void *to, const socklen_t *len)
{
	memcpy(to, from, *len < bytes ? *len : bytes);
	return 0;
}

static int
give_int(int value, void *to, socklen_t *len)
{
	return give(&value, sizeof(value), to, len);
}

/* Linux's names. */
static const struct {
	const char *name;
	const struct tern_congestion *congestion;
} algorithms[] = {
	{ "cubic", &tern_cubic },
	{ "reno", &tern_newreno },
	{ "dctcp", &tern_dctcp },
};

/* Linux numbers the states otherwise than RFC 9293 lists them. */
static uint8_t
linux_state(uint8_t state)
{
	static const uint8_t states[TERN_TCP_STATES] = {
		[TERN_CLOSED] = 7,	 [TERN_LISTEN] = 10,	 [TERN_SYN_SENT] = 2,
		[TERN_SYN_RECEIVED] = 3, [TERN_ESTABLISHED] = 1, [TERN_FIN_WAIT_1] = 4,
		[TERN_FIN_WAIT_2] = 5,	 [TERN_CLOSE_WAIT] = 8,	 [TERN_CLOSING] = 11,
		[TERN_LAST_ACK] = 9,	 [TERN_TIME_WAIT] = 6,
	};

	return state < TERN_TCP_STATES ? states[state] : 0;
}

/* Linux's numbers for where loss recovery stands: open, disorder, CWR, recovery, loss. */
static uint8_t
recovery_state(const struct tern_conn *c, const struct tern_tcp_info *is)
{
	static const uint8_t states[] = {
		[TERN_RECOVERY_OPEN] = 0,
		[TERN_RECOVERY_DOUBT] = 1,
		[TERN_RECOVERY_FAST] = 3,
		[TERN_RECOVERY_LOSS] = 4,
	};

	if (is->recovery <= TERN_RECOVERY_DOUBT && (c->flags & TERN_CONN_REDUCED) != 0)
		return 2;
	return states[is->recovery];
}

static void
tell_options(struct tcp_info *info, const struct tern_tcp_info *is)
{
	info->tcpi_options = (is->window_scale ? TCPI_OPT_WSCALE : 0) |
			     (is->timestamps ? TCPI_OPT_TIMESTAMPS : 0) |
			     (is->sack ? TCPI_OPT_SACK : 0) | (is->ecn ? TCPI_OPT_ECN : 0);
	if (is->window_scale) {
		info->tcpi_snd_wscale = is->snd_wind_scale & 15u;
		info->tcpi_rcv_wscale = is->rcv_wind_scale & 15u;
	}
}

/* In segments what tern counts in bytes. */
static void
tell_flight(struct tcp_info *info, const struct tern_tcp_info *is)
{
	uint32_t mss = is->cur_mss > 0 ? is->cur_mss : 1;
	bool any = is->cur_ssthresh >= 1u << 30;

	info->tcpi_snd_mss = is->cur_mss;
	info->tcpi_snd_cwnd = is->cur_cwnd / mss;
	info->tcpi_snd_ssthresh = any ? INT32_MAX : is->cur_ssthresh / mss;
	info->tcpi_unacked = (is->snd_max - is->snd_una + mss - 1) / mss;
	info->tcpi_sacked = (is->sacked + mss - 1) / mss;
	info->tcpi_lost = (is->lost + mss - 1) / mss;
	info->tcpi_rtt = is->smoothed_rtt_us;
	info->tcpi_rttvar = is->rtt_var_us;
	info->tcpi_min_rtt = is->min_rtt_us;
	info->tcpi_rto = is->cur_rto_us;
	info->tcpi_backoff = (uint8_t)is->subsequent_timeouts;
	info->tcpi_bytes_acked = is->thru_octets_acked;
	info->tcpi_rcv_space = is->rcv_space;
}

/* FIN takes a number, but is no byte. */
static uint32_t
bytes_in_flight(const struct tern_conn *c)
{
	uint32_t numbers = c->snd.max - c->snd.una;

	return (c->flags & TERN_CONN_FIN_SENT) != 0 && numbers > 0 ? numbers - 1 : numbers;
}

static int
give_info(const struct sock *s, void *to, const socklen_t *len)
{
	struct tcp_info info = { .tcpi_state = linux_state(TERN_CLOSED) };
	const struct tern_conn *c = s->conn;
	struct tern_tcp_info is;

	if (s->stage == STAGE_LISTENS)
		info.tcpi_state = linux_state(TERN_LISTEN);
	memset(to, 0, *len); /* of a longer one, as kernels to come have it: not known */
	if (c == NULL)
		return give_start(&info, sizeof(info), to, len);
	tern_tcp_info(c, &is);
	info.tcpi_state = linux_state((uint8_t)is.state);
	tell_options(&info, &is);
	tell_flight(&info, &is);
	info.tcpi_ca_state = recovery_state(c, &is);
	info.tcpi_rcv_mss = c->rcv.mss;
	info.tcpi_notsent_bytes = (uint32_t)bytes_count(&s->out) - bytes_in_flight(c);
	return give_start(&info, sizeof(info), to, len);
}

/* In Linux's order, as far as there is anything to tell: bytes in use, bytes allowed. */
static int
give_memory(const struct sock *s, void *to, socklen_t *len)
{
	uint32_t memory[9] = {
		[0] = (uint32_t)bytes_count(&s->in),
		[1] = s->rcvbuf != 0 ? s->rcvbuf * 2 : s->host->flags.config.rcv_space,
		[2] = s->conn == NULL ? 0 : s->conn->snd.max - s->conn->snd.una,
		[3] = s->sndbuf,
		[5] = (uint32_t)bytes_count(&s->out),
	};

	return give(memory, sizeof(memory), to, len);
}

static int
get_of_socket(struct sock *s, int name, void *to, socklen_t *len)
{
	switch (name) {
	case SO_ERROR:
		return give_int(-sock_take_error(s), to, len);
	case SO_TYPE:
		return give_int(s->kind == KIND_STREAM ? SOCK_STREAM : SOCK_DGRAM, to, len);
	case SO_ACCEPTCONN:
		return give_int(s->stage == STAGE_LISTENS, to, len);
	case SO_REUSEADDR:
		return give_int(s->reuse, to, len);
	case SO_KEEPALIVE:
		return give_int(s->keepalive, to, len);
	case SO_LINGER:
		return give(&s->linger, sizeof(s->linger), to, len);
	case SO_SNDBUF:
		return give_int((int)s->sndbuf, to, len);
	case SO_RCVBUF:
		if (s->rcvbuf != 0) /* what was set, doubled: as Linux has it */
			return give_int((int)(s->rcvbuf * 2), to, len);
		return give_int((int)s->host->flags.config.rcv_space, to, len);
	case SO_MEMINFO:
		return give_memory(s, to, len);
	default:
		return -ENOPROTOOPT;
	}
}

static uint16_t
mss_of(const struct sock *s)
{
	if (s->conn != NULL && s->stage == STAGE_CONNECTED)
		return s->conn->snd.mss;
	return s->mss != 0 ? s->mss : 536; /* RFC 9293 MUST-15 */
}

static int
give_congestion(const struct sock *s, void *to, socklen_t *len)
{
	const struct tern_congestion *is = s->conn != NULL ? s->conn->congestion : s->congestion;

	for (size_t i = 0; is != NULL && i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (algorithms[i].congestion == is)
			return give(algorithms[i].name, strlen(algorithms[i].name) + 1, to, len);
	}
	return -ENOPROTOOPT;
}

static int
get_of_tcp(struct sock *s, int name, void *to, socklen_t *len)
{
	switch (name) {
	case TCP_NODELAY:
		return give_int(s->nodelay, to, len);
	case TCP_CORK:
		return give_int(s->cork, to, len);
	case TCP_MAXSEG:
		return give_int(mss_of(s), to, len);
	case TCP_KEEPIDLE:
		return give_int((int)s->idle_s, to, len);
	case TCP_KEEPINTVL:
		return give_int((int)s->interval_s, to, len);
	case TCP_KEEPCNT:
		return give_int((int)s->count, to, len);
	case TCP_USER_TIMEOUT:
		return give_int((int)s->timeout_ms, to, len);
	case TCP_CONGESTION:
		return give_congestion(s, to, len);
	case TCP_INFO:
		return give_info(s, to, len);
	case TCP_CC_INFO: /* of none of our algorithms */
		*len = 0;
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

int
options_get(struct sock *s, int level, int name, void *to, socklen_t *len)
{
	if (to == NULL || len == NULL)
		return -EFAULT;
	if (level == SOL_SOCKET)
		return get_of_socket(s, name, to, len);
	if (level == IPPROTO_TCP && s->kind == KIND_STREAM)
		return get_of_tcp(s, name, to, len);
	if (level == IPPROTO_IP && name == IP_TOS && s->kind == KIND_STREAM)
		return give_int(s->tos, to, len);
	return -ENOPROTOOPT;
}

/* Setting ----------------------------------------------------------------------------------- */

static int
set_of_socket(struct sock *s, int name, const void *from, socklen_t len, int value)
{
	switch (name) {
	case SO_REUSEADDR: /* tern binds a port anew without being asked */
		s->reuse = value != 0;
		return 0;
	case SO_LINGER:
		if (len < sizeof(s->linger))
			return -EINVAL;
		memcpy(&s->linger, from, sizeof(s->linger));
		return 0;
	case SO_SNDBUF: /* doubled, as Linux has it */
		if (value <= 0 || value > INT32_MAX / 2)
			return -EINVAL;
		s->sndbuf = (uint32_t)value * 2;
		return 0;
	case SO_RCVBUF:
		if (value <= 0 || value > INT32_MAX / 2)
			return -EINVAL;
		s->rcvbuf = (uint32_t)value;
		return stream_apply(s);
	case SO_KEEPALIVE:
		s->keepalive = value != 0;
		return stream_apply(s);
	default:
		return -ENOPROTOOPT;
	}
}

/* What waited for a whole segment may go. */
static void
let_go(struct sock *s)
{
	if (s->conn != NULL && s->stage == STAGE_CONNECTED)
		tern_tcp_ready(s->conn);
}

static int
set_congestion(struct sock *s, const char *name, socklen_t len)
{
	for (size_t i = 0; i < sizeof(algorithms) / sizeof(algorithms[0]); i++) {
		if (strnlen(name, len) == strlen(algorithms[i].name) &&
		    strncmp(name, algorithms[i].name, len) == 0) {
			s->congestion = algorithms[i].congestion;
			return stream_apply(s);
		}
	}
	return -ENOENT;
}

/* The seconds and counts of keep-alive: Linux's bounds, and tern's below them. */
static int
set_keepalive(struct sock *s, uint32_t *field, int value, int most)
{
	if (value < 1 || value > most)
		return -EINVAL;
	*field = (uint32_t)value;
	return stream_apply(s);
}

static int
set_mss(struct sock *s, int value)
{
	if (value < 88 || value > 32767) /* Linux's bounds */
		return -EINVAL;
	s->mss = (uint16_t)value;
	return stream_apply(s);
}

static int
set_of_tcp(struct sock *s, int name, int value)
{
	switch (name) {
	case TCP_NODELAY:
		s->nodelay = value != 0;
		stream_apply(s);
		let_go(s);
		return 0;
	case TCP_CORK:
		s->cork = value != 0;
		let_go(s);
		return 0;
	case TCP_MAXSEG:
		return set_mss(s, value);
	case TCP_KEEPIDLE:
		return set_keepalive(s, &s->idle_s, value, 32767);
	case TCP_KEEPINTVL:
		return set_keepalive(s, &s->interval_s, value, 32767);
	case TCP_KEEPCNT:
		return set_keepalive(s, &s->count, value, 127);
	case TCP_USER_TIMEOUT:
		if (value < 0)
			return -EINVAL;
		s->timeout_ms = (uint32_t)value;
		return stream_apply(s);
	default:
		return -ENOPROTOOPT;
	}
}

/* A byte, or an int of which the lowest counts; the ECN bits are TCP's. */
static int
set_tos(struct sock *s, const void *from, socklen_t len)
{
	int value = 0;

	if (len < 1)
		return -EINVAL;
	memcpy(&value, from, len < sizeof(value) ? 1 : sizeof(value));
	s->tos = (uint8_t)(value & 0xfc);
	return stream_apply(s);
}

int
options_set(struct sock *s, int level, int name, const void *from, socklen_t len)
{
	int value;

	if (from == NULL)
		return -EFAULT;
	if (level == IPPROTO_TCP && name == TCP_CONGESTION && s->kind == KIND_STREAM)
		return set_congestion(s, from, len);
	if (level == IPPROTO_IP && name == IP_TOS && s->kind == KIND_STREAM)
		return set_tos(s, from, len);
	if (len < sizeof(value))
		return -EINVAL;
	memcpy(&value, from, sizeof(value));
	if (level == SOL_SOCKET)
		return set_of_socket(s, name, from, len, value);
	if (level == IPPROTO_TCP && s->kind == KIND_STREAM)
		return set_of_tcp(s, name, value);
	return -ENOPROTOOPT;
}

int
options_fcntl(struct sock *s, int command, int arg)
{
	switch (command) {
	case F_GETFL:
		return O_RDWR | (s->nonblock ? O_NONBLOCK : 0);
	case F_SETFL:
		s->nonblock = (arg & O_NONBLOCK) != 0;
		return 0;
	case F_GETFD:
	case F_SETFD:
		return fcntl(s->fd, command, arg) < 0 ? -errno : 0;
	default:
		return -EINVAL;
	}
}

/* Bytes written, but not acknowledged (sent or not), or not even sent. */
static int
unsent(const struct sock *s, bool sent_too)
{
	size_t all = bytes_count(&s->out);

	if (sent_too || s->conn == NULL)
		return (int)all;
	return (int)(all - bytes_in_flight(s->conn));
}

int
options_ioctl(struct sock *s, unsigned long request, int *to)
{
	const struct datagram *d = &s->datagrams[s->datagram_tail % SOCK_DATAGRAMS];

	if (to == NULL)
		return -EFAULT;
	if (s->stage == STAGE_LISTENS)
		return -EINVAL;
	switch (request) {
	case FIONREAD:
		*to = (int)bytes_count(&s->in);
		if (s->kind == KIND_DATAGRAM)
			*to = s->datagram_head == s->datagram_tail ? 0 : (int)d->len;
		return 0;
	case SIOCOUTQ:
		*to = unsent(s, true);
		return 0;
	case SIOCOUTQNSD:
		*to = unsent(s, false);
		return 0;
	default:
		return -ENOTTY;
	}
}
