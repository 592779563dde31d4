/*
 * journal.c
 *		What an attempt appends: where it goes, what is refused, what each command
 *		does, and what answers it.  Prints TAP.
 */
#include "check.h"

/*
 * Returns a command that asks for the completion, or for none.
 */
static Entry
command(EntryType type, int64_t completion_id)
{
	return (Entry){.type = type, .completion_id = completion_id, .result_completion_id = -1, .meta = "{}"};
}

/*
 * Returns the result of a run.
 */
static Entry
ran(int64_t completion_id, EntryResult result)
{
	Entry entry = command(NOTIFICATION_RUN, completion_id);

	entry.result = result;
	return entry;
}

/*
 * Appends entries, commands from that number on, in the name of the attempt
 * that runs.
 */
static Verdict
append(Changes *changes, Invocation *invocation, int64_t first_command, Entry *entries, int count)
{
	NewEntries sent = {.attempt = ATTEMPT, .first_command = first_command, .entries = entries, .count = count};

	return machine_append_entries(changes, invocation, &sent);
}

/*
 * Appends a command as the next one; returns what answers it, or NULL.
 */
static const JournalAppend *
answer_to(Changes *changes, Invocation *invocation, Entry *entry)
{
	Verdict verdict = append(changes, invocation, invocation->journal_commands_size, entry, 1);

	if (verdict.refusal != NOT_REFUSED || invocation->last_append->index == entry->index)
		return NULL;
	return invocation->last_append;
}

/*
 * Numbers entries.
 */
static void
indexes(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Entry entries[] = {command(COMMAND_RUN, 1), command(COMMAND_RUN, 2), ran(2, two), ran(1, one), command(COMMAND_SET_STATE, -1)};
	ObjectState state = {.entries = NULL};

	invocation.facts.has_service_key = invocation.facts.is_exclusive = true;
	invocation.entry_retry_count = 3;
	entries[0].name = "charge";
	entries[0].meta = "{\"a\": 1}";
	entries[0].repeated = true;
	entries[4].state = &state;
	entries[4].state_key = "k";
	entries[4].payload = one.value;
	(void) machine_signal(&changes, &invocation, &(Signal){17, NULL, void_result});
	check(says(append(&changes, &invocation, 3, entries, 5), "appended"), "entries are appended");
	for (int i = 0; i < 5; i++)
		check(entries[i].index == 4 + i && !entries[i].repeated, "each has the index after the one before, whatever came meanwhile (%d)", i);
	check(invocation.journal_size == 9 && invocation.journal_commands_size == 6, "commands are counted by themselves too");
	check(invocation.entry_retry_count == 0 && invocation.last_entry_at == NOW, "what is stored is progress");
	check(invocation.appends->next->name == entries[0].name && invocation.appends->next->is_command &&
			  invocation.appends->next->completion_id == 1 && invocation.appends->next->meta == entries[0].meta &&
			  brings(invocation.appends->next->next->next, NOTIFICATION_RUN, 2, &two) &&
			  invocation.last_append->payload.data == one.value.data,
		  "an entry has what was sent");
	check(broken(&(Invocation){.journal_size = 3, .journal_commands_size = 3}, &invocation) == NULL, "no rule is broken");
	check(says(append(&changes, &invocation, 6, NULL, 0), "unchanged"), "to append nothing does nothing");
}

/*
 * Sends commands again that the journal has.
 */
static void
replays(void)
{
	static const struct
	{
		const char *what;
		EntryType type;
		const char *name, *meta, *replay_meta;
		Bytes payload;
		int64_t completion_id, result_completion_id;
		int64_t signal_index;
		bool is_same;
	} cases[] = {
		{"the same", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 2, true},
		{"another type", COMMAND_RUN, "n", "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 2, false},
		{"another name", COMMAND_CALL, "m", "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 2, false},
		{"no name", COMMAND_CALL, NULL, "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 2, false},
		{"another meta", COMMAND_CALL, "n", "{\"a\": 2}", NULL, {"one", 3}, 5, 6, 2, false},
		{"another meta that is to be the same in this", COMMAND_CALL, "n", "{\"a\": 2}", "{\"a\": 1}", {"one", 3}, 5, 6, 2, true},
		{"another payload", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {"two", 3}, 5, 6, 2, false},
		{"a longer payload", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {"one more", 8}, 5, 6, 2, false},
		{"no payload", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {NULL, 0}, 5, 6, 2, false},
		{"another completion", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {"one", 3}, 4, 6, 2, false},
		{"another second completion", COMMAND_CALL, "n", "{\"a\": 1}", NULL, {"one", 3}, 5, 7, 2, false},
		{"another signal sent", COMMAND_SEND_SIGNAL, "n", "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 3, false},
		{"the same signal sent", COMMAND_SEND_SIGNAL, "n", "{\"a\": 1}", NULL, {"one", 3}, 5, 6, 2, true},
		{"another value read", COMMAND_GET_EAGER_STATE, "n", "{\"a\": 1}", NULL, {"two", 3}, 5, 6, 2, true},
		{"another key read", COMMAND_GET_EAGER_STATE, "n", "{\"a\": 2}", NULL, {"two", 3}, 5, 6, 2, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation before;
		Entry had = command(cases[i].type == COMMAND_RUN ? COMMAND_CALL : cases[i].type, 5);
		JournalPart journal = {.commands = &had, .commands_first = 2, .ncommands = 1};
		Entry entry = command(cases[i].type, cases[i].completion_id);
		Verdict verdict;

		had.name = entry.name = "n";
		had.meta = "{\"a\": 1}";
		had.payload = one.value;
		had.result_completion_id = 6;
		had.signal.index = 2;
		had.index = 2;
		entry.name = cases[i].name;
		entry.meta = cases[i].meta;
		entry.replay_meta = cases[i].replay_meta;
		entry.payload = cases[i].payload;
		entry.result_completion_id = cases[i].result_completion_id;
		entry.signal.index = cases[i].signal_index;
		invocation.journal = &journal;
		before = invocation;
		verdict = append(&changes, &invocation, 2, &entry, 1);
		check(cases[i].is_same ? says(verdict, "unchanged") && entry.repeated && entry.index == 2 : verdict.refusal == REFUSED_OTHER_COMMAND,
			  "a replay with %s is %s", cases[i].what, cases[i].is_same ? "one" : "refused");
		check(memcmp(&before, &invocation, sizeof(before)) == 0, "a replay with %s changes nothing", cases[i].what);
	}
}

/*
 * Sends several commands of which the journal has the first, with one more.
 */
static void
partial_replay(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Entry had[] = {command(COMMAND_RUN, 1), command(COMMAND_SLEEP, 2)};
	JournalPart journal = {.commands = had, .commands_first = 1, .ncommands = 2};
	Entry entries[] = {command(COMMAND_RUN, 1), command(COMMAND_SLEEP, 2), command(COMMAND_RUN, 3)};

	had[0].index = 1;
	had[1].index = 2;
	invocation.journal = &journal;
	check(append(&changes, &invocation, 0, entries, 1).refusal == REFUSED_OTHER_COMMAND, "what comes before all that was read is no repetition");
	check(says(append(&changes, &invocation, 1, entries, 3), "appended") && entries[0].repeated && entries[0].index == 1 && entries[1].repeated &&
			  entries[1].index == 2 && !entries[2].repeated && entries[2].index == 3 && invocation.journal_size == 4,
		  "what the journal has is recognised one by one, and the rest appended");
	check(says(append(&changes, &invocation, 1, entries, 2), "unchanged"), "and again");
	check(append(&changes, &invocation, 3, entries + 2, 1).refusal == REFUSED_OTHER_COMMAND, "what comes after all that was read is no repetition");
}

/*
 * Sends entries of which the last is refused, after others that are not.
 */
static void
refused(void)
{
	static const Submission empty_key = {.idempotency_key = ""};
	static const struct
	{
		const char *what;
		EntryType type;
		bool is_keyed, may_write, is_workflow;
		const Submission *submission;
		int64_t completion_id;
		Refusal refusal;
	} cases[] = {
		{"an input", COMMAND_INPUT, true, true, true, NULL, -1, REFUSED_NOT_APPENDED},
		{"a completion of the store's", NOTIFICATION_SLEEP, true, true, true, NULL, 9, REFUSED_NOT_APPENDED},
		{"a signal", NOTIFICATION_SIGNAL, true, true, true, NULL, -1, REFUSED_NOT_APPENDED},
		{"a read of what a service has none of", COMMAND_GET_LAZY_STATE, false, false, false, NULL, 9, REFUSED_NO_STATE},
		{"a read of its keys", COMMAND_GET_LAZY_STATE_KEYS, false, false, false, NULL, 9, REFUSED_NO_STATE},
		{"an eager read", COMMAND_GET_EAGER_STATE, false, false, false, NULL, -1, REFUSED_NO_STATE},
		{"an eager read of its keys", COMMAND_GET_EAGER_STATE_KEYS, false, false, false, NULL, -1, REFUSED_NO_STATE},
		{"a write of what a service has none of", COMMAND_SET_STATE, false, false, false, NULL, -1, REFUSED_NO_STATE},
		{"a write by a shared handler", COMMAND_SET_STATE, true, false, false, NULL, -1, REFUSED_STATE_READ_ONLY},
		{"a clear by one", COMMAND_CLEAR_STATE, true, false, false, NULL, -1, REFUSED_STATE_READ_ONLY},
		{"a clear of all by one", COMMAND_CLEAR_ALL_STATE, true, false, false, NULL, -1, REFUSED_STATE_READ_ONLY},
		{"a promise of an object", COMMAND_GET_PROMISE, true, true, false, NULL, 9, REFUSED_NO_PROMISES},
		{"a peek at one", COMMAND_PEEK_PROMISE, true, true, false, NULL, 9, REFUSED_NO_PROMISES},
		{"its completion", COMMAND_COMPLETE_PROMISE, true, true, false, NULL, 9, REFUSED_NO_PROMISES},
		{"a call to nowhere", COMMAND_CALL, true, true, true, NULL, 9, REFUSED_NO_HANDLER},
		{"a send to nowhere", COMMAND_ONE_WAY_CALL, true, true, true, NULL, 9, REFUSED_NO_HANDLER},
		{"a call with an empty idempotency key", COMMAND_CALL, true, true, true, &empty_key, 9, REFUSED_EMPTY_IDEMPOTENCY_KEY},
		{"a command whose completion is there", COMMAND_RUN, true, true, true, NULL, 5, REFUSED_COMPLETED_BEFORE},
		{"another result of a run", NOTIFICATION_RUN, true, true, true, NULL, 5, REFUSED_COMPLETED_BEFORE},
		{"another result of a run, sent with the first", NOTIFICATION_RUN, true, true, true, NULL, 1, REFUSED_COMPLETED_BEFORE},
		{"a result that no run asks for", NOTIFICATION_RUN, true, true, true, NULL, 9, REFUSED_NO_RUN},
	};
	Completion completion = {5, 2, one};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation before;
		JournalPart journal = {.completions = &completion, .ncompletions = 1};
		Entry entries[] = {command(COMMAND_RUN, 1), ran(1, one), command(cases[i].type, cases[i].completion_id)};
		NewEntries sent = {.attempt = ATTEMPT, .first_command = 3, .entries = entries, .count = 3};

		entries[2].result = two;
		entries[2].submission = cases[i].submission;
		invocation.journal = &journal;
		invocation.facts.has_service_key = cases[i].is_keyed;
		invocation.facts.is_exclusive = cases[i].may_write;
		invocation.facts.is_workflow = cases[i].is_workflow;
		before = invocation;
		check(machine_append_entries(&changes, &invocation, &sent).refusal == cases[i].refusal && sent.refused == 2, "%s is refused: %s", cases[i].what,
			  refusals[cases[i].refusal].message);
		check(memcmp(&before, &invocation, sizeof(before)) == 0 && !changes.made_runnable, "%s: nothing of it is appended", cases[i].what);
	}
	for (int64_t first = -1; first <= 4; first++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Entry entry = command(COMMAND_RUN, 1);
		Refusal refusal = append(&changes, &invocation, first, &entry, 1).refusal;

		check(refusal == (first == 3 ? NOT_REFUSED : first == 4 || first < 0 ? REFUSED_COMMAND_GAP :
																			   REFUSED_OTHER_COMMAND),
			  "a command follows those that are there, or repeats what was read (%d)", (int) first);
	}
}

/*
 * Brings the result of a run more than once.
 */
static void
runs(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	static const int64_t asked = 1;
	Completion completion = {5, 2, one};
	JournalPart journal = {.completions = &completion, .ncompletions = 1, .runs = &asked, .nruns = 1};
	Entry entries[] = {ran(5, one), ran(1, two), ran(1, two)};

	invocation.journal = &journal;
	(void) append(&changes, &invocation, 3, entries, 3);
	check(entries[0].repeated && entries[0].index == 2, "a result that the journal has is repeated");
	check(!entries[1].repeated && entries[1].index == 3 && entries[2].repeated && entries[2].index == 3 && invocation.journal_size == 4, "so is one of the same call");
	check(!invocation.has_news, "what an attempt sends itself is no news to it");
}

/*
 * Sleeps.
 */
static void
sleeps(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Entry entry = command(COMMAND_SLEEP, 5);

	entry.wake_up_at = NOW;
	check(brings(answer_to(&changes, &invocation, &entry), NOTIFICATION_SLEEP, 5, &slept_result) && invocation.timers == NULL, "a sleep until now is over");
	entry = command(COMMAND_SLEEP, 6);
	entry.wake_up_at = NOW + 1;
	check(answer_to(&changes, &invocation, &entry) == NULL && is_timer(only_timer(&invocation, false), TIMER_SLEEP, NOW + 1, 6), "a longer one has a timer");
	changes.now = NOW + 1;
	invocation.timers = NULL;
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_SLEEP, NOW + 1, 6, 0}), "completed") && invocation.has_news &&
			  brings(invocation.last_append, NOTIFICATION_SLEEP, 6, &slept_result),
		  "which ends it");
}

/*
 * Calls what is new, what runs, what has completed, and workflows.
 */
static void
calls(void)
{
	for (int what = 0; what < 6; what++)
	{
		static const char *const names[] = {"what is new", "what runs", "what has completed", "a workflow that was run", "what was cancelled in the same call", "what is to start later"};
		Changes changes = no_changes();
		Invocation caller = in_state(STATUS_RUNNING, 1);
		Invocation callee = what == 1 || what == 4 ? in_state(STATUS_SCHEDULED, 2) : what == 2 || what == 3 ? in_state(STATUS_COMPLETED, 2) :
																											  absent(2);
		Submission submission = {.service_name = "Payments", .is_workflow_run = what == 3, .start_at = what == 5 ? NOW + 1 : 0, .journal_retention = 5};
		Entry entry = command(COMMAND_CALL, 5);
		const JournalAppend *answer;
		const JournalAppend *id;

		if (what == 4)
			(void) machine_cancel(&changes, &callee);
		entry.result_completion_id = 6;
		entry.submission = &submission;
		entry.target = &callee;
		answer = answer_to(&changes, &caller, &entry);
		id = caller.appends->next;
		check(caller.appends->invoked_id == &callee.id && caller.appends->result_completion_id == 6 && id && id->invoked_id == &callee.id &&
				  id->completion_id == 5 && id->entry_type == entry_type_names[NOTIFICATION_CALL_INVOCATION_ID],
			  "a call of %s: its id follows", names[what]);
		check(callee.created == (what == 0 || what == 5), "a call of %s: it is made if it is new", names[what]);
		if (what == 2)
			check(brings(answer, NOTIFICATION_CALL, 6, &one), "a call of %s: it answers at once", names[what]);
		else if (what == 3)
			check(answer && answer->completion_id == 6 && strstr(answer->meta, "409"), "a call of %s: it fails", names[what]);
		else if (what == 4)
			check(answer && answer->completion_id == 6 && strstr(answer->meta, "cancelled"), "a call of %s: it answers as to those who waited", names[what]);
		else
		{
			check(answer == id && callee.waiters && callee.waiters->is_new && callee.waiters->kind == WAITER_CALL && callee.waiters->caller == &caller,
				  "a call of %s: it waits", names[what]);
			callee.status = STATUS_RUNNING;
			callee.attempt = ATTEMPT;
			callee.output = &(Outcome){NULL, two};
			(void) machine_complete(&changes, &callee, ATTEMPT);
			check(brings(caller.last_append, NOTIFICATION_CALL, 6, &two) && callee.waiters->answered && caller.has_news, "a call of %s: it is answered", names[what]);
		}
		check(broken(&(Invocation){.journal_size = 3, .journal_commands_size = 3}, &caller) == NULL, "a call of %s: no rule is broken", names[what]);
	}
	{
		Changes changes = no_changes();
		Invocation caller = in_state(STATUS_RUNNING, 1);
		Invocation callee = absent(2);
		Submission submission = {.service_name = "Payments", .start_at = NOW + 1, .journal_retention = 5};
		Entry entry = command(COMMAND_ONE_WAY_CALL, 5);

		entry.submission = &submission;
		entry.target = &callee;
		check(answer_to(&changes, &caller, &entry)->invoked_id == &callee.id && caller.appends->invoked_id == &callee.id && callee.status == STATUS_SCHEDULED && callee.waiters == NULL,
			  "a send waits for its id alone, and can be for later");
	}
}

/*
 * Answers everyone who waits.
 */
static void
waiters(void)
{
	Changes changes = no_changes();
	Invocation target = in_state(STATUS_RUNNING, 1);
	Invocation suspended = in_state(STATUS_SUSPENDED, 2);
	Invocation other = in_state(STATUS_SUSPENDED, 3);
	Invocation done = in_state(STATUS_COMPLETED, 4);
	const int64_t completions[] = {5};
	const Awaited awaited = {.completions = completions, .ncompletions = 1};

	suspended.awaited = other.awaited = &awaited;
	machine_add_waiter(&changes, &target, WAITER_ATTACH, &suspended, 5);
	machine_add_waiter(&changes, &target, WAITER_CALL, &other, 6);
	machine_add_waiter(&changes, &target, WAITER_INGRESS, NULL, -1);
	machine_add_waiter(&changes, &target, WAITER_CALL, &done, 7);
	target.output = &(Outcome){"[400] no", {FAILURE_META(400, "no"), {NULL, 0}}};
	(void) machine_complete(&changes, &target, ATTEMPT);
	check(target.failure == target.output->failure && target.result == &target.output->result, "an output can be a failure");
	check(brings(suspended.last_append, NOTIFICATION_ATTACH_INVOCATION, 5, target.result) && suspended.status == STATUS_READY, "who is attached and awaits it wakes");
	check(brings(other.last_append, NOTIFICATION_CALL, 6, target.result) && other.status == STATUS_SUSPENDED, "who awaits something else sleeps on");
	check(target.waiters->next->next->answered, "a request is answered");
	check(done.appends == NULL && !target.waiters->next->next->next->answered, "who has completed is not");
	(void) machine_kill(&changes, &other);
	machine_answer_waiters(&changes, &target, &two);
	check(suspended.journal_size == 4, "nobody is answered twice");
}

/*
 * Appends outputs, and completes.
 */
static void
outputs(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);
	Entry entries[] = {command(COMMAND_OUTPUT, -1), command(COMMAND_OUTPUT, -1)};

	entries[0].result = one;
	entries[1].result = (EntryResult){FAILURE_META(400, "no"), {NULL, 0}};
	entries[1].failure = "[400] no";
	(void) append(&changes, &invocation, 3, entries, 1);
	check(invocation.output && invocation.output->failure == NULL && invocation.output->result.value.data == one.value.data && invocation.status == STATUS_RUNNING,
		  "an output is kept until the end");
	(void) append(&changes, &invocation, 4, entries + 1, 1);
	check(says(machine_complete(&changes, &invocation, ATTEMPT), "completed") && invocation.failure == entries[1].failure &&
			  invocation.result->meta == entries[1].result.meta,
		  "the last one is the result");
}

/*
 * Attaches to invocations, and asks for their output.
 */
static void
attachments(void)
{
	for (int what = 0; what < 4; what++)
	{
		static const char *const names[] = {"nobody", "one that is not there", "one that waits", "one that has completed"};
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation target = what == 1 ? absent(2) : what == 2 ? in_state(STATUS_PENDING, 2) :
																in_state(STATUS_COMPLETED, 2);
		Entry attach = command(COMMAND_ATTACH_INVOCATION, 5);
		Entry get = command(COMMAND_GET_INVOCATION_OUTPUT, 6);
		const JournalAppend *answer;

		attach.target = get.target = what ? &target : NULL;
		answer = answer_to(&changes, &invocation, &attach);
		check(invocation.appends->invoked_id == NULL, "to attach to %s calls nobody", names[what]);
		if (what < 2)
			check(answer && answer->completion_id == 5 && strstr(answer->meta, "404"), "to attach to %s fails", names[what]);
		else if (what == 2)
			check(answer == NULL && target.waiters && target.waiters->kind == WAITER_ATTACH && target.waiters->result_completion_id == 5, "to attach to %s is to wait", names[what]);
		else
			check(brings(answer, NOTIFICATION_ATTACH_INVOCATION, 5, &one), "to attach to %s brings its result", names[what]);
		answer = answer_to(&changes, &invocation, &get);
		if (what < 2)
			check(answer && answer->completion_id == 6 && strstr(answer->meta, "404"), "the output of %s cannot be had", names[what]);
		else
			check(brings(answer, NOTIFICATION_GET_INVOCATION_OUTPUT, 6, what == 2 ? &void_result : &one), "the output of %s is what there is", names[what]);
	}
}

/*
 * Signals invocations in every state by commands, and completes their
 * awakeables.
 */
static void
signals(void)
{
	for (Status status = STATUS_PENDING; status <= STATUS_COMPLETED; status++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation target = in_state(status, 2);
		Entry send = command(COMMAND_SEND_SIGNAL, -1);
		Entry awakeable = command(COMMAND_COMPLETE_AWAKEABLE, -1);
		bool is_in_flight = machine_is_in_flight(&target);

		send.target = awakeable.target = &target;
		send.signal = (Signal){-1, "go", two};
		awakeable.signal = (Signal){17, NULL, one};
		(void) append(&changes, &invocation, 3, &send, 1);
		(void) append(&changes, &invocation, 4, &awakeable, 1);
		(void) append(&changes, &invocation, 5, &awakeable, 1);
		check(invocation.appends->signal_name == send.signal.name && invocation.last_append->signal_index == -1 && invocation.journal_size == 6,
			  "who signals one that is %s waits for nothing", status_names[status]);
		check(target.journal_size == (is_in_flight ? 6 : status == STATUS_COMPLETED ? 3 :
																					  0),
			  "one that is %s gets all signals if it is in flight", status_names[status]);
		if (!is_in_flight)
			continue;
		check(target.appends->signal_index == -1 && target.appends->signal_name == send.signal.name && brings(target.appends, NOTIFICATION_SIGNAL, -1, &two) &&
				  target.appends->next->signal_index == 17 && brings(target.appends->next, NOTIFICATION_SIGNAL, -1, &one) && target.last_append->index == 5,
			  "one that is %s gets them in their order", status_names[status]);
	}
	for (Status status = STATUS_PENDING; status <= STATUS_COMPLETED; status++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation target = in_state(status, 2);
		Entry send = command(COMMAND_SEND_SIGNAL, -1);

		send.target = &target;
		send.signal = (Signal){CANCEL_SIGNAL, NULL, void_result};
		(void) append(&changes, &invocation, 3, &send, 1);
		check(invocation.appends->signal_index == CANCEL_SIGNAL && (target.appends == NULL || brings(target.appends, NOTIFICATION_SIGNAL, -1, &void_result)),
			  "who cancels one that is %s sends a signal", status_names[status]);
		check(target.removed == (status <= STATUS_SCHEDULED) && (target.status == STATUS_READY) == (status == STATUS_PAUSED || status == STATUS_READY),
			  "the first signal cancels one that is %s", status_names[status]);
	}
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Entry send = command(COMMAND_SEND_SIGNAL, -1);

		send.signal = (Signal){CANCEL_SIGNAL, NULL, void_result};
		check(says(append(&changes, &invocation, 3, &send, 1), "appended") && invocation.journal_size == 4, "a signal to nobody is lost");
	}
}

int
main(void)
{
	indexes();
	replays();
	partial_replay();
	refused();
	runs();
	sleeps();
	calls();
	waiters();
	outputs();
	attachments();
	signals();
	return finish_tests();
}
