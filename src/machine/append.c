/*
 * append.c
 *		What an attempt appends to the journal.  The store numbers the entries; the
 *		attempt numbers its commands among themselves, so that what the journal
 *		has already is recognised, and held against what is repeated.
 */
#include "machine/machine.h"

#include <string.h>

static Refusal refuses(const Invocation *invocation, const NewEntries *sent, int i, int64_t number);
static bool asks_on(const Entry *entry, int64_t *asked);
static Refusal refuses_repeat(const Invocation *invocation, const Entry *entry, int64_t number);
static Refusal refuses_command(const Invocation *invocation, const Entry *entry);
static Refusal refuses_submission(const Submission *submission);
static Refusal refuses_run(const Invocation *invocation, const NewEntries *sent, int i);
static bool is_run(const Invocation *invocation, const NewEntries *sent, int i);
static const Entry *find_command(const Invocation *invocation, int64_t number);
static bool is_repeated_by(const Entry *command, const Entry *entry);
static bool same_bytes(const Bytes *a, const Bytes *b);
static void append_command(Changes *changes, Invocation *invocation, Entry *entry);
static bool append_run(Changes *changes, Invocation *invocation, Entry *entry);

/*
 * Appends the entries, does what each is for, and says which index each has
 * and which the journal had.  All of them or none: of a refusal it says which
 * entry it is about.
 */
Verdict
machine_append_entries(Changes *changes, Invocation *invocation, NewEntries *sent)
{
	int64_t number = sent->first_command;
	int64_t asked = invocation->asked;
	bool took_effect = false;

	sent->refused = 0;
	if (!machine_is_current(invocation, sent->attempt))
		return machine_refused(REFUSED_ATTEMPT_LOST);
	for (int i = 0; i < sent->count; i++)
	{
		Refusal refusal = refuses(invocation, sent, i, number);

		if (refusal == NOT_REFUSED && invocation->asked_is_known &&
			number >= invocation->journal_commands_size &&
			!asks_on(&sent->entries[i], &asked))
			refusal = REFUSED_ASKED_BEFORE;
		sent->refused = i;
		if (refusal != NOT_REFUSED)
			return machine_refused(refusal);
		number += entry_type_is_command(sent->entries[i].type);
	}
	number = sent->first_command;
	for (int i = 0; i < sent->count; i++)
	{
		Entry *entry = &sent->entries[i];

		if (!entry_type_is_command(entry->type))
			entry->repeated = !append_run(changes, invocation, entry);
		else if (number++ < invocation->journal_commands_size)
		{
			entry->repeated = true;
			entry->index = find_command(invocation, number - 1)->index;
		}
		else
			append_command(changes, invocation, entry);
		took_effect |= !entry->repeated;
	}
	invocation->asked = asked;
	return took_effect ? machine_done("appended") : machine_unchanged();
}

/*
 * Returns why the entry cannot be appended after those before it, a command
 * with the number.
 */
static Refusal
refuses(const Invocation *invocation, const NewEntries *sent, int i, int64_t number)
{
	const Entry *entry = &sent->entries[i];

	if (entry->type == NOTIFICATION_RUN)
		return refuses_run(invocation, sent, i);
	if (!entry_type_is_command(entry->type) || entry->type == COMMAND_INPUT)
		return REFUSED_NOT_APPENDED;
	if (sent->first_command < 0 || sent->first_command > invocation->journal_commands_size)
		return REFUSED_COMMAND_GAP;
	if (number < invocation->journal_commands_size)
		return refuses_repeat(invocation, entry, number);
	return refuses_command(invocation, entry);
}

/*
 * Returns whether the completions that a command asks for, if it does, come after the
 * last one that was asked for, which is set to them: so that each is asked for once.
 */
static bool
asks_on(const Entry *entry, int64_t *asked)
{
	int64_t first = entry->completion_id;
	int64_t second = entry->result_completion_id;

	if (!entry_type_is_command(entry->type) || first < 0)
		return true;
	if (first <= *asked || first == second || (second >= 0 && second <= *asked))
		return false;
	*asked = first > second ? first : second;
	return true;
}

/*
 * Returns why the command is no repetition of the one with that number.
 */
static Refusal
refuses_repeat(const Invocation *invocation, const Entry *entry, int64_t number)
{
	const Entry *command = find_command(invocation, number);

	return command && is_repeated_by(command, entry) ? NOT_REFUSED : REFUSED_OTHER_COMMAND;
}

/*
 * Returns the journal's command with that number, or NULL.
 */
static const Entry *
find_command(const Invocation *invocation, int64_t number)
{
	const JournalPart *journal = invocation->journal;

	if (journal == NULL || number < journal->commands_first ||
		number - journal->commands_first >= journal->ncommands)
		return NULL;
	return &journal->commands[number - journal->commands_first];
}

/*
 * Returns whether the entry repeats the command: a replay may have another
 * time to sleep or to start until, and what it read of the state is taken
 * from the journal.
 */
static bool
is_repeated_by(const Entry *command, const Entry *entry)
{
	return command->type == entry->type && machine_same_text(command->name, entry->name) &&
		   command->completion_id == entry->completion_id &&
		   command->result_completion_id == entry->result_completion_id &&
		   machine_same_text(command->replay_meta ? command->replay_meta : command->meta,
							 entry->replay_meta ? entry->replay_meta : entry->meta) &&
		   (entry->type == COMMAND_GET_EAGER_STATE ||
			same_bytes(&command->payload, &entry->payload)) &&
		   (entry->type != COMMAND_SEND_SIGNAL ||
			(command->signal.index == entry->signal.index &&
			 machine_same_text(command->signal.name, entry->signal.name)));
}

/*
 * Returns whether the texts are equal; none equals none.
 */
bool
machine_same_text(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

/*
 * Returns whether the bytes are equal; none equal none.
 */
static bool
same_bytes(const Bytes *a, const Bytes *b)
{
	if ((a->data == NULL) != (b->data == NULL) || a->size != b->size)
		return false;
	return a->data == NULL || memcmp(a->data, b->data, a->size) == 0;
}

/*
 * Returns why the handler may not issue the command.
 */
static Refusal
refuses_command(const Invocation *invocation, const Entry *entry)
{
	const Facts *facts = &invocation->facts;
	EntryResult result;
	int64_t index;

	switch (entry->type)
	{
		case COMMAND_GET_EAGER_STATE:
		case COMMAND_GET_EAGER_STATE_KEYS:
		case COMMAND_GET_LAZY_STATE:
		case COMMAND_GET_LAZY_STATE_KEYS:
			if (!facts->has_service_key)
				return REFUSED_NO_STATE;
			break;
		case COMMAND_SET_STATE:
		case COMMAND_CLEAR_STATE:
		case COMMAND_CLEAR_ALL_STATE:
			if (!facts->has_service_key)
				return REFUSED_NO_STATE;
			if (!facts->is_exclusive && !facts->is_workflow_run)
				return REFUSED_STATE_READ_ONLY;
			break;
		case COMMAND_GET_PROMISE:
		case COMMAND_PEEK_PROMISE:
		case COMMAND_COMPLETE_PROMISE:
			if (!facts->is_workflow)
				return REFUSED_NO_PROMISES;
			break;
		case COMMAND_CALL:
		case COMMAND_ONE_WAY_CALL:
		{
			Refusal refusal = refuses_submission(entry->submission);

			if (refusal != NOT_REFUSED)
				return refusal;
			break;
		}
		default:
			break;
	}
	if ((entry->completion_id >= 0 &&
		 machine_find_completion(invocation, entry->completion_id, &index, &result)) ||
		(entry->result_completion_id >= 0 &&
		 machine_find_completion(invocation, entry->result_completion_id, &index, &result)))
		return REFUSED_COMPLETED_BEFORE;
	return NOT_REFUSED;
}

/*
 * Returns why what a call asks for cannot be submitted.
 */
static Refusal
refuses_submission(const Submission *submission)
{
	if (submission == NULL)
		return REFUSED_NO_HANDLER;
	if (submission->idempotency_key && submission->idempotency_key[0] == '\0')
		return REFUSED_EMPTY_IDEMPOTENCY_KEY;
	return NOT_REFUSED;
}

/*
 * Returns why the result of a run is not the first of it, nor that one again.
 */
static Refusal
refuses_run(const Invocation *invocation, const NewEntries *sent, int i)
{
	const Entry *entry = &sent->entries[i];
	EntryResult had;
	int64_t index;
	bool has = machine_find_completion(invocation, entry->completion_id, &index, &had);

	for (int j = 0; !has && j < i; j++)
		if (sent->entries[j].type == NOTIFICATION_RUN &&
			sent->entries[j].completion_id == entry->completion_id)
		{
			had = sent->entries[j].result;
			has = true;
		}
	if (has && !(machine_same_text(had.meta, entry->result.meta) &&
				 same_bytes(&had.value, &entry->result.value)))
		return REFUSED_COMPLETED_BEFORE;
	if (!has && !is_run(invocation, sent, i))
		return REFUSED_NO_RUN;
	return NOT_REFUSED;
}

/*
 * Returns whether a run asks for the completion that the entry brings, in the journal
 * or before it in what is sent.
 */
static bool
is_run(const Invocation *invocation, const NewEntries *sent, int i)
{
	const JournalPart *journal = invocation->journal;
	int64_t completion_id = sent->entries[i].completion_id;

	for (int j = 0; j < i; j++)
		if (sent->entries[j].type == COMMAND_RUN && sent->entries[j].completion_id == completion_id)
			return true;
	for (int j = 0; journal && j < journal->nruns; j++)
		if (journal->runs[j] == completion_id)
			return true;
	return false;
}

/*
 * Appends the command, and does what it is for.
 */
static void
append_command(Changes *changes, Invocation *invocation, Entry *entry)
{
	JournalAppend *append = machine_append(changes, invocation, entry->type);

	append->completion_id = entry->completion_id;
	append->result_completion_id = entry->result_completion_id;
	append->name = entry->name;
	append->meta = entry->meta;
	append->payload = entry->payload;
	if (entry->type == COMMAND_CALL || entry->type == COMMAND_ONE_WAY_CALL)
		append->invoked_id = &entry->target->id;
	if (entry->type == COMMAND_SEND_SIGNAL)
	{
		append->signal_index = entry->signal.index;
		append->signal_name = entry->signal.name;
	}
	entry->index = append->index;
	entry->repeated = false;
	machine_execute(changes, invocation, entry);
}

/*
 * Appends the result of a run, unless the journal has it; returns whether it
 * has been.
 */
static bool
append_run(Changes *changes, Invocation *invocation, Entry *entry)
{
	EntryResult had;

	if (machine_find_completion(invocation, entry->completion_id, &entry->index, &had))
		return false;
	entry->index = invocation->journal_size;
	machine_append_completion(changes, invocation, NOTIFICATION_RUN, entry->completion_id,
							  &entry->result);
	return true;
}
