/* SPDX-License-Identifier: BSD-3-Clause */
#include "gen/record/failures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gen/complain.h"
#include "gen/record/pcapng.h"
#include "gen/worker.h"

enum { COMMENT_BYTES = 32 };

struct failures *
failures_open(const struct plan *plan, struct worker *const *workers, unsigned int n,
	      uint64_t now_ns, uint64_t epoch_ns)
{
	struct failures *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return complain("no memory for failures"), NULL;
	f->path = plan->capture.file;
	f->left = f->most = plan->capture.most;
	f->workers = workers;
	f->workers_n = n;
	f->epoch_ns = epoch_ns - now_ns;
	f->list = calloc(f->most, sizeof(*f->list));
	if (f->list == NULL)
		complain("no memory for %u failures", f->most);
	else
		f->file = pcapng_open(f->path, (uint16_t)plan->capture.snap, epoch_ns,
				      workers[0]->port->mac);
	if (f->file == NULL) {
		failures_close(f);
		return NULL;
	}
	for (unsigned int i = 0; i < n; i++)
		workers[i]->recorder->left = &f->left;
	return f;
}

/* In time ------------------------------------------------------------------------------------ */

/* A frame, and what it belongs to. */
struct item {
	const struct recorded *frame;
	const struct recorder *recorder;
};

static int
by_time(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	if (x->frame->at_ns != y->frame->at_ns)
		return x->frame->at_ns < y->frame->at_ns ? -1 : 1;
	if (x->recorder != y->recorder)
		return x->recorder < y->recorder ? -1 : 1;
	return (int32_t)(x->frame->order - y->frame->order) < 0 ? -1 : 1;
}

/* Return: how many, or 0: there is nothing to be written. */
static size_t
gather(const struct failures *f, struct item **items)
{
	size_t n = 0, at = 0;

	for (unsigned int i = 0; i < f->workers_n; i++)
		n += f->workers[i]->recorder->kept_n;
	*items = n > 0 ? calloc(n, sizeof(**items)) : NULL;
	if (*items == NULL)
		return 0;
	for (unsigned int i = 0; i < f->workers_n; i++) {
		const struct recorder *r = f->workers[i]->recorder;

		for (uint32_t k = 0; k < r->kept_n; k++)
			(*items)[at++] = (struct item){ recorder_kept(r, k), r };
	}
	qsort(*items, n, sizeof(**items), by_time);
	return n;
}

/* Writing ------------------------------------------------------------------------------------ */

static void
tell(struct failures *f)
{
	if (!f->failed)
		complain("--capture-failed %s: %s; it is not written any more", f->path,
			 strerror(errno));
	f->failed = true;
}

static void
write_frame(struct failures *f, const struct item *item)
{
	const struct recorded *frame = item->frame;
	struct failure *failure = &item->recorder->failure[frame->failure];
	char comment[COMMENT_BYTES];

	snprintf(comment, sizeof(comment), "failed: %s", error_names[failure->cause]);
	if (f->failed)
		return;
	if (pcapng_write(f->file, frame, frame->at_ns + f->epoch_ns, comment) < 0)
		tell(f);
	else
		f->frames++;
}

/* Of a failure whose frames were all gone there is nothing in the file. */
static void
list_failures(struct failures *f, const struct recorder *r)
{
	for (uint32_t i = 0; i < r->failures; i++) {
		const struct failure *one = &r->failure[i];

		if (one->frames > 0 && f->n < f->most)
			f->list[f->n++] =
				(struct captured_failure){ .who = one->who,
							   .cause = one->cause,
							   .at_ns = one->at_ns + f->epoch_ns,
							   .frames = one->frames };
		else
			f->missed++;
	}
	f->missed += r->missed;
}

void
failures_write(struct failures *f)
{
	struct item *items;
	size_t n = gather(f, &items);

	for (size_t i = 0; i < n; i++)
		write_frame(f, &items[i]);
	free(items);
	for (unsigned int i = 0; i < f->workers_n; i++)
		list_failures(f, f->workers[i]->recorder);
}

int
failures_close(struct failures *f)
{
	bool failed = f != NULL && f->failed;

	if (f == NULL)
		return 0;
	for (unsigned int i = 0; f->file != NULL && i < f->workers_n; i++)
		f->workers[i]->recorder->left = NULL;
	pcapng_close(f->file);
	free(f->list);
	free(f);
	return failed ? -1 : 0;
}
