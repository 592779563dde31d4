/*
 * work.h
 *		The statements that change the tables, row by row: see params.h.
 */
#ifndef RESTATE_STORE_WORK_H
#define RESTATE_STORE_WORK_H

#include "postgres.h"

#include "store/params.h"

/* new invocations, of the originals named by id */
#define STORE_RESTARTS(ROW, ALL)             \
	STORE_IDS(ROW, ALL)                      \
	ROW(INVOCATION_ID, new_id)               \
	ROW(TEXT, status)                        \
	ROW(DEPLOYMENT_ID, deployment_id)        \
	ROW(INT8, journal_size)                  \
	ROW(INT8, journal_commands_size)         \
	ROW(INT8_OR_NULL, inbox_sequence_number) \
	ROW(INT8, random_seed)                   \
	ALL(INT8, last_index)                    \
	ALL(TEXT, request_id)                    \
	ALL(TIMESTAMPTZ, at)

/* new invocations as they were asked for; retentions in microseconds */
#define STORE_SUBMISSIONS(ROW, ALL)          \
	STORE_IDS(ROW, ALL)                      \
	ROW(TEXT, status)                        \
	ROW(TEXT, service_name)                  \
	ROW(TEXT, service_key)                   \
	ROW(TEXT, handler_name)                  \
	ROW(TEXT, service_ty)                    \
	ROW(TEXT, handler_ty)                    \
	ROW(TEXT, idempotency_key)               \
	ROW(TEXT, invoked_by)                    \
	ROW(INVOCATION_ID, caller_id)            \
	ROW(TEXT, caller_service_name)           \
	ROW(TEXT, caller_target)                 \
	ROW(DEPLOYMENT_ID, deployment_id)        \
	ROW(INT8_OR_NULL, protocol_version)      \
	ROW(INT8, journal_size)                  \
	ROW(INT8, journal_commands_size)         \
	ROW(INT8, completion_retention)          \
	ROW(INT8, journal_retention)             \
	ROW(INT8_OR_NULL, inbox_sequence_number) \
	ROW(TIME_OR_NULL, scheduled_start_at)    \
	ROW(JSONB, input_headers)                \
	ROW(BYTEA, input_payload)                \
	ROW(INT8, random_seed)                   \
	ROW(INT8_OR_NULL, attempt)               \
	ROW(TEXT, worker_name)                   \
	ROW(BOOL, has_waiters)                   \
	ROW(TEXT, awaited_by)                    \
	ALL(TIMESTAMPTZ, at)

#define STORE_JOURNAL_COPIES(ROW, ALL) \
	STORE_IDS(ROW, ALL)                \
	ROW(INVOCATION_ID, new_id)         \
	ALL(INT8, last_index)

#define STORE_COMPLETION_COPIES(ROW, ALL) \
	STORE_IDS(ROW, ALL)                   \
	ROW(INT8, index)                      \
	ROW(INVOCATION_ID, new_id)            \
	ROW(INT8, new_index)

#define STORE_AUDITED(ROW, ALL)   \
	STORE_IDS(ROW, ALL)           \
	ROW(INT8, audit_id)           \
	ROW(TEXT, outcome)            \
	ROW(INVOCATION_ID, new_id)    \
	ROW(INVOCATION_ID, caused_by) \
	ROW(JSONB, parameters)        \
	ROW(TEXT, subject)            \
	ROW(TEXT, reason)             \
	ALL(TIMESTAMPTZ, at)          \
	ALL(TEXT, operation)          \
	ALL(TEXT, role_name)          \
	ALL(TEXT, session_user_name)  \
	ALL(TEXT, claimed_subject)    \
	ALL(TEXT, session_reason)

#define STORE_AUDIT_PURGE(ROW, ALL) \
	ALL(TIMESTAMPTZ, before)

#define STORE_REMOVALS(ROW, ALL) \
	STORE_IDS(ROW, ALL)          \
	ROW(TEXT, status)

#define STORE_STARTS(ROW, ALL) \
	STORE_IDS(ROW, ALL)        \
	ALL(TIMESTAMPTZ, at)

/* invocations that run on, with more entries */
#define STORE_ADVANCES(ROW, ALL)     \
	STORE_IDS(ROW, ALL)              \
	ROW(INT8, journal_size)          \
	ROW(INT8, journal_commands_size) \
	ROW(INT8, attempt)               \
	ROW(INT8_OR_NULL, asked)         \
	ROW(TEXT, server)                \
	ALL(TIMESTAMPTZ, at)

/* invocations that go on, as they are to be */
#define STORE_UPDATES(ROW, ALL)              \
	STORE_IDS(ROW, ALL)                      \
	ROW(TEXT, status)                        \
	ROW(INT8, journal_size)                  \
	ROW(INT8, journal_commands_size)         \
	ROW(BOOL, pause_requested)               \
	ROW(DEPLOYMENT_ID, deployment_id)        \
	ROW(INT8_OR_NULL, protocol_version)      \
	ROW(TEXT, completions)                   \
	ROW(TEXT, signals)                       \
	ROW(TEXT, names)                         \
	ROW(INT8_OR_NULL, inbox_sequence_number) \
	ROW(TIME_OR_NULL, next_retry_at)         \
	ROW(INT8_OR_NULL, attempt)               \
	ROW(TEXT, worker_name)                   \
	ROW(TIME_OR_NULL, last_start_at)         \
	ROW(INT8, attempt_count)                 \
	ROW(INT8, entry_retry_count)             \
	ROW(TIME_OR_NULL, last_entry_at)         \
	ROW(TEXT, server)                        \
	ROW(TEXT, last_failure)                  \
	ROW(TEXT, error_code)                    \
	ROW(INT8_OR_NULL, command_index)         \
	ROW(TEXT, command_name)                  \
	ROW(TEXT, command_type)                  \
	ROW(BOOL, has_waiters)                   \
	ROW(BOOL, is_foreign)                    \
	ROW(INT8_OR_NULL, asked)                 \
	ROW(TEXT, status_was)                    \
	ALL(TIMESTAMPTZ, at)

/* those that are completed, by a failure if there is one */
#define STORE_COMPLETED(ROW, ALL)    \
	STORE_IDS(ROW, ALL)              \
	ROW(INT8, journal_size)          \
	ROW(INT8, journal_commands_size) \
	ROW(TEXT, failure)               \
	ROW(JSONB, failure_metadata)     \
	ROW(BYTEA, value)                \
	ROW(TEXT, status_was)            \
	ALL(TIMESTAMPTZ, at)

#define STORE_APPENDS(ROW, ALL)             \
	STORE_IDS(ROW, ALL)                     \
	ROW(INT8, index)                        \
	ROW(TEXT, entry_type)                   \
	ROW(TEXT, name)                         \
	ROW(INT8_OR_NULL, completion_id)        \
	ROW(INT8_OR_NULL, result_completion_id) \
	ROW(INVOCATION_ID, invoked_id)          \
	ROW(INT8_OR_NULL, signal_index)         \
	ROW(TEXT, signal_name)                  \
	ROW(JSONB, meta)                        \
	ROW(BYTEA, payload)                     \
	ALL(TIMESTAMPTZ, at)

#define STORE_STATE_CHANGES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)              \
	ROW(TEXT, key)                    \
	ROW(BYTEA, value)

/* changes of a state that wait in the inbox of its key; state: an object of hex by key */
#define STORE_QUEUED_STATES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)              \
	ROW(INT8, sequence_number)        \
	ROW(JSONB, state)                 \
	ROW(TEXT, version)                \
	ALL(TIMESTAMPTZ, at)

/* those before a place */
#define STORE_QUEUED_UNTIL(ROW, ALL) \
	STORE_KEYS(ROW, ALL)             \
	ROW(INT8, until)

#define STORE_PROMISES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)         \
	ROW(TEXT, key)               \
	ROW(BYTEA, value)            \
	ROW(TEXT, failure)

#define STORE_PROMISE_WAITERS(ROW, ALL) \
	STORE_KEYS(ROW, ALL)                \
	ROW(TEXT, key)                      \
	ROW(INVOCATION_ID, caller)          \
	ROW(INT8, completion_id)            \
	ROW(INT8, caller_seed)

#define STORE_WORKERS(ROW, ALL) \
	ALL(TEXT, name)             \
	ALL(TIMESTAMPTZ, at)

#define STORE_EVENTS(ROW, ALL) \
	STORE_IDS(ROW, ALL)        \
	ROW(INT8, journal_size)    \
	ROW(TEXT, event_type)      \
	ROW(JSONB, event_json)     \
	ALL(TIMESTAMPTZ, at)

#define STORE_RUNNABLE(ROW, ALL)      \
	STORE_IDS(ROW, ALL)               \
	ROW(TEXT, service_name)           \
	ROW(DEPLOYMENT_ID, deployment_id) \
	ROW(TIMESTAMPTZ, ready_at)

#define STORE_TIMERS(ROW, ALL) \
	STORE_IDS(ROW, ALL)        \
	ROW(TIMESTAMPTZ, due_at)   \
	ROW(TEXT, kind)            \
	ROW(INT8, completion_id)   \
	ROW(INT8, seed)

/* of those that are waited for */
#define STORE_WAITERS(ROW, ALL) \
	STORE_IDS(ROW, ALL)         \
	ROW(INVOCATION_ID, caller)  \
	ROW(INT8, completion_id)    \
	ROW(TEXT, kind)             \
	ROW(INT8, caller_seed)

/* results of invocations that are removed while they are awaited */
#define STORE_UNDELIVERED(ROW, ALL) \
	STORE_IDS(ROW, ALL)             \
	ROW(INT8, random_seed)          \
	ROW(TEXT, failure)              \
	ROW(JSONB, failure_metadata)    \
	ROW(BYTEA, value)               \
	ALL(TIMESTAMPTZ, at)

#define STORE_KEY_UPDATES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)            \
	ROW(INVOCATION_ID, holder)      \
	ROW(INT8, next_sequence_number) \
	ROW(BOOL, has_queued_state)

#define STORE_WORK_FORMS(FORM)                                          \
	FORM(restart, StoreRestart, STORE_RESTARTS)                         \
	FORM(journal_copy, StoreJournalCopy, STORE_JOURNAL_COPIES)          \
	FORM(completion_copy, StoreCompletionCopy, STORE_COMPLETION_COPIES) \
	FORM(audited, StoreAudited, STORE_AUDITED)                          \
	FORM(audit_purge, StoreAuditPurge, STORE_AUDIT_PURGE)               \
	FORM(removal, StoreRemoval, STORE_REMOVALS)                         \
	FORM(start, StoreStart, STORE_STARTS)                               \
	FORM(update, StoreUpdate, STORE_UPDATES)                            \
	FORM(completed, StoreCompleted, STORE_COMPLETED)                    \
	FORM(append, StoreAppend, STORE_APPENDS)                            \
	FORM(key_update, StoreKeyUpdate, STORE_KEY_UPDATES)                 \
	FORM(runnable, StoreRunnable, STORE_RUNNABLE)                       \
	FORM(timer, StoreTimer, STORE_TIMERS)                               \
	FORM(waiter, StoreWaiter, STORE_WAITERS)                            \
	FORM(submission, StoreSubmission, STORE_SUBMISSIONS)                \
	FORM(advance, StoreAdvance, STORE_ADVANCES)                         \
	FORM(state_change, StoreStateChange, STORE_STATE_CHANGES)           \
	FORM(queued_state, StoreQueuedState, STORE_QUEUED_STATES)           \
	FORM(queued_until, StoreQueuedUntil, STORE_QUEUED_UNTIL)            \
	FORM(event, StoreEvent, STORE_EVENTS)                               \
	FORM(undelivered, StoreUndelivered, STORE_UNDELIVERED)              \
	FORM(worker, StoreWorker, STORE_WORKERS)                            \
	FORM(promise, StorePromise, STORE_PROMISES)                         \
	FORM(promise_waiter, StorePromiseWaiter, STORE_PROMISE_WAITERS)

STORE_WORK_FORMS(STORE_DECLARE_FORM)

#endif /* RESTATE_STORE_WORK_H */
