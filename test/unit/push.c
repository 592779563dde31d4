/*
 * push.c
 *		What an attempt appends and ends with in one go: all of it or nothing.
 *		Prints TAP.
 */
#include "check.h"

static const int64_t completions[] = {1};
static const Awaited on_one = {.completions = completions, .ncompletions = 1};
static const Awaited on_nothing;
static const Failure boom = {.text = "[500] boom", .result = {FAILURE_META(500, "boom"), {NULL, 0}}, .retry_after = -1};
static const RetryPolicy policy = {.initial_interval = 500, .factor = 2, .max_interval = 60000, .max_attempts = 70};

/*
 * Returns a command that asks for the completion, or for none.
 */
static Entry
command(EntryType type, int64_t completion_id)
{
	return (Entry){.type = type, .completion_id = completion_id, .result_completion_id = -1, .meta = "{}", .result = one};
}

/*
 * Pushes an entry as the next command, and how the attempt ends.
 */
static Verdict
push(Changes *changes, Invocation *invocation, Entry *entry, const Closing *closing)
{
	NewEntries sent = {.attempt = ATTEMPT, .first_command = invocation->journal_commands_size, .entries = entry, .count = entry != NULL};

	return machine_push(changes, invocation, &sent, closing);
}

/*
 * Ends an attempt in each way.
 */
static void
ends(void)
{
	Changes changes = no_changes();
	Entry run = command(COMMAND_RUN, 1);
	Entry output = command(COMMAND_OUTPUT, -1);
	Outcome earlier = {NULL, one};
	Invocation invocation = in_state(STATUS_RUNNING, 1);

	check(says(push(&changes, &invocation, &run, &(Closing){.kind = CLOSING_NONE}), "appended") && invocation.status == STATUS_RUNNING && invocation.journal_size == 4,
		  "it runs on");
	check(says(push(&changes, &invocation, &output, &(Closing){.kind = CLOSING_END}), "completed") && invocation.status == STATUS_COMPLETED,
		  "it ends with the output that comes with its end");
	invocation = in_state(STATUS_RUNNING, 1);
	invocation.output = &earlier;
	check(says(push(&changes, &invocation, NULL, &(Closing){.kind = CLOSING_END}), "completed"), "or with the one that the journal has");
	invocation = in_state(STATUS_RUNNING, 1);
	check(says(push(&changes, &invocation, &run, &(Closing){.kind = CLOSING_SUSPENSION, .awaited = &on_one, .known = 3}), "suspended") && invocation.awaited == &on_one, "it is suspended");
	invocation = in_state(STATUS_RUNNING, 1);
	check(says(push(&changes, &invocation, &run, &(Closing){.kind = CLOSING_ERROR, .failure = &boom, .policy = &policy}), "backing-off") && invocation.attempt_failure == &boom &&
			  invocation.journal_size == 4,
		  "it fails, and what it has done stays");
}

/*
 * Refuses an end, and with it what comes before.
 */
static void
refused(void)
{
	Changes changes = no_changes();
	Entry run = command(COMMAND_RUN, 1);
	Entry output = command(COMMAND_OUTPUT, -1);
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Invocation before = invocation;
	JournalPart journal = {.commands = &output, .commands_first = 2, .ncommands = 1};
	NewEntries again = {.attempt = ATTEMPT, .first_command = 2, .entries = &output, .count = 1};

	check(push(&changes, &invocation, &run, &(Closing){.kind = CLOSING_END}).refusal == REFUSED_NO_OUTPUT, "an end without an output");
	check(push(&changes, &invocation, &run, &(Closing){.kind = CLOSING_SUSPENSION, .awaited = &on_nothing}).refusal == REFUSED_AWAITS_NOTHING, "a suspension on nothing");
	invocation.journal = before.journal = &journal;
	check(machine_push(&changes, &invocation, &again, &(Closing){.kind = CLOSING_END}).refusal == REFUSED_NO_OUTPUT, "an output that is a repetition is to be read");
	check(memcmp(&invocation, &before, sizeof(invocation)) == 0, "nothing has changed");
	invocation.attempt++;
	check(push(&changes, &invocation, &output, &(Closing){.kind = CLOSING_END}).refusal == REFUSED_ATTEMPT_LOST, "of another attempt");
}

/*
 * Asks for completions, where it is known which was asked for last.
 */
static void
asked(void)
{
	static const struct
	{
		int64_t first, second;
		bool is_next;
		const char *what;
	} cases[] = {
		{-1, -1, true, "none"},
		{8, -1, true, "the next"},
		{12, -1, true, "a later one"},
		{7, -1, false, "the last again"},
		{1, -1, false, "an earlier one"},
		{8, 9, true, "two"},
		{8, 8, false, "one twice"},
		{8, 7, false, "a second one that was asked for"},
		{0, -1, false, "the first there is"},
	};
	Changes changes = no_changes();
	Entry twice[] = {command(COMMAND_RUN, 8), command(COMMAND_SLEEP, 8)};
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	NewEntries sent = {.attempt = ATTEMPT, .first_command = 3, .entries = twice, .count = 2};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		Entry entry = command(COMMAND_RUN, cases[i].first);
		int64_t last;

		entry.result_completion_id = cases[i].second;
		invocation = in_state(STATUS_RUNNING, 1);
		invocation.asked_is_known = true;
		invocation.asked = 7;
		check(push(&changes, &invocation, &entry, &(Closing){.kind = CLOSING_NONE}).refusal == (cases[i].is_next ? NOT_REFUSED : REFUSED_ASKED_BEFORE), "a command asks for %s",
			  cases[i].what);
		last = cases[i].first > cases[i].second ? cases[i].first : cases[i].second;
		check(invocation.asked == (cases[i].is_next && last > 7 ? last : 7), "%s: which is the last, is known", cases[i].what);
	}
	invocation = in_state(STATUS_RUNNING, 1);
	invocation.asked_is_known = true;
	invocation.asked = -1;
	check(machine_append_entries(&changes, &invocation, &sent).refusal == REFUSED_ASKED_BEFORE && sent.refused == 1 && invocation.journal_size == 3, "two ask for the same");
}

int
main(void)
{
	ends();
	refused();
	asked();
	return finish_tests();
}
