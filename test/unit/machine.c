/*
 * machine.c
 *		Every transition of an invocation's life from every state, without a
 *		server: what it says, what becomes of the invocation, and that a refusal
 *		changes nothing.  Prints TAP.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/machine.h"

#define NSTATUS (STATUS_COMPLETED + 1)

typedef enum Transition
{
	PURGE_JOURNAL,
	PURGE,
	CANCEL,
	KILL,
	PAUSE,
	RESUME,
	RESUME_ON_LATEST,
	RESTART,
	TRANSITION_COUNT
} Transition;

/* what a transition is to say of an invocation in a state, and the state after it */
typedef struct Expected
{
	const char *said; /* an outcome, or a category */
	int status;		  /* GONE: removed */
} Expected;

#define GONE (-1)

static const char *const transition_names[TRANSITION_COUNT] = {
	"purge_journal", "purge", "cancel", "kill", "pause", "resume", "resume on the latest", "restart"};

static const char *const status_names[NSTATUS] = {
	"pending", "scheduled", "ready", "running", "backing-off", "suspended", "paused", "completed"};

static const char *const category_names[RESTATE_CATEGORY_COUNT] = {
	[RESTATE_NOT_STARTED] = "not_started",
	[RESTATE_STILL_RUNNING] = "still_running",
	[RESTATE_NOT_COMPLETED] = "not_completed",
	[RESTATE_ALREADY_COMPLETED] = "already_completed",
	[RESTATE_NOT_RUNNING] = "not_running",
	[RESTATE_DEPLOYMENT_NOT_CHANGEABLE] = "deployment_not_changeable",
};

static const Expected expected[TRANSITION_COUNT][NSTATUS] = {
	[PURGE_JOURNAL] = {
		{"not_completed", STATUS_PENDING},
		{"not_completed", STATUS_SCHEDULED},
		{"not_completed", STATUS_READY},
		{"not_completed", STATUS_RUNNING},
		{"not_completed", STATUS_BACKING_OFF},
		{"not_completed", STATUS_SUSPENDED},
		{"not_completed", STATUS_PAUSED},
		{"purged", STATUS_COMPLETED},
	},
	[PURGE] = {
		{"not_completed", STATUS_PENDING},
		{"not_completed", STATUS_SCHEDULED},
		{"not_completed", STATUS_READY},
		{"not_completed", STATUS_RUNNING},
		{"not_completed", STATUS_BACKING_OFF},
		{"not_completed", STATUS_SUSPENDED},
		{"not_completed", STATUS_PAUSED},
		{"purged", GONE},
	},
	[CANCEL] = {
		{"removed", GONE},
		{"removed", GONE},
		{"signalled", STATUS_READY},
		{"signalled", STATUS_RUNNING},
		{"signalled", STATUS_BACKING_OFF},
		{"signalled", STATUS_SUSPENDED},
		{"signalled", STATUS_READY},
		{"already_completed", STATUS_COMPLETED},
	},
	[KILL] = {
		{"removed", GONE},
		{"removed", GONE},
		{"killed", STATUS_COMPLETED},
		{"killed", STATUS_COMPLETED},
		{"killed", STATUS_COMPLETED},
		{"killed", STATUS_COMPLETED},
		{"killed", STATUS_COMPLETED},
		{"already_completed", STATUS_COMPLETED},
	},
	[PAUSE] = {
		{"not_running", STATUS_PENDING},
		{"not_running", STATUS_SCHEDULED},
		{"paused", STATUS_PAUSED},
		{"pausing", STATUS_RUNNING},
		{"paused", STATUS_PAUSED},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"not_running", STATUS_COMPLETED},
	},
	[RESUME] = {
		{"not_started", STATUS_PENDING},
		{"not_started", STATUS_SCHEDULED},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"resumed", STATUS_READY},
		{"resumed", STATUS_READY},
		{"resumed", STATUS_READY},
		{"already_completed", STATUS_COMPLETED},
	},
	[RESUME_ON_LATEST] = {
		{"not_started", STATUS_PENDING},
		{"not_started", STATUS_SCHEDULED},
		{"deployment_not_changeable", STATUS_READY},
		{"deployment_not_changeable", STATUS_RUNNING},
		{"deployment_not_changeable", STATUS_BACKING_OFF},
		{"resumed", STATUS_READY},
		{"resumed", STATUS_READY},
		{"already_completed", STATUS_COMPLETED},
	},
	[RESTART] = {
		{"not_started", STATUS_PENDING},
		{"not_started", STATUS_SCHEDULED},
		{"still_running", STATUS_READY},
		{"still_running", STATUS_RUNNING},
		{"still_running", STATUS_BACKING_OFF},
		{"still_running", STATUS_SUSPENDED},
		{"still_running", STATUS_PAUSED},
		{"restarted", STATUS_COMPLETED},
	},
};

static int tests;
static int failures;

static void check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * One test; the format and its arguments say the rule.
 */
static void
check(bool holds, const char *format, ...)
{
	va_list args;

	tests++;
	failures += !holds;
	printf("%s %d - ", holds ? "ok" : "not ok", tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/*
 * Allocates memory for the machine; it is never freed.
 */
static void *
allocate(void *owner, size_t size)
{
	static max_align_t memory[1024];
	static size_t used;
	void *piece = &memory[used];

	(void) owner;
	used += (size + sizeof(*memory) - 1) / sizeof(*memory);
	if (used > sizeof(memory) / sizeof(*memory))
		abort();
	return piece;
}

/*
 * Returns that nothing has come of a call yet.
 */
static Changes
no_changes(void)
{
	return (Changes){.arena = {allocate, NULL}};
}

/*
 * Returns an invocation in the state, pinned, with a journal if it has started.
 */
static Invocation
in_state(Status status, unsigned char name)
{
	Invocation invocation = {.exists = true, .status = status};

	memset(invocation.id.data, name, sizeof(invocation.id.data));
	invocation.facts.status = status;
	invocation.facts.is_pinned = true;
	invocation.facts.keeps_result = invocation.facts.keeps_journal = true;
	invocation.facts.deployment_found = true;
	invocation.facts.protocol_version = invocation.facts.min_protocol_version = invocation.facts.max_protocol_version = 6;
	if (status > STATUS_SCHEDULED)
		invocation.journal_size = invocation.journal_commands_size = 3;
	return invocation;
}

/*
 * Does it to the invocation.
 */
static Verdict
transit(Transition transition, Changes *changes, Invocation *invocation)
{
	Asked asked = {.deployment = transition == RESUME_ON_LATEST ? DEPLOYMENT_LATEST : DEPLOYMENT_KEEP, .last_index = 1};
	Refusal refusal;
	RestateInvocationId new_id = {{9}};
	Restart restart;

	switch (transition)
	{
		case PURGE_JOURNAL:
			return machine_purge_journal(invocation);
		case PURGE:
			return machine_purge(invocation);
		case CANCEL:
			return machine_cancel(changes, invocation);
		case KILL:
			return machine_kill(changes, invocation);
		case PAUSE:
			return machine_pause(changes, invocation);
		case RESUME:
		case RESUME_ON_LATEST:
			return machine_resume(changes, invocation, &asked);
		default:
			break;
	}
	refusal = machine_may_restart(invocation, &asked);
	if (refusal != NOT_REFUSED)
		return machine_refused(refusal);
	machine_restart(changes, invocation, &asked, &new_id, &restart);
	return machine_done("restarted");
}

/*
 * Does everything to an invocation in every state.
 */
static void
all_transitions(void)
{
	for (Transition transition = 0; transition < TRANSITION_COUNT; transition++)
		for (Status status = STATUS_PENDING; status <= STATUS_COMPLETED; status++)
		{
			const Expected *to_be = &expected[transition][status];
			Changes changes = no_changes();
			Invocation invocation = in_state(status, 1);
			Invocation before = invocation;
			Verdict verdict = transit(transition, &changes, &invocation);
			const char *said = verdict.refusal ? category_names[refusals[verdict.refusal].category] : verdict.outcome;
			const char *of = status_names[status];

			check(said && strcmp(said, to_be->said) == 0, "%s of one that is %s: %s", transition_names[transition], of, to_be->said);
			check(invocation.removed ? to_be->status == GONE && !invocation.exists : (int) invocation.status == to_be->status,
				  "%s of one that is %s: it is %s", transition_names[transition], of,
				  to_be->status == GONE ? "gone" : status_names[to_be->status]);
			if (verdict.refusal || !verdict.took_effect)
				check(memcmp(&before, &invocation, sizeof(before)) == 0 && changes.effects == NULL && !changes.made_runnable,
					  "%s of one that is %s: nothing has changed", transition_names[transition], of);
			if (!invocation.removed && transition != RESTART && invocation.status == STATUS_READY)
				check(changes.made_runnable == (status != STATUS_READY), "%s of one that is %s: is told when it is runnable",
					  transition_names[transition], of);
		}
}

/*
 * Looks through the table of refusals.
 */
static void
refusal_table(void)
{
	for (Refusal refusal = NOT_REFUSED + 1; refusal < REFUSAL_COUNT; refusal++)
		check(refusals[refusal].category != RESTATE_OK && refusals[refusal].message && strstr(refusals[refusal].message, "%s"),
			  "refusal %d has a category, and names the invocation", refusal);
}

/*
 * Cancels invocations that are suspended.
 */
static void
signals(void)
{
	for (int awaits = 0; awaits <= 1; awaits++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_SUSPENDED, 1);

		invocation.facts.awaits_cancel = awaits;
		(void) machine_cancel(&changes, &invocation);
		check(invocation.status == (awaits ? STATUS_READY : STATUS_SUSPENDED), "a cancel wakes who is suspended on it alone (%d)", awaits);
		check(invocation.appends && invocation.appends->index == 3 && invocation.appends->signal_index == 1 &&
				  invocation.journal_size == 4 && invocation.journal_commands_size == 3,
			  "the signal is the journal's last entry, and no command (%d)", awaits);
	}
}

/*
 * Kills invocations of which not all is kept.
 */
static void
retention(void)
{
	for (int keeps = 0; keeps < 4; keeps++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);

		invocation.pause_requested = true;
		invocation.facts.keeps_result = keeps & 1;
		invocation.facts.keeps_journal = keeps & 2;
		(void) machine_kill(&changes, &invocation);
		check(invocation.removed == !(keeps & 1), "a completed one stays where its result is kept (%d)", keeps);
		check(invocation.removed || invocation.journal_purged == !(keeps & 2), "its journal where that is kept (%d)", keeps);
		check(!invocation.pause_requested && invocation.failure, "it is to be paused no more, and has a failure (%d)", keeps);
	}
}

/*
 * Pauses a running invocation twice, and takes it back.
 */
static void
pausing(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Verdict first = machine_pause(&changes, &invocation);
	Verdict second = machine_pause(&changes, &invocation);
	Verdict third = machine_resume(&changes, &invocation, &(Asked){.deployment = DEPLOYMENT_KEEP});

	check(first.took_effect && !second.took_effect && strcmp(second.outcome, "pausing") == 0, "a second pause of a running one is none");
	check(strcmp(third.outcome, "resumed") == 0 && !invocation.pause_requested && invocation.status == STATUS_RUNNING,
		  "a resume takes a pending pause back");
	check(!changes.made_runnable, "which makes nothing runnable");
}

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
	AwaitedCall to_other = {.caller = &other, .result_completion_id = 11, .is_suspended_on_it = true};
	AwaitedCall to_parent = {.next = &to_other, .caller = &parent, .result_completion_id = 10, .is_suspended_on_it = true};
	const Effect *effect;

	parent.callees = callees;
	parent.ncallees = 3;
	child.callees = its;
	child.ncallees = 2;
	child.awaited_calls = &to_parent;
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

/*
 * Why a completed invocation is not restarted as asked for, each where all
 * that comes later in the documented order would be refused too.
 */
static void
restarts(void)
{
	static const struct
	{
		const char *what;
		Refusal refusal;
		bool pinned, workflow, found;
		int protocol, size, missing;
		DeploymentChoice deployment;
		int64_t from;
	} cases[] = {
		{"without a journal", REFUSED_NO_JOURNAL, false, true, false, 5, 0, 1, DEPLOYMENT_KEEP, 9},
		{"of a workflow", REFUSED_WORKFLOW, false, true, false, 5, 3, 1, DEPLOYMENT_KEEP, 9},
		{"never pinned, from within", REFUSED_NEVER_PINNED_FROM, false, false, false, 5, 3, 1, DEPLOYMENT_KEEP, 9},
		{"never pinned, to keep", REFUSED_NEVER_PINNED, false, false, false, 5, 3, 1, DEPLOYMENT_KEEP, 0},
		{"never pinned, to one named", REFUSED_NEVER_PINNED, false, false, true, 5, 3, 1, DEPLOYMENT_ID, 0},
		{"of an old protocol", REFUSED_OLD_PROTOCOL, true, false, false, 5, 3, 1, DEPLOYMENT_ID, 9},
		{"on a deployment that is not there", REFUSED_NO_DEPLOYMENT, true, false, false, 7, 3, 1, DEPLOYMENT_ID, 9},
		{"on one that does not fit", REFUSED_INCOMPATIBLE, true, false, true, 7, 3, 1, DEPLOYMENT_LATEST, 9},
		{"past the journal", REFUSED_PAST_JOURNAL, true, false, true, 6, 3, 1, DEPLOYMENT_LATEST, 3},
		{"without a completion", REFUSED_INCOMPLETE_PREFIX, true, false, true, 6, 3, 1, DEPLOYMENT_KEEP, 2},
		{"with all there is", NOT_REFUSED, true, false, true, 6, 3, 0, DEPLOYMENT_KEEP, 2},
		{"of an old protocol, from 0", NOT_REFUSED, true, false, true, 5, 3, 0, DEPLOYMENT_KEEP, 0},
		{"never pinned, on the latest", NOT_REFUSED, false, false, false, 5, 3, 0, DEPLOYMENT_LATEST, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Invocation invocation = in_state(STATUS_COMPLETED, 1);
		Asked asked = {.deployment = cases[i].deployment, .last_index = cases[i].from};

		invocation.facts.is_pinned = cases[i].pinned;
		invocation.facts.is_workflow = cases[i].workflow;
		invocation.facts.deployment_found = cases[i].found;
		invocation.facts.protocol_version = cases[i].protocol;
		invocation.journal_size = cases[i].size;
		invocation.missing_size = cases[i].missing;
		check(machine_may_restart(&invocation, &asked) == cases[i].refusal, "a restart %s: %s", cases[i].what,
			  cases[i].refusal ? refusals[cases[i].refusal].message : "may be");
	}
}

/*
 * Works restarts out.
 */
static void
restart_is_worked_out(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_COMPLETED, 1);
	RestateInvocationId new_id = {{5}};
	Asked asked = {.deployment = DEPLOYMENT_KEEP, .last_index = 4};
	Restart restart;

	invocation.prefix_commands = 3;
	invocation.suffix_size = 2;
	machine_restart(&changes, &invocation, &asked, &new_id, &restart);
	check(restart.journal_size == 7 && restart.journal_commands_size == 4, "a restart has the input, the prefix and what that waits for");
	check(restart.status == STATUS_READY && changes.made_runnable, "and is ready where no key is needed");
	check(restart.deployment_id == &invocation.facts.pinned_deployment_id, "on the deployment that is kept");
	asked.deployment = DEPLOYMENT_LATEST;
	machine_restart(&changes, &invocation, &asked, &new_id, &restart);
	check(restart.deployment_id == &invocation.facts.deployment_id, "or on the one that was found");
	invocation.facts.is_pinned = false;
	machine_restart(&changes, &invocation, &asked, &new_id, &restart);
	check(restart.deployment_id == NULL, "or on none yet");
}

/*
 * Asks again for a restart that was made.
 */
static void
same_request(void)
{
	Invocation invocation = in_state(STATUS_COMPLETED, 1);
	Asked asked = {.deployment = DEPLOYMENT_KEEP, .last_index = 1};
	Restarted *restarted = &invocation.restarted;

	check(!machine_restarted_otherwise(&invocation, &asked), "what is not recorded is not held against a repeated request");
	restarted->is_recorded = true;
	restarted->last_index = 2;
	check(machine_restarted_otherwise(&invocation, &asked), "another index is another request");
	restarted->last_index = 1;
	check(!machine_restarted_otherwise(&invocation, &asked), "the same is not, where the deployment is not recorded");
	restarted->deployment_is_recorded = restarted->has_deployment = true;
	restarted->deployment_id = invocation.facts.pinned_deployment_id;
	check(!machine_restarted_otherwise(&invocation, &asked), "nor on the same deployment");
	restarted->deployment_id.data[0]++;
	check(machine_restarted_otherwise(&invocation, &asked), "another deployment is another request");
	invocation.exists = false;
	check(!machine_restarted_otherwise(&invocation, &asked), "of one that is gone nobody knows what it was pinned to");
	asked.deployment = DEPLOYMENT_ID;
	check(machine_restarted_otherwise(&invocation, &asked), "but a deployment that is named can be compared");
}

int
main(void)
{
	all_transitions();
	refusal_table();
	signals();
	retention();
	pausing();
	inbox();
	family();
	restarts();
	restart_is_worked_out();
	same_request();
	printf("1..%d\n", tests);
	return failures != 0;
}
