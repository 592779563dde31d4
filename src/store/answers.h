/*
 * answers.h
 *		The statements that answer operators: what they take and return.  They
 *		lock nothing.  See params.h.
 */
#ifndef RESTATE_STORE_ANSWERS_H
#define RESTATE_STORE_ANSWERS_H

#include "postgres.h"

#include "store/params.h"

/* commands of a journal: those that ask for the completions, or from an index on */
#define STORE_ASKING_COMMANDS(ROW, ALL) \
	ALL(INVOCATION_ID, id)              \
	ALL(INT8, partition_key)            \
	ALL(INT8_ARRAY, completions)        \
	ALL(INT8, first)                    \
	ALL(INT8, max)

/* one entry of a journal, by what is known of it */
#define STORE_ENTRIES_ASKED(ROW, ALL) \
	ALL(INVOCATION_ID, id)            \
	ALL(INT8, partition_key)          \
	ALL(TEXT, name)                   \
	ALL(INT8, number)                 \
	ALL(TIMESTAMPTZ, at)

/* the place in an inbox, of those before which so many are counted */
#define STORE_INBOX_PLACES(ROW, ALL) \
	STORE_KEYS(ROW, ALL)             \
	ALL(INT8, before)                \
	ALL(INT8, max)

#define STORE_REVISIONS(ROW, ALL) \
	ALL(TEXT, service_name)       \
	ALL(DEPLOYMENT_ID, deployment_id)

/* invocations, and how many rows all of them may have */
#define STORE_BOUNDED_IDS(ROW, ALL) \
	STORE_IDS(ROW, ALL)             \
	ALL(INT8, max)

/* callers, each with one that it has called */
#define STORE_CALLING_IDS(ROW, ALL) \
	STORE_IDS(ROW, ALL)             \
	ROW(INVOCATION_ID, invoked_id)

#define STORE_ANSWER_FORMS(FORM)                                    \
	FORM(asking_command, StoreAskingCommand, STORE_ASKING_COMMANDS) \
	FORM(entry_asked, StoreEntryAsked, STORE_ENTRIES_ASKED)         \
	FORM(inbox_place, StoreInboxPlace, STORE_INBOX_PLACES)          \
	FORM(revision, StoreRevision, STORE_REVISIONS)                  \
	FORM(bounded_id, StoreBoundedId, STORE_BOUNDED_IDS)             \
	FORM(calling_id, StoreCallingId, STORE_CALLING_IDS)

STORE_ANSWER_FORMS(STORE_DECLARE_FORM)

/* what an invocation is and where it stands */
#define FOUND_ABOUT(COLUMN)               \
	COLUMN(INVOCATION_ID, id)             \
	COLUMN(TEXT, target)                  \
	COLUMN(TEXT, service_ty)              \
	COLUMN(TEXT, handler_ty)              \
	COLUMN(TEXT, idempotency_key)         \
	COLUMN(TEXT, invoked_by)              \
	COLUMN(INVOCATION_ID, invoked_by_id)  \
	COLUMN(TEXT, invoked_by_target)       \
	COLUMN(INVOCATION_ID, restarted_from) \
	COLUMN(TEXT, endpoint)                \
	COLUMN(INT8, revision)                \
	COLUMN(TIMESTAMPTZ, created_at)       \
	COLUMN(TIMESTAMPTZ, since)            \
	COLUMN(INT8_ARRAY, completions)       \
	COLUMN(INT8_ARRAY, signals)           \
	COLUMN(TEXT_ARRAY, names)             \
	COLUMN(TEXT, worker_name)             \
	COLUMN(TIMESTAMPTZ, worker_seen)      \
	COLUMN(BOOL, worker_is_alive)         \
	COLUMN(INT8, retry_count)             \
	COLUMN(TEXT, last_failure)            \
	COLUMN(TEXT, error_code)              \
	COLUMN(INT8, related_index)           \
	COLUMN(TEXT, related_name)            \
	COLUMN(TEXT, related_type)            \
	COLUMN(TEXT, completion_result)       \
	COLUMN(TEXT, completion_failure)      \
	COLUMN(BOOL, is_held)                 \
	COLUMN(TEXT, held_reason)             \
	COLUMN(TIMESTAMPTZ, held_at)

/* an invocation among others */
#define FOUND_BRIEF(COLUMN)               \
	COLUMN(INVOCATION_ID, id)             \
	COLUMN(TEXT, target)                  \
	COLUMN(TEXT, status)                  \
	COLUMN(TIMESTAMPTZ, since)            \
	COLUMN(TIMESTAMPTZ, created_at)       \
	COLUMN(INVOCATION_ID, invoked_by_id)  \
	COLUMN(INVOCATION_ID, restarted_from) \
	COLUMN(DEPLOYMENT_ID, deployment_id)

/* a command that asks for completions; its numbers are -1 where it has none */
#define FOUND_ASKING(COLUMN)           \
	COLUMN(INT8, index)                \
	COLUMN(TEXT, entry_type)           \
	COLUMN(TEXT, name)                 \
	COLUMN(INT8, completion_id)        \
	COLUMN(INT8, result_completion_id) \
	COLUMN(INVOCATION_ID, invoked_id)  \
	COLUMN(TEXT, invoked_target)       \
	COLUMN(TIMESTAMPTZ, wake_up_at)    \
	COLUMN(TEXT, promise)

/* a restart as the audit has it; the index is -1 where it is not recorded */
#define FOUND_AUDITED(COLUMN)             \
	COLUMN(INVOCATION_ID, restarted_from) \
	COLUMN(INVOCATION_ID, id)             \
	COLUMN(INT8, last_index)              \
	COLUMN(DEPLOYMENT_ID, deployment_id)  \
	COLUMN(TIMESTAMPTZ, at)               \
	COLUMN(TEXT, role_name)               \
	COLUMN(TEXT, subject)                 \
	COLUMN(TEXT, reason)

/* that an invocation has called another */
#define FOUND_CALL(COLUMN)            \
	COLUMN(INVOCATION_ID, id)         \
	COLUMN(INVOCATION_ID, invoked_id) \
	COLUMN(INT8, index)               \
	COLUMN(BOOL, is_call)             \
	COLUMN(TEXT, target)

#define STORE_ANSWER_RESULTS(RESULT)                  \
	RESULT(about, StoreFoundAbout, FOUND_ABOUT)       \
	RESULT(brief, StoreFoundBrief, FOUND_BRIEF)       \
	RESULT(asking, StoreFoundAsking, FOUND_ASKING)    \
	RESULT(audited, StoreFoundAudited, FOUND_AUDITED) \
	RESULT(call, StoreFoundCall, FOUND_CALL)

STORE_ANSWER_RESULTS(STORE_DECLARE_RESULT)

#endif /* RESTATE_STORE_ANSWERS_H */
