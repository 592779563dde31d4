/*
 * reach.c
 *		What is done to one invocation and reaches others: those that wait for its
 *		object key, those that it has called, and those that wait for it.  Prints
 *		TAP.
 */
#include "check.h"

/*
 * Has invocations wait for an object key, and get it in turn.
 */
static void
inbox(void)
{
	Changes changes = no_changes();
	ObjectKey key = {.has_holder = true, .next_sequence_number = 7};
	Invocation holder = in_state(STATUS_RUNNING, 1);
	Invocation first = in_state(STATUS_PENDING, 2);
	Invocation second = in_state(STATUS_PENDING, 3);
	Invocation third = in_state(STATUS_PENDING, 4);
	Invocation *waiting[] = {&first, &second, &third};
	RestateInvocationId new_id = {{5}};
	int64_t number = 0;

	key.holder = holder.id;
	key.inbox = waiting;
	key.inbox_size = 3;
	holder.object_key = first.object_key = second.object_key = third.object_key = &key;
	third.journal_size = third.journal_commands_size = 2;

	check(machine_place(&changes, &key, &new_id, &number) == STATUS_PENDING && number == 7 && key.next_sequence_number == 8 && !changes.made_runnable,
		  "who comes to a key that is held waits, with the next number");
	(void) machine_cancel(&changes, &second);
	check(second.removed && key.inbox_size == 2 && key.inbox[1] == &third, "who waits and is cancelled leaves the inbox");
	(void) machine_kill(&changes, &holder);
	check(memcmp(&key.holder, &first.id, sizeof(first.id)) == 0 && first.status == STATUS_READY && first.started && first.journal_size == 1,
		  "the first in the inbox gets the key, and its input a journal");
	(void) machine_kill(&changes, &first);
	check(memcmp(&key.holder, &third.id, sizeof(third.id)) == 0 && third.status == STATUS_READY && !third.started && third.journal_size == 2,
		  "one that has a journal keeps it");
	key.changed = false;
	(void) machine_kill(&changes, &third);
	check(!key.has_holder && key.changed, "then nobody holds it");
	check(machine_place(&changes, &key, &new_id, &number) == STATUS_READY && key.has_holder && memcmp(&key.holder, &new_id, sizeof(new_id)) == 0,
		  "who comes then holds it at once");
}

/*
 * Kills an invocation with callees, one of which another waits for too.
 */
static void
family(void)
{
	Changes changes = no_changes();
	Invocation parent = in_state(STATUS_SUSPENDED, 1);
	Invocation child = in_state(STATUS_RUNNING, 2);
	Invocation unstarted = in_state(STATUS_SCHEDULED, 3);
	Invocation done = in_state(STATUS_COMPLETED, 4);
	Invocation grandchild = in_state(STATUS_PAUSED, 5);
	Invocation other = in_state(STATUS_SUSPENDED, 6);
	Invocation *callees[] = {&child, &unstarted, &done};
	Invocation *its[] = {&grandchild, &parent};
	static const int64_t completions[] = {10, 11};
	static const Awaited awaited = {.completions = completions, .ncompletions = 2};
	Waiter to_other = {.caller = &other, .result_completion_id = 11};
	Waiter to_parent = {.next = &to_other, .caller = &parent, .result_completion_id = 10};
	const Effect *effect;

	parent.awaited = other.awaited = &awaited;
	parent.callees = callees;
	parent.ncallees = 3;
	child.callees = its;
	child.ncallees = 2;
	child.waiters = &to_parent;
	(void) machine_kill(&changes, &parent);
	machine_kill_callees(&changes, &parent);

	check(child.status == STATUS_COMPLETED && grandchild.status == STATUS_COMPLETED && unstarted.removed, "a kill reaches callees and theirs");
	check(!done.changed, "but none that has completed");
	check(parent.appends == NULL && !to_parent.answered, "who was killed is not answered");
	check(other.status == STATUS_READY && to_other.answered && other.appends && other.appends->completion_id == 11,
		  "another that waits for a callee is, and woken");
	effect = changes.effects;
	check(effect && memcmp(&effect->id, &child.id, sizeof(child.id)) == 0 && strcmp(effect->outcome, "killed") == 0 &&
			  effect->has_cause && memcmp(&effect->cause, &parent.id, sizeof(parent.id)) == 0,
		  "what is reached is noted with its cause");
	effect = effect ? effect->next : NULL;
	check(effect && memcmp(&effect->id, &unstarted.id, sizeof(unstarted.id)) == 0 && strcmp(effect->outcome, "removed") == 0, "in the order of the calls");
	effect = effect ? effect->next : NULL;
	check(effect && memcmp(&effect->id, &grandchild.id, sizeof(grandchild.id)) == 0 && effect->next == NULL, "callers before their callees");
}

int
main(void)
{
	inbox();
	family();
	return finish_tests();
}
