/*
 * machine.h
 *		What becomes of an invocation: every transition of its life, once.
 *
 * Plain C on the structs of model.h: no SQL, clock, randomness or error.  What
 * cannot be is refused, and then nothing has changed.
 */
#ifndef RESTATE_MACHINE_H
#define RESTATE_MACHINE_H

#include "types/model.h"
#include "types/refusal.h"

/* what stands in meta for a result: of a value nothing, the value being the payload, and of
 * a sleep nothing, because it can end in one way alone */
#define VALUE_META "{}"
#define SLEPT_META "{}"
#define VOID_META  "{\"result\": \"Void\"}"
#define FAILURE_META(code, message) \
	"{\"result\": {\"Failure\": {\"code\": " #code ", \"message\": \"" message "\"}}}"

/* How a transition went. */
typedef struct Verdict
{
	Refusal refusal;	 /* NOT_REFUSED: the rest holds */
	const char *outcome; /* what was done */
	bool took_effect;
} Verdict;

/* A restart as it is to be created. */
typedef struct Restart
{
	Status status;
	const RestateDeploymentId *deployment_id; /* NULL: none */
	int64_t journal_size;
	int64_t journal_commands_size;
	int64_t inbox_sequence_number; /* of one that is pending */
} Restart;

/* What an attempt appends in one go. */
typedef struct NewEntries
{
	int64_t attempt;
	int64_t first_command; /* the number of the first command of these, the input being 0 */
	Entry *entries;
	int count;
	int refused; /* of a refusal: which entry it is about */
} NewEntries;

typedef enum ClosingKind
{
	CLOSING_NONE, /* it runs on */
	CLOSING_END,
	CLOSING_SUSPENSION,
	CLOSING_ERROR
} ClosingKind;

/* How an attempt ends. */
typedef struct Closing
{
	ClosingKind kind;
	const Awaited *awaited; /* of a suspension, as the next */
	int64_t known;			/* how many entries of the journal the attempt has been given */
	const Failure *failure; /* of an error, as the next */
	const RetryPolicy *policy;
} Closing;

/* create.c: those that are new */
extern Verdict machine_submit(Changes *changes, Invocation *invocation,
							  const Submission *submission);
extern Verdict machine_start_scheduled(Changes *changes, Invocation *invocation);
extern Status machine_place(Changes *changes, ObjectKey *key, const RestateInvocationId *id,
							int64_t *sequence_number);
extern bool machine_take_key(ObjectKey *key, const RestateInvocationId *id,
							 int64_t *sequence_number);
extern void machine_enter_inbox(Changes *changes, Invocation *invocation);
extern bool machine_is_known(const Invocation *invocation);
extern void machine_retentions(const Submission *submission, int64_t *result, int64_t *journal);

/* import.c: those that come from elsewhere */
extern bool machine_import(Changes *changes, Invocation *invocation);
extern Verdict machine_adopt(Changes *changes, Invocation *invocation, const Timer *sleeps,
							 int nsleeps);

/* start.c, append.c, attempt.c, push.c: an attempt, from its start to its end */
extern Verdict machine_start_attempt(Changes *changes, Invocation *invocation, int64_t attempt);
extern Verdict machine_append_entries(Changes *changes, Invocation *invocation, NewEntries *sent);
extern Verdict machine_suspend(Changes *changes, Invocation *invocation, int64_t attempt,
							   const Awaited *awaited, int64_t known);
extern Verdict machine_fail_attempt(Changes *changes, Invocation *invocation, int64_t attempt,
									const Failure *failure, const RetryPolicy *policy);
extern Verdict machine_complete(Changes *changes, Invocation *invocation, int64_t attempt);
extern Verdict machine_push(Changes *changes, Invocation *invocation, NewEntries *sent,
							const Closing *closing);
extern bool machine_appends_output(const Invocation *invocation, const NewEntries *sent);
extern bool machine_awaits_nothing(const Awaited *awaited);
extern Verdict machine_take_over(Changes *changes, Invocation *invocation, int64_t attempt);
extern Verdict machine_end_attempt(Changes *changes, Invocation *invocation);
extern bool machine_is_current(const Invocation *invocation, int64_t attempt);
extern bool machine_same_text(const char *a, const char *b);

/* effects.c, state.c, promise.c: what commands do */
extern void machine_execute(Changes *changes, Invocation *invocation, const Entry *entry);
extern void machine_use_state(Changes *changes, Invocation *invocation, const Entry *entry);
extern void machine_use_promise(Changes *changes, Invocation *invocation, const Entry *entry);
extern Verdict machine_complete_promise(Changes *changes, Promise *promise,
										const EntryResult *result);

extern Verdict machine_change_state(Changes *changes, ObjectKey *key, ObjectState *state,
									const StateChange *change, const char *version,
									int64_t *sequence_number);
extern Verdict machine_replace_state(Changes *changes, ObjectState *state,
									 const StateChange *change, const char *version);

/* answer.c: what arrives from elsewhere */
extern Verdict machine_complete_entry(Changes *changes, Invocation *invocation, EntryType type,
									  int64_t completion_id, const EntryResult *result);
extern Verdict machine_signal(Changes *changes, Invocation *invocation, const Signal *signal);
extern void machine_add_waiter(Changes *changes, Invocation *target, WaiterKind kind,
							   Invocation *caller, int64_t completion_id);
extern void machine_answer_waiters(Changes *changes, Invocation *target, const EntryResult *result);
extern void machine_append_completion(Changes *changes, Invocation *invocation, EntryType type,
									  int64_t completion_id, const EntryResult *result);
extern bool machine_find_completion(const Invocation *invocation, int64_t completion_id,
									int64_t *index, EntryResult *result);
extern bool machine_has_arrived(const Invocation *invocation, const Awaited *awaited,
								int64_t known);

/* timer.c, expire.c: what time brings */
extern Verdict machine_fire(Changes *changes, Invocation *invocation, const Timer *timer);
extern void machine_set_timer(Changes *changes, Invocation *invocation, TimerKind kind,
							  int64_t due_at, int64_t completion_id);
extern void machine_drop_timer(Changes *changes, Invocation *invocation, TimerKind kind,
							   int64_t due_at);
extern Verdict machine_expire(Changes *changes, Invocation *invocation);
extern void machine_retain(Changes *changes, Invocation *invocation);
extern void machine_set_expiry(Changes *changes, Invocation *invocation);
extern int64_t machine_expiry(const Invocation *invocation, int64_t retention);

/* purge.c: completed invocations */
extern Verdict machine_purge_journal(Invocation *invocation);
extern Verdict machine_purge(Invocation *invocation);

/* end.c: those that have not completed */
extern Verdict machine_cancel(Changes *changes, Invocation *invocation);
extern Verdict machine_kill(Changes *changes, Invocation *invocation);
extern void machine_kill_callees(Changes *changes, Invocation *invocation);

/* pause.c */
extern Verdict machine_pause(Changes *changes, Invocation *invocation);
extern Verdict machine_resume(Changes *changes, Invocation *invocation, const Asked *asked);

/* restart.c */
extern Refusal machine_may_restart(const Invocation *invocation, const Asked *asked);
extern void machine_restart(Changes *changes, const Invocation *invocation, const Asked *asked,
							const RestateInvocationId *new_id, Restart *restart);
extern bool machine_restarted_otherwise(const Invocation *invocation, const Asked *asked);

/* life.c: the steps that transitions are made of */
extern bool machine_has_started(const Invocation *invocation);
extern bool machine_is_in_flight(const Invocation *invocation);
extern bool machine_is_same(const Invocation *invocation, int64_t seed);
extern void machine_set_status(Changes *changes, Invocation *invocation, Status status);
extern JournalAppend *machine_append(Changes *changes, Invocation *invocation, EntryType type);
extern void machine_begin_journal(Changes *changes, Invocation *invocation);
extern void machine_start(Changes *changes, Invocation *invocation);
extern void machine_finish(Changes *changes, Invocation *invocation, const char *failure,
						   const EntryResult *result);
extern void machine_drop_journal(Invocation *invocation);
extern void machine_remove(Invocation *invocation);
extern Refusal machine_finds_deployment(const Invocation *invocation);
extern int64_t machine_time_after(int64_t at, int64_t duration);
extern void machine_note(Changes *changes, const Effect *effect);

/* verdicts */
extern Verdict machine_done(const char *outcome);
extern Verdict machine_unchanged(void);
extern Verdict machine_refused(Refusal refusal);

#endif /* RESTATE_MACHINE_H */
