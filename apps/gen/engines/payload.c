/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/engines/payload.h"

#include <string.h>

enum {
	TABLE_WORDS = 256,
	TABLE_BYTES = TABLE_WORDS * 8,
	STEP_BYTES = 16,
};

/* A number with all its bits in all the others: constants, so that the table is one, too. */
#define MIX1(i) (((uint64_t)(i) + 1) * UINT64_C(0x9e3779b97f4a7c15))
#define MIX2(i) ((MIX1(i) ^ MIX1(i) >> 29) * UINT64_C(0xd1342543de82ef95))
#define WORD(i) (MIX2(i) ^ MIX2(i) >> 32)
#define WORDS4(i) WORD(i), WORD(i + 1), WORD(i + 2), WORD(i + 3)
#define WORDS16(i) WORDS4(i), WORDS4(i + 4), WORDS4(i + 8), WORDS4(i + 12)
#define WORDS64(i) WORDS16(i), WORDS16(i + 16), WORDS16(i + 32), WORDS16(i + 48)

static const uint64_t table[TABLE_WORDS] = { WORDS64(0), WORDS64(64), WORDS64(128), WORDS64(192) };

typedef uint64_t vector __attribute__((vector_size(STEP_BYTES)));

/* A piece that does not cross the end of the table: its bytes there, and the key turned to fit. */
struct piece {
	const uint8_t *from;
	size_t len;
	vector key;
};

static inline vector
load(const uint8_t *at)
{
	vector v;

	memcpy(&v, at, sizeof(v));
	return v;
}

static struct piece
piece_at(uint64_t seed, uint64_t at, size_t len)
{
	size_t within = at % TABLE_BYTES;
	uint64_t key = WORD(WORD(seed) + at / TABLE_BYTES);
	const uint64_t keys[3] = { key, key, key };
	struct piece p = { (const uint8_t *)table + within, TABLE_BYTES - within, { 0 } };

	if (p.len > len)
		p.len = len;
	p.key = load((const uint8_t *)keys + at % 8);
	return p;
}

/* What is left behind the last whole step; the key's bytes are the same in each. */
static inline uint8_t
byte_of(const struct piece *p, size_t i)
{
	const uint8_t *key = (const uint8_t *)&p->key;

	return p->from[i] ^ key[i % STEP_BYTES];
}

static void
fill_piece(const struct piece *p, uint8_t *to)
{
	size_t i = 0;
	vector v;

	for (; i + STEP_BYTES <= p->len; i += STEP_BYTES) {
		v = load(p->from + i) ^ p->key;
		memcpy(to + i, &v, sizeof(v));
	}
	for (; i < p->len; i++)
		to[i] = byte_of(p, i);
}

static bool
check_piece(const struct piece *p, const uint8_t *data)
{
	vector wrong = { 0 };
	uint8_t wrong_too = 0;
	size_t i = 0;

	for (; i + STEP_BYTES <= p->len; i += STEP_BYTES)
		wrong |= load(p->from + i) ^ p->key ^ load(data + i);
	for (; i < p->len; i++)
		wrong_too |= (uint8_t)(byte_of(p, i) ^ data[i]);
	return (wrong[0] | wrong[1] | wrong_too) == 0;
}

/* Pseudorandom ------------------------------------------------------------------------------- */

static void
fill_random(uint64_t seed, uint64_t at, uint8_t *to, size_t len)
{
	for (size_t done = 0; done < len;) {
		struct piece p = piece_at(seed, at + done, len - done);

		fill_piece(&p, to + done);
		done += p.len;
	}
}

static bool
check_random(uint64_t seed, uint64_t at, const uint8_t *data, size_t len)
{
	for (size_t done = 0; done < len;) {
		struct piece p = piece_at(seed, at + done, len - done);

		if (!check_piece(&p, data + done))
			return false;
		done += p.len;
	}
	return true;
}

/* A file ------------------------------------------------------------------------------------- */

/* How much of it comes in one piece; an empty one has none, and is as zero. */
static size_t
file_piece(const struct plan *plan, uint64_t at, size_t len, const uint8_t **from)
{
	size_t within = at % plan->file_bytes, rest = plan->file_bytes - within;

	*from = plan->file + within;
	return rest < len ? rest : len;
}

static void
fill_file(const struct plan *plan, uint64_t at, uint8_t *to, size_t len)
{
	const uint8_t *from;

	for (size_t done = 0, n; done < len; done += n) {
		n = file_piece(plan, at + done, len - done, &from);
		memcpy(to + done, from, n);
	}
}

static bool
check_file(const struct plan *plan, uint64_t at, const uint8_t *data, size_t len)
{
	const uint8_t *from;

	for (size_t done = 0, n; done < len; done += n) {
		n = file_piece(plan, at + done, len - done, &from);
		if (memcmp(data + done, from, n) != 0)
			return false;
	}
	return true;
}

static bool
check_zero(const uint8_t *data, size_t len)
{
	vector any = { 0 };
	uint8_t any_too = 0;
	size_t i = 0;

	for (; i + STEP_BYTES <= len; i += STEP_BYTES)
		any |= load(data + i);
	for (; i < len; i++)
		any_too |= data[i];
	return (any[0] | any[1] | any_too) == 0;
}

/* All of them -------------------------------------------------------------------------------- */

static enum payload
kind_of(const struct plan *plan)
{
	return plan->payload == PAYLOAD_FILE && plan->file_bytes == 0 ? PAYLOAD_ZERO :
									plan->payload;
}

void
payload_fill(const struct plan *plan, uint64_t seed, uint64_t at, void *to, size_t len)
{
	switch (kind_of(plan)) {
	case PAYLOAD_ZERO:
		memset(to, 0, len);
		break;
	case PAYLOAD_RANDOM:
		fill_random(0, at, to, len);
		break;
	case PAYLOAD_PRBS:
		fill_random(seed, at, to, len);
		break;
	case PAYLOAD_FILE:
		fill_file(plan, at, to, len);
		break;
	}
}

bool
payload_check(const struct plan *plan, uint64_t seed, uint64_t at, const void *data, size_t len)
{
	switch (kind_of(plan)) {
	case PAYLOAD_ZERO:
		return check_zero(data, len);
	case PAYLOAD_RANDOM:
		return check_random(0, at, data, len);
	case PAYLOAD_PRBS:
		return check_random(seed, at, data, len);
	case PAYLOAD_FILE:
		return check_file(plan, at, data, len);
	}
	return false;
}
