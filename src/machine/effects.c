/*
 * effects.c
 *		What each command does beyond its place in the journal, and what answers
 *		it at once.
 */
#include "machine/machine.h"

static const EntryResult nothing = {VOID_META, {NULL, 0}};
static const EntryResult slept = {SLEPT_META, {NULL, 0}};
static const EntryResult not_found = {FAILURE_META(404, "not found"), {NULL, 0}};
static const EntryResult runs_once = {FAILURE_META(409, "the workflow has been run before"),
									  {NULL, 0}};

static void output(Changes *changes, Invocation *invocation, const Entry *entry);
static void sleep_until(Changes *changes, Invocation *invocation, const Entry *entry);
static void call(Changes *changes, Invocation *invocation, const Entry *entry);
static bool invoke(Changes *changes, Invocation *invocation, const Entry *entry);
static void send_signal(Changes *changes, const Entry *entry);
static void attach(Changes *changes, Invocation *invocation, const Entry *entry);
static void get_output(Changes *changes, Invocation *invocation, const Entry *entry);
static void answer_by_result(Changes *changes, Invocation *invocation, EntryType type,
							 WaiterKind kind, int64_t completion_id, Invocation *target);
static bool is_there(const Invocation *invocation);
static bool has_ended(const Invocation *invocation);

/*
 * Does what the command, which was just appended, is for.
 */
void
machine_execute(Changes *changes, Invocation *invocation, const Entry *entry)
{
	switch (entry->type)
	{
		case COMMAND_OUTPUT:
			output(changes, invocation, entry);
			break;
		case COMMAND_SLEEP:
			sleep_until(changes, invocation, entry);
			break;
		case COMMAND_CALL:
			call(changes, invocation, entry);
			break;
		case COMMAND_ONE_WAY_CALL:
			(void) invoke(changes, invocation, entry);
			break;
		case COMMAND_SEND_SIGNAL:
		case COMMAND_COMPLETE_AWAKEABLE:
			send_signal(changes, entry);
			break;
		case COMMAND_ATTACH_INVOCATION:
			attach(changes, invocation, entry);
			break;
		case COMMAND_GET_INVOCATION_OUTPUT:
			get_output(changes, invocation, entry);
			break;
		case COMMAND_GET_LAZY_STATE:
		case COMMAND_GET_LAZY_STATE_KEYS:
		case COMMAND_SET_STATE:
		case COMMAND_CLEAR_STATE:
		case COMMAND_CLEAR_ALL_STATE:
			machine_use_state(changes, invocation, entry);
			break;
		case COMMAND_GET_PROMISE:
		case COMMAND_PEEK_PROMISE:
		case COMMAND_COMPLETE_PROMISE:
			machine_use_promise(changes, invocation, entry);
			break;
		default:
			break;
	}
}

/*
 * Keeps the output, which is the result of the invocation when it completes.
 */
static void
output(Changes *changes, Invocation *invocation, const Entry *entry)
{
	Outcome *outcome = changes->arena.allocate(changes->arena.owner, sizeof(*outcome));

	*outcome = (Outcome){entry->failure, entry->result};
	invocation->output = outcome;
}

/*
 * Sets the timer that ends a sleep, or ends one at once that is over.
 */
static void
sleep_until(Changes *changes, Invocation *invocation, const Entry *entry)
{
	if (entry->wake_up_at > changes->now)
		machine_set_timer(changes, invocation, TIMER_SLEEP, entry->wake_up_at,
						  entry->completion_id);
	else
		machine_append_completion(changes, invocation, NOTIFICATION_SLEEP, entry->completion_id,
								  &slept);
}

/*
 * Calls: the callee is new, or one that is there and is joined, and answers
 * when it has its result.  A workflow is not run a second time.
 */
static void
call(Changes *changes, Invocation *invocation, const Entry *entry)
{
	if (!invoke(changes, invocation, entry) && entry->submission->is_workflow_run)
		machine_append_completion(changes, invocation, NOTIFICATION_CALL,
								  entry->result_completion_id, &runs_once);
	else
		answer_by_result(changes, invocation, NOTIFICATION_CALL, WAITER_CALL,
						 entry->result_completion_id, entry->target);
}

/*
 * Has the invocation that a command calls submitted, and answers with its id;
 * returns whether it is new.
 */
static bool
invoke(Changes *changes, Invocation *invocation, const Entry *entry)
{
	Verdict verdict = machine_submit(changes, entry->target, entry->submission);
	JournalAppend *append = machine_append(changes, invocation, NOTIFICATION_CALL_INVOCATION_ID);

	append->completion_id = entry->completion_id;
	append->invoked_id = &entry->target->id;
	return verdict.took_effect;
}

/*
 * Sends a signal, or the result of an awakeable, to whom it may concern; to be
 * cancelled concerns those that have not started, too.
 */
static void
send_signal(Changes *changes, const Entry *entry)
{
	if (entry->target == NULL || !entry->target->exists)
		return;
	if (entry->type == COMMAND_SEND_SIGNAL && entry->signal.index == CANCEL_SIGNAL)
		(void) machine_cancel(changes, entry->target);
	else
		(void) machine_signal(changes, entry->target, &entry->signal);
}

/*
 * Attaches to an invocation: it answers when it has its result.
 */
static void
attach(Changes *changes, Invocation *invocation, const Entry *entry)
{
	if (entry->target && is_there(entry->target))
		answer_by_result(changes, invocation, NOTIFICATION_ATTACH_INVOCATION, WAITER_ATTACH,
						 entry->completion_id, entry->target);
	else
		machine_append_completion(changes, invocation, NOTIFICATION_ATTACH_INVOCATION,
								  entry->completion_id, &not_found);
}

/*
 * Answers with the result that an invocation has by now.
 */
static void
get_output(Changes *changes, Invocation *invocation, const Entry *entry)
{
	const EntryResult *result = &not_found;

	if (entry->target && is_there(entry->target))
		result = has_ended(entry->target) ? entry->target->result : &nothing;
	machine_append_completion(changes, invocation, NOTIFICATION_GET_INVOCATION_OUTPUT,
							  entry->completion_id, result);
}

/*
 * Answers with the result of the target, at once if it has one, else when it
 * comes.
 */
static void
answer_by_result(Changes *changes, Invocation *invocation, EntryType type, WaiterKind kind,
				 int64_t completion_id, Invocation *target)
{
	if (has_ended(target))
		machine_append_completion(changes, invocation, type, completion_id, target->result);
	else
		machine_add_waiter(changes, target, kind, invocation, completion_id);
}

/*
 * Returns whether there is anything to know of the invocation: what was removed before it
 * started is gone, whether this call has removed it or one before.
 */
static bool
is_there(const Invocation *invocation)
{
	return invocation->exists || (invocation->removed && invocation->status == STATUS_COMPLETED);
}

/*
 * Returns whether the invocation has its result: it has completed, also if it
 * was removed since this call began.
 */
static bool
has_ended(const Invocation *invocation)
{
	return invocation->status == STATUS_COMPLETED || invocation->removed;
}
