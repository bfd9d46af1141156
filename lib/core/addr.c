/* SPDX-License-Identifier: BSD-3-Clause */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tern_addr.h>

static int
parse_prefix(const char *text, unsigned int most, unsigned int *bits)
{
	unsigned int n = 0;

	if (*text == '\0' || strlen(text) > 3)
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		n = n * 10 + (unsigned int)(*text - '0');
	}
	if (n > most)
		return -EINVAL;
	*bits = 128 - most + n;
	return 0;
}

int
tern_addr_parse(const char *text, struct tern_addr *addr, unsigned int *prefix)
{
	char host[TERN_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	unsigned int most = 128, bits = 128;
	struct in_addr v4;

	if (len >= sizeof(host) || (slash != NULL && prefix == NULL))
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	if (inet_pton(AF_INET, host, &v4) == 1) {
		*addr = tern_addr_v4(v4.s_addr);
		most = 32;
	} else if (inet_pton(AF_INET6, host, addr->q) != 1) {
		return -EINVAL;
	}
	if (slash != NULL && parse_prefix(slash + 1, most, &bits) < 0)
		return -EINVAL;
	if (prefix != NULL)
		*prefix = bits;
	return 0;
}

const char *
tern_addr_print(struct tern_addr addr, char text[TERN_ADDR_TEXT])
{
	rte_be32_t v4 = tern_addr_to_v4(addr);

	if (tern_addr_is_v4(addr))
		inet_ntop(AF_INET, &v4, text, TERN_ADDR_TEXT);
	else
		inet_ntop(AF_INET6, addr.q, text, TERN_ADDR_TEXT);
	return text;
}
