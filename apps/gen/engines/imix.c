/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/imix.h"

static unsigned int
all_times(const struct imix *imix)
{
	unsigned int sum = 0;

	for (unsigned int i = 0; i < imix->n; i++)
		sum += imix->size[i].times;
	return sum;
}

static unsigned int
turns_in_order(const struct imix *imix, uint8_t turns[IMIX_TURNS])
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < imix->n; i++)
		for (unsigned int k = 0; k < imix->size[i].times && n < IMIX_TURNS; k++)
			turns[n++] = (uint8_t)i;
	return n;
}

/* Each size gains its times every turn; who has most has the turn, and pays the sum of all. */
unsigned int
imix_turns(const struct imix *imix, uint8_t turns[IMIX_TURNS])
{
	int credit[SIZES_MAX] = { 0 };
	unsigned int sum = all_times(imix), n = sum < IMIX_TURNS ? sum : IMIX_TURNS;

	if (imix->in_order)
		return turns_in_order(imix, turns);
	for (unsigned int turn = 0; turn < n; turn++) {
		unsigned int next = 0;

		for (unsigned int i = 0; i < imix->n; i++) {
			credit[i] += imix->size[i].times;
			if (credit[i] > credit[next])
				next = i;
		}
		credit[next] -= (int)sum;
		turns[turn] = (uint8_t)next;
	}
	return n;
}
