/*
 * frame.h
 *		The frames of the service protocol: taken off a stream of bytes, read
 *		into a FrameEntry and written from one.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_FRAME_H
#define RESTATE_FRAME_H

#include "types/frame_message.h"

/* type, flags and the length of what follows, all big-endian */
#define RESTATE_FRAME_HEAD_BYTES 8
#define RESTATE_FRAME_MAX_BODY	 ((size_t) 32 * 1024 * 1024)

typedef struct Frame
{
	uint16_t type;
	uint16_t flags;
	Slice body;
} Frame;

typedef enum FrameResult
{
	FRAME_OK,
	FRAME_INCOMPLETE, /* its rest has still to come */
	FRAME_TOO_LONG
} FrameResult;

/* What is wrong, in one line: the message, its field, the rule.  No word in it is of the frame. */
typedef struct FrameRefusal
{
	char text[160];
} FrameRefusal;

extern FrameResult restate_next_frame(Slice *stream, Frame *frame, size_t *whole);
extern void restate_refuse_frame(FrameRefusal *refusal, const Message *message,
								 const MessageField *outer, const MessageField *field,
								 const char *words);
extern bool restate_entry_is_whole(const FrameEntry *entry, FrameRefusal *refusal);

extern bool restate_decode_frame(const Frame *frame, FrameEntry *entry, FrameRefusal *refusal);
extern void restate_clear_entry(FrameEntry *entry, const Message *message);
extern bool restate_encode_frame(WireBuffer *out, const FrameEntry *entry, FrameRefusal *refusal);

#endif /* RESTATE_FRAME_H */
