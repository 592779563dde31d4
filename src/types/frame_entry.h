/*
 * frame_entry.h
 *		A journal entry, or one of the messages that are exchanged around it,
 *		outside of a database: what a frame of the service protocol is read into
 *		and written from.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_FRAME_ENTRY_H
#define RESTATE_FRAME_ENTRY_H

#include "types/protobuf.h"

/* Which one of several things an entry has. */
typedef enum EntryVariant
{
	VARIANT_NONE,
	/* as its result */
	VARIANT_VOID,
	VARIANT_VALUE,
	VARIANT_FAILURE,
	VARIANT_INVOKED_ID,
	VARIANT_STATE_KEYS,
	/* as its signal */
	VARIANT_INDEX,
	VARIANT_NAME,
	/* as its target */
	VARIANT_INVOCATION,
	VARIANT_WORKFLOW,
	VARIANT_IDEMPOTENT
} EntryVariant;

typedef struct OptionalNumber
{
	bool given;
	uint64_t value;
} OptionalNumber;

/*
 * What a message does not have at all is a slice without data, or -1.  What it
 * has, but does not say, is empty or 0.  Slices and lists point into what the
 * message was read from.
 */
typedef struct FrameEntry
{
	const struct Message *message; /* what it is */

	/* as in the columns of restate.journal */
	Slice name;
	int64_t completion_id;
	int64_t result_completion_id;
	Slice invoked_id; /* its text */
	EntryVariant signal;
	int64_t signal_index;
	Slice signal_name;
	EntryVariant result;
	Slice payload; /* a VARIANT_VALUE, or the parameter of a call */

	/* a VARIANT_FAILURE, or what an Error says */
	int64_t failure_code;
	Slice failure_message;
	WireList failure_metadata; /* pairs of texts */

	/* as in restate.journal.meta */
	WireList headers; /* pairs of texts */
	Slice key;		  /* of a state, a promise, an object or a workflow */
	WireList state_keys;
	uint64_t time;		 /* when to wake up or to invoke, in ms since 1970; 0: now */
	EntryVariant target; /* of an attach */
	Slice target_id;	 /* the text of the id of who is attached to, or gets a signal */
	Slice awakeable_id;	 /* its text */
	Slice service;		 /* of a target, as the next three and the key */
	Slice handler;
	Slice idempotency_key;

	/* Start */
	Slice invocation_id; /* its bytes */
	Slice debug_id;
	int64_t known_entries;
	WireList state; /* pairs of text and bytes */
	bool partial_state;
	int64_t retry_count;  /* since the last stored entry */
	uint64_t since_last;  /* ms since then */
	uint64_t random_seed; /* from version 6 on; the SDK of an older one skips it */

	/* Suspension: what is waited for */
	WireList completions;
	WireList signals;
	WireList named_signals;

	/* Error, but for what is said of a failure above; CommandAck has the index */
	Slice stacktrace;
	int64_t command_index;
	Slice command_name;
	int64_t command_type;
	OptionalNumber retry_delay; /* ms */
} FrameEntry;

#endif /* RESTATE_FRAME_ENTRY_H */
