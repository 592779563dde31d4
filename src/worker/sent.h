/*
 * sent.h
 *		The entries that a worker appends, from the JSON or the frames that it sends
 *		to what the machine takes.
 */
#ifndef RESTATE_SENT_H
#define RESTATE_SENT_H

#include "postgres.h"

#include "utils/array.h"
#include "utils/jsonb.h"
#include "utils/timestamp.h"

#include "machine/machine.h"
#include "types/entry_columns.h"
#include "types/frame_entry.h"
#include "types/model.h"
#include "types/outcome.h"

/* A completion that has come of a command. */
typedef struct Answer
{
	struct Answer *next;
	int64 index; /* in the journal */
	EntryColumns columns;
} Answer;

/*
 * An entry as a worker sent it: what the machine takes, and whom it is about,
 * to be found.  What an entry of its kind does not have is NULL, 0 or false.
 * All of it is in the memory context that it was read in.
 */
typedef struct SentEntry
{
	/*
	 * Without the state, promise, target and submission, which are found by what
	 * follows and by entry.state_key.  Times are as TimestampTz has them.  The
	 * meta of a call is NULL until sent_finish_call().
	 */
	Entry entry;
	const char *promise_key; /* of a command on a promise */

	/* whom a Call or OneWayCall is to, and with what; the input is entry.payload */
	const char *service_name;
	const char *service_ty; /* what the worker takes it for: as invocation.target_service_ty */
	const char *service_key;
	const char *handler_name;
	const char *idempotency_key;
	const char *headers;	 /* of the input: the text of a JSON array */
	TimestampTz start_at;	 /* not before; 0: at once */
	const Jsonb *call;		 /* what sent_finish_call() completes */
	const FrameEntry *frame; /* of a call that came as one, else NULL */

	/*
	 * Whom an AttachInvocation, GetInvocationOutput, SendSignal or
	 * CompleteAwakeable is about.  An awakeable that is an entry, as those of
	 * protocol version 3 were, has nobody who could get a signal.
	 */
	bool has_target_id;
	RestateInvocationId target_id;

	Answer *answers; /* by index; those that were sent are not among them */
} SentEntry;

/* What an attempt sent in frames. */
typedef struct SentFrames
{
	SentEntry *entries;
	int count;
	ClosingKind closing;	/* how the attempt ends by it */
	const Awaited *awaited; /* of a suspension */
	Failure *failure;		/* of an error */
	int nframes;			/* how many of the frames were looked at */
} SentFrames;

/* sent_frames.c */
extern bool sent_read_frames(const bytea *frames, SentFrames *sent, RestateRefusal *refusal);
extern void sent_fit_call(SentEntry *sent, const char *service_ty);

/* sent_json.c: an array of jsonb, json or text */
extern SentEntry *sent_read_json(const ArrayType *entries, int *count);

/* sent_entry.c: an entry of any origin that has the columns of restate.journal */
extern void sent_read_columns(const EntryColumns *columns, SentEntry *sent);
extern void sent_read_row(const EntryColumns *row, Entry *entry);

/* sent_call.c: what the registry says of the callee's handler; retentions in microseconds */
extern void sent_finish_call(SentEntry *sent, const char *handler_ty, int64 completion_retention,
							 int64 journal_retention);

/* shared by these files */
extern void sent_read_callee(const EntryColumns *columns, SentEntry *sent);
extern const char *sent_replayed_call(JsonbContainer *meta);
extern const char *sent_call_variant(const char *service_ty);
extern bool sent_next_member(JsonbIterator **it, JsonbValue *key, JsonbValue *value);
extern JsonbContainer *sent_member(JsonbContainer *object, const char *key);
extern char *sent_text(JsonbContainer *object, const char *key);
extern TimestampTz sent_time(JsonbContainer *object, const char *key);
extern void sent_check_key(const EntryColumns *columns, const char *field, const char *key);

#endif /* RESTATE_SENT_H */
