/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * tern-gen: load for TCP, UDP, ICMP and HTTP servers, and figures that can be believed.
 *
 *	tern-gen --no-huge --no-shconf --no-pci -l 1 --vdev=net_memif0,role=client,socket=m.sock \
 *		-- crr -R 100k -d 10s --port net_memif0,ip=10.9.0.2/24 10.9.0.1:80
 *	tern-gen ... -- rr --proto udp -c 512 10.9.0.1:7
 *	tern-gen -- crr -R 1k -d 1s --sim --port pipe,ip=10.9.0.2/24 10.9.0.1:80
 *
 * docs/tern-gen.md is the manual.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "gen/bench.h"
#include "gen/judge/slo.h"
#include "gen/judge/verdict.h"
#include "gen/options.h"
#include "gen/report/report.h"
#include "gen/suites/suite.h"

static struct plan plan;

/* Judge what came out, and tell it. Return: the exit status. */
static int
conclude(struct report *report, struct result *result)
{
	struct judged judged[SLOS_MAX];
	bool met = slo_judge(&plan, result, judged);
	int status;

	verdict_make(&plan, result);
	status = verdict_status(&plan, result, met);
	report_result(report, result, judged, status);
	return status;
}

/* In real time the file has the wall clock's times. */
static void
open_failures(struct bench *bench)
{
	struct timespec wall = { 0 };
	uint64_t now = bench->now(bench), epoch = now;

	if (plan.capture.file == NULL)
		return;
	if (!plan.sim) {
		clock_gettime(CLOCK_REALTIME, &wall);
		epoch = (uint64_t)wall.tv_sec * TERN_S + (uint64_t)wall.tv_nsec;
	}
	bench->failures = failures_open(&plan, bench->workers, bench->workers_n, now, epoch);
	if (bench->failures == NULL)
		exit(1);
	bench->setup.failures = bench->failures;
}

static int
generate(struct bench *bench, void *unused)
{
	struct report *report;
	struct result *result = result_new();
	int status = 1;

	(void)unused;
	open_failures(bench);
	report = report_begin(&plan, &bench->setup);
	if (report == NULL)
		exit(1);
	if (result != NULL)
		status = suite_run(bench, report, result);
	if (status == 0 && !suite_is_many(&plan))
		status = conclude(report, result);
	result_free(result);
	status = report_end(report, status);
	return failures_close(bench->failures) < 0 && status == 0 ? 2 : status;
}

int
main(int argc, char **argv)
{
	int eal = plan_read(&plan, argc, argv);

	if (plan.dry_run) {
		plan_print(&plan, stdout);
		return 0;
	}
	if (plan.mode == MODE_SERVER)
		return bench_serve(&plan, eal, argv);
	if (plan.sim)
		return bench_simulate(&plan, eal, argv, generate, NULL);
	return bench_run(&plan, eal, argv, generate, NULL);
}
