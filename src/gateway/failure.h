/*
 * failure.h
 *		The HTTP answer where the database refuses, fails or is not there.
 */
#ifndef RESTATE_GATEWAY_FAILURE_H
#define RESTATE_GATEWAY_FAILURE_H

#include <libpq-fe.h>

#include "exchange.h"

/*
 * Returns whether after a success such an error leaves it open whether the
 * transaction was kept.
 */
extern bool failure_leaves_open(const PGresult *error);

/*
 * Returns whether the same call may well succeed later: lost connections,
 * serialization failures, exhausted resources, a shutdown, a standby, a lock
 * that was not to be had.
 */
extern bool failure_is_passing(const char *sqlstate);

extern void answer_failure(Exchange *exchange, const PGresult *error);

/*
 * Answers a task that has ended in another way than it wanted, or only then:
 * the kind's ended.
 */
extern void answer_task_end(Task *task, TaskEnd how);

#endif /* RESTATE_GATEWAY_FAILURE_H */
