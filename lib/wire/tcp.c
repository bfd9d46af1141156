/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp.h"

static uint32_t
read_u32(const uint8_t *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return rte_be_to_cpu_32(value);
}

static void
write_u32(uint8_t *at, uint32_t value)
{
	rte_be32_t be = rte_cpu_to_be_32(value);

	memcpy(at, &be, sizeof(be));
}

static void
read_syn_option(const uint8_t *at, uint32_t len, struct segment *s)
{
	if (at[0] == TCP_OPTION_MSS && len == TCP_OPTION_MSS_BYTES)
		s->mss = (uint16_t)(at[2] << 8 | at[3]);
	else if (at[0] == TCP_OPTION_WSCALE && len == TCP_OPTION_WSCALE_BYTES)
		s->wscale = at[2] < TCP_WSCALE_MAX ? at[2] : TCP_WSCALE_MAX;
	else if (at[0] == TCP_OPTION_SACK_PERMITTED && len == TCP_OPTION_SACK_PERMITTED_BYTES)
		s->has |= SEGMENT_SACK_PERMITTED;
}

static void
read_sack(const uint8_t *at, uint32_t len, struct segment *s)
{
	uint32_t n = (len - TCP_OPTION_SACK_BYTES) / TCP_SACK_BLOCK_BYTES;

	if (len != TCP_OPTION_SACK_BYTES + n * TCP_SACK_BLOCK_BYTES || n > TCP_SACK_BLOCKS_MAX)
		return;
	s->sacks = (uint8_t)n;
	at += TCP_OPTION_SACK_BYTES;
	for (uint32_t i = 0; i < n; i++, at += TCP_SACK_BLOCK_BYTES)
		s->sack[i] = (struct sack_block){ read_u32(at), read_u32(at + 4) };
}

static void
read_timestamps(const uint8_t *at, struct segment *s)
{
	s->has |= SEGMENT_TIMESTAMPS;
	s->ts_val = read_u32(at + 2);
	s->ts_ecr = read_u32(at + 6);
}

static void
read_option(const uint8_t *at, uint32_t len, struct segment *s)
{
	if (at[0] == TCP_OPTION_TIMESTAMPS && len == TCP_OPTION_TIMESTAMPS_BYTES)
		read_timestamps(at, s);
	else if ((s->flags & TCP_SYN) != 0)
		read_syn_option(at, len, s);
	else if (at[0] == TCP_OPTION_SACK)
		read_sack(at, len, s);
}

/* Two NOPs and Timestamps: what nearly every segment of today carries (RFC 7323 appendix A). */
static bool
is_timestamps_only(const uint8_t *at, uint32_t len)
{
	static const uint8_t usual[4] = { TCP_OPTION_NOP, TCP_OPTION_NOP, TCP_OPTION_TIMESTAMPS,
					  TCP_OPTION_TIMESTAMPS_BYTES };

	return len == TCP_TIMESTAMPS_ROOM && memcmp(at, usual, sizeof(usual)) == 0;
}

void
tcp_read_options(const uint8_t *at, uint32_t len, struct segment *s)
{
	uint32_t size;

	if (is_timestamps_only(at, len)) {
		read_timestamps(at + 2, s);
		return;
	}
	while (len > 0 && at[0] != TCP_OPTION_END) {
		size = 1;
		if (at[0] != TCP_OPTION_NOP) {
			if (len < 2 || at[1] < 2 || at[1] > len)
				return;
			size = at[1];
			read_option(at, size, s);
		}
		at += size;
		len -= size;
	}
}

uint32_t
tcp_write_timestamps(uint8_t *at, uint32_t val, uint32_t ecr)
{
	at[0] = TCP_OPTION_NOP;
	at[1] = TCP_OPTION_NOP;
	at[2] = TCP_OPTION_TIMESTAMPS;
	at[3] = TCP_OPTION_TIMESTAMPS_BYTES;
	write_u32(at + 4, val);
	write_u32(at + 8, ecr);
	return TCP_TIMESTAMPS_ROOM;
}

/* RFC 2018 §3 */
uint32_t
tcp_write_sack(uint8_t *at, const struct sack_block *blocks, uint32_t n)
{
	at[0] = TCP_OPTION_NOP;
	at[1] = TCP_OPTION_NOP;
	at[2] = TCP_OPTION_SACK;
	at[3] = (uint8_t)(TCP_OPTION_SACK_BYTES + n * TCP_SACK_BLOCK_BYTES);
	for (uint32_t i = 0; i < n; i++) {
		write_u32(at + TCP_SACK_ROOM + i * TCP_SACK_BLOCK_BYTES, blocks[i].first);
		write_u32(at + TCP_SACK_ROOM + i * TCP_SACK_BLOCK_BYTES + 4, blocks[i].end);
	}
	return TCP_SACK_ROOM + n * TCP_SACK_BLOCK_BYTES;
}

/* SACK-Permitted takes the place of the two NOPs in front of Timestamps. */
static uint32_t
write_permissions(uint8_t *at, const struct syn_options *o)
{
	uint32_t len = 0;

	if (o->timestamps) {
		len = tcp_write_timestamps(at, o->ts_val, o->ts_ecr);
	} else if (o->sack) {
		at[0] = at[1] = TCP_OPTION_NOP;
		at[2] = TCP_OPTION_SACK_PERMITTED;
		at[3] = TCP_OPTION_SACK_PERMITTED_BYTES;
		return 4;
	}
	if (o->sack) {
		at[0] = TCP_OPTION_SACK_PERMITTED;
		at[1] = TCP_OPTION_SACK_PERMITTED_BYTES;
	}
	return len;
}

/*
 * Each but No-Operation has a length (MUST-68); there is no End, and nothing behind it (MUST-69).
 */
uint32_t
tcp_write_syn_options(uint8_t *at, const struct syn_options *o)
{
	uint32_t len = TCP_OPTION_MSS_BYTES;

	at[0] = TCP_OPTION_MSS;
	at[1] = TCP_OPTION_MSS_BYTES;
	at[2] = (uint8_t)(o->mss >> 8);
	at[3] = (uint8_t)o->mss;
	len += write_permissions(at + len, o);
	if (o->wscale == TCP_WSCALE_NONE)
		return len;
	at[len] = TCP_OPTION_NOP;
	at[len + 1] = TCP_OPTION_WSCALE;
	at[len + 2] = TCP_OPTION_WSCALE_BYTES;
	at[len + 3] = o->wscale;
	return len + 1 + TCP_OPTION_WSCALE_BYTES;
}
