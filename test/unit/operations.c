/*
 * operations.c
 *		What operators do, beyond what machine.c says of every state.  Prints TAP.
 */
#include "check.h"

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
 * Cancels one that is paused.
 */
static void
paused(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_PAUSED, 1);

	invocation.attempt_count = 70;
	(void) machine_cancel(&changes, &invocation);
	check(invocation.status == STATUS_READY && invocation.attempt_count == 0 && invocation.journal_size == 4, "a cancel resumes what is paused");
}

/*
 * Resumes on deployments.
 */
static void
resumption(void)
{
	static const struct
	{
		const char *what;
		bool pinned, found;
		DeploymentChoice deployment;
		Refusal refusal;
		bool moves;
	} cases[] = {
		{"one that is kept", true, false, DEPLOYMENT_KEEP, NOT_REFUSED, false},
		{"the latest", true, true, DEPLOYMENT_LATEST, NOT_REFUSED, true},
		{"one that is named", true, true, DEPLOYMENT_ID, NOT_REFUSED, true},
		{"one that is not there", true, false, DEPLOYMENT_ID, REFUSED_NO_DEPLOYMENT, false},
		{"the latest, never pinned", false, true, DEPLOYMENT_LATEST, NOT_REFUSED, false},
		{"one that is named, never pinned", false, true, DEPLOYMENT_ID, REFUSED_DEPLOYMENT_NOW, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_PAUSED, 1);

		invocation.facts.is_pinned = cases[i].pinned;
		invocation.facts.deployment_found = cases[i].found;
		check(machine_resume(&changes, &invocation, &(Asked){.deployment = cases[i].deployment}).refusal == cases[i].refusal &&
				  invocation.set_deployment == cases[i].moves,
			  "a resume on %s", cases[i].what);
	}
}

/*
 * Starts an attempt on one that is gone, and purges a journal.
 */
static void
gone(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_READY, 1);

	machine_remove(&invocation);
	check(says(machine_start_attempt(&changes, &invocation, ATTEMPT), "unchanged") && invocation.status == STATUS_READY, "no attempt starts on what is gone");
	invocation = in_state(STATUS_COMPLETED, 1);
	check(says(machine_purge_journal(&invocation), "purged") && invocation.journal_purged && invocation.journal_size == 0 &&
			  says(machine_purge_journal(&invocation), "unchanged"),
		  "a journal is purged once");
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
		(void) machine_cancel(&changes, &invocation);
		(void) machine_kill(&changes, &invocation);
		check(invocation.removed == !(keeps & 1), "a completed one stays where its result is kept (%d)", keeps);
		check(invocation.removed || (invocation.journal_purged == !(keeps & 2) && (invocation.appends == NULL) == !(keeps & 2)),
			  "its journal, with what was to come to it, where that is kept (%d)", keeps);
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

	check(invocation.changed && first.took_effect && !second.took_effect && strcmp(second.outcome, "pausing") == 0, "a second pause of a running one is none");
	check(strcmp(third.outcome, "resumed") == 0 && !invocation.pause_requested && invocation.status == STATUS_RUNNING,
		  "a resume takes a pending pause back");
	check(!changes.made_runnable, "which makes nothing runnable");
}

int
main(void)
{
	signals();
	paused();
	resumption();
	gone();
	retention();
	pausing();
	return finish_tests();
}
