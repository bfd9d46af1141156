/* SPDX-License-Identifier: BSD-3-Clause */
#include <string.h>

#include <criterion/criterion.h>

#include "core/random.h"
#include <tern_stream_ring.h>

enum { SIZE_MAX_BYTES = 300, GUARD = 0xa5 };

/* A ring with guards at both ends, and what it should hold, in order. */
static uint8_t memory[1 + SIZE_MAX_BYTES + 1];
static uint8_t model[SIZE_MAX_BYTES];
static struct tern_ring ring;

static void
start(uint32_t size, uint32_t first, uint32_t used)
{
	memset(memory, GUARD, sizeof(memory));
	tern_ring_init(&ring, memory + 1, size);
	ring.first = first;
	ring.used = used;
	for (uint32_t i = 0; i < used; i++) {
		model[i] = (uint8_t)(100 + i);
		memory[1 + (first + i) % size] = model[i];
	}
}

static uint32_t
flatten(const struct iovec *iov, unsigned int n, uint8_t *to)
{
	uint32_t sum = 0;

	for (unsigned int i = 0; i < n; i++) {
		cr_assert_gt(iov[i].iov_len, 0, "an empty piece");
		memcpy(to + sum, iov[i].iov_base, iov[i].iov_len);
		sum += (uint32_t)iov[i].iov_len;
	}
	return sum;
}

static void
check(uint32_t used)
{
	uint8_t seen[SIZE_MAX_BYTES];
	struct iovec iov[2];
	uint32_t room = 0;

	cr_assert_eq(ring.used, used, "%u used, expected %u", ring.used, used);
	cr_assert_eq(flatten(iov, tern_ring_peek(&ring, iov), seen), used);
	cr_assert_eq(memcmp(seen, model, used), 0, "size %u first %u used %u", ring.size,
		     ring.first, used);
	for (unsigned int i = 0, n = tern_ring_room(&ring, iov); i < n; i++)
		room += (uint32_t)iov[i].iov_len;
	cr_assert_eq(room, ring.size - used);
	cr_assert_eq(memory[0], GUARD);
	cr_assert_eq(memory[1 + ring.size], GUARD);
}

/* Each operation from each state of small rings: every place where the end can fall. */
Test(ring, every_wrap_position)
{
	static const uint32_t sizes[] = { 1, 2, 3, 4, 7, 16 };
	const uint8_t *data = (const uint8_t *)"0123456789abcdefgh";
	uint8_t seen[SIZE_MAX_BYTES];

	for (unsigned int k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++)
		for (uint32_t size = sizes[k], first = 0; first < size; first++)
			for (uint32_t used = 0; used <= size; used++)
				for (uint32_t n = 0; n <= size + 1; n++) {
					uint32_t fits = n < size - used ? n : size - used;

					start(size, first, used);
					check(used);
					cr_assert_eq(tern_ring_write(&ring, data, n), fits);
					memcpy(model + used, data, fits);
					check(used + fits);
					if (n > used + fits)
						continue;
					tern_ring_copy(&ring, used + fits - n, seen, n);
					cr_assert_eq(memcmp(seen, model + used + fits - n, n), 0);
					tern_ring_drop(&ring, n);
					memmove(model, model + n, used + fits - n);
					check(used + fits - n);
				}
}

/* What is written in place is as good as what is copied. */
Test(ring, written_in_place)
{
	struct iovec iov[2];

	for (uint32_t size = 1; size <= 9; size++)
		for (uint32_t first = 0; first < size; first++)
			for (uint32_t used = 0; used <= size; used++)
				for (uint32_t n = 0; n <= size - used; n++) {
					uint32_t at = used;

					start(size, first, used);
					for (unsigned int i = 0, k = tern_ring_room(&ring, iov);
					     i < k; i++)
						for (size_t j = 0; j < iov[i].iov_len; j++) {
							uint8_t *p = (uint8_t *)iov[i].iov_base + j;

							*p = model[at] = (uint8_t)(at + 1);
							at++;
						}
					tern_ring_commit(&ring, n);
					check(used + n);
				}
}

Test(ring, random_against_a_model)
{
	const uint8_t key[16] = { 3 };
	uint8_t data[SIZE_MAX_BYTES + 10], seen[SIZE_MAX_BYTES];
	struct random draw;

	random_init(&draw, key);
	for (unsigned int round = 0; round < 300; round++) {
		uint32_t size = 1 + random_below(&draw, SIZE_MAX_BYTES), used = 0;

		start(size, 0, 0);
		for (unsigned int i = 0; i < 300; i++) {
			uint32_t n = random_below(&draw, size + 10), fits, offset;

			for (uint32_t j = 0; j < n; j++)
				data[j] = (uint8_t)random_u64(&draw);
			fits = n < size - used ? n : size - used;
			cr_assert_eq(tern_ring_write(&ring, data, n), fits);
			memcpy(model + used, data, fits);
			used += fits;
			check(used);
			offset = random_below(&draw, used + 1);
			n = random_below(&draw, used - offset + 1);
			tern_ring_copy(&ring, offset, seen, n);
			cr_assert_eq(memcmp(seen, model + offset, n), 0);
			n = random_below(&draw, used + 1);
			tern_ring_drop(&ring, n);
			memmove(model, model + n, used - n);
			used -= n;
			check(used);
		}
	}
}
