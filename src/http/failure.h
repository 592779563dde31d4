/*
 * failure.h
 *		The HTTP answer to an error of the database.
 */
#ifndef RESTATE_HTTP_FAILURE_H
#define RESTATE_HTTP_FAILURE_H

#include <libpq-fe.h>

#include "exchange.h"

extern void answer_failure(Exchange *exchange, const PGconn *connection, const PGresult *result);

#endif /* RESTATE_HTTP_FAILURE_H */
