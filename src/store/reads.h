/*
 * reads.h
 *		The statements that lock and read, row by row: see params.h.
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

#define STORE_CALLERS(ROW, ALL) \
	STORE_IDS(ROW, ALL)         \
	ROW(INVOCATION_ID, callee)

#define STORE_PREFIXES(ROW, ALL) \
	STORE_IDS(ROW, ALL)          \
	ALL(INT8, last_index)

#define STORE_COMPLETIONS(ROW, ALL) \
	STORE_IDS(ROW, ALL)             \
	ROW(INT8, completion_id)

#define STORE_RESTARTED(ROW, ALL) \
	STORE_IDS(ROW, ALL)           \
	ALL(TEXT, request_id)

#define STORE_READ_FORMS(FORM)                           \
	FORM(one, StoreOne, STORE_ONE)                       \
	FORM(lock, StoreLock, STORE_LOCKS)                   \
	FORM(inbox, StoreInbox, STORE_INBOXES)               \
	FORM(caller, StoreCaller, STORE_CALLERS)             \
	FORM(prefix, StorePrefix, STORE_PREFIXES)            \
	FORM(completion, StoreCompletion, STORE_COMPLETIONS) \
	FORM(restarted, StoreRestarted, STORE_RESTARTED)

STORE_READ_FORMS(STORE_DECLARE_FORM)

#endif /* RESTATE_STORE_READS_H */
