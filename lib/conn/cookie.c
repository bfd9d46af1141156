/* SPDX-License-Identifier: BSD-3-Clause */
#include "conn/cookie.h"
#include "conn/machine.h"
#include "core/siphash.h"

enum {
	COOKIE_MSS_BITS = 0x7,
	COOKIE_PARITY = 0x8,
	COOKIE_DATA = 0xf, /* both */
	ECHO_WSCALE = 0xf,
	ECHO_SACK = 0x10,
	ECHO_ECN = 0x20,
	ECHO_BITS = 0x3f,
	ECHO_NONE = 0xff, /* no Timestamps: nothing is echoed */
};

/* What Ethernet, its tunnels and jumbo frames leave for TCP, and the least that we use. */
static const uint16_t mss_of[COOKIE_MSS_BITS + 1] = { 48, 536, 1220, 1360, 1400, 1440, 1460, 8960 };

/* The largest that is not too large. */
static uint32_t
mss_index(uint16_t mss)
{
	uint32_t i = COOKIE_MSS_BITS;

	while (i > 0 && mss_of[i] > mss)
		i--;
	return i;
}

static uint32_t
period(const struct tern_tcp *tcp)
{
	return (uint32_t)(tcp->now / (64 * TERN_S));
}

void
cookie_reduce(const struct tern_tcp *tcp, struct segment *syn)
{
	if (syn->mss == 0)
		syn->mss = TCP_MSS_DEFAULT;
	syn->mss = mss_of[mss_index(syn->mss)];
	if (!tcp->sack)
		syn->has &= (uint8_t)~SEGMENT_SACK_PERMITTED;
	if (tcp->ecn == 0 || !segment_asks_ecn(syn))
		syn->flags &= (uint8_t) ~(TCP_ECE | TCP_CWR);
	if (tcp->wscale == TCP_WSCALE_NONE)
		syn->wscale = TCP_WSCALE_NONE;
	if (tcp->timestamps && (syn->has & SEGMENT_TIMESTAMPS) != 0)
		return;
	syn->has = 0;
	syn->wscale = TCP_WSCALE_NONE;
	syn->flags &= (uint8_t) ~(TCP_ECE | TCP_CWR);
}

/* What is sent as the low bits of TSval. */
static uint8_t
echo_of(const struct segment *syn)
{
	uint8_t echo = ECHO_NONE;

	if ((syn->has & SEGMENT_TIMESTAMPS) == 0)
		return echo;
	echo = syn->wscale == TCP_WSCALE_NONE ? ECHO_WSCALE : syn->wscale;
	if ((syn->has & SEGMENT_SACK_PERMITTED) != 0)
		echo |= ECHO_SACK;
	if ((syn->flags & TCP_ECE) != 0)
		echo |= ECHO_ECN;
	return echo;
}

static uint32_t
hash(const struct tern_tcp *tcp, const struct tuple *t, uint32_t irs, uint32_t when, uint32_t data,
     uint8_t echo)
{
	struct {
		struct tuple t;
		uint32_t irs, when, rest;
	} all;

	memset(&all, 0, sizeof(all)); /* the padding too */
	memcpy(&all.t, t, TUPLE_BYTES);
	all.irs = irs;
	all.when = when;
	all.rest = data << 8 | echo;
	return (uint32_t)siphash24(tcp->cookies.key, &all, sizeof(all)) & ~(uint32_t)COOKIE_DATA;
}

static void
note_sent(struct cookies *c, uint32_t when)
{
	if (!c->sent || c->last != when) {
		c->sent_before = c->sent && c->last + 1 == when;
		c->last = when;
		c->sent = true;
	}
}

/* RFC 4987 §3.6 */
uint32_t
cookie_make(struct tern_tcp *tcp, const struct tuple *t, const struct segment *syn)
{
	uint32_t when = period(tcp), data = mss_index(syn->mss);

	if ((when & 1) != 0)
		data |= COOKIE_PARITY;
	note_sent(&tcp->cookies, when);
	return hash(tcp, t, syn->seq, when, data, echo_of(syn)) | data;
}

uint32_t
cookie_timestamp(const struct segment *syn, uint32_t now)
{
	uint32_t low = echo_of(syn) & ECHO_BITS, high = now & ~(uint32_t)ECHO_BITS;

	return (high | low) - ((now & ECHO_BITS) < low ? ECHO_BITS + 1 : 0);
}

bool
cookie_expected(const struct tern_tcp *tcp)
{
	return tcp->cookies.sent && period(tcp) - tcp->cookies.last <= 1;
}

/* Was one sent then? Expected they are. */
static bool
was_sent(const struct cookies *c, uint32_t when)
{
	return when == c->last || (when + 1 == c->last && c->sent_before);
}

static void
restore(struct segment *syn, uint32_t data, uint8_t echo)
{
	syn->flags = TCP_SYN;
	syn->mss = mss_of[data & COOKIE_MSS_BITS];
	syn->wscale = TCP_WSCALE_NONE;
	if (echo == ECHO_NONE)
		return;
	syn->has = SEGMENT_TIMESTAMPS;
	if ((echo & ECHO_WSCALE) <= TCP_WSCALE_MAX)
		syn->wscale = echo & ECHO_WSCALE;
	if ((echo & ECHO_SACK) != 0)
		syn->has |= SEGMENT_SACK_PERMITTED;
	if ((echo & ECHO_ECN) != 0)
		syn->flags |= TCP_ECE | TCP_CWR;
}

bool
cookie_read(const struct tern_tcp *tcp, const struct tuple *t, const struct segment *ack,
	    struct segment *syn)
{
	uint32_t cookie = ack->ack - 1, data = cookie & COOKIE_DATA, when = period(tcp);
	bool timestamps = tcp->timestamps && (ack->has & SEGMENT_TIMESTAMPS) != 0;
	uint8_t echo = timestamps ? ack->ts_ecr & ECHO_BITS : ECHO_NONE;

	if ((when & 1) != ((data & COOKIE_PARITY) != 0))
		when--;
	if (!was_sent(&tcp->cookies, when))
		return false;
	*syn = (struct segment){ .seq = ack->seq - 1, .ts_val = ack->ts_val };
	restore(syn, data, echo);
	return (hash(tcp, t, syn->seq, when, data, echo) | data) == cookie;
}
