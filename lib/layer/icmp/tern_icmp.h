/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * ICMP (RFC 792): echo answered in place, errors about our own refusals, the rest to a handler.
 */
#ifndef TERN_ICMP_H
#define TERN_ICMP_H

#include <stdint.h>

#include <tern_addr.h>
#include <tern_api.h>
#include <tern_in.h>
#include <tern_verdict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct tern_icmp;

/* What becomes of echo requests. */
enum tern_icmp_echo {
	TERN_ICMP_ECHO,	  /* answered in place */
	TERN_ICMP_SILENT, /* dropped */
	TERN_ICMP_MANUAL, /* handed to the handler */
};

TERN_API void tern_icmp_set_echo(struct tern_icmp *icmp, enum tern_icmp_echo echo);

/** Gets each message that the layer does not answer itself; in->data is the ICMP header. */
struct tern_icmp_handler {
	/** Return TERN_DONE, TERN_TAKEN, TERN_DROP_*, or what tern_icmp_answer() returned. */
	enum tern_verdict (*on_message)(struct tern_icmp_handler *self, struct tern_in *in);
};

TERN_API void tern_icmp_set_handler(struct tern_icmp *icmp, struct tern_icmp_handler *handler);

/** From on_message(): in->data, in->len is a whole ICMP message; sum it and send it back. */
TERN_API enum tern_verdict tern_icmp_answer(struct tern_in *in);

/**
 * tern_icmp_send_echo() - send an echo request; replies come to the handler
 *
 * Return: 0, -EMSGSIZE, -EHOSTUNREACH or -ENOBUFS as tern_udp_send().
 */
TERN_API int tern_icmp_send_echo(struct tern_icmp *icmp, struct tern_addr dst, uint16_t id,
				 uint16_t seq, const void *data, uint16_t len);

#ifdef __cplusplus
}
#endif

#endif
