/*
 * spelling.h
 *		The text of times.
 */
#ifndef RESTATE_SPELLING_H
#define RESTATE_SPELLING_H

#include "postgres.h"

#include "datatype/timestamp.h"

extern char *restate_instant_text(TimestampTz instant);

#endif /* RESTATE_SPELLING_H */
