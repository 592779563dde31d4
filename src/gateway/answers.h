/*
 * answers.h
 *		The routes under /admin/, which are ours and not Restate's: what operators
 *		ask before they act.
 */
#ifndef RESTATE_GATEWAY_ANSWERS_H
#define RESTATE_GATEWAY_ANSWERS_H

#include <libpq-fe.h>

#include "exchange.h"

extern void prepare_explain(Exchange *exchange);
extern void prepare_preview(Exchange *exchange);
extern void prepare_dry_run(Exchange *exchange);
extern void prepare_restart_point(Exchange *exchange);
extern void answer_explain(Exchange *exchange, const PGresult *result);

#endif /* RESTATE_GATEWAY_ANSWERS_H */
