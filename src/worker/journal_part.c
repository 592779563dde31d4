/*
 * journal_part.c
 *		What an attempt's call needs to know of the journal: the commands that it
 *		repeats, the completions that it brings or waits for, the signals that have
 *		come, the last output.
 */
#include "postgres.h"

#include "types/compat.h"
#include "types/outcome.h"
#include "worker/worker.h"

static JournalPart *part_of(Invocation *invocation);
static void read_commands(Invocation *invocation, int64 first, int64 count);
static void read_signals(Invocation *invocation, int64 from);
static void add_arrival(StoreCall *call, const Invocation *invocation, int64 completion_id, bool of_run);
static bool is_in_call(const SentEntry *sent, int count, int64 completion_id, int64 repeated);

/*
 * Reads the commands that are repeated, and adds to a call on completions those that
 * answer them, the results of runs whose commands were appended before, and what is
 * awaited, which may be NULL.  Once for each invocation of a call.
 */
void
journal_ask(StoreCall *call, Invocation *invocation, const SentEntry *sent, int count,
			int64 first_command, const Awaited *awaited)
{
	int64 number = first_command;
	int64 repeated = invocation->journal_commands_size - first_command;
	int before = call->count;
	JournalPart *part = part_of(invocation);
	Size most;

	if (first_command >= 0 && repeated > 0)
		read_commands(invocation, first_command, Min(repeated, count));
	for (int i = 0; i < count; i++)
	{
		const Entry *entry = &sent[i].entry;
		bool is_command = entry_type_is_command(entry->type);

		if (is_command ? number++ < invocation->journal_commands_size :
						 !is_in_call(sent, i, entry->completion_id, repeated))
		{
			add_arrival(call, invocation, entry->completion_id, !is_command);
			add_arrival(call, invocation, entry->result_completion_id, false);
		}
	}
	for (int i = 0; awaited && i < awaited->ncompletions; i++)
		add_arrival(call, invocation, awaited->completions[i], false);
	/* of each at most two rows come */
	most = (Size) (call->count - before) * 2;
	part->completions = palloc0_array(Completion, Max(most, 1));
	part->runs = palloc_array(int64, Max(most, 1));
	part->ncompletions = part->nruns = 0;
}

/*
 * Returns whether a command of this call, before the entry of that number, which is
 * no repetition, asks for the completion.
 */
static bool
is_in_call(const SentEntry *sent, int count, int64 completion_id, int64 repeated)
{
	for (int i = 0; i < count; i++)
	{
		if (!entry_type_is_command(sent[i].entry.type))
			continue;
		if (repeated-- <= 0 && sent[i].entry.completion_id == completion_id)
			return true;
	}
	return false;
}

/*
 * Reads which of the signals have come that an attempt waits for, having been given the
 * first known entries.
 */
void
journal_read_signals(Invocation *invocation, const Awaited *awaited, int64 known)
{
	bool of_awakeables = awaited->nnames > 0;

	for (int i = 0; i < awaited->nsignals; i++)
		of_awakeables |= awaited->signals[i] >= FIRST_AWAKEABLE_SIGNAL;
	if (of_awakeables || known < invocation->journal_size)
		read_signals(invocation, of_awakeables ? 0 : known);
}

/*
 * Reads the last output of the journal.
 */
void
journal_read_output(Invocation *invocation)
{
	StoreCall call;
	StoreFoundEntry found;
	EntryColumns columns;
	Entry entry = {0};
	Outcome *outcome;

	store_call(&call, STORE_READ_OUTPUT);
	store_add_journal_part(&call, &(StoreJournalPart){
									  .id = &invocation->id,
									  .partition_key = invocation->partition_key,
									  .first = 0,
									  .count = 1});
	if (store_execute(&call) == 0)
		return;
	store_read_entry(0, &found);
	columns = journal_columns(&found);
	sent_read_row(&columns, &entry);
	outcome = palloc0_object(Outcome);
	*outcome = (Outcome){entry.failure, entry.result};
	invocation->output = outcome;
}

/*
 * Returns what was read of the invocation's journal, nothing yet if it is new.
 */
static JournalPart *
part_of(Invocation *invocation)
{
	if (invocation->journal == NULL)
		invocation->journal = palloc0_object(JournalPart);
	return unconstify(JournalPart *, invocation->journal);
}

/*
 * Reads commands, from the one with that number on.
 */
static void
read_commands(Invocation *invocation, int64 first, int64 count)
{
	JournalPart *part = part_of(invocation);
	StoreCall call;
	uint64 rows;
	Entry *commands;

	store_call(&call, STORE_READ_COMMANDS);
	store_add_journal_part(&call, &(StoreJournalPart){
									  .id = &invocation->id,
									  .partition_key = invocation->partition_key,
									  .first = first,
									  .count = count});
	rows = store_execute(&call);
	commands = palloc0_array(Entry, Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundEntry found;
		EntryColumns columns;

		store_read_entry(row, &found);
		columns = journal_columns(&found);
		sent_read_row(&columns, &commands[row]);
		commands[row].index = found.index;
	}
	part->commands = commands;
	part->commands_first = first;
	part->ncommands = (int) rows;
}

/*
 * Returns the columns of a row of the last result.
 */
EntryColumns
journal_columns(const StoreFoundEntry *found)
{
	return (EntryColumns){
		.shape = restate_entry_shape_of_label(found->entry_type),
		.name = found->name,
		.completion_id = found->completion_id,
		.result_completion_id = found->result_completion_id,
		.invoked_id = found->invoked_id,
		.signal_index = found->signal_index,
		.signal_name = found->signal_name,
		.meta = found->meta,
		.payload = found->payload};
}

/*
 * Adds a completion to a call that reads those that have come; none if there is none.
 */
static void
add_arrival(StoreCall *call, const Invocation *invocation, int64 completion_id, bool of_run)
{
	if (completion_id >= 0)
		store_add_arrival(call, &(StoreArrival){
									.id = &invocation->id,
									.partition_key = invocation->partition_key,
									.completion_id = completion_id,
									.of_run = of_run});
}

/*
 * Reads the completions of the call that have come, each for its invocation.
 */
void
journal_read_asked(Workset *workset, const StoreCall *call)
{
	uint64 rows;

	if (call->count == 0)
		return;
	rows = store_execute(call);
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundArrival found;
		JournalPart *part;
		Completion *completion;

		store_read_arrival(row, &found);
		part = part_of(workset_find(workset, found.id));
		if (found.is_run)
		{
			unconstify(int64 *, part->runs)[part->nruns++] = found.completion_id;
			continue;
		}
		completion = &unconstify(Completion *, part->completions)[part->ncompletions++];
		*completion = (Completion){
			.completion_id = found.completion_id,
			.index = found.index,
			.result = {.meta = found.meta}};
		if (found.payload)
			completion->result.value =
				(Bytes){VARDATA_ANY(found.payload), VARSIZE_ANY_EXHDR(found.payload)};
	}
}

/*
 * Reads which completion each of the invocations has asked for last, if its row does not
 * tell.
 */
void
journal_read_last_completion_id(Workset *workset, Invocation *const *invocations, int count)
{
	StoreCall call;

	store_call(&call, STORE_READ_ASKED);
	for (int i = 0; i < count; i++)
	{
		if (invocations[i]->asked_is_known)
			continue;
		invocations[i]->asked_is_known = true;
		invocations[i]->asked = -1;
		workset_add_id(&call, invocations[i]);
	}
	if (call.count == 0)
		return;
	for (uint64 rows = store_execute(&call), row = 0; row < rows; row++)
	{
		StoreFoundAsked found;

		store_read_asked(row, &found);
		workset_find(workset, found.id)->asked = found.completion_id;
	}
}

/*
 * Reads the signals that have come, from an index of the journal on.
 */
static void
read_signals(Invocation *invocation, int64 from)
{
	JournalPart *part = part_of(invocation);
	StoreCall call;
	Arrival *arrivals;
	uint64 rows;

	store_call(&call, STORE_READ_SIGNALS);
	store_add_journal_part(&call, &(StoreJournalPart){
									  .id = &invocation->id,
									  .partition_key = invocation->partition_key,
									  .first = from,
									  .count = PG_INT64_MAX});
	rows = store_execute(&call);
	arrivals = palloc0_array(Arrival, Max(rows, 1));
	for (uint64 row = 0; row < rows; row++)
	{
		StoreFoundSignal found;

		store_read_signal(row, &found);
		arrivals[row] = (Arrival){found.index, found.signal_index, found.signal_name};
	}
	part->arrivals = arrivals;
	part->narrivals = (int) rows;
}
