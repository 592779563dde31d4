/*
 * bulk.h
 *		The routes under /admin/bulk-jobs.
 */
#ifndef RESTATE_GATEWAY_BULK_H
#define RESTATE_GATEWAY_BULK_H

#include <libpq-fe.h>

#include "exchange.h"

#define BULK_MAX_BODY ((size_t) 64 * 1024)

extern void prepare_bulk_start(Exchange *exchange);
extern void prepare_bulk_job(Exchange *exchange);
extern void prepare_bulk_run(Exchange *exchange);
extern void answer_bulk_start(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_BULK_H */
