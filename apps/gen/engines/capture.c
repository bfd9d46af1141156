/* SPDX-License-Identifier: BSD-3-Clause */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pcap/pcap.h>
#include <rte_ether.h>

#include "gen/engines/capture.h"

enum {
	PACKETS_AT_FIRST = 1024,
	BYTES_AT_FIRST = 1 << 20,
};

static const uint64_t S_NS = 1000000000;

static int
fail(char why[256], const char *path, const char *what)
{
	snprintf(why, 256, "%.100s: %.150s", path, what);
	return -1;
}

/* libpcap names the file now and then. */
static int
fail_to_open(char why[256], const char *path, const char *text)
{
	char what[256];

	if (strncmp(text, path, strlen(path)) == 0)
		text += strlen(path) + 2;
	snprintf(what, sizeof(what), "%.100s; expected a pcap or pcapng file", text);
	return fail(why, path, what);
}

/* Memory ------------------------------------------------------------------------------------- */

static bool
grow(void **mem, size_t room, size_t each)
{
	void *more = realloc(*mem, room * each);

	if (more == NULL)
		return false;
	*mem = more;
	return true;
}

static bool
make_room(struct capture *c, size_t bytes)
{
	if (c->n == c->packets_room) {
		c->packets_room = c->n == 0 ? PACKETS_AT_FIRST : 2 * c->n;
		if (!grow((void **)&c->packets, c->packets_room, sizeof(*c->packets)))
			return false;
	}
	if (c->bytes_n + bytes > c->bytes_room) {
		c->bytes_room = 2 * c->bytes_room + BYTES_AT_FIRST + bytes;
		if (!grow((void **)&c->bytes, c->bytes_room, 1))
			return false;
	}
	return true;
}

void
capture_free(struct capture *c)
{
	free(c->packets);
	free(c->bytes);
	memset(c, 0, sizeof(*c));
}

/* Reading ------------------------------------------------------------------------------------ */

/* Bytes of header that packets of this kind of link lack. -1: cannot be sent on an Ethernet. */
static int
lacks(int link)
{
	switch (link) {
	case DLT_EN10MB:
		return 0;
	case DLT_RAW:
	case DLT_IPV4:
	case DLT_IPV6:
		return RTE_ETHER_HDR_LEN;
	default:
		return -1;
	}
}

static void
write_header(uint8_t *to, uint8_t first)
{
	uint16_t type =
		first >> 4 == 6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);

	memset(to, 0, RTE_ETHER_HDR_LEN);
	memcpy(to + 2 * RTE_ETHER_ADDR_LEN, &type, sizeof(type));
}

/* Times of a file may go back, be negative or absurd: then there is no gap. */
static uint64_t
time_of(const struct capture *c, const struct pcap_pkthdr *h, uint64_t *zero)
{
	uint64_t at = (uint64_t)h->ts.tv_sec * S_NS + (uint64_t)h->ts.tv_usec, last;

	if (c->n == 0)
		*zero = at;
	last = c->n > 0 ? c->packets[c->n - 1].at_ns : 0;
	at -= *zero;
	return at > last && at < UINT64_MAX / 2 ? at : last;
}

static bool
add(struct capture *c, const struct pcap_pkthdr *h, const uint8_t *data, uint16_t header,
    uint64_t *zero)
{
	uint16_t bytes = (uint16_t)(h->len + header);
	uint8_t *to;

	if (!make_room(c, bytes))
		return false;
	to = c->bytes + c->bytes_n;
	memset(to, 0, bytes);
	if (header > 0)
		write_header(to, data[0]);
	memcpy(to + header, data, h->caplen);
	c->packets[c->n] = (struct captured){
		.at_ns = time_of(c, h, zero),
		.from = c->bytes_n,
		.number = c->n,
		.bytes = bytes,
		.known = (uint16_t)(h->caplen + header),
	};
	c->n++;
	c->bytes_n += bytes;
	return true;
}

/* Shorter ones are no frames; of longer ones, and of nothing, nothing can be sent. */
static bool
is_odd(const struct pcap_pkthdr *h, uint16_t header, uint16_t most)
{
	return h->caplen > h->len || h->caplen == 0 || h->caplen + header < RTE_ETHER_HDR_LEN ||
	       h->len > most || h->len + header > most;
}

static int
read_all(struct capture *c, pcap_t *pcap, uint16_t header, uint16_t most, const char *path,
	 char why[256])
{
	struct pcap_pkthdr *h;
	const uint8_t *data;
	uint64_t zero = 0;
	int rc;

	while ((rc = pcap_next_ex(pcap, &h, &data)) == 1) {
		if (c->n == UINT32_MAX / 2)
			return fail(why, path, "too many packets");
		if (is_odd(h, header, most))
			c->odd++;
		else if (!add(c, h, data, header, &zero))
			return fail(why, path, "does not fit into memory");
	}
	if (rc != PCAP_ERROR_BREAK) /* the end of the file */
		return fail(why, path, pcap_geterr(pcap));
	return 0;
}

static void
finish(struct capture *c)
{
	uint64_t last = c->packets[c->n - 1].at_ns;

	c->in_file = c->n;
	c->span_ns = c->n > 1 ? last + last / (c->n - 1) : S_NS;
	if (c->span_ns == 0)
		c->span_ns = c->n;
}

static int
load(struct capture *c, pcap_t *pcap, const char *path, uint16_t most, char why[256])
{
	int link = pcap_datalink(pcap), header = lacks(link);
	const char *name = pcap_datalink_val_to_name(link);
	char text[128];

	if (header < 0) {
		snprintf(text, sizeof(text), "packets of %s cannot be sent, only Ethernet and IP",
			 name != NULL ? name : "an unknown kind of link");
		return fail(why, path, text);
	}
	if (read_all(c, pcap, (uint16_t)header, most, path, why) < 0)
		return -1;
	if (c->n == 0)
		return fail(why, path, "no packet in it that could be sent");
	finish(c);
	return 0;
}

int
capture_load(struct capture *c, const char *path, uint16_t most, char why[256])
{
	char text[PCAP_ERRBUF_SIZE] = "";
	pcap_t *pcap =
		pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
	int rc;

	memset(c, 0, sizeof(*c));
	if (pcap == NULL)
		return fail_to_open(why, path, text);
	rc = load(c, pcap, path, most, why);
	pcap_close(pcap);
	if (rc < 0)
		capture_free(c);
	return rc;
}

/* Packets stand in memory in their order: what is kept moves down. */
void
capture_keep(struct capture *c, bool (*wanted)(void *data, const struct capture *c, uint32_t i),
	     void *data)
{
	size_t at = 0;
	uint32_t n = 0;

	for (uint32_t i = 0; i < c->n; i++) {
		struct captured p = c->packets[i];

		if (!wanted(data, c, i))
			continue;
		memmove(c->bytes + at, c->bytes + p.from, p.bytes);
		p.from = at;
		at += p.bytes;
		c->packets[n++] = p;
	}
	c->n = n;
	c->bytes_n = at;
}
