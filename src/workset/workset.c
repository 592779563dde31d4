/*
 * workset.c
 *		The invocations of a working set, and locking those that are named.
 */
#include "postgres.h"

#include "access/xact.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include "types/compat.h"
#include "workset/workset.h"

static void *allocate(void *context, size_t size);
static void begin_with_facts(Invocation *i);
static const char *deployment_mode(const Workset *workset);
static const RestateDeploymentId *asked_deployment(const Workset *workset);
static void lock_one(Workset *workset, StoreStatement statement, const RestateInvocationId *id);

/*
 * Makes an empty working set in the current memory context, for what is asked of
 * invocations; NULL: nothing.
 */
void
workset_init(Workset *workset, const Asked *asked)
{
	HASHCTL ctl = {
		.keysize = sizeof(RestateInvocationId),
		.entrysize = sizeof(Invocation),
		.hcxt = CurrentMemoryContext};

	memset(workset, 0, sizeof(*workset));
	workset->context = CurrentMemoryContext;
	workset->at = GetCurrentTransactionStartTimestamp();
	if (asked)
		workset->asked = *asked;
	workset->changes.arena = (Arena){allocate, CurrentMemoryContext};
	workset->changes.now = workset->at;
	workset->invocations = hash_create("restate_admin working set", 16, &ctl,
									   HASH_ELEM | HASH_BLOBS | HASH_CONTEXT);
}

/*
 * Allocates in a memory context, for the machine.
 */
static void *
allocate(void *context, size_t size)
{
	return MemoryContextAlloc(context, size);
}

/*
 * Locks the named invocations and reads the facts, where nothing but their
 * rows must be locked.  Returns false where more must, with nothing locked
 * and the working set as it was.
 */
bool
workset_lock_simply(Workset *workset, Reach reach, const RestateInvocationId *ids, int count)
{
	static const StoreStatement one[] = {
		[REACH_ROW] = STORE_LOCK_ONE,
		[REACH_KEY] = STORE_LOCK_ONE_TO_RESTART,
		[REACH_CANCEL] = STORE_LOCK_ONE_TO_CANCEL};

	if (reach >= REACH_END || (count > 1 && reach != REACH_ROW))
		return false;
	for (int i = 0; i < count; i++)
		(void) workset_enter(workset, &ids[i]);
	if (count == 1)
	{
		StoreStatement statement = one[reach];

		if (reach == REACH_ROW && workset->asked.deployment != DEPLOYMENT_KEEP)
			statement = STORE_LOCK_ONE_WITH_DEPLOYMENT;
		if (reach == REACH_KEY && workset->asked.last_index > 0)
			statement = STORE_LOCK_ONE_TO_RESTART_WITHIN;
		lock_one(workset, statement, &ids[0]);
		return reach == REACH_ROW || workset_find(workset, &ids[0])->exists;
	}
	workset_lock_rows(workset);
	return true;
}

/*
 * Locks one invocation with the statement, if it finds it.
 */
static void
lock_one(Workset *workset, StoreStatement statement, const RestateInvocationId *id)
{
	StoreCall call;
	StoreFoundInvocation found;
	Invocation *invocation;

	store_call(&call, statement);
	store_add_one(&call, &(StoreOne){
							 .id = id,
							 .partition_key = (int64) restate_id_partition_key(id),
							 .deployment_mode = deployment_mode(workset),
							 .deployment_id = asked_deployment(workset),
							 .last_index = workset->asked.last_index});
	if (store_execute(&call) == 0)
		return;
	invocation = workset_read_invocation(workset, 0, &found);
	if (statement == STORE_LOCK_ONE_TO_RESTART_WITHIN && found.is_current)
		workset_note_prefix(workset, invocation, found.commands, found.awaited, found.arrived);
}

/*
 * Locks an invocation that is killed without anything else: of no object key,
 * without a caller and without callees.  Returns false if it is not such a
 * one, with nothing locked; sets is_current to whether the callees were read
 * as they are, for they are read before the lock is waited for.
 */
bool
workset_lock_alone(Workset *workset, const RestateInvocationId *id, bool *is_current)
{
	StoreCall call;
	StoreFoundInvocation found;

	store_call(&call, STORE_LOCK_ONE_TO_KILL);
	store_add_one(&call,
				  &(StoreOne){.id = id, .partition_key = (int64) restate_id_partition_key(id)});
	if (store_execute(&call) == 0)
		return false;
	(void) workset_read_invocation(workset, 0, &found);
	*is_current = found.is_current;
	return true;
}

/*
 * Returns how the deployment is chosen that is asked for, or NULL.
 */
static const char *
deployment_mode(const Workset *workset)
{
	static const char *const modes[] = {
		[DEPLOYMENT_KEEP] = NULL,
		[DEPLOYMENT_LATEST] = "latest",
		[DEPLOYMENT_ID] = "id"};

	return modes[workset->asked.deployment];
}

/*
 * Returns the deployment that is asked for by its id, or NULL.
 */
static const RestateDeploymentId *
asked_deployment(const Workset *workset)
{
	return workset->asked.deployment == DEPLOYMENT_ID ? &workset->asked.deployment_id : NULL;
}

/*
 * Adds the invocation to a call on invocations.
 */
void
workset_add_id(StoreCall *call, const Invocation *invocation)
{
	store_add_id(call,
				 &(StoreId){.id = &invocation->id, .partition_key = invocation->partition_key});
}

/*
 * Adds the invocation to a call that locks or reads, with the deployment asked for.
 */
void
workset_add_lock(const Workset *workset, StoreCall *call, const Invocation *invocation)
{
	store_add_lock(call, &(StoreLock){
							 .id = &invocation->id,
							 .partition_key = invocation->partition_key,
							 .deployment_mode = deployment_mode(workset),
							 .deployment_id = asked_deployment(workset)});
}

/*
 * Locks the rows of all invocations of the working set in the order of their ids,
 * and reads the facts again.
 */
void
workset_lock_rows(Workset *workset)
{
	StoreCall call;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;
	bool with_deployment = workset->asked.deployment != DEPLOYMENT_KEEP;

	store_call(&call, with_deployment ? STORE_LOCK_MANY_WITH_DEPLOYMENT : STORE_LOCK_MANY);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		workset_add_lock(workset, &call, invocation);
	workset_read_facts(workset, store_execute(&call));
}

/*
 * Reads the facts of all invocations of the working set, and locks none.
 */
void
workset_read_rows(Workset *workset)
{
	StoreCall call;
	HASH_SEQ_STATUS scan;
	Invocation *invocation;

	if (hash_get_num_entries(workset->invocations) == 0)
		return;
	store_call(&call, STORE_READ_MANY_WITH_DEPLOYMENT);
	hash_seq_init(&scan, workset->invocations);
	while ((invocation = hash_seq_search(&scan)) != NULL)
		workset_add_lock(workset, &call, invocation);
	workset_read_facts(workset, store_execute(&call));
}

/*
 * Returns the invocation of that id, or NULL if the working set does not have it.
 */
Invocation *
workset_find(Workset *workset, const RestateInvocationId *id)
{
	return hash_search(workset->invocations, id, HASH_FIND, NULL);
}

/*
 * Returns the invocation of that id, added without facts if the working set does not
 * have it yet.
 */
Invocation *
workset_enter(Workset *workset, const RestateInvocationId *id)
{
	bool found;
	Invocation *invocation = hash_search(workset->invocations, id, HASH_ENTER, &found);

	if (!found)
	{
		memset(invocation, 0, sizeof(*invocation));
		invocation->id = *id;
		invocation->partition_key = (int64) restate_id_partition_key(id);
	}
	return invocation;
}

/*
 * Reads the facts of all rows of the last result.
 */
void
workset_read_facts(Workset *workset, uint64 rows)
{
	StoreFoundInvocation found;

	for (uint64 row = 0; row < rows; row++)
		(void) workset_read_invocation(workset, row, &found);
}

/*
 * Reads the facts of a row of the last result into the invocation that it
 * names, which is returned, and gives the row.  What was worked out beside them
 * (object keys, callees) stays.
 */
Invocation *
workset_read_invocation(Workset *workset, uint64 row, StoreFoundInvocation *found)
{
	MemoryContext old = MemoryContextSwitchTo(workset->context);
	Invocation *i;

	store_read_invocation(row, found);
	i = workset_enter(workset, found->id);
	facts_read(found->facts, &i->facts, &i->service_name, &i->service_key);
	i->exists = true;
	begin_with_facts(i);
	MemoryContextSwitchTo(old);
	return i;
}

/*
 * Forgets what was read of an invocation, as if there were none: what is read next
 * tells, and what is made of that id instead begins with nothing.  What was worked out
 * beside the facts stays.
 */
void
workset_forget_facts(Invocation *invocation)
{
	memset(&invocation->facts, 0, sizeof(invocation->facts));
	invocation->exists = false;
	begin_with_facts(invocation);
}

/*
 * Gives the fields that change what the facts have.
 */
static void
begin_with_facts(Invocation *i)
{
	i->status = i->facts.status;
	i->journal_size = i->facts.journal_size;
	i->journal_commands_size = i->facts.journal_commands_size;
	i->pause_requested = i->facts.pause_requested;
	i->is_foreign = i->facts.is_foreign;
	i->attempt = i->facts.attempt;
	i->attempt_count = i->facts.attempt_count;
	i->entry_retry_count = i->facts.entry_retry_count;
	i->ready_at = i->facts.ready_at;
	i->scheduled_start_at = i->facts.scheduled_start_at;
	i->next_retry_at = i->facts.next_retry_at;
	i->last_start_at = i->facts.last_start_at;
	i->last_entry_at = i->facts.last_entry_at;
	i->retained_from = i->facts.retained_from;
	i->result_retention = i->facts.result_retention;
	i->journal_retention = i->facts.journal_retention;
	i->asked_is_known = i->facts.asked_is_known;
	i->asked = i->facts.asked;
}
