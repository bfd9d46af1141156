/* SPDX-License-Identifier: BSD-3-Clause */
#include "wire/tcp.h"

static void
read_option(const uint8_t *at, uint32_t len, struct segment *s)
{
	if (at[0] == TCP_OPTION_MSS && len == TCP_OPTION_MSS_BYTES)
		s->mss = (uint16_t)(at[2] << 8 | at[3]);
	else if (at[0] == TCP_OPTION_WSCALE && len == TCP_OPTION_WSCALE_BYTES)
		s->wscale = at[2] < TCP_WSCALE_MAX ? at[2] : TCP_WSCALE_MAX;
}

void
tcp_read_options(const uint8_t *at, uint32_t len, struct segment *s)
{
	uint32_t size;

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
tcp_write_options(uint8_t *at, uint16_t mss, uint8_t wscale)
{
	at[0] = TCP_OPTION_MSS;
	at[1] = TCP_OPTION_MSS_BYTES;
	at[2] = (uint8_t)(mss >> 8);
	at[3] = (uint8_t)mss;
	if (wscale == TCP_WSCALE_NONE)
		return TCP_OPTION_MSS_BYTES;
	at[4] = TCP_OPTION_NOP;
	at[5] = TCP_OPTION_WSCALE;
	at[6] = TCP_OPTION_WSCALE_BYTES;
	at[7] = wscale;
	return TCP_OPTION_MSS_BYTES + 1 + TCP_OPTION_WSCALE_BYTES;
}
