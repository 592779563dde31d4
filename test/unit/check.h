/*
 * check.h
 *		What the programs share that test the machine: TAP, memory, invocations to
 *		begin with, and what must hold of one whatever has been done to it.
 */
#ifndef RESTATE_UNIT_CHECK_H
#define RESTATE_UNIT_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "machine/machine.h"

#define NSTATUS (STATUS_COMPLETED + 1)

/* the time of all that is done, and the attempt of what runs */
#define NOW		INT64_C(1000)
#define ATTEMPT INT64_C(77)

static int tests;
static int failures;

static inline void check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));

static const char *const status_names[NSTATUS] = {
	"pending", "scheduled", "ready", "running", "backing-off", "suspended", "paused", "completed"};

static const char *const category_names[RESTATE_CATEGORY_COUNT] = {
	[RESTATE_NOT_STARTED] = "not_started",
	[RESTATE_STILL_RUNNING] = "still_running",
	[RESTATE_NOT_COMPLETED] = "not_completed",
	[RESTATE_ALREADY_COMPLETED] = "already_completed",
	[RESTATE_NOT_RUNNING] = "not_running",
	[RESTATE_DEPLOYMENT_NOT_CHANGEABLE] = "deployment_not_changeable",
	[RESTATE_ATTEMPT_LOST] = "attempt_lost",
	[RESTATE_JOURNAL_MISMATCH] = "journal_mismatch",
	[RESTATE_COMMAND_NOT_ALLOWED] = "command_not_allowed",
	[RESTATE_HANDLER_NOT_FOUND] = "handler_not_found",
};

static const EntryResult void_result = {VOID_META, {NULL, 0}};
static const EntryResult slept_result = {SLEPT_META, {NULL, 0}};
static const EntryResult one = {VALUE_META, {"one", 3}};
static const EntryResult two = {VALUE_META, {"two", 3}};

/*
 * One test; the format and its arguments say the rule.
 */
static inline void
check(bool holds, const char *format, ...)
{
	va_list args;

	tests++;
	failures += !holds;
	printf("%s %d - ", holds ? "ok" : "not ok", tests);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	putchar('\n');
}

/*
 * Ends the tests; returns what the program does.
 */
static inline int
finish_tests(void)
{
	printf("1..%d\n", tests);
	return failures != 0;
}

/*
 * Allocates memory for the machine, which has nothing to rely on in it.  It is
 * freed with the program.
 */
static inline void *
allocate(void *owner, size_t size)
{
	static void *last;
	void **piece = malloc(sizeof(max_align_t) + size);

	(void) owner;
	if (piece == NULL)
		abort();
	*piece = last;
	last = piece;
	memset((char *) piece + sizeof(max_align_t), 0x7f, size);
	return (char *) piece + sizeof(max_align_t);
}

/*
 * Returns that nothing has come of a call yet.
 */
static inline Changes
no_changes(void)
{
	return (Changes){.arena = {allocate, NULL}, .now = NOW};
}

/*
 * Returns an invocation that is not there.
 */
static inline Invocation
absent(unsigned char name)
{
	Invocation invocation = {.exists = false};

	memset(invocation.id.data, name, sizeof(invocation.id.data));
	return invocation;
}

/*
 * Returns an invocation of a service in the state, pinned, with a journal if
 * it has started.  What it waits for in time is due.
 */
static inline Invocation
in_state(Status status, unsigned char name)
{
	Invocation invocation = absent(name);

	invocation.exists = true;
	invocation.status = invocation.facts.status = status;
	invocation.facts.is_pinned = true;
	invocation.facts.keeps_result = invocation.facts.keeps_journal = true;
	invocation.facts.deployment_found = true;
	invocation.facts.protocol_version = invocation.facts.min_protocol_version = invocation.facts.max_protocol_version = 6;
	invocation.result_retention = invocation.journal_retention = 500;
	if (status > STATUS_SCHEDULED)
		invocation.journal_size = invocation.journal_commands_size = 3;
	if (status == STATUS_SCHEDULED)
		invocation.scheduled_start_at = NOW - 10;
	if (status == STATUS_RUNNING)
		invocation.attempt = ATTEMPT;
	if (status == STATUS_BACKING_OFF)
		invocation.next_retry_at = NOW - 10;
	if (status == STATUS_COMPLETED)
	{
		invocation.retained_from = NOW - 510;
		invocation.result = &one;
	}
	return invocation;
}

/*
 * Returns whether the verdict is that, an outcome or the category of a
 * refusal.
 */
static inline bool
says(Verdict verdict, const char *said)
{
	const char *is = verdict.refusal ? category_names[refusals[verdict.refusal].category] : verdict.outcome;

	return is && strcmp(is, said) == 0;
}

/*
 * Returns what of the rules that hold of every invocation is broken in one
 * that was as before, or NULL.
 */
static inline const char *
broken(const Invocation *before, const Invocation *after)
{
	int64_t size = before->journal_size;
	int64_t commands = before->journal_commands_size;

	if (!after->exists)
		return NULL;
	if ((after->attempt != 0) != (after->status == STATUS_RUNNING))
		return "it has an attempt while it runs, and no longer";
	if ((after->next_retry_at != 0) != (after->status == STATUS_BACKING_OFF))
		return "it waits for a retry while it backs off, and no longer";
	if (after->pause_requested && after->status != STATUS_RUNNING && after->status != STATUS_READY)
		return "a pause waits for the end of an attempt alone";
	if (after->awaited && after->status != STATUS_SUSPENDED)
		return "it awaits something while it is suspended, and no longer";
	if (after->status == STATUS_COMPLETED && after->result == NULL)
		return "it has a result when it has completed";
	if (after->journal_purged)
		return after->journal_size + after->journal_commands_size == 0 && after->appends == NULL ? NULL : "a journal that is dropped is empty";
	if (!after->changed && (after->status != before->status || after->journal_size != before->journal_size ||
							after->attempt != before->attempt || after->pause_requested != before->pause_requested))
		return "what has changed is to be written";
	if (after->started)
		size = commands = 1;
	for (const JournalAppend *append = after->appends; append; append = append->next)
	{
		if (append->index != size++)
			return "the journal has no gap";
		commands += append->is_command;
		if (append->meta == NULL)
			return "an entry has meta";
	}
	if (after->journal_size != size || after->journal_commands_size != commands)
		return "the sizes are the counts of the journal";
	if (machine_has_started(after) && size == 0)
		return "what has started has a journal";
	return NULL;
}

/*
 * Returns the timer that was set on the invocation, if that is all that became
 * of its timers.
 */
static inline const Timer *
only_timer(const Invocation *invocation, bool is_removed)
{
	const TimerChange *change = invocation->timers;

	return change && change->next == NULL && change->is_removed == is_removed ? &change->timer : NULL;
}

/*
 * Returns whether the timer is that.
 */
static inline bool
is_timer(const Timer *timer, TimerKind kind, int64_t due_at, int64_t completion_id)
{
	return timer && timer->kind == kind && timer->due_at == due_at && timer->completion_id == completion_id;
}

/*
 * Returns whether the append is of that type and completion, with that result.
 */
static inline bool
brings(const JournalAppend *append, EntryType type, int64_t completion_id, const EntryResult *result)
{
	return append && append->entry_type == entry_type_names[type] && append->completion_id == completion_id &&
		   strcmp(append->meta, result->meta) == 0 && append->payload.data == result->value.data &&
		   append->payload.size == result->value.size;
}

#endif /* RESTATE_UNIT_CHECK_H */
