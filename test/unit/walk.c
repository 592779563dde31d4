/*
 * walk.c
 *		Invocations that call, wait, sleep, fail and are operated on at random, as
 *		seeds have it: whatever comes first, each key has one holder, each
 *		completion comes once, and nothing that is waited for is lost.  Prints TAP.
 */
#include "check.h"

#define SEEDS	 300
#define STEPS	 400
#define MOST	 24
#define ENTRIES	 2000
#define WAITS	 64
#define IS_KEYED (1 << 0)
#define IS_LATER (1 << 1)

/* A command of an invocation that waits for its completion. */
typedef struct Wait
{
	int64_t completion_id;
	Invocation *callee; /* NULL: a sleep */
} Wait;

/* An invocation as the tables have it between two calls. */
typedef struct Stored
{
	Invocation invocation;
	Completion completions[ENTRIES];
	JournalPart journal;
	Wait waits[WAITS];
	int nwaits;
	Timer timers[WAITS];
	int ntimers;
	int64_t next_completion_id;
	int64_t awaited_completions[WAITS];
	Awaited awaited;
	Submission submission;
} Stored;

static Stored world[MOST];
static int nstored;
static ObjectKey key;
static Changes changes;
static uint64_t random_state;
static const char *problem;

/*
 * Returns a number below the limit.
 */
static int
below(int limit)
{
	random_state = random_state * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (int) ((random_state >> 33) % (uint64_t) limit);
}

/*
 * Notes the first problem.
 */
static void
must(bool holds, const char *rule)
{
	if (!holds && problem == NULL)
		problem = rule;
}

/*
 * Makes place for another invocation; returns it, or NULL if there is none.
 */
static Stored *
another(int kind)
{
	Stored *stored;

	if (nstored == MOST)
		return NULL;
	stored = &world[nstored++];
	memset(stored, 0, sizeof(*stored));
	stored->invocation = absent((unsigned char) nstored);
	stored->invocation.facts.deployment_found = true;
	stored->invocation.facts.min_protocol_version = 5;
	stored->invocation.facts.max_protocol_version = 6;
	stored->invocation.object_key = kind & IS_KEYED ? &key : NULL;
	stored->submission = (Submission){.is_exclusive = kind & IS_KEYED, .service_key = kind & IS_KEYED ? "k" : NULL, .start_at = kind & IS_LATER ? changes.now + 1 + below(20) : 0, .journal_retention = below(3) * 10};
	return stored;
}

/*
 * Has an attempt append a command that waits: a sleep, or a call of a new
 * invocation or of one that is there.
 */
static void
wait_for_something(Stored *stored)
{
	Stored *callee = NULL;
	Entry entry = {.type = COMMAND_SLEEP, .completion_id = stored->next_completion_id++, .result_completion_id = -1, .meta = "{}"};
	NewEntries sent = {.attempt = stored->invocation.attempt, .first_command = stored->invocation.journal_commands_size, .entries = &entry, .count = 1};

	if (stored->nwaits == WAITS)
		return;
	if (below(2))
		callee = below(2) ? another(below(4)) : &world[below(nstored)];
	entry.wake_up_at = changes.now + below(10);
	if (callee && callee != stored && !callee->invocation.removed)
	{
		entry.type = COMMAND_CALL;
		entry.result_completion_id = stored->next_completion_id++;
		entry.target = &callee->invocation;
		entry.submission = &callee->submission;
	}
	must(machine_append_entries(&changes, &stored->invocation, &sent).took_effect, "a running attempt appends");
	stored->waits[stored->nwaits++] = (Wait){entry.type == COMMAND_SLEEP ? entry.completion_id : entry.result_completion_id, entry.target};
}

/*
 * Has the attempt end with what it waits for, or with an output.
 */
static void
end_attempt(Stored *stored)
{
	static const Failure failure = {.text = "[500] boom", .result = {FAILURE_META(500, "boom"), {NULL, 0}}, .retry_after = -1};
	RetryPolicy policy = {.initial_interval = below(4), .factor = 2, .max_interval = 9, .max_attempts = 3, .kills = below(2)};
	Entry output = {.type = COMMAND_OUTPUT, .completion_id = -1, .result_completion_id = -1, .meta = "{}", .result = one};
	Invocation *invocation = &stored->invocation;
	NewEntries sent = {.attempt = invocation->attempt, .first_command = invocation->journal_commands_size, .entries = &output, .count = 1};

	switch (below(4))
	{
		case 0:
			(void) machine_fail_attempt(&changes, invocation, invocation->attempt, &failure, &policy);
			break;
		case 1:
			(void) machine_append_entries(&changes, invocation, &sent);
			must(machine_complete(&changes, invocation, invocation->attempt).took_effect, "a running attempt completes");
			break;
		case 2:
			(void) machine_take_over(&changes, invocation, invocation->attempt);
			break;
		default:
			if (stored->nwaits == 0)
				return;
			stored->awaited = (Awaited){.completions = stored->awaited_completions};
			for (int i = 0; i < stored->nwaits; i++)
				if (i == 0 || below(2))
					stored->awaited_completions[stored->awaited.ncompletions++] = stored->waits[i].completion_id;
			must(machine_suspend(&changes, invocation, invocation->attempt, &stored->awaited, invocation->journal_size).took_effect, "a running attempt is suspended");
	}
}

/*
 * Has an operator do something.
 */
static void
operate(Invocation *invocation)
{
	switch (below(5))
	{
		case 0:
			(void) machine_cancel(&changes, invocation);
			break;
		case 1:
			(void) machine_kill(&changes, invocation);
			break;
		case 2:
			(void) machine_pause(&changes, invocation);
			break;
		default:
			(void) machine_resume(&changes, invocation, &(Asked){.deployment = DEPLOYMENT_KEEP});
	}
}

/*
 * Lets time pass, and fires what is due.
 */
static void
tick(void)
{
	changes.now += 1 + below(5);
	for (int i = 0; i < nstored; i++)
		for (int j = 0; j < world[i].ntimers; j++)
			if (world[i].timers[j].due_at <= changes.now)
				(void) machine_fire(&changes, &world[i].invocation, &world[i].timers[j]);
}

/*
 * Does one thing, the work of one call.
 */
static void
step(void)
{
	Stored *stored = nstored ? &world[below(nstored)] : NULL;
	int what = below(8);

	if (what == 0 || stored == NULL)
	{
		stored = another(below(4));
		if (stored)
			must(machine_submit(&changes, &stored->invocation, &stored->submission).took_effect, "what is new is accepted");
	}
	else if (what == 1)
		tick();
	else if (!stored->invocation.exists)
		return;
	else if (what == 2)
		operate(&stored->invocation);
	else if (stored->invocation.status != STATUS_RUNNING)
		(void) machine_start_attempt(&changes, &stored->invocation, 1 + below(1000000));
	else if (what < 6)
		wait_for_something(stored);
	else
		end_attempt(stored);
}

/*
 * Writes the timers that have changed.
 */
static void
store_timers(Stored *stored)
{
	for (const TimerChange *change = stored->invocation.timers; change; change = change->next)
	{
		int i = 0;

		while (i < stored->ntimers && !is_timer(&stored->timers[i], change->timer.kind, change->timer.due_at, change->timer.completion_id))
			i++;
		must((i < stored->ntimers) == change->is_removed, "a timer that is removed was there, and one that is set was not");
		if (change->is_removed && i < stored->ntimers)
			stored->timers[i] = stored->timers[--stored->ntimers];
		else if (!change->is_removed)
			stored->timers[stored->ntimers++] = change->timer;
	}
}

/*
 * Writes what has come to a journal: who has waited for that waits no more.
 */
static void
store_journal(Stored *stored)
{
	for (const JournalAppend *append = stored->invocation.appends; append; append = append->next)
	{
		if (append->is_command || append->completion_id < 0)
			continue;
		for (int i = 0; i < stored->journal.ncompletions; i++)
			must(stored->completions[i].completion_id != append->completion_id, "a completion comes once");
		stored->completions[stored->journal.ncompletions++] = (Completion){append->completion_id, append->index, {append->meta, append->payload}};
		for (int i = 0; i < stored->nwaits; i++)
			if (stored->waits[i].completion_id == append->completion_id)
				stored->waits[i--] = stored->waits[--stored->nwaits];
	}
	stored->journal.completions = stored->completions;
	stored->invocation.journal = &stored->journal;
}

/*
 * Writes what a call has made of an invocation, as which the next one has it.
 */
static void
commit(Stored *stored)
{
	Invocation *invocation = &stored->invocation;
	Waiter **place = &invocation->waiters;

	store_timers(stored);
	store_journal(stored);
	while (*place)
		if ((*place)->answered || !invocation->exists || invocation->status == STATUS_COMPLETED)
			*place = (*place)->next;
		else
		{
			(*place)->is_new = false;
			place = &(*place)->next;
		}
	invocation->facts.status = invocation->status;
	invocation->facts.is_pinned |= invocation->set_deployment;
	invocation->facts.protocol_version = 6;
	invocation->changed = invocation->created = invocation->started = invocation->attempt_started = false;
	invocation->has_news = invocation->set_deployment = false;
	invocation->timers = NULL;
	invocation->appends = NULL;
}

/*
 * Returns whether the invocation waits for the completion at the callee.
 */
static bool
is_waiter(const Invocation *caller, const Wait *wait)
{
	for (const Waiter *waiter = wait->callee->waiters; waiter; waiter = waiter->next)
		if (waiter->caller == caller && waiter->result_completion_id == wait->completion_id)
			return true;
	return false;
}

/*
 * Returns whether the invocation has such a timer.
 */
static bool
has_timer(const Stored *stored, TimerKind kind, int64_t completion_id)
{
	for (int i = 0; i < stored->ntimers; i++)
		if (stored->timers[i].kind == kind && stored->timers[i].completion_id == completion_id)
			return true;
	return false;
}

/*
 * Checks what an invocation waits for.
 */
static void
verify_waits(const Stored *stored)
{
	const Invocation *invocation = &stored->invocation;

	for (int i = 0; machine_is_in_flight(invocation) && i < stored->nwaits; i++)
	{
		const Wait *wait = &stored->waits[i];

		if (wait->callee == NULL)
			must(has_timer(stored, TIMER_SLEEP, wait->completion_id), "a sleep has a timer until it ends");
		else
			must(wait->callee->exists && wait->callee->status != STATUS_COMPLETED && is_waiter(invocation, wait), "a call waits for a callee that has not ended");
	}
	for (int i = 0; invocation->awaited && i < invocation->awaited->ncompletions; i++)
		for (int j = 0; j < stored->journal.ncompletions; j++)
			must(stored->completions[j].completion_id != invocation->awaited->completions[i], "nothing is suspended on what has come");
	if (invocation->exists && invocation->status == STATUS_SCHEDULED)
		must(has_timer(stored, TIMER_SCHEDULE, -1), "what is scheduled has a timer");
	must((invocation->exists && invocation->status == STATUS_BACKING_OFF) == has_timer(stored, TIMER_RETRY, -1), "what backs off has a timer, nothing else has");
}

/*
 * Checks the key: who has started on it holds it, and who waits is in order.
 */
static void
verify_key(void)
{
	int holders = 0;
	int pending = 0;

	for (int i = 0; i < nstored; i++)
	{
		const Invocation *invocation = &world[i].invocation;

		if (invocation->object_key == NULL || !invocation->exists)
			continue;
		pending += invocation->status == STATUS_PENDING;
		if (!machine_is_in_flight(invocation))
			continue;
		holders++;
		must(key.has_holder && memcmp(&key.holder, &invocation->id, sizeof(key.holder)) == 0, "who has started on a key holds it");
	}
	must(holders == key.has_holder, "a key is held by one who has started");
	must(pending == key.inbox_size && (pending == 0 || key.has_holder), "who waits for a key is in its inbox, while it is held");
	for (int i = 1; i < key.inbox_size; i++)
		must(key.inbox[i - 1]->inbox_sequence_number < key.inbox[i]->inbox_sequence_number, "an inbox is in order");
}

int
main(void)
{
	for (int seed = 1; seed <= SEEDS; seed++)
	{
		int completed = 0;

		random_state = (uint64_t) seed;
		nstored = 0;
		problem = NULL;
		key = (ObjectKey){.has_holder = false};
		changes = no_changes();
		for (int i = 0; i < STEPS && problem == NULL; i++)
		{
			static Invocation before[MOST];

			for (int j = 0; j < nstored; j++)
				before[j] = world[j].invocation;
			memset(&before[nstored], 0, sizeof(*before) * (size_t) (MOST - nstored));
			step();
			for (int j = 0; j < nstored; j++)
			{
				const char *rule = broken(&before[j], &world[j].invocation);

				must(rule == NULL, rule);
				commit(&world[j]);
			}
			for (int j = 0; j < nstored; j++)
				verify_waits(&world[j]);
			verify_key();
		}
		for (int j = 0; j < nstored; j++)
			completed += world[j].invocation.removed || world[j].invocation.status == STATUS_COMPLETED;
		check(problem == NULL, "seed %d, %d of %d at their end: %s", seed, completed, nstored, problem ? problem : "no rule is broken");
	}
	return finish_tests();
}
