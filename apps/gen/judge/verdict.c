/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/judge/verdict.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { STATUS_MISSED = 3, STATUS_DOUBTFUL = 4 };

static const double DISTURBED_MOST = 0.2;
static const double LIMITED_MOST = 0.1;
static const double DROPPED_MOST = 0.001;

/* Of the intervals behind the warm-up. */
struct seen {
	unsigned int n, disturbed, limited, late;
};

static bool
has(const struct interval *i, enum flag flag)
{
	return (i->flags & 1u << flag) != 0;
}

static struct seen
look(const struct result *r)
{
	struct seen seen = { 0 };

	for (unsigned int k = 0; k < r->intervals_n; k++) {
		const struct interval *i = &r->intervals[k];

		if (has(i, FLAG_WARMUP))
			continue;
		seen.n++;
		if (has(i, FLAG_DISTURBED))
			seen.disturbed++;
		else if (has(i, FLAG_GENLIMIT))
			seen.limited++;
		else if (has(i, FLAG_LATE) && !has(i, FLAG_SHED))
			seen.late++;
	}
	return seen;
}

/* To be as fast as the port, or the generator, is all that it was asked for. */
static bool
is_unbounded(const struct plan *p, const struct result *r)
{
	return !r->trial.open_loop &&
	       (p->mode == MODE_FLOOD || (p->mode == MODE_REPLAY && p->replay_pps == 0));
}

static bool
is_more(unsigned int n, double share, unsigned int of)
{
	return n > share * of;
}

static bool
drops_matter(const struct result *r)
{
	return (double)r->ledger.dropped > DROPPED_MOST * (double)r->ledger.made;
}

/* What is due may have to wait until a connection is free: then it is not we who are late. */
static bool
waits_for_answers(const struct plan *p)
{
	bool waits = p->mode == MODE_RR;

	for (unsigned int i = 0; i < p->parts_n; i++)
		waits |= p->parts[i].mode == MODE_RR;
	return waits;
}

/* The first reason that there is; NULL: none. */
static const char *
doubt(const struct plan *p, const struct result *r, const struct seen *seen)
{
	if (!r->ledger.balanced)
		return "the ledger does not balance";
	if (seen->n == 0 || r->ns == 0)
		return "no interval is left that counts";
	if (is_more(seen->disturbed, DISTURBED_MOST, seen->n))
		return "it was disturbed";
	if (is_more(seen->limited, LIMITED_MOST, seen->n) && !is_unbounded(p, r))
		return "the generator was the bottleneck";
	if (is_more(seen->late, LIMITED_MOST, seen->n) && r->trial.open_loop &&
	    !waits_for_answers(p))
		return "it launched too late";
	if (drops_matter(r))
		return "the port did not take it all";
	return NULL;
}

__attribute__((format(printf, 2, 3))) static void
append(struct result *r, const char *form, ...)
{
	size_t len = strlen(r->verdict);
	va_list args;

	va_start(args, form);
	vsnprintf(r->verdict + len, sizeof(r->verdict) - len, form, args);
	va_end(args);
}

void
verdict_make(const struct plan *plan, struct result *r)
{
	const struct hdr *lag = &r->sum.time[TIME_lag];
	struct seen seen = look(r);
	const char *why = doubt(plan, r, &seen);

	r->trustworthy = why == NULL;
	r->verdict[0] = '\0';
	if (why != NULL)
		append(r, "no, %s: ", why);
	append(r, "%s%u of %u intervals disturbed", why == NULL ? "yes, " : "", seen.disturbed,
	       seen.n);
	if (seen.limited > 0)
		append(r, ", %u without a cycle to spare", seen.limited);
	if (seen.late > 0)
		append(r, ", %u late", seen.late);
	if (lag->n > 0)
		append(r, ", lag p99 %.3g us", (double)hdr_percentile(lag, 0.99) / 1e3);
	append(r, ", busy %.0f %%", r->busy * 100);
}

int
verdict_status(const struct plan *plan, const struct result *result, bool met)
{
	if (result->failed != 0)
		return result->failed;
	if (plan->slos_n > 0 && !met)
		return STATUS_MISSED;
	return result->trustworthy ? 0 : STATUS_DOUBTFUL;
}
