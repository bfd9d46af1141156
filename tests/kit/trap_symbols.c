/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The trap by definitions that stand in front of the C library's and DPDK's.
 */
#include <dlfcn.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_malloc.h>
#include <rte_memzone.h>

#include "trap.h"

/* The C library's own, under names that nobody overrides. */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t align, size_t size);

static _Thread_local bool armed;
static _Thread_local unsigned long calls;
static _Thread_local const char *name;

static void
called(const char *what)
{
	if (!armed)
		return;
	if (calls++ == 0)
		name = what;
}

void
trap_begin(void)
{
	calls = 0;
	name = NULL;
	armed = true;
}

unsigned long
trap_end(const char **first)
{
	armed = false;
	*first = name;
	return calls;
}

void *
malloc(size_t size)
{
	called("malloc");
	return __libc_malloc(size);
}

void *
calloc(size_t n, size_t size)
{
	called("calloc");
	return __libc_calloc(n, size);
}

void *
realloc(void *p, size_t size)
{
	called("realloc");
	return __libc_realloc(p, size);
}

void *
aligned_alloc(size_t align, size_t size)
{
	called("aligned_alloc");
	return __libc_memalign(align, size);
}

int
posix_memalign(void **p, size_t align, size_t size)
{
	called("posix_memalign");
	*p = __libc_memalign(align, size);
	return *p == NULL ? ENOMEM : 0;
}

void *
mmap(void *addr, size_t len, int prot, int flags, int fd, off_t at)
{
	called("mmap");
	return (void *)syscall(SYS_mmap, addr, len, prot, flags, fd, at);
}

/* DPDK's, by the name that this one hides. */
static void *
next(const char *what)
{
	void *p;

	called(what);
	p = dlsym(RTLD_NEXT, what);
	if (p == NULL)
		abort();
	return p;
}

typedef void *plain(const char *, size_t, unsigned int);
typedef void *on_socket(const char *, size_t, unsigned int, int);
typedef void *again(void *, size_t, unsigned int);
typedef const struct rte_memzone *zone(const char *, size_t, int, unsigned int);
typedef const struct rte_memzone *zone_aligned(const char *, size_t, int, unsigned int,
					       unsigned int);

void *
rte_malloc(const char *type, size_t size, unsigned int align)
{
	return ((plain *)(uintptr_t)next("rte_malloc"))(type, size, align);
}

void *
rte_zmalloc(const char *type, size_t size, unsigned int align)
{
	return ((plain *)(uintptr_t)next("rte_zmalloc"))(type, size, align);
}

void *
rte_malloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return ((on_socket *)(uintptr_t)next("rte_malloc_socket"))(type, size, align, socket);
}

void *
rte_zmalloc_socket(const char *type, size_t size, unsigned int align, int socket)
{
	return ((on_socket *)(uintptr_t)next("rte_zmalloc_socket"))(type, size, align, socket);
}

void *
rte_realloc(void *p, size_t size, unsigned int align)
{
	return ((again *)(uintptr_t)next("rte_realloc"))(p, size, align);
}

const struct rte_memzone *
rte_memzone_reserve(const char *what, size_t len, int socket, unsigned int flags)
{
	return ((zone *)(uintptr_t)next("rte_memzone_reserve"))(what, len, socket, flags);
}

const struct rte_memzone *
rte_memzone_reserve_aligned(const char *what, size_t len, int socket, unsigned int flags,
			    unsigned int align)
{
	zone_aligned *f = (zone_aligned *)(uintptr_t)next("rte_memzone_reserve_aligned");

	return f(what, len, socket, flags, align);
}
