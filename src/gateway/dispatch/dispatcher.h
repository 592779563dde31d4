/*
 * dispatcher.h
 *		Runs handlers of services that are written with Restate's SDKs: claims
 *		what is ready on deployments of HTTP, calls the handler, and carries frames
 *		between it and the database.  What they mean is the database's.
 */
#ifndef RESTATE_GATEWAY_DISPATCHER_H
#define RESTATE_GATEWAY_DISPATCHER_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "dispatch/attempt.h"
#include "pool.h"

typedef struct DispatcherConfig
{
	const char *conninfo;
	int slots;			  /* attempts at a time */
	int deployment_slots; /* of those on one deployment */
	size_t most_bytes;	  /* in flight */
	const char *name;	  /* of the worker it begins as; NULL: one of its own */
	/* an attempt is over, perhaps with its invocation, and the result, if it is known; NULL: nobody wants to know */
	void (*over)(const char *id, const AttemptResult *result);
	/* something is due later that was not before */
	void (*due)(void);
} DispatcherConfig;

/* Returns false where that cannot be done. */
extern bool dispatcher_start(const DispatcherConfig *config);

/* Something may have become ready: it is claimed at once, if there is room. */
extern void dispatcher_wake(void);

/* The sessions that it works with; NULL where it was not started. */
extern Pool *dispatcher_pool(void);

/* Whether it was started, and whether it is told of what others do. */
extern bool dispatcher_runs(void);
extern bool dispatcher_hears(void);

/*
 * Offers to run what is submitted at once, and ends the offer: claims_offer, and
 * claims_end_offer, of claims.h.  Where nothing runs handlers none is made.
 */
extern const char *dispatcher_offer(Buffer *deployments, int *count);
extern void dispatcher_end_offer(int count, const PGresult *rows, int column, bool is_known);

/* Writes the metrics of what was started; nothing where that was not. */
extern void dispatcher_render(Buffer *buffer);

/* Claims no more, and has handlers that only wait suspend. */
extern void dispatcher_drain(void);

/* Gives what is under way to others: there is no more time for it. */
extern void dispatcher_give_back(void);

/* Whether no attempt is under way. */
extern bool dispatcher_is_idle(void);

/* Drops what is under way, and frees what there is. */
extern void dispatcher_stop(void);

#endif /* RESTATE_GATEWAY_DISPATCHER_H */
