/*
 * wire_text.h
 *		Text of the service protocol, which is UTF-8, as text of the database.
 */
#ifndef RESTATE_WIRE_TEXT_H
#define RESTATE_WIRE_TEXT_H

#include "postgres.h"

#include "types/protobuf.h"

extern char *restate_text_of_wire(Slice wire);
extern char *restate_text_of_wire_replaced(Slice wire);
extern Slice restate_wire_of_text(const char *text, int len);

#endif /* RESTATE_WIRE_TEXT_H */
