/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --tui: a page that shows the run while it goes on, for 80 columns and 24 lines and all that is
 * larger; of a smaller terminal it uses what there is. A thread of its own draws it and hears keys:
 * q and ^C end the run.
 */
#include <inttypes.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <curses.h>

#include <rte_common.h>

#include "gen/report/board.h"
#include "gen/report/terminal.h"

/* Lines of the page. */
enum {
	LINE_TITLE,
	LINE_STATE,
	LINE_RATE_HEAD,
	LINE_RATES,
	LINE_TIME_HEAD,
	LINE_TIMES,
	LINE_HEAT_HEAD = LINE_TIMES + 5,
	LINE_HEAT,
	LINE_MARKS = LINE_HEAT + BOARD_BANDS,
};

enum { HEAT_LEFT = 9, HEAT_LEVELS = 9 };

enum colour { COLOUR_NONE, COLOUR_COLD, COLOUR_MILD, COLOUR_WARM, COLOUR_HOT };

struct page {
	struct view *view;
	pthread_t thread;
	bool drawing;	    /* the thread is there */
	bool over;	    /* it is to end */
	unsigned int asked; /* how often the end was */
	uint64_t shown;	    /* intervals */
};

static const struct {
	enum time_of corrected, naive;
} rows[] = {
	{ TIME_connect, TIME_connect_naive },
	{ TIME_ttfb, TIME_ttfb_naive },
	{ TIME_ttlb, TIME_ttlb_naive },
	{ TIME_close, TIMES_N },
	{ TIME_lag, TIMES_N },
};

/* Nothing is written beyond the edges: a line that is too long would go on in the next. */
__attribute__((format(printf, 3, 4))) static void
put(int y, int x, const char *form, ...)
{
	char text[512];
	va_list args;

	va_start(args, form);
	vsnprintf(text, sizeof(text), form, args);
	va_end(args);
	if (y < LINES && x < COLS)
		mvaddnstr(y, x, text, COLS - x);
}

/* The upper half ------------------------------------------------------------------------------- */

static void
draw_title(const struct view *view)
{
	const struct plan *plan = view->plan;
	char text[TERN_ADDR_TEXT];

	attron(A_BOLD);
	put(LINE_TITLE, 0, "tern-gen %s %s to %s", mode_names[plan->mode],
	    plan->mode == MODE_MIX ? "of loads" : protocol_names[plan->proto],
	    tern_addr_print(plan->target, text));
	attroff(A_BOLD);
	if (!plan->open_loop && (plan->mode == MODE_FLOOD || plan->mode == MODE_REPLAY))
		put(LINE_TITLE, 42, "as fast as it goes");
	else if (!plan->open_loop)
		put(LINE_TITLE, 42, "closed loop, %" PRIu32, plan->connections);
	else if (plan->offered > 0)
		put(LINE_TITLE, 42, "open loop, %" PRIu64 "/s", plan->offered);
	else
		put(LINE_TITLE, 42, "open loop");
	if (COLS >= 76)
		put(LINE_TITLE, COLS - 9, "q: end it");
}

static void
draw_state(const struct board *b, const struct interval *i)
{
	char flags[FLAGS_TEXT];

	put(LINE_STATE, 0, "t %.1f s  busy %.0f %%  cpu %.1f %%  outstanding %" PRIu32,
	    (double)i->t1_ns / 1e9, i->busy * 100, i->cpu_share * 100, i->outstanding);
	put(LINE_STATE, 57, "disturbed %" PRIu64 " of %" PRIu64, b->disturbed, b->intervals);
	if (i->flags == 0)
		return;
	attron(A_REVERSE);
	put(LINE_HEAT_HEAD, 48, " %s ", interval_flags(i, flags));
	attroff(A_REVERSE);
}

static void
draw_rates(const struct interval *i)
{
	attron(A_UNDERLINE);
	put(LINE_RATE_HEAD, 0, "%10s%10s%11s%11s%8s%8s%8s%10s", "conns/s", "resp/s", "tx pps",
	    "rx pps", "tx Gb/s", "rx Gb/s", "errors", "rexmit");
	attroff(A_UNDERLINE);
	put(LINE_RATES, 0, "%10.0f%10.0f%11.0f%11.0f%8.3f%8.3f%8" PRIu64 "%10" PRIu64,
	    interval_rate(i, i->count[COUNT_opened]), interval_rate(i, i->count[COUNT_responses]),
	    interval_rate(i, i->count[COUNT_tx_pkts]), interval_rate(i, i->count[COUNT_rx_pkts]),
	    interval_rate(i, i->count[COUNT_tx_bytes]) * 8 / 1e9,
	    interval_rate(i, i->count[COUNT_rx_bytes]) * 8 / 1e9, interval_errors(i),
	    count_rexmits(i->count));
}

static double
us(uint64_t ns)
{
	return (double)ns / 1e3;
}

static void
put_us(int y, int x, uint64_t ns)
{
	put(y, x, "%11.*f", ns < 1000000000 ? 1 : 0, us(ns));
}

static void
draw_time(int line, const struct board *b, const struct interval *i, size_t row)
{
	const struct summary *now = &i->time[rows[row].corrected];
	const struct hdr *all = &b->total.time[rows[row].corrected];

	put(line, 0, "%-8s", time_names[rows[row].corrected]);
	if (now->n > 0) {
		put_us(line, 8, now->p50);
		put_us(line, 19, now->p99);
		put_us(line, 30, now->p999);
		put_us(line, 41, now->longest);
	}
	if (now->n > 0 && rows[row].naive != TIMES_N)
		put_us(line, 52, i->time[rows[row].naive].p99);
	if (all->n > 0)
		put_us(line, 63, hdr_percentile(all, 0.99));
}

static void
draw_times(const struct board *b, const struct interval *i)
{
	attron(A_UNDERLINE);
	put(LINE_TIME_HEAD, 0, "%-8s%11s%11s%11s%11s%11s%11s", "us", "p50", "p99", "p99.9", "max",
	    "naive p99", "p99 of all");
	attroff(A_UNDERLINE);
	for (size_t row = 0; row < RTE_DIM(rows); row++)
		draw_time(LINE_TIMES + (int)row, b, i, row);
}

/* Heat ----------------------------------------------------------------------------------------- */

/* By powers of ten: one in ten thousand is still seen. 0: none. */
static int
level_of(uint64_t n, uint64_t all)
{
	int level;

	if (n == 0 || all == 0)
		return 0;
	level = HEAT_LEVELS + (int)floor(2 * log10((double)n / (double)all));
	return RTE_MAX(level, 1);
}

static void
put_heat(int y, int x, int level)
{
	static const char marks[HEAT_LEVELS + 1] = { ' ', '.', ':', '-', '=',
						     '+', '*', '#', '%', '@' };
	static const enum colour colours[HEAT_LEVELS + 1] = {
		COLOUR_NONE, COLOUR_COLD, COLOUR_COLD, COLOUR_MILD, COLOUR_MILD,
		COLOUR_MILD, COLOUR_WARM, COLOUR_WARM, COLOUR_HOT,  COLOUR_HOT,
	};

	if (y < LINES && x < COLS)
		mvaddch(y, x, (chtype)marks[level] | (chtype)COLOR_PAIR(colours[level]));
}

static void
draw_column(int x, const struct recent *r)
{
	uint64_t all = 0;

	for (unsigned int band = 0; band < BOARD_BANDS; band++)
		all += r->heat[band];
	for (unsigned int band = 0; band < BOARD_BANDS; band++)
		put_heat(LINE_HEAT + BOARD_BANDS - 1 - (int)band, x, level_of(r->heat[band], all));
	if ((r->interval.flags & ~(1u << FLAG_WARMUP)) != 0)
		put(LINE_MARKS, x, "!");
}

static void
draw_scale(enum time_of headline)
{
	put(LINE_HEAT_HEAD, 0, "%s, us and longer; a column an interval", time_names[headline]);
	for (unsigned int band = 0; band < BOARD_BANDS; band++)
		put(LINE_HEAT + BOARD_BANDS - 1 - (int)band, 0, "%7.0f |", us(board_band_ns(band)));
	put(LINE_MARKS, 0, "%7s |", "flags");
}

/* The last interval is at the right end, once there are enough of them. */
static void
draw_heat(const struct board *b)
{
	unsigned int n = board_recent_n(b);
	unsigned int width = COLS > HEAT_LEFT ? (unsigned int)(COLS - HEAT_LEFT) : 0;

	n = RTE_MIN(n, width);
	for (unsigned int i = 0; i < n; i++)
		draw_column(HEAT_LEFT + (int)(n - 1 - i), board_recent(b, i));
}

/* The page ------------------------------------------------------------------------------------- */

static void
draw(struct page *p)
{
	struct board *b = p->view->board;

	erase();
	pthread_mutex_lock(&b->lock);
	draw_title(p->view);
	draw_scale(plan_headline(p->view->plan));
	if (b->intervals > 0) {
		draw_rates(&board_recent(b, 0)->interval);
		draw_times(b, &board_recent(b, 0)->interval);
		draw_heat(b);
		draw_state(b, &board_recent(b, 0)->interval);
	} else {
		put(LINE_STATE, 0, "nothing to show yet");
	}
	p->shown = b->intervals;
	pthread_mutex_unlock(&b->lock);
	/* whatever else was written to the terminal is written over */
	redrawwin(stdscr);
	refresh();
}

static uint64_t
intervals_of(struct board *b)
{
	uint64_t n;

	pthread_mutex_lock(&b->lock);
	n = b->intervals;
	pthread_mutex_unlock(&b->lock);
	return n;
}

/* The first time the run is asked to end, and to tell what it found; the second time it is over. */
static void
ask_for_the_end(struct page *p)
{
	const struct setup *setup = p->view->setup;

	if (p->asked++ == 0 && setup->on_quit != NULL)
		setup->on_quit(setup->quit);
	else if (p->asked > 1)
		raise(SIGINT);
}

static void *
show(void *data)
{
	struct page *p = data;
	int key;

	draw(p);
	while (!__atomic_load_n(&p->over, __ATOMIC_ACQUIRE)) {
		terminal_guard();
		key = getch(); /* for 100 ms */
		if (key == 'q' || key == 'Q' || key == '\003')
			ask_for_the_end(p);
		if (key == KEY_RESIZE || intervals_of(p->view->board) != p->shown)
			draw(p);
	}
	return NULL;
}

static void
init_colours(void)
{
	if (!has_colors())
		return;
	init_pair(COLOUR_COLD, COLOR_BLUE, -1);
	init_pair(COLOUR_MILD, COLOR_GREEN, -1);
	init_pair(COLOUR_WARM, COLOR_YELLOW, -1);
	init_pair(COLOUR_HOT, COLOR_RED, -1);
}

static bool
is_asked(const struct plan *plan)
{
	return plan->tui;
}

static void *
open_page(struct view *view)
{
	struct page *p = calloc(1, sizeof(*p));

	if (p == NULL) {
		report_complain("no memory for --tui");
		return NULL;
	}
	p->view = view;
	if (terminal_take() < 0) {
		free(p);
		return NULL;
	}
	init_colours();
	if (pthread_create(&p->thread, NULL, show, p) == 0) {
		p->drawing = true;
		return p;
	}
	terminal_give_back();
	report_complain("no thread for --tui");
	free(p);
	return NULL;
}

static void
end_page(struct page *p)
{
	if (p->drawing) {
		__atomic_store_n(&p->over, true, __ATOMIC_RELEASE);
		pthread_join(p->thread, NULL);
	}
	p->drawing = false;
	terminal_give_back();
}

/* The final block is for the terminal as it was before. */
static void
on_finish(void *self, const struct finish *f)
{
	(void)f;
	end_page(self);
}

static int
close_page(void *self, int status)
{
	(void)status;
	end_page(self);
	free(self);
	return 0;
}

const struct output output_tui = {
	.asked = is_asked,
	.open = open_page,
	.finish = on_finish,
	.close = close_page,
};
