/*
 * frame.c
 *		The frame around what works on the tables: where it may run, under which
 *		search path, and how it starts over.
 */
#include "postgres.h"

#include "access/xact.h"
#include "access/xlog.h"
#include "miscadmin.h"
#include "utils/guc.h"
#include "utils/memutils.h"
#include "utils/resowner.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "workset/workset.h"

/* how often it starts over because its reach grew while it waited */
#define MAX_ATTEMPTS 20

static bool attempt_in_subtransaction(bool (*attempt)(void *argument), void *argument);
static bool is_of_same_id(const ErrorData *error);

/*
 * Begins what works on the tables: under a search path of its own, with a store
 * that is ready.  Returns the nest level at which the settings end.  Raises an
 * error on a standby, before anything else, and where library and extension do
 * not fit.
 */
int
workset_begin(void)
{
	int guc_level;

	if (RecoveryInProgress())
		restate_raise(
			restate_refusal(RESTATE_READ_ONLY, "cannot run restate_admin operations on a standby"));

	guc_level = NewGUCNestLevel();
	restate_restrict_search_path();
	store_begin();
	return guc_level;
}

/*
 * Runs what only reads, under a search path of its own and with all its statements
 * seeing the tables as of one moment.  It runs on a standby, too.  Raises an error
 * where library and extension do not fit.
 */
void
workset_only_read(void (*read)(void *argument), void *argument)
{
	int guc_level = NewGUCNestLevel();

	restate_restrict_search_path();
	store_begin();
	store_hold_snapshot();
	PG_TRY();
	{
		read(argument);
	}
	PG_FINALLY();
	{
		store_release_snapshot();
	}
	PG_END_TRY();
	AtEOXact_GUC(false, guc_level);
}

/*
 * Runs what locks more than the rows that are named, each attempt in a
 * subtransaction: if the reach grew while the locks were waited for, rolling that
 * back releases them, so that locks are always taken in order.  Raises a
 * serialization failure if it never stops growing.
 */
void
workset_start_over(bool (*attempt)(void *argument), void *argument)
{
	for (int i = 0; i < MAX_ATTEMPTS; i++)
	{
		if (attempt_in_subtransaction(attempt, argument))
			return;
		CHECK_FOR_INTERRUPTS();
	}
	ereport(ERROR,
			(errcode(ERRCODE_T_R_SERIALIZATION_FAILURE),
			 errmsg("could not lock the invocations: more kept coming within reach"),
			 errhint("Run the operation again.")));
}

/*
 * Makes an attempt in a subtransaction, which is rolled back if it could not run or
 * raised an error.  Returns whether it ran; not, where one of the same id came first.
 */
static bool
attempt_in_subtransaction(bool (*attempt)(void *argument), void *argument)
{
	MemoryContext context = CurrentMemoryContext;
	ResourceOwner owner = CurrentResourceOwner;
	volatile bool done = false;

	BeginInternalSubTransaction(NULL);
	MemoryContextSwitchTo(context);
	PG_TRY();
	{
		done = attempt(argument);
		if (done)
			ReleaseCurrentSubTransaction();
		else
			RollbackAndReleaseCurrentSubTransaction();
	}
	PG_CATCH();
	{
		ErrorData *error;

		MemoryContextSwitchTo(context);
		error = CopyErrorData();
		FlushErrorState();
		RollbackAndReleaseCurrentSubTransaction();
		MemoryContextSwitchTo(context);
		CurrentResourceOwner = owner;
		if (!is_of_same_id(error))
			ReThrowError(error);
		FreeErrorData(error);
		done = false;
	}
	PG_END_TRY();
	MemoryContextSwitchTo(context);
	CurrentResourceOwner = owner;
	return done;
}

/*
 * Returns whether the error says that an invocation of the same id, which is joined,
 * was submitted at the same time: its input was there already.  The constraint of a shard
 * has the shard's number after its name; what another node raises comes without the name,
 * which is in the message then, whatever its language.
 */
static bool
is_of_same_id(const ErrorData *error)
{
	const char *told = error->constraint_name ? error->constraint_name : error->message;

	return error->sqlerrcode == ERRCODE_UNIQUE_VIOLATION && told && strstr(told, "journal_pkey");
}
