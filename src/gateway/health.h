/*
 * health.h
 *		Whether the gateway runs, and whether what it needs is there.
 */
#ifndef RESTATE_GATEWAY_HEALTH_H
#define RESTATE_GATEWAY_HEALTH_H

#include "exchange.h"
#include "lanes.h"

/* how long it may take to find out */
#define HEALTH_SECONDS 5

extern void prepare_live(Exchange *exchange);

/*
 * Has what is found out decide whether lanes are used, if there are any, and has the
 * role of the ingress looked at, too, if there is one.
 */
extern void health_configure(Lanes *lanes, Pool *ingress);

/* Has the log say what is there, or missing, when the gateway starts. */
extern void health_look(Pool *pool);

/* Asks the database what it has, and tries a call of an operation that does nothing. */
extern const TaskKind health_task;

/* The same, answered as the Admin API's /cluster-health. */
extern const TaskKind cluster_health_task;

#endif /* RESTATE_GATEWAY_HEALTH_H */
