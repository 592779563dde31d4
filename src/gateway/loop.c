/*
 * loop.c
 *		Waits with epoll; timers are a heap.
 */
#include "loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define MAX_EVENTS	 256
#define FIRST_TIMERS 64

static int epoll_fd = -1;
static bool ended;

/* what the last wait has found; what is no longer watched is taken out */
static struct epoll_event events[MAX_EVENTS];
static int nevents;

/* heap[1] is the earliest */
static Timer **heap;
static size_t nheap;
static size_t heap_size;

static void dispatch(void);
static void fire_timers(void);
static int time_to_wait(int most);
static void put(Timer *timer, size_t place);
static void sift(Timer *timer, size_t place);

bool
loop_start(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	ended = false;
	return epoll_fd >= 0;
}

void
loop_free(void)
{
	if (epoll_fd >= 0)
		close(epoll_fd);
	epoll_fd = -1;
	free(heap);
	heap = NULL;
	nheap = heap_size = 0;
}

void
loop_end(void)
{
	ended = true;
}

int64_t
loop_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
loop_run(int (*turn)(void))
{
	while (!ended)
	{
		int most = turn();

		if (ended)
			break;
		nevents = epoll_wait(epoll_fd, events, MAX_EVENTS, time_to_wait(most));
		dispatch();
		fire_timers();
	}
}

/*
 * Returns for how long to wait: until the earliest timer, and no longer than
 * is asked for.
 */
static int
time_to_wait(int most)
{
	int64_t left;

	if (nheap == 0 || most == 0)
		return most;
	left = heap[1]->at - loop_now();
	if (left < 0)
		left = 0;
	if (most >= 0 && left > most)
		return most;
	return left > INT32_MAX ? INT32_MAX : (int) left;
}

/*
 * Tells the owners of what is ready.
 */
static void
dispatch(void)
{
	for (int i = 0; i < nevents; i++)
	{
		Watch *watch = events[i].data.ptr;

		if (watch)
			watch->ready(watch, events[i].events);
	}
	nevents = 0;
}

bool
loop_watch(Watch *watch, int fd, uint32_t wanted)
{
	struct epoll_event event = {.events = wanted, .data.ptr = watch};

	if (watch->events && watch->fd != fd)
		loop_unwatch(watch);
	if (watch->events == wanted)
		return true;
	if (epoll_ctl(epoll_fd, watch->events ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event) != 0)
		return false;
	watch->fd = fd;
	watch->events = wanted;
	return true;
}

void
loop_unwatch(Watch *watch)
{
	if (watch->events == 0)
		return;
	(void) epoll_ctl(epoll_fd, EPOLL_CTL_DEL, watch->fd, NULL);
	watch->events = 0;
	for (int i = 0; i < nevents; i++)
		if (events[i].data.ptr == watch)
			events[i].data.ptr = NULL;
}

/*
 * Fires the timers that are due.  One that is set while they fire is not
 * waited for.
 */
static void
fire_timers(void)
{
	int64_t now = loop_now();

	while (nheap > 0 && heap[1]->at <= now)
	{
		Timer *timer = heap[1];

		loop_clear_timer(timer);
		timer->fire(timer);
	}
}

bool
loop_set_timer(Timer *timer, int64_t at)
{
	size_t place = timer->place;

	if (place == 0)
	{
		if (nheap + 2 > heap_size)
		{
			size_t size = heap_size ? heap_size * 2 : FIRST_TIMERS;
			Timer **larger = reallocarray(heap, size, sizeof(void *));

			if (larger == NULL)
				return false;
			heap = larger;
			heap_size = size;
		}
		place = ++nheap;
	}
	timer->at = at;
	sift(timer, place);
	return true;
}

void
loop_clear_timer(Timer *timer)
{
	size_t place = timer->place;
	Timer *last;

	if (place == 0)
		return;
	timer->place = 0;
	last = heap[nheap--];
	if (last != timer)
		sift(last, place);
}

/*
 * Puts a timer into a free place of the heap, or into one above or below that.
 */
static void
sift(Timer *timer, size_t place)
{
	while (place > 1 && heap[place / 2]->at > timer->at)
	{
		put(heap[place / 2], place);
		place /= 2;
	}
	while (2 * place <= nheap)
	{
		size_t child = 2 * place;

		if (child + 1 <= nheap && heap[child + 1]->at < heap[child]->at)
			child++;
		if (heap[child]->at >= timer->at)
			break;
		put(heap[child], place);
		place = child;
	}
	put(timer, place);
}

/*
 * Puts a timer into its place.
 */
static void
put(Timer *timer, size_t place)
{
	heap[place] = timer;
	timer->place = place;
}
