/*
 * entry_frame.h
 *		A journal entry as a frame of the service protocol, and as the columns of
 *		restate.journal have it.
 */
#ifndef RESTATE_ENTRY_FRAME_H
#define RESTATE_ENTRY_FRAME_H

#include "postgres.h"

#include "types/entry_columns.h"
#include "types/frame.h"

/* entry_of_frame.c */
extern void restate_columns_of_frame(const FrameEntry *frame, const char *call_variant,
									 EntryColumns *columns);

/* entry_to_frame.c */
extern WireBuffer restate_frame_buffer(void);
extern bool restate_write_entry_frame(WireBuffer *out, const EntryColumns *columns);

#endif /* RESTATE_ENTRY_FRAME_H */
