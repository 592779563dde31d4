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
extern void machine_set_status(Changes *changes, Invocation *invocation, Status status);
extern void machine_append(Changes *changes, Invocation *invocation, const char *entry_type,
						   int64_t completion_id, int64_t signal_index, const char *meta);
extern Status machine_place(Changes *changes, ObjectKey *key, const RestateInvocationId *id, int64_t *sequence_number);
extern void machine_start(Changes *changes, Invocation *invocation);
extern void machine_complete(Changes *changes, Invocation *invocation, const char *failure, const char *failure_meta);
extern void machine_answer_caller(Changes *changes, Invocation *callee, const char *failure_meta);
extern void machine_drop_journal(Invocation *invocation);
extern void machine_remove(Invocation *invocation);
extern Refusal machine_finds_deployment(const Invocation *invocation);
extern void machine_note(Changes *changes, const Effect *effect);

/* verdicts */
extern Verdict machine_done(const char *outcome);
extern Verdict machine_unchanged(void);
extern Verdict machine_refused(Refusal refusal);

#endif /* RESTATE_MACHINE_H */
