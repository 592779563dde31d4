/*
 * push.c
 *		What an attempt appends and ends with, in one go.
 */
#include "machine/machine.h"

static Refusal refuses_closing(const Invocation *invocation, const NewEntries *sent,
							   const Closing *closing);

/*
 * Appends the entries, and then ends the attempt if it closes: all of it or nothing.
 * What is done with the entries is as machine_append_entries() has it; what becomes of
 * the invocation is what the transition that ends the attempt returns.
 */
Verdict
machine_push(Changes *changes, Invocation *invocation, NewEntries *sent, const Closing *closing)
{
	Refusal refusal;
	Verdict verdict;

	if (!machine_is_current(invocation, sent->attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	refusal = refuses_closing(invocation, sent, closing);
	if (refusal != NOT_REFUSED)
		return machine_refused(refusal);
	verdict = machine_append_entries(changes, invocation, sent);
	if (verdict.refusal != NOT_REFUSED)
		return verdict;
	switch (closing->kind)
	{
		case CLOSING_END:
			return machine_complete(changes, invocation, sent->attempt);
		case CLOSING_SUSPENSION:
			return machine_suspend(changes, invocation, sent->attempt, closing->awaited,
								   closing->known);
		case CLOSING_ERROR:
			return machine_fail_attempt(changes, invocation, sent->attempt, closing->failure,
										closing->policy);
		case CLOSING_NONE:
			break;
	}
	return verdict;
}

/*
 * Returns why the attempt cannot end so, once it has appended the entries.
 */
static Refusal
refuses_closing(const Invocation *invocation, const NewEntries *sent, const Closing *closing)
{
	if (closing->kind == CLOSING_END && invocation->output == NULL && !machine_appends_output(invocation, sent))
		return REFUSED_NO_OUTPUT;
	if (closing->kind == CLOSING_SUSPENSION && machine_awaits_nothing(closing->awaited))
		return REFUSED_AWAITS_NOTHING;
	return NOT_REFUSED;
}

/*
 * Returns whether an output is among the entries that the journal does not have yet.
 */
bool
machine_appends_output(const Invocation *invocation, const NewEntries *sent)
{
	int64_t number = sent->first_command;

	for (int i = 0; i < sent->count; i++)
	{
		if (!entry_type_is_command(sent->entries[i].type))
			continue;
		if (number++ >= invocation->journal_commands_size &&
			sent->entries[i].type == COMMAND_OUTPUT)
			return true;
	}
	return false;
}
