/*
 * reads.h
 *		The statements that lock and read: what they take and return.  See
 *		params.h.
 */
#ifndef RESTATE_STORE_READS_H
#define RESTATE_STORE_READS_H

#include "postgres.h"

#include "store/params.h"

/* the deployment asked for: "latest", "id", or none */
#define STORE_DEPLOYMENT_ASKED(ALL) \
	ALL(TEXT, deployment_mode)      \
	ALL(DEPLOYMENT_ID, deployment_id)

/* a single invocation, and what is asked of it */
#define STORE_ONE(ROW, ALL)     \
	ALL(INVOCATION_ID, id)      \
	ALL(INT8, partition_key)    \
	STORE_DEPLOYMENT_ASKED(ALL) \
	ALL(INT8, last_index)

/* invocations to lock, and what is asked of all */
#define STORE_LOCKS(ROW, ALL) \
	STORE_IDS(ROW, ALL)       \
	STORE_DEPLOYMENT_ASKED(ALL)

#define STORE_INBOXES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)        \
	ROW(INT8, size)

#define STORE_PREFIXES(ROW, ALL) \
	STORE_IDS(ROW, ALL)          \
	ROW(INT8, last_index)

#define STORE_COMPLETIONS(ROW, ALL) \
	STORE_IDS(ROW, ALL)             \
	ROW(INT8, completion_id)

/* of_run: whether a result of a run is brought, which a run must have asked for */
#define STORE_ARRIVALS(ROW, ALL) \
	STORE_COMPLETIONS(ROW, ALL)  \
	ROW(BOOL, of_run)

#define STORE_RESTARTED(ROW, ALL) \
	STORE_IDS(ROW, ALL)           \
	ALL(TEXT, request_id)

#define STORE_HANDLERS(ROW, ALL) \
	ALL(TEXT, service_name)      \
	ALL(TEXT, handler_name)      \
	ALL(DEPLOYMENT_ID, deployment_id)

/* a part of a journal: from the index, or the number of a command, on */
#define STORE_JOURNAL_PARTS(ROW, ALL) \
	ALL(INVOCATION_ID, id)            \
	ALL(INT8, partition_key)          \
	ALL(INT8, first)                  \
	ALL(INT8, count)

/* how many are to be claimed, and how many are read of each lane */
#define STORE_CLAIM_ASKED(ALL)            \
	ALL(DEPLOYMENT_ID_ARRAY, deployments) \
	ALL(INT8, max)                        \
	ALL(INT8, depth)

/* the rest of a journal, from the index on */
#define STORE_JOURNAL_RESTS(ROW, ALL) \
	STORE_IDS(ROW, ALL)               \
	ROW(INT8, first)

/* where the tables are distributed, of the shard that a partition key is in */
#define STORE_CLAIMS(ROW, ALL) \
	ALL(TEXT_ARRAY, services)  \
	ALL(INT8, partition_key)   \
	STORE_CLAIM_ASKED(ALL)

#define STORE_PARTITION(ROW, ALL)  ALL(INT8, partition_key)
#define STORE_PARTITIONS(ROW, ALL) ROW(INT8, key)

/* what is asked of the node that has the shard of a partition key: see store_wire.c */
#define STORE_REQUESTS(ROW, ALL) \
	ALL(INT8, partition_key)     \
	ALL(BYTEA, request)

/* the number of services among them is given */
#define STORE_LANES(ROW, ALL)         \
	ROW(TEXT, service_name)           \
	ROW(DEPLOYMENT_ID, deployment_id) \
	ROW(TIMESTAMPTZ, ready_at)        \
	ALL(INT8, services)               \
	STORE_CLAIM_ASKED(ALL)

/* attempts that are started; frames: what they begin with is given as frames */
#define STORE_ATTEMPTS(ROW, ALL)  \
	ALL(INVOCATION_ID_ARRAY, ids) \
	ALL(BOOL, frames)

/* what is ready to be started on one of these deployments: pinned to one, or to none */
#define STORE_STARTABLE(ROW, ALL)     \
	ROW(TEXT, service_name)           \
	ROW(DEPLOYMENT_ID, deployment_id) \
	ALL(DEPLOYMENT_ID_ARRAY, deployments)

/* caller: the worker that calls */
#define STORE_OWNERS(ROW, ALL) \
	STORE_IDS(ROW, ALL)        \
	ALL(TIMESTAMPTZ, since)    \
	ALL(TEXT, caller)

#define STORE_AWAITERS(ROW, ALL) \
	STORE_IDS(ROW, ALL)          \
	ROW(BOOL, tells_worker)

#define STORE_READY(ROW, ALL) \
	STORE_IDS(ROW, ALL)       \
	ALL(INT8, max)

#define STORE_DUE(ROW, ALL)  \
	ALL(TEXT_ARRAY, kinds)   \
	ALL(TIMESTAMPTZ, before) \
	ALL(INT8, max)

/* the same of one kind */
#define STORE_DUE_OF_KIND(ROW, ALL) \
	ALL(TEXT, kind)                 \
	ALL(TIMESTAMPTZ, before)        \
	ALL(INT8, max)

#define STORE_SILENT(ROW, ALL) \
	ALL(TIMESTAMPTZ, before)   \
	ALL(INT8, max)

#define STORE_RUNNERS(ROW, ALL) \
	ALL(TEXT, worker_name)      \
	ALL(INT8, max)

#define STORE_READ_FORMS(FORM)                                \
	FORM(one, StoreOne, STORE_ONE)                            \
	FORM(lock, StoreLock, STORE_LOCKS)                        \
	FORM(inbox, StoreInbox, STORE_INBOXES)                    \
	FORM(prefix, StorePrefix, STORE_PREFIXES)                 \
	FORM(completion, StoreCompletion, STORE_COMPLETIONS)      \
	FORM(arrival, StoreArrival, STORE_ARRIVALS)               \
	FORM(restarted, StoreRestarted, STORE_RESTARTED)          \
	FORM(handler, StoreHandler, STORE_HANDLERS)               \
	FORM(journal_part, StoreJournalPart, STORE_JOURNAL_PARTS) \
	FORM(journal_rest, StoreJournalRest, STORE_JOURNAL_RESTS) \
	FORM(claim, StoreClaim, STORE_CLAIMS)                     \
	FORM(lane, StoreLane, STORE_LANES)                        \
	FORM(partition, StorePartition, STORE_PARTITION)          \
	FORM(partitions, StorePartitions, STORE_PARTITIONS)       \
	FORM(request, StoreRequest, STORE_REQUESTS)               \
	FORM(ready, StoreReady, STORE_READY)                      \
	FORM(startable, StoreStartable, STORE_STARTABLE)          \
	FORM(attempts, StoreAttempts, STORE_ATTEMPTS)             \
	FORM(owner, StoreOwner, STORE_OWNERS)                     \
	FORM(awaiter, StoreAwaiter, STORE_AWAITERS)               \
	FORM(silent, StoreSilent, STORE_SILENT)                   \
	FORM(runner, StoreRunner, STORE_RUNNERS)                  \
	FORM(due, StoreDue, STORE_DUE)                            \
	FORM(due_of_kind, StoreDueOfKind, STORE_DUE_OF_KIND)

STORE_READ_FORMS(STORE_DECLARE_FORM)

/* what of a journal is kept: the number of its commands, the completions that
   they wait for, and those that have arrived */
#define FOUND_OF_PREFIX(COLUMN) \
	COLUMN(INT8, commands)      \
	COLUMN(INT8_ARRAY, awaited) \
	COLUMN(INT8_ARRAY, arrived)

/* an invocation; whether it is as it was when its journal was read */
#define FOUND_INVOCATION(COLUMN) \
	COLUMN(INVOCATION_ID, id)    \
	COLUMN(BYTEA, facts)         \
	COLUMN(BOOL, is_current)     \
	FOUND_OF_PREFIX(COLUMN)

#define FOUND_PREFIX(COLUMN) COLUMN(INVOCATION_ID, id) FOUND_OF_PREFIX(COLUMN)

#define FOUND_KEY(COLUMN)              \
	COLUMN(TEXT, service_name)         \
	COLUMN(TEXT, service_key)          \
	COLUMN(INVOCATION_ID, holder)      \
	COLUMN(INT8, next_sequence_number) \
	COLUMN(BOOL, has_queued_state)

#define FOUND_ID(COLUMN) COLUMN(INVOCATION_ID, id)

#define FOUND_CALLEE(COLUMN) COLUMN(INVOCATION_ID, id) COLUMN(INVOCATION_ID, invoked_id)

#define FOUND_WAITER(COLUMN)      \
	COLUMN(INVOCATION_ID, target) \
	COLUMN(INVOCATION_ID, caller) \
	COLUMN(INT8, completion_id)   \
	COLUMN(BOOL, is_call)         \
	COLUMN(INT8, caller_seed)

#define FOUND_AWAITED(COLUMN)       \
	COLUMN(INVOCATION_ID, id)       \
	COLUMN(INT8_ARRAY, completions) \
	COLUMN(INT8_ARRAY, signals)     \
	COLUMN(TEXT_ARRAY, names)

#define FOUND_COMPLETION(COLUMN) COLUMN(INVOCATION_ID, id) COLUMN(INT8, index)

#define FOUND_RESTART(COLUMN)             \
	COLUMN(INVOCATION_ID, restarted_from) \
	COLUMN(INVOCATION_ID, id)             \
	COLUMN(BOOL, is_recorded)             \
	COLUMN(INT8, last_index)              \
	COLUMN(BOOL, has_deployment)          \
	COLUMN(DEPLOYMENT_ID, deployment_id)

#define FOUND_COMMAND(COLUMN) \
	COLUMN(INT8, index)       \
	COLUMN(TEXT, entry_type)  \
	COLUMN(TEXT, name)

#define FOUND_SHARD_KEY(COLUMN) \
	COLUMN(INT8, partition_key) \
	COLUMN(BOOL, is_here)       \
	COLUMN(INT8, shard)

#define FOUND_COUNT(COLUMN)	  COLUMN(INT8, count)
#define FOUND_VERSION(COLUMN) COLUMN(TEXT, extversion)

/*
 * What is registered that a handler's invocations follow from, -1 or null where nothing is,
 * and what follows.
 */
#define FOUND_HANDLER(COLUMN)                   \
	COLUMN(DEPLOYMENT_ID, deployment_id)        \
	COLUMN(INT8, min_protocol_version)          \
	COLUMN(INT8, max_protocol_version)          \
	COLUMN(TEXT, service_ty)                    \
	COLUMN(JSONB, of_handler)                   \
	COLUMN(JSONB, of_service)                   \
	COLUMN(INT8, idempotency_retention)         \
	COLUMN(INT8, journal_retention)             \
	COLUMN(INT8, workflow_completion_retention) \
	COLUMN(BOOL, is_held)                       \
	COLUMN(TEXT, handler_ty)                    \
	COLUMN(INT8, result_kept_for)               \
	COLUMN(INT8, journal_kept_for)              \
	COLUMN(INT8, initial_interval)              \
	COLUMN(INT8, factor)                        \
	COLUMN(INT8, max_interval)                  \
	COLUMN(INT8, max_attempts)                  \
	COLUMN(BOOL, kills)

#define FOUND_OUTCOME(COLUMN) \
	COLUMN(INVOCATION_ID, id) \
	COLUMN(TEXT, failure)     \
	COLUMN(TEXT, metadata)    \
	COLUMN(BYTEA, value)

#define FOUND_ENTRY(COLUMN)            \
	COLUMN(INT8, index)                \
	COLUMN(TEXT, entry_type)           \
	COLUMN(TEXT, name)                 \
	COLUMN(INT8, completion_id)        \
	COLUMN(INT8, result_completion_id) \
	COLUMN(INVOCATION_ID, invoked_id)  \
	COLUMN(INT8, signal_index)         \
	COLUMN(TEXT, signal_name)          \
	COLUMN(JSONB, meta)                \
	COLUMN(BYTEA, payload)

#define FOUND_NEWS(COLUMN) COLUMN(INVOCATION_ID, of) FOUND_ENTRY(COLUMN)

#define FOUND_ASKED(COLUMN) COLUMN(INVOCATION_ID, id) COLUMN(INT8, completion_id)

#define FOUND_ARRIVAL(COLUMN)   \
	COLUMN(INVOCATION_ID, id)   \
	COLUMN(INT8, completion_id) \
	COLUMN(INT8, index)         \
	COLUMN(TEXT, meta)          \
	COLUMN(BYTEA, payload)      \
	COLUMN(BOOL, is_run)

#define FOUND_SIGNAL(COLUMN)   \
	COLUMN(INT8, index)        \
	COLUMN(INT8, signal_index) \
	COLUMN(TEXT, signal_name)

#define FOUND_STATE(COLUMN) \
	COLUMN(TEXT, key)       \
	COLUMN(BYTEA, value)

/* an entry of one, by key; of one that empties the state a row without */
#define FOUND_QUEUED_STATE(COLUMN) \
	COLUMN(INT8, sequence_number)  \
	COLUMN(TEXT, key)              \
	COLUMN(BYTEA, value)           \
	COLUMN(TEXT, version)

#define FOUND_PROMISE(COLUMN) \
	COLUMN(TEXT, key)         \
	COLUMN(BOOL, completed)   \
	COLUMN(BYTEA, value)      \
	COLUMN(TEXT, failure)

#define FOUND_PROMISE_WAITER(COLUMN) \
	COLUMN(TEXT, key)                \
	COLUMN(INVOCATION_ID, caller)    \
	COLUMN(INT8, completion_id)      \
	COLUMN(INT8, caller_seed)

#define FOUND_HANDLER_NAME(COLUMN) COLUMN(TEXT, handler_name)

#define FOUND_FAILURE(COLUMN)  \
	COLUMN(TEXT, last_failure) \
	COLUMN(TEXT, error_code)   \
	COLUMN(TEXT, handler_name)

#define FOUND_ATTEMPT(COLUMN) \
	COLUMN(INVOCATION_ID, id) \
	COLUMN(INT8, attempt)

#define FOUND_OWNER(COLUMN) COLUMN(INVOCATION_ID, id) COLUMN(TEXT, channel)

#define FOUND_STARTABLE(COLUMN)          \
	COLUMN(TEXT, service_name)           \
	COLUMN(DEPLOYMENT_ID, deployment_id) \
	COLUMN(DEPLOYMENT_ID, starts_on)     \
	COLUMN(INT8, min_protocol_version)   \
	COLUMN(INT8, max_protocol_version)

#define FOUND_RUNNABLE(COLUMN)           \
	COLUMN(TEXT, service_name)           \
	COLUMN(DEPLOYMENT_ID, deployment_id) \
	COLUMN(TIMESTAMPTZ, ready_at)        \
	COLUMN(INVOCATION_ID, id)            \
	COLUMN(BOOL, is_beyond)

/* a table, and the number of a shard of it */
#define FOUND_SHARD_TABLE(COLUMN) COLUMN(TEXT, name) COLUMN(INT8, shard)

#define FOUND_ANSWER(COLUMN) COLUMN(BYTEA, answer)

#define FOUND_DUE(COLUMN)       \
	COLUMN(INVOCATION_ID, id)   \
	COLUMN(TEXT, kind)          \
	COLUMN(TIMESTAMPTZ, due_at) \
	COLUMN(INT8, completion_id) \
	COLUMN(INT8, seed)

#define STORE_RESULTS(RESULT)                                             \
	RESULT(invocation, StoreFoundInvocation, FOUND_INVOCATION)            \
	RESULT(prefix, StoreFoundPrefix, FOUND_PREFIX)                        \
	RESULT(key, StoreFoundKey, FOUND_KEY)                                 \
	RESULT(id, StoreFoundId, FOUND_ID)                                    \
	RESULT(callee, StoreFoundCallee, FOUND_CALLEE)                        \
	RESULT(waiter, StoreFoundWaiter, FOUND_WAITER)                        \
	RESULT(awaited, StoreFoundAwaited, FOUND_AWAITED)                     \
	RESULT(completion, StoreFoundCompletion, FOUND_COMPLETION)            \
	RESULT(restart, StoreFoundRestart, FOUND_RESTART)                     \
	RESULT(command, StoreFoundCommand, FOUND_COMMAND)                     \
	RESULT(count, StoreFoundCount, FOUND_COUNT)                           \
	RESULT(handler, StoreFoundHandler, FOUND_HANDLER)                     \
	RESULT(outcome, StoreFoundOutcome, FOUND_OUTCOME)                     \
	RESULT(entry, StoreFoundEntry, FOUND_ENTRY)                           \
	RESULT(news, StoreFoundNews, FOUND_NEWS)                              \
	RESULT(asked, StoreFoundAsked, FOUND_ASKED)                           \
	RESULT(arrival, StoreFoundArrival, FOUND_ARRIVAL)                     \
	RESULT(signal, StoreFoundSignal, FOUND_SIGNAL)                        \
	RESULT(state, StoreFoundState, FOUND_STATE)                           \
	RESULT(queued_state, StoreFoundQueuedState, FOUND_QUEUED_STATE)       \
	RESULT(handler_name, StoreFoundHandlerName, FOUND_HANDLER_NAME)       \
	RESULT(failure, StoreFoundFailure, FOUND_FAILURE)                     \
	RESULT(runnable, StoreFoundRunnable, FOUND_RUNNABLE)                  \
	RESULT(startable, StoreFoundStartable, FOUND_STARTABLE)               \
	RESULT(owner, StoreFoundOwner, FOUND_OWNER)                           \
	RESULT(due, StoreFoundDue, FOUND_DUE)                                 \
	RESULT(shard_key, StoreFoundShardKey, FOUND_SHARD_KEY)                \
	RESULT(shard_table, StoreFoundShardTable, FOUND_SHARD_TABLE)          \
	RESULT(answer, StoreFoundAnswer, FOUND_ANSWER)                        \
	RESULT(promise, StoreFoundPromise, FOUND_PROMISE)                     \
	RESULT(promise_waiter, StoreFoundPromiseWaiter, FOUND_PROMISE_WAITER) \
	RESULT(attempt, StoreFoundAttempt, FOUND_ATTEMPT)                     \
	RESULT(version, StoreFoundVersion, FOUND_VERSION)

STORE_RESULTS(STORE_DECLARE_RESULT)

#endif /* RESTATE_STORE_READS_H */
