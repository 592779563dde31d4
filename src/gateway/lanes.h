/*
 * lanes.h
 *		What waits for the database at the same moment goes together: requests
 *		of one kind, in one call and one commit.
 *
 * A lane is a session that runs joined calls and nothing else.  Such a call
 * waits for no lock; what it finds locked goes alone, in a session of the pool
 * beside the lanes.
 */
#ifndef RESTATE_GATEWAY_LANES_H
#define RESTATE_GATEWAY_LANES_H

#include "exchange.h"
#include "joined.h"
#include "pool.h"

typedef struct LanesConfig
{
	const JoinKind *kind;
	SlotsConfig slots; /* of these sessions each is a lane */
	int queue_limit;   /* over what waits for a lane and what waits in the pool */
	Pool *pool;		   /* for what goes alone */
} LanesConfig;

typedef struct LanesCounts
{
	unsigned long calls;	/* joined ones */
	unsigned long requests; /* that these carried */
	unsigned long busy;		/* that were sent alone after that, since something was locked */
	unsigned long failed;	/* since the call had failed as a whole */
} LanesCounts;

typedef struct Lanes Lanes;

extern Lanes *lanes_start(const LanesConfig *config);

/*
 * Serves the task of an exchange: at once and alone where nothing else is under
 * way, or with others of its kind as soon as a lane is free.  It has ended when
 * this returns, perhaps.  pool_withdraw withdraws it.
 */
extern void lanes_submit(Lanes *lanes, Exchange *exchange);

/* Has free lanes begin with what waits; to be called when all that has arrived is submitted. */
extern void lanes_turn(Lanes *lanes);

/* Says whether the database has the joined call, and lets us use it.  It is known where that call says that it does not. */
extern void lanes_allow(Lanes *lanes, bool allowed);

/* As pool_give_up and pool_stop. */
extern void lanes_give_up(Lanes *lanes);
extern void lanes_stop(Lanes *lanes);

extern int lanes_waiting(const Lanes *lanes);
extern int lanes_connected(const Lanes *lanes);
extern const LanesCounts *lanes_counts(const Lanes *lanes);

#endif /* RESTATE_GATEWAY_LANES_H */
