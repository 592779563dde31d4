/*
 * workers.c
 *		Makes names, and drops those that nothing runs under any more.
 */
#include "dispatch/workers.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

static void drop(Worker *worker);

/* the current one first */
static Worker *all;

bool
workers_renew(const char *name)
{
	Worker *before = all;
	Worker *worker = calloc(1, sizeof(*worker));
	uint64_t random;

	if (worker == NULL || getrandom(&random, sizeof(random), 0) != sizeof(random))
	{
		free(worker);
		return false;
	}
	if (name)
		snprintf(worker->name, sizeof(worker->name), "%s", name);
	else
		snprintf(worker->name, sizeof(worker->name), "gateway-%d-%016" PRIx64, (int) getpid(),
				 random);
	worker->next = all;
	all = worker;
	if (before && before->nattempts == 0)
		drop(before);
	return true;
}

Worker *
workers_current(void)
{
	return all;
}

void
worker_use(Worker *worker)
{
	worker->nattempts++;
}

void
worker_release(Worker *worker)
{
	if (--worker->nattempts == 0 && worker != all)
		drop(worker);
}

/*
 * Forgets one.
 */
static void
drop(Worker *worker)
{
	Worker **place = &all;

	while (*place != worker)
		place = &(*place)->next;
	*place = worker->next;
	free(worker);
}

Worker *
workers_next_to_leave(void)
{
	Worker *worker = all;

	while (worker && worker->has_left)
		worker = worker->next;
	return worker;
}

void
workers_list(Buffer *array)
{
	array->len = 0;
	for (const Worker *worker = all; worker; worker = worker->next)
	{
		buffer_add(array, worker == all ? "{" : ",", 1);
		buffer_add_text(array, worker->name);
	}
	buffer_add(array, "}", 1);
}

void
workers_free(void)
{
	while (all)
		drop(all);
}
