/*
 * machine.c
 *		Every transition of an invocation's life from every state, without a
 *		server: what it says, what becomes of the invocation, and that a refusal
 *		changes nothing.  Prints TAP.
 */
#include "check.h"

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
	SUBMIT,
	START_SCHEDULED,
	START_ATTEMPT,
	APPEND,
	SUSPEND,
	SUSPEND_FOR_NOTHING,
	FAIL,
	FAIL_FOR_GOOD,
	FAIL_TO_DEATH,
	COMPLETE,
	COMPLETE_WITHOUT_OUTPUT,
	TAKE_OVER,
	SIGNAL,
	COMPLETE_ENTRY,
	FIRE_SLEEP,
	FIRE_SCHEDULE,
	FIRE_RETRY,
	FIRE_EXPIRY,
	FIRE_TOO_EARLY,
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
	"purge_journal", "purge", "cancel", "kill", "pause", "resume", "resume on the latest", "restart", "submission",
	"start at its time", "attempt", "append", "suspension", "suspension for nothing", "failure", "failure for good",
	"failure to death", "completion", "completion without output", "taking over", "signal", "completion of an entry",
	"end of a sleep", "scheduled time", "retry", "expiry", "timer too early"};

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
	[SUBMIT] = {
		{"previously_accepted", STATUS_PENDING},
		{"previously_accepted", STATUS_SCHEDULED},
		{"previously_accepted", STATUS_READY},
		{"previously_accepted", STATUS_RUNNING},
		{"previously_accepted", STATUS_BACKING_OFF},
		{"previously_accepted", STATUS_SUSPENDED},
		{"previously_accepted", STATUS_PAUSED},
		{"previously_accepted", STATUS_COMPLETED},
	},
	[START_SCHEDULED] = {
		{"unchanged", STATUS_PENDING},
		{"ready", STATUS_READY},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"unchanged", STATUS_BACKING_OFF},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[START_ATTEMPT] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"running", STATUS_RUNNING},
		{"unchanged", STATUS_RUNNING},
		{"running", STATUS_RUNNING},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[APPEND] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"appended", STATUS_RUNNING},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[SUSPEND] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"suspended", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[SUSPEND_FOR_NOTHING] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"command_not_allowed", STATUS_RUNNING},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[FAIL] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"backing-off", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[FAIL_FOR_GOOD] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"paused", STATUS_PAUSED},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[FAIL_TO_DEATH] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"completed", STATUS_COMPLETED},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[COMPLETE] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"completed", STATUS_COMPLETED},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[COMPLETE_WITHOUT_OUTPUT] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"command_not_allowed", STATUS_RUNNING},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[TAKE_OVER] = {
		{"attempt_lost", STATUS_PENDING},
		{"attempt_lost", STATUS_SCHEDULED},
		{"attempt_lost", STATUS_READY},
		{"ready", STATUS_READY},
		{"attempt_lost", STATUS_BACKING_OFF},
		{"attempt_lost", STATUS_SUSPENDED},
		{"attempt_lost", STATUS_PAUSED},
		{"attempt_lost", STATUS_COMPLETED},
	},
	[SIGNAL] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"signalled", STATUS_READY},
		{"signalled", STATUS_RUNNING},
		{"signalled", STATUS_BACKING_OFF},
		{"signalled", STATUS_SUSPENDED},
		{"signalled", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[COMPLETE_ENTRY] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"completed", STATUS_READY},
		{"completed", STATUS_RUNNING},
		{"completed", STATUS_BACKING_OFF},
		{"completed", STATUS_SUSPENDED},
		{"completed", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[FIRE_SLEEP] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"completed", STATUS_READY},
		{"completed", STATUS_RUNNING},
		{"completed", STATUS_BACKING_OFF},
		{"completed", STATUS_SUSPENDED},
		{"completed", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[FIRE_SCHEDULE] = {
		{"unchanged", STATUS_PENDING},
		{"ready", STATUS_READY},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"unchanged", STATUS_BACKING_OFF},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[FIRE_RETRY] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"ready", STATUS_READY},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
	[FIRE_EXPIRY] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"unchanged", STATUS_BACKING_OFF},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"removed", GONE},
	},
	[FIRE_TOO_EARLY] = {
		{"unchanged", STATUS_PENDING},
		{"unchanged", STATUS_SCHEDULED},
		{"unchanged", STATUS_READY},
		{"unchanged", STATUS_RUNNING},
		{"unchanged", STATUS_BACKING_OFF},
		{"unchanged", STATUS_SUSPENDED},
		{"unchanged", STATUS_PAUSED},
		{"unchanged", STATUS_COMPLETED},
	},
};

/*
 * Does what workers and time do to the invocation.
 */
static Verdict
transit_live(Transition transition, Changes *changes, Invocation *invocation)
{
	static const Failure failure = {.text = "[500] boom", .error_code = "RT0007", .result = {FAILURE_META(500, "boom"), {NULL, 0}}, .retry_after = -1};
	static const RetryPolicy policies[] = {{500, 2, 60000, 70, false}, {500, 2, 60000, 0, false}, {500, 2, 60000, 0, true}};
	static const Submission submission = {.service_name = "Greeter", .handler_name = "greet", .journal_retention = 5};
	static const Outcome outcome = {NULL, {VALUE_META, {"one", 3}}};
	static const int64_t completions[] = {5};
	Entry entry = {.type = COMMAND_RUN, .completion_id = 1, .result_completion_id = -1, .meta = "{}"};
	NewEntries new_entries = {.attempt = ATTEMPT, .first_command = 3, .entries = &entry, .count = 1};

	switch (transition)
	{
		case SUBMIT:
			return machine_submit(changes, invocation, &submission);
		case START_SCHEDULED:
			return machine_start_scheduled(changes, invocation);
		case START_ATTEMPT:
			return machine_start_attempt(changes, invocation, ATTEMPT + 1);
		case APPEND:
			return machine_append_entries(changes, invocation, &new_entries);
		case SUSPEND:
		case SUSPEND_FOR_NOTHING:
		{
			Awaited *awaited = allocate(NULL, sizeof(*awaited));

			*awaited = (Awaited){.completions = completions, .ncompletions = transition == SUSPEND};
			return machine_suspend(changes, invocation, ATTEMPT, awaited, 3);
		}
		case FAIL:
		case FAIL_FOR_GOOD:
		case FAIL_TO_DEATH:
			return machine_fail_attempt(changes, invocation, ATTEMPT, &failure, &policies[transition - FAIL]);
		case COMPLETE:
			invocation->output = &outcome;
			return machine_complete(changes, invocation, ATTEMPT);
		case COMPLETE_WITHOUT_OUTPUT:
			return machine_complete(changes, invocation, ATTEMPT);
		case TAKE_OVER:
			return machine_take_over(changes, invocation, ATTEMPT);
		case SIGNAL:
			return machine_signal(changes, invocation, &(Signal){17, NULL, one});
		case COMPLETE_ENTRY:
			return machine_complete_entry(changes, invocation, NOTIFICATION_CALL, 5, &one);
		case FIRE_SLEEP:
			return machine_fire(changes, invocation, &(Timer){TIMER_SLEEP, NOW, 5, 0});
		case FIRE_SCHEDULE:
			return machine_fire(changes, invocation, &(Timer){TIMER_SCHEDULE, NOW - 10, -1, 0});
		case FIRE_RETRY:
			return machine_fire(changes, invocation, &(Timer){TIMER_RETRY, NOW - 10, -1, 0});
		case FIRE_EXPIRY:
			return machine_fire(changes, invocation, &(Timer){TIMER_EXPIRY, NOW - 10, -1, 0});
		default:
			return machine_fire(changes, invocation, &(Timer){TIMER_SLEEP, NOW + 1, 5, 0});
	}
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
		case RESTART:
			break;
		default:
			return transit_live(transition, changes, invocation);
	}
	refusal = machine_may_restart(invocation, &asked);
	if (refusal != NOT_REFUSED)
		return machine_refused(refusal);
	machine_restart(changes, invocation, &asked, &new_id, &restart);
	return machine_done("restarted");
}

/*
 * Returns whether the invocation is as before, but for the timer that was
 * fired, and the output that it was given to complete with.
 */
static bool
is_unchanged(Transition transition, const Invocation *before, Invocation *invocation)
{
	Invocation after = *invocation;

	if (transition >= FIRE_SLEEP && transition <= FIRE_EXPIRY)
	{
		if (only_timer(invocation, true) == NULL)
			return false;
		after.timers = NULL;
	}
	if (transition == COMPLETE)
		after.output = NULL;
	return memcmp(before, &after, sizeof(after)) == 0;
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
			const char *of = status_names[status];
			const char *rule = broken(&before, &invocation);

			check(says(verdict, to_be->said), "%s of one that is %s: %s", transition_names[transition], of, to_be->said);
			check(invocation.removed ? to_be->status == GONE && !invocation.exists : (int) invocation.status == to_be->status,
				  "%s of one that is %s: it is %s", transition_names[transition], of,
				  to_be->status == GONE ? "gone" : status_names[to_be->status]);
			check(verdict.took_effect == (verdict.refusal == NOT_REFUSED && strcmp(verdict.outcome, "unchanged") != 0 && transition != SUBMIT),
				  "%s of one that is %s: is told whether it took effect", transition_names[transition], of);
			check(rule == NULL, "%s of one that is %s: %s", transition_names[transition], of, rule ? rule : "no rule is broken");
			if (verdict.refusal || !verdict.took_effect)
				check(is_unchanged(transition, &before, &invocation) && changes.effects == NULL && !changes.made_runnable,
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

int
main(void)
{
	all_transitions();
	refusal_table();
	return finish_tests();
}
