/*
 * clock.h
 *		Has the database do what is due, and run batches of bulk jobs.
 */
#ifndef RESTATE_GATEWAY_CLOCK_H
#define RESTATE_GATEWAY_CLOCK_H

#include <stdbool.h>

/* What the clock has done since the gateway was started. */
typedef struct ClockCounts
{
	unsigned long ticks;	/* calls of restate_tick */
	unsigned long fired;	/* what those have done */
	unsigned long batches;	/* of bulk jobs */
	unsigned long dealt;	/* invocations that had their turn in these */
	unsigned long failures; /* calls that failed */
} ClockCounts;

/*
 * Begins, in a session of its own; returns false where memory has run out.  fired is
 * told when something was done that was due.
 */
extern bool clock_start(const char *conninfo, void (*fired)(void));

/* Something is due from some time on that was not before: it finds out when. */
extern void clock_look(void);

/* Begins nothing more. */
extern void clock_drain(void);

/* Whether something that it has begun is under way. */
extern bool clock_is_busy(void);

/* Has the server end what runs. */
extern void clock_give_up(void);
extern void clock_stop(void);

/* NULL where it was not started. */
extern const ClockCounts *clock_counts(void);

#endif /* RESTATE_GATEWAY_CLOCK_H */
