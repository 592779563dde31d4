/*
 * query.h
 *		POST /query: one read-only statement over the introspection views.
 */
#ifndef RESTATE_HTTP_QUERY_H
#define RESTATE_HTTP_QUERY_H

#include "exchange.h"
#include "pool.h"

#define QUERY_MAX_BODY ((size_t) 1024 * 1024)

extern void query_configure(int row_limit);
extern void prepare_query(Exchange *exchange);
extern void run_query(Exchange *exchange, Session *session);

#endif /* RESTATE_HTTP_QUERY_H */
