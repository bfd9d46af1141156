/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/slots.h"

size_t
slots_bytes(uint32_t n)
{
	return (size_t)n * sizeof(uint32_t);
}

void
slots_init(struct slots *slots, void *mem, uint32_t n)
{
	uint32_t i;

	assert(n <= SLOT_LAST);
	assert((uintptr_t)mem % _Alignof(uint32_t) == 0);

	slots->word = mem;
	slots->n = n;
	slots->used = 0;
	slots->free = n > 0 ? 0 : SLOT_LAST;
	slots->generation = SLOT_USED;
	for (i = 0; i < n; i++)
		slots->word[i] = i + 1 < n ? i + 1 : SLOT_LAST;
}
