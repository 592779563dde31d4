/*
 * frame_message.h
 *		What each message of the service protocol is made of.
 *
 * Nothing here knows of PostgreSQL.
 */
#ifndef RESTATE_FRAME_MESSAGE_H
#define RESTATE_FRAME_MESSAGE_H

#include "types/frame_entry.h"

/* How a field is written, and what it is in a FrameEntry. */
typedef enum MessageFieldKind
{
	KIND_END,
	KIND_U32,			/* int64_t */
	KIND_U64,			/* uint64_t */
	KIND_U64_OR_NONE,	/* OptionalNumber */
	KIND_FLAG,			/* bool */
	KIND_TEXT,			/* Slice */
	KIND_TEXT_IN_BYTES, /* the same; to the protocol it is bytes */
	KIND_BYTES,			/* Slice */
	KIND_U32_LIST,		/* WireList, as all that follow but the last */
	KIND_TEXT_LIST,
	KIND_TEXT_PAIR_LIST,  /* {key text, value text} */
	KIND_BYTES_PAIR_LIST, /* {key text, value bytes} */
	KIND_PARTS			  /* a message within, whose fields are of the same FrameEntry */
} MessageFieldKind;

typedef struct MessageField
{
	const char *name;
	uint8_t number;
	MessageFieldKind kind;
	bool optional; /* not given is another thing than empty or 0 */
	size_t offset; /* in a FrameEntry; of what has parts 0 */
	const struct MessageField *parts;
	/* one of several fields: where in a FrameEntry it stands that it is this one */
	size_t choice; /* 0: it stands by itself */
	EntryVariant variant;
} MessageField;

#define MESSAGE_MAX_FIELDS 10

typedef struct Message
{
	uint16_t type;
	const char *name; /* of an entry: its restate.entry_type */
	bool from_sdk;	  /* who runs a handler may send it; else it is sent to them alone */
	/* by number; the last one's kind is KIND_END */
	MessageField fields[MESSAGE_MAX_FIELDS];
} Message;

/* the types that are entries, and those of them that are notifications */
#define MESSAGE_FIRST_COMMAND	   0x0400
#define MESSAGE_FIRST_NOTIFICATION 0x8000

#define MESSAGE_COUNT 38

extern const Message restate_messages[MESSAGE_COUNT];

extern const Message *restate_message_of_type(uint16_t type);
extern const Message *restate_message_of_name(const char *name);

/*
 * Returns which of several fields the entry has, this one among them.
 */
static inline EntryVariant
restate_entry_choice(const FrameEntry *entry, const MessageField *field)
{
	return *(const EntryVariant *) ((const char *) entry + field->choice);
}

#endif /* RESTATE_FRAME_MESSAGE_H */
