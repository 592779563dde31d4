/*
 * direct.h
 *		What is done without the executor: see direct.c.
 */
#ifndef RESTATE_STORE_DIRECT_H
#define RESTATE_STORE_DIRECT_H

#include "postgres.h"

#include "access/skey.h"
#include "access/tableam.h"
#include "executor/tuptable.h"

#include "store/store.h"
#include "store/tables.h"

/* A deployment that an attempt can start on. */
typedef struct Deployment
{
	RestateDeploymentId id;
	int32 min_protocol_version;
	int32 max_protocol_version;
} Deployment;

/* direct_lock.c */
extern bool direct_read(const StoreCall *call, uint64 *rows);
extern bool direct_is_locked(TM_Result result);
extern Datum direct_facts(TupleTableSlot *slot, const Deployment *deployment);

/* direct_claim.c */
extern bool direct_read_runnable(const StoreCall *call, uint64 *rows);
extern bool direct_lock_ready(const StoreCall *call, uint64 *rows);

/* direct_work.c */
extern bool direct_write(const StoreCall *const *calls, int count, StoreWritten *parts);

/* direct_invocation.c: what rows of invocations are written */
extern bool row_is_new(const StoreCall *call, int row);
extern void row_submit(const StoreCall *call, int row, TupleTableSlot *slot);
extern bool row_advance(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
extern bool row_update(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
extern bool row_complete(const StoreCall *call, int row, TupleTableSlot *before, TupleTableSlot *after);
extern void row_invocation_key(const StoreCall *call, int row, Datum *key);

/* direct_rows.c: those of other tables, and what both need */
extern void row_append(const StoreCall *call, int row, TupleTableSlot *slot);
extern void row_add_runnable(const StoreCall *call, int row, TupleTableSlot *slot);
extern void row_set_timer(const StoreCall *call, int row, TupleTableSlot *slot);
extern void row_add_waiter(const StoreCall *call, int row, TupleTableSlot *slot);
extern void row_timer_key(const StoreCall *call, int row, Datum *key);
extern void row_waiter_key(const StoreCall *call, int row, Datum *key);
extern int row_find_runnable(const StoreCall *call, int row, ScanKey keys);
extern int row_find_waiters(const StoreCall *call, int row, ScanKey keys);
extern void row_begin(const Table *table, TupleTableSlot *slot);
extern NullableDatum row_param(const StoreCall *call, int row, int parameter);

#endif /* RESTATE_STORE_DIRECT_H */
