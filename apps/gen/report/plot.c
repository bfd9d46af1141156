/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --plot FILE.svg or FILE.png: two pictures, one above the other, drawn by gnuplot when the run is
 * over: the latency distribution, from the intended time and from when a request really left, over
 * percentiles on a scale that gives each further nine the same room; and rates over time.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/wait.h>

#include "gen/report/output.h"

struct plot {
	struct view *view;
	FILE *rates;	  /* "t offered done", a line an interval */
	const char *kind; /* of gnuplot's terminal */
	bool failed;
};

/* The script ----------------------------------------------------------------------------------- */

static void
put_quoted(FILE *to, const char *text)
{
	fputc('\'', to);
	for (; *text != '\0'; text++) {
		if (*text == '\'')
			fputc('\'', to);
		if (*text != '\n')
			fputc(*text, to);
	}
	fputc('\'', to);
}

static void
put_head(const struct plot *p, FILE *to, bool timed)
{
	const struct plan *plan = p->view->plan;
	int pictures = timed ? 2 : 1;

	fprintf(to, "set terminal %s size 900,%d noenhanced\nset output ", p->kind, 450 * pictures);
	put_quoted(to, plan->plot);
	fprintf(to, "\nset multiplot layout %d,1 title ", pictures);
	put_quoted(to, plan->title != NULL ? plan->title : "tern-gen");
	fprintf(to, "\nset grid\nset key bottom right\n");
}

/* Has either moved so far that it can be seen? */
static bool
is_seen(double a, double b, double last_a, double last_b)
{
	return a > last_a * 1.005 || b > last_b * 1.005;
}

/* The steps of the distribution, in microseconds. */
static void
put_distribution(FILE *to, const char *block, const struct hdr *h)
{
	double above, us = 0, told_above = 0, told_us = 0;
	uint64_t seen = 0;

	fprintf(to, "$%s << EOD\n", block);
	for (uint32_t i = 0; i < HDR_BUCKETS && seen < h->n; i++) {
		if (hdr_count(h, i) == 0)
			continue;
		above = (double)h->n / (double)(h->n - seen);
		us = (double)hdr_bucket_ns(i + 1) / 1e3;
		seen += hdr_count(h, i);
		if (!is_seen(above, us, told_above, told_us))
			continue;
		fprintf(to, "%g %g\n", told_above = above, told_us = us);
	}
	if (h->n > 0)
		fprintf(to, "%g %g\n", (double)h->n, us);
	fprintf(to, "EOD\n");
}

/* A percentile p lies at 1 / (1 - p), on a logarithmic scale: the next power that holds all. */
static double
range_of(const struct hdr *h)
{
	return pow(10, ceil(log10((double)h->n + 1)));
}

static void
put_latency(FILE *to, const struct plan *plan, const struct meter *sum)
{
	enum time_of of = plan_headline(plan);
	enum time_of naive = of == TIME_ttlb ? TIME_ttlb_naive : TIME_connect_naive;

	if (sum->time[of].n == 0)
		return;
	put_distribution(to, "corrected", &sum->time[of]);
	put_distribution(to, "naive", &sum->time[naive]);
	fprintf(to,
		"set logscale xy\nset xrange [1:%g]\nset xlabel 'percentile'\n"
		"set ylabel '%s [us]'\n"
		"set xtics ('0' 1, '50' 2, '90' 10, '99' 100, '99.9' 1000, '99.99' 1e4, "
		"'99.999' 1e5, '99.9999' 1e6, '99.99999' 1e7, '99.999999' 1e8)\n"
		"plot $corrected with lines lw 2 title 'from the intended time', "
		"$naive with lines lw 2 title 'from when it left'\n"
		"unset logscale\nset xrange [*:*]\nset xtics auto\n",
		range_of(&sum->time[of]), time_names[of]);
}

static void
copy_rates(const struct plot *p, FILE *to)
{
	char line[256];

	fprintf(to, "$rates << EOD\n");
	rewind(p->rates);
	while (fgets(line, sizeof(line), p->rates) != NULL)
		fputs(line, to);
	fprintf(to, "EOD\n");
}

static void
put_rates(const struct plot *p, FILE *to)
{
	copy_rates(p, to);
	fprintf(to, "set xlabel 'time [s]'\nset ylabel 'a second'\nset yrange [0:*]\n"
		    "plot $rates using 1:2 with steps lw 2 title 'begun', "
		    "$rates using 1:3 with steps lw 2 title 'ended well', "
		    "$rates using 1:4 with steps lc rgb 'red' title 'errors'\n"
		    "unset multiplot\n");
}

/* gnuplot -------------------------------------------------------------------------------------- */

static bool
is_there(const char *program)
{
	const char *path = getenv("PATH"), *end;
	char name[512];

	for (; path != NULL && *path != '\0'; path = *end == ':' ? end + 1 : end) {
		end = strchrnul(path, ':');
		snprintf(name, sizeof(name), "%.*s/%s", (int)(end - path), path, program);
		if (access(name, X_OK) == 0)
			return true;
	}
	return false;
}

static int
spawn_with_stdin(int from, pid_t *pid)
{
	char name[] = "gnuplot";
	char *argv[] = { name, NULL };
	posix_spawn_file_actions_t actions;
	int rc;

	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, from, STDIN_FILENO);
	rc = posix_spawnp(pid, name, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* Return: whether gnuplot drew what is in the file. It says on stderr itself why not. */
static bool
run_gnuplot(FILE *script)
{
	int status = -1, rc;
	pid_t pid;

	if (fflush(script) != 0)
		return false;
	rewind(script);
	rc = spawn_with_stdin(fileno(script), &pid);
	if (rc != 0) {
		errno = rc;
		return false;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	errno = EIO;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static bool
draw(struct plot *p, const struct meter *sum)
{
	FILE *script = tmpfile();
	bool drawn;

	if (script == NULL)
		return false;
	put_head(p, script, sum->time[plan_headline(p->view->plan)].n > 0);
	put_latency(script, p->view->plan, sum);
	put_rates(p, script);
	drawn = run_gnuplot(script);
	fclose(script);
	return drawn;
}

/* The output ----------------------------------------------------------------------------------- */

/* What an interval began and ended, of what the mode counts. */
static void
on_interval(void *self, const struct interval *i, const struct meter *meter)
{
	struct plot *p = self;
	const uint64_t *count = i->count;
	enum mode mode = p->view->plan->mode;
	bool conns = mode == MODE_CRR || mode == MODE_HOLD;
	bool pkts = mode == MODE_FLOOD || mode == MODE_REPLAY || mode == MODE_STREAM;
	uint64_t begun = conns ? count[COUNT_opened] :
			 pkts  ? count[COUNT_tx_pkts] :
				 count[COUNT_requests];
	uint64_t ended = mode == MODE_HOLD ? count[COUNT_established] :
			 conns		   ? count[COUNT_closed] :
			 pkts		   ? count[COUNT_rx_pkts] :
					     count[COUNT_responses];

	(void)meter;
	fprintf(p->rates, "%g %g %g %g\n", (double)(p->view->base_ns + i->t1_ns) / 1e9,
		interval_rate(i, begun), interval_rate(i, ended),
		interval_rate(i, interval_errors(i)));
}

static void
on_finish(void *self, const struct finish *f)
{
	struct plot *p = self;

	if (f->result->failed != 0 || draw(p, &f->result->sum))
		return;
	report_complain("--plot %s: %s", p->view->plan->plot, strerror(errno));
	p->failed = true;
}

static bool
is_asked(const struct plan *plan)
{
	return plan->plot != NULL;
}

static const char *
kind_of(const char *file)
{
	const char *dot = strrchr(file, '.');

	if (dot != NULL && strcmp(dot, ".svg") == 0)
		return "svg";
	return dot != NULL && strcmp(dot, ".png") == 0 ? "pngcairo" : NULL;
}

/* What would fail at the end is found at the beginning. Return: whether nothing is wrong. */
static bool
check(const char *file)
{
	FILE *f;

	if (kind_of(file) == NULL) {
		report_complain("--plot %s: FILE.svg or FILE.png is expected", file);
		return false;
	}
	if (!is_there("gnuplot")) {
		report_complain("--plot: there is no gnuplot (apt-get install gnuplot-nox)");
		return false;
	}
	f = fopen(file, "w");
	if (f == NULL) {
		report_complain("--plot %s: %s", file, strerror(errno));
		return false;
	}
	fclose(f);
	return true;
}

static void *
open_plot(struct view *view)
{
	struct plot *p;

	if (!check(view->plan->plot))
		return NULL;
	p = calloc(1, sizeof(*p));
	if (p != NULL)
		p->rates = tmpfile();
	if (p == NULL || p->rates == NULL) {
		report_complain("--plot: no memory or no temporary file");
		free(p);
		return NULL;
	}
	p->view = view;
	p->kind = kind_of(view->plan->plot);
	return p;
}

static int
close_plot(void *self, int status)
{
	struct plot *p = self;
	bool failed = p->failed;

	(void)status;
	fclose(p->rates);
	free(p);
	return failed ? -1 : 0;
}

const struct output output_plot = {
	.asked = is_asked,
	.open = open_plot,
	.interval = on_interval,
	.finish = on_finish,
	.close = close_plot,
};
