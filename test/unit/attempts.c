/*
 * attempts.c
 *		An invocation from its submission to its expiry: where it is placed, how
 *		its attempts start and end, and what time does to it.  Prints TAP.
 */
#include "check.h"

static const Failure boom = {.text = "[500] boom", .shown = "[500 Internal] boom", .error_code = "RT0007", .result = {FAILURE_META(500, "boom"), {NULL, 0}}, .retry_after = -1};
static const RetryPolicy policy = {.initial_interval = 500, .factor = 2, .max_interval = 60000, .max_attempts = 70};

/*
 * Returns whether the invocation holds the key.
 */
static bool
holds(const ObjectKey *key, const Invocation *invocation)
{
	return key->has_holder && memcmp(&key->holder, &invocation->id, sizeof(key->holder)) == 0;
}

/*
 * Submits invocations to wait for their time, for a key, or for nothing.
 */
static void
placement(void)
{
	Changes changes = no_changes();
	ObjectKey key = {.next_sequence_number = 4};
	Submission submission = {.service_name = "Basket", .service_key = "b", .handler_name = "add", .is_exclusive = true, .journal_retention = 9};
	Invocation first = absent(1);
	Invocation second = absent(2);
	Invocation third = absent(3);
	Invocation later = absent(4);
	Invocation shared = absent(5);

	first.object_key = second.object_key = third.object_key = later.object_key = &key;
	check(says(machine_submit(&changes, &first, &submission), "accepted") && first.created && first.exists &&
			  first.submission == &submission && first.status == STATUS_READY && holds(&key, &first) &&
			  first.started && first.journal_size == 1 && first.journal_commands_size == 1 && first.ready_at == NOW && first.last_entry_at == NOW &&
			  changes.made_runnable && key.changed,
		  "one that comes to a free key holds it, and is ready with its input as its journal");
	check(first.facts.is_exclusive && first.facts.has_service_key && !first.facts.is_workflow && !first.facts.is_workflow_run,
		  "what it is asked for to be it is from then on");
	changes.made_runnable = key.changed = false;
	check(says(machine_submit(&changes, &second, &submission), "accepted") && second.status == STATUS_PENDING &&
			  second.inbox_sequence_number == 4 && second.journal_size == 0 && !second.started && !changes.made_runnable && key.changed,
		  "one that comes to a key that is held waits in the inbox, without a journal");
	submission.start_at = NOW + 1;
	check(says(machine_submit(&changes, &later, &submission), "accepted") && later.status == STATUS_SCHEDULED &&
			  later.scheduled_start_at == NOW + 1 && is_timer(only_timer(&later, false), TIMER_SCHEDULE, NOW + 1, -1) &&
			  key.next_sequence_number == 5,
		  "one with a time to come waits for that, and has no place in the inbox");
	submission.start_at = NOW;
	check(says(machine_submit(&changes, &third, &submission), "accepted") && third.status == STATUS_PENDING &&
			  third.inbox_sequence_number == 5 && third.timers == NULL,
		  "one whose time is now does not wait for it");
	submission.is_exclusive = false;
	check(says(machine_submit(&changes, &shared, &submission), "accepted") && shared.status == STATUS_READY && holds(&key, &first),
		  "one of a shared handler is ready beside the holder");

	changes.now = NOW + 1;
	check(says(machine_start_scheduled(&changes, &later), "pending") && later.status == STATUS_PENDING && later.inbox_sequence_number == 6,
		  "one whose time has come goes to the end of the inbox of a key that is held");
	check(key.inbox_size == 3 && key.inbox[0] == &second && key.inbox[1] == &third && key.inbox[2] == &later,
		  "the inbox has the order in which they came");
	(void) machine_kill(&changes, &first);
	check(holds(&key, &second) && second.status == STATUS_READY && second.started && key.inbox_size == 2 && second.ready_at == NOW + 1,
		  "the first of them follows the holder, in the same call");
}

/*
 * Submits what is there, and what cannot be.
 */
static void
resubmission(void)
{
	Changes changes = no_changes();
	Submission submission = {.service_name = "Greeter", .handler_name = "greet", .idempotency_key = ""};
	Invocation invocation = absent(1);
	Invocation before = invocation;

	check(machine_submit(&changes, &invocation, &submission).refusal == REFUSED_EMPTY_IDEMPOTENCY_KEY &&
			  memcmp(&before, &invocation, sizeof(before)) == 0 && !changes.made_runnable,
		  "an empty idempotency key is refused");
	submission.idempotency_key = "k";
	submission.start_at = TIME_NEVER;
	check(says(machine_submit(&changes, &invocation, &submission), "accepted") && invocation.status == STATUS_SCHEDULED, "another is not");
	(void) machine_kill(&changes, &invocation);
	check(invocation.removed && invocation.timers == NULL, "what ends before its time needs no timer");
	check(says(machine_submit(&changes, &invocation, &submission), "previously_accepted") && !invocation.exists,
		  "one that went in this call is not made again");
}

/*
 * Submits with retentions of handlers.
 */
static void
retentions(void)
{
	static const struct
	{
		const char *what;
		bool is_workflow_run;
		const char *idempotency_key;
		int64_t completion, journal, result_kept, journal_kept;
	} cases[] = {
		{"an invocation keeps its result as long as its journal", false, NULL, 9, 5, 5, 5},
		{"one with an idempotency key keeps it for longer", false, "k", 9, 5, 9, 5},
		{"the run of a workflow, too", true, NULL, 9, 5, 9, 5},
		{"a journal goes with the result", false, "k", 3, 5, 3, 3},
		{"nothing is kept where nothing is", false, "k", 0, 5, 0, 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = absent(1);
		Submission submission = {.is_workflow = cases[i].is_workflow_run, .is_workflow_run = cases[i].is_workflow_run, .idempotency_key = cases[i].idempotency_key, .completion_retention = cases[i].completion, .journal_retention = cases[i].journal};

		(void) machine_submit(&changes, &invocation, &submission);
		check(!invocation.facts.has_service_key && !invocation.facts.is_exclusive && invocation.facts.is_workflow == cases[i].is_workflow_run &&
				  invocation.facts.is_workflow_run == cases[i].is_workflow_run,
			  "%s, being what it is asked for to be", cases[i].what);
		check(invocation.result_retention == cases[i].result_kept && invocation.journal_retention == cases[i].journal_kept &&
				  invocation.facts.keeps_result == (cases[i].result_kept > 0) && invocation.facts.keeps_journal == (cases[i].journal_kept > 0),
			  "%s", cases[i].what);
	}
}

/*
 * Imports invocations in every state, of a key that is free, and of one that
 * is another's.
 */
static void
imports(void)
{
	for (int held = 0; held <= 1; held++)
		for (Status status = STATUS_PENDING; status <= STATUS_COMPLETED; status++)
		{
			Changes changes = no_changes();
			ObjectKey key = {.has_holder = held, .next_sequence_number = 4};
			ObjectKey key_before = key;
			Invocation invocation = in_state(status, 1);
			Invocation before;
			bool takes_part = status != STATUS_SCHEDULED && status != STATUS_COMPLETED;
			bool is_taken = !takes_part || held == (status == STATUS_PENDING);

			invocation.exists = false;
			invocation.object_key = &key;
			before = invocation;
			check(machine_import(&changes, &invocation) == is_taken, "an import of one that is %s, where the key is %s: %s", status_names[status],
				  held ? "another's" : "free", is_taken ? "is taken" : "is not");
			if (!is_taken)
			{
				check(memcmp(&before, &invocation, sizeof(before)) == 0 && memcmp(&key, &key_before, sizeof(key)) == 0 && !changes.made_runnable,
					  "an import of one that is %s, where the key is %s: nothing has changed", status_names[status], held ? "another's" : "free");
				continue;
			}
			check(invocation.exists && invocation.created && invocation.status == status && invocation.journal_size == before.journal_size &&
					  !changes.made_runnable && invocation.is_foreign == (status != STATUS_COMPLETED),
				  "an import of one that is %s: it is as it was", status_names[status]);
			check(holds(&key, &invocation) == (takes_part && status != STATUS_PENDING), "an import of one that is %s: who has begun holds the key",
				  status_names[status]);
			check((key.inbox_size == 1) == (status == STATUS_PENDING) && (status != STATUS_PENDING || invocation.inbox_sequence_number == 4),
				  "an import of one that is %s: who waits is in the inbox", status_names[status]);
			if (status == STATUS_COMPLETED)
				check(is_timer(only_timer(&invocation, false), TIMER_EXPIRY, NOW + 500, -1) && invocation.retained_from == NOW,
					  "an import of one that is completed: it is kept from now on");
			else
				check(invocation.timers == NULL, "an import of one that is %s: it waits for no time here", status_names[status]);
		}
}

/*
 * Imports an invocation that holds its key already.
 */
static void
imports_of_a_holder(void)
{
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_READY, 1);
	ObjectKey key = {.has_holder = true, .holder = invocation.id};

	invocation.exists = false;
	invocation.object_key = &key;
	check(machine_import(&changes, &invocation) && holds(&key, &invocation), "who holds its key already is taken");
	invocation = in_state(STATUS_PENDING, 1);
	invocation.exists = false;
	invocation.object_key = &key;
	check(!machine_import(&changes, &invocation), "but who waits for nobody but itself is not");
}

/*
 * Adopts foreign invocations in every state, with sleeps that have not ended.
 */
static void
adoptions(void)
{
	for (Status status = STATUS_PENDING; status <= STATUS_COMPLETED; status++)
		for (int pause = 0; pause <= 1; pause++)
			for (int foreign = 0; foreign <= 1; foreign++)
			{
				Timer sleeps[] = {{TIMER_SLEEP, NOW + 1, 6, 0}, {TIMER_SLEEP, NOW - 1, 9, 0}};
				Changes changes = no_changes();
				Invocation invocation = in_state(status, 1);
				bool is_due = status == STATUS_SCHEDULED || status == STATUS_BACKING_OFF;
				Status becomes = status != STATUS_RUNNING ? status : pause ? STATUS_PAUSED :
																			 STATUS_READY;
				const TimerChange *timer;

				invocation.is_foreign = foreign;
				invocation.pause_requested = pause;
				if (!foreign || status == STATUS_COMPLETED)
				{
					check(!machine_adopt(&changes, &invocation, sleeps, 2).took_effect && !invocation.changed && invocation.timers == NULL,
						  "one that is %s and %s is not adopted", status_names[status], foreign ? "foreign" : "not foreign");
					continue;
				}
				check(machine_adopt(&changes, &invocation, sleeps, 2).took_effect && !invocation.is_foreign && invocation.changed,
					  "one that is %s is adopted", status_names[status]);
				check(invocation.status == becomes && invocation.attempt == 0 && changes.made_runnable == (becomes == STATUS_READY) &&
						  invocation.pause_requested == (pause && status != STATUS_RUNNING),
					  "one that is %s%s is %s then", status_names[status], pause ? " and to pause" : "", status_names[becomes]);
				timer = invocation.timers;
				if (is_due)
				{
					check(timer && is_timer(&timer->timer, status == STATUS_SCHEDULED ? TIMER_SCHEDULE : TIMER_RETRY, NOW - 10, -1),
						  "one that is %s waits for its time", status_names[status]);
					timer = timer ? timer->next : NULL;
				}
				check(timer && is_timer(&timer->timer, TIMER_SLEEP, NOW + 1, 6) && timer->next && is_timer(&timer->next->timer, TIMER_SLEEP, NOW - 1, 9) && !timer->next->next,
					  "one that is %s sleeps on", status_names[status]);
			}
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_BACKING_OFF, 1);

		invocation.is_foreign = true;
		invocation.next_retry_at = 0;
		check(machine_adopt(&changes, &invocation, NULL, 0).took_effect && invocation.next_retry_at == NOW && is_timer(only_timer(&invocation, false), TIMER_RETRY, NOW, -1),
			  "one of which nobody says when it is to be tried again is tried now");
	}
}

/*
 * Starts attempts, the first of which pins.
 */
static void
starts(void)
{
	static const struct
	{
		const char *what;
		bool found;
		int min, max;
		Refusal refusal;
		int version;
	} cases[] = {
		{"where no deployment is found", false, 5, 6, REFUSED_NO_DEPLOYMENT, 0},
		{"on one that is too new", true, 7, 8, REFUSED_INCOMPATIBLE, 0},
		{"on one that is too old", true, 3, 4, REFUSED_INCOMPATIBLE, 0},
		{"on one that speaks newer protocols too", true, 5, 9, NOT_REFUSED, 6},
		{"on one that speaks older ones", true, 1, 5, NOT_REFUSED, 5},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_READY, 1);
		Invocation before;
		Verdict verdict;

		invocation.facts.is_pinned = false;
		invocation.facts.deployment_found = cases[i].found;
		invocation.facts.min_protocol_version = cases[i].min;
		invocation.facts.max_protocol_version = cases[i].max;
		before = invocation;
		verdict = machine_start_attempt(&changes, &invocation, ATTEMPT);
		check(verdict.refusal == cases[i].refusal && invocation.set_protocol_version == cases[i].version &&
				  invocation.set_deployment == (cases[i].version != 0),
			  "a first attempt %s: %s", cases[i].what, cases[i].refusal ? refusals[cases[i].refusal].message : "pins it");
		check((memcmp(&before, &invocation, sizeof(before)) == 0) == (cases[i].refusal != NOT_REFUSED), "a first attempt %s: changes it if it may", cases[i].what);
	}
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_BACKING_OFF, 1);

		invocation.attempt_count = 2;
		invocation.journal_size = invocation.journal_commands_size = 0;
		invocation.next_retry_at = NOW + 1;
		check(says(machine_start_attempt(&changes, &invocation, ATTEMPT), "unchanged") && invocation.status == STATUS_BACKING_OFF,
			  "no attempt starts before its retry is due");
		invocation.next_retry_at = NOW;
		check(says(machine_start_attempt(&changes, &invocation, ATTEMPT), "running") && invocation.attempt == ATTEMPT && invocation.attempt_started &&
				  invocation.attempt_count == 3 && invocation.last_start_at == NOW && !invocation.set_deployment,
			  "one that is due does, counts, and stays where it is pinned");
		check(is_timer(only_timer(&invocation, true), TIMER_RETRY, NOW, -1), "its timer is no longer needed");
		check(invocation.started && invocation.journal_size == 1, "one without a journal has its input then");
	}
}

/*
 * Ends attempts that are not the current one.
 */
static void
fence(void)
{
	static const int64_t completions[] = {5};
	static const Awaited awaited = {.completions = completions, .ncompletions = 1};
	static const Outcome outcome = {NULL, {VALUE_META, {"one", 3}}};

	for (int i = 0; i < 5; i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Invocation before;
		Entry entry = {.type = COMMAND_RUN, .completion_id = 1, .result_completion_id = -1, .meta = "{}"};
		NewEntries sent = {.attempt = ATTEMPT + 1, .first_command = 3, .entries = &entry, .count = 1, .refused = 9};
		Verdict verdict;

		invocation.output = &outcome;
		invocation.pause_requested = true;
		before = invocation;
		verdict = i == 0 ? machine_append_entries(&changes, &invocation, &sent) : i == 1 ? machine_suspend(&changes, &invocation, ATTEMPT + 1, &awaited, 3) :
																			  i == 2	 ? machine_fail_attempt(&changes, &invocation, ATTEMPT + 1, &boom, &policy) :
																			  i == 3	 ? machine_complete(&changes, &invocation, ATTEMPT + 1) :
																						   machine_take_over(&changes, &invocation, ATTEMPT + 1);
		check(verdict.refusal == REFUSED_ATTEMPT_LOST && memcmp(&before, &invocation, sizeof(before)) == 0 && !changes.made_runnable,
			  "another attempt changes nothing (%d)", i);
		check(i > 0 || sent.refused == 0, "and is refused from its first entry on (%d)", i);
		invocation.exists = false;
		check(!machine_is_current(&invocation, ATTEMPT), "nor does any of one that is gone (%d)", i);
	}
}

/*
 * Ends attempts where a pause was asked for.
 */
static void
pauses(void)
{
	static const int64_t completions[] = {5};
	static const Awaited awaited = {.completions = completions, .ncompletions = 1};
	static const Outcome outcome = {NULL, {VALUE_META, {"one", 3}}};

	for (int i = 0; i < 4; i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Verdict verdict;

		invocation.output = &outcome;
		invocation.pause_requested = true;
		verdict = i == 0 ? machine_suspend(&changes, &invocation, ATTEMPT, &awaited, 3) : i == 1 ? machine_fail_attempt(&changes, &invocation, ATTEMPT, &boom, &policy) :
																					  i == 2	 ? machine_take_over(&changes, &invocation, ATTEMPT) :
																								   machine_complete(&changes, &invocation, ATTEMPT);
		check(says(verdict, i < 3 ? "paused" : "completed") && invocation.status == (i < 3 ? STATUS_PAUSED : STATUS_COMPLETED) &&
				  !invocation.pause_requested && (i == 3 || invocation.timers == NULL) && !changes.made_runnable,
			  "an attempt ends in the pause that was asked for, unless it is the end (%d)", i);
	}
}

/*
 * Fails attempt after attempt.
 */
static void
retries(void)
{
	static const struct
	{
		const char *what;
		RetryPolicy policy;
		int64_t attempts, retry_after, delay;
	} cases[] = {
		{"the first retry waits for the initial interval", {500, 2, 60000, 70, false}, 1, -1, 500},
		{"the second for the factor of that", {500, 2, 60000, 70, false}, 2, -1, 1000},
		{"the fourth for its third power", {500, 2, 60000, 70, false}, 4, -1, 4000},
		{"a broken factor counts as it is", {500, 1.5, 60000, 70, false}, 3, -1, 1125},
		{"none waits longer than the longest interval", {500, 2, 60000, 70, false}, 9, -1, 60000},
		{"nor after ever so many", {500, 2, INT64_MAX, INT64_MAX, false}, INT64_C(1) << 62, -1, TIME_NEVER - NOW},
		{"a factor of one is no growth", {500, 1, 60000, INT64_MAX, false}, INT64_C(1) << 62, -1, 500},
		{"an initial interval of nothing is none", {0, 2, 60000, 70, false}, 9, -1, 0},
		{"the longest interval holds for the first", {500, 2, 300, 70, false}, 1, -1, 300},
		{"what the failure asks for counts instead", {500, 2, 60000, 70, false}, 3, 7, 7},
		{"also if that is at once", {500, 2, 60000, 70, false}, 3, 0, 0},
		{"or never", {500, 2, 60000, 70, false}, 3, INT64_MAX, TIME_NEVER - NOW},
	};
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Failure failure = boom;

		invocation = in_state(STATUS_RUNNING, 1);
		invocation.attempt_count = cases[i].attempts;
		failure.retry_after = cases[i].retry_after;
		(void) machine_fail_attempt(&changes, &invocation, ATTEMPT, &failure, &cases[i].policy);
		check(invocation.status == STATUS_BACKING_OFF && invocation.next_retry_at == NOW + cases[i].delay &&
				  is_timer(only_timer(&invocation, false), TIMER_RETRY, NOW + cases[i].delay, -1),
			  "%s", cases[i].what);
	}
	invocation = in_state(STATUS_RUNNING, 1);
	invocation.attempt_count = 69;
	(void) machine_fail_attempt(&changes, &invocation, ATTEMPT, &boom, &policy);
	check(invocation.status == STATUS_BACKING_OFF && invocation.entry_retry_count == 1 && invocation.attempt_failure == &boom,
		  "the last but one attempt of a policy is followed by the last");
	invocation.attempt_count = 70;
	(void) machine_start_attempt(&changes, &invocation, ATTEMPT);
	changes.now = invocation.next_retry_at;
	(void) machine_start_attempt(&changes, &invocation, ATTEMPT);
	check(says(machine_fail_attempt(&changes, &invocation, ATTEMPT, &boom, &policy), "paused") && invocation.timers == NULL, "that one by a pause");
	(void) machine_resume(&changes, &invocation, &(Asked){.deployment = DEPLOYMENT_KEEP});
	check(invocation.status == STATUS_READY && invocation.attempt_count == 0, "from which it begins to count anew");

	invocation = in_state(STATUS_RUNNING, 1);
	(void) machine_fail_attempt(&changes, &invocation, ATTEMPT, &boom, &(RetryPolicy){.max_attempts = 0, .kills = true});
	check(invocation.status == STATUS_COMPLETED && invocation.failure == boom.text && invocation.result == &boom.result,
		  "or by its end, with the failure for a result");
}

/*
 * Tells failures apart from those before.
 */
static void
repeated_failures(void)
{
	static const struct
	{
		const char *what;
		const char *text, *code;
		int64_t attempts, last_entry_at;
		bool is_new;
	} cases[] = {
		{"the first", "[500 Internal] boom", "RT0007", 1, NOW - 9, true},
		{"the same again", "[500 Internal] boom", "RT0007", 2, NOW - 9, false},
		{"the same, of what has stored nothing since it started", "[500 Internal] boom", "RT0007", 2, NOW - 5, false},
		{"the same after progress", "[500 Internal] boom", "RT0007", 2, NOW - 4, true},
		{"another text", "[500] bang", "RT0007", 2, NOW - 9, true},
		{"another code", "[500 Internal] boom", "RT0010", 2, NOW - 9, true},
		{"one without a code", "[500 Internal] boom", NULL, 2, NOW - 9, true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Failure before = {.shown = cases[i].text, .error_code = cases[i].code};

		invocation.last_failure = &before;
		invocation.last_start_at = NOW - 5;
		invocation.attempt_count = cases[i].attempts;
		invocation.last_entry_at = cases[i].last_entry_at;
		(void) machine_fail_attempt(&changes, &invocation, ATTEMPT, &boom, &policy);
		check(invocation.is_new_failure == cases[i].is_new, "%s is %s failure", cases[i].what, cases[i].is_new ? "a new" : "no new");
	}
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		Failure unreachable = {.text = "refused", .shown = "refused", .error_code = "RT0010", .retry_after = -1, .is_of_deployment = true};

		(void) machine_fail_attempt(&changes, &invocation, ATTEMPT, &unreachable, &policy);
		check(invocation.entry_retry_count == 0, "a failure to reach the handler is none of what the handler did");
	}
}

/*
 * Suspends invocations on what has come, has not, or has come before.
 */
static void
suspensions(void)
{
	static const int64_t completions[] = {4, 5};
	static const int64_t signals[] = {1, 17};
	static const char *const names[] = {"go"};
	static const Awaited awaited = {completions, 2, signals, 2, names, 1};
	static const struct
	{
		const char *what;
		Completion completion;
		Arrival arrival;
		bool goes_on;
	} cases[] = {
		{"nothing has come", {9, 2, {"{}", {NULL, 0}}}, {2, 18, NULL}, false},
		{"a completion has come", {5, 2, {"{}", {NULL, 0}}}, {2, 18, NULL}, true},
		{"an awakeable was completed", {9, 2, {"{}", {NULL, 0}}}, {2, 17, NULL}, true},
		{"a cancel has come that it knows of", {9, 2, {"{}", {NULL, 0}}}, {2, 1, NULL}, false},
		{"a cancel has come since", {9, 2, {"{}", {NULL, 0}}}, {3, 1, NULL}, true},
		{"a signal by that name is known", {9, 2, {"{}", {NULL, 0}}}, {2, -1, "go"}, false},
		{"a signal by that name has come since", {9, 2, {"{}", {NULL, 0}}}, {3, -1, "go"}, true},
		{"a signal by another name has", {9, 2, {"{}", {NULL, 0}}}, {3, -1, "stay"}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);
		JournalPart journal = {.completions = &cases[i].completion, .ncompletions = 1, .arrivals = &cases[i].arrival, .narrivals = 1};

		invocation.journal = &journal;
		invocation.attempt_count = 3;
		(void) machine_suspend(&changes, &invocation, ATTEMPT, &awaited, 3);
		check(invocation.status == (cases[i].goes_on ? STATUS_READY : STATUS_SUSPENDED) && changes.made_runnable == cases[i].goes_on &&
				  invocation.attempt_count == 0,
			  "%s: it %s", cases[i].what, cases[i].goes_on ? "goes on" : "is suspended");
	}
	for (int what = 0; what < 5; what++)
	{
		static const int64_t sent[] = {0, 1, 18, -1, 17};
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_RUNNING, 1);

		if (what == 0)
			(void) machine_complete_entry(&changes, &invocation, NOTIFICATION_CALL, 4, &one);
		else
			(void) machine_signal(&changes, &invocation, &(Signal){sent[what], what == 3 ? "go" : NULL, void_result});
		check(invocation.has_news, "what runs is told of what comes (%d)", what);
		(void) machine_suspend(&changes, &invocation, ATTEMPT, &awaited, 3);
		check((invocation.status == STATUS_READY) == (what != 2), "what comes in the same call counts (%d)", what);
		if (what == 2)
			continue;
		(void) machine_start_attempt(&changes, &invocation, ATTEMPT + 1);
		(void) machine_suspend(&changes, &invocation, ATTEMPT + 1, &awaited, invocation.journal_size);
		check((invocation.status == STATUS_READY) == (what == 0 || what == 4), "but one that can come again only once (%d)", what);
	}
}

/*
 * Wakes what is suspended.
 */
static void
waking(void)
{
	static const int64_t completions[] = {4};
	static const int64_t signals[] = {17};
	static const char *const names[] = {"go"};
	static const Awaited awaited = {completions, 1, signals, 1, names, 1};
	static const struct
	{
		const char *what;
		int64_t completion_id;
		Signal signal;
		bool wakes;
	} cases[] = {
		{"the completion that it awaits", 4, {0, NULL, {NULL, {NULL, 0}}}, true},
		{"another completion", 5, {0, NULL, {NULL, {NULL, 0}}}, false},
		{"the signal that it awaits", -1, {17, NULL, {VOID_META, {NULL, 0}}}, true},
		{"another signal", -1, {4, NULL, {VOID_META, {NULL, 0}}}, false},
		{"a signal by the name that it awaits", -1, {-1, "go", {VOID_META, {NULL, 0}}}, true},
		{"a signal by another name", -1, {-1, "stay", {VOID_META, {NULL, 0}}}, false},
		{"a cancel that it does not await", -1, {1, NULL, {VOID_META, {NULL, 0}}}, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
	{
		Changes changes = no_changes();
		Invocation invocation = in_state(STATUS_SUSPENDED, 1);

		invocation.awaited = &awaited;
		invocation.facts.awaits_cancel = true;
		if (cases[i].completion_id >= 0)
			(void) machine_complete_entry(&changes, &invocation, NOTIFICATION_CALL, cases[i].completion_id, &one);
		else
			(void) machine_signal(&changes, &invocation, &cases[i].signal);
		check((invocation.status == STATUS_READY) == cases[i].wakes && invocation.journal_size == 4 && !invocation.has_news &&
				  changes.made_runnable == cases[i].wakes && (invocation.awaited == NULL) == cases[i].wakes,
			  "%s %s", cases[i].what, cases[i].wakes ? "wakes it" : "does not wake it, and is in its journal");
	}
}

/*
 * Completes, and lets time pass.
 */
static void
expiry(void)
{
	static const Outcome success = {NULL, {VALUE_META, {"one", 3}}};
	static const Timer fired = {TIMER_EXPIRY, NOW + 5, -1, 0};
	Changes changes = no_changes();
	Invocation invocation = in_state(STATUS_RUNNING, 1);

	invocation.output = &success;
	invocation.result_retention = 9;
	invocation.journal_retention = 5;
	(void) machine_complete(&changes, &invocation, ATTEMPT);
	check(invocation.status == STATUS_COMPLETED && invocation.failure == NULL && invocation.result->value.size == 3 && invocation.retained_from == NOW &&
			  is_timer(only_timer(&invocation, false), TIMER_EXPIRY, NOW + 5, -1),
		  "one that completes has its output for a result, and waits for its journal to expire");
	invocation.timers = NULL;
	changes.now = NOW + 4;
	check(says(machine_fire(&changes, &invocation, &fired), "unchanged") && invocation.timers == NULL, "a timer that is not due does nothing");
	changes.now = NOW + 5;
	check(says(machine_fire(&changes, &invocation, &fired), "purged") && invocation.journal_purged && invocation.journal_size == 0 && invocation.exists &&
			  invocation.timers && is_timer(&invocation.timers->timer, TIMER_EXPIRY, NOW + 5, -1) && invocation.timers->is_removed &&
			  invocation.timers->next && is_timer(&invocation.timers->next->timer, TIMER_EXPIRY, NOW + 9, -1) && !invocation.timers->next->is_removed,
		  "then the journal goes, and the result is next");
	invocation.timers = NULL;
	check(says(machine_expire(&changes, &invocation), "unchanged") && is_timer(only_timer(&invocation, false), TIMER_EXPIRY, NOW + 9, -1),
		  "what is kept longer is waited for again");
	invocation.timers = NULL;
	changes.now = NOW + 9;
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_EXPIRY, NOW + 9, -1, 0}), "removed") && invocation.removed && only_timer(&invocation, true),
		  "then all of it goes");

	invocation = in_state(STATUS_RUNNING, 1);
	invocation.result_retention = invocation.journal_retention = INT64_MAX;
	(void) machine_kill(&changes, &invocation);
	check(invocation.timers == NULL && !invocation.removed, "what is kept for ever has no time to go");
	invocation = in_state(STATUS_RUNNING, 1);
	invocation.result_retention = invocation.journal_retention = 0;
	(void) machine_kill(&changes, &invocation);
	check(invocation.timers == NULL && !invocation.removed && says(machine_expire(&changes, &invocation), "unchanged"),
		  "nor has what is kept for nobody knows how long");
	invocation = in_state(STATUS_RUNNING, 1);
	invocation.facts.keeps_journal = false;
	invocation.journal_retention = 0;
	(void) machine_kill(&changes, &invocation);
	check(invocation.journal_purged && is_timer(only_timer(&invocation, false), TIMER_EXPIRY, changes.now + 500, -1),
		  "where no journal is kept the result waits alone");
	check(machine_time_after(TIME_NEVER, 1) == TIME_NEVER && machine_time_after(TIME_NEVER - 1, 1) == TIME_NEVER &&
			  machine_time_after(TIME_NEVER - 2, 1) == TIME_NEVER - 1 && machine_time_after(INT64_MIN, INT64_MAX) == -1,
		  "time ends with never");
}

/*
 * Lets time pass for what is gone, or has gone on.
 */
static void
stale_timers(void)
{
	Changes changes = no_changes();
	Invocation gone = absent(1);
	Invocation invocation = in_state(STATUS_BACKING_OFF, 1);

	for (TimerKind kind = TIMER_SLEEP; kind <= TIMER_EXPIRY; kind++)
	{
		gone.timers = NULL;
		check(says(machine_fire(&changes, &gone, &(Timer){kind, NOW, -1, 0}), "unchanged") && only_timer(&gone, true) && !gone.exists && gone.appends == NULL,
			  "a timer of what is gone only goes (%d)", kind);
	}
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_RETRY, NOW - 20, -1, 0}), "unchanged") && invocation.status == STATUS_BACKING_OFF,
		  "a retry that another has followed does nothing");
	invocation.timers = NULL;
	(void) machine_resume(&changes, &invocation, &(Asked){.deployment = DEPLOYMENT_KEEP});
	check(is_timer(only_timer(&invocation, true), TIMER_RETRY, NOW - 10, -1), "who does not wait for a retry any more has no timer for it");
	invocation = in_state(STATUS_SUSPENDED, 1);
	invocation.journal = &(JournalPart){.completions = &(Completion){5, 2, {VOID_META, {NULL, 0}}}, .ncompletions = 1};
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_SLEEP, NOW, 5, 0}), "unchanged") && invocation.appends == NULL, "a sleep ends once");
	invocation = in_state(STATUS_SUSPENDED, 1);
	invocation.facts.random_seed = 8;
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_SLEEP, NOW, 5, 7}), "unchanged") && invocation.appends == NULL,
		  "the sleep of one that had the id before is not its");
	check(says(machine_fire(&changes, &invocation, &(Timer){TIMER_SLEEP, NOW, 5, 8}), "completed") && invocation.appends, "its own is");
}

int
main(void)
{
	placement();
	resubmission();
	retentions();
	imports();
	imports_of_a_holder();
	adoptions();
	starts();
	fence();
	pauses();
	retries();
	repeated_failures();
	suspensions();
	waking();
	expiry();
	stale_timers();
	return finish_tests();
}
