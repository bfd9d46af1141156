/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/tracker.h"

#include <string.h>

/* None of these has come yet: n of them, less than there are bits. */
static void
clear(struct tracker *t, uint32_t from, uint32_t n)
{
	while (n > 0) {
		uint32_t at = from % 64, some = 64 - at < n ? 64 - at : n;
		uint64_t ones = some == 64 ? UINT64_MAX : (UINT64_C(1) << some) - 1;

		*tracker_word(t, from) &= ~(ones << at);
		from += some;
		n -= some;
	}
}

static void
skip_to(struct tracker *t, uint32_t number)
{
	uint32_t n = number - t->end;

	if (n < TRACKER_BITS)
		clear(t, t->end, n);
	else
		memset(t->bits, 0, sizeof(t->bits));
	t->end = number;
}

enum tracked
tracker_take_other(struct tracker *t, uint32_t number)
{
	uint64_t *word = tracker_word(t, number), bit = UINT64_C(1) << number % 64;
	uint32_t back = t->end - number;

	if (back > INT32_MAX) {
		skip_to(t, number);
		return tracker_take(t, number);
	}
	if (back > TRACKER_BITS)
		return TRACKED_OLD;
	if ((*word & bit) != 0)
		return TRACKED_DUPLICATE;
	*word |= bit;
	return TRACKED_REORDERED;
}
