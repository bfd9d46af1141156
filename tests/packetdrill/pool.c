/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_mbuf.h>

#include "pool.h"

/* The free ones, the last returned on top. */
struct stack {
	uint32_t n;
	void *objects[];
};

static int
stack_alloc(struct rte_mempool *mp)
{
	(void)mp;
	return 0;
}

static void
stack_free(struct rte_mempool *mp)
{
	(void)mp;
}

static int
push(struct rte_mempool *mp, void *const *objects, unsigned int n)
{
	struct stack *s = mp->pool_data;

	if (s->n + n > mp->size)
		return -ENOBUFS;
	memcpy(s->objects + s->n, objects, n * sizeof(*objects));
	s->n += n;
	return 0;
}

static int
pop(struct rte_mempool *mp, void **objects, unsigned int n)
{
	struct stack *s = mp->pool_data;

	if (s->n < n)
		return -ENOBUFS;
	s->n -= n;
	memcpy(objects, s->objects + s->n, n * sizeof(*objects));
	return 0;
}

static unsigned int
count(const struct rte_mempool *mp)
{
	return ((const struct stack *)mp->pool_data)->n;
}

static const struct rte_mempool_ops ops = {
	.name = "packetdrill",
	.alloc = stack_alloc,
	.free = stack_free,
	.enqueue = push,
	.dequeue = pop,
	.get_count = count,
};

static void *
zeroed(size_t bytes)
{
	void *p = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN(bytes, RTE_CACHE_LINE_SIZE));

	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}

/* Behind the header its private part: how large the mbufs are. */
static struct rte_mempool *
make_header(uint32_t n, uint16_t bytes)
{
	struct rte_pktmbuf_pool_private sizes = {
		.mbuf_data_room_size = (uint16_t)(RTE_PKTMBUF_HEADROOM + bytes),
	};
	struct rte_mempool *mp = zeroed(sizeof(*mp) + sizeof(sizes));

	if (mp == NULL)
		return NULL;
	mp->socket_id = SOCKET_ID_ANY;
	mp->size = n;
	mp->populated_size = n;
	mp->header_size = RTE_ALIGN(sizeof(struct rte_mempool_objhdr), RTE_CACHE_LINE_SIZE);
	mp->elt_size = (uint32_t)RTE_ALIGN(sizeof(struct rte_mbuf) + sizes.mbuf_data_room_size,
					   RTE_CACHE_LINE_SIZE);
	mp->private_data_size = sizeof(sizes);
	mp->ops_index = rte_mempool_register_ops(&ops);
	rte_pktmbuf_pool_init(mp, &sizes);
	return mp;
}

static void
add_objects(struct rte_mempool *mp, uint8_t *mem)
{
	size_t step = mp->header_size + mp->elt_size;
	struct rte_mempool_objhdr *header;
	void *object;

	for (uint32_t i = 0; i < mp->size; i++) {
		object = mem + i * step + mp->header_size;
		header = rte_mempool_get_header(object);
		header->mp = mp;
		header->iova = RTE_BAD_IOVA;
		rte_pktmbuf_init(mp, NULL, object, i);
		push(mp, &object, 1);
	}
}

struct rte_mempool *
pool_make(uint32_t n, uint16_t bytes)
{
	struct rte_mempool *mp = make_header(n, bytes);
	struct stack *s = zeroed(sizeof(*s) + n * sizeof(s->objects[0]));
	uint8_t *mem;

	if (mp == NULL || s == NULL || mp->ops_index < 0)
		return NULL;
	mem = zeroed(n * (size_t)(mp->header_size + mp->elt_size));
	if (mem == NULL)
		return NULL;
	mp->pool_data = s;
	mp->pool_config = mem;
	add_objects(mp, mem);
	return mp;
}

void
pool_free(struct rte_mempool *mp)
{
	free(mp->pool_config);
	free(mp->pool_data);
	free(mp);
}
