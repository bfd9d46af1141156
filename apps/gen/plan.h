/* SPDX-License-Identifier: BSD-3-Clause */
/**
 * What was asked for on the command line, read and checked: everything else only looks at it.
 */
#ifndef GEN_PLAN_H
#define GEN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_ether.h>

#include <tern_addr.h>
#include <tern_config.h>

#include "gen/load/schedule.h"
#include "options/options.h"

enum mode {
	MODE_CRR, /* connect, request, response, close */
	MODE_RR,
	MODE_HOLD,
	MODE_STREAM,
	MODE_FLOOD,
	MODE_REPLAY,
	MODE_SERVER,
	MODES
};

/* Around a mode: trials of it. */
enum suite { SUITE_NONE, SUITE_SEARCH, SUITE_RFC2544, SUITE_RFC8219, SUITE_RFC9411, SUITES };

enum protocol {
	PROTO_TCP,
	PROTO_UDP,
	PROTO_ICMP,
	PROTO_HTTP,
	PROTO_SYN, /* floods only */
	PROTOS
};

enum payload {
	PAYLOAD_ZERO,
	PAYLOAD_RANDOM, /* the same bytes again and again, that no link can compress */
	PAYLOAD_PRBS,	/* another sequence for each connection: payload.h */
	PAYLOAD_FILE,
};

#define SIZES_MAX 16
#define SLOS_MAX 32
#define GOALS_MAX 8
#define TAGS_MAX 16
#define SERVICES_MAX 64

/* Frames of these sizes (bytes with FCS, as RFC 2544 §9 has them), so many in turn of each. */
struct imix {
	struct {
		uint16_t bytes;
		uint16_t times;
	} size[SIZES_MAX];
	unsigned int n;
	bool in_order; /* as they stand, not spread evenly: a genome of RFC 6985 */
};

/* "connect.p99<500us", "errors<0.001%", "resp/s>100k": slo.h */
struct slo {
	char text[64];
	uint8_t what, which; /* private to slo.c */
	bool above;	     /* the value must be above the limit, not below it */
	bool or_equal;	     /* the limit itself will do */
	double share;	     /* of a percentile, 0 .. 1 */
	double limit;	     /* ns, a share of 1, or a rate a second */
};

enum metric { METRIC_CPS, METRIC_RPS, METRIC_PPS, METRIC_BPS, METRIC_CC };

struct plan {
	enum mode mode;
	enum suite suite;
	enum protocol proto;
	bool lite; /* --tcp lite */

	/* Whom, and as whom. */
	struct tern_addr target;	/* of a replay: any, the packets keep theirs */
	uint16_t target_port;		/* host byte order; 0 of ICMP */
	struct options options;		/* port, addresses, gateway, impair, struct tern_config */
	struct rte_ether_addr next_hop; /* --port ...,mac=: all frames go there */
	bool has_next_hop;
	struct tern_addr src_first, src_last; /* --src; any: our address alone */
	uint16_t sport_first, sport_last;     /* --sport */

	/* Load. */
	bool open_loop;
	struct profile profile;	  /* of an open loop; -R: for omit and duration */
	uint64_t offered;	  /* a second, of -R; 0: closed loop, or a ramp */
	uint32_t connections;	  /* -c, of all workers */
	uint32_t depth;		  /* -D: requests under way on a connection */
	uint32_t max_outstanding; /* of all workers; more is shed */
	uint64_t seed;
	uint64_t duration_ns, omit_ns;	/* -d, -O: the warm-up comes before the duration; 0: of a
					 * server, until a signal */
	uint64_t count;			/* -n: transactions, then it ends; 0: by time */
	uint32_t repeat;		/* --repeat */
	double ci_confidence, ci_width; /* --ci 95:2%: 0.95, 0.02; 0: not asked for */
	uint64_t timeout_ns;		/* of a transaction */

	/* Content. */
	uint32_t req_bytes, rsp_bytes; /* rsp 0: HTTP says itself */
	const char *url;
	const char *headers; /* complete lines, each with CRLF; "": none */
	enum payload payload;
	const uint8_t *file; /* of PAYLOAD_FILE */
	size_t file_bytes;
	bool verify;
	bool close_rst; /* --close rst */

	/* stream */
	uint32_t parallel;
	bool reverse, bidir;

	/* flood, datagrams; of RFC 2544 and RFC 8219 sizes to be tried one by one */
	struct imix imix; /* n 0: req_bytes of payload */

	/* replay */
	const char *pcap;
	double speed;	     /* of the times in the file; 0: at --rate */
	uint64_t replay_pps; /* --rate */
	uint64_t loops;	     /* 0: until the time is over */

	/* server */
	struct {
		char name[16];
		uint16_t port;
	} services[SERVICES_MAX];
	unsigned int services_n;

	/* Judging. */
	struct slo slos[SLOS_MAX];
	unsigned int slos_n;
	bool keep; /* flagged intervals count as well */

	/* Suites; 0: not given, the suite knows. */
	enum metric metric;	 /* of a plain run: by mode */
	double least, most;	 /* --min, --max */
	double goals[GOALS_MAX]; /* loss ratios, ascending */
	unsigned int goals_n;
	uint64_t trial_least_ns, trial_most_ns; /* --trial 1s:60s */
	double precision;
	const char *tests; /* --tests of rfc2544; NULL: all */

	/* --capture-failed: NULL: not asked for */
	struct {
		const char *file;
		uint32_t most;	 /* failures */
		uint32_t frames; /* that a worker remembers, a power of two; no fewer than `most` */
		uint32_t snap;	 /* bytes of each */
	} capture;

	/* Output. */
	uint64_t interval_ns;
	const char *json, *json_stream; /* json_stream "-": on stdout, and nothing else there */
	const char *csv, *hgrm, *hlog, *prom_file, *prom_listen, *plot;
	bool json_stdout; /* -J without a file: nothing else is on stdout */
	bool tui, quiet;
	const char *title;
	const char *tags[TAGS_MAX]; /* k=v */
	unsigned int tags_n;
	bool dry_run, sim;
	int argc; /* the command line as it was, for the report */
	char **argv;
	struct kept *kept; /* what these texts lie in: plan_free() */
};

extern const char *const mode_names[MODES], *const suite_names[SUITES],
						    *const protocol_names[PROTOS];

#endif
