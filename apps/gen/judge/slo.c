/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/judge/slo.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "gen/units.h"

/* struct slo: what, and which of them. */
enum what {
	WHAT_PERCENTILE, /* of enum time_of */
	WHAT_MAX,
	WHAT_MEAN,
	WHAT_MIN,
	WHAT_ERROR_SHARE, /* of enum error; ERRORS_N: of all */
	WHAT_ERROR_COUNT,
	WHAT_LOSS,
	WHAT_RATE, /* an index of rates */
	WHAT_BUSY,
};

static const struct {
	const char *name;
	enum counter counter;
	unsigned int times;
} rates[] = {
	{ "conns/s", COUNT_established, 1 }, { "req/s", COUNT_requests, 1 },
	{ "resp/s", COUNT_responses, 1 },    { "tx.pps", COUNT_tx_pkts, 1 },
	{ "rx.pps", COUNT_rx_pkts, 1 },	     { "tx.bps", COUNT_tx_bytes, 8 },
	{ "rx.bps", COUNT_rx_bytes, 8 },
};

static const char no_such[] = "it is none of connect, ttfb, ttlb, close, lag with .p99, .max, "
			      ".mean or .min; errors, timeout, rst, refused, unreachable, ...; "
			      "loss, busy; conns/s, req/s, resp/s, tx.pps, rx.pps, tx.bps, rx.bps";

static int
find(const char *const *names, int n, const char *name)
{
	for (int i = 0; i < n; i++)
		if (strcmp(names[i], name) == 0)
			return i;
	return -1;
}

static int
find_rate(const char *name)
{
	for (int i = 0; i < (int)(sizeof(rates) / sizeof(rates[0])); i++)
		if (strcmp(rates[i].name, name) == 0)
			return i;
	return -1;
}

/* "p99.9" */
static bool
read_percentile(const char *text, double *share)
{
	char *end;

	if (*text != 'p' || !isdigit((unsigned char)text[1]))
		return false;
	*share = strtod(text + 1, &end) / 100;
	return *end == '\0' && *share > 0 && *share <= 1;
}

/* "connect.p99", cut in two. */
static const char *
read_time_of(struct slo *slo, char *name, char *stat)
{
	static const char *const stats[] = { "max", "mean", "min" };
	int which, i;

	*stat++ = '\0';
	which = find(time_names, TIMES_N, name);
	i = find(stats, 3, stat);
	if (which < 0)
		return no_such;
	slo->which = (uint8_t)which;
	slo->what = (uint8_t)(WHAT_MAX + i);
	if (i < 0 && !read_percentile(stat, &slo->share))
		return "a time has .p50 to .p100, .max, .mean or .min behind it";
	if (i < 0)
		slo->what = WHAT_PERCENTILE;
	return NULL;
}

static const char *
read_name(struct slo *slo, char *name)
{
	int rate = find_rate(name), error = find(error_names, ERRORS_N, name);
	char *dot = strchr(name, '.');

	slo->which = ERRORS_N;
	if (strcmp(name, "errors") == 0 || error >= 0) {
		slo->what = WHAT_ERROR_SHARE;
		slo->which = (uint8_t)(error >= 0 ? error : ERRORS_N);
	} else if (strcmp(name, "loss") == 0) {
		slo->what = WHAT_LOSS;
	} else if (strcmp(name, "busy") == 0) {
		slo->what = WHAT_BUSY;
	} else if (rate >= 0) {
		slo->what = WHAT_RATE;
		slo->which = (uint8_t)rate;
	} else {
		return dot != NULL ? read_time_of(slo, name, dot) : no_such;
	}
	return NULL;
}

static const char *
read_limit(struct slo *slo, const char *text)
{
	uint64_t ns;

	switch (slo->what) {
	case WHAT_ERROR_SHARE:
		if (strchr(text, '%') == NULL && value_number(text, &slo->limit)) {
			slo->what = WHAT_ERROR_COUNT;
			return NULL;
		}
		return value_share(text, &slo->limit) ?
			       NULL :
			       "errors have a share such as 0.001%, or a number, as their limit";
	case WHAT_LOSS:
	case WHAT_BUSY:
		return value_share(text, &slo->limit) ? NULL :
							"its limit is a share such as 0.001%";
	case WHAT_RATE:
		return value_rate(text, VALUE_MOST, &slo->limit) ?
			       NULL :
			       "its limit is a rate such as 100k";
	default:
		if (!value_time(text, &ns))
			return "a time has a limit such as 500us";
		slo->limit = (double)ns;
		return NULL;
	}
}

const char *
slo_read(struct slo *slo, const char *text)
{
	char copy[sizeof(slo->text)], *sign, *limit;
	const char *wrong;

	memset(slo, 0, sizeof(*slo));
	if (strlen(text) >= sizeof(slo->text))
		return "it is longer than 63 characters";
	strcpy(slo->text, text);
	strcpy(copy, text);
	sign = strpbrk(copy, "<>");
	if (sign == NULL)
		return "there is neither < nor > in it, as in connect.p99<500us";
	slo->above = *sign == '>';
	slo->or_equal = sign[1] == '=';
	limit = sign + 1 + slo->or_equal;
	*sign = '\0';
	wrong = read_name(slo, copy);
	return wrong != NULL ? wrong : read_limit(slo, limit);
}

/* Of those transactions that ended, in the time that counts. */
static double
errors_share(const struct plan *plan, const struct meter *m, double errors)
{
	uint64_t well, all;

	switch (plan->mode) {
	case MODE_CRR:
		well = m->count[COUNT_closed];
		break;
	case MODE_RR:
		well = m->count[COUNT_responses];
		break;
	case MODE_STREAM:
		well = m->count[plan->proto == PROTO_HTTP ? COUNT_responses : COUNT_established];
		break;
	case MODE_HOLD:
		well = m->count[COUNT_established];
		break;
	default:
		well = m->count[COUNT_requests];
	}
	all = well + meter_errors(m);
	return all > 0 ? errors / (double)all : NAN;
}

static double
error_value(const struct slo *slo, const struct plan *plan, const struct meter *m)
{
	double errors = (double)(slo->which == ERRORS_N ? meter_errors(m) : m->error[slo->which]);

	return slo->what == WHAT_ERROR_COUNT ? errors : errors_share(plan, m, errors);
}

static double
time_value(const struct slo *slo, const struct hdr *h)
{
	if (h->n == 0)
		return NAN;
	switch (slo->what) {
	case WHAT_MAX:
		return (double)h->longest_ns;
	case WHAT_MIN:
		return (double)h->least_ns;
	case WHAT_MEAN:
		return hdr_mean_ns(h);
	default:
		return (double)hdr_percentile(h, slo->share);
	}
}

static double
rate_value(const struct slo *slo, const struct result *r)
{
	double n = (double)r->sum.count[rates[slo->which].counter] * rates[slo->which].times;

	return r->ns > 0 ? n * 1e9 / (double)r->ns : NAN;
}

static double
value_of(const struct slo *slo, const struct plan *plan, const struct result *r)
{
	switch (slo->what) {
	case WHAT_ERROR_SHARE:
	case WHAT_ERROR_COUNT:
		return error_value(slo, plan, &r->sum);
	case WHAT_LOSS:
		return result_loss(plan, r);
	case WHAT_RATE:
		return rate_value(slo, r);
	case WHAT_BUSY:
		return r->busy;
	default:
		return time_value(slo, &r->sum.time[slo->which]);
	}
}

/* With NAN every comparison is false: no value, not met. */
bool
slo_met(const struct slo *slo, const struct plan *plan, const struct result *result, double *value)
{
	*value = value_of(slo, plan, result);
	if (slo->or_equal && *value == slo->limit)
		return true;
	return slo->above ? *value > slo->limit : *value < slo->limit;
}

bool
slo_judge(const struct plan *plan, const struct result *result, struct judged *judged)
{
	bool all = true;

	for (unsigned int i = 0; i < plan->slos_n; i++) {
		judged[i].pass = slo_met(&plan->slos[i], plan, result, &judged[i].value);
		all &= judged[i].pass;
	}
	return all;
}
