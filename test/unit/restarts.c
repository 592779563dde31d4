/*
 * restarts.c
 *		Restarting as new: why not, what comes of it, and a request that is made
 *		again.  Prints TAP.
 */
#include "check.h"

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
	restarts();
	restart_is_worked_out();
	same_request();
	return finish_tests();
}
