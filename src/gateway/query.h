/*
 * query.h
 *		POST /query: one read-only statement over the introspection views.
 */
#ifndef RESTATE_GATEWAY_QUERY_H
#define RESTATE_GATEWAY_QUERY_H

#include "exchange.h"
#include "pool.h"

#define QUERY_MAX_BODY	 ((size_t) 1024 * 1024)
/* how many rows an answer in one piece has at most, if not told otherwise */
#define QUERY_USUAL_ROWS 100000
/* how long it may get; a row of a stream, too */
#define QUERY_MAX_ANSWER ((size_t) 64 * 1024 * 1024)

extern void query_configure(int row_limit, int seconds);
extern void prepare_query(Exchange *exchange);

/* Runs the exchange's query in a transaction that is rolled back. */
extern const TaskKind query_task;

#endif /* RESTATE_GATEWAY_QUERY_H */
