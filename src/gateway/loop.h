/*
 * loop.h
 *		The one event loop: descriptors that are watched, and timers.
 *
 * All of the gateway runs in the thread that calls loop_run, and nothing in it
 * waits anywhere else.
 */
#ifndef RESTATE_GATEWAY_LOOP_H
#define RESTATE_GATEWAY_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A descriptor that something waits for; zeroed before its first use. */
typedef struct Watch
{
	/* called with what epoll says of it */
	void (*ready)(struct Watch *watch, uint32_t events);
	void *owner;
	int fd;
	uint32_t events; /* 0: it is not watched */
} Watch;

/* A moment that something waits for; zeroed before its first use. */
typedef struct Timer
{
	void (*fire)(struct Timer *timer);
	void *owner;
	int64_t at;
	size_t place; /* in the heap, from 1 on; 0: it is not set */
} Timer;

extern bool loop_start(void);

/*
 * Runs until loop_end.  Before each wait it calls turn, which returns for how
 * many milliseconds at most to wait, or -1.
 */
extern void loop_run(int (*turn)(void));
extern void loop_end(void);

/* Frees what the loop holds; nothing is watched any more. */
extern void loop_free(void);

/* Milliseconds on a clock that is never set. */
extern int64_t loop_now(void);

/* Watches a descriptor, or watches it for something else. */
extern bool loop_watch(Watch *watch, int fd, uint32_t events);

/* To be called before the descriptor is closed. */
extern void loop_unwatch(Watch *watch);

/* Sets a timer, anew if it was set; returns false where memory has run out. */
extern bool loop_set_timer(Timer *timer, int64_t at);
extern void loop_clear_timer(Timer *timer);

#endif /* RESTATE_GATEWAY_LOOP_H */
